"""A collection as one HDF5 file that is written by plain writes and read by plain reads."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.conversion.draft import Draft, clear_finished
from keras_cvdata.conversion.hdf5 import Content, Frame, Places, build, groups_of, lay_out
from keras_cvdata.conversion.images import Made, Maker, make_in_order
from keras_cvdata.conversion.readable import tell_left_out
from keras_cvdata.conversion.rows import check_unicode
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.locations import is_url
from keras_cvdata.types import Array, ImageError
from keras_cvdata.writing.files import check_free, check_parent
from keras_cvdata.writing.moving import put_in_place


def write_pack(
    maker: Maker,
    target: Path,
    *,
    overwrite: bool = False,
    skip: bool = False,
    n_jobs: int | None = None,
    verbose: int = 1,
    attributes: Mapping[str, Any] | None = None,
    place: bool = True,
) -> Draft:
    """Write a collection in the layout that `HDF5Source` reads without a lock.

    The pack appears when it is complete. A run that was cut short is gone on with, where images are
    files or URLs and neither they nor the settings have changed.

    Args:
        maker: The collection, and what is made of each image.
        target: File to write.
        overwrite: Replace an existing file.
        skip: Leave out images that cannot be read.
        n_jobs: See `make_in_order`.
        verbose: 0 shows no progress and does not name what is left out.
        attributes: Further attributes of the file.
        place: Give it its name. Otherwise the whole pack stays under the name of its draft.

    Returns:
        The draft of the pack.

    Raises:
        ImageError: An image cannot be read, or differs from the others in shape or dtype.
        OSError: The disk is full or fails, or another process makes the same pack.
    """
    check_parent(target)
    clear_finished(target)
    check_free(target, overwrite)
    frame = _frame(maker, skip)
    _check_texts(maker.source, frame, target)
    if frame.shape is None:
        maker = replace(maker, recipe=replace(maker.recipe, pixels="encoded"))
    places = lay_out(frame)
    draft = Draft(target, _signature(maker, frame, places), len(maker.source), places.flow)
    try:
        with draft:
            bad = _fill(draft, maker, frame, places, skip, n_jobs, verbose)
            _finish(draft, maker, frame, attributes or {})
        if place:
            check_free(target, overwrite)  # somebody else may have written it meanwhile
            put_in_place(draft.path, target)
    except Exception as error:
        if not isinstance(error, OSError) or not draft.worth_keeping:
            draft.remove()
        raise
    if place:
        draft.remove()
    if verbose:
        tell_left_out(bad, len(maker.source))
    return draft


def _frame(maker: Maker, skip: bool) -> Frame:
    source, recipe = maker.source, maker.recipe
    arrays = source.image_shape is not None and source.dtype is not None
    raw = recipe.pixels == "raw" or (
        recipe.pixels is None and (recipe.image_size is not None or arrays) and not recipe.shrinks
    )
    name, shape, dtype = "", None, None
    if raw:
        name, first = _first(maker, skip)
        shape, dtype = first.shape, first.dtype
    masks = maker.annotations is not None and maker.annotations.masks is not None
    return Frame(groups_of(source), shape, dtype, name, not raw or masks, recipe.value_range)


def _check_texts(source: Source, frame: Frame, target: Path) -> None:
    """Refuse what an HDF5 file cannot hold, before any image is made."""
    labels = {name for path, _ in frame.groups for name in path}
    check_unicode("The class", labels, target, "surrogateescape")
    check_unicode("The column", [*source.labels, *source.columns], target, "surrogateescape")


def _first(maker: Maker, skip: bool) -> tuple[str, Array]:
    """Name and pixels of the first image that can be read, whose shape all must have."""
    error: ImageError | None = None
    for position in range(len(maker.source)):
        try:
            return maker.source.name(position), _pixels(maker.image(position))
        except ImageError as found:
            error = error or found
            if not skip:
                break
    assert error is not None
    raise error


def _pixels(image: bytes | Array) -> Array:
    assert isinstance(image, np.ndarray)  # a source of known shape and dtype gives pixels
    return image.reshape(*image.shape[:2], -1)


def _signature(maker: Maker, frame: Frame, places: Places) -> str | None:
    """What decides on the images of a pack; None where that cannot be known."""
    digest = hashlib.sha256()
    settings = maker.recipe, frame.shape, str(frame.dtype), places.flow
    digest.update(repr(settings).encode() + places.starts.tobytes())
    for part in _states(maker):
        if part is None:
            return None
        digest.update(part)
    return digest.hexdigest()


def _states(maker: Maker) -> Iterator[bytes | None]:
    sources: list[Source] = [maker.source]
    if maker.annotations:
        annotations = maker.annotations
        sources += [annotations.masks] if annotations.masks is not None else []
        yield annotations.box_format.encode() + pickle.dumps(annotations.classes)
        if annotations.boxes is not None:
            yield annotations.boxes.boxes.tobytes() + annotations.boxes.offsets.tobytes()
            yield annotations.boxes.labels.tobytes()
    for source in sources:
        yield from (_state(source, position) for position in range(len(source)))


def _state(source: Source, position: int) -> bytes | None:
    """Where an image is and what changes where its file does; None where neither tells."""
    location = source.location(position)
    if location is None:
        return None
    text = location
    if not is_url(location):
        status = Path(location).stat()
        text += f"\n{status.st_size} {status.st_mtime_ns}"
    return f"{text}\n".encode("utf-8", "surrogateescape")


def _fill(
    draft: Draft,
    maker: Maker,
    frame: Frame,
    places: Places,
    skip: bool,
    n_jobs: int | None,
    verbose: int,
) -> list[ImageError]:
    """Make the images that the draft lacks; return what cannot be read."""
    size = 0
    if frame.shape is not None:
        assert frame.dtype is not None
        size = int(np.prod(frame.shape)) * frame.dtype.itemsize
        draft.reserve(places.size if not frame.flowing else places.flow)
    bad: list[ImageError] = []
    missing = draft.missing
    with closing(make_in_order(maker, missing, n_jobs, size)) as made:
        for number, image in track(made, "Converting", len(missing), verbose):
            if isinstance(image, ImageError):
                if not skip:
                    raise image
                bad.append(image)
                continue
            start = None
            if frame.shape is not None:
                _check(image, frame, maker.source.name(number))
                start = int(places.starts[number])
            _put(draft, number, image, start)
    if len(bad) == len(maker.source):
        raise bad[0]
    return bad


def _check(made: Made, frame: Frame, name: str) -> None:
    pixels = _pixels(made.image)
    if pixels.shape != frame.shape or pixels.dtype != frame.dtype:
        raise ImageError(
            name,
            f"Expected {frame.shape} of {frame.dtype} like {frame.like}; got {pixels.shape} of "
            f"{pixels.dtype}. Give image_size=, use color_mode='rgb', and keep 8-bit and 16-bit "
            "images apart.",
        )


def _put(draft: Draft, number: int, made: Made, start: int | None) -> None:
    boxes = None if made.boxes is None else (made.boxes, made.box_labels)
    draft.put(number, made.image, start, made.mask, boxes)


def _finish(draft: Draft, maker: Maker, frame: Frame, attributes: Mapping[str, Any]) -> None:
    kept = np.flatnonzero(draft.images["size"] >= 0)
    annotations = maker.annotations
    boxes, box_format = None, ""
    if annotations is not None and annotations.boxes is not None:
        boxes, box_format = _boxes(draft, kept, annotations.boxes), annotations.box_format
    masks = None if annotations is None or annotations.masks is None else draft.masks
    content = Content(maker.source, kept, draft.images, masks, boxes, box_format, attributes)
    file, places = build(frame, draft.end, content)
    draft.finish(file.pieces(), places.size)


def _boxes(draft: Draft, kept: Array, boxes: Boxes) -> Boxes:
    found = [draft.boxes[number] for number in kept.tolist()]
    offsets = np.concatenate([[0], np.cumsum([len(labels) for _, labels in found])])
    return Boxes(
        offsets.astype(np.int64),
        np.concatenate([corners for corners, _ in found]).astype(np.float32),
        np.concatenate([labels for _, labels in found]).astype(np.int32),
        boxes.class_names,
    )
