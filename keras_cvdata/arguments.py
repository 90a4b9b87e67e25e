"""Checks of arguments: each says what came, what is expected in which unit, and how to mend it."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from typing import Any


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

    def at(self, u: Any) -> Any:
        """Place uniform numbers of [0, 1) between the ends; arrays of any backend too."""
        return self.low + (self.high - self.low) * u

    def to_config(self) -> Any:
        """What `interval` makes the same of again: a pair, or a dict where draws are not even."""
        kinds = (name for name, kind in _DISTRIBUTIONS.items() if type(self) is kind)
        name = next(kinds, None)
        return (self.low, self.high) if name is None else {"distribution": name, **asdict(self)}


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

    def at(self, u: Any) -> Any:
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

    def at(self, u: Any) -> Any:
        """Choose one by uniform numbers of [0, 1)."""
        number = (u * (2 * self.count)) // 1
        sign = 1 - 2 * (number % 2)
        strength = (number // 2) / (self.count - 1) if self.count > 1 else 1
        return (self.low + self.high) / 2 + sign * strength * (self.high - self.low) / 2


_DISTRIBUTIONS: dict[str, type[Interval]] = {"steps": Steps, "signed": Signed}


def is_number(value: Any) -> bool:
    """Whether a value is a finite real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def integer(name: str, value: Any, low: int | None = None, hint: str = "") -> int:
    """Read a whole number.

    Args:
        name: What the user calls it.
        value: What was given; True and False are no numbers.
        low: Least allowed value; `None` for any.
        hint: What may have been meant instead, for the message.

    Returns:
        The number.

    Raises:
        TypeError: It is no integer.
        ValueError: It is too small.

    Example:
        >>> integer("batch_size", 32, 1)
        32
    """
    number = None
    if not isinstance(value, bool):
        with contextlib.suppress(TypeError):
            number = operator.index(value)
    if number is None:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an integer; got {value!r} of type {kind}.{hint}")
    if low is not None and number < low:
        raise ValueError(f"{name} must be at least {low}; got {number}.")
    return number


def position(name: str, value: Any, count: int, whole: str) -> int:
    """Read an index, counted from the end where it is negative.

    Args:
        name: What is counted, such as `"batch"`.
        value: What was given.
        count: How many there are.
        whole: What they are part of, for messages, such as `"batches of an epoch"`.

    Returns:
        The index from the start.

    Raises:
        TypeError: It is no integer.
        IndexError: It is outside.

    Example:
        >>> position("batch", -1, 8, "batches of an epoch")
        7
    """
    index = integer(f"The number of a {name}", value, hint=" For several at once use peek(n).")
    if not -count <= index < count:
        raise IndexError(f"{name.capitalize()} {index} is outside the {count} {whole}.")
    return index % count


def size(value: Any, name: str = "image_size", *, square: bool = False) -> tuple[int, int]:
    """Read a size as (height, width).

    Args:
        value: What was given.
        name: What the user calls it.
        square: Take one number for both sides, too.

    Returns:
        Height and width in pixels.

    Raises:
        TypeError: A side is no integer.
        ValueError: It is no pair, or a side is below 1.
    """
    try:
        height, width = (value, value) if square and isinstance(value, Integral) else value
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be (height, width) in pixels, such as (224, 224)"
            f"{', or one number for squares' if square else ''}; got {value!r}."
        ) from None
    return integer(f"{name} height", height, 1), integer(f"{name} width", width, 1)


def choice(name: str, value: Any, options: Sequence[Any]) -> Any:
    """Read one of several words.

    Args:
        name: What the user calls it.
        value: What was given.
        options: What may be chosen.

    Returns:
        The value.

    Raises:
        ValueError: It is none of them.
    """
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}.")
    return value


def probability(name: str, value: Any, word: str = "probability") -> float:
    """Read a probability, or a share of something.

    Args:
        name: What the user calls it.
        value: What was given.
        word: What it is, for messages.

    Returns:
        The number, 0 to 1.

    Raises:
        ValueError: It is none.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a {word} from 0 to 1; got {value!r}.")
    return float(value)


def interval(
    name: str,
    value: Any,
    *,
    unit: str,
    low: float = -math.inf,
    high: float = math.inf,
    single: str = "refused",
) -> Interval:
    """Read a range of numbers.

    Args:
        name: What the user calls it, such as `"RandomRoll: width_factor"`.
        value: A pair (low, high), a number where `single` allows one, an `Interval`, or what
            `Interval.to_config` returned.
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
    value = _from_config(value)
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


def _from_config(value: Any) -> Any:
    """Make the distribution again that `Interval.to_config` wrote as a dict."""
    if not isinstance(value, Mapping) or value.get("distribution") not in _DISTRIBUTIONS:
        return value
    numbers = {key: number for key, number in value.items() if key != "distribution"}
    return _DISTRIBUTIONS[value["distribution"]](**numbers)


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


def value_range(name: str, value: Any) -> tuple[float, float] | None:
    """Read the lowest and the highest value of pixels.

    Args:
        name: What the user calls it.
        value: A pair, or None where it is not known.

    Returns:
        The two values, or None.

    Raises:
        TypeError: It is no pair of numbers.
        ValueError: The two are equal, or in the wrong order.
    """
    if value is None:
        return None
    ends = interval(name, value, unit="the units of the pixels")
    if ends.low == ends.high:
        raise ValueError(f"{name} must have two different ends; got {value!r}.")
    return ends.low, ends.high


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
