"""Pictures for people: contact sheets of images and a chart of figures."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import imutils
import numpy as np

from keras_cvdata.types import Array, full_scale
from keras_cvdata.writing import replacing_file, write_bytes

_TITLE_HEIGHT = 16  # pixels
_GAP = 2  # pixels around each image
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.4


def contact_sheet(
    images: Sequence[Array] | Array,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    tile: tuple[int, int] | None = None,
) -> Array:
    """Lay images out in a grid, such as a batch of a sequence (R76).

    Args:
        images: (H, W, C) or (H, W) each, of 1, 3 (RGB) or 4 (RGBA, of which alpha is not shown)
            channels; integers count by their bit depth, floats as 0 to 1.
        titles: Text above each image.
        columns: Images in a row.
        tile: `(height, width)` of each image in the sheet; by default that of the first image,
            enlarged by whole factors to at least 96 pixels.

    Returns:
        (height, width, 3) RGB uint8.

    Raises:
        ValueError: There are no images, or not as many titles.

    Example:
        >>> contact_sheet(np.zeros((5, 96, 96, 3), np.uint8), columns=3).shape
        (200, 300, 3)
    """
    if not len(images) or columns < 1 or (titles is not None and len(titles) != len(images)):
        raise ValueError(
            "A contact sheet needs at least one image, one column and as many titles as images; "
            f"got {len(images)} images, {columns} columns and "
            f"{'no' if titles is None else len(titles)} titles."
        )
    height, width = tile or _tile_size(images[0])
    top = _GAP if titles is None else _GAP + _TITLE_HEIGHT
    tiles = []
    for number, image in enumerate(images):
        shrinks = image.shape[0] > height or image.shape[1] > width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
        shown = cv2.resize(_as_rgb(image), (width, height), interpolation=method)
        shown = cv2.copyMakeBorder(
            shown, top, _GAP, _GAP, _GAP, cv2.BORDER_CONSTANT, value=(255, 255, 255)
        )
        if titles is not None:
            cv2.putText(shown, titles[number], (_GAP, 12), _FONT, _FONT_SCALE, (0, 0, 0), 1)
        tiles.append(shown)
    columns = min(columns, len(tiles))
    shape = (tiles[0].shape[1], tiles[0].shape[0])
    rows = math.ceil(len(tiles) / columns)
    blank = [np.full_like(tiles[0], 255)] * (columns * rows - len(tiles))
    sheet: Array = imutils.build_montages(tiles + blank, shape, (columns, rows))[0]
    return sheet


def _tile_size(image: Array) -> tuple[int, int]:
    height, width = image.shape[:2]
    factor = max(1, math.ceil(96 / max(height, width)))
    return height * factor, width * factor


def _as_rgb(image: Array) -> Array:
    image = image[..., None] if image.ndim == 2 else image
    scale = full_scale(image.dtype)
    if scale != 255:
        image = np.rint(np.clip(image / scale, 0, 1) * 255).astype(np.uint8)
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]


def save_png(path: str | os.PathLike[str], image: Array) -> None:
    """Write an image as a PNG file.

    Args:
        path: File to write; folders that are missing are made.
        image: (H, W, 3) RGB or (H, W) grey, uint8 or uint16.

    Raises:
        OSError: The file cannot be written.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1]
    write_bytes(path, encoded.data)  # imwrite fails silently, and on some names


def bar_chart(
    path: str | os.PathLike[str],
    series: Mapping[str, Sequence[float]],
    labels: Sequence[str],
    title: str,
    ylabel: str,
) -> None:
    """Draw grouped bars and save them as a picture; needs matplotlib (extra `plots`).

    Args:
        path: File to write; its ending selects the format.
        series: Height of each bar by the name of its series.
        labels: Name of each group, as many as bars in a series.
        title: Title of the chart.
        ylabel: Name and unit of the vertical axis.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # not pyplot: no windows, no global state
    except ImportError as error:
        raise ImportError(
            "A chart needs matplotlib. Install it with: pip install 'keras-cvdata[plots]'"
        ) from error
    figure = Figure(figsize=(1.5 + 2 * len(labels), 4), layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(series)
    for number, (name, heights) in enumerate(series.items()):
        left = np.arange(len(labels)) + (number - (len(series) - 1) / 2) * width
        bars = axes.bar(left, heights, width, label=name)
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
    axes.set_xticks(np.arange(len(labels)), labels)
    axes.set_title(title)
    axes.set_ylabel(ylabel)
    axes.margins(y=0.15)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=len(series), frameon=False)
    with replacing_file(path) as draft:
        figure.savefig(draft, dpi=150)
