"""What every layer that mixes samples promises, for every row of `tests.cases.MIXERS`."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine import mixing
from keras_cvdata.engine.tensor.mixing import mix_images
from keras_cvdata.layers import CutMix, MixingLayer, MixUp, OneOf, Pipeline, RandomFlip
from keras_cvdata.layers.beta import Beta
from keras_cvdata.layers.mixing.base import partners
from tests.cases import MIXERS, MixerCase
from tests.distributions import assert_follows, assert_share

pytestmark = pytest.mark.backends

every_case = pytest.mark.parametrize("case", MIXERS, ids=str)
both = pytest.mark.parametrize("xp", [np, ops], ids=["numpy", "ops"])


def batch(dtype: str = "float32", n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.random((n, 9, 12, 3), np.float32)
    if dtype == "uint8":
        images = random.integers(0, 256, images.shape, np.uint8)
    return images.astype(dtype), np.eye(n, dtype="float32")


def make(case: MixerCase, **options: Any) -> MixingLayer:
    return case.layer(**{"seed": 3, **case.options, **options})


def arrays(values: Any) -> Any:
    return keras.tree.map_structure(ops.convert_to_numpy, values)


def drawn(layer: MixingLayer, n: int, size: tuple[int, int] = (30, 40), xp: Any = np) -> Any:
    u = np.random.default_rng(2).random((n, layer.total_uniforms))
    u = u if xp is np else ops.convert_to_tensor(u.astype("float32"))
    return arrays(layer.draw(u, *size, xp)) if xp is ops else layer.draw(u, *size, xp)


@every_case
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_shape_and_dtype_stay(case: MixerCase, dtype: str) -> None:
    images, labels = batch(dtype)
    mixed, targets = arrays(make(case)((images, labels)))
    assert (mixed.shape, mixed.dtype) == (images.shape, images.dtype)
    assert (targets.shape, targets.dtype) == (labels.shape, labels.dtype)
    assert not np.array_equal(mixed, images)
    assert np.array_equal(images, batch(dtype)[0])  # the input is unchanged


@every_case
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_executors_agree(case: MixerCase, dtype: str) -> None:
    images, labels = batch(dtype)
    p = drawn(make(case), len(images), images.shape[1:3])
    tensors = {k: ops.convert_to_tensor(_narrow(v)) for k, v in p.items()}
    one, other = mixing.mix_images(images, p), arrays(mix_images(ops.array(images), tensors))
    assert one.dtype == other.dtype == images.dtype
    limit = {"uint8": case.uint8, "float32": case.float32, "float16": 0}[dtype]
    assert np.abs(one.astype(float) - other).max() <= limit
    mine, theirs = mixing.mix_targets(labels, p, np), mixing.mix_targets(labels, tensors, ops)
    assert np.allclose(mine, arrays(theirs), atol=1e-6)


def _narrow(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float32) if value.dtype == np.float64 else value


@every_case
def test_nothing_happens_outside_training_or_at_rate_zero(case: MixerCase) -> None:
    images, labels = batch("uint8")
    for mixed in (
        make(case)((images, labels), training=False),
        make(case, rate=0.0)((images, labels)),
    ):
        assert np.array_equal(arrays(mixed[0]), images)
        assert np.array_equal(arrays(mixed[1]), labels)


@every_case
def test_a_rate_is_the_share_of_samples(case: MixerCase) -> None:
    p = drawn(make(case, rate=0.3), 10_000)
    assert_share(p["share"] < 1, 0.3 * np.mean(drawn(make(case), 10_000)["share"] < 1))
    if "box" in p:
        top, left, bottom, right = p["box"].T
        covered = (bottom - top) * (right - left)
        assert np.allclose(1 - p["share"], covered / (30 * 40))


@every_case
def test_same_seed_repeats(case: MixerCase) -> None:
    images, labels = batch()
    one, again, other = (arrays(make(case, seed=seed)((images, labels)))[0] for seed in (3, 3, 0))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@every_case
def test_every_sample_has_its_own_share_and_partner(case: MixerCase) -> None:
    p = drawn(make(case), 64)
    assert len(np.unique(p["share"])) > 32
    assert len(np.unique((p["partner"] - np.arange(64)) % 64)) > 32


@every_case
def test_labels_tell_what_the_images_hold(case: MixerCase) -> None:
    """Each image is its own colour and each label its own class, so both must tell the same."""
    n = 16
    images = np.zeros((n, 10, 10, n), np.float32)
    images[np.arange(n), :, :, np.arange(n)] = 1
    mixed, labels = arrays(make(case)((images, np.eye(n, dtype="float32"))))
    assert np.allclose(mixed.mean(axis=(1, 2)), labels, atol=1e-6)
    assert np.allclose(labels.sum(axis=1), 1)


@every_case
def test_containers_come_back_as_they_were(case: MixerCase) -> None:
    images, labels = batch()
    weights = np.arange(8, dtype="float32")
    expected = arrays(make(case)((images, labels, weights)))
    named = arrays(make(case)({"labels": labels, "sample_weights": weights, "images": images}))
    assert list(named) == ["labels", "sample_weights", "images"]
    for one, other in zip(expected, (named["images"], *list(named.values())[:2]), strict=True):
        assert np.array_equal(one, other)
    single = make(case)({"images": images, "labels": labels, "sample_weight": weights})
    assert np.array_equal(arrays(single["sample_weight"]), expected[2])
    assert isinstance(make(case)([images, labels]), list)
    # A weight is mixed like a label: the weight of sample i is the i of its label's class.
    assert np.allclose(expected[2], expected[1] @ weights, atol=1e-5)


@every_case
def test_every_form_of_label_mixes(case: MixerCase) -> None:
    images, one_hot = batch()
    labels = {
        "several": [one_hot, (one_hot[:, :3] > 0)],
        "whole": one_hot.astype("int32"),
        "binary": one_hot[:, :1],
        "number": np.arange(8, dtype="float32"),
        "half": one_hot.astype("float16"),
    }
    mixed = arrays(make(case)((images, labels)))[1]
    shares = mixed["several"][0]
    assert np.allclose(mixed["several"][1], shares[:, :3])
    assert np.allclose(mixed["whole"], shares)
    assert np.allclose(mixed["binary"], shares[:, :1])
    assert np.allclose(mixed["number"], shares @ np.arange(8), atol=1e-5)
    assert mixed["half"].dtype == np.float16


@every_case
def test_integer_labels_are_refused(case: MixerCase) -> None:
    images = batch()[0]
    for labels in (np.arange(8), np.arange(8)[:, None], {"a": np.eye(8), "b": np.arange(8)}):
        with pytest.raises(ValueError, match=r"cannot mix integer.*label_mode='categorical'"):
            make(case)((images, labels))


@every_case
def test_batches_that_cannot_be_mixed_are_refused(case: MixerCase) -> None:
    images, labels = batch()
    for inputs in (images, {"images": images}, (images,)):
        with pytest.raises(ValueError, match="mixes images and labels together"):
            make(case)(inputs)
    with pytest.raises(ValueError, match="does not know how to mix masks"):
        make(case)({"images": images, "labels": labels, "masks": images})
    with pytest.raises(ValueError, match="Mix after batching"):
        make(case)((images[0], labels[0]))


@every_case
def test_a_sample_alone_stays_as_it_is(case: MixerCase) -> None:
    images, labels = batch("uint8", 1)
    mixed = arrays(make(case)((images, labels)))
    assert np.array_equal(mixed[0], images)
    assert np.array_equal(mixed[1], labels)


@every_case
def test_channels_first(case: MixerCase) -> None:
    images, labels = batch()
    last = arrays(make(case)((images, labels)))[0]
    first = make(case, data_format="channels_first")((np.moveaxis(images, -1, 1), labels))
    assert np.array_equal(np.moveaxis(arrays(first)[0], 1, -1), last)


@every_case
def test_config_file_and_pickle(case: MixerCase, tmp_path: Path) -> None:
    layer = make(case, rate=0.5)
    again = case.layer.from_config(layer.get_config())
    assert repr(again) == repr(layer)
    images, labels = batch()
    expected = arrays(make(case, rate=0.5)((images, labels)))[0]
    assert np.array_equal(arrays(again((images, labels)))[0], expected)
    pickled = pickle.loads(pickle.dumps(layer))
    assert np.array_equal(arrays(pickled((images, labels)))[0], expected)
    x, y = keras.Input((9, 12, 3), dtype="uint8"), keras.Input((8,), dtype="int32")
    model = keras.Model([x, y], make(case)((x, y)))
    assert [output.dtype for output in model.outputs] == ["uint8", "float32"]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()


@every_case
@pytest.mark.slow
def test_works_compiled_in_a_model(case: MixerCase) -> None:
    class Training(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(autocast=False)
            self.inner = make(case)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs, training=True)

    x, y = keras.Input((9, 12, 3), dtype="uint8"), keras.Input((8,))
    model = keras.Model([x, y], Training()((x, y)))
    model.compile(jit_compile=keras.backend.backend() != "torch")
    images, labels = batch("uint8")
    mixed, targets = model.predict([images, labels], batch_size=4, verbose=0)
    assert (mixed.shape, mixed.dtype) == (images.shape, images.dtype)
    assert not np.array_equal(mixed, images)
    assert np.allclose(targets.sum(axis=1), 1)


@every_case
def test_works_in_tf_data_on_any_backend(case: MixerCase) -> None:
    import tensorflow as tf

    images, labels = batch("uint8")
    data = {"images": images, "labels": labels, "sample_weights": np.ones(8, "float32")}
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(8).map(make(case))
    assert dataset.element_spec["images"].shape.as_list() == [None, 9, 12, 3]
    (mixed,) = dataset.as_numpy_iterator()
    assert mixed["images"].dtype == np.uint8
    assert not np.array_equal(mixed["images"], images)
    assert np.allclose(mixed["labels"].sum(axis=1), 1)
    assert np.allclose(mixed["sample_weights"], 1)


@every_case
def test_unknown_keywords_and_strengths_are_refused(case: MixerCase) -> None:
    with pytest.raises(TypeError, match=f"{case.layer.__name__} has no argument 'strength'"):
        case.layer(strength=1)
    for alpha in (0, -1, float("inf")):
        with pytest.raises(ValueError, match=f"{case.layer.__name__}: alpha must be"):
            case.layer(alpha=alpha)
    assert case.layer().alpha in (0.2, 1.0)


@every_case
@pytest.mark.parametrize("policy", [OneOf, Pipeline])
def test_mixing_is_no_part_of_a_policy(case: MixerCase, policy: Any) -> None:
    with pytest.raises(ValueError, match=r"mixes whole batches.*at the end"):
        policy([RandomFlip(), make(case)])


def test_partners_are_all_others_alike() -> None:
    u = np.random.default_rng(0).random((2500, 5)).astype("float32")
    found = np.array([partners(row, np) for row in u])
    for own in range(5):
        for other in range(5):
            assert_share(found[:, own] == other, 0.25 if own != other else 0.0)
    for row, expected in zip(u[:100], found, strict=False):
        assert np.array_equal(arrays(partners(ops.array(row), ops)), expected)


@both
def test_the_largest_number_has_a_partner(xp: Any) -> None:
    edge = np.full(5, np.nextafter(np.float32(1), np.float32(0)))
    assert list(arrays(partners(ops.array(edge) if xp is ops else edge, xp))) == [4, 0, 1, 2, 3]


# Distributions.


def incomplete_beta(alpha: float) -> Any:
    """P(X <= x) of Beta(alpha, alpha) by a sum over 2 million cells that are fine at the ends."""
    t = (np.arange(2_000_000) + 0.5) / 2_000_000
    if alpha < 1:
        x = t ** (1 / alpha) / (t ** (1 / alpha) + (1 - t) ** (1 / alpha))
        # With t = x^a / (x^a + (1 - x)^a), dt / dx = a t (1 - t) / (x (1 - x)).
        density = (x * (1 - x)) ** alpha / (t * (1 - t))
    else:
        x, density = t, (4 * t * (1 - t)) ** (alpha - 1)
    mass = np.cumsum(density) / density.sum()
    return lambda values: np.interp(values, x, mass)


@both
@pytest.mark.parametrize("alpha", [0.2, 0.4, 1.0, 5.0, 100.0])
def test_beta_draws_follow_the_law(alpha: float, xp: Any) -> None:
    u = np.random.default_rng(1).random(10_000)
    law = Beta(alpha, alpha)
    values = law.at(u, np) if xp is np else arrays(law.at(ops.array(u.astype("float32")), ops))
    assert_follows(values, incomplete_beta(alpha))
    assert abs(np.var(values) - 1 / (4 * (2 * alpha + 1))) < 0.004


def test_beta_draws_are_exact_where_a_formula_exists() -> None:
    """The quantile of Beta(1/2, 1/2) is sin^2(pi u / 2), that of Beta(a, 1) is u^(1/a)."""
    u = (np.arange(10_000) + 0.5) / 10_000
    assert np.abs(Beta(0.5, 0.5).at(u, np) - np.sin(np.pi * u / 2) ** 2).max() < 1e-5
    assert np.abs(Beta(3, 1).at(u, np) - u ** (1 / 3)).max() < 1e-5
    assert np.abs(Beta(1, 2).at(u, np) - (1 - np.sqrt(1 - u))).max() < 1e-5
    assert np.abs(Beta(0.2, 1).at(u, np) ** 0.2 - u).max() < 1e-5


@both
@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_shares_of_mix_up(alpha: float, xp: Any) -> None:
    assert_follows(drawn(MixUp(alpha), 10_000, xp=xp)["share"], incomplete_beta(alpha))


@both
def test_rectangles_of_cut_mix(xp: Any) -> None:
    """Where nothing is cut off, the area is 1 - u and the centre at u of the image."""
    size = 2000, 3000  # so that whole pixels hardly matter
    p = drawn(CutMix(), 10_000, size, xp=xp)
    top, left, bottom, right = p["box"].T
    assert min(top.min(), left.min()) >= 0
    assert (bottom.max(), right.max()) <= size
    area = (bottom - top) * (right - left) / (size[0] * size[1])
    assert np.allclose(1 - p["share"], area, atol=1e-6)
    u = np.random.default_rng(2).random((10_000, 4))
    inside = (top > 0) & (left > 0) & (bottom < 2000) & (right < 3000)
    assert np.abs(area - (1 - u[:, 0]))[inside].max() < 2e-3
    assert np.abs((top + bottom) / 2 - u[:, 1] * 2000)[inside].max() < 2


@both
def test_mixing_by_hand(xp: Any) -> None:
    """The formulas of the papers on two pixels; whole numbers are rounded, not cut down."""

    def mixed(p: Any) -> list[int]:
        if xp is np:
            return mixing.mix_images(images, p).ravel().tolist()
        tensors = {name: ops.convert_to_tensor(value) for name, value in p.items()}
        return arrays(mix_images(ops.convert_to_tensor(images), tensors)).ravel().tolist()

    images = np.array([[0, 10], [200, 53]], np.uint8).reshape(2, 1, 2, 1)
    p = {"partner": np.array([1, 0], np.int32), "share": np.array([0.75, 0.5], np.float32)}
    assert mixed(p) == [50, 21, 100, 32]
    assert mixed(p | {"box": np.array([[0, 1, 1, 2], [0, 0, 0, 0]], np.int32)}) == [0, 53, 200, 53]
