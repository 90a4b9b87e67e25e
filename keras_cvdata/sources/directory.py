"""Images in folders, one folder a class."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.codec.limits import max_bytes
from keras_cvdata.labels import Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.files import file_version, local_path, read_file
from keras_cvdata.sources.folders import EXTENSIONS, Folders, Listing, list_folder
from keras_cvdata.sources.index import Index, index_folder
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Ints, brief, one_line

SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval"}
TRAINING = {"train", "training"}

Run = tuple[str, int]  # images that follow each other in one folder: "cat/persian/", their number

_LONG = 30.0  # seconds of listing after which keeping it is recommended
_PIECE = 1 << 20  # bytes of names that are worked on together


class DirectorySource(Source):
    """Images in a folder with one sub-folder per class.

    All images below a class folder belong to the class. Samples are sorted by folder, then by path,
    byte by byte, so that every machine gives them the same rows. Files beside the class folders,
    hidden files and folders, and what desktop systems leave behind are passed over (R20), and
    `summary` counts by kind the files that are no images.

    The index takes the bytes of the paths and 6 bytes an image.

    Args:
        directory: Folder `<class>/<image>` (R17).
        class_names: The classes in the order of their integers; by default the folder names, sorted
            as text (1, 10, 2). Other folders are passed over, and `summary` counts them. A class
            may lack its folder where no folder is passed over.
        hierarchical: Take every level of folders as one level of labels (R19); all images must lie
            equally deep.
        unlabelled: Take all images below the folder, wherever they are, without labels.
        labels: One label for each image below the folder, wherever it is, instead of its folder:
            integers, names, numbers or rows of 0 and 1, in the order of folders and then of file
            names; `class_names` may name the integers.
        label_kind: Kind of `labels`, see `Labels.kind`; by default seen from the values.
        split: Read this part of a folder `<split>/<class>/<image>` (R18).
        follow_links: Follow symbolic links to folders below the classes. Within a class each folder
            is read once, so links in a circle do no harm. A class folder itself may be a link.
        index: Folder in which the listing is kept, so that folders that did not change, by their
            times, need not be listed the next time; True for the one that the environment variable
            `KERAS_CVDATA_INDEX` names, or else one in the cache folder of the user; by default that
            of the variable, where it is set; False for none. Not for file systems on which adding
            a file does not change the time of its folder, such as mounted object stores.
        verbose: 0 shows no progress.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is a file.
        OSError: A folder cannot be read.
        TypeError: `index` is no folder.
        ValueError: There are no images, no class folders, or classes without folders beside folders
            that are no class; `labels` are not as many as the images.

    Example:
        >>> import pathlib, tempfile
        >>> root = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("dog/1.jpg", "cat/7.png", "cat/notes.txt"):
        ...     (root / name).parent.mkdir(exist_ok=True)
        ...     (root / name).touch()
        >>> source = DirectorySource(root)
        >>> source.class_names, len(source), source.name(0).endswith("cat/7.png")
        (('cat', 'dog'), 2, True)

    Source: Handbook 2, part 5; R17 to R20.
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public reader
        self,
        directory: str | os.PathLike[str],
        *,
        class_names: Sequence[str] | None = None,
        hierarchical: bool = False,
        unlabelled: bool = False,
        labels: Any = None,
        label_kind: str | None = None,
        split: str | None = None,
        follow_links: bool = False,
        index: str | os.PathLike[str] | bool | None = None,
        verbose: int = 1,
    ) -> None:
        if class_names is not None and (hierarchical or unlabelled):
            raise ValueError(
                "class_names orders the classes of one level; leave it out with hierarchical=True "
                "and unlabelled=True."
            )
        self.directory = _find_folder(Path(directory).absolute(), split)
        self.columns, self.labels, self.notes = {}, {}, ()
        self.listed = labels is not None
        by_folder = not unlabelled and not self.listed
        kept = None
        if (folder := index_folder(index)) is not None:
            chosen = class_names if by_folder else None
            kept = Index(
                folder,
                directory=self.directory,
                follow_links=bool(follow_links),
                by_folder=by_folder,
                class_names=None if chosen is None else [str(name) for name in chosen],
            )
        folders = Folders(self.directory, follow_links, kept.load() if kept else {}, verbose)
        first, others = [""], Counter[str]()
        if by_folder:
            found = _class_folders(self.directory, folders.list_top(), class_names is not None)
            known = _known_folders(self.directory, found, class_names)
            first = [f"{name}/" for name in known]
            self.notes += _passed_over(found, known)
        self._list(folders, first, kept)
        runs = self._pack(folders, first, others)
        if by_folder:
            self.notes += _beside_classes(folders.listed[""], others)
        self.notes += _kinds(others)
        if self.listed:
            self.labels = {"label": self._given_labels(labels, class_names, label_kind, runs)}
        elif by_folder:
            if class_names is None:
                label_forms.warn_of_equal_looks(known)
            names = label_forms.sorted_names(known) if class_names is None else class_names
            self.labels = {"label": self._make_labels(names, hierarchical, runs)}

    def _list(self, folders: Folders, first: Sequence[str], kept: Index | None) -> None:
        """List everything, and keep it for the next time."""
        began = time.monotonic()
        folders.list_below(first)
        seconds = time.monotonic() - began
        if kept is None and seconds > _LONG:
            self.notes += (f"listing took {seconds:.0f} s; index=True keeps it for the next time",)
        if kept is None or not folders.changed:
            return
        try:
            kept.keep(folders.listed)
        except OSError as error:
            self.notes += (f"the listing could not be kept for the next time: {error}",)

    def _pack(self, folders: Folders, first: Sequence[str], others: Counter[str]) -> list[Run]:
        """Pack the paths folder by folder, without ever holding them all as objects."""
        runs: list[Run] = []

        def texts() -> Iterator[bytes]:
            for folder, names in (run for path in first for run in folders.runs(path, others)):
                runs.append((folder, names.count(b"\0")))
                yield from _prefixed(folder, names)

        self._paths = CompactStrings.from_terminated(texts())
        if not len(self._paths):
            raise ValueError(
                f"{self.directory}: no file in its folders ends like an image "
                f"({', '.join(EXTENSIONS)}). Check the path."
            )
        return runs

    def _make_labels(
        self, class_names: Sequence[str], hierarchical: bool, runs: Sequence[Run]
    ) -> Labels:
        folders = [folder for folder, _ in runs]
        if hierarchical:
            of_runs = label_forms.from_levels(
                [folder.rstrip("/") for folder in folders],
                where=lambda run: local_path(self.directory, folders[run]),
            )
        else:
            of_runs = label_forms.from_names([f.partition("/")[0] for f in folders], class_names)
        values = np.repeat(of_runs.values, [count for _, count in runs], axis=0)
        return Labels(of_runs.kind, values, of_runs.names)

    def _given_labels(
        self, labels: Any, class_names: Sequence[str] | None, kind: str | None, runs: Sequence[Run]
    ) -> Labels:
        """Take labels for the images in the order in which Keras lists them: folder by folder."""
        self._paths = self._paths.take(_folder_by_folder(self._paths, runs))
        count = len(self._paths)
        if len(labels) != count:
            raise ValueError(
                f"{self.directory} holds {count} images, from {self._paths[0]!r} to "
                f"{self._paths[count - 1]!r}, but there are {len(labels)} labels. Give one "
                "for each image, in the order of folders and then of file names."
            )
        return label_forms.from_array(labels, class_names, kind)

    def __len__(self) -> int:
        return len(self._paths)

    def relative_paths(self) -> Iterator[str]:
        """Path of each image below `directory`."""
        return (self._paths[position] for position in range(len(self)))

    def fetch(self, position: int) -> bytes:
        """Read the encoded file of one image."""
        return read_file(self.name(position), max_bytes(self.max_pixels))

    def name(self, position: int) -> str:
        """Path of one image."""
        return local_path(self.directory, self._paths[position])

    def version(self, position: int) -> str:
        """Size and time of last change of one image."""
        return file_version(self.name(position))


def _find_folder(directory: Path, split: str | None) -> str:
    path = directory / (split or "")
    if path.is_dir():
        return str(path)
    if path.exists():
        raise NotADirectoryError(f"{path} is a file, not a folder of images. Use open_source.")
    there = ""
    if split is not None and directory.is_dir():
        folders = [folder[:-1] for folder in list_folder(str(directory)).folders]
        there = f" {directory} holds {brief(folders)}."
    raise FileNotFoundError(f"{path}: there is no such folder. Check the path.{there}")


def _class_folders(directory: str, top: Listing, expect_splits: bool) -> list[str]:
    """Names of the class folders, sorted."""
    folders = sorted((folder[:-1] for folder in top.folders), key=os.fsencode)
    if not folders:
        if top.names:
            raise ValueError(
                f"{directory} holds images, but no class folders. Put the images of each class "
                "into a folder of its name, or read them without labels: unlabelled=True "
                "(label_mode=None in a sequence)."
            )
        raise ValueError(f"{directory} holds neither folders nor images. Check the path.")
    names = {folder.lower() for folder in folders}
    if not expect_splits and names <= SPLITS and names & TRAINING:
        inner = [f[:-1] for f in list_folder(local_path(directory, folders[0]), True).folders]
        if inner:
            raise ValueError(
                f"{directory} looks split already: its folders are {folders}, and the classes seem "
                f"to be {inner[:3]}. Read one part with split={folders[-1]!r}; if these are the "
                f"classes, pass class_names={folders}."
            )
    return folders


def _known_folders(
    directory: str, folders: Sequence[str], class_names: Sequence[str] | None
) -> Sequence[str]:
    """The folders that are classes; all but where `class_names` names some of them."""
    if class_names is None:
        return folders
    wanted, there = set(class_names), set(folders)
    known = [name for name in folders if name in wanted]
    missing = [name for name in class_names if name not in there]
    if len(known) < len(folders) and missing:
        raise ValueError(
            f"{directory}: the classes {missing[:5]} have no folder, and the folders "
            f"{[name for name in folders if name not in wanted][:5]} are not in class_names. "
            "Correct the names, or make empty folders for classes without images."
        )
    return known


def _passed_over(found: Sequence[str], used: Sequence[str]) -> tuple[str, ...]:
    """What the summary says of folders that are no class."""
    known = set(used)
    others = [folder for folder in found if folder not in known]
    if not others:
        return ()
    names = one_line(", ".join(others[:5])) + (", ..." if len(others) > 5 else "")
    folders = "1 folder" if len(others) == 1 else f"{len(others)} folders"
    return (f"passed over: {folders} not in class_names ({names})",)


def _prefixed(folder: str, names: bytes) -> Iterator[bytes]:
    """Paths of images in a folder, some at a time."""
    prefix = folder.encode("utf-8", "surrogateescape")
    start = 0
    while start < len(names):
        end = names.find(b"\0", min(start + _PIECE, len(names) - 1))
        yield prefix + names[start:end].replace(b"\0", b"\0" + prefix) + b"\0"
        start = end + 1


def _folder_by_folder(paths: CompactStrings, runs: Sequence[Run]) -> Ints:
    """Positions in the order of folders and then of file names."""
    folders: dict[str, list[Ints]] = {}
    start = 0
    for folder, count in runs:
        folders.setdefault(folder[:-1], []).append(np.arange(start, start + count))
        start += count
    positions = [np.concatenate(folders[folder]) for folder in sorted(folders)]
    if not (paths.blob < 128).all():  # bytes that are no UTF-8 sort otherwise as text
        positions = [np.array(sorted(p.tolist(), key=paths.__getitem__)) for p in positions]
    return np.concatenate(positions)


def _beside_classes(top: Listing, others: Counter[str]) -> tuple[str, ...]:
    """Count the images beside the class folders, and put the other files to those passed over."""
    others.update(top.others)
    images = top.names.count(b"\0") - len(top.folders)
    return (f"passed over: {images} images beside the class folders",) if images else ()


def _kinds(others: Counter[str]) -> tuple[str, ...]:
    """Say how many files of each kind were no images."""
    if not others:
        return ()
    most = sorted(others.items(), key=lambda entry: (-entry[1], entry[0]))
    kinds = [f"{one_line(kind)} {count}" for kind, count in most[:10]]
    more = ["..."] if len(most) > 10 else []
    return (f"passed over: {', '.join(kinds + more)}",)
