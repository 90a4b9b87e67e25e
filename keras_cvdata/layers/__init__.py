"""Augmentation layers: Keras layers that act on tensors in a model and on images in a sequence."""

from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.filtering.grid_mask import GridMask
from keras_cvdata.layers.filtering.random_background import RandomBackground
from keras_cvdata.layers.filtering.random_defocus_blur import RandomDefocusBlur
from keras_cvdata.layers.filtering.random_erasing import RandomErasing
from keras_cvdata.layers.filtering.random_fog import RandomFog
from keras_cvdata.layers.filtering.random_frost import RandomFrost
from keras_cvdata.layers.filtering.random_gaussian_blur import RandomGaussianBlur
from keras_cvdata.layers.filtering.random_gaussian_noise import RandomGaussianNoise
from keras_cvdata.layers.filtering.random_glass_blur import RandomGlassBlur
from keras_cvdata.layers.filtering.random_impulse_noise import RandomImpulseNoise
from keras_cvdata.layers.filtering.random_jpeg import RandomJPEG
from keras_cvdata.layers.filtering.random_morphology import RandomMorphology
from keras_cvdata.layers.filtering.random_motion_blur import RandomMotionBlur
from keras_cvdata.layers.filtering.random_pixelate import RandomPixelate
from keras_cvdata.layers.filtering.random_shadow import RandomShadow
from keras_cvdata.layers.filtering.random_shot_noise import RandomShotNoise
from keras_cvdata.layers.filtering.random_snow import RandomSnow
from keras_cvdata.layers.filtering.random_spatter import RandomSpatter
from keras_cvdata.layers.filtering.random_speckle_noise import RandomSpeckleNoise
from keras_cvdata.layers.filtering.random_texture import RandomTexture
from keras_cvdata.layers.filtering.random_zoom_blur import RandomZoomBlur
from keras_cvdata.layers.forms import (
    ColorLayer,
    FieldLayer,
    FillingLayer,
    GeometricLayer,
    HistogramLayer,
    KernelLayer,
    MatrixLayer,
    PhotometricLayer,
    RangedLayer,
    RegionLayer,
)
from keras_cvdata.layers.from_keras import from_keras
from keras_cvdata.layers.geometric.center_crop import CenterCrop
from keras_cvdata.layers.geometric.pad import Pad
from keras_cvdata.layers.geometric.random_affine import RandomAffine
from keras_cvdata.layers.geometric.random_crop import RandomCrop
from keras_cvdata.layers.geometric.random_elastic_transform import RandomElasticTransform
from keras_cvdata.layers.geometric.random_flip import RandomFlip
from keras_cvdata.layers.geometric.random_perspective import RandomPerspective
from keras_cvdata.layers.geometric.random_resized_crop import RandomResizedCrop
from keras_cvdata.layers.geometric.random_roll import RandomRoll
from keras_cvdata.layers.geometric.random_rot90 import RandomRot90
from keras_cvdata.layers.geometric.random_rotate_bound import RandomRotateBound
from keras_cvdata.layers.geometric.random_rotation import RandomRotation
from keras_cvdata.layers.geometric.random_shear import RandomShear
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.geometric.random_zoom import RandomZoom
from keras_cvdata.layers.geometric.random_zoom_crop import RandomZoomCrop
from keras_cvdata.layers.geometric.resizing import Resizing
from keras_cvdata.layers.mixing.base import MixingLayer
from keras_cvdata.layers.mixing.cut_mix import CutMix
from keras_cvdata.layers.mixing.mix_up import MixUp
from keras_cvdata.layers.photometric.auto_contrast import AutoContrast
from keras_cvdata.layers.photometric.clahe import (
    CLAHE,
    ContrastLimitedAdaptiveHistogramEqualization,
)
from keras_cvdata.layers.photometric.equalization import Equalization
from keras_cvdata.layers.photometric.normalize import Normalize
from keras_cvdata.layers.photometric.random_brightness import RandomBrightness
from keras_cvdata.layers.photometric.random_channel_lighting import RandomChannelLighting
from keras_cvdata.layers.photometric.random_color_degeneration import RandomColorDegeneration
from keras_cvdata.layers.photometric.random_color_jitter import RandomColorJitter
from keras_cvdata.layers.photometric.random_color_temperature import RandomColorTemperature
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_gamma import RandomGamma
from keras_cvdata.layers.photometric.random_grayscale import RandomGrayscale
from keras_cvdata.layers.photometric.random_hue import RandomHue
from keras_cvdata.layers.photometric.random_invert import RandomInvert
from keras_cvdata.layers.photometric.random_lighting import RandomLighting
from keras_cvdata.layers.photometric.random_posterization import RandomPosterization
from keras_cvdata.layers.photometric.random_range_lighting import RandomRangeLighting
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.layers.photometric.random_sharpness import RandomSharpness
from keras_cvdata.layers.photometric.solarization import Solarization
from keras_cvdata.layers.policies.aug_mix import AugMix
from keras_cvdata.layers.policies.base import CompoundLayer
from keras_cvdata.layers.policies.one_of import OneOf
from keras_cvdata.layers.policies.pipeline import Pipeline
from keras_cvdata.layers.policies.rand_augment import RandAugment
from keras_cvdata.layers.policies.random_apply import RandomApply
from keras_cvdata.layers.policies.random_order import RandomOrder
from keras_cvdata.layers.policies.some_of import SomeOf
from keras_cvdata.layers.policies.trivial_augment_wide import TrivialAugmentWide
from keras_cvdata.layers.random_layer import RandomLayer

__all__ = [
    "CLAHE",
    "AugMix",
    "AugmentationLayer",
    "AutoContrast",
    "CenterCrop",
    "ColorLayer",
    "CompoundLayer",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "FieldLayer",
    "FillingLayer",
    "GeometricLayer",
    "GridMask",
    "HistogramLayer",
    "KernelLayer",
    "MatrixLayer",
    "MixUp",
    "MixingLayer",
    "Normalize",
    "OneOf",
    "Pad",
    "PhotometricLayer",
    "Pipeline",
    "RandAugment",
    "RandomAffine",
    "RandomApply",
    "RandomBackground",
    "RandomBrightness",
    "RandomChannelLighting",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomColorTemperature",
    "RandomContrast",
    "RandomCrop",
    "RandomDefocusBlur",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomFog",
    "RandomFrost",
    "RandomGamma",
    "RandomGaussianBlur",
    "RandomGaussianNoise",
    "RandomGlassBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomImpulseNoise",
    "RandomInvert",
    "RandomJPEG",
    "RandomLayer",
    "RandomLighting",
    "RandomMorphology",
    "RandomMotionBlur",
    "RandomOrder",
    "RandomPerspective",
    "RandomPixelate",
    "RandomPosterization",
    "RandomRangeLighting",
    "RandomResizedCrop",
    "RandomRoll",
    "RandomRot90",
    "RandomRotateBound",
    "RandomRotation",
    "RandomSaturation",
    "RandomShadow",
    "RandomSharpness",
    "RandomShear",
    "RandomShotNoise",
    "RandomSnow",
    "RandomSpatter",
    "RandomSpeckleNoise",
    "RandomTexture",
    "RandomTranslation",
    "RandomZoom",
    "RandomZoomBlur",
    "RandomZoomCrop",
    "RangedLayer",
    "RegionLayer",
    "Resizing",
    "Solarization",
    "SomeOf",
    "TrivialAugmentWide",
    "from_keras",
]
