"""Small arrays are loaded a batch at a time, with the batches that one image at a time makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata import ArraySequence, Sequence, layers
from keras_cvdata.engine.kernels import PAIRS
from keras_cvdata.loading import loader, whole_batches
from keras_cvdata.sources import ArraySource
from tests.executors import noise

pytestmark = pytest.mark.backends

AUGMENT = [layers.RandomFlip(), layers.RandomTranslation(0.1, 0.1), layers.RandomLighting()]
LABELS = np.arange(20) % 4


def batches(x: Any, make: Any = lambda sequence: sequence, **options: Any) -> list[Any]:
    sequence = ArraySequence(x, LABELS, batch_size=8, seed=5, verbose=0, **options)
    return list(make(sequence))


@pytest.fixture
def loaded_whole(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether batches were loaded whole, one by one."""
    log: list[bool] = []

    def load(*arguments: Any) -> bool:
        log.append(whole_batches.load_whole(*arguments))
        return log[-1]

    monkeypatch.setattr(loader, "load_whole", load)
    return log


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rescale": "unit", "threads": 2},
        {"dtype": "uint8", "augment": AUGMENT, "image_size": (32, 30)},
        {"augment": [*AUGMENT, layers.MixUp()], "label_mode": "categorical"},
        {"augment": AUGMENT, "rescale": "torch", "on_error": "skip", "balance": True},
        {"augment": AUGMENT, "validation_split": 0.4, "subset": "training", "shuffle": False},
    ],
    ids=str,
)
def test_batches_are_the_same(
    options: dict[str, Any], loaded_whole: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    x = noise(20, 32, 30, 3)
    found = batches(x, **options)
    assert loaded_whole == [True]  # all of the epoch at once
    monkeypatch.setattr(loader, "takes_whole", lambda *_: False)
    expected = batches(x, **options)
    assert loaded_whole == [True]
    for one, other in zip(found, expected, strict=True):
        for ours, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (noise(20, 65, 65, 3), {}),
        (noise(20, 8, 8, 2), {}),
        (noise(20, 8, 8, 3, dtype=np.float32), {}),
        (list(noise(20, 8, 8, 3)), {}),
        (noise(20, 8, 8, 3), {"color_mode": "grayscale"}),
        (noise(20, 8, 8, 3), {"masks": noise(20, 8, 8, 1)}),
        (noise(20, 8, 8, 3), {"augment": np.flipud}),
        (noise(20, 8, 8, 3), {"augment": layers.AugMix()}),
        (noise(20, 8, 8, 3), {"augment": layers.RandomFog()}),
    ],
    ids=["large", "channels", "float", "list", "color", "masks", "function", "blend", "slow"],
)
def test_others_go_one_by_one(x: Any, options: dict[str, Any], loaded_whole: list[bool]) -> None:
    assert len(batches(x, **options)) == 3
    assert not loaded_whole


def test_batches_by_index_and_without_look_ahead_are_made_one_by_one(
    loaded_whole: list[bool],
) -> None:
    def by_index(sequence: ArraySequence) -> Any:
        return [sequence[index] for index in range(len(sequence))]

    x = noise(20, 32, 30, 3)
    found = batches(x, augment=AUGMENT)
    indexed = batches(x, by_index, augment=AUGMENT)
    alone = batches(x, augment=AUGMENT, prefetch=0)
    assert loaded_whole == [True] * 7
    for one, two, three in zip(found, indexed, alone, strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[0], three[0])


def test_large_epochs_are_made_in_parts(loaded_whole: list[bool]) -> None:
    sequence = ArraySequence(noise(700, 8, 8, 1), batch_size=100, rescale="unit", verbose=0)
    assert [len(batch) for batch in sequence] == [100] * 7
    assert len(loaded_whole) == 4  # 256 images at most


def test_a_source_that_reads_in_a_way_of_its_own_is_asked_for_each(
    loaded_whole: list[bool],
) -> None:
    class Counted(ArraySource):
        def fetch(self, position: int) -> Any:
            asked.append(position)
            return super().fetch(position)

    asked: list[int] = []
    source = Counted(noise(20, 8, 8, 3)).select(np.arange(10))
    assert len(list(Sequence(source, label_mode=None, shuffle=False, verbose=0))) == 1
    assert sorted(asked) == list(range(10))
    assert not loaded_whole


def test_an_error_names_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pixels: Any, p: Any, span: Any) -> Any:
        raise RuntimeError("no ink")

    monkeypatch.setitem(PAIRS, "gaussian_noise", PAIRS["gaussian_noise"]._replace(image=fail))
    with pytest.raises(RuntimeError, match="no ink") as caught:
        batches(noise(20, 8, 8, 3), augment=layers.RandomGaussianNoise(), shuffle=False)
    assert "x[0] (row 0)" in caught.value.__notes__[-1]
