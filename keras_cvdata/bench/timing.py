"""Measurements: passes over a sequence, files that are read from the disk, steps of a model."""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np

from keras_cvdata.loading.threads import Pool
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import Source

_WARM_UP, _STEPS = 2, 50


@dataclass
class Timing:
    """What passes with one setting took, round after round.

    Attributes:
        setting: What was changed.
        threads: Number of threads.
        sequence: What the passes go over.
        seconds: Of each pass.
        cpu: Seconds of the processor, of all threads together, of each pass.
    """

    setting: str
    threads: int
    sequence: Sequence
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def images(self) -> int:
        """Images of a pass."""
        return len(self.sequence.source)

    @property
    def images_per_second(self) -> float:
        """Of the median round."""
        return self.images / statistics.median(self.seconds)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the processor for an image, in the round that took least."""
        return min(self.cpu) / self.images * 1e3

    @property
    def spread(self) -> float:
        """How far the fastest and the slowest round are apart, as a share of the median."""
        return (max(self.seconds) - min(self.seconds)) / statistics.median(self.seconds)

    def gain_over(self, other: Timing) -> float:
        """How many times as fast it is as another, rather too low than too high.

        On a busy machine the rates of two passes say little. It is the lower quartile of the rounds
        and, on as many threads, no more than the work of the processor is less.

        Args:
            other: What was measured in the same rounds.

        Returns:
            The gain, 1 for no change.
        """
        ours, theirs = np.array(self.seconds) / self.images, np.array(other.seconds) / other.images
        gain = float(np.percentile(theirs / ours, 25))
        return min(gain, other.cpu_ms / self.cpu_ms) if self.threads == other.threads else gain

    def run(self, keep: bool = True) -> None:
        """Go over the sequence once.

        Args:
            keep: Whether it counts; a first pass warms up.
        """
        begun, cpu = time.perf_counter(), time.process_time()
        for _ in self.sequence:
            pass
        if keep:
            self.seconds.append(time.perf_counter() - begun)
            self.cpu.append(time.process_time() - cpu)


def stage_ms(timing: Timing) -> dict[str, float]:
    """Milliseconds of the processor that each stage of an image takes.

    Args:
        timing: Passes on one thread, whose clock tells the share of each stage.

    Returns:
        "read", "decode", "augment", and the "rest", which makes batches of images.
    """
    stats = timing.sequence.stats()
    walls = {"read": stats.read_ms, "decode": stats.decode_ms, "augment": stats.augment_ms}
    wall = max(timing.seconds[-1] / timing.images * 1e3, sum(walls.values()))
    found = {name: timing.cpu_ms * ms / wall for name, ms in walls.items()}
    return {**found, "rest": timing.cpu_ms - sum(found.values())}


def forget_files(source: Source) -> bool:
    """Have the operating system read the files of a source from the disk again.

    Args:
        source: The images.

    Returns:
        Whether that can be: the system is Linux, and the images are files of their own.
    """
    if sys.platform != "linux":
        return False
    names = [source.name(position) for position in range(len(source))]
    if not all(map(os.path.isfile, names)):
        return False
    for name in names:
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    return True


@dataclass(frozen=True)
class ModelSteps:
    """What a model takes for a batch that is there already.

    Attributes:
        way: Whether it trained, or predicted since it cannot be trained.
        seconds: Of the median step.
        images_per_second: What it could take if data never held it up.
    """

    way: Literal["train", "predict"]
    seconds: float
    images_per_second: float


def model_steps(model: Any, images: Any, seconds: float) -> ModelSteps:
    """Measure the steps of a model, which stays as it is.

    Args:
        model: Keras model. Where it is compiled, a copy of it trains.
        images: A batch.
        seconds: How long at most, but for the first steps, which compile.

    Returns:
        What a step takes.
    """
    way: Literal["train", "predict"] = "predict"
    step = model.predict_on_batch
    if getattr(model, "compiled", False):
        try:
            twin = keras.models.clone_model(model)
            twin.compile_from_config(model.get_compile_config())
            targets = _targets(model, images)
            twin.train_on_batch(images, targets)
            way, step = "train", lambda batch: twin.train_on_batch(batch, targets)
        except Exception:  # of a model of any kind, with losses of any kind
            way = "predict"
    for _ in range(_WARM_UP):
        step(images)
    taken: list[float] = []
    while len(taken) < _STEPS and (not taken or sum(taken) < seconds):
        begun = time.perf_counter()
        step(images)
        taken.append(time.perf_counter() - begun)
    median = statistics.median(taken)
    return ModelSteps(way, median, len(images) / median)


def _targets(model: Any, images: Any) -> Any:
    """Something that the losses of a model take: of its outputs' shapes, or their classes."""
    sparse = "sparse" in str(model.get_compile_config().get("loss", "")).lower()
    outputs = model.predict_on_batch(images)
    return keras.tree.map_structure(
        lambda out: np.zeros(out.shape[:-1], np.int32) if sparse else np.zeros_like(out), outputs
    )


def with_threads(sequence: Sequence, threads: int) -> Sequence:
    """The same sequence on threads of its own, another number of them."""
    return sequence._with(sequence.source, threads=threads, _pool=Pool(threads))


def spread_over(count: int, wanted: int) -> Any:
    """Positions of a sample that is spread evenly over a collection.

    Args:
        count: Size of the collection.
        wanted: Size of the sample, at most.

    Returns:
        (M,) int64.

    Example:
        >>> spread_over(10, 5).tolist()
        [0, 2, 4, 6, 8]
    """
    size = min(count, wanted)
    return np.arange(size, dtype=np.int64) * count // size
