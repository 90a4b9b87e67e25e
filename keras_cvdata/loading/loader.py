"""From positions to pixels: read, decode and render the images of a batch on the pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata import codec
from keras_cvdata.engine import opencv
from keras_cvdata.engine.array_api import Parameters
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.mixing import Mixer, mix_images
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.records import to_plain
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.loading.threads import Job, Pool
from keras_cvdata.sources.base import Source
from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array, ImageError, Ints

# Words that keep the draws of different purposes apart (order.py holds 1 and 2, substitution.py 4).
AUGMENT, MIX = 3, 5


class BadImage(NamedTuple):
    """An image that could not be read, and why."""

    row: int
    name: str
    reason: str


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


class Loader:
    """Turns samples of a source into rendered batches.

    Args:
        source: Where the images come from.
        chain: What is done to each image.
        shape: (height, width, channels) of the images that the first layer sees.
        color_mode: Channels that decoding yields: "rgb", "grayscale", "rgba" or "unchanged".
        seed: Selects the draws.
        substitute: Put another sample of the class in the place of one that cannot be read.
        annotations: Masks and boxes of the rows of the source, where there are any.
        mixers: What mixes the images of a finished batch.
    """

    def __init__(
        self,
        source: Source,
        chain: Chain,
        shape: tuple[int, int, int],
        color_mode: str,
        seed: int,
        substitute: bool,
        annotations: Annotations | None = None,
        mixers: Sequence[Mixer] = (),
    ) -> None:
        self.source = source
        self.chain = chain
        self.seen = shape
        self.shape = (*chain.output_size(*shape[:2]), shape[2])
        self.color_mode = color_mode
        self.seed = seed
        self.substitute = substitute
        self.annotations = annotations
        self.mixers = tuple(mixers)
        self.rows = source.rows
        self.bad: dict[int, BadImage] = {}
        self._substitutes = Substitutes(len(source), source.codes, seed)
        self._memory = BufferPool()

    def start(self, pool: Pool, epoch: int, slots: BatchIndices) -> Job[Images]:
        """Begin to load a batch and return at once.

        Args:
            pool: Threads that do the work.
            epoch: Number of the epoch, a word of the draws.
            slots: The samples of the batch.

        Returns:
            The job, whose result is the batch.
        """
        plan = self.plan(epoch, slots)
        count = len(slots.positions)
        images = Images(
            self._memory.empty((count, *self.shape), self.chain.output.dtype),
            slots.positions.copy(),
            np.ones(count, bool),
            {} if self.annotations is None else self.annotations.allocate(count, self.shape[:2]),
        )
        finish = (lambda filled: self._mix(filled, epoch, slots)) if self.mixers else None
        return pool.start(count, lambda slot: self._fill(images, plan, slot), images, finish)

    def plan(self, epoch: int, slots: BatchIndices) -> Plan:
        """Draw the parameters of a batch and plan its rendering."""
        return self.chain.plan(self._uniforms(epoch, slots), *self.seen)

    def parameters(self, epoch: int, slots: BatchIndices) -> list[dict[str, Any]]:
        """What the first of some samples gets, as plain numbers; see `replay.to_plain`."""
        drawn = self.chain.draw(self._uniforms(epoch, slots), *self.seen[:2])
        return to_plain(self.chain, drawn, 0)

    def _uniforms(self, epoch: int, slots: BatchIndices) -> Array:
        words = (self.rows[slots.positions, None], slots.occurrences[:, None])
        layer, draw = self.chain.uniform_keys.T
        return uniforms(self.seed, AUGMENT, epoch, *words, layer, draw)

    def _mix(self, images: Images, epoch: int, slots: BatchIndices) -> Images:
        """Mix the images of a batch with each other."""
        for number, mixer in enumerate(self.mixers):
            words = (self.rows[slots.positions, None], slots.occurrences[:, None])
            u = uniforms(self.seed, MIX, epoch, *words, number, np.arange(mixer.total_uniforms))
            p = mixer.draw(u, *self.shape[:2], np)
            images = images._replace(pixels=mix_images(images.pixels, p), mixes=(*images.mixes, p))
        return images

    def _fill(self, images: Images, plan: Plan, slot: int) -> None:
        """Render one image into its slot, or a substitute where that is allowed."""
        asked = int(images.positions[slot])
        try:
            self._render(asked, plan, slot, images)
        except ImageError as error:
            row = int(self.rows[asked])
            self.bad[row] = BadImage(row, error.name, error.reason)
            if not self.substitute:
                raise ImageError(error.name, error.reason, row) from error
            images.positions[slot] = self._substitutes.read(
                asked,
                ImageError(error.name, error.reason, row),
                lambda position: self._render(position, plan, slot, images),
            )
            images.read[slot] = False
        except Exception as error:  # of a function in `augment`, for example
            error.add_note(
                f"This happened with {self.source.name(asked)} (row {self.rows[asked]})."
            )
            raise

    def _render(self, position: int, plan: Plan, slot: int, images: Images) -> None:
        payload = self.source.fetch(position)
        name = self.source.name(position)
        header, reduce = None, 1
        if isinstance(payload, bytes):
            header = codec.sniff(payload, name)
            if plan.reduces:
                reduce = opencv.reduction(plan, slot, header.height, header.width)
        image = codec.read(payload, self.color_mode, reduce=reduce, name=name, header=header)
        if image.shape[2] != self.shape[2]:
            raise ImageError(
                name,
                f"it has {image.shape[2]} channels where the batch has {self.shape[2]}. Set "
                "color_mode to 'rgb', 'grayscale' or 'rgba' to bring all images to one form.",
            )
        size, reduced = image.shape[:2], None
        if header is not None and size != (header.height, header.width):
            size = header.height, header.width
            reduced = opencv.Reduced(*size, reduce)
        opencv.render(image, plan, slot, images.pixels[slot], reduced=reduced)
        if self.annotations is not None:
            row = int(self.rows[position])
            self.annotations.fill(images.annotations, slot, row, plan, size, self.shape[:2])
