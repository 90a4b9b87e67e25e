"""Copies in an audit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata.audit import audit
from tests.audit.conftest import picture, write


def found(report, kind: str) -> list[tuple[str, str]]:
    """Names of both images of each finding of a kind, without the folder."""
    name = report.collection.source.name
    root = Path(name(0)).parents[1]
    return [
        tuple(str(Path(name(place)).relative_to(root)) for place in (f.position, f.other))
        for f in report.findings
        if f.check == kind and f.position is not None
    ]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures of two classes, and copies of some of them."""
    root = tmp_path_factory.mktemp("album")
    for number in range(20):
        write(root / ("cat", "dog")[number % 2] / f"{number:02}.png", picture(number, 160))
    (root / "cat/same.png").write_bytes((root / "cat/04.png").read_bytes())
    cv2.imwrite(str(root / "cat/pixels.bmp"), picture(6, 160)[..., ::-1])
    cv2.imwrite(
        str(root / "cat/small.jpg"),
        cv2.resize(picture(8, 160)[..., ::-1], (100, 100), None, 0, 0, 3),
    )
    write(root / "dog/turned.png", np.rot90(picture(9, 160)))
    write(root / "dog/mirrored.jpg", picture(2, 160)[:, ::-1])
    for name in ("cat", "dog"):
        write(root / name / "flat.png", np.full((90, 90, 3), 7 if name == "cat" else 8, np.uint8))
    return root


def test_copies_are_found_exact_near_and_of_other_labels(album: Path) -> None:
    """Equal files, equal pixels, smaller, turned, mirrored; pages without contrast are no pairs."""
    report = audit(album, checks=["copies"], verbose=0)
    assert found(report, "exact_copy") == [
        ("cat/pixels.bmp", "cat/06.png"),
        ("cat/same.png", "cat/04.png"),
    ]
    messages = [finding.message for finding in report.findings if finding.check == "exact_copy"]
    assert messages == ["all pixels are equal", "the file is equal, byte for byte"]
    assert found(report, "near_copy") == [
        ("dog/mirrored.jpg", "cat/02.png"),
        ("cat/small.jpg", "cat/08.png"),
        ("dog/turned.png", "dog/09.png"),
    ]
    assert found(report, "label_conflict") == [("dog/mirrored.jpg", "cat/02.png")]
    (conflict,) = (f for f in report.findings if f.check == "label_conflict")
    assert conflict.severity == "error"
    assert conflict.message.startswith("it looks like the other image, mirrored: ")
    assert conflict.message.endswith("but their labels differ")
    assert found(report, "leakage") == []
    kept = report.keep(["exact_copy", "near_copy"])
    assert len(kept) == len(report.collection) - 5
    assert found(audit(kept, checks=["copies"], verbose=0), "near_copy") == []


def test_thresholds_are_those_of_the_hashes(album: Path) -> None:
    thresholds = {"copies": {"phash": 0, "dhash": 0}}
    strict = audit(album, checks=["copies"], thresholds=thresholds, verbose=0)
    assert ("dog/turned.png", "dog/09.png") in found(strict, "near_copy")
    assert ("cat/small.jpg", "cat/08.png") not in found(strict, "near_copy")
    thresholds = {"copies": {"smallest": 161}}
    none = audit(album, checks=["copies"], thresholds=thresholds, verbose=0)
    assert found(none, "near_copy") == []


def test_copies_in_other_splits_leak() -> None:
    x = np.stack([picture(number, 80) for number in range(12)])
    x[6:9] = x[:3, :, ::-1]
    splits = np.where(np.arange(12) < 6, "train", "val")
    splits[8] = "train"
    report = audit((x, ["a", "b"] * 6), splits=splits, checks=["copies"], verbose=0)
    leaks = [finding for finding in report.findings if finding.check == "leakage"]
    assert [(f.position, f.other, f.severity) for f in leaks] == [(6, 0, "error"), (7, 1, "error")]
    assert leaks[0].message.endswith("one is in 'val', the other in 'train'")
    assert len(report.pairs) == 5


def test_small_images_are_compared_by_pixels_and_that_is_said() -> None:
    """As on MNIST, where hashes pair everything."""
    x = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), np.uint8)
    x[20] = x[3]
    report = audit((x, np.zeros(30, int)), checks=["copies"], verbose=0)
    (exact, note) = report.findings
    assert (exact.check, exact.position, exact.other) == ("exact_copy", 20, 3)
    assert (note.check, note.severity, note.looked) == ("near_copy", "note", False)
    assert note.message.startswith("the images are smaller than 64 pixels a side, where")


def test_some_small_images_are_counted(album: Path, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"cat/{number}.png", picture(number, 50 if number == 2 else 80))
    report = audit(tmp_path, checks=["near_copy"], verbose=0)
    (note,) = report.findings
    assert note.message.startswith("1 image is smaller")
    assert (note.score, note.threshold) == (1.0, 64.0)


def test_labels_of_several_kinds_may_differ() -> None:
    x = np.repeat(picture(1, 80)[None], 2, axis=0)
    for y, conflicts in (([[1, 0], [1, 1]], 1), ([[1, 0], [1, 0]], 0), ([0.1, 0.9], 0)):
        report = audit((x, np.array(y)), checks=["label_conflict"], verbose=0)
        assert len(report.findings) == conflicts
