"""Images in folders, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Unpack

from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sequences.options import ImageOptions
from keras_cvdata.sequences.targets import label_kinds
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.masks import MaskFolder


class DirectorySequence(Sequence):
    """Batches of the images in a folder with one sub-folder per class.

    Arguments have the names and meaning of `keras.utils.image_dataset_from_directory`.

    Args:
        directory: Folder `<class>/<image>`; `<class>/<subclass>/<image>` with
            `label_mode="hierarchical"`; any images below it with `label_mode` None or "input".
        labels: "inferred" takes the folders as classes; a list gives one label for each image below
            the folder, in the order of folders and then of file names; None gives no labels.
        class_names: Classes in the order of their integers; by default the folder names, sorted as
            text. Folders that it leaves out are passed over.
        split: "train", "test", ... of a folder `<split>/<class>/<image>`.
        follow_links: Follow symbolic links to folders.
        index: Folder in which the listing is kept for the next time, True for one in the cache
            folder of the user, see `keras_cvdata.sources.DirectorySource`.
        label_mode: Form of the labels, see `Sequence`.
        mask_directory: Folder of segmentation masks, which lie in it as the images lie in
            theirs (`cats/7.png` for `cats/7.jpg`) and become a target.
        image_size: `(height, width)` of the batch, or one number for squares.
        **options: Further arguments of `Sequence`: batch_size, shuffle, seed, validation_split,
            subset, augment, rescale, ...

    Raises:
        ValueError: The folder holds no images or no classes, or an argument is out of its range.
        FileNotFoundError: There is no such folder.

    Example:
        >>> import pathlib, tempfile, cv2, numpy as np
        >>> root = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("cat", "dog"):
        ...     (root / name).mkdir()
        ...     _ = cv2.imwrite(str(root / name / "1.png"), np.zeros((20, 30, 3), np.uint8))
        >>> train = DirectorySequence(root, image_size=(16, 16), seed=7)
        Found 2 images
          label: 2 classes (cat 1, dog 1)
        >>> x, y = train[0]
        >>> x.shape, x.dtype.name, sorted(y.tolist())
        ((2, 16, 16, 3), 'float32', [0, 1])

    Source: Handbook 2, part 5 and 6; R17 to R20, R47.
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public sequence
        self,
        directory: str | os.PathLike[str],
        *,
        labels: Any = "inferred",
        class_names: Ordered[str] | None = None,
        split: str | None = None,
        follow_links: bool = False,
        index: str | os.PathLike[str] | bool | None = None,
        label_mode: str | Mapping[str, str] | None = "int",
        mask_directory: str | os.PathLike[str] | None = None,
        image_size: int | tuple[int, int] | None = (256, 256),
        **options: Unpack[ImageOptions],
    ) -> None:
        if isinstance(labels, str) and labels != "inferred":
            raise ValueError(
                f"labels must be 'inferred', a list with one label for each image, or None; got "
                f"{labels!r}. The form of the labels is label_mode."
            )
        if labels is None and label_mode != "input":
            label_mode = None
        unlabelled = label_mode in (None, "input")
        listed = not isinstance(labels, str) and not unlabelled
        source = DirectorySource(
            directory,
            class_names=class_names,
            split=split,
            follow_links=follow_links,
            hierarchical=label_mode == "hierarchical" and not listed,
            unlabelled=unlabelled,
            labels=labels if listed else None,
            label_kind=label_kinds(label_mode) if listed else None,
            index=index,
            verbose=options.get("verbose", 1),
        )
        masks = None
        if mask_directory is not None:
            masks = MaskFolder(mask_directory, source, follow_links=follow_links, index=index)
        super().__init__(
            source, label_mode=label_mode, image_size=image_size, masks=masks, **options
        )
