"""Labels in compact form, made from names, lists, numbers or arrays, and encoded for a loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from keras_cvdata.types import Array

Kind = Literal["class", "multilabel", "levels", "number"]
Where = Callable[[int], str]

_MOST_CLASSES = 1_000_000  # an integer beyond it is a measurement or an identifier, not a class
_MODES = {
    "class": ("int", "categorical", "binary", "multilabel"),
    "multilabel": ("multilabel",),
    "levels": ("hierarchical", "int", "categorical", "binary"),
    "number": ("regression",),
}
_ALL_MODES = ("int", "categorical", "binary", "multilabel", "hierarchical", "regression")


@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """One label column of N samples in compact form.

    Codes are uint16, and uint32 beyond 65,535 classes (R50). Make one with `from_names`,
    `from_levels`, `from_sets`, `from_numbers`, `from_array` or `infer`.

    Args:
        kind: "class" (one class a sample), "multilabel" (any number of classes), "levels" (one
            class per level of a hierarchy) or "number" (regression targets).
        values: "class": (N,) codes; "multilabel": (N, K) uint8 of 0 and 1; "levels": (N, L) codes;
            "number": (N,) or (N, K) float32.
        names: Class names in the order of their codes: one tuple, one per level, none for numbers.

    Example:
        >>> labels = from_names(["dog", "cat", "dog"])
        >>> labels.class_names, labels.encode([0, 1], "categorical").tolist()
        (('cat', 'dog'), [[0.0, 1.0], [1.0, 0.0]])

    Source: Handbook 2, parts 5 and 6; R16, R19, R49 to R52.
    """

    kind: Kind
    values: Array
    names: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, of the last level of a hierarchy; empty for numbers."""
        return self.names[-1] if self.names else ()

    @property
    def num_classes(self) -> int:
        """Number of classes, of the last level of a hierarchy; 0 for numbers."""
        return len(self.class_names)

    @property
    def codes(self) -> Array:
        """One integer a sample, (N,): its class, its path through the levels, or its combination.

        Raises:
            ValueError: The labels are numbers, which have no classes.
        """
        if self.kind == "class":
            return self.values
        if self.kind == "number":
            raise ValueError(
                "Numbers have no classes to stratify, balance or weigh by. Leave that out "
                "(stratify=False, balance=False), or bin the numbers into classes, for example "
                "with np.digitize."
            )
        # Bits packed eight to a byte sort as the rows themselves do, in an eighth of the memory.
        rows = np.packbits(self.values, axis=1) if self.kind == "multilabel" else self.values
        return _compact(np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1))

    def counts(self) -> dict[str, int]:
        """Number of samples of each class, of each path such as "cat/persian", by name."""
        if self.kind == "number":
            return {}
        if self.kind == "multilabel":
            totals = self.values.sum(axis=0, dtype=np.int64)
        elif self.kind == "class":
            totals = np.bincount(self.values, minlength=self.num_classes)
        else:
            paths, totals = np.unique(self.values, axis=0, return_counts=True)
            joined = ["/".join(n[i] for n, i in zip(self.names, p, strict=True)) for p in paths]
            return dict(zip(joined, totals.tolist(), strict=True))
        return dict(zip(self.class_names, totals.tolist(), strict=True))

    def take(self, positions: Any) -> Labels:
        """Return the labels at `positions`, (M,) integers, with all class names kept."""
        return Labels(self.kind, self.values[positions], self.names)

    def encode(
        self, positions: Any, label_mode: str, dtype: str = "float32"
    ) -> Array | tuple[Array, ...]:
        """Labels of some samples in the form that a loss wants.

        Args:
            positions: (B,) positions.
            label_mode: One of the modes that `check_mode` allows.
            dtype: Dtype of everything but integer targets.

        Returns:
            "int": (B,) codes; "categorical": (B, C) one-hot; "binary": (B, 1) of 0 and 1;
            "multilabel": (B, K) of 0 and 1; "regression": (B,) or (B, K);
            "hierarchical": a tuple with (B,) codes for each level.
        """
        values = self.values[positions]
        if label_mode == "hierarchical":
            return tuple(np.ascontiguousarray(values[:, level]) for level in range(len(self.names)))
        if label_mode == "regression" and self.kind == "class":
            return np.array([float(name) for name in self.class_names], dtype)[values]
        if self.kind in ("multilabel", "number"):
            return values.astype(dtype)
        codes = values[:, -1] if self.kind == "levels" else values
        if label_mode == "int":
            return np.ascontiguousarray(codes)
        if label_mode == "binary":
            return codes.astype(dtype)[:, None]
        one_hot = np.zeros((len(codes), self.num_classes), dtype)
        one_hot[np.arange(len(codes)), codes] = 1
        return one_hot

    def __repr__(self) -> str:
        if self.kind == "number":
            return f"numbers of shape {self.values.shape}"
        count = " and ".join(str(len(names)) for names in self.names)
        return f"{count} classes" if self.kind == "class" else f"{count} classes ({self.kind})"


def from_names(
    values: Sequence[Any], class_names: Sequence[str] | None = None, where: Where | None = None
) -> Labels:
    """Labels from one class name a sample.

    Args:
        values: Class names; integers stand for their digits.
        class_names: The classes in the order of their codes; by default all that occur, sorted as
            text, or as numbers where all are integers.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "class".

    Raises:
        ValueError: A label is missing or is not in `class_names`.

    Example:
        >>> from_names(["b", "a"]).counts()
        {'a': 1, 'b': 1}
    """
    seen = {value: str(value) for value in set(values) if not _is_missing(value)}
    names = _sorted_names(seen.values()) if class_names is None else _checked_names(class_names)
    index = {name: code for code, name in enumerate(names)}
    codes = {value: index[name] for value, name in seen.items() if name in index}
    try:
        found = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    except KeyError:
        row = next(row for row, value in enumerate(values) if value not in codes)
        raise _bad_label(values[row], row, names, where) from None
    return Labels("class", _compact(found, len(names)), (names,))


def from_levels(values: Sequence[Sequence[str] | str], where: Where | None = None) -> Labels:
    """Labels from one path through a hierarchy a sample, such as species and breed (R16, R19).

    Args:
        values: `("cat", "persian")` or `"cat/persian"`, all with the same number of levels.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "levels", with the names of each level sorted.

    Raises:
        ValueError: A path is missing or has another number of levels than the first.

    Example:
        >>> from_levels(["dog/boxer", "cat/persian"]).encode([0, 1], "hierarchical")
        (array([1, 0], dtype=uint16), array([0, 1], dtype=uint16))
    """
    paths = [value.split("/") if isinstance(value, str) else value for value in values]
    for row, path in enumerate(paths):
        if _is_missing(path) or len(path) != len(paths[0]):
            raise ValueError(
                f"{_place(where, row)}: every label needs {len(paths[0])} levels like the first, "
                f"{'/'.join(map(str, paths[0]))!r}; got {values[row]!r}. Complete the path, or read "
                "one level only."
            )
    levels = [from_names(level, where=where) for level in zip(*paths, strict=True)]
    codes = np.stack([level.values for level in levels], axis=1)
    return Labels("levels", codes, tuple(level.class_names for level in levels))


def from_sets(
    values: Sequence[Iterable[Any] | str],
    class_names: Sequence[str] | None = None,
    where: Where | None = None,
) -> Labels:
    """Labels from any number of class names a sample (multi-label).

    Args:
        values: Lists of class names; text stands for a list of one, an empty list for no class.
        class_names: The classes in the order of their columns; by default all that occur, sorted.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "multilabel".

    Raises:
        ValueError: A list is missing, or a class is not in `class_names`.

    Example:
        >>> from_sets([["red", "ripe"], [], ["ripe"]]).values.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    for row, value in enumerate(values):
        if _is_missing(value):
            raise _bad_label(value, row, (), where)
    lists = [[value] if isinstance(value, str) else list(value) for value in values]
    rows = np.repeat(np.arange(len(lists)), [len(names) for names in lists])
    flat = from_names(
        [name for names in lists for name in names], class_names, lambda i: _place(where, rows[i])
    )
    hot = np.zeros((len(lists), flat.num_classes), np.uint8)
    hot[rows, flat.values] = 1
    return Labels("multilabel", hot, flat.names)


def from_numbers(values: Any, where: Where | None = None) -> Labels:
    """Labels from one number, or one list of K numbers, a sample (regression, R16).

    Args:
        values: (N,) or (N, K) finite numbers, also as text.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "number", float32.

    Raises:
        ValueError: A value is missing, no number, or not finite.

    Example:
        >>> from_numbers(["1.5", "2"]).values
        array([1.5, 2. ], dtype=float32)
    """
    try:
        numbers = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        numbers = np.stack([_number(value, row, where) for row, value in enumerate(values)])
    bad = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{_place(where, row)}: a regression target must be a finite number; got "
            f"{values[row]!r}. Correct the row or leave it out."
        )
    return Labels("number", numbers)


def from_array(y: Any, class_names: Sequence[str] | None = None) -> Labels:
    """Labels from what `fit` takes as `y`.

    Integers are codes as they are, so that `y` and predictions keep their meaning. One-hot rows
    become classes and are not encoded twice (R28).

    Args:
        y: (N,) or (N, 1) integers, text or booleans: classes. (N, C) of 0 and 1: classes where
            every row has exactly one 1, otherwise multi-label. Other floats: regression targets.
        class_names: Names of the classes in the order of their codes.

    Returns:
        The labels.

    Raises:
        ValueError: The shape or a value is no label.

    Example:
        >>> from_array([[0, 1], [1, 0]]), from_array([3, 0]).class_names
        (2 classes, ('0', '1', '2', '3'))
    """
    try:
        array = np.asarray(y)
    except ValueError:  # lists of unequal length: multi-label
        return infer(y, class_names=class_names)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Labels must have the shape (N,), (N, classes) or (N, targets); got {array.shape}."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biuf":
        return infer(array.tolist(), class_names=class_names)
    if array.ndim == 1 and array.dtype.kind != "f":
        return _from_codes(array, class_names)
    if array.ndim == 1 or not np.isin(array, (0, 1)).all():
        return from_numbers(array)
    names = _default_names(array.shape[1], class_names)
    if (array.sum(axis=1) == 1).all():
        return Labels("class", _compact(array.argmax(axis=1), len(names)), (names,))
    return Labels("multilabel", array.astype(np.uint8), (names,))


def infer(
    values: Sequence[Any],
    kind: str | None = None,
    class_names: Sequence[str] | None = None,
    where: Where | None = None,
) -> Labels:
    """Labels from the cells of a table.

    Args:
        values: Cells: text, numbers or lists of them.
        kind: Kind of the labels. By default lists are multi-label, numbers of which not all are
            integers (also as text) are numbers, and everything else is classes.
        class_names: The classes in the order of their codes. Integers that are no names index them.
        where: Says where a row is, for messages.

    Returns:
        The labels.

    Raises:
        ValueError: A cell is empty or is no label of its kind.

    Example:
        >>> infer(["7", "10", "7"]).class_names, infer(["0.5", "1"]).kind
        (('7', '10'), 'number')
    """
    kind = kind or _kind_of(values)
    if kind == "multilabel":
        return from_sets(values, class_names, where)
    if kind == "number":
        return from_numbers(values, where)
    if kind == "levels":
        return from_levels(values, where)
    if kind != "class":
        raise ValueError(f"The kind of labels must be one of {list(_MODES)}; got {kind!r}.")
    texts = {str(value) for value in values if not _is_missing(value)}
    if class_names is not None and texts.isdisjoint(class_names) and _are_integers(texts):
        class_names = _checked_names(class_names)
        numbers = from_names(values, [str(code) for code in range(len(class_names))], where)
        return Labels("class", numbers.values, (class_names,))
    return from_names(values, class_names, where)


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
        if not all(_reads_as(name, float) for name in labels.class_names):
            raise ValueError(
                "label_mode='regression' needs numbers, but the labels are classes: "
                f"{_some(labels.class_names)}. Use label_mode='int' or 'categorical'."
            )
    elif label_mode not in _MODES[labels.kind]:
        cast = " (or make them integers for classes: y.astype('int64'))"
        raise ValueError(
            f"label_mode={label_mode!r} does not fit labels of kind {labels.kind!r}: {labels!r}. "
            f"Use label_mode={default_mode(labels)!r}{cast if labels.kind == 'number' else ''}."
        )
    if labels.kind in ("class", "levels") and label_mode != "regression":
        _check_class_count(label_mode, labels)


def _check_class_count(label_mode: str, labels: Labels) -> None:
    if label_mode == "binary" and labels.num_classes != 2:
        raise ValueError(
            f"label_mode='binary' needs exactly two classes; there are {labels.num_classes}: "
            f"{_some(labels.class_names)}. Use label_mode='int' or 'categorical'."
        )
    if len(labels.names[-1]) < 2 and label_mode != "hierarchical":
        raise ValueError(
            f"There is one class only, {_some(labels.class_names)}, so nothing can be learned from "
            "the labels. Check that the path is the folder above the class folders, add a second "
            "class, or use label_mode=None."
        )


def default_mode(labels: Labels) -> str:
    """Return the label mode that fits the labels without further choices."""
    return {"class": "int", "levels": "hierarchical", "number": "regression"}.get(
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


def _from_codes(codes: Array, class_names: Sequence[str] | None) -> Labels:
    outside = (codes < 0) | (codes >= (_MOST_CLASSES if class_names is None else len(class_names)))
    if outside.any():
        row = int(outside.argmax())
        known = "" if class_names is None else f" below the {len(class_names)} class_names"
        raise ValueError(
            f"row {row}: integer labels must count classes from 0{known}; got {codes[row]}. "
            "Renumber them (np.unique(y, return_inverse=True)[1]), or pass floats for regression."
        )
    names = _default_names(int(codes.max(initial=-1)) + 1, class_names)
    return Labels("class", _compact(codes, len(names)), (names,))


def _compact(codes: Array, classes: int = 0) -> Array:
    return codes.astype(np.uint16 if max(classes, codes.max(initial=0)) <= 65_535 else np.uint32)


def _default_names(count: int, class_names: Sequence[str] | None) -> tuple[str, ...]:
    if class_names is None:
        return tuple(map(str, range(count)))
    names = _checked_names(class_names)
    if len(names) < count:
        raise ValueError(f"The labels have {count} classes, class_names {len(names)}.")
    return names


def _checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    names = tuple(class_names)
    if isinstance(class_names, str) or len(set(names)) != len(names):
        raise ValueError(f"class_names must be a list of different names; got {class_names!r}.")
    return names


def _kind_of(values: Sequence[Any]) -> Kind:
    if any(isinstance(value, (list, tuple, set, frozenset, np.ndarray)) for value in values):
        return "multilabel"
    texts = {str(value) for value in values if not _is_missing(value)}
    if texts and not _are_integers(texts) and all(_reads_as(text, float) for text in texts):
        return "number"
    return "class"


def _sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    unique = set(names)
    return tuple(sorted(unique, key=int) if _are_integers(unique) else sorted(unique))


def _are_integers(texts: Iterable[str]) -> bool:
    """Say whether all texts are integers as Python prints them: "7", not "007"."""
    return all(_reads_as(text, int) and str(int(text)) == text for text in texts)


def _reads_as(text: str, number: type[int] | type[float]) -> bool:
    try:
        return math.isfinite(number(text))
    except ValueError:
        return False


def _number(value: Any, row: int, where: Where | None) -> Array:
    try:
        return np.asarray(np.nan if _is_missing(value) else value, np.float32)
    except (TypeError, ValueError):
        raise ValueError(
            f"{_place(where, row)}: a regression target must be a finite number; got {value!r}. "
            "Correct the row or leave it out."
        ) from None


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or type(value).__name__ in ("NAType", "NaTType")  # of pandas


def _bad_label(value: Any, row: int, names: Sequence[str], where: Where | None) -> ValueError:
    if _is_missing(value):
        return ValueError(
            f"{_place(where, row)}: the label is missing. Fill it in or leave the row out."
        )
    return ValueError(
        f"{_place(where, row)}: the label {value!r} is not in class_names, {_some(names)}. Add it "
        "there, correct the label, or leave class_names out to take all labels that occur."
    )


def _place(where: Where | None, row: int) -> str:
    return f"row {row}" if where is None else where(row)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
