"""Files to pixels as the old class got them from Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import keras
import numpy as np
from PIL import Image, ImageFile

from keras_cvdata import codec
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
    """Read one file as the old class did.

    Alpha is cut off where `color_mode` has none. 16-bit grey values stay what they are, 16-bit
    colours are brought to 0..255 with their fractions.

    Args:
        path: Path of the file.
        color_mode: "rgb", "rgba" or "grayscale".
        size: (height, width) of the result.
        interpolation: A key of `FILTERS`.
        keep_aspect_ratio: Cut out the middle of the aspect of `size` first.
        orientation: Turn the image upright as its EXIF data say.

    Returns:
        (*size, channels) uint8, uint16 or float32.

    Raises:
        ImageError: The file cannot be read.
    """
    try:
        pixels = codec.decode(read_file(path), "unchanged", name=path, upright=orientation)
    except ImageError:
        if not ImageFile.LOAD_TRUNCATED_IMAGES:  # with which people have Pillow read what it can
            raise
        pixels = keras.utils.img_to_array(keras.utils.load_img(path, color_mode), "channels_last")
    pixels = _to_mode(pixels, color_mode)
    if pixels.shape[:2] == tuple(size):
        return pixels
    if interpolation == "nearest" and not keep_aspect_ratio:
        return to_size(pixels, size, cv2.INTER_NEAREST_EXACT, None)
    box = _middle(pixels, size) if keep_aspect_ratio else None
    return _resize(pixels, size, FILTERS[interpolation], box)


def _resize(
    pixels: Array, size: tuple[int, int], method: Image.Resampling, box: Box | None
) -> Array:
    """Resize by Pillow, whose filters OpenCV does not have."""
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[:, :, 0])
        result = np.asarray(image.resize(size[::-1], method, box))
    else:
        planes = np.moveaxis(pixels, 2, 0).astype(np.float32)
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
