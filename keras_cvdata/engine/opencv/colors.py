"""Brightness and colour of one image: tables for uint8 pixels, arithmetic for others."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import to_levels
from keras_cvdata.engine.colors import LUMA
from keras_cvdata.engine.histograms import CURVES, contrast_about
from keras_cvdata.engine.opencv.geometry import Place
from keras_cvdata.engine.opencv.sampling import if_fits
from keras_cvdata.engine.output import bounds, require
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import Curve, Histogram, Mix, unchanged
from keras_cvdata.types import Array

_GRAY = [[*LUMA, 0.0]] * 3
_INVERTED = bytes(range(255, -1, -1))
_UPPER_BITS = {
    bytes(value & mask for value in range(256)): mask
    for mask in (128, 192, 224, 240, 248, 252, 254)
}


def apply_lookups(run: Lookups, pixels: Array, place: Place, out: Array | None) -> Array:
    """Look uint8 pixels up in the one table that a run of curves makes."""
    b, first = place.b, run[0]
    if out is not None and out.dtype == np.float32 and len(run) == 1 and isinstance(first, Curve):
        operation = first.operation
        if operation is not None:
            operation[0](pixels, operation[1], out=out, dtype=np.float32)
            return _finished(out, first, place.plan)
    table: Array | None = None
    planes: list[Array] = []
    counts: Array | None = None
    for step in run:
        if isinstance(step, Histogram):
            if step.active is not None and not step.active[b]:
                continue
            if table is None and step.name == "contrast":
                own = _contrast_table(step, b, pixels)
            else:
                planes = planes or _planes(pixels)
                counts = _count(planes) if counts is None else counts
                own = _histogram_table(step, b, _moved(counts, table))
        else:
            assert step.tables is not None  # one that changes nothing is no step of uint8 images
            own = step.tables[b if len(step.tables) > 1 else 0]
        table = own if table is None else _looked_up(own, table)
    if table is None:
        return pixels
    return _finished(_look_up(pixels, planes, table, out), run[-1], place.plan)


def _look_up(pixels: Array, planes: list[Array], table: Array, out: Array | None) -> Array:
    """Look uint8 pixels up in a table of (256, 1 or channels); into `out` where that is possible.

    The channels may have been split into `planes` already.
    """
    target = if_fits(out, table)
    if table.dtype == np.uint8 and table.shape[1] > 1:
        # One by one, channels take two thirds of the time.
        columns = np.ascontiguousarray(table.T)
        pairs = zip(planes or _planes(pixels), columns, strict=True)
        result = cv2.merge([cv2.LUT(plane, column) for plane, column in pairs], dst=target)
    else:
        by_bits = _by_bits(pixels, table, target) if table.dtype == np.uint8 else None
        result = cv2.LUT(pixels, table[None], dst=target) if by_bits is None else by_bits
    return result if result is out else result.reshape(pixels.shape)


def _by_bits(pixels: Array, table: Array, target: Array | None) -> Array | None:
    """Do what a table says by an operation on bits, where there is one: four times as fast."""
    wanted = table.tobytes()
    if wanted == _INVERTED:
        return cv2.bitwise_not(pixels, dst=target)
    mask = _UPPER_BITS.get(wanted)
    if mask is None or pixels.shape[2] > 4:  # OpenCV has no scalars of more channels
        return None
    scalar: Any = (mask,) * 4  # which the stubs of OpenCV do not know
    masked: Array = cv2.bitwise_and(pixels, scalar, dst=target)
    return masked


def _planes(pixels: Array) -> list[Array]:
    return list(cv2.split(pixels))


class NeedsCurvesError(ValueError):
    """A plan that was pickled, and so left its curves behind, meets pixels that need them."""


def apply_curve(step: Curve, pixels: Array, place: Place, out: Array | None) -> Array:
    """Evaluate curves on every pixel of a uint16 or float image."""
    plan, b = place.plan, place.b
    if step.evaluate is None:
        raise NeedsCurvesError(
            f"This plan was pickled and holds tables for uint8 images only; got {pixels.dtype}. "
            "Use threads instead of processes for float and 16-bit images."
        )
    output, span = plan.output, bounds(pixels.dtype, plan.value_range)
    into = output.span or span
    if step.evaluate is unchanged and output.in_source_units and into == span:
        span = into = 0.0, 1.0  # values stay exact
    low, high = map(np.float32, require(span))
    unit: Array = (pixels.astype(np.float32) - low) / (high - low)
    unit = step.evaluate(unit.reshape(1, -1, pixels.shape[2]), b).reshape(pixels.shape)
    if not step.final:
        return _restored(unit, pixels, low, high)
    if output.dtype == "uint8":
        return to_levels(np.clip(unit, 0, 1), 255, np).astype(np.uint8)  # type: ignore[no-any-return]
    scale, offset = output.affine(into)
    unit = unit * np.asarray(scale, np.float32)
    return _finished(np.add(unit, offset, dtype=np.float32), step, plan)


def apply_histogram(
    step: Histogram,
    pixels: Array,
    place: Place,
    out: Array | None,
) -> Array:
    """Change a uint16 or float image by a curve that depends on its histogram."""
    plan, b = place.plan, place.b
    low, high = map(np.float32, require(bounds(pixels.dtype, plan.value_range)))
    unit = ((pixels.astype(np.float32) - low) / (high - low)).reshape(1, -1, pixels.shape[2])

    def counted() -> Array:
        levels = to_levels(np.clip(unit, 0, 1), 255, np).astype(np.uint8)
        return _count(_planes(levels.reshape(pixels.shape)))[None]

    p = {name: values[b : b + 1] for name, values in step.parameters.items()}
    curved = np.clip(CURVES[step.name](p, unit, counted, np), 0, 1).reshape(pixels.shape)
    return _restored(curved, pixels, low, high)


def apply_mix(step: Mix, pixels: Array, place: Place, out: Array | None) -> Array:
    """Mix the colours of every pixel."""
    plan, b = place.plan, place.b
    low, high = bounds(pixels.dtype, plan.value_range) or (0.0, 1.0)
    matrix = step.matrices[b].astype(np.float64)
    if pixels.dtype == np.uint8 and matrix.tolist() == _GRAY:
        return _gray(pixels)
    # From values of 0 to 1 to those of the pixels: y = M (x - low) + t (high - low) + low.
    matrix[:, 3] *= high - low
    if low:
        matrix[:, 3] += low - matrix[:, :3].sum(axis=1) * low
    if pixels.shape[2] == 4:
        matrix = np.insert(np.insert(matrix, 3, 0, axis=1), 3, [0, 0, 0, 1, 0], axis=0)
    if pixels.dtype == np.uint8:
        # On uint8 itself OpenCV shortens the matrix to 10 bits.
        exact = cv2.transform(pixels.astype(np.float32), matrix)
        if matrix.min() < 0:  # what comes next takes absolute values
            cv2.threshold(exact, 0, 0, cv2.THRESH_TOZERO, dst=exact)
        return cv2.convertScaleAbs(exact, dst=if_fits(out, pixels))
    result: Array = cv2.transform(pixels, matrix)
    if pixels.dtype == np.float32 and plan.value_range is not None:
        np.clip(result[..., :3], low, high, out=result[..., :3])
    return result


def _gray(pixels: Array) -> Array:
    """Turn uint8 colours grey."""
    if pixels.shape[2] == 3:
        return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY)
    return cv2.merge([gray, gray, gray, np.ascontiguousarray(pixels[..., 3])])


def _restored(unit: Array, pixels: Array, low: np.float32, high: np.float32) -> Array:
    """Turn values of 0 to 1 into pixels of the dtype that they came from."""
    if pixels.dtype == np.uint16:
        return to_levels(unit, 65535, np).astype(np.uint16)  # type: ignore[no-any-return]
    return unit * (high - low) + low


def _finished(result: Array, step: Curve | Histogram, plan: Plan) -> Array:
    """Standardise the result of the last step of a plan in place, or turn RGB to BGR."""
    if not isinstance(step, Curve) or not step.final:
        return result
    if plan.output.standardizes:
        plan.output.standardize(result)
    if not plan.output.reverse:
        return result
    if result.dtype == np.float16:  # which OpenCV does not turn
        return np.ascontiguousarray(result[..., ::-1])
    return cv2.cvtColor(result, cv2.COLOR_RGB2BGR)


def _count(planes: list[Array]) -> Array:
    """Number of pixels of each level, (256, channels) float32."""
    return np.array([cv2.calcHist([plane], [0], None, [256], [0, 256]) for plane in planes]).T


def _moved(counts: Array, table: Array | None) -> Array:
    """Number of pixels of each level after a table of uint8."""
    if table is None:
        return counts
    columns = np.broadcast_to(table, counts.shape)
    moved = [
        np.bincount(columns[:, channel], counts[:, channel], 256)
        for channel in range(counts.shape[1])
    ]
    return np.stack(moved, axis=1).astype(np.float32)


def _histogram_table(step: Histogram, b: int, counts: Array) -> Array:
    """Table (256, channels) of a curve for an image with such a histogram."""
    p = {name: values[b : b + 1] for name, values in step.parameters.items()}
    return _to_table(CURVES[step.name](p, None, lambda: counts[None], np))


def _contrast_table(step: Histogram, b: int, pixels: Array) -> Array:
    """The same for contrast, which needs means alone: they take an eighth of the time."""
    count = pixels.shape[0] * pixels.shape[1]
    sums = np.rint([mean * count for mean in _means(pixels)])
    mean = sums.astype(np.float32) / np.float32(255 * count)
    p = {"contrast": step.parameters["contrast"][b : b + 1]}
    return _to_table(contrast_about(p, None, mean[None, None], np))


def _means(pixels: Array) -> list[float]:
    channels = pixels.shape[2]
    if channels <= 4:
        return list(cv2.mean(pixels)[:channels])
    return [cv2.mean(plane)[0] for plane in _planes(pixels)]


def _to_table(values: Array) -> Array:
    return to_levels(np.clip(values[0], 0, 1), 255, np).astype(np.uint8)  # type: ignore[no-any-return]


def _looked_up(table: Array, first: Array) -> Array:
    """Join two tables of (256, 1 or channels), of which `first` is looked up first."""
    if table.shape[1] == 1:
        return table[first, 0]  # type: ignore[no-any-return]
    columns = np.broadcast_to(first, table.shape).astype(np.intp)
    return np.take_along_axis(table, columns, axis=0)
