"""Images in memory."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from keras_cvdata.sources import ArraySource

X = np.arange(4 * 5 * 6 * 3, dtype=np.uint8).reshape(4, 5, 6, 3)


def test_keras_datasets_shapes():
    """R28, R81: (x_train, y_train) as keras.datasets gives it, with and without channels."""
    source = ArraySource(X, np.array([[1], [0], [1], [1]], np.uint8))
    assert len(source) == 4
    assert source.image_shape == (5, 6, 3)
    assert source.dtype == np.uint8
    assert source.value_range is None
    assert source.labels["label"].counts() == {"0": 1, "1": 3}
    image, label = source[2]
    np.testing.assert_array_equal(image, X[2])
    assert label == 1
    gray = ArraySource(X[:, :, :, 0])
    assert gray.image_shape == (5, 6, 1)
    assert gray.labels == {}
    np.testing.assert_array_equal(gray.image(3), np.dstack([X[3, :, :, 0]] * 3))


def test_one_hot_labels_are_recognized():
    """R28."""
    source = ArraySource(X, np.eye(3)[[2, 0, 1, 2]], class_names=["a", "b", "c"])
    assert source.class_names == ("a", "b", "c")
    assert source.labels["label"].values.tolist() == [2, 0, 1, 2]


def test_several_label_columns_and_further_columns():
    """R15, R16."""
    source = ArraySource(
        X,
        {"kind": ["cat", "dog", "cat", "dog"], "price": [1.5, 2.0, 3.0, 4.0]},
        columns={"licence": ["CC0", "CC0", "own", "own"]},
    )
    assert source[1][1] == {"kind": 1, "price": 2.0}
    chosen = source.filter(licence="own")
    assert chosen.rows.tolist() == [2, 3]
    np.testing.assert_array_equal(chosen.fetch(0), X[2])


def test_images_of_different_sizes():
    """X8."""
    images = [X[0], X[1, :3], X[2, :, :2]]
    for given in (images, np.array([*images, None], object)[:3]):
        source = ArraySource(given, [0, 1, 0])
        assert source.image_shape is None
        assert source.dtype == np.uint8
        np.testing.assert_array_equal(source.fetch(1), X[1, :3])
    mixed = ArraySource([X[0], X[1] / 255.0])
    assert mixed.image_shape == (5, 6, 3)
    assert mixed.dtype is None
    assert mixed.value_range == (0.0, 1.0)


def test_range_of_floats():
    """X5, X11: the range is found where it is plain, and never guessed otherwise."""
    assert ArraySource(X / 255).value_range == (0.0, 1.0)
    assert ArraySource(X.astype(np.float32)).value_range is None
    assert ArraySource(X / 127.5 - 1).value_range is None
    assert ArraySource(X.astype(np.float16), value_range=(0, 255)).value_range == (0, 255)
    assert ArraySource(X, value_range=(0, 255)).value_range == (0, 255)
    with pytest.raises(ValueError, match=r"from 0 to 255, beyond value_range=\(0, 1\)"):
        ArraySource(X.astype(np.float32), value_range=(0, 1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_is_refused_with_its_row(bad):
    for images in (X.astype(np.float32), [image.astype(float) for image in X]):
        images[2][0, 0, 0] = bad
        with pytest.raises(ValueError, match=r"x\[2\] holds NaN or infinite pixels"):
            ArraySource(images)


def test_rows_of_nan_are_counted_across_blocks():
    images = np.zeros((9, 1024, 1024), np.float32)  # four images a block
    images[6, 5, 5] = np.nan
    with pytest.raises(ValueError, match=r"x\[6\] holds NaN"):
        ArraySource(images)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="4 images and 3 values of 'label'"):
        ArraySource(X, [0, 1, 0])
    with pytest.raises(ValueError, match="4 images and 2 values of 'licence'"):
        ArraySource(X, columns={"licence": ["a", "b"]})


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((0, 5, 6)), ValueError, "x is empty"),
        ([], ValueError, "x is empty"),
        (X[0, 0], ValueError, r"x\[0\] is \(3,\). A single image is x\[None\]"),
        ([X[0], X], ValueError, r"x\[1\] is \(4, 5, 6, 3\)"),
        (np.zeros((3, 0, 6)), ValueError, r"not empty; x\[0\] is \(0, 6\)"),
        (X.astype(int), TypeError, r"got int64\. Convert them"),
        ([X[0], X[1].astype(int)], TypeError, "got int64"),
    ],
)
def test_what_is_no_image_is_refused(x, error, message):
    with pytest.raises(error, match=message):
        ArraySource(x)


def test_pickles_and_names():
    source = pickle.loads(pickle.dumps(ArraySource(X > 100, ["a", "b", "a", "b"])))
    assert source.name(3) == "x[3]"
    assert source.image(3).max() == 255
    assert repr(source) == "ArraySource(4 images, label: 2 classes)"
