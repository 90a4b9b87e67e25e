"""Several sources as one."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from keras_cvdata.labels import Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array, Ints, Range


class Joined(Source):
    """The samples of several sources, one source after the other.

    The rows of each source are counted on from the highest of those before. Columns are those of
    the first; samples of others that lack one hold None in it.

    Args:
        sources: The sources.
        labels: The label columns of all samples.

    Raises:
        ValueError: Float pixels of the sources count from different blacks to different whites.
    """

    def __init__(self, sources: Sequence[Source], labels: Mapping[str, Labels]) -> None:
        most = max(source.max_pixels for source in sources)
        self.sources = tuple(source.limited(most) for source in sources)
        self.ends = np.cumsum([len(source) for source in sources])
        self.labels = labels
        self.columns = {name: _column(name, self.sources) for name in sources[0].columns}
        self.image_shape = _shared([source.image_shape for source in sources])
        self.dtype = _shared([source.dtype for source in sources])
        self.value_range = _value_range(sources)
        self.max_pixels = most
        self.not_any = next((each.not_any for each in sources if each.not_any), None)
        self.notes = tuple(note for source in sources for note in source.notes)

    def limited(self, max_pixels: int | None) -> Self:
        """Return the same samples with another limit of pixels."""
        other = super().limited(max_pixels)
        if other is not self:
            other.sources = tuple(source.limited(max_pixels) for source in self.sources)
        return other

    def verified(self) -> Self:
        """Return the same samples, each compared with its checksum."""
        other = copy.copy(self)
        other.sources = tuple(source.verified() for source in self.sources)
        return other

    def __len__(self) -> int:
        return int(self.ends[-1])

    def fetch(self, position: int) -> bytes | Array:
        """Read one sample of the source that holds it."""
        source, within = self._find(position)
        return source.fetch(within)

    def fetch_into(self, positions: Ints, out: Array) -> bool:
        """Read samples straight into a batch, each from the source that holds it."""
        numbers = np.searchsorted(self.ends, positions, side="right")
        within = positions - np.concatenate([[0], self.ends])[numbers]
        return all(
            self.sources[number].fetch_into(within[slot : slot + 1], out[slot : slot + 1])
            for slot, number in enumerate(numbers.tolist())
        )

    def name(self, position: int) -> str:
        """Name of a sample in the source that holds it."""
        source, within = self._find(position)
        return source.name(within)

    def location(self, position: int) -> str | None:
        """File or URL of a sample in the source that holds it."""
        source, within = self._find(position)
        return source.location(within)

    def version(self, position: int) -> str | None:
        """Version of a sample in the source that holds it."""
        source, within = self._find(position)
        return source.version(within)

    @property
    def rows(self) -> Ints:
        """Rows of the first source, and those of the others counted on."""
        parts: list[Ints] = []
        start = 0
        for source in self.sources:
            parts.append(start + source.rows)
            start = 1 + int(parts[-1].max(initial=start - 1))
        return np.concatenate(parts)

    def _find(self, position: int) -> tuple[Source, int]:
        number = int(np.searchsorted(self.ends, position, side="right"))
        return self.sources[number], position - int(self.ends[number - 1] if number else 0)


def _column(name: str, sources: Sequence[Source]) -> Array:
    values = [source.columns.get(name) for source in sources]
    kinds = {None if each is None else each.dtype.kind for each in values}
    if len(kinds) > 1:
        pairs = zip(values, sources, strict=True)
        values = [
            np.full(len(source), None) if each is None else each.astype(object)
            for each, source in pairs
        ]
    return np.concatenate([each for each in values if each is not None])


def _shared(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else None


def _value_range(sources: Sequence[Source]) -> Range | None:
    ranges = {source.value_range for source in sources} - {None}
    if len(ranges) > 1:
        raise ValueError(
            "Pixels of the sources to join reach from black to white as "
            f"{' and '.join(map(str, sorted(filter(None, ranges))))}. Bring them to one range."
        )
    return ranges.pop() if ranges else None
