"""Which members of an HDF5 file hold the images, and which their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from keras_cvdata.sources.directory import SPLITS, TRAINING
from keras_cvdata.sources.hdf5_guard import is_dataset, member_at, members
from keras_cvdata.types import Array, brief

BESIDE_IMAGES = ("offsets", "order", "slots")
CHANNEL_COUNTS = (1, 3, 4)  # a last axis of this size makes three axes one colour image

_PAIRS = (
    *(("images", "labels"), ("encoded", "labels"), ("image", "label"), ("x", "y"), ("X", "y")),
    *(("X", "Y"), ("x_train", "y_train"), ("X_train", "y_train"), ("train_set_x", "train_set_y")),
)


@dataclass(frozen=True)
class Keys:
    """What the user says of the members of a file.

    Attributes:
        images: Path of the images, or of a group to start from; None looks for usual names.
        labels: Path of the labels; None looks for usual names.
        label_file: Another `h5py.File` with the labels, or None.
    """

    images: str | None = None
    labels: str | None = None
    label_file: Any = None


class Found(NamedTuple):
    """Where images and labels are.

    Attributes:
        group: Group that holds the images, or the groups of the classes.
        images: Name of the dataset of images in it; None where each class has a group.
        labels: Dataset of labels, group of them, or None.
    """

    group: Any
    images: str | None
    labels: Any


def find_members(file: Any, where: str, keys: Keys) -> Found:
    """Find the images and labels of a file by the names that were given, or by usual ones.

    Args:
        file: `h5py.File`.
        where: Name of the file for messages.
        keys: Names that were given.

    Returns:
        Where they are.

    Raises:
        ValueError: There is no such member, or labels are named for images that lie in groups of
            classes.
    """
    group, images = _images(file, where, keys.images)
    if keys.label_file is not None:
        labels = _labels_of_other_file(keys.label_file, keys.labels)
    elif keys.labels is not None:
        labels = member_at(file, keys.labels, where)
    else:
        beside = [label for name, label in _PAIRS if name == images and label in group]
        labels = member_at(group, beside[0], where) if beside else None
    if images is None and labels is not None:
        raise ValueError(
            f"{where}: labels are given, but which dataset are the images? The file holds "
            f"{sorted(group)}. Name it with image_key=, such as image_key='train/image'."
        )
    return Found(group, images, labels)


def _images(file: Any, where: str, key: str | None) -> tuple[Any, str | None]:
    """Group and name of the images; the name is None where each class seems to have a group."""
    start = file
    if key is not None:
        start = member_at(file, key, where)
        if is_dataset(start):
            return start.parent, start.name.rpartition("/")[2]
    found = dict(members(start, where))
    if (images := _usual(found)) is not None:
        return start, images
    only = next(iter(found.values())) if len(found) == 1 else None
    if only is not None and not is_dataset(only):  # `data/image` with `data/label`
        inner = dict(members(only, where))
        images = _usual(inner)
        if images is not None and any(name == images and label in inner for name, label in _PAIRS):
            return only, images
    return start, None


def _usual(found: Mapping[str, Any]) -> str | None:
    return next((name for name, _ in _PAIRS if is_dataset(found.get(name))), None)


def _labels_of_other_file(file: Any, key: str | None) -> Any:
    where = file.filename
    if key is not None:
        return member_at(file, key, where)
    found = dict(members(file, where))
    datasets = {name: member for name, member in found.items() if is_dataset(member)}
    usual = [label for _, label in _PAIRS if label in datasets]
    if not usual and len(datasets) != 1:
        raise ValueError(
            f"{where}: which dataset are the labels? The file holds {sorted(found)}. Name it with "
            "label_key=."
        )
    return datasets[usual[0]] if usual else next(iter(datasets.values()))


def check_classes(group: Any, where: str) -> None:
    """Refuse to take parts of a collection, such as `train` and `test`, for classes.

    Args:
        group: Group that holds the groups of the classes.
        where: Name of the file for messages.

    Raises:
        ValueError: The groups are named as parts.
    """
    names = sorted(group)
    lower = {name.lower() for name in names}
    if lower <= SPLITS and lower & TRAINING:
        training = next(name for name in names if name.lower() in TRAINING)
        path = f"{group.name}/{training}".strip("/")
        raise ValueError(
            f"{where}: the groups {names} look like parts of a collection, not like classes. Read "
            f"one with image_key={path!r}; if these are the classes, pass class_names={names}."
        )


def check_class(datasets: Mapping[str, Any], place: str, where: str) -> None:
    """Refuse to take a group for a class that holds images and a label for each of them.

    Args:
        datasets: Datasets of the group.
        place: Address of the group.
        where: Name of the file for messages.

    Raises:
        ValueError: A dataset holds as many single values as another holds images.
    """
    stacks = {len(data): name for name, data in datasets.items() if _is_stack(name, data)}
    for labels, values in datasets.items():
        images = stacks.get(len(values)) if values.ndim else None
        if images in (None, labels) or labels in BESIDE_IMAGES:
            continue
        if values.size == len(values) or (images, labels) in _PAIRS:
            path = place.removeprefix(where).strip("/")
            raise ValueError(
                f"{place} is no class: its {brief(labels)} holds one label for each image of "
                f"{images!r}. Choose what to read: image_key='{path}/{images}', "
                f"label_key='{path}/{labels}'."
            )


def _is_stack(name: str, data: Any) -> bool:
    """Whether a dataset holds several images, and not one image in colour."""
    usual = any(name == images for images, _ in _PAIRS)
    return data.ndim == 4 or (data.ndim == 3 and (usual or data.shape[-1] not in CHANNEL_COUNTS))


def one_each(values: Array) -> Array:
    """Bring labels (N, 1), (N, 1, 1, 1) and the like to (N,); others stay as they are.

    Args:
        values: Labels of N images.

    Returns:
        The labels.
    """
    single = values.ndim > 1 and values.size == len(values)
    return values.reshape(-1) if single else values
