"""Perceptual hashes of small grey images, in the eight orientations a copy may have."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.types import Array

THUMBNAIL_SIDE = 32  # pixels
SMALLEST_SIDE = 64  # pixels; the hashes of smaller images pair what is not alike, as on MNIST
LEAST_CONTRAST = 2.0  # grey levels, standard deviation of the large shapes; below, noise decides

ORIENTATIONS = (
    "as is",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "turned by 270 degrees",
    "mirrored",
    "mirrored, then turned by 90 degrees",
    "mirrored, then turned by 180 degrees",
    "mirrored, then turned by 270 degrees",
)

# Each orientation is a transposition or none, then a flip up to down, then one left to right.
_TRANSPOSED = np.array([0, 1, 0, 1, 0, 1, 0, 1])
_UP_DOWN = np.array([0, 1, 1, 0, 0, 0, 1, 1])
_LEFT_RIGHT = np.array([0, 0, 1, 1, 1, 0, 0, 1])

_KEPT_PHASH, _KEPT_DHASH = [0, 2, 4, 6], [0, 4, 5, 3]  # the orientations that `packed` keeps


def _cosines() -> Array:
    """(8, 32) lowest rows of the orthonormal DCT-II."""
    angles = np.outer(np.arange(8), np.arange(THUMBNAIL_SIDE) + 0.5) * (np.pi / THUMBNAIL_SIDE)
    scale = np.where(np.arange(8) == 0, 1, 2) / THUMBNAIL_SIDE
    return np.sqrt(scale)[:, None] * np.cos(angles)


def _areas(cells: int) -> Array:
    """(cells, 32) how much of each pixel lies in each of `cells` equal parts, in whole numbers."""
    starts = np.arange(cells)[:, None] * THUMBNAIL_SIDE
    pixels = np.arange(THUMBNAIL_SIDE) * cells
    ends = np.minimum(starts + THUMBNAIL_SIDE, pixels + cells)
    overlaps: Array = np.maximum(ends - np.maximum(starts, pixels), 0).astype(np.float64)
    return overlaps


_COSINES, _EIGHTHS, _NINTHS = _cosines(), _areas(8), _areas(9)
_PARITY = np.arange(8) % 2
# A flip of the image changes the sign of every other coefficient. In units of 1/16 a coefficient
# that is zero by symmetry is exactly zero, whatever the order of the additions.
_SIGNS = 16 * (
    (1 - 2 * _UP_DOWN[:, None, None] * _PARITY[:, None])
    * (1 - 2 * _LEFT_RIGHT[:, None, None] * _PARITY)
)


def thumbnail(grey: Array) -> Array:
    """Shrink a grey image to what `perceptual_hashes` takes.

    Args:
        grey: (H, W) or (H, W, 1) uint8.

    Returns:
        (32, 32) uint8, each pixel the mean of its area; the aspect ratio is given up.

    Example:
        >>> thumbnail(np.zeros((480, 640), np.uint8)).shape
        (32, 32)
    """
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small: Array = cv2.resize(grey, side, interpolation=cv2.INTER_AREA)
    return small


def perceptual_hashes(thumbnails: Array) -> Array:
    """Hash grey thumbnails so that images that look alike have hashes that differ in few bits.

    - pHash: which of the 8 x 8 lowest coefficients of the cosine transform are above their median.
      It holds the large shapes.
    - dHash: where the image, in 8 rows of 9 areas, grows brighter to the right. It holds the edges.

    In both the first bit is the upper left one, and the highest of the number. The hashes are the
    same on every machine.

    A thumbnail whose large shapes, the 8 x 8 coefficients, deviate by less than `LEAST_CONTRAST`
    from its mean has no hashes: noise would decide on them, and all empty images would be alike.
    Its hashes are 0, which no other pHash is; `has_hashes` tells.

    Args:
        thumbnails: (32, 32) or (N, 32, 32) uint8, as `thumbnail` makes them.

    Returns:
        (8, 2) or (N, 8, 2) uint64: pHash and dHash in each of the `ORIENTATIONS`.

    Raises:
        ValueError: The thumbnails have another shape or dtype.

    Example:
        >>> image = np.arange(1024, dtype=np.uint32).reshape(32, 32).astype(np.uint8)
        >>> hashes = perceptual_hashes(image)
        >>> hashes.shape, hashes.dtype
        ((8, 2), dtype('uint64'))
        >>> bool((hashes[4] == perceptual_hashes(image[:, ::-1])[0]).all())
        True

    Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    thumbnails = np.asarray(thumbnails)
    if thumbnails.dtype != np.uint8 or thumbnails.shape[-2:] != (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        raise ValueError(
            f"Thumbnails must be uint8 of shape (32, 32) or (N, 32, 32); got {thumbnails.dtype} of "
            f"{thumbnails.shape}. Make them with thumbnail(grey)."
        )
    stack = thumbnails.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE).astype(np.float64)
    coefficients = _COSINES @ stack @ _COSINES.T
    bits = np.stack([_phash_bits(coefficients), _dhash_bits(stack)], axis=2)
    energy = (coefficients**2).sum(axis=(1, 2)) - coefficients[:, 0, 0] ** 2
    bits[energy < (LEAST_CONTRAST * THUMBNAIL_SIDE) ** 2] = False
    packed = np.packbits(bits.reshape(len(stack), 8, 2, 64), axis=-1)
    return packed.view(">u8").astype(np.uint64).reshape(*thumbnails.shape[:-2], 8, 2)


def has_hashes(hashes: Array) -> Array:
    """Say which images have enough contrast to be compared.

    Args:
        hashes: (..., 8, 2) uint64 of `perceptual_hashes`.

    Returns:
        (...) bool.

    Example:
        >>> bool(has_hashes(perceptual_hashes(np.full((32, 32), 7, np.uint8))))
        False
    """
    telling: Array = hashes[..., 0, 0] != 0
    return telling


def packed(hashes: Array) -> Array:
    """Leave out the half of the hashes that follows from the others, to store them.

    Args:
        hashes: (..., 8, 2) uint64 of `perceptual_hashes`.

    Returns:
        (..., 8) uint64: pHash as is, turned by 180 degrees, mirrored, and mirrored and turned by
        180; dHash as is, mirrored, mirrored and turned by 90, and turned by 270.

    Example:
        >>> hashes = perceptual_hashes(np.arange(1024).reshape(32, 32).astype(np.uint8))
        >>> bool((unpacked(packed(hashes)) == hashes).all())
        True
    """
    kept = (hashes[..., _KEPT_PHASH, 0], hashes[..., _KEPT_DHASH, 1])
    return np.concatenate(kept, axis=-1)


def unpacked(words: Array) -> Array:
    """Give the hashes that were packed.

    A pHash of a transposed image is that of the image with rows and columns exchanged; the dHash of
    an image that is upside down is that of the image with its bytes in reverse.

    Args:
        words: (..., 8) uint64 of `packed`.

    Returns:
        (..., 8, 2) uint64.
    """
    words = np.asarray(words)
    hashes = np.empty((*words.shape, 2), np.uint64)
    hashes[..., _KEPT_PHASH, 0] = words[..., :4]
    hashes[..., [5, 7, 1, 3], 0] = _exchanged(words[..., :4])
    hashes[..., _KEPT_DHASH, 1] = words[..., 4:]
    hashes[..., [6, 2, 1, 7], 1] = words[..., 4:].byteswap()
    return hashes


def _exchanged(words: Array) -> Array:
    """Exchange rows and columns of 8 x 8 bits: of 2 x 2, then of 4 x 4, then of all."""
    for shift, mask in ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0xF0F0F0F0)):
        change = (words ^ (words >> np.uint64(shift))) & np.uint64(mask)
        words = words ^ change ^ (change << np.uint64(shift))
    return words


def _phash_bits(coefficients: Array) -> Array:
    """(N, 8, 8, 8) bits of the pHash in the eight orientations."""
    both = np.stack([coefficients, coefficients.swapaxes(1, 2)], axis=1)
    turned = np.rint(both[:, _TRANSPOSED] * _SIGNS).astype(np.int32)
    # Above the lower of the two middle ones is above the median, which lies between them.
    middle = np.partition(turned.reshape(-1, 8, 64), 31, axis=-1)[:, :, 31]
    above: Array = turned > middle[:, :, None, None]
    return above


def _dhash_bits(stack: Array) -> Array:
    """(N, 8, 8, 8) bits of the dHash in the eight orientations."""
    upright = np.diff(_EIGHTHS @ stack @ _NINTHS.T)
    transposed = np.diff(_EIGHTHS @ stack.swapaxes(1, 2) @ _NINTHS.T)
    bits = np.empty((len(stack), 8, 8, 8), bool)
    for number in range(8):
        steps = transposed if _TRANSPOSED[number] else upright
        steps = steps[:, ::-1] if _UP_DOWN[number] else steps
        bits[:, number] = steps[:, :, ::-1] < 0 if _LEFT_RIGHT[number] else steps > 0
    return bits
