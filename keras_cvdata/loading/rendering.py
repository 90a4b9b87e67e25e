"""From a position to pixels: read, decode and render one image into its slot of a batch."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata import codec
from keras_cvdata.engine import opencv
from keras_cvdata.engine.output import check_floats
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.caching.cache import ImageCache
from keras_cvdata.loading.depths import Depth
from keras_cvdata.loading.filling import Outcome, fill
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.sources.base import Source, fetch
from keras_cvdata.types import NO_MEMORY, Array, Empty, ImageError, Ints


class Reading(NamedTuple):
    """How the samples of a source are read. It can be pickled and holds nothing of Keras.

    Attributes:
        color_mode: Channels that decoding yields: "rgb", "grayscale", "rgba" or "unchanged".
        rows: Row of each sample of the source, (N,).
        annotations: Masks and boxes of the rows, where there are any.
        substitutes: What stands in the place of samples that cannot be read; `None` for an error.
        depth: Depth by which all images count; `None` where each counts by its own.
        cache: What keeps decoded images.
    """

    color_mode: str
    rows: Ints
    annotations: Annotations | None = None
    substitutes: Substitutes | None = None
    depth: Depth | None = None
    cache: ImageCache | None = None


class BatchMemory(NamedTuple):
    """Memory of a batch in the making; each slot is written to by one call of `render_slot`.

    Attributes:
        pixels: (B, height, width, channels).
        annotations: See `Annotations.allocate`.
        times: (B, 3) int64 of zeros for the `Times` of each image, where they are wanted.
        sizes: (B, 2) heights and widths of the whole images, where they are wanted.
        first: Number of the first image in the plan, which may be that of several batches.
    """

    pixels: Array
    annotations: dict[str, Any]
    times: Array | None = None
    sizes: Ints | None = None
    first: int = 0


def render_slot(
    source: Source,
    plan: Plan,
    slot: int,
    position: int,
    out: BatchMemory,
    how: Reading,
    empty: Empty = np.empty,
) -> Outcome:
    """Render one image into its slot, or a substitute where that is allowed.

    It is a pure function but for the memory of this slot, which it fills: any thread or process may
    call it, in any order, and it needs no framework.

    Args:
        source: Where the image comes from.
        plan: What happens to the images of the batch, and perhaps to others; see `BatchMemory`.
        slot: Which image of the batch this is.
        position: Position of the sample in the source.
        out: Memory of the batch.
        how: How samples are read.
        empty: Where memory for what is made on the way comes from; nothing of it is kept.

    Returns:
        What became of the slot; an image that cannot be read is part of it.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.sources import ArraySource
        >>> source = ArraySource(np.full((5, 4, 4, 3), 7, np.uint8))
        >>> plan = Chain([], size=(2, 2)).plan(np.empty((1, 0)), 2, 2, 3)
        >>> out = BatchMemory(np.zeros((1, 2, 2, 3), np.uint8), {})
        >>> outcome = render_slot(source, plan, 0, 4, out, Reading("rgb", source.rows))
        >>> outcome.position, outcome.bad, int(out.pixels.min())
        (4, None, 7)
    """
    row = int(how.rows[position])
    return fill(
        position,
        lambda other: _render(source, plan, slot, other, out, how, empty),
        row=row,
        name=source.name,
        substitutes=None if how.substitutes is None else how.substitutes.of,
    )


class Decoded(NamedTuple):
    """An image as a plan takes it.

    Attributes:
        pixels: (height, width, channels), smaller than the image where that is enough.
        size: (height, width) of the whole image.
        reduced: The whole image, where the pixels are fewer.
        read: When it had been read and was yet to be decoded, as `time.perf_counter_ns` says.
    """

    pixels: Array
    size: Size
    reduced: opencv.Reduced | None
    read: int = 0


def decode(
    source: Source,
    position: int,
    plan: Plan,
    slot: int,
    color_mode: str,
    empty: Empty = np.empty,
) -> Decoded:
    """Read one image, at a part of its size where a plan needs no more of it.

    Args:
        source: Where the image comes from.
        position: Position of the sample in the source.
        plan: What happens to the images of a batch.
        slot: Which image of the batch this is.
        color_mode: Channels that decoding yields; "rgbx" for those of "rgb", beside which a fourth
            of no meaning may come where the plan drops it.
        empty: Where memory for the pixels may come from.

    Returns:
        The image.

    Raises:
        ImageError: It cannot be read.
    """
    payload = fetch(source, position)
    read = perf_counter_ns()
    strictly = "rgb" if color_mode == "rgbx" else color_mode
    if not isinstance(payload, bytes):
        pixels = codec.read(payload, strictly, name=source.name(position))
        return Decoded(pixels, (pixels.shape[0], pixels.shape[1]), None, read)
    try:
        header = codec.sniff(payload, max_pixels=source.max_pixels)
        whole = header.height, header.width
        way = opencv.way_of(plan, slot, *whole)
        reduce = 1 if way is None else way.reduce
        mode = color_mode if way is not None and way.takes_four else strictly
        pixels = codec.decode(payload, mode, reduce=reduce, header=header, empty=empty)
    except MemoryError as error:
        raise ImageError(source.name(position), NO_MEMORY) from error
    except ImageError as error:  # only then is it worth to make the name
        raise ImageError(source.name(position), error.reason) from error.__cause__
    if pixels.shape[:2] == whole:
        return Decoded(pixels, whole, None, read)
    return Decoded(pixels, whole, opencv.Reduced(*whole, reduce), read)


def _render(
    source: Source,
    plan: Plan,
    slot: int,
    position: int,
    out: BatchMemory,
    how: Reading,
    empty: Empty,
) -> None:
    begun, b = perf_counter_ns(), out.first + slot
    image, size, reduced, read, rest = _fetch(source, plan, b, position, out, how, empty)
    decoded = perf_counter_ns()
    if out.sizes is not None:
        out.sizes[slot] = size
    mask = None
    if how.annotations is not None:
        row = int(how.rows[position])
        mask = how.annotations.mask(row, plan, size)
        if mask is not None and rest.needs_masks:
            told = opencv.with_mask(plan, mask, b, fill=how.annotations.classes.fill)
            rest = told if rest is plan else told.tail
    opencv.render(image, rest, b, out.pixels[slot], reduced=reduced, empty=empty)
    if how.annotations is not None:
        sizes = size, out.pixels.shape[1:3]
        how.annotations.fill(out.annotations, slot, row, plan, b, sizes, mask)
    if out.times is not None:
        out.times[slot] = read - begun, decoded - read, perf_counter_ns() - decoded


def _fetch(
    source: Source,
    plan: Plan,
    b: int,
    position: int,
    out: BatchMemory,
    how: Reading,
    empty: Empty,
) -> tuple[Array, Size, opencv.Reduced | None, int, Plan]:
    """Take an image from the cache, or read it: as `Served` has it."""
    channels, depth = out.pixels.shape[3], how.depth
    if how.cache is not None:

        def check(image: Array) -> None:
            _check(image, source, position, plan, channels, depth)

        served = how.cache.serve(source, position, plan, b, check)
        if served is not None:
            return served
    color_mode = "rgbx" if how.color_mode == "rgb" else how.color_mode
    decoded = decode(source, position, plan, b, color_mode, empty)
    if color_mode == "rgbx":
        channels = decoded.pixels.shape[2]
    _check(decoded.pixels, source, position, plan, channels, depth)
    return *decoded, plan


def _check(
    image: Array, source: Source, position: int, plan: Plan, channels: int, depth: Depth | None
) -> None:
    """Refuse pixels that do not belong into the batch."""
    if image.shape[2] != channels:
        raise ImageError(
            source.name(position),
            f"it has {image.shape[2]} channels where the batch has {channels}. Set color_mode to "
            "'rgb', 'grayscale' or 'rgba' to bring all images to one form.",
        )
    if image.dtype != np.uint8:
        check_floats(image, plan.value_range, source.name(position))
    if depth is not None:
        depth.compare(image, source.name(position), plan.output.span)
