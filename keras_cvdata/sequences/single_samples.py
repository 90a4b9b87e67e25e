"""Samples of a sequence one by one, and the first few of an epoch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_cvdata import arguments
from keras_cvdata.arguments import integer
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.loader import Loader
from keras_cvdata.loading.sampler import BatchIndices, Sampler
from keras_cvdata.sources.base import Source


class SingleSamples:
    """Base of sequences that shows what happens to single samples; they say how one is loaded."""

    source: Source
    batch_size: int
    _epoch: int
    _sampler: Sampler
    _loader: Loader
    _annotations: Annotations

    def __len__(self) -> int:
        """Batches of an epoch."""
        raise NotImplementedError

    def _load(self, indices: BatchIndices, epoch: int | None) -> Any:
        raise NotImplementedError

    def sample(self, position: int, epoch: int | None = None) -> Any:
        """One sample as an epoch serves it, without the batch axis.

        Args:
            position: Position of the sample in `source`.
            epoch: Number of the epoch whose draws are used; by default the current one.

        Returns:
            `(image, target)`, or the image alone without labels.
        """
        position = arguments.position("sample", position, len(self.source), "samples")
        batch = self._load(BatchIndices(np.array([position]), np.zeros(1, np.int64)), epoch)
        return keras.tree.map_structure(lambda array: array[0], batch)

    def parameters(self, position: int, epoch: int | None = None) -> list[dict[str, Any]]:
        """What each layer draws for one sample, as JSON can hold it; see `keras_cvdata.replay`.

        Args:
            position: Position of the sample in `source`.
            epoch: Number of the epoch; by default the current one.

        Returns:
            For each layer its name and its parameters.
        """
        position = arguments.position("sample", position, len(self.source), "samples")
        indices = BatchIndices(np.array([position]), np.zeros(1, np.int64))
        return self._loader.parameters(self._epoch if epoch is None else epoch, indices)

    def peek(self, n: int = 8) -> Any:
        """The first samples of the current epoch as one batch, which is not used up.

        Args:
            n: Number of samples, at least 1.

        Returns:
            A batch of up to `n` samples.
        """
        integer("n", n, 1)
        indices = range(len(self))[: -(-n // self.batch_size)]
        batches = [self._sampler.batch(self._epoch, index) for index in indices]
        first = (np.concatenate(parts)[:n] for parts in zip(*batches, strict=True))
        return self._load(BatchIndices(*first), None)

    @property
    def box_class_names(self) -> tuple[str, ...]:
        """Names of the classes of the boxes in the order of their integers; empty without names."""
        return self._annotations.box_class_names
