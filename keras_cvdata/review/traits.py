"""What sets images apart: columns of their table, and what an audit measures of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.audit.checks import Background, Coverage, Pictures
from keras_cvdata.audit.checks.groups import MAX_VALUES
from keras_cvdata.audit.light import LIGHTINGS, lighting_of
from keras_cvdata.audit.measuring import READ, layout, measure_all
from keras_cvdata.sources import Source
from keras_cvdata.types import Array, Ints

_MISSING = ("", "none", "nan", "nat", "<na>")
_ONE_COLOR = 8  # levels of deviation along the outermost pixels, up to which they are one colour
_ALIKE = 4  # levels in each channel between borders of one colour
_COLORS = 8  # colours of borders that are told apart
_SQUARE = 1.05  # longer side by the shorter, up to which an image is square


class Trait(NamedTuple):
    """One way to part images.

    Attributes:
        name: Name of the column or of what was measured.
        codes: (N,) int64 places in `values`; -1 where nothing is known.
        values: What an image may be.
        measured: Whether it was measured from pixels.
    """

    name: str
    codes: Ints
    values: tuple[str, ...]
    measured: bool = False


def column_traits(source: Source) -> list[Trait]:
    """Read the columns of a collection.

    Args:
        source: The collection.

    Returns:
        A trait for each column of at most 30 values, or of numbers, which are parted in quarters;
        of a column of more texts the 30 most frequent that are there more than once.
    """
    read = (_column(name, np.asarray(values)) for name, values in source.columns.items())
    return [trait for trait in read if len(trait.values) > 1]


def measured_traits(source: Source, n_jobs: int | None = None, verbose: int = 0) -> list[Trait]:
    """Look at each image once, as an audit does.

    Args:
        source: The collection.
        n_jobs: See `audit`.
        verbose: 0 shows no progress.

    Returns:
        Light, contrast, sharpness, colour, border, size and shape, as far as images differ in them.
        What cannot be read has none of them.
    """
    checks = (Pictures(), Background(), Coverage())
    values = np.zeros(len(source), layout(checks))
    positions: Ints = np.arange(len(source))
    for part, measured in measure_all(source, positions, checks, n_jobs, verbose):
        values[part] = measured.values
    return [trait for trait in _measured(values) if len(np.unique(trait.codes)) > 1]


def _measured(values: Array) -> Iterator[Trait]:
    read = values["state"] == READ
    # Where the same images share several things, what is plainest comes first.
    yield _border(values["background.frame"], values["background.deviation"], read)
    bright, warmth = values["coverage.brightness"], values["coverage.warmth"]
    told = Coverage()
    yield _named("lighting", lighting_of(bright, warmth, told.dim, told.warm), LIGHTINGS, read)
    yield _quarters("brightness", bright, read)
    yield _quarters("contrast", values["pictures.contrast"], read)
    yield _quarters("sharpness", values["pictures.sharpness"], read)
    grey = (values["pictures.chroma"] < Pictures().grey).astype(np.int64)
    yield _named("colour", grey, ("coloured", "grey"), read)
    clear = read & (values["coverage.object"] >= told.clear)
    yield _quarters("object size", values["coverage.scale"], clear)
    height, width = (values[name].astype(np.float64) for name in ("height", "width"))
    yield _quarters("side in pixels", np.sqrt(height * width), read)
    shape = np.where(width > height * _SQUARE, 1, np.where(height > width * _SQUARE, 2, 0))
    yield _named("shape", shape, ("square", "wide", "upright"), read)


def _border(frame: Array, deviation: Array, read: Array) -> Trait:
    """Whether the border has one colour, and which of the most frequent ones."""
    codes = np.zeros(len(read), np.int64)
    names = ["varied"]
    left = read & (deviation <= _ONE_COLOR)
    while left.any():
        if len(names) > _COLORS:
            codes[left] = len(names)
            names.append("constant, other colours")
            break
        colors, counts = np.unique(frame[left], axis=0, return_counts=True)
        color = colors[counts.argmax()].astype(np.int16)
        alike = left & (np.abs(frame - color) <= _ALIKE).all(axis=1)
        codes[alike] = len(names)
        names.append(f"constant, rgb{tuple(color.tolist())}")
        left &= ~alike
    return _named("border", codes, tuple(names), read)


def _named(name: str, codes: Array, values: tuple[str, ...], read: Array) -> Trait:
    return Trait(name, np.where(read, codes, -1).astype(np.int64), values, measured=True)


def _quarters(name: str, numbers: Array, known: Array, measured: bool = True) -> Trait:
    """Part numbers in four parts of about as many images, fewer where many are equal."""
    numbers = numbers.astype(np.float64)
    known = known & np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[known], (0.25, 0.5, 0.75))) if known.any() else np.ones(0)
    # Each edge is the end of a part, so that one that all numbers share parts nothing.
    edges = edges[edges < numbers[known].max(initial=-np.inf)]
    texts = [f"{edge:.3g}" for edge in edges]
    if not texts:
        values: tuple[str, ...] = ("alike",)
    else:
        between = [f"{a} to {b}" for a, b in pairwise(texts)]
        values = (f"up to {texts[0]}", *between, f"above {texts[-1]}")
    codes = np.where(known, np.searchsorted(edges, numbers), -1)
    return Trait(name, codes.astype(np.int64), values, measured)


def _column(name: str, values: Array) -> Trait:
    if values.dtype.kind in "fiu" and len(np.unique(values)) > MAX_VALUES:
        return _quarters(name, values, np.ones(len(values), bool), measured=False)
    texts = np.array([_cell(value) for value in values.tolist()], str)
    found, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    counts = np.where(found == "", 0, counts)
    many = np.count_nonzero(counts) > MAX_VALUES
    kept = np.sort(np.argsort(-counts, kind="stable")[:MAX_VALUES])
    kept = kept[counts[kept] > int(many)]
    place = np.full(len(found) + 1, -1)
    place[kept] = np.arange(len(kept))
    return Trait(name, place[codes.reshape(-1)].astype(np.int64), tuple(found[kept].tolist()))


def _cell(value: Any) -> str:
    text = str(value).strip()
    return "" if text.lower() in _MISSING else text


def chosen(traits: Mapping[str, Trait], names: Any) -> list[Trait]:
    """Choose traits by name.

    Args:
        traits: All of them.
        names: A name, several, or None for all.

    Returns:
        The traits.

    Raises:
        ValueError: There is none of that name.
    """
    if names is None:
        return list(traits.values())
    asked = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in asked if name not in traits]
    if unknown:
        raise ValueError(
            f"slices names {unknown[0]!r}, by which these images do not differ. They differ by "
            f"{', '.join(traits) or 'nothing'}."
        )
    return [traits[name] for name in asked]
