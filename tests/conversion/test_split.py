"""Parts of a split come all together, so that an old one never stands beside a new one."""

import numpy as np
import pytest

from keras_cvdata.conversion import split
from keras_cvdata.conversion.split import write_split
from keras_cvdata.sources import ArraySource, open_source
from keras_cvdata.types import ImageError

PIXELS = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
DATA = PIXELS, ["ant", "bee"] * 5


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def parts(target):
    """First pixel of each image of both parts."""
    names = split.part_names(2)
    paths = split._paths(target, 2)
    sources = [open_source(path) for path in paths]
    return {
        name: [int(source.image(i)[0, 0, 0]) for i in range(len(source))]
        for name, source in zip(names, sources, strict=True)
    }


@pytest.mark.parametrize("target", ["out", "out.csv", "out.h5"])
def test_an_error_in_the_second_part_leaves_the_old_ones(tmp_path, monkeypatch, target):
    path = tmp_path / target
    write_split(DATA, path, 0.2, seed=1, verbose=0)
    before, names = parts(path), names_in(tmp_path)

    of_validation = split.split(DATA, 0.2, seed=2, verbose=0)[1]
    broken = int(of_validation.image(0)[0, 0, 0])
    real = ArraySource.fetch

    def fetch(source, position):
        pixels = real(source, position)
        if pixels[0, 0, 0] == broken:
            raise ImageError(source.name(position), "It is bad.")
        return pixels

    monkeypatch.setattr(ArraySource, "fetch", fetch)
    with pytest.raises(ImageError, match="It is bad"):
        write_split(DATA, path, 0.2, seed=2, overwrite=True, verbose=0)
    assert (parts(path), names_in(tmp_path)) == (before, names)
    monkeypatch.undo()
    write_split(DATA, path, 0.2, seed=2, overwrite=True, verbose=0)
    assert parts(path) != before
    train, validation = parts(path).values()
    assert sorted(train + validation) == list(range(10))


def test_packs_of_a_split_are_gone_on_with(photo_folder, tmp_path, monkeypatch):
    """The first is complete when the second is interrupted, and keeps waiting for it."""
    real, calls = split.write_pack, []

    def write(maker, path, **options):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(maker, path, **options)

    monkeypatch.setattr(split, "write_pack", write)
    with pytest.raises(OSError, match="No space left"):
        write_split(photo_folder, tmp_path / "a.h5", 0.25, verbose=0)
    assert names_in(tmp_path) == [".a_train.h5.draft", ".a_train.h5.journal"]
    write_split(photo_folder, tmp_path / "a.h5", 0.25, verbose=0)
    assert names_in(tmp_path) == ["a_train.h5", "a_validation.h5"]
    assert [len(open_source(tmp_path / name)) for name in names_in(tmp_path)] == [9, 3]
