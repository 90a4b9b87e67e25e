"""Carry out a chain by either executor, with equal parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cvdata.engine import opencv, tensor
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.plan import Plan
from keras_cvdata.layers import RandomRotateBound

_random = np.random.default_rng(0)


def uniforms(chain: Any, batch: int) -> np.ndarray:
    """Draw the numbers that a chain or layer needs for a batch."""
    return np.random.default_rng(5).random((batch, chain.total_uniforms))


def with_opencv(chain: Chain, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Carry out a chain on a batch by the OpenCV executor."""
    plan = chain.plan(u, *x.shape[1:])
    return opencv.render_batch(x, plan, chain.output_size(*x.shape[1:3]))


def with_tensors(chain: Chain, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Carry out a chain by the tensor executor, with the parameters that NumPy draws from `u`."""
    plan = tensor_plan(chain, x.shape, u)
    return ops.convert_to_numpy(tensor.render_batch(ops.convert_to_tensor(x), plan))


def tensor_plan(chain: Chain, shape: tuple[int, ...], u: np.ndarray) -> Plan:
    """Plan for tensors of a shape, with the parameters that NumPy draws from `u`."""
    drawn = keras.tree.map_structure(
        lambda value: ops.convert_to_tensor(_narrow(value)), chain.draw(u, *shape[1:3])
    )
    return chain.prepare(drawn, *shape[1:], xp=ops)


def _narrow(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float32) if value.dtype == np.float64 else value


def rendered(image: np.ndarray, layers: Sequence[Any] = (), **options: Any) -> np.ndarray:
    """Carry out a chain on one image by OpenCV; every draw is 0.5."""
    chain = Chain(list(layers), **options)
    size = image.shape[:2] if chain.resize is None else chain.resize.size
    plan = chain.plan(np.full((1, chain.total_uniforms), 0.5), *size, image.shape[2])
    return opencv.render_batch(image[None], plan, size)[0]


def noise(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
    return _random.integers(0, 256, shape).astype(dtype)


def rotate(degrees: float = 20.0, **options: Any) -> RandomRotateBound:
    return RandomRotateBound((degrees, degrees), **options)
