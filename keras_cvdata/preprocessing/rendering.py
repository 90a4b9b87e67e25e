"""Batches of images in the making: drawn on one thread, rendered on several."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.loader import BadImage
from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.loading.threads import Pool, SingleThreadedOpenCV, available_cores
from keras_cvdata.preprocessing.randomness import as_global, drawing_from, random_state
from keras_cvdata.types import Array, ImageError, Ints


class ImageFileError(ImageError, OSError):
    """An image file that cannot be read, for code that expects the `OSError` of the old class."""


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


class Rendering:
    """What iterators over images have in common; a mixin of `Iterator`.

    A subclass sets the attributes below, and says how to `_load` an image and what to `_name` it.

    Attributes:
        image_data_generator: Uniforms, transforms and standardises; `None` does nothing of it.
        image_shape: Shape of one image in `data_format`.
        data_format: "channels_last" or "channels_first".
        dtype: Dtype of the batches.
        subset: "training", "validation" or `None`.
        save_to_dir: Folder in which batches are kept as pictures, or `None`.
        save_prefix: What their names begin with.
        save_format: What their names end with.
    """

    image_data_generator: Any
    image_shape: tuple[int, ...]
    data_format: str
    dtype: Any
    subset: str | None
    save_to_dir: Any
    save_prefix: str
    save_format: str
    seed: int | None
    n: int
    _next_state: Any

    _balanced: Sampler | None = None
    _name_numbers = 10_000_000  # how many numbers the names of kept pictures are drawn from

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

    def _balance(self, count: int) -> int:
        """Prepare balanced epochs where they are asked for; return the samples of an epoch."""
        if not count or not self._option("balance", False) or self.subset == "validation":
            return count
        codes = self._codes()
        if codes is None:
            raise ValueError(
                "balance=True repeats samples of small classes, and here a sample has not one "
                "class. Use class_mode 'categorical', 'binary' or 'sparse', or leave it out."
            )
        whole = count * len(np.unique(codes))  # more than an epoch
        self._balanced = Sampler(count, whole, 0, shuffle=False, codes=codes)
        return self._balanced.pass_size

    def _members(self, epoch: int) -> Ints:
        if self._balanced is None:
            return np.arange(self.n)
        return self._balanced.batch(epoch, 0).positions

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._option("threads", None) or available_cores())

    @cached_property
    def _memory(self) -> BufferPool:
        return BufferPool()

    @cached_property
    def _bad(self) -> dict[int, BadImage]:
        return {}

    @property
    def report(self) -> tuple[BadImage, ...]:
        """The images that could not be read so far, with sample number, name and reason."""
        return tuple(bad for _, bad in sorted(self._bad.items()))

    def _draw(self, count: int) -> None:
        """Draw all that a batch of so many images draws."""
        self._draw_transforms(count)
        self._draw_numbers(count)

    def _draw_transforms(self, count: int) -> list[Any]:
        """Parameters of so many images."""
        held_out = self.subset == "validation" and not self._option("augment_validation", True)
        if self.image_data_generator is None or held_out:
            return [None] * count
        draw = self.image_data_generator.get_random_transform
        return [draw(self.image_shape) for _ in range(count)]

    def _draw_numbers(self, count: int) -> list[int]:
        """Numbers in the names of so many pictures that are kept."""
        kept = count if self.save_to_dir else 0
        return [random_state().randint(self._name_numbers) for _ in range(kept)]

    def _images(self, index_array: Ints) -> Images:
        """Render the images of a batch, several at once where there are threads for it."""
        count = len(index_array)
        images = Images(
            self._memory.empty((count, *self.image_shape), self.dtype),
            np.array(index_array),
            np.ones(count, bool),
        )
        with drawing_from(self._state_of_batch()):
            if self._pool.threads > 1:
                parameters = self._draw_transforms(count)
                self._pool.start(
                    count, lambda slot: self._fill(images, slot, parameters[slot]), images
                ).wait()
            else:
                self._fill_in_turn(images)
            for slot, number in enumerate(self._draw_numbers(count)):
                self._keep(images.pixels[slot], index_array[slot], number)
        return images

    def _state_of_batch(self) -> Any:
        """What a batch draws from: by the seed too where a subclass has a `next` of its own."""
        state = random_state()
        return self._next_state if state is np.random and self.seed is not None else state

    def _fill_in_turn(self, images: Images) -> None:
        """Draw and fill one image after the other, as the old class does.

        Functions of the user that draw from NumPy's global generator find it in the state that the
        old class would have left it in; afterwards it is as it was.
        """
        state = np.random if self._option("_is_plain", False) else random_state()
        with SingleThreadedOpenCV(), as_global(state):
            for slot in range(len(images.samples)):
                self._fill(images, slot, self._draw_transforms(1)[0])

    def _fill(self, images: Images, slot: int, parameters: Any) -> None:
        sample = int(images.samples[slot])
        try:
            self._place(images, slot, sample, parameters)
        except ImageError as error:
            self._bad[sample] = BadImage(sample, error.name, error.reason)
            named = ImageFileError(error.name, error.reason, sample)
            if self._option("on_error", "raise") == "raise":
                raise named from error
            images.read[slot] = False
            images.samples[slot] = self._substitutes.read(
                sample, named, lambda other: self._place(images, slot, other, parameters)
            )
        except Exception as error:  # of a preprocessing function, for example
            error.add_note(f"This happened with {self._name(sample)} (sample {sample}).")
            raise

    @cached_property
    def _substitutes(self) -> Substitutes:
        codes = self._codes()
        return Substitutes(self.n if codes is None else len(codes), codes, self.seed or 0)

    def _place(self, images: Images, slot: int, sample: int, parameters: Any) -> None:
        """Load, transform and standardise one image, and put it into the batch."""
        x, generator = self._load(sample), self.image_data_generator
        if parameters is not None:
            x = generator.apply_transform(x, parameters)
        images.pixels[slot] = x if generator is None else generator.standardize(x)

    def _keep(self, pixels: Array, sample: int, number: int) -> None:
        """Write an image of a batch where a person can look at it."""
        name = f"{self.save_prefix}_{sample}_{number}.{self.save_format}"
        picture = keras.utils.array_to_img(pixels, self.data_format, scale=True)
        picture.save(Path(self.save_to_dir) / name)


def validation_share(generator: Any) -> float:
    """Share of the validation part, which the generator says."""
    share: float = getattr(generator, "_validation_split", 0)
    if not share:
        raise ValueError(
            "subset= asks for a part of the images, and the generator has no validation_split. "
            "Give it one, such as ImageDataGenerator(validation_split=0.2)."
        )
    return share
