"""From positions to batches: draw, plan, and render the images of a batch on the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine.array_api import Parameters
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.mixing import Mixer, mix_images
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.records import to_plain
from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.filling import BadImage, Outcome, accept
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.threads import Job, Pool, prefetch
from keras_cvdata.loading.whole_batches import load_whole, takes_whole, together
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
    """

    pixels: Array
    positions: Ints
    read: Array
    annotations: dict[str, Any]
    mixes: tuple[Parameters, ...] = ()

    def part(self, which: slice) -> Images:
        """Some of them, of images without annotations."""
        return Images(self.pixels[which], self.positions[which], self.read[which], {})


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
        self._whole = takes_whole(source, how, chain)

    def start(self, pool: Pool, epoch: int, indices: BatchIndices) -> Job[Images]:
        """Begin to load a batch and return at once.

        Args:
            pool: Threads that do the work.
            epoch: Number of the epoch, a word of the draws.
            indices: The samples of the batch.

        Returns:
            The job, whose result is the batch.
        """
        if self._whole:
            return pool.start(1, lambda _: self._load_whole(epoch, [indices]), _first)
        plan, out = self.plan(epoch, indices), self._allocate(len(indices.positions))

        def finish(outcomes: list[Outcome]) -> Images:
            return self._finish(_as_images(out, outcomes), epoch, indices)

        work = self._filler(plan, indices.positions, out)
        return pool.start(len(indices.positions), work, finish)

    def stream(
        self, pool: Pool, batches: Iterable[tuple[int, BatchIndices]], ahead: int
    ) -> Iterator[Images]:
        """Load batches in order, the next ones ahead of time.

        Args:
            pool: Threads that do the work.
            batches: For each batch the number of its epoch, a word of the draws, and its samples.
            ahead: Number of batches to begin beyond the one that is waited for. Of small images,
                as many as are made together are begun, unless it is 0.

        Yields:
            The batches.
        """
        if not self._whole or not ahead:
            yield from prefetch((self.start(pool, *each) for each in batches), ahead)
            return
        jobs = (self._start_together(pool, *group) for group in together(batches))
        for group in prefetch(jobs, 1):
            yield from group

    def _start_together(
        self, pool: Pool, epoch: int, batches: Sequence[BatchIndices]
    ) -> Job[list[Images]]:
        return pool.start(1, lambda _: self._load_whole(epoch, batches), itemgetter(0))

    def _load_whole(self, epoch: int, batches: Sequence[BatchIndices]) -> list[Images]:
        """Load batches of small images on one thread; image by image only where it must be."""
        indices = BatchIndices(*map(np.concatenate, zip(*batches, strict=True)))
        plan, out = self.plan(epoch, indices), self._allocate(len(indices.positions))
        if load_whole(self.source, indices.positions, plan, out.pixels):
            outcomes = [Outcome(position) for position in indices.positions.tolist()]
        else:
            fill = self._filler(plan, indices.positions, out)
            outcomes = [fill(slot) for slot in range(len(indices.positions))]
        images = _as_images(out, outcomes)
        ends = np.cumsum([len(each.positions) for each in batches]).tolist()
        parts = map(slice, [0, *ends], ends)
        return [
            self._finish(images.part(part), epoch, each)
            for part, each in zip(parts, batches, strict=True)
        ]

    def _filler(self, plan: Plan, positions: Ints, out: BatchMemory) -> Callable[[int], Outcome]:
        """What fills one slot of a batch, given its number."""
        asked = positions.tolist()

        def fill(slot: int) -> Outcome:
            filled = render_slot(self.source, plan, slot, asked[slot], out, self.how)
            return accept(filled, self.bad)

        return fill

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

    def _allocate(self, count: int) -> BatchMemory:
        pixels = self.memory.empty((count, *self.shape), self.chain.output.dtype)
        others = self.how.annotations
        return BatchMemory(pixels, {} if others is None else others.allocate(count, self.shape[:2]))

    def _finish(self, images: Images, epoch: int, indices: BatchIndices) -> Images:
        images = self._mix(images, epoch, indices)
        if self.rescale is None:
            return images
        return images._replace(pixels=self.rescale(images.pixels))

    def _mix(self, images: Images, epoch: int, indices: BatchIndices) -> Images:
        """Mix the images of a batch with each other."""
        words = (self.how.rows[indices.positions, None], indices.occurrences[:, None])
        for number, mixer in enumerate(self.mixers):
            draws = np.arange(mixer.total_uniforms)
            u = uniforms(self.seed, Purpose.MIX, epoch, *words, number, draws)
            p = mixer.draw(u, *self.shape[:2], np)
            images = images._replace(pixels=mix_images(images.pixels, p), mixes=(*images.mixes, p))
        return images


def _first(outcomes: list[list[Images]]) -> Images:
    return outcomes[0][0]


def _as_images(out: BatchMemory, outcomes: list[Outcome]) -> Images:
    return Images(
        out.pixels,
        np.array([outcome.position for outcome in outcomes], np.int64),
        np.array([outcome.bad is None for outcome in outcomes], bool),
        out.annotations,
    )
