"""Segmentation masks to numbers: what is stored for each pixel, not how it looks."""

from __future__ import annotations

import io

import numpy as np

from keras_cvdata.codec.decoding import decode, turn_upright
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.headers import sniff
from keras_cvdata.types import Array, ImageError

# Formats whose pixels may be indices of a palette or single bits.
_INDEXED = ("png", "gif", "bmp", "tiff")


def read_mask(
    payload: bytes | Array,
    *,
    name: str = "<mask>",
    row: int | None = None,
    header: Header | None = None,
) -> Array:
    """Read the number that a mask stores for each pixel.

    Indices of a palette (PNG, GIF, BMP, TIFF) are numbers, whatever their colours are; one bit
    counts 0 and 1, and two or four bits 0 to 3 and 0 to 15. Three channels that are equal are one.

    Args:
        payload: An encoded image, or an array of whole numbers or booleans.
        name: Name of the mask for messages.
        row: Row of the mask in its source.
        header: What `sniff` said of `payload`, where it was called already.

    Returns:
        (height, width, 1) uint8 or uint16.

    Raises:
        ImageError: It cannot be read, or holds other than one whole number of 0 to 65535 a pixel.

    Example:
        >>> read_mask(np.array([[False, True]])).tolist()
        [[[0], [1]]]
    """
    if isinstance(payload, bytes):
        header = header or sniff(payload, name, row)
        stored = _stored(payload, header, name, row)
        if stored is None:
            stored = decode(payload, "unchanged", name=name, row=row, header=_unscaled(header))
    else:
        stored = payload
    return _numbers(_one_channel(stored, name, row), name, row)


def read_colors(
    payload: bytes | Array,
    *,
    name: str = "<mask>",
    row: int | None = None,
    header: Header | None = None,
) -> Array:
    """Read the colours of a mask, without what its alpha says; arguments as in `read_mask`.

    Args:
        payload: As in `read_mask`.
        name: As in `read_mask`.
        row: As in `read_mask`.
        header: As in `read_mask`.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ImageError: It cannot be read, or has other than colours of 8 bits.

    Example:
        >>> read_colors(np.full((1, 1), 7, np.uint8)).tolist()
        [[[7, 7, 7]]]
    """
    if isinstance(payload, bytes):
        payload = decode(payload, "unchanged", name=name, row=row, header=header)
    pixels = payload[:, :, None] if payload.ndim == 2 else payload
    if pixels.dtype != np.uint8 or pixels.shape[2] not in (1, 3, 4):
        raise ImageError(
            name,
            f"mask_palette needs colours of 8 bits; this mask has {pixels.shape[2]} channels of "
            f"{pixels.dtype}. Leave mask_palette out, or save it as RGB.",
            row,
        )
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, :3]


def _stored(data: bytes, header: Header, name: str, row: int | None) -> Array | None:
    """Indices and bits as they are stored; `None` where pixels hold neither."""
    if header.format not in _INDEXED:
        return None
    bits = data[24] if header.format == "png" else 8
    if header.format == "png" and data[25] != 3 and bits >= 8:
        return None
    from PIL import Image  # slow to import, and most masks need none

    size = (header.width, header.height)
    try:
        with Image.open(io.BytesIO(data), formats=(header.format,)) as picture:
            if picture.mode not in ("P", "1", "L"):
                return None
            if picture.size not in (size, size[::-1]):  # of two equal tags, it takes the last
                raise ValueError("its header contradicts itself")
            pixels: Array = np.asarray(picture)
    except Exception as error:  # whatever damaged data make Pillow raise
        raise ImageError(name, f"It cannot be decoded: {error}.", row) from error
    if pixels.dtype == np.uint8 and bits in (2, 4) and data[25] == 0:
        pixels = pixels // np.uint8(255 // (2**bits - 1))  # Pillow spreads grey over 0 to 255
    return turn_upright(pixels, header.orientation)


def _unscaled(header: Header) -> Header:
    """Leave numbers below a stated maximum (PGM) as they are."""
    return header._replace(maximum=0)


def _one_channel(pixels: Array, name: str, row: int | None) -> Array:
    if pixels.ndim == 2:
        return pixels[:, :, None]
    channels = pixels.shape[2] if pixels.ndim == 3 else 0
    if channels in (3, 4) and (pixels[..., 1:3] == pixels[..., :1]).all():
        return pixels[:, :, :1]
    if channels != 1:
        raise ImageError(
            name,
            f"A mask holds one class number a pixel, but this one has {channels} channels of "
            f"{pixels.dtype}. Give mask_palette= to turn its colours into classes, or save it as "
            "grey PNG.",
            row,
        )
    return pixels


def _numbers(pixels: Array, name: str, row: int | None) -> Array:
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8)
    low, high = (pixels.min(), pixels.max()) if pixels.size else (0, 0)
    if pixels.dtype.kind not in "iu" or low < 0 or high > 65535:
        raise ImageError(
            name,
            f"A mask holds whole numbers of 0 to 65535; this one holds {pixels.dtype} of {low:g} "
            f"to {high:g}. Convert it, for example with `x.astype('uint8')`.",
            row,
        )
    return pixels.astype(np.uint8 if high < 256 else np.uint16)
