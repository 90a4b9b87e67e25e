"""Keras's own workers, which sequences with threads of their own do without."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import keras

from keras_cvdata.sequences.keras_pass import frames_of_ours

DEFAULTS = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}


class WithoutWorkers(keras.utils.Sequence):
    """Base of sequences that Keras's workers must not take batches of.

    They would serve batches twice after an early stop, and build their pool anew in every epoch.

    Args:
        **workers: `workers`, `use_multiprocessing` and `max_queue_size` of `keras.utils.PyDataset`,
            which are ignored with one warning for all.

    Raises:
        TypeError: A keyword is another one.
    """

    _of_ours: ClassVar = "Sequence"  # the class of this package that subclasses derive from
    _in_their_place: ClassVar = " Use threads= and prefetch= when the sequence is made."
    _has_warned = False

    def __init__(self, **workers: Any) -> None:
        super().__init__(**DEFAULTS)
        for name, value in workers.items():
            if name not in DEFAULTS:
                raise TypeError(
                    f"{type(self).__name__} passes {name!r} on to {self._of_ours}, which does "
                    "not know it. See the help of that class."
                )
            setattr(self, name, value)

    @property
    def workers(self) -> int:
        """Always 1."""
        return 1

    @workers.setter
    def workers(self, value: int) -> None:
        self._ignore("workers", value, value is None or value <= 1)

    @property
    def use_multiprocessing(self) -> bool:
        """Always False."""
        return False

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._ignore("use_multiprocessing", value, not value)

    @property
    def max_queue_size(self) -> int:
        """Always what it is in Keras where nobody says more."""
        return DEFAULTS["max_queue_size"]

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._ignore("max_queue_size", value, value == self.max_queue_size)

    def _ignore(self, name: str, value: Any, is_default: bool) -> None:
        """Warn once of what would have an effect in Keras."""
        if is_default or self._has_warned:
            return
        self._has_warned = True
        warnings.warn(
            f"{name}={value!r} is ignored: {type(self).__name__} has threads of its own, beside "
            f"which Keras's workers would serve batches twice.{self._in_their_place}",
            stacklevel=frames_of_ours(),
        )
