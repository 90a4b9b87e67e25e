"""What every check of an audit promises, swept over the rows of `tests/cases.py`."""

from __future__ import annotations

import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.audit import CHECKS as ALL_CHECKS
from keras_cvdata.audit import audit
from keras_cvdata.audit.checks.base import NEEDS, SEVERITIES
from keras_cvdata.audit.measuring import layout, measure
from keras_cvdata.sources import open_source
from tests.cases import CHECKS, CheckCase

every_check = pytest.mark.parametrize("case", CHECKS, ids=str)


def test_every_check_has_a_row() -> None:
    assert [case.check for case in CHECKS] == list(ALL_CHECKS)


def test_names_and_kinds_are_different() -> None:
    names = [check.name for check in ALL_CHECKS]
    kinds = [kind for check in ALL_CHECKS for kind in check.kinds]
    assert len({*names, *kinds}) == len(names) + len(kinds)


def test_all_checks_together_take_at_most_300_bytes_an_image() -> None:
    assert layout([check() for check in ALL_CHECKS]).itemsize <= 300


@every_check
def test_thresholds_are_keywords_that_the_docstring_explains(case: CheckCase) -> None:
    parameters = inspect.signature(case.check).parameters
    assert set(case.options) == set(parameters)
    for name, parameter in parameters.items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert re.search(rf"^\s+{name}: ", inspect.getdoc(case.check) or "", re.MULTILINE), name
    check = case.check(**case.options)
    assert all(getattr(check, name) == value for name, value in case.options.items())
    assert set(case.check.settings) <= set(parameters)


@every_check
def test_facts_are_stated(case: CheckCase) -> None:
    assert case.check.needs in NEEDS
    assert case.check.kinds
    assert case.check.origin
    assert (case.check.needs == "labels") == (not case.check.measures)


@every_check
def test_looking_is_pure_and_pickled(case: CheckCase, pets: Path) -> None:
    source = open_source(pets)
    check = pickle.loads(pickle.dumps(case.check()))
    positions = np.array([0, 3, 17, 24, 30])
    first = measure(source, positions, [check])
    again = measure(pickle.loads(pickle.dumps(source)), positions[::-1], [case.check()])
    np.testing.assert_array_equal(first.values, again.values[::-1])
    assert first.reasons == {4 - place: reason for place, reason in again.reasons.items()}


@every_check
def test_pixels_are_not_changed(case: CheckCase) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 80, 90, 3), np.uint8)
    before = pixels.copy()
    measure(open_source((pixels, ["a", "b"] * 3)), np.arange(6), [case.check()])
    np.testing.assert_array_equal(pixels, before)


@every_check
def test_findings_are_of_its_kinds_and_the_same_again(case: CheckCase, pets: Path) -> None:
    reports = [audit(pets, checks=[case.check.name], n_jobs=jobs, verbose=0) for jobs in (1, 3)]
    assert reports[0].findings == reports[1].findings
    for finding in reports[0].findings:
        assert finding.check in case.check.kinds
        assert finding.severity in SEVERITIES
        assert finding.message
        assert finding.action


@every_check
@pytest.mark.parametrize("labels", ["none", "one", "sets", "numbers"])
def test_any_labels_are_taken(case: CheckCase, labels: str) -> None:
    """A check that has nothing to say of such labels says so, or nothing."""
    pixels = np.random.default_rng(1).integers(0, 256, (9, 70, 70, 3), np.uint8)
    y = {
        "one": ["only"] * 9,
        "sets": np.eye(3, dtype=int)[np.arange(9) % 3] | [[1, 0, 0]],
        "numbers": np.linspace(0, 1, 9),
    }
    data = pixels if labels == "none" else (pixels, y[labels])
    for finding in audit(data, checks=[case.check.name], verbose=0).findings:
        assert finding.check in case.check.kinds


@every_check
def test_a_collection_without_a_readable_image_is_no_crash(case: CheckCase, tmp_path: Path) -> None:
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"nothing")
    report = audit(tmp_path, checks=[case.check.name], verbose=0)
    assert report.collection.readable.any() == (not case.check.measures)


@every_check
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 300, 1), (5, 3, 4)])
def test_tiny_pictures_are_measured(case: CheckCase, shape: tuple[int, ...]) -> None:
    pixels = np.full((4, *shape), 9, np.uint8)
    report = audit((pixels, ["a", "b"] * 2), checks=[case.check.name], verbose=0)
    assert report.collection.readable.all()
