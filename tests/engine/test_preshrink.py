"""Images at the resolution that the largest zoom of a chain needs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv.preshrink import Preshrink, shrink

pytestmark = pytest.mark.backends

SIZE = (40, 30)


def preshrink(augment, **settings):
    chain = Chain(augment, **{"size": SIZE, **settings})
    return chain, Preshrink(chain.opening(500, *SIZE, 3))


@pytest.mark.parametrize(
    ("augment", "settings", "image", "wanted"),
    [
        ([layers.RandomFlip()], {}, (400, 300), (40, 30)),
        ([layers.RandomZoomCrop((0.5, 2.0))], {}, (400, 300), (80, 60)),
        ([layers.RandomZoomCrop((0.5, 2.0))], {}, (400, 70), (80, 60)),
        ([layers.RandomZoomCrop((0.5, 2.0))], {}, (400, 20), (80, 20)),
        ([layers.RandomRotateBound(90), layers.RandomFlip()], {}, (400, 300), (55, 42)),
        ([layers.RandomZoomCrop((1.0, 2.0))], {"fit": "crop"}, (400, 600), (80, 120)),
        ([layers.RandomZoomCrop((1.0, 2.0))], {"interpolation": "nearest"}, (400, 600), (400, 600)),
        ([layers.RandomZoomCrop((1.0, 2.0))], {"size": None}, (400, 600), (400, 600)),
        ([layers.RandomResizedCrop(scale=(0.25, 1), ratio=(1, 1))], {}, (800, 800), (80, 60)),
    ],
)
def test_as_many_pixels_stay_as_the_largest_zoom_reads(augment, settings, image, wanted):
    _, shrinks = preshrink(augment, **settings)
    assert shrinks.size(*image) == wanted
    assert shrinks.size(*image) == wanted  # what was found is remembered


def test_perspective_counts_where_it_reads_finest():
    _, plain = preshrink([layers.RandomFlip()])
    _, tilted = preshrink([layers.RandomPerspective(scale=0.3)])
    assert tilted.size(800, 600) > plain.size(800, 600)


def smooth(height, width):
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    waves = (np.sin(3 * x + 2), np.cos(2 * y + x), x * y)
    return np.rint(127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


@pytest.mark.parametrize(
    "augment",
    [
        [layers.RandomRotation(0.1), layers.RandomZoomCrop((0.8, 1.6))],
        [layers.RandomTranslation(0.2, 0.2), layers.RandomPerspective(scale=0.3)],
        [layers.RandomResizedCrop(scale=(0.3, 1)), layers.RandomFlip()],
    ],
)
@pytest.mark.parametrize("image", [(303, 201), (130, 95), (81, 283)])
@pytest.mark.parametrize("divisor", [1, 2])
def test_the_smaller_image_lies_where_the_whole_one_lay(augment, image, divisor):
    """A smooth image has the same value at a place whatever its resolution; half a pixel shows."""
    chain, shrinks = preshrink(augment)
    plan = chain.plan(np.random.default_rng(1).random((20, chain.total_uniforms)), *SIZE, 3)
    pixels = smooth(*image)
    decoded, whole = pixels, opencv.Reduced(*image, divisor, divisor)
    if divisor == 2:  # as a decoder does, with last rows that stand for less
        even = np.pad(pixels, ((0, image[0] % 2), (0, image[1] % 2), (0, 0)), "edge")
        decoded = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), None, 0, 0, 3)
    size = shrinks.size(*image)
    size = min(size[0], decoded.shape[0]), min(size[1], decoded.shape[1])
    small, reduced = shrink(decoded, size, whole)
    assert small.size < decoded.size or min(size) > 0.9 * min(decoded.shape[:2])
    errors = []
    for b in range(20):
        ours, theirs = np.empty((2, *SIZE, 3), np.uint8)
        opencv.render(small, plan, b, ours, reduced=reduced)
        opencv.render(pixels, plan, b, theirs)
        assert shrinks.suffices(plan, b, *image)
        errors.append(np.abs(ours.astype(int) - theirs).mean())
    assert max(errors) < 1  # a step is 8 levels


def test_a_draw_beyond_the_ranges_is_seen():
    zoom = layers.RandomZoomCrop((1.0, 1.5))
    wider = Chain([layers.RandomZoomCrop((3.0, 3.1))], size=SIZE)
    chain, shrinks = preshrink([zoom])
    u = np.full((1, chain.total_uniforms), 0.5)
    assert shrinks.suffices(chain.plan(u, *SIZE, 3), 0, 400, 300)
    assert not shrinks.suffices(wider.plan(u, *SIZE, 3), 0, 400, 300)
    assert shrinks.suffices(wider.plan(u, *SIZE, 3), 0, 50, 30)  # kept as it is

    crops, smaller = (
        Chain([layers.RandomResizedCrop(scale=(low, low), ratio=(1, 1))], size=SIZE)
        for low in (0.5, 0.1)
    )
    shrinks = Preshrink(crops.opening(100, *SIZE, 3))
    u = np.full((1, crops.total_uniforms), 0.5)
    assert shrinks.suffices(crops.plan(u, *SIZE, 3), 0, 400, 400)
    assert not shrinks.suffices(smaller.plan(u, *SIZE, 3), 0, 400, 400)


def test_remembered_sizes_do_not_grow_without_end(monkeypatch):
    monkeypatch.setattr("keras_cvdata.engine.opencv.preshrink._MOST_SIZES", 3)
    _, shrinks = preshrink([layers.RandomFlip()])
    assert {shrinks.size(side, 300) for side in range(200, 210)} == {(40, 30)}
    assert len(shrinks._found) <= 4


def test_keys_follow_what_sizes_depend_on():
    keys = [
        preshrink(augment, **settings)[1].key()
        for augment, settings in (
            ([layers.RandomZoomCrop((1.0, 1.5))], {}),
            ([layers.RandomZoomCrop((1.0, 1.499)), layers.RandomLighting()], {}),
            ([layers.RandomZoomCrop((1.0, 2.0))], {}),
            ([layers.RandomZoomCrop((1.0, 1.5))], {"fit": "crop"}),
            ([layers.RandomResizedCrop(scale=(0.2, 1))], {}),
            ([layers.RandomResizedCrop(scale=(0.3, 1))], {}),
            ([layers.RandomFlip()], {"size": None}),
        )
    ]
    assert keys[0] == keys[1]
    assert all(keys.count(key) == 1 for key in keys[2:])


def test_a_side_is_shrunk_where_that_is_worth_it():
    pixels = smooth(100, 200)
    for size, wanted in (((91, 180), (100, 180)), ((90, 181), (90, 200)), ((30, 99), (33, 100))):
        small, reduced = shrink(pixels, size, opencv.Reduced(100, 200, 1, 1))
        assert small.shape[:2] == wanted
        assert reduced.divisor == pytest.approx((99 if size[0] == 30 else 100) / wanted[0])
    same, reduced = shrink(pixels, (95, 190), opencv.Reduced(200, 400, 2, 2))
    np.testing.assert_array_equal(same, pixels)
    assert reduced == (200, 400, 2, 2)
