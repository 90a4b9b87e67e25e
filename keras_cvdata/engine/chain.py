"""The planner: from a list of layers and drawn parameters to the fewest steps that do the same.

Neighbouring matrices become one warp and neighbouring curves one table, so that every pixel is
read and written once for each. The same planner serves both executors: with NumPy for the images
of a sequence, with `keras.ops` for tensors in a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, to_levels
from keras_cvdata.engine.fusion import BUILDERS, Group, Member, curves, group, mix, warp
from keras_cvdata.engine.output import Output, Rescale
from keras_cvdata.engine.steps import Curve, Fit, Plan, Resize, Size, Step, table_values
from keras_cvdata.types import Array, Range

__all__ = ["Augmentation", "Chain", "Output", "Plan", "Rescale", "output_size"]


_AS_SOURCE = Output()


class Augmentation(Protocol):
    """What the planner asks of every layer; Keras is not part of it.

    A layer is made of parts; most are their own only part. Beside these members a part has those
    of its form:

    - "matrix": `matrix(p, height, width, xp)` -> (B, 3, 3), `fill_mode`, `fill_value`,
      `interpolation` (`None` where it never reads between pixels), `keeps_inside` (it never reads
      outside the image, so that the fill does not matter) and `projective`.
    - "resize": `resize(size)` -> `Resize` to the layer's own size, or to `size` where it has none.
    - "field": `field(p, height, width, xp)` -> (B, rows, columns, 2) shifts, see
      `fields.displacement`, `fill_mode`, `fill_value` and `interpolation`.
    - "curve": `curve(p, values, xp)`, (1 or B, n, C) of 0 to 1 -> (B, n, C), `per_channel` (whether
      channels differ) and `value_range`.
    - "histogram": `kernel`, the name of a curve in `histograms.CURVES`.
    - "mix": `mix(p, xp)` -> (B, 3, 4), see `Mix`.
    - "region": `region(p, height, width, xp)` -> (B, R, 6) rectangles, see `Paste`.
    - "kernel": `kernel`, a name in `kernels.PAIRS`.
    - "blend": `branches`, chains, and `shares(p, xp)`, see `Blend`; its parameters hold those of
      each branch under `branches`.
    - "call": `function` of one uint8 image.
    - "output": `output`, what the batch shall hold; it stands last and acts on every image.
    """

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one image needs."""

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniforms into parameters, `active` among them if it is gated."""

    def flatten(self) -> Sequence[Any]:
        """The layers that it is made of, each of one form, in the order of their action."""

    def flatten_parameters(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each part."""

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Height and width of what comes out of an image."""

    def check_channels(self, channels: int) -> None:
        """Refuse images with a number of channels that the layer cannot serve."""

    def inference_layer(self) -> Augmentation | None:
        """What acts outside training."""


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
        output: What the batch holds; by default the dtype and values of the image, or what the
            last layer says.
        value_range: Lowest and highest value of float pixels; by default what the layers say.

    Raises:
        ValueError: Layers are made for different value ranges, or a layer says what the batch
            holds and is not the last, or `output` scales the values too.

    Attributes:
        uniform_keys: (D, 2) int64, for each uniform number that an image needs the position of the
            layer in the list and the number of the draw within the layer.

    Example:
        >>> Chain([], size=(28, 28), output=Output("float32", "unit")).total_uniforms
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
        self.parts: tuple[Any, ...] = tuple(p for layer in self.layers for p in layer.flatten())
        self.output = _final_output(self.parts, output)
        self.value_range = _common_range(self.parts, value_range)
        self.resize = None if size is None else Resize(size, fit, interpolation, pad_value)
        self._opener = self._find_opener()
        if self._opener is not None and self.resize is not None:
            self.resize = self._opener.resize(self.resize.size)
        keys = [(i, d) for i, layer in enumerate(self.layers) for d in range(layer.total_uniforms)]
        self.uniform_keys: Array = np.array(keys, np.int64).reshape(-1, 2)
        rest = [p for p in self.parts if p is not self._opener and p.form != "output"]
        self._groups = group(rest, self.resize, self.output)

    def _find_opener(self) -> Any:
        """The first layer, where it takes the decoded image in place of the resize."""
        if self.resize is None:
            return None
        opener = None
        for position, part in enumerate(self.parts):
            if not getattr(part, "takes_decoded", False):
                continue
            if position:
                raise ValueError(
                    f"{part!r} sets the size and takes the decoded image, so it must be the first "
                    f"layer; before it stands {self.parts[0]!r}. Move it to the front, or leave "
                    "image_size out."
                )
            if getattr(self.layers[0], "always_acts", False):
                opener = part
        return opener

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one image needs."""
        return len(self.uniform_keys)

    def plan(self, u: Tensor, height: Tensor, width: Tensor, channels: int, xp: Any = np) -> Plan:
        """Plan a batch.

        Args:
            u: (B, total_uniforms) uniform numbers of [0, 1).
            height: Height that the layers see, a number or (B,); that of `size` where it is set.
            width: Width, likewise.
            channels: Number of channels.
            xp: `numpy`, or `keras.ops` for tensors.

        Returns:
            The plan, for `engine.opencv.render` (NumPy) or `engine.tensor.render_batch` (tensors).
        """
        return self.prepare(self.draw(u, height, width, xp), height, width, channels, xp)

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Height and width of the result; arguments as in `plan`."""
        return output_size(self.layers, *self._first_size(height, width))

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any = np) -> list[Parameters]:
        """Turn uniform numbers into the parameters of each layer; arguments as in `plan`."""
        drawn, start = [], 0
        height, width = self._first_size(height, width)
        for layer in self.layers:
            stop = start + layer.total_uniforms
            drawn.append(layer.draw(u[:, start:stop], height, width, xp))
            height, width = layer.output_size(height, width)
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
        flat = [
            p
            for layer, own in zip(self.layers, drawn, strict=True)
            for p in layer.flatten_parameters(own)
        ]
        height, width = self._first_size(height, width)
        members = []
        for part, p in zip(self.parts, flat, strict=True):
            part.check_channels(channels)
            if part.form == "output" and "active" in p:
                raise ValueError(f"{part!r} must act on every image. Move it out of the policy.")
            members.append(Member(part, p, height, width, channels))
            height, width = part.output_size(height, width)
        windows = None
        if self._opener is not None:
            windows = self._opener.windows(members.pop(0).p)
        steps = [
            self._step(each, [members[i] for i in each.members], channels, windows, xp)
            for each in self._groups
        ]
        return Plan(tuple(steps), self.output, self.value_range)

    def _first_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Size of the images that the first layer sees."""
        return (height, width) if self.resize is None else self.resize.size

    def _step(
        self,
        each: Group,
        members: Sequence[Member],
        channels: int,
        windows: Parameters | None,
        xp: Any,
    ) -> Step:
        if each.form == "matrix" or each.resize is not None:
            return warp(each, members, windows, xp)
        if each.form == "curve":
            return self._curve(each, members, channels, xp)
        if each.form == "mix":
            return mix(members, xp)
        (member,) = members
        return BUILDERS[each.form](member, xp)

    def _curve(self, each: Group, members: Sequence[Member], channels: int, xp: Any) -> Curve:
        final = each is self._groups[-1] and self.output.dtype != "source"
        layers = [member.part for member in members]
        evaluate = curves(layers, [member.p for member in members], xp)
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


def output_size(
    layers: Sequence[Augmentation], height: Tensor, width: Tensor
) -> tuple[Tensor, Tensor]:
    """Height and width of what comes out of layers in a row."""
    for layer in layers:
        height, width = layer.output_size(height, width)
    return height, width


def _final_output(parts: Sequence[Any], output: Output) -> Output:
    """What the batch holds, by the chain or by its last layer."""
    makers = [part for part in parts if part.form == "output"]
    if not makers:
        return output
    if len(makers) > 1 or makers[0] is not parts[-1]:
        raise ValueError(
            f"{makers[0]!r} produces floats of another scale, so it must be the last layer, once. "
            f"The last one is {parts[-1]!r}. Move it to the end."
        )
    if not output.in_source_units or output.rescale is not None:
        raise ValueError(
            f"{makers[0]!r} already scales the pixels. Leave out rescale, standardize and "
            "dtype='uint8', or leave the layer out."
        )
    own: Output = makers[0].output
    return own if output.dtype == "source" else replace(own, dtype=output.dtype)


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
