"""Randomness as a function: counter-based draws that need no state.

Every number is a hash of integer words, for example (seed, epoch, row, occurrence, layer, draw), so
it does not depend on threads, batch order, backend or host, and can be computed again for one
image. The hash is splitmix64's finaliser, applied word by word.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_cvdata.types import Array, Ints

Word = int | NDArray[Any]


class Purpose(IntEnum):
    """What a draw is for: a word that keeps the draws of one seed apart.

    Seeds in published results keep their meaning, so no number ever changes or is used again.
    """

    SHUFFLE = 1
    BALANCE = 2
    AUGMENT = 3
    SUBSTITUTE = 4
    MIX = 5


_BLOCK = 1 << 18  # numbers that are hashed and sorted together

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_WORD = 0xFFFFFFFFFFFFFFFF


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words so that every input bit reaches every output bit."""
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))


def _as_word(word: Word) -> NDArray[np.uint64]:
    if isinstance(word, int):
        return np.array([word & _WORD], np.uint64)
    return np.asarray(word).astype(np.uint64)


def hash_words(*words: Word) -> NDArray[np.uint64]:
    """Hash integer words into 64 well-mixed bits.

    Args:
        *words: Integers or integer arrays that broadcast against each other.

    Returns:
        uint64 array of the broadcast shape, at least one-dimensional.

    Example:
        >>> bool(hash_words(7, 0)[0] == hash_words(7, np.array([0, 1]))[0])
        True
    """
    numbers = tuple(takewhile(lambda word: isinstance(word, int), words))
    state = _hash_numbers(numbers) if numbers else np.zeros(1, np.uint64)
    for word in words[len(numbers) :]:
        state = _hash_one(state, word)
    return state


@lru_cache(maxsize=64)
def _hash_numbers(numbers: tuple[int, ...]) -> NDArray[np.uint64]:
    """Hash the words that come first, which are those of the last batch for most of an epoch."""
    state = np.zeros(1, np.uint64)
    for number in numbers:
        state = _hash_one(state, number)
    state.flags.writeable = False
    return state


def _hash_one(state: NDArray[np.uint64], word: Word) -> NDArray[np.uint64]:
    # Integer arrays wrap modulo 2**64, which is what is wanted.
    return _mix((state ^ _as_word(word)) + _GOLDEN)


def uniforms(*words: Word) -> NDArray[np.float64]:
    """Draw numbers in [0, 1) that depend on nothing but the words.

    Args:
        *words: Integers or integer arrays that broadcast against each other.

    Returns:
        float64 array of the broadcast shape with 53 random bits each.

    Example:
        >>> uniforms(7, np.arange(4)).shape
        (4,)
    """
    return (hash_words(*words) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def augmentation_uniforms(
    seed: int, epoch: int, rows: Word, occurrences: Word, keys: NDArray[Any]
) -> NDArray[np.float64]:
    """Draw what the layers of a chain turn into the parameters of a batch.

    Args:
        seed: Seed of the sequence.
        epoch: Number of the epoch.
        rows: Row of each sample in its source, (B,) integers or one number.
        occurrences: How often each came before in the epoch, (B,) integers or one number.
        keys: (D, 2) position of the layer and number of the draw, see `Chain.uniform_keys`.

    Returns:
        (B, D) float64 of [0, 1).

    Example:
        >>> keys = np.array([(0, 0), (0, 1), (1, 0)])
        >>> augmentation_uniforms(7, 0, np.array([3, 5]), 0, keys).shape
        (2, 3)
    """
    layers, draws = keys.T
    samples = (np.reshape(words, (-1, 1)) for words in (rows, occurrences))
    return uniforms(seed, Purpose.AUGMENT, epoch, *samples, layers, draws)


def permutation(n: int, *words: int, dtype: Any = np.int64) -> Array:
    """Order 0 to n - 1 at random, depending on nothing but the words.

    Beside the result it takes the memory of some hundred thousand numbers, however large n is.

    Args:
        n: Number of elements.
        *words: Integers that select the permutation.
        dtype: Dtype of the result, which must hold n - 1.

    Returns:
        (n,) of `dtype`, each number once, in the order of their hashes.

    Example:
        >>> sorted(permutation(4, 7, 0).tolist())
        [0, 1, 2, 3]
    """
    if n <= _BLOCK:
        return np.argsort(hash_words(*words, np.arange(n)), kind="stable").astype(dtype)
    order, ends = _by_first_byte(n, words, dtype)
    for numbers in np.split(order, ends[:-1]):  # views
        numbers[:] = numbers[np.argsort(hash_words(*words, numbers), kind="stable")]
    return order


def _by_first_byte(n: int, words: tuple[int, ...], dtype: Any) -> tuple[Array, Ints]:
    """Sort 0 to n - 1 by the first byte of their hashes; return also where each byte ends."""
    ends = np.cumsum(sum(np.bincount(first, minlength=256) for _, first in _blocks(n, words)))
    order = np.empty(n, dtype)
    free = np.concatenate([[0], ends[:-1]])
    for numbers, first in _blocks(n, words):
        counts = np.bincount(first, minlength=256)
        shifts = free - (np.cumsum(counts) - counts)
        order[np.arange(len(numbers)) + np.repeat(shifts, counts)] = numbers[
            np.argsort(first, kind="stable")
        ]
        free += counts
    return order, ends


def _blocks(n: int, words: tuple[int, ...]) -> Iterator[tuple[Ints, NDArray[np.uint8]]]:
    """Numbers below n, a block at a time, with the first bytes of their hashes."""
    for start in range(0, n, _BLOCK):
        numbers = np.arange(start, min(start + _BLOCK, n))
        yield numbers, (hash_words(*words, numbers) >> np.uint64(56)).astype(np.uint8)
