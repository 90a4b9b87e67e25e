"""One image into its place in a batch, and what the iterators of the old class ask a generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.types import Array, ImageError


class ImageFileError(ImageError, OSError):
    """An image file that cannot be read, for code that expects the `OSError` of the old class."""


def validation_share(generator: Any) -> float:
    """Share of the validation part, which the generator says."""
    share: float = getattr(generator, "_validation_split", 0)
    if not share:
        raise ValueError(
            "subset= asks for a part of the images, and the generator has no validation_split. "
            "Give it one, such as ImageDataGenerator(validation_split=0.2)."
        )
    return share


def balanced_sampler(count: int, codes: Array | None) -> Sampler:
    """Balanced epochs in the order of the samples, each as one batch.

    Args:
        count: Number of samples, at least 1.
        codes: (count,) class of each; None where a sample has not one class.

    Returns:
        The sampler.

    Raises:
        ValueError: A sample has not one class.

    Example:
        >>> balanced_sampler(3, np.array([0, 0, 1])).batch(0, 0).positions.tolist()
        [0, 1, 2, 2]
    """
    if codes is None:
        raise ValueError(
            "balance=True repeats samples of small classes, and here a sample has not one "
            "class. Use class_mode 'categorical', 'binary' or 'sparse', or leave it out."
        )
    whole = count * len(np.unique(codes))  # more than an epoch
    return Sampler(count, whole, 0, shuffle=False, codes=codes)


def draw_transforms(
    generator: Any, image_shape: tuple[int, ...], subset: str | None, count: int
) -> list[Any]:
    """Draw the parameters of so many images; None for one that is left as it is.

    Args:
        generator: Draws; None for no transforms.
        image_shape: Shape of an image.
        subset: "training", "validation" or None.
        count: Number of images.

    Returns:
        For each image what `apply_transform` takes, or None.
    """
    held_out = subset == "validation" and not getattr(generator, "augment_validation", True)
    if generator is None or held_out:
        return [None] * count
    return [generator.get_random_transform(image_shape) for _ in range(count)]


def place(x: Array, generator: Any, parameters: Any, out: Array) -> None:
    """Transform and standardise an image, and put it into the batch.

    Args:
        x: The image, of floats, which may be written to.
        generator: Transforms and standardises; None does nothing of it.
        parameters: What was drawn for the image; None for no transform.
        out: The slot of the batch.
    """
    if parameters is not None:
        x = generator.apply_transform(x, parameters)
    out[:] = x if generator is None else generator.standardize(x)


def save_picture(pixels: Array, path: Path, data_format: str) -> None:
    """Write an image of a batch where a person can look at it."""
    keras.utils.array_to_img(pixels, data_format, scale=True).save(path)
