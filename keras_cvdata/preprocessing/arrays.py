"""Images in memory, as the old class takes them."""

from __future__ import annotations

import math
import warnings
from functools import cached_property
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.loading.threads import Pool, available_cores
from keras_cvdata.preprocessing.image_iterator import ImageIterator
from keras_cvdata.preprocessing.iterator import Inputs
from keras_cvdata.preprocessing.rendering import validation_share
from keras_cvdata.splits import split_positions
from keras_cvdata.types import Array, Ints

# From so many values an image on, threads gain more than they lose by waiting for each other.
_WORTH_A_THREAD = 128 * 128 * 3


class NumpyArrayIterator(ImageIterator):
    """Batches of the images of an array.

    `ImageDataGenerator.flow` makes it.

    Args:
        x: (N, height, width, channels) images, or with the channels second, which must not change
            meanwhile; or a pair of them and one or a list of further arrays of N rows, which go
            along unchanged.
        y: (N, ...) labels, or None.
        image_data_generator: Transforms and standardises the images.
        batch_size: Images per batch.
        shuffle: Order the images anew in every epoch.
        sample_weight: (N,) weights, or None.
        seed: Selects orders and draws; None takes NumPy's global generator.
        data_format: "channels_last" or "channels_first"; Keras's default where None.
        save_to_dir: Folder in which the images of all batches are kept as pictures.
        save_prefix: What the names of the pictures begin with.
        save_format: What they end with.
        subset: "training" or "validation", a part of the generator's `validation_split`.
        ignore_class_split: Let the two parts hold different labels.
        dtype: Dtype of the batches; Keras's float type where None.

    Raises:
        ValueError: Lengths differ, `x` has not four axes, a choice is not known, or the two parts
            of a split hold different labels.

    Example:
        >>> flow = NumpyArrayIterator(np.ones((5, 8, 8, 3)), np.arange(5), None, batch_size=2)
        >>> [part.shape for part in flow[0]], [part.shape for part in flow[2]]
        ([(2, 8, 8, 3), (2,)], [(1, 8, 8, 3), (1,)])
    """

    _name_numbers = 10_000

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        choice("subset", subset, ("training", "validation", None))
        self.dtype = dtype or keras.config.floatx()
        images, others = (x[0], x[1]) if isinstance(x, tuple | list) else (x, [])
        rest = [np.asarray(part) for part in (others if isinstance(others, list) else [others])]
        images = np.asarray(images)
        data_format = data_format or keras.config.image_data_format()
        kept = (save_to_dir, save_prefix, save_format)
        self._set_images(image_data_generator, images.shape[1:], data_format, subset, *kept)
        labels, weights = (None if a is None else np.asarray(a) for a in (y, sample_weight))
        _check_lengths(images, rest, labels, weights)
        if subset is not None:
            part = self._part(labels, len(images), ignore_class_split)
            images, rest = images[part], [a[part] for a in rest]
            labels, weights = (None if a is None else a[part] for a in (labels, weights))
        self._check_images(images)
        self.x = images
        self.x_misc, self.y, self.sample_weight = rest, labels, weights
        super().__init__(self._balance(len(images)), batch_size, shuffle, seed)

    def _part(self, labels: Array | None, count: int, ignore_class_split: bool) -> Any:
        """Rows of the subset: by default the first part is for validation."""
        share = validation_share(self.image_data_generator)
        if self._option("stratify", False):
            codes = None if labels is None else _class_of_each(labels)
            training, validation = split_positions(count, share, codes=codes)
            return training if self.subset == "training" else validation
        middle = int(count * share)
        parts = slice(None, middle), slice(middle, None)
        if labels is not None and not ignore_class_split:
            held, kept = (np.unique(labels[part]) for part in parts)
            if not np.array_equal(held, kept):
                raise ValueError(
                    "Training and validation subsets have different number of classes after the "
                    f"split: the first {middle} labels are {held[:5]}, the others {kept[:5]}. "
                    "Shuffle the arrays first, pass stratify=True to the generator, or "
                    "ignore_class_split=True."
                )
        return parts[0] if self.subset == "validation" else parts[1]

    def _check_images(self, images: Array) -> None:
        if images.ndim != 4:
            raise ValueError(
                "The images must have four axes, (images, height, width, channels) or with the "
                f"channels second; got shape {images.shape}. A single image is x[None]."
            )
        axis = 3 if self.data_format == "channels_last" else 1
        if images.shape[axis] not in (1, 3, 4):
            warnings.warn(
                "NumpyArrayIterator is set to use the data format convention "
                f'"{self.data_format}" (channels on axis {axis}); shape {images.shape} has '
                f"{images.shape[axis]} there instead of 1, 3 or 4.",
                stacklevel=4,
            )

    def _codes(self) -> Array | None:
        return None if self.y is None else _class_of_each(self.y)

    @cached_property
    def _pool(self) -> Pool:
        threads = self._option("threads", None)
        if threads is None and math.prod(self.image_shape) < _WORTH_A_THREAD:
            threads = 1
        return Pool(threads or available_cores())

    @property
    def x(self) -> Array:
        """All images, from the first time that they are asked for in the dtype of the batches."""
        self._given: Array = np.asarray(self._given, self.dtype)
        return self._given

    @x.setter
    def x(self, images: Any) -> None:
        self._given = np.asarray(images)

    def _name(self, sample: int) -> str:
        return f"x[{sample}]"

    def _load(self, sample: int) -> Array:
        image: Array = self._given[sample].astype(self.dtype)
        return image

    def _get_batches_of_transformed_samples(self, index_array: Ints) -> Any:
        """Transform and label a batch.

        Args:
            index_array: (B,) numbers of the images.

        Returns:
            The images, or a list of them and the further arrays, with their labels and sample
            weights where there are any.
        """
        pixels = self._images(index_array).pixels
        x = [pixels, *(part[index_array] for part in self.x_misc)] if self.x_misc else pixels
        if self.y is None:
            return Inputs(x) if self.x_misc else x
        if self.sample_weight is None:
            return x, self.y[index_array]
        return x, self.y[index_array], self.sample_weight[index_array]


def _class_of_each(labels: Array) -> Array:
    """One number for each different label; rows of one-hot labels are one label."""
    codes: Array = np.unique(labels, axis=0, return_inverse=True)[1]
    return codes.reshape(-1)


def _check_lengths(
    images: Array, rest: list[Array], labels: Array | None, weights: Array | None
) -> None:
    for part in rest:
        if len(part) != len(images):
            raise ValueError(
                f"All of the arrays in `x` must be of one length; there are {len(images)} images "
                f"and {len(part)} rows of shape {part.shape}."
            )
    for name, values in (("`y` (labels)", labels), ("`sample_weight`", weights)):
        if values is not None and len(values) != len(images):
            raise ValueError(
                f"`x` (images tensor) and {name} must be of one length; got shapes "
                f"{images.shape} and {values.shape}. Of a list or tuple the first entry is taken "
                "for the images: for a list of images pass np.array(x)."
            )
