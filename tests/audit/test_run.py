"""The audit as a whole: choice of checks, arguments, repetition, interruption, clusters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata.audit import Check, Collection, Finding, Sample, measuring
from keras_cvdata.audit.checks import Definition
from keras_cvdata.audit.run import audit, choose
from keras_cvdata.sources import open_source


class Red(Check):
    """A check of one's own."""

    name = "red"
    kinds = ("too_red",)
    needs = "pixels"
    measures: ClassVar = {"red": "f4"}

    def look(self, sample: Sample) -> Sequence[Any]:
        return [sample.small[:, :, 0].mean()]

    def findings(self, collection: Collection) -> Iterable[Finding]:
        for position in np.flatnonzero(collection.measures["red"] > 150).tolist():
            yield Finding("too_red", "warning", "it is red", "look at it", position=position)


def found(report: cvd.AuditReport) -> list[tuple[str, int | None]]:
    return [(finding.check, finding.position) for finding in report.findings]


def test_faults_are_found(pets: Path) -> None:
    report = audit(pets, checks=["files", "dark"], verbose=0)
    assert found(report) == [("damaged", 17), ("unreadable", 24), ("dark", 3)]
    assert report.counts() == {"damaged": 1, "unreadable": 1, "dark": 1}


def test_a_sequence_a_source_and_a_path_are_the_same(pets: Path) -> None:
    sequence = cvd.DirectorySequence(pets, image_size=(32, 32), verbose=0)
    reports = [audit(data, verbose=0) for data in (pets, str(pets), sequence, sequence.source)]
    assert all(report.findings == reports[0].findings for report in reports)


def test_only_what_is_asked_for_is_found(pets: Path) -> None:
    assert ("dark", 3) in found(audit(pets, checks="pictures", verbose=0))
    assert found(audit(pets, checks="dark", verbose=0)) == [("dark", 3)]
    assert found(audit(pets, checks=["damaged"], verbose=0)) == [("damaged", 17)]


def test_thresholds_reach_their_check(pets: Path) -> None:
    for dark in (0.01, -np.inf, np.float32(0)):
        thresholds = {"pictures": {"dark": dark}}
        assert found(audit(pets, checks=["dark"], thresholds=thresholds, verbose=0)) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"checks": ["darkness"]}, ValueError, "'darkness', which is no check. There are files"),
        ({"thresholds": {"picture": {}}}, ValueError, "thresholds names 'picture'"),
        ({"thresholds": {"pictures": {"darkk": 1}}}, TypeError, "darkk.*It takes dark, light"),
        ({"lighting": "sun"}, ValueError, "lighting must be None or 'constant'; got 'sun'"),
        ({"attributes": {"colour": "x"}}, ValueError, "attributes may say color, .*got 'colour'"),
        ({"attributes": {"color": "x"}}, ValueError, "'x', which is no column"),
        ({"embeddings": np.zeros((3, 4))}, ValueError, r"each of the 36 images.*\(3, 4\)"),
        ({"thresholds": {"pictures": {"dark": "0.2"}}}, TypeError, "dark must be a number; got '0"),
        ({"checks": ["files", Red]}, TypeError, r"such as MyCheck\(\); got <class"),
        ({"embeddings": np.full((36, 2), "a")}, ValueError, "embeddings must be numbers.* of <U1"),
        (
            {"pred_probs": np.zeros(36)},
            ValueError,
            r"pred_probs must be numbers, \(N, K\).*\(36,\)",
        ),
    ],
)
def test_wrong_arguments_are_named(
    pets: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        audit(pets, verbose=0, **options)


def test_floats_of_which_nothing_says_what_is_white_are_refused() -> None:
    """They are not called bright and without contrast."""
    x = np.random.default_rng(0).integers(0, 256, (3, 70, 70, 3)).astype(np.float32)
    with pytest.raises(ValueError, match=r"x\[0\]: the pixels are floats from 0 to 255, and noth"):
        audit(x, checks=["pictures"], verbose=0)
    said = open_source(x, value_range=(0, 255))
    assert not audit(said, checks=["pictures"], verbose=0).findings


def test_choosing_without_names_takes_a_check_of_ones_own_alone() -> None:
    checks, kinds = choose([Red()], {})
    assert [check.name for check in checks] == ["red"]
    assert kinds == {"too_red"}


def test_a_check_that_is_given_stands_in_for_its_like(pets: Path) -> None:
    stated = Definition(size=(8, 8))
    assert stated in choose(["all", stated], {})[0]
    report = audit(pets, checks=["all", stated], verbose=0)
    assert ("definition_size", 0) in found(report)
    assert ("dark", 3) in found(report)


def test_a_check_of_ones_own(pets: Path) -> None:
    report = audit(pets, checks=["files", Red()], verbose=0)
    reds = [position for check, position in found(report) if check == "too_red"]
    expected = [
        position
        for position in np.flatnonzero(report.collection.readable).tolist()
        if Sample(report.collection.source, position).small[:, :, 0].mean() > 150
    ]
    assert reds == expected
    assert reds


@pytest.mark.parametrize(
    ("attributes", "error", "message"),
    [
        ({"look": lambda *_: []}, TypeError, "'red' measured 0 values of an image; its measures"),
        ({"needs": "image"}, ValueError, "'red' needs 'image'; it may need file, header, pixels"),
        ({"kinds": ("blue",)}, ValueError, "'red' gave Finding.*may be one of blue"),
    ],
)
def test_a_check_that_keeps_no_contract_is_named(
    pets: Path, attributes: dict[str, Any], error: type[Exception], message: str
) -> None:
    made = type("Odd", (Red,), attributes)()
    with pytest.raises(error, match=message):
        audit(pets, checks=[made], verbose=0)


def test_a_check_is_given_once(pets: Path) -> None:
    with pytest.raises(ValueError, match="holds 'red' twice"):
        audit(pets, checks=[Red(), Red()], verbose=0)


@pytest.mark.slow
def test_the_same_in_processes(pets: Path) -> None:
    joblib = pytest.importorskip("joblib")
    threads = audit(pets, verbose=0)
    with joblib.parallel_config("loky", n_jobs=2):
        processes = audit(pets, verbose=0)
    assert processes.findings == threads.findings


@pytest.mark.slow
def test_the_same_on_a_dask_cluster(pets: Path) -> None:
    distributed = pytest.importorskip("distributed")
    joblib = pytest.importorskip("joblib")
    here = audit(pets, verbose=0)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        there = audit(pets, verbose=0)
    assert there.findings == here.findings


def test_a_repeated_audit_measures_nothing(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = audit(pets, cache=tmp_path / "measures", verbose=0)
    monkeypatch.setattr(measuring, "Sample", None)  # looking would fail
    again = audit(pets, cache=tmp_path / "measures", verbose=0)
    assert again.findings == first.findings
    assert again.collection.reasons == first.collection.reasons


def test_an_interrupted_audit_goes_on(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = audit(pets, verbose=0)
    seen: list[int] = []
    stop_at = 34

    class Counted(Sample):
        def __init__(self, source: Any, position: int) -> None:
            if position == stop_at:
                raise KeyboardInterrupt
            seen.append(position)
            super().__init__(source, position)

    monkeypatch.setattr(measuring, "CHUNK", 8)
    monkeypatch.setattr(measuring, "Sample", Counted)
    options = {"cache": tmp_path / "measures", "n_jobs": 1, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        audit(pets, **options)
    assert seen == list(range(34))
    seen.clear()
    stop_at = -1
    assert audit(pets, **options).findings == whole.findings
    assert seen == list(range(32, 36))


@pytest.mark.slow
def test_no_framework_is_loaded(pets: Path) -> None:
    code = (
        "import sys, keras_cvdata as cvd\n"
        f"report = cvd.audit({str(pets)!r}, verbose=0)\n"
        "report.issues, report.pairs, report.classes\n"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
