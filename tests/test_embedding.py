"""Rows of numbers that a model makes of images."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ArraySequence, Sequence, audit, embed, layers
from keras_cvdata.sources import ArraySource, DirectorySource

pytestmark = pytest.mark.backends

GREY = (10 * np.arange(7, dtype=np.uint8))[:, None, None, None] * np.ones((6, 4, 1), np.uint8)


class Means(keras.Model):
    """Mean of all pixels, and its double: what each row must be is known."""

    def call(self, x):
        mean = keras.ops.mean(x, axis=(1, 2))
        return keras.ops.concatenate([mean, 2 * mean], axis=1)


class Pixels(keras.Model):
    """The image itself: a row for each position."""

    def call(self, x):
        return x + 1


EXPECTED = np.stack([10.0 * np.arange(7), 20.0 * np.arange(7)], axis=1)


@pytest.mark.slow
def test_rows_come_in_the_order_of_the_source_without_augmentation() -> None:
    settings = {"color_mode": "grayscale", "label_mode": None, "batch_size": 3}
    data = ArraySequence(GREY, augment=layers.RandomInvert(1.0), **settings)
    found = embed(Means(), data)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, EXPECTED)


@pytest.mark.slow
def test_positions_are_averaged() -> None:
    found = embed(Pixels(), ArraySource(GREY), color_mode="grayscale")
    np.testing.assert_allclose(found, EXPECTED[:, :1] + 1)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_brought_to_the_input_of_the_model(channels) -> None:
    inputs = keras.Input((3, 5, channels))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    found = embed(model, GREY, rescale=0.1)
    np.testing.assert_allclose(found, np.repeat(EXPECTED[:, :1] / 10, channels, axis=1), atol=1e-5)


@pytest.mark.slow
def test_an_image_that_cannot_be_read_has_no_row(tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), GREY[number])
    (tmp_path / "b" / "1.png").write_bytes(b"broken")
    data = Sequence(DirectorySource(tmp_path), image_size=4, on_error="substitute", verbose=0)
    found = embed(Means(), data)
    assert np.isnan(found).any(axis=1).tolist() == [False, False, True, False]


@pytest.mark.slow
def test_models_without_one_finite_output_are_refused() -> None:
    inputs = keras.Input((4, 4, 1))
    means = keras.layers.GlobalAveragePooling2D()(inputs)
    with pytest.raises(ValueError, match="must have one output"):
        embed(keras.Model(inputs, [means, means]), GREY)
    with pytest.raises(ValueError, match="NaN or infinite"):
        embed(keras.Model(inputs, keras.ops.log(means - 1000)), GREY)


def test_other_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"must be a keras\.Model; got a function"):
        embed(lambda x: x, GREY)
    data = ArraySequence(GREY, label_mode=None, verbose=0)
    with pytest.raises(TypeError, match="come too late"):
        embed(Means(), data, rescale="unit")


def test_an_audit_takes_the_model_itself() -> None:
    """R1: an image unlike all others, by what a model makes of it."""
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])
    x = np.random.default_rng(0).integers(100, 110, (40, 8, 8, 3), np.uint8)
    x[17] = 255
    data = ArraySequence(x, np.arange(40) % 2, rescale="unit", verbose=0)
    report = audit(data, checks=["outlier"], embeddings=model, verbose=0)
    assert report.issues.row.tolist() == [17]
    given = audit(data, checks=["outlier"], embeddings=embed(model, data), verbose=0)
    assert given.findings == report.findings
    with pytest.raises(TypeError, match=r"a model need a sequence.*; got ndarray"):
        audit(x, embeddings=model, verbose=0)
