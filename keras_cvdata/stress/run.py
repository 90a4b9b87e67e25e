"""Runs a stress test: one model, all images, every perturbation at every severity."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.labels import default_mode
from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.progress import say, track
from keras_cvdata.review.outputs import sequence_of
from keras_cvdata.review.predictions import predictions_of
from keras_cvdata.sequences import Sequence as ImageSequence
from keras_cvdata.single_image import apply
from keras_cvdata.stress.chunks import Chunks
from keras_cvdata.stress.family import Family
from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.scoring import HeadScore, Line, score
from keras_cvdata.stress.suites import suite_of
from keras_cvdata.types import Array, ImageError, Range, full_scale

_SIDE = 128  # pixels of the pictures of a page


class _Task(NamedTuple):
    """One line of the table."""

    perturbation: str
    severity: int
    augment: list[Any]
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
    class_names: Any = None,
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
        suite: "handbook" (the negative, four shifts, low contrast), "digits" (MNIST-C), "photo"
            (ImageNet-C), "geometry", "background"; or perturbations by name: a layer, a list of
            layers and functions of one image, a function that takes a severity and returns such a
            list, or a `Family`.
        severities: Which severities; a perturbation that has only one is tested at that.
        baseline: Another model, which is tested alike, or its report: what errors are compared
            with.
        seed: Selects what perturbations draw.
        class_names: Names of the classes in the order of the outputs of the model; by default those
            of the labels.
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
         'shift down': 0.75, 'low contrast': 0.75}

    Source: D. Hendrycks and T. Dietterich, Benchmarking Neural Network Robustness to Common
        Corruptions and Perturbations, 2019; Handbook 2, part 8; R82, R94 to R96.
    """
    integer("seed", seed, 0)
    numbers = sorted({integer("severities", severity, 1) for severity in severities})
    sequence = _sequence_of(model, data, options)
    families = suite_of(_with_functions(suite, numbers), min(sequence.image_shape[:2]))
    name = suite if isinstance(suite, str) else "own"
    test = _Test(name, families, list(_tasks(families, numbers)), seed, verbose)
    report = test.run(model, sequence, class_names)
    if baseline is not None:
        if not isinstance(baseline, StressReport):
            baseline = test.run(baseline, sequence, class_names)
        report = report.against(baseline)
    if verbose:
        say(report.summary())
    return report


@dataclass(frozen=True)
class _Test:
    """What is done to the images, whatever model is tested."""

    suite: str
    families: Mapping[str, Family]
    tasks: Sequence[_Task]
    seed: int
    verbose: int

    def run(self, model: Any, sequence: ImageSequence, class_names: Any) -> StressReport:
        """Test a model."""
        found: list[tuple[HeadScore, ...]] = []
        pictures: dict[tuple[str, int], Array] = {}
        chunks = Chunks(sequence, as_uint8=self._wants_uint8(sequence))
        for chunk in chunks:
            told = f"Testing {len(chunk.source)} images"
            tasks = track(self.tasks, told, verbose=self.verbose)
            heads = [self._heads(model, chunk, task, chunks.later, class_names) for task in tasks]
            found = [_plus(*pair) for pair in zip(found, heads, strict=True)] if found else heads
            pictures = pictures or self._pictures(chunk)
        if not found:
            first = chunks.bad[0]
            raise ImageError(first.name, f"{first.reason} No image could be read", first.row)
        lines = tuple(
            Line(task.perturbation, task.severity, score, task.strength, task.unit)
            for task, score in zip(self.tasks, found, strict=True)
        )
        unread = {bad.name: bad.reason for bad in chunks.bad}
        return StressReport(self.suite, self.seed, lines, unread, None, self.families, pictures)

    def _heads(
        self, model: Any, chunk: ImageSequence, task: _Task, later: Sequence[Any], class_names: Any
    ) -> tuple[HeadScore, ...]:
        predictions = predictions_of(
            model, chunk, augment=[*task.augment, *later], seed=self.seed, class_names=class_names
        )
        return score(predictions.heads)

    def _pictures(self, chunk: ImageSequence) -> dict[tuple[str, int], Array]:
        """One image under each perturbation, small."""
        source = chunk.source
        image, row = np.asarray(source.fetch(0)), int(source.rows[0])
        value_range = chunk.value_range or source.value_range
        return {
            (task.perturbation, task.severity): _small(
                apply(task.augment, image, seed=self.seed, row=row, value_range=value_range)[0],
                value_range,
            )
            for task in self.tasks
        }

    def _wants_uint8(self, sequence: ImageSequence) -> bool:
        """Whether perturbations take 8 bits only, and the model does not see the difference."""
        relative = isinstance(sequence.rescale, str) or sequence.standardize is not None
        return relative and any(
            part.form == "call"
            for task in self.tasks
            for layer in parse_layers(task.augment)
            for part in layer.flatten()
        )


def _tasks(families: Mapping[str, Family], severities: Sequence[int]) -> Iterator[_Task]:
    yield _Task("clean", 0, [])
    for name, family in families.items():
        known = family.severities
        # One that has a single strength is tested at that, whatever was asked for.
        chosen = known if len(known) == 1 else [s for s in severities if s in known]
        if not chosen:
            raise ValueError(
                f"The perturbation {name!r} has the severities {known}; got severities="
                f"{severities}. Ask for some of these."
            )
        for severity in chosen:
            strength = family.strength(severity) if family.unit else None
            yield _Task(name, severity, family(severity), strength, family.unit)


def _with_functions(suite: Any, severities: Sequence[int]) -> Any:
    """The suite, with families in the place of functions of the severity."""
    if not isinstance(suite, Mapping):
        return suite
    numbers = tuple((number,) for number in range(1, max(severities, default=1) + 1))
    return {
        name: Family(name, "", numbers, partial(_listed, made)) if _is_function(made) else made
        for name, made in suite.items()
    }


def _listed(function: Callable[[int], Any], severity: int) -> list[Any]:
    made = function(severity)
    return list(made) if isinstance(made, list | tuple) else [made]


def _is_function(made: Any) -> bool:
    return inspect.isroutine(made) or isinstance(made, partial)


def _sequence_of(model: Any, data: Any, options: dict[str, Any]) -> ImageSequence:
    """The sequence to test on, with labels."""
    sequence = sequence_of(model, data, options)
    if not isinstance(data, ImageSequence) and "label_mode" not in options:
        columns = sequence.source.labels
        modes = {name: default_mode(column) for name, column in columns.items()}
        mode = modes if len(modes) > 1 else next(iter(modes.values()), None)
        sequence = sequence._with(sequence.source, label_mode=mode)
    if sequence._annotations:
        raise ValueError(
            "A stress test compares classes, several labels or numbers; this sequence has masks or "
            "boxes, which do not follow every perturbation. Leave them out: masks=None, boxes=None."
        )
    if not sequence._targets or sequence.label_mode == "input":
        raise ValueError(
            "A stress test compares predictions with labels, and the sequence has none: label_mode="
            f"{sequence.label_mode!r}. Give labels, and a label_mode for them."
        )
    return sequence


def _plus(one: Sequence[HeadScore], other: Sequence[HeadScore]) -> tuple[HeadScore, ...]:
    return tuple(a.plus(b) for a, b in zip(one, other, strict=True))


def _small(pixels: Array, value_range: Range | None) -> Array:
    """Pixels as a small uint8 RGB picture."""
    low, high = value_range or (0.0, full_scale(pixels.dtype))
    if pixels.dtype != np.uint8:
        pixels = np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    scale = min(_SIDE / max(pixels.shape[:2]), 1.0)
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    return pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
