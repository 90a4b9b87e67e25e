"""Where the images and labels lie in an HDF5 file.

Three layouts are read (R26, R27): a group per class with a `label` (or `name`) attribute, groups in
groups as levels of a hierarchy, and flat `images` with `labels`. `keras_cvdata.conversion` writes
the first two with `order`, which keeps the sequence of the rows, and the flat one where labels are
no single class. Since version 2 encoded images of all groups stand in one dataset `bytes`, and what
else belongs to them in a group `about`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keras_cvdata.labels import Labels, from_array, join_columns
from keras_cvdata.sources.hdf5_guard import inside, is_dataset, member_at, members, walk
from keras_cvdata.sources.hdf5_keys import (
    Found,
    Keys,
    check_class,
    check_classes,
    find_members,
    one_each,
)
from keras_cvdata.sources.hdf5_labels import (
    MEND,
    attribute_value,
    group_label,
    is_names,
    path_labels,
    read_names,
    stored_labels,
    text_of,
)
from keras_cvdata.sources.hdf5_segments import Segment, encoded, segments_of, stack
from keras_cvdata.sources.hdf5_tables import Tables, file_name, place_of
from keras_cvdata.sources.table import tidy_column
from keras_cvdata.types import Array, Ints, Range, brief

FORMAT = "keras_cvdata"
VERSION = 2


@dataclass(frozen=True)
class Layout:
    """Index of an HDF5 file: sample i is image `index_of[i]` of `segments[segment_of[i]]`."""

    segments: tuple[Segment, ...]
    segment_of: Array
    index_of: Ints
    labels: Mapping[str, Labels]
    columns: Mapping[str, Array]
    value_range: Range | None
    version: int = 0  # of a file of ours


def read_layout(
    file: Any,
    tables: Tables,
    keys: Keys,
    class_names: Sequence[Any] | None,
    hierarchical: bool | None,
    label_kind: str | None = None,
) -> Layout:
    """List the images and labels of an open file.

    Args:
        file: `h5py.File`.
        tables: What reads its datasets and attributes.
        keys: Names of the images and labels that were given.
        class_names: Classes in the order of their integers.
        hierarchical: Whether groups in groups are levels; None: where there are any.
        label_kind: Kind that the labels of the flat layout must have.

    Returns:
        The index.

    Raises:
        ValueError: The file holds no images in a known layout, or is not complete.
    """
    where = file.filename
    version = own_version(file, tables)
    if version and class_names is None:
        class_names = _class_names(file, tables)
    found = find_members(file, where, keys)
    if version and found.images is None and keys.images is None and "offsets" in file:
        labels = member_at(file, "labels", where) if "labels" in file else None
        found = found._replace(images="bytes", labels=labels)
    if found.images is not None:
        layout = _flat(found, found.images, tables, class_names, label_kind)
    else:
        if class_names is None and not version:
            check_classes(found.group, where)
        layout = _grouped(found.group, tables, class_names, hierarchical, bool(version))
    if not len(layout.index_of):
        raise ValueError(
            f"{where}: no images found; the file holds {sorted(found.group)}. Expected one group "
            "per class with datasets of images, or 'images' and 'labels'; name others with "
            "image_key= and label_key=."
        )
    return replace(layout, version=version)


def own_version(file: Any, tables: Tables) -> int:
    """Version of a file that is complete and of ours; 0 of files of others.

    Args:
        file: `h5py.File`.
        tables: What reads its attributes.

    Returns:
        The version.

    Raises:
        ValueError: The file is not complete, or too new.
    """
    where = file.filename
    if text_of(tables.attribute(file, "format")) != FORMAT:
        return 0
    complete = tables.attribute(file, "complete")
    if not isinstance(complete, np.generic) or not complete:
        raise ValueError(f"{where}: the file was never completed. Convert the images again.")
    version = tables.attribute(file, "version")
    if version is None:
        return 1
    if not isinstance(version, np.integer) or version < 1:
        raise ValueError(f"{where}: the version {version!r} of the file is damaged. {MEND}")
    if version > VERSION:
        raise ValueError(
            f"{where}: the file is of version {version}, which a newer keras_cvdata "
            f"wrote; this one reads up to {VERSION}. Update it, or convert the images again."
        )
    return int(version)


def _class_names(file: Any, tables: Tables) -> list[Any] | None:
    """Class names of a pack, of each level where there are several."""
    text = tables.attribute(file, "class_names")
    if text is None:
        return None
    place = f"{file.filename}: the attribute 'class_names'"
    with inside(place):
        names = json.loads(text)
    if is_names(names) or (isinstance(names, list) and all(map(is_names, names))):
        return names  # type: ignore[no-any-return]
    raise ValueError(f"{place}: expected names as JSON. {MEND}")


def _flat(
    found: Found,
    images: str,
    tables: Tables,
    class_names: Sequence[Any] | None,
    label_kind: str | None,
) -> Layout:
    where = found.group.file.filename
    beside = dict(members(found.group, where))
    place = f"{where}{beside[images].name}"
    if images in ("encoded", "bytes"):
        segment = encoded(beside, beside[images], place, tables)
    else:
        segment = stack(beside[images], place, tables, beside.get("slots"))
    wanted = _Wanted(segment.count, f"{where}: {segment.count} images in {images!r}, but")
    labels = {}
    if found.labels is not None:
        labels = _flat_labels(found.labels, tables, class_names, label_kind, wanted)
    columns = _columns(beside["columns"], tables, wanted) if "columns" in beside else {}
    return Layout(
        (segment,),
        np.zeros(segment.count, np.uint32),
        segment.indices,
        labels,
        columns,
        _value_range(beside[images], tables),
    )


@dataclass(frozen=True)
class _Wanted:
    """How many values there must be, and what to say where there are others."""

    count: int
    words: str

    def check(self, count: int, name: str) -> None:
        if count != self.count:
            raise ValueError(f"{self.words} {count} values in {name}. Every image needs one.")


def _flat_labels(
    member: Any,
    tables: Tables,
    class_names: Sequence[str] | None,
    kind: str | None,
    wanted: _Wanted,
) -> dict[str, Labels]:
    if is_dataset(member):
        return {"label": _label_column(member, tables, class_names, kind, wanted, "label")}
    joins = kind in ("multilabel", "number")
    columns = {}
    for key, dataset in members(member, member.file.filename):
        name = text_of(tables.attribute(dataset, "name")) or key
        each = None if joins else kind
        columns[name] = _label_column(dataset, tables, None, each, wanted, name)
    if joins and len(columns) > 1:
        return {"label": join_columns(columns, str(kind), class_names)}
    return columns


def _label_column(
    dataset: Any,
    tables: Tables,
    class_names: Sequence[str] | None,
    kind: str | None,
    wanted: _Wanted,
    name: str,
) -> Labels:
    place = place_of(dataset)
    if not is_dataset(dataset) or not dataset.shape:
        raise ValueError(f"{place}: expected a dataset of labels, one for each image.")
    wanted.check(len(dataset), repr(name))
    values = tables.read(dataset)
    own = tables.attribute(dataset, "kind")
    if own is not None:
        names = read_names(tables.attribute(dataset, "names"), f"{place}: the attribute 'names'")
        return stored_labels(text_of(own), values, names, place)
    return from_array(one_each(values), class_names, kind)


@dataclass(frozen=True)
class _Group:
    """What one group of the file holds by itself."""

    path: tuple[Any, ...]  # labels from the root
    segments: list[Segment]
    order: Array | None
    columns: dict[str, Array]
    value_range: Range | None

    @property
    def count(self) -> int:
        return sum(segment.count for segment in self.segments)


def _groups(file: Any, tables: Tables, own: bool) -> Iterator[_Group]:
    """Yield the groups that hold images."""
    where = file.file.filename
    paths: dict[tuple[str, ...], tuple[Any, ...]] = {(): ()}
    blob = blob_range = None
    for names, group, datasets in walk(file, where):
        if not names:
            blob = datasets.get("bytes") if own else None
            blob_range = None if blob is None else _value_range(blob, tables)
            continue
        attributes = tables.attributes(group)
        label = group_label(attributes)
        if label is None and (names[-1] == "columns" or (own and names[-1] == "about")):
            continue
        paths[names] = (*paths[names[:-1]], names[-1] if label is None else label)
        if datasets:
            yield _group(group, attributes, datasets, paths[names], tables, blob, own, blob_range)


def _group(
    group: Any,
    attributes: Mapping[str, Any],
    datasets: Mapping[str, Any],
    path: tuple[Any, ...],
    tables: Tables,
    blob: Any,
    own: bool,
    blob_range: Range | None,
) -> _Group:
    place = place_of(group)
    if not own:
        check_class(datasets, place, file_name(group))
    segments = segments_of(datasets, place, blob, tables)
    count = sum(segment.count for segment in segments)
    order = None
    if "order" in datasets:
        wanted = _Wanted(count, f"{place}: {count} images, but")
        wanted.check(datasets["order"].size, "'order'")
        order = tables.read(datasets["order"])
    columns = _group_columns(group, attributes, count, tables)
    value_range = _value_range(next(iter(datasets.values())), tables) or blob_range
    return _Group(path, segments, order, columns, value_range)


def _grouped(
    file: Any,
    tables: Tables,
    class_names: Sequence[Any] | None,
    hierarchical: bool | None,
    own: bool,
) -> Layout:
    where = file.file.filename
    groups = list(_groups(file, tables, own))
    segments = [segment for group in groups for segment in group.segments]
    counts = [segment.count for segment in segments]
    order = _order(groups, sum(counts), where)
    group_of = np.repeat(np.arange(len(groups)), [group.count for group in groups])[order]
    paths = [group.path for group in groups]
    names = list(dict.fromkeys(name for group in groups for name in group.columns))
    tables.charge(f"{where}: the columns", len(names) * (8 * sum(counts) + 64 * len(groups)))
    return Layout(
        tuple(segments),
        np.repeat(np.arange(len(segments), dtype=np.uint32), counts)[order],
        np.concatenate([np.empty(0, np.int64), *(each.indices for each in segments)])[order],
        {"label": path_labels(paths, class_names, hierarchical).take(group_of)} if groups else {},
        {
            name: _joined([group.columns.get(name) for group in groups], groups)[order]
            for name in names
        },
        next((group.value_range for group in groups if group.value_range), None),
    )


def _order(groups: Sequence[_Group], count: int, where: str) -> Ints:
    """Positions, one group after the other, of the samples in their original order."""
    orders = [group.order for group in groups if group.order is not None]
    if not orders or len(orders) < len(groups):
        return np.arange(count)
    numbers = np.concatenate([each.reshape(-1) for each in orders])
    order = np.argsort(numbers, kind="stable")
    if numbers.dtype.kind not in "iu" or not np.array_equal(numbers[order], np.arange(count)):
        raise ValueError(
            f"{where}: 'order' of the groups must hold every number from 0 to {count - 1} once, "
            "one for each image. Remove 'order', or convert the images again."
        )
    return order


def _joined(parts: Sequence[Array | None], groups: Sequence[_Group]) -> Array:
    """Join a column of several groups; None where a group lacks it."""
    filled = [
        np.full(group.count, None) if part is None else part
        for part, group in zip(parts, groups, strict=True)
    ]
    if len({part.dtype for part in filled}) == 1:
        return np.concatenate(filled)
    return tidy_column([value for part in filled for value in part.tolist()])


def _group_columns(
    group: Any, attributes: Mapping[str, Any], count: int, tables: Tables
) -> dict[str, Array]:
    """Columns of the images of a group, and its further attributes, which hold for all of them."""
    place = place_of(group)
    further = {name: attributes[name] for name in attributes if name not in ("label", "name")}
    tables.charge(f"{place}: the attributes", 8 * count * len(further))
    columns = {
        name: tidy_column([attribute_value(value)] * count) for name, value in further.items()
    }
    if "columns" in group:
        below = member_at(group, "columns", file_name(group))
        if hasattr(below, "keys") and tables.attribute(below, "label") is None:
            columns |= _columns(below, tables, _Wanted(count, f"{place}: {count} images, but"))
    return columns


def _columns(group: Any, tables: Tables, wanted: _Wanted) -> dict[str, Array]:
    columns = {}
    for key, dataset in members(group, file_name(group)):
        name = text_of(tables.attribute(dataset, "name")) or key
        if not is_dataset(dataset) or not dataset.shape:
            raise ValueError(f"{place_of(dataset)}: expected a column, one value for each image.")
        if text_of(tables.attribute(dataset, "encoding")) == "json":
            cells = tables.json(dataset)
            wanted.check(len(cells), f"the column {brief(name)}")
            columns[name] = tidy_column(cells)
        else:
            wanted.check(len(dataset), f"the column {brief(name)}")
            columns[name] = tables.read(dataset)
    return columns


def _value_range(dataset: Any, tables: Tables) -> Range | None:
    stored = tables.attribute(dataset, "value_range")
    if stored is None:
        return None
    found = np.asarray(stored)
    if found.shape != (2,) or found.dtype.kind not in "iuf" or not found[0] < found[1]:
        raise ValueError(
            f"{place_of(dataset)}: its attribute 'value_range' must be the lowest and highest "
            f"value of the pixels; got {stored!r}. Correct it, or leave it out."
        )
    return float(found[0]), float(found[1])
