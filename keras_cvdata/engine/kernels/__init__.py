"""What no matrix, curve or rectangle can say: pairs of functions, one for each executor."""

from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.blur import DEFOCUS_BLUR, GAUSSIAN_BLUR, MOTION_BLUR
from keras_cvdata.engine.kernels.clahe import CLAHE
from keras_cvdata.engine.kernels.compression import JPEG
from keras_cvdata.engine.kernels.glass import GLASS_BLUR
from keras_cvdata.engine.kernels.hue import HUE
from keras_cvdata.engine.kernels.morphology import MORPHOLOGY
from keras_cvdata.engine.kernels.noise import (
    GAUSSIAN_NOISE,
    IMPULSE_NOISE,
    SHOT_NOISE,
    SPECKLE_NOISE,
)
from keras_cvdata.engine.kernels.occlusion import ERASING, GRID_MASK, PIXELATE
from keras_cvdata.engine.kernels.sharpness import SHARPNESS
from keras_cvdata.engine.kernels.surfaces import BACKGROUND, TEXTURE
from keras_cvdata.engine.kernels.weather import FOG, FROST, SHADOW, SNOW, SPATTER
from keras_cvdata.engine.kernels.zooming import ZOOM_BLUR

PAIRS: dict[str, Pair] = {
    "background": BACKGROUND,
    "clahe": CLAHE,
    "defocus_blur": DEFOCUS_BLUR,
    "erasing": ERASING,
    "fog": FOG,
    "frost": FROST,
    "gaussian_blur": GAUSSIAN_BLUR,
    "gaussian_noise": GAUSSIAN_NOISE,
    "glass_blur": GLASS_BLUR,
    "grid_mask": GRID_MASK,
    "hue": HUE,
    "impulse_noise": IMPULSE_NOISE,
    "jpeg": JPEG,
    "morphology": MORPHOLOGY,
    "motion_blur": MOTION_BLUR,
    "pixelate": PIXELATE,
    "shadow": SHADOW,
    "sharpness": SHARPNESS,
    "shot_noise": SHOT_NOISE,
    "snow": SNOW,
    "spatter": SPATTER,
    "speckle_noise": SPECKLE_NOISE,
    "texture": TEXTURE,
    "zoom_blur": ZOOM_BLUR,
}
"""The pairs by the name under which a plan holds them."""

__all__ = ["PAIRS", "Pair"]
