"""Filling one slot of a batch: by the image that belongs there, or by a substitute."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2

from keras_cvdata.types import NO_MEMORY, ImageError, Ints


class BadImage(NamedTuple):
    """An image that could not be read, and why."""

    row: int
    name: str
    reason: str


class Outcome(NamedTuple):
    """What became of one slot.

    Attributes:
        position: Position of the sample that fills the slot.
        bad: The image that belongs there, where it cannot be read.
        error: Why nothing fills the slot: no substitute was asked for, or none can be read.
    """

    position: int
    bad: BadImage | None = None
    error: ImageError | None = None


def fill(
    asked: int,
    render: Callable[[int], None],
    *,
    row: int,
    name: Callable[[int], str],
    substitutes: Callable[[int, int], Ints] | None = None,
    error_type: type[ImageError] = ImageError,
) -> Outcome:
    """Fill a slot; what cannot be read is told in the outcome and recorded by `accept`.

    Args:
        asked: Position of the sample that belongs into the slot.
        render: Renders the sample at a position into the slot.
        row: Row of the sample that was asked for.
        name: Gives the name of a sample, for errors of functions that are not ours.
        substitutes: From position and row to the positions to try in its place, see
            `Substitutes.of`; `None` where nothing may stand in its place.
        error_type: Type of `Outcome.error`.

    Returns:
        What became of the slot.

    Example:
        >>> import numpy as np
        >>> def render(position):
        ...     if position == 3:
        ...         raise ImageError("3.jpg", "the file is empty")
        >>> others = lambda position, row: np.array([1, 2])
        >>> outcome = fill(3, render, row=3, name=str, substitutes=others)
        >>> outcome.position, outcome.bad
        (1, BadImage(row=3, name='3.jpg', reason='the file is empty'))
    """
    try:
        render(asked)
    except Exception as error:
        if not _is_of_image(error):  # of a function of the user, for example
            error.add_note(f"This happened with {name(asked)} (row {row}).")
            raise
        return _otherwise(asked, render, _named(error, asked, name), row, substitutes, error_type)
    return Outcome(asked)


def _otherwise(
    asked: int,
    render: Callable[[int], None],
    cause: ImageError,
    row: int,
    substitutes: Callable[[int, int], Ints] | None,
    error_type: type[ImageError],
) -> Outcome:
    """Fill a slot whose own image cannot be read."""
    bad = BadImage(row, cause.name, cause.reason)
    tried = [] if substitutes is None else substitutes(asked, row).tolist()
    readable = next((other for other in tried if _renders(render, other)), None)
    if readable is not None:
        return Outcome(readable, bad)
    return Outcome(asked, bad, _refusal(cause, row, tried, error_type))


def _is_of_image(error: Exception) -> bool:
    """Whether an error is of this image alone; that there is no memory for it is one, too."""
    if isinstance(error, cv2.error):
        return bool(error.code == cv2.Error.StsNoMem)
    return isinstance(error, ImageError | MemoryError)


def _named(error: Exception, position: int, name: Callable[[int], str]) -> ImageError:
    if isinstance(error, ImageError):
        return error
    named = ImageError(name(position), NO_MEMORY)
    named.__cause__ = error
    return named


def _renders(render: Callable[[int], None], position: int) -> bool:
    try:
        render(position)
    except Exception as error:
        if not _is_of_image(error):
            raise
        return False
    return True


def _refusal(
    cause: ImageError, row: int, tried: list[int], error_type: type[ImageError]
) -> ImageError:
    reason = cause.reason
    if tried:
        reason += (
            f"; and none of {len(tried)} samples tried in its place can be read either. Repair or "
            "remove these files."
        )
    error = error_type(cause.name, reason, row)
    error.__cause__ = cause
    return error


def accept(outcome: Outcome, bad: dict[int, BadImage]) -> Outcome:
    """Record the bad image of an outcome, and raise its error.

    Args:
        outcome: What became of a slot.
        bad: The bad images so far, by row, which is added to.

    Returns:
        The outcome, of a slot that is filled.

    Raises:
        ImageError: Nothing fills the slot.
    """
    if outcome.bad is not None:
        bad[outcome.bad.row] = outcome.bad
    if outcome.error is not None:
        raise outcome.error
    return outcome
