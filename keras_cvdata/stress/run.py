"""Runs a stress test: one model, all images, every perturbation at every severity."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.progress import say, track
from keras_cvdata.review.predictions import predictions_of
from keras_cvdata.sequences import Sequence as ImageSequence
from keras_cvdata.single_image import apply
from keras_cvdata.stress.chunks import Chunks
from keras_cvdata.stress.family import Family
from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.scoring import HeadScore, Line, score
from keras_cvdata.stress.suites import suite_of
from keras_cvdata.types import Array

_SIDE = 128  # pixels of the pictures of a page
_FAMILY_SEVERITIES = (1, 2, 3, 4, 5)


class _Task(NamedTuple):
    """One line of the table."""

    perturbation: str
    severity: int
    augment: Any
    strength: float | None = None
    unit: str = ""


def stress_test(
    model: Any,
    data: Any,
    suite: str | Mapping[str, Any] = "handbook",
    severities: Iterable[int] = range(1, 6),
    baseline: Any = None,
    seed: int = 0,
    *,
    verbose: int = 1,
    **options: Any,
) -> StressReport:
    """Test a model on images that are changed in known ways, each at several severities.

    Each image is read once, brought to the size of the model's input, changed, and scaled as the
    model wants it. Perturbations draw by `seed` and the row of the image, so that the table is the
    same every time, for any number of threads. Images that cannot be read are left out of all
    lines.

    Args:
        model: Keras model that classifies, by one class or several labels an image, or that gives
            numbers, whose losses alone are told; with one output or several.
        data: A sequence whose images are as the model wants them, with labels (augmentation is left
            out); or a source, or what `open_source` opens.
        suite: "handbook" (the negative, four shifts), "digits" (MNIST-C), "photo" (ImageNet-C),
            "geometry", "background"; or perturbations by name: a layer, a list of layers and
            functions of one image, a function that takes a severity and returns such a list, or a
            `Family`.
        severities: Which severities; a perturbation that has only one is tested at that.
        baseline: Another model, which is tested alike, or its report: what errors are compared
            with.
        seed: Selects what perturbations draw.
        verbose: 0 says nothing, 1 prints the summary, with a bar on a terminal.
        **options: Arguments of the `Sequence` that is made where `data` is none, such as `rescale`.

    Returns:
        The report.

    Raises:
        TypeError: `model` is no Keras model, or a perturbation is no layer.
        ValueError: There is no such suite or severity, there are no labels or images, the sequence
            has masks or boxes, or the baseline was tested by another suite.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((4, 8, 8, 3), np.uint8), ["cat", "dog", "cat", "cat"]
        >>> stress_test(model, data, verbose=0).matrix[1].to_dict()
        {'invert': 0.75, 'shift left': 0.75, 'shift right': 0.75, 'shift up': 0.75,
         'shift down': 0.75}

    Source: D. Hendrycks and T. Dietterich, Benchmarking Neural Network Robustness to Common
        Corruptions and Perturbations, 2019; Handbook 2, part 8; R82, R94 to R96.
    """
    integer("seed", seed, 0)
    severities = sorted({integer("severities", int(severity), 1) for severity in severities})
    families = suite_of(_with_functions(suite, severities))
    tasks = list(_tasks(families, severities))
    name = suite if isinstance(suite, str) else "own"
    made = StressReport(name, seed, (Line("clean", 0, ()),), {}, None, families)
    sequence = _sequence_of(model, data, options)
    report = _test(model, sequence, tasks, made, verbose)
    if baseline is not None:
        other = baseline
        if not isinstance(baseline, StressReport):
            other = _test(baseline, sequence, tasks, made, verbose)
        report = report.against(other)
    if verbose:
        say(report.summary())
    return report
