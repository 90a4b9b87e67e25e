"""The keywords that every sequence takes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from keras_cvdata.engine.geometry.boxes import FORMATS
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.sequences import checks
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.statistics import Standardization


class SequenceOptions(TypedDict, total=False):
    """Keywords that every sequence takes beside its own; `Sequence` says what they mean."""

    batch_size: int
    interpolation: str
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    data_format: str | None
    shuffle: bool
    seed: int | None
    validation_split: float | Literal["auto"] | None
    subset: Literal["training", "validation"] | None
    augment: Any
    rescale: str | float | None
    standardize: Standardization | Literal["samplewise"] | None
    dtype: str
    on_error: Literal["raise", "substitute", "skip"]
    threads: int | None
    prefetch: int
    balance: bool
    drop_remainder: bool
    steps_per_epoch: int | None
    verbose: int


class AnnotationOptions(SequenceOptions, total=False):
    """Keywords of sequences with masks or boxes; `make_annotations` says what they mean."""

    mask_fill_value: int
    bounding_box_format: str
    max_boxes: int | None
    min_visible: float


class ImageOptions(AnnotationOptions, total=False):
    """Keywords of sequences that leave the channels to `Sequence`."""

    color_mode: str


class SizedOptions(AnnotationOptions, total=False):
    """Keywords of sequences that leave the size to `Sequence`."""

    image_size: tuple[int, int] | None


def make_annotations(
    masks: Source | None, boxes: Boxes | None, options: dict[str, Any]
) -> Annotations | None:
    """Take what carries masks and boxes along out of the keywords of a sequence.

    Args:
        masks: Segmentation masks of the rows of the source: grey images of class numbers.
        boxes: Bounding boxes of the rows of the source.
        options: All keywords. Those that are taken out are `mask_fill_value`, what masks hold where
            a layer fills the border with a constant and where images are padded (0);
            `bounding_box_format`, as in `keras.utils.bounding_boxes` ("xyxy"); `max_boxes`, boxes
            of an image in the batch (the most that an image has); and `min_visible`, the share of
            the area of a box that must stay inside the image (0).

    Returns:
        The annotations, or None where there are neither masks nor boxes.

    Raises:
        ValueError: A keyword is out of its range.
    """
    fill = checks.check_count("mask_fill_value", options.pop("mask_fill_value", 0), 0)
    box_format = options.pop("bounding_box_format", "xyxy")
    checks.check_choice("bounding_box_format", box_format, FORMATS)
    most, min_visible = options.pop("max_boxes", None), options.pop("min_visible", 0.0)
    if most is not None:
        checks.check_count("max_boxes", most)
    if not 0 <= min_visible <= 1:
        raise ValueError(f"min_visible must be a share from 0 to 1; got {min_visible!r}.")
    if masks is None and boxes is None:
        return None
    return Annotations(
        masks, boxes, mask_fill=fill, box_format=box_format, max_boxes=most, min_visible=min_visible
    )
