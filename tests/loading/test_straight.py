"""Stored pixels that are the batch go into it at once, and come out as one by one."""

import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.conversion import convert
from keras_cvdata.sequences import ArraySequence, HDF5Sequence
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.types import ImageError

PIXELS = np.random.default_rng(0).integers(0, 256, (11, 6, 8, 3), np.uint8)
LABELS = list("abcab" * 2 + "c")
SAME = {"dtype": "uint8", "batch_size": 4, "seed": 1, "verbose": 0, "threads": 2}


@pytest.fixture
def pack(tmp_path):
    return convert((PIXELS, LABELS), tmp_path / "a.h5", verbose=0)


@pytest.fixture
def single(monkeypatch):
    """Positions that are read one by one."""
    positions = []
    real = HDF5Source.fetch
    monkeypatch.setattr(
        HDF5Source,
        "fetch",
        lambda source, position: positions.append(position) or real(source, position),
    )
    return positions


@pytest.mark.backends
@pytest.mark.parametrize("options", [{}, {"image_size": (6, 8)}, {"color_mode": "unchanged"}])
def test_batches_are_those_of_arrays(pack, tmp_path, single, options):
    parts = [
        convert((PIXELS, LABELS), tmp_path / "p.h5", shard=(k, 3), verbose=0) for k in range(3)
    ]
    for path in (pack, parts):
        expected = ArraySequence(PIXELS, LABELS, **SAME, **options)
        found = HDF5Sequence(path, **SAME, **options)
        for (x, y), (pixels, labels) in zip(found, expected, strict=True):
            assert np.array_equal(x, pixels)
            assert np.array_equal(y, labels)
    half = found.with_source(found.source.select(np.arange(3, 9)))
    whole = expected.with_source(expected.source.select(np.arange(3, 9)))
    assert np.array_equal(half[1][0], whole[1][0])
    assert single == []


@pytest.mark.parametrize(
    "options",
    [
        {"augment": [layers.RandomFlip(rate=0.5)]},
        {"rescale": 0.5, "dtype": "float32"},
        {"dtype": "float32"},
        {"image_size": (4, 4)},
        {"color_mode": "grayscale"},
        {"verify": True},
    ],
    ids=str,
)
def test_what_changes_pixels_is_done_one_by_one(pack, single, options):
    options = {**SAME, **options}
    others = {key: value for key, value in options.items() if key != "verify"}
    found = HDF5Sequence(pack, **options)[0][0]
    assert np.array_equal(found, ArraySequence(PIXELS, LABELS, **others)[0][0])
    assert len(single) == 4


@pytest.mark.parametrize("change", ["cut", "rewritten"])
def test_a_pack_that_changes_is_noticed(pack, change):
    """As where images are read one by one, and also by a file that is open."""
    sequence = HDF5Sequence(pack, **{**SAME, "shuffle": False, "batch_size": 11})
    sequence[0]
    with pack.open("rb+") as file:
        if change == "cut":
            file.truncate(sequence.source._starts[0] + 2 * PIXELS[0].nbytes)
        else:
            file.seek(sequence.source._starts[-1])
            file.write(b"other pixels")
    with pytest.raises(ImageError, match=r"x\[0\] \(row 0\).*changed after its images were listed"):
        sequence[0]
