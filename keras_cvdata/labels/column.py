"""One label column: what it holds and what a loss sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from keras_cvdata.types import Array

Kind = Literal["class", "multilabel", "hierarchical", "number"]


@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """One label column of N samples in compact form.

    Codes are uint16, and uint32 beyond 65,535 classes (R50). The functions beside
    make them: `from_names`, `from_levels`, `from_sets`, `from_numbers`, `from_array`, `infer`,
    `join_columns`.

    Args:
        kind: "class" (one class a sample), "multilabel" (any number of classes), "hierarchical"
            (one class per level of a hierarchy) or "number" (regression targets).
        values: "class": (N,) codes; "multilabel": (N, K) uint8 of 0 and 1; "hierarchical": (N, L)
            codes; "number": (N,) or (N, K) float32.
        names: Class names in the order of their codes: one tuple, or one per level; of numbers
            the names of their columns, or none.

    Example:
        >>> labels = Labels("class", np.array([1, 0, 1], np.uint16), (("cat", "dog"),))
        >>> labels.counts(), labels.encode([0, 1], "categorical").tolist()
        ({'cat': 1, 'dog': 2}, [[0.0, 1.0], [1.0, 0.0]])

    Source: Handbook 2, parts 5 and 6; R16, R19, R49 to R52.
    """

    kind: Kind
    values: Array
    names: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, of the last level of a hierarchy, of the columns of numbers."""
        return self.names[-1] if self.names else ()

    @property
    def num_classes(self) -> int:
        """Number of classes, of the last level of a hierarchy; 0 for numbers."""
        return 0 if self.kind == "number" else len(self.class_names)

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
        return compact(np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1))

    @cached_property
    def _numbers(self) -> Array:
        """Class names read as numbers; a table of prices may have as many as rows."""
        return np.array([float(name) for name in self.class_names])

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

    def at(self, position: int) -> Any:
        """Label of one sample; codes as int32, so that arithmetic with them is right."""
        value = self.values[position]
        return value.astype(np.int32) if self.kind in ("class", "hierarchical") else value

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
            "int": (B,) int32 codes; "categorical": (B, C) one-hot; "binary": (B, 1) of 0 and 1;
            "multilabel": (B, K) of 0 and 1; "regression": (B,) or (B, K);
            "hierarchical": a tuple with (B,) int32 codes for each level.
        """
        values: Array = self.values[positions]
        if label_mode == "hierarchical":
            return tuple(values[:, level].astype(np.int32) for level in range(len(self.names)))
        if label_mode == "regression" and self.kind == "class":
            return self._numbers.take(values).astype(np.dtype(dtype))
        if self.kind in ("multilabel", "number"):
            return values.astype(np.dtype(dtype))
        codes = values[:, -1] if self.kind == "hierarchical" else values
        if label_mode == "int":  # losses refuse unsigned integers, and `y - 1` wraps
            return codes.astype(np.int32)
        if label_mode == "binary":
            return codes.astype(np.dtype(dtype)).reshape(-1, 1)
        one_hot = np.zeros((len(codes), self.num_classes), dtype)
        one_hot[np.arange(len(codes)), codes] = 1
        return one_hot

    def __repr__(self) -> str:
        if self.kind == "number":
            return f"numbers of shape {self.values.shape}"
        count = " and ".join(str(len(names)) for names in self.names)
        return f"{count} classes" if self.kind == "class" else f"{count} classes ({self.kind})"


def compact(codes: Array, classes: int = 0) -> Array:
    """Store codes as uint16, or as uint32 beyond 65,535 classes or codes (R50)."""
    largest = max(classes, int(codes.max(initial=0)))
    return codes.astype(np.uint16 if largest <= 65_535 else np.uint32)
