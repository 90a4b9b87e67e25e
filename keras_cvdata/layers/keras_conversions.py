"""For each image layer of Keras: the layer of this package, and what is other about it.

A layer of Keras keeps its range of draws as two ends; `factor=f` of some layers means (0, f), of
others (-f, f), so the ends are read from the layer and not from its configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from keras_cvdata.layers.filtering.random_erasing import RandomErasing
from keras_cvdata.layers.filtering.random_gaussian_blur import RandomGaussianBlur
from keras_cvdata.layers.geometric.center_crop import CenterCrop
from keras_cvdata.layers.geometric.random_crop import RandomCrop
from keras_cvdata.layers.geometric.random_elastic_transform import RandomElasticTransform
from keras_cvdata.layers.geometric.random_flip import RandomFlip
from keras_cvdata.layers.geometric.random_perspective import MOST, RandomPerspective
from keras_cvdata.layers.geometric.random_rotation import RandomRotation
from keras_cvdata.layers.geometric.random_shear import RandomShear
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.geometric.random_zoom import RandomZoom
from keras_cvdata.layers.geometric.resizing import Resizing
from keras_cvdata.layers.mixing.cut_mix import CutMix
from keras_cvdata.layers.mixing.mix_up import MixUp
from keras_cvdata.layers.photometric.auto_contrast import AutoContrast
from keras_cvdata.layers.photometric.clahe import CLAHE
from keras_cvdata.layers.photometric.equalization import Equalization
from keras_cvdata.layers.photometric.random_brightness import RandomBrightness
from keras_cvdata.layers.photometric.random_color_degeneration import RandomColorDegeneration
from keras_cvdata.layers.photometric.random_color_jitter import RandomColorJitter
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_grayscale import RandomGrayscale
from keras_cvdata.layers.photometric.random_hue import RandomHue
from keras_cvdata.layers.photometric.random_invert import RandomInvert
from keras_cvdata.layers.photometric.random_posterization import RandomPosterization
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.layers.photometric.random_sharpness import RandomSharpness
from keras_cvdata.layers.photometric.solarization import Solarization
from keras_cvdata.layers.policies.aug_mix import AugMix
from keras_cvdata.layers.policies.rand_augment import RandAugment
from keras_cvdata.layers.random_layer import RandomLayer
from keras_cvdata.types import Range

Conversion: TypeAlias = tuple[RandomLayer, str]
"""A layer, and a sentence about what is other; empty where nothing is."""

_GRAY = "colours move away from the grey of equal brightness, not in HSV."


def _shared(layer: Any) -> dict[str, Any]:
    """Keywords that all layers take; a value range where Keras's layer knows it."""
    options = {
        "name": layer.name,
        "seed": getattr(layer, "seed", None),
        "data_format": getattr(layer, "data_format", None),
        "bounding_box_format": getattr(layer, "bounding_box_format", None),
        "value_range": getattr(layer, "value_range", None),
    }
    return {name: value for name, value in options.items() if value is not None}


def _filling(layer: Any, value_range: Range) -> dict[str, Any]:
    """Keywords of layers that may read outside the image."""
    low, high = getattr(layer, "value_range", value_range)
    return _shared(layer) | {
        "value_range": (low, high),
        "fill_mode": getattr(layer, "fill_mode", "constant"),
        "fill_value": (min(max(layer.fill_value, low), high) - low) / (high - low),
        "interpolation": layer.interpolation,
    }


def _seam(layer: Any) -> str:
    """What is other about a fill mode."""
    is_wrapped = getattr(layer, "fill_mode", "constant") == "wrap"
    return "pixels across the seam of two copies are interpolated." if is_wrapped else ""


def _rate(layer: Any) -> float:
    """How likely it acts: Keras draws a probability for each image, and then whether to act."""
    return float(sum(layer.factor) / 2)


def _by_factor(kind: type[Any]) -> Callable[[Any, Range], Conversion]:
    return lambda layer, _: (kind(tuple(layer.factor), **_shared(layer)), "")


def _flip(layer: Any, _: Range) -> Conversion:
    made = RandomFlip(layer.mode, **_without_range(layer))
    if layer.mode != "horizontal_and_vertical":
        return made, ""
    return made, "each of the two mirrorings is decided by itself, in Keras both or none."


def _rotation(layer: Any, value_range: Range) -> Conversion:
    return RandomRotation(tuple(layer.factor), **_filling(layer, value_range)), _seam(layer)


def _translation(layer: Any, value_range: Range) -> Conversion:
    down, across = (layer.height_lower, layer.height_upper), (layer.width_lower, layer.width_upper)
    return RandomTranslation(down, across, **_filling(layer, value_range)), _seam(layer)


def _zoom(layer: Any, value_range: Range) -> Conversion:
    across = None if layer.width_factor is None else (layer.width_lower, layer.width_upper)
    down = layer.height_lower, layer.height_upper
    return RandomZoom(down, across, **_filling(layer, value_range)), _seam(layer)


def _shear(layer: Any, value_range: Range) -> Conversion:
    # One number f has the ends (-f, f) there, and the direction is drawn as well.
    across, down = ((max(low, 0), high) for low, high in (layer.x_factor, layer.y_factor))
    other = "images slant about their centre, not about the top left corner"
    if across != (0, 0) and down != (0, 0):
        other += ", and the direction of each axis is drawn by itself"
    return RandomShear(across, down, **_filling(layer, value_range)), f"{other}."


def _perspective(layer: Any, value_range: Range) -> Conversion:
    scale = min(layer.scale, MOST)
    other = "all corners move alike, where in Keras the top left one stays."
    if scale < layer.scale:
        other += f" The scale {layer.scale} was cut to {MOST}."
    options = _filling(layer, value_range) | {"rate": _rate(layer)}
    return RandomPerspective(scale=scale, **options), other


def _elastic(layer: Any, value_range: Range) -> Conversion:
    options = _filling(layer, value_range) | {"rate": _rate(layer)}
    return (
        RandomElasticTransform(scale=tuple(layer.scale), **options),
        "the field is a spline over 7 x 7 points, with one strength for each image.",
    )


def _contrast(layer: Any, _: Range) -> Conversion:
    low, high = layer.factor
    if low < 0:
        raise ValueError(
            f"RandomContrast of Keras with factor={layer.factor} never lowers the contrast to the "
            "mean; there is no such layer here. Use a factor of two numbers from 0 on."
        )
    return RandomContrast((low, high), **_shared(layer)), ""


def _saturation(layer: Any, _: Range) -> Conversion:
    low, high = layer.factor
    other = _GRAY
    if low < 0:
        other += f" Keras draws from {low}, and turns images grey below 0."
    return RandomSaturation((max(low, 0), max(high, 0)), **_shared(layer)), other


def _sharpness(layer: Any, _: Range) -> Conversion:
    made = RandomSharpness(tuple(layer.factor), **_shared(layer))
    return made, "the outermost pixels stay, where Keras mixes them with black."


def _grayscale(layer: Any, value_range: Range) -> Conversion:
    return RandomGrayscale(layer.factor, value_range=value_range, **_shared(layer)), ""


def _invert(layer: Any, _: Range) -> Conversion:
    low, high = layer.value_range
    other = "" if low == 0 else f"values are mirrored within {low} to {high}, not subtracted."
    return RandomInvert(_rate(layer), **_shared(layer)), other


def _posterization(layer: Any, _: Range) -> Conversion:
    low, high = map(int, layer.factor)
    return RandomPosterization((low, max(low, high - 1)), **_shared(layer)), ""


def _solarization(layer: Any, _: Range) -> Conversion:
    # The lower end counts levels of 0 to 255 there, the higher one the range.
    ends = ((low / 255, high) for low, high in (layer.addition_factor, layer.threshold_factor))
    return Solarization(*ends, **_shared(layer)), ""


def _jitter(layer: Any, _: Range) -> Conversion:
    # The ends are those that the layers within have made of the numbers.
    inner = {
        "brightness_factor": layer.random_brightness,
        "contrast_factor": layer.random_contrast,
        "saturation_factor": layer.random_saturation,
        "hue_factor": layer.random_hue,
    }
    ends: dict[str, Any] = {
        name: tuple(one.factor) for name, one in inner.items() if one is not None
    }
    other = ""
    if "saturation_factor" in ends:
        low, high = ends["saturation_factor"]
        ends["saturation_factor"] = max(low, 0), max(high, 0)
        other = _saturation(layer.random_saturation, _)[1]
    return RandomColorJitter(**ends, **_shared(layer)), other


def _equalization(layer: Any, _: Range) -> Conversion:
    other = "it acts outside training too, and channels of few pixels stay as they are."
    if layer.bins != 256:
        other += f" Values are counted on 256 levels, not on {layer.bins}."
    return Equalization(**_shared(layer)), other


def _clahe(layer: Any, _: Range) -> Conversion:
    options = {"clip_limit": max(layer.clip_limit, 1), "tile_grid_size": layer.tile_grid_size}
    return (
        CLAHE(**options, **_shared(layer)),
        "RGB images are equalized by their brightness, as OpenCV does it.",
    )


def _blur(layer: Any, _: Range) -> Conversion:
    return (
        RandomGaussianBlur(sigma=tuple(layer.sigma), rate=_rate(layer), **_shared(layer)),
        f"the Gaussian is cut after 4 sigmas, not to {layer.kernel_size} pixels.",
    )


def _erasing(layer: Any, _: Range) -> Conversion:
    fill, (low, high) = layer.fill_value, layer.value_range
    if isinstance(fill, list | tuple):
        raise ValueError(f"RandomErasing here fills with one value for all channels, not {fill}.")
    other = "the noise is spread evenly, where half of Keras's is black." if fill is None else ""
    if fill is not None:
        fill = (min(max(fill, low), high) - low) / (high - low)
    options = {"scale": tuple(layer.scale), "fill_value": fill, "rate": _rate(layer)}
    return RandomErasing(**options, **_shared(layer)), other


def _random_crop(layer: Any, _: Range) -> Conversion:
    return RandomCrop(layer.height, layer.width, **_without_range(layer)), ""


def _center_crop(layer: Any, _: Range) -> Conversion:
    return CenterCrop(layer.height, layer.width, **_without_range(layer)), ""


def _without_range(layer: Any) -> dict[str, Any]:
    return {name: value for name, value in _shared(layer).items() if name != "value_range"}


def _resizing(layer: Any, value_range: Range) -> Conversion:
    low, high = value_range
    made = Resizing(
        layer.height,
        layer.width,
        layer.interpolation.rstrip("35"),  # "lanczos3" and "lanczos5" there
        layer.crop_to_aspect_ratio,
        layer.pad_to_aspect_ratio,
        fill_mode=layer.fill_mode,
        fill_value=(min(max(layer.fill_value, low), high) - low) / (high - low),
        **_shared(layer) | {"value_range": value_range},
    )
    if layer.antialias or layer.interpolation == "nearest":
        return made, ""
    return made, "images that shrink are averaged; Keras does that with antialias=True."


def _policy(kind: type[Any], *names: str) -> Callable[[Any, Range], Conversion]:
    def convert(layer: Any, _: Range) -> Conversion:
        options = {name: getattr(layer, name) for name in (*names, "interpolation")}
        made = kind(factor=sum(layer.factor) / 2, **options, **_shared(layer))
        return made, "operations are those of the paper, and chosen for each image."

    return convert


def _mix_up(layer: Any, _: Range) -> Conversion:
    return MixUp(layer.alpha, **_for_batches(layer)), ""


def _cut_mix(layer: Any, _: Range) -> Conversion:
    return (
        CutMix(alpha=max(sum(layer.factor) / 2, 0.01), **_for_batches(layer)),
        "alpha is the mean of Keras's, and rectangles may hang over the border.",
    )


def _for_batches(layer: Any) -> dict[str, Any]:
    names = ("name", "seed", "data_format")
    return {name: value for name, value in _shared(layer).items() if name in names}


CONVERSIONS: dict[str, Callable[[Any, Range], Conversion]] = {
    "AugMix": _policy(AugMix, "num_chains", "chain_depth", "alpha", "all_ops"),
    "AutoContrast": lambda layer, _: (AutoContrast(**_shared(layer)), ""),
    "CenterCrop": _center_crop,
    "ContrastLimitedAdaptiveHistogramEqualization": _clahe,
    "CutMix": _cut_mix,
    "Equalization": _equalization,
    "MixUp": _mix_up,
    "RandAugment": _policy(RandAugment, "num_ops"),
    "RandomBrightness": _by_factor(RandomBrightness),
    "RandomColorDegeneration": _by_factor(RandomColorDegeneration),
    "RandomColorJitter": _jitter,
    "RandomContrast": _contrast,
    "RandomCrop": _random_crop,
    "RandomElasticTransform": _elastic,
    "RandomErasing": _erasing,
    "RandomFlip": _flip,
    "RandomGaussianBlur": _blur,
    "RandomGrayscale": _grayscale,
    "RandomHue": _by_factor(RandomHue),
    "RandomInvert": _invert,
    "RandomPerspective": _perspective,
    "RandomPosterization": _posterization,
    "RandomRotation": _rotation,
    "RandomSaturation": _saturation,
    "RandomSharpness": _sharpness,
    "RandomShear": _shear,
    "RandomTranslation": _translation,
    "RandomZoom": _zoom,
    "Resizing": _resizing,
    "Solarization": _solarization,
}
"""Each takes the layer of Keras and the range of the images."""

REFUSED = {
    "MaxNumBoundingBoxes": "Use max_boxes= of a sequence.",
    "Normalization": "Use standardize= of a sequence, or put it into the model.",
    "Rescaling": "Use rescale= of a sequence, or put it into the model.",
}
"""What to use in place of layers that have no counterpart."""
