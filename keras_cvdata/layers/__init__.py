"""Augmentation layers: Keras layers that act on tensors in a model and on images in a sequence."""

from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.filtering.grid_mask import GridMask
from keras_cvdata.layers.filtering.random_erasing import RandomErasing
from keras_cvdata.layers.filtering.random_gaussian_blur import RandomGaussianBlur
from keras_cvdata.layers.filtering.random_gaussian_noise import RandomGaussianNoise
from keras_cvdata.layers.filtering.random_jpeg import RandomJPEG
from keras_cvdata.layers.filtering.random_motion_blur import RandomMotionBlur
from keras_cvdata.layers.filtering.random_pixelate import RandomPixelate
from keras_cvdata.layers.filtering.random_shot_noise import RandomShotNoise
from keras_cvdata.layers.forms import (
    ColorLayer,
    FieldLayer,
    FillingLayer,
    FillLayer,
    GeometricLayer,
    HistogramLayer,
    KernelLayer,
    MatrixLayer,
    PhotometricLayer,
    RangedLayer,
    RegionLayer,
)
from keras_cvdata.layers.geometric.random_flip import RandomFlip
from keras_cvdata.layers.geometric.random_resized_crop import RandomResizedCrop
from keras_cvdata.layers.geometric.random_roll import RandomRoll
from keras_cvdata.layers.geometric.random_rot90 import RandomRot90
from keras_cvdata.layers.geometric.random_rotate_bound import RandomRotateBound
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.geometric.random_zoom_crop import RandomZoomCrop
from keras_cvdata.layers.photometric.random_channel_lighting import RandomChannelLighting
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_invert import RandomInvert
from keras_cvdata.layers.photometric.random_lighting import RandomLighting
from keras_cvdata.layers.photometric.random_range_lighting import RandomRangeLighting
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.layers.policies.base import CompoundLayer
from keras_cvdata.layers.policies.one_of import OneOf

__all__ = [
    "AugmentationLayer",
    "ColorLayer",
    "CompoundLayer",
    "FieldLayer",
    "FillLayer",
    "FillingLayer",
    "GeometricLayer",
    "GridMask",
    "HistogramLayer",
    "KernelLayer",
    "MatrixLayer",
    "OneOf",
    "PhotometricLayer",
    "RandomChannelLighting",
    "RandomContrast",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGaussianNoise",
    "RandomInvert",
    "RandomJPEG",
    "RandomLighting",
    "RandomMotionBlur",
    "RandomPixelate",
    "RandomRangeLighting",
    "RandomResizedCrop",
    "RandomRoll",
    "RandomRot90",
    "RandomRotateBound",
    "RandomSaturation",
    "RandomShotNoise",
    "RandomTranslation",
    "RandomZoomCrop",
    "RangedLayer",
    "RegionLayer",
]
