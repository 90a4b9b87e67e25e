"""Pictures that show little, among generated ones."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks.pictures import sharpness

SIDE = 96


def picture(seed: int, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """A sharp colourful subject before a smooth background, RGB uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(30, 226, (4, 4, 3), np.uint8)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    middle, radius = (width // 2, height // 2), min(height, width) // 4
    cv2.circle(image, middle, radius, random.integers(0, 120, 3).tolist(), -1)
    cv2.circle(image, middle, radius // 2, random.integers(140, 256, 3).tolist(), -1)
    return np.clip(image + random.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)


def faded(image: np.ndarray, contrast: float) -> np.ndarray:
    return image.mean() + (image - image.mean()) * contrast


CHANGES: dict[str, list[Callable[[np.ndarray], np.ndarray]]] = {
    "dark": [lambda x: x * 0.1, lambda x: x * 0.25],
    "light": [lambda x: 255 - (255 - x) * 0.1, lambda x: 255 - (255 - x) * 0.25],
    "blurred": [
        lambda x: cv2.GaussianBlur(x, (0, 0), 4),
        lambda x: cv2.GaussianBlur(x, (0, 0), 8),
        lambda x: cv2.blur(x, (1, 31)),
        lambda x: cv2.blur(x, (31, 1)),
    ],
    "low_contrast": [lambda x: faded(x, 0.1), lambda x: faded(x, 0.15)],
    "low_information": [
        lambda x: np.full_like(x, 128),
        lambda x: x.mean() + np.random.default_rng(0).normal(0, 3, x.shape),
    ],
    "grey": [lambda x: np.repeat(x[:, :, 1:2], 3, axis=2)],
    "odd_size": [lambda x: cv2.resize(x, (15, 15)), lambda x: cv2.resize(x, (600, 600))],
    "odd_aspect": [lambda x: cv2.resize(x, (60, 150)), lambda x: cv2.resize(x, (150, 60))],
}
PLANTED = [(kind, number) for kind, changes in CHANGES.items() for number in range(len(changes))]


def looked_at(images: list[np.ndarray], **thresholds: float) -> AuditReport:
    """Audit images of any sizes by all of the check."""
    from keras_cvdata.sources import Source

    class Listed(Source):
        labels = {}  # noqa: RUF012
        columns = {}  # noqa: RUF012

        def __len__(self) -> int:
            return len(images)

        def fetch(self, position: int) -> np.ndarray:
            return images[position]

        def name(self, position: int) -> str:
            return str(position)

    return audit(Listed(), checks="pictures", thresholds={"pictures": thresholds}, verbose=0)


def kinds(report: AuditReport, position: int) -> set[str]:
    return {finding.check for finding in report.findings if finding.position == position}


@pytest.mark.parametrize(("kind", "number"), PLANTED)
def test_planted_faults_are_found_and_nothing_else(kind: str, number: int) -> None:
    images = [picture(seed) for seed in range(8)]
    changed = CHANGES[kind][number](images[3].astype(np.float32))
    images[3] = np.rint(np.clip(changed, 0, 255)).astype(np.uint8)
    report = looked_at(images)
    assert kind in kinds(report, 3)
    assert {finding.position for finding in report.findings} == {3}


def test_findings_hold_score_and_threshold() -> None:
    report = looked_at([picture(1), picture(2) // 8], dark=0.2)
    (finding,) = [finding for finding in report.findings if finding.check == "dark"]
    assert (finding.position, finding.severity, finding.threshold) == (1, "warning", 0.2)
    assert finding.score is not None
    assert f"{finding.score:.3g} of white" in finding.message


THRESHOLDS = {
    "dark": 0.0,
    "light": 1.0,
    "blurred": 0.0,
    "low_contrast": 0.0,
    "low_information": 1.1,
    "grey": 0.0,
    "odd_size": 99.0,
    "odd_aspect": 99.0,
}


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_thresholds_are_arguments(kind: str) -> None:
    images = [picture(seed) for seed in range(8)]
    images[3] = np.rint(CHANGES[kind][0](images[3].astype(np.float32)).clip(0, 255)).astype("u1")
    report = looked_at(images, **{kind: THRESHOLDS[kind]})
    assert kind not in {finding.check for finding in report.findings}


@pytest.mark.parametrize("color", [(1, 0, 0), (0, 0, 1), (1, 1, 0)])
def test_strong_colours_are_neither_dark_nor_light(color: tuple[int, int, int]) -> None:
    """Red has little brightness, and yellow much of it."""
    image = 255 - picture(4)[:, :, :1] // 8
    assert not {"dark", "light"} & kinds(looked_at([image * np.uint8(color)]), 0)


def test_drawings_in_black_and_white_are_fine() -> None:
    """As MNIST is: most of each image has one brightness, and none has colour."""
    images = []
    for seed in range(6):
        image = np.zeros((28, 28), np.uint8)
        start, stop = np.random.default_rng(seed).integers(6, 22, (2, 2)).tolist()
        cv2.line(image, start, [stop[0], (start[1] + 10) % 28], 255, 2, cv2.LINE_AA)
        images += [image, 255 - image]
    assert not looked_at(images).findings


def test_all_alike_in_shape_is_not_odd() -> None:
    lines = [picture(seed, 40, 400) for seed in range(5)]
    assert not {"odd_size", "odd_aspect"} & {f.check for f in looked_at(lines).findings}


def test_a_grey_picture_with_a_coloured_spot_has_colour() -> None:
    images = [picture(seed) for seed in range(4)]
    images[2] = np.repeat(images[2][:, :, :1], 3, axis=2)
    assert kinds(looked_at(images), 2) == {"grey"}
    cv2.circle(images[2], (30, 30), 5, (250, 120, 20), -1)
    assert not looked_at(images).findings


def test_grey_among_grey_is_not_told() -> None:
    images = [np.repeat(picture(seed)[:, :, :1], 3, axis=2) for seed in range(4)]
    assert not looked_at(images).findings


@pytest.mark.parametrize(("side", "sigma"), [(64, 3), (128, 3), (256, 6), (500, 12), (1000, 24)])
def test_sharpness_is_that_of_what_is_seen(side: int, sigma: float) -> None:
    """What counts in a large picture is the blur as a part of its side."""
    grey = cv2.cvtColor(picture(5, side, side), cv2.COLOR_RGB2GRAY)
    assert sharpness(grey) > 0.1
    assert sharpness(cv2.GaussianBlur(grey, (0, 0), sigma)) < 0.03


def test_a_sharp_subject_before_a_blurred_background_is_sharp() -> None:
    grey = cv2.cvtColor(picture(6, 240, 300), cv2.COLOR_RGB2GRAY)
    blurred = cv2.GaussianBlur(grey, (0, 0), 8)
    blurred[100:140, 130:170] = grey[40:80, 130:170]
    blurred[100:140, 130:170][::6] = 255 - blurred[100:140, 130:170][::6]
    assert sharpness(blurred) > 0.03


def test_a_slight_blur_of_a_large_picture_is_not_seen() -> None:
    grey = cv2.cvtColor(picture(5, 1000, 1000), cv2.COLOR_RGB2GRAY)
    assert sharpness(cv2.GaussianBlur(grey, (0, 0), 3)) > 0.03


def test_noise_is_not_sharpness() -> None:
    grey = cv2.cvtColor(picture(7, 240, 300), cv2.COLOR_RGB2GRAY).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1.3, grey.shape)
    weak = faded(cv2.GaussianBlur(grey, (0, 0), 6), 0.4)
    assert weak.std() > 8
    assert sharpness(np.clip(weak + noise, 0, 255).astype(np.uint8)) < 0.03


def test_a_faint_picture_is_not_called_blurred() -> None:
    image = np.rint(faded(picture(8), 0.03)).astype(np.uint8)
    assert kinds(looked_at([image, picture(9), picture(10)]), 0) >= {"low_contrast"}
    assert "blurred" not in kinds(looked_at([image, picture(9), picture(10)]), 0)


def test_stripes_are_sharp() -> None:
    """Nothing varies along them, which is no blur."""
    stripes = np.tile(np.repeat(np.uint8([20, 220]), 8), (64, 4))
    assert sharpness(stripes) > 0.5
    assert sharpness(np.ascontiguousarray(stripes.T)) > 0.5


def test_pictures_too_small_to_tell() -> None:
    assert sharpness(np.zeros((7, 400), np.uint8)) == 1
