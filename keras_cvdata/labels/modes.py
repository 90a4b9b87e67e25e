"""Which form of labels fits which loss, and the weights of classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_cvdata.labels.column import Labels
from keras_cvdata.types import Array, brief

_MODES = {
    "class": ("int", "categorical", "binary", "multilabel"),
    "multilabel": ("multilabel",),
    "hierarchical": ("hierarchical", "int", "categorical", "binary"),
    "number": ("regression",),
}
_ALL_MODES = ("int", "categorical", "binary", "multilabel", "hierarchical", "regression")


def check_mode(label_mode: str, labels: Labels) -> None:
    """Refuse a label mode that does not fit the labels.

    Args:
        label_mode: "int", "categorical", "binary", "multilabel", "hierarchical" or "regression".
        labels: The labels.

    Raises:
        ValueError: The mode is unknown or does not fit; the message names those that do.
    """
    if label_mode not in _ALL_MODES:
        raise ValueError(
            f"label_mode must be one of {', '.join(map(repr, _ALL_MODES))}, 'input' or None; got "
            f"{label_mode!r}."
        )
    if label_mode == "regression" and labels.kind == "class":
        if not all(reads_as(name, float) for name in labels.class_names):
            raise ValueError(
                "label_mode='regression' needs numbers, but the labels are classes: "
                f"{list_names(labels.class_names)}. Use label_mode='int' or 'categorical'."
            )
    elif label_mode not in _MODES[labels.kind]:
        cast = (
            " (or, for classes, make them integers from 0 on: y.astype('int64'), or list them in "
            "class_names)"
        )
        raise ValueError(
            f"label_mode={label_mode!r} does not fit labels of kind {labels.kind!r}: {labels!r}. "
            f"Use label_mode={default_mode(labels)!r}{cast if labels.kind == 'number' else ''}."
        )
    if labels.kind in ("class", "hierarchical") and label_mode != "regression":
        _check_class_count(label_mode, labels)


def _check_class_count(label_mode: str, labels: Labels) -> None:
    if label_mode == "binary" and labels.num_classes != 2:
        raise ValueError(
            f"label_mode='binary' needs exactly two classes; there are {labels.num_classes}: "
            f"{list_names(labels.class_names)}. Use label_mode='int' or 'categorical', or list two "
            "classes in class_names, as ['1', '2'] where labels count from 1."
        )
    if len(labels.names[-1]) < 2 and label_mode != "hierarchical":
        raise ValueError(
            f"There are not two classes, only {list(labels.class_names)}, so the labels teach "
            "nothing. Check that the path is the folder above the class folders, add a class, or "
            "use label_mode=None."
        )


def default_mode(labels: Labels) -> str:
    """Return the label mode that fits the labels without further choices."""
    return {"class": "int", "hierarchical": "hierarchical", "number": "regression"}.get(
        labels.kind, "multilabel"
    )


def class_weights(codes: Array) -> dict[int, float]:
    """Weight of each class that balances their shares in the loss.

    Args:
        codes: (N,) class of each sample.

    Returns:
        `N / (classes * samples of the class)` by code, for `fit(class_weight=...)`.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]))
        {0: 0.6666666666666666, 1: 2.0}
    """
    found, counts = np.unique(codes, return_counts=True)
    weights = len(codes) / (len(found) * counts)
    return dict(zip(found.tolist(), weights.tolist(), strict=True))


def reads_as(text: str, number: type[int] | type[float]) -> bool:
    """Say whether text is a finite number."""
    try:
        value = number(text)
    except ValueError:
        return False
    return isinstance(value, int) or math.isfinite(value)


def list_names(names: Sequence[str]) -> str:
    """Write out the first ten names for a message."""
    shown = ", ".join(map(brief, names[:10]))
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
