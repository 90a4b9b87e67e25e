"""What the settings of a sequence mean for its source, and which of them contradict each other."""

from __future__ import annotations

from typing import Any

from keras_cvdata.arguments import choice, integer, size
from keras_cvdata.codec.colors import CHANNELS
from keras_cvdata.engine.chain import Chain
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.splitting import classes_of
from keras_cvdata.splits import split_positions
from keras_cvdata.types import Array, ImageError

INTERPOLATIONS = ("bilinear", "nearest", "area", "bicubic", "lanczos")


def check_settings(sequence: Any) -> None:
    """Refuse settings of a sequence that are unknown or contradict each other."""
    choice("color_mode", sequence.color_mode, (*CHANNELS, "unchanged"))
    choice("interpolation", sequence.interpolation, INTERPOLATIONS)
    choice("data_format", sequence.data_format, ("channels_last", "channels_first"))
    choice("on_error", sequence.on_error, ("raise", "substitute", "skip"))
    if sequence.steps_per_epoch is not None:
        integer("steps_per_epoch", sequence.steps_per_epoch, 1)
    if sequence.crop_to_aspect_ratio and sequence.pad_to_aspect_ratio:
        raise ValueError("Give crop_to_aspect_ratio or pad_to_aspect_ratio, not both.")
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
    """Refuse layers that move pixels in a way that masks and boxes cannot follow."""
    if not annotations:
        return None
    part = chain.without_moves()
    if part is not None:
        raise ValueError(
            f"Masks and boxes cannot follow {part!r}, which does not say where it moves pixels. "
            "Use layers of keras_cvdata.layers, or leave masks and boxes out."
        )
    return annotations
