"""Small pictures that stand inside a page, with their names."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from typing import NamedTuple

import cv2

from keras_cvdata.pages.escaping import text
from keras_cvdata.types import Array

SIDE = 176  # pixels of the longer side
_QUALITY = 75


class Thumbnail(NamedTuple):
    """A small picture.

    Attributes:
        address: Its address, which holds the JPEG itself.
        width: Its width in pixels.
        height: Its height.
    """

    address: str
    width: int
    height: int


def encode_thumbnail(pixels: Array, side: int = SIDE) -> Thumbnail:
    """Make a small JPEG of pixels.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        side: Pixels of the longer side; what is smaller is enlarged.

    Returns:
        The picture.

    Raises:
        cv2.error: OpenCV cannot encode it.

    Example:
        >>> import numpy as np
        >>> encode_thumbnail(np.zeros((20, 10, 3), np.uint8), 40)[1:]
        (20, 40)
    """
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(pixels, size, interpolation=method)
    _, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Thumbnail(f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}", *size)


def figure(shown: Thumbnail | None, name: str, label: str, more: str = "") -> str:
    """Make a picture with its label and its name below.

    Args:
        shown: The picture; None where it cannot be shown.
        name: Its name, as text.
        label: What it shows, as text; may be "".
        more: What else to say behind the name, as text.

    Returns:
        HTML.
    """
    of_class = f", class {label}" if label else ""
    if shown is None:
        picture = f'<div class="none" role="img" aria-label="{text(name)}">cannot be shown</div>'
    else:
        picture = (
            f'<img src="{shown.address}" width="{shown.width}" height="{shown.height}" '
            f'decoding="async" alt="{text(f"Picture {name}{of_class}")}">'
        )
    return (
        f'<figure>{picture}<figcaption><span class="label">{text(label)}</span> '
        f"{text(name)}{text(more)}</figcaption></figure>"
    )


def shared_folder(names: Iterable[str]) -> str:
    """Find the folder that all files lie below.

    Args:
        names: Paths, or names of other kinds.

    Returns:
        The folder with a separator at its end; "" for names that are no absolute paths.

    Example:
        >>> shared_folder(["/data/cat/1.png", "/data/dog/2.png"])
        '/data/'
    """
    try:
        folders = {os.path.dirname(name) for name in names}  # noqa: PTH120 # names may be URLs
        shared = os.path.commonpath(folders)
    except ValueError:  # none at all, or some that begin nowhere
        return ""
    return shared.rstrip(os.sep) + os.sep if os.path.isabs(shared) else ""  # noqa: PTH117
