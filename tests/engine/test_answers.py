"""Methods of a layer of one's own that return something else than they must."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers

pytestmark = pytest.mark.backends

IMAGE = np.zeros((6, 8, 3), np.uint8)


def made(base: type, method: str, answer: Any) -> Any:
    """A layer named `Mine` one of whose methods answers as told."""
    methods: dict[str, Any] = {
        "num_uniforms": 1,
        "parameters": lambda _, u, *__: {"a": u[:, 0]},
        method: lambda *_: answer,
    }
    return type("Mine", (base,), methods)()


WRONG = [
    (layers.PhotometricLayer, "parameters", None, "a dict of arrays .* got None"),
    (layers.PhotometricLayer, "parameters", [], "a dict of arrays .* got a list"),
    (layers.PhotometricLayer, "parameters", {"a": 1.0}, "got 'a': a float"),
    (
        layers.PhotometricLayer,
        "parameters",
        {"a": np.zeros(7)},
        r"'a' of shape \(7,\) for \d image",
    ),
    (layers.PhotometricLayer, "parameters", {"a": np.array(1)}, r"'a' of shape \(\) for \d image"),
    (layers.PhotometricLayer, "curve", None, r"of shape \(B, n, C\); got None"),
    (layers.GeometricLayer, "matrix", np.eye(3), r"\(B, 3, 3\); got one of shape \(3, 3\)"),
    (layers.GeometricLayer, "matrix", np.ones((1, 2, 3)), r"\(B, 3, 3\); got .* \(1, 2, 3\)"),
    (layers.FieldLayer, "field", np.zeros((1, 4, 4)), r"\(B, rows, columns, 2\); got"),
    (layers.ColorLayer, "mix", np.zeros((1, 3, 3)), r"\(B, 3, 4\); got"),
    (layers.RegionLayer, "region", np.zeros((1, 2, 4)), r"\(B, R, 6\); got"),
]


@pytest.mark.parametrize(("base", "method", "answer", "message"), WRONG)
def test_a_wrong_answer_is_refused_by_name(
    base: type, method: str, answer: Any, message: str
) -> None:
    layer = made(base, method, answer)
    with pytest.raises((TypeError, ValueError), match=f"Mine.{method} must return .*{message}"):
        cvd.apply(layer, IMAGE)
    with pytest.raises((TypeError, ValueError), match=f"Mine.{method} must return"):
        layer(keras.ops.convert_to_tensor(IMAGE[None]))


def test_errors_of_a_method_say_whose_it_is() -> None:
    layer = made(layers.PhotometricLayer, "parameters", {})
    type(layer).curve = lambda _, p, values, __: values * p["b"]
    with pytest.raises(KeyError, match="b") as caught:
        cvd.ArraySequence(IMAGE[None], augment=layer, verbose=0)[0]
    assert any("Mine.curve, which must return an array" in x for x in caught.value.__notes__)
