"""The operations that published policies choose from, as layers of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from keras_cvdata.arguments import Interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.forms import (
    FillingLayer,
    GeometricOptions,
    PhotometricOptions,
    RangedLayer,
)
from keras_cvdata.layers.geometric.random_rotation import RandomRotation
from keras_cvdata.layers.geometric.random_shear import RandomShear
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.photometric.auto_contrast import AutoContrast
from keras_cvdata.layers.photometric.equalization import Equalization
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_lighting import RandomLighting
from keras_cvdata.layers.photometric.random_posterization import RandomPosterization
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.layers.photometric.random_sharpness import RandomSharpness
from keras_cvdata.layers.photometric.solarization import Solarization
from keras_cvdata.layers.policies.base import gate
from keras_cvdata.layers.policies.one_of import OneOf


class PublishedPolicy(FillingLayer, RangedLayer):
    """Base of layers that hand images to a policy which they make themselves.

    It takes the arguments of `FillingLayer`, which also apply to the operations: `fill_mode`,
    `fill_value`, `interpolation` and `value_range`.
    """

    policy: AugmentationLayer

    @property
    def num_uniforms(self) -> int:  # type: ignore[override] # depends on the policy
        """Uniform numbers that the policy needs."""
        return self.policy.total_uniforms

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw for the policy."""
        return {"policy": self.policy.draw(u, height, width, xp)}

    def flatten(self) -> Sequence[Any]:
        """Those of the policy."""
        return self.policy.flatten()

    def flatten_parameters(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each part."""
        return [gate(each, p.get("active")) for each in self.policy.flatten_parameters(p["policy"])]


def geometric_options(layer: FillingLayer) -> dict[str, Any]:
    """Give the operations the fill and the value range of their policy.

    Args:
        layer: The policy.

    Returns:
        Keywords of geometric layers.
    """
    names = ("fill_mode", "fill_value", "interpolation", "value_range")
    return {name: getattr(layer, name) for name in names}


def rounds(layers: Sequence[AugmentationLayer], count: int, idle: int = 0) -> list[OneOf]:
    """Choose one of some operations several times.

    Every other round is turned round, so that the warps of two rounds are neighbours and fuse.

    Args:
        layers: The operations.
        count: Number of rounds.
        idle: Number of operations that do nothing.

    Returns:
        One layer for each round.
    """
    made = [OneOf(layers, rate=len(layers) / (len(layers) + idle)) for _ in range(count)]
    for each in made[::2]:
        each.backwards = True
    return made


def geometric_ops(
    shear: Any, degrees: Any, **options: Unpack[GeometricOptions]
) -> list[AugmentationLayer]:
    """Shear across, shear down, and rotate.

    Args:
        shear: Range of the strength, of which the direction is drawn.
        degrees: Range of the angle.
        **options: Of all three.

    Returns:
        The layers.
    """
    return [
        RandomShear(shear, 0, **options),
        RandomShear(0, shear, **options),
        RandomRotation(degrees=degrees, **options),
    ]


def shift_ops(law: Any, kind: type[RandomTranslation], **options: Any) -> list[AugmentationLayer]:
    """Shift across and shift down.

    Args:
        law: Range of the shift, in what `kind` counts.
        kind: `RandomTranslation` or `PixelTranslation`.
        **options: Of both.

    Returns:
        The layers.
    """
    return [kind(0, law, **options), kind(law, 0, **options)]


def tonal_ops(
    bits: Sequence[int], threshold: Any, **options: Unpack[PhotometricOptions]
) -> list[AugmentationLayer]:
    """Posterize, solarize, stretch and equalize.

    Args:
        bits: Bits to keep, each entry as likely.
        threshold: Range of the threshold of the solarization, 0 to 1.
        **options: Of all four.

    Returns:
        The layers.
    """
    return [
        Posterization(bits, **options),
        Solarization(0, threshold, **options),
        AutoContrast(**options),
        Equalization(**options),
    ]


def color_ops(change: Any, **options: Unpack[PhotometricOptions]) -> list[AugmentationLayer]:
    """Brightness, colour, contrast and sharpness.

    Args:
        change: Range of the change of the gain: 0 changes nothing, -1 leaves black, grey, one even
            tone, or a smooth image.
        **options: Of all four.

    Returns:
        The layers.
    """
    return [
        Brightness(change, **options),
        Saturation(change, **options),
        Contrast(change, **options),
        Sharpness(change, **options),
    ]


class Brightness(RandomLighting):
    """Multiply by 1 plus a change, as `PIL.ImageEnhance.Brightness` does.

    Args:
        change: Range of the change.
        **options: Of the layer.
    """

    def __init__(self, change: Interval, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__((1, 1), 0, **options)
        self.change = change

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the change."""
        p = super().parameters(u, height, width, xp)
        return p | {"contrast": 1 + self.change.at(u[:, 0])}


class ChangingLayer(RangedLayer):
    """Base of operations that draw a change in place of the range of their public layer.

    Args:
        change: Range of the change.
        **options: Of the layer.
    """

    def __init__(self, change: Interval, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.change = change


class Saturation(ChangingLayer, RandomSaturation):
    """Multiply the distance from grey by 1 plus a change, as `PIL.ImageEnhance.Color` does."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the change."""
        return {"saturation": 1 + self.change.at(u[:, 0])}


class Contrast(ChangingLayer, RandomContrast):
    """Multiply the distance from the mean by 1 plus a change."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the change."""
        return {"contrast": 1 + self.change.at(u[:, 0])}


class Sharpness(ChangingLayer, RandomSharpness):
    """Multiply the distance from the smooth image as `PIL.ImageEnhance.Sharpness` does."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the change."""
        return {"sharpness": self.change.at(u[:, 0])}


class PixelTranslation(RandomTranslation):
    """Shift by pixels, 32 at a factor of 1, whatever the size of the image."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the shifts."""
        return {"dy": self.height_factor.at(u[:, 0]) * 32, "dx": self.width_factor.at(u[:, 1]) * 32}


class Posterization(RandomPosterization):
    """Keep bits whose number is drawn from a list.

    Args:
        bits: The numbers, each entry as likely.
        **options: Of the layer.
    """

    def __init__(self, bits: Sequence[int], **options: Unpack[PhotometricOptions]) -> None:
        super().__init__((min(bits), max(bits)), **options)
        self.bits = tuple(bits)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw an entry."""
        entry = cast(xp.floor(u[:, 0] * len(self.bits)), "int32", xp)
        return {"bits": xp.take(xp.array(self.bits, dtype="int32"), entry, axis=0)}
