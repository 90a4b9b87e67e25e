"""Random fields as a function of two numbers: the same on NumPy and on tensors.

Every 32-bit word is a hash of its number and of the two halves of a seed. 64-bit integers are not
the same on all of `keras.ops`, so this is not the hash of `stateless_random` but Wellons's
"lowbias32", with the second half of the seed brought in between its two multiplications.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.types import Array

_SPREAD = 0x9E3779B1
_MIX_1 = 0x7FEB352D
_MIX_2 = 0x846CA68B


def seeds(u: Tensor, xp: Any) -> Tensor:
    """Turn (B, 2) uniform numbers into (B, 2) int32 seeds of 24 bits."""
    return cast(xp.floor(u * 2.0**24), "int32", xp)


def words(count: int, seed: Array) -> Array:
    """Hash the numbers from 0 to `count` - 1.

    Args:
        count: How many.
        seed: Two int32.

    Returns:
        (count,) uint32.

    Example:
        >>> words(3, np.array([7, 8], np.int32)).tolist()
        [499395432, 3363679466, 1296786501]
    """
    first, second = (int(part) & 0xFFFFFFFF for part in seed)
    x = np.arange(count, dtype="<u4")
    x += np.uint32(first * _SPREAD & 0xFFFFFFFF)
    rest = x >> np.uint32(16)
    x ^= rest
    x *= np.uint32(_MIX_1)
    x ^= np.uint32(second * _SPREAD & 0xFFFFFFFF)
    np.right_shift(x, np.uint32(15), out=rest)
    x ^= rest
    x *= np.uint32(_MIX_2)
    np.right_shift(x, np.uint32(16), out=rest)
    x ^= rest
    return x


def words_batch(count: Tensor, seed: Tensor, ops: Any) -> Tensor:
    """Hash the numbers from 0 to `count` - 1 for a batch.

    Args:
        count: How many for each image.
        seed: (B, 2) int32.
        ops: `keras.ops`.

    Returns:
        (B, count) int32 with the bits of `words`.
    """
    first, second = (seed[:, i][:, None] * _signed(_SPREAD) for i in (0, 1))
    x = ops.arange(count, dtype="int32")[None, :] + first
    x = ops.bitwise_xor(x, _shifted(x, 16, ops)) * _signed(_MIX_1)
    x = ops.bitwise_xor(x, second)
    x = ops.bitwise_xor(x, _shifted(x, 15, ops)) * _signed(_MIX_2)
    return ops.bitwise_xor(x, _shifted(x, 16, ops))


def halves(count: int, seed: Array) -> Array:
    """Give (count,) random uint16, two out of every word."""
    return words((count + 1) // 2, seed).view("<u2")[:count]


def halves_batch(count: Tensor, seed: Tensor, ops: Any) -> Tensor:
    """Give (B, count) int32 random numbers of 16 bits, those of `halves`."""
    both = words_batch((count + 1) // 2, seed, ops)
    pairs = ops.stack([ops.bitwise_and(both, 0xFFFF), _shifted(both, 16, ops)], axis=-1)
    return ops.reshape(pairs, (ops.shape(pairs)[0], -1))[:, :count]


@cache
def normals() -> Array:
    """Make a table of 65,536 equally probable normal numbers, float32, rising."""
    normal = NormalDist()
    upper = np.array([normal.inv_cdf((i + 0.5) / 65536) for i in range(32768, 65536)], np.float32)
    return np.concatenate([-upper[::-1], upper])


def _signed(word: int) -> int:
    """Read 32 bits as a signed number, which is what tensors multiply modulo 2**32."""
    return word - 2**32 if word >= 2**31 else word


def _shifted(x: Tensor, bits: int, ops: Any) -> Tensor:
    """Shift to the right with zeros coming in, which a signed shift does not do."""
    return ops.bitwise_and(ops.right_shift(x, bits), 2 ** (32 - bits) - 1)
