"""Mix an image with what several chains of operations make of it, as AugMix does."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Unpack

import keras

from keras_cvdata.arguments import Interval, integer, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers.beta import Beta
from keras_cvdata.layers.forms import FillingLayer, GeometricOptions, RangedLayer
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.policies import operations
from keras_cvdata.layers.policies.base import gate


@keras.saving.register_keras_serializable(package="keras_cvdata")
class AugMix(FillingLayer, RangedLayer):
    """Mix each image with what `num_chains` short chains of operations make of it.

    Use it to make a model robust to disturbances that it was not trained on, without leaving the
    look of photographs. Each chain is 1 to `chain_depth` operations in a row; with the strength f
    an operation has a magnitude from 0 to: rotation 30 f degrees; shear 0.3 f; shift f / 3 of the
    side; posterization 4 - 4 f bits; solarization from 1 - f; auto contrast and equalization; with
    `all_ops` also brightness, colour, contrast and sharpness times 0.1 to 0.1 + 1.8 f. The result
    is `(1 - m) image + m (w_1 chain_1 + ...)` with m of Beta(alpha, alpha) and w of
    Dirichlet(alpha). Masks and boxes, where the layer is called with them, stay as they are. Images
    must be RGB or RGBA with `all_ops`. Sources: Hendrycks et al., AugMix, 2020, at strength 0.3 and
    without `all_ops`, which overlap with the disturbances of ImageNet-C;
    `torchvision.transforms.v2.AugMix`; `keras.layers.AugMix`, which decides once for the whole
    batch. Executors agree within 2 levels on uint8 and 0.04 of 255 on floats, unless a warped value
    lies at the threshold of a later solarization.

    Args:
        num_chains: Number of chains.
        chain_depth: Largest number of operations in a chain; each from 1 on is as likely.
        factor: Strength f, 0 to 1; 0.3 is the severity 3 of the paper.
        alpha: Parameter of the beta and the Dirichlet distribution, 0.01 to 1000: 1 makes every
            mixture as likely, larger values prefer even ones.
        all_ops: Whether to use brightness, colour, contrast and sharpness too.
        **options: `fill_mode`, `fill_value`, `interpolation`, `value_range`, see `FillingLayer`,
            and `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A number of chains is no integer, or a value no number.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((4, 32, 32, 3), "uint8")
        >>> tuple(AugMix()(images).shape)
        (4, 32, 32, 3)
    """

    form: ClassVar[Literal["blend"]] = "blend"
    needs_range = True

    def __init__(
        self,
        *,
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: float = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        self.num_chains = integer(self._named("num_chains"), num_chains, 1)
        self.chain_depth = integer(self._named("chain_depth"), chain_depth, 1)
        self.factor = interval(
            self._named("factor"), factor, unit="strengths", low=0, high=1, single="fixed"
        ).low
        self.alpha = interval(
            self._named("alpha"), alpha, unit="1", low=0.01, high=1000, single="fixed"
        ).low
        self.all_ops = all_ops
        self.steps = operations.rounds(self._operations(), self.chain_depth)
        self.branches = (Chain(self.steps),) * self.num_chains
        self._mixture = Beta(self.alpha, self.alpha)
        rest = range(self.num_chains - 1, 0, -1)
        self._sticks = [Beta(self.alpha, self.alpha * others) for others in rest]

    def _operations(self) -> list[Any]:
        f = self.factor
        geometric = operations.geometric_options(self)
        bits = [max(1, 4 - int(4 * f * (step + 0.5) / 1000)) for step in range(1000)]
        layers = [
            *operations.geometric_ops((0, 0.3 * f), (-30 * f, 30 * f), **geometric),
            *operations.shift_ops((-f / 3, f / 3), RandomTranslation, **geometric),
            *operations.tonal_ops(bits, (1 - f, 1), value_range=self.value_range),
        ]
        if self.all_ops:
            change = Interval(-0.9, -0.9 + 1.8 * f)
            layers += operations.color_ops(change, value_range=self.value_range)
        return layers

    @property
    def num_uniforms(self) -> int:  # type: ignore[override] # depends on the chains
        """Uniform numbers of mixture, weights, depths and chains."""
        return self.num_chains * (2 + self.branches[0].total_uniforms)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the shares of the image and of the chains, and what the chains do."""
        start = 2 * self.num_chains
        depths = xp.floor(u[:, self.num_chains : start] * self.chain_depth)
        branches = []
        for number, chain in enumerate(self.branches):
            stop = start + chain.total_uniforms
            steps = chain.draw(u[:, start:stop], height, width, xp)
            acts = [depths[:, number] >= position for position in range(self.chain_depth)]
            branches.append([gate(p, act) for p, act in zip(steps, acts, strict=True)])
            start = stop
        return {"branches": branches, "shares": self._shares(u, xp)}

    def _shares(self, u: Tensor, xp: Any) -> Tensor:
        """Break the share of the mixture into weights, one stick after the other."""
        rest = self._mixture.at(u[:, 0], xp)
        shares = [1 - rest]
        for number, stick in enumerate(self._sticks, 1):
            piece = rest * stick.at(u[:, number], xp)
            shares.append(piece)
            rest = rest - piece
        return xp.stack([*shares, rest], axis=1)

    def shares(self, p: Parameters, xp: Any) -> Tensor:
        """Share of the image itself and of each chain, (B, 1 + chains)."""
        return p["shares"]

    def check_channels(self, channels: int) -> None:
        """Refuse what one of the operations refuses."""
        for step in self.steps:
            step.check_channels(channels)
