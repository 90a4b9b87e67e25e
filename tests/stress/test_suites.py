"""Every family of every suite."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata import ArraySequence, apply, layers
from keras_cvdata.stress.suites import SUITES, suite_of

pytestmark = pytest.mark.backends

FAMILIES = [(suite, name) for suite, families in SUITES.items() for name in families()]


def scene(channels: int) -> np.ndarray:
    """A bright cross before a ramp of colours, 56 x 56."""
    image = np.linspace(20, 120, 56 * 56 * 3).reshape(56, 56, 3)
    image[16:40, 24:32] = image[24:32, 16:40] = (230, 200, 160)
    return image[..., :channels].astype(np.uint8)


@pytest.mark.parametrize(("suite", "name"), FAMILIES)
def test_family_changes_images_and_repeats(suite: str, name: str) -> None:
    """R96: every row of the table stands for pixels that can be had again."""
    family = suite_of(suite)[name]
    for channels in (1, 3):
        image = scene(channels)
        before = image.copy()
        for severity in (1, family.severities[-1]):
            changed, again = (apply(family(severity), image, seed=3, row=5)[0] for _ in range(2))
            assert (changed.shape, changed.dtype) == (image.shape, image.dtype)
            np.testing.assert_array_equal(changed, again)
            assert (changed != image).any() or (name, channels) == ("saturate", 1)
        np.testing.assert_array_equal(image, before)


def test_sequences_take_families() -> None:
    images = np.stack([scene(3)] * 2)
    family = suite_of("photo")["motion blur"]
    first, second = ArraySequence(images, augment=family(5), batch_size=2, seed=1)[0]
    assert (first != second).any()  # an angle of its own each


def test_dict_becomes_a_suite() -> None:
    invert = layers.RandomInvert(1.0)
    blur = suite_of("photo")["gaussian blur"]
    suite = suite_of({"negative": invert, "blur": blur})
    assert (suite["negative"].severities, suite["negative"](1)) == ((1,), [invert])
    assert suite["blur"] is blur


@pytest.mark.parametrize(
    ("suite", "error", "message"),
    [
        ("photos", ValueError, "'photo'"),
        ({}, ValueError, "empty"),
        (3, TypeError, "dict of layers"),
    ],
)
def test_unknown_suite_is_refused(suite: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        suite_of(suite)  # type: ignore[arg-type]
