"""Iterators over images: drawn on one thread, rendered on several."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.filling import BadImage, Outcome, accept, fill
from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.loading.threads import Pool, SingleThreadedOpenCV, available_cores
from keras_cvdata.preprocessing import rendering
from keras_cvdata.preprocessing.iterator import Iterator
from keras_cvdata.preprocessing.randomness import as_global, drawing_from, random_state
from keras_cvdata.types import Array, Ints


class Images(NamedTuple):
    """The images of one batch.

    Attributes:
        pixels: (B, ...) in the data format and dtype of the iterator.
        samples: (B,) numbers of the samples that the pixels come from, substitutes included.
        read: (B,) bool, false where a substitute stands for an image that could not be read.
    """

    pixels: Array
    samples: Ints
    read: Array


class ImageIterator(Iterator):
    """What iterators over images have in common.

    A subclass calls `_set_images`, sets `dtype`, and says how to `_load` an image and what to
    `_name` it.

    Attributes:
        dtype: Dtype of the batches.
    """

    dtype: Any = "float32"
    _balanced: Sampler | None = None
    _name_numbers = 10_000_000  # how many numbers the names of kept pictures are drawn from

    def _set_images(
        self,
        image_data_generator: Any,
        image_shape: tuple[int, ...],
        data_format: str,
        subset: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
    ) -> None:
        """Keep how images become batches.

        Args:
            image_data_generator: Draws, transforms and standardises; None does nothing of it.
            image_shape: Shape of one image in `data_format`.
            data_format: "channels_last" or "channels_first".
            subset: "training", "validation" or None.
            save_to_dir: Folder in which batches are kept as pictures, or None.
            save_prefix: What their names begin with.
            save_format: What their names end with.
        """
        self.image_data_generator = image_data_generator
        self.image_shape = image_shape
        self.data_format = data_format
        self.subset = subset
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format

    def _load(self, sample: int) -> Array:
        """One image as floats, in `data_format`, which may be written to."""
        raise NotImplementedError

    def _name(self, sample: int) -> str:
        """What messages call an image."""
        raise NotImplementedError

    def _codes(self) -> Array | None:
        """Class of each sample, (N,) integers; `None` where a sample has not one class."""
        return None

    def _option(self, name: str, default: Any) -> Any:
        """An argument of the generator that the old class does not have."""
        return getattr(self.image_data_generator, name, default)

    # Balanced epochs

    def _balance(self, count: int) -> int:
        """Prepare balanced epochs where they are asked for; return the samples of an epoch."""
        if not count or not self._option("balance", False) or self.subset == "validation":
            return count
        self._balanced = rendering.balanced_sampler(count, self._codes())
        return self._balanced.pass_size

    def _members(self, epoch: int) -> Ints:
        if self._balanced is None:
            return super()._members(epoch)
        return self._balanced.batch(epoch, 0).positions

    # What a batch draws

    def _draw(self, count: int) -> None:
        """Draw all that a batch of so many images draws."""
        self._draw_transforms(count)
        self._draw_numbers(count)

    def _draw_transforms(self, count: int) -> list[Any]:
        """Parameters of so many images."""
        generator = self.image_data_generator
        return rendering.draw_transforms(generator, self.image_shape, self.subset, count)

    def _draw_numbers(self, count: int) -> list[int]:
        """Numbers in the names of so many pictures that are kept."""
        kept = count if self.save_to_dir else 0
        return [random_state().randint(self._name_numbers) for _ in range(kept)]

    def _state_of_batch(self) -> Any:
        """What a batch draws from: by the seed too where a subclass has a `next` of its own."""
        state = random_state()
        return self._next_state if state is np.random and self.seed is not None else state

    # Making a batch

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._option("threads", None) or available_cores())

    @cached_property
    def _memory(self) -> BufferPool:
        return BufferPool()

    def _let_go(self) -> None:
        super()._let_go()
        self._pool.end_threads()
        self._memory.clear()

    @cached_property
    def _bad(self) -> dict[int, BadImage]:
        return {}

    @property
    def report(self) -> tuple[BadImage, ...]:
        """The images that could not be read so far, with sample number, name and reason."""
        return tuple(bad for _, bad in sorted(self._bad.items()))

    def _images(self, index_array: Ints) -> Images:
        """Render the images of a batch, several at once where there are threads for it."""
        count = len(index_array)
        pixels = self._memory.empty((count, *self.image_shape), self.dtype)
        samples = [int(sample) for sample in index_array]
        with drawing_from(self._state_of_batch()):
            outcomes = self._fill_all(pixels, samples)
            for slot, number in enumerate(self._draw_numbers(count)):
                self._keep(pixels[slot], samples[slot], number)
        return Images(
            pixels,
            np.array([outcome.position for outcome in outcomes], np.int64),
            np.array([outcome.bad is None for outcome in outcomes], bool),
        )

    def _fill_all(self, pixels: Array, samples: list[int]) -> list[Outcome]:
        if self._pool.threads == 1:
            return self._fill_in_turn(pixels, samples)
        parameters = self._draw_transforms(len(samples))
        return self._pool.start(
            len(samples),
            lambda slot: self._fill(pixels[slot], samples[slot], parameters[slot]),
            list,
        ).wait()

    def _fill_in_turn(self, pixels: Array, samples: list[int]) -> list[Outcome]:
        """Draw and fill one image after the other, as the old class does.

        Functions of the user that draw from NumPy's global generator find it in the state that the
        old class would have left it in; afterwards it is as it was.
        """
        state = np.random if self._option("_is_plain", False) else random_state()
        with SingleThreadedOpenCV(), as_global(state):
            return [
                self._fill(out, sample, self._draw_transforms(1)[0])
                for out, sample in zip(pixels, samples, strict=True)
            ]

    def _fill(self, out: Array, sample: int, parameters: Any) -> Outcome:
        """Fill a slot by an image or, where that is allowed, a substitute."""
        generator = self.image_data_generator
        spare = self._option("on_error", "raise") != "raise"
        outcome = fill(
            sample,
            lambda other: rendering.place(self._load(other), generator, parameters, out),
            row=sample,
            name=self._name,
            substitutes=self._spares if spare else None,
            error_type=rendering.ImageFileError,
        )
        return accept(outcome, self._bad)

    def _spares(self, sample: int, row: int) -> Ints:
        """Samples to try in the place of one that cannot be read."""
        return self._substitutes.of(sample, row)

    @cached_property
    def _substitutes(self) -> Substitutes:
        codes = self._codes()
        return Substitutes(self.n if codes is None else len(codes), codes, self.seed or 0)

    def _keep(self, pixels: Array, sample: int, number: int) -> None:
        """Write an image of a batch where a person can look at it."""
        name = f"{self.save_prefix}_{sample}_{number}.{self.save_format}"
        rendering.save_picture(pixels, Path(self.save_to_dir) / name, self.data_format)
