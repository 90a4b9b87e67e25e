"""Sequences: image collections as batches for `model.fit`, one class per kind of collection."""

from keras_cvdata.sequences.array import ArraySequence
from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sequences.csv import CSVSequence
from keras_cvdata.sequences.dataframe import DataFrameSequence
from keras_cvdata.sequences.directory import DirectorySequence
from keras_cvdata.sequences.hdf5 import HDF5Sequence
from keras_cvdata.sequences.json import JSONSequence
from keras_cvdata.sequences.loading_stats import LoadingStats
from keras_cvdata.sequences.position import EpochCallback

__all__ = [
    "ArraySequence",
    "CSVSequence",
    "DataFrameSequence",
    "DirectorySequence",
    "EpochCallback",
    "HDF5Sequence",
    "JSONSequence",
    "LoadingStats",
    "Sequence",
]
