"""RandomCrop, CenterCrop and Pad: whole pixels, and places as likely as they should be."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry.windows import fixed_crop
from keras_cvdata.layers import CenterCrop, Pad, RandomCrop
from tests.distributions import assert_uniform, drawn
from tests.executors import with_opencv, with_tensors
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends

every_executor = pytest.mark.parametrize("run", [with_opencv, with_tensors])


def carried_out(run: Any, layer: Any, image: np.ndarray, *u: float) -> np.ndarray:
    return run(Chain([layer]), image[None], np.array([u]).reshape(1, -1))[0]


@every_executor
@pytest.mark.parametrize("size", [(21, 34), (20, 33), (5, 34), (4, 9), (1, 1)])
def test_the_middle_is_that_of_keras(run: Any, image: np.ndarray, size: tuple[int, int]) -> None:
    theirs = keras.layers.CenterCrop(*size, data_format="channels_last", dtype=str(image.dtype))
    expected = ops.convert_to_numpy(theirs(ops.convert_to_tensor(image[None])))[0]
    assert np.array_equal(carried_out(run, CenterCrop(*size), image), expected)


@every_executor
def test_windows_are_plain_cuts(run: Any, image: np.ndarray) -> None:
    for u, (top, left) in {(0.0, 0.0): (0, 0), (0.99, 0.5): (13, 9), (0.3, 0.99): (4, 18)}.items():
        expected = image[top : top + 8, left : left + 16]
        assert np.array_equal(carried_out(run, RandomCrop(8, 16), image, *u), expected)


@every_executor
@pytest.mark.parametrize("size", [(42, 30), (30, 68), (63, 102)])
def test_small_images_are_enlarged_to_cover(
    run: Any, image: np.ndarray, size: tuple[int, int]
) -> None:
    """Just enough, with the aspect kept, and placed at random where something is left over."""
    scale = max(size[0] / 21, size[1] / 34)
    top, left = 0.7 * (21 - size[0] / scale), 0.2 * (34 - size[1] / scale)

    def place(x: np.ndarray, y: np.ndarray) -> Any:
        return (x + 0.5) / scale - 0.5 + left, (y + 0.5) / scale - 0.5 + top

    expected = read_at(image, place, "nearest", size=size)
    result = carried_out(run, RandomCrop(*size), image, 0.7, 0.2)
    assert np.abs(result - expected).max() <= limit(image)


def test_every_place_is_as_likely_as_the_others() -> None:
    """All whole pixels, the first and the last too, down and across by themselves."""
    p = drawn(RandomCrop(30, 55))
    assert_uniform(p["y"], 0, 1)
    assert_uniform(p["x"], 0, 1)
    window = fixed_crop(p, (30, 55), 40, 60, np)
    for place, free in ((window["top"], 10), (window["left"], 5)):
        counts = np.bincount(place.astype(int), minlength=free + 1)
        assert len(counts) == free + 1
        expected = len(place) / (free + 1)
        assert ((counts - expected) ** 2 / expected).sum() < 30
    assert abs(np.corrcoef(p["y"], p["x"])[0, 1]) < 0.03


def test_each_image_has_its_own_place() -> None:
    """Keras draws one for the batch."""
    x = np.repeat(np.arange(40, dtype=np.uint8)[None, :, None, None], 32, axis=0)
    first = ops.convert_to_numpy(RandomCrop(8, 1, seed=1)(x))[:, 0, 0, 0]
    assert len(set(first.tolist())) > 10


def test_outside_training_the_middle_is_shown(image: np.ndarray) -> None:
    layer = RandomCrop(8, 16, data_format="channels_first")
    first = np.moveaxis(image, -1, 0)
    result = ops.convert_to_numpy(layer(first, training=False))
    assert np.array_equal(np.moveaxis(result, 0, -1), image[6:14, 9:25])


@every_executor
@pytest.mark.parametrize(
    ("fill_mode", "mode"),
    [("constant", "constant"), ("reflect", "symmetric"), ("nearest", "edge"), ("wrap", "wrap")],
)
def test_pad_equals_numpy(run: Any, image: np.ndarray, fill_mode: str, mode: str) -> None:
    options: Any = {"constant_values": 0} if mode == "constant" else {}
    expected = np.pad(image, ((1, 2), (5, 9), (0, 0)), mode, **options)
    result = carried_out(run, Pad((1, 2, 5, 9), fill_mode=fill_mode), image)
    assert np.array_equal(result, expected)


@every_executor
def test_pad_to_a_size(run: Any, image: np.ndarray) -> None:
    """Larger sides stay; the fill is in units of the value range."""
    padded = carried_out(run, Pad(height=26, width=20, fill_value=1.0), image)
    assert padded.shape == (26, 34, 3)
    assert np.array_equal(padded[2:23], image)
    assert (padded[:2] == (255 if image.dtype == np.uint8 else 1)).all()
    assert np.array_equal(padded[23:], np.broadcast_to(padded[:1], (3, 34, 3)))


@every_executor
def test_pad_and_crop_do_not_cut_the_border_short(run: Any) -> None:
    """The recipe for small images: what was filled stays filled."""
    image = np.full((32, 32, 3), 9, np.uint8)
    chain = Chain([Pad(4), RandomCrop(32, 32)])
    result = run(chain, image[None], np.array([[0.0, 0.99]]))[0]
    assert (result[:4] == 0).all()
    assert (result[:, -4:] == 0).all()
    assert (result[4:, :-4] == 9).all()


def test_amounts_are_read_in_three_ways() -> None:
    assert Pad(3).amounts == (3, 3, 3, 3)
    assert Pad((1, 2)).amounts == (1, 1, 2, 2)
    assert Pad([1, 2, 3, 4]).amounts == (1, 2, 3, 4)
    assert Pad((1, 2, 3, 4)).output_size(10, None) == (13, None)
    assert Pad(height=20, width=5).output_size(10, 10) == (20, 10)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
@pytest.mark.slow
def test_unknown_sizes_in_a_tensorflow_graph() -> None:
    import tensorflow as tf

    stack = [Pad(2), Pad(height=30, width=30), RandomCrop(24, 26, seed=1), CenterCrop(20, 25)]

    def prepare(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    images = [np.full((*shape, 3), 90, np.uint8) for shape in [(40, 90), (13, 17)]]
    data = tf.data.Dataset.from_generator(
        lambda: iter(images), output_signature=tf.TensorSpec((None, None, 3), tf.uint8)
    )
    (batch,) = data.map(prepare).batch(2).as_numpy_iterator()
    assert batch.shape == (2, 20, 25, 3)


@pytest.mark.parametrize("layer", [RandomCrop, CenterCrop, Pad])
def test_sizes_go_together(layer: Any) -> None:
    with pytest.raises(ValueError, match=f"{layer.__name__} takes height and width together"):
        layer(height=8)
    with pytest.raises(ValueError, match=f"{layer.__name__}: width must be at least 1"):
        layer(height=8, width=0)
    with pytest.raises(TypeError, match=f"{layer.__name__}: height must be an integer"):
        layer(height=8.5, width=8)


@pytest.mark.parametrize("amounts", [-1, (1, 2, 3), (1, -2), 1.5, "12"])
def test_bad_amounts_are_refused(amounts: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="Pad: amounts must be"):
        Pad(amounts)


def test_amounts_and_sizes_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="takes amounts or height and width, not both"):
        Pad(3, height=40, width=40)
