"""Small pictures inside a page."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from keras_cvdata.pages.pictures import SIDE, encode_thumbnail, figure
from tests.pages.reading import Reading


@pytest.mark.parametrize(
    ("shape", "size"), [((400, 200), (88, 176)), ((10, 20), (176, 88)), ((1, 500), (176, 1))]
)
def test_thumbnails_are_small_and_keep_the_shape(
    shape: tuple[int, int], size: tuple[int, int]
) -> None:
    found = encode_thumbnail(np.full((*shape, 3), (250, 0, 0), np.uint8))
    data = np.frombuffer(base64.b64decode(found.address.partition(",")[2]), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    assert found[1:] == size
    assert pixels.shape == (size[1], size[0], 3)
    assert max(pixels.shape) == SIDE
    assert abs(pixels.mean(axis=(0, 1)) - (250, 0, 0)).max() < 5


def test_what_cannot_be_shown_is_named() -> None:
    read = Reading(figure(None, "a<b>.png", "cat", " (val)"))
    assert [part["aria-label"] for part in read.all("div", "none")] == ["a<b>.png"]
    assert read.text == "cannot be showncat a<b>.png (val)"
