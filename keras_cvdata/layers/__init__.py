"""Augmentation layers: Keras layers that act on tensors in a model and on images in a sequence."""

from keras_cvdata.layers.base import AugmentationLayer
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
from keras_cvdata.layers.mixing.base import MixingLayer
from keras_cvdata.layers.mixing.cut_mix import CutMix
from keras_cvdata.layers.mixing.mix_up import MixUp
from keras_cvdata.layers.photometric.random_channel_lighting import RandomChannelLighting
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_invert import RandomInvert
from keras_cvdata.layers.photometric.random_lighting import RandomLighting
from keras_cvdata.layers.photometric.random_range_lighting import RandomRangeLighting
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.layers.policies.base import CompoundLayer
from keras_cvdata.layers.policies.one_of import OneOf
from keras_cvdata.layers.policies.pipeline import Pipeline
from keras_cvdata.layers.policies.random_apply import RandomApply
from keras_cvdata.layers.policies.random_order import RandomOrder
from keras_cvdata.layers.policies.some_of import SomeOf

__all__ = [
    "AugmentationLayer",
    "ColorLayer",
    "CompoundLayer",
    "CutMix",
    "FieldLayer",
    "FillLayer",
    "FillingLayer",
    "GeometricLayer",
    "HistogramLayer",
    "KernelLayer",
    "MatrixLayer",
    "MixUp",
    "MixingLayer",
    "OneOf",
    "PhotometricLayer",
    "Pipeline",
    "RandomApply",
    "RandomChannelLighting",
    "RandomContrast",
    "RandomFlip",
    "RandomInvert",
    "RandomLighting",
    "RandomOrder",
    "RandomRangeLighting",
    "RandomResizedCrop",
    "RandomRoll",
    "RandomRot90",
    "RandomRotateBound",
    "RandomSaturation",
    "RandomTranslation",
    "RandomZoomCrop",
    "RangedLayer",
    "RegionLayer",
    "SomeOf",
]
