"""Fusing neighbouring layers of one form into one step, where that keeps their meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.geometry import matrices
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.steps import (
    Blend,
    Call,
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


@dataclass(frozen=True)
class Group:
    """Neighbouring layers of one form that become one step.

    Attributes:
        form: The form, or "resize" for a resize that nothing fuses with.
        members: Positions of the layers in the flat list of a chain.
        fill_mode: How the warp fills; `None` while no member reads outside the image.
        fill_value: What "constant" fills with.
        interpolation: How the warp reads; `None` while no member reads between pixels.
        resize: The resize that the group begins with.
    """

    form: str
    members: tuple[int, ...] = ()
    fill_mode: str | None = None
    fill_value: float = 0.0
    interpolation: str | None = None
    resize: Resize | None = None

    @classmethod
    def of(cls, index: int, layer: Any) -> Group:
        """Start a group with one layer."""
        if layer.form not in ("matrix", "field"):
            return cls(layer.form, (index,))
        fill_mode = None if layer.form == "matrix" and layer.keeps_inside else layer.fill_mode
        return cls(layer.form, (index,), fill_mode, layer.fill_value, layer.interpolation)

    def join(self, other: Group) -> Group | None:
        """Take in the next layer, or return `None` where that would change its meaning."""
        if other.form != self.form or self.form not in ("matrix", "curve", "mix"):
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
        """Whether a layer that fills so may follow in the same warp.

        There it reads real pixels where an earlier layer had cut them away. That is welcome
        instead of invented ones, but "constant" and "wrap" promise what the border looks like.
        """
        if fill_mode is None:
            return True
        return fill_mode in ("reflect", "nearest") and self.fill_mode in (None, fill_mode)


def group(parts: Sequence[Any], resize: Resize | None, output: Output) -> tuple[Group, ...]:
    """Gather neighbours; the resize opens the first group where it may be fused.

    Args:
        parts: Layers, each with the members of its form.
        resize: What brings a decoded image to the size that the first layer sees.
        output: What the batch holds, which a last curve converts to.

    Returns:
        The groups, in the order of their action.
    """
    groups: list[Group] = []
    if resize is not None:
        fuses = resize.fit != "pad" and resize.interpolation in ("bilinear", "nearest")
        form = "matrix" if fuses else "resize"
        groups.append(Group(form, (), None, 0.0, resize.interpolation, resize))
    for index, layer in enumerate(parts):
        if layer.form == "resize" and not layer.changes_size:
            continue  # to the size that the image has
        own = Group.of(index, layer)
        if resize is not None and resize.interpolation == "nearest":
            own = replace(own, interpolation="nearest")  # values must not be blended
        joined = groups[-1].join(own) if groups else None
        groups[-1:] = [joined] if joined else [*groups[-1:], own]
    if output.dtype != "source" and (not groups or groups[-1].form != "curve"):
        groups.append(Group("curve"))
    return tuple(groups)


class Member(NamedTuple):
    """A part with what it drew, and size and channels of the images that it sees."""

    part: Any
    p: Parameters
    height: Tensor
    width: Tensor
    channels: int


def curves(layers: Sequence[Any], drawn: Sequence[Parameters], xp: Any) -> Evaluate:
    """Compose the curves of layers, clipped to 0 to 1 after each."""
    if not layers:
        return unchanged
    stages = [
        (layer, {k: v if k == "active" else cast(v, "float32", xp) for k, v in p.items()})
        for layer, p in zip(layers, drawn, strict=True)
    ]

    def evaluate(values: Tensor, image: int | None) -> Tensor:
        for layer, every in stages:
            p = every if image is None else {k: v[image : image + 1] for k, v in every.items()}
            curved = xp.clip(layer.curve(p, values, xp), 0, 1)
            values = (
                xp.where(p["active"][:, None, None], curved, values) if "active" in p else curved
            )
        return values

    return evaluate


def warp(
    each: Group, members: Sequence[Member], windows: Parameters | None, xp: Any
) -> Warp | Resize:
    """Multiply the matrices of neighbours into one."""
    resize = each.resize and replace(each.resize, windows=windows)
    if not members and resize is not None:
        return resize
    fused = None
    for part, p, height, width, _ in members:
        matrix = part.matrix(p, height, width, xp)
        if "active" in p:
            rest = matrices.identity_like(matrix, xp)
            matrix = xp.where(p["active"][:, None, None], matrix, rest)
        fused = matrix if fused is None else matrices.multiply(fused, matrix, xp)
    last = members[-1]
    changes = any(part.changes_size for part, *_ in members)
    return Warp(
        fused,
        each.fill_mode or "nearest",
        each.fill_value,
        each.interpolation or "bilinear",
        resize,
        last.part.output_size(last.height, last.width) if changes else None,
        any(part.projective for part, *_ in members),
    )


def mix(members: Sequence[Member], xp: Any) -> Mix:
    """Multiply the colour matrices of neighbours into one."""
    fused = None
    for part, p, *_ in members:
        matrix = part.mix(p, xp)
        last = xp.zeros_like(matrix[:, :1]) + xp.array([0.0, 0.0, 0.0, 1.0], dtype=matrix.dtype)
        matrix = xp.concatenate([matrix, last], axis=1)
        if "active" in p:
            rest = xp.zeros_like(matrix) + xp.eye(4, dtype=matrix.dtype)
            matrix = xp.where(p["active"][:, None, None], matrix, rest)
        fused = matrix if fused is None else matrices.multiply(matrix, fused, xp)
    return Mix(fused[:, :3])  # type: ignore[index] # a group has members


def _displace(member: Member, xp: Any) -> Displace:
    part, p, height, width, _ = member
    grid = part.field(p, height, width, xp)
    if "active" in p:
        grid = xp.where(p["active"][:, None, None, None], grid, xp.zeros_like(grid))
    return Displace(grid, part.fill_mode, part.fill_value, part.interpolation)


def _paste(member: Member, xp: Any) -> Paste:
    part, p, height, width, _ = member
    rectangles = part.region(p, height, width, xp)
    if "active" in p:
        rectangles = xp.where(p["active"][:, None, None], rectangles, xp.zeros_like(rectangles))
    return Paste(rectangles)


def _histogram(member: Member, xp: Any) -> Histogram:
    p = _narrow(member.p, xp)
    return Histogram(member.part.kernel, p, member.p.get("active"))


def _kernel(member: Member, xp: Any) -> Kernel:
    return Kernel(member.part.kernel, _narrow(member.p, xp), member.p.get("active"))


def _blend(member: Member, xp: Any) -> Blend:
    part, p, height, width, channels = member
    plans = (
        chain.prepare(own, height, width, channels, xp)
        for chain, own in zip(part.branches, p["branches"], strict=True)
    )
    weights = part.shares(p, xp)
    if "active" in p:
        rest = xp.zeros_like(weights) + xp.eye(weights.shape[1], dtype=weights.dtype)[:1]
        weights = xp.where(p["active"][:, None], weights, rest)
    return Blend(tuple(plans), weights)


def _resize(member: Member, xp: Any) -> Resize:
    step: Resize = member.part.resize((member.height, member.width))
    return step


def _call(member: Member, xp: Any) -> Call:
    return Call(member.part.function, member.p.get("active"), member.p.get("seed"))


BUILDERS: dict[str, Callable[[Member, Any], Step]] = {
    "resize": _resize,
    "field": _displace,
    "region": _paste,
    "histogram": _histogram,
    "kernel": _kernel,
    "blend": _blend,
    "call": _call,
}


def _narrow(p: Parameters, xp: Any) -> Parameters:
    """Parameters without `active`, floats as float32 on both executors."""
    return {
        name: cast(value, "float32", xp) if "float" in str(value.dtype) else value
        for name, value in p.items()
        if name != "active"
    }
