"""Which class the pixels of a segmentation mask stand for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata import codec
from keras_cvdata.arguments import integer
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array, ImageError

_NONE = -1  # the class of what has none
_LOOKED_AT = 5  # masks that are read to see which numbers they hold


class MaskClasses:
    """Turns what masks store into class numbers.

    Args:
        values: Class of each stored number, such as `{0: 0, 255: 1}`; None where they are the same.
        palette: Colours of the classes: "voc" for those of PASCAL VOC, a list of `(red, green,
            blue)` in the order of the classes, or a dict with the class of each colour; None where
            masks hold numbers.
        ignore: Number of the pixels that belong to no class; None for none.
        fill: What lies outside of the image; by default `ignore`, else 0.

    Raises:
        TypeError: A number is none.
        ValueError: An argument is no such thing, or both `values` and `palette` are given.

    Attributes:
        fill: What lies outside of the image.

    Example:
        >>> from keras_cvdata.sources import ArraySource
        >>> masks = ArraySource(np.array([[[0, 255]]], np.uint8))
        >>> MaskClasses({0: 0, 255: 1}).read(masks, 0).tolist()
        [[[0], [1]]]
    """

    def __init__(
        self,
        values: Mapping[int, int] | None = None,
        palette: str | Sequence[Any] | Mapping[Any, int] | None = None,
        ignore: int | None = None,
        fill: int | None = None,
    ) -> None:
        if values is not None and palette is not None:
            raise ValueError(
                "Give mask_values (classes of numbers) or mask_palette (classes of colours), not "
                "both."
            )
        if ignore is not None:
            integer("ignore_value", ignore, 0)
        self.ignore = ignore
        fill = fill if fill is not None else ignore
        self.fill = 0 if fill is None else integer("mask_fill_value", fill, 0)
        self._table = None if values is None else _table(values, ignore)
        self._palette = None if palette is None else _palette(palette)

    def read(self, masks: Source, row: int) -> Array:
        """Read the classes of one mask.

        Args:
            masks: The masks.
            row: Row of the mask.

        Returns:
            (height, width, 1) uint8, or uint16 where classes reach beyond 255.

        Raises:
            ImageError: The mask cannot be read, or holds what stands for no class.
        """
        payload, name = masks.fetch(row), masks.name(row)
        header = codec.sniff(payload, name, row) if isinstance(payload, bytes) else None
        if self._palette is not None:
            colors = codec.read_colors(payload, name=name, row=row, header=header)
            return self._of_colors(colors, name, row)
        mask = codec.read_mask(payload, name=name, row=row, header=header)
        return mask if self._table is None else self._of_numbers(mask, self._table, name, row)

    def look_at(self, masks: Source) -> Any:
        """Look at some masks, and warn where they hold numbers that are no classes, it seems.

        How many classes there are is not known; but 255 is what white and the void of many data
        sets are stored as, and 127 or 128 beside 0 alone is grey.

        Args:
            masks: The masks.

        Returns:
            The dtype that holds all numbers that were seen.
        """
        found: set[int] = {0}
        for row in np.linspace(0, len(masks) - 1, min(_LOOKED_AT, len(masks))).astype(int):
            try:
                found |= set(np.unique(self.read(masks, int(row))).tolist())
            except ImageError:  # which is told when a batch needs it
                continue
        dtype = np.min_scalar_type(max(found))
        if self._table is None and self._palette is None:
            self._warn(found - {self.ignore})
        return dtype

    def _warn(self, found: set[int]) -> None:
        top, *rest = sorted(found, reverse=True) or [0]
        alone = not rest or rest[0] < top - 1
        if (alone and top in (255, 65535)) or (top in (127, 128) and rest in ([], [0])):
            numbers = dict(zip([*reversed(rest), top], range(len(found)), strict=True))
            as_class = f"mask_values={numbers}" if len(numbers) < 9 else "mask_values={...}"
            warnings.warn(
                f"The masks hold the numbers {_some(found)}, and class numbers count from 0 "
                f"without large gaps. If {top} is a class, give {as_class}; if it marks pixels of "
                f"no class, ignore_value={top}, and leave it out of the loss "
                f"(SparseCategoricalCrossentropy(ignore_class={top})).",
                UserWarning,
                stacklevel=4,
            )

    def _of_numbers(self, mask: Array, table: Array, name: str, row: int) -> Array:
        classes = table[mask]
        if classes.min(initial=0) < 0:
            raise ImageError(
                name,
                f"The mask holds {_some(set(mask[classes < 0].tolist()))}, which mask_values does "
                "not name. Add it, or correct the mask (JPEG and resizing invent numbers).",
                row,
            )
        return self._narrow(classes, int(table.max()))

    def _of_colors(self, colors: Array, name: str, row: int) -> Array:
        assert self._palette is not None
        keys, numbers = self._palette
        packed = _packed(colors)
        place = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
        strange = packed[keys[place] != packed]
        if strange.size:
            some = [(c >> 16, c >> 8 & 255, c & 255) for c in np.unique(strange)[:5].tolist()]
            raise ImageError(
                name,
                f"The mask has colours that mask_palette does not name, such as {some}, in "
                f"{strange.size} pixels. Add them, or correct the mask (JPEG and resizing invent "
                "colours).",
                row,
            )
        return self._narrow(numbers[place][:, :, None], int(numbers.max()))

    @staticmethod
    def _narrow(classes: Array, highest: int) -> Array:
        return classes.astype(np.uint8 if highest < 256 else np.uint16)


def _some(numbers: set[int]) -> str:
    """Show numbers, but not too many."""
    shown = sorted(numbers)
    if len(shown) > 12:
        return f"{shown[:6]} to {shown[-6:]} ({len(shown)} in all)"
    return str(shown)


def _table(values: Mapping[int, int], ignore: int | None) -> Array:
    if not isinstance(values, Mapping) or not values:
        raise ValueError(
            "mask_values must be a dict with the class of each number that masks hold, such as "
            f"{{0: 0, 255: 1}}; got {values!r}."
        )
    table = np.full(65536, _NONE, np.int32)
    if ignore is not None:
        table[ignore] = ignore
    for stored, number in values.items():
        for each in (
            integer("mask_values: number", stored, 0),
            integer("mask_values: class", number, 0),
        ):
            if each > 65535:
                raise ValueError(f"mask_values reach to 65535 at most; got {stored}: {number}.")
        table[stored] = number
    return table


def _palette(palette: Any) -> tuple[Array, Array]:
    """Packed colours in order, and the class of each."""
    if isinstance(palette, str):
        if palette != "voc":
            raise ValueError(
                f"mask_palette must be 'voc', a list of colours or a dict of them; got {palette!r}."
            )
        palette = _voc()
    pairs = palette.items() if isinstance(palette, Mapping) else zip(palette, range(65536))  # noqa: B905
    colors, classes = [], []
    for color, number in pairs:
        numbers = np.asarray(color)
        if numbers.shape != (3,) or numbers.dtype.kind not in "iu" or not _is_byte(numbers):
            raise ValueError(
                "mask_palette must hold colours (red, green, blue) of 0 to 255, in a list or as "
                f"keys of a dict such as {{(128, 0, 0): 1}}; got {color!r}."
            )
        colors.append(numbers.astype(np.uint8))
        classes.append(integer("mask_palette: class", number, 0))
    packed = _packed(np.array(colors, np.uint8).reshape(-1, 1, 3))[:, 0]
    keys, first = np.unique(packed, return_index=True)
    if not len(packed) or len(keys) < len(packed):
        raise ValueError(f"mask_palette must name each colour once, at least one; got {palette!r}.")
    return keys, np.array(classes, np.int32)[first]


def _is_byte(numbers: Array) -> bool:
    return bool((numbers >= 0).all() and (numbers <= 255).all())


def _packed(colors: Array) -> Array:
    """Colours (height, width, 3) as one number each."""
    red, green, blue = (colors[..., i].astype(np.uint32) for i in range(3))
    packed: Array = red << 16 | green << 8 | blue
    return packed


def _voc() -> list[tuple[int, ...]]:
    """Colours of PASCAL VOC: bits of the class go to red, green and blue in turn, highest first."""
    return [
        tuple(
            sum((number >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8))
            for channel in range(3)
        )
        for number in range(256)
    ]
