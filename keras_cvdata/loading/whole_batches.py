"""Small images in memory, loaded a batch at a time: nothing is done for each of them alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from operator import itemgetter

import numpy as np

from keras_cvdata.codec.colors import CHANNELS
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv.batches import Together
from keras_cvdata.engine.plan import Plan
from keras_cvdata.loading.rendering import Reading
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array, Ints

# Pixels of an image up to which the calls cost more than what is done in them.
SMALL = 64 * 64

# Images that are loaded together at most.
_MOST_IMAGES = 256

# Pixels that are rendered at once: fresh memory for more would be cleared page by page.
_PART = 64 * 32 * 32

# What takes no longer than the calls that are saved. What takes longer is left to several threads,
# and so are functions of the user, which are called with one image at a time.
_FORMS = {"resize", "matrix", "region", "mix", "curve", "histogram", "kernel"}
_KERNELS = {"erasing", "gaussian_blur", "gaussian_noise", "grid_mask", "hue", "sharpness"}


def takes_whole(source: Source, how: Reading, chain: Chain) -> bool:
    """Say whether batches are tried as a whole.

    Args:
        source: Where the images come from.
        how: How the samples are read.
        chain: What is done to each image.

    Returns:
        Whether all images are small, of one size, uint8, of the channels that are wanted, and can
        be fetched together; and what is done to them takes little time and needs no masks or boxes.
    """
    shape = source.image_shape
    if shape is None or source.dtype != np.uint8 or math.prod(shape[:2]) > SMALL:
        return False
    channels = shape[2]
    as_wanted = channels in (1, 3, 4) and CHANNELS.get(how.color_mode, channels) == channels
    if not as_wanted or how.annotations is not None or not _FORMS.issuperset(chain.forms):
        return False
    kernels = {part.kernel for part in chain.parts if part.form == "kernel"}
    return kernels <= _KERNELS and source.fetch_together(np.empty(0, np.int64)) is not None


def together(
    batches: Iterable[tuple[int, BatchIndices]],
    images: int = _MOST_IMAGES,
    at_first: int | None = None,
) -> Iterator[tuple[int, list[BatchIndices]]]:
    """Gather neighbouring batches that are made together: what comes once a batch comes less often.

    Args:
        batches: For each batch the number of its epoch and its samples.
        images: How many images they may have together, where one batch has no more.
        at_first: How many batches of an epoch may come first, at least 1; no fewer by default.

    Yields:
        An epoch and one batch of it or more.
    """
    for epoch, run in itertools.groupby(batches, itemgetter(0)):
        most = at_first
        for _, first in run:
            count = max(1, images // len(first.positions))
            more = (count if most is None else min(count, most)) - 1
            yield epoch, [first, *(each for _, each in itertools.islice(run, more))]
            most = None


def load_whole(source: Source, positions: Ints, plan: Plan, out: Array) -> bool:
    """Load a batch as a whole.

    Args:
        source: Where the images come from.
        positions: Positions of the samples, (B,).
        plan: What happens to the images.
        out: (B, height, width, channels) of the batch, which is filled with the pixels that
            `render_slot` gives.

    Returns:
        Whether it is filled. Otherwise the images must be rendered by themselves, which also finds
        out of which of them an error came.
    """
    rendering, step = Together(plan), max(1, _PART // math.prod(out.shape[1:3]))
    try:
        for first in range(0, len(positions), step):
            images = source.fetch_together(positions[first : first + step])
            assert images is not None  # as of no samples
            images = images.reshape(*images.shape[:3], -1)
            rendering.render(images, first, out[first : first + step])
    except Exception:
        return False
    return True
