"""Flows over folders: what files hold, and what the new keywords do."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old
from PIL import Image, ImageFile

from keras_cvdata.preprocessing import image as new
from keras_cvdata.preprocessing import listing
from keras_cvdata.sources import folders
from keras_cvdata.types import ImageError
from tests.conftest import photograph


def flow(folder: Path, module=new, options=None, **arguments):
    options = {"target_size": (18, 25), "shuffle": False, "batch_size": 64, **(options or {})}
    return module.ImageDataGenerator(**arguments).flow_from_directory(folder, **options)


@pytest.fixture
def writable(mixed_folder, tmp_path):
    return shutil.copytree(mixed_folder, tmp_path / "images")


# What files hold


SIZES = {"target_size": (23, 31)}
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


def picture(mode: str) -> Image.Image:
    pixels = np.dstack([photograph(1, 23, 31), photograph(2, 23, 31)[..., 0]])
    image = Image.fromarray(pixels)
    return image.convert("RGB").quantize(40) if mode == "P" else image.convert(mode)


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("ending", ["png", "bmp", "ppm", "tif", "TIFF", "jpg"])
@pytest.mark.parametrize("mode", MODES)
def test_pixels_are_those_of_pillow(tmp_path, mode, ending, color_mode):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / f"1.{ending}"
    image = picture(mode)
    if ending in ("jpg", "bmp", "ppm") and mode in ("LA", "RGBA", "P"):
        image = image.convert("RGB")
    image.save(path)
    options = {**SIZES, "color_mode": color_mode}
    with pytest.warns(UserWarning, match="tiff") if ending == "TIFF" else nullcontext():
        theirs = flow(tmp_path, old, options)[0][0]
    ours = flow(tmp_path, new, options)[0][0]
    assert np.abs(theirs - ours).max() <= (1 if ending == "jpg" else 0)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey_is_kept(tmp_path, ending):
    values = np.random.RandomState(0).randint(0, 65536, (18, 25)).astype("uint16")
    (tmp_path / "a").mkdir()
    Image.fromarray(values).save(tmp_path / "a" / f"1.{ending}")
    options = {"color_mode": "grayscale"}
    ours = flow(tmp_path, new, options)[0][0]
    np.testing.assert_array_equal(ours, flow(tmp_path, old, options)[0][0])
    np.testing.assert_array_equal(ours[0, ..., 0], values)
    # The old class clips these values at 255.
    colored = flow(tmp_path, new)[0][0]
    np.testing.assert_allclose(colored[0], np.dstack([values / 257] * 3), rtol=1e-6)
    resized = flow(tmp_path, new, {"target_size": (9, 9), "interpolation": "bilinear"})[0][0]
    assert 0 <= resized.min() < resized.max() <= 255


def test_16_bit_colours_keep_their_fractions_in_the_old_units(tmp_path):
    values = np.random.RandomState(0).randint(0, 65536, (18, 25, 3)).astype("uint16")
    (tmp_path / "a").mkdir()
    cv2.imwrite(str(tmp_path / "a" / "1.png"), values[..., ::-1])
    ours = flow(tmp_path, new)[0][0]
    np.testing.assert_allclose(ours[0], values / 257, rtol=1e-6)
    assert np.abs(ours - flow(tmp_path, old)[0][0]).max() < 1
    gray = flow(tmp_path, new, {"color_mode": "grayscale"})[0][0]
    expected = values / 257 @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(gray[0, ..., 0], expected, atol=0.51)


def test_orientation_is_ignored_unless_asked_for(tmp_path):
    (tmp_path / "a").mkdir()
    image = Image.fromarray(photograph(0, 18, 25))
    exif = image.getexif()
    exif[0x0112] = 3  # half a turn
    image.save(tmp_path / "a" / "1.jpg", exif=exif)
    stored = flow(tmp_path)[0][0]
    assert np.abs(stored - flow(tmp_path, old)[0][0]).max() <= 1
    upright = flow(tmp_path, orientation=True)[0][0]
    np.testing.assert_array_equal(upright, stored[:, ::-1, ::-1])


# What is read


def test_other_files_stay_out_and_hidden_folders_are_told_of(writable):
    (writable / "cat" / "notes.txt").write_text("no image")
    (writable / "stray.png").write_bytes(b"")
    (writable / ".ipynb_checkpoints").mkdir()
    with pytest.warns(UserWarning, match=r"hidden folder '\.ipynb_checkpoints' counts as a class"):
        found = flow(writable)
    assert found.class_indices == flow(writable, old).class_indices
    assert found.filenames == flow(writable, old).filenames
    chosen = flow(writable, options={"classes": ["fox", "dog"]})
    assert chosen.class_indices == {"fox": 0, "dog": 1}
    assert chosen.num_classes == 2
    assert chosen.labels is chosen.classes


def test_names_of_classes_are_sorted_as_text(tmp_path):
    for name in ("2", "10", "1"):
        (tmp_path / name).mkdir()
    assert flow(tmp_path).class_indices == {"1": 0, "10": 1, "2": 2}


def test_nested_folders_have_the_order_of_the_old_class(writable):
    for name in ("b/1.png", "b-c/1.png", "b/a/2.png", "1.png", "Z.jpg"):
        path = writable / "cat" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(writable / "cat" / "0.png", path)
    (writable / "dog" / "link").symlink_to(writable / "cat" / "b", target_is_directory=True)
    for follow_links in (False, True):
        options = {"follow_links": follow_links}
        ours = flow(writable, options=options)
        assert ours.filenames == flow(writable, old, options).filenames
        assert ("dog/link/1.png" in ours.filenames) == follow_links


def test_a_folder_that_is_not_there(tmp_path):
    for options in ({}, {"classes": ["cat"]}):
        with pytest.raises(FileNotFoundError, match=r"nowhere: there is no such folder\. Check"):
            flow(tmp_path / "nowhere", options=options)
    empty = flow(tmp_path)
    with pytest.raises(ValueError, match=r"There are 0 batches.*No images were found. Check"):
        _ = empty[0]


def test_a_class_without_a_folder_keeps_its_number_and_is_told_of(mixed_folder):
    options = {"classes": ["bird", "cat"]}
    with pytest.warns(UserWarning, match="no such folder, so class 'bird' is empty"):
        ours = flow(mixed_folder, options=options)
    theirs = flow(mixed_folder, old, options)
    assert ours.filenames == theirs.filenames
    assert ours.class_indices == theirs.class_indices
    np.testing.assert_array_equal(ours.classes, theirs.classes)


def test_classes_may_lie_deeper(writable):
    (writable / "pets").mkdir()
    (writable / "cat").rename(writable / "pets" / "cat")
    nested = flow(writable, options={"classes": ["pets/cat", "fox/"]})
    assert nested.filenames[0] == "pets/cat/0.png"
    assert nested[0][0].shape == (9, 18, 25, 3)


@pytest.fixture
def settled(writable, monkeypatch):
    """Hidden files, endings without a dot, links and one in a circle; nothing changed lately."""
    monkeypatch.setattr(folders, "_TICK", -(2**60))
    for name in ("cat/.hidden.png", "cat/.old/1.png", "cat/b/apng", "cat/b-c/2.tif", "cat/a.gif"):
        (writable / name).parent.mkdir(parents=True, exist_ok=True)
        (writable / name).touch()
    (writable / "dog" / "link.png").symlink_to(writable / "cat" / "b", target_is_directory=True)
    (writable / "dog" / "circle.png").symlink_to("circle.png")
    return writable


def test_a_kept_listing_is_that_of_the_old_class(settled, tmp_path, monkeypatch):
    for index in (False, tmp_path / "kept", tmp_path / "kept"):
        for options in ({}, {"classes": ["fox", "cat"]}, {"classes": [""]}, {"follow_links": True}):
            ours = flow(settled, options={"index": index, **options})
            theirs = flow(settled, old, options)
            assert ours.filenames == theirs.filenames
            np.testing.assert_array_equal(ours.classes, theirs.classes)
    assert len(list((tmp_path / "kept").iterdir())) == 3
    (settled / "fox" / "new.png").touch()
    monkeypatch.setenv("KERAS_CVDATA_INDEX", str(tmp_path / "kept"))
    seen = []
    scan = listing._scanned
    monkeypatch.setattr(listing, "_scanned", lambda *path: seen.append(path[0]) or scan(*path))
    assert "fox/new.png" in flow(settled).filenames
    assert [Path(path).name for path in seen] == ["fox"]


def test_absolute_classes_and_an_index_that_cannot_be_written(settled, tmp_path, capsys):
    elsewhere = str(settled / "dog")
    assert flow(tmp_path, options={"classes": [elsewhere]}).samples == 6
    (tmp_path / "file").touch()
    flow(settled, options={"index": tmp_path / "file"})
    assert "The listing could not be kept for the next time: " in capsys.readouterr().out
    with pytest.raises(TypeError, match="index must be a folder, True, False or None; got 3"):
        flow(settled, options={"index": 3})


def test_keras_can_be_told_to_be_silent(mixed_folder, capsys):
    flow(mixed_folder)
    assert capsys.readouterr().out == "Found 14 images belonging to 3 classes.\n"
    keras.config.disable_interactive_logging()
    try:
        flow(mixed_folder)
    finally:
        keras.config.enable_interactive_logging()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        ({"target_size": 9}, {}, r"target_size must be \(height, width\) .*; got 9"),
        ({"target_size": (9, 9, 3)}, {}, r"target_size must be .*; got \(9, 9, 3\)"),
        ({"target_size": (0, 9)}, {}, "target_size height must be at least 1; got 0"),
        ({"batch_size": 0}, {}, "batch_size must be at least 1; got 0"),
        ({"subset": "training"}, {}, "the generator has no validation_split"),
    ],
)
def test_options_that_do_not_fit(mixed_folder, options, arguments, message):
    with pytest.raises(ValueError, match=message):
        flow(mixed_folder, options=options, **arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"color_mode": "cmyk"},
        {"class_mode": "output"},
        {"interpolation": "cubic"},
        {"subset": "test"},
    ],
)
def test_choices_that_are_none(mixed_folder, options):
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name} must be one of .*; got '{value}'"):
        flow(mixed_folder, options=options)


def test_pictures_listed_and_checked(mixed_folder):
    assert len(new.list_pictures(mixed_folder)) == 14
    assert len(new.list_pictures(mixed_folder, ext="png")) == 7
    assert new.validate_filename(str(mixed_folder / "cat" / "0.png"), ("png",))
    assert not new.validate_filename(str(mixed_folder / "cat" / "none.png"), ("png",))


def test_load_img_still_takes_grayscale(mixed_folder):
    path = str(mixed_folder / "cat" / "0.png")
    assert new.load_img(path, grayscale=True, target_size=(9, 8)).mode == "L"
    assert new.load_img(path).mode == "RGB"


# What cannot be read


@pytest.fixture
def damaged(writable):
    path = writable / "dog" / "4.png"
    path.write_bytes(path.read_bytes()[:60])
    return writable


def test_a_file_that_cannot_be_read_is_named(damaged):
    with pytest.raises(ImageError, match=r"dog/4\.png \(row 8\): The PNG is truncated"):
        _ = flow(damaged)[0]


def test_the_error_is_an_os_error_as_in_the_old_class(damaged):
    for module in (old, new):
        with pytest.raises(OSError):  # noqa: PT011 # the words of the old class are its own
            _ = flow(damaged, module)[0]


def test_pillow_reads_what_it_can_when_it_is_told_to(damaged, monkeypatch):
    path = damaged / "dog" / "1.jpg"
    path.write_bytes(path.read_bytes()[:-30])
    options = {"classes": ["dog"], "batch_size": 1}
    with pytest.raises(ImageError, match="truncated"):
        _ = flow(damaged, options=options)[0]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    theirs, ours = (flow(damaged, m, options)[0][0] for m in (old, new))
    np.testing.assert_array_equal(theirs, ours)


def test_substitutes_are_of_the_same_class(damaged):
    broken = flow(damaged, on_error="substitute", options={"class_mode": "sparse", "seed": 3})
    x, y = broken[0]
    np.testing.assert_array_equal(y, broken.classes)
    assert [(bad.row, Path(bad.name).name) for bad in broken.report] == [(8, "4.png")]
    dogs = {x[row].tobytes() for row in np.flatnonzero(broken.classes == 1) if row != 8}
    assert x[8].tobytes() in dogs


def test_skipped_samples_weigh_nothing(damaged):
    x, y, weights = flow(damaged, on_error="skip")[0]
    assert len(x) == len(y) == 14
    np.testing.assert_array_equal(np.flatnonzero(weights == 0), [8])
    with pytest.raises(ValueError, match=r"on_error='skip' marks bad images by sample weights"):
        flow(damaged, on_error="skip", options={"class_mode": None})


def test_nothing_to_put_in_its_place(damaged):
    for path in (damaged / "dog").iterdir():
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
    broken = flow(damaged, on_error="substitute")
    with pytest.raises(OSError, match="and none of 5 samples tried in its place") as caught:
        _ = broken[0]
    assert isinstance(caught.value, ImageError)
    assert broken.report
    assert not any("tried in its place" in bad.reason for bad in broken.report)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_reported_too(damaged, threads):
    broken = flow(damaged, threads=threads)
    with pytest.raises(ImageError, match=r"4\.png \(row 8\)"):
        _ = broken[0]
    assert [(bad.row, Path(bad.name).name) for bad in broken.report] == [(8, "4.png")]


# Targets, parts and balance


def test_images_as_targets_are_a_copy(mixed_folder):
    x, y = flow(mixed_folder, options={"class_mode": "input"})[0]
    np.testing.assert_array_equal(x, y)
    assert not np.shares_memory(x, y)


def parts(folder, **arguments):
    return [
        flow(folder, options={"subset": name}, validation_split=0.4, **arguments)
        for name in ("training", "validation")
    ]


def test_validation_takes_the_first_part_of_each_class_by_default(mixed_folder):
    training, validation = parts(mixed_folder)
    assert (
        validation.filenames
        == flow(mixed_folder, old, {"subset": "validation"}, validation_split=0.4).filenames
    )
    assert not set(training.filenames) & set(validation.filenames)


def test_stratify_chooses_at_random_the_same_share_of_each_class(mixed_folder):
    training, validation = parts(mixed_folder, stratify=True)
    first = parts(mixed_folder)[1]
    assert sorted(training.filenames + validation.filenames) == sorted(flow(mixed_folder).filenames)
    assert np.bincount(validation.classes).tolist() == [2, 2, 2]
    assert validation.filenames != first.filenames


def test_a_class_too_small_to_divide_is_named(writable):
    for path in [*(writable / "fox").iterdir()][1:]:
        path.unlink()
    with pytest.raises(ValueError, match="Class 'fox' has 1 sample"):
        parts(writable, stratify=True)


def test_validation_is_augmented_unless_told_otherwise(mixed_folder):
    plain = parts(mixed_folder, rescale=1 / 255)[1][0][0]
    augmented = parts(mixed_folder, rescale=1 / 255, rotation_range=90)
    spared = parts(mixed_folder, rescale=1 / 255, rotation_range=90, augment_validation=False)
    assert not np.array_equal(augmented[1][0][0], plain)
    np.testing.assert_array_equal(spared[1][0][0], plain)
    assert not np.array_equal(spared[0][0][0], parts(mixed_folder, rescale=1 / 255)[0][0][0])


def test_balance_repeats_small_classes(writable):
    for path in [*(writable / "fox").iterdir()][1:]:
        path.unlink()
    options = {"class_mode": "sparse", "shuffle": True, "seed": 1}
    balanced = flow(writable, options=options, balance=True)
    assert (balanced.n, balanced.samples) == (15, 11)
    assert np.bincount(balanced[0][1].astype(int)).tolist() == [5, 5, 5]
    assert np.bincount(next(balanced)[1].astype(int)).tolist() == [5, 5, 5]
    for path in [*(writable / "dog").iterdir()][3:]:
        path.unlink()
    held = flow(writable, options={"subset": "validation"}, balance=True, validation_split=0.6)
    assert held.n == held.samples == 4


# Iterators of somebody else


def listed(module):
    """An iterator over a list of files, written for the old module's classes."""

    class ListIterator(module.BatchFromFilesMixin, module.Iterator):
        def __init__(self, files, generator):
            how = ("channels_last", None, "", "png", None, "nearest", False)
            self.set_processing_attrs(generator, (9, 8), "rgb", *how)
            self.files, self.dtype, self.class_mode = files, "float32", "sparse"
            super().__init__(len(files), 4, True, 3)

        filepaths = property(lambda self: self.files)
        classes = labels = property(lambda self: list(range(len(self.files))))
        sample_weight = None

    return ListIterator


def test_other_iterators_over_files_go_on(mixed_folder):
    files = sorted(map(str, mixed_folder.glob("*/*")))
    (x, y), (old_x, old_y) = (
        next(listed(module)(files, module.ImageDataGenerator(horizontal_flip=True)))
        for module in (new, old)
    )
    np.testing.assert_array_equal(y, old_y)
    assert np.abs(x - old_x).max() <= 1


@pytest.mark.parametrize("name", ["filepaths", "labels", "sample_weight"])
def test_what_an_iterator_over_files_must_say(name):
    class Silent(new.BatchFromFilesMixin, new.Iterator):
        pass

    with pytest.raises(NotImplementedError, match="Silent must say w"):
        getattr(Silent(3, 1, False, None), name)
