"""Names of classes as a reader sees them."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable


def warn_of_equal_looks(names: Iterable[str]) -> None:
    """Warn of names that are one to a reader, and several to a computer.

    Args:
        names: Names of classes.

    Warns:
        UserWarning: Two names differ in their Unicode normalization only.
    """
    seen: dict[str, str] = {}
    for name in names:
        if name.isascii():
            continue
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            warnings.warn(
                f"The classes {name!r} look alike, but are two: {other!a} and {name!a}. "
                "Give both the same characters (unicodedata.normalize('NFC', name)).",
                UserWarning,
                stacklevel=2,
            )
            return
