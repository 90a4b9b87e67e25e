"""Segmentation masks beside images: in a folder, or in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.codec.limits import max_bytes
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.files import local_path, read_file
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Array


class MaskFolder(Source):
    """Masks that lie in one folder as their images lie in another.

    The mask of `cats/7.jpg` is `cats/7.png`, or `7` with another ending of images.

    Args:
        directory: The folder of masks.
        images: The images.
        follow_links: Follow symbolic links to folders.
        index: Where the listing of the masks is kept, see `DirectorySource`.

    Raises:
        ValueError: An image has no mask, or several.
        FileNotFoundError: There is no such folder.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        images: DirectorySource,
        *,
        follow_links: bool = False,
        index: str | os.PathLike[str] | bool | None = None,
    ) -> None:
        self.labels, self.columns = {}, {}
        masks = DirectorySource(
            directory, unlabelled=True, follow_links=follow_links, index=index, verbose=0
        )
        self.directory = masks.directory
        found: dict[str, str] = {}
        for path in masks.relative_paths():
            stem = path.rpartition(".")[0]
            if stem in found:
                raise ValueError(
                    f"{self.directory} holds two masks of one image, {found[stem]!r} and {path!r}. "
                    "Remove one."
                )
            found[stem] = path
        self._paths = CompactStrings.from_list(self._matched(found, images))

    def _matched(self, found: dict[str, str], images: DirectorySource) -> Iterator[str]:
        for path in images.relative_paths():
            stem = path.rpartition(".")[0]
            if stem not in found:
                raise ValueError(
                    f"{Path(images.directory) / path} has no mask: {self.directory} holds no "
                    f"{stem + '.png'!r}. Add it, or move the image away."
                )
            yield found[stem]

    def __len__(self) -> int:
        return len(self._paths)

    def fetch(self, position: int) -> bytes:
        """Read the encoded file of one mask."""
        return read_file(self.name(position), max_bytes(self.max_pixels))

    def name(self, position: int) -> str:
        """Path of one mask."""
        return local_path(self.directory, self._paths[position])


class MaskArrays(Source):
    """Masks in memory, of any whole numbers.

    Args:
        masks: (N, height, width), (N, height, width, 1) or a list of masks.

    Raises:
        ValueError: A mask has other axes.

    Example:
        >>> MaskArrays([[[True, False]]]).fetch(0).tolist()
        [[True, False]]
    """

    def __init__(self, masks: Any) -> None:
        self.labels, self.columns = {}, {}
        self._masks = [np.asarray(mask) for mask in masks]
        for row, mask in enumerate(self._masks):
            if mask.ndim not in (2, 3) or not mask.size:
                raise ValueError(
                    f"Masks must be (height, width) or (height, width, 1) each; masks[{row}] is "
                    f"{mask.shape}."
                )

    def __len__(self) -> int:
        return len(self._masks)

    def fetch(self, position: int) -> Array:
        """One mask, as a view of what was given."""
        return self._masks[position]

    def name(self, position: int) -> str:
        """Name of one mask, such as `masks[7]`."""
        return f"masks[{position}]"
