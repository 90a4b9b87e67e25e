"""A model of all layers, exported in every format of its backend, does as `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.cases import LAYERS, LayerCase

pytestmark = [pytest.mark.backends, pytest.mark.slow]

X = np.random.default_rng(0).random((4, 16, 16, 3)).astype("float32")
BACKEND = keras.backend.backend()


def make(case: LayerCase) -> keras.Layer:
    span = {"value_range": (0, 1)} if case.needs_range and not case.made_of else {}
    return case.layer(**{**span, **case.options})


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """One output for each layer."""
    inputs = keras.Input((16, 16, 3))
    # The first case of each: CLAHE of tiles of 6 pixels rounds some ties, which two compilers with
    # other settings see on other sides of the middle, to the level above or below.
    cases = {case.layer.__name__: case for case in reversed(LAYERS) if 3 in case.channels}
    return keras.Model(inputs, {name: make(case)(inputs) for name, case in cases.items()})


@pytest.fixture(scope="module")
def expected(model: keras.Model) -> dict[str, Any]:
    return model.predict(X, verbose=0)


def assert_like(expected: dict[str, Any], made: dict[str, Any]) -> None:
    assert set(made) == set(expected)
    for name, values in expected.items():
        found = np.asarray(made[name], values.dtype)
        assert np.allclose(found, values[: len(found)], rtol=0, atol=1e-6), name


@pytest.mark.skipif(BACKEND == "torch", reason="Keras itself fails to export a dense layer there")
@pytest.mark.filterwarnings("ignore:.*native_serialization.*:DeprecationWarning")
def test_a_served_model_does_as_predict(
    model: keras.Model, expected: dict[str, Any], tmp_path: Path
) -> None:
    import tensorflow as tf

    model.export(tmp_path / "served", format="tf_saved_model", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    assert_like(expected, served.serve(X))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="needs litert-torch on PyTorch, never on JAX")
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_a_model_of_tflite_does_as_predict(
    model: keras.Model, expected: dict[str, Any], tmp_path: Path
) -> None:
    import tensorflow as tf

    path = str(tmp_path / "model.tflite")
    model.export(path, format="litert", verbose=False)
    # Without the delegate that TensorFlow adds by itself, whose results are not the same each time.
    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = tf.lite.Interpreter(model_path=path, experimental_op_resolver_type=plain)
    ((_, signature),) = interpreter.get_signature_list().items()
    (given,) = signature["inputs"]
    assert_like(expected, interpreter.get_signature_runner()(**{given: X}))


@pytest.mark.skipif(BACKEND != "torch", reason="a format of PyTorch")
def test_a_program_of_torch_does_as_predict(
    model: keras.Model, expected: dict[str, Any], tmp_path: Path
) -> None:
    """Keras exports it for a batch of one image, where nobody says more."""
    import torch

    path = tmp_path / "model.pt2"
    model.export(path, format="torch", verbose=False)
    program = torch.export.load(path).module()
    assert_like(expected, program(torch.from_numpy(X[:1])))
