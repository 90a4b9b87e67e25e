"""The listing of a folder, kept in a file until a folder below it changes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.sources.files import read_file
from keras_cvdata.sources.folders import EXTENSIONS, LITTER, LITTER_FILES, Listing, decoded
from keras_cvdata.types import Array
from keras_cvdata.writing.drafts import NEW, clear, draft_folder

VARIABLE = "KERAS_CVDATA_INDEX"

_MAGIC = b"keras_cvdata index 1\n"
_DIGEST = 16  # bytes
_LONGEST = 1 << 40  # bytes


def index_folder(index: str | os.PathLike[str] | bool | None) -> Path | None:
    """Folder in which listings are kept.

    Args:
        index: A folder; True for the one that the environment variable `KERAS_CVDATA_INDEX` names,
            or else one in the cache folder of the user; None for that of the variable alone; False
            for none.

    Returns:
        The folder, which need not exist, or None; also where a user has no home.

    Raises:
        TypeError: `index` is nothing of the kind.

    Example:
        >>> print(index_folder(False))
        None
    """
    if isinstance(index, str | os.PathLike):
        return Path(index).expanduser().absolute()
    if index is not None and not isinstance(index, bool):
        raise TypeError(f"index must be a folder, True, False or None; got {index!r}.")
    named = os.environ.get(VARIABLE)
    if index is False or (index is None and not named):
        return None
    return Path(named).expanduser().absolute() if named else _user_folder()


def _user_folder() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:  # nobody says where it is
        home = Path()
    caches = {
        "win32": (os.environ.get("LOCALAPPDATA"), home / "AppData/Local"),
        "darwin": (None, home / "Library/Caches"),
    }
    named, usual = caches.get(sys.platform, (os.environ.get("XDG_CACHE_HOME"), home / ".cache"))
    folder = Path(named or usual) / "keras_cvdata" / "index"
    return folder if folder.is_absolute() else None


class Index:
    """Listings of a folder and of those below it, in one file for each way of listing it.

    The file holds no code, and is taken only whole: it begins with its format and a digest of all
    that follows, and names what it was made for. It appears complete or not at all, so any number
    of processes may read and write it.

    Args:
        folder: Folder that the file is in.
        **made_for: What decides the listing: the folder that is listed, and how.
    """

    def __init__(self, folder: Path, **made_for: Any) -> None:
        kinds = [*EXTENSIONS, *sorted(LITTER), *sorted(LITTER_FILES)]
        self.made_for = {**made_for, "kinds": kinds}
        name = hashlib.sha256(_as_json(self.made_for)).hexdigest()[:32]
        self.file = folder / f"{name}.index"
        self._drafts = folder / "index"  # where those of all files are, so that all are cleared

    def load(self) -> dict[str, Listing]:
        """Read the listings.

        Returns:
            The listings as `Folders.listed`; none where there is no file, or another one.
        """
        with suppress(OSError):
            clear(self._drafts)
        try:
            return self._parsed(read_file(str(self.file), _LONGEST))
        except (ValueError, LookupError, TypeError, RecursionError):
            return {}  # missing, damaged, or somebody else's

    def keep(self, listed: Mapping[str, Listing]) -> None:
        """Write listings for the next time.

        Args:
            listed: The listings, see `Folders.listed`.

        Raises:
            OSError: They cannot be written.
        """
        folder = self.file.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # names of files may be private
        digest = hashlib.blake2b(digest_size=_DIGEST)
        for part in self._parts(listed):
            digest.update(part)
        with draft_folder(self._drafts) as drafts:
            draft = drafts / NEW / self.file.name
            with draft.open("xb") as file:
                file.write(_MAGIC + digest.digest())
                for part in self._parts(listed):
                    file.write(part)
            draft.replace(self.file)  # without waiting for the disk: what it loses is noticed

    def _parts(self, listed: Mapping[str, Listing]) -> Iterator[bytes]:
        paths = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in listed)
        others = [[n, found.others] for n, found in enumerate(listed.values()) if found.others]
        counts = {"folders": len(listed), "paths": len(paths), "others": others}
        header = _as_json({"made for": self.made_for, **counts})
        yield np.array([len(header)], "<i8").tobytes()
        yield header
        numbers = [(*f.stamp, len(f.names), len(f.links)) for f in listed.values()]
        yield np.array(numbers, "<i8").tobytes()
        yield paths
        for found in listed.values():
            yield found.names
            yield found.links

    def _parsed(self, data: bytes) -> dict[str, Listing]:
        rest = memoryview(data)[len(_MAGIC) + _DIGEST :]
        digest = hashlib.blake2b(rest, digest_size=_DIGEST).digest()
        if not data.startswith(_MAGIC + digest):
            raise ValueError("it is damaged, or no index")
        at = 8 + int(np.frombuffer(rest, "<i8", 1)[0])
        header = json.loads(bytes(rest[8:at]))
        if header["made for"] != self.made_for:
            raise ValueError("it was made for something else")
        numbers = np.frombuffer(rest, "<i8", 4 * header["folders"], at).reshape(-1, 4)
        at += numbers.nbytes
        paths = decoded(bytes(rest[at : at + header["paths"]])).split("\0")[:-1]
        at += header["paths"]
        _check_names(bytes(rest[at:]), numbers[:, 2:].ravel())
        others = {int(number): dict(kinds) for number, kinds in header["others"]}
        listed = {}
        for number, (path, entry) in enumerate(zip(paths, numbers.tolist(), strict=True)):
            middle, end = at + entry[2], at + entry[2] + entry[3]
            names, links = bytes(rest[at:middle]), bytes(rest[middle:end])
            listed[path] = Listing((entry[0], entry[1]), names, links, others.get(number, {}))
            at = end
        return listed


def _check_names(names: bytes, lengths: Array) -> None:
    """Refuse names that lead out of their folder, and such as come from cutting others."""
    text = b"\0" + names
    inner = text.count(b"/") - text.count(b"/\0")
    dots = any(b"\0" + name in text for name in (b".\0", b"./", b"..\0", b"../", b"/"))
    if inner or dots or (os.sep != "/" and b"\\" in text):
        raise ValueError("a name leads out of its folder")
    ends = np.cumsum(lengths)
    if (lengths < 0).any() or ends[-1] != len(names) or np.frombuffer(text, np.uint8)[ends].any():
        raise ValueError("a name is cut")


def _as_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
