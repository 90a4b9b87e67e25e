"""Columns by their names."""

from __future__ import annotations

import pytest

from keras_cvdata.sources.columns import check_different, find_columns


class Counted(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_many_columns_are_found_with_few_looks_at_each() -> None:
    """Of 100,000 columns each was compared with each: 40 s."""
    names = [Counted(f"p{number}") for number in range(1000)]
    Counted.compared = 0
    assert find_columns([name.upper() for name in names], names, "t") == names
    assert find_columns([str(name) for name in names], names, "t") == names
    check_different(names, "t", "")
    with pytest.raises(ValueError, match=r"^t: the column 'p5' is there 2 times in .*more. Mend."):
        check_different([*names, Counted("p5")], "t", "Mend.")
    assert Counted.compared < 10_000
