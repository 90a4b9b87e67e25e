"""Keras-native image data: sequences for `model.fit` and composable augmentation layers.

Public names load when they are first used, so that reading, splitting and converting image
collections never imports Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_cvdata import layers, sources
    from keras_cvdata.conversion import convert
    from keras_cvdata.preprocessing.image import ImageDataGenerator
    from keras_cvdata.sequences import (
        ArraySequence,
        CSVSequence,
        DataFrameSequence,
        DirectorySequence,
        HDF5Sequence,
        JSONSequence,
    )
    from keras_cvdata.single import apply, preview, replay
    from keras_cvdata.sources import split
    from keras_cvdata.statistics import Standardization, estimate_memory
    from keras_cvdata.types import ImageError

__version__ = "0.1.0"

__all__ = [
    "ArraySequence",
    "CSVSequence",
    "DataFrameSequence",
    "DirectorySequence",
    "HDF5Sequence",
    "ImageDataGenerator",
    "ImageError",
    "JSONSequence",
    "Standardization",
    "__version__",
    "apply",
    "convert",
    "estimate_memory",
    "layers",
    "preview",
    "replay",
    "sources",
    "split",
]

_MODULE_OF = {
    "ArraySequence": "sequences",
    "CSVSequence": "sequences",
    "DataFrameSequence": "sequences",
    "DirectorySequence": "sequences",
    "HDF5Sequence": "sequences",
    "ImageDataGenerator": "preprocessing.image",
    "ImageError": "types",
    "JSONSequence": "sequences",
    "Standardization": "statistics",
    "apply": "single",
    "convert": "conversion",
    "estimate_memory": "statistics",
    "preview": "single",
    "replay": "single",
    "split": "sources",
}


def __getattr__(name: str) -> Any:
    if name in ("layers", "sources"):
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
