"""The planner: from a list of layers and drawn parameters to the fewest steps that do the same.

Neighbouring matrices become one warp and neighbouring curves one table, so that every pixel is
read and written once for each. The same planner serves both executors: with NumPy for the images
of a sequence, with `keras.ops` for tensors in a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.engine.fusion import FORMS, Member, group
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Fit, Resize, Size
from keras_cvdata.types import Array, Range

INTERPOLATIONS = ("bilinear", "nearest", "area", "bicubic", "lanczos")
_AS_SOURCE = Output()


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
        unit_floats: Take floats as 0 to 1 where nobody says their range and `needs_range` is not
            None. Whoever says so sees to it that they lie there, by `output.check_floats`.

    Raises:
        ValueError: Layers are made for different value ranges, or a layer says what the batch
            holds and is not the last, or `output` scales the values too.

    Attributes:
        uniform_keys: (D, 2) int64, for each uniform number that an image needs the position of the
            layer in the list and the number of the draw within the layer.
        needs_range: The part, or the output, that must know the range of float pixels; None where
            nothing must.
        fixed: Number of steps at the beginning of each plan that nothing is drawn for, and that
            give equal pixels for an image wherever they are carried out.

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
        unit_floats: bool = False,
    ) -> None:
        self.layers: tuple[Any, ...] = tuple(layers)
        self.parts: tuple[Any, ...] = tuple(p for layer in self.layers for p in layer.flatten())
        self._holders = tuple({id(x): x for x in (*self.layers, *self.parts)}.values())
        self.output = _final_output(self.parts, output)
        self.needs_range = _needs_range(self.parts, self.output)
        self.value_range = _common_range(self.parts, value_range)
        if unit_floats and self.needs_range:
            self.value_range = self.value_range or (0.0, 1.0)
        self.resize = None if size is None else Resize(size, fit, interpolation, pad_value)
        self._opener = self._find_opener()
        if self._opener is not None and self.resize is not None:
            self.resize = self._opener.resize(self.resize.size)
        keys = [(i, d) for i, layer in enumerate(self.layers) for d in range(layer.total_uniforms)]
        self.uniform_keys: Array = np.array(keys, np.int64).reshape(-1, 2)
        drawn_for = {id(p) for x in self.layers if x.total_uniforms for p in x.flatten()}
        acting = [p for p in self.parts if p is not self._opener and p.form != "output"]
        self._groups = group(acting, self.resize, self.output)
        self.fixed = 0
        if id(self._opener) not in drawn_for:
            self.fixed = self._count_fixed([id(p) in drawn_for for p in acting])

    def _count_fixed(self, is_drawn_for: Sequence[bool]) -> int:
        """Number of the first steps that are numbers alone, the same for every image and epoch."""
        count = 0
        for own in self._groups:
            any_drawn = any(is_drawn_for[member] for member in own.members)
            if any_drawn or own.output is not None or not FORMS[own.form].repeatable:
                break
            count += 1
        return count

    def _find_opener(self) -> Any:
        """The first layer, where it takes the decoded image in place of the resize."""
        if self.resize is None:
            return None
        opener = None
        for position, part in enumerate(self.parts):
            if not part.takes_decoded:
                continue
            if position:
                raise ValueError(
                    f"{part!r} sets the size and takes the decoded image, so it must be the first "
                    f"layer; before it stands {self.parts[0]!r}. Move it to the front, or leave "
                    "image_size out."
                )
            if self.layers[0].always_acts:
                opener = part
        return opener

    def without_moves(self) -> Augmentation | None:
        """The first part that does not say where it moves pixels, so that masks cannot follow."""
        parts = (p for p in self.parts if p.form != "output" and not FORMS[p.form].followed)
        return next(parts, None)

    def settings(self) -> list[Any]:
        """The values of all attributes of the layers, by which a layer that was changed is seen."""
        return [value for holder in self._holders for value in vars(holder).values()]

    @property
    def forms(self) -> tuple[str, ...]:
        """The form of each step of a plan, see `fusion.FORMS`."""
        return tuple(each.form for each in self._groups)

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
        steps: int | None = None,
    ) -> Plan:
        """Plan a batch from parameters, such as stored ones; arguments as in `plan`.

        Args:
            drawn: The parameters of each layer.
            height: As in `plan`.
            width: As in `plan`.
            channels: As in `plan`.
            xp: As in `plan`.
            steps: Number of steps to plan, from the first; all by default.

        Returns:
            The plan.
        """
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
        groups = self._groups[:steps]
        made = tuple(each.step([members[i] for i in each.members], windows, xp) for each in groups)
        return Plan(made, self.output, self.value_range, self.fixed)

    def opening(self, count: int, height: Tensor, width: Tensor, channels: int) -> Plan:
        """Plan the resize and what is fused with it for many draws, among them the extreme ones.

        Args:
            count: Number of draws.
            height: As in `plan`.
            width: As in `plan`.
            channels: As in `plan`.

        Returns:
            The first step with `count` draws, the same at every call; no step without a resize.
        """
        if self.resize is None:
            return Plan((), self.output, self.value_range)
        chosen = np.random.default_rng(0)
        u = chosen.random((count, self.total_uniforms))
        kinds = chosen.integers(0, 4, u.shape)  # ranges end, and turns vanish, at these numbers
        u = np.select([kinds == 0, kinds == 1, kinds == 2], [0.0, 0.5, 1 - 2.0**-24], u)
        drawn = self.draw(u, height, width)
        return self.prepare(drawn, height, width, channels, steps=1)

    def _first_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Size of the images that the first layer sees."""
        return (height, width) if self.resize is None else self.resize.size


def fit_of(crop_to_aspect_ratio: bool, pad_to_aspect_ratio: bool) -> Fit:
    """How images are brought to a size, by the two arguments that Keras has for it.

    Args:
        crop_to_aspect_ratio: Crop the middle instead of stretching.
        pad_to_aspect_ratio: Pad instead of stretching.

    Returns:
        The `fit` of a chain.

    Raises:
        ValueError: Both are asked for.
    """
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Give crop_to_aspect_ratio or pad_to_aspect_ratio, not both.")
    if crop_to_aspect_ratio:
        return "crop"
    return "pad" if pad_to_aspect_ratio else "stretch"


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


def _needs_range(parts: Sequence[Any], output: Output) -> Any:
    """What must know the range of float pixels."""
    last = output if output.needs_range else None
    return next((part for part in parts if part.needs_range), last)


def _common_range(layers: Sequence[Any], value_range: Range | None) -> Range | None:
    """The one value range that the images and all layers state, where any does."""
    for layer in layers:
        own = layer.value_range
        if own is not None and value_range not in (None, own):
            raise ValueError(
                f"{layer!r} is made for float images of {own}, while the images or another layer "
                f"have value_range={value_range}. Give all of them the range of the images."
            )
        value_range = value_range or own
    return value_range
