"""R14: classes that their border betrays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks.background import Background, _Compared, _evenly

Images = np.ndarray


def collection(classes: int, each: int, side: int = 32, seed: int = 0) -> tuple[Images, list[str]]:
    """Pictures whose middle differs by class, before backgrounds that do not; and their labels."""
    random = np.random.default_rng(seed)
    images = []
    for code in range(classes):
        hue = np.random.default_rng(code).integers(0, 256, 3)
        for _ in range(each):
            coarse = random.integers(0, 256, (3, 3, 3), np.uint8)
            image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
            color = np.clip(hue + random.normal(0, 40, 3), 0, 255).tolist()
            cv2.circle(image, (side // 2, side // 2), side // 4, color, -1)
            images.append(image)
    return np.stack(images), [f"c{code:03}" for code in range(classes) for _ in range(each)]


def frame(images: Images, chosen: np.ndarray, color: tuple[int, ...], wide: int = 2) -> None:
    """Paint over the border."""
    inside = images[chosen, wide:-wide, wide:-wide].copy()
    images[chosen] = color
    images[chosen, wide:-wide, wide:-wide] = inside


def of_class(labels: list[str], label: str, share: float) -> np.ndarray:
    rows = np.flatnonzero(np.array(labels) == label)
    return rows[np.linspace(0, len(rows) - 1, round(share * len(rows))).astype(int)]


def look(images: Images, labels: list[str], **thresholds: float) -> AuditReport:
    return audit(
        (images, labels),
        checks="background",
        thresholds={"background": thresholds},
        verbose=0,
    )


def biased(report: AuditReport) -> list[str | None]:
    return [finding.label for finding in report.findings if finding.severity != "note"]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(
    ("classes", "each"),
    [
        (2, 20),
        pytest.param(2, 60, marks=pytest.mark.slow),
        pytest.param(5, 20, marks=pytest.mark.slow),
        (5, 60),
        pytest.param(100, 20, marks=pytest.mark.slow),
    ],
)
def test_a_border_in_one_class_is_told(classes: int, each: int, share: float) -> None:
    """R14."""
    images, labels = collection(classes, each)
    assert biased(look(images, labels)) == []
    frame(images, of_class(labels, "c001", share), (90, 120, 40))
    report = look(images, labels)
    assert biased(report) == ["c001"]
    (finding,) = report.findings
    assert finding.check == "background_bias"
    assert finding.severity == ("error" if share >= 0.25 else "warning")
    assert finding.score == pytest.approx(share)
    assert "rgb(90, 120, 40)" in finding.message


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_border_in_all_classes_is_fine(share: float) -> None:
    """R14: all classes alike."""
    images, labels = collection(5, 60)
    for label in set(labels):
        frame(images, of_class(labels, label, share), (0, 0, 0))
    assert biased(look(images, labels)) == []


def test_a_border_of_another_colour_in_each_class_is_told() -> None:
    images, labels = collection(3, 40)
    for code, color in enumerate([(0, 0, 0), (90, 90, 90), (255, 255, 255)]):
        frame(images, of_class(labels, f"c{code:03}", 0.5), color)
    assert biased(look(images, labels)) == ["c000", "c001", "c002"]


def snowed(images: Images, chosen: np.ndarray) -> None:
    """Give pictures a bright background that is never the same."""
    random = np.random.default_rng(9)
    side = images.shape[1]
    outside = cv2.circle(np.zeros((side, side), np.uint8), (side // 2,) * 2, side // 3, 1, -1) == 0
    for row in chosen:
        snow = cv2.resize(random.normal(215, 25, (4, 4)), (side, side))[..., None] * [0.97, 1, 1]
        images[row][outside] = np.clip(snow, 0, 255)[outside]


def test_a_class_in_the_snow_is_told() -> None:
    """R14: no border is of one colour, and yet it tells the class."""
    images, labels = collection(4, 60)
    snowed(images, of_class(labels, "c002", 1))
    report = look(images, labels)
    assert biased(report) == ["c002"]
    (finding,) = report.findings
    assert "the border alone tells it" in finding.message
    assert finding.severity == "error"
    assert finding.score is not None
    assert finding.threshold == 0.88 <= finding.score


def test_a_border_that_tells_more_than_the_middle_is_told() -> None:
    images, labels = collection(4, 60)
    snowed(images, of_class(labels, "c002", 0.8))
    images[:, 7:25, 7:25] = collection(1, 240, seed=5)[0][:, 7:25, 7:25]  # which tells nothing
    report = look(images, labels)
    assert biased(report) == ["c002"]
    assert "better than the middle does" in report.findings[0].message


def test_borders_that_vary_less_are_told() -> None:
    images, labels = collection(3, 40)
    rows = of_class(labels, "c000", 1)
    images[rows] = np.clip((images[rows].astype(float) - 128) * 0.4 + 128, 0, 255).astype("u1")
    report = look(images, labels, border_area=1.1, beats_center=1.1)
    assert biased(report) == ["c000"]
    assert "vary 0.42 times as much" in report.findings[0].message
    assert biased(look(images, labels, border_area=1.1, beats_center=1.1, border_spread=0.1)) == []


def test_a_middle_that_misleads_is_one_that_tells_nothing() -> None:
    """Held out rows of few images may well score below a half."""
    areas = {"border": np.array([0.68, 0.5]), "center": np.array([0.3, 0.5])}
    compared = _Compared(np.arange(2), np.array([20, 80]), spread=np.ones(2), **areas)
    assert Background()._sign(compared, 0) is None
    areas["border"][0] = 0.85
    assert Background()._sign(compared, 0) is not None


def test_frames_that_chance_brings_together_are_fine() -> None:
    """A twentieth of all images, of which two happen to be in one small class."""
    images, labels = collection(20, 10)
    frame(images, of_class(labels, "c000", 0.2), (0, 0, 0))
    for code in range(1, 9):
        frame(images, of_class(labels, f"c{code:03}", 0.1), (0, 0, 0))
    assert biased(look(images, labels)) == []


def test_of_two_classes_the_one_with_the_border_is_told() -> None:
    images, labels = collection(2, 40)
    snowed(images, of_class(labels, "c001", 1))
    assert biased(look(images, labels)) == ["c001"]


def test_two_classes_of_five_may_be_biased() -> None:
    images, labels = collection(5, 40)
    snowed(images, of_class(labels, "c000", 1))
    frame(images, of_class(labels, "c003", 0.5), (200, 30, 30))
    assert sorted(map(str, biased(look(images, labels)))) == ["c000", "c003"]


def test_a_border_in_a_jpeg_is_one_colour() -> None:
    """Compression blurs what is thin."""
    images, labels = collection(4, 40, side=96)
    chosen = of_class(labels, "c001", 0.25)
    frame(images, chosen, (200, 30, 30), wide=3)
    for row in chosen:
        images[row] = cv2.imdecode(cv2.imencode(".jpg", images[row])[1], cv2.IMREAD_COLOR)
    assert biased(look(images, labels)) == ["c001"]


def test_nearly_the_same_colour_is_one_colour() -> None:
    """Compression moves colours by a level; another border of one colour is there, too."""
    images, labels = collection(4, 20)
    for row, color in zip((1, 9, 15), [(200, 30, 29), (200, 30, 31), (0, 0, 0)], strict=True):
        frame(images, np.array([row]), color)
    report = look(images, labels)
    assert biased(report) == ["c000"]
    assert "10% of its images" in report.findings[0].message


def test_thresholds_are_arguments() -> None:
    images, labels = collection(4, 40)
    frame(images, of_class(labels, "c001", 0.1), (9, 9, 9))
    assert biased(look(images, labels, shared_color=0.2)) == []
    snowed(images, of_class(labels, "c002", 1))
    at_most = {"border_area": 1.1, "beats_center": 0.5, "border_spread": 0.0}
    assert biased(look(images, labels, shared_color=0.2, **at_most)) == []


def test_without_classes_it_says_why_it_did_not_look() -> None:
    (finding,) = audit(collection(2, 5)[0], checks="background", verbose=0).findings
    assert (finding.severity, finding.position, finding.label) == ("note", None, None)
    assert "not one class an image" in finding.message


def test_small_classes_are_left_out() -> None:
    images, labels = collection(3, 12)
    report = look(images[:-4], labels[:-4])
    (finding,) = report.findings
    assert finding.severity == "note"
    assert "2 of 3 classes" in finding.message
    assert report.classes["border_area"].isna().tolist() == [False, False, True]


def test_one_class_alone_is_left_out() -> None:
    images, labels = collection(1, 12)
    (finding,) = look(images, labels).findings
    assert "0 of 1 classes" in finding.message


def test_classes_have_columns() -> None:
    images, labels = collection(3, 20)
    frame(images, of_class(labels, "c001", 0.5), (90, 120, 40))
    table = look(images, labels).classes
    assert list(table.columns) == [
        *("images", "border_area", "center_area", "border_spread", "border_color_share"),
    ]
    assert table["border_color_share"].tolist() == [0.0, 0.5, 0.0]
    assert (table["center_area"] > 0.5).all()


def test_few_bytes_of_an_image_are_kept() -> None:
    dtype = np.dtype([(name, kind) for name, kind in Background.measures.items()])
    assert dtype.itemsize <= 80


def test_large_collections_are_thinned_evenly() -> None:
    codes = np.array([0] * 10 + [1] * 3)
    assert _evenly(codes, 5).tolist() == [0, 2, 4, 6, 8, 10, 11, 12]
