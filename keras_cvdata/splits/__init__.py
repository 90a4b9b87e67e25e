"""Parts of a collection: training, validation and test samples, and folds, as pure functions."""

from keras_cvdata.splits.folds import fold_positions
from keras_cvdata.splits.positions import part_positions, split_positions
from keras_cvdata.splits.shares import automatic_share

__all__ = ["automatic_share", "fold_positions", "part_positions", "split_positions"]
