"""The cache of a sequence: from its arguments, and what it takes and saves."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.loading.caching.cache import ImageCache, Store
from keras_cvdata.loading.caching.disk import DiskStore
from keras_cvdata.loading.caching.memory import MemoryStore
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.sources.base import Source
from keras_cvdata.types import ImageError, Ints

_TRIED = 8  # images that stand for all


def open_store(
    cache: str | os.PathLike[str] | None,
    cache_bytes: int | None,
    source: Source,
    processes: Any = None,
) -> Store | None:
    """Make the place where the images of a sequence are kept.

    Args:
        cache: Argument of the sequence.
        cache_bytes: Argument of the sequence.
        source: Where the images come from.
        processes: Argument of the sequence.

    Returns:
        The store; `None` without a cache.

    Raises:
        ValueError: `cache_bytes` is no number of bytes, or the source cannot be cached.
        TypeError: `cache` is neither "memory" nor a path.
        OSError: The folder can neither be opened nor made.
    """
    if cache_bytes is not None:
        integer("cache_bytes", cache_bytes, 1)
    if cache is None:
        if cache_bytes is not None:
            raise ValueError(
                f"cache_bytes={cache_bytes} limits a cache, and there is none. Add cache='memory' "
                "or the path of a folder."
            )
        return None
    if not isinstance(cache, str | os.PathLike) or not os.fspath(cache):
        raise TypeError(f"cache must be 'memory', the path of a folder, or None; got {cache!r}.")
    if cache == "memory" and processes is not None:
        raise ValueError(
            f"cache='memory' is that of one process, and processes={processes!r} asks for several. "
            "Give the path of a folder, which all of them share."
        )
    if len(source) and not has_versions(source):
        raise ValueError(
            f"cache={str(cache)!r} is of no use for {source!r}: its pixels are in memory already, "
            "or it does not say when they change. Leave cache= out; a source of your own says so "
            "by a method version(position), which may return '' where images never change."
        )
    return MemoryStore(cache_bytes) if cache == "memory" else DiskStore(cache, cache_bytes)


def has_versions(source: Source) -> bool:
    """Whether a source says, at least of some samples, which content of them it holds."""
    return any(source.version(position) is not None for position in _some(len(source)).tolist())


def describe(sequence: Any) -> Iterator[str]:
    """Say what the cache of a sequence takes and saves, or one in memory would.

    Args:
        sequence: The sequence.

    Yields:
        Lines of text.
    """
    source, loader, store = sequence.source, sequence._loader, sequence._store
    if not has_versions(source):
        return
    would = store is None
    store = MemoryStore() if store is None else store
    cache = ImageCache(store, loader.chain, loader.seen, sequence.color_mode)
    measured = np.array(list(_measured(cache, sequence)))
    if not len(measured):
        yield "cache: none of a few images could be read"
        return
    size, seconds = measured.mean(axis=0).tolist()
    takes = "cache='memory' would take" if would else f"cache in {store!r}: takes"
    yield (
        f"{takes} about {_in_bytes(size * len(source))} ({_in_bytes(size)} an image) of "
        f"{_in_bytes(store.room())} and save{'' if would else 's'} {seconds * 1000:.2f} ms of "
        "reading and decoding, of one core, each time that an image is used again"
    )
    if not cache.exact:
        yield (
            "cache: images are kept at the resolution that the largest zoom of the layers needs, "
            "so pixels differ slightly from those without it, see help(Sequence)"
        )
    if not would:
        yield f"cache: holds {len(store)} images, {_in_bytes(store.used)}"


def _measured(cache: ImageCache, sequence: Any) -> Iterator[tuple[int, float]]:
    """Bytes and seconds of some images that can be read."""
    positions = _some(len(sequence.source))
    plan = sequence._loader.plan(0, BatchIndices(positions, np.zeros_like(positions)))
    for slot, position in enumerate(positions.tolist()):
        try:
            yield cache.estimate(sequence.source, position, plan, slot)
        except ImageError:
            continue


def _some(count: int) -> Ints:
    return np.unique(np.linspace(0, max(0, count - 1), min(_TRIED, count)).astype(np.int64))


def _in_bytes(number: float) -> str:
    if number < 1000:
        return f"{number:.0f} bytes"
    power = min(int(math.log10(number) // 3), 4)
    return f"{number / 1000**power:.3g} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
