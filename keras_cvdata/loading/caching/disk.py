"""Images kept in a folder, which any number of processes read and fill at once.

Each process writes a pair of files of its own, to which it only appends: first the pixels to
`*.data`, then a record with checksums to `*.index`. A record that is not whole ends its index, and
pixels without a record are never read, so a process may be killed at any moment.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import warnings
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_cvdata.loading.caching.entries import (
    RECORD_BYTES,
    Entry,
    Kept,
    checksum,
    pack,
    unpack,
)
from keras_cvdata.loading.caching.room import free_disk
from keras_cvdata.sources.files import SharedFile

_HEADER = b"keras_cvdata cache 1\n".ljust(32)
_PAUSE = 1.0  # seconds between two looks at what other processes have written


class DiskStore:
    """Images in a folder, under keys; none is ever given up for another one.

    It is read and filled by many threads and processes at once. Two that make the same image at the
    same time both write it.

    Args:
        folder: The folder, which is made where there is none.
        limit: Bytes that the images in the folder may take, those of others and of earlier runs
            included; `None` for what the disk has left, less a reserve. Processes that write at the
            same time may exceed it by what they write within a second.

    Raises:
        OSError: The folder can neither be opened nor made.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from keras_cvdata.engine.opencv import Reduced
        >>> folder = tempfile.mkdtemp()
        >>> DiskStore(folder).put(b"k" * 16, Kept(np.ones((2, 2, 3), np.uint8), Reduced(2, 2, 1.0)))
        >>> DiskStore(folder).get(b"k" * 16).pixels.max()
        np.uint8(1)
    """

    def __init__(self, folder: str | os.PathLike[str], limit: int | None = None) -> None:
        self.folder = str(Path(folder).absolute())
        self.limit = limit
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(
                f"cache: {self.folder} is a file. Give the path of a folder, which is made where "
                "there is none."
            ) from None
        self._open()

    def _open(self) -> None:
        self._pairs: dict[str, _Pair] = {}
        self._entries: dict[bytes, tuple[_Pair, Entry]] = {}
        self._unproven: set[bytes] = set()
        self._looked = -_PAUSE
        self._begin_writing()
        self._look()

    def _begin_writing(self) -> None:
        self._lock, self._owner = threading.Lock(), os.getpid()
        self._writer: _Writer | None = None
        self._closed = False

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "limit": self.limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return self.folder

    @property
    def used(self) -> int:
        """Bytes that the images in the folder take."""
        return sum(pair.bytes for pair in list(self._pairs.values()))

    def room(self) -> int:
        """Bytes that the images in the folder may take in all, as it looks now."""
        return self.used + free_disk(self.folder) if self.limit is None else self.limit

    def get(self, key: bytes) -> Kept | None:
        """The image under a key, where there is one."""
        found = self._entries.get(key)
        if found is None:
            self._look()
            found = self._entries.get(key)
            if found is None:
                return None
        pair, entry = found
        pixels = entry.memory()
        try:
            pair.data().read_into(pixels, entry.offset)
            sound = key not in self._unproven or checksum(pixels) == entry.checksum
        except (OSError, EOFError):
            sound = False
        if not sound:  # a disk that lost what it was given, at a power failure for example
            self._entries.pop(key, None)  # and stays unproven for threads that have it in hand
            return None
        self._unproven.discard(key)
        return Kept(pixels, entry.whole, entry.done)

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep an image, where there is room; the first error ends the writing with a warning."""
        if self._owner != os.getpid():  # files and lock are those of the process that was forked
            self._begin_writing()
        if self._closed:
            return
        with self._lock:
            if self._closed or key in self._entries:
                return
            try:
                if self.used + kept.pixels.nbytes > self.room():
                    return
                self._append(key, kept)
            except OSError as error:
                self._closed = True
                failure = error.strerror or str(error)
            else:
                return
        warnings.warn(
            f"cache: {self.folder} takes no more images: {failure}. It serves those that it holds, "
            "others are decoded. Make room, or say by cache_bytes= how much it may take.",
            stacklevel=2,
        )

    def _append(self, key: bytes, kept: Kept) -> None:
        if self._writer is None:
            self._writer = _Writer(self.folder)
            self._pairs[self._writer.pair.stem] = self._writer.pair
        self._entries[key] = self._writer.pair, self._writer.append(key, kept)

    def _look(self) -> None:
        """Take in what other processes have written since, at most once a second."""
        now = time.monotonic()
        if now - self._looked < _PAUSE or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked = now
            with suppress(OSError):
                for file in sorted(Path(self.folder).glob("*.index")):
                    own = self._writer is not None and file.stem == self._writer.pair.stem
                    if not own:
                        self._take_in(self._pairs.setdefault(file.stem, _Pair(file)))
        finally:
            self._lock.release()

    def _take_in(self, pair: _Pair) -> None:
        for key, entry in pair.news():
            if key not in self._entries:
                self._entries[key] = pair, entry
                self._unproven.add(key)


class _Pair:
    """Two files that a process writes or wrote.

    Args:
        index: Path of the index.
    """

    def __init__(self, index: Path) -> None:
        self.stem = index.stem
        self.bytes = 0
        self._index = index
        self._read_to = 0
        self._data: SharedFile | None = None

    def data(self) -> SharedFile:
        """The open file of pixels."""
        if self._data is None:
            self._data = SharedFile(str(self._index.with_suffix(".data")))
        return self._data

    def news(self) -> list[tuple[bytes, Entry]]:
        """The records that were added since the last call, up to one that is not whole."""
        found: list[tuple[bytes, Entry]] = []
        with suppress(OSError), self._index.open("rb") as file:
            if not self._read_to and file.read(len(_HEADER)) != _HEADER:
                return found  # of another version, or just begun
            file.seek(self._read_to or len(_HEADER))
            while len(record := file.read(RECORD_BYTES)) == RECORD_BYTES:
                known = unpack(record)
                if known is None:
                    break
                found.append(known)
            self._read_to = (self._read_to or len(_HEADER)) + RECORD_BYTES * len(found)
            self.bytes = self._index.with_suffix(".data").stat().st_size
        return [known for known in found if known[1].end <= self.bytes]


class _Writer:
    """The pair of files that this process appends to.

    Args:
        folder: Where they are made.
    """

    def __init__(self, folder: str) -> None:
        stem = f"{int(time.time())}-{os.getpid()}-{secrets.token_hex(4)}"
        index = Path(folder) / f"{stem}.index"
        self.pair = _Pair(index)
        self._index = index.open("xb", buffering=0)  # first: without one the data are lost
        self._data = index.with_suffix(".data").open("xb", buffering=0)
        for file in (self._data, self._index):
            weakref.finalize(self, file.close)
        _write(self._index, _HEADER)

    def append(self, key: bytes, kept: Kept) -> Entry:
        """Write an image, and then that it is there.

        Args:
            key: 16 bytes that name the image.
            kept: The image.

        Returns:
            Where it stands.

        Raises:
            OSError: The disk is full, or a file as long as it may be.
        """
        start = self.pair.bytes
        record = pack(key, kept, start)
        _write(self._data, kept.pixels.reshape(-1).view("u1").data)
        self.pair.bytes = start + kept.pixels.nbytes
        _write(self._index, record)
        known = unpack(record)
        assert known is not None
        return known[1]


def _write(file: Any, content: Any) -> None:
    """Write all of it, where a system call may take less."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
