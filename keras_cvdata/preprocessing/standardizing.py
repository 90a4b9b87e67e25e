"""Standardisation of images by the data, by themselves, or by a function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cvdata.preprocessing.randomness import drawing_from, random_state
from keras_cvdata.types import Array

_EPSILON = 1e-6


class Standardizing:
    """What `ImageDataGenerator` does to images after their transforms."""

    featurewise_center: bool
    samplewise_center: bool
    featurewise_std_normalization: bool
    samplewise_std_normalization: bool
    zca_whitening: bool
    zca_epsilon: float
    rescale: float | None
    preprocessing_function: Callable[[Array], Array] | None
    data_format: str
    dtype: Any
    channel_axis: int

    mean: Array | None = None
    std: Array | None = None
    zca_whitening_matrix: Array | None = None

    random_transform: Callable[[Array], Array]

    def standardize(self, x: Array) -> Array:
        """Apply the function, the factor and the standardisations, in this order.

        Args:
            x: One image or a batch, of floats; it is changed in place.

        Returns:
            `x`, or what the function or whitening made of it.

        Example:
            >>> from keras_cvdata.preprocessing.image import ImageDataGenerator
            >>> ImageDataGenerator(rescale=1 / 255).standardize(np.array([51.0, 255.0])).tolist()
            [0.2, 1.0]
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _EPSILON
        if self.featurewise_center and self._is_fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted(
            "featurewise_std_normalization", self.std
        ):
            x /= self.std + _EPSILON  # type: ignore[operator] # fitted
        if self.zca_whitening and self._is_fitted("zca_whitening", self.zca_whitening_matrix):
            flat = x.reshape(-1, math.prod(x.shape[-3:])) @ self.zca_whitening_matrix
            x = flat.reshape(x.shape)
        return x

    def _is_fitted(self, option: str, statistics: Array | None) -> bool:
        if statistics is None:
            warnings.warn(
                f"{option}=True has no effect yet: its statistics are not known. Call fit(x) with "
                "images first.",
                stacklevel=3,
            )
        return statistics is not None

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Learn the statistics of `featurewise_...` and `zca_whitening` from images.

        `rescale` is applied first, `preprocessing_function` is not.

        Args:
            x: (N, height, width, channels) images, or with the channels second.
            augment: Learn from images transformed at random.
            rounds: How many times each of them.
            seed: Selects the transforms.

        Raises:
            ValueError: `x` has not four axes.

        Example:
            >>> from keras_cvdata.preprocessing.image import ImageDataGenerator
            >>> generator = ImageDataGenerator(featurewise_center=True)
            >>> generator.fit(np.full((2, 4, 4, 1), 7))
            >>> float(generator.mean.item())
            7.0
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(
                "fit takes images of four axes, such as (N, height, width, channels); got shape "
                f"{x.shape}."
            )
        if x.shape[self.channel_axis] not in (1, 3, 4):
            warnings.warn(
                f"With data_format={self.data_format!r} the channels are on axis "
                f"{self.channel_axis}, and shape {x.shape} has not 1, 3 or 4 there.",
                stacklevel=2,
            )
        if self.rescale:
            x *= self.rescale
        if augment:
            with drawing_from(random_state(seed)):
                x = np.array(
                    [self.random_transform(image) for _ in range(rounds) for image in x], self.dtype
                )
        self._learn(x)

    def _learn(self, x: Array) -> None:
        """Learn from images of all data, which are changed."""
        others = tuple(axis for axis in range(4) if axis != self.channel_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axis=others, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=others, keepdims=True)[0]
            x /= self.std + _EPSILON
        if self.zca_whitening:
            u, s, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (u * (math.sqrt(len(x)) / (s + self.zca_epsilon))) @ u.T
