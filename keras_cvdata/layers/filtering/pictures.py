"""Pictures of a folder, as layers that put them into images keep them."""

from __future__ import annotations

import numpy as np

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.sources import DirectorySource
from keras_cvdata.types import Array

SIDE = 256  # pixels of each side that are kept of a picture


def read_pictures(folder: str) -> Array:
    """Read the middle of all pictures of a folder.

    Args:
        folder: The folder; folders in it are looked into as well.

    Returns:
        (N, 256, 256, 3) uint8.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: It holds no pictures.
        ImageError: A picture cannot be read.

    Example:
        >>> import cv2, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> cv2.imwrite(folder + "/wall.png", np.full((300, 400, 3), 7, np.uint8))
        True
        >>> read_pictures(folder).shape
        (1, 256, 256, 3)
    """
    source = DirectorySource(folder, unlabelled=True, verbose=0)
    chain = Chain([], size=(SIDE, SIDE), fit="crop", interpolation="area")
    pictures = np.empty((len(source), SIDE, SIDE, 3), np.uint8)
    plan = chain.plan(np.empty((1, 0)), SIDE, SIDE, 3)
    for position in range(len(source)):
        opencv.render(source.image(position), plan, 0, pictures[position])
    return pictures
