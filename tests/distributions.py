"""Whether drawn numbers follow the law that a layer documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cvdata.types import Array

DRAWS = 10_000


def assert_follows(values: Array, cdf: Callable[[Array], Array]) -> None:
    """Kolmogorov-Smirnov: a true law is refused once in a thousand times."""
    ordered = np.sort(np.ravel(values).astype(np.float64))
    n = len(ordered)
    expected = cdf(ordered)
    above = np.arange(1, n + 1) / n - expected
    below = expected - np.arange(n) / n
    assert max(above.max(), below.max()) < 1.95 / np.sqrt(n)


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Every number between two ends is as likely."""
    assert low - 1e-9 <= np.min(values)
    assert np.max(values) <= high + 1e-9
    assert_follows(values, lambda x: (x - low) / (high - low))


def assert_share(hits: Array, probability: float) -> None:
    """As many of independent trials are true as a probability says, within 4 standard errors."""
    limit = 4 * np.sqrt(probability * (1 - probability) / len(hits))
    assert abs(np.mean(hits) - probability) <= limit


def drawn(layer: Any, height: int = 40, width: int = 60) -> dict[str, Any]:
    """Draw parameters for 10,000 images of one size."""
    u = np.random.default_rng(11).random((DRAWS, layer.total_uniforms))
    return layer.draw(u, height, width, np)
