"""`ImageDataGenerator`: the arguments of the old class and what they do to one image."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import choice, integer
from keras_cvdata.preprocessing import standardizing, transforming
from keras_cvdata.preprocessing.affine import Reading
from keras_cvdata.preprocessing.arrays import NumpyArrayIterator
from keras_cvdata.preprocessing.dataframe import DataFrameIterator
from keras_cvdata.preprocessing.directory import DirectoryIterator
from keras_cvdata.preprocessing.randomness import drawing_from, random_state
from keras_cvdata.types import Array

_NO_LONGER = {
    "has_ext": "File names must be complete, with their ending.",
    "sort": "The order is that of the rows; sort the data frame where another is wanted.",
    "drop_duplicates": "Use DataFrame.drop_duplicates.",
}


class ImageDataGenerator:
    """Random transforms and standardisation of images, as in the old Keras class.

    Code that imported it from Keras goes on with this one: the same arguments, the same numbers for
    the same seed, several times as fast. New code has more from a `DirectorySequence` with layers.

    An image is transformed in this order: one warp (rotation, shift, shear, zoom), channel shift,
    flips, brightness; then `preprocessing_function`, `rescale`, and the standardisations, those by
    the image itself first. A flow with a `seed` leaves NumPy's global generator alone.

    Since Keras 2.9 the axes of the warp are exchanged in the old class, and equal numbers need the
    same here: `width_shift_range` moves up and down, `height_shift_range` to the left and right,
    and images that are not square turn about a point beside their centre. `exchanged_axes=False`
    does what the names say.

    Args:
        featurewise_center: Subtract the mean of each channel over the data, see `fit`.
        samplewise_center: Subtract the mean of each image.
        featurewise_std_normalization: Divide by the standard deviation of each channel over the
            data, see `fit`.
        samplewise_std_normalization: Divide by the standard deviation of each image.
        zca_whitening: Decorrelate all pixels by their covariance over the data, see `fit`.
        zca_epsilon: Keeps ZCA whitening from dividing by zero.
        rotation_range: Largest rotation either way, in degrees.
        width_shift_range: Largest shift: a share of the width below 1, pixels from 1.0 on; an
            integer n draws 0 to n - 1 whole pixels either way; a list is drawn from, either way.
        height_shift_range: The same for the height.
        brightness_range: Lowest and highest factor of brightness.
        shear_range: Largest shear either way, in degrees.
        zoom_range: `z` or `(low, high)`: factors of how much of the image is seen, from `1 - z` to
            `1 + z`, for each side by itself; 0.5 magnifies twice, 2 shrinks to half.
        channel_shift_range: Largest value that is added to or subtracted from all channels.
        fill_mode: What lies beyond the border: "nearest", "reflect", "constant" or "wrap".
        cval: What "constant" fills with.
        horizontal_flip: Mirror half of the images left to right.
        vertical_flip: Mirror half of the images top to bottom.
        rescale: Factor of all values, or None.
        preprocessing_function: Takes and returns one image of floats in `data_format`, after the
            transforms. It is called from several threads unless `threads` is 1: only then do draws
            of its own from `numpy.random` repeat by the seed of a flow.
        data_format: "channels_last" or "channels_first"; Keras's default where None.
        validation_split: Share, 0 to 1, of which `subset="validation"` of a flow serves the first
            part: of each class, of the data frame or of the arrays.
        interpolation_order: How warps read: 0 the nearest pixel, 1 linearly; 2 to 5 need SciPy.
        dtype: Dtype of the batches; Keras's float type where None.
        exchanged_axes: Exchange the axes of the warp, as the old class does since Keras 2.9.
        augment_validation: Transform the images of `subset="validation"` as well.
        stratify: Choose the validation part at random, the same share of each class, instead of the
            first part.
        on_error: "raise"; "substitute" puts another image of the class, chosen by the seed, in the
            place of a file that cannot be read; "skip" does the same with sample weight 0. Both
            list the file in `report` of the flow.
        balance: Repeat images of small classes until all have the size of the largest; not in
            `subset="validation"`.
        orientation: Turn images upright as their EXIF data say.
        threads: Threads that read and transform; None takes one per core. The batches do not depend
            on it.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.

    Example:
        >>> x, y = np.zeros((6, 8, 8, 3)), np.arange(6)
        >>> flow = ImageDataGenerator(rotation_range=20).flow(x, y, batch_size=4, seed=1)
        >>> [part.shape for part in flow.next()]
        [(4, 8, 8, 3), (4,)]

    Source: Handbook 2, parts 6 to 8; R40, R64.
    """

    def __init__(  # noqa: PLR0915 # a statement for each argument
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0.0,
        height_shift_range: float | Sequence[float] = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Array] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
        *,
        exchanged_axes: bool = True,
        augment_validation: bool = True,
        stratify: bool = False,
        on_error: str = "raise",
        balance: bool = False,
        orientation: bool = False,
        threads: int | None = None,
    ) -> None:
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = transforming.as_brightness_range(brightness_range)
        self.shear_range = shear_range
        self.zoom_range = transforming.as_zoom_range(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = data_format or keras.config.image_data_format()
        self.interpolation_order = interpolation_order
        self.dtype = dtype or keras.config.floatx()
        self.exchanged_axes = exchanged_axes
        self.augment_validation = augment_validation
        self.on_error = on_error
        self.stratify = stratify
        self.balance = balance
        self.orientation = orientation
        self.threads = threads
        self._validation_split = validation_split
        self.mean: Array | None = None
        self.std: Array | None = None
        self.zca_whitening_matrix: Array | None = None
        self._check()

    @property
    def _is_plain(self) -> bool:
        """Whether no code of others takes part, which may draw from NumPy's global generator."""
        return type(self) is ImageDataGenerator and self.preprocessing_function is None

    def _check(self) -> None:
        choice("data_format", self.data_format, ("channels_last", "channels_first"))
        choice("on_error", self.on_error, ("raise", "substitute", "skip"))
        last = self.data_format == "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (1, 2, 3) if last else (2, 3, 1)
        if self._validation_split and not 0 < self._validation_split < 1:
            raise ValueError(
                f"validation_split must be a share between 0 and 1; got {self._validation_split!r}."
            )
        if self.threads is not None:
            integer("threads", self.threads, 1)
        options = {name: getattr(self, name) for name in standardizing.OPTIONS}
        for name, value in standardizing.agree(options).items():
            setattr(self, name, value)

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | None = None
    ) -> dict[str, Any]:
        """Draw what happens to an image of a shape; `apply_transform` takes it."""
        state = random_state(seed)
        size = img_shape[self.row_axis - 1], img_shape[self.col_axis - 1]
        moves = transforming.draw_moves(
            state,
            size,
            rotation=self.rotation_range,
            shifts=(self.height_shift_range, self.width_shift_range),
            shear=self.shear_range,
            zoom=self.zoom_range,
        )
        flips = transforming.draw_flips(state, self.horizontal_flip, self.vertical_flip)
        values = transforming.draw_values(state, self.channel_shift_range, self.brightness_range)
        return {**moves, **flips, **values}

    def apply_transform(self, x: Array, transform_parameters: Mapping[str, Any]) -> Array:
        """Transform one image, which is not changed, by some or all that is drawn for it."""
        axes = (self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1)
        how = Reading(self.fill_mode, self.cval, self.interpolation_order)
        return transforming.apply_parameters(
            x, transform_parameters, axes, how, exchanged=self.exchanged_axes
        )

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """Transform one image, which is not changed, at random; a seed selects the numbers."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: Array) -> Array:
        """Apply the function, the factor and the standardisations to floats, mostly in place."""
        x = standardizing.standardize_by_itself(
            x,
            function=self.preprocessing_function,
            rescale=self.rescale,
            center=self.samplewise_center,
            scale=self.samplewise_std_normalization,
        )
        needed = standardizing.if_learned
        return standardizing.standardize_by_data(
            x,
            needed("featurewise_center", self.featurewise_center, self.mean),
            needed("featurewise_std_normalization", self.featurewise_std_normalization, self.std),
            needed("zca_whitening", self.zca_whitening, self.zca_whitening_matrix),
        )

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Learn the statistics of `featurewise_...` and `zca_whitening` from images.

        `rescale` is applied first, `preprocessing_function` is not.

        Args:
            x: (N, height, width, channels) images, or with the channels second.
            augment: Learn from images transformed at random.
            rounds: How many times each of them.
            seed: Selects the transforms.

        Raises:
            ValueError: `x` has not four axes.
        """
        x = standardizing.as_images(x, self.dtype, self.data_format, self.channel_axis)
        if self.rescale:
            x *= self.rescale
        if augment:
            with drawing_from(random_state(seed)):
                many = [self.random_transform(image) for _ in range(rounds) for image in x]
            x = np.array(many, self.dtype)
        if self.featurewise_center:
            self.mean = standardizing.mean_of_channels(x, self.channel_axis)
            x = standardizing.standardize_by_data(x, self.mean, None, None)
        if self.featurewise_std_normalization:
            self.std = standardizing.std_of_channels(x, self.channel_axis)
            x = standardizing.standardize_by_data(x, None, self.std, None)
        if self.zca_whitening:
            self.zca_whitening_matrix = standardizing.whitening_matrix(x, self.zca_epsilon)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of the images of an array; `NumpyArrayIterator` says what the arguments mean."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        *,
        index: str | os.PathLike[str] | bool | None = None,
    ) -> DirectoryIterator:
        """Batches of the images in a folder; `DirectoryIterator` says what the arguments mean."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            index=index,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: str | list[str] = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches of listed images; `DataFrameIterator` says what the arguments mean.

        `has_ext`, `sort` and `drop_duplicates` of very old code have no effect and warn of it.
        """
        for name in kwargs:
            if name not in _NO_LONGER:
                raise TypeError(f"flow_from_dataframe has no argument {name!r}.")
            message = f"{name} is deprecated, it has no effect any more. {_NO_LONGER[name]}"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
        if class_mode == "other":
            message = '`class_mode="other"` is deprecated, please use `class_mode="raw"`.'
            warnings.warn(message, DeprecationWarning, stacklevel=2)
            class_mode = "raw"
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )
