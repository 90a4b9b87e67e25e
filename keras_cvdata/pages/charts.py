"""Charts as SVG that stands inside a page: no library, no colours of their own."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from keras_cvdata.types import Array

_WIDTH, _HEIGHT = 360, 190  # of the drawing, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 24, 40  # margins
_MOST_POINTS = 2_000


def histogram(values: Array, title: str, unit: str, marks: Sequence[float] = ()) -> str:
    """Draw how often values occur.

    Args:
        values: (N,) numbers.
        title: What is shown, for those who cannot see it, too.
        unit: Text below the axis.
        marks: Values with a line of their own, such as thresholds.

    Returns:
        The SVG element.
    """
    values = values[np.isfinite(values)].astype(float)
    low, high = _range(values, marks)
    counts, edges = np.histogram(values, 32, (low, high))
    most = max(int(counts.max()), 1)
    width = (_WIDTH - _LEFT - _RIGHT) / len(counts)
    parts = []
    for count, edge in zip(counts.tolist(), edges[:-1].tolist(), strict=True):
        height = (_HEIGHT - _TOP - _BOTTOM) * count / most
        if count:
            parts.append(
                f'<rect class="bar" x="{_x(edge, low, high):.1f}" '
                f'y="{_HEIGHT - _BOTTOM - height:.1f}" width="{max(width - 1, 1):.1f}" '
                f'height="{height:.1f}"/>'
            )
    for mark in marks:
        x = _x(mark, low, high)
        parts.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        )
    return _frame(parts, title, unit, (low, high), (0, most), "images")


def scatter(x: Array, y: Array, title: str, names: tuple[str, str]) -> str:
    """Draw points, at most 2,000 of them, on axes that begin at 0.

    Args:
        x: (N,) numbers.
        y: (N,) numbers.
        title: What is shown, for those who cannot see it, too.
        names: Texts of the axes.

    Returns:
        The SVG element.
    """
    pairs = np.unique(np.stack([x, y], axis=1).astype(float), axis=0)
    pairs = pairs[:: max(1, -(-len(pairs) // _MOST_POINTS))]
    right, top = np.maximum(pairs.max(axis=0, initial=0), 1).tolist()
    points = [
        f'<circle class="point" cx="{_x(a, 0, right):.1f}" cy="{_y(b, 0, top):.1f}" r="2.5"/>'
        for a, b in pairs.tolist()
    ]
    return _frame(points, title, names[0], (0, right), (0, top), names[1])


def reliability(confidence: Array, accuracy: Array, count: Array, title: str) -> str:
    """Draw how often predictions are right beside how probable they are said to be.

    Args:
        confidence: (B,) mean probability of each bin, 0 to 1; NaN where it is empty.
        accuracy: (B,) share that is right.
        count: (B,) number of images; points of bins with more are larger.
        title: What is shown, for those who cannot see it, too.

    Returns:
        The SVG element.
    """
    largest = max(float(np.sqrt(count).max(initial=0)), 1.0)
    parts = [
        f'<line class="mark" x1="{_x(0, 0, 1):.1f}" y1="{_y(0, 0, 1):.1f}" '
        f'x2="{_x(1, 0, 1):.1f}" y2="{_y(1, 0, 1):.1f}"/>'
    ]
    for x, y, n in zip(confidence.tolist(), accuracy.tolist(), count.tolist(), strict=True):
        if n:
            parts.append(
                f'<circle class="point" cx="{_x(x, 0, 1):.1f}" cy="{_y(y, 0, 1):.1f}" '
                f'r="{3 + 6 * n**0.5 / largest:.1f}"/>'
            )
    return _frame(parts, title, "probability", (0, 1), (0, 1), "right")


def bar(count: int, most: int) -> str:
    """Draw one bar of a table, which says its number beside it."""
    width = 100 * count / max(most, 1)
    return (
        '<svg class="row-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" width="{width:.2f}" height="8"/></svg>'
    )


def _range(values: Array, marks: Sequence[float]) -> tuple[float, float]:
    everything = [*values.tolist(), *marks] or [0.0]
    low, high = min(everything), max(everything)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - low) / (high - low)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)


def _frame(
    parts: Sequence[str],
    title: str,
    below: str,
    across: tuple[float, float],
    up: tuple[float, float],
    beside: str,
) -> str:
    """Axes with the smallest and largest value around what is drawn."""
    base, middle = _HEIGHT - _BOTTOM, (_LEFT + _WIDTH - _RIGHT) / 2
    axes = [
        f'<path class="axis" d="M{_LEFT} {_TOP}V{base}H{_WIDTH - _RIGHT}"/>',
        f'<text x="{_LEFT}" y="{base + 15}">{across[0]:.4g}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{base + 15}" text-anchor="end">{across[1]:.4g}</text>',
        f'<text x="{middle:.0f}" y="{base + 32}" text-anchor="middle">{html.escape(below)}</text>',
        f'<text x="{_LEFT - 5}" y="{base}" text-anchor="end">{up[0]:.4g}</text>',
        f'<text x="{_LEFT - 5}" y="{_TOP + 10}" text-anchor="end">{up[1]:.4g}</text>',
        f'<text x="{_LEFT - 5}" y="{_TOP - 10}">{html.escape(beside)}</text>',
    ]
    label = html.escape(title)
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join([*parts, *axes])}</svg>"
    )


def curves(
    lines: Sequence[Sequence[tuple[float, float]]], title: str, names: tuple[str, str], top: float
) -> str:
    """Draw lines through points, the second one and further ones dashed, on a vertical axis from 0.

    Args:
        lines: (x, y) of each line, from left to right.
        title: What is shown, for those who cannot see it, too.
        names: Texts of the axes.
        top: Largest value of the vertical axis.

    Returns:
        The SVG element.
    """
    places = [x for points in lines for x, _ in points]
    across = min(places), max(places)
    parts = []
    for number, points in enumerate(lines):
        path = " ".join(f"{_x(x, *across):.1f},{_y(y, 0, top):.1f}" for x, y in points)
        parts.append(f'<polyline class="curve{" other" if number else ""}" points="{path}"/>')
    return _frame(parts, title, names[0], across, (0, top), names[1])
