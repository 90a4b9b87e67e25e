"""From positions to batches: draw, plan, and render the images of a batch on the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine.array_api import Parameters
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.mixing import Mixer, mix_images
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.records import to_plain
from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.filling import BadImage, Outcome, accept
from keras_cvdata.loading.processes import Pieces, ProcessPool, Room
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.stats import Times
from keras_cvdata.loading.threads import Job, Pool
from keras_cvdata.sources.base import Source
from keras_cvdata.stateless_random import Purpose, augmentation_uniforms, uniforms
from keras_cvdata.types import Array, Ints


class Images(NamedTuple):
    """The images of one batch.

    Attributes:
        pixels: (B, height, width, channels), written to by nobody else as long as anything holds
            them.
        positions: (B,) positions that the pixels come from, substitutes included.
        read: (B,) bool, false where a substitute stands for an image that could not be read.
        annotations: Masks and boxes that follow the images, see `Annotations.allocate`.
        mixes: What each mixer drew, from which the labels can be mixed like the pixels.
        times: What the images took, on all threads together.
    """

    pixels: Array
    positions: Ints
    read: Array
    annotations: dict[str, Any]
    mixes: tuple[Parameters, ...] = ()
    times: Times = Times()


class Loader:
    """Turns samples of a source into rendered batches.

    Args:
        source: Where the images come from.
        chain: What is done to each image.
        how: How the samples are read.
        shape: (height, width, channels) of the images that the first layer sees.
        seed: Selects the draws.
        mixers: What mixes the images of a finished batch.
        rescale: Turns the pixels of a finished batch into those that a model sees.
    """

    def __init__(
        self,
        source: Source,
        chain: Chain,
        how: Reading,
        *,
        shape: tuple[int, int, int],
        seed: int,
        mixers: Sequence[Mixer] = (),
        rescale: Callable[[Array], Array] | None = None,
    ) -> None:
        self.source = source
        self.chain = chain
        self.seen = shape
        self.shape = (*chain.output_size(*shape[:2]), shape[2])
        self.seed = seed
        self.how = how
        self.mixers = tuple(mixers)
        self.rescale = rescale
        self.bad: dict[int, BadImage] = {}
        self.memory = BufferPool()

    def start(self, pool: Pool, epoch: int, indices: BatchIndices) -> Job[Images]:
        """Begin to load a batch and return at once.

        Args:
            pool: Threads that do the work.
            epoch: Number of the epoch, a word of the draws.
            indices: The samples of the batch.

        Returns:
            The job, whose result is the batch.
        """
        begun = perf_counter_ns()
        plan, positions = self.plan(epoch, indices), indices.positions.tolist()
        room = self._room(len(positions))
        planned = perf_counter_ns() - begun

        def finish(out: BatchMemory, outcomes: list[Outcome]) -> Images:
            begun = perf_counter_ns() - planned
            images = self._mix(_as_images(out, outcomes), epoch, indices)
            if self.rescale is not None:
                images = images._replace(pixels=self.rescale(images.pixels))
            return images._replace(times=_times(out, perf_counter_ns() - begun))

        if isinstance(pool, ProcessPool):
            pieces = Pieces(pool, self, plan, pool.allocate(room, plan), positions)
            shared = pieces.memory
            return pool.start(
                len(pieces.runs), pieces.render, lambda parts: finish(shared, [*chain(*parts)])
            )
        out = BatchMemory(self.memory.empty(*room.pop("pixels")), **room)

        def work(slot: int) -> Outcome:
            filled = render_slot(self.source, plan, slot, positions[slot], out, self.how)
            return accept(filled, self.bad)

        return pool.start(len(positions), work, lambda outcomes: finish(out, outcomes))

    def plan(self, epoch: int, indices: BatchIndices) -> Plan:
        """Draw the parameters of a batch and plan its rendering."""
        return self.chain.plan(self._uniforms(epoch, indices), *self.seen)

    def parameters(self, epoch: int, indices: BatchIndices) -> list[dict[str, Any]]:
        """What the first of some samples gets, as plain numbers; see `records.to_plain`."""
        drawn = self.chain.draw(self._uniforms(epoch, indices), *self.seen[:2])
        return to_plain(self.chain, drawn, 0)

    def _uniforms(self, epoch: int, indices: BatchIndices) -> Array:
        rows, keys = self.how.rows[indices.positions], self.chain.uniform_keys
        return augmentation_uniforms(self.seed, epoch, rows, indices.occurrences, keys)

    def _room(self, count: int) -> dict[str, Any]:
        """What a `BatchMemory` holds, with shape and dtype in place of the pixels."""
        others = self.how.annotations
        annotations = {} if others is None else others.allocate(count, self.shape[:2])
        return {
            "pixels": Room((count, *self.shape), np.dtype(self.chain.output.dtype)),
            "annotations": annotations,
            "times": np.zeros((count, len(Times._fields)), np.int64),
        }

    def _mix(self, images: Images, epoch: int, indices: BatchIndices) -> Images:
        """Mix the images of a batch with each other."""
        words = (self.how.rows[indices.positions, None], indices.occurrences[:, None])
        for number, mixer in enumerate(self.mixers):
            draws = np.arange(mixer.total_uniforms)
            u = uniforms(self.seed, Purpose.MIX, epoch, *words, number, draws)
            p = mixer.draw(u, *self.shape[:2], np)
            images = images._replace(pixels=mix_images(images.pixels, p), mixes=(*images.mixes, p))
        return images


def _as_images(out: BatchMemory, outcomes: list[Outcome]) -> Images:
    return Images(
        out.pixels,
        np.array([outcome.position for outcome in outcomes], np.int64),
        np.array([outcome.bad is None for outcome in outcomes], bool),
        out.annotations,
    )


def _times(out: BatchMemory, batch: int) -> Times:
    """What the images took, and the nanoseconds that went into the batch as a whole."""
    assert out.times is not None
    read, decode, augment = out.times.sum(axis=0).tolist()
    return Times(read, decode, augment + batch)
