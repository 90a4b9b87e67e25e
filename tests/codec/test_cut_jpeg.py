"""JPEG files that were cut and closed with an end marker."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.conftest import photograph


def jpeg(image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(".jpg", image, options)[1].tobytes()


def cut(data: bytes, share: float) -> bytes:
    return data[: int(share * len(data))] + b"\xff\xd9"


def judged(data: bytes, reduce: int = 1) -> bool:
    reason = ""
    try:
        codec.decode(data, reduce=reduce)
    except ImageError as error:
        reason = error.reason
    return reason.startswith("Its data end before its image")


KINDS = {
    "colour": (),
    "restarts": (cv2.IMWRITE_JPEG_RST_INTERVAL, 5),
    "full chroma": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
}


@pytest.mark.parametrize("share", [0.3, 0.9, 0.98])
@pytest.mark.parametrize("kind", KINDS)
def test_cut_files_are_found(kind: str, share: float) -> None:
    data = jpeg(photograph(3, 160, 200), *KINDS[kind])
    assert not judged(data)
    assert judged(cut(data, share))


@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_cut_files_are_found_at_a_part_of_their_size(reduce: int) -> None:
    data = jpeg(photograph(4, 160, 200))
    assert not judged(data, reduce)
    assert judged(cut(data, 0.6), reduce)


def test_grey_jpeg() -> None:
    data = jpeg(photograph(5, 160, 200)[:, :, 0])
    assert not judged(data)
    assert judged(cut(data, 0.6))


def test_a_whole_image_with_that_grey_at_its_end_is_whole() -> None:
    """As of a picture that was padded to a square."""
    image = photograph(6, 128, 128)
    image[64:] = 128
    assert not judged(jpeg(image))
    assert not judged(jpeg(image), reduce=4)
    assert not judged(jpeg(image, cv2.IMWRITE_JPEG_PROGRESSIVE, 1))
    assert not judged(jpeg(image) + b"what follows an end marker")


def test_a_cut_behind_the_first_byte_of_a_pair() -> None:
    """The end marker follows a byte of 255, which must not be taken for its beginning."""
    data = jpeg(photograph(7, 160, 200))
    place = data.index(b"\xff\x00", len(data) // 2)
    assert judged(data[: place + 1] + b"\xff\xd9")


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("mode", ["rgb", "grayscale"])
def test_a_height_that_was_doubled_is_refused(progressive: int, mode: str) -> None:
    """The lower half is grey in every decoder."""
    data = bytearray(jpeg(photograph(8, 160, 200), cv2.IMWRITE_JPEG_PROGRESSIVE, progressive))
    frame = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    data[frame + 5 : frame + 7] = (320).to_bytes(2, "big")
    with pytest.raises(ImageError, match="claims a larger size than it has"):
        codec.decode(bytes(data), mode)
