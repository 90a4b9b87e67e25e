"""Files to pixels as the old class got them from Pillow."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import cv2
import keras
import numpy as np
from PIL import Image, ImageOps

from keras_cvdata import codec
from keras_cvdata.codec.limits import MAX_JPEG_SCANS, MAX_PIXELS
from keras_cvdata.codec.tiff import SAMPLE_FORMAT, Directory
from keras_cvdata.engine.opencv.sampling import to_size
from keras_cvdata.sources.files import read_file
from keras_cvdata.types import Array, ImageError

Box = tuple[int, int, int, int]

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "hamming": Image.Resampling.HAMMING,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}

_PILLOW_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}

_LEVEL = np.float32(255 / 65535)  # of 16 bits, in those of 8

# ITU-R 601-2 luma as Pillow counts it, in 1/65536.
_LUMA = np.array([[19595, 38470, 7471, 32768]], np.float32)


def read_image(
    path: str,
    color_mode: str,
    size: tuple[int, int],
    *,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    orientation: bool = False,
) -> Array:
    """Read one file as the old class did, whatever Pillow reads.

    Alpha is cut off where `color_mode` has none. Grey values of 16 and 32 bits, signed ones too,
    stay what they are; 16-bit colours are brought to 0..255 with their fractions. Pillow's limit of
    pixels holds, `PIL.Image.MAX_IMAGE_PIXELS`, from which on it warns.

    Args:
        path: Path of the file.
        color_mode: "rgb", "rgba" or "grayscale".
        size: (height, width) of the result.
        interpolation: A key of `FILTERS`.
        keep_aspect_ratio: Cut out the middle of the aspect of `size` first.
        orientation: Turn the image upright as its EXIF data say; TIFF always is.

    Returns:
        (*size, channels) uint8, uint16, int32 or float32.

    Raises:
        ImageError: The file cannot be read, or has more than four bands.
    """
    pixels = _decode(path, read_file(path, sys.maxsize), color_mode, orientation)
    if pixels.shape[:2] == tuple(size):
        return pixels
    if interpolation == "nearest" and not keep_aspect_ratio:
        return to_size(pixels, size, cv2.INTER_NEAREST_EXACT, None)
    box = _middle(pixels, size) if keep_aspect_ratio else None
    return _resize(pixels, size, FILTERS[interpolation], box)


def _decode(path: str, data: bytes, color_mode: str, orientation: bool) -> Array:
    is_tiff = data[:2] in (b"II", b"MM")
    if (is_tiff and _is_for_pillow(data)) or data[:3] == b"GIF":  # what extra bands mean is its own
        with suppress(Exception):
            return _by_pillow(data, color_mode, orientation)
    try:
        limit = min(MAX_PIXELS, Image.MAX_IMAGE_PIXELS or MAX_PIXELS)
        header = codec.sniff(data, path, max_pixels=limit)  # beyond it Pillow warns or refuses
        upright = orientation or is_tiff
        pixels = codec.decode(data, "unchanged", name=path, header=header, upright=upright)
        if pixels.shape[2] > 4:
            bands = f"It has {pixels.shape[2]} bands, and the old class takes four at most."
            raise ImageError(path, f"{bands} A DirectorySequence reads it as 'unchanged'.")
        return _to_mode(pixels, color_mode)
    except ImageError as error:
        if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > MAX_JPEG_SCANS:
            raise
        return _by_pillow_or(error, data, color_mode, orientation)


def _by_pillow_or(error: ImageError, data: bytes, color_mode: str, orientation: bool) -> Array:
    """Read what the codec has refused, or raise its error, which says more than those of Pillow."""
    try:
        return _by_pillow(data, color_mode, orientation)
    except Image.DecompressionBombError as bomb:  # the limit that counts here
        reason = f"{bomb} Raise PIL.Image.MAX_IMAGE_PIXELS where the file can be trusted."
        raise ImageError(error.name, reason) from None
    except Exception:  # whatever damaged data make Pillow raise
        raise error from None


def _is_for_pillow(data: bytes) -> bool:
    """Whether the samples of a TIFF have 8 bits at most, or are integers but no levels."""
    try:
        directory = Directory(data)
        kind = directory.value(SAMPLE_FORMAT, 1)
        return directory.bits <= 8 or kind == 2 or (kind == 1 and directory.bits > 16)
    except (ValueError, struct.error):
        return True


def _by_pillow(data: bytes, color_mode: str, orientation: bool) -> Array:
    """Read as Keras reads by Pillow, but keep 16 bits and floats as they are."""
    image: Image.Image = Image.open(io.BytesIO(data))
    if orientation:
        image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I;16"):
        pixels = np.asarray(image)[:, :, None]
        if not np.isfinite(pixels).all():
            raise ValueError("Some pixels are not finite.")
        return _to_mode(pixels.astype(pixels.dtype.newbyteorder("=")), color_mode)
    if image.mode != "I" or color_mode != "grayscale":
        image = image.convert(_PILLOW_MODES[color_mode])
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _resize(
    pixels: Array, size: tuple[int, int], method: Image.Resampling, box: Box | None
) -> Array:
    """Resize by Pillow, whose filters OpenCV does not have."""
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[:, :, 0])
        result = np.asarray(image.resize(size[::-1], method, box))
    else:
        planes = np.moveaxis(pixels, 2, 0)
        planes = planes if pixels.dtype == np.int32 else planes.astype(np.float32)
        resized = [Image.fromarray(plane).resize(size[::-1], method, box) for plane in planes]
        result = np.stack([np.asarray(plane) for plane in resized], axis=2)
    return result.reshape(*size, pixels.shape[2])


def _to_mode(pixels: Array, color_mode: str) -> Array:
    channels = pixels.shape[2]
    if color_mode == "grayscale":
        return pixels[:, :, :1] if channels < 3 else _gray(pixels)
    if pixels.dtype == np.uint16:
        pixels = pixels * _LEVEL
    wanted = 4 if color_mode == "rgba" else 3
    if channels < 3:
        pixels = pixels[:, :, [0, 0, 0, 1][: 3 if channels == 1 else 4]]
    if pixels.shape[2] < wanted:
        opaque = np.full((*pixels.shape[:2], 1), 255, pixels.dtype)
        return np.concatenate([pixels, opaque], axis=2)
    return np.ascontiguousarray(pixels[:, :, :wanted])


def _gray(pixels: Array) -> Array:
    """Weigh colours as Pillow does; sums of 24 bits are exact in float32."""
    colors = pixels[:, :, :3].astype(np.float32)
    if pixels.dtype == np.uint16:
        colors *= _LEVEL
    levels = cv2.transform(np.ascontiguousarray(colors), _LUMA) / np.float32(65536)
    if pixels.dtype == np.uint8:
        levels = levels.astype(np.uint8)
    return levels.reshape(*levels.shape[:2], 1)


def _middle(pixels: Array, size: tuple[int, int]) -> Box:
    """The largest central part of the aspect of `size`: left, top, right, bottom."""
    height, width = pixels.shape[:2]
    tall = min(height, width * size[0] // size[1])
    wide = min(width, height * size[1] // size[0])
    top, left = (height - tall) // 2, (width - wide) // 2
    return left, top, left + wide, top + tall


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    grayscale: bool = False,
) -> Image.Image:
    """`keras.utils.load_img`, with the `grayscale=True` that Keras 3 has dropped.

    Args:
        path: Path or `io.BytesIO` of an image.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: `(height, width)`, or None for the size that it has.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Cut out the middle instead of stretching.
        grayscale: The same as `color_mode="grayscale"`.

    Returns:
        A Pillow image.
    """
    mode = "grayscale" if grayscale else color_mode
    image: Image.Image = keras.utils.load_img(
        path, mode, target_size, interpolation, keep_aspect_ratio
    )
    return image
