"""Splits that differ from the training split."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import stats

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks import Drift
from keras_cvdata.audit.checks.drift import number_distance, share_distance

RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.integers(40, 216, (600, 1, 1, 3)) + RANDOM.integers(-30, 31, (600, 12, 12, 3))
PIXELS = LEVELS.astype(np.uint8)
CODES = RANDOM.integers(0, 4, 600)
SPLITS = np.where(RANDOM.random(600) < 0.8, "train", "val")
HELD = SPLITS == "val"


def look(x=PIXELS, y=CODES, splits=SPLITS, **options) -> AuditReport:
    checks = [Drift(**options.pop("thresholds", {}))]
    return audit(x if y is None else (x, y), splits=splits, checks=checks, verbose=0, **options)


def kinds(report: AuditReport) -> list[str]:
    return [finding.check for finding in report.findings]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_random_splits_do_not_drift(share) -> None:
    for seed in range(8):
        draws = np.random.default_rng(seed).random(600)
        assert kinds(look(splits=np.where(draws < share, "train", "val"))) == []


def test_darker_images_are_told() -> None:
    x = PIXELS.copy()
    x[HELD] = x[HELD] // 3 * 2
    report = look(x)
    assert kinds(report) == ["drift_brightness", "drift_content"]
    (finding, _) = report.findings
    expected = stats.ks_2samp(x[~HELD].mean((1, 2)) @ LUMA, x[HELD].mean((1, 2)) @ LUMA).statistic
    assert finding.score == pytest.approx(expected, abs=0.01)
    assert finding.severity == "warning"
    assert "brightnesses of the images of 'val' differ by 0." in finding.message
    assert "from those of 'train'" in finding.message


LUMA = np.array([0.299, 0.587, 0.114])


def test_other_colours_of_the_same_brightness_are_content() -> None:
    x = PIXELS.copy()
    x[...] = x.mean(axis=(1, 2, 3), keepdims=True)
    x[HELD] = np.clip(x[HELD] + np.array([40.0, -20.0, -2.0]), 0, 255).astype(np.uint8)
    assert kinds(look(x)) == ["drift_content"]


def test_other_shares_of_the_classes_are_told() -> None:
    y = CODES.copy()
    y[HELD] = np.where(np.arange(HELD.sum()) % 2, 0, y[HELD])
    report = look(y=y)
    assert kinds(report) == ["drift_labels"]
    shares = [np.bincount(y[part], minlength=4) / part.sum() for part in (~HELD, HELD)]
    assert report.findings[0].score == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)
    assert kinds(look(y=y, thresholds={"labels": 0.9})) == []


def test_numbers_and_sets_are_labels_too() -> None:
    ages = RANDOM.normal(40, 10, 600)
    assert kinds(look(y=ages)) == []
    ages[HELD] += 20
    assert kinds(look(y=ages)) == ["drift_labels"]
    sets = np.eye(4, dtype=int)[CODES]
    sets[HELD, 1] = 1
    assert kinds(look(y=sets)) == ["drift_labels"]
    report = look(y={"kind": CODES, "age": ages})
    assert kinds(report) == ["drift_labels"]
    assert "labels 'age' of 'val'" in report.findings[0].message
    assert kinds(look(y=None)) == []


@pytest.mark.parametrize(("height", "width"), [(24, 24), (12, 18)])
def test_other_sizes_are_told(height, width) -> None:
    x = [cv2.resize(image, (width, height)) if held else image for image, held in zip(
        PIXELS, HELD, strict=True
    )]  # fmt: skip
    found = [finding for finding in look(x).findings if finding.check == "drift_sizes"]
    words = ["areas"] if height == width else ["areas", "aspect ratios"]
    assert [finding.score for finding in found] == [1.0] * len(words)
    assert all(word in finding.message for word, finding in zip(words, found, strict=True))


def test_embeddings_say_what_content_is() -> None:
    rows = RANDOM.normal(0, 1, (600, 5))
    assert kinds(look(embeddings=rows)) == []
    rows[HELD, 2] += 3
    rows[3] = np.nan
    assert kinds(look(embeddings=rows)) == ["drift_content"]


def test_the_training_split_is_compared_with_each_other() -> None:
    splits = np.array(["a", "training", "c"])[np.arange(600) % 3]
    x = PIXELS.copy()
    x[splits == "training"] //= 2
    found = [f for f in look(x, splits=splits).findings if f.check == "drift_brightness"]
    assert ["'a'" in found[0].message, "'c'" in found[1].message] == [True, True]
    assert all("those of 'training'" in finding.message for finding in found)
    largest = np.array(["a", "b", "b", "c"])[np.arange(600) % 4]
    x = PIXELS.copy()
    x[largest == "b"] //= 2
    found = [f for f in look(x, splits=largest).findings if f.check == "drift_brightness"]
    assert all("those of 'b'" in finding.message for finding in found)


def test_a_few_images_prove_nothing() -> None:
    x, splits = PIXELS[:13].copy(), ["train"] * 10 + ["val"] * 3
    x[10:] //= 3
    assert kinds(look(x, CODES[:13], splits)) == []


def test_without_splits_there_is_no_drift(tmp_path: Path) -> None:
    assert kinds(audit((PIXELS, CODES), checks=["drift"], verbose=0)) == []
    assert kinds(look(splits=["train"] * 600)) == []


def test_images_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    for number in range(120):
        path = tmp_path / ("train" if number % 3 else "val") / "a" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), PIXELS[number])
        if number % 3 == 0 and number > 6:
            path.write_bytes(b"nothing")
    assert kinds(audit(tmp_path, checks=["drift"], verbose=0)) == []


def test_distances_agree_with_scipy() -> None:
    first, second = RANDOM.normal(0, 1, 300), RANDOM.normal(0.4, 1.2, 200)
    expected = stats.ks_2samp(first, second, method="asymp")
    distance, probability = number_distance(first, second)
    assert distance == pytest.approx(expected.statistic)
    assert probability == pytest.approx(expected.pvalue, rel=0.5)
    classes = RANDOM.choice(5, 400), RANDOM.choice(5, 150, p=[0.3, 0.2, 0.2, 0.15, 0.15])
    expected = stats.chi2_contingency(np.stack([np.bincount(part) for part in classes]))
    assert share_distance(*classes)[1] == pytest.approx(expected.pvalue, rel=0.2)


def test_equal_samples_have_no_distance() -> None:
    assert number_distance(np.arange(9.0), np.arange(9.0)) == (0.0, 1.0)
    assert share_distance(np.arange(9), np.arange(9)) == (0.0, 1.0)
    assert number_distance(np.zeros(9), np.ones(9))[0] == 1.0
    assert share_distance(np.zeros(9, int), np.ones(9, int))[0] == 1.0
