"""Fusing neighbouring layers of one form into one step, where that keeps their meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine.answers import ask
from keras_cvdata.engine.array_api import Parameters, Tensor, cast, to_levels
from keras_cvdata.engine.geometry import matrices
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.steps import (
    Blend,
    Call,
    Curve,
    Displace,
    Evaluate,
    Histogram,
    Kernel,
    Mix,
    Paste,
    Resize,
    Step,
    Warp,
    unchanged,
)
from keras_cvdata.types import Array


class Member(NamedTuple):
    """A part with what it drew, and size and channels of the images that it sees."""

    part: Any
    p: Parameters
    height: Tensor
    width: Tensor
    channels: int


@dataclass(frozen=True)
class Group:
    """Neighbouring parts of one form that become one step.

    Attributes:
        form: The form; "resize" for a resize that nothing fuses with.
        members: Positions of the parts in the flat list of a chain.
        fill_mode: How the warp fills; `None` while no member reads outside the image.
        fill_value: What "constant" fills with.
        interpolation: How the warp reads; `None` while no member reads between pixels.
        resize: The resize that the group begins with.
        output: What the batch holds, where the group is the last and converts to it.
    """

    form: str
    members: tuple[int, ...] = ()
    fill_mode: str | None = None
    fill_value: float = 0.0
    interpolation: str | None = None
    resize: Resize | None = None
    output: Output | None = None

    @classmethod
    def of(cls, index: int, part: Any) -> Group:
        """Start a group with one part."""
        if part.form != "matrix":
            return cls(part.form, (index,))
        fill_mode = None if part.keeps_inside else part.fill_mode
        return cls("matrix", (index,), fill_mode, part.fill_value, part.interpolation)

    def join(self, other: Group) -> Group | None:
        """Take in the next part, or return `None` where that would change its meaning."""
        if other.form != self.form or not FORMS[self.form].fuses:
            return None
        interpolation = self.interpolation or other.interpolation
        if other.interpolation not in (None, interpolation) or not self._gives_way(other.fill_mode):
            return None
        return replace(
            self,
            members=self.members + other.members,
            fill_mode=self.fill_mode or other.fill_mode,
            interpolation=interpolation,
        )

    def _gives_way(self, fill_mode: str | None) -> bool:
        """Whether a part that fills so may follow in the same warp.

        There it reads real pixels where an earlier one had cut them away. That is welcome instead
        of invented ones, but "constant" and "wrap" promise what the border looks like.
        """
        if fill_mode is None:
            return True
        return fill_mode in ("reflect", "nearest") and self.fill_mode in (None, fill_mode)

    def step(self, members: Sequence[Member], windows: Parameters | None, xp: Any) -> Step:
        """Make the step from what the members drew.

        Args:
            members: The members of the group.
            windows: Which part of the decoded image the resize shows, see `Resize`.
            xp: `numpy` or `keras.ops`.

        Returns:
            The step.
        """
        group = self
        if self.resize is not None and windows is not None:
            group = replace(self, resize=replace(self.resize, windows=windows))
        if group.resize is not None and not members:
            return group.resize
        return FORMS[self.form].build(group, members, xp)


def group(parts: Sequence[Any], resize: Resize | None, output: Output) -> tuple[Group, ...]:
    """Gather neighbours; the resize opens the first group where it may be fused.

    Args:
        parts: Parts, each with the members of its form.
        resize: What brings a decoded image to the size that the first part sees.
        output: What the batch holds, which a last curve converts to.

    Returns:
        The groups, in the order of their action.
    """
    groups: list[Group] = []
    if resize is not None:
        fuses = resize.fit != "pad" and resize.interpolation in ("bilinear", "nearest")
        form = "matrix" if fuses else "resize"
        groups.append(Group(form, interpolation=resize.interpolation, resize=resize))
    for index, part in enumerate(parts):
        if part.form == "resize" and not part.changes_size:
            continue  # to the size that the image has
        own = Group.of(index, part)
        if resize is not None and resize.interpolation == "nearest":
            own = replace(own, interpolation="nearest")  # values must not be blended
        joined = groups[-1].join(own) if groups else None
        groups[-1:] = [joined] if joined else [*groups[-1:], own]
    if output.dtype != "source":
        if not groups or groups[-1].form != "curve":
            groups.append(Group("curve"))
        groups[-1] = replace(groups[-1], output=output)
    return tuple(groups)


def _warp(group: Group, members: Sequence[Member], xp: Any) -> Warp:
    """Multiply the matrices of neighbours into one."""
    fused = None
    for part, p, height, width, _ in members:
        matrix = ask(part, "matrix", ("B", 3, 3), p, height, width, xp)
        if "active" in p:
            identity = matrices.identity_like(matrix, xp)
            matrix = xp.where(p["active"][:, None, None], matrix, identity)
        fused = matrix if fused is None else matrices.multiply(fused, matrix, xp)
    if xp is np:
        fused = np.ascontiguousarray(fused)  # for those who take one matrix after the other
    last = members[-1]
    changes = any(part.changes_size for part, *_ in members)
    return Warp(
        fused,
        group.fill_mode or "nearest",
        group.fill_value,
        group.interpolation or "bilinear",
        group.resize,
        last.part.output_size(last.height, last.width) if changes else None,
        any(part.projective for part, *_ in members),
    )


def _mix(group: Group, members: Sequence[Member], xp: Any) -> Mix:
    """Multiply the colour matrices of neighbours into one."""
    fused = None
    for part, p, *_ in members:
        matrix = ask(part, "mix", ("B", 3, 4), p, xp)
        last = xp.zeros_like(matrix[:, :1]) + xp.array([0.0, 0.0, 0.0, 1.0], dtype=matrix.dtype)
        matrix = xp.concatenate([matrix, last], axis=1)
        if "active" in p:
            identity = xp.zeros_like(matrix) + xp.eye(4, dtype=matrix.dtype)
            matrix = xp.where(p["active"][:, None, None], matrix, identity)
        fused = matrix if fused is None else matrices.multiply(matrix, fused, xp)
    return Mix(fused[:, :3])  # type: ignore[index] # a group has members


def _curve(group: Group, members: Sequence[Member], xp: Any) -> Curve:
    """Compose curves, and the conversion to what the batch holds, into one table."""
    output, final = group.output or Output(), group.output is not None
    evaluate = _composed(members, xp)
    if xp is not np:
        return Curve(None, evaluate, final)
    if members:
        per_channel = any(part.per_channel for part, *_ in members)
        levels = _table_values(members[0].channels if per_channel else 1)
        return Curve(_table(evaluate(levels, None), output, final), evaluate, final)
    if output.dtype == "uint8":  # pixels stay as they are
        return Curve(None, evaluate, final)
    exact = np.arange(256)[None, :, None] / 255  # float64, so that 255 stays 255
    return Curve(_table(exact, output, final), evaluate, final)


def _composed(members: Sequence[Member], xp: Any) -> Evaluate:
    """Compose the curves of parts, clipped to 0 to 1 after each."""
    if not members:
        return unchanged
    stages = [
        (part, {k: v if k == "active" else cast(v, "float32", xp) for k, v in p.items()})
        for part, p, *_ in members
    ]

    def evaluate(values: Tensor, image: int | None) -> Tensor:
        for part, every in stages:
            p = every if image is None else {k: v[image : image + 1] for k, v in every.items()}
            curved = xp.clip(ask(part, "curve", ("B", "n", "C"), p, values, xp), 0, 1)
            values = (
                xp.where(p["active"][:, None, None], curved, values) if "active" in p else curved
            )
        return values

    return evaluate


def _table_values(channels: int) -> Array:
    """Give the 256 brightnesses of uint8 pixels as (1, 256, channels) float32 of 0 to 1."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.broadcast_to(values[None, :, None], (1, 256, channels))


def _table(unit: Array, output: Output, final: bool) -> Array:
    """Turn curves on 0 to 1 into tables of what is stored."""
    if not final or output.dtype == "uint8":
        return np.ascontiguousarray(to_levels(unit, 255, np), np.uint8)
    scale, offset = output.affine(output.span or (0.0, 255.0))
    dtype = "float32" if output.standardizes else output.dtype
    table: Array = (unit.astype(np.float64) * scale + offset).astype(dtype)
    return np.ascontiguousarray(table)


def _resize(group: Group, members: Sequence[Member], xp: Any) -> Resize:
    (member,) = members
    step: Resize = member.part.resize((member.height, member.width))
    return step


def _displace(group: Group, members: Sequence[Member], xp: Any) -> Displace:
    ((part, p, height, width, _),) = members
    grid = ask(part, "field", ("B", "rows", "columns", 2), p, height, width, xp)
    if "active" in p:
        grid = xp.where(p["active"][:, None, None, None], grid, xp.zeros_like(grid))
    return Displace(grid, part.fill_mode, part.fill_value, part.interpolation)


def _paste(group: Group, members: Sequence[Member], xp: Any) -> Paste:
    ((part, p, height, width, _),) = members
    rectangles = ask(part, "region", ("B", "R", 6), p, height, width, xp)
    if "active" in p:
        rectangles = xp.where(p["active"][:, None, None], rectangles, xp.zeros_like(rectangles))
    return Paste(rectangles)


def _histogram(group: Group, members: Sequence[Member], xp: Any) -> Histogram:
    ((part, p, *_),) = members
    return Histogram(part.kernel, without_active(p, xp), active=p.get("active"))


def _kernel(group: Group, members: Sequence[Member], xp: Any) -> Kernel:
    ((part, p, *_),) = members
    complete = without_active(part.with_constants(p, xp), xp)
    return Kernel(part.kernel, complete, part.mask_classes, active=p.get("active"))


def _blend(group: Group, members: Sequence[Member], xp: Any) -> Blend:
    ((part, p, height, width, channels),) = members
    plans = (
        chain.prepare(own, height, width, channels, xp)
        for chain, own in zip(part.branches, p["branches"], strict=True)
    )
    weights = part.shares(p, xp)
    if "active" in p:
        alone = xp.zeros_like(weights) + xp.eye(weights.shape[1], dtype=weights.dtype)[:1]
        weights = xp.where(p["active"][:, None], weights, alone)
    return Blend(tuple(plans), weights)


def _call(group: Group, members: Sequence[Member], xp: Any) -> Call:
    ((part, p, *_),) = members
    return Call(part.function, p.get("seed"), active=p.get("active"))


def without_active(p: Parameters, xp: Any) -> Parameters:
    """Parameters without `active`, floats as float32 on both executors."""
    return {
        name: cast(value, "float32", xp) if "float" in str(value.dtype) else value
        for name, value in p.items()
        if name != "active"
    }


class Form(NamedTuple):
    """What the planner knows of a form.

    Attributes:
        build: Makes the step of a group from what its members drew; several where it fuses.
        fuses: Whether neighbours of this form become one step.
        followed: Whether it says where pixels come from, so that masks and boxes can follow.
        repeatable: Whether its step is numbers alone, so that what it makes of an image may be kept
            in the place of the image. Curves and histograms are looked up with what follows.
    """

    build: Callable[[Group, Sequence[Member], Any], Step]
    fuses: bool = False
    followed: bool = True
    repeatable: bool = False


FORMS: dict[str, Form] = {
    "resize": Form(_resize, repeatable=True),
    "matrix": Form(_warp, fuses=True, repeatable=True),
    "field": Form(_displace, repeatable=True),
    "region": Form(_paste, repeatable=True),
    "mix": Form(_mix, fuses=True, repeatable=True),
    "curve": Form(_curve, fuses=True),
    "histogram": Form(_histogram),
    "kernel": Form(_kernel),
    "blend": Form(_blend, followed=False),
    "call": Form(_call, followed=False),
}
"""The forms by name, in the order in which a policy lets alternatives act."""
