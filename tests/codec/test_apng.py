"""Animated PNG: their first frame, which OpenCV reads unless it is damaged."""

from __future__ import annotations

import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.codec.pictures import scene
from tests.faults.images_faults import chunk

FRAMES = [np.dstack([scene(), np.full((37, 53), 100 + n, np.uint8)]) for n in range(3)]
FRAMES[1][10:20, 5:15] ^= 255


def animation(channels: int = 4, *, apart: bool = False, first: int = 0, frames: int = 3) -> bytes:
    file = io.BytesIO()
    images = [Image.fromarray(frame[:, :, :channels]) for frame in FRAMES[first:frames]]
    images[0].save(file, "PNG", save_all=True, append_images=images[1:], default_image=apart)
    return file.getvalue()


def part_of(data: bytes) -> bytes:
    """Leave out the frame that covers the image, so that the next, a part of it, is the first."""
    begin = data.index(b"fcTL") - 4
    return data[:begin] + data[begin + 38 :]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("apart", "later"), [(False, False), (True, False), (True, True), (False, True)]
)
def test_the_first_frame_is_that_of_opencv(channels: int, apart: bool, later: bool) -> None:
    """Whether the image is one of the frames, and whether the first frame is a part of it."""
    data = animation(channels, apart=apart)
    if later:
        data = part_of(data)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = cv2.cvtColor(expected, cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGBA)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), expected)


def test_what_is_called_an_animation_of_one_frame_is_an_image() -> None:
    data = animation()
    one = data.replace(data[37:49], b"acTL" + bytes((0, 0, 0, 1)) + data[45:49], 1)
    np.testing.assert_array_equal(codec.decode(one, "unchanged"), FRAMES[0])


def test_an_image_that_holds_the_word_is_no_animation() -> None:
    """Found by the fuzzer."""
    data = codec.encode(FRAMES[0])
    word = data[:33] + chunk(b"teXt", b"acTL") + data[33:]
    np.testing.assert_array_equal(codec.decode(word, "unchanged"), FRAMES[0])


def test_damaged_frames_are_refused() -> None:
    """OpenCV gave pixels that were never written."""
    data = animation()
    start = data.index(b"IDAT")
    size = int.from_bytes(data[start - 4 : start], "big")
    raw = zlib.decompress(data[start + 4 : start + 4 + size])
    cut = data[: start - 4] + chunk(b"IDAT", zlib.compress(raw[:3000])) + data[start + 8 + size :]
    with pytest.raises(ImageError, match="damaged or incomplete"):
        codec.decode(cut)
    place = data.index(b"fcTL") + 8
    with pytest.raises(ImageError, match="lies outside the image"):
        codec.decode(data[:place] + (54).to_bytes(4, "big") + data[place + 4 :])
