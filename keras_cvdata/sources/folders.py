"""What folders hold: each is listed once, several at a time."""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from keras_cvdata.progress import track
from keras_cvdata.sources.files import local_path
from keras_cvdata.types import one_line

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"),
    *(".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
)

# Folders that desktop systems and cameras' storage leave behind, with small copies of the images.
LITTER_FILES = {"thumbs.db", "desktop.ini"}
LITTER = {"__macosx", "@eadir", "$recycle.bin", "system volume information"}

# A change within the tick of the clock in which a folder was listed leaves no trace in its times.
# Ticks last up to 2 s (FAT), and the clock of a file server may lag behind.
_TICK = 10 * 10**9  # nanoseconds
NEVER = (0, 0)

_THREADS = 16
_MOST_EACH = 64  # folders that a thread lists before it says so
_AT_ONCE = 256  # such shares that are handed to the threads together


# Path of a folder and whether links are followed, to `names`, `links` and `others` of a `Listing`.
Scan = Callable[[str, bool], tuple[bytes, bytes, Mapping[str, int]]]


class Listing(NamedTuple):
    """What one folder holds.

    Attributes:
        stamp: When its entries and its state last changed, in nanoseconds, as the file system says;
            `NEVER` where a later change might not show in it.
        names: Its images and folders, sorted byte by byte, as UTF-8 text in which each name ends
            with a zero character, and that of a folder with a slash before it.
        links: The same of symbolic links, whatever they lead to, where links are followed.
        others: Number of the other files of each kind.
        identity: Numbers of its device and its inode.
    """

    stamp: tuple[int, int]
    names: bytes
    links: bytes
    others: Mapping[str, int]
    identity: tuple[int, int] = (0, 0)

    @property
    def folders(self) -> list[str]:
        """Names of the folders in it, each with a slash at its end."""
        return [decoded(folder) for _, folder in self.runs() if folder]

    def runs(self) -> Iterator[tuple[bytes, bytes]]:
        """The images, cut where a folder stands between them, each time with the folder."""
        start = 0
        while (slash := self.names.find(b"/", start)) >= 0:
            begin = max(start, self.names.rfind(b"\0", start, slash) + 1)
            yield self.names[start:begin], self.names[begin : slash + 1]
            start = slash + 2
        yield self.names[start:], b""


class Folders:
    """A folder and those below it.

    Args:
        top: Path of the folder.
        follow_links: Follow symbolic links to folders. Then each folder is read once below each of
            those that `list_below` and `runs` begin with, so links in a circle do no harm.
        known: Listings of an earlier time, which count for folders that did not change since.
        verbose: 0 shows no progress.
        scan: Lists one folder; by default the images and folders that this package takes.

    Attributes:
        listed: Listing of each folder so far, by its path below `top`, which ends with a slash;
            that of `top` is "".
    """

    def __init__(
        self,
        top: str,
        follow_links: bool,
        known: Mapping[str, Listing],
        verbose: int = 0,
        scan: Scan | None = None,
    ) -> None:
        self.top = top
        self.follow_links = follow_links
        self.listed: dict[str, Listing] = {}
        self._known = known
        self._verbose = verbose
        self._scan = scan

    @property
    def changed(self) -> bool:
        """Whether a folder is other than it was known to be."""
        return any(
            path not in self._known or found[:4] != self._known[path][:4]
            for path, found in self.listed.items()
        )

    def list_top(self) -> Listing:
        """List the top folder alone, with links to folders in it followed.

        Returns:
            What it holds.

        Raises:
            OSError: It cannot be read.
        """
        self.listed[""] = list_folder(self.top, True, self._known.get(""))
        return self.listed[""]

    def list_below(self, first: Sequence[str]) -> None:
        """List some folders and all below them.

        Args:
            first: Paths of the folders, as in `listed`.

        Raises:
            OSError: A folder cannot be read.
        """
        if self.follow_links:
            for _ in (run for path in first for run in self.runs(path)):
                pass
            return
        for path, found in track(self._by_levels(first), "Listing folders", verbose=self._verbose):
            self.listed[path] = found

    def runs(self, first: str, others: Counter[str] | None = None) -> Iterator[tuple[str, bytes]]:
        """Images below a folder in the byte order of their paths.

        Args:
            first: Path of the folder, as in `listed`.
            others: Gets the numbers of other files.

        Yields:
            Path of a folder, and names of images that follow each other in it, see `Listing.names`.
        """
        others = Counter() if others is None else others
        seen: set[tuple[int, int]] = set()
        within = [(first, self._enter(first, seen, others))]  # as deep as the folders lie
        while within:
            path, parts = within[-1]
            images, folder = next(parts, (b"", None))
            if images:
                yield path, images
            if folder is None:
                within.pop()
            elif folder:
                below = path + decoded(folder)
                within.append((below, self._enter(below, seen, others)))

    def _enter(
        self, path: str, seen: set[tuple[int, int]], others: Counter[str]
    ) -> Iterator[tuple[bytes, bytes]]:
        """What a folder holds; nothing, where it was seen before."""
        found = self.listed.get(path)
        if found is None:
            found = self.listed[path] = self._list(path)
        if self.follow_links:
            if found.identity in seen:
                return iter(())
            seen.add(found.identity)
        others.update(found.others)
        return found.runs()

    def _by_levels(self, paths: Sequence[str]) -> Iterator[tuple[str, Listing]]:
        while paths:
            below = []
            for path, found in zip(paths, self._list_all(paths), strict=True):
                below += [path + folder for folder in found.folders]
                yield path, found
            paths = below

    def _list_all(self, paths: Sequence[str]) -> Iterator[Listing]:
        """List folders, several at once: on disks of networks each keeps one waiting."""
        each = min(_MOST_EACH, -(-len(paths) // (4 * _THREADS)))
        shares = [paths[start : start + each] for start in range(0, len(paths), each)]
        with ThreadPoolExecutor(min(_THREADS, len(shares))) as pool:
            for start in range(0, len(shares), _AT_ONCE):
                for listings in pool.map(self._list_some, shares[start : start + _AT_ONCE]):
                    yield from listings

    def _list_some(self, paths: Sequence[str]) -> list[Listing]:
        return [self._list(path) for path in paths]

    def _list(self, path: str) -> Listing:
        whole = local_path(self.top, path[:-1]) if path else self.top
        return list_folder(whole, self.follow_links, self._known.get(path), self._scan)


def list_folder(
    path: str, follow_links: bool = False, known: Listing | None = None, scan: Scan | None = None
) -> Listing:
    """List one folder, or find that it is as it was.

    Args:
        path: Path of the folder.
        follow_links: Take links to folders for folders.
        known: An earlier listing of it.
        scan: Lists it, see `Folders`.

    Returns:
        `known`, where nothing in the folder changed; otherwise a new listing.

    Raises:
        OSError: The folder cannot be read.
    """
    now = time.time_ns()
    try:
        status = os.stat(path)  # noqa: PTH116 # there may be a million folders
        stamp = (status.st_mtime_ns, status.st_ctime_ns)
        if known is not None and known.stamp == stamp != NEVER and _lead_alike(path, known.links):
            return known._replace(identity=(status.st_dev, status.st_ino))
        names, links, others = (scan or _scanned)(path, follow_links)
    except OSError as error:
        raise type(error)(
            f"{_brief_path(path)}: the folder cannot be read: {error.strerror}. {_mend(error)}"
        ) from error
    if max(stamp) > now - _TICK:
        stamp = NEVER
    return Listing(stamp, names, links, others, (status.st_dev, status.st_ino))


def _brief_path(path: str) -> str:
    return one_line(path if len(path) < 1000 else f"{path[:300]}...{path[-300:]}")


def _mend(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "It was moved or removed meanwhile: list anew when nothing changes."
    if error.errno == errno.ENAMETOOLONG:
        return "Its path is longer than the system takes: move it up, or give it a shorter name."
    return "Change its permissions, or move it away."


def _scanned(path: str, follow_links: bool) -> tuple[bytes, bytes, Counter[str]]:
    names: list[bytes] = []
    links: list[bytes] = []
    others: Counter[str] = Counter()
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            lower = name.lower()
            key = name.encode("utf-8", "surrogateescape")
            folder = is_folder(entry, follow_links)
            if folder:
                key += b"/"
            if follow_links and entry.is_symlink():
                links.append(key)
            if lower not in LITTER if folder else lower.endswith(EXTENSIONS):
                names.append(key)
            elif not folder and lower not in LITTER_FILES:
                others[Path(name).suffix.lower() or "without an ending"] += 1
    names.sort()
    return terminated(names), terminated(links), others


def is_folder(entry: os.DirEntry[str], follow_links: bool = True) -> bool:
    """Whether an entry is a folder; what cannot be looked at is none.

    Args:
        entry: The entry.
        follow_links: Take links to folders for folders.

    Returns:
        Whether it is.
    """
    try:
        return entry.is_dir(follow_symlinks=follow_links)
    except OSError:  # a link in a circle, or into where nothing may be looked at
        return False


def terminated(names: list[bytes]) -> bytes:
    """Names in one piece, each with a zero character at its end."""
    return b"".join([b"\0".join(names), b"\0"]) if names else b""


def _lead_alike(path: str, links: bytes) -> bool:
    """Whether links lead to folders, or to none, as they did; `Path` would raise of some."""
    return all(
        os.path.isdir(local_path(path, decoded(link))) == link.endswith(b"/")  # noqa: PTH112
        for link in links.split(b"\0")[:-1]
    )


def decoded(name: bytes) -> str:
    """A name as text."""
    return name.decode("utf-8", "surrogateescape")
