"""Images in folders, one folder a class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.codec.headers import max_bytes
from keras_cvdata.labels import Labels
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.files import file_version, local_path, read_file
from keras_cvdata.sources.strings import CompactStrings

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"),
    *(".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
)

# Folders that desktop systems and cameras' storage leave behind, with small copies of the images.
_LITTER_FILES = {"thumbs.db", "desktop.ini"}
_LITTER = {"__macosx", "@eadir", "$recycle.bin", "system volume information"}

SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval"}
TRAINING = {"train", "training"}

Run = tuple[str, list[str]]  # images that follow each other in one folder: "cat/persian/", names


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
        verbose: 0 shows no progress.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is a file.
        OSError: A folder cannot be read.
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
        verbose: int = 1,
    ) -> None:
        if class_names is not None and (hierarchical or unlabelled):
            raise ValueError(
                "class_names orders the classes of one level; leave it out with hierarchical=True "
                "and unlabelled=True."
            )
        self.directory = _find_folder(Path(directory).absolute(), split)
        self.columns = {}
        passed_over: Counter[str] = Counter()
        self.listed = labels is not None
        by_folder = not unlabelled and not self.listed
        if by_folder:
            found = _class_folders(self.directory, expect_splits=class_names is not None)
            folders = _known_folders(self.directory, found, class_names)
            self.notes = _passed_over(found, folders)
            runs: Iterator[Run] = (
                run
                for folder in folders
                for run in _walk(
                    local_path(self.directory, folder),
                    f"{folder}/",
                    follow_links,
                    set(),
                    passed_over,
                )
            )
        else:
            runs = _walk(self.directory, "", follow_links, set(), passed_over)
        self._index(runs, verbose)
        if by_folder:
            self.notes += _beside_classes(self.directory, passed_over)
        self.notes += _kinds(passed_over)
        self.labels = {}
        if self.listed:
            self.labels = {"label": self._given_labels(labels, class_names, label_kind)}
        elif not unlabelled:
            names = label_forms.sorted_names(folders) if class_names is None else class_names
            self.labels = {"label": self._make_labels(names, hierarchical)}
        del self._runs

    def _index(self, runs: Iterator[Run], verbose: int) -> None:
        """Pack the paths as they are found, without ever holding them all as objects."""
        self._runs: list[tuple[str, int]] = []

        def paths() -> Iterator[str]:
            for folder, names in runs:
                self._runs.append((folder, len(names)))
                yield from (folder + name for name in names)

        self._paths = CompactStrings.from_list(track(paths(), "Listing images", verbose=verbose))
        if not len(self._paths):
            raise ValueError(
                f"{self.directory}: no file in its folders ends like an image "
                f"({', '.join(EXTENSIONS)}). Check the path."
            )

    def _make_labels(self, class_names: Sequence[str], hierarchical: bool) -> Labels:
        folders = [folder for folder, _ in self._runs]
        if hierarchical:
            of_runs = label_forms.from_levels(
                [folder.rstrip("/") for folder in folders],
                where=lambda run: local_path(self.directory, folders[run]),
            )
        else:
            of_runs = label_forms.from_names([f.partition("/")[0] for f in folders], class_names)
        return of_runs.take(np.repeat(np.arange(len(folders)), [count for _, count in self._runs]))

    def _given_labels(
        self, labels: Any, class_names: Sequence[str] | None, kind: str | None
    ) -> Labels:
        """Take labels for the images in the order in which Keras lists them: folder by folder."""
        paths = list(self.relative_paths())
        in_order = sorted(range(len(paths)), key=lambda i: paths[i].rpartition("/")[::2])
        self._paths = self._paths.take(np.array(in_order))
        if len(labels) != len(paths):
            raise ValueError(
                f"{self.directory} holds {len(paths)} images, from {self._paths[0]!r} to "
                f"{self._paths[len(paths) - 1]!r}, but there are {len(labels)} labels. Give one "
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
        there = (
            f" {directory} holds {[name for name, folder in _entries(str(directory)) if folder]}."
        )
    raise FileNotFoundError(f"{path}: there is no such folder. Check the path.{there}")


def _class_folders(directory: str, expect_splits: bool) -> list[str]:
    """Names of the class folders, sorted."""
    entries = list(_entries(directory, follow_links=True))
    folders = sorted((name for name, folder in entries if folder), key=os.fsencode)
    if not folders:
        if entries:
            raise ValueError(
                f"{directory} holds images, but no class folders. Put the images of each class "
                "into a folder of its name, or read them without labels: unlabelled=True "
                "(label_mode=None in a sequence)."
            )
        raise ValueError(f"{directory} holds neither folders nor images. Check the path.")
    names = {folder.lower() for folder in folders}
    if not expect_splits and names <= SPLITS and names & TRAINING:
        inner = [
            name for name, folder in _entries(local_path(directory, folders[0]), True) if folder
        ]
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
    known = [name for name in folders if name in class_names]
    missing = [name for name in class_names if name not in folders]
    if len(known) < len(folders) and missing:
        raise ValueError(
            f"{directory}: the classes {missing[:5]} have no folder, and the folders "
            f"{[name for name in folders if name not in known][:5]} are not in class_names. "
            "Correct the names, or make empty folders for classes without images."
        )
    return known


def _passed_over(found: Sequence[str], used: Sequence[str]) -> tuple[str, ...]:
    """What the summary says of folders that are no class."""
    known = set(used)
    others = [folder for folder in found if folder not in known]
    if not others:
        return ()
    names = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
    folders = "1 folder" if len(others) == 1 else f"{len(others)} folders"
    return (f"passed over: {folders} not in class_names ({names})",)


def _walk(
    path: str,
    relative: str,
    follow_links: bool,
    seen: set[tuple[int, int]],
    passed_over: Counter[str],
) -> Iterator[Run]:
    """Runs of images below a folder, in the byte order of their paths."""
    if follow_links:
        status = Path(path).stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
    names: list[str] = []
    for name, is_folder in _entries(path, follow_links, passed_over):
        if not is_folder:
            names.append(name)
            continue
        if names:
            yield relative, names
            names = []
        yield from _walk(
            local_path(path, name), f"{relative}{name}/", follow_links, seen, passed_over
        )
    if names:
        yield relative, names


def _beside_classes(directory: str, passed_over: Counter[str]) -> tuple[str, ...]:
    """Count the images beside the class folders, and put the other files to those passed over."""
    images = sum(not folder for _, folder in _entries(directory, True, passed_over))
    return (f"passed over: {images} images beside the class folders",) if images else ()


def _kinds(passed_over: Counter[str]) -> tuple[str, ...]:
    """Say how many files of each kind were no images."""
    if not passed_over:
        return ()
    kinds = [f"{kind} {count}" for kind, count in passed_over.most_common(10)]
    more = ["..."] if len(passed_over) > 10 else []
    return (f"passed over: {', '.join(kinds + more)}",)


def _entries(
    path: str, follow_links: bool = False, passed_over: Counter[str] | None = None
) -> Iterator[tuple[str, bool]]:
    """Images and folders in a folder, each with whether it is a folder, in path order.

    Other files are counted by their ending in `passed_over`.
    """
    found = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=follow_links):
                    if name.lower() not in _LITTER:
                        found.append((os.fsencode(name) + b"/", name, True))
                elif name.lower().endswith(EXTENSIONS):
                    found.append((os.fsencode(name), name, False))
                elif passed_over is not None and name.lower() not in _LITTER_FILES:
                    passed_over[Path(name).suffix.lower() or "without an ending"] += 1
    except OSError as error:
        raise type(error)(
            f"{path}: the folder cannot be read: {error.strerror}. Change its permissions, or move "
            "it away."
        ) from error
    found.sort()
    return ((name, is_folder) for _, name, is_folder in found)
