"""Batches of an epoch are planned together, and hold what each would hold alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata import JSONSequence, layers
from keras_cvdata.engine.chain import Chain
from tests.conftest import photograph

pytestmark = pytest.mark.backends

MOVES = [layers.RandomFlip(), layers.RandomRotateBound(30), layers.RandomElasticTransform()]
VALUES = [layers.RandomLighting(rate=0.5), layers.RandomErasing(), layers.RandomContrast()]
ANNOTATED = {
    "mask_column": "mask",
    "box_column": "boxes",
    "augment": [*MOVES, layers.RandomBackground(mask_classes=0), *VALUES],
}


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For how many images plans were made, one by one."""
    counts: list[int] = []
    plan = Chain.plan

    def counted(chain: Chain, u: Any, *arguments: Any) -> Any:
        counts.append(len(u))
        return plan(chain, u, *arguments)

    monkeypatch.setattr(Chain, "plan", counted)
    return counts


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Eight images of several sizes, with masks and boxes."""
    rows = []
    for number in range(8):
        image = photograph(number, 60 + 40 * number, 150)
        names = [f"{number}.jpg", f"{number}.png"]
        for name, pixels in zip(names, (image, image[..., :1] // 128), strict=True):
            cv2.imwrite(str(tmp_path / name), pixels)
        boxes = [[10 + number, 20, 60, 55, "cat"]]
        rows.append({"location": names[0], "mask": names[1], "boxes": boxes, "label": number})
    (tmp_path / "table.json").write_text(json.dumps(rows))
    return tmp_path / "table.json"


def assert_equal(found: Any, wanted: Any) -> None:
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(found, wanted)
    elif isinstance(found, dict):
        assert_equal([*found.values()], [*wanted.values()])
    else:
        for one, other in zip(found, wanted, strict=True):
            assert_equal(one, other)


@pytest.mark.parametrize(
    "options",
    [
        {"augment": [*MOVES, *VALUES, layers.AugMix()]},
        {"augment": MOVES, "cache": "memory"},
        ANNOTATED,
    ],
    ids=["files", "cache", "annotated"],
)
def test_planned_together(options: dict[str, Any], table: Path, planned: list[int]) -> None:
    """In the first epoch no size is known but those of one batch, then all are."""
    how: dict[str, Any] = {"image_size": 48, "batch_size": 3, "seed": 3, "verbose": 0}
    sequence, alone = (JSONSequence(table, **how, **options) for _ in range(2))
    assert_equal(sequence[1], alone[1])
    for epoch in range(2):
        planned.clear()
        found = [*sequence]
        assert planned == [8]
        alone.set_epoch(epoch)
        assert_equal(found, [alone[index] for index in range(len(alone))])


class Told:
    """A factor that is drawn for no image; it may change within the layer that holds it."""

    value = -1.0

    def at(self, u: Any, *_: Any) -> Any:
        return np.full(len(u), self.value)


def darkened(table: Path, prefetch: int) -> tuple[JSONSequence, layers.RandomBrightness]:
    layer = layers.RandomBrightness((-1.0, -1.0))
    how: dict[str, Any] = {"image_size": 48, "batch_size": 1, "verbose": 0, "prefetch": prefetch}
    return JSONSequence(table, augment=layer, **how), layer


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_layer_that_is_changed_acts_on_what_was_not_begun(table: Path, prefetch: int) -> None:
    sequence, layer = darkened(table, prefetch)
    is_dark = []
    for images, _ in sequence:
        layer.factor = layers.RandomBrightness((0.0, 0.0)).factor
        is_dark.append(not images.any())
    begun = 2 + prefetch
    assert is_dark == [True] * begun + [False] * (8 - begun)


class Fading(layers.RandomBrightness):
    """Half as dark in each batch as in the one before."""

    share = 1.0

    def parameters(self, u: Any, *arguments: Any) -> Any:
        self.share /= 2
        return {"brightness": np.full(len(u), -self.share)}


def test_a_layer_that_changes_itself_does_so_once_a_batch(table: Path) -> None:
    layer = Fading()
    sequence = JSONSequence(table, image_size=48, batch_size=2, augment=layer, verbose=0)
    assert len([*sequence]) == 4
    assert layer.share == 1 / 16


def test_state_that_is_changed_at_the_end_of_an_epoch_counts_in_the_next(table: Path) -> None:
    sequence, layer = darkened(table, 1)
    layer.factor = factor = Told()
    epochs = [(epoch, sequence._sampler.batch(epoch, n)) for epoch in (0, 1) for n in range(8)]
    is_dark = []
    for number, images in enumerate(sequence._loader.stream(sequence._pool, epochs, 1)):
        if number == 7:
            factor.value = 0.0
        is_dark.append(not images.pixels.any())
    assert is_dark[8:] == [True] * 2 + [False] * 6
