"""A source of one's own, as someone writes it who read the docstring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import codec
from keras_cvdata.sources import Source

PIXELS = np.full((4, 5, 3), 9, np.uint8)


class Mine(Source):
    """Four samples, each what it is told; no labels and no columns."""

    def __init__(self, payload: Any = PIXELS, **attributes: Any) -> None:
        self.payload = payload
        vars(self).update(attributes)

    def __len__(self) -> int:
        return 4

    def fetch(self, position: int) -> Any:
        return self.payload

    def name(self, position: int) -> str:
        return f"sample {position}"


def opened(source: Any, **options: Any) -> Any:
    return cvd.Sequence(source, image_size=(4, 5), shuffle=False, verbose=0, **options)


def test_labels_and_columns_may_be_left_out() -> None:
    source = Mine()
    assert source[1][1] is None
    assert repr(source) == "Mine(4 images)"
    assert len(source.select(np.array([2])).columns) == 0
    assert opened(source, label_mode=None)[0].shape == (4, 4, 5, 3)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_may_be_memory_of_any_kind(kind: Any) -> None:
    source = Mine(kind(codec.encode(PIXELS)))
    assert np.array_equal(source.image(0), PIXELS)
    assert np.array_equal(opened(source, label_mode=None)[0][0], PIXELS)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "it returned None"),
        (PIXELS.tolist(), "it returned a list"),
        ((PIXELS, 1), "it returned a tuple"),
        ("a.png", "it returned a str. Read the file first"),
        (Path("a.png"), "Read the file first"),
    ],
)
def test_a_wrong_answer_is_refused_by_name(payload: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"Mine.fetch must return .* for sample 0 .*{message}"):
        opened(Mine(payload), label_mode=None)[0]
    with pytest.raises(TypeError, match=r"Mine\.fetch must return"):
        Mine(payload)[0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(4), r"Mine\.labels must hold .* got a ndarray"),
        ({"label": [0, 1, 0, 1]}, r"Mine\.labels must hold .* got a list for 'label'"),
        ({"label": cvd.labels.infer([0, 1])}, r"Mine\.labels holds 2 labels in 'label' for 4"),
    ],
)
def test_wrong_labels_are_refused_by_name(labels: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        opened(Mine(labels=labels))


def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(TypeError, match=r"must be a keras_cvdata\.sources\.Source; got a ndarray"):
        opened(PIXELS)
