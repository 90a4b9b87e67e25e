"""Labels in compact form, made from names, lists, numbers or arrays, and encoded for a loss."""

from keras_cvdata.labels.cells import SEPARATOR
from keras_cvdata.labels.column import Kind, Labels
from keras_cvdata.labels.joining import join_columns
from keras_cvdata.labels.making import (
    from_levels,
    from_names,
    from_numbers,
    from_sets,
    is_missing,
    sorted_names,
)
from keras_cvdata.labels.modes import check_mode, class_weights, default_mode
from keras_cvdata.labels.recognizing import categories, from_array, from_arrays, infer
from keras_cvdata.labels.spelling import warn_of_equal_looks

__all__ = [
    "SEPARATOR",
    "Kind",
    "Labels",
    "categories",
    "check_mode",
    "class_weights",
    "default_mode",
    "from_array",
    "from_arrays",
    "from_levels",
    "from_names",
    "from_numbers",
    "from_sets",
    "infer",
    "is_missing",
    "join_columns",
    "sorted_names",
    "warn_of_equal_looks",
]
