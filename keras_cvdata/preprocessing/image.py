"""All public names of the old module `keras.preprocessing.image`, for one changed import line.

    from keras_cvdata.preprocessing.image import ImageDataGenerator

`img_to_array`, `array_to_img`, `save_img` and `smart_resize` are those of Keras.
"""

from keras.preprocessing.image import smart_resize
from keras.utils import array_to_img, img_to_array, save_img

from keras_cvdata.preprocessing.affine import (
    apply_affine_transform,
    transform_matrix_offset_center,
)
from keras_cvdata.preprocessing.arrays import NumpyArrayIterator
from keras_cvdata.preprocessing.brightness import (
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
)
from keras_cvdata.preprocessing.dataframe import DataFrameIterator
from keras_cvdata.preprocessing.directory import DirectoryIterator
from keras_cvdata.preprocessing.files import BatchFromFilesMixin
from keras_cvdata.preprocessing.generator import ImageDataGenerator
from keras_cvdata.preprocessing.iterator import Iterator
from keras_cvdata.preprocessing.listing import list_pictures, validate_filename
from keras_cvdata.preprocessing.load import load_img
from keras_cvdata.preprocessing.random_affine import (
    flip_axis,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)

__all__ = [
    "BatchFromFilesMixin",
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
    "transform_matrix_offset_center",
    "validate_filename",
]
