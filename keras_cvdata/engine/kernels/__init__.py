"""What no matrix, curve or rectangle can say: pairs of functions, one for each executor."""

from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.blur import GAUSSIAN_BLUR, MOTION_BLUR
from keras_cvdata.engine.kernels.clahe import CLAHE
from keras_cvdata.engine.kernels.compression import JPEG
from keras_cvdata.engine.kernels.hue import HUE
from keras_cvdata.engine.kernels.noise import GAUSSIAN_NOISE, SHOT_NOISE
from keras_cvdata.engine.kernels.occlusion import ERASING, GRID_MASK, PIXELATE
from keras_cvdata.engine.kernels.sharpness import SHARPNESS

PAIRS: dict[str, Pair] = {
    "clahe": CLAHE,
    "erasing": ERASING,
    "gaussian_blur": GAUSSIAN_BLUR,
    "gaussian_noise": GAUSSIAN_NOISE,
    "grid_mask": GRID_MASK,
    "hue": HUE,
    "jpeg": JPEG,
    "motion_blur": MOTION_BLUR,
    "pixelate": PIXELATE,
    "sharpness": SHARPNESS,
    "shot_noise": SHOT_NOISE,
}
"""The pairs by the name under which a plan holds them."""

__all__ = ["PAIRS", "Pair"]
