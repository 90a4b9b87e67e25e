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
from keras_cvdata.sources.hdf5_guard import members, walk
from keras_cvdata.sources.hdf5_keys import (
    Found,
    Keys,
    check_class,
    check_classes,
    find_members,
    one_each,
)
from keras_cvdata.sources.hdf5_labels import (
    attribute_text,
    attribute_value,
    group_label,
    path_labels,
)
from keras_cvdata.sources.hdf5_segments import Segment, encoded, segments_of, stack
from keras_cvdata.sources.table import tidy_column
from keras_cvdata.types import Array, Ints, Range

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
    where: str,
    keys: Keys,
    class_names: Sequence[Any] | None,
    hierarchical: bool | None,
    label_kind: str | None = None,
) -> Layout:
    """List the images and labels of an open file.

    Args:
        file: `h5py.File`.
        where: Name of the file for messages.
        keys: Names of the images and labels that were given.
        class_names: Classes in the order of their integers.
        hierarchical: Whether groups in groups are levels; None: where there are any.
        label_kind: Kind that the labels of the flat layout must have.

    Returns:
        The index.

    Raises:
        ValueError: The file holds no images in a known layout, or is not complete.
    """
    own = file.attrs.get("format") == FORMAT
    if own:
        _check_own(file, where)
        if class_names is None and "class_names" in file.attrs:
            class_names = json.loads(file.attrs["class_names"])
    found = find_members(file, where, keys)
    if own and found.images is None and keys.images is None and "offsets" in file:
        found = found._replace(images="bytes", labels=file.get("labels"))
    if found.images is not None:
        layout = _flat(found, found.images, where, class_names, label_kind)
    else:
        if class_names is None and not own:
            check_classes(found.group, where)
        layout = _grouped(found.group, where, class_names, hierarchical, own)
    if not len(layout.index_of):
        raise ValueError(
            f"{where}: no images found; the file holds {sorted(found.group)}. Expected one group "
            "per class with datasets of images, or 'images' and 'labels'; name others with "
            "image_key= and label_key=."
        )
    return replace(layout, version=int(file.attrs.get("version", 1))) if own else layout


def _check_own(file: Any, where: str) -> None:
    if not file.attrs.get("complete"):
        raise ValueError(f"{where}: the file was never completed. Convert the images again.")
    if file.attrs.get("version", 1) > VERSION:
        raise ValueError(
            f"{where}: the file is of version {file.attrs['version']}, which a newer keras_cvdata "
            f"wrote; this one reads up to {VERSION}. Update it, or convert the images again."
        )


def _flat(
    found: Found,
    images: str,
    where: str,
    class_names: Sequence[Any] | None,
    label_kind: str | None,
) -> Layout:
    beside = dict(members(found.group, where))
    place = f"{where}{beside[images].name}"
    if images in ("encoded", "bytes"):
        segment = encoded(beside, beside[images], place)
    else:
        segment = stack(beside[images], place, beside.get("slots"))
    labels = {}
    if found.labels is not None:
        labels = _flat_labels(found.labels, where, class_names, label_kind)
    columns = _columns(beside["columns"], where) if "columns" in beside else {}
    lengths = {name: len(column) for name, column in labels.items()}
    lengths |= {name: len(column) for name, column in columns.items()}
    for name, length in lengths.items():
        if length != segment.count:
            raise ValueError(
                f"{where}: {segment.count} images in {images!r}, but {length} values in "
                f"{name!r}. Every image needs one."
            )
    return Layout(
        (segment,),
        np.zeros(segment.count, np.uint32),
        segment.indices,
        labels,
        columns,
        _value_range(beside[images]),
    )


def _flat_labels(
    member: Any, where: str, class_names: Sequence[str] | None, kind: str | None
) -> dict[str, Labels]:
    if hasattr(member, "dtype"):
        return {"label": _label_column(member, class_names, kind)}
    joins = kind in ("multilabel", "number")
    columns = {
        attribute_text(dataset.attrs, "name") or key: _label_column(
            dataset, None, None if joins else kind
        )
        for key, dataset in members(member, where)
    }
    if joins and len(columns) > 1:
        return {"label": join_columns(columns, str(kind), class_names)}
    return columns


def _label_column(dataset: Any, class_names: Sequence[str] | None, kind: str | None) -> Labels:
    values = dataset.asstr()[()] if dataset.dtype.hasobject else dataset[()]
    if "kind" in dataset.attrs:
        names = json.loads(dataset.attrs["names"])
        return Labels(dataset.attrs["kind"], values, tuple(map(tuple, names)))
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


def _groups(file: Any, where: str, own: bool) -> Iterator[_Group]:
    """Yield the groups that hold images."""
    paths: dict[tuple[str, ...], tuple[Any, ...]] = {(): ()}
    blob = blob_range = None
    for names, group, datasets in walk(file, where):
        if not names:
            blob = datasets.get("bytes") if own else None
            blob_range = None if blob is None else _value_range(blob)
            continue
        label = group_label(group.attrs)
        if label is None and (names[-1] == "columns" or (own and names[-1] == "about")):
            continue
        paths[names] = (*paths[names[:-1]], names[-1] if label is None else label)
        if datasets:
            place = f"{where}{group.name}"
            if not own:
                check_class(datasets, place, where)
            segments = segments_of(datasets, place, blob)
            count = sum(segment.count for segment in segments)
            yield _Group(
                paths[names],
                segments,
                datasets["order"][()] if "order" in datasets else None,
                _group_columns(group, count, place),
                _value_range(next(iter(datasets.values()))) or blob_range,
            )


def _grouped(
    file: Any,
    where: str,
    class_names: Sequence[Any] | None,
    hierarchical: bool | None,
    own: bool,
) -> Layout:
    groups = list(_groups(file, where, own))
    segments = [segment for group in groups for segment in group.segments]
    counts = [segment.count for segment in segments]
    order = _order(groups, sum(counts), where)
    group_of = np.repeat(np.arange(len(groups)), [group.count for group in groups])[order]
    paths = [group.path for group in groups]
    return Layout(
        tuple(segments),
        np.repeat(np.arange(len(segments), dtype=np.uint32), counts)[order],
        np.concatenate([np.empty(0, np.int64), *(each.indices for each in segments)])[order],
        {"label": path_labels(paths, class_names, hierarchical).take(group_of)} if groups else {},
        {
            name: _joined([group.columns.get(name) for group in groups], groups)[order]
            for name in dict.fromkeys(name for group in groups for name in group.columns)
        },
        next((group.value_range for group in groups if group.value_range), None),
    )


def _order(groups: Sequence[_Group], count: int, where: str) -> Ints:
    """Positions, one group after the other, of the samples in their original order."""
    orders = [group.order for group in groups if group.order is not None]
    if not orders or len(orders) < len(groups):
        return np.arange(count)
    numbers = np.concatenate(orders)
    order = np.argsort(numbers, kind="stable")
    if len(numbers) != count or not np.array_equal(numbers[order], np.arange(count)):
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


def _group_columns(group: Any, count: int, place: str) -> dict[str, Array]:
    """Columns of the images of a group, and its further attributes, which hold for all of them."""
    columns = {
        name: tidy_column([attribute_value(value)] * count)
        for name, value in group.attrs.items()
        if name not in ("label", "name") and isinstance(value, str | bytes | np.generic)
    }
    if "columns" in group and "label" not in group["columns"].attrs:
        columns |= _columns(group["columns"], place)
    for name, column in columns.items():
        if len(column) != count:
            raise ValueError(
                f"{place}: {count} images, but {len(column)} values in the column {name!r}. Every "
                "image needs one."
            )
    return columns


def _columns(group: Any, place: str) -> dict[str, Array]:
    columns = {}
    for key, dataset in members(group, place):
        name = attribute_text(dataset.attrs, "name") or key
        if dataset.attrs.get("encoding") == "json":
            columns[name] = tidy_column(json.loads(dataset[()].tobytes()))
        else:
            columns[name] = dataset.asstr()[()] if dataset.dtype.hasobject else dataset[()]
    return columns


def _value_range(dataset: Any) -> Range | None:
    stored = dataset.attrs.get("value_range")
    return None if stored is None else (float(stored[0]), float(stored[1]))
