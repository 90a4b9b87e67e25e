"""Messages of errors, whatever they are about."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from keras_cvdata.types import ImageError, brief


def test_the_message_of_an_image_is_one_short_line() -> None:
    error = ImageError("a\n\x1b[31m\udcff\u202e.jpg", "It says \x07.", row=3)
    assert str(error) == "a\\n\\x1b[31m\\udcff\\u202e.jpg (row 3): It says \\x07."
    assert pickle.loads(pickle.dumps(error)).name == error.name
    assert len(str(ImageError("\u202e" * 4000, "It is long."))) < 300
    assert str(ImageError("caf\xe9/" * 500, "It is not.")).startswith("caf\xe9/" * 500)


def test_values_in_messages_are_short() -> None:
    nested: list[Any] = []
    for _ in range(10_000):
        nested = [nested]
    texts = ["a" * 10**6, [1] * 10**6, {"a" * 10**6: 1}, [[["a" * 9999]]]]
    for value in (*texts, nested, 10**4000, 10**5000, np.zeros(10**6)):
        assert len(brief(value)) <= 300
