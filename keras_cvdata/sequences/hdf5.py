"""Images in an HDF5 file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Unpack

from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sequences.options import AnnotationOptions
from keras_cvdata.sequences.targets import label_kinds
from keras_cvdata.sources.shards import Paths, open_packs


class HDF5Sequence(Sequence):
    """Batches of the images in an HDF5 file.

    Args:
        path: A file with a group per class, as `keras_cvdata.convert` writes it, or with one
            dataset of images and one of labels; or several, as a list or as a pattern such as
            "pets-*.h5".
        image_key: Path of the dataset of images in the file, as "train/image", where it is not one
            of the usual; or of a group, as "train", with datasets or classes.
        label_key: Path of the dataset of labels, as "train/label", likewise.
        label_path: Another file that holds the labels, in the order of the images.
        class_names: Classes in the order of their integers; sorted names by default.
        label_mode: Form of the labels, see `Sequence`; "hierarchical" for nested groups.
        image_size: `(height, width)` of the batch, or one number for squares; None keeps the size
            that all images share, and is 256 x 256 where they differ.
        color_mode: Channels of the batch; "unchanged" keeps those of the file.
        verify: Compare each image of a pack with its checksum when it is read, see `HDF5Source`.
        untrusted: For files of unknown origin: let another process, which it may crash, do what
            needs the HDF5 library, see `HDF5Source`.
        **options: Further arguments of `Sequence`: batch_size, shuffle, seed, validation_split,
            subset, augment, rescale, ...

    Raises:
        ValueError: The file has no such layout, or an argument is out of its range.

    Example:
        >>> import pathlib, tempfile, h5py, numpy as np
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "pets.h5"
        >>> with h5py.File(path, "w") as file:
        ...     for name in ("cats", "dogs"):
        ...         group = file.create_group(name)
        ...         group.attrs["label"] = name
        ...         _ = group.create_dataset("images", data=np.zeros((3, 8, 8, 3), "uint8"))
        >>> seq = HDF5Sequence(path, batch_size=4, verbose=0)
        >>> len(seq), seq.class_names, seq[0][0].shape
        (2, ('cats', 'dogs'), (4, 8, 8, 3))

    Source: Handbook 2, part 5; R26, R27.
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public sequence
        self,
        path: Paths,
        *,
        image_key: str | None = None,
        label_key: str | None = None,
        label_path: str | os.PathLike[str] | None = None,
        class_names: Ordered[str] | None = None,
        label_mode: str | Mapping[str, str] | None = "int",
        image_size: int | tuple[int, int] | None = None,
        color_mode: str = "rgb",
        verify: bool = False,
        untrusted: bool = False,
        **options: Unpack[AnnotationOptions],
    ) -> None:
        source = open_packs(
            path,
            image_key=image_key,
            label_key=label_key,
            label_path=label_path,
            class_names=class_names,
            hierarchical=label_mode == "hierarchical" or None,
            label_kind=None if isinstance(label_mode, Mapping) else label_kinds(label_mode),
            verify=verify,
            untrusted=untrusted,
        )
        annotations: dict[str, Any] = {"masks": source.masks, "boxes": source.boxes}
        if source.boxes is not None:
            annotations["bounding_box_format"] = source.box_format
        if image_size is None and source.image_shape is None:
            image_size = (256, 256)  # as in the other sequences over files
        super().__init__(
            source,
            label_mode=label_mode,
            image_size=image_size,
            color_mode=color_mode,
            **{**annotations, **options},
        )
