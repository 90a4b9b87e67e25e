"""The planner: what fuses, what must not, and the numbers that come out."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry import matrices
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Curve, Resize, Warp
from keras_cvdata.layers import (
    CenterCrop,
    Equalization,
    RandomChannelLighting,
    RandomErasing,
    RandomFlip,
    RandomGrayscale,
    RandomInvert,
    RandomLighting,
    RandomRangeLighting,
    RandomResizedCrop,
    RandomRoll,
    RandomRotateBound,
    RandomTranslation,
    RandomZoomCrop,
    Resizing,
)
from keras_cvdata.layers.adapters import Lambda
from tests.executors import uniforms


def plan_of(layers: list[Any], batch: int = 2, **options: Any) -> Plan:
    chain = Chain(layers, **options)
    return chain.plan(uniforms(chain, batch), 20, 30, 3)


def kinds(layers: list[Any], **options: Any) -> list[str]:
    return [type(step).__name__ for step in plan_of(layers, **options).steps]


def rotate(**options: Any) -> RandomRotateBound:
    return RandomRotateBound(20, **options)


def move(**options: Any) -> RandomTranslation:
    return RandomTranslation(0.1, 0.2, **options)


BLACK = {"fill_mode": "constant"}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], []),
        ([rotate(), move(), RandomZoomCrop((0.5, 2)), RandomFlip()], ["Warp"]),
        ([RandomLighting(), RandomInvert(), RandomChannelLighting()], ["Curve"]),
        ([rotate(), RandomLighting(), move(), RandomInvert()], ["Warp", "Curve"] * 2),
        ([rotate(), RandomRoll(), move()], ["Warp", "Paste", "Warp"]),
        ([RandomRoll(), RandomRoll()], ["Paste", "Paste"]),
        (
            [rotate(), Lambda(np.flipud), Lambda(np.fliplr), move()],
            ["Warp", "Call", "Call", "Warp"],
        ),
        # Different fills stay apart, and so do different interpolations.
        ([rotate(), move(fill_mode="nearest")], ["Warp", "Warp"]),
        ([rotate(), move(interpolation="nearest")], ["Warp", "Warp"]),
        ([RandomFlip(), rotate(interpolation="nearest")], ["Warp"]),
        # Black must stay where an earlier layer put it, and come where a later one moves out.
        ([rotate(**BLACK), move(**BLACK)], ["Warp", "Warp"]),
        ([rotate(**BLACK), RandomFlip(), RandomZoomCrop((1, 2), **BLACK)], ["Warp"]),
        ([RandomZoomCrop((1, 2)), rotate(**BLACK)], ["Warp", "Warp"]),
        ([RandomFlip(), rotate(fill_mode="wrap")], ["Warp", "Warp"]),
        ([rotate(**BLACK), RandomFlip(), rotate()], ["Warp", "Warp"]),
    ],
)
def test_neighbours_fuse_where_their_meaning_stays(layers: list[Any], expected: list[str]) -> None:
    assert kinds(layers) == expected


@pytest.mark.parametrize(
    ("layers", "options", "expected"),
    [
        ([rotate(), RandomFlip()], {}, ["Warp"]),
        ([RandomFlip()], {"fit": "crop"}, ["Warp"]),
        ([], {}, ["Resize"]),
        ([RandomLighting(), rotate()], {}, ["Resize", "Curve", "Warp"]),
        ([rotate(**BLACK)], {}, ["Resize", "Warp"]),
        ([rotate()], {"fit": "pad"}, ["Resize", "Warp"]),
        ([rotate()], {"interpolation": "area"}, ["Resize", "Warp"]),
        ([rotate()], {"interpolation": "bicubic"}, ["Resize", "Warp"]),
        ([rotate()], {"interpolation": "nearest"}, ["Warp"]),
        ([rotate(interpolation="nearest")], {}, ["Resize", "Warp"]),
    ],
)
def test_resize_is_the_first_matrix(
    layers: list[Any], options: dict[str, Any], expected: list[str]
) -> None:
    plan = plan_of(layers, size=(20, 30), **options)
    assert [type(step).__name__ for step in plan.steps] == expected
    assert isinstance(plan.resize, Resize)
    assert plan.reduces == (options.get("interpolation") != "nearest")


def test_nearest_resize_means_nearest_all_through() -> None:
    """Labels in pixels must not be blended by a later layer."""
    plan = plan_of([rotate(), rotate(**BLACK)], size=(20, 30), interpolation="nearest")
    assert [step.interpolation for step in plan.steps] == ["nearest", "nearest"]


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest"])
def test_pixels_that_left_come_back(fill_mode: str) -> None:
    """A shift there and back is nothing at all where the fill gives way to real pixels."""
    there, back = (
        RandomTranslation((y, y), (x, x), fill_mode=fill_mode)
        for y, x in [(0.3, -0.4), (-0.3, 0.4)]
    )
    (warp,) = plan_of([there, back]).steps
    assert np.allclose(warp.matrix, np.eye(3), atol=1e-12)
    assert warp.fill_mode == fill_mode


def test_order_is_kept() -> None:
    """The product leads from the output through the last layer to the first."""
    chain = Chain([rotate(), RandomZoomCrop((2, 2)), move()])
    u = uniforms(chain, 3)
    (warp,) = chain.plan(u, 20, 30, 3).steps
    parts = [
        layer.matrix(p, 20, 30, np)
        for layer, p in zip(chain.layers, chain.draw(u, 20, 30), strict=True)
    ]
    assert np.allclose(warp.matrix, parts[0] @ parts[1] @ parts[2])


def test_matrix_products_equal_numpy() -> None:
    a, b = np.random.default_rng(0).random((2, 4, 3, 3))
    assert np.allclose(matrices.multiply(a, b, np), a @ b)


def test_layers_rest_at_their_rate() -> None:
    plan = plan_of([RandomRotateBound((20, 20), rate=0.5), RandomRoll((0.1, 0.1), rate=0.5)], 2000)
    unmoved = (plan.steps[0].matrix == np.eye(3)).all(axis=(1, 2))
    assert np.isclose(unmoved.mean(), 0.5, atol=0.05)
    still = ~plan.steps[1].rectangles.any(axis=(1, 2))
    assert np.isclose(still.mean(), 0.5, atol=0.05)


def test_draw_keys_name_layer_and_draw() -> None:
    """A layer has its own words, so that the others' draws do not move when it grows."""
    chain = Chain([RandomFlip("horizontal"), RandomInvert(1.0), RandomRoll(rate=0.3)])
    assert chain.uniform_keys.tolist() == [[0, 0], [2, 0], [2, 1], [2, 2]]
    assert chain.total_uniforms == 4
    assert Chain([]).uniform_keys.shape == (0, 2)


def fixed(gain: float, offset: float = 0.0) -> RandomLighting:
    return RandomLighting((gain, gain), (offset, offset))


def table_of(layers: list[Any], output: Output) -> np.ndarray:
    (step,) = plan_of(layers, output=output).steps
    assert isinstance(step, Curve)
    return step.tables[-1]


VALUES = np.arange(256)


def test_curves_are_clipped_after_each() -> None:
    """What saturated stays lost."""
    table = table_of([fixed(2), fixed(0.5)], Output("float32"))[:, 0]
    assert np.allclose(table, np.minimum(VALUES, 127.5))


def test_curves_are_rounded_once() -> None:
    """Half and back is what it was, though half of an odd value is none of uint8."""
    assert np.array_equal(table_of([fixed(0.5), fixed(2)], Output("uint8"))[:, 0], VALUES)


def test_tables_hold_channels_where_they_differ() -> None:
    assert table_of([fixed(0.5)], Output("uint8")).shape == (256, 1)
    assert table_of([fixed(0.5), RandomChannelLighting()], Output("uint8")).shape == (256, 3)
    statistics = Output("float32", mean=np.full(3, 0.5), std=np.full(3, 0.25))
    assert table_of([fixed(0.5)], statistics).shape == (256, 3)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Output("float32"), VALUES),
        (Output("float16"), VALUES),
        (Output("float32", "unit"), VALUES / 255),
        (Output("float32", "signed"), VALUES / 127.5 - 1),
        (Output("float32", 0.5), VALUES / 2),
        (Output("float32", mean=np.array(0.5), std=np.array(0.25)), (VALUES / 255 - 0.5) / 0.25),
        (Output("float32", samplewise=True), VALUES / 255),
    ],
)
def test_the_last_table_converts(output: Output, expected: np.ndarray) -> None:
    """Scale and statistics by the depth of the source (R36, R37, R38, R42)."""
    for layers in ([], [fixed(1)]):
        table = table_of(layers, output)
        assert table.dtype == output.dtype
        assert np.allclose(
            table[:, 0], expected, rtol=1e-3 if output.dtype == "float16" else 1e-6, atol=1e-6
        )
    assert table_of([], Output("float32"))[255, 0] == 255


def test_even_pixels_do_not_divide_by_zero() -> None:
    """1e-7 is added to every standard deviation (R38)."""
    table = table_of([], Output("float32", mean=np.zeros(1), std=np.zeros(1)))
    assert np.allclose(table[:, 0], VALUES / 255 * 1e7)


def test_uint8_that_stays_needs_no_table() -> None:
    plan = plan_of([rotate()], output=Output("uint8"))
    assert len(plan.uint8_steps) == len(plan.steps) - 1
    assert plan_of([]).uint8_steps == ()


def test_middle_curves_stay_uint8() -> None:
    plan = plan_of([fixed(0.5), rotate()], output=Output("float32", "unit"))
    assert [step.tables.dtype for step in plan.steps if isinstance(step, Curve)] == [
        np.uint8,
        np.float32,
    ]


def test_stored_parameters_give_the_same_plan() -> None:
    """What was drawn can be replayed."""
    chain = Chain([rotate(), RandomRangeLighting()])
    u = uniforms(chain, 2)
    one, other = chain.plan(u, 20, 30, 3), chain.prepare(chain.draw(u, 20, 30), 20, 30, 3)
    assert np.array_equal(one.steps[0].matrix, other.steps[0].matrix)
    assert np.array_equal(one.steps[1].tables, other.steps[1].tables)


def test_layers_see_the_size_of_the_batch() -> None:
    chain = Chain([RandomTranslation((0.5, 0.5), 0)], size=(40, 50))
    (warp,) = chain.plan(uniforms(chain, 1), 7, 9, 3).steps
    assert isinstance(warp, Warp)
    assert warp.matrix[0, 1, 2] == -20


def test_value_range_comes_from_the_source_or_a_layer() -> None:
    assert Chain([RandomInvert(value_range=(0, 9))]).value_range == (0, 9)
    assert Chain([RandomInvert()], value_range=(0, 1)).value_range == (0, 1)
    assert Chain([RandomFlip()]).value_range is None


def test_value_ranges_must_agree() -> None:
    layer = RandomInvert(value_range=(0, 255))
    with pytest.raises(ValueError, match=r"float images of \(0.0, 255.0\).*value_range=\(0, 1\)"):
        Chain([layer], value_range=(0, 1))
    with pytest.raises(ValueError, match=r"made for float images of \(0.0, 1.0\)"):
        Chain([layer, RandomInvert(value_range=(0, 1))])


def test_pickled_plans_know_that_they_hold_tables_only() -> None:
    plan = pickle.loads(pickle.dumps(plan_of([fixed(0.5)])))
    image = np.zeros((4, 5, 3), np.uint16)
    with pytest.raises(
        ValueError, match="pickled and holds tables for uint8 images only; got uint16"
    ):
        opencv.render(image, plan, 0, image.copy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float64"}, "dtype must be .*; got 'float64'"),
        (
            {"dtype": "float32", "rescale": "half"},
            "rescale must be one of 'unit', 'signed'; got 'half'",
        ),
        ({"dtype": "float32", "mean": np.zeros(3)}, "mean and std belong together"),
        (
            {"dtype": "uint8", "rescale": "unit"},
            "'uint8' cannot hold rescaled.*Use dtype='float32'",
        ),
        ({"dtype": "source", "samplewise": True}, "'source' cannot hold rescaled"),
        (
            {"dtype": "float32", "samplewise": True, "mean": np.zeros(3), "std": np.ones(3)},
            "fitted statistics or samplewise, not both",
        ),
        ({"dtype": "float32", "rescale": 0.0}, "finite factor other than 0"),
        ({"dtype": "float32", "rescale": "unit", "samplewise": True}, "both scale the pixels"),
    ],
)
def test_outputs_without_sense_are_refused(options: dict[str, Any], message: str) -> None:
    """R42: float64, among others."""
    with pytest.raises(ValueError, match=message):
        Output(**options)


@pytest.mark.parametrize(
    ("augment", "settings", "fixed"),
    [
        ([], {}, 1),
        ([], {"size": None}, 0),
        ([RandomFlip()], {}, 0),
        ([RandomFlip()], {"interpolation": "bicubic"}, 1),
        ([RandomFlip()], {"fit": "pad"}, 1),
        ([RandomLighting(), RandomFlip()], {}, 1),
        ([CenterCrop(4, 4), RandomLighting()], {}, 1),
        ([CenterCrop(4, 4), RandomFlip()], {}, 0),  # one warp
        ([Resizing(4, 4), RandomLighting()], {}, 1),
        ([RandomResizedCrop()], {}, 0),
        ([RandomResizedCrop()], {"interpolation": "area"}, 0),
        ([Equalization(), CenterCrop(4, 4)], {}, 1),
        ([RandomGrayscale(rate=1.0), Resizing(4, 4)], {"size": None}, 2),
    ],
)
def test_steps_that_nothing_is_drawn_for_are_counted(augment, settings, fixed):
    chain = Chain(augment, **{"size": (8, 8), **settings})
    assert chain.fixed == fixed
    plan = chain.plan(np.full((2, chain.total_uniforms), 0.3), 8, 8, 3)
    assert len(plan.head.steps) == fixed
    assert plan.head.steps + plan.tail.steps == plan.steps


def test_the_opening_is_the_first_step_alone_for_extreme_draws_too():
    chain = Chain([RandomZoomCrop((0.5, 2.0)), RandomErasing()], size=(8, 8))
    opening = chain.opening(300, 8, 8, 3)
    assert len(opening.steps) == 1
    zooms = opening.steps[0].matrix[:, 0, 0]
    assert zooms.min() == pytest.approx(0.5, abs=1e-6)
    assert zooms.max() == pytest.approx(2, abs=1e-6)
    assert np.array_equal(zooms, chain.opening(300, 8, 8, 3).steps[0].matrix[:, 0, 0])
