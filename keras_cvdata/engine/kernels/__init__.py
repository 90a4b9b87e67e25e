"""What no matrix, curve or rectangle can say: pairs of functions, one for each executor."""

from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.clahe import CLAHE
from keras_cvdata.engine.kernels.hue import HUE
from keras_cvdata.engine.kernels.sharpness import SHARPNESS

PAIRS: dict[str, Pair] = {"clahe": CLAHE, "hue": HUE, "sharpness": SHARPNESS}
"""The pairs by the name under which a plan holds them."""

__all__ = ["PAIRS", "Pair"]
