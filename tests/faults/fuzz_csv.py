"""Fuzzer of CSV files."""

from __future__ import annotations

from random import Random

from tests.faults.table_fuzzing import fuzz_tables

_NAMES = ["location", "label", "more", "Label", " label", "p0", "p1", "p2", "p3", "boxes", "", "x"]
_CELLS = [
    *(
        "a.jpg",
        "b/c.png",
        "https://127.0.0.1/a.jpg",
        "../../a.jpg",
        "a\\b.jpg",
        "",
        " ",
        "'",
        '"',
    ),
    *(
        "[[1,2],[3,4]]",
        "[[1, 2], [3, 4]]",
        "[[0.5 1.]\n [1. 0.]]",
        "[[[1,2,3]]]",
        "[",
        "]",
        "[[1,2",
    ),
    *("cat", "dog", "caf\u00e9", "cafe\u0301", "red|big", "cat/persian", "1|0|1", "[0, 1, 1]", "|"),
    *("['red', 'big']", "['a", "0", "1", "007", "-1", "999999", "1e400", "nan", "0.5", "True"),
    *('"[[1, 2, 5, 6, ""cat""]]"', '"[[0,0,1e300,1]]"', '"[{""box"": [1,2,3,4]}]"', "9" * 400),
    *(
        '"a,b"',
        '"a""b"',
        "'a, b'",
        "it's",
        "\0",
        "\x1b[31m",
        "1_0",
        "\u0661",
        "a" * 5000,
        "//" * 50,
    ),
]
_PIECES = [*_CELLS, ",", "\n", "\r", "\r\n", '"', "'", "[", "]", "\ufeff", "\ud800", "\u2028", " "]


def fuzz(seconds: float, seed: int) -> None:
    """Read CSV files that are made and changed at random, see `fuzz_tables`."""
    fuzz_tables(seconds, seed, ".csv", _table, _PIECES)


def _table(random: Random) -> str:
    names = random.sample(_NAMES, random.randrange(1, 6))
    if random.random() < 0.9:
        names = list(dict.fromkeys(["location", "label", *names]))
    end = random.choice(["\n", "\n", "\r\n", "\r"])
    cells = random.sample(_CELLS, random.randrange(1, 8))
    rows = [[random.choice(cells) for _ in names] for _ in range(random.choice([1, 3, 10, 200]))]
    return end.join([",".join(names), *(",".join(row) for row in rows), ""])
