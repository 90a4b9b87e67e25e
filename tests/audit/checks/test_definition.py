"""A stated definition as a check (R80)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks import Definition
from keras_cvdata.audit.checks.definition import placed

MNIST = {
    "size": (28, 28),
    "channels": 1,
    "polarity": "light on dark",
    "padding": 4,
    "centred": 2.0,
}


def digits(number: int = 20) -> np.ndarray:
    """Light rectangles in the middle of dark images of 28 x 28."""
    x = np.full((number, 28, 28), 10, np.uint8)
    x[:, 6:22, 8:20] = 200
    return x


def look(x, **stated) -> AuditReport:
    return audit(x, checks=[Definition(**stated)], verbose=0)


def test_images_as_stated_are_right() -> None:
    """R80: 28 x 28, grey, light on dark, at least 4 pixels around, in the middle."""
    assert look(digits(), **MNIST).findings == ()


@pytest.mark.parametrize(
    ("kind", "change", "rule", "message"),
    [
        ("polarity", lambda x: 255 - x, "light on dark", "darker than its background by 0.745"),
        ("padding", lambda x: np.roll(x, 5, axis=1), "at least 4 pixels", "1 px wide on one side"),
        ("centred", lambda x: np.roll(x, -3, axis=2), "at most 2 pixels", "mass is 3 pixels from"),
    ],
)
def test_each_part_is_told_with_its_share(kind, change, rule, message) -> None:
    x = digits()
    x[[3, 17]] = change(x[[3, 17]])
    report = look(x, **MNIST)
    found = [finding for finding in report.findings if finding.check == f"definition_{kind}"]
    assert [finding.position for finding in found] == [None, 3, 17]
    assert [finding.severity for finding in found] == ["error", "warning", "warning"]
    assert found[0].score == 0.1
    assert found[0].message.startswith("10 % of the images break the definition")
    assert rule in found[0].message
    assert message in found[1].message


def test_sizes_and_channels_are_those_of_the_files(tmp_path: Path) -> None:
    image = digits(1)[0]
    for number, kept in enumerate([image, image[:27], image[:, :27], np.dstack([image] * 3)]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), kept)
    report = look(tmp_path, **MNIST)
    assert [f.position for f in report.findings if f.check == "definition_size"] == [None, 1, 2]
    assert [f.position for f in report.findings if f.check == "definition_channels"] == [None, 3]
    coloured = look(np.zeros((2, 8, 8, 3), np.uint8), channels=1)
    assert [finding.score for finding in coloured.findings] == [1.0, 3.0, 3.0]


def test_what_is_not_stated_is_not_looked_for() -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 30, 20, 3), np.uint8)
    assert look(x).findings == ()
    assert {finding.check for finding in look(x, padding=1).findings} == {"definition_padding"}


def test_dark_on_light() -> None:
    x = 255 - digits(4)
    assert look(x, polarity="dark on light").findings == ()
    (_, first, *_) = look(digits(4), polarity="dark on light").findings
    assert first.message == "its object is lighter than its background by 0.745 of white"


def test_lossy_files_need_some_noise(tmp_path: Path) -> None:
    """Around an edge JPEG leaves a few levels in what was one flat background."""
    cv2.imwrite(str(tmp_path / "0.jpg"), digits(1)[0], [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert look(tmp_path, padding=6).findings
    assert not look(tmp_path, padding=6, noise=40).findings


def test_large_jpegs_are_measured_in_their_own_pixels(tmp_path: Path) -> None:
    image = np.zeros((1200, 1600), np.uint8)
    image[400:1000, 480:1120] = 255
    cv2.imwrite(str(tmp_path / "0.jpg"), image)
    (_, one) = look(tmp_path, padding=300, noise=40).findings
    assert one.score == pytest.approx(200, abs=8)
    (_, off) = look(tmp_path, centred=90, noise=40).findings
    assert off.score == pytest.approx(100, abs=4)


def test_an_image_without_an_object_has_no_polarity() -> None:
    blank = np.full((2, 28, 28), 50, np.uint8)
    kinds = [finding.check for finding in look(blank, **MNIST).findings]
    assert kinds == ["definition_polarity"] * 3


def test_images_that_cannot_be_read_break_nothing(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), digits(1)[0])
    (tmp_path / "1.png").write_bytes(b"nothing")
    assert look(tmp_path, **MNIST).findings == ()


def test_the_object_is_all_that_differs_from_the_border() -> None:
    image = np.full((9, 11), 100, np.uint8)
    image[2, 3] = 250
    image[6, 3] = 50
    image[4, 8] = 103
    assert placed(image, noise=3).padding == 2
    assert placed(image, noise=2).padding == 2
    assert placed(image, noise=3).contrast == pytest.approx(50 / 255)
    # 150 at row 2 and 50 at row 6, both in column 3: row 3, column 3 of a middle at 4, 5
    assert placed(image, noise=3).distance == pytest.approx(np.hypot(1, 2))


@pytest.mark.parametrize(
    ("stated", "error", "match"),
    [
        ({"size": 28}, ValueError, "size must be"),
        ({"channels": 0}, ValueError, "channels must be at least 1"),
        ({"polarity": "white"}, ValueError, "'light on dark', 'dark on light'; got 'white'"),
        ({"padding": 2.5}, TypeError, "padding must be an integer"),
        ({"centred": -1}, ValueError, "centred must be a number of pixels"),
        ({"noise": -1}, ValueError, "noise must be at least 0"),
    ],
)
def test_what_cannot_be_stated_is_refused(stated, error, match) -> None:
    with pytest.raises(error, match=match):
        Definition(**stated)
