"""Contact sheets and charts."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata.plots import bar_chart, contact_sheet, save_png


def solid(color: tuple[int, int, int], size: int = 96) -> np.ndarray:
    return np.full((size, size, 3), color, np.uint8)


def test_sheet_shows_images_row_by_row_in_their_colors() -> None:
    """R76, X4: red stays red, and images follow in reading order."""
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9), (200, 100, 50)]
    sheet = contact_sheet([solid(color) for color in colors], columns=3)
    assert sheet.shape == (200, 300, 3)
    assert sheet.dtype == np.uint8
    centers = [tuple(sheet[50 + 100 * (n // 3), 50 + 100 * (n % 3)].tolist()) for n in range(6)]
    assert centers == [*colors, (255, 255, 255)]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.full((96, 96), 77, np.uint8), 77),
        (np.full((96, 96, 1), 77, np.uint8), 77),
        (np.full((96, 96, 4), 77, np.uint8), 77),
        (np.full((96, 96, 3), 77 * 257, np.uint16), 77),
        (np.full((96, 96, 3), 77 / 255, np.float32), 77),
        (np.full((96, 96, 3), 1.5, np.float32), 255),
    ],
    ids=["grey", "one channel", "rgba", "16 bit", "float", "float above 1"],
)
def test_sheet_takes_every_form_of_pixels(image: np.ndarray, expected: int) -> None:
    """R76: float batches are shown by their scale."""
    before = image.copy()
    sheet = contact_sheet([image])
    assert (sheet[2:-2, 2:-2] == expected).all()
    assert np.array_equal(image, before)


def test_small_images_are_enlarged_without_smoothing() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[0, 0] = 255
    sheet = contact_sheet([image])
    assert sheet.shape == (28 * 4 + 4, 28 * 4 + 4, 3)
    assert np.array_equal(sheet[2:-2, 2:-2, 0], cv2.resize(image, (112, 112), interpolation=0))


def test_large_images_are_shrunk_by_averages() -> None:
    """R33: a checkerboard becomes grey, not black or white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    sheet = contact_sheet([board], tile=(32, 32))
    assert np.abs(sheet[2:-2, 2:-2].astype(int) - 127).max() <= 1


def test_titles_stand_above_their_images() -> None:
    plain, titled = (contact_sheet([solid((0, 0, 0))] * 2, titles=t) for t in (None, ["", "cat"]))
    assert titled.shape[0] == plain.shape[0] + 16
    assert (titled[:18, :100] == 255).all()  # the first title is empty
    assert titled[:18, 100:].min() < 100
    assert np.array_equal(titled[18:-2], plain[2:-2])


@pytest.mark.parametrize(
    ("images", "options"),
    [([], {}), ([solid((0, 0, 0))], {"titles": ["a", "b"]}), ([solid((0, 0, 0))], {"columns": 0})],
)
def test_sheet_that_cannot_be_is_refused(images: list, options: dict) -> None:
    with pytest.raises(ValueError, match="at least one image, one column and as many titles"):
        contact_sheet(images, **options)


@pytest.mark.parametrize(
    "image",
    [
        np.arange(60, dtype=np.uint8).reshape(4, 5, 3),
        np.arange(20, dtype=np.uint8).reshape(4, 5),
        np.arange(20, dtype=np.uint16).reshape(4, 5) * 3000,
    ],
    ids=["rgb", "grey", "16 bit"],
)
def test_png_holds_the_pixels_in_rgb(image: np.ndarray, tmp_path: Path) -> None:
    """X4: red is the first channel of the file too."""
    file = tmp_path / "übersicht.png"  # a name that cv2.imwrite does not write everywhere
    save_png(file, image)
    back = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert back.dtype == image.dtype
    assert np.array_equal(back[..., ::-1] if image.ndim == 3 else back, image)


def test_png_makes_folders_that_are_missing(tmp_path: Path) -> None:
    save_png(tmp_path / "new" / "folder" / "sheet.png", solid((0, 0, 0)))
    assert (tmp_path / "new" / "folder" / "sheet.png").stat().st_size


def test_chart_is_a_picture_with_bars_of_each_series(tmp_path: Path) -> None:
    file = tmp_path / "chart.png"
    series = {"plain": [0.9, 0.2], "augmented": [0.9, 0.8]}
    bar_chart(file, series, ["clean", "inverted"], "Accuracy", "share of images")
    picture = cv2.imread(str(file))
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    bars = [tuple(color) for color, n in zip(colors.tolist(), counts, strict=True) if n > 5000]
    assert (180, 119, 31) in bars  # matplotlib's first two colours, blue-green-red
    assert (14, 127, 255) in bars


def test_chart_without_matplotlib_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'keras-cvdata\[plots\]'"):
        bar_chart(tmp_path / "chart.png", {"a": [1]}, ["b"], "c", "d")
