"""Whether drawn numbers follow the law that a layer documents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_cvdata.types import Array


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
    assert low <= np.min(values)
    assert np.max(values) <= high
    assert_follows(values, lambda x: (x - low) / (high - low))


def assert_share(hits: Array, probability: float) -> None:
    """As many of independent trials are true as a probability says, within 4 standard errors."""
    limit = 4 * np.sqrt(probability * (1 - probability) / len(hits))
    assert abs(np.mean(hits) - probability) <= limit
