"""What the settings of a sequence mean for its source, and which of them contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_cvdata.arguments import choice, integer, size
from keras_cvdata.codec.colors import CHANNELS
from keras_cvdata.engine.chain import INTERPOLATIONS, Chain, fit_of
from keras_cvdata.labels import Labels
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.splitting import classes_of
from keras_cvdata.splits import split_positions
from keras_cvdata.types import Array, ImageError


def check_settings(sequence: Any, source: Any) -> None:
    """Refuse what is no source, and settings that are unknown or contradict each other."""
    _check_source(source)
    choice("color_mode", sequence.color_mode, (*CHANNELS, "unchanged"))
    choice("interpolation", sequence.interpolation, INTERPOLATIONS)
    choice("data_format", sequence.data_format, ("channels_last", "channels_first"))
    choice("on_error", sequence.on_error, ("raise", "substitute", "skip"))
    if sequence.steps_per_epoch is not None:
        integer("steps_per_epoch", sequence.steps_per_epoch, 1)
    fit_of(sequence.crop_to_aspect_ratio, sequence.pad_to_aspect_ratio)
    check_skipping(sequence.on_error, "label_mode", sequence.label_mode)


def check_skipping(on_error: str, name: str, mode: Any) -> None:
    """Refuse to skip images where there are no labels that could weigh nothing."""
    if on_error == "skip" and mode is None:
        raise ValueError(
            "on_error='skip' marks bad images by sample weights, which images without labels "
            f"({name}=None) do not have. Use on_error='substitute'."
        )


def batch_shape(
    source: Source, image_size: tuple[int, int] | None, color_mode: str
) -> tuple[int, int, int]:
    """Shape (height, width, channels) of every image of a batch."""
    known = source.image_shape
    if image_size is None and known is None:
        raise ValueError(
            f"{source!r} may hold images of different sizes, so the batch needs one: give "
            "image_size=(height, width), for example (224, 224)."
        )
    height, width = size(image_size if image_size is not None else known[:2])  # type: ignore[index]
    if color_mode != "unchanged":
        return height, width, CHANNELS[color_mode]
    return height, width, known[2] if known else first_image(source).shape[2]


def first_image(source: Source) -> Array:
    """Read the first image that can be read."""
    for position in range(len(source)):
        try:
            return source.image(position, "unchanged")
        except ImageError as error:
            failure = error
    raise failure


def part_of(source: Source, validation_split: Any, subset: Any, seed: int) -> Source:
    """The training or validation part of a source, or all of it without `validation_split`."""
    if validation_split is None and subset is None:
        return source
    if subset == "both":
        raise ValueError(
            "subset='both' would be two sequences; make them with cvd.split: training, validation "
            "= cvd.split(sequence, 0.2), where the second neither augments nor shuffles."
        )
    choice("subset", subset, ("training", "validation"))
    if validation_split is None:
        raise ValueError(f"subset={subset!r} needs validation_split, such as 0.2 or 'auto'.")
    codes, names = classes_of(source)
    training, validation = split_positions(
        len(source), validation_split, codes=codes, seed=seed, names=names
    )
    return source.select(training if subset == "training" else validation)


def check_annotated(annotations: Annotations, chain: Chain) -> Annotations | None:
    """Refuse layers that masks and boxes cannot follow, and those that need masks without any."""
    needy = next((part for part in chain.parts if part.mask_classes is not None), None)
    if needy is not None and annotations.masks is None:
        raise ValueError(
            f"{needy!r} acts on classes of segmentation masks, and this sequence has none. Give "
            "it masks, or leave mask_classes out."
        )
    if not annotations:
        return None
    part = chain.without_moves()
    if part is not None:
        raise ValueError(
            f"Masks and boxes cannot follow {part!r}, which does not say where it moves pixels. "
            "Use layers of keras_cvdata.layers, or leave masks and boxes out."
        )
    return annotations


def _check_source(source: Any) -> None:
    """Refuse what is no source, or one whose labels were not made by `keras_cvdata.labels`."""
    if not isinstance(source, Source):
        raise TypeError(
            f"source must be a keras_cvdata.sources.Source; got a {type(source).__name__}. "
            "DirectorySequence, ArraySequence, ... make one of folders, arrays, ..."
        )
    columns = dict(source.labels) if isinstance(source.labels, Mapping) else {"": source.labels}
    for name, column in columns.items():
        if not isinstance(column, Labels):
            raise TypeError(
                f"{type(source).__name__}.labels must hold a keras_cvdata.labels.Labels for each "
                f"column, such as {{'label': infer(values)}}; got a {type(column).__name__}"
                f"{f' for {name!r}' if name else ''}."
            )
        if len(column) != len(source):
            raise ValueError(
                f"{type(source).__name__}.labels holds {len(column)} labels in {name!r} for "
                f"{len(source)} images."
            )
