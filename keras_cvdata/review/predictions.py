"""Outputs of a model beside the names and labels of the images they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keras_cvdata.review.averaging import AS_IT_IS, Averaging
from keras_cvdata.review.columns import Labelling, columns_of, labelling_for, labelling_of
from keras_cvdata.review.heads import Head
from keras_cvdata.review.outputs import (
    Outputs,
    asked_of,
    outputs_of,
    outputs_of_moved,
    sequence_of,
    unread,
)
from keras_cvdata.review.reading import Reader, readers_of
from keras_cvdata.sequences import Sequence
from keras_cvdata.sequences.targets import Targets
from keras_cvdata.sources import Source
from keras_cvdata.types import Array

_BATCHES = 64  # that are in memory with all their looks before these are merged
_IMAGES = 2**17  # that are predicted together where a row of numbers is all that is kept of each


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model makes of every sample of a source, in the order of the source.

    Args:
        source: N samples.
        heads: One for each output of the model.
        reasons: Why images could not be read, by their position.
    """

    source: Source
    heads: tuple[Head, ...]
    reasons: Mapping[int, str]


def predictions_of(
    model: Any,
    data: Any,
    *,
    class_names: Any = None,
    augment: Any = None,
    averaging: Averaging | None = None,
    seed: int | None = None,
    verbose: Any = 0,
    **options: Any,
) -> Predictions:
    """Predict every image of a collection, once, in the order of the source.

    Args:
        model: Keras model.
        data: A sequence, whose augmentation, order and epoch length are left out; or a source, or
            what `open_source` opens.
        class_names: Names of the classes in the order of the outputs of the model; by default those
            of the labels. Of several heads a dict. Labels are matched by these names.
        augment: Layers or functions that change the images after all else; those that draw do so.
        averaging: Several looks at each image.
        seed: Selects what layers draw; by default that of the sequence.
        verbose: As of `predict`.
        **options: Arguments of the `Sequence` that is made where `data` is none, and of the source
            that is opened. `label_mode` is by default what fits the model.

    Returns:
        The predictions. Of a sequence with `on_error="raise"` an image that cannot be read raises
        its error; elsewhere it has a reason in the place of a prediction.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model does not fit the images or the labels, or an output is not finite.
        ImageError: See above; or no image can be read.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((3, 8, 8, 3), np.uint8), ["cat", "dog", "cat"]
        >>> [head] = predictions_of(model, data).heads
        >>> head.class_names, head.outputs.tolist()
        (('cat', 'dog'), [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
    """
    task = task_of(model, data, class_names, averaging or Averaging(), options)
    parts = list(parts_of(task, augment=augment, seed=seed, verbose=verbose))
    reasons: dict[int, str] = {}
    start = 0
    for part in parts:
        reasons |= {start + number: reason for number, reason in part.reasons.items()}
        start += len(part.source)
    heads = [_joined(heads) for heads in zip(*(part.heads for part in parts), strict=True)]
    return Predictions(task.sequence.source, tuple(heads), reasons)


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be predicted.

    Args:
        model: Keras model.
        sequence: The images.
        labelling: Their labels in the modes that somebody chose; None where nobody did.
        class_names: Argument of `predictions_of`.
        averaging: Several looks at each image.
    """

    model: Any
    sequence: Sequence
    labelling: Labelling | None
    class_names: Any
    averaging: Averaging

    @property
    def size(self) -> int:
        """Number of images that are predicted together."""
        count = len(self.sequence.source)
        return min(count, _BATCHES * self.sequence.batch_size if self.is_heavy else _IMAGES)

    @property
    def is_heavy(self) -> bool:
        """Whether much is kept of each image: masks, or several looks."""
        has_masks = self.sequence._annotations.masks is not None
        shape = getattr(self.model, "output_shape", None) if self.model.built else None
        is_image = isinstance(shape, tuple) and len(shape) == 4
        return has_masks or is_image or not self.averaging.is_trivial


def task_of(
    model: Any, data: Any, class_names: Any, averaging: Averaging, options: Mapping[str, Any]
) -> Task:
    """Bring model and data together.

    Args:
        model: Argument of `predictions_of`.
        data: Likewise.
        class_names: Likewise.
        averaging: Several looks at each image.
        options: Likewise.

    Returns:
        The task.

    Raises:
        TypeError: See `predictions_of`.
        ValueError: Likewise.
    """
    labelling = None
    if isinstance(data, Sequence):
        sequence = sequence_of(model, data, options)
        labelling = labelling_of(sequence)
    else:
        settings = {"on_error": "substitute", **options}
        settings.pop("label_mode", None)
        sequence = sequence_of(model, data, settings)
        if "label_mode" in options:
            targets = Targets(sequence.source.labels, options["label_mode"])
            labelling = Labelling(targets.columns, targets.modes)
    averaging.check(sequence.image_shape)
    return Task(model, sequence, labelling, class_names, averaging)


def parts_of(
    task: Task, *, augment: Any = None, seed: int | None = None, verbose: Any = 0
) -> Iterator[Predictions]:
    """Predict one part of the images after the other, so that not all must be in memory.

    Args:
        task: What is to be predicted.
        augment: Argument of `predictions_of`.
        seed: Likewise.
        verbose: Likewise.

    Yields:
        Predictions of the next images of the source.
    """
    layers = [layer for layer in (augment, task.averaging.layers) if layer is not None]
    readers: list[Reader] = []
    count = len(task.sequence.source)
    for start in range(0, count, task.size):
        positions = np.arange(start, min(start + task.size, count))
        asked = asked_of(task.sequence, positions, augment=layers, seed=seed)
        looks, masks = _looks_at(task, asked, verbose)
        why = unread(asked)
        if masks is not None:
            masks[list(why)] = -1
        readers = readers or _settle(task, looks[0])
        heads = []
        for reader in readers:
            each = [reader.read(outputs[reader.output]) for outputs in looks]
            heads.append(reader.head(task.averaging.merged(reader.kind, each), positions, masks))
        yield Predictions(asked.source, tuple(heads), why)


def _looks_at(task: Task, asked: Sequence, verbose: Any) -> tuple[list[Outputs], Array | None]:
    """Outputs of each look at some images, and their masks."""
    moves, annotations = task.averaging.moves, asked._annotations
    draws = range(task.averaging.draws)
    if annotations.masks is None and moves == (AS_IT_IS,):
        return [outputs_of(task.model, asked, verbose) for _ in draws], None
    masks: list[Array] = []

    def keep(batch: Any) -> None:
        if annotations.masks is not None:
            y = batch[1]["segmentation_masks"] if isinstance(batch[1], dict) else batch[1]
            numbers = y[..., 0].astype(np.int32)
            masks.append(np.where(numbers == annotations.classes.ignore, -1, numbers))

    looks = [
        outputs
        for _ in draws
        for outputs in outputs_of_moved(task.model, asked, moves, keep, verbose)
    ]
    return looks, np.concatenate(masks)[: len(asked.source)] if masks else None  # of one draw


def _settle(task: Task, outputs: Outputs) -> list[Reader]:
    labelling = task.labelling or labelling_for(task.sequence.source.labels, outputs)
    columns = columns_of(labelling, outputs)
    first = task.sequence.data_format == "channels_first"
    readers = readers_of(task.model, outputs, columns, task.class_names, first)
    for reader in readers:
        task.averaging.check_kind(reader.kind)
    return readers


def _joined(heads: tuple[Head, ...]) -> Head:
    """One head of those of all parts."""
    if len(heads) == 1:
        return heads[0]
    labels = [head.labels for head in heads if head.labels is not None]
    return replace(
        heads[0],
        labels=np.concatenate(labels) if labels else None,
        outputs=np.concatenate([head.outputs for head in heads]),
        losses=np.concatenate([head.losses for head in heads]),
    )
