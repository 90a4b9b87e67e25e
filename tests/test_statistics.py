"""Statistics of the training pixels and estimates of memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.sources import ArraySource
from keras_cvdata.statistics import Standardization, describe_bytes, estimate_memory

RANDOM = np.random.default_rng(5)
AXES = {"all": (0, 1, 2, 3), "channel": (0, 1, 2), "pixel": 0}
SHAPES = {"all": (1, 1, 1), "channel": (1, 1, 3), "pixel": (5, 4, 3)}


class Batches:
    """What `fit` needs of a sequence."""

    def __init__(self, x: np.ndarray, size: int) -> None:
        self.x, self.size = x, size

    def unit_batches(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self.x), self.size):
            yield self.x[start : start + self.size]


@pytest.mark.parametrize("mode", AXES)
def test_fit_and_apply_match_the_definition(mode: str) -> None:
    """R38 to R40, X9, X10: over the batch axis too, and divided by the deviation."""
    x = RANDOM.integers(0, 256, (700, 5, 4, 3), np.uint8)
    fitted = Standardization.fit(x, mode=mode)
    unit = x / 255
    assert fitted.mean.shape == fitted.std.shape == SHAPES[mode]
    assert fitted.mean.dtype == fitted.std.dtype == np.float32
    np.testing.assert_allclose(fitted.mean, unit.mean(AXES[mode], keepdims=True)[0], rtol=1e-6)
    np.testing.assert_allclose(fitted.std, unit.std(AXES[mode], keepdims=True)[0], rtol=1e-6)
    standardized = fitted.apply(x)
    assert standardized.dtype == np.float32
    np.testing.assert_allclose(standardized.mean(AXES[mode]), 0, atol=1e-5)
    np.testing.assert_allclose(standardized.std(AXES[mode]), 1, atol=1e-5)


def test_statistics_of_square_batches_are_not_confused() -> None:
    """X9: with as many images as rows and columns, the wrong axes would pass unnoticed."""
    x = np.zeros((4, 4, 4, 3), np.float32)
    x[..., 2] = 1
    assert Standardization.fit(x).mean.ravel().tolist() == [0, 0, 1]


@pytest.mark.parametrize(("dtype", "top"), [("uint8", 255), ("uint16", 65535), ("float64", 1)])
def test_statistics_are_in_units_of_the_full_scale(dtype: str, top: int) -> None:
    """R36: the same image in another bit depth has the same statistics."""
    x = np.array([[[[0], [top]]]], dtype)
    fitted = Standardization.fit(x, mode="all")
    assert fitted.mean.item() == fitted.std.item() == 0.5
    np.testing.assert_allclose(fitted.apply(x).ravel(), [-1, 1], rtol=1e-6)


def test_streamed_batches_give_the_same_as_all_at_once() -> None:
    """R46: each batch once, the last one smaller, whatever the batch size."""
    x = RANDOM.random((100, 3, 3, 2), np.float32)
    whole = Standardization.fit(x, mode="pixel")
    for size in (1, 7, 100):
        streamed = Standardization.fit(Batches(x, size), mode="pixel")
        np.testing.assert_allclose(streamed.mean, whole.mean, rtol=1e-6)
        np.testing.assert_allclose(streamed.std, whole.std, rtol=1e-5)


def test_small_deviation_beside_a_large_mean_survives() -> None:
    """Sums of squares would give 0 here, or the root of a negative number."""
    x = 1e6 + RANDOM.normal(0, 1e-2, (500, 2, 2, 1))
    fitted = Standardization.fit(Batches(x, 32), mode="all")
    np.testing.assert_allclose(fitted.std.item(), x.std(), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_beyond_1_are_refused(dtype: str) -> None:
    """Their statistics were taken for those of 0 to 1, which all sequences count in."""
    x = RANDOM.uniform(0, 255, (4, 3, 3, 2)).astype(dtype)
    fitted = Standardization.fit((x / 255), verbose=0)
    for call in (lambda: Standardization.fit(x, verbose=0), lambda: fitted.apply(x)):
        with pytest.raises(ValueError, match=r"to 2\d\d.*0 to 1.*value_range="):
            call()
    fitted.apply(np.full((1, 1, 2), 1 + 1e-7, dtype))


def test_fit_does_not_hold_all_images_in_floats() -> None:
    """R43, R44, R46: the array is converted piece by piece."""
    x = np.zeros((20_000, 16, 16, 1), np.uint8)
    tracemalloc.start()
    Standardization.fit(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.size  # one float64 copy would be eight times as large


def test_training_statistics_are_applied_to_other_data() -> None:
    """R46, X32: test images keep their difference from the training images."""
    fitted = Standardization.fit(np.array([0, 100], np.uint8).reshape(2, 1, 1, 1))
    np.testing.assert_allclose(
        fitted.apply(np.full((1, 1, 1, 1), 150, np.uint8)).item(), 2, rtol=1e-5
    )


def test_constant_pixels_become_zero() -> None:
    """R38: the epsilon keeps 0 / 0 away; borders of scans are such pixels."""
    x = np.zeros((3, 2, 2, 1), np.uint8)
    assert (Standardization.fit(x, mode="pixel").apply(x) == 0).all()


def test_images_without_a_channel_axis_count_as_grey() -> None:
    x = RANDOM.integers(0, 256, (5, 4, 3), np.uint8)
    assert Standardization.fit(x).mean.shape == (1, 1, 1)


def test_statistics_survive_saving(tmp_path: Path) -> None:
    fitted = Standardization.fit(RANDOM.random((9, 3, 2, 3)), mode="pixel")
    fitted.to_json(tmp_path / "statistics.json")
    loaded = Standardization.from_json(tmp_path / "statistics.json")
    assert loaded.mode == "pixel"
    assert loaded.mean.dtype == np.float32
    assert np.array_equal(loaded.mean, fitted.mean)
    assert np.array_equal(loaded.std, fitted.std)


@pytest.mark.parametrize(
    ("data", "mode", "message"),
    [
        (np.zeros((2, 2, 2, 1)), "featurewise", "mode must be one of 'all', 'channel', 'pixel'"),
        (np.zeros((2, 2)), "all", r"array of shape .* got shape \(2, 2\)"),
        (np.zeros((0, 2, 2, 1)), "all", "no images"),
        (np.full((1, 2, 2, 1), np.nan), "all", "NaN or infinity"),
    ],
)
def test_unfit_data_is_refused(data: np.ndarray, mode: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Standardization.fit(data, mode=mode)


@pytest.mark.parametrize("data", ["photos", ArraySource(np.zeros((2, 4, 4), np.uint8))])
def test_paths_and_sources_have_no_statistics_but_their_sequences(data: object) -> None:
    """R46: images of a source differ in size until a sequence brings them to one."""
    with pytest.raises(TypeError, match="Use the sequence of it"):
        Standardization.fit(data)


@pytest.mark.parametrize(
    ("dtype", "text"), [("float64", "3.9 GB"), ("float32", "2.0 GB"), ("float16", "983.0 MB")]
)
def test_memory_of_ten_thousand_images(dtype: str, text: str) -> None:
    """R44: 10,000 images of 128 x 128 x 3 take about 4 GB as float64, and halves of it."""
    size = estimate_memory(10_000, 128, 128, 3, dtype)
    assert size == 10_000 * 128 * 128 * 3 * np.dtype(dtype).itemsize
    assert describe_bytes(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (10**12, "1.0 TB"),
        (10**18, "1000000.0 TB"),
    ],
)
def test_bytes_are_written_with_a_fitting_unit(size: int, text: str) -> None:
    assert describe_bytes(size) == text
