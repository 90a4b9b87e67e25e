"""An HDF5 file as the HDF5 library reads it, in another process, which it may crash.

The library was not made for files that want to harm: some end the process, some never come to an
end. There a process of its own bears it, with limits of time and memory.
"""

from __future__ import annotations

import os
import sys
import weakref
from pathlib import Path
from typing import Any

from keras_cvdata.child_process import ChildProcess, EndedError, serve_parent
from keras_cvdata.sources.hdf5_chunks import Chunks
from keras_cvdata.sources.hdf5_library import Index, Library, Question, Version, list_file
from keras_cvdata.types import Array

_SECONDS = 10.0  # for whatever a small file holds
_BYTES_PER_SECOND = 1 << 20
_MEMORY = 512 << 20  # bytes of address space beyond those of a process that does nothing
_MEMORY_SHARE = 2  # bytes of it for each byte of the file


def list_in_child(path: str, question: Question) -> Index:
    """List a file as `list_file` does, in a process of its own.

    Args:
        path: The file.
        question: What is listed.

    Returns:
        What it holds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, ended the process, or took too long.
    """
    size = Path(path).stat().st_size if Path(path).is_file() else 0
    process = _start(size)
    try:
        index: Index = _returned(process.ask(("list", path, question), _seconds(size)))
    except EndedError as error:
        raise ValueError(f"{path}: {_told(error)}") from error
    finally:
        process.stop()
    return index


class LibraryProcess:
    """What `Library` does, in a process that is started when it is needed and again if it ends.

    Args:
        path: The file.
        version: Its version when it was listed.
    """

    def __init__(self, path: str, version: Version) -> None:
        self._path, self._version = path, version
        self._process: ChildProcess | None = None
        self._owner = os.getpid()

    def chunks(self, address: str) -> Chunks:
        """See `Library.chunks`."""
        found: Chunks = self._call("chunks", address)
        return found

    def rows(self, address: str, first: int, last: int) -> Array:
        """See `Library.rows`."""
        found: Array = self._call("rows", address, first, last)
        return found

    def _call(self, *request: Any) -> Any:
        if self._process is None or self._owner != os.getpid():
            self._process, self._owner = _start(self._version[0]), os.getpid()
            weakref.finalize(self, _stop, self._process, self._owner)
        # Where Ctrl-C ends the waiting, what is yet to come is no answer to the next question.
        process, self._process = self._process, None
        try:
            reply = process.ask(
                ("read", self._path, self._version, request), _seconds(self._version[0])
            )
        except EndedError as error:
            raise OSError(_told(error)) from error
        except BaseException:
            process.stop()
            raise
        self._process = process
        return _returned(reply)


def _start(size: int) -> ChildProcess:
    memory = _MEMORY + _MEMORY_SHARE * size
    return ChildProcess("keras_cvdata.sources.hdf5_child", [str(memory)], silent=True)


def _stop(process: ChildProcess, owner: int) -> None:
    if os.getpid() == owner:
        process.stop()


def _seconds(size: int) -> float:
    return _SECONDS + size / _BYTES_PER_SECOND


def _returned(reply: Any) -> Any:
    if isinstance(reply, Exception):
        raise reply
    return reply


def _told(error: EndedError) -> str:
    return (
        f"the HDF5 library ended the process that read it ({error.how}); the file is damaged "
        "inside, or made to do harm. Make it anew, and trust its sender no more than the file"
    )


def main() -> None:
    """Serve the process that started this one."""
    _limit(int(sys.argv[2]))
    libraries: dict[tuple[str, Version], Library] = {}

    def answer(request: tuple[Any, ...]) -> Any:
        if request[0] == "list":
            return list_file(*request[1:])
        _, path, version, (name, *arguments) = request
        library = libraries.setdefault((path, version), Library(path, version))
        return getattr(library, name)(*arguments)

    serve_parent(answer)


def _limit(memory: int) -> None:
    """Bound the memory of this process, and leave no core where it crashes."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/statm")
    if status.exists():
        used = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
