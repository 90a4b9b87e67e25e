"""Keeps an HDF5 file from reaching other files or filling the memory.

An HDF5 file can name other files of the machine (external links, virtual datasets, external
storage), lead in circles, and claim sizes that it does not hold. Everything is refused that images
do not need, at every step of the way from the root.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_cvdata.sources.hdf5_chunks import RefusedError, check_order, never_written

MAX_CHUNK = 1 << 27  # bytes of one chunk, which is decompressed as a whole, in about 4 times that
_GOOD_CHUNK = 1 << 20  # bytes of one that is proposed
MAX_RATIO = 1100  # deflate cannot compress further
MAX_DEPTH = 16  # groups inside each other


def open_hdf5(path: str) -> Any:
    """Open a file for reading.

    Args:
        path: The file.

    Returns:
        `h5py.File`, which the caller closes.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no HDF5 file, or damaged.
    """
    import h5py

    if not Path(path).is_file():
        problem = "is not a file" if Path(path).exists() else "does not exist"
        raise FileNotFoundError(f"{path}: the HDF5 file {problem}. Check the path.")
    try:
        return h5py.File(path, "r", locking="best-effort")
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise ValueError(
            f"{path}: the file cannot be opened as HDF5, it is another format or damaged: {error}. "
            "Make it anew, for example with keras_cvdata.convert."
        ) from error


@contextlib.contextmanager
def inside(place: str) -> Iterator[None]:
    """Say where in a file it is damaged, whatever the library or NumPy say of it.

    Args:
        place: What is read, for messages.

    Yields:
        Nothing.

    Raises:
        ValueError: Something is wrong with it.
    """
    try:
        yield
    except MemoryError as error:
        raise ValueError(
            f"{place}: there is not enough memory to read it. Store it in smaller parts."
        ) from error
    except RefusedError as error:
        raise ValueError(f"{place}: {error}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{place}: the text is not UTF-8: {error}. Store it anew, for example as str by h5py."
        ) from error
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(place):
            raise  # it says already what is wrong
        raise ValueError(
            f"{place}: the file is damaged inside: {error}. Copy it again, or make it anew, for "
            "example with keras_cvdata.convert."
        ) from error


def members(group: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield name and object of each member of a group, in the order of the names.

    Args:
        group: `h5py.Group`.
        where: Name of the file for messages.

    Yields:
        The name, and an `h5py.Group` or a checked `h5py.Dataset`.

    Raises:
        ValueError: A member is a link to another place or file, or a dataset is not plain.
    """
    with inside(f"{where}{group.name}"):
        names = sorted(group)
    for name in names:
        member = _member(group, name, where)
        if member is not None:
            yield name, member


def member_at(root: Any, path: str, where: str) -> Any:
    """A member by its path, of which every step is checked.

    Args:
        root: `h5py.Group` to start from.
        path: Names of groups and of the member, with slashes between.
        where: Name of the file for messages.

    Returns:
        An `h5py.Group` or a checked `h5py.Dataset`.

    Raises:
        ValueError: There is no such member, or as `members`.
    """
    found = root
    for name in filter(None, path.split("/")):
        below = found if hasattr(found, "keys") else ()
        member = _member(found, name, where) if name in below else None
        if member is None:
            holder = "it" if found is root else repr(found.name)
            raise ValueError(
                f"{where}: there is no {path!r} in the file; {holder} holds {sorted(below)}."
            )
        found = member
    return found


def _member(group: Any, name: str, where: str) -> Any:
    """A checked member of a group; None where it is neither a group nor a dataset."""
    import h5py

    place = f"{where}{group.name.rstrip('/')}/{name}"
    with inside(place):
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            kind = "another file" if isinstance(link, h5py.ExternalLink) else "another place"
            raise ValueError(
                f"{place}: this is a link to {kind}, which is not followed. Copy the data itself "
                "into the file (h5py: group.copy(..., expand_external=True, expand_soft=True))."
            )
        member = group[name]
        if is_dataset(member):
            check_dataset(member, place)
    return member if isinstance(member, h5py.Dataset | h5py.Group) else None


def is_dataset(member: Any) -> bool:
    """Whether a member is a dataset, also one of a type that NumPy has not."""
    import h5py

    return isinstance(member, h5py.Dataset)


def walk(root: Any, where: str) -> Iterator[tuple[tuple[str, ...], Any, dict[str, Any]]]:
    """Yield every group below a group with its path of names and its datasets, parents first.

    Args:
        root: `h5py.Group` to start from.
        where: Name of the file for messages.

    Yields:
        Names from the root, the group, and its datasets by name.

    Raises:
        ValueError: As `members`; or a group is reached twice or too deep.
    """
    import h5py

    seen = set()
    todo: list[tuple[tuple[str, ...], Any]] = [((), root)]
    while todo:
        names, group = todo.pop()
        with inside(f"{where}/{'/'.join(names)}"):
            address = h5py.h5o.get_info(group.id).addr
        if address in seen or len(names) > MAX_DEPTH:
            raise ValueError(
                f"{where}/{'/'.join(names)}: the groups lead in a circle, meet twice or nest "
                f"deeper than {MAX_DEPTH}. Give every class one group of its own."
            )
        seen.add(address)
        datasets: dict[str, Any] = {}
        below = []
        for name, member in members(group, where):
            if is_dataset(member):
                datasets[name] = member
            else:
                below.append(((*names, name), member))
        yield names, group, datasets
        todo.extend(reversed(below))


def check_dataset(dataset: Any, place: str) -> None:
    """Refuse a dataset whose data lie elsewhere, are missing, are objects or cannot be that large.

    Args:
        dataset: `h5py.Dataset`.
        place: Its address for messages.

    Raises:
        ValueError: The dataset is not plain.
        RefusedError: It was never written, or nobody can tell what its filters inflate to.
    """
    import h5py

    if dataset.is_virtual or dataset.external:
        raise ValueError(
            f"{place}: the data lie in other files (virtual dataset or external storage), which "
            "are not read. Copy the data themselves into the file."
        )
    kind = dataset.id.get_type()
    if kind.get_class() in (h5py.h5t.VLEN, h5py.h5t.REFERENCE):
        raise ValueError(
            f"{place}: expected numbers or text; got objects. Store images of "
            "different sizes with keras_cvdata.convert, which keeps their original bytes."
        )
    _check_filters(dataset, place)
    if not math.prod(dataset.shape or (0,)):
        return
    stored = dataset.id.get_storage_size()
    if stored == 0:
        raise never_written(f"the data {dataset.shape} were")
    _check_chunks(dataset.chunks or (0,), kind.get_size(), place)
    size = dataset.size * kind.get_size()
    if size > MAX_RATIO * stored:
        raise ValueError(
            f"{place}: {dataset.shape} of {dataset.dtype} needs {size:,} bytes, but only "
            f"{stored:,} are stored, which no compression explains. Make the file anew."
        )


def _check_chunks(chunks: tuple[int, ...], width: int, place: str) -> None:
    """Refuse chunks that are too large; one must be read as a whole for a part of it."""
    size = math.prod(chunks) * width
    if size <= MAX_CHUNK:
        return
    sides = [1, *chunks[1:]] if len(chunks) > 2 else list(chunks)
    while math.prod(sides) * width > _GOOD_CHUNK and max(sides) > 1:
        sides[sides.index(max(sides))] = -(-max(sides) // 2)
    raise ValueError(
        f"{place}: its chunks {chunks} take {size:,} bytes each, and are read as a whole; at most "
        f"{MAX_CHUNK:,} are. Store it in smaller ones, with h5py by create_dataset(..., "
        f"chunks={tuple(sides)}), or by h5repack."
    )


def _check_filters(dataset: Any, place: str) -> None:
    """Have the library know the filters of a dataset, as far as they are installed."""
    import h5py

    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(number) for number in range(creation.get_nfilters())]
    check_order([code for code, *_ in filters])
    for code, *_, name in filters:
        if h5py.h5z.filter_avail(code):
            continue
        with contextlib.suppress(ImportError):
            import hdf5plugin  # noqa: F401 # it registers its filters
        if not h5py.h5z.filter_avail(code):
            raise ValueError(
                f"{place}: the data are compressed by the filter {code} ({name.decode()}), which "
                'the HDF5 library has not. Most are in hdf5plugin: pip install "keras-cvdata[hdf5]"'
                "."
            )
