"""What a person asks a sequence about its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.labels import Labels
from keras_cvdata.sequences.targets import Targets
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array


class Labelled:
    """Names, numbers and weights of the classes of a sequence, which sets the attributes."""

    source: Source
    _targets: Targets

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes in the order of their integers; None without labels."""
        columns = self._targets.columns
        if len(columns) > 1:
            raise ValueError(
                f"There are {len(columns)} label columns, not one: {list(columns)}. Take "
                "seq.source.labels[name].class_names."
            )
        return next(iter(columns.values())).class_names if columns else None

    @property
    def class_indices(self) -> dict[str, int]:
        """Integer of each class by its name; empty without labels."""
        return {name: index for index, name in enumerate(self.class_names or ())}

    @property
    def labels(self) -> Any:
        """Targets of all samples in the order of the source, in the form of `label_mode`."""
        if self._targets.input:
            raise ValueError(
                "With label_mode='input' the images are the targets; iterate over them."
            )
        if not self._targets:
            raise ValueError("There are no labels: label_mode is None.")
        return self._targets.of(np.arange(len(self.source)), np.empty(0))

    def class_weights(self, column: str | None = None) -> dict[int, float]:
        """Weight of each class for `fit(class_weight=...)`: inverse to its number of samples.

        Args:
            column: Name of the label column, where there are several.

        Returns:
            Weights by the integers of the classes; of a hierarchy, of its last level.

        Raises:
            ValueError: There is no such column, or its labels are no classes.
        """
        labels = one_class_each("class_weights()", self._targets.columns, column)
        last = labels.values[:, -1] if labels.kind == "hierarchical" else labels.values
        return label_forms.class_weights(last)


def balance_codes(columns: Mapping[str, Labels], balance: bool | str) -> Array | None:
    """Class of each sample that `balance` evens out, (N,); None where it is off.

    Args:
        columns: The label columns by name.
        balance: Argument of the sequence.

    Returns:
        The classes; of a hierarchy its paths.

    Raises:
        ValueError: There is no such column, or its labels are no classes.
    """
    if not balance:
        return None
    name = balance if isinstance(balance, str) else None
    return one_class_each(f"balance={balance!r}", columns, name).codes


def one_class_each(purpose: str, columns: Mapping[str, Labels], name: str | None) -> Labels:
    """Choose a label column that gives each sample one class.

    Args:
        purpose: What needs it, for messages.
        columns: The label columns by name.
        name: Name of the column; may be None where there is only one.

    Returns:
        The column.

    Raises:
        ValueError: There is no such column, or its labels are no classes.
    """
    if (name is None and len(columns) != 1) or (name is not None and name not in columns):
        wanted = "one column of classes" if name is None else f"a label column {name!r}"
        mend = "Name one of them" if columns else "Give labels, and a label_mode for them"
        raise ValueError(f"{purpose} needs {wanted}; there are {list(columns)}. {mend}.")
    labels = next(iter(columns.values())) if name is None else columns[name]
    if labels.kind in ("multilabel", "number"):
        reason = {
            "multilabel": "they are multi-label: an image of several classes belongs to no single "
            "one. Weigh the classes in the loss, or give each column a mode of its own",
            "number": "they are numbers. Bin them into classes, for example with np.digitize",
        }[labels.kind]
        raise ValueError(f"{purpose} needs labels with one class an image, but {reason}.")
    return labels
