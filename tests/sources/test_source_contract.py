"""What every source promises, swept over the rows of `tests/cases.py`."""

import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_cvdata import sources
from keras_cvdata.sources import files
from keras_cvdata.sources.joined import Joined
from keras_cvdata.types import ImageError
from tests.cases import COLLECTIONS

BASES = {sources.Source, sources.Subset, sources.TableSource}


def every(classes):
    """Public classes of a module."""
    return {value for key in classes.__all__ if inspect.isclass(value := getattr(classes, key))}


@pytest.fixture(params=COLLECTIONS, ids=str)
def source(request, photo_folder, tmp_path):
    return request.param.source(*request.param.prepare(photo_folder, tmp_path))


def test_every_public_source_has_a_row():
    assert {case.source for case in COLLECTIONS} | BASES == every(sources)


def test_the_same_photographs_in_the_same_order(source, photo_folder):
    """R17, R21, R25, R26, R28: pixels, labels, class names, rows."""
    expected = sources.DirectorySource(photo_folder)
    assert len(source) == 12
    assert source.class_names == ("cat", "dog", "fox")
    assert source.rows.tolist() == list(range(12))
    for position in range(12):
        image, label = source[position]
        np.testing.assert_array_equal(image, expected.image(position))
        assert image.dtype == np.uint8
        assert label == position // 4


def test_positions_from_the_end_and_outside(source):
    np.testing.assert_array_equal(source[-1][0], source[11][0])
    for position in (12, -13):
        with pytest.raises(IndexError, match="12 samples"):
            source[position]


def test_pickled_sources_read_on(source):
    """Also after use, when files are open."""
    before = source[3]
    copy = pickle.loads(pickle.dumps(source))
    for ours, theirs in zip(before, copy[3], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert copy.name(3) == source.name(3)


def test_many_threads_read_at_once(source):
    expected = [source.image(position) for position in range(12)]
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(source.image, list(range(12)) * 5))
    for position, image in enumerate(images):
        np.testing.assert_array_equal(image, expected[position % 12])


def test_selections_keep_their_rows(source):
    part = source.select(np.array([7, 2, 9])).select(np.array([2, 0]))
    assert part.rows.tolist() == [9, 7]
    assert part.codes.tolist() == [2, 1]
    assert part.name(0) == source.name(9)
    np.testing.assert_array_equal(part[1][0], source[7][0])


def test_a_limit_of_pixels_holds_for_encoded_images(source):
    """Also for selections, and for those of a limited source."""
    before = source.image(7)
    pixels = before.shape[0] * before.shape[1]
    assert source.limited(None) is source
    for chosen in (
        source.limited(pixels - 1).select(np.array([7])),
        source.select(np.array([7])).limited(pixels - 1),
    ):
        if isinstance(chosen.fetch(0), bytes):
            with pytest.raises(ImageError, match=f"at most {pixels - 1:,} pixels are decoded"):
                chosen.image(0)
        np.testing.assert_array_equal(chosen.limited(pixels).image(0), before)
    np.testing.assert_array_equal(source.image(7), before)
    with pytest.raises(ValueError, match="max_pixels must be at least 1; got 0"):
        source.limited(0)


def test_names_are_all_different(source):
    assert len({source.name(position) for position in range(12)}) == 12


def test_versions_last_and_follow_selections(source, monkeypatch):
    """Names and versions are what a cache knows images by."""
    monkeypatch.setattr(files, "_COARSEST_CLOCK", -1)  # the photographs may be new
    versions = [source.version(position) for position in range(12)]
    if isinstance(source, sources.ArraySource):
        assert set(versions) == {None}
    else:
        assert None not in versions
    copy = pickle.loads(pickle.dumps(source))
    some = source.select(np.array([5, 2]))
    joined = Joined([source, some], source.labels)
    assert [copy.version(5), copy.version(2)] == [versions[5], versions[2]]
    assert [some.version(0), some.version(1)] == [versions[5], versions[2]]
    assert [joined.version(5), joined.version(12)] == [versions[5], versions[5]]


def test_repr_and_summary_say_what_is_held(source):
    assert "12 images" in repr(source)
    assert "cat 4, dog 4, fox 4" in source.summary()


def test_columns_can_be_filtered_on(source):
    """R15: a licence or any other column carried with the images."""
    source.columns = {"licence": np.array(["CC0", "CC-BY", "none"] * 4), "year": np.arange(12)}
    assert source.filter(licence="CC0").rows.tolist() == [0, 3, 6, 9]
    assert source.filter(licence=["CC0", "none"]).rows.tolist() == [0, 2, 3, 5, 6, 8, 9, 11]
    recent = source.filter(lambda row: row["year"] > 5, licence="CC0")
    assert recent.rows.tolist() == [6, 9]
    assert recent.columns["year"].tolist() == [6, 9]
    with pytest.raises(KeyError, match=r"camera.*licence"):
        source.filter(camera="x")


def test_reading_never_loads_keras(photo_folder, tmp_path):
    """Reading, auditing and packing work in processes without a framework."""
    code = (
        "import sys, keras_cvdata as cvd\n"
        f"path = cvd.convert({str(photo_folder)!r}, {str(tmp_path / 'photos.h5')!r}, verbose=0)\n"
        "training, validation = cvd.split(path)\n"
        "training[0]\n"
        "loaded = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
