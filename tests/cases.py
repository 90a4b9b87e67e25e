"""What the shared contract tests sweep over: one row for every public class.

A new layer, source or sequence needs a row here; a test fails without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from keras_cvdata import convert, layers, sequences, sources
from keras_cvdata.audit import Check, checks
from keras_cvdata.preprocessing import image


@dataclass(frozen=True, eq=False)
class LayerCase:
    """A layer, how to construct it, and the facts of its contract.

    Attributes:
        layer: The class.
        options: Arguments with a strong and visible effect.
        rest: Arguments with which it changes nothing, though it acts.
        uint8: Largest difference between the executors on uint8, in levels.
        float32: Largest difference on float32 of 0 to 1, in parts of the value range.
        channels: Numbers of channels that it can serve, out of 1, 3, 4 and 5.
        rests: Whether it takes a rate.
        made_of: Whether it needs other layers to be made of, which know their value range.
        needs_range: Whether float images need a value range.
        deterministic: Whether it draws nothing and acts outside training too.
        makes: dtype of the result, with a scale of its own, where it is not that of the image.
        is_heavy: Whether only nightly tests take it; a lighter row of its class comes before it.
    """

    layer: type[layers.AugmentationLayer]
    options: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)
    uint8: float = 0
    float32: float = 1e-6
    channels: tuple[int, ...] = (1, 3, 4, 5)
    rests: bool = True
    made_of: bool = False
    needs_range: bool = False
    deterministic: bool = False
    makes: str | None = None
    is_heavy: bool = False

    def __str__(self) -> str:
        if self.made_of:
            return self.layer.__name__
        options = ",".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.layer.__name__}({options})".replace(" ", "")


# A bilinear warp is rounded once on uint8: 0.51 levels, so at most 1 between two results.
WARP = {"uint8": 1, "float32": 0.02 / 255}
# Each warp rounds once, so two in a row may differ by twice as much.
TWO_WARPS = {"uint8": 2, "float32": 0.04 / 255}
CURVE = {"needs_range": True}

COLOR = {"needs_range": True, "channels": (3, 4)}

SMALL = {"height": 20, "width": 25}
SAME = {"height": 28, "width": 37}  # the size of the images of the contract
# Layers that policies are made of, of several forms.
CHILDREN = {
    "layers": [
        layers.RandomRotateBound(180),
        layers.RandomInvert(0.9, value_range=(0, 1)),
        layers.RandomRoll(0.2, 0.2),
        layers.RandomZoomCrop((1, 2)),
    ]
}

PUBLISHED = {**TWO_WARPS, **COLOR}

LAYERS = [
    LayerCase(layers.RandomFlip, {"mode": "horizontal"}, {"rate": 0.0}),
    LayerCase(layers.RandomFlip, {"mode": "vertical"}, {"rate": 0.0}),
    LayerCase(layers.RandomFlip, {}, {"rate": 0.0}),
    LayerCase(layers.RandomRot90, {}, {"k": (0,)}, **WARP),
    LayerCase(layers.RandomRot90, {"k": (1, 3), "rate": 0.5}, {"k": (4,)}, **WARP),
    LayerCase(layers.RandomRotateBound, {"degrees": 180}, {"degrees": 0}, **WARP),
    LayerCase(layers.RandomRotateBound, {"fill_mode": "nearest"}, {"degrees": 0}, **WARP),
    LayerCase(layers.RandomRotateBound, {"fill_mode": "wrap"}, {"degrees": 0}, **WARP),
    LayerCase(
        layers.RandomRotateBound,
        {"preset": "small-object", "fit": "letterbox", "fill_mode": "constant", "fill_value": 0.7},
        {"preset": None, "degrees": 0},
        needs_range=True,  # to fill with
        **WARP,
    ),
    LayerCase(layers.RandomRotateBound, {"method": "imutils"}, {"degrees": 0}, **WARP),
    LayerCase(
        layers.RandomZoomCrop, {"magnification": (1.0, 2.0)}, {"magnification": (1, 1)}, **WARP
    ),
    LayerCase(
        layers.RandomZoomCrop,
        {"magnification": (0.4, 1.5), "fill_mode": "constant"},
        {"magnification": (1, 1)},
        **WARP,
    ),
    LayerCase(layers.RandomTranslation, {}, {"height_factor": 0, "width_factor": 0}, **WARP),
    LayerCase(
        layers.RandomTranslation,
        {"height_factor": 0.6, "width_factor": (-0.5, 0.2), "fill_mode": "wrap"},
        {"height_factor": 0, "width_factor": 0},
        **WARP,
    ),
    LayerCase(layers.RandomRoll, {}, {"height_factor": 0, "width_factor": 0}),
    LayerCase(
        layers.RandomRoll,
        {"height_factor": (-1, 1), "width_factor": 0.5, "allow_large_shift": True, "rate": 0.5},
        {"height_factor": 0, "width_factor": 0},
    ),
    LayerCase(
        layers.RandomLighting,
        {"contrast": (0.3, 2.5), "brightness": 0.4},
        {"contrast": (1, 1), "brightness": 0},
        **CURVE,
    ),
    LayerCase(
        layers.RandomChannelLighting,
        {"factors": (0.2, 2.5)},
        {"factors": (1, 1)},
        channels=(1, 3, 4),
        **CURVE,
    ),
    LayerCase(
        layers.RandomChannelLighting,
        {"factors": [(0.2, 0.5), (0.5, 1.7), (1, 1), (0, 2), (0.4, 3)]},
        {"factors": [(1, 1)] * 5},
        **CURVE,
    ),
    LayerCase(
        layers.RandomRangeLighting,
        {"edges": (0, 0.2, 1 / 3, 1), "factors": ((0.5, 3), 1.4, (0.2, 0.9))},
        {"factors": (1, 1, 1)},
        **CURVE,
    ),
    LayerCase(layers.RandomRangeLighting, {}, {"factors": (1, 1, 1)}, **CURVE),
    LayerCase(layers.RandomInvert, {}, {"rate": 0.0}, **CURVE),
    LayerCase(
        layers.RandomContrast, {"factor": (0.8, 2)}, {"factor": 0}, uint8=1, needs_range=True
    ),
    LayerCase(
        layers.RandomSaturation, {"factor": (0, 0.75)}, {"factor": (0.5, 0.5)}, uint8=1, **COLOR
    ),
    LayerCase(layers.RandomColorDegeneration, {"factor": (-1, 1)}, {"factor": 0}, uint8=1, **COLOR),
    LayerCase(layers.RandomBrightness, {"factor": 0.6}, {"factor": 0}, **CURVE),
    LayerCase(
        layers.RandomGamma, {"gamma": (0.3, 3)}, {"gamma": (1, 1)}, uint8=1, needs_range=True
    ),
    LayerCase(layers.RandomPosterization, {"factor": (1, 4)}, {"rate": 0.0}, **CURVE),
    LayerCase(
        layers.Solarization,
        {"addition_factor": 0.3, "threshold_factor": (0, 0.9)},
        {"rate": 0.0},
        **CURVE,
    ),
    LayerCase(layers.RandomGrayscale, {}, {"rate": 0.0}, uint8=1, **COLOR),
    LayerCase(
        layers.RandomColorTemperature,
        {"temperature": (2000, 20000)},
        {"temperature": (6500, 6500)},
        uint8=1,
        float32=3e-6,
        **COLOR,
    ),
    LayerCase(
        layers.RandomColorJitter,
        {
            "brightness_factor": 0.3,
            "contrast_factor": 0.5,
            "saturation_factor": (0.4, 0.6),
            "hue_factor": 0.5,
        },
        {
            "brightness_factor": 0,
            "contrast_factor": 0,
            "saturation_factor": (0.5, 0.5),
            "hue_factor": 0,
        },
        uint8=1,
        float32=4e-6,
        **COLOR,
    ),
    LayerCase(layers.RandomHue, {"factor": 1}, {"factor": 0}, uint8=1, float32=2e-6, **COLOR),
    LayerCase(
        layers.RandomSharpness,
        {"factor": (0, 1)},
        {"factor": (0.5, 0.5)},
        uint8=1,
        float32=2e-6,
        needs_range=True,
    ),
    LayerCase(
        layers.CLAHE,
        {"clip_limit": 4.0},
        {"rate": 0.0},
        uint8=1,
        float32=1.001 / 255,
        needs_range=True,
        deterministic=True,
    ),
    LayerCase(
        layers.CLAHE,
        {"clip_limit": 4.0, "tile_grid_size": (3, 5)},
        {"rate": 0.0},
        uint8=1,
        float32=1.001 / 255,
        needs_range=True,
        deterministic=True,
    ),
    LayerCase(layers.AutoContrast, {}, {"rate": 0.0}, deterministic=True, **CURVE),
    LayerCase(layers.Equalization, {}, {"rate": 0.0}, deterministic=True, **CURVE),
    LayerCase(
        layers.Normalize,
        uint8=4e-6,
        float32=4e-6,
        needs_range=True,
        channels=(3,),
        rests=False,
        deterministic=True,
        makes="float32",
    ),
    LayerCase(
        layers.RandomResizedCrop,
        {"scale": (0.1, 0.9)},
        {"scale": (1, 1), "ratio": (37 / 28, 37 / 28)},
        rests=False,
        **WARP,
    ),
    LayerCase(layers.OneOf, CHILDREN, {"rate": 0.0}, made_of=True, **WARP),
    LayerCase(layers.RandomGaussianBlur, {"sigma": (0, 3)}, {"sigma": 0}, uint8=1),
    LayerCase(layers.RandomMotionBlur, {}, {"length": 1}, uint8=1),
    LayerCase(layers.RandomGaussianNoise, {}, {"stddev": 0}, uint8=1, **CURVE),
    LayerCase(layers.RandomShotNoise, {"photons": (3, 300)}, {"rate": 0.0}, uint8=1, **CURVE),
    LayerCase(layers.RandomImpulseNoise, {"amount": (0.1, 0.3)}, {"amount": 0}, **CURVE),
    LayerCase(layers.RandomSpeckleNoise, {}, {"stddev": 0}, uint8=1, **CURVE),
    LayerCase(
        layers.RandomDefocusBlur, {"radius": (1, 2.9)}, {"radius": 0, "softness": 0}, uint8=1
    ),
    LayerCase(layers.RandomZoomBlur, {"factor": (0.1, 0.4), "steps": 3}, {"factor": 0}, **WARP),
    LayerCase(layers.RandomMorphology, {"pixels": (-2, 2)}, {"pixels": 0}),
    LayerCase(layers.RandomShadow, {}, {"darkness": 0}, uint8=1, **CURVE),
    LayerCase(layers.RandomGlassBlur, {"sigma": (0.2, 0.4)}, {"sigma": 0, "reach": 0}, uint8=2),
    LayerCase(layers.RandomFog, {}, {"thickness": 0}, uint8=1, **CURVE),
    LayerCase(layers.RandomSpatter, {}, {"cover": 0}, uint8=1, float32=0.02 / 255, **CURVE),
    LayerCase(
        layers.RandomSnow, {}, {"cover": 0, "whiteness": 0}, uint8=1, float32=0.02 / 255, **CURVE
    ),
    LayerCase(
        layers.RandomFrost, {}, {"amount": 0, "keep": 1}, uint8=1, float32=0.02 / 255, **CURVE
    ),
    LayerCase(layers.RandomTexture, {}, {"depth": 0}, uint8=1, float32=0.02 / 255, **CURVE),
    LayerCase(
        layers.RandomBackground, {"tolerance": 0.3}, {"rate": 0.0}, uint8=1, float32=2e-6, **CURVE
    ),
    LayerCase(layers.RandomJPEG, {}, {"rate": 0.0}, channels=(1, 3, 4), **CURVE),
    LayerCase(layers.RandomPixelate, {}, {"side": 1}, uint8=1),
    LayerCase(layers.RandomErasing, {"scale": (0.1, 0.9)}, {"scale": 0}, uint8=1, **CURVE),
    LayerCase(layers.RandomErasing, {"fill_value": 0.7, "rate": 0.5}, {"scale": 0}, **CURVE),
    LayerCase(layers.RandomErasing, {"fill_value": 0}, {"scale": 0}),
    LayerCase(layers.GridMask, {}, {"ratio": 0}),
    LayerCase(
        layers.RandomResizedCrop,
        {"height": 20, "width": 33, "ratio": (0.5, 2)},
        {"height": 28, "width": 37, "scale": (1, 1), "ratio": (37 / 28, 37 / 28)},
        rests=False,
        **WARP,
    ),
    LayerCase(layers.RandomRotation, {"factor": 0.5}, {"factor": 0}, **WARP),
    LayerCase(
        layers.RandomRotation,
        {"degrees": (20, 70), "fill_mode": "constant", "rate": 0.5},
        {"degrees": 0},
        **WARP,
    ),
    LayerCase(layers.RandomZoom, {"height_factor": 0.5}, {"height_factor": 0}, **WARP),
    LayerCase(
        layers.RandomZoom,
        {"height_factor": (-0.6, 0.1), "width_factor": (0.2, 1), "fill_mode": "wrap"},
        {"height_factor": 0, "width_factor": 0},
        **WARP,
    ),
    LayerCase(
        layers.RandomShear,
        {"x_factor": 0.1, "y_factor": 0.1},
        {"x_factor": 0, "y_factor": 0},
        **WARP,
    ),
    LayerCase(
        layers.RandomShear,
        {"x_factor": (0.3, 0.5), "y_factor": 0.4, "fill_mode": "nearest"},
        {"x_factor": 0, "y_factor": 0},
        **WARP,
    ),
    LayerCase(
        layers.RandomAffine,
        {"degrees": 180, "scale": (0.5, 2), "shear": 0.3},
        {"degrees": 0, "scale": (1, 1), "shear": 0, "height_factor": 0, "width_factor": 0},
        **WARP,
    ),
    LayerCase(layers.RandomPerspective, {"scale": 0.35}, {"scale": 0}, **WARP),
    LayerCase(
        layers.RandomPerspective,
        {"scale": 0.3, "fill_mode": "constant", "fill_value": 0.3, "rate": 0.5},
        {"scale": 0},
        needs_range=True,  # to fill with
        **WARP,
    ),
    LayerCase(layers.RandomElasticTransform, {}, {"scale": 0}, **WARP),
    LayerCase(
        layers.RandomElasticTransform,
        {"scale": (0.7, 1), "fill_mode": "constant", "rate": 0.5},
        {"scale": 0},
        **WARP,
    ),
    LayerCase(layers.RandomCrop, SMALL, SAME, rests=False),
    LayerCase(layers.RandomCrop, {"height": 70, "width": 40}, SAME, rests=False, **WARP),
    LayerCase(layers.CenterCrop, SMALL, SAME, rests=False, deterministic=True),
    LayerCase(
        layers.CenterCrop,
        {"height": 40, "width": 60},
        SAME,
        rests=False,
        deterministic=True,
        **WARP,
    ),
    LayerCase(layers.Resizing, SMALL, SAME, rests=False, deterministic=True, **WARP),
    LayerCase(
        layers.Resizing,
        {"height": 12, "width": 60, "crop_to_aspect_ratio": True},
        SAME,
        rests=False,
        deterministic=True,
        **WARP,
    ),
    LayerCase(
        layers.Resizing,
        {**SMALL, "pad_to_aspect_ratio": True, "fill_value": 0.7, "interpolation": "nearest"},
        SAME,
        needs_range=True,  # to fill with
        rests=False,
        deterministic=True,
    ),
    LayerCase(layers.Pad, {"amounts": 3}, {"amounts": 0}, rests=False, deterministic=True),
    LayerCase(
        layers.Pad,
        {"height": 50, "width": 36, "fill_mode": "reflect"},
        SAME,
        rests=False,
        deterministic=True,
    ),
    LayerCase(
        layers.OneOf, {**CHILDREN, "odds": (1, 2, 3, 4)}, {"rate": 0.0}, made_of=True, **WARP
    ),
    LayerCase(layers.SomeOf, {**CHILDREN, "n": 2}, {"rate": 0.0}, made_of=True, **TWO_WARPS),
    LayerCase(
        layers.RandomOrder,
        {"layers": [layers.RandomRoll(0.2), layers.RandomRotateBound(90)]},
        {"rate": 0.0},
        made_of=True,
        **TWO_WARPS,
    ),
    LayerCase(layers.RandomApply, CHILDREN, {"rate": 0.0}, made_of=True, **TWO_WARPS),
    LayerCase(
        layers.Pipeline,
        CHILDREN,
        {"layers": [layers.RandomFlip(rate=0.0)]},
        rests=False,
        made_of=True,
        **TWO_WARPS,
    ),
    LayerCase(
        layers.RandAugment, {"num_ops": 1, "fill_mode": "constant"}, {"rate": 0.0}, **PUBLISHED
    ),
    LayerCase(layers.RandAugment, {"factor": 0.6}, {"rate": 0.0}, **PUBLISHED, is_heavy=True),
    LayerCase(layers.TrivialAugmentWide, {}, {"rate": 0.0}, **WARP, **COLOR),
    LayerCase(
        layers.AugMix,
        {"num_chains": 1, "chain_depth": 1, "all_ops": False},
        {"rate": 0.0},
        needs_range=True,
        **WARP,
    ),
    LayerCase(
        layers.AugMix,
        {"factor": 0.6, "num_chains": 2, "chain_depth": 2},  # several; graphs grow with each
        {"rate": 0.0},
        **PUBLISHED,
        is_heavy=True,
    ),
]


@dataclass(frozen=True)
class MixerCase:
    """A layer that mixes the samples of a batch, and how to construct it.

    Attributes:
        layer: The class.
        options: Arguments with a strong and visible effect.
        uint8: Largest difference between the executors on uint8, in levels.
        float32: Largest difference on float32 of 0 to 1.
    """

    layer: type[layers.MixingLayer]
    options: Mapping[str, Any] = field(default_factory=dict)
    uint8: float = 0
    float32: float = 0

    def __str__(self) -> str:
        return self.layer.__name__


MIXERS = [
    MixerCase(layers.MixUp, {"alpha": 2.0}, uint8=1, float32=1e-6),
    MixerCase(layers.CutMix),
]


@dataclass(frozen=True)
class CollectionCase:
    """A source and the sequence over it, and how both are opened on one folder of photographs.

    Attributes:
        source: The source class.
        sequence: The sequence class.
        prepare: Makes what both are constructed from, out of the folder and one to write in.
    """

    source: type[sources.Source]
    sequence: type[sequences.Sequence]
    prepare: Callable[[Path, Path], tuple[Any, ...]]

    def __str__(self) -> str:
        return self.source.__name__


def _converted(extension: str) -> Callable[[Path, Path], tuple[Any, ...]]:
    return lambda photos, out: (convert(photos, out / f"photos{extension}", verbose=0),)


def _as_arrays(photos: Path, _: Path) -> tuple[Any, ...]:
    source = sources.DirectorySource(photos)
    names = [source.class_names[code] for code in source.labels["label"].values]
    return [source.image(row) for row in range(len(source))], names


def _as_frame(photos: Path, _: Path) -> tuple[Any, ...]:
    source = sources.DirectorySource(photos)
    paths = [source.name(row) for row in range(len(source))]
    return (pd.DataFrame({"location": paths, "label": [Path(p).parent.name for p in paths]}),)


COLLECTIONS = [
    CollectionCase(sources.ArraySource, sequences.ArraySequence, _as_arrays),
    CollectionCase(sources.CSVSource, sequences.CSVSequence, _converted(".csv")),
    CollectionCase(sources.DataFrameSource, sequences.DataFrameSequence, _as_frame),
    CollectionCase(
        sources.DirectorySource, sequences.DirectorySequence, lambda photos, _: (photos,)
    ),
    CollectionCase(sources.HDF5Source, sequences.HDF5Sequence, _converted(".h5")),
    CollectionCase(sources.JSONSource, sequences.JSONSequence, _converted(".json")),
]


@dataclass(frozen=True)
class FlowCase:
    """An iterator of the old module, and how a generator makes one of a folder of photographs.

    Attributes:
        iterator: The class.
        flow: Takes the generator, the folder, the size of the images, and options of the flow;
            labels are one-hot.
    """

    iterator: type[image.Iterator]
    flow: Callable[..., image.Iterator]

    def __str__(self) -> str:
        return self.iterator.__name__


def _flow_frame(generator: Any, photos: Path, size: tuple[int, int], **options: Any) -> Any:
    paths = sorted(photos.glob("*/*.jpg"))
    frame = pd.DataFrame({"filename": map(str, paths), "class": [p.parent.name for p in paths]})
    return generator.flow_from_dataframe(frame, target_size=size, **options)


def _flow_arrays(generator: Any, photos: Path, size: tuple[int, int], **options: Any) -> Any:
    whole = image.ImageDataGenerator().flow_from_directory(photos, size, shuffle=False)
    parts = zip(*(whole[index] for index in range(len(whole))), strict=True)
    return generator.flow(*(np.concatenate(part) for part in parts), **options)


FLOWS = [
    FlowCase(
        image.DirectoryIterator,
        lambda generator, photos, size, **options: generator.flow_from_directory(
            photos, target_size=size, **options
        ),
    ),
    FlowCase(image.DataFrameIterator, _flow_frame),
    FlowCase(image.NumpyArrayIterator, _flow_arrays),
]


@dataclass(frozen=True)
class CheckCase:
    """A check of an audit.

    Attributes:
        check: The class.
        options: Arguments other than the defaults, one for each threshold.
    """

    check: type[Check]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.check.__name__


CHECKS = [
    CheckCase(checks.Files, {"huge": 100}),
    CheckCase(
        checks.Pictures,
        {
            "dark": 0.4,
            "light": 0.8,
            "blurred": 0.1,
            "low_contrast": 20.0,
            "low_information": 0.9,
            "grey": 2.0,
            "odd_size": 2.0,
            "odd_aspect": 1.2,
        },
    ),
    CheckCase(checks.Copies, {"phash": 4, "dhash": 6, "smallest": 32}),
    CheckCase(
        checks.Classes,
        {
            "min_images": 10,
            "few_images": 3,
            "below_mean": 0.5,
            "below_largest": 0.4,
            "rare_color": 0.2,
            "rare_feature": 0.1,
            "rare_state": 0.3,
            "uniform": 0.7,
            "clear": 10.0,
        },
    ),
    CheckCase(
        checks.Coverage,
        {
            "one_distance": 1.5,
            "one_angle": 20.0,
            "one_brightness": 0.2,
            "one_warmth": 1.2,
            "dim": 0.4,
            "warm": 1.3,
            "least": 0.1,
            "clear": 10.0,
        },
    ),
    CheckCase(
        checks.Background,
        {"shared_color": 0.1, "border_area": 0.8, "beats_center": 0.2, "border_spread": 0.7},
    ),
    CheckCase(
        checks.WrongLabels, {"suspect": 0.2, "error_rate": 0.1, "accuracy": 0.5, "listed": 7}
    ),
    CheckCase(
        checks.Definition,
        {
            "size": (20, 30),
            "channels": 3,
            "polarity": "light on dark",
            "padding": 4,
            "centred": 2.0,
            "noise": 5,
        },
    ),
    CheckCase(
        checks.Drift,
        {
            "labels": 0.1,
            "sizes": 0.2,
            "brightness": 0.2,
            "content": 0.2,
            "clusters": 5,
            "chance": 0.01,
        },
    ),
    CheckCase(checks.Outliers, {"far": 5.0, "neighbours": 3, "least": 9}),
]
