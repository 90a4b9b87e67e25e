"""Contact sheets of what an augmentation does to one image, or to those of a collection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.arguments import value_range as read_range
from keras_cvdata.conversion.readable import missing_later
from keras_cvdata.engine.output import check_floats
from keras_cvdata.layers.augment_argument import parse_augment
from keras_cvdata.plots import contact_sheet, save_png
from keras_cvdata.sequences import Sequence
from keras_cvdata.single_image import apply
from keras_cvdata.sources import Source, open_source
from keras_cvdata.types import Array, ImageError, Range


def preview(
    augment: Any,
    image: Array,
    n: int = 6,
    *,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    value_range: Range | None = None,
) -> Array:
    """Draw a grid of an image: untouched, and as an augmentation makes it (R75, R76).

    Args:
        augment: What a sequence takes as `augment`; a `Normalize` at its end makes no picture and
            is left out.
        image: (height, width, channels) or (height, width) pixels.
        n: Number of pictures, the untouched image included.
        seed: Selects the draws.
        path: PNG file to write; `None` writes none.
        value_range: Lowest and highest value of float pixels, 0 to 1 where it is not given.

    Returns:
        (height, width, 3) RGB uint8 picture of the grid.

    Raises:
        ValueError: `n` is below 1, or float pixels leave their range.

    Example:
        >>> from keras_cvdata.layers import RandomInvert
        >>> preview(RandomInvert(), np.zeros((96, 96, 3), np.uint8), n=4).shape
        (232, 200, 3)
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, for the untouched image; got {n}.")
    layers = parse_augment(augment)[0]
    shown = [layer for layer in layers if layer.form != "output"]
    low, high = read_range("value_range", value_range) or (0.0, 1.0)
    check_floats(image, (low, high), "The image")
    options: dict[str, Any] = {"seed": seed, "value_range": value_range}
    pictures = [image, *(apply(shown, image, row=row, **options)[0] for row in range(n - 1))]
    if image.dtype.kind == "f":
        pictures = [(picture - low) / (high - low) for picture in pictures]
    titles = ["untouched", *(str(number) for number in range(1, n))]
    sheet = contact_sheet(pictures, titles, columns=max(2, round(n**0.5)))
    if path is not None:
        save_png(path, sheet)
    return sheet


def write_preview(  # noqa: PLR0913 # the arguments of a public function
    data: Any,
    path: str | os.PathLike[str],
    augment: Any,
    *,
    image_size: tuple[int, int] = (128, 128),
    images: int = 6,
    variants: int = 7,
    seed: int = 0,
    value_range: Range | None = None,
    on_error: Literal["raise", "substitute", "skip"] = "raise",
    **options: Any,
) -> int:
    """Draw images from all over a collection, each as it is and as several epochs would serve it.

    Args:
        data: A source, a sequence, or what `open_source` opens; a folder needs no classes.
        path: PNG file to write.
        augment: A layer, a list of layers, or a function of one uint8 image.
        image_size: `(height, width)` of each image in pixels.
        images: Number of images, one in a row.
        variants: Number of drawn variants of each.
        seed: Selects the draws.
        value_range: Lowest and highest value of float pixels, as of a sequence.
        on_error: "raise" stops at an image that cannot be read, "substitute" shows another one,
            "skip" shows fewer.
        **options: Passed to `open_source`.

    Returns:
        Number of images shown, fewer than `images` if there are no more.

    Raises:
        ImageError: An image cannot be read and `on_error` is "raise", or none can.

    Example:
        >>> import tempfile
        >>> from keras_cvdata import layers
        >>> x = np.zeros((3, 8, 8, 3), np.uint8)
        >>> write_preview(x, tempfile.mkdtemp() + "/sheet.png", layers.RandomInvert(0.5))
        3

    Source: Handbook 2, part 7; R75, R76.
    """
    choice("on_error", on_error, ("raise", "substitute", "skip"))
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        options = {"unlabelled": True}
    elif on_error != "raise":
        options = {**missing_later(data), **options}
    source = open_source(data, **options)
    spread = np.unique(np.linspace(0, len(source) - 1, images).astype(int))
    if on_error != "raise":
        spread = _readable(source, spread, on_error == "substitute")
    drawn = Sequence(
        source.select(spread),
        image_size=image_size,
        batch_size=len(spread),
        label_mode=None,
        shuffle=False,
        seed=seed,
        augment=augment,
        dtype="uint8",
        value_range=value_range,
        verbose=0,
    )
    columns = [drawn.with_source(drawn.source, training=False)[0]]
    for epoch in range(variants):
        drawn.set_epoch(epoch)
        columns.append(drawn[0])
    tiles = [column[row] for row in range(len(spread)) for column in columns]
    save_png(path, contact_sheet(tiles, columns=len(columns)))
    return len(spread)


def _readable(source: Source, wanted: Array, replace: bool) -> Array:
    """Positions of readable images: those that are wanted, and others for the rest."""
    others = np.setdiff1d(np.arange(len(source)), wanted) if replace else wanted[:0]
    shown: list[int] = []
    failure: ImageError | None = None
    for position in (*wanted.tolist(), *others.tolist()):
        try:
            source.image(position)
            shown.append(position)
        except ImageError as error:
            failure = failure or error
        if len(shown) == len(wanted):
            break
    if not shown and failure is not None:
        raise failure
    return np.array(sorted(shown))
