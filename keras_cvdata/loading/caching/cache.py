"""Decoded images in place of files: what is kept, under which key, and whether it is enough."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from keras_cvdata import __version__, codec
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv.batches.ways import find_kept_ways
from keras_cvdata.engine.opencv.preshrink import Preshrink, shrink
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size
from keras_cvdata.loading.caching.entries import Kept
from keras_cvdata.sources.base import Source, fetch
from keras_cvdata.types import Array, Ints

_DRAWS = 2048  # among which the largest zoom of a chain is looked for


class Store(Protocol):
    """Where images are kept: `MemoryStore` or `DiskStore`."""

    @property
    def used(self) -> int:
        """Bytes that the images take."""

    def __len__(self) -> int:
        """Number of images."""

    def get(self, key: bytes) -> Kept | None:
        """The image under a key, where there is one."""

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an image, where there is room."""

    def room(self) -> int:
        """Bytes that the images may take in all."""


class Served(NamedTuple):
    """An image out of a cache, as `opencv.render` takes it.

    Attributes:
        pixels: (height, width, channels), never changed.
        size: (height, width) of the whole image.
        reduced: The whole image, where the pixels are fewer.
        read: When it had been read, as `time.perf_counter_ns` says.
        plan: What is still to be done.
    """

    pixels: Array
    size: Size
    reduced: opencv.Reduced | None
    read: int
    plan: Plan


class ImageCache:
    """Serves the images of a chain from a store, which it fills.

    What is kept is a function of the image and of the settings, and so are the pixels that come of
    it: they do not depend on what is in the store already, or on which process put it there.

    - Where a chain begins with steps that nothing is drawn for, such as the resize of a sequence
      without augmentation, what they make of an image is kept, or the decoded image where that is
      smaller. The pixels of batches are exactly those without a cache.
    - Otherwise decoded images are kept at the resolution that the largest zoom of the chain needs,
      see `Preshrink`; a side that would keep nine tenths of its pixels or more is left alone.

    Pixels keep their depth: uint8, uint16 or float32. It can be pickled and holds nothing of Keras.

    Args:
        store: Where images are kept.
        chain: What is done to each image.
        shape: (height, width, channels) of the images that the first layer sees.
        color_mode: Channels that decoding yields.
    """

    def __init__(
        self, store: Store, chain: Chain, shape: tuple[int, int, int], color_mode: str
    ) -> None:
        self.store = store
        self._color_mode = color_mode
        self._preshrink = None if chain.fixed else Preshrink(chain.opening(_DRAWS, *shape))
        if self._preshrink is not None:
            depends_on: Any = self._preshrink.key()
        else:
            drawn = chain.draw(np.zeros((1, chain.total_uniforms)), *shape[:2])
            depends_on = chain.prepare(drawn, *shape, steps=chain.fixed).head.steps
        settings = hashlib.blake2b(digest_size=16)
        decoders = __version__, cv2.__version__
        _digest((decoders, color_mode, chain.value_range, depends_on), settings.update)
        self._settings = settings.digest()

    def serve(
        self,
        source: Source,
        position: int,
        plan: Plan,
        slot: int,
        check: Callable[[Array], None],
    ) -> Served | None:
        """Take an image from the store, or read it and put it there.

        Args:
            source: Where the image comes from.
            position: Position of the sample in the source.
            plan: What happens to the images of a batch, a plan of the chain.
            slot: Which image of the batch this is.
            check: Refuses pixels that do not belong into the batch.

        Returns:
            The image; `None` where its version is not known, or where the draw needs more of it
            than any that the settings allow. Then it is to be read as without a cache.

        Raises:
            ImageError: It cannot be read.
        """
        version = source.version(position)
        if version is None:
            return None
        key = self._key(source, position, version)
        kept, read = self.store.get(key), time.perf_counter_ns()
        if kept is None:
            kept, read = self._make(source, position, plan, slot, check)
            if source.version(position) == version:  # not changed while it was read
                self.store.put(key, kept)
        else:
            check(kept.pixels)
        height, width, divisors = kept.whole.height, kept.whole.width, kept.whole.divisors
        preshrink, is_known = self._preshrink, (slot, height, width, *divisors) in plan.ways
        enough = preshrink is None or is_known or preshrink.suffices(plan, slot, height, width)
        if not enough:
            return None
        reduced = None if divisors == (1, 1) else kept.whole
        rest = plan.tail if kept.done else plan
        return Served(kept.pixels, (height, width), reduced, read, rest)

    @property
    def exact(self) -> bool:
        """Whether the pixels of batches are exactly those without a cache."""
        return self._preshrink is None or self._preshrink.exact

    def find_ways(self, plan: Plan, heights: Ints, widths: Ints) -> None:
        """Find the ways of the images of a batch that are served, as `opencv.find_ways` does."""
        if self._preshrink is None:
            opencv.find_ways(plan, heights, widths)
        else:
            find_kept_ways(plan, heights, widths, self._preshrink)

    def estimate(self, source: Source, position: int, plan: Plan, slot: int) -> tuple[int, float]:
        """Find out what keeping an image takes and saves.

        Args:
            source: As in `serve`.
            position: As in `serve`.
            plan: As in `serve`.
            slot: As in `serve`.

        Returns:
            Bytes that it takes, and the seconds of this thread that reading and decoding take.

        Raises:
            ImageError: It cannot be read.
        """
        start = time.thread_time()
        kept, _ = self._make(source, position, plan, slot, lambda _: None)
        return kept.pixels.nbytes, time.thread_time() - start

    def _key(self, source: Source, position: int, version: str) -> bytes:
        address = f"{source.max_pixels}\0{version}\0{source.name(position)}"
        named = hashlib.blake2b(self._settings, digest_size=16)
        named.update(address.encode(errors="surrogatepass"))
        return named.digest()

    def _make(
        self,
        source: Source,
        position: int,
        plan: Plan,
        slot: int,
        check: Callable[[Array], None],
    ) -> tuple[Kept, int]:
        """What is to be kept of an image, and when it had been read."""
        payload, read = fetch(source, position), time.perf_counter_ns()
        name = source.name(position)
        if isinstance(payload, bytes):
            header = codec.sniff(payload, name, max_pixels=source.max_pixels)
            height, width = header.height, header.width
            reduce = self._reduction(plan, slot, height, width)
            pixels = codec.read(payload, self._color_mode, reduce=reduce, name=name, header=header)
            reduce = 1 if pixels.shape[:2] == (height, width) else reduce
        else:
            pixels = codec.read(payload, self._color_mode, name=name)
            (height, width), reduce = pixels.shape[:2], 1
        check(pixels)
        whole = opencv.Reduced(height, width, reduce, reduce)
        if self._preshrink is None:
            return _after_head(pixels, whole, plan, slot), read
        size = self._preshrink.size(height, width)
        pixels, whole = shrink(pixels, size, whole)
        return Kept(np.ascontiguousarray(pixels), whole), read

    def _reduction(self, plan: Plan, slot: int, height: int, width: int) -> int:
        if self._preshrink is None:
            return opencv.reduction(plan, slot, height, width)
        return self._preshrink.reduction(height, width)


def _after_head(pixels: Array, whole: opencv.Reduced, plan: Plan, slot: int) -> Kept:
    """The image after the steps that nothing is drawn for, or before where that is smaller."""
    size: Any = whole.height, whole.width
    for step in plan.head.steps:
        size = step.size_after(size)
    if size[0] * size[1] > pixels.shape[0] * pixels.shape[1]:
        return Kept(pixels, whole)
    result = np.empty((*size, pixels.shape[2]), pixels.dtype)
    reduced = None if whole.divisor == 1 else whole
    opencv.render(pixels, plan.head, slot, result, reduced=reduced)
    return Kept(result, opencv.Reduced(whole.height, whole.width, 1, 1), plan.fixed)


def _digest(value: Any, update: Callable[[bytes], None]) -> None:
    """Feed all that makes up a value of settings to a hash."""
    if is_dataclass(value):
        update(type(value).__name__.encode())
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        value = sorted(value.items())
    if isinstance(value, tuple | list):
        update(b"(%d" % len(value))
        for each in value:
            _digest(each, update)
    elif isinstance(value, np.ndarray):
        update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
    else:
        update(f"{value!r};".encode())
