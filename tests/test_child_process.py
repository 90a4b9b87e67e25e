"""Processes that answer requests."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest

from keras_cvdata.child_process import ChildProcess, EndedError, serve


class UnpicklableError(Exception):
    def __reduce__(self) -> Any:
        raise TypeError("never")


@pytest.mark.parametrize(
    ("raised", "told"),
    [(KeyError("x"), KeyError), (UnpicklableError("no way back"), RuntimeError)],
)
def test_answers_go_out_one_by_one(raised: Exception, told: type[Exception]) -> None:
    replies = io.BytesIO()

    def answer(request: int) -> int:
        if not request:
            raise raised
        return request + 1

    serve(answer, io.BytesIO(pickle.dumps(0) + pickle.dumps(1)), replies)
    replies.seek(0)
    first, second = pickle.load(replies), pickle.load(replies)
    assert type(first) is told
    assert "In a worker process" in first.__notes__[0]
    assert second == 2


@pytest.mark.parametrize(
    ("main", "seconds", "how"),
    [
        ("import time; main = lambda: time.sleep(60)", 0.1, r"no answer in 0\.1 s"),
        ("import os; main = os.abort", 60, "killed by signal 6"),
    ],
    ids=["late", "aborted"],
)
def test_a_process_that_does_not_answer_is_told(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, main: str, seconds: float, how: str
) -> None:
    (tmp_path / "no_answer.py").write_text(main)
    monkeypatch.syspath_prepend(tmp_path)
    child = ChildProcess("no_answer", silent=True)
    with pytest.raises(EndedError, match=how):
        child.ask("anything", seconds)
    child.stop()


class UnreadableError(Exception):
    def __reduce__(self) -> Any:
        return int, ("no number",)


def test_a_request_that_cannot_be_read_ends_the_process() -> None:
    """It does not wait for ever, and the one who asks with it."""
    replies = io.BytesIO()
    serve(repr, io.BytesIO(pickle.dumps(UnreadableError())), replies)
    assert replies.getvalue() == b""
