"""Images that cannot be read: a clear error, or a substitute, and always a report."""

import re
import shutil
import time
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ImageDataGenerator
from keras_cvdata.sequences import CSVSequence, DirectorySequence, Sequence
from keras_cvdata.sources import ArraySource
from keras_cvdata.types import ImageError

pytestmark = pytest.mark.backends


@pytest.fixture
def damaged(photo_folder, tmp_path):
    """The photographs with four bad files among the cats and foxes."""
    root = shutil.copytree(photo_folder, tmp_path / "photos")
    whole = (root / "cat/0.jpg").read_bytes()
    (root / "cat/0.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "cat/1.jpg").write_text("this is not an image")
    (root / "fox/2.jpg").write_bytes(b"")
    (root / "fox/3.jpg").write_bytes(whole[:2] + b"\0" * 200)
    return root


def make(root, **options):
    defaults = {"image_size": (20, 20), "batch_size": 5, "seed": 7, "verbose": 0}
    return DirectorySequence(root, **{**defaults, **options})


BAD = ["cat/0.jpg", "cat/1.jpg", "fox/2.jpg", "fox/3.jpg"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("cat/0.jpg", "truncated"),
        ("cat/1.jpg", "text"),
        ("fox/2.jpg", "empty"),
        ("fox/3.jpg", "JPEG"),
    ],
)
def test_an_error_names_path_row_and_reason(damaged, file, reason):
    seq = make(damaged, shuffle=False, batch_size=1)
    row = next(i for i in range(12) if seq.source.name(i).endswith(file))
    with pytest.raises(ImageError, match=reason) as caught:
        seq[row]
    assert caught.value.name.endswith(file)
    assert f"row {row}" in str(caught.value)
    assert [bad.row for bad in seq.report] == [row]


def test_a_file_that_vanished_is_named(damaged):
    seq = make(damaged, shuffle=False, batch_size=1)
    (damaged / "dog/0.jpg").unlink()
    with pytest.raises(ImageError, match=r"dog.0\.jpg.*no such file|dog.0\.jpg.*not exist"):
        seq[4]


@pytest.mark.parametrize("mode", ["substitute", "skip"])
def test_substitutes_keep_length_shapes_and_classes(damaged, mode):
    """Another sample of the class stands in; the epoch stays exact; every bad image is listed."""
    seq = make(damaged, on_error=mode)
    batches = list(seq)
    assert [batch[0].shape for batch in batches] == [(5, 20, 20, 3), (5, 20, 20, 3), (2, 20, 20, 3)]
    labels = np.concatenate([batch[1] for batch in batches])
    assert np.bincount(labels).tolist() == [4, 4, 4]
    assert [bad.name.replace("\\", "/")[-9:] for bad in seq.report] == BAD
    assert all(bad.reason for bad in seq.report)
    assert [bad.row for bad in seq.report] == [0, 1, 10, 11]
    if mode == "skip":
        weights = np.concatenate([batch[2] for batch in batches])
        assert weights.dtype == np.float32
        assert sorted(weights) == [0] * 4 + [1] * 8


def test_a_substitute_is_a_sample_of_the_class(damaged):
    seq = make(damaged, on_error="substitute", shuffle=False, batch_size=12)
    x, _ = seq[0]
    for position in (0, 1):
        assert any((x[position] == x[other]).all() for other in (2, 3))


def test_a_rare_combination_of_labels_has_a_substitute():
    """A sample with labels that no other has would end the training."""
    y = [[1, 0, 0]] * 64 + [[0, 1, 0]] * 63 + [[1, 1, 1]]
    source = Torn(np.zeros((128, 8, 8, 3), np.uint8), y)
    seq = Sequence(source, label_mode="multilabel", on_error="substitute", shuffle=False, verbose=0)
    assert seq.source.codes[:3].tolist() == [seq.source.codes[-1]] * 3
    assert seq[3][1][-1].tolist() == [1, 0, 0]
    assert [bad.row for bad in seq.report] == [127]


class Torn(ArraySource):
    """Images of which the last cannot be read."""

    def fetch(self, position):
        if position == len(self) - 1:
            raise ImageError(self.name(position), "damaged")
        return super().fetch(position)


class Damaged(ArraySource):
    """Images of which the first 64 cannot be read."""

    def fetch(self, position):
        if position < 64:
            raise ImageError(self.name(position), "damaged")
        return super().fetch(position)


def test_substitutes_among_a_million_are_found_at_once():
    """Hashing and sorting the whole class for each bad image took 4 s."""
    count = 2**21
    source = Damaged(np.arange(count).reshape(-1, 1, 1, 1).astype(np.uint8), np.arange(count) % 2)
    options = {"color_mode": "grayscale", "batch_size": 64, "shuffle": False, "seed": 7}
    seq = Sequence(source, on_error="substitute", verbose=0, **options)
    before = time.process_time()
    x, y = seq[0]
    assert time.process_time() - before < 1
    np.testing.assert_array_equal(x.ravel() % 2, y)
    assert len(np.unique(x)) > 32
    assert len(seq.report) == 64


def test_substitutes_do_not_depend_on_threads(damaged):
    one = [x for x, _ in make(damaged, on_error="substitute", threads=1)]
    many = [x for x, _ in make(damaged, on_error="substitute", threads=8)]
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_class_without_any_readable_image_is_an_error(damaged):
    for file in (damaged / "cat").iterdir():
        file.write_bytes(b"")
    with pytest.raises(ImageError, match="none of 4"):
        list(make(damaged, on_error="substitute"))


def test_images_with_other_channels_are_named(damaged):
    cv2.imwrite(str(damaged / "dog/9.png"), np.zeros((9, 9), np.uint8))
    seq = make(damaged, color_mode="unchanged", shuffle=False, on_error="skip")
    list(seq)
    assert any("1 channels" in bad.reason for bad in seq.report)


def fail(image):
    raise ZeroDivisionError("boom")


@pytest.mark.parametrize("mode", ["raise", "substitute"])
def test_an_error_of_a_function_keeps_its_type_and_names_the_image(photo_folder, mode):
    seq = make(photo_folder, augment=fail, shuffle=False, on_error=mode)
    with pytest.raises(ZeroDivisionError, match="boom") as caught:
        seq[0]
    assert re.search(r"cat.0\.jpg \(row 0\)", "".join(caught.value.__notes__))


def test_skip_goes_into_fit(damaged):
    import keras

    inputs = keras.Input((20, 20, 3))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(inputs)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    seq = make(damaged, on_error="skip", rescale="unit")
    assert np.isfinite(model.fit(seq, verbose=0).history["loss"][0])
    assert len(seq.report) == 4


def test_fit_reports_the_path(damaged):
    """TensorFlow wraps the error and keeps the message."""
    import keras

    inputs = keras.Input((20, 20, 3))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(inputs)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(Exception, match=r"(cat|fox).\d\.jpg \(row \d+\)"):
        model.fit(make(damaged, rescale="unit"), epochs=2, verbose=0)
    with pytest.raises(Exception, match=r"(?s)boom.*\d\.jpg \(row \d+\)"):
        model.fit(make(damaged, rescale="unit", augment=fail), verbose=0)


def skipping(root):
    return make(root, on_error="skip")


def skipping_flow(root):
    generator = ImageDataGenerator(on_error="skip")
    return generator.flow_from_directory(root, target_size=(20, 20), class_mode="sparse")


@pytest.mark.slow
@pytest.mark.parametrize("make_one", [skipping, skipping_flow])
def test_class_weight_with_skip_says_what_to_do(damaged, make_one):
    """Keras refuses the two together, in words that do not tell where sample weights come from."""
    flat, scores = keras.layers.Flatten(), keras.layers.Dense(3, "softmax")
    model = keras.Sequential([keras.Input((20, 20, 3)), flat, scores])
    model.compile("sgd", "sparse_categorical_crossentropy")
    data = make_one(damaged)
    # TensorFlow has errors of its own around those of a generator.
    with pytest.raises(Exception, match=r"Use on_error='substitute', or balance=True"):
        model.fit(data, class_weight={0: 1.0, 1: 2.0, 2: 1.0}, verbose=0)
    assert np.isfinite(model.fit(data, verbose=0).history["loss"][0])


@pytest.mark.parametrize("on_error", ["raise", "substitute"])
def test_a_table_with_missing_files(photo_folder, tmp_path, on_error):
    """They are found at once, unless other images are to stand in their place."""
    table = tmp_path / "t.csv"
    names = [f"cat/{number}.jpg" for number in (0, 1, 9)]
    table.write_text("location,label\n" + "".join(f"{name},cat\n" for name in names))
    options = {"root": photo_folder, "class_names": ["cat", "dog"], "image_size": (8, 8)}
    options |= {"on_error": on_error, "verbose": 0}
    if on_error == "raise":
        with pytest.raises(FileNotFoundError, match=r"line 4: .*9\.jpg' does not exist"):
            CSVSequence(table, **options)
    else:
        seq = CSVSequence(table, **options)
        assert len(seq[0][0]) == 3
        assert [Path(bad.name).name for bad in seq.report] == ["9.jpg"]
    assert len(CSVSequence(table, missing="drop", **options)[0][0]) == 2
