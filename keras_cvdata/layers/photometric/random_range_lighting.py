"""Change the brightness of shadows, middle tones and lights by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range

# An edge such as 1/3 falls on pixel value 85 of 255: half a step of 16-bit pixels keeps that value
# above the edge however the division was rounded.
_SLACK = 0.5 / 65535


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomRangeLighting(PhotometricLayer):
    """Multiply brightness by a gain that depends on the range it lies in.

    Use it to lift shadows, or to dim lights, without touching the rest. Results saturate. Source:
    R73.

    Args:
        edges: Rising limits of the ranges in units of the value range, from 0 to 1: (0, 1/3, 1)
            makes two ranges, pixels of 0 to 84 and of 85 to 255 for uint8. A value on an edge
            belongs to the range above it.
        factors: The gain for each range: a pair (low, high) to draw from or a fixed number; 1
            changes nothing.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: Edges or factors are no sequences of numbers.
        ValueError: The edges do not rise from 0 to 1, or the factors do not match them.

    Example:
        >>> import numpy as np
        >>> image = np.array([50, 84, 85, 200], "uint8").reshape(1, 1, 4, 1)
        >>> np.asarray(RandomRangeLighting((0, 1 / 3, 1), (2.0, 1.0))(image)).ravel()
        array([100, 168,  85, 200], dtype=uint8)
    """

    def __init__(
        self,
        edges: Sequence[float] = (0.0, 1 / 3, 2 / 3, 1.0),
        factors: Sequence[float | Range] = ((0.8, 1.2), (0.8, 1.2), (0.8, 1.2)),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.edges = self._check_edges(edges)
        self.factors = self._check_factors(factors)
        self.num_uniforms = len(self.factors)

    def _check_edges(self, edges: Sequence[float]) -> tuple[float, ...]:
        wanted = f"{self._named('edges')} must be rising numbers from 0 to 1, such as (0, 0.5, 1)"
        if not isinstance(edges, Sequence) or isinstance(edges, str):
            raise TypeError(f"{wanted}; got {edges!r}.")
        rising = all(map(is_number, edges)) and all(low < high for low, high in pairwise(edges))
        if len(edges) < 2 or not rising or edges[0] != 0 or edges[-1] != 1:
            raise ValueError(f"{wanted}; got {edges!r}. Divide uint8 limits by 255.")
        return tuple(map(float, edges))

    def _check_factors(self, factors: Sequence[float | Range]) -> tuple[Interval, ...]:
        name = self._named("factors")
        ranges = len(self.edges) - 1
        if not isinstance(factors, Sequence) or isinstance(factors, str):
            raise TypeError(f"{name} must hold one factor for each range; got {factors!r}.")
        if len(factors) != ranges:
            raise ValueError(
                f"{name} must hold {ranges} factors, one for each range between the edges "
                f"{self.edges}; got {len(factors)}."
            )
        return tuple(
            interval(f"{name}[{i}]", each, unit="times", low=0, high=100, single="fixed")
            for i, each in enumerate(factors)
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw (B, ranges) gains."""
        return {"gain": xp.stack([f.at(u[:, i]) for i, f in enumerate(self.factors)], axis=-1)}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Apply the gain of the range that each value lies in."""
        # One index and new axes in a single slice of a stack: TensorFlow's graph optimiser drops
        # the new axes, so they come in a slice of their own.
        gains = [p["gain"][:, i][:, None, None] for i in range(self.num_uniforms)]
        gain = gains[0] * xp.ones_like(values)
        for edge, above in zip(self.edges[1:-1], gains[1:], strict=True):
            gain = xp.where(values >= edge - _SLACK, above, gain)
        return values * gain
