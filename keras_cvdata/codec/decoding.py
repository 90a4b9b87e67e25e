"""Encoded images to pixels and back; the only way for data from outside to `cv2.imdecode`."""

from __future__ import annotations

import struct
from contextlib import suppress

import cv2
import numpy as np

from keras_cvdata.codec import apng, bmp, other_tiff, png, tiff
from keras_cvdata.codec.blocks import in_blocks
from keras_cvdata.codec.colors import divide_by_alpha, to_color_mode, to_native
from keras_cvdata.codec.cut_jpeg import is_cut
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.headers import sniff
from keras_cvdata.codec.jpeg import as_stored, decode_jpeg, decode_lossless
from keras_cvdata.codec.jpeg_markers import is_lossless
from keras_cvdata.codec.limits import MAX_PIXELS
from keras_cvdata.codec.png_notes import without_notes
from keras_cvdata.codec.quiet import QuietOpenCV
from keras_cvdata.types import NO_MEMORY, Array, Empty, ImageError, full_scale

# OpenCV itself honours orientations for some formats, flags and depths only.
_STORED = cv2.IMREAD_IGNORE_ORIENTATION
_FLAGS = {
    ("rgb", 1): cv2.IMREAD_COLOR_RGB | _STORED,
    ("grayscale", 1): cv2.IMREAD_GRAYSCALE | _STORED,
    # A reduced grey one with the bit of RGB is the reduced RGB one, which has no name of its own.
    ("rgb", 2): cv2.IMREAD_REDUCED_GRAYSCALE_2 | cv2.IMREAD_COLOR_RGB | _STORED,
    ("rgb", 4): cv2.IMREAD_REDUCED_GRAYSCALE_4 | cv2.IMREAD_COLOR_RGB | _STORED,
    ("rgb", 8): cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_COLOR_RGB | _STORED,
    ("grayscale", 2): cv2.IMREAD_REDUCED_GRAYSCALE_2 | _STORED,
    ("grayscale", 4): cv2.IMREAD_REDUCED_GRAYSCALE_4 | _STORED,
    ("grayscale", 8): cv2.IMREAD_REDUCED_GRAYSCALE_8 | _STORED,
}
_STRICTLY = {"rgbx": "rgb"}  # without channels of no meaning
_MODES = {flags: mode for mode, flags in _FLAGS.items()}
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_LARGE, _ROWS = 16 << 20, 64  # bytes, rows
_TO_RGB = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


def read(
    payload: bytes | Array,
    color_mode: str = "rgb",
    *,
    reduce: int = 1,
    name: str = "<image>",
    row: int | None = None,
    header: Header | None = None,
    max_pixels: int = MAX_PIXELS,
    empty: Empty = np.empty,
) -> Array:
    """Bring what a source fetched to pixels: decode bytes, convert arrays.

    Args:
        payload: An encoded image, or pixels of shape (H, W) or (H, W, C).
        color_mode: "rgb", "grayscale", "rgba" or "unchanged".
        reduce: Decode JPEG at 1/1, 1/2, 1/4 or 1/8 of its size; others keep theirs.
        name: Name of the image for messages.
        row: Row of the image in its source.
        header: What `sniff` said of `payload`, where it was called already.
        max_pixels: Number of pixels beyond which an encoded image is refused.
        empty: Where memory for the pixels comes from, as far as a decoder lets us choose it.

    Returns:
        (H, W, C), C-contiguous uint8, uint16 or float32.

    Raises:
        ImageError: The image cannot be used.

    Example:
        >>> import numpy as np
        >>> read(np.zeros((2, 3), "uint8")).shape
        (2, 3, 3)
    """
    try:
        if not isinstance(payload, bytes):
            return to_color_mode(payload, color_mode, name, row)
        header = header or sniff(payload, name, row, max_pixels)
        return decode(
            payload, color_mode, reduce=reduce, name=name, row=row, header=header, empty=empty
        )
    except MemoryError as error:
        raise ImageError(name, NO_MEMORY, row) from error


def decode(
    data: bytes,
    color_mode: str = "rgb",
    *,
    reduce: int = 1,
    name: str = "<bytes>",
    row: int | None = None,
    header: Header | None = None,
    upright: bool = True,
    empty: Empty = np.empty,
) -> Array:
    """Decode an image of any known format: JPEG, PNG, WebP, BMP, TIFF, GIF, PPM, AVIF (R30, R32).

    16-bit and float pixels keep their depth (R36); other integers of TIFF become floats.
    Where alpha is dropped, the image is laid on white. Of animations and multi-page files the first
    image is read.

    Args:
        data: The whole encoded file.
        color_mode: "rgb", "grayscale", "rgba", or "unchanged" for the channels that are stored;
            "rgbx" for those of "rgb", beside which a fourth of no meaning may come.
        reduce: Decode JPEG at 1/1, 1/2, 1/4 or 1/8 of its size, rounded up; others keep theirs,
            and so do turned ones whose sides this number does not divide.
        name: Name of the image for messages.
        row: Row of the image in its source.
        header: What `sniff` said of `data`, where it was called already.
        upright: Apply the orientation that the file states.
        empty: Where memory for the pixels comes from, as far as a decoder lets us choose it.

    Returns:
        (H, W, C), C-contiguous uint8, uint16 or float32.

    Raises:
        ImageError: The data are damaged, incomplete, of an unknown format, or exceed a limit.

    Example:
        >>> import numpy as np
        >>> red = np.full((2, 3, 3), (255, 0, 0), "uint8")
        >>> decode(encode(red))[0, 0]
        array([255,   0,   0], dtype=uint8)
    """
    header = header or sniff(data, name, row)
    if not upright:
        header = header._replace(orientation=1)
    if header.orientation != 1 and (header.height % reduce or header.width % reduce):
        reduce = 1  # turned, a last row that stands for less would be the first
    lossy = header.format == "jpeg" and (header.plain_jpeg or not is_lossless(data))
    if lossy and color_mode != "rgba":
        mode = color_mode
        if mode == "unchanged":
            mode = "grayscale" if header.channels == 1 else "rgb"
        decoded = decode_jpeg(data, header, mode, reduce, empty)
        if decoded is not None:
            return decoded
        pixels = _whole_jpeg(data, _FLAGS[_STRICTLY.get(mode, mode), reduce], name, row)
    elif lossy:
        pixels = decode(data, "rgb", reduce=reduce, name=name, row=row, header=header, empty=empty)
        return to_color_mode(pixels, color_mode, name, row)
    else:
        color_mode = _STRICTLY.get(color_mode, color_mode)
        pixels = _decode_other(data, header, color_mode, name, row)
        pixels = to_color_mode(pixels, color_mode, name, row)
    if header.orientation != 1:
        pixels = turn_upright(pixels, header.orientation)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _whole_jpeg(data: bytes, flags: int, name: str, row: int | None) -> Array:
    def again(longer: bytes) -> Array | None:
        with suppress(ImageError):
            return _imdecode(longer, flags, name, row)
        return None

    pixels = _imdecode(data, flags, name, row)
    if is_cut(data, pixels, again):
        reason = (
            "Its data end before its image, or it claims a larger size than it has; the rest would "
            "be grey. Copy it again."
        )
        raise ImageError(name, reason, row)
    return pixels


def _decode_other(
    data: bytes, header: Header, color_mode: str, name: str, row: int | None
) -> Array:
    """Decode what is no lossy JPEG, with the channels that are stored."""
    if header.format == "jpeg" and (pixels := decode_lossless(data, header, name, row)) is not None:
        return pixels
    if header.format == "png" and not header.channels and apng.is_animated(data):
        return _first_frame(data, header, color_mode, name, row)
    if header.format == "png" and png.may_inflate_to_much(data):
        try:
            pixels = png.decode_plain(without_notes(data))
            if pixels is not None:
                return pixels
            data = png.without_excess(data)
        except ValueError as error:
            raise ImageError(name, str(error), row) from None
    if header.channels:
        stored = "grayscale" if header.channels == 1 else "rgb"
        return _imdecode(data, _FLAGS[stored, 1], name, row)
    return _decode_any(data, header, color_mode, name, row)


def _first_frame(data: bytes, header: Header, color_mode: str, name: str, row: int | None) -> Array:
    """Decode the first frame of an animated PNG, which may be a part of the image."""
    try:
        frame = apng.first_frame(data)
    except ValueError as error:
        raise ImageError(name, str(error), row) from None
    pixels = _decode_other(frame.data, header, color_mode, name, row)
    width, height = struct.unpack_from(">II", data, 16)
    if pixels.shape[:2] == (height, width):
        return pixels
    image = np.zeros((height, width, *pixels.shape[2:]), pixels.dtype)
    image[frame.top : frame.top + len(pixels), frame.left : frame.left + pixels.shape[1]] = pixels
    return image


def _decode_any(data: bytes, header: Header, color_mode: str, name: str, row: int | None) -> Array:
    """Decode all channels in their own depth, as they are stored but in RGB order."""
    if header.format == "tiff":
        pixels = _decode_tiff(data, color_mode, name, row)
    elif header.format == "bmp":
        pixels = _decode_bmp(data, name, row)
    else:
        pixels = _in_rgb_order(_imdecode(data, cv2.IMREAD_UNCHANGED, name, row))
    if pixels.dtype.kind == "f" and not in_blocks(_are_finite, pixels).all():
        reason = "It holds pixels that are not finite (NaN or infinite). Replace them."
        raise ImageError(name, reason, row)
    if header.maximum:
        pixels = _full_scale_of(pixels, header.maximum)
    return pixels


def _are_finite(rows: Array) -> Array:
    return np.asarray(np.isfinite(rows).all(axis=1, keepdims=True))


def _full_scale_of(pixels: Array, maximum: int) -> Array:
    """Spread 0 to `maximum` over all values of the dtype."""
    full = int(full_scale(pixels.dtype))

    def spread(rows: Array) -> Array:
        scaled = (rows.astype(np.uint32) * full + maximum // 2) // maximum
        return np.minimum(scaled, full).astype(rows.dtype)

    return in_blocks(spread, pixels)


def _decode_bmp(data: bytes, name: str, row: int | None) -> Array:
    try:
        return bmp.decode(data)
    except (IndexError, struct.error):
        raise ImageError(name, "The BMP is truncated. Copy the file again.", row) from None
    except ValueError as error:
        raise ImageError(name, str(error), row) from None


def _decode_tiff(data: bytes, color_mode: str, name: str, row: int | None) -> Array:
    try:
        return _tiff_pixels(tiff.Directory(data), color_mode, name, row)
    except ImageError:
        raise
    except (ArithmeticError, struct.error) as error:  # strips of no rows, values beyond the end
        reason = "The tags of the TIFF are damaged. Save the image again."
        raise ImageError(name, reason, row) from error
    except ValueError as error:
        raise ImageError(name, str(error), row) from None


def _tiff_pixels(directory: tiff.Directory, color_mode: str, name: str, row: int | None) -> Array:
    unread, beyond = directory.unread(), directory.beyond_opencv()
    if unread:
        raise ValueError(f"It is a TIFF of {unread}, which is not read. Save it as RGB.")
    if beyond:
        pixels = _numbers(other_tiff.decode(directory, beyond))
        if directory.channels <= 3 or directory.photometric == tiff.CMYK:
            return pixels
    else:
        # Colours of one bit come as grey if they are not asked for.
        is_palette = directory.photometric == tiff.PALETTE
        flags = cv2.IMREAD_COLOR_BGR if is_palette else cv2.IMREAD_UNCHANGED
        pixels = _imdecode(directory.readable(), flags, name, row)
        if not directory.spread:
            return _in_rgb_order(_numbers(pixels))
        pixels = _numbers(directory.restore(pixels))
    return pixels if color_mode == "unchanged" else _colors(pixels, directory)


def _colors(pixels: Array, directory: tiff.Directory) -> Array:
    """Leave out what is no alpha, and give grey with alpha its three colors."""
    if not directory.has_alpha():
        return pixels[:, :, :3] if directory.channels == 4 else pixels
    if directory.channels == 2:
        pixels = pixels[:, :, [0, 0, 0, 1]]
    return divide_by_alpha(pixels) if directory.is_premultiplied() else pixels


def _numbers(pixels: Array) -> Array:
    """Integers that are no levels, signed or of more than 16 bits, as floats of the same value."""
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind in "iu" and not (kind == "u" and size <= 2):
        return pixels.astype(np.float32)
    return to_native(pixels, "<tiff>")


def _in_rgb_order(pixels: Array) -> Array:
    if pixels.ndim == 2:
        return pixels
    code = _TO_RGB[pixels.shape[2]]
    if pixels.nbytes < _LARGE:
        return cv2.cvtColor(pixels, code)
    for top in range(0, len(pixels), _ROWS):  # in place: twice the memory is more than there may be
        pixels[top : top + _ROWS] = cv2.cvtColor(pixels[top : top + _ROWS], code)
    return pixels


def _imdecode(data: bytes, flags: int, name: str, row: int | None) -> Array:
    pixels: Array | None = _read_over_damage(data, flags)
    if pixels is not None:
        return pixels
    try:
        with QuietOpenCV():
            pixels = cv2.imdecode(np.frombuffer(without_notes(data), np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise ImageError(name, NO_MEMORY, row) from error
        raise ImageError(name, f"It cannot be decoded: {error.err}.", row) from error
    if pixels is None:
        reason = "It is damaged or incomplete and cannot be decoded. Copy or save it again."
        raise ImageError(name, reason, row)
    return pixels


def _read_over_damage(data: bytes, flags: int) -> Array | None:
    """Decode a JPEG that OpenCV decodes, without the line that it writes where one is damaged."""
    if flags not in _MODES or not (data.startswith(_JPEG) and data.endswith(_JPEG_END)):
        return None  # OpenCV refuses what ends within the image
    mode, reduce = _MODES[flags]
    try:
        return decode_jpeg(data, as_stored(sniff(data)), mode, reduce, np.empty, strict=False)
    except ImageError:
        return None


def turn_upright(pixels: Array, orientation: int) -> Array:
    """Undo the orientation of a camera, 1 to 8 as in EXIF."""
    turned: Array = pixels
    if orientation == 1:
        return turned
    if pixels.ndim == 3 and pixels.shape[2] > 4:  # more than OpenCV turns
        turned = pixels.swapaxes(0, 1) if orientation > 4 else pixels
        turned = turned[::-1] if orientation in (3, 4, 7, 8) else turned
        turned = turned[:, ::-1] if orientation in (2, 3, 6, 7) else turned
        return np.ascontiguousarray(turned)
    if orientation > 4:
        turned = cv2.transpose(turned)
    if orientation not in (1, 5):
        turned = cv2.flip(turned, {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}[orientation])
    return turned


def encode(pixels: Array, extension: str = ".png") -> bytes:
    r"""Encode an image without loss.

    Args:
        pixels: (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16; for TIFF also
            float32 and any number of channels.
        extension: ".png", or ".tif" or ".tiff".

    Returns:
        The encoded file.

    Raises:
        ValueError: The format is not lossless, or cannot hold such pixels.

    Example:
        >>> import numpy as np
        >>> encode(np.zeros((2, 3), "uint8"))[:4]
        b'\x89PNG'
    """
    pixels = to_color_mode(pixels, "unchanged", "<pixels>")
    if extension in (".tif", ".tiff"):
        return tiff.encode(pixels)
    if extension != ".png":
        raise ValueError(f"extension must be '.png', '.tif' or '.tiff'; got {extension!r}.")
    if pixels.dtype == np.float32 or pixels.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"PNG holds 1, 3 or 4 channels of 8 or 16 bits; got {pixels.shape[2]} channels of "
            f"{pixels.dtype}. Use extension='.tif'."
        )
    if pixels.shape[2] > 1:
        pixels = cv2.cvtColor(pixels, _TO_RGB[pixels.shape[2]])  # the exchange is its own inverse
    return cv2.imencode(".png", pixels)[1].tobytes()
