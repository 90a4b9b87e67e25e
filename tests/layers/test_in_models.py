"""Layers in models: they rest where nobody trains, and models are saved, loaded and exported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers, saved_models
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import call_context
from tests.executors import uniforms, with_opencv

pytestmark = pytest.mark.backends

X = np.random.default_rng(0).random((4, 16, 16, 3)).astype("float32")
TENSORFLOW = keras.backend.backend() == "tensorflow"


def augmentation() -> list[Any]:
    """Random layers of several forms, and one that always acts."""
    span = {"value_range": (0, 1)}
    return [
        layers.Resizing(12, 14),
        layers.RandomFlip(seed=1),
        layers.RandomRotation(0.2, seed=2),
        layers.Pipeline([layers.RandomBrightness(0.3, **span), layers.RandomHue(**span)], seed=4),
        layers.RandomGaussianNoise(0.2, seed=3, **span),
        layers.RandAugment(seed=5, **span),
        layers.RandomCrop(10, 10, seed=5),
    ]


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input((16, 16, 3)), *augmentation(), keras.layers.Flatten()])


def functional() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    x = inputs
    for layer in augmentation():
        x = layer(x)
    return keras.Model(inputs, keras.layers.Flatten()(x))


class Subclassed(keras.Model):
    """A model that calls its layers without a word about training."""

    def __init__(self) -> None:
        super().__init__()
        self.augmentation = augmentation()

    def call(self, x: Any) -> Any:
        for layer in self.augmentation:
            x = layer(x)
        return x


def nested() -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    # Small weights, so that results are compared to 1e-6 of 1 whatever numbers come.
    small = keras.initializers.RandomUniform(-0.01, 0.01, seed=1)
    return keras.Model(
        inputs, keras.layers.Dense(4, kernel_initializer=small)(sequential()(inputs))
    )


MODELS = [sequential, functional, Subclassed, nested]


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS)
def test_a_model_rests_where_nobody_says_training(make: Any) -> None:
    model = make()
    expected = model.predict(X, verbose=0)
    for _ in range(2):
        assert np.allclose(ops.convert_to_numpy(model(X)), expected, rtol=0, atol=1e-6)
    at_inference = ops.convert_to_numpy(model(X, training=False))
    assert np.allclose(at_inference, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", [sequential, pytest.param(functional, marks=pytest.mark.slow)])
def test_a_model_augments_in_training(make: Any) -> None:
    model = make()
    first, second = (ops.convert_to_numpy(model(X, training=True)) for _ in range(2))
    assert np.abs(first - ops.convert_to_numpy(model(X))).max() > 0.01
    assert np.abs(first - second).max() > 0.01


@pytest.mark.slow
def test_fit_trains_on_augmented_images() -> None:
    """Its loss is the mean of what it sees; `evaluate` sees what came in."""
    light = layers.RandomLighting((1, 1), (0.5, 0.5), value_range=(0, 1))
    still = keras.optimizers.SGD(0.0)
    weight = keras.layers.Dense(1, kernel_initializer="ones")
    mean = keras.layers.GlobalAveragePooling2D()
    model = keras.Sequential([keras.Input((4, 4, 1)), light, mean, weight])
    model.compile(still, loss=lambda y, p: ops.mean(p) + 0 * ops.sum(y))
    black, labels = np.zeros((8, 4, 4, 1), "float32"), np.zeros((8, 1), "float32")
    history = model.fit(black, labels, verbose=0).history
    assert np.isclose(history["loss"][0], 0.5, atol=1e-3)
    assert model.evaluate(black, labels, verbose=0) == 0


def test_a_layer_within_another_rests_and_by_hand_acts() -> None:
    class Around(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.RandomFlip("horizontal", rate=1.0)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    around = Around()
    assert np.array_equal(ops.convert_to_numpy(around(X)), X)
    assert np.array_equal(ops.convert_to_numpy(around.inner(X)), X[:, :, ::-1])
    assert np.array_equal(ops.convert_to_numpy(around.inner(X, training=False)), X)
    pipeline = keras.layers.Pipeline([around.inner])  # which says training=True itself
    assert np.array_equal(ops.convert_to_numpy(pipeline(X)), X[:, :, ::-1])


def test_a_mixing_layer_within_another_rests() -> None:
    labels = np.eye(4, dtype="float32")

    class Around(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.MixUp(1.0, seed=3)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    around = Around()
    images, shares = around((X, labels))
    assert np.array_equal(ops.convert_to_numpy(images), X)
    assert np.array_equal(ops.convert_to_numpy(shares), labels)
    assert not np.array_equal(ops.convert_to_numpy(around.inner((X, labels))[0]), X)


def test_a_keras_without_call_contexts_lets_layers_act(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells who was called is private to Keras."""
    monkeypatch.setattr(call_context, "_get", None)
    model = keras.Sequential([layers.RandomFlip("horizontal", rate=1.0)])
    assert np.array_equal(ops.convert_to_numpy(model(X)), X[:, :, ::-1])
    assert np.array_equal(ops.convert_to_numpy(model(X, training=False)), X)


def test_call_by_itself_acts_and_leaves_no_context() -> None:
    layer = layers.RandomFlip("horizontal", rate=1.0)
    assert np.array_equal(ops.convert_to_numpy(layer.call(ops.convert_to_tensor(X))), X[:, :, ::-1])
    assert np.array_equal(ops.convert_to_numpy(layer(X)), X[:, :, ::-1])
    variables = layer.trainable_variables, layer.non_trainable_variables
    y, _ = layer.stateless_call(*variables, ops.convert_to_tensor(X))
    assert np.array_equal(ops.convert_to_numpy(y), X[:, :, ::-1])
    other = layers.RandomFlip("vertical", rate=1.0)
    assert np.array_equal(ops.convert_to_numpy(other(X)), X[:, ::-1])


def test_a_sequence_makes_no_generator() -> None:
    """In JAX of several processes an array made too early fails."""
    layer = layers.RandomFlip()
    chain = Chain([layer, *augmentation()[1:4]])
    x = np.zeros((2, 8, 8, 3), np.uint8)
    with_opencv(chain, x, uniforms(chain, 2))
    every = [each for made in (layer, *augmentation()) for each in made._flatten_layers()]
    assert all(each.seed_generator is None for each in every)
    layer(x)
    assert isinstance(layer.seed_generator, keras.random.SeedGenerator)
    assert layer.seed_generator.state in layer.non_trainable_variables
    assert layers.Resizing(4, 4)(x).shape[1] == 4


def test_building_a_layer_makes_its_generator() -> None:
    """As in Keras: what was built has its variables."""
    for layer in (layers.RandomFlip(seed=3), layers.MixUp(), layers.RandAugment()):
        layer.build((4, 8, 8, 3))
        assert layer.non_trainable_variables == [layer.seed_generator.state]
    still = layers.Resizing(4, 4)
    still.build((4, 8, 8, 3))
    assert still.non_trainable_variables == []


@pytest.mark.slow
def test_a_symbolic_call_makes_the_generator_of_a_model() -> None:
    layer = layers.RandomFlip(seed=7)
    flat, one = keras.layers.Flatten(), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((16, 16, 3)), layer, flat, one])
    assert layer.seed_generator in [g for m in model._flatten_layers() for g in m._seed_generators]
    before = ops.convert_to_numpy(layer.seed_generator.state)
    model.compile(loss="mse")
    model.fit(X, np.zeros((4, 1)), verbose=0)
    assert not np.array_equal(before, ops.convert_to_numpy(layer.seed_generator.state))


def test_stand_ins_are_those_that_can_be_saved() -> None:
    registered = {
        name.split(">")[1]
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("keras_cvdata>") and kind.__module__.startswith("keras_cvdata.")
    }
    assert sorted(registered) == sorted(saved_models.NAMES)
    assert isinstance(keras.saving.get_custom_objects()["keras_cvdata>RandomFlip"], type)


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        "import keras_cvdata, keras",
        "import keras, keras_cvdata",
        pytest.param("import keras_cvdata.sources, keras", marks=pytest.mark.nightly),
        pytest.param("import keras_cvdata.engine.tensor, keras", marks=pytest.mark.nightly),
        pytest.param(
            "from keras import saving; import keras_cvdata, keras", marks=pytest.mark.nightly
        ),
        pytest.param("import keras_cvdata.layers, keras", marks=pytest.mark.nightly),
    ],
)
def test_a_saved_model_loads_in_any_order_of_imports(imports: str, tmp_path: Path) -> None:
    flip = layers.RandomFlip("horizontal", rate=1.0)
    pipeline = layers.Pipeline([flip, layers.RandomInvert(1.0)])
    for name, layer in {"pipeline": pipeline, "flip": flip}.items():
        keras.Sequential([keras.Input((8, 8, 3)), layer]).save(tmp_path / f"{name}.keras")
    code = (
        f"{imports}\n"
        "for name, kind in dict(pipeline='Pipeline', flip='RandomFlip').items():\n"
        f"    model = keras.saving.load_model({str(tmp_path)!r} + f'/{{name}}.keras')\n"
        f"    assert type(model.layers[0]).__name__ == kind\n"
        "import importlib.resources, sys\n"
        "assert importlib.resources.files('keras').joinpath('__init__.py').is_file()\n"
        "assert all(type(f).__name__ != '_AfterKeras' for f in sys.meta_path)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
@pytest.mark.skipif(not TENSORFLOW, reason="formats of TensorFlow")
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("make", [sequential, functional, nested])
def test_served_and_converted_models_do_as_predict(make: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    model = make()
    expected = model.predict(X, verbose=0)
    model.export(tmp_path / "served", format="tf_saved_model", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    assert np.allclose(served.serve(X), expected, rtol=0, atol=1e-6)

    # Without the delegate that TensorFlow adds by itself, whose results are not the same each time.
    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "served")).convert()
    interpreter = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=plain)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], X.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], X)
    interpreter.invoke()
    assert np.allclose(interpreter.get_tensor(made["index"]), expected, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not TENSORFLOW, reason="only graphs of TensorFlow leave sizes open")
@pytest.mark.parametrize("tiles", [(8, 8), (3, 5)])
def test_clahe_of_unknown_size(tiles: tuple[int, int]) -> None:
    import tensorflow as tf

    layer = layers.CLAHE(value_range=(0, 1), tile_grid_size=tiles)
    signature = [tf.TensorSpec((None, None, None, 3), "float32")]
    graph = tf.function(layer, input_signature=signature)
    for height, width in [(16, 16), (15, 19), (40, 24)]:
        x = np.random.default_rng(1).random((2, height, width, 3)).astype("float32")
        assert np.allclose(graph(x), layer(x), rtol=0, atol=1e-6)
