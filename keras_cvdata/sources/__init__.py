"""Where images come from: random access to samples, without Keras."""

from keras_cvdata.sources.arrays import ArraySource
from keras_cvdata.sources.base import Source, Subset
from keras_cvdata.sources.csv import CSVSource
from keras_cvdata.sources.dataframe import DataFrameSource
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.json import JSONSource
from keras_cvdata.sources.not_any import not_any_class
from keras_cvdata.sources.opening import open_source
from keras_cvdata.sources.splitting import folds, split
from keras_cvdata.sources.table import TableSource

__all__ = [
    "ArraySource",
    "CSVSource",
    "DataFrameSource",
    "DirectorySource",
    "HDF5Source",
    "JSONSource",
    "Source",
    "Subset",
    "TableSource",
    "folds",
    "not_any_class",
    "open_source",
    "split",
]
