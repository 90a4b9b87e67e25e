"""Packed strings."""

import pickle

import numpy as np
import pytest

from keras_cvdata.sources import strings
from keras_cvdata.sources.strings import CompactStrings, SharedTexts

TEXTS = ["cat/1.jpg", "", "Käse/é.png", "not utf-8: \udcff", "z"]


def test_strings_survive_packing_and_pickling():
    packed = pickle.loads(pickle.dumps(CompactStrings.from_list(iter(TEXTS))))
    assert len(packed) == 5
    assert [packed[i] for i in range(5)] == TEXTS
    assert packed[-1] == "z"
    assert packed.offsets.dtype == np.uint32


def test_take_selects_in_order_with_repeats():
    packed = CompactStrings.from_list(TEXTS).take(np.array([4, 2, 2, 1]))
    assert [packed[i] for i in range(4)] == ["z", "Käse/é.png", "Käse/é.png", ""]


def test_nothing_is_a_list_too():
    packed = CompactStrings.from_list([])
    assert len(packed) == 0
    assert len(packed.take(np.array([], int))) == 0
    with pytest.raises(IndexError, match="Position 0 is outside 0 strings"):
        packed[0]


def test_terminated_text_and_blocks_give_the_same(monkeypatch):
    """Strings are packed and selected in blocks, whose seams change nothing."""
    whole = CompactStrings.from_list(TEXTS)
    turned = whole.take(np.array([4, 2, 2, 1, 0]))
    parts = ["".join(f"{text}\0" for text in some) for some in (TEXTS[:2], TEXTS[2:3], TEXTS[3:])]
    monkeypatch.setattr(strings, "_BLOCK", 2)
    encoded = [part.encode("utf-8", "surrogateescape") for part in parts]
    for packed in (CompactStrings.from_list(TEXTS), CompactStrings.from_terminated(encoded)):
        assert list(packed) == TEXTS
        np.testing.assert_array_equal(packed.offsets, whole.offsets)
        assert list(packed.take(np.array([4, 2, 2, 1, 0]))) == list(turned)
    assert list(CompactStrings.from_terminated([])) == []


def test_many_strings_stay_compact():
    packed = CompactStrings.from_list(f"class/{i:07d}.jpg" for i in range(100_000))
    assert len(pickle.dumps(packed, protocol=5)) < 2_200_100


def test_equal_texts_become_one_object(monkeypatch):
    """But for those beyond a number, which would be a column of names."""
    monkeypatch.setattr(strings, "_BLOCK", 1)
    share = SharedTexts()
    first, second = (share(" ".join(pair)) for pair in ("ab", "cd"))
    assert share(" ".join("ab")) is first
    assert share(" ".join("cd")) == second
    assert share(" ".join("cd")) is not second
    assert share(7) == 7
