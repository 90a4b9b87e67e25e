"""The OpenCV executor: one image at a time, on NumPy.

It is called from many threads at once, needs no Keras, and spends its time in OpenCV, which lets
the other threads run. OpenCV 5 computes exact bilinear warps for 1, 3 and 4 channels.
"""

from keras_cvdata.engine.opencv.batches.ways import find_ways
from keras_cvdata.engine.opencv.colors import NeedsCurvesError
from keras_cvdata.engine.opencv.geometry import Reduced
from keras_cvdata.engine.opencv.rendering import render, render_batch, render_mask, with_mask
from keras_cvdata.engine.opencv.ways import reduction, way_of

__all__ = [
    "NeedsCurvesError",
    "Reduced",
    "find_ways",
    "reduction",
    "render",
    "render_batch",
    "render_mask",
    "way_of",
    "with_mask",
]
