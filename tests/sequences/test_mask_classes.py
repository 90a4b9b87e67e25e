"""Masks as they are stored in the wild, and the classes that they stand for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import ArraySequence, DirectorySequence, ImageError, codec, layers

NUMBERS = (np.arange(12 * 16) % 3).reshape(12, 16).astype(np.uint8)
RED_GREEN_BLUE = [200, 10, 20, 10, 200, 20, 10, 20, 200]


def encoded(pixels: Any, kind: str, palette: list[int] | None = None, **options: Any) -> bytes:
    picture = Image.fromarray(pixels)
    if palette:
        picture = Image.frombytes("P", picture.size, pixels.tobytes())
        picture.putpalette(palette)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_indices_of_palettes_are_numbers(kind: str) -> None:
    mask = codec.read_mask(encoded(NUMBERS, kind, RED_GREEN_BLUE))
    assert np.array_equal(mask[..., 0], NUMBERS)
    assert mask.dtype == np.uint8


def test_palettes_with_transparent_colours_are_numbers() -> None:
    data = encoded(NUMBERS, "PNG", RED_GREEN_BLUE, transparency=0)
    assert np.array_equal(codec.read_mask(data)[..., 0], NUMBERS)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_one_bit_counts_to_one(kind: str) -> None:
    mask = codec.read_mask(encoded(NUMBERS > 0, kind))
    assert np.array_equal(mask[..., 0], NUMBERS > 0)


def test_few_bits_count_as_they_are_stored() -> None:
    """Four bits of grey, which decoders spread over 0 to 255."""
    _, data = cv2.imencode(".png", NUMBERS)
    raw = bytearray(encoded(np.zeros((1, 1), bool), "PNG"))  # a PNG of 1 x 1 with bits to be set
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    rows = b"".join(
        b"\0" + bytes(int(a) << 4 | int(b) for a, b in row.reshape(-1, 2)) for row in NUMBERS
    )
    four = bytes(raw[:8]) + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 12, 4, 0, 0, 0, 0))
    four += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.array_equal(codec.read_mask(four)[..., 0], NUMBERS)
    assert np.array_equal(codec.read_mask(data.tobytes())[..., 0], NUMBERS)


def test_numbers_below_a_stated_maximum_stay() -> None:
    data = b"P5 16 12 20\n" + NUMBERS.tobytes()
    assert np.array_equal(codec.read_mask(data)[..., 0], NUMBERS)


def test_equal_channels_are_one() -> None:
    data = encoded(np.repeat(NUMBERS[..., None], 3, 2), "PNG")
    assert np.array_equal(codec.read_mask(data)[..., 0], NUMBERS)


@pytest.mark.parametrize(
    "mask", [NUMBERS.astype(np.int64), NUMBERS > 0, NUMBERS.astype(">u2"), NUMBERS[..., None]]
)
def test_arrays_of_whole_numbers_are_masks(mask: Any) -> None:
    seq = ArraySequence(np.zeros((1, 12, 16), np.uint8), masks=mask[None], verbose=0)
    assert np.array_equal(seq[0][1][0, ..., 0], mask.reshape(12, 16))


@pytest.mark.parametrize(
    "mask", [NUMBERS * 0.5, NUMBERS.astype(int) - 1, NUMBERS.astype(int) + 70000]
)
def test_other_arrays_are_named(mask: Any) -> None:
    with pytest.raises(
        ImageError, match=r"masks\[0\].*whole numbers of 0 to 65535; this one holds"
    ):
        ArraySequence(np.zeros((1, 12, 16), np.uint8), masks=mask[None], verbose=0)


def one(mask: Any, **options: Any) -> np.ndarray:
    """The mask of one image, as a sequence serves it."""
    images = np.zeros((1, *np.shape(mask)[:2], 3), np.uint8)
    served = ArraySequence(images, masks=[mask], verbose=0, **options)[0][1]
    return np.asarray(served[0, ..., 0])


def test_values_say_which_class_a_number_is() -> None:
    white = (NUMBERS > 1) * np.uint8(255)
    assert np.array_equal(one(white, mask_values={0: 0, 255: 1}), NUMBERS > 1)
    assert one(white, mask_values={0: 0, 255: 300}).max() == 300
    with pytest.raises(ImageError, match=r"holds \[255\], which mask_values does not name"):
        one(white, mask_values={0: 0, 1: 1})
    kept = one(white, mask_values={0: 4}, ignore_value=255)
    assert set(kept.ravel().tolist()) == {4, 255}


def test_palettes_say_which_class_a_colour_is(tmp_path: Path) -> None:
    colors = np.array(RED_GREEN_BLUE, np.uint8).reshape(3, 3)
    painted = colors[NUMBERS]
    assert np.array_equal(one(painted, mask_palette=colors.tolist()), NUMBERS)
    classes = {tuple(color): 7 - number for number, color in enumerate(colors.tolist())}
    assert np.array_equal(one(painted, mask_palette=classes), 7 - NUMBERS)
    with pytest.raises(
        ImageError, match=r"does not name, such as \[\(10, 20, 200\)\], in 64 pixels"
    ):
        one(painted, mask_palette=colors[:2].tolist())
    voc = np.array([(0, 0, 0), (128, 0, 0), (224, 224, 192)], np.uint8)
    assert set(one(voc[NUMBERS], mask_palette="voc", ignore_value=255).ravel()) == {0, 1, 255}
    # Colours count, not indices, where a palette of classes is given.
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "images/0.png"), painted)
    other = [*RED_GREEN_BLUE[6:], *RED_GREEN_BLUE[:6]]
    (tmp_path / "masks/0.png").write_bytes(encoded((NUMBERS + 1) % 3, "PNG", other))
    seq = DirectorySequence(
        tmp_path / "images",
        mask_directory=tmp_path / "masks",
        mask_palette=colors.tolist(),
        label_mode=None,
        image_size=(12, 16),
        verbose=0,
    )
    assert np.array_equal(seq[0][1][0, ..., 0], NUMBERS)


def test_what_lies_outside_is_of_no_class() -> None:
    """Padding and a constant fill hold ignore_value, unless mask_fill_value says otherwise."""
    shift = layers.RandomTranslation((0.5, 0.5), 0, fill_mode="constant")
    for options, outside in (
        ({}, 0),
        ({"ignore_value": 255}, 255),
        ({"ignore_value": 255, "mask_fill_value": 9}, 9),
        ({"mask_fill_value": 300}, 300),
    ):
        moved = one(NUMBERS * 0 + 1, augment=shift, **options)
        assert moved[:6].tolist() == [[outside] * 16] * 6
        padded = one(NUMBERS * 0 + 1, image_size=(12, 32), pad_to_aspect_ratio=True, **options)
        assert set(padded[:, :8].ravel().tolist()) == {outside}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [0, 255],
            r"hold the numbers \[0, 255\].*mask_values=\{0: 0, 255: 1\}; if it marks pixels",
        ),
        ([0, 3, 255], r"ignore_class=255"),
        ([0, 128], r"\[0, 128\].*mask_values=\{0: 0, 128: 1\}"),
        ([0, 65535], r"\[0, 65535\]"),
    ],
)
def test_numbers_that_are_no_classes_are_told(values: list[int], message: str) -> None:
    mask = np.array([values], np.uint16 if values[-1] > 255 else np.uint8)
    with pytest.warns(UserWarning, match=message):
        one(mask)


@pytest.mark.parametrize(
    "mask", [[[0, 1]], [[0, 15]], [[3, 128]], [[0, 0]], [[0, 254]], [[254, 255]]]
)
def test_other_numbers_are_classes(mask: Any) -> None:
    """Warnings are errors here."""
    assert one(np.array(mask, np.uint8)).tolist() == mask
    assert one(np.array([[0, 255]], np.uint8), ignore_value=255).tolist() == [[0, 255]]


def test_masks_of_other_depths_are_not_cut() -> None:
    masks = [np.zeros((2, 2), np.uint8)] * 30
    masks[1] = np.full((2, 2), 300, np.uint16)
    seq = ArraySequence(np.zeros((30, 2, 2), np.uint8), masks=masks, shuffle=False, verbose=0)
    with pytest.raises(ImageError, match=r"masks\[1\].*holds 300, and the masks.*uint8 numbers"):
        seq[0]
    masks[29] = masks[1]
    seq = ArraySequence(np.zeros((30, 2, 2), np.uint8), masks=masks, shuffle=False, verbose=0)
    assert seq[0][1][1].max() == 300
