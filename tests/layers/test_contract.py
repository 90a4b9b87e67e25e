"""What every layer promises, tested for every row of `tests.cases.LAYERS`."""

from __future__ import annotations

import functools
import os
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import forms
from keras_cvdata.layers.uniforms import Uniforms
from tests.cases import LAYERS, MIXERS, LayerCase
from tests.executors import uniforms, with_opencv, with_tensors
from tests.layers.rows import CLASSES, NIGHTLY, QUICK, SLOW, for_each, in_groups

pytestmark = pytest.mark.backends

BASES = {value for value in vars(forms).values() if isinstance(value, type)}
BASES |= {layers.CompoundLayer, layers.MixingLayer, layers.RandomLayer}


every_case = for_each(LAYERS)
every_class = for_each(CLASSES)
# For what takes long and hardly hangs on the options of a layer.
first_of_each_class = for_each(LAYERS, further=NIGHTLY)
every_random_case = for_each([case for case in LAYERS if not case.deterministic])
every_keeping_case = for_each([case for case in LAYERS if not case.makes])
every_resting_case = for_each([case for case in LAYERS if case.rests])

IMAGES: list[Any] = [("uint8", 3, (61, 40)), ("float32", 3, (61, 40))]
if keras.backend.backend() != "jax":  # it compiles for every shape, and nothing here hangs on it
    IMAGES += [
        pytest.param("uint8", 1, (28, 97), marks=SLOW),
        pytest.param("float32", 1, (28, 97), marks=NIGHTLY),
        pytest.param("uint8", 4, (97, 53), marks=SLOW),
        pytest.param("float32", 4, (97, 53), marks=NIGHTLY),
        pytest.param("uint8", 5, (33, 28), marks=NIGHTLY),
        pytest.param("float32", 5, (33, 28), marks=SLOW),
    ]


def images(case: LayerCase, dtype: str = "uint8", shape: tuple[int, ...] = (6, 28, 37, 3)) -> Any:
    """Random pixels of 0 to 255 or 0 to 1; the outermost are missing, so that all can stretch."""
    random = np.random.default_rng(len(str(case)) + shape[-1])
    if dtype == "uint8":
        return random.integers(5, 251, shape, np.uint8)
    return (0.02 + 0.96 * random.random(shape, np.float32)).astype(dtype)


def make(case: LayerCase, **options: Any) -> layers.AugmentationLayer:
    """Construct the layer with the effect of its row, drawing by a fixed seed."""
    if case.needs_range:
        options.setdefault("value_range", (0, 1))
    return case.layer(**{"seed": 3, **case.options, **options})


def shape_after(layer: Any, x: np.ndarray) -> tuple[int, ...]:
    *batch, height, width, channels = x.shape
    return (*batch, *layer.output_size(height, width), channels)


def called(layer: Any, x: np.ndarray, **options: Any) -> np.ndarray:
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(x), **options))


@functools.cache
def first_call(case: LayerCase, dtype: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    """The array `images(case, dtype)` after the layer was called on it, and what came out."""
    x = images(case, dtype)
    return x, called(make(case), x)


def usual(case: LayerCase, dtype: str = "uint8") -> np.ndarray:
    """What the layer makes of `images(case, dtype)` in its first call; several tests look at it."""
    return first_call(case, dtype)[1]


def test_every_public_layer_has_a_row() -> None:
    found = {getattr(layers, name) for name in layers.__all__}
    public = {value for value in found if isinstance(value, type)}
    assert public - BASES == {case.layer for case in (*LAYERS, *MIXERS)}


@every_case
def test_shape_and_dtype_stay(case: LayerCase) -> None:
    layer = make(case)
    small = images(case, "float16", (9, 12, case.channels[0]))
    results = [(images(case, dtype), usual(case, dtype)) for dtype in ("uint8", "float32")]
    for x, y in [*results, (small, called(layer, small))]:
        assert y.shape == shape_after(layer, x)
        assert y.dtype == (case.makes or x.dtype)


@every_case
def test_input_is_unchanged(case: LayerCase) -> None:
    x, y = first_call(case)
    assert not np.array_equal(y, x)
    assert np.array_equal(x, images(case))


@every_keeping_case
def test_values_stay_in_range(case: LayerCase) -> None:
    """Saturating, never wrapping (X23)."""
    y = usual(case, "float32")
    assert y.min() >= 0
    assert y.max() <= 1 + 1e-6


@for_each([case for case in CLASSES if case.needs_range and not case.made_of and not case.makes])
def test_the_range_of_values_is_but_a_scale(case: LayerCase) -> None:
    """Also one that does not begin at 0, on both executors."""
    x = images(case, "float32", (2, 9, 12, case.channels[0]))
    unit, wide = make(case), make(case, value_range=(-3, 5))
    u = uniforms(unit, 2)
    for render in (with_opencv, with_tensors):
        expected = 8 * render(Chain([unit]), x, u) - 3
        assert np.allclose(render(Chain([wide]), 8 * x - 3, u), expected, rtol=0, atol=2e-5)


@every_random_case
def test_nothing_happens_outside_training(case: LayerCase) -> None:
    """But for the size, which is that of training."""
    x, rest = images(case), make(case).inference_layer()
    expected = x if rest is None else called(rest, x)
    assert expected.shape == shape_after(make(case), x)
    assert np.array_equal(called(make(case), x, training=False), expected)


@for_each([case for case in LAYERS if case.deterministic])
def test_deterministic_layers_always_act(case: LayerCase) -> None:
    """As Keras's own do, unless a rate makes them an augmentation."""
    x = images(case)
    y = called(make(case), x)
    assert np.array_equal(called(make(case), x, training=False), y)
    if case.rests:
        assert np.array_equal(called(make(case, rate=0.5), x, training=False), x)


@every_keeping_case
@pytest.mark.parametrize("dtype", ["uint8", pytest.param("float32", marks=pytest.mark.slow)])
def test_nothing_happens_at_zero_strength(case: LayerCase, dtype: str) -> None:
    x = images(case, dtype)
    y = called(make(case, **case.rest), x)
    assert np.allclose(y, x, rtol=0, atol=0 if dtype == "uint8" else 1e-6)


@every_resting_case
def test_nothing_happens_at_rate_zero(case: LayerCase) -> None:
    x = images(case)
    layer = make(case, rate=0.0)
    assert np.array_equal(called(layer, x), x)
    assert np.array_equal(with_opencv(Chain([layer]), x, uniforms(layer, 6)), x)


@pytest.mark.slow
@every_random_case
def test_same_seed_repeats(case: LayerCase) -> None:
    x = images(case)
    assert np.array_equal(called(make(case), x), usual(case))
    zero = make(case, seed=0)
    assert not np.array_equal(called(zero, x), usual(case))
    assert zero.seed_generator.get_config()["seed"] == 0  # zero is a seed too


@every_random_case
def test_every_image_has_its_own_draws(case: LayerCase) -> None:
    x = np.repeat(images(case, shape=(1, 28, 37, 3)), 6, axis=0)
    layer = make(case)
    batches = (called(layer, x) for _ in range(4))  # in one, all of six may decide alike by chance
    assert any(len({image.tobytes() for image in y}) > 1 for y in batches)


@pytest.mark.slow
@first_of_each_class
def test_batch_equals_stacked_singles(case: LayerCase) -> None:
    x, chain = images(case, shape=(3, 28, 37, 3)), Chain([make(case)])
    u = uniforms(chain, len(x))
    together = with_tensors(chain, x, u)
    alone = [with_tensors(chain, x[i : i + 1], u[i : i + 1]) for i in range(len(x))]
    # The sine of XLA hangs in its last bit on where in a vector a number stands.
    assert np.abs(together.astype(float) - np.concatenate(alone)).max() <= case.uint8


@every_case
def test_height_and_width_may_differ_from_image_to_image(case: LayerCase) -> None:
    layer = make(case)
    u = uniforms(layer, 2)
    heights, widths = np.array([20, 30]), np.array([40, 25])
    both = layer.draw(u, heights, widths, np)
    for i, (height, width) in enumerate([(20, 40), (30, 25)]):
        one = layer.draw(u[i : i + 1], height, width, np)
        picked = keras.tree.map_structure(lambda value, i=i: value[i : i + 1], both)
        keras.tree.map_structure(np.testing.assert_array_equal, picked, one)
        if getattr(layer, "form", "") == "matrix":
            every = layer.matrix(both, heights, widths, np)
            assert np.allclose(every[i], layer.matrix(one, height, width, np)[0], atol=1e-12)


@every_case
def test_config_makes_an_equal_layer(case: LayerCase) -> None:
    layer = make(case)
    again = case.layer.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert set(case.options) <= set(layer.get_config())
    assert np.array_equal(called(again, images(case)), usual(case))


@pytest.mark.slow
@first_of_each_class
def test_model_file_and_pickle_round_trip(case: LayerCase, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((28, 37, 3), dtype="uint8"), make(case)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    pickled = pickle.loads(pickle.dumps(make(case)))
    assert np.array_equal(called(pickled, images(case)), usual(case))


class InTraining(keras.layers.Layer):
    """A layer as `fit` calls it, for `predict` is not training."""

    def __init__(self, case: LayerCase) -> None:
        super().__init__(autocast=False)
        self.inner = make(case)

    def call(self, x: Any) -> Any:
        return self.inner(x, training=True)


@pytest.mark.slow
@in_groups(LAYERS, further=NIGHTLY)
def test_works_compiled_in_a_model(cases: list[LayerCase]) -> None:
    """Under jit on every backend, several side by side: one model compiles faster than many."""
    image = keras.Input((28, 37, 3), dtype="uint8")
    model = keras.Model(image, [InTraining(case)(image) for case in cases])
    model.compile(jit_compile=keras.backend.backend() != "torch")
    x = np.random.default_rng(1).integers(5, 251, (6, 28, 37, 3), np.uint8)
    for case, y in zip(cases, model.predict(x, batch_size=3, verbose=0), strict=True):
        assert y.shape == shape_after(make(case), x), case
        assert y.dtype == (case.makes or np.uint8), case
        assert not np.array_equal(y, x), case


@every_class
def test_channels_first(case: LayerCase) -> None:
    x = images(case)
    first = called(make(case, data_format="channels_first"), np.moveaxis(x, -1, 1))
    assert np.array_equal(np.moveaxis(first, 1, -1), usual(case))


@every_class
def test_unknown_keywords_are_refused(case: LayerCase) -> None:
    with pytest.raises(TypeError, match=f"{case.layer.__name__} has no argument 'strength'.*rate"):
        case.layer(**case.options, strength=1)


@for_each([case for case in CLASSES if not case.made_of])
def test_can_be_constructed_without_arguments(case: LayerCase) -> None:
    x = images(case)
    assert called(case.layer(), x).dtype == (case.makes or x.dtype)


@for_each([case for case in CLASSES if case.rests])
@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), "half", True])
def test_rates_that_are_no_probabilities_are_refused(case: LayerCase, rate: Any) -> None:
    with pytest.raises(ValueError, match=f"{case.layer.__name__}: rate must be a probability"):
        make(case, rate=rate)


@for_each([case for case in LAYERS if not case.rests])
def test_layers_that_always_act_take_no_rate(case: LayerCase) -> None:
    with pytest.raises(TypeError, match="has no argument 'rate'"):
        case.layer(**case.options, rate=0.5)


@for_each(LAYERS, further=QUICK)
@pytest.mark.parametrize(("dtype", "channels", "size"), IMAGES)
def test_executors_agree(case: LayerCase, dtype: str, channels: int, size: tuple[int, int]) -> None:
    """For equal images and parameters, within the tolerance of the row."""
    x, chain = images(case, dtype, (4, *size, channels)), Chain([make(case)])
    u = uniforms(chain, len(x))
    if channels not in case.channels:
        with pytest.raises(ValueError, match=rf"channels.* have {channels}\b"):
            chain.plan(u, *x.shape[1:])
        return
    one, other = with_opencv(chain, x, u), with_tensors(chain, x, u)
    limit = case.uint8 if dtype == "uint8" else case.float32
    assert np.abs(one.astype(np.float64) - other).max() <= limit


@every_case
def test_plans_leave_the_layers_behind(case: LayerCase) -> None:
    """A plan is numbers: unpickled without layers it renders the same uint8 pixels."""
    x, chain = images(case), Chain([make(case)])
    plan = chain.plan(uniforms(chain, len(x)), 28, 37, 3)
    data = pickle.dumps(plan)
    assert b"keras_cvdata.layers" not in data
    one, other = np.empty((2, *shape_after(chain, x[0])), case.makes or x.dtype)
    opencv.render(x[0], plan, 0, one)
    opencv.render(x[0], pickle.loads(data), 0, other)
    assert np.array_equal(one, other)


@every_case
def test_float_images_need_a_range(case: LayerCase) -> None:
    """Without one, brightness has no meaning; positions have (X20)."""
    if not case.needs_range:
        usual(case, "float32")  # which is called without one
        return
    with pytest.raises(ValueError, match=r"called on float32 images.*value_range=\(0, 1\)"):
        called(case.layer(**case.options), images(case, "float32"))


@every_case
def test_needs_no_building(case: LayerCase) -> None:
    """Nor does anything within it; Keras would call a model twice for every batch, see `base`."""
    assert all(layer.built for layer in make(case)._flatten_layers())


@pytest.mark.slow
@every_class
def test_acts_in_tf_data_on_any_backend(case: LayerCase) -> None:
    """On batches and on single images, each with its own draws."""
    import tensorflow as tf

    x = images(case, shape=(4, 28, 37, case.channels[0]))
    layer = make(case)
    data = tf.data.Dataset.from_tensor_slices(x)
    batched = data.batch(4).map(layer)
    assert batched.element_spec.shape[1:] == shape_after(layer, x)[1:]
    (whole,) = batched.as_numpy_iterator()
    single = np.stack(list(data.map(layer).as_numpy_iterator()))
    for y in (whole, single):
        assert y.shape == shape_after(layer, x)
        assert y.dtype == (case.makes or x.dtype)
    assert not np.array_equal(whole, x)
    calm = data.batch(4).map(lambda image: layer(image, training=False))
    (rested,) = calm.as_numpy_iterator()
    limit = case.float32 if case.makes else case.uint8
    expected = called(layer, x, training=False).astype(np.float64)
    assert np.abs(rested - expected).max() <= limit


@pytest.mark.slow
@every_class
def test_acts_in_a_grain_map(case: LayerCase) -> None:
    import grain

    x = images(case, shape=(4, 28, 37, case.channels[0]))
    layer = make(case)
    reading = grain.ReadOptions(num_threads=3, prefetch_buffer_size=3)
    data = grain.MapDataset.source(list(x)).map(layer).to_iter_dataset(reading)
    y = np.stack([ops.convert_to_numpy(image) for image in data])
    assert y.shape == shape_after(layer, x)
    assert y.dtype == (case.makes or x.dtype)
    assert not np.array_equal(y, x)


def test_threads_draw_apart() -> None:
    """Threads of a pipeline call one layer at the same time; no two calls get the same numbers."""
    import grain

    layer = layers.RandomBrightness(0.4, value_range=(0, 1), seed=1)
    gray = [np.full((2, 2, 1), 0.5, np.float32)] * 150
    reading = grain.ReadOptions(num_threads=8, prefetch_buffer_size=64)
    data = grain.MapDataset.source(gray).map(layer).to_iter_dataset(reading)
    assert len({float(ops.convert_to_numpy(image).max()) for image in data}) == 150


@pytest.mark.skipif(
    not hasattr(os, "fork") or keras.backend.backend() == "jax",
    reason="only POSIX forks, and JAX warns of every fork",
)
def test_layers_draw_in_a_forked_process() -> None:
    """A lock that another thread held at the fork would never be given back."""
    with Uniforms._lock:
        child = os.fork()
        if not child:
            os._exit(0 if Uniforms._lock.acquire(timeout=5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
