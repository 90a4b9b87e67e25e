"""Whether drawn numbers follow the law that a layer documents."""

from __future__ import annotations

from typing import Any

import numpy as np

DRAWS = 10_000
# Limit of Kolmogorov and Smirnov at 0.1 %, as many laws are tested; draws are seeded.
_LIMIT = 1.95


def assert_uniform(values: Any, low: float, high: float) -> None:
    """Fail unless values are drawn evenly between two ends.

    Args:
        values: Independent draws, flattened.
        low: Lower end.
        high: Upper end.
    """
    ordered = np.sort(np.asarray(values, np.float64).ravel())
    assert ordered[0] >= low - 1e-9
    assert ordered[-1] <= high + 1e-9
    law = (ordered - low) / (high - low)
    steps = np.arange(len(ordered) + 1) / len(ordered)
    distance = max((steps[1:] - law).max(), (law - steps[:-1]).max())
    assert distance <= _LIMIT / np.sqrt(len(ordered))


def drawn(layer: Any, height: int = 40, width: int = 60) -> dict[str, Any]:
    """Draw parameters for 10,000 images of one size."""
    u = np.random.default_rng(11).random((DRAWS, layer.num_draws))
    return layer.draw(u, height, width, np)
