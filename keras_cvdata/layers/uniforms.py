"""Uniform numbers for layers that are called, and whole numbers drawn from them."""

from __future__ import annotations

import itertools
import os
import random
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import Interval
from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array


class Uniforms:
    """The uniform numbers of one layer, call by call; threads never get the same ones.

    Args:
        seed: What the numbers depend on; `None` for a random seed.

    Attributes:
        generator: The state of the draws on tensors, which Keras saves and carries through
            compiled functions; `None` until it is made.
    """

    # Two threads could read one state of a generator of Keras.
    _lock = threading.Lock()

    def __init__(self, seed: int | None) -> None:
        self.generator: keras.random.SeedGenerator | None = None
        self._given = seed
        self._seed = random.randrange(2**31) if seed is None else seed
        self._calls = itertools.count()  # next() on it is atomic

    def make_generator(self) -> keras.random.SeedGenerator:
        """Make the state of the draws on tensors, once; also within a function being compiled."""
        with Uniforms._lock, _outside_of_graphs():
            if self.generator is None:
                self.generator = keras.random.SeedGenerator(self._given)
            return self.generator

    def tensor(self, count: Tensor, numbers: int) -> Tensor:
        """Draw (count, numbers) float32 of [0, 1) as a tensor of the backend."""
        generator = self.generator or self.make_generator()
        with Uniforms._lock:
            return keras.random.uniform((count, numbers), dtype="float32", seed=generator)

    def array(self, count: int, numbers: int) -> Array:
        """Draw (count, numbers) float64 of [0, 1) as an array."""
        return uniforms(
            self._seed, next(self._calls), np.arange(count)[:, None], np.arange(numbers)
        )

    @classmethod
    def reset_after_fork(cls) -> None:
        """Forget a lock that a thread held in the process that this one was forked from."""
        cls._lock = threading.Lock()


def _outside_of_graphs() -> AbstractContextManager[Any]:
    """Where a variable can be made that outlives the function which is being traced."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        outside: AbstractContextManager[Any] = tf.init_scope()
    elif keras.backend.backend() == "jax":
        import jax

        outside = jax.ensure_compile_time_eval()
    else:
        outside = nullcontext()
    return outside


def either_way(strength: Interval, u: Tensor, xp: Any) -> Tensor:
    """Draw a strength and its sign from one uniform number.

    Args:
        strength: Range of the strength.
        u: Uniform numbers of [0, 1).
        xp: `numpy` or `keras.ops`.

    Returns:
        Numbers of the range, every other one negative.

    Example:
        >>> either_way(Interval(1.0, 3.0), np.array([0.0, 0.25, 0.75]), np)
        array([-3., -2.,  2.])
    """
    signed = 2 * u - 1
    return xp.where(signed < 0, -1.0, 1.0) * strength.at(xp.abs(signed))


def pick(numbers: Interval, u: Tensor, xp: Any) -> Tensor:
    """Draw whole numbers from both ends and all between, each as often.

    Args:
        numbers: A range with whole ends.
        u: Uniform numbers of [0, 1).
        xp: `numpy` or `keras.ops`.

    Returns:
        int32 numbers.
    """
    count = numbers.high - numbers.low + 1
    # The product with a float32 just below 1 may be rounded up.
    return cast(numbers.low + xp.minimum(xp.floor(u * count), count - 1), "int32", xp)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=Uniforms.reset_after_fork)
