"""From positions to batches: draw, plan, and render the images of a batch on the pool."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine import opencv
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
from keras_cvdata.loading.sizes import KnownSizes
from keras_cvdata.loading.stats import Times
from keras_cvdata.loading.straight import straight_parts, straight_plan
from keras_cvdata.loading.threads import Job, Pool, prefetch
from keras_cvdata.loading.whole_batches import load_whole, takes_whole, together
from keras_cvdata.loading.workspace import Workspaces
from keras_cvdata.sources.base import Source
from keras_cvdata.stateless_random import Purpose, augmentation_uniforms, uniforms
from keras_cvdata.types import Array, Ints

# Images for which draws, matrices and ways are worked out together at most.
_PLANNED = 512


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


class _Planned(NamedTuple):
    """A batch that is planned, by itself or with others.

    Attributes:
        indices: The samples of the batch.
        plan: What happens to their images, and perhaps to those of other batches.
        first: Number of the first image of the batch in the plan.
        sizes: Sizes of the images, (B, 2); `None` where all are known.
        took: Nanoseconds that it took.
    """

    indices: BatchIndices
    plan: Plan
    first: int = 0
    sizes: Ints | None = None
    took: int = 0


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
        self.whole = takes_whole(source, how, chain)
        self._straight = straight_plan(source, how, chain, self.shape)
        self.workspaces = Workspaces()
        self.sizes = KnownSizes(len(source))

    def start(self, pool: Pool, epoch: int, indices: BatchIndices) -> Job[Images]:
        """Begin to load a batch and return at once.

        Args:
            pool: Threads that do the work.
            epoch: Number of the epoch, a word of the draws.
            indices: The samples of the batch.

        Returns:
            The job, whose result is the batch.
        """
        if isinstance(pool, ProcessPool):
            return self._start_in_processes(pool, epoch, indices)
        if self.whole:
            return pool.start(1, lambda _: self._load_whole(epoch, [indices]), _first)
        return next(self._start_each(pool, epoch, [indices]))

    def _start_each(
        self, pool: Pool, epoch: int, batches: Sequence[BatchIndices]
    ) -> Iterator[Job[Images]]:
        """Plan batches together, and begin to load one each time that one is asked for."""
        return (self._start(pool, epoch, planned) for planned in self._plan_each(epoch, batches))

    def _plan_each(self, epoch: int, batches: Sequence[BatchIndices]) -> Iterator[_Planned]:
        """Plan batches together, in a fraction of the time that they take one by one.

        Where a layer changes, itself or by others, before all are asked for, the rest is planned
        one by one.
        """
        if self._straight is not None:
            yield from (_Planned(each, self._straight) for each in batches)
            return
        begun, indices = perf_counter_ns(), _joined(batches)
        settings, plan = self.chain.settings(), self.plan(epoch, indices)
        sizes = self._find_ways(plan, indices.positions)
        took, first = (perf_counter_ns() - begun) // len(batches), 0
        for number, each in enumerate(batches):
            if number and not _same(settings, self.chain.settings()):
                for alone in batches[number:]:
                    yield from self._plan_each(epoch, [alone])
                return
            stop = first + len(each.positions)
            own = None if sizes is None else sizes[first:stop]
            yield _Planned(each, plan, first, own, took)
            first = stop

    def _start(self, pool: Pool, epoch: int, planned: _Planned) -> Job[Images]:
        begun, (indices, plan, first, sizes, took) = perf_counter_ns(), planned
        count = len(indices.positions)
        out = self._memory(count, sizes, first)
        fill = self._filler(plan, indices.positions, out)
        took += perf_counter_ns() - begun

        def finish(outcomes: list[Outcome]) -> Images:
            return self._finish(out, outcomes, epoch, indices, took)

        if self._straight is None:
            return pool.start(count, fill, finish)
        parts = max(1, min(pool.threads, count))
        read = straight_parts(self.source, indices.positions, out, fill, parts)
        return pool.start(parts, read, lambda found: finish([*chain(*found)]))

    def _start_in_processes(
        self, pool: ProcessPool, epoch: int, indices: BatchIndices
    ) -> Job[Images]:
        begun, positions = perf_counter_ns(), indices.positions.tolist()
        plan = self.plan(epoch, indices)
        pieces = Pieces(pool, self, plan, self._room(len(positions)), positions)
        planned = perf_counter_ns() - begun

        def finish(parts: list[list[Outcome]]) -> Images:
            return self._finish(pieces.memory, [*chain(*parts)], epoch, indices, planned)

        return pool.start(len(pieces.runs), pieces.render, finish, pieces.begin_anew_where_forked)

    def stream(
        self, pool: Pool, batches: Iterable[tuple[int, BatchIndices]], ahead: int
    ) -> Iterator[Images]:
        """Load batches in order, the next ones ahead of time.

        Args:
            pool: Threads that do the work.
            batches: For each batch the number of its epoch, a word of the draws, and its samples.
            ahead: Number of batches to begin beyond the one that is waited for. Of small images,
                as many as are made together are begun. With 0, each batch is planned by itself
                once it is asked for.

        Yields:
            The batches.
        """
        if not ahead or isinstance(pool, ProcessPool):
            yield from prefetch((self.start(pool, *each) for each in batches), ahead)
        elif self.whole:
            jobs = (self._start_together(pool, *group) for group in together(batches))
            for group in prefetch(jobs, 1):
                yield from group
        else:
            # Apart from those that are begun before the epoch ahead of them ends, at which a
            # callback may change the layers.
            plans = together(batches, _PLANNED, ahead + 1)
            groups = (self._start_each(pool, *each) for each in plans)
            yield from prefetch(chain.from_iterable(groups), ahead)

    def _start_together(
        self, pool: Pool, epoch: int, batches: Sequence[BatchIndices]
    ) -> Job[list[Images]]:
        return pool.start(1, lambda _: self._load_whole(epoch, batches), itemgetter(0))

    def _load_whole(self, epoch: int, batches: Sequence[BatchIndices]) -> list[Images]:
        """Load batches of small images on one thread; image by image only where it must be."""
        begun = perf_counter_ns()
        indices = _joined(batches)
        plan, count = self.plan(epoch, indices), len(indices.positions)
        out = self._memory(count)
        assert out.times is not None
        if load_whole(self.source, indices.positions, plan, out.pixels):
            outcomes = [Outcome(position) for position in indices.positions.tolist()]
            out.times[:, 2] = (perf_counter_ns() - begun) // count
        else:
            fill = self._filler(plan, indices.positions, out)
            outcomes = [fill(slot) for slot in range(count)]
        ends = np.cumsum([len(each.positions) for each in batches]).tolist()
        return [
            self._finish(
                BatchMemory(out.pixels[part], {}, out.times[part]), outcomes[part], epoch, each
            )
            for part, each in zip(map(slice, [0, *ends], ends), batches, strict=True)
        ]

    def _filler(self, plan: Plan, positions: Ints, out: BatchMemory) -> Callable[[int], Outcome]:
        """What fills one slot of a batch, given its number."""
        asked = positions.tolist()

        def fill(slot: int) -> Outcome:
            workspace, position = self.workspaces.lend(), asked[slot]
            filled = render_slot(self.source, plan, slot, position, out, self.how, workspace.empty)
            self.workspaces.give_back(workspace)
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

    def _room(self, count: int) -> dict[str, Any]:
        """What a `BatchMemory` holds, with shape and dtype in place of the pixels."""
        others = self.how.annotations
        annotations = {} if others is None else others.allocate(count, self.shape[:2])
        return {
            "pixels": Room((count, *self.shape), np.dtype(self.chain.output.dtype)),
            "annotations": annotations,
            "times": np.zeros((count, len(Times._fields)), np.int64),
        }

    def _memory(self, count: int, sizes: Ints | None = None, first: int = 0) -> BatchMemory:
        pixels, annotations, times = self._room(count).values()
        return BatchMemory(self.memory.empty(*pixels), annotations, times, sizes, first)

    def _find_ways(self, plan: Plan, positions: Ints) -> Ints | None:
        """Spare the threads what the sizes of images tell; give memory for those that are new."""
        if not plan.reduces:
            return None
        sizes = self.sizes.of(positions)
        if sizes.any():
            find_ways = opencv.find_ways if self.how.cache is None else self.how.cache.find_ways
            find_ways(plan, sizes[:, 0], sizes[:, 1])
        return None if sizes.all() else sizes

    def _finish(
        self,
        out: BatchMemory,
        outcomes: list[Outcome],
        epoch: int,
        indices: BatchIndices,
        planned: int = 0,
    ) -> Images:
        """Make a batch of its filled memory; `planned` are nanoseconds that it took before."""
        begun = perf_counter_ns() - planned
        images = _as_images(out, outcomes)
        if out.sizes is not None:
            self.sizes.note(images.positions, out.sizes)
        images = self._mix(images, epoch, indices)
        if self.rescale is not None:
            images = images._replace(pixels=self.rescale(images.pixels))
        return images._replace(times=_times(out, perf_counter_ns() - begun))

    def _mix(self, images: Images, epoch: int, indices: BatchIndices) -> Images:
        """Mix the images of a batch with each other."""
        if not self.mixers:
            return images
        words = (self.how.rows[indices.positions, None], indices.occurrences[:, None])
        for number, mixer in enumerate(self.mixers):
            draws = np.arange(mixer.total_uniforms)
            u = uniforms(self.seed, Purpose.MIX, epoch, *words, number, draws)
            p = mixer.draw(u, *self.shape[:2], np)
            images = images._replace(pixels=mix_images(images.pixels, p), mixes=(*images.mixes, p))
        return images


def _joined(batches: Sequence[BatchIndices]) -> BatchIndices:
    return BatchIndices(*map(np.concatenate, zip(*batches, strict=True)))


def _same(settings: list[Any], others: list[Any]) -> bool:
    return len(settings) == len(others) and all(map(operator.is_, settings, others))


def _first(outcomes: list[list[Images]]) -> Images:
    return outcomes[0][0]


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
    read, decode, augment = np.add.reduce(out.times).tolist()
    return Times(read, decode, augment + batch)
