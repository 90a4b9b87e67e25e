"""The planner: from a list of layers and drawn parameters to the fewest steps that do the same.

Neighbouring matrices become one warp and neighbouring curves one table, so that every pixel is
read and written once for each. The same planner serves both executors: with NumPy for the images
of a sequence, with `keras.ops` for tensors in a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

from keras_cvdata.engine import matrices
from keras_cvdata.engine.output import Output, Rescale
from keras_cvdata.engine.portable import Parameters, Tensor, cast, to_levels
from keras_cvdata.engine.steps import (
    Call,
    Curve,
    Evaluate,
    Fit,
    Paste,
    Plan,
    Resize,
    Size,
    Step,
    Warp,
    table_values,
    unchanged,
)
from keras_cvdata.types import Array, Range

__all__ = ["Augmentation", "Chain", "Output", "Plan", "Rescale"]


_AS_SOURCE = Output()


class Augmentation(Protocol):
    """What the planner asks of every layer; Keras is not part of it.

    Beside these a layer has the members of its form:

    - "matrix": `matrix(p, height, width, xp)` -> (B, 3, 3), `fill_mode`, `fill_value`,
      `interpolation` (`None` where it never reads between pixels), and `keeps_inside` (it never
      reads outside the image, so that the fill does not matter).
    - "curve": `curve(p, values, xp)`, (1 or B, n, C) of 0 to 1 -> (B, n, C), `per_channel` (whether
      channels differ) and `value_range`.
    - "region": `region(p, height, width, xp)` -> (B, R, 6) rectangles, see `Paste`.
    - "call": `function` of one uint8 image.
    """

    @property
    def form(self) -> Literal["matrix", "curve", "region", "call"]:
        """Which of the forms the layer speaks."""

    @property
    def num_draws(self) -> int:
        """Uniform numbers that one image needs."""

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, num_draws) uniforms into parameters, `active` among them where it may rest."""

    def check_channels(self, channels: int) -> None:
        """Refuse images with a number of channels that the layer cannot serve."""


@dataclass(frozen=True)
class _Group:
    """Neighbouring layers of one form that become one step."""

    form: str
    members: tuple[int, ...] = ()
    fill_mode: str | None = None
    fill_value: float = 0.0
    interpolation: str | None = None
    resize: Resize | None = None

    @classmethod
    def of(cls, index: int, layer: Any) -> _Group:
        """Start a group with one layer."""
        if layer.form != "matrix":
            return cls(layer.form, (index,))
        fill_mode = None if layer.keeps_inside else layer.fill_mode
        return cls("matrix", (index,), fill_mode, layer.fill_value, layer.interpolation)

    def join(self, other: _Group) -> _Group | None:
        """Take in the next layer, or return `None` where that would change its meaning."""
        if other.form != self.form or self.form in ("region", "call"):
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


class Chain:
    """A list of layers, the resize before and the conversion after them, ready to be planned.

    Make it once for a sequence; `plan` then costs a few vectorised operations a batch.

    Args:
        layers: The layers, in the order of their action.
        size: (height, width) that every image is brought to first; `None` where they have it.
        fit: How: "stretch", "crop" to the aspect of `size`, or "pad" to it.
        interpolation: "bilinear" and "nearest" fuse with the layers' matrices; "area", "bicubic"
            and "lanczos" are a step of their own. All but "nearest" average when they shrink.
        pad_value: What "pad" fills with, in units of the value range.
        output: What the batch holds; by default the dtype and values of the image.
        value_range: Lowest and highest value of float pixels; by default what the layers say.

    Raises:
        ValueError: Layers are made for different value ranges.

    Attributes:
        draw_keys: (D, 2) int64, for each uniform number that an image needs the position of the
            layer in the list and the number of the draw within the layer.

    Example:
        >>> Chain([], size=(28, 28), output=Output("float32", "unit")).num_draws
        0
    """

    def __init__(
        self,
        layers: Sequence[Augmentation],
        *,
        size: Size | None = None,
        fit: Fit = "stretch",
        interpolation: str = "bilinear",
        pad_value: float = 0.0,
        output: Output = _AS_SOURCE,
        value_range: Range | None = None,
    ) -> None:
        self.layers: tuple[Any, ...] = tuple(layers)
        self.resize = None if size is None else Resize(size, fit, interpolation, pad_value)
        self.output = output
        self.value_range = _common_range(self.layers, value_range)
        keys = [(i, d) for i, layer in enumerate(self.layers) for d in range(layer.num_draws)]
        self.draw_keys: Array = np.array(keys, np.int64).reshape(-1, 2)
        self._groups = self._group()

    @property
    def num_draws(self) -> int:
        """Uniform numbers that one image needs."""
        return len(self.draw_keys)

    def plan(self, u: Tensor, height: Tensor, width: Tensor, channels: int, xp: Any = np) -> Plan:
        """Plan a batch.

        Args:
            u: (B, num_draws) uniform numbers of [0, 1).
            height: Height that the layers see, a number or (B,); that of `size` where it is set.
            width: Width, likewise.
            channels: Number of channels.
            xp: `numpy`, or `keras.ops` for tensors.

        Returns:
            The plan, for `engine.opencv.render` (NumPy) or `engine.tensor.run` (tensors).
        """
        if self.resize is not None:
            height, width = self.resize.size
        return self.prepare(self.draw(u, height, width, xp), height, width, channels, xp)

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any = np) -> list[Parameters]:
        """Turn uniform numbers into the parameters of each layer; arguments as in `plan`."""
        drawn, start = [], 0
        for layer in self.layers:
            stop = start + layer.num_draws
            drawn.append(layer.draw(u[:, start:stop], height, width, xp))
            start = stop
        return drawn

    def prepare(
        self,
        drawn: Sequence[Parameters],
        height: Tensor,
        width: Tensor,
        channels: int,
        xp: Any = np,
    ) -> Plan:
        """Plan a batch from parameters, such as stored ones; arguments as in `plan`."""
        for layer in self.layers:
            layer.check_channels(channels)
        steps: list[Step] = []
        for group in self._groups:
            if group.form in ("matrix", "resize"):
                steps.append(self._warp(group, drawn, height, width, xp))
            elif group.form == "region":
                steps.append(self._paste(group, drawn, height, width, xp))
            elif group.form == "call":
                steps.append(Call(self.layers[group.members[0]].function))
            else:
                steps.append(self._curve(group, drawn, channels, xp))
        return Plan(tuple(steps), self.output, self.value_range)

    def _group(self) -> tuple[_Group, ...]:
        """Gather neighbours; the resize opens the first group where it may be fused."""
        groups: list[_Group] = []
        resize = self.resize
        if resize is not None:
            fuses = resize.fit != "pad" and resize.interpolation in ("bilinear", "nearest")
            groups.append(
                _Group("matrix" if fuses else "resize", (), None, 0.0, resize.interpolation, resize)
            )
        for index, layer in enumerate(self.layers):
            group = _Group.of(index, layer)
            if resize is not None and resize.interpolation == "nearest":
                group = replace(group, interpolation="nearest")  # values must not be blended
            joined = groups[-1].join(group) if groups else None
            groups[-1:] = [joined] if joined else [*groups[-1:], group]
        converts = self.output.dtype != "source"
        if converts and (not groups or groups[-1].form != "curve"):
            groups.append(_Group("curve"))
        return tuple(groups)

    def _warp(
        self, group: _Group, drawn: Sequence[Parameters], height: Tensor, width: Tensor, xp: Any
    ) -> Step:
        fused = None
        for index in group.members:
            layer, p = self.layers[index], drawn[index]
            matrix = layer.matrix(p, height, width, xp)
            if "active" in p:
                rest = matrices.identity_like(matrix, xp)
                matrix = xp.where(p["active"][:, None, None], matrix, rest)
            fused = matrix if fused is None else matrices.multiply(fused, matrix, xp)
        if fused is None and group.resize is not None:
            return group.resize
        return Warp(
            fused,
            group.fill_mode or "nearest",
            group.fill_value,
            group.interpolation or "bilinear",
            group.resize,
        )

    def _paste(
        self, group: _Group, drawn: Sequence[Parameters], height: Tensor, width: Tensor, xp: Any
    ) -> Paste:
        layer, p = self.layers[group.members[0]], drawn[group.members[0]]
        rectangles = layer.region(p, height, width, xp)
        if "active" in p:
            rectangles = xp.where(p["active"][:, None, None], rectangles, 0)
        return Paste(rectangles)

    def _curve(self, group: _Group, drawn: Sequence[Parameters], channels: int, xp: Any) -> Curve:
        final = group is self._groups[-1] and self.output.dtype != "source"
        layers = [self.layers[index] for index in group.members]
        evaluate = _curves(layers, [drawn[index] for index in group.members], xp)
        width = channels if any(layer.per_channel for layer in layers) else 1
        if xp is not np:
            return Curve(None, evaluate, final)
        if layers:
            return Curve(self._table(evaluate(table_values(width), None), final), evaluate, final)
        return Curve(self._plain_table, evaluate, final)

    @cached_property
    def _plain_table(self) -> Array | None:
        """The last table where no curve precedes it; float64, so that 255 stays 255."""
        if self.output.dtype == "uint8":
            return None
        return self._table(np.arange(256)[None, :, None] / 255, final=True)

    def _table(self, unit: Array, final: bool) -> Array:
        """Turn curves on 0 to 1 into tables of what is stored."""
        if not final or self.output.dtype == "uint8":
            return np.ascontiguousarray(to_levels(unit, 255, np), np.uint8)
        scale, offset = self.output.affine((0.0, 255.0))
        dtype = "float32" if self.output.standardizes else self.output.dtype
        table: Array = (unit.astype(np.float64) * scale + offset).astype(dtype)
        return np.ascontiguousarray(table)


def _common_range(layers: Sequence[Any], value_range: Range | None) -> Range | None:
    """The one value range that the images and all layers state, where any does."""
    for layer in layers:
        own = getattr(layer, "value_range", None)
        if own is not None and value_range not in (None, own):
            raise ValueError(
                f"{layer!r} is made for float images of {own}, while the images or another layer "
                f"have value_range={value_range}. Give all of them the range of the images."
            )
        value_range = value_range or own
    return value_range


def _curves(layers: Sequence[Any], drawn: Sequence[Parameters], xp: Any) -> Evaluate:
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
