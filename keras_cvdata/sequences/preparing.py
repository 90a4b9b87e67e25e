"""From the settings of a sequence to the parts that make its batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.steps import Fit
from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.sequences.scaling import make_output
from keras_cvdata.sequences.settings import check_codes
from keras_cvdata.sources.base import Source


def make_chain(
    sequence: Any, source: Source, seen: tuple[int, int, int], layers: Sequence[Augmentation]
) -> Chain:
    """Make what turns each image of a source into its place in the batch.

    Args:
        sequence: The sequence, for its settings.
        source: Where the images come from.
        seen: (height, width, channels) that the first layer sees.
        layers: The augmentation.

    Returns:
        The chain.

    Raises:
        ValueError: Settings contradict each other or the layers.
    """
    return Chain(
        layers,
        size=None if sequence.image_size is None else seen[:2],
        fit=fit_of(sequence.crop_to_aspect_ratio, sequence.pad_to_aspect_ratio),
        interpolation=sequence.interpolation,
        output=make_output(
            sequence.rescale,
            sequence.standardize,
            sequence.dtype,
            sequence.image_shape,
            source.dtype,
            layers,
        ),
        value_range=source.value_range,
        unit_floats=True,
    )


def fit_of(crop: bool, pad: bool) -> Fit:
    """How images are brought to a size, by the names that Keras has for it."""
    if crop:
        return "crop"
    return "pad" if pad else "stretch"


def make_sampler(sequence: Any, source: Source) -> Sampler:
    """Make what says which samples each batch of an epoch holds.

    Args:
        sequence: The sequence, for its settings.
        source: Where the images come from.

    Returns:
        The sampler.

    Raises:
        ValueError: There are too few samples for one batch, or no classes to balance.
    """
    sampler = Sampler(
        len(source),
        sequence.batch_size,
        sequence.seed,
        sequence.shuffle,
        codes=check_codes("balance=True", source) if sequence.balance else None,
        steps=sequence.steps_per_epoch,
        drop_remainder=sequence.drop_remainder,
    )
    if not len(sampler):
        raise ValueError(
            f"{len(source)} images do not fill one batch of {sequence.batch_size}, and "
            "drop_remainder=True drops what is left. Use a smaller batch_size."
        )
    return sampler
