"""The data of a pack in the making, from which a run that was cut short goes on."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from keras_cvdata.types import Array, Ints
from keras_cvdata.writing.locks import open_locked

_ENTRY = np.dtype([("start", "i8"), ("size", "i8"), ("crc", "u4")])
_PIECE = 1 << 24  # bytes that are read at a time


class Draft:
    """Images of a pack at their places in a hidden file, and a journal of those that are there.

    Both stand beside the target, as `.pets.h5.draft` and `.pets.h5.journal`. Until it is finished
    the draft is no HDF5 file. Images whose bytes do not agree with the journal are made again.

    Args:
        target: Name of the finished pack.
        signature: What must be the same for a run to go on with what another left; None where
            nothing says so, and none goes on.
        count: Number of images.
        start: Where the bytes begin that have no place of their own.

    Raises:
        OSError: Another process makes the same pack, or the files cannot be made.

    Attributes:
        images: (N,) `start`, `size` and `crc` of each image; -1 is the size of what is missing.
        masks: The same of the masks.
        boxes: Boxes and their labels by image, where there are boxes.
        end: Where the next bytes go that have no place of their own.
    """

    def __init__(self, target: Path, signature: str | None, count: int, start: int) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.draft")
        self.journal = target.with_name(f".{target.name}.journal")
        self.images, self.masks = np.zeros(count, _ENTRY), np.zeros(count, _ENTRY)
        self.images["size"] = self.masks["size"] = -1
        self.boxes: dict[int, tuple[Array, Array]] = {}
        self.end = start
        self._kept = signature is not None
        self._lines = _open_locked(self.journal, target)
        self._data = _open(self.path)
        try:
            self._go_on(signature or secrets.token_hex())
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._data)
        os.close(self._lines)

    @property
    def missing(self) -> Ints:
        """Numbers of the images that are not there yet."""
        return np.flatnonzero(self.images["size"] < 0)

    @property
    def worth_keeping(self) -> bool:
        """Whether it holds images with which another run can go on."""
        return self._kept and bool((self.images["size"] >= 0).any())

    def reserve(self, size: int) -> None:
        """Take room on the disk, so that it cannot run out later, where the system can.

        Args:
            size: Bytes of the whole file.

        Raises:
            OSError: There is not as much.
        """
        if size and hasattr(os, "posix_fallocate"):
            with self._named():
                os.posix_fallocate(self._data, 0, size)

    def put(
        self, number: int, image: Any, start: int | None, mask: bytes | None, boxes: Any
    ) -> None:
        """Write an image and what belongs to it.

        Args:
            number: Number of the image.
            image: Bytes, or pixels.
            start: Place of the image, None for the next.
            mask: Bytes of its mask, where it has one.
            boxes: (K, 4) boxes and (K,) labels of them, or None.

        Raises:
            OSError: The disk is full, or fails.
        """
        line: list[Any] = [number, *self._write(self.images, number, image, start)]
        if mask is not None:
            line += self._write(self.masks, number, mask, None)
        if boxes is not None:
            self.boxes[number] = boxes
            line.append([each.tolist() for each in boxes])
        self._append(line)

    def finish(self, pieces: Iterator[tuple[int, memoryview]], size: int) -> None:
        """Write what makes it an HDF5 file, the beginning last.

        Args:
            pieces: What stands around the images, each with its first byte.
            size: Bytes of the whole file.

        Raises:
            OSError: The disk is full, or fails.
        """
        with self._named():
            os.ftruncate(self._data, self.end)
            os.ftruncate(self._data, size)
            (_, first), *others = pieces
            for start, piece in others:
                _write_at(self._data, piece, start)
            os.fsync(self._data)
            _write_at(self._data, first, 0)
            os.fsync(self._data)

    def remove(self) -> None:
        """Delete both files."""
        self.path.unlink(missing_ok=True)
        self.journal.unlink(missing_ok=True)

    def _write(self, entries: Array, number: int, data: Any, start: int | None) -> list[int]:
        if isinstance(data, np.ndarray):
            data = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        view = memoryview(data)
        if start is None:
            start = self.end
            self.end += len(view)
        with self._named():
            _write_at(self._data, view, start)
        entry = [start, len(view), zlib.crc32(view)]
        entries[number] = tuple(entry)
        return entry

    def _append(self, line: list[Any]) -> None:
        with self._named():
            _write_all(self._lines, (json.dumps(line) + "\n").encode())

    def _go_on(self, signature: str) -> None:
        """Take over what the journal tells of and the draft holds, or begin."""
        with os.fdopen(os.dup(self._lines), "rb") as file:
            file.seek(0)
            lines = file.read().split(b"\n")[:-1]  # the last may have been cut short
        if not lines or lines[0] != signature.encode():
            os.ftruncate(self._lines, 0)
            os.ftruncate(self._data, 0)
            os.lseek(self._lines, 0, os.SEEK_SET)
            with self._named():
                _write_all(self._lines, signature.encode() + b"\n")
            return
        kept = len(lines[0]) + 1
        for line in lines[1:]:
            try:
                self._take(*json.loads(line))
            except (ValueError, TypeError, IndexError):  # never reached the disk, nor what follows
                break
            kept += len(line) + 1
        os.ftruncate(self._lines, kept)
        os.lseek(self._lines, kept, os.SEEK_SET)

    def _take(self, number: int, *parts: Any) -> None:
        """Take over one image, where its bytes are those that were written."""
        boxes = parts[-1] if isinstance(parts[-1], list) else None
        numbers = parts if boxes is None else parts[:-1]
        places = [(self.images, numbers[:3]), (self.masks, numbers[3:])]
        if not all(self._holds(*entry) for _, entry in places if entry):
            return
        for entries, entry in places:
            if entry:
                entries[number] = entry
                self.end = max(self.end, entry[0] + entry[1])
        if boxes is not None:
            corners = np.array(boxes[0], np.float32).reshape(-1, 4)
            self.boxes[number] = corners, np.array(boxes[1], np.int32)

    def _holds(self, start: int, size: int, crc: int) -> bool:
        found = 0
        for place in range(start, start + size, _PIECE):
            count = min(_PIECE, start + size - place)
            os.lseek(self._data, place, os.SEEK_SET)
            data = os.read(self._data, count)
            if len(data) < count:
                return False
            found = zlib.crc32(data, found)
        return found == crc

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the target in errors of the disk, and say what becomes of the work."""
        try:
            yield
        except OSError as error:
            kept = (
                f" What is done is kept in {self.path.name} beside it: the same call goes on with "
                "it, or delete it."
                if self.worth_keeping
                else ""
            )
            reason = f"the pack cannot be written: {error.strerror}. Make room.{kept}"
            raise OSError(error.errno, reason, str(self.target)) from error


def clear_finished(target: Path) -> None:
    """Delete the journal of a run that was killed when its pack had its name already.

    Args:
        target: Name of the pack.
    """
    journal = target.with_name(f".{target.name}.journal")
    if journal.exists() and not target.with_name(f".{target.name}.draft").exists():
        descriptor = open_locked(journal)
        if descriptor is not None:
            try:
                journal.unlink(missing_ok=True)
            except PermissionError:  # Windows deletes nothing that is open
                os.close(descriptor)
                with suppress(PermissionError):  # another run has it by now
                    journal.unlink(missing_ok=True)
            else:
                os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o666)


def _open_locked(path: Path, target: Path) -> int:
    """Open a file that no other process has open this way."""
    descriptor = open_locked(path)
    if descriptor is None:
        raise BlockingIOError(
            f"{target}: another process is making this pack. Wait for it, or choose another name."
        )
    return descriptor


def _write_at(descriptor: int, data: memoryview, start: int) -> None:
    os.lseek(descriptor, start, os.SEEK_SET)
    _write_all(descriptor, data)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
