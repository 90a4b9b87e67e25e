"""Resizing: means of blocks, Pillow's nearest, and graphs of unknown size."""

from __future__ import annotations

from typing import Any

import cv2
import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.steps import Resize, Warp
from keras_cvdata.layers import RandomFlip, RandomRotation, Resizing
from tests.conftest import photograph
from tests.executors import uniforms, with_opencv, with_tensors

pytestmark = pytest.mark.backends

every_executor = pytest.mark.parametrize("run", [with_opencv, with_tensors])


def resized(run: Any, image: np.ndarray, *arguments: Any, **options: Any) -> np.ndarray:
    return run(Chain([Resizing(*arguments, **options)]), image[None], np.empty((1, 0)))[0]


@every_executor
@pytest.mark.parametrize("factors", [(3, 2), (1, 5), (7, 7)])
def test_whole_factors_are_means_of_blocks(run: Any, factors: tuple[int, int]) -> None:
    """Nothing is left out, so nothing flickers (R33)."""
    image = np.random.default_rng(0).random((42, 70, 3), np.float32)
    down, across = factors
    expected = image.reshape(42 // down, down, 70 // across, across, 3).mean(axis=(1, 3))
    result = resized(run, image, 42 // down, 70 // across)
    assert np.abs(result - expected).max() <= 1e-6


@every_executor
@pytest.mark.parametrize("size", [(64, 64), (97, 130), (31, 100)])
def test_comes_near_to_area(run: Any, size: tuple[int, int]) -> None:
    """The slow way averages parts of pixels too; Keras without antialias is 10 dB further off."""
    image = photograph(1, 290, 310)
    slow = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).astype(float)
    error = np.mean((resized(run, image, *size) - slow) ** 2)
    assert 10 * np.log10(255**2 / error) >= 30


@every_executor
@pytest.mark.parametrize("fit", ["stretch", "crop"])
def test_gradients_stay_where_they_are(run: Any, fit: str) -> None:
    """Linear in x and y before and after, with the middle in the middle."""
    height, width, size = 53, 97, (16, 20)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    image = np.stack([y, x], axis=-1)
    result = resized(run, image, *size, crop_to_aspect_ratio=fit == "crop")
    ratio = np.array([height / size[0], width / size[1]])
    if fit == "crop":
        ratio[:] = ratio.min()
    place = np.stack(np.mgrid[: size[0], : size[1]], axis=-1) - (np.array(size) - 1) / 2
    expected = place * ratio + (np.array([height, width]) - 1) / 2
    assert np.abs(result - expected)[1:-1, 1:-1].max() <= 1e-4


@every_executor
def test_enlarging_equals_keras(run: Any) -> None:
    image = np.random.default_rng(0).random((20, 31, 3), np.float32)
    theirs = keras.layers.Resizing(33, 64, data_format="channels_last")
    expected = ops.convert_to_numpy(theirs(ops.convert_to_tensor(image[None])))[0]
    assert np.abs(resized(run, image, 33, 64) - expected).max() <= 1e-5


@every_executor
@pytest.mark.parametrize("size", [(33, 64), (7, 10), (25, 40), (20, 90)])
def test_nearest_takes_the_pixel_that_holds_the_middle(run: Any, size: tuple[int, int]) -> None:
    """In whole numbers, of two at equal distance the later; as Pillow, but for its rounding."""
    image = np.random.default_rng(0).integers(0, 256, (20, 31, 3), np.uint8)
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, (20, 31), strict=True)
    )
    result = resized(run, image, *size, "nearest")
    assert np.array_equal(result, image[rows[:, None], columns])
    if size != (25, 40):
        pillow = Image.fromarray(image).resize(size[::-1], Image.Resampling.NEAREST)
        assert np.array_equal(result, pillow)


@every_executor
@pytest.mark.parametrize(("height", "top"), [(20, 10), (21, 9)])
def test_pads_to_the_aspect(run: Any, height: int, top: int) -> None:
    """The border has one colour and a sharp edge; sides are rounded to whole pixels (R34)."""
    image = np.full((height, 40, 3), 200, np.uint8)
    padded = resized(run, image, 40, 40, pad_to_aspect_ratio=True, fill_value=0.5)
    assert (padded[:top] == 128).all()
    assert (padded[top : top + height] == 200).all()
    assert (padded[top + height :] == 128).all()
    options = {"fill_value": 0.5, "value_range": (-1, 1), "pad_to_aspect_ratio": True}
    floats = resized(run, image / np.float32(255), 40, 40, **options)
    assert np.allclose(floats[0], 0)


@pytest.mark.parametrize("interpolation", ["area", "bicubic", "lanczos"])
def test_finer_interpolations_are_for_sequences(interpolation: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 31, 3), np.uint8)
    ways = {"area": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
    expected = cv2.resize(image, (50, 40), interpolation=ways[interpolation])
    assert np.array_equal(resized(with_opencv, image, 40, 50, interpolation), expected)
    with pytest.raises(TypeError, match=r"no equal form on tensors. Use 'bilinear'.*sequence"):
        Resizing(40, 50, interpolation)(image)


def test_takes_the_place_of_the_resize_of_a_sequence() -> None:
    """And fuses, as that would."""
    chain = Chain([Resizing(30, 40), RandomFlip(), RandomRotation()], size=(224, 224))
    (warp,) = chain.plan(uniforms(chain, 2), 224, 224, 3).steps
    assert isinstance(warp, Warp)
    assert warp.resize == Resize((30, 40), "stretch", "bilinear")
    assert chain.output_size(224, 224) == (30, 40)
    (crop,) = (
        Chain([Resizing(crop_to_aspect_ratio=True)], size=(8, 9))
        .plan(np.empty((1, 0)), 1, 1, 3)
        .steps
    )
    assert crop == Resize((8, 9), "crop", "bilinear")


def test_without_a_size_nothing_is_done() -> None:
    assert Chain([Resizing()]).plan(np.empty((1, 0)), 8, 9, 3).steps == ()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "fill_value": 0.3},
        {"interpolation": "nearest"},
    ],
)
@pytest.mark.slow
def test_unknown_sizes_in_a_tensorflow_graph(options: dict[str, Any]) -> None:
    """Images of various sizes in one graph, as tf.data.map brings them, batched after it."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (*shape, 3), np.uint8) for shape in [(40, 90), (13, 17)]]
    layer = Resizing(16, 20, **options)
    data = tf.data.Dataset.from_generator(
        lambda: iter(images), output_signature=tf.TensorSpec((None, None, 3), tf.uint8)
    )
    (batch,) = data.map(layer).batch(2).as_numpy_iterator()
    for image, result in zip(images, batch, strict=True):
        expected = ops.convert_to_numpy(layer(image))
        assert np.abs(result.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"height": 8}, "takes height and width together.*Give both or none"),
        ({"height": 0, "width": 8}, "height must be at least 1"),
        ({"height": 8, "width": 8, "interpolation": "cubic"}, "interpolation must be one of"),
        ({"height": 8, "width": 8, "fill_value": 255}, "fill_value must be .* from 0 to 1"),
        (
            {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
            "crop_to_aspect_ratio or pad_to_aspect_ratio, not both",
        ),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Resizing.*{message}"):
        Resizing(**options)


def test_sizes_are_integers() -> None:
    with pytest.raises(TypeError, match=r"Resizing: width must be an integer; got 8.0"):
        Resizing(8, 8.0)  # type: ignore[arg-type]
