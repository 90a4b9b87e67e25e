"""Lets Keras load models with layers of this package as soon as `import keras_cvdata` was run.

Keras makes the layers of a saved model from classes that were registered before. The classes are
registered when their modules load, which import Keras; but this package must not import Keras for
those who only read images. So as soon as both are there, in whatever order they are imported, a
stand-in is registered for every class, which loads the class when Keras makes a layer of it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "keras_cvdata"

NAMES = (
    "AugMix",
    "AutoContrast",
    "CLAHE",
    "CenterCrop",
    "CutMix",
    "Equalization",
    "GridMask",
    "MixUp",
    "Normalize",
    "OneOf",
    "Pad",
    "Pipeline",
    "RandAugment",
    "RandomAffine",
    "RandomApply",
    "RandomBackground",
    "RandomBrightness",
    "RandomChannelLighting",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomColorTemperature",
    "RandomContrast",
    "RandomCrop",
    "RandomDefocusBlur",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomFog",
    "RandomFrost",
    "RandomGamma",
    "RandomGaussianBlur",
    "RandomGaussianNoise",
    "RandomGlassBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomImpulseNoise",
    "RandomInvert",
    "RandomJPEG",
    "RandomLighting",
    "RandomMorphology",
    "RandomMotionBlur",
    "RandomOrder",
    "RandomPerspective",
    "RandomPixelate",
    "RandomPosterization",
    "RandomRangeLighting",
    "RandomResizedCrop",
    "RandomRoll",
    "RandomRot90",
    "RandomRotateBound",
    "RandomRotation",
    "RandomSaturation",
    "RandomShadow",
    "RandomSharpness",
    "RandomShear",
    "RandomShotNoise",
    "RandomSnow",
    "RandomSpatter",
    "RandomSpeckleNoise",
    "RandomTexture",
    "RandomTranslation",
    "RandomZoom",
    "RandomZoomBlur",
    "RandomZoomCrop",
    "Resizing",
    "Solarization",
    "SomeOf",
    "TrivialAugmentWide",
)
"""Layers that can stand in a saved model; a test compares them with those that exist."""


class _StandIn:
    """Stands for a layer in the registry of Keras until the module of the layer is loaded.

    Args:
        name: The class.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def _load(self) -> Any:
        return getattr(importlib.import_module(f"{PACKAGE}.layers"), self._name)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._load(), attribute)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._load()(*args, **kwargs)


class _AfterKeras(MetaPathFinder):
    """Registers the stand-ins when Keras has been imported, and leaves."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find Keras by the other finders, and add to its loader what comes afterwards."""
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec.loader)
        return spec

    def _follow(self, loader: Loader) -> None:
        execute = loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register(module)

        # The loader stays what it is, for those who read files of Keras through it.
        loader.exec_module = execute_and_register  # type: ignore[method-assign]


def _register(keras: Any) -> None:
    known = keras.saving.get_custom_objects()
    for name in NAMES:
        known.setdefault(f"{PACKAGE}>{name}", _StandIn(name))


def register() -> None:
    """Register the layers with Keras, now or when Keras is imported; imports nothing itself."""
    keras = sys.modules.get("keras")
    if hasattr(keras, "saving"):
        _register(keras)
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())
