"""What an audit is asked to look at: one collection, or the splits of one as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.labels import Labels
from keras_cvdata.labels.column import compact
from keras_cvdata.sources import DirectorySource, Source
from keras_cvdata.sources.directory import SPLITS
from keras_cvdata.sources.joined import Joined
from keras_cvdata.sources.opening import open_images, open_source
from keras_cvdata.types import Array, Ints

_MISSING = ("", "None", "nan", "NaT", "<NA>")  # how empty cells are spelt


class Parts(NamedTuple):
    """A collection and the splits that its images belong to.

    Attributes:
        source: All images.
        split_names: Names of the splits; empty without.
        splits: (N,) int64 split of each image, or None.
    """

    source: Source
    split_names: tuple[str, ...] = ()
    splits: Ints | None = None


def open_parts(data: Any, splits: Any = None) -> Parts:
    """Open what is to be audited.

    Args:
        data: What `open_source` opens, or a mapping of names of splits to that.
        splits: Names of sub-folders of `data`; the name of a column; or (N,) names of the split of
            each image. By default a folder that holds folders such as train and val is read as
            these splits.

    Returns:
        The collection and its splits.

    Raises:
        ValueError: `splits` are not as many as the images, lack that of an image, or name those of
            a mapping.
        KeyError: There is no such column.
    """
    if isinstance(data, Mapping):
        if not data or splits is not None:
            raise ValueError(
                "A mapping must name at least one split, and names them all; leave splits= out, "
                "or give one collection."
            )
        return _join({str(name): open_source(part) for name, part in data.items()})
    folders = split_folders(data, splits)
    if folders:
        return _join({name: DirectorySource(data, split=name) for name in folders})
    source = open_images(data)
    if splits is None:
        return Parts(source)
    values = _column(source, splits) if isinstance(splits, str) else np.asarray(splits)
    if values.shape != (len(source),):
        raise ValueError(
            f"splits must have one name for each of the {len(source)} images; got shape "
            f"{values.shape}. Folders are named for the path of a folder only."
        )
    texts = values.astype(str)
    unknown = np.flatnonzero(np.isin(texts, _MISSING)).tolist()
    if unknown:
        raise ValueError(
            f"splits say nothing of {len(unknown)} of the {len(source)} images, such as "
            f"{source.name(unknown[0])}. Give each a split, or audit those that have one: "
            "source.select(positions)."
        )
    names, numbers = np.unique(texts, return_inverse=True)
    return Parts(source, tuple(names.tolist()), numbers.astype(np.int64))


def split_folders(data: Any, splits: Any = None) -> list[str]:
    """Find the folders that are splits, see `open_parts`.

    Args:
        data: What is audited.
        splits: Names of sub-folders, or anything else.

    Returns:
        Their names; empty where there are none.

    Raises:
        ValueError: There is no such folder.
    """
    if not isinstance(data, str | Path) or not Path(data).is_dir():
        return []
    there = sorted(entry.name for entry in Path(data).iterdir() if entry.is_dir())
    if splits is None:
        found = [name for name in there if name.lower() in SPLITS]
        return found if len(found) == len([n for n in there if not n.startswith(".")]) else []
    if isinstance(splits, str) or not all(isinstance(name, str) for name in splits):
        return []
    wanted = list(splits)
    missing = [name for name in wanted if name not in there]
    if missing and len(wanted) < 20:
        raise ValueError(
            f"{data}: there is no folder {missing[0]!r} for a split; it has "
            f"{', '.join(there) or 'none'}."
        )
    return [] if missing else wanted


def _join(sources: Mapping[str, Source]) -> Parts:
    parts = list(sources.values())
    sizes = [len(source) for source in parts]
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return Parts(Joined(parts, _joined_labels(parts)), tuple(sources), numbers.astype(np.int64))


def _column(source: Source, name: str) -> Array:
    if name not in source.columns:
        raise KeyError(
            f"splits={name!r} is no column of {source!r}, which has {list(source.columns)}."
        )
    return source.columns[name]


def _joined_labels(sources: Sequence[Source]) -> dict[str, Labels]:
    keys = [key for key in sources[0].labels if all(key in source.labels for source in sources)]
    return {key: _join_column(key, [source.labels[key] for source in sources]) for key in keys}


def _join_column(key: str, columns: Sequence[Labels]) -> Labels:
    kinds = {column.kind for column in columns}
    if len(kinds) > 1:
        raise ValueError(
            f"The splits have labels {key!r} of different kinds: {', '.join(sorted(kinds))}. "
            "Open each with the same label_mode or labels."
        )
    if len({column.names for column in columns}) == 1:
        values = np.concatenate([column.values for column in columns])
        return Labels(columns[0].kind, values, columns[0].names)
    if kinds != {"class"}:
        raise ValueError(
            f"The splits have labels {key!r} with different names. Give all the same class_names."
        )
    order = list(dict.fromkeys(name for column in columns for name in column.class_names))
    code_of = {name: code for code, name in enumerate(order)}
    new = [np.array([code_of[name] for name in column.class_names]) for column in columns]
    codes = [to[column.values] for to, column in zip(new, columns, strict=True)]
    return Labels("class", compact(np.concatenate(codes)), (tuple(order),))
