"""Policies over layers whose effect says which of them acted: each adds a power of two, or so."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import ArraySequence
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.steps import Curve, Paste, Warp
from keras_cvdata.layers import (
    AugmentationLayer,
    CompoundLayer,
    OneOf,
    Pipeline,
    RandomApply,
    RandomCrop,
    RandomFlip,
    RandomInvert,
    RandomLighting,
    RandomOrder,
    RandomResizedCrop,
    RandomRoll,
    RandomRotateBound,
    RandomTranslation,
    RandomZoomCrop,
    Resizing,
    SomeOf,
)
from tests.distributions import assert_share
from tests.executors import uniforms, with_opencv

pytestmark = pytest.mark.backends

N = 10_000


@keras.saving.register_keras_serializable(package="tests")
class Halve(RandomLighting):
    """A layer without draws, and so one that always acts."""

    num_uniforms = 0
    gated = False

    def parameters(self, u: Any, height: Any, width: Any, xp: Any) -> Any:
        return {"half": xp.sum(u, axis=1) + 0.5}

    def curve(self, p: Any, values: Any, xp: Any) -> Any:
        return values * p["half"][:, None, None]


def add(levels: int) -> RandomLighting:
    return RandomLighting((1, 1), (levels / 255, levels / 255))


def times(factor: float) -> RandomLighting:
    return RandomLighting((factor, factor), 0)


def outcomes(layer: Any, value: int = 0, n: int = N) -> np.ndarray:
    """What becomes of one pixel, many times, in a model."""
    pixels = ops.convert_to_tensor(np.full((n, 1, 1, 1), value, np.uint8))
    return ops.convert_to_numpy(layer(pixels)).ravel()


def outcomes_in_a_sequence(layer: Any, value: int = 0, n: int = N) -> np.ndarray:
    x = np.full((n, 1, 1, 1), value, np.uint8)
    sequence = ArraySequence(
        x,
        label_mode=None,
        batch_size=n,
        color_mode="grayscale",
        augment=layer,
        dtype="uint8",
        seed=1,
        verbose=0,
    )
    return sequence[0].ravel()


both_ways = pytest.mark.parametrize("results", [outcomes, outcomes_in_a_sequence])


@both_ways
def test_one_of_chooses_evenly(results: Any) -> None:
    drawn = results(OneOf([add(10), add(20), add(30)], seed=1))
    for level in (10, 20, 30):
        assert_share(drawn == level, 1 / 3)


@both_ways
def test_one_of_chooses_by_odds_and_rate(results: Any) -> None:
    drawn = results(OneOf([add(10), add(20), add(30)], (1, 2, 5), rate=0.5, seed=1))
    for level, share in {0: 1 / 2, 10: 1 / 16, 20: 1 / 8, 30: 5 / 16}.items():
        assert_share(drawn == level, share)


@pytest.mark.parametrize("odds", [(1,), (1, 0), (1, -1), (1, float("nan")), (True, 1), "ab"])
def test_odds_that_are_none_are_refused(odds: Any) -> None:
    with pytest.raises(ValueError, match="OneOf: odds must be 2 numbers above 0"):
        OneOf([add(1), add(2)], odds)


@both_ways
def test_some_of_chooses_every_set_evenly(results: Any) -> None:
    drawn = results(SomeOf([add(1), add(2), add(4), add(8)], 2, seed=1))
    sets = [a + b for a, b in itertools.combinations((1, 2, 4, 8), 2)]
    assert set(drawn) == set(sets)
    for total in sets:
        assert_share(drawn == total, 1 / 6)


def test_some_of_keeps_the_order_of_the_list() -> None:
    assert set(outcomes(SomeOf([add(10), times(3), add(0)], 2, seed=1), n=200)) == {10, 30, 0}


def test_all_of_some_are_all() -> None:
    assert set(outcomes(SomeOf([add(1), add(2), add(4)], 3), n=50)) == {7}


@pytest.mark.parametrize("n", [0, 3])
def test_some_of_needs_enough_layers(n: int) -> None:
    with pytest.raises(ValueError, match="SomeOf: n"):
        SomeOf([add(1), add(2)], n)


@both_ways
def test_every_order_is_as_likely(results: Any) -> None:
    drawn = results(RandomOrder([add(20), times(0.5), RandomInvert(1.0)], seed=1), 100)
    steps = [lambda v: v + 20, lambda v: np.floor(v / 2 + 0.5), lambda v: 255 - v]
    ends = []
    for first, second, third in itertools.permutations(steps):
        ends.append(third(second(first(100))))
    assert len(set(ends)) == 6
    for end in ends:
        assert_share(np.abs(drawn - end) <= 0.5, 1 / 6)


@both_ways
def test_random_apply_decides_once_for_all(results: Any) -> None:
    drawn = results(RandomApply([add(1), add(2), add(4)], 0.3, seed=1))
    assert set(drawn) == {0, 7}
    assert_share(drawn == 7, 0.3)


def test_rates_within_random_apply_stay() -> None:
    inner = RandomLighting((1, 1), (1 / 255, 1 / 255), rate=0.5)
    drawn = outcomes(RandomApply([add(2), inner], 0.5, seed=1))
    for level, share in {0: 1 / 2, 2: 1 / 4, 3: 1 / 4}.items():
        assert_share(drawn == level, share)


@both_ways
def test_choices_within_choices(results: Any) -> None:
    inner = OneOf([add(1), Pipeline([add(2), times(10)])])
    policy = SomeOf([inner, RandomOrder([add(3), times(2)]), add(100)], 2, seed=1)
    drawn = results(policy)
    expected = {
        (1 + 3) * 2: 1 / 12,
        1 * 2 + 3: 1 / 12,
        (20 + 3) * 2: 1 / 12,
        20 * 2 + 3: 1 / 12,
        1 + 100: 1 / 6,
        20 + 100: 1 / 6,
        3 * 2 + 100: 1 / 6,
        3 + 100: 1 / 6,
    }
    assert set(drawn) == set(expected)
    for level, share in expected.items():
        assert_share(drawn == level, share)


def test_a_layer_keeps_the_order_of_its_parts_beside_others() -> None:
    """Sorting by form for the sake of fusing must not turn a pipeline round."""
    dark_border = Pipeline(
        [RandomInvert(1.0), RandomTranslation(0, (0.5, 0.5), fill_mode="constant")]
    )
    choice = OneOf([dark_border, RandomFlip("horizontal", rate=1.0)], seed=1)
    x = np.full((40, 1, 2, 1), 55, np.uint8)
    drawn = {tuple(row) for row in ops.convert_to_numpy(choice(x)).reshape(40, 2)}
    assert drawn == {(0, 200), (55, 55)}
    assert {
        tuple(r) for r in with_opencv(Chain([choice]), x, uniforms(choice, 40))[:, 0, :, 0]
    } == {
        (0, 200),
        (55, 55),
    }


def forms(layer: Any) -> list[type]:
    chain = Chain([layer])
    return [type(step) for step in chain.plan(uniforms(chain, 2), 8, 8, 3).steps]


def test_neighbours_in_a_pipeline_fuse() -> None:
    layers = [RandomRotateBound(), RandomZoomCrop(), add(1), RandomInvert(), RandomRoll()]
    assert forms(Pipeline(layers)) == [Warp, Curve, Paste]
    assert forms(Pipeline([Pipeline(layers[:1]), Pipeline(layers[1:])])) == [Warp, Curve, Paste]


def test_alternatives_of_one_form_fuse() -> None:
    layers = [RandomRotateBound(), RandomInvert(), RandomZoomCrop(), add(1)]
    assert forms(OneOf(layers)) == [Warp, Curve]
    assert forms(RandomApply(layers)) == [Warp, Curve, Warp, Curve]


def test_rounds_of_an_order_share_their_ends() -> None:
    """Warp and curve, then curve and warp, make three steps."""
    assert forms(RandomOrder([RandomRotateBound(), add(1)])) == [Warp, Curve, Warp]


def test_what_draws_nothing_acts_outside_training() -> None:
    policy = Pipeline([RandomFlip("horizontal", rate=1.0), Halve(), Pipeline([add(7)])])
    x = np.array([[10, 100]], np.uint8)[None, :, :, None]
    assert ops.convert_to_numpy(policy(x, training=False)).ravel().tolist() == [5, 50]
    assert ops.convert_to_numpy(policy(x)).ravel().tolist() == [57, 12]
    assert Pipeline([Halve()]).inference_layer().layers[0].num_uniforms == 0
    assert Pipeline([add(1)]).inference_layer() is None


def test_a_crop_may_open_a_pipeline() -> None:
    pipeline = Pipeline([RandomResizedCrop(6, 4), RandomInvert(1.0)])
    assert tuple(pipeline(np.zeros((2, 9, 9, 3), np.uint8)).shape) == (2, 6, 4, 3)
    assert pipeline.compute_output_shape((None, 9, 9, 3)) == (None, 6, 4, 3)
    sequence = ArraySequence(
        np.zeros((4, 20, 20, 3), np.uint8),
        image_size=(6, 4),
        label_mode=None,
        augment=pipeline,
        dtype="uint8",
        verbose=0,
    )
    assert (sequence[0] == 255).all()


def test_what_stands_for_crops_is_saved_and_loaded(tmp_path: Path) -> None:
    pipeline = Pipeline([RandomCrop(6, 4), times(0.5)])
    model = keras.Sequential([keras.Input((9, 9, 3), dtype="uint8"), pipeline])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3), np.uint8)
    for layer in (pipeline, loaded.layers[0]):
        middle = ops.convert_to_numpy(layer(x, training=False))
        assert np.array_equal(middle, x[:, 1:7, 2:6])
    assert np.array_equal(model.predict(x, verbose=0), middle)


@pytest.mark.parametrize("policy", [OneOf, SomeOf, RandomOrder, RandomApply])
def test_sizes_may_not_differ_within_a_batch(policy: type[CompoundLayer]) -> None:
    with pytest.raises(ValueError, match=f"{policy.__name__}: layers holds RandomResizedCrop"):
        policy([add(1), RandomResizedCrop(4, 4)])


@pytest.mark.parametrize("policy", [OneOf, SomeOf, RandomOrder, RandomApply, Pipeline])
def test_policies_need_layers(policy: type[CompoundLayer]) -> None:
    with pytest.raises(ValueError, match=f"{policy.__name__}: layers is empty"):
        policy([])
    with pytest.raises(TypeError, match=f"{policy.__name__}: layers must be a list"):
        policy(add(1))
    with pytest.raises(TypeError, match="holds the class RandomFlip; construct it"):
        policy([RandomFlip])


def nested() -> AugmentationLayer:
    inner = RandomApply([RandomRotateBound(40), RandomInvert(0.5)], 0.7)
    return Pipeline(
        [
            SomeOf([OneOf([inner, RandomRoll()], (2, 1)), RandomZoomCrop(), add(3)], 2, rate=0.9),
            RandomOrder([RandomFlip(), times(0.5)]),
        ],
        seed=4,
    )


def test_nested_policies_come_back_from_a_file(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((12, 15, 3), dtype="uint8"), nested()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert repr(loaded.layers[0]) == repr(nested())
    x = np.random.default_rng(0).integers(0, 256, (5, 12, 15, 3), np.uint8)
    ours, theirs = nested()(x), nested().from_config(model.layers[0].get_config())(x)
    assert np.array_equal(ops.convert_to_numpy(ours), ops.convert_to_numpy(theirs))


def test_nested_parameters_can_be_replayed() -> None:
    """What a batch drew, kept as plain lists, gives the same batch again."""
    chain = Chain([nested()])
    u = uniforms(chain, 5)
    kept = keras.tree.map_structure(lambda v: v.tolist(), chain.draw(u, 12, 15))
    replayed = keras.tree.map_structure_up_to(chain.draw(u, 12, 15), np.array, kept)
    first, again = chain.plan(u, 12, 15, 3), chain.prepare(replayed, 12, 15, 3)
    for one, other in zip(first.steps, again.steps, strict=True):
        for name in ("matrix", "tables", "rectangles"):
            assert np.array_equal(getattr(one, name, None), getattr(other, name, None))


@pytest.mark.parametrize("policy", [OneOf, RandomApply, SomeOf])
def test_a_crop_that_may_rest_leaves_images_whole(policy: Any) -> None:
    """It does not take the place of the resize, which all images need."""
    layers = [RandomResizedCrop(scale=(0.1, 0.1)), RandomInvert(1.0)]
    augment = policy(layers[:1] if policy is RandomApply else layers)
    chain = Chain([augment], size=(16, 16))
    plan = chain.plan(uniforms(chain, 200), 16, 16, 3)
    assert plan.resize is not None
    assert plan.resize.windows is None


def test_a_crop_that_comes_first_in_a_pipeline_takes_the_decoded_image() -> None:
    chain = Chain([Pipeline([Pipeline([RandomResizedCrop()]), RandomFlip()])], size=(16, 16))
    plan = chain.plan(uniforms(chain, 2), 16, 16, 3)
    assert plan.resize is not None
    assert plan.resize.windows is not None


def test_a_resize_may_come_later_in_a_pipeline() -> None:
    pipeline = Pipeline([RandomFlip("horizontal", rate=1.0), Resizing(4, 5)])
    x = np.random.default_rng(0).integers(0, 256, (2, 8, 10, 3), np.uint8)
    expected = ops.convert_to_numpy(Resizing(4, 5)(x[:, :, ::-1]))
    assert np.array_equal(ops.convert_to_numpy(pipeline(x)), expected)
    with pytest.raises(ValueError, match=r"must be the first.*or leave image_size out"):
        Chain([pipeline], size=(16, 16))


def test_no_number_is_drawn_in_vain() -> None:
    """One for the choice, and those of the layer that needs most."""
    inner = [RandomFlip("horizontal"), RandomTranslation()]
    assert OneOf(inner).total_uniforms == 1 + 2
    assert OneOf(inner, rate=0.5).total_uniforms == 1 + 2 + 1
    assert Pipeline(inner).total_uniforms == 1 + 2
