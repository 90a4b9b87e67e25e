"""What is measured of each image is laid out without the compiler of Python."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keras_cvdata.audit.measuring import layout


def test_fields_are_those_of_numpy_without_its_use_of_ast(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Python 3.11 two threads that compile at once may end in a `SystemError`."""
    measures = {"a": "u1", "b": "(3,)u1", "c": "(8, 2)f2", "d": " ( 4 ,2)<u8"}
    wanted = [(f"x.{name}", np.dtype(kind)) for name, kind in measures.items()]
    monkeypatch.setattr(ast, "literal_eval", None)
    check: Any = SimpleNamespace(name="x", measures=measures)
    found = layout([check])
    assert [(name, found[name]) for name in found.names[3:]] == wanted
