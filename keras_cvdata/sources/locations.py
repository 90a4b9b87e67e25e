"""Where the images of a table are: what rows say, and whether the files are there."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.sources.embedded import is_embedded
from keras_cvdata.sources.folders import EXTENSIONS
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Ints

MISSING = ("raise", "drop", "later")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://")
LONGEST_PATH = 32_767 if os.sep == "\\" else 4_096  # characters that a system takes
_FEW = 4  # files of a folder that are looked up one by one
_ENTRIES_PER_FILE = 30  # a folder of far more files than are named is not listed to its end


def is_url(location: str) -> bool:
    """Say whether a location is remote: whether it begins with `scheme://`."""
    return _URL.match(location) is not None


def real_path(path: str | os.PathLike[str]) -> Path:
    """Path without symbolic links; of links in a circle, which lead nowhere, as it is."""
    return Path(os.path.realpath(path))  # `Path.resolve` raises RuntimeError there


def is_local(location: Any) -> bool:
    """Say whether a location is the path of a file: neither a URL nor the pixels themselves."""
    return _is_name(location) and not is_url(location)


def complete_paths(locations: Any, root: Path, extension: str | None) -> Any:
    r"""Bring the paths of a table to slashes, and give ids their ending.

    Backslashes are those of Windows, unless the first such path names a file as it is, which it can
    on other systems.

    Args:
        locations: `CompactStrings`, or a list of any locations.
        root: Folder that relative paths start from.
        extension: Ending of the files, such as ".jpg", for paths and URLs that do not end so
            already; None leaves them.

    Returns:
        The locations, of the same type.

    Raises:
        ValueError: `extension` is empty or a path.
    """
    if extension is not None:
        if not extension.strip(".") or "/" in extension:
            raise ValueError(f"extension must be an ending such as '.jpg'; got {extension!r}.")
        extension = "." + extension.removeprefix(".")
    slashes = _has_foreign_backslashes(locations, root)
    if extension is None and not slashes:
        return locations
    completed = (
        _completed(location, slashes, extension or "") if _is_name(location) else location
        for location in locations
    )
    if isinstance(locations, CompactStrings):
        return CompactStrings.from_list(completed)
    return list(completed)


def _is_name(location: Any) -> bool:
    return isinstance(location, str) and not is_embedded(location)


def _completed(path: str, slashes: bool, extension: str) -> str:
    if slashes and not is_url(path):
        path = path.replace("\\", "/")
    return path if path.lower().endswith(extension.lower()) else path + extension


def _has_foreign_backslashes(locations: Any, root: Path) -> bool:
    if isinstance(locations, CompactStrings) and not (locations.blob == ord("\\")).any():
        return False
    first = next((text for text in locations if is_local(text) and "\\" in text), None)
    return first is not None and (os.sep == "\\" or not _exists(root / first))


def find_missing(locations: Sequence[Any] | CompactStrings, root: Path, confined: bool) -> Ints:
    """Find the local files that do not exist, by one listing of each folder.

    Args:
        locations: Locations of any kind.
        root: Folder that relative paths start from.
        confined: Look at nothing outside `root`.

    Returns:
        Positions of the files, ascending.
    """
    folders: dict[str, tuple[array[int], array[int]]] = {}
    missing: list[int] = []
    for position, location in enumerate(locations):
        if is_local(location) and "\0" not in location:  # what no path can hold is said on reading
            if len(location) > LONGEST_PATH:
                missing.append(position)
                continue
            cut = location.rfind("/") + 1
            positions, names = folders.setdefault(location[:cut], (array("q"), array("q")))
            positions.append(position)
            names.append(hash(location[cut:]))
    for folder, (positions, names) in folders.items():
        path = root / folder
        if confined and not real_path(path).is_relative_to(root):
            continue  # said on reading
        try:
            unseen = _not_listed(path, np.array(positions), np.array(names))
        except (FileNotFoundError, NotADirectoryError):
            missing += positions
            continue
        # The system may take `A.JPG` for `a.jpg`.
        missing += [row for row in unseen if not _exists(path / locations[row][len(folder) :])]
    return np.array(sorted(missing), np.int64)


def _not_listed(folder: Path, positions: Ints, names: Ints) -> list[int]:
    """Positions of the names that a listing of the folder does not show."""
    if len(positions) < _FEW:
        return positions.tolist()  # type: ignore[no-any-return]
    try:
        with os.scandir(folder) as entries:
            some = islice(entries, _ENTRIES_PER_FILE * len(positions))
            # A link may lead nowhere.
            shown = np.fromiter((hash(e.name) for e in some if not e.is_symlink()), np.int64)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError:  # nothing but reading known names is allowed
        return positions.tolist()  # type: ignore[no-any-return]
    return positions[~np.isin(names, shown)].tolist()  # type: ignore[no-any-return]


def _exists(path: Path) -> bool:
    """Whether there is a file; what may not be looked at may be there."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except OSError:  # such as a name that is too long
        return False


def suggest_extension(path: Path) -> str | None:
    """Ending with which a path would be that of an image, None where there is none."""
    return next((e for e in EXTENSIONS if _exists(path.with_name(path.name + e))), None)
