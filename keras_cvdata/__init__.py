"""Keras-native image data: sequences for `model.fit` and composable augmentation layers.

Public names load when they are first used, so that reading, splitting and converting image
collections never imports Keras.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from keras_cvdata.saved_models import register as _register_layers

if TYPE_CHECKING:
    from keras_cvdata import layers, sources
    from keras_cvdata.audit.report import AuditReport
    from keras_cvdata.audit.run import audit
    from keras_cvdata.bench.report import BenchReport
    from keras_cvdata.bench.run import bench
    from keras_cvdata.conversion.convert import convert
    from keras_cvdata.embedding import embed
    from keras_cvdata.loading.stats import Stats
    from keras_cvdata.out_of_fold import oof_pred_probs
    from keras_cvdata.preprocessing.image import ImageDataGenerator
    from keras_cvdata.preview import preview
    from keras_cvdata.review.predict import predict
    from keras_cvdata.review.report import ReviewReport
    from keras_cvdata.review.run import review
    from keras_cvdata.sequences import (
        ArraySequence,
        CSVSequence,
        DataFrameSequence,
        DirectorySequence,
        EpochCallback,
        HDF5Sequence,
        JSONSequence,
        LoadingStats,
        Sequence,
    )
    from keras_cvdata.single_image import apply, replay
    from keras_cvdata.sources import Source, folds, not_any_class, split
    from keras_cvdata.statistics import Standardization, estimate_memory
    from keras_cvdata.stress.label_safety import LabelSafetyReport, label_safety
    from keras_cvdata.stress.proving import Proof, prove
    from keras_cvdata.stress.report import StressReport
    from keras_cvdata.stress.run import stress_test
    from keras_cvdata.types import ImageError
    from keras_cvdata.wild import in_the_wild

__version__ = "0.1.0"

__all__ = [
    "ArraySequence",
    "AuditReport",
    "BenchReport",
    "CSVSequence",
    "DataFrameSequence",
    "DirectorySequence",
    "EpochCallback",
    "HDF5Sequence",
    "ImageDataGenerator",
    "ImageError",
    "JSONSequence",
    "LabelSafetyReport",
    "LoadingStats",
    "Proof",
    "ReviewReport",
    "Sequence",
    "Source",
    "Standardization",
    "Stats",
    "StressReport",
    "__version__",
    "apply",
    "audit",
    "bench",
    "convert",
    "embed",
    "estimate_memory",
    "folds",
    "in_the_wild",
    "label_safety",
    "layers",
    "not_any_class",
    "oof_pred_probs",
    "predict",
    "preview",
    "prove",
    "replay",
    "review",
    "sources",
    "split",
    "stress_test",
]

_MODULE_OF = {
    "ArraySequence": "sequences",
    "AuditReport": "audit",
    "BenchReport": "bench",
    "CSVSequence": "sequences",
    "DataFrameSequence": "sequences",
    "DirectorySequence": "sequences",
    "EpochCallback": "sequences",
    "HDF5Sequence": "sequences",
    "ImageDataGenerator": "preprocessing.image",
    "ImageError": "types",
    "JSONSequence": "sequences",
    "LabelSafetyReport": "stress.label_safety",
    "LoadingStats": "sequences",
    "Proof": "stress.proving",
    "ReviewReport": "review",
    "Sequence": "sequences",
    "Source": "sources",
    "Standardization": "statistics",
    "Stats": "loading.stats",
    "StressReport": "stress.report",
    "apply": "single_image",
    "audit": "audit",
    "bench": "bench",
    "convert": "conversion",
    "embed": "embedding",
    "estimate_memory": "statistics",
    "folds": "sources",
    "in_the_wild": "wild",
    "label_safety": "stress.label_safety",
    "not_any_class": "sources",
    "oof_pred_probs": "out_of_fold",
    "predict": "review.predict",
    "preview": "preview",
    "prove": "stress.proving",
    "replay": "single_image",
    "review": "review",
    "split": "sources",
    "stress_test": "stress.run",
}


def __getattr__(name: str) -> Any:
    if name in ("layers", "sources"):
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps `preview` the function when Python, on importing the module of that name, binds it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
_register_layers()
