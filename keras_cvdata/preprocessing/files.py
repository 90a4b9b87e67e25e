"""Batches out of image files, for iterators over folders and data frames."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import choice, size
from keras_cvdata.codec.colors import CHANNELS
from keras_cvdata.preprocessing.image_iterator import ImageIterator
from keras_cvdata.preprocessing.load import FILTERS, read_image
from keras_cvdata.preprocessing.rendering import validation_share
from keras_cvdata.sequences.keras_pass import refuse_class_weight
from keras_cvdata.splits import split_positions
from keras_cvdata.types import Array, Ints


class BatchFromFilesMixin(ImageIterator):
    """Makes batches out of image files.

    A subclass sets `dtype` and the attributes below, as far as its class mode needs them, and has
    `filepaths`, `labels` and `sample_weight`.

    Attributes:
        class_mode: "categorical", "binary", "sparse", "input", "multi_output", "raw" or None.
        classes: Class of each file, an integer or a list of them.
        class_indices: Integer of each class by its name.
    """

    class_mode: str | None = None
    classes: Any
    class_indices: dict[str, int]

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: Sequence[int],
        color_mode: str,
        data_format: str,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
    ) -> None:
        """Keep how files become images.

        Args:
            image_data_generator: Transforms and standardises the images; None leaves them alone.
            target_size: `(height, width)` of the images.
            color_mode: "rgb", "rgba" or "grayscale".
            data_format: "channels_last" or "channels_first".
            save_to_dir: Folder in which the images of all batches are kept as pictures.
            save_prefix: What the names of the pictures begin with.
            save_format: What they end with, such as "png".
            subset: "training" or "validation", a part of the generator's `validation_split`.
            interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
            keep_aspect_ratio: Cut out the middle instead of stretching.

        Raises:
            ValueError: A choice is not known.
        """
        height, width = size(target_size, "target_size")
        self.target_size = (height, width)
        choice("color_mode", color_mode, tuple(CHANNELS))
        choice("interpolation", interpolation, tuple(FILTERS))
        choice("subset", subset, ("training", "validation", None))
        self.color_mode = color_mode
        channels = CHANNELS[color_mode]
        last = data_format == "channels_last"
        image_shape = (height, width, channels) if last else (channels, height, width)
        kept = (save_to_dir, save_prefix, save_format)
        self._set_images(image_data_generator, image_shape, data_format, subset, *kept)
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.split: tuple[float, float] | None = None
        if subset is not None:
            share = validation_share(image_data_generator)
            self.split = (0, share) if subset == "validation" else (share, 1)

    @property
    def filepaths(self) -> Sequence[str]:
        """Path of every file."""
        raise NotImplementedError(f"{type(self).__name__} must say where its files are.")

    @property
    def labels(self) -> Any:
        """Label of every file."""
        raise NotImplementedError(f"{type(self).__name__} must say what its files show.")

    @property
    def sample_weight(self) -> Array | None:
        """Weight of every file, or None."""
        raise NotImplementedError(f"{type(self).__name__} must say what its files weigh.")

    def _part(self, codes: Array, names: Sequence[str] | None = None) -> Ints:
        """Positions of the subset, among files with these classes in a row."""
        count = len(codes)
        if self.split is None:
            return np.arange(count)
        if self._option("stratify", False):
            share = validation_share(self.image_data_generator)
            training, validation = split_positions(count, share, codes=codes, names=names)
            return validation if self.subset == "validation" else training
        start, stop = (int(share * count) for share in self.split)
        return np.arange(start, stop)

    def _name(self, sample: int) -> str:
        return self.filepaths[sample]

    def _load(self, sample: int) -> Array:
        pixels = read_image(
            self.filepaths[sample],
            self.color_mode,
            self.target_size,
            interpolation=self.interpolation,
            keep_aspect_ratio=self.keep_aspect_ratio,
            orientation=self._option("orientation", False),
        )
        x = pixels.astype(keras.config.floatx())
        return x if self.data_format == "channels_last" else np.moveaxis(x, 2, 0)

    def __getitem__(self, idx: int) -> Any:
        if self._option("on_error", "raise") == "skip":
            refuse_class_weight(sys._getframe(1), self)
        return super().__getitem__(idx)

    def _get_batches_of_transformed_samples(self, index_array: Ints) -> Any:
        """Read, transform and label a batch.

        Args:
            index_array: (B,) numbers of the files.

        Returns:
            The images, with their labels and sample weights where there are any.
        """
        x, samples, read = self._images(index_array)
        if self.class_mode is None:
            return x
        y = self._labels_of(x, samples)
        weights = self.sample_weight
        if self._option("on_error", "raise") == "skip":
            return x, y, read * (1.0 if weights is None else weights[samples])
        return (x, y) if weights is None else (x, y, weights[samples])

    def _labels_of(self, x: Array, samples: Ints) -> Any:
        if self.class_mode == "input":
            return x.copy()
        if self.class_mode == "multi_output":
            return [output[samples] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[samples]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[sample] for sample in samples], self.dtype)
        one_hot = np.zeros((len(samples), len(self.class_indices)), self.dtype)
        for row, sample in enumerate(samples):
            one_hot[row, self.classes[sample]] = 1
        return one_hot
