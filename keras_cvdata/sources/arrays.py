"""Images in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.arguments import value_range as read_range
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array, Ints, Range

_BLOCK = 1 << 22  # values that are looked at together: no second copy of a large array


class ArraySource(Source):
    """Images held as one array, or as a list of arrays of different sizes.

    Args:
        x: (N, H, W, C) or (N, H, W) pixels, RGB order, or a list of N arrays (H, W, C) or (H, W):
            uint8, uint16, floats or booleans.
        y: Labels: (N,) integers, text or floats; (N, C) one-hot, which is recognised, or multi-hot;
            a dict of such arrays for several label columns; None for no labels.
        class_names: Names of the classes in the order of their integers.
        value_range: Lowest and highest value of float pixels; (0, 1) where no pixel is outside.
        columns: Further columns, each with one value an image.
        label_kind: "class", "multilabel", "hierarchical" or "number", for all label columns or by
            name; by default seen from the values. Several columns of 0 and 1 ("multilabel"), or of
            numbers ("number"), make one.

    Raises:
        TypeError: The pixels are of another dtype.
        ValueError: Lengths differ, a shape is no image, or a pixel is NaN, infinite or outside
            `value_range`.

    Example:
        >>> import numpy as np
        >>> source = ArraySource(np.zeros((3, 8, 8), "uint8"), ["b", "a", "b"])
        >>> source.image_shape, source.class_names, source[0][1]
        ((8, 8, 1), ('a', 'b'), np.int32(1))

    Source: Handbook 2, part 5; R28.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        class_names: Sequence[str] | None = None,
        value_range: Range | None = None,
        columns: Mapping[str, Any] | None = None,
        label_kind: str | Mapping[str, str] | None = None,
    ) -> None:
        self.x = _as_images(x)
        blocks = [block for _, block in _blocks(self.x)]
        self.image_shape = _common_shape({block.shape[1:] for block in blocks})
        self.dtype = _common_dtype({block.dtype for block in blocks})
        self.value_range = _check_values(self.x, read_range("value_range", value_range))
        columns = {name: np.asarray(values) for name, values in (columns or {}).items()}
        self.columns = columns
        given = y if isinstance(y, Mapping) else {} if y is None else {"label": y}
        self.labels = label_forms.from_arrays(given, class_names, label_kind)
        for name, values in (*self.labels.items(), *columns.items()):
            if len(values) != len(self.x):
                raise ValueError(
                    f"There are {len(self.x)} images and {len(values)} values of {name!r}. Give "
                    "one for each image."
                )

    def __len__(self) -> int:
        return len(self.x)

    def fetch(self, position: int) -> Array:
        """One image, as a view of what was given."""
        return self.x[position]

    def fetch_together(self, positions: Ints) -> Array | None:
        """Several images at once, as a copy; None where they have several sizes."""
        if type(self).fetch is not ArraySource.fetch or not isinstance(self.x, np.ndarray):
            return None  # a subclass reads them in a way of its own
        return self.x.take(positions, axis=0)

    def name(self, position: int) -> str:
        """Name of one image, such as `x[7]`."""
        return f"x[{position}]"


def _as_images(x: Any) -> Array | list[Array]:
    ragged = isinstance(x, list | tuple) or getattr(x, "dtype", None) == np.dtype(object)
    images = [np.asarray(image) for image in x] if ragged else np.asarray(x)
    if not len(images):
        raise ValueError("There are no images: x is empty.")
    for row, image in enumerate(images if ragged else images[:1]):
        if image.ndim not in (2, 3) or image.size == 0:
            raise ValueError(
                "Images must be (height, width) or (height, width, channels) and not empty; "
                f"x[{row}] is {image.shape}. A single image is x[None]."
            )
    return images


def _blocks(images: Array | list[Array]) -> Iterator[tuple[int, Array]]:
    """First row and pixels (B, H, W, ...) of blocks of about `_BLOCK` values."""
    step = max(1, _BLOCK // images[0].size) if isinstance(images, np.ndarray) else 1
    for row in range(0, len(images), step):
        block = images[row : row + step]
        yield row, block if isinstance(block, np.ndarray) else block[0][None]


def _common_shape(shapes: set[tuple[int, ...]]) -> tuple[int, int, int] | None:
    if len(shapes) > 1:
        return None
    height, width, channels = (*shapes.pop(), 1)[:3]
    return height, width, channels


def _common_dtype(dtypes: set[np.dtype[Any]]) -> np.dtype[Any] | None:
    for dtype in dtypes:
        if dtype.kind not in "fb" and dtype not in (np.uint8, np.uint16):
            raise TypeError(
                f"Pixels must be uint8, uint16, floats or booleans; got {dtype}. Convert them, for "
                "example with x.astype('uint8')."
            )
    return dtypes.pop() if len(dtypes) == 1 else None


def _check_values(images: Array | list[Array], value_range: Range | None) -> Range | None:
    """Look at all float pixels once, and say which range they are in."""
    low, high = np.inf, -np.inf
    for row, block in _blocks(images):
        if block.dtype.kind != "f":
            continue
        lowest, highest = float(block.min()), float(block.max())  # NaN where there is one
        if not np.isfinite(lowest + highest):
            bad = row + next(i for i, image in enumerate(block) if not np.isfinite(image).all())
            raise ValueError(f"x[{bad}] holds NaN or infinite pixels. Replace them.")
        low, high = min(low, lowest), max(high, highest)
    if low > high:  # no floats
        return value_range
    if value_range is None:
        return (0.0, 1.0) if low >= 0 and high <= 1 else None
    if low < value_range[0] or high > value_range[1]:
        raise ValueError(
            f"The pixels reach from {low:g} to {high:g}, beyond value_range="
            f"({value_range[0]:g}, {value_range[1]:g}). Give the lowest and highest value that "
            "pixels can have."
        )
    return value_range
