"""A model whose predictions are a function of NumPy: nothing is compiled, and results are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


class NumpyModel(keras.Model):
    """Says what a function of NumPy says of each batch of images."""

    def __init__(self, function: Callable[[np.ndarray], Any], loss: Any = None) -> None:
        super().__init__()
        self.function = function
        if loss is not None:
            self.compile(loss=loss)

    def predict(self, batches: Any, steps: int | None = None, verbose: Any = 0) -> Any:
        found = [self.function(b[0] if isinstance(b, tuple) else b) for b in batches]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *found)


def means(x: np.ndarray) -> np.ndarray:
    """Mean of each image, (B, 1)."""
    return x.reshape(len(x), -1).mean(axis=1, keepdims=True)


def one_hot_of_tens(x: np.ndarray) -> np.ndarray:
    """Probabilities of 3 classes: 0.8 for the tens of the mean of each image, 0.1 for others."""
    return 0.1 + 0.7 * np.eye(3)[(means(x)[:, 0] // 10).astype(int)]
