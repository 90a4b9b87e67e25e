"""Images that are like no others."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.spatial import distance_matrix

from keras_cvdata.audit import AuditReport, audit, neighbours
from keras_cvdata.audit.checks import Outliers
from keras_cvdata.audit.checks.outliers import remoteness
from keras_cvdata.audit.neighbours import neighbour_distances

RANDOM = np.random.default_rng(0)
CODES = np.arange(400) % 2
# Two classes, the second ten times as wide as the first.
SPREAD = np.where(CODES[:, None], 10.0, 1.0)
ROWS = RANDOM.normal(0, 1, (400, 16)) * SPREAD + 300 * CODES[:, None]


def look(rows, codes=CODES, **options) -> AuditReport:
    x = np.zeros((len(rows), 8, 8), np.uint8)
    data = x if codes is None else (x, np.array(["cat", "dog"])[codes])
    return audit(data, checks=[Outliers(**options)], embeddings=rows, verbose=0)


def positions(report: AuditReport) -> list[int | None]:
    return [finding.position for finding in report.findings if finding.looked]


def moved(*places: int, by: float = 4.0) -> np.ndarray:
    rows = ROWS.copy()
    rows[list(places)] += by * SPREAD[list(places)]
    return rows


def test_few_usual_images_are_flagged() -> None:
    for dimensions in (8, 32, 128):
        rows = RANDOM.normal(0, 1, (2000, dimensions))
        assert len(positions(look(rows, None))) <= 0.01 * 2000


def test_an_image_is_far_by_the_measure_of_its_class() -> None:
    """What is far for the narrow class is near for the wide one."""
    report = look(moved(10, 31))
    assert sorted(positions(report)) == [10, 31]
    for finding in report.findings:
        name = "dog" if finding.position % 2 else "cat"
        assert f"times as far away as usual for '{name}'" in finding.message
        assert finding.severity == "warning"
        assert finding.score > finding.threshold == 3.5
    scores = [finding.score for finding in report.findings]
    assert scores == sorted(scores, reverse=True)
    without = look(moved(10), None)
    assert 10 not in positions(without)


def test_embeddings_of_too_few_images_are_told() -> None:
    rows = np.full((30, 4), np.nan)
    rows[:5] = 1
    (found,) = look(rows, None).findings
    assert not found.looked
    assert "5 images have an embedding, and it takes 20" in found.message


def test_the_threshold_is_an_argument() -> None:
    rows = moved(10, by=2.0)
    assert positions(look(rows, far=3.0)) == [10]
    assert positions(look(rows, far=40.0)) == []


def test_small_classes_are_compared_with_all() -> None:
    codes = np.ones(400, int)
    codes[:5] = 0
    rows = RANDOM.normal(0, 1, (400, 16))
    rows[3] += 4
    (finding,) = look(rows, codes).findings
    assert finding.position == 3
    assert finding.message.endswith("as usual")


def test_rows_that_are_not_known_are_passed_over() -> None:
    rows = moved(10)
    rows[[9, 200]] = np.nan
    assert positions(look(rows)) == [10]
    assert positions(look(np.full((50, 3), np.nan), None)) == []


def test_copies_and_single_images_are_no_outliers() -> None:
    assert positions(look(np.zeros((50, 4)), None)) == []
    assert positions(look(np.ones((1, 4)), None)) == []
    rows = np.zeros((50, 4))
    rows[7] = 1
    assert positions(look(rows, None)) == [7]


def test_without_embeddings_nothing_is_said() -> None:
    assert audit(np.zeros((30, 8, 8), np.uint8), checks=["outliers"], verbose=0).findings == ()


@pytest.mark.parametrize("k", [1, 5, 1000])
def test_distances_are_exact_in_chunks(monkeypatch, k) -> None:
    """Brute force agrees, also far from the origin, where squares lose digits."""
    rows = (RANDOM.normal(0, 1, (150, 7)) + 1000).astype(np.float32)
    rows[20] = rows[21]
    everything = np.sort(distance_matrix(rows.astype(float), rows.astype(float)), axis=1)
    expected = everything[:, 1 : k + 1].mean(axis=1)
    for chunk in (1, 1000, 1 << 22):
        monkeypatch.setattr(neighbours, "_CHUNK", chunk)
        np.testing.assert_allclose(neighbour_distances(rows, k), expected, rtol=1e-4)


def test_memory_does_not_grow_with_the_square(monkeypatch) -> None:
    rows = RANDOM.normal(0, 1, (3000, 8)).astype(np.float32)
    monkeypatch.setattr(neighbours, "_CHUNK", 60_000)  # 36 MB would be the whole matrix
    tracemalloc.start()
    neighbour_distances(rows, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6


def test_remoteness_counts_deviations_of_the_logarithm() -> None:
    distances = np.exp(RANDOM.normal(2, 0.3, 4000))
    scores, times = remoteness(distances, None, 20)
    assert np.std(scores) == pytest.approx(1, abs=0.05)
    assert np.median(times) == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"far": 0}, "far must be"),
        ({"neighbours": 0}, "neighbours must be at least 1"),
        ({"least": 1}, "least must be at least 2"),
    ],
)
def test_arguments_are_checked(options, match) -> None:
    with pytest.raises(ValueError, match=match):
        Outliers(**options)
