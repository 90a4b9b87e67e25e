"""Rendering one slot is a pure function: nothing changes but its memory, and any process may do it.

Keras makes the plans of these tests; the rendering needs none of it.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.engine.chain import Chain, Output, Plan
from keras_cvdata.loading.annotations import Annotations
from keras_cvdata.loading.filling import Outcome
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.loading.substitutes import Substitutes
from keras_cvdata.sources import ArraySource, DirectorySource
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.types import ImageError

pytestmark = pytest.mark.backends

SIZE = (24, 20)
AUGMENT = [
    layers.RandomFlip(),
    layers.RandomRotateBound(30),
    layers.RandomRoll(0.1, 0.1),
    layers.RandomChannelLighting((0.8, 1.2)),
]
COUNT = 12


@pytest.fixture
def source(photo_folder: Path) -> DirectorySource:
    return DirectorySource(photo_folder)


@pytest.fixture
def how(source: DirectorySource, tmp_path: Path) -> Reading:
    """Masks and boxes follow, and other samples stand in for bad ones."""
    for row in range(COUNT):
        name = tmp_path / Path(source.name(row)).with_suffix(".png").relative_to(source.directory)
        name.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(name), source.image(row)[..., 1] // 64)
    boxes = Boxes.from_cells([[[1, 2, 59, 49, row % 3]] for row in range(COUNT)])
    annotations = Annotations(DirectorySource(tmp_path), boxes)
    return Reading("rgb", source.rows, annotations, Substitutes(COUNT, source.codes, 7))


def planned() -> Plan:
    output = Output("float32", "unit")
    chain = Chain(AUGMENT, size=SIZE, output=output)
    u = np.random.default_rng(3).random((COUNT, chain.total_uniforms))
    return chain.plan(u, *SIZE, 3)


def memory(how: Reading, value: float = -1) -> BatchMemory:
    annotations = {} if how.annotations is None else how.annotations.allocate(COUNT, SIZE)
    if annotations:
        annotations["segmentation_masks"][:] = 99
    return BatchMemory(np.full((COUNT, *SIZE, 3), value, np.float32), annotations)


def leaves(out: BatchMemory) -> dict[str, np.ndarray]:
    found = {"pixels": out.pixels}
    if out.annotations:
        found["masks"] = out.annotations["segmentation_masks"]
        found |= out.annotations["bounding_boxes"]
    return found


def rendered(source: Source, plan: Plan, how: Reading, slots: Any = range(COUNT)) -> BatchMemory:
    out = memory(how)
    for slot in slots:
        render_slot(source, plan, slot, slot, out, how)
    return out


def assert_equal(one: BatchMemory, other: BatchMemory) -> None:
    for name, values in leaves(one).items():
        np.testing.assert_array_equal(values, leaves(other)[name], name)


def test_nothing_changes_but_the_slot(source: Source, how: Reading) -> None:
    plan, out, before = planned(), memory(how), memory(how)
    render_slot(source, plan, 4, 3, out, how)  # lets the plan and the masks keep what they work out
    pickled = pickle.dumps((source, plan, how))
    assert render_slot(source, plan, 5, 9, out, how) == Outcome(9)
    assert pickle.dumps((source, plan, how)) == pickled
    rest = [slot for slot in range(COUNT) if slot not in (4, 5)]
    for name, values in leaves(out).items():
        np.testing.assert_array_equal(values[rest], leaves(before)[name][rest], name)
        assert (values[5] != leaves(before)[name][5]).any(), name


def test_order_does_not_matter_and_calls_repeat(source: Source, how: Reading) -> None:
    plan = planned()
    forth, back = rendered(source, plan, how), rendered(source, plan, how, range(COUNT)[::-1])
    assert_equal(forth, back)
    assert_equal(forth, rendered(source, plan, how, [*range(COUNT)] * 2))


class Damaged(ArraySource):
    """Images of which the first two cannot be read."""

    def fetch(self, position: int) -> Any:
        if position < 2:
            raise ImageError(self.name(position), "damaged")
        return super().fetch(position)


def test_a_bad_image_is_part_of_the_outcome_and_of_nothing_else() -> None:
    source = Damaged(np.arange(COUNT, dtype=np.uint8)[:, None, None, None].repeat(3, 3))
    plan, strict = planned(), Reading("rgb", source.rows)
    how = strict._replace(substitutes=Substitutes(COUNT, None, 7))
    pickled = pickle.dumps((source, how))
    outcome = render_slot(source, plan, 0, 1, memory(how), how)
    assert outcome.position >= 2
    assert (outcome.bad.row, outcome.bad.reason, outcome.error) == (1, "damaged", None)
    assert pickle.dumps((source, how)) == pickled
    refused = render_slot(source, plan, 0, 1, memory(strict), strict)
    assert refused.bad == outcome.bad
    assert str(refused.error).endswith("(row 1): damaged")


IN_ANOTHER_PROCESS = """
import pickle, sys
from keras_cvdata.loading.rendering import render_slot
source, plan, how, out = pickle.load(sys.stdin.buffer)
outcomes = [render_slot(source, plan, slot, slot, out, how) for slot in range(len(out.pixels))]
frameworks = {"keras", "tensorflow", "jax", "torch"} & {*sys.modules}
sys.stdout.buffer.write(pickle.dumps((out, outcomes, frameworks)))
"""


def test_another_process_without_keras_renders_the_same_pixels(
    source: Source, how: Reading
) -> None:
    plan = planned()
    run = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        input=pickle.dumps((source, plan, how, memory(how))),
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    out, outcomes, frameworks = pickle.loads(run.stdout)
    assert not frameworks
    assert outcomes == [Outcome(slot) for slot in range(COUNT)]
    assert_equal(out, rendered(source, plan, how))
