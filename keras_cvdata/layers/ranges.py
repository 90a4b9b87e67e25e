"""Ranges that layers draw from, and the checks of their arguments."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from keras_cvdata.engine.array_api import Tensor, cast


@dataclass(frozen=True)
class Interval:
    """The numbers between two ends, drawn evenly.

    Args:
        low: Lower end.
        high: Upper end.

    Example:
        >>> Interval(-10.0, 30.0).at(0.5)
        10.0
    """

    low: float
    high: float

    def at(self, u: Tensor) -> Tensor:
        """Place uniform numbers of [0, 1) between the ends."""
        return self.low + (self.high - self.low) * u


@dataclass(frozen=True)
class Steps(Interval):
    """Evenly spaced numbers between two ends, each as likely.

    Args:
        low: Lower end.
        high: Upper end.
        count: How many there are, at least 2.

    Example:
        >>> [Steps(0.0, 30.0, 4).at(u) for u in (0.1, 0.3, 0.6, 0.9)]
        [0.0, 10.0, 20.0, 30.0]
    """

    count: int

    def at(self, u: Tensor) -> Tensor:
        """Choose one by uniform numbers of [0, 1)."""
        return self.low + (self.high - self.low) * ((u * self.count) // 1) / (self.count - 1)


@dataclass(frozen=True)
class Signed(Interval):
    """A strength with either sign: the ends of a range, or even steps from its middle to both.

    Args:
        low: Lower end.
        high: Upper end.
        count: How many strengths there are, each as likely: 1 for the ends alone, more for the
            middle as well.

    Example:
        >>> [Signed(-30.0, 30.0, 1).at(u) for u in (0.1, 0.9)]
        [30.0, -30.0]
    """

    count: int = 1

    def at(self, u: Tensor) -> Tensor:
        """Choose one by uniform numbers of [0, 1)."""
        number = (u * (2 * self.count)) // 1
        sign = 1 - 2 * (number % 2)
        strength = (number // 2) / (self.count - 1) if self.count > 1 else 1
        return (self.low + self.high) / 2 + sign * strength * (self.high - self.low) / 2


def is_number(value: Any) -> bool:
    """Whether a value is a finite real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def interval(
    name: str,
    value: Any,
    *,
    unit: str,
    low: float = -math.inf,
    high: float = math.inf,
    single: str = "refused",
) -> Interval:
    """Read a range that a layer was given.

    Args:
        name: What the user calls it, such as `"RandomRoll: width_factor"`.
        value: A pair (low, high), a number where `single` allows one, or an `Interval`.
        unit: What the numbers count, for messages.
        low: Least allowed value.
        high: Largest allowed value.
        single: What one number v means: `"symmetric"` (-v, v), `"from zero"` (0, v), `"fixed"`
            (v, v), or `"refused"`.

    Returns:
        The range.

    Raises:
        TypeError: It is neither a pair of numbers nor an allowed number.
        ValueError: The ends are out of order, out of range or not finite.

    Example:
        >>> interval("RandomRotateBound: degrees", 30, unit="degrees", single="symmetric")
        Interval(low=-30.0, high=30.0)
    """
    wanted = f"{name} must be a pair (low, high)"
    if single != "refused":
        wanted += " or a number"
    wanted += f" in {unit}"
    if math.isfinite(low) or math.isfinite(high):
        wanted += f", from {low:g} to {high:g}"
    if isinstance(value, Interval):
        ends: tuple[Any, Any] = value.low, value.high
    elif is_number(value) and single != "refused":
        ends = {"symmetric": (-abs(value), abs(value)), "from zero": (0, value)}.get(
            single, (value, value)
        )
    else:
        ends = _pair(wanted, value)
    if not all(map(is_number, ends)):
        raise ValueError(f"{wanted}; got {value!r}, which is not all finite numbers.")
    if ends[0] > ends[1]:
        raise ValueError(
            f"{wanted}, the lower end first; got {value!r}. Use ({ends[1]:g}, {ends[0]:g})."
        )
    if ends[0] < low or ends[1] > high:
        raise ValueError(f"{wanted}; got {value!r}.")
    return value if isinstance(value, Interval) else Interval(float(ends[0]), float(ends[1]))


def _pair(wanted: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        return value[0], value[1]
    if is_number(value):
        raise TypeError(
            f"{wanted}; got the number {value!r}. Use ({value!r}, {value!r}) to fix it."
        )
    if isinstance(value, Real):
        raise ValueError(f"{wanted}; got {value!r}.")
    raise TypeError(f"{wanted}; got {value!r}.")


def whole_interval(name: str, value: Any, *, unit: str, low: int, high: int) -> Interval:
    """Read a range of whole numbers, or one of them.

    Args:
        name: What the user calls it.
        value: A pair (low, high) or a number.
        unit: What the numbers count, for messages.
        low: Least allowed value.
        high: Largest allowed value.

    Returns:
        The range.

    Raises:
        TypeError: It is neither a pair of numbers nor a number.
        ValueError: The ends are no whole numbers, out of order or out of range.
    """
    ends = interval(name, value, unit=unit, low=low, high=high, single="fixed")
    if ends.low % 1 or ends.high % 1:
        raise ValueError(f"{name} must be whole numbers in {unit}; got {value!r}.")
    return ends


def pick(numbers: Interval, u: Tensor, xp: Any) -> Tensor:
    """Draw whole numbers from both ends and all between, each as often.

    Args:
        numbers: A range with whole ends.
        u: Uniform numbers of [0, 1).
        xp: `numpy` or `keras.ops`.

    Returns:
        int32 numbers.
    """
    count = numbers.high - numbers.low + 1
    # The product with a float32 just below 1 may be rounded up.
    return cast(numbers.low + xp.minimum(xp.floor(u * count), count - 1), "int32", xp)


def probability(name: str, value: Any) -> float:
    """Read a probability of 0 to 1.

    Args:
        name: What the user calls it.
        value: What a layer was given.

    Returns:
        The probability.

    Raises:
        ValueError: It is none.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability from 0 to 1; got {value!r}.")
    return float(value)


def whole(name: str, value: Any, low: int = 1) -> int:
    """Read a whole number.

    Args:
        name: What the user calls it.
        value: What a layer was given.
        low: Least allowed value.

    Returns:
        The number.

    Raises:
        TypeError: It is no integer.
        ValueError: It is too small.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer; got {value!r}.")
    if operator.index(value) < low:
        raise ValueError(f"{name} must be at least {low}; got {value!r}.")
    return operator.index(value)


def choice(name: str, value: Any, options: Sequence[str]) -> str:
    """Read one of several words.

    Args:
        name: What the user calls it.
        value: What a layer was given.
        options: The words to choose from.

    Returns:
        The word.

    Raises:
        ValueError: It is none of them.
    """
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}.")
    return str(value)
