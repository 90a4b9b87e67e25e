"""Labels in compact form, made from names, lists, numbers or arrays, and encoded for a loss."""

from keras_cvdata.labels.column import Kind, Labels
from keras_cvdata.labels.making import (
    from_array,
    from_levels,
    from_names,
    from_numbers,
    from_sets,
    infer,
    is_missing,
    sorted_names,
)
from keras_cvdata.labels.modes import check_mode, class_weights, default_mode

__all__ = [
    "Kind",
    "Labels",
    "check_mode",
    "class_weights",
    "default_mode",
    "from_array",
    "from_levels",
    "from_names",
    "from_numbers",
    "from_sets",
    "infer",
    "is_missing",
    "sorted_names",
]
