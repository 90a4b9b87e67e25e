"""Brightness of a batch of small images: one table for all, or a row of tables."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.engine.array_api import to_levels
from keras_cvdata.engine.histograms import contrast_about
from keras_cvdata.engine.opencv.batches.one_by_one import one_by_one
from keras_cvdata.engine.opencv.colors import apply_lookups
from keras_cvdata.engine.opencv.geometry import Place
from keras_cvdata.engine.opencv.sampling import if_fits
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import Histogram
from keras_cvdata.types import Array

_LEVELS = np.arange(256, dtype=np.uint8)[None, :, None]


def look_up_together(
    run: Lookups, pixels: Array, first: int, plan: Plan, out: Array | None
) -> Array:
    """Look uint8 pixels up in the tables that a run of curves makes.

    Args:
        run: Neighbouring steps that are one table.
        pixels: (n, height, width, channels) uint8; never changed.
        first: Number of the first image in the batch that the plan is for.
        plan: The plan that they belong to.
        out: Where the result goes, if it is of that dtype.

    Returns:
        (n, height, width, channels), `out` where it was written to.
    """
    known = all(step.name == "contrast" for step in run[:1] if isinstance(step, Histogram))
    if not known or any(isinstance(step, Histogram) for step in run[1:]):
        return one_by_one(
            run, pixels, first, plan, out
        )  # one needs to count what an earlier one made
    if plan.output.standardizes or plan.output.reverse:
        return one_by_one(run, pixels, first, plan, out)
    tables = _joined(run, pixels, first)
    if len(tables) == 1:
        return _in_one(run, pixels, plan, out)
    result = if_fits(out, tables)
    if result is None:
        result = np.empty(pixels.shape, tables.dtype)
    for image, table, target in zip(pixels, tables[:, None], result, strict=True):
        cv2.LUT(image, table, dst=target)
    return result


def _in_one(run: Lookups, pixels: Array, plan: Plan, out: Array | None) -> Array:
    """Look a batch up as if it were one tall image."""
    tall = pixels.reshape(-1, *pixels.shape[2:])
    result = apply_lookups(
        run, tall, Place(plan, 0), None if out is None else out.reshape(tall.shape)
    )
    if out is not None and np.shares_memory(result, out):
        return out
    return result.reshape(pixels.shape)


def _joined(run: Lookups, pixels: Array, first: int) -> Array:
    """The tables of a run as (1 or n, 256, 1 or channels)."""
    joined: Array | None = None
    for step in run:
        if isinstance(step, Histogram):
            own = _contrast(step, pixels, first)
        else:
            assert step.tables is not None  # one that changes nothing is no step of uint8 images
            own = step.tables[first : first + len(pixels)] if len(step.tables) > 1 else step.tables
        joined = own if joined is None else _after(joined, own)
    assert joined is not None  # a run has steps
    return np.ascontiguousarray(joined)


def _after(first: Array, table: Array) -> Array:
    """Join tables of which `first` is looked up first."""
    shape = [max(a, b) for a, b in zip(first.shape, table.shape, strict=True)]
    columns = np.broadcast_to(first, shape).astype(np.intp)
    joined: Array = np.take_along_axis(np.broadcast_to(table, shape), columns, axis=1)
    return joined


def _contrast(step: Histogram, pixels: Array, first: int) -> Array:
    """Tables of contrast about the mean of each image and channel."""
    count, height, width, channels = pixels.shape
    here = slice(first, first + count)
    flat = pixels.reshape(count, height * width, channels)
    sums = cv2.reduce(flat, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).reshape(count, 1, channels)
    mean = sums.astype(np.float32) / np.float32(255 * height * width)
    p = {"contrast": step.parameters["contrast"][here]}
    unit = np.clip(contrast_about(p, None, mean, np), 0, 1)
    tables: Array = to_levels(unit, 255, np).astype(np.uint8)
    if step.active is not None:
        tables = np.where(step.active[here, None, None], tables, _LEVELS)
    return tables
