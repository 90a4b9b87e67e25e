"""Any image collection in any format: HDF5, folder, CSV, JSON."""

from keras_cvdata.conversion.convert import convert

__all__ = ["convert"]
