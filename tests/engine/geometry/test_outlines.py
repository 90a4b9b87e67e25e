"""Boxes against their objects, which are found in pixels that went through the same steps.

The pixels say where each comes from, so an object is where pixels come from its inside. They are
four times as fine as those that the boxes count, each way, and know nothing of polygons. Where
they do not show the thin tip of an object, others decide that are 16 times as fine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from keras_cvdata.engine import opencv, tensor
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Displace, Paste, Resize, Step, Warp
from tests.cases import LAYERS
from tests.executors import tensor_plan

pytestmark = pytest.mark.backends

SIZE = (96, 120)
OBJECTS = np.array(
    [[[50, 40, 80, 65], [5, 8, 45, 30], [-20, 60, 22, 99], [0, 0, 120, 96], [90, 2, 118, 90]]],
    np.float32,
)
FINE, FINEST = 4, 16  # pixels of the objects in one of the boxes, each way


@functools.cache
def places(fine: int) -> np.ndarray:
    """Where pixels come from, across and down, of 0 to 1, and that they come from somewhere."""
    height, width = SIZE[0] * fine, SIZE[1] * fine
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([x / width, y / height, np.ones_like(x)], axis=-1).astype(np.float32)


def inside(pixels: np.ndarray, boxes: np.ndarray) -> list[np.ndarray]:
    """Which pixels come from the inside of each box."""
    weight = pixels[..., 2].copy()
    weight[weight <= 0.2] = np.nan  # filled; a quarter at the corners of it
    x, y = pixels[..., 0] * (SIZE[1] / weight), pixels[..., 1] * (SIZE[0] / weight)
    return [(x >= b[0]) & (x <= b[2]) & (y >= b[1]) & (y <= b[3]) for b in boxes]


def refined(step: Any, size: tuple[int, int], xp: Any, fine: int) -> Step:
    """The same step on pixels that are finer."""
    if isinstance(step, Paste):
        return replace(step, rectangles=step.rectangles * fine)
    if isinstance(step, Displace):
        return replace(step, grid=step.grid * fine)
    matrix = step.matrix(*size, xp) if isinstance(step, Resize) else step.matrix
    middle = (fine - 1) / 2
    to_fine = np.array([[fine, 0, middle], [0, fine, middle], [0, 0, 1]])
    matrix = to_fine @ ops.convert_to_numpy(matrix).astype(np.float64) @ np.linalg.inv(to_fine)
    if xp is not np:
        matrix = ops.convert_to_tensor(matrix.astype(np.float32))
    after = [int(side) * fine for side in step.size_after(size)]
    projective = getattr(step, "projective", False)
    return Warp(matrix, "constant", 0.0, "bilinear", size=tuple(after), projective=projective)


def largest_piece(pixels: np.ndarray, rectangles: np.ndarray, box: np.ndarray) -> Any:
    """The pixels of the pasted rectangle that shows most of a box; `None` for a draw."""
    (found,) = inside(pixels, [box])
    kept, areas = [], []
    for top, left, bottom, right, *_ in rectangles.astype(int):
        part = np.zeros_like(pixels)
        part[top:bottom, left:right] = pixels[top:bottom, left:right]
        kept.append(part)
        areas.append(found[top:bottom, left:right].sum())
    first, second = sorted(areas)[-1], sorted(areas)[-2]
    return None if first and second > 0.8 * first else kept[int(np.argmax(areas))]


def with_opencv(pixels: np.ndarray, step: Step) -> np.ndarray:
    size = [int(side) for side in step.size_after(pixels.shape[:2])]
    result = np.empty((*size, 3), np.float32)
    opencv.render(pixels, Plan((step,), Output(), (0.0, 1.0)), 0, result)
    return result


def with_tensors(pixels: np.ndarray, step: Step) -> np.ndarray:
    plan = Plan((step,), Output(), (0.0, 1.0))
    return ops.convert_to_numpy(tensor.render_batch(ops.convert_to_tensor(pixels[None]), plan))[0]


def objects(plan: Plan, xp: Any, fine: int) -> list[Any]:
    """What a plan shows of each object; `None` where the largest piece is not clear."""
    render = with_opencv if xp is np else with_tensors
    every, size = [places(fine)] * len(OBJECTS[0]), SIZE
    for step in plan.steps:
        if step.for_mask() is None:
            continue
        finer = refined(step, size, xp, fine)
        size = step.size_after(size)
        if all(pixels is every[0] for pixels in every):  # so that each is rendered once
            every = [render(every[0], finer)] * len(every)
        else:
            every = [None if pixels is None else render(pixels, finer) for pixels in every]
        if isinstance(finer, Paste):
            rectangles = ops.convert_to_numpy(finer.rectangles)[0]
            if not rectangles.any():
                continue
            every = [
                None if pixels is None else largest_piece(pixels, rectangles, box)
                for pixels, box in zip(every, OBJECTS[0], strict=True)
            ]
    if all(pixels is every[0] is not None for pixels in every):
        return inside(every[0], OBJECTS[0])
    return [
        None if pixels is None else inside(pixels, [box])[0]
        for pixels, box in zip(every, OBJECTS[0], strict=True)
    ]


def check(plan: Plan, xp: Any, fine: int = FINE) -> int:
    """Compare all boxes with their objects; the number of those compared."""
    given = OBJECTS.astype(np.float64) if xp is np else ops.convert_to_tensor(OBJECTS)
    found = [ops.convert_to_numpy(each)[0] for each in plan.follow_boxes(given, *SIZE, xp)]
    compared = 0
    for seen, moved, share in zip(objects(plan, xp, fine), *found, strict=True):
        if seen is None:
            continue
        compared += 1
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        if not len(rows):
            assert share == 0 or min(moved[2:] - moved[:2]) < 1.2, "a ghost"
            continue
        sides = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / fine
        if min(sides[2:] - sides[:2]) > 1:
            assert share > 0, f"{sides} is lost"
        if share > 0 and np.abs(moved - sides).max() > 1.2:
            assert fine < FINEST, (moved, sides)
            return check(plan, xp, FINEST)
    return compared


def constant(layer: type, options: Any) -> Any:
    """A layer that fills by a constant; policies of layers that do."""
    fills = issubclass(layer, layers.FillingLayer | layers.RandAugment | layers.TrivialAugmentWide)
    fill = {"fill_mode": "constant"} if fills or layer is layers.Pad else {}
    if "layers" in options:
        some = [layers.RandomRotateBound(90, fill_mode="constant"), layers.RandomRoll(0.2, 0.2)]
        fill = {"layers": [*some, layers.RandomShear(0.4, 0.4, fill_mode="constant")]}
        options = {key: value for key, value in options.items() if key not in ("odds", "n")}
    if "fill_value" in options and layer is not layers.RandomErasing:
        fill["fill_value"] = 0.0
    return layer(**{**options, **fill})


FOLLOWED = {
    case.layer.__name__: case
    for case in LAYERS
    if case.layer is not layers.AugMix  # which nothing can follow
}


@pytest.mark.parametrize("name", sorted(FOLLOWED))
@pytest.mark.slow
def test_boxes_of_each_layer_are_those_of_the_objects(name: str) -> None:
    case = FOLLOWED[name]
    chain = Chain([constant(case.layer, case.options)])
    for draw in range(6):
        u = np.random.default_rng([7, draw]).random((1, chain.total_uniforms))
        assert check(chain.plan(u, *SIZE, 3), np)
        if draw == 0:
            assert check(tensor_plan(chain, (1, *SIZE, 3), u), ops)


def random_layers(random: np.random.Generator) -> list[Any]:
    """Two to five layers that move pixels, strongly."""
    fill = {"fill_mode": "constant"}
    tall, wide = (int(side) for side in random.integers(40, 130, 2))
    fit, is_padded = str(random.choice(["stretch", "letterbox"])), bool(random.integers(2))
    some: list[Callable[[], Any]] = [
        lambda: layers.RandomFlip(rate=0.7),
        layers.RandomRot90,
        lambda: layers.RandomRotateBound(180, fit=fit, **fill),
        lambda: layers.RandomZoomCrop((0.6, 2.0), **fill),
        lambda: layers.RandomTranslation(0.5, 0.5, **fill),
        lambda: layers.RandomRoll(0.3, 0.3, allow_large_shift=True),
        lambda: layers.RandomRotation(degrees=180, **fill),
        lambda: layers.RandomZoom(0.4, 0.4, **fill),
        lambda: layers.RandomShear(x_factor=0.5, y_factor=0.3, **fill),
        lambda: layers.RandomAffine(degrees=60, scale=(0.6, 1.6), shear=0.2, **fill),
        lambda: layers.RandomPerspective(scale=0.3, **fill),
        lambda: layers.RandomElasticTransform(**fill),
        lambda: layers.RandomCrop(tall, wide),
        lambda: layers.CenterCrop(tall, wide),
        lambda: layers.Pad((tall - 30) // 4),
        lambda: layers.Resizing(tall, wide, pad_to_aspect_ratio=is_padded),
        lambda: layers.Resizing(tall, wide, crop_to_aspect_ratio=True),
        lambda: layers.RandomResizedCrop(tall, wide, scale=(0.3, 1.0)),
        lambda: layers.RandomLighting(value_range=(0, 1)),
    ]
    chosen = random.choice(len(some), random.integers(2, 6), replace=False)
    return [some[i]() for i in chosen]


@pytest.mark.parametrize(
    "first",
    [pytest.param(n, marks=[pytest.mark.nightly] * (n % 60 > 0)) for n in range(0, 200, 20)],
)
@pytest.mark.slow
def test_boxes_of_chains_are_those_of_the_objects(first: int) -> None:
    """No ghosts, none lost, and sides within 1.2 pixels, on both executors."""
    compared = 0
    for number in range(first, first + 20):
        random = np.random.default_rng([11, number])
        chain = Chain(random_layers(random))
        u = random.random((1, chain.total_uniforms))
        compared += check(chain.plan(u, *SIZE, 3), np)
        if number % 10 == 0:
            compared += check(tensor_plan(chain, (1, *SIZE, 3), u), ops)
    assert compared > 80
