"""The structure of a pack: everything of an HDF5 file but the images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.conversion.memory_file import MemoryFile
from keras_cvdata.conversion.rows import only, plain_cells
from keras_cvdata.labels import Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.hdf5_layout import FORMAT, VERSION
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Array, Ints, Range

_RESERVED = (
    "columns",
    "images",
    "encoded",
    "offsets",
    "order",
    "labels",
    "slots",
    "bytes",
    "about",
)
_ALIGNED = 4096  # where large data begin, so that nothing else can move them

Group = tuple[tuple[str, ...], Ints]  # path of labels, and numbers of the images


@dataclass(frozen=True)
class Frame:
    """Where images go, which is known before any is there.

    Attributes:
        groups: Path of labels and numbers of the images of each group.
        shape: (height, width, channels) of pixels, or None for encoded images.
        dtype: Dtype of pixels.
        like: Name of the image that has them.
        flowing: There are bytes whose number is known at the end only: encoded images, masks.
        value_range: Lowest and highest value of float pixels, where known.
    """

    groups: Sequence[Group]
    shape: tuple[int, int, int] | None
    dtype: np.dtype[Any] | None
    like: str
    flowing: bool
    value_range: Range | None


class Places(NamedTuple):
    """Where data are in the file.

    Attributes:
        starts: (N,) first byte of each image of pixels; empty for encoded ones.
        flow: First byte of those whose number is known at the end only.
        size: Bytes of the file.
    """

    starts: Ints
    flow: int
    size: int


@dataclass(frozen=True)
class Content:
    """What is known when all images are there.

    Attributes:
        source: The collection, for labels, columns and names.
        kept: (M,) numbers of the images that could be read, which are positions in `source`.
        images: (N,) `start`, `size` and `crc` of each image.
        masks: The same of masks; None where there are none.
        boxes: Boxes of the kept images, where there are boxes.
        box_format: Their format.
        attributes: Further attributes of the file.
    """

    source: Source
    kept: Ints
    images: Array
    masks: Array | None
    boxes: Boxes | None
    box_format: str
    attributes: Mapping[str, Any]


def groups_of(source: Source) -> list[Group]:
    """Path of labels and positions of each group; all in one without a path if not classes."""
    column = only(source.labels)
    if column is None or column.kind not in ("class", "hierarchical"):
        return [((), np.arange(len(source)))]
    codes = column.values.reshape(len(source), -1)
    paths, group_of = np.unique(codes, axis=0, return_inverse=True)
    by_group = np.argsort(group_of.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(group_of.reshape(-1)))
    return [
        (tuple(names[code] for names, code in zip(column.names, path, strict=True)), positions)
        for path, positions in zip(paths, np.split(by_group, ends[:-1]), strict=True)
    ]


def lay_out(frame: Frame) -> Places:
    """Find the places of the images of a pack.

    Args:
        frame: What is known of them.

    Returns:
        The places, which are those of `build`.
    """
    _, places = _build(frame, 1 << 48 if frame.flowing else 0, None)
    return places


def build(frame: Frame, end: int, content: Content) -> tuple[MemoryFile, Places]:
    """Make the HDF5 file around images that are at their places.

    Args:
        frame: What is known of them before any is there.
        end: Byte after the last of those whose number was not known.
        content: What is known since.

    Returns:
        What is to be written, and the places.
    """
    start = lay_out(frame).flow
    file, places = _build(frame, end - start, content)
    assert places.flow == start
    return file, places


def _build(frame: Frame, flow: int, content: Content | None) -> tuple[MemoryFile, Places]:
    """Reserve the places of data before anything of another size is written."""
    memory = MemoryFile()
    with _create(memory) as file:
        made: dict[tuple[str, ...], Any] = {(): file}
        groups = [_group(made, labels) for labels, _ in frame.groups]
        starts = np.zeros(sum(len(numbers) for _, numbers in frame.groups), np.int64)
        for group, (_, numbers) in zip(groups, frame.groups, strict=True):
            if frame.shape is None:
                continue
            assert frame.dtype is not None
            dataset = _reserve(group, "images", (len(numbers), *frame.shape), frame.dtype)
            each = dataset.nbytes // len(numbers)
            starts[numbers] = dataset.id.get_offset() + each * np.arange(len(numbers))
            if frame.value_range is not None:
                dataset.attrs["value_range"] = frame.value_range
        start = 0
        if frame.flowing:
            size = max(flow, _ALIGNED)  # a smaller one could be put elsewhere
            dataset = _reserve(file, "bytes", (size,), np.dtype(np.uint8))
            start = dataset.id.get_offset()
            if frame.value_range is not None:
                dataset.attrs["value_range"] = frame.value_range
        if content is not None:
            _write_content(file, frame, groups, content, start)
    last = 0 if frame.flowing or not len(starts) else int(starts.max()) + each
    return memory, Places(starts if frame.shape else starts[:0], start or last, memory.size)


def _create(memory: MemoryFile) -> Any:
    """Make an HDF5 file in memory that is the same whenever it is made."""
    import h5py

    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, memory)
    access.set_alignment(_ALIGNED, _ALIGNED)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    # From this version on attributes may be long, such as lists of class names.
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_LATEST)
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    return h5py.File(h5py.h5f.create(b"pack", h5py.h5f.ACC_TRUNC, creation, access))


def _reserve(group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Make a contiguous dataset whose content is written by others."""
    import h5py

    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.CONTIGUOUS)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    creation.set_obj_track_times(False)
    space, kind = h5py.h5s.create_simple(shape), h5py.h5t.py_create(dtype, logical=True)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, space, creation))


def _group(made: dict[tuple[str, ...], Any], labels: tuple[str, ...]) -> Any:
    """Make the group of a path of labels; the attributes hold the labels exactly."""
    if labels not in made:
        parent = _group(made, labels[:-1])
        made[labels] = _new_group(parent, _free_name(labels[-1], parent))
        _write_text(made[labels], "label", labels[-1])
    return made[labels]


def _new_group(parent: Any, name: str) -> Any:
    """Make a group that does not say when it was made."""
    import h5py

    link = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    link.set_char_encoding(h5py.h5t.CSET_UTF8)
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(parent.id, name.encode(), link, creation))


def _free_name(label: str, group: Any) -> str:
    """Spell a label so that it can name a member of a group."""
    text = label.encode("utf-8", "replace").decode()  # names of folders need not be Unicode
    name = text.replace("/", "_").replace("\0", "_").strip(".") or "_"
    while name in group or name in _RESERVED:
        name += "_"
    return name


def _write_content(
    file: Any, frame: Frame, groups: Sequence[Any], content: Content, start: int
) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["version"] = VERSION
    source, kept = content.source, content.kept
    rows = np.full(len(source), -1, np.int64)  # of the images in the pack
    rows[kept] = np.arange(len(kept))
    for group, (labels, numbers) in zip(groups, frame.groups, strict=True):
        there = np.flatnonzero(rows[numbers] >= 0)
        if frame.shape is None:
            group["offsets"] = _spans(content.images[numbers[there]], start)
        elif len(there) < len(numbers):
            group["slots"] = there
        if labels:
            group["order"] = rows[numbers[there]]
        columns = {key: column[numbers[there]] for key, column in source.columns.items()}
        _write_columns(group, columns)
    about = _new_group(file, "about")
    _write_about(about, content, start)
    column = only(source.labels)
    if column is not None and column.kind in ("class", "hierarchical"):
        names = column.names
        file.attrs["class_names"] = json.dumps(names[0] if len(names) == 1 else names)
    else:
        _write_labels(file, {key: column.take(kept) for key, column in source.labels.items()})
    for name, value in content.attributes.items():
        file.attrs[name] = value
    file.attrs["complete"] = True


def _spans(entries: Array, start: int) -> Array:
    """First byte of each image in "bytes", and the byte after its last."""
    first = entries["start"] - start
    return np.stack([first, first + entries["size"]], axis=1)


def _write_about(group: Any, content: Content, start: int) -> None:
    """Write what belongs to images in the order of their rows: names, checksums, masks, boxes."""
    names = CompactStrings.from_list(map(content.source.name, content.kept.tolist()))
    group["names"], group["name_offsets"] = names.blob, names.offsets
    group["crc32"] = content.images["crc"][content.kept]
    if content.masks is not None:
        entries = content.masks[content.kept]
        group["masks"], group["mask_crc32"] = _spans(entries, start), entries["crc"]
    if content.boxes is not None:
        boxes = content.boxes
        group["boxes"], group["box_labels"] = boxes.boxes, boxes.labels
        group["box_offsets"] = boxes.offsets
        group["boxes"].attrs["class_names"] = json.dumps(boxes.class_names)
        group["boxes"].attrs["format"] = content.box_format


def _write_columns(group: Any, columns: Mapping[str, Array]) -> None:
    if not columns:
        return
    below = _new_group(group, "columns")
    for name, column in columns.items():
        if column.dtype.kind in "biuf":
            dataset = below.create_dataset(_free_name(name, below), data=column)
        else:
            text = np.frombuffer(json.dumps(plain_cells(column)).encode(), np.uint8)
            dataset = below.create_dataset(_free_name(name, below), data=text)
            dataset.attrs["encoding"] = "json"
        _write_text(dataset, "name", name)


def _write_text(member: Any, name: str, text: str) -> None:
    """Write an attribute that may hold the bytes of names of folders that are no UTF-8."""
    import h5py

    data = text.encode("utf-8", "surrogateescape")
    member.attrs.create(name, data, dtype=h5py.string_dtype("utf-8"))


def _write_labels(file: Any, labels: Mapping[str, Labels]) -> None:
    """Write labels that are no single class; several columns share a group."""
    parent = file if len(labels) == 1 else _new_group(file, "labels")
    for name, column in labels.items():
        key = "labels" if parent is file else _free_name(name, parent)
        dataset = parent.create_dataset(key, data=column.values)
        _write_text(dataset, "name", name)
        dataset.attrs["kind"] = column.kind
        dataset.attrs["names"] = json.dumps(column.names)
