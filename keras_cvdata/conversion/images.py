"""What a target stores of each image: a pure function of source and positions, and who runs it."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata import codec
from keras_cvdata.codec.header import Header
from keras_cvdata.conversion.files import as_file
from keras_cvdata.conversion.recipe import Recipe
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.rendering import decode
from keras_cvdata.loading.threads import SingleThreadedOpenCV, available_cores
from keras_cvdata.sources.base import Source, fetch
from keras_cvdata.types import Array, ImageError, Ints

_CHUNK, _CHUNK_BYTES = 8, 1 << 21  # what one task makes at most
_AHEAD = 6  # tasks of each worker that are begun at once
QUALITY = 90  # of a JPEG that is made anew, where nothing else is said


@lru_cache(64)
def _plan(recipe: Recipe, wanted: Size) -> Plan:
    """Plan what a sequence does that only brings images to a size."""
    chain = Chain(
        [],
        size=wanted,
        fit=recipe.fit,
        interpolation=recipe.interpolation,
        value_range=recipe.value_range,
    )
    return chain.plan(np.empty((1, 0)), *wanted, channels=3)


class Made(NamedTuple):
    """What is stored of one image.

    Attributes:
        image: An encoded image, or pixels (height, width, channels).
        mask: Its mask of class numbers as PNG, where there is one.
        boxes: (K, 4) float32, where there are boxes.
        box_labels: (K,) int32.
    """

    image: bytes | Array
    mask: bytes | None = None
    boxes: Array | None = None
    box_labels: Array | None = None


class _Held(Source):
    """One image that was read already."""

    def __init__(self, source: Source, position: int, payload: bytes | Array) -> None:
        self.payload, self.called = payload, source.name(position)
        self.max_pixels = source.max_pixels

    def __len__(self) -> int:
        return 1

    def fetch(self, position: int) -> bytes | Array:  # noqa: ARG002
        """The image."""
        return self.payload

    def name(self, position: int) -> str:  # noqa: ARG002
        """Its name in its source."""
        return self.called


def annotations_of(data: Any) -> Annotations | None:
    """Masks and boxes of a sequence, whole; None of what is no sequence or has none."""
    found = getattr(data, "_annotations", None)
    if not isinstance(found, Annotations) or not found:
        return None
    return Annotations(found.masks, found.boxes, classes=found.classes, box_format=found.box_format)


@dataclass(frozen=True)
class Maker:
    """Makes what is stored of an image; it can be pickled and holds nothing of Keras.

    Attributes:
        source: The collection.
        recipe: What becomes of each image.
        annotations: Masks and boxes by the rows of the source, where there are any.
    """

    source: Source
    recipe: Recipe
    annotations: Annotations | None = None

    def image(self, position: int) -> bytes | Array:
        """Make what is stored of one image, without what belongs to it."""
        return self._make(position)[0]

    def make(self, position: int) -> Made:
        """Make what is stored of one image.

        Args:
            position: Position of the sample in the source.

        Returns:
            The image, and its mask and boxes.

        Raises:
            ImageError: It cannot be read.
        """
        image, before, plan = self._make(position)
        if not self.annotations:
            return Made(image)
        if before is None:
            before = _size(image, self.source, position)
        row = int(self.source.rows[position])
        return Made(image, *_annotated(self.annotations, row, before, plan))

    def _make(self, position: int) -> tuple[bytes | Array, Size | None, Plan | None]:
        """Image, its size before, where it is known, and what was done to it."""
        recipe, name = self.recipe, self.source.name(position)
        if recipe.image_size is not None:
            plan = _plan(recipe, recipe.image_size)
            pixels, before = _rendered(self.source, position, plan, recipe.color_mode)
            encodes = recipe.pixels == "encoded" or recipe.quality is not None
            return (_encoded(pixels, recipe.quality) if encodes else pixels), before, plan
        payload = fetch(self.source, position)
        if recipe.shrinks:
            return self._shrunk(position, payload)
        if recipe.pixels == "raw":
            pixels = codec.read(
                payload, recipe.color_mode, name=name, max_pixels=self.source.max_pixels
            )
            return pixels, (pixels.shape[0], pixels.shape[1]), None
        if recipe.check:
            codec.read(payload, "unchanged", name=name, max_pixels=self.source.max_pixels)
        if recipe.pixels == "encoded":
            payload = as_file(payload, name, self.source.max_pixels)[0]
        return payload, None, None

    def _shrunk(
        self, position: int, payload: bytes | Array
    ) -> tuple[bytes | Array, Size, Plan | None]:
        """Encode an image anew where it is larger than wanted, or a quality is."""
        recipe, held = self.recipe, _Held(self.source, position, payload)
        header = _header(payload, held)
        before = _size(payload, held, 0)
        wanted = _within(before, recipe.max_side)
        plan = None if wanted == before else _plan(recipe, wanted)
        if plan is None and recipe.quality is None:
            if recipe.check:
                held.image(0, "unchanged")
            return as_file(payload, held.called, held.max_pixels)[0], before, None
        if plan is None:
            pixels = held.image(0, "unchanged")
        else:
            pixels, _ = _rendered(held, 0, plan, "unchanged")
        data = _encoded(pixels, recipe.quality or QUALITY)
        if plan is None and header and header.format == "jpeg" and len(data) >= len(payload):
            assert isinstance(payload, bytes)
            data = payload
        return data, before, plan


def _header(payload: bytes | Array, held: _Held) -> Header | None:
    if not isinstance(payload, bytes):
        return None
    return codec.sniff(payload, held.called, max_pixels=held.max_pixels)


def _size(image: bytes | Array, source: Source, position: int) -> Size:
    if isinstance(image, bytes):
        header = codec.sniff(image, source.name(position), max_pixels=source.max_pixels)
        return header.height, header.width
    return image.shape[0], image.shape[1]


def _within(size: Size, max_side: int | None) -> Size:
    """The size, or that of the same shape whose longer side is `max_side`."""
    longest = max(size)
    if max_side is None or longest <= max_side:
        return size
    height, width = (max(round(side * max_side / longest), 1) for side in size)
    return height, width


def _rendered(source: Source, position: int, plan: Plan, color_mode: str) -> tuple[Array, Size]:
    """Carry out such a plan; return pixels, and the size before."""
    image, before, reduced, _ = decode(source, position, plan, 0, color_mode)
    assert plan.resize is not None
    pixels = np.empty((*plan.resize.size, image.shape[2]), image.dtype)
    opencv.render(image, plan, 0, pixels, reduced=reduced)
    return pixels, before


def _encoded(pixels: Array, quality: int | None) -> bytes:
    """A JPEG where that can hold the pixels, else a file without loss."""
    if quality is None or pixels.dtype != np.uint8 or pixels.shape[2] not in (1, 3):
        return as_file(pixels, "")[0]
    stored = pixels if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return cv2.imencode(".jpg", stored, options)[1].tobytes()


def _annotated(
    annotations: Annotations, row: int, before: Size, plan: Plan | None
) -> tuple[bytes | None, Array | None, Array | None]:
    """Mask, boxes and labels of boxes as they belong to the image that is stored."""
    mask = boxes = labels = None
    if plan is None or plan.resize is None:
        if annotations.masks is not None:
            mask = annotations.classes.read(annotations.masks, row)
        if annotations.boxes is not None:
            boxes, labels = annotations.boxes.row(row)
    else:
        after = plan.resize.size
        batch: dict[str, Any] = annotations.allocate(1, after)
        read = annotations.mask(row, plan, before)
        annotations.fill(batch, 0, row, plan, 0, (before, after), read)
        if annotations.masks is not None:
            mask = batch["segmentation_masks"][0]
        if annotations.boxes is not None:
            kept = batch["bounding_boxes"]["labels"][0] >= 0
            boxes, labels = (batch["bounding_boxes"][key][0][kept] for key in ("boxes", "labels"))
    return None if mask is None else codec.encode(mask), boxes, labels


def make_all(maker: Maker, positions: Ints) -> list[Made | ImageError]:
    """Make what is stored of some images.

    It is a pure function: any thread, process or machine may call it that can read the source.

    Args:
        maker: Makes one.
        positions: (M,) positions in the source.

    Returns:
        What is stored of each, or why it cannot be read.
    """
    made: list[Made | ImageError] = []
    with SingleThreadedOpenCV():
        for position in np.asarray(positions).tolist():
            try:
                made.append(maker.make(position))
            except ImageError as error:
                made.append(error)
    return made


@contextmanager
def _given_up(made: Generator[Any]) -> Iterator[None]:
    """Let go of what is under way when an error comes, without the warning that joblib has then."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            made.close()


def make_in_order(
    maker: Maker, positions: Ints, n_jobs: int | None, size: int = 0
) -> Generator[tuple[int, Made | ImageError]]:
    """Make what is stored of many images in parallel, by joblib.

    Args:
        maker: Makes one.
        positions: (M,) positions in the source.
        n_jobs: Number of threads, or of what `joblib.parallel_config` chose; None takes the cores.
        size: Bytes of what is made of an image, where known.

    Yields:
        Positions and what is stored of them, in order. Little is made ahead, so that a slow disk
        does not fill the memory.
    """
    import joblib
    from joblib.parallel import get_active_backend

    if n_jobs is None and get_active_backend()[1] is None:
        n_jobs = available_cores()
    each = max(min(_CHUNK, _CHUNK_BYTES // max(size, 1)), 1)
    wave = each * _AHEAD * joblib.effective_n_jobs(n_jobs)
    with joblib.Parallel(n_jobs, prefer="threads", return_as="generator") as parallel:
        for begin in range(0, len(positions), wave):
            some = positions[begin : begin + wave]
            tasks = [some[start : start + each] for start in range(0, len(some), each)]
            made = parallel(joblib.delayed(make_all)(maker, task) for task in tasks)
            with _given_up(made):
                for task, results in zip(tasks, made, strict=True):
                    yield from zip(task.tolist(), results, strict=True)
