"""One slot: filled by its own image, by a substitute, or by an error that says why not."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.loading.filling import BadImage, Outcome, accept, fill
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.types import ImageError


class Reader:
    """Notes what it renders; positions from 10 on cannot be read, and 99 is an error of others."""

    def __init__(self) -> None:
        self.tried: list[int] = []

    def __call__(self, position: int) -> None:
        self.tried.append(position)
        if position == 99:
            raise ZeroDivisionError("boom")
        if position == 98:
            np.empty((1 << 30, 1 << 30), np.uint8)
        if position == 97:
            cv2.resize(np.zeros((2, 2), np.uint8), (1 << 30, 1 << 30))
        if position == 96:
            cv2.cvtColor(np.zeros((2, 2, 2), np.uint8), cv2.COLOR_BGR2RGB)
        if position >= 10:
            raise ImageError(f"{position}.jpg", "damaged")


def filled(asked: int, others: list[int] | None = None, **options: Any) -> Outcome:
    find = None if others is None else lambda *_: np.array(others)
    return fill(asked, Reader(), row=asked + 100, name=str, substitutes=find, **options)


BAD = BadImage(112, "12.jpg", "damaged")


def test_what_can_be_read_is_read_once() -> None:
    reader = Reader()
    assert fill(3, reader, row=3, name=str, substitutes=None) == Outcome(3)
    assert reader.tried == [3]


def test_the_first_substitute_that_can_be_read_stands_in() -> None:
    assert filled(12, [11, 12, 4, 5]) == Outcome(4, BAD)


@pytest.mark.parametrize("asked", [97, 98])
def test_an_image_that_memory_is_too_small_for_is_as_one_that_cannot_be_read(asked) -> None:
    outcome = fill(asked, Reader(), row=7, name=lambda _: "huge.jpg")
    assert re.match(r"huge.jpg \(row 7\): There is not enough memory for it", str(outcome.error))
    assert filled(asked, [asked, 4]).position == 4


def test_other_errors_of_opencv_stay_what_they_are() -> None:
    with pytest.raises(cv2.error, match="channels"):
        filled(96, [4])


def test_substitutes_are_asked_for_by_position_and_row() -> None:
    asked = []
    fill(12, Reader(), row=7, name=str, substitutes=lambda *a: asked.append(a) or np.array([1]))
    assert asked == [(12, 7)]


def test_without_substitutes_the_outcome_says_why() -> None:
    position, bad, error = filled(12)
    assert (position, bad) == (12, BAD)
    assert str(error) == "12.jpg (row 112): damaged"
    assert type(error) is ImageError
    assert isinstance(error.__cause__, ImageError)
    assert error.__cause__.row is None


def test_if_no_substitute_can_be_read_either_the_report_keeps_the_first_reason() -> None:
    """The message says more, but what is wrong with the file is what it was."""
    _, bad, error = filled(12, [11, 12, 13])
    assert bad == BAD
    assert "damaged; and none of 3 samples" in str(error)
    assert "(row 112)" in str(error)


def test_the_error_may_be_of_a_type_that_old_code_expects() -> None:
    class FileError(ImageError, OSError):
        pass

    assert type(filled(12, error_type=FileError).error) is FileError
    assert type(filled(12, [13], error_type=FileError).error) is FileError


def test_errors_of_others_name_the_sample() -> None:
    with pytest.raises(ZeroDivisionError, match="boom") as caught:
        fill(99, Reader(), row=1, name=lambda _: "99.jpg")
    assert caught.value.__notes__ == ["This happened with 99.jpg (row 1)."]


def test_accepting_records_the_bad_image_and_raises() -> None:
    found: dict[int, BadImage] = {}
    assert accept(Outcome(3), found) == Outcome(3)
    assert not found
    assert accept(Outcome(4, BAD), found).position == 4
    assert found == {112: BAD}
    found.clear()
    with pytest.raises(ImageError, match=r"12\.jpg \(row 112\): damaged"):
        accept(filled(12), found)
    assert found == {112: BAD}


def test_a_substitute_leaves_nothing_for_the_garbage_collector() -> None:
    """The traceback of the error would hold the memory of the batch until a collection."""

    class Renderer(Reader):
        pass

    reader = Renderer()
    gone = weakref.ref(reader)
    gc.disable()
    try:
        fill(12, reader, row=12, name=str, substitutes=lambda *_: np.array([13, 1]))
        del reader
        assert gone() is None
    finally:
        gc.enable()


def test_substitutes_are_of_the_class_and_chosen_by_seed_and_row() -> None:
    codes = np.arange(1000) % 2
    few, many = Substitutes(10, codes[:10], 7), Substitutes(1000, codes, 7)
    assert sorted(few.of(3, 3)) == [1, 3, 5, 7, 9]
    assert few.of(3, 3).tolist() != few.of(3, 4).tolist()
    assert set(many.of(4, 4) % 2) == {0}
    assert len(many.of(4, 4)) == 64
    assert many.of(4, 4).tolist() != Substitutes(1000, codes, 8).of(4, 4).tolist()
    assert sorted(Substitutes(3, None, 7).of(0, 0)) == [0, 1, 2]
