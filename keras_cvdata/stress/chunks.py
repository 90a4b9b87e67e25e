"""The images of a test, read once, as a model would get them but for their scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_cvdata.layers.augment_argument import inference_layers
from keras_cvdata.loading.depths import first_depth
from keras_cvdata.loading.filling import BadImage
from keras_cvdata.loading.threads import prefetch
from keras_cvdata.review.outputs import asked_of
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import Source
from keras_cvdata.types import Array, Ints

MEMORY = 256 * 2**20  # bytes of pixels that are held at a time


class Chunk(Source):
    """Images in memory that keep the rows, names and labels that they have in a source.

    Args:
        source: Where they come from.
        positions: (M,) positions there.
        pixels: (M, H, W, C) images.
    """

    def __init__(self, source: Source, positions: Ints, pixels: Array) -> None:
        self.source = source
        self.positions = positions
        self.pixels = pixels
        self.labels = {key: column.take(positions) for key, column in source.labels.items()}
        self.columns = {key: column[positions] for key, column in source.columns.items()}
        height, width, channels = pixels.shape[1:]
        self.image_shape = (height, width, channels)
        self.dtype = pixels.dtype
        self.value_range = source.value_range if pixels.dtype.kind == "f" else None

    def __len__(self) -> int:
        return len(self.positions)

    def fetch(self, position: int) -> Array:
        """One image, as a view."""
        return np.asarray(self.pixels[position])

    def name(self, position: int) -> str:
        """Name of one image in its source."""
        return self.source.name(int(self.positions[position]))

    @property
    def rows(self) -> Ints:
        """Rows of the images in their source."""
        return self.source.rows[self.positions]


class Chunks:
    """Sequences of the images of another one, part by part, brought to the size of the model.

    Layers of the sequence that act outside training do so here up to the last that sets the size;
    those behind it, such as `Normalize`, act on the changed images.

    Args:
        sequence: The sequence.
        as_uint8: Bring all images to 8 bits.
        memory: Bytes of pixels that are held at a time.

    Attributes:
        later: Layers that act after the images were changed.
        bad: Images that could not be read, which are left out; known after an iteration.
    """

    def __init__(self, sequence: Sequence, as_uint8: bool = False, memory: int = MEMORY) -> None:
        self.sequence = sequence
        self.bad: tuple[BadImage, ...] = ()
        layers = inference_layers(sequence.augment) or []
        sizing = [place for place, layer in enumerate(layers) if layer.changes_size]
        first = sizing[-1] + 1 if sizing else 0
        self.later = layers[first:]
        self._dtype = np.dtype(np.uint8) if as_uint8 else _dtype_of(sequence.source)
        plain = sequence._with(
            sequence.source,
            augment=layers[:first] or None,
            rescale=None,
            standardize=None,
            dtype="uint8" if self._dtype == np.uint8 else "float32",
            on_error="substitute",
            label_mode=None,
        )
        self._plain = asked_of(plain)
        each = int(np.prod(self._plain.image_shape)) * self._dtype.itemsize
        wanted = min(memory // each, len(sequence.source))
        self._length = max(wanted, self._plain.batch_size)

    def __iter__(self) -> Iterator[Sequence]:
        plain, filled = self._plain, 0
        pixels, positions = self._memory()
        for images in prefetch((plain._start(0, n) for n in range(len(plain))), plain.prefetch):
            found = np.flatnonzero(images.read)
            if filled + len(found) > self._length:
                yield self._sequence(pixels[:filled], positions[:filled])
                (pixels, positions), filled = self._memory(), 0
            end = filled + len(found)
            pixels[filled:end] = images.pixels[found]  # whole levels where the source has them
            positions[filled:end] = images.positions[found]
            filled = end
        self.bad = plain.report
        if filled:
            yield self._sequence(pixels[:filled], positions[:filled])

    def _memory(self) -> tuple[Array, Ints]:
        shape = (self._length, *self._plain.image_shape)
        return np.empty(shape, self._dtype), np.empty(self._length, np.int64)

    def _sequence(self, pixels: Array, positions: Ints) -> Sequence:
        settings = {**self.sequence._once(), "augment": None, "image_size": None, "verbose": 0}
        if self._dtype.kind != "f":
            settings["value_range"] = None
        return self.sequence._with(Chunk(self.sequence.source, positions, pixels), **settings)


def _dtype_of(source: Source) -> np.dtype[Any]:
    """Dtype that holds the images of a source by the depth of the first: uint8, uint16, float32."""
    dtype = source.dtype
    if dtype is None:
        depth = first_depth(source)
        dtype = np.dtype(np.uint8) if depth is None else depth.dtype
    if dtype.kind == "f":
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype
