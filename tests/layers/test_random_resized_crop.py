"""RandomResizedCrop: its laws, and windows that stay as sharp as the file is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata import ArraySequence
from keras_cvdata.codec import decode
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry.windows import resized_crop
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import RandomFlip, RandomResizedCrop, RandomRotation, Resizing
from keras_cvdata.loading.sampler import BatchIndices
from tests.conftest import photograph
from tests.distributions import assert_uniform, drawn
from tests.executors import uniforms, with_opencv, with_tensors
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends


def test_draws_follow_their_law() -> None:
    """Area evenly, aspect evenly on a logarithmic scale, place evenly in what is left over."""
    p = drawn(RandomResizedCrop(scale=(0.1, 0.6), ratio=(0.5, 3)))
    assert_uniform(p["area"], 0.1, 0.6)
    assert_uniform(np.log(p["ratio"]), np.log(0.5), np.log(3))
    assert_uniform(p["y"], 0, 1)
    assert_uniform(p["x"], 0, 1)
    assert np.abs(np.corrcoef(list(p.values())) - np.eye(4)).max() < 0.04


def test_windows_have_the_area_and_the_aspect() -> None:
    p = drawn(RandomResizedCrop(scale=(0.1, 0.5), ratio=(0.8, 1.25)))
    window = resized_crop(p, 200, 300, np)
    assert_uniform(window["tall"] * window["wide"] / 60000, 0.1, 0.5)
    assert_uniform(np.log(window["wide"] / window["tall"]), np.log(0.8), np.log(1.25))
    assert_uniform(window["top"] / (200 - window["tall"]), 0, 1)
    assert_uniform(window["left"] / (300 - window["wide"]), 0, 1)


@pytest.mark.parametrize("run", [with_opencv, with_tensors])
def test_equals_scipy(run: Any, image: np.ndarray) -> None:
    chain = Chain([RandomResizedCrop(30, 40)])
    u = np.array([[0.4, 0.7, 0.9, 0.2]])
    area, ratio = 0.08 + 0.92 * 0.4, 0.75 ** (1 - 2 * 0.7)
    tall, wide = (21 * 34 * area / ratio) ** 0.5, (21 * 34 * area * ratio) ** 0.5
    top, left = 0.9 * (21 - tall), 0.2 * (34 - wide)

    def place(x: np.ndarray, y: np.ndarray) -> Any:
        return left + (x + 0.5) * wide / 40 - 0.5, top + (y + 0.5) * tall / 30 - 0.5

    expected = read_at(image, place, size=(30, 40))
    assert np.abs(run(chain, image[None], u)[0] - expected).max() <= limit(image)


def corner(layer: RandomResizedCrop | None = None, **options: Any) -> tuple[Chain, Any]:
    """A chain of a sequence and its plan for the window of 1/16 of the area, bottom right."""
    layer = layer or RandomResizedCrop(scale=(1 / 16, 1 / 16), ratio=(1, 1))
    chain = Chain([layer], size=(32, 32), **options)
    u = np.zeros((1, chain.total_uniforms))
    u[0, 2:4] = 1
    return chain, chain.plan(u, 32, 32, 3)


def test_small_windows_stay_sharp() -> None:
    """A window of 1/16 of the area of the decoded image is the cut-out, resized."""
    image = photograph(3, 256, 256)
    _, plan = corner()
    out = np.empty((32, 32, 3), np.uint8)
    opencv.render(image, plan, 0, out)
    expected = image[192:, 192:].reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(out - expected).max() <= 0.51


def test_small_windows_decode_at_full_size() -> None:
    """The reduction follows the window, not the image."""
    _, plan = corner()
    assert opencv.reduction(plan, 0, 128, 128) == 1
    assert opencv.reduction(plan, 0, 512, 512) == 4
    whole = Chain([RandomResizedCrop(scale=(1, 1), ratio=(1, 1))], size=(32, 32))
    assert opencv.reduction(whole.plan(np.zeros((1, 4)), 32, 32, 3), 0, 128, 128) == 4


@pytest.mark.parametrize("layers", [[], [RandomRotation((0, 0)), RandomFlip(rate=0.0)]])
@pytest.mark.parametrize("side", [513, 700, 1025])
def test_windows_of_reduced_files_stay_in_place(side: int, layers: list[Any]) -> None:
    """A JPEG that is decoded at a quarter shows the same window."""
    y, x = np.mgrid[:side, : side + 90]
    ramp = ((x + y) * 127 / side).clip(0, 255).round().astype(np.uint8)[..., None]
    data = cv2.imencode(".jpg", ramp, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    crop = RandomResizedCrop(scale=(0.3, 0.3), ratio=(1, 1))
    chain = Chain([crop, *layers], size=(32, 32), output=Output("float32"))
    u = np.full((1, chain.total_uniforms), 0.5)
    u[0, 2:4] = 0.8, 0.3
    plan = chain.plan(u, 32, 32, 1)
    divisor = opencv.reduction(plan, 0, *ramp.shape[:2])
    assert divisor in (8, 4)
    whole, part = np.empty((2, 32, 32, 1), np.float32)
    opencv.render(decode(data, "grayscale"), plan, 0, whole)
    reduced = opencv.Reduced(*ramp.shape[:2], divisor)
    opencv.render(decode(data, "grayscale", reduce=divisor), plan, 0, part, reduced=reduced)
    step = np.abs(np.diff(whole[8:-8], axis=1)).mean()  # grey levels from pixel to pixel
    assert np.abs(whole - part).mean() <= 0.15 * step


def test_a_sequence_shows_windows_of_the_decoded_image() -> None:
    """Not of the one that was resized to `image_size`."""
    image = photograph(3, 256, 256)
    sequence = ArraySequence(
        image[None],
        image_size=(32, 32),
        augment=RandomResizedCrop(48, 40, scale=(0.0625, 0.0625), ratio=(1, 1)),
        dtype="uint8",
        label_mode=None,
        seed=1,
        verbose=0,
    )
    (batch,) = sequence
    assert batch.shape == (1, 48, 40, 3)
    plan = sequence._loader.plan(0, BatchIndices(np.zeros(1, np.int64), np.zeros(1, np.int64)))
    window = {name: x[0] for name, x in resized_crop(plan.resize.windows, 256, 256, np).items()}
    assert np.allclose([window["tall"], window["wide"]], 64)

    def place(x: np.ndarray, y: np.ndarray) -> Any:
        return window["left"] + (x + 0.5) * 1.6 - 0.5, window["top"] + (y + 0.5) * 64 / 48 - 0.5

    assert np.abs(batch[0] - read_at(image, place, size=(48, 40))).max() <= 1


def test_must_come_first() -> None:
    """After another layer it would enlarge pixels that are gone."""
    with pytest.raises(ValueError, match="takes the decoded image, so it must be the first"):
        Chain([RandomFlip(), RandomResizedCrop()], size=(8, 8))
    assert Chain([RandomFlip(), RandomResizedCrop(4, 4)]).output_size(9, 9) == (4, 4)


def test_rests_as_a_resize_with_the_middle_kept(image: np.ndarray) -> None:
    layer = RandomResizedCrop(12, 10)
    expected = Resizing(12, 10, crop_to_aspect_ratio=True)(image)
    assert np.array_equal(layer(image, training=False), expected)


def test_each_image_has_its_own_window() -> None:
    chain = Chain([RandomResizedCrop()])
    matrices = chain.plan(uniforms(chain, 20), 30, 40, 3).steps[0].matrix
    assert len({m.tobytes() for m in matrices}) == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": (0, 1)}, "scale must be a pair"),
        ({"scale": (0.5, 1.5)}, "scale must be a pair"),
        ({"ratio": (2, 1)}, "ratio must be a pair.*lower end first"),
        ({"height": 5}, "takes height and width together"),
        ({"interpolation": "area"}, "interpolation must be one of"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomResizedCrop.*{message}"):
        RandomResizedCrop(**options)
