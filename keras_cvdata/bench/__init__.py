"""What limits the loading of a collection, and which setting to change, by measuring it."""

from keras_cvdata.bench.report import BenchReport
from keras_cvdata.bench.run import bench

__all__ = ["BenchReport", "bench"]
