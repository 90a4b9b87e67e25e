"""Folders and tables: no mixture, no half, and names that are no Unicode."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources import open_source
from keras_cvdata.writing import moving

try:
    import resource
except ImportError:  # Windows
    resource = None

SMALL = np.arange(4 * 6 * 6 * 3, dtype=np.uint8).reshape(4, 6, 6, 3)
LABELS = ["ant", "bee", "ant", "cow"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def strange(tmp_path):
    """A folder of classes of which one has a name that is no UTF-8."""
    for name in ("caf\udce9", "dog"):
        try:
            (tmp_path / "in" / name).mkdir(parents=True)
        except OSError:
            pytest.skip("the file system takes Unicode only")
        for number in range(2):
            data = cv2.imencode(".png", SMALL[number])[1].tobytes()
            (tmp_path / "in" / name / f"{number}.png").write_bytes(data)
    return open_source(tmp_path / "in")


@pytest.mark.parametrize("target", ["out", "out.h5"])
def test_names_that_are_no_unicode_are_kept(strange, tmp_path, target):
    back = open_source(convert(strange, tmp_path / target, verbose=0))
    assert back.class_names == ("caf\udce9", "dog")
    assert [back[i][1] for i in range(4)] == [0, 0, 1, 1]


@pytest.mark.parametrize("target", ["out.csv", "out.json", "out.jsonl"])
def test_names_that_a_table_cannot_hold_are_told_first(strange, tmp_path, target):
    before = names_in(tmp_path)
    with pytest.raises(ValueError, match=r"The class of 'label' 'caf\\udce9' is no Unicode, so"):
        convert(strange, tmp_path / target, copy=True, verbose=0)
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("target", ["out", "out.csv", "out.json", "out.h5"])
def test_half_a_character_is_told_first(tmp_path, target):
    with pytest.raises(ValueError, match=r"'a\\ud800'.* Rename it"):
        convert((SMALL, ["a\ud800", "b", "b", "b"]), tmp_path / target, verbose=0)
    assert names_in(tmp_path) == []


@pytest.mark.skipif(resource is None, reason="a limit of POSIX")
@pytest.mark.parametrize("target", ["out", "out.csv", "out.json"])
def test_a_full_disk_leaves_the_old_target(tmp_path, target):
    convert((SMALL, LABELS), tmp_path / target, verbose=0)
    before = contents(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (4, 40, 40, 3), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match=f"cannot be written: File too large.*{target}"):
            convert((noise, LABELS), tmp_path / target, overwrite=True, verbose=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path) == before


def test_images_that_stay_in_the_old_folder_are_not_lost(tmp_path, monkeypatch):
    """The new table refers to some of the folder that its predecessor had made."""
    path = convert((SMALL, LABELS), tmp_path / "a.csv", verbose=0)
    some = open_source(path).select(np.array([0, 1, 3]))
    with monkeypatch.context() as patched:
        real = type(some).location
        patched.setattr(type(some), "location", lambda s, i: real(s, i) if i else None)
        convert(some, path, overwrite=True, verbose=0)
    assert names_in(tmp_path) == ["a.csv", "a_csv_images", "a_csv_images_2"]
    for _ in range(2):
        back = open_source(path)
        assert all(np.array_equal(back.image(i), SMALL[k]) for i, k in enumerate((0, 1, 3)))
        convert(back, path, copy=True, overwrite=True, verbose=0)
    assert names_in(tmp_path) == ["a.csv", "a_csv_images_4"]


def test_an_image_folder_of_others_is_not_replaced(tmp_path):
    (tmp_path / "a_csv_images_7").mkdir()
    (tmp_path / "a_csv_images_7/thesis.txt").write_text("years")
    with pytest.raises(FileExistsError, match="a_csv_images_7 exists"):
        convert((SMALL, LABELS), tmp_path / "a.csv", verbose=0)
    with pytest.raises(FileExistsError, match=r"holds 'thesis\.txt'"):
        convert((SMALL, LABELS), tmp_path / "a.csv", overwrite=True, verbose=0)


def test_a_file_takes_no_folder_and_a_folder_no_file(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "b").touch()
    for name, words in (("a.csv", "is a folder, and a file"), ("b", "is a file, and a folder")):
        with pytest.raises(FileExistsError, match=words):
            convert((SMALL, LABELS), tmp_path / name, overwrite=True, verbose=0)


@pytest.mark.parametrize("target", ["out", "out.csv", "out.json"])
def test_ctrl_c_between_two_names_loses_nothing(tmp_path, monkeypatch, target):
    """What had begun is ended, as a kill is by the next run."""
    monkeypatch.setattr(moving, "exchange", lambda *_: False)
    convert((SMALL, LABELS), tmp_path / target, verbose=0)
    real, calls = Path.replace, []

    def replace(path, to):
        calls.append(path)
        if len(calls) == 3:  # the plan, the first name, and now the second
            raise KeyboardInterrupt
        return real(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            convert((SMALL[:1], ["owl"]), tmp_path / target, overwrite=True, verbose=0)
    assert open_source(tmp_path / target).class_names == ("owl",)
    assert not [name for name in names_in(tmp_path) if name.startswith(".")]
