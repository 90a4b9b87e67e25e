"""Images listed in a data frame, as the old class reads it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.preprocessing.files import BatchFromFilesMixin
from keras_cvdata.preprocessing.listing import tell, validate_filename
from keras_cvdata.sequences.settings import check_skipping
from keras_cvdata.types import Array

_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(BatchFromFilesMixin):
    """Batches of the images whose files a data frame lists.

    `ImageDataGenerator.flow_from_dataframe` makes it. The order is that of the rows. Rows whose
    file is missing or of an unknown kind are left out, with a warning.

    Args:
        dataframe: The pandas data frame; it is not changed.
        directory: Folder that the paths in the frame start from; None for paths as they are.
        image_data_generator: Transforms and standardises the images; None leaves them alone.
        x_col: Column with the paths.
        y_col: Column with the labels; a list of columns for "raw" and "multi_output".
        weight_col: Column with sample weights.
        target_size: `(height, width)` of the images.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: Names of the classes in the order of their integers; labels of other classes are
            left out. By default all, sorted as text.
        class_mode: "categorical" (one-hot; multi-hot where a label is a list), "binary" or "sparse"
            (integers as floats), "raw" (the values of `y_col`), "multi_output" (one target for each
            column), "input" (the images themselves) or None (no labels).
        batch_size: Images per batch.
        shuffle: Order the images anew in every epoch.
        seed: Selects orders and draws; None takes NumPy's global generator.
        data_format: "channels_last" or "channels_first".
        save_to_dir: Folder in which the images of all batches are kept as pictures.
        save_prefix: What the names of the pictures begin with.
        save_format: What they end with.
        subset: "training" or "validation", a part of the generator's `validation_split`.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Cut out the middle instead of stretching.
        dtype: Dtype of the batches.
        validate_filenames: Look for every file first; without it a missing file is an error when
            its batch is made.

    Raises:
        TypeError: A column holds values of another type than the class mode takes.
        ValueError: A choice is not known, or "binary" labels are not of two classes.
        ImageError: On making a batch: a file cannot be read.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"filename": ["a.png", "b.png"], "class": ["cat", "dog"]})
        >>> flow = DataFrameIterator(frame, validate_filenames=False)
        Found 2 non-validated image filenames belonging to 2 classes.
        >>> flow.class_indices, flow.classes
        ({'cat': 0, 'dog': 1}, [0, 1])
    """

    allowed_class_modes = frozenset(
        {"binary", "categorical", "input", "multi_output", "raw", "sparse", None}
    )

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: str | list[str] = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        super().set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        choice("class_mode", class_mode, sorted(self.allowed_class_modes, key=str))
        self.directory = directory or ""
        self.class_mode = class_mode
        self.dtype = dtype
        check_skipping(self._option("on_error", "raise"), "class_mode", class_mode)
        self._check_columns(dataframe, x_col, y_col, weight_col)
        frame = self._valid_rows(dataframe, x_col) if validate_filenames else dataframe
        named = class_mode not in _WITHOUT_CLASSES
        if named:
            frame = self._take_classes(frame, y_col, classes)
        elif classes:
            message = f'`classes` will be ignored given the class_mode="{class_mode}".'
            warnings.warn(message, stacklevel=2)
        frame = self._take_part(frame, y_col if named else None)
        if named:
            self.classes = self.get_classes(frame, y_col)
        elif class_mode == "multi_output":
            self._targets: Any = [np.array(frame[name].tolist()) for name in y_col]
        elif class_mode == "raw":
            self._targets = frame[y_col].to_numpy()
        self._sample_weight = frame[weight_col].to_numpy() if weight_col else None
        self.filenames = frame[x_col].tolist()
        self.samples = len(self.filenames)
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self._report_found("validated" if validate_filenames else "non-validated", named)
        super().__init__(self._balance(self.samples), batch_size, shuffle, seed)

    def _report_found(self, how: str, named: bool) -> None:
        of_classes = f" belonging to {len(self.class_indices)} classes" if named else ""
        tell(f"Found {self.samples} {how} image filenames{of_classes}.")

    def _check_columns(self, frame: Any, x_col: str, y_col: Any, weight_col: str | None) -> None:
        if self.class_mode in ("binary", "sparse", "categorical") and isinstance(y_col, list):
            raise TypeError(
                f"class_mode={self.class_mode!r} needs one column as y_col; got {y_col!r}. For "
                "several, such as one-hot columns, use class_mode='raw' or 'multi_output'."
            )
        if self.class_mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(
                f"class_mode='multi_output' needs a list of columns as y_col; got {y_col!r}."
            )
        labels = [] if self.class_mode in ("input", None) else y_col
        for column in (x_col, *(labels if isinstance(labels, list) else [labels]), weight_col):
            if column is not None and column not in frame.columns:
                raise KeyError(
                    f"The data frame has no column {column!r} but {list(frame.columns)}. Name its "
                    "columns by x_col, y_col and weight_col."
                )
        _check_values(frame, x_col, (str,), "hold paths as text")
        if self.class_mode in ("binary", "sparse"):
            _check_values(frame, y_col, (str,), f"hold text for class_mode={self.class_mode!r}")
        if self.class_mode == "categorical":
            kinds = (str, list, tuple)
            _check_values(frame, y_col, kinds, "hold text, lists or tuples")
        if weight_col and frame[weight_col].dtype.kind not in "iuf":
            raise TypeError(
                f"The column weight_col={weight_col!r} must hold numbers; it holds "
                f"{frame[weight_col].dtype}. Convert it with astype('float32')."
            )

    def _valid_rows(self, frame: Any, x_col: str) -> Any:
        """Leave out rows without an image file."""
        paths = [os.path.join(self.directory, name) for name in frame[x_col]]
        valid = np.array([validate_filename(path, self.white_list_formats) for path in paths], bool)
        if not valid.all():
            warnings.warn(
                f'Found {(~valid).sum()} invalid image filename(s) in x_col="{x_col}". They are '
                f"missing or of another kind than {', '.join(self.white_list_formats)}, and are "
                f"left out; the first is {paths[int(np.argmin(valid))]}.",
                stacklevel=4,
            )
        return frame[valid]

    def _take_classes(self, frame: Any, y_col: Any, classes: Sequence[str] | None) -> Any:
        """Number the classes, and leave out labels that are none of them."""
        given = frame[y_col].tolist()
        names = list(dict.fromkeys(classes)) if classes else sorted(set(_flat(given)))
        if self.class_mode == "binary" and len(names) != 2:
            raise ValueError(
                f"class_mode='binary' needs labels of two classes; there are {len(names)}: "
                f"{names[:5]}. Use 'sparse' or 'categorical'."
            )
        self.class_indices = {name: index for index, name in enumerate(names)}
        if not classes:
            return frame
        labels = [_known(label, set(names)) for label in given]
        kept = np.array([label is not None for label in labels], bool)
        frame = frame[kept].copy()
        frame[y_col] = [label for label in labels if label is not None]
        return frame

    def _take_part(self, frame: Any, y_col: Any) -> Any:
        """Take the rows of the subset."""
        codes = np.zeros(len(frame), np.int64)
        if y_col is not None and self._option("stratify", False):
            labels = frame[y_col].tolist()
            if not all(isinstance(label, str) for label in labels):
                raise ValueError(
                    "stratify=True needs one class for each row, and some have lists. Leave it out."
                )
            codes = np.array([self.class_indices[label] for label in labels])
        return frame.iloc[self._part(codes, [*self.class_indices] if y_col else None)]

    def get_classes(self, df: Any, y_col: Any) -> list[Any]:
        """Integers of the labels of a data frame.

        Args:
            df: The data frame.
            y_col: Column with the labels.

        Returns:
            For each row an integer, or a list of them.
        """
        number = self.class_indices
        return [
            number[label] if isinstance(label, str) else [number[name] for name in label]
            for label in df[y_col]
        ]

    def _codes(self) -> Array | None:
        if self.class_mode in _WITHOUT_CLASSES or not all(isinstance(c, int) for c in self.classes):
            return None
        return np.array(self.classes)

    @property
    def filepaths(self) -> list[str]:
        """Path of every file."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """Label of every file."""
        if self.class_mode in ("multi_output", "raw"):
            return self._targets
        return self.classes

    @property
    def sample_weight(self) -> Array | None:
        """Weight of every file, or None."""
        return self._sample_weight


def _check_values(frame: Any, column: Any, kinds: tuple[type, ...], must: str) -> None:
    for row, value in enumerate(frame[column]):
        if not isinstance(value, kinds):
            raise TypeError(
                f"The column {column!r} must {must}; row {row} holds {value!r} of type "
                f"{type(value).__name__}."
            )


def _known(label: Any, names: set[str]) -> Any:
    """A label, or what is left of a list of them, where it is one of the classes."""
    if isinstance(label, str):
        return label if label in names else None
    return [name for name in label if name in names] or None


def _flat(labels: list[Any]) -> list[str]:
    return [name for label in labels for name in ([label] if isinstance(label, str) else label)]
