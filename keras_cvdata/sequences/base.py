"""The Keras edge: any source as a `keras.utils.Sequence` that `model.fit` can take."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Literal, Self

import keras
import numpy as np

from keras_cvdata.arguments import integer, size
from keras_cvdata.arguments import value_range as read_range
from keras_cvdata.engine.chain import output_size
from keras_cvdata.engine.mixing import mix_all
from keras_cvdata.layers.augment_argument import inference_layers, parse_augment
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.filling import BadImage
from keras_cvdata.loading.loader import Images
from keras_cvdata.loading.masks import MaskClasses
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.threads import Job, available_cores, prefetch
from keras_cvdata.progress import say
from keras_cvdata.sequences import caching, preparing, settings
from keras_cvdata.sequences.epochs import Epochs
from keras_cvdata.sequences.labelled import Labelled
from keras_cvdata.sequences.pools import check_processes, choose_processes, make_pool
from keras_cvdata.sequences.single_samples import SingleSamples
from keras_cvdata.sequences.targets import Targets, choose
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.statistics import Standardization, estimate_memory
from keras_cvdata.types import Array, Range


class Sequence(Labelled, Epochs, SingleSamples):
    """Batches of images and labels from any source, augmented, for `fit`, `evaluate`, `predict`.

    Every draw is a function of (seed, epoch, row of the sample), so the batches are the same for
    any number of threads, on any backend and with `fit(shuffle=True)` or `False`. The subclasses
    (`DirectorySequence`, `CSVSequence`, ...) only say where the images come from.

    A batch is `(x, y)`, `(x, y, sample_weight)` with `on_error="skip"`, or `x` without labels.
    With masks or boxes, `y` is a dict of `labels` and these, or the only one that there is. `x` has
    the shape (B, height, width, channels), or (B, channels, height, width) with
    `data_format="channels_first"`. `seq[i]` is batch `i` of the current epoch; a full iteration, by
    hand or by Keras, goes on to the next epoch. That holds for validation too: validating on the
    training sequence itself takes an epoch each time, so give it a sequence of its own.

    A subclass may override `__getitem__`. In a pass of Keras, `super().__getitem__(index)` is the
    next batch of the epoch, whatever the index; call it once. A wrapper, another `PyDataset` that
    asks for `seq[i]`, gets what it asks for, but must tell the epoch: pass `EpochCallback(seq)`.

    While batches are made, OpenCV is set to one thread per call in the whole process.

    Args:
        source: Where the images and labels come from.
        image_size: `(height, width)` that the images are brought to, or one number for squares;
            None keeps the size that all share. A layer in `augment` that sets the size, such as
            `RandomCrop`, has the last word.
        batch_size: Samples per batch.
        label_mode: Form of the labels: "int" (int32), "categorical" (one-hot), "binary",
            "multilabel" (rows of 0 and 1), "hierarchical" (a tuple with one target per level),
            "regression", "input" (the images are the targets), None (no labels). Several label
            columns make one target (B, K) of "multilabel" or "regression", a dict of targets of
            the other modes, and of a dict with one mode per column.
        color_mode: "rgb", "grayscale", "rgba", or "unchanged" for the channels as they are.
        interpolation: "bilinear" (antialiased when shrinking), "nearest", "area", "bicubic",
            "lanczos".
        crop_to_aspect_ratio: Crop the middle instead of stretching.
        pad_to_aspect_ratio: Pad with black instead of stretching.
        data_format: "channels_last" or "channels_first"; Keras's default where None.
        shuffle: Order the samples anew in every epoch.
        seed: Selects the shuffles and draws; None takes a new one, readable as `.seed`, which
            `keras.utils.set_random_seed` governs.
        validation_split: Share that is held out, 0 to 1, or "auto" for the rule of thumb by size
            (20, 10 or 5 %). Stratified by class; the same for equal seeds.
        subset: "training" or "validation"; needed with `validation_split`. The validation part is
            neither augmented nor shuffled nor balanced; layers that draw nothing act on it too,
            and crops show the middle.
        augment: A layer, a list of layers, a `keras.Sequential` of layers, or any callable that
            takes and returns one uint8 image (height, width, channels). Layers that mix samples
            (`MixUp`, `CutMix`) stand at the end.
        rescale: None (pixel values as stored; files of several depths are told, and brought to the
            scale of the first), "unit" (0 to 1), "signed" (-1 to 1), both by the bit depth of the
            source, a factor, or "auto" (grey images as "unit", colour standardised; where
            `standardize` is given, that for both). For pretrained models "caffe", "torch" or "tf",
            modes of `keras.applications.imagenet_utils.preprocess_input`, or a function such as
            `keras.applications.vgg16.preprocess_input`: it gets each finished batch as float32 RGB
            of 0 to 255 whatever the depth, with axes as `keras.config.image_data_format()` says,
            and returns one of that shape; several threads call it.
        standardize: A fitted `Standardization`, or "samplewise" for each image by its own mean and
            standard deviation.
        dtype: "float32", "float16" or "uint8".
        value_range: Lowest and highest value of float pixels: what black and white are. Where it
            is not given, floats count from 0 to 1; pixels outside are refused by all that must know
            the range: `rescale` but for None and factors, `standardize`, `dtype="uint8"`, layers of
            light and colour. Integers count by their depth.
        on_error: "raise"; "substitute" puts another sample of the class in the place of an image
            that cannot be read; "skip" does the same with sample weight 0. Both list the image in
            `report`. Keras refuses sample weights with `class_weight`: use "substitute" there.
        threads: Threads that read and augment; None takes one per core.
        processes: Processes that read and augment in place of threads, where many threads wait for
            each other in Python; None for threads. "auto" renders some batches to see what as many
            threads gain, and takes as many processes where that is little. They load no framework
            and nothing of the program that starts them.
        prefetch: Batches that are prepared ahead.
        cache: Keep decoded images after their first use: "memory", or the path of a folder, which
            later runs and other processes read and fill too, also those with other settings.
            Without random layers, or where the first of them sees a resize that stands by itself,
            they are kept as that layer sees them, and batches are exactly those without a cache.
            Otherwise they are kept at the resolution that the largest zoom of the layers needs,
            and batches differ from those without a cache, whether an image was kept or not: on
            photographs by 1.4 to 2.3 of 255 levels in the mean (34 to 37 dB), at single pixels of
            sharp edges by up to 180, while they are about as near to an antialiased reference
            (1.7 dB less to 3.2 dB more). A file counts by its size and time of last change, a URL
            by its address. Images keep their depth; masks are read anew. A full cache serves what
            it holds; nothing is ever deleted from a folder, so remove it to begin anew.
        cache_bytes: Bytes that it may take at most; by default in memory as many as it leaves
            free (on macOS a quarter of all, on Windows 1 GiB), in a folder what the disk has left
            but for a twentieth, at least 1 GiB.
        balance: Repeat samples of small classes until all have the size of the largest; with
            several label columns, the name of the one that counts.
        drop_remainder: Drop a last batch that is not full.
        steps_per_epoch: Batches per epoch; by default as many as one pass over the samples takes.
        max_pixels: Pixels beyond which a file is refused; by default 64 million, 2**30 at most.
        verbose: Print what was found: 0 or 1.
        masks: Segmentation masks of the rows of `source`, images of class numbers (grey, one bit,
            or indices of a palette), which follow their images through every move and become the
            target `segmentation_masks` (B, height, width, 1).
        boxes: Bounding boxes of the rows of `source`, which follow likewise and become the target
            `bounding_boxes`, a dict of `boxes` (B, N, 4) float32 and `labels` (B, N) int32. Where
            an image has less than N, the rest are zeros with the label -1.
        targets: Which of "labels", "segmentation_masks" and "bounding_boxes" batches hold; by
            default all that there are.
        mask_values: Class of each number that masks hold, such as `{0: 0, 255: 1}`.
        mask_palette: Colours of the classes of masks that are drawn in colour: "voc", a list of
            `(red, green, blue)` in the order of the classes, or a dict with the class of each.
        ignore_value: Number of pixels that belong to no class, such as 255; masks hold it outside
            of the image, too. Leave it out of the loss (`ignore_class=`).
        mask_fill_value: What masks hold where a layer fills the border with a constant, and where
            images are padded; by default `ignore_value`, else 0.
        bounding_box_format: Format of the boxes, as they are given and in the batch, as in
            `keras.utils.bounding_boxes`: "xyxy" (left, top, right, bottom in pixels), "xywh",
            "center_xywh", "yxyx"; with `rel_` before it in parts of the sides of the image.
        max_boxes: Boxes of an image in the batch, N, further ones are left out; by default the
            most that an image has.
        min_visible: Share of the area of a box, 0 to 1, that must stay in sight through all that
            happens to its image; others are left out, as is all that is out of sight.
        **workers: What subclasses pass on to Keras's workers, which is ignored with a warning.

    Raises:
        ValueError: An argument is out of its range, or arguments contradict each other.
        ImageError: On reading a batch: an image cannot be read and `on_error` is "raise".

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.sources import ArraySource
        >>> x = np.zeros((5, 8, 8, 3), "uint8")
        >>> seq = Sequence(ArraySource(x, [0, 1, 0, 1, 1]), batch_size=2, seed=7, verbose=0)
        >>> [images.shape for images, labels in seq]
        [(2, 8, 8, 3), (2, 8, 8, 3), (1, 8, 8, 3)]

    Source: Handbook 2, part 6; R29, R32, R33, R36, R37, R41, R42, R52, R59, R60.
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public sequence
        self,
        source: Source,
        *,
        image_size: int | tuple[int, int] | None = None,
        batch_size: int = 32,
        label_mode: str | Mapping[str, str] | None = "int",
        color_mode: str = "rgb",
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        data_format: str | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        validation_split: float | Literal["auto"] | None = None,
        subset: Literal["training", "validation"] | None = None,
        augment: Any = None,
        rescale: str | float | Callable[[Array], Any] | None = None,
        standardize: Standardization | Literal["samplewise"] | None = None,
        dtype: str = "float32",
        value_range: Range | None = None,
        on_error: Literal["raise", "substitute", "skip"] = "raise",
        threads: int | None = None,
        processes: int | Literal["auto"] | None = None,
        prefetch: int = 2,
        cache: str | os.PathLike[str] | None = None,
        cache_bytes: int | None = None,
        balance: bool | str = False,
        drop_remainder: bool = False,
        steps_per_epoch: int | None = None,
        max_pixels: int | None = None,
        verbose: int = 1,
        masks: Source | None = None,
        boxes: Boxes | None = None,
        targets: Ordered[str] | None = None,
        mask_values: Mapping[int, int] | None = None,
        mask_palette: Any = None,
        ignore_value: int | None = None,
        mask_fill_value: int | None = None,
        bounding_box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_visible: float = 0.0,
        **workers: Any,
    ) -> None:
        super().__init__(**workers)
        self.image_size = None if image_size is None else size(image_size, square=True)
        self.batch_size = integer("batch_size", batch_size, 1)
        self.label_mode, masks, boxes = choose(targets, label_mode, masks, boxes)
        self.color_mode = color_mode
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.data_format = data_format or keras.config.image_data_format()
        self.shuffle = shuffle
        self.seed = integer("seed", random.randrange(2**31) if seed is None else seed, 0)
        self.augment = augment
        self.rescale = rescale
        self.standardize = standardize
        self.dtype = dtype
        self.value_range = read_range("value_range", value_range)
        self.on_error = on_error
        self.threads = integer("threads", available_cores() if threads is None else threads, 1)
        self.processes = check_processes(processes)
        self.prefetch = integer("prefetch", prefetch, 0)
        self.balance = balance
        self.drop_remainder = drop_remainder
        self.steps_per_epoch = steps_per_epoch
        self.verbose = verbose
        self._annotations = Annotations(
            masks and masks.limited(max_pixels),
            boxes,
            classes=MaskClasses(mask_values, mask_palette, ignore_value, mask_fill_value),
            box_format=bounding_box_format,
            max_boxes=max_boxes,
            min_visible=min_visible,
        )
        settings.check_settings(self, source)
        self._store = caching.open_store(cache, cache_bytes, source, processes)
        self._pool = make_pool(self.threads, self.processes)
        # Without a seed the two parts must still be disjoint, so they share the split of seed 0.
        part = settings.part_of(source.limited(max_pixels), validation_split, subset, seed or 0)
        self._begin_with(part, held_out=subset == "validation")

    def _begin_with(self, source: Source, held_out: bool) -> None:
        if held_out:
            self.__dict__.update(self._held_out())
        self._bind(source)
        if self.verbose:
            say(source.summary())
        if self.processes == "auto":
            indices = self._sampler.batch(0, 0)
            self.processes, told = choose_processes(self._loader, indices, self.threads)
            self._pool = make_pool(self.threads, self.processes)
            if self.verbose:
                say(told)

    def _held_out(self) -> dict[str, Any]:
        """Settings without all that must not happen to validation samples; what sizes stays."""
        return {"augment": inference_layers(self.augment), "shuffle": False, "balance": False}

    def _with(self, source: Source, **changes: Any) -> Self:
        """A sequence over other samples, with some settings changed."""
        other = copy.copy(self)
        other.__dict__.update(changes)
        other._bind(source)
        return other

    def _once(self) -> dict[str, Any]:
        """Settings with which every sample is served as it is, once an epoch."""
        return {**self._held_out(), "steps_per_epoch": None, "drop_remainder": False}

    def _bind(self, source: Source) -> None:
        """Prepare everything that depends on the samples."""
        if not len(source):
            raise ValueError(f"{source!r} holds no images. Check the path, filter or split.")
        self.source = source
        self._targets = Targets(source.labels, self.label_mode)
        seen = settings.batch_shape(source, self.image_size, self.color_mode)
        layers, mixers = parse_augment(self.augment)
        self._targets.check_mixable(mixers, bool(self._annotations))
        self.image_shape = (*output_size(layers, *seen[:2]), seen[2])
        self._loader = preparing.make_loader(self, source, seen, layers, mixers)
        sampler = preparing.make_sampler(self, source)
        draws = bool(mixers) or layers != (inference_layers(layers) or [])
        differ = any((self.shuffle, draws, self.balance, self.steps_per_epoch))
        self._begin(sampler, epochs_differ=differ)

    def with_source(self, source: Source, training: bool = True) -> Self:
        """A sequence with the same settings over other samples.

        Args:
            source: The samples, usually a selection of `self.source`.
            training: Keep augmentation, shuffling, balancing and epoch length; False leaves them
                out, as validation needs it.

        Returns:
            The new sequence, at epoch 0; it shares the threads of this one.
        """
        return self._with(source, **({} if training else self._once()))

    # What an epoch is made of

    def _start(self, epoch: int, index: int) -> Job[Images]:
        return self._loader.start(self._pool, epoch, self._sampler.batch(epoch, index))

    def _batch(self, images: Images) -> Any:
        pixels, positions, read, others, mixes, _ = images
        if self.data_format == "channels_first":
            pixels = np.ascontiguousarray(np.moveaxis(pixels, -1, 1))
        if not self._targets and not others:
            return pixels
        targets = self._targets.with_others(positions, pixels, others, mixes)
        if self.on_error == "skip":
            return pixels, targets, mix_all(read.astype(np.float32), mixes)
        return pixels, targets

    # What a person asks for

    def _load(self, indices: BatchIndices, epoch: int | None) -> Any:
        epoch = self._epoch if epoch is None else epoch
        return self._batch(self._loader.start(self._pool, epoch, indices).wait())

    def unit_batches(self) -> Iterator[Array]:
        """Every readable image once, prepared but not augmented, as float32 from 0 to 1.

        Yields:
            (B, height, width, channels) arrays.
        """
        unit = {"rescale": "unit", "standardize": None, "dtype": "float32", "_store": None}
        plain = self._with(self.source, **self._once(), **unit)
        jobs = (plain._start(0, index) for index in range(len(plain)))
        for images in prefetch(jobs, self.prefetch):
            yield images.pixels[images.read]

    @property
    def report(self) -> tuple[BadImage, ...]:
        """The images that could not be read so far, with row, name and reason."""
        return tuple(bad for _, bad in sorted(self._loader.bad.items()))

    def summary(self) -> str:
        """What was found, and what a cache takes and saves, measured on a few images.

        Returns:
            Some lines of text.
        """
        return "\n".join([self.source.summary(), *(f"  {x}" for x in caching.describe(self))])

    def estimate_memory(self) -> int:
        """Bytes that all images would take as one array in this size and dtype (R44)."""
        return estimate_memory(len(self.source), *self.image_shape, self.dtype)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.image_shape))
        return (
            f"{type(self).__name__}({self.source!r}, {len(self)} batches of {self.batch_size} x "
            f"{size} {self.dtype}, label_mode={self.label_mode!r}, shuffle={self.shuffle}, "
            f"augment={self.augment!r}, seed={self.seed}, epoch={self._epoch})"
        )
