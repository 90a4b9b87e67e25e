"""RandomBackground by its formula."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ArraySequence
from keras_cvdata.layers import Pipeline, RandomBackground, RandomFlip
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_what_is_like_the_border_changes(apply: Any, image: np.ndarray) -> None:
    scale = 255 if image.dtype == np.uint8 else 1
    frame = np.ones(image.shape[:2], int)
    frame[1:-1, 1:-1] = 0
    frame[:: frame.shape[0] - 1, :: frame.shape[1] - 1] = 2  # corners lie in a row and a column
    border = np.average(image.reshape(-1, 3), axis=0, weights=frame.ravel())
    unlike = np.abs(image - border).max(axis=-1, keepdims=True) / scale
    expected = image + np.clip(2 - unlike / 0.2, 0, 1) * (0.3 * scale - border)
    changed = apply(RandomBackground(0.2, levels=0.3, value_range=(0, 1)), image)
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    assert np.abs(changed - np.clip(expected, 0, scale)).max() <= limit


def test_things_stay_on_another_ground(apply: Any) -> None:
    """R95: the same bottle on another conveyor belt."""
    scene = np.full((30, 40, 4), (200, 180, 20, 255), np.uint8)
    scene[10:20, 15:25] = (10, 20, 120, 90)
    changed = apply(RandomBackground(levels=0.4), scene)
    thing = np.zeros((30, 40), bool)
    thing[10:20, 15:25] = True
    assert np.array_equal(changed[thing], scene[thing])
    assert (changed[~thing] == (102, 102, 102, 255)).all()


def test_colors_are_drawn_evenly() -> None:
    p = drawn(RandomBackground((0.05, 0.2), levels=(0.2, 0.9)))
    assert_uniform(p["tolerance"], 0.05, 0.2)
    for color in p["color"].T:
        assert_uniform(color, 0.2, 0.9)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"tolerance": 0}, "tolerance .*from 0.001 to 1"), ({"levels": 1.5}, "levels .*from 0 to 1")],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomBackground: {message}"):
        RandomBackground(**options)


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """A folder of one picture of 256 x 512 pixels, whose middle grows from 0 to 255 downwards."""
    picture = np.zeros((256, 512, 3), np.uint8)
    picture[:, 128:384] = np.arange(256)[:, None, None]
    (tmp_path / "grounds").mkdir()
    cv2.imwrite(str(tmp_path / "grounds/ramp.png"), picture)
    return tmp_path / "grounds"


def test_pictures_replace_the_ground(apply: Any, ramp: Path) -> None:
    """R95: the same bottle before other walls."""
    scene = np.full((64, 32, 3), 250, np.uint8)
    scene[20:40, 10:20] = 10
    changed = apply(RandomBackground(backgrounds=ramp), scene)
    rows = np.repeat(np.arange(64) * 4 + 1.5, 32).reshape(64, 32)  # the mean of four rows of 256
    expected = np.where(scene[..., 0] == 10, 10, rows)
    inner = changed[1:-1].astype(float) - expected[1:-1, :, None]
    assert np.abs(inner).max() <= 0.5  # the outermost rows lack a neighbour to read


@pytest.mark.parametrize("shape", [(256, 256, 3), (300, 200, 1), (31, 44, 4)])
def test_a_picture_keeps_its_brightness_at_any_size(
    apply: Any, ramp: Path, shape: tuple[int, int, int]
) -> None:
    changed = apply(RandomBackground(backgrounds=ramp), np.full(shape, 9, np.uint8))
    height, width, channels = shape
    step = 256 / max(height, width)
    rows = (np.arange(height) - (height - 1) / 2) * step + 127.5
    assert np.abs(changed[2:-2, :, 0] - rows[2:-2, None]).max() <= 0.51
    assert (changed[..., 3] == 9).all() if channels == 4 else True


def test_pictures_are_drawn_evenly(tmp_path: Path) -> None:
    for level in range(4):
        cv2.imwrite(str(tmp_path / f"{level}.png"), np.full((9, 9, 3), level, np.uint8))
    numbers = drawn(RandomBackground(backgrounds=tmp_path))["picture"]
    assert np.bincount(numbers).min() > len(numbers) / 5
    assert numbers.max() == 3


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    """Images of noise, and masks whose right third is class 2 and whose top is class 5."""
    images = np.random.default_rng(0).integers(0, 256, (4, 12, 18, 3), np.uint8)
    masks = np.zeros((4, 12, 18, 1), np.uint8)
    masks[:, :, 12:], masks[:, :3] = 2, 5
    return images, masks


def test_masks_say_what_is_ground_in_a_sequence() -> None:
    """R95: the ground is known where there are masks."""
    images, masks = two_classes()
    augment = [RandomFlip("horizontal", rate=1.0), RandomBackground(levels=0.4, mask_classes=(2,))]
    sequence = ArraySequence(images, masks=masks, augment=augment, rescale=None, shuffle=False)
    changed, moved = sequence[0]
    assert np.array_equal(moved, masks[:, :, ::-1])
    assert np.array_equal(changed, np.where(moved == 2, 102, images[:, :, ::-1]))


def test_masks_say_what_is_ground_in_a_call() -> None:
    images, masks = two_classes()
    layer = Pipeline(
        [RandomFlip("horizontal", rate=1.0), RandomBackground(levels=0.4, mask_classes=[2, 5])]
    )
    result = layer({"images": images, "segmentation_masks": masks})
    changed, moved = (keras.ops.convert_to_numpy(result[name]) for name in result)
    assert np.array_equal(moved, masks[:, :, ::-1])
    assert np.array_equal(changed, np.where(moved > 0, 102, images[:, :, ::-1]))


def test_masks_are_asked_for() -> None:
    images, _ = two_classes()
    layer = RandomBackground(mask_classes=0)
    with pytest.raises(ValueError, match="this sequence has none"):
        ArraySequence(images, augment=[layer])
    with pytest.raises(ValueError, match=r"Classes \[0\] .* there are no masks here"):
        layer(images)


def test_folders_are_told(tmp_path: Path, apply: Any) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        apply(RandomBackground(backgrounds=tmp_path / "nowhere"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="like an image"):
        apply(RandomBackground(backgrounds=tmp_path), np.zeros((4, 4, 3), np.uint8))


def test_what_is_saved_is_the_path(ramp: Path) -> None:
    layer = RandomBackground(backgrounds=ramp, mask_classes=3)
    config = json.loads(json.dumps(layer.get_config()))
    assert (config["backgrounds"], config["mask_classes"]) == (str(ramp), [3])
    assert json.loads(json.dumps(RandomBackground.from_config(config).get_config())) == config
