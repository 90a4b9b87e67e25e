"""The review: predict each image once, look at it once, and say where the model fails."""

from __future__ import annotations

import os
from typing import Any

from keras_cvdata.arguments import probability
from keras_cvdata.review.judged import Judged
from keras_cvdata.review.predictions import Predictions, predictions_of
from keras_cvdata.review.report import ReviewReport
from keras_cvdata.review.traits import chosen, column_traits, measured_traits
from keras_cvdata.writing import check_writable, write_or_keep


def review(
    model: Any,
    data: Any,
    path: str | os.PathLike[str] | None = "review.html",
    *,
    slices: Any = None,
    measure: bool = True,
    suspect: float = 0.1,
    n_jobs: int | None = None,
    verbose: int = 1,
    **options: Any,
) -> ReviewReport:
    """Look at what a trained model gets wrong: which images, which classes, which parts.

    Use it on images that the model was not trained on: of those that it was, it may know the labels
    by heart, the wrong ones too.

    Args:
        model: Keras model, of one output or several; or `Predictions`, which are taken as they are.
        data: A sequence, whose augmentation and order are left out; or a source, or what
            `open_source` opens. None with predictions.
        path: Page to write; None writes none.
        slices: Names of columns of the source, or of what is measured ("lighting", "brightness",
            "contrast", "sharpness", "colour", "border", "object size", "side in pixels", "shape"),
            that part the images; by default all.
        measure: Look at the pixels of each image for what an audit measures; without, columns alone
            part the images.
        suspect: Probability of its label, 0 to 1, below which a mistaken image is a label suspect.
        n_jobs: Number of threads that measure; None takes the cores.
        verbose: 0 shows no progress.
        **options: Arguments of the `Sequence` that is made where `data` is none, such as `rescale`.

    Returns:
        The report.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: There are no labels, the model does not fit them, or `slices` names nothing by
            which images differ.
        OSError: `path` cannot be written; `result` of an error at the end is the report.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((4, 8, 8, 3), np.uint8), ["cat", "dog", "dog", "cat"]
        >>> report = review(model, data, path=None, verbose=0)
        >>> report.confusion.values.tolist()
        [[2, 0], [2, 0]]

    Source: Handbook 2, parts 5 and 8; R13, R61, R62.
    """
    suspect = probability("review: suspect", suspect)
    if path is not None:
        check_writable(path)
    predictions = model
    if not isinstance(model, Predictions):
        predictions = predictions_of(model, data, verbose=verbose, **options)
    heads = [head for head in predictions.heads if head.labels is not None and head.kind != "masks"]
    if not heads:
        raise ValueError(
            f"A review compares predictions with labels, and {predictions.source!r} has none that "
            "an output of the model is for; masks are not reviewed. Give labels, or use predict."
        )
    source = predictions.source
    found = {trait.name: trait for trait in column_traits(source)}
    if measure:
        measured = measured_traits(source, n_jobs, verbose)
        found = {trait.name: trait for trait in measured} | found
    traits = chosen(found, slices)
    report = ReviewReport(predictions, tuple(Judged(head, traits, suspect) for head in heads))
    if path is not None:
        write_or_keep(report.to_html, path, report)
    return report
