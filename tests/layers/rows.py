"""The rows of `tests.cases.LAYERS`, marked by when they run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.cases import LAYERS, LayerCase

CLASSES = list({case.layer: case for case in reversed(LAYERS)}.values())
"""The first row of each class, for what does not hang on the options of a layer."""


def for_each(cases: Iterable[LayerCase], *, quick: bool = False) -> pytest.MarkDecorator:
    """Run a test for each row: the first one of a class, or all, in quick tests too.

    Heavy rows are left to nightly tests.
    """
    rows = [pytest.param(case, marks=_marks(case, quick or case in CLASSES)) for case in cases]
    return pytest.mark.parametrize("case", rows, ids=str)


def _marks(case: LayerCase, quick: bool) -> list[pytest.MarkDecorator]:
    if case.is_heavy:
        return [pytest.mark.slow, pytest.mark.nightly]
    return [] if quick else [pytest.mark.slow]
