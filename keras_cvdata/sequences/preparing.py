"""From the settings of a sequence to the parts that make its batches."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.engine.chain import Chain, fit_of
from keras_cvdata.engine.mixing import Mixer
from keras_cvdata.loading.caching.cache import ImageCache
from keras_cvdata.loading.depths import Depth, first_depth
from keras_cvdata.loading.loader import Loader
from keras_cvdata.loading.rendering import Reading
from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.sequences.labelled import balance_codes
from keras_cvdata.sequences.rescale_function import as_function
from keras_cvdata.sequences.scaling import check_fits, final_outputs, make_output
from keras_cvdata.sequences.settings import check_annotated
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Range, full_scale


def make_loader(
    sequence: Any,
    source: Source,
    seen: tuple[int, int, int],
    layers: Sequence[Augmentation],
    mixers: Sequence[Mixer],
) -> Loader:
    """Make what reads the images of a source and turns them into batches.

    Args:
        sequence: The sequence, for its settings.
        source: Where the images come from.
        seen: (height, width, channels) that the first layer sees.
        layers: The augmentation.
        mixers: What mixes the images of a batch.

    Returns:
        The loader.

    Raises:
        ValueError: Settings contradict each other, the source or the layers.
    """
    value_range = stated_range(sequence.value_range, source)
    output = make_output(
        sequence.rescale,
        sequence.standardize,
        sequence.dtype,
        sequence.image_shape,
        source.dtype,
        layers,
    )
    as_stored = output.in_source_units and output.span is None and not final_outputs(layers)
    first = None
    if source.dtype is None and (as_stored or sequence.value_range):
        first = first_depth(source)
        tell_unused(sequence.value_range, first)
    depth = first if as_stored else None
    if depth is not None:
        check_fits(output, depth.dtype)
        output = replace(output, span=depth.span(value_range))
    chain = Chain(
        layers,
        size=None if sequence.image_size is None else seen[:2],
        fit=fit_of(sequence.crop_to_aspect_ratio, sequence.pad_to_aspect_ratio),
        interpolation=sequence.interpolation,
        output=output,
        value_range=value_range,
        unit_floats=True,
    )
    annotations = check_annotated(sequence._annotations, chain)
    substitutes = None
    if sequence.on_error != "raise":
        substitutes = Substitutes(len(source), source.codes, sequence.seed)
    store, color_mode = sequence._store, sequence.color_mode
    cache = None if store is None else ImageCache(store, chain, seen, color_mode)
    return Loader(
        source,
        chain,
        Reading(color_mode, source.rows, annotations, substitutes, depth, cache),
        shape=seen,
        seed=sequence.seed,
        mixers=mixers,
        rescale=as_function(sequence.rescale, sequence.dtype),
    )


def stated_range(given: Range | None, source: Source) -> Range | None:
    """Range of float pixels, as a sequence or its source states it.

    Args:
        given: Argument of the sequence.
        source: Where the images come from.

    Returns:
        The range, where one is stated.

    Raises:
        ValueError: The pixels are known to be integers, which count by their depth.
    """
    dtype = source.dtype
    if given is None or dtype is None or dtype.kind == "f":
        return given or source.value_range
    full = 255.0 if dtype.kind == "b" else full_scale(dtype)
    if given != (0.0, full):
        raise ValueError(
            f"value_range={given} says what float pixels mean, and those of {source!r} are "
            f"{dtype}, which count from 0 to {full:g}. Leave it out, or give floats: "
            "x.astype('float32')."
        )
    return None


def tell_unused(value_range: Range | None, first: Depth | None) -> None:
    """Warn of a range of floats for images of which the first holds integers."""
    if value_range is None or first is None or first.dtype.kind == "f":
        return
    warnings.warn(
        f"value_range={value_range} says what float pixels mean, and those of the first image, "
        f"{first.name}, are {first.dtype}, which count by their depth. Leave it out unless others "
        "hold floats; what a batch holds is said by rescale.",
        stacklevel=2,
    )


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
        codes=balance_codes(sequence._targets.columns, sequence.balance),
        steps=sequence.steps_per_epoch,
        drop_remainder=sequence.drop_remainder,
    )
    if not len(sampler):
        raise ValueError(
            f"{len(source)} images do not fill one batch of {sequence.batch_size}, and "
            "drop_remainder=True drops what is left. Use a smaller batch_size."
        )
    return sampler
