"""The handbook's experiment, in small."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata import cli
from keras_cvdata.demo import (
    cnn,
    describe_balance,
    format_table,
    look_at,
    run,
    write_digits,
)
from keras_cvdata.sources import ArraySource, open_source


@pytest.mark.slow
def test_augmentation_teaches_what_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R82, R87 to R92: a quarter of the epochs of `keras-cvdata demo`, so a wider margin."""
    table = run(output=tmp_path / "demo", epochs=11)
    plain, augmented = table["plain"], table["augmented"]
    assert plain["clean"] > 0.9
    assert augmented["shift right"] > plain["shift right"] + 0.2
    assert augmented["invert"] > plain["invert"] + 0.3
    assert augmented["clean"] > plain["clean"] - 0.05
    said = capsys.readouterr().out
    assert format_table(table) in said
    assert "Balance: the classes have 97% to 102% of their mean size." in said
    sheet = cv2.imread(str(tmp_path / "demo" / "augmented.png"))
    assert sheet.shape == (4 * (112 + 4 + 16), 8 * (112 + 4), 3)
    assert cv2.imread(str(tmp_path / "demo" / "accuracy.png")) is not None


@pytest.mark.slow
def test_digits_are_the_same_in_all_formats(tmp_path: Path) -> None:
    """R17, R21, R25, R26, R80: 28 x 28, white on black, 4 pixels of border, split by class."""
    collection = write_digits(tmp_path / "digits", seed=0)
    assert (collection.image_size, collection.color_mode) == ((28, 28), "grayscale")
    for part, count in (("train", 1438), ("test", 359)):
        folder = tmp_path / "digits" / part
        source = open_source(folder)
        assert len(source) == count
        assert source.class_names == tuple("0123456789")
        assert not (folder / "index.csv").exists()  # the order of the files is that of the rows
        images = np.stack([source.image(i, "grayscale") for i in range(0, count, 50)])
        assert images.shape[1:] == (28, 28, 1)
        framed = images.copy()
        framed[:, 4:-4, 4:-4] = 0
        assert not framed.any()
        assert images.max() == 255
        files = [source.fetch(i) for i in range(count)]
        for extension in (".csv", ".json", ".h5"):
            other = open_source(folder.with_suffix(extension))
            assert np.array_equal(other.labels["label"].values, source.labels["label"].values)
            assert [other.fetch(i) for i in range(count)] == files
    again = write_digits(tmp_path / "digits", seed=0)
    assert again == collection


@pytest.mark.slow
@pytest.mark.backends
def test_own_folder_is_split_and_tested(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R17, R53: --data with a flat folder; an image that cannot be read is named and left out."""
    data = tmp_path / "photos"
    shutil.copytree(photo_folder, data)
    broken = data / "cat" / "0.jpg"
    broken.write_bytes(broken.read_bytes()[:500])
    output = tmp_path / "out" / "demo"
    arguments = ["demo", "--data", str(data), "--output", str(output), "--epochs", "1"]
    assert cli.main([*arguments, "--image-size", "30x40"]) == 0
    said = capsys.readouterr().out
    assert "all        9      3" in said
    assert said.count(f"Left out {broken}: ") == 1
    written = ["accuracy.png", "augmented.png", "review.html", "stress.html"]
    assert sorted(file.name for file in output.iterdir()) == written


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("name", ["test", "val"])
def test_divided_folder_is_taken_as_it_is(name: str, photo_folder: Path, tmp_path: Path) -> None:
    """R18: train beside test or validation; classes missing from the test keep their codes."""
    shutil.copytree(photo_folder, tmp_path / "data" / "train")
    shutil.copytree(photo_folder / "dog", tmp_path / "data" / name / "dog")
    shutil.copytree(photo_folder / "fox", tmp_path / "data" / name / "fox")
    collection = look_at(tmp_path / "data")
    assert (collection.training, collection.test) == ({"split": "train"}, {"split": name})
    table = run(tmp_path / "data", tmp_path / "demo", image_size=(16, 16), epochs=1)
    assert set(table) == {"plain", "augmented"}


def test_size_and_colors_are_chosen_by_the_images(photo_folder: Path, tmp_path: Path) -> None:
    """R32: grey only if all images are grey; the usual shorter side within 28 and 96 pixels."""
    sides = [min(cv2.imread(str(file)).shape[:2]) for file in photo_folder.rglob("*.jpg")]
    side = int(np.median(sides))
    assert look_at(photo_folder)[3:] == ((side, side), "rgb")
    assert look_at(photo_folder, (20, 30)).image_size == (20, 30)
    for size, chosen in ((8, 28), (40, 40), (300, 96)):
        folder = tmp_path / str(size) / "a"
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "1.png"), np.eye(size, dtype=np.uint8) * 200)
        assert look_at(folder.parent)[3:] == ((chosen, chosen), "grayscale")


def test_folder_without_a_readable_image_is_looked_at(tmp_path: Path) -> None:
    """The images are named when they are read; looking does not stop at them."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"no image")
    assert look_at(tmp_path)[3:] == ((96, 96), "rgb")


@pytest.mark.backends
@pytest.mark.parametrize(
    ("shape", "filters", "parameters"),
    [
        ((28, 28, 1), [16], 27_210),  # as the handbook prints it
        ((28, 28, 1), None, 160 + 4640 + 8010),  # 16 and 32 filters
        ((96, 70, 3), None, 448 + 4640 + 18_496 + 10 * (64 * 10 * 7 + 1)),
        ((8, 9, 1), None, 160 + 10 * (3 * 3 * 16 + 1)),
        ((7, 5, 1), None, 360),
    ],
)
def test_network_is_that_of_the_handbook(
    shape: tuple[int, int, int], filters: list[int] | None, parameters: int
) -> None:
    """R87, R88, R93."""
    assert cnn(shape, 10, filters).count_params() == parameters


def test_balance_is_written_out() -> None:
    """R20: classes that one part lacks count as none."""
    x = np.zeros((4, 2, 2), np.uint8)
    training = ArraySource(x, ["cat", "cat", "cat", "elephant"])
    assert describe_balance(training, ArraySource(x[:1], ["cat"])).splitlines() == [
        "class     train   test",
        "cat           3      1",
        "elephant      1      0",
        "all           4      1",
        "Balance: the classes have 50% to 150% of their mean size.",
    ]


def test_digits_without_scikit_learn_name_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert cli.main(["demo", "--output", str(tmp_path / "demo")]) == 2
    assert "pip install 'keras-cvdata[demo]'" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_a_demo_without_matplotlib_ends_with_its_table(
    photo_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The training is not lost, and what is lacking is said."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    options = ["--data", str(photo_folder), "--output", str(tmp_path / "demo"), "--epochs", "1"]
    assert cli.main(["demo", *options, "--image-size", "28"]) == 0
    said = capsys.readouterr().out
    assert "      plain  augmented\nclean " in said
    assert "augmented.png, no chart (A chart needs matplotlib. Install it with: pip" in said
    written = sorted(file.name for file in (tmp_path / "demo").iterdir())
    assert written == ["augmented.png", "review.html", "stress.html"]
