"""HDF5 files that lead elsewhere, are damaged inside, or bring the library down."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.faults.fault import Fault
from tests.faults.hdf5_faults import (
    ONES,
    plain,
    read,
    read_untrusted,
    read_where_the_labels_are_elsewhere,
)

SECRET = b"root:x:0:0:a secret of the machine"


def _written(folder: Path, fill: Any, **options: Any) -> Path:
    (folder / "secret").write_bytes(SECRET * 20)
    path = folder / "a.h5"
    with h5py.File(path, "w", **options) as file:
        fill(file, str(folder / "secret"))
    return path


# What leads elsewhere.


def _external_link(file: Any, secret: str) -> None:
    file["cat"] = h5py.ExternalLink(secret, "/")


def _soft_link(file: Any, secret: str) -> None:
    file["images"] = h5py.SoftLink("/elsewhere")


def _raw_storage(file: Any, secret: str) -> None:
    file.create_dataset("images", (2, 8, 8, 4), "u1", external=[(secret, 0, 512)])


def _raw_storage_of_labels(file: Any, secret: str) -> None:
    file["images"] = ONES
    file.create_dataset("labels", (4,), "S8", external=[(secret, 0, 32)])


def _virtual(file: Any, secret: str) -> None:
    layout = h5py.VirtualLayout((2, 8, 8), "u1")
    layout[0] = h5py.VirtualSource(secret, "x", (8, 8))
    file.create_virtual_dataset("images", layout)


def _virtual_columns(file: Any, secret: str) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource(secret, "x", (4,))
    file["cat/images"] = ONES
    file.create_group("cat/columns").create_virtual_dataset("year", layout)


def labels_in_raw_storage(folder: Path) -> Path:
    path = _written(folder, lambda file, _: file.update(images=ONES))
    with h5py.File(folder / "labels.h5", "w") as file:
        file.create_dataset("labels", (4,), "S8", external=[(str(folder / "secret"), 0, 32)])
    return path


ELSEWHERE = (
    ("external-link", _external_link, "ValueError: .*/cat: this is a link to another file"),
    ("soft-link", _soft_link, "ValueError: .*/images: this is a link to another place"),
    ("external-storage", _raw_storage, "ValueError: .*/images: the data lie in other files"),
    (
        "external-storage-of-labels",
        _raw_storage_of_labels,
        "ValueError: .*/labels: the data lie in other files",
    ),
    ("virtual-dataset", _virtual, "ValueError: .*/images: the data lie in other files"),
    (
        "virtual-dataset-of-a-column",
        _virtual_columns,
        "ValueError: .*/cat/columns/year: the data lie in other files",
    ),
)

# What is of the wrong kind.


def _attributes(file: Any, secret: str) -> None:
    file["images"] = ONES
    file["images"].attrs["value_range"] = "from black to white"


def _version(file: Any, secret: str) -> None:
    file.attrs.update(format="keras_cvdata", complete=True, version=[1, 2])


def _class_names(file: Any, secret: str) -> None:
    file.attrs.update(format="keras_cvdata", complete=True, version=1, class_names="[" * 100_000)


def _compound_labels(file: Any, secret: str) -> None:
    file["images"] = ONES
    file["labels"] = np.zeros(4, [("a", "u1"), ("b", "f4")])


def _order_as_text(file: Any, secret: str) -> None:
    file["cat/images"], file["cat/order"] = ONES, ["first", "second", "third", "fourth"]


def _group_of_labels(file: Any, secret: str) -> None:
    file["images"], file["labels/a/b"] = ONES, [0, 1, 0, 1]


def _text_that_is_no_utf8(file: Any, secret: str) -> None:
    file["images"] = ONES
    kind = h5py.string_dtype("utf-8")
    file.create_dataset("labels", data=[b"caf\xe9", b"b", b"a", b"b"], dtype=kind)


def _missing_filter(file: Any, secret: str) -> None:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((1, 8, 8, 3))
    creation.set_filter(32_767, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple(ONES.shape)
    h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, creation)
    file["images"][...] = ONES


def _circle(file: Any, secret: str) -> None:
    file["cat/images"] = ONES
    file["cat/again"] = file["/"]


def _thousand_groups_in_each_other(file: Any, secret: str) -> None:
    file["/".join(["g"] * 1000)] = ONES


KINDS = (
    ("attribute-of-the-wrong-kind", _attributes, "ValueError: .*/images: .*'value_range' must be"),
    ("version-of-the-wrong-kind", _version, "ValueError: .*the version .* is damaged"),
    ("class-names-that-are-no-json", _class_names, "ValueError: .*'class_names'.*damaged inside"),
    ("labels-as-records", _compound_labels, "ValueError: .*/labels: expected numbers or text"),
    ("order-as-text", _order_as_text, "ValueError: .*'order' of the groups must hold"),
    ("labels-in-groups", _group_of_labels, "ValueError: .*/labels/a: expected a dataset of labels"),
    ("text-that-is-no-utf-8", _text_that_is_no_utf8, "ValueError: .*/labels: .*not UTF-8"),
    ("filter-that-is-missing", _missing_filter, "ValueError: .*/images: .*by the filter 32767"),
    ("groups-in-a-circle", _circle, "ValueError: .*lead in a circle"),
    ("thousand-nested-groups", _thousand_groups_in_each_other, "ValueError: .*nest deeper than 16"),
)

QUICK = ("external-link", "external-storage", "labels-as-records")

# What is damaged.


def cut_short(folder: Path) -> Path:
    data = plain(folder).read_bytes()
    for end in range(0, len(data), 37):
        (folder / f"{end:05}.cut").write_bytes(data[:end])
    return folder


def read_each(folder: Path) -> str:
    files = sorted(folder.glob("*.cut"))
    for path in files:
        came = "read"
        try:
            read(path)
        except ValueError as error:
            came = str(error)
        if path.name not in came:
            return f"{path.name}: {came}"
    return f"each of {len(files)} is named"


def heap_without_end(folder: Path) -> Path:
    """The library goes round in an object that takes as much room as there is, and some more."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file["cat/images"] = ONES
        file["cat"].attrs["label"] = "a longer name"
    data = bytearray(path.read_bytes())
    at = data.index(b"a longer name")
    data[at - 8 : at] = (2**64 - 16).to_bytes(8, "little")
    path.write_bytes(data)
    return path


def attribute_of_gigabytes(folder: Path) -> Path:
    """The library makes room for what a cell says before it looks for it."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file["cat/images"] = ONES
        file["cat"].attrs["label"] = "x" * 1234
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    at = data.index((1234).to_bytes(4, "little") + heap.to_bytes(8, "little"))
    data[at : at + 4] = (3 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def tree_that_holds_itself(folder: Path, kind: int, key: int) -> Path:
    """A node of a B-tree whose child it is: the library looks for a leaf until the stack ends."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=ONES, chunks=(1, 8, 8, 3))
    data = bytearray(path.read_bytes())
    at = data.index(b"TREE" + bytes([kind]))
    data[at + 5] = 1  # its level
    data[at + 24 + key : at + 32 + key] = at.to_bytes(8, "little")
    path.write_bytes(data)
    return path


def type_of_types(folder: Path) -> Path:
    kind = h5py.h5t.NATIVE_INT8
    for _ in range(5000):
        kind = h5py.h5t.vlen_create(kind)

    def fill(file: Any, secret: str) -> None:
        file["cat/images"] = ONES
        h5py.h5a.create(file["cat"].id, b"label", kind, h5py.h5s.create(h5py.h5s.SCALAR))

    return _written(folder, fill, libver="latest")


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(name, "hdf5", partial(_written, fill=fill), read, expected, quick=name in QUICK)
        for name, fill, expected in ELSEWHERE + KINDS
    ),
    Fault(
        "external-storage-in-the-file-of-labels",
        "hdf5",
        labels_in_raw_storage,
        read_where_the_labels_are_elsewhere,
        r"ValueError: .*labels\.h5/labels: the data lie in other files",
    ),
    Fault("type-of-five-thousand-types", "hdf5", type_of_types, read, "4 images"),
    Fault("cut-short-anywhere", "hdf5", cut_short, read_each, "each of .* is named"),
    Fault(
        "attribute-of-gigabytes",
        "hdf5",
        attribute_of_gigabytes,
        read_untrusted,
        r"ValueError: .*a\.h5",
    ),
    *(
        Fault(name, "hdf5", make, read_untrusted, r": .*a\.h5.* ended the process.*signal 11")
        for name, make in (
            ("groups-in-a-tree-without-end", partial(tree_that_holds_itself, kind=0, key=8)),
            ("chunks-in-a-tree-without-end", partial(tree_that_holds_itself, kind=1, key=48)),
        )
    ),
    Fault(
        "heap-without-end",
        "hdf5",
        heap_without_end,
        read_untrusted,
        r"ValueError: .*a\.h5: the HDF5 library ended the process.*no answer in 10",
        cpu=15,
        seconds=40,
    ),
)
