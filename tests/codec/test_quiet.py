"""Images that are read, or refused by name, leave no line of OpenCV on the standard error."""

from __future__ import annotations

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from cv2.utils import logging

from keras_cvdata import codec
from keras_cvdata.codec.png_notes import without_notes
from keras_cvdata.codec.quiet import QuietOpenCV
from keras_cvdata.types import ImageError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def encoded(extension: str) -> bytes:
    return cv2.imencode(extension, PIXELS)[1].tobytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def by_opencv(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


@pytest.mark.parametrize("extension", [".avif", ".bmp", ".gif"])
def test_what_is_damaged_is_said_in_the_error_alone(
    extension: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded(extension)
    data = data[: len(data) // 2]
    assert by_opencv(data) is None
    assert "ERROR" in capfd.readouterr().err
    level = logging.getLogLevel()
    with pytest.raises(ImageError):
        codec.decode(data)
    assert capfd.readouterr().err == ""
    assert logging.getLogLevel() == level


NOTES = (
    chunk(b"tIME", b"\0")
    + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"junk" * 40))
    + chunk(b"gAMA", struct.pack(">I", 20000))
    + chunk(b"tEXt", b"a\0b")[:-1]
    + b"?"
)


def test_notes_that_libpng_complains_of_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded(".png")
    noted = data[:33] + NOTES + data[33:]
    expected = by_opencv(noted)
    assert capfd.readouterr().err.count("libpng warning") == 3
    np.testing.assert_array_equal(codec.decode(noted), expected)
    assert capfd.readouterr().err == ""


def test_texts_are_left_out_wherever_they_stand() -> None:
    """However many there are: programs keep what they did in texts, which inflate to megabytes."""
    data = encoded(".png")
    texts = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000))) * 900
    noted = data[:33] + texts + data[33:-12] + texts + data[-12:]
    np.testing.assert_array_equal(codec.decode(noted), codec.decode(data))
    assert without_notes(noted) == data


def test_what_has_no_notes_is_handed_on_as_it_is() -> None:
    for data in (encoded(".png"), encoded(".jpg"), encoded(".png")[:40], encoded(".png")[:33]):
        assert without_notes(data) is data


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_a_forked_process_has_the_setting_of_before() -> None:
    level = logging.getLogLevel()
    with QuietOpenCV():
        QuietOpenCV.reset_after_fork()  # as in the child
        assert logging.getLogLevel() == level
        QuietOpenCV._users = 1
