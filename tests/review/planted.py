"""Reviews of predictions that are planted, not made, so that tests know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata.review import ReviewReport, review
from keras_cvdata.review.heads import Head, losses_of
from keras_cvdata.review.predictions import Predictions
from keras_cvdata.sources import Source, open_source
from keras_cvdata.types import Array

NAMES = ("cat", "dog", "fox")


def class_head(labels: Any, predicted: Any, p: Any = 0.8, names: Sequence[str] = NAMES) -> Head:
    """A head that gives a probability to what it predicts, and the rest to the others alike."""
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    p = np.broadcast_to(p, labels.shape)[:, None]
    outputs = np.repeat((1 - p) / (len(names) - 1), len(names), axis=1)
    outputs[np.arange(len(labels)), predicted] = p[:, 0]
    return head("classes", labels, outputs, names)


def head(kind: Any, labels: Array, outputs: Any, names: Sequence[str] = (), name: str = "") -> Head:
    """A head with the losses of its outputs."""
    outputs = np.asarray(outputs, np.float32)
    return Head(name, kind, tuple(names), labels, outputs, losses_of(kind, labels, outputs))


def source_of(
    labels: Any, columns: Mapping[str, Any] | None = None, names: Sequence[str] = NAMES
) -> Source:
    """Grey pictures with labels and columns."""
    pictures = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 8, 3), np.uint8)
    source = open_source((pictures, [names[code] for code in labels]))
    source.columns = {key: np.asarray(values) for key, values in (columns or {}).items()}
    return source


def review_of(
    source: Source, *heads: Head, reasons: Mapping[int, str] | None = None, **options: Any
) -> ReviewReport:
    """A review that looks at columns only, if nothing else is said."""
    predictions = Predictions(source, heads, reasons or {})
    settings = {"path": None, "measure": False, "verbose": 0, **options}
    return review(predictions, None, **settings)
