"""Images in folders, one folder a class, in the order of the old class."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.preprocessing.files import BatchFromFilesMixin
from keras_cvdata.preprocessing.listing import images_of_classes, tell
from keras_cvdata.sequences.settings import check_skipping
from keras_cvdata.types import Array


class DirectoryIterator(BatchFromFilesMixin):
    """Batches of the images in a folder with one sub-folder per class.

    `ImageDataGenerator.flow_from_directory` makes it. Classes are the names of all sub-folders,
    sorted as text; files are sorted within each folder, and folders by their paths.

    Args:
        directory: Folder `<class>/<image>`; images may lie deeper.
        image_data_generator: Transforms and standardises the images.
        target_size: `(height, width)` of the images.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: Names of the sub-folders to read, in the order of their integers; by default all.
        class_mode: "categorical" (one-hot), "binary" or "sparse" (integers as floats), "input" (the
            images themselves) or None (no labels).
        batch_size: Images per batch.
        shuffle: Order the images anew in every epoch.
        seed: Selects orders and draws; None takes NumPy's global generator.
        data_format: "channels_last" or "channels_first"; Keras's default where None.
        save_to_dir: Folder in which the images of all batches are kept as pictures.
        save_prefix: What the names of the pictures begin with.
        save_format: What they end with.
        follow_links: Follow symbolic links to folders below the classes.
        subset: "training" or "validation", a part of the generator's `validation_split`.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Cut out the middle instead of stretching.
        dtype: Dtype of the batches; Keras's float type where None.
        index: Folder in which the listing is kept for the next time, see `DirectorySource`; without
            `follow_links`.

    Raises:
        FileNotFoundError: There is no such folder.
        OSError: A folder cannot be read.
        TypeError: `index` is no folder.
        ValueError: A choice is not known.
        ImageError: On making a batch: a file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> root = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("dog/1.jpg", "cat/7.png", "cat/notes.txt"):
        ...     (root / name).parent.mkdir(exist_ok=True)
        ...     (root / name).touch()
        >>> DirectoryIterator(root, None).filenames
        Found 2 images belonging to 2 classes.
        ['cat/7.png', 'dog/1.jpg']
    """

    allowed_class_modes = frozenset({"categorical", "binary", "sparse", "input", None})

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: Any,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        *,
        index: str | os.PathLike[str] | bool | None = None,
    ) -> None:
        super().set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format or keras.config.image_data_format(),
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        choice("class_mode", class_mode, sorted(self.allowed_class_modes, key=str))
        self.directory = directory
        self.class_mode = class_mode
        self.dtype = dtype or keras.config.floatx()
        check_skipping(self._option("on_error", "raise"), "class_mode", class_mode)
        if not Path(directory).is_dir():
            raise FileNotFoundError(f"{directory}: there is no such folder. Check the path.")
        names = list(classes) if classes else _class_folders(directory)
        self.num_classes = len(names)
        self.class_indices = {name: index for index, name in enumerate(names)}
        images = images_of_classes(
            directory,
            self._existing(names),
            chosen=bool(classes),
            follow_links=follow_links,
            index=index,
        )
        self._keep_files(names, images)
        self.samples = len(self.filenames)
        tell(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self._balance(self.samples), batch_size, shuffle, seed)

    def _existing(self, names: list[str]) -> list[str]:
        existing = []
        for name in names:
            top = os.path.join(self.directory, name)
            if Path(top).is_dir():
                existing.append(name)
                continue
            warnings.warn(
                f"{top}: there is no such folder, so class {name!r} is empty.", stacklevel=4
            )
        return existing

    def _keep_files(self, names: list[str], images: Mapping[str, list[str]]) -> None:
        """Keep the files of all classes, or their part of the split."""
        self.filenames: list[str] = []
        codes: list[int] = []
        for code, name in enumerate(names):
            found = images.get(name, [])
            kept = self._part(np.full(len(found), code), names)
            self.filenames += [found[position] for position in kept]
            codes += [code] * len(kept)
        self.classes = np.array(codes, np.int32)
        top = os.fspath(self.directory)
        self._filepaths = [os.path.join(top, name) for name in self.filenames]

    def _codes(self) -> Array:
        codes: Array = self.classes
        return codes

    @property
    def filepaths(self) -> list[str]:
        """Path of every file."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """Class of every file, (N,) int32."""
        return self.classes

    @property
    def sample_weight(self) -> None:
        """Files in folders have no weights."""
        return


def _class_folders(directory: str | os.PathLike[str]) -> list[str]:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    hidden = [name for name in names if name.startswith(".")]
    if hidden:
        warnings.warn(
            f"{os.fspath(directory)}: the hidden folder {hidden[0]!r} counts as a class, as it "
            f"always did. Remove it, or pass classes={[n for n in names if n not in hidden]}.",
            stacklevel=4,
        )
    return names
