"""Both ways to carry out a layer, for tests of one layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain

Apply = Callable[[Any, np.ndarray], np.ndarray]


def by_opencv(layer: Any, image: np.ndarray) -> np.ndarray:
    """Apply a layer without randomness to one image, as a sequence does."""
    chain = Chain([layer])
    out = np.empty_like(image)
    opencv.render(image, chain.plan(np.full((1, chain.total_uniforms), 0.5), *image.shape), 0, out)
    return out


def by_tensors(layer: Any, image: np.ndarray) -> np.ndarray:
    """Apply a layer without randomness to one image, as a model does."""
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(image)))


@pytest.fixture(params=[by_opencv, by_tensors])
def apply(request: pytest.FixtureRequest) -> Apply:
    """Apply a layer to one image by each executor."""
    return request.param


@pytest.fixture(params=["uint8", "float32"])
def image(request: pytest.FixtureRequest) -> np.ndarray:
    """A random image of 21 x 34 pixels, of 0 to 255 or 0 to 1."""
    values = np.random.default_rng(0).integers(0, 256, (21, 34, 3), np.uint8)
    return values if request.param == "uint8" else values.astype(np.float32) / 255


@pytest.fixture
def square(image: np.ndarray) -> np.ndarray:
    """A random image of 21 x 21 pixels."""
    return image[:, :21].copy()
