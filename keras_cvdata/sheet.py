"""A contact sheet of what an augmentation does to the images of a collection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.plots import contact_sheet, save_png
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import open_source


def write_preview(
    data: Any,
    path: str | os.PathLike[str],
    augment: Any,
    *,
    image_size: tuple[int, int] = (128, 128),
    images: int = 6,
    variants: int = 7,
    seed: int = 0,
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
        **options: Passed to `open_source`.

    Returns:
        Number of images shown, fewer than `images` if there are no more.

    Raises:
        ImageError: An image cannot be read.

    Example:
        >>> import tempfile
        >>> from keras_cvdata import layers
        >>> x = np.zeros((3, 8, 8, 3), np.uint8)
        >>> write_preview(x, tempfile.mkdtemp() + "/sheet.png", layers.RandomInvert(0.5))
        3

    Source: Handbook 2, part 7; R75, R76.
    """
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        options = {"unlabelled": True}
    source = open_source(data, **options)
    spread = np.unique(np.linspace(0, len(source) - 1, images).astype(int))
    drawn = Sequence(
        source.select(spread),
        image_size=image_size,
        batch_size=len(spread),
        label_mode=None,
        shuffle=False,
        seed=seed,
        augment=augment,
        dtype="uint8",
        verbose=0,
    )
    columns = [drawn.with_source(drawn.source, training=False)[0]]
    for epoch in range(variants):
        drawn.set_epoch(epoch)
        columns.append(drawn[0])
    tiles = [column[row] for row in range(len(spread)) for column in columns]
    save_png(path, contact_sheet(tiles, columns=len(columns)))
    return len(spread)
