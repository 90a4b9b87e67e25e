"""What no matrix, curve or rectangle can say: pairs of functions, one for each executor."""

from keras_cvdata.engine.kernels.base import Pair

PAIRS: dict[str, Pair] = {}
"""The pairs by the name under which a plan holds them."""

__all__ = ["PAIRS", "Pair"]
