"""Groups of like rows."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.audit import clustering
from keras_cvdata.audit.clustering import assigned, clustered

RANDOM = np.random.default_rng(0)
MIDDLES = RANDOM.normal(0, 50, (6, 4))
GROUPS = RANDOM.integers(0, 6, 500)
ROWS = MIDDLES[GROUPS] + RANDOM.normal(0, 1, (500, 4))


def same_groups(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = len(set(zip(first.tolist(), second.tolist(), strict=True)))
    return pairs == len(set(first.tolist())) == len(set(second.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_groups_far_apart_are_found(seed) -> None:
    assert same_groups(clustered(ROWS, 6, seed), GROUPS)


def test_rows_that_the_centres_are_not_fitted_to_are_assigned(monkeypatch) -> None:
    monkeypatch.setattr(clustering, "_FITTED", 100)
    assert same_groups(clustered(ROWS.astype(np.float32), 6), GROUPS)


def test_chunks_do_not_matter(monkeypatch) -> None:
    whole = assigned(ROWS, MIDDLES)
    monkeypatch.setattr(clustering, "_CHUNK", 13)
    np.testing.assert_array_equal(assigned(ROWS, MIDDLES), whole)
    np.testing.assert_array_equal(whole, GROUPS)


def test_fewer_different_rows_make_fewer_groups() -> None:
    rows = np.repeat([[0.0], [5.0]], 4, axis=0)
    assert sorted(set(clustered(rows, 7).tolist())) == [0, 1]
    assert clustered(np.zeros((3, 2)), 4).tolist() == [0, 0, 0]
    assert clustered(np.zeros((0, 2)), 4).tolist() == []


def test_the_same_every_time() -> None:
    blurred = RANDOM.normal(0, 1, (400, 3))
    np.testing.assert_array_equal(clustered(blurred, 8, 3), clustered(blurred, 8, 3))
    assert (clustered(blurred, 8, 3) != clustered(blurred, 8, 4)).any()
