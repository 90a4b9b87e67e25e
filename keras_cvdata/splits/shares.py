"""How much of a collection goes into a part."""

from __future__ import annotations

from collections.abc import Sequence


def automatic_share(n: int) -> float:
    """Share to hold out for validation by the rule of thumb (R53).

    Args:
        n: Number of samples.

    Returns:
        0.2 below 1,000 samples, 0.1 below 10,000, 0.05 from there on.

    Example:
        >>> automatic_share(999), automatic_share(1000), automatic_share(10_000)
        (0.2, 0.1, 0.05)
    """
    return 0.2 if n < 1000 else 0.1 if n < 10_000 else 0.05


def checked_share(n: int, validation: float | str) -> float:
    """Read the share of a validation part."""
    if validation == "auto":
        return automatic_share(n)
    if isinstance(validation, str) or not 0 < validation < 1:
        raise ValueError(
            f"validation must be a share between 0 and 1, such as 0.2, or 'auto'; got "
            f"{validation!r}."
        )
    return validation


def checked_shares(shares: Sequence[float]) -> list[float]:
    """Read the shares of several parts, which sum to 1."""
    numbers = [share for share in shares if not isinstance(share, str | bool) and 0 < share < 1]
    if len(numbers) < max(len(shares), 2) or abs(sum(numbers) - 1) > 1e-6:
        raise ValueError(
            f"The shares of the parts must be two or more numbers between 0 and 1 that sum to 1, "
            f"such as (0.7, 0.15, 0.15); got {tuple(shares)!r}."
        )
    return numbers


def total_held(n: int, share: float, classes: int, kept: int) -> tuple[int, int]:
    """Number of samples to hold out, and how many of each class at least, 1 or 0.

    A sample of every class has precedence as long as that makes the part at most half as large
    again as asked. `kept` samples stay in any case.
    """
    total, least = max(round(n * share), 1), int(classes <= 1.5 * n * share)
    return max(0, min(max(total, least * classes), n - kept)), least
