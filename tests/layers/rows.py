"""The rows of `tests.cases.LAYERS`, marked by when they run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.cases import LAYERS, LayerCase

CLASSES = list({case.layer: case for case in reversed(LAYERS)}.values())
"""The first row of each class, for what does not hang on the options of a layer."""


QUICK: list[pytest.MarkDecorator] = []
SLOW = [pytest.mark.slow]
NIGHTLY = [pytest.mark.slow, pytest.mark.nightly]


def for_each(
    cases: Iterable[LayerCase], further: list[pytest.MarkDecorator] = SLOW
) -> pytest.MarkDecorator:
    """Run a test for each row, and those beyond the first of their class with some marks.

    Heavy rows are left to nightly tests.
    """
    rows = [pytest.param(case, marks=_marks(case, further)) for case in cases]
    return pytest.mark.parametrize("case", rows, ids=str)


def in_groups(
    cases: Iterable[LayerCase], further: list[pytest.MarkDecorator], size: int = 8
) -> pytest.MarkDecorator:
    """Run a test for rows side by side, apart by their marks; named by the first of each group."""
    by_marks: dict[tuple[str, ...], list[LayerCase]] = {}
    for case in cases:
        by_marks.setdefault(tuple(mark.name for mark in _marks(case, further)), []).append(case)
    groups = [
        pytest.param(rows[i : i + size], marks=_marks(rows[0], further), id=str(rows[i]))
        for rows in by_marks.values()
        for i in range(0, len(rows), size)
    ]
    return pytest.mark.parametrize("cases", groups)


def _marks(case: LayerCase, further: list[pytest.MarkDecorator]) -> list[pytest.MarkDecorator]:
    if case.is_heavy:
        return NIGHTLY
    return QUICK if case in CLASSES else further
