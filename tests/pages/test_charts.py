"""Charts stand where their numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.pages import charts
from tests.pages.reading import Reading


def test_bars_and_points_stand_at_their_values() -> None:
    drawn = Reading(charts.histogram(np.array([0.0, 0.0, 1.0]), "title", "unit"))
    first, last = drawn.all("rect", "bar")
    assert float(str(first["height"])) == 2 * float(str(last["height"]))
    assert float(str(first["x"])) < float(str(last["x"]))
    same = Reading(charts.histogram(np.full(3, 7.0), "t", "u"))
    assert len(same.all("rect", "bar")) == 1
    points = Reading(charts.scatter(np.array([10, 20, 20]), np.array([5, 5, 5]), "t", ("w", "h")))
    near, far = (float(str(p["cx"])) for p in points.all("circle"))
    assert far - 44 == pytest.approx(2 * (near - 44))
    crowd = charts.scatter(np.arange(9000), np.arange(9000), "t", ("w", "h"))
    assert crowd.count("<circle") <= 2000
