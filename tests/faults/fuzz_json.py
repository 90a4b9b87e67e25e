"""Fuzzer of JSON files."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.faults.table_fuzzing import fuzz_tables

_KEYS = ["location", "label", "more", "Label", "p0", "p1", "p2", "p3", "boxes", "", "x", "\ud83d"]
_VALUES: list[Any] = [
    *("a.jpg", "b/c.png", "https://127.0.0.1/a.jpg", "../../a.jpg", "a\\b.jpg", "", " ", "\0"),
    *([[1, 2], [3, 4]], [[0.5, 1.0]], [[[1, 2, 3]]], [], [[]], [[1], [2, 3]], {}, {"a": [1]}),
    *("cat", "dog", "caf\u00e9", "cafe\u0301", "red|big", "cat/persian", ["red", "big"], ["a"]),
    *(0, 1, 7, -1, 999_999, 10**6, 10**30, 10**400, 0.5, 1e300, True, False, None, "007", "nan"),
    *(
        [0, 1, 1],
        [1, 0],
        [999_999, 0],
        ["1", "0"],
        [None],
        [[1, 2, 5, 6, "cat"]],
        [[0, 0, 1e300, 1]],
    ),
    *([{"box": [1, 2, 3, 4], "label": 10**12}], [[1, 2, 3, 4]], [1, 2, 3, 4], "\ud800", "\udcff"),
    *("\x1b[31m", "a" * 5000, "//" * 50, "9" * 400, [["a", ["b"]]], ["a", ["b"]], [{"a": 1}]),
]
_PIECES = [
    *(
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        '"',
        "'",
        "\\",
        "\\u",
        "\\ud800",
        "\n",
        "\r",
        "\ufeff",
        "\ud800",
    ),
    *("[" * 200, "]" * 200, "{'a':", "NaN", "1e999", "9" * 5000, "null", "\xa0", "\0", "//", "/*"),
]


def fuzz(seconds: float, seed: int) -> None:
    """Read JSON files that are made and changed at random, see `fuzz_tables`."""
    fuzz_tables(seconds, seed, random_suffix(seed), _table, _PIECES)


def random_suffix(seed: int) -> str:
    """An ending of JSON files, in turn."""
    return (".json", ".jsonl")[seed % 2]


def _table(random: Random) -> str:
    keys = random.sample(_KEYS, random.randrange(1, 6))
    if random.random() < 0.9:
        keys = list(dict.fromkeys(["location", "label", *keys]))
    values = random.sample(_VALUES, random.randrange(1, 8))
    rows = []
    for number in range(random.choice([1, 3, 10, 200])):
        row = {key: random.choice(values) for key in keys if random.random() < 0.97}
        if random.random() < 0.1:
            row[f"own {number}"] = 1
        rows.append(row)
    texts = [json.dumps(row, ensure_ascii=random.random() < 0.5) for row in rows]
    if random.random() < 0.3:
        texts = [text.replace('"', "'") for text in texts]
    return "[" + ", ".join(texts) + "]" if random.random() < 0.5 else "\n".join(texts)
