"""Ways that are found for a batch beforehand lead to the pixels that are found image by image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.engine.chain import Chain, Output, Plan
from keras_cvdata.engine.opencv import Reduced, find_ways, geometry, reduction, render
from keras_cvdata.engine.opencv.batches.ways import find_kept_ways
from keras_cvdata.engine.opencv.preshrink import Preshrink, shrink

pytestmark = pytest.mark.backends

COUNT = 6
SIZES = [(150, 90), (40, 33), (32, 24), (260, 301), (97, 500), (64, 48)]
FILLS = ("reflect", "nearest", "wrap", "constant")
CHAINS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    **{fill: ([layers.RandomRotateBound(40, fill_mode=fill)], {}) for fill in FILLS},
    "crop": ([layers.RandomRotateBound(40)], {"fit": "crop"}),
    "pad": ([layers.RandomRotateBound(40)], {"fit": "pad"}),
    "window": ([layers.RandomResizedCrop(), layers.RandomRotation(0.1)], {}),
    "gated": ([layers.RandomTranslation(0.2, 0.2, rate=0.5)], {}),
    "smaller": ([layers.RandomCrop(20, 20), layers.RandomShear(0.1)], {}),
    "far": ([layers.RandomZoomCrop((0.05, 0.1))], {}),
    "a pixel": ([layers.RandomZoomCrop((0.01, 0.02))], {}),
    "nowhere": ([layers.RandomZoomCrop((0.01, 0.01))] * 5, {}),
    "diamond": ([layers.RandomRotateBound((45, 45)), layers.RandomZoomCrop((0.71, 0.72))], {}),
    "pixels": ([layers.RandomFlip("horizontal")], {}),
    "perspective": ([layers.RandomPerspective()], {}),
    "nearest pixel": ([layers.RandomRotateBound(40)], {"interpolation": "nearest"}),
    "area": ([layers.RandomRotateBound(40)], {"interpolation": "area"}),
    "resize": ([], {}),
}


def planned(chain: Chain) -> Plan:
    u = np.random.default_rng(5).random((COUNT, chain.total_uniforms))
    return chain.plan(u, 32, 24, 3)


def image_of(b: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(b).integers(0, 256, shape, np.uint8)


def pixels_of(plan: Plan, chain: Chain, dtype: str, channels: int) -> list[np.ndarray]:
    results = []
    for b, (height, width) in enumerate(SIZES):
        n = reduction(planned(chain), b, height, width)
        image = image_of(b, (-(-height // n), -(-width // n), channels))
        image = image.astype(np.uint16) * 257 if dtype == "uint16" else image
        out = np.empty((*chain.output_size(32, 24), channels), np.float32)
        reduced = Reduced(height, width, n) if n > 1 else None
        render(image, plan, b, out, reduced=reduced)
        results.append(out)
    return results


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize(
    ("channels", "dtype"), [(3, "uint8"), (1, "uint8"), (4, "uint8"), (5, "uint8"), (3, "uint16")]
)
def test_pixels_are_the_same(name: str, channels: int, dtype: str) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), output=Output("float32"), **CHAINS[name][1])
    plan = planned(chain)
    find_ways(plan, *np.array(SIZES).T)
    for found, wanted in zip(
        pixels_of(plan, chain, dtype, channels),
        pixels_of(planned(chain), chain, dtype, channels),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", ["reflect", "nearest", "crop", "window"])
def test_no_matrix_is_worked_out_between_pixels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), **CHAINS[name][1])
    plan = planned(chain)
    find_ways(plan, *np.array([(0, 0), *SIZES[1:]]).T)
    assert {key[0] for key in plan.ways} == {1, 2, 3, 4, 5}  # the first size is not known
    monkeypatch.setattr(geometry, "shrink_factors", None)
    for b, (height, width) in list(enumerate(SIZES))[1:]:
        n = reduction(plan, b, height, width)
        image = image_of(b, (-(-height // n), -(-width // n), 3))
        reduced = Reduced(height, width, n) if n > 1 else None
        render(image, plan, b, np.empty((32, 24, 3), np.uint8), reduced=reduced)


@pytest.mark.parametrize("name", ["reflect", "nearest", "window", "far", "pixels", "perspective"])
def test_a_channel_of_no_meaning_leaves_no_trace(name: str) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), output=Output("float32"), **CHAINS[name][1])
    known, unknown = planned(chain), planned(chain)
    find_ways(known, *np.array(SIZES).T)
    for b, size in enumerate(SIZES):
        four = image_of(b, (*size, 4))
        found, alone, wanted = (np.empty((32, 24, 3), np.float32) for _ in range(3))
        render(four, known, b, found)
        render(four, unknown, b, alone)
        render(np.ascontiguousarray(four[:, :, :3]), planned(chain), b, wanted)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(alone, wanted)


def test_pairs_of_odd_widths_want_three_channels() -> None:
    chain = Chain([layers.RandomTranslation(0.2, 0.2)], size=(32, 24))
    plan = planned(chain)
    sizes = [(32, 24), (32, 48), (32, 49), (64, 24), (64, 25)]
    find_ways(plan, *np.array(sizes).T)
    ways = list(plan.ways.values())
    assert [way.factors for way in ways] == [(1, 1), (1, 2), (1, 2), (2, 1), (2, 1)]
    assert [way.takes_four for way in ways] == [True, True, False, True, True]
    for b, size in enumerate(sizes):
        four = image_of(b, (*size, 4))
        found, wanted = (np.empty((32, 24, 3), np.uint8) for _ in range(2))
        render(four, plan, b, found)
        render(np.ascontiguousarray(four[:, :, :3]), plan, b, wanted)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", CHAINS)
def test_ways_of_many_are_those_of_each(name: str) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), **CHAINS[name][1])
    together, alone = planned(chain), planned(chain)
    find_ways(together, *np.array(SIZES).T)
    for b, size in enumerate(SIZES):
        reduction(alone, b, *size)
    assert list(together.ways) == list(alone.ways)
    for found, wanted in zip(together.ways.values(), alone.ways.values(), strict=True):
        np.testing.assert_array_equal(found.matrix, wanted.matrix)
        assert found._replace(matrix=None) == wanted._replace(matrix=None)


def kept_of(preshrink: Preshrink, b: int) -> tuple[np.ndarray, Reduced]:
    """An image as a cache keeps it."""
    height, width = SIZES[b]
    n = preshrink.reduction(height, width)
    decoded = image_of(b, (-(-height // n), -(-width // n), 3))
    return shrink(decoded, preshrink.size(height, width), Reduced(height, width, n))


def kept_pixels(plan: Plan, chain: Chain, preshrink: Preshrink) -> list[np.ndarray]:
    results = []
    for b in range(COUNT):
        image, whole = kept_of(preshrink, b)
        results.append(np.empty((*chain.output_size(32, 24), 3), np.float32))
        render(image, plan, b, results[-1], reduced=None if whole.divisors == (1, 1) else whole)
    return results


@pytest.mark.parametrize("name", CHAINS)
def test_pixels_of_images_that_were_kept_are_the_same(name: str) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), output=Output("float32"), **CHAINS[name][1])
    preshrink, plan = Preshrink(chain.opening(500, 32, 24, 3)), planned(chain)
    find_kept_ways(plan, *np.array(SIZES).T, preshrink)
    alone = kept_pixels(planned(chain), chain, preshrink)
    for found, wanted in zip(kept_pixels(plan, chain, preshrink), alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", ["reflect", "nearest", "crop", "window"])
def test_no_matrix_of_an_image_that_was_kept_is_worked_out_later(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(CHAINS[name][0], size=(32, 24), output=Output("float32"), **CHAINS[name][1])
    preshrink, plan = Preshrink(chain.opening(500, 32, 24, 3)), planned(chain)
    find_kept_ways(plan, *np.array(SIZES).T, preshrink)
    assert len(plan.ways) == COUNT
    monkeypatch.setattr(geometry, "shrink_factors", None)
    kept_pixels(plan, chain, preshrink)


def test_images_that_do_not_suffice_get_no_way() -> None:
    chain = Chain([layers.RandomZoomCrop((0.5, 8.0))], size=(32, 24))
    before = Chain([layers.RandomZoomCrop((0.5, 1.0))], size=(32, 24))
    preshrink = Preshrink(before.opening(99, 32, 24, 3))
    plan = planned(chain)
    find_kept_ways(plan, *np.array(SIZES).T, preshrink)
    suffices = [preshrink.suffices(plan, b, *size) for b, size in enumerate(SIZES)]
    assert {key[0] for key in plan.ways} == set(np.flatnonzero(suffices))
    assert any(suffices)
    assert not all(suffices)
