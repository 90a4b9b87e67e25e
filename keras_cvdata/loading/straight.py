"""Pixels that a batch takes as they are stored: read into it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns

import numpy as np

from keras_cvdata.codec.colors import CHANNELS
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Resize
from keras_cvdata.loading.filling import Outcome
from keras_cvdata.loading.rendering import BatchMemory, Reading
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Ints


def straight_plan(
    source: Source, how: Reading, chain: Chain, shape: tuple[int, int, int]
) -> Plan | None:
    """Plan batches whose pixels are those of the source.

    Args:
        source: Where the images come from.
        how: How the samples are read.
        chain: What is done to each image.
        shape: (height, width, channels) of the images of the batch.

    Returns:
        The plan of every image and batch; None where the pixels are not uint8 of the size and the
        channels that are wanted, or masks, boxes, augmentation or scaling are in the way.
    """
    if source.dtype != np.uint8 or source.image_shape != shape or how.annotations is not None:
        return None
    if CHANNELS.get(how.color_mode, shape[2]) != shape[2] or chain.output.dtype != "uint8":
        return None
    plan = chain.plan(np.zeros((1, chain.total_uniforms)), *shape)
    same = all(isinstance(step, Resize) and step.size == shape[:2] for step in plan.uint8_steps)
    return plan if same else None


def straight_parts(
    source: Source,
    positions: Ints,
    out: BatchMemory,
    fill: Callable[[int], Outcome],
    parts: int,
) -> Callable[[int], list[Outcome]]:
    """Make what reads the parts of a batch.

    Args:
        source: Where the images come from.
        positions: Positions of the samples, (B,).
        out: Memory of the batch.
        fill: Fills one slot by itself, where a part cannot be read at once.
        parts: Number of parts.

    Returns:
        From the number of a part to what became of its slots.
    """
    count = len(positions)

    def read(part: int) -> list[Outcome]:
        begin, end = part * count // parts, (part + 1) * count // parts
        some, begun = positions[begin:end], perf_counter_ns()
        if source.fetch_into(some, out.pixels[begin:end]):
            if out.times is not None:
                out.times[begin, 0] = perf_counter_ns() - begun
            return [Outcome(position) for position in some.tolist()]
        return [fill(slot) for slot in range(begin, end)]

    return read
