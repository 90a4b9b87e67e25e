"""What the pixels of a batch are stored as."""

import numpy as np
import pytest

from keras_cvdata import codec, layers
from keras_cvdata.sequences import ArraySequence, DirectorySequence
from keras_cvdata.statistics import Standardization

pytestmark = pytest.mark.backends


def make(numbered, **options):
    return ArraySequence(*numbered, **{"batch_size": 4, "seed": 7, "verbose": 0, **options})


def test_rescale_by_the_depth_of_the_source():
    """R36, R37, X5: 8 and 16 bit reach the same unit values."""
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        x = np.full((2, 4, 4, 1), full, dtype)
        for rescale, expected in (("unit", 1.0), ("signed", 1.0), (None, full), (0.5, full / 2)):
            batch = ArraySequence(x, rescale=rescale, verbose=0)[0]
            assert batch.dtype == np.float32
            np.testing.assert_allclose(batch, expected, rtol=1e-6)


def test_standardised_by_fitted_statistics(numbered):
    """R38, R39, R46: statistics of the training part, applied to the other."""
    train = make(numbered, validation_split=0.2, subset="training")
    fitted = Standardization.fit(train, mode="channel")
    x = np.concatenate(
        [b for b, _ in make(numbered, validation_split=0.2, subset="training", standardize=fitted)]
    )
    np.testing.assert_allclose(x.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(x.std((0, 1, 2)), 1, atol=1e-4)
    val = make(numbered, validation_split=0.2, subset="validation", standardize=fitted)
    assert abs(float(np.concatenate([b for b, _ in val]).mean())) > 1e-4


def test_standardised_by_its_own_statistics(numbered):
    """R45: samplewise."""
    x, _ = make(numbered, standardize="samplewise")[0]
    np.testing.assert_allclose(x.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std((1, 2, 3)), 1, atol=1e-4)


def test_auto_rescaling_by_colour(numbered):
    """R41: grey images are normalised, colour images standardised."""
    grey = make(numbered, color_mode="grayscale", rescale="auto")[0][0]
    assert grey.min() >= 0
    assert 0.5 < grey.max() <= 1
    colour = make(numbered, rescale="auto")[0][0]
    np.testing.assert_allclose(colour.mean((1, 2, 3)), 0, atol=1e-5)
    fitted = Standardization.fit(numbered[0])
    by_fit = make(numbered, rescale="auto", standardize=fitted, shuffle=False, batch_size=30)
    np.testing.assert_allclose(by_fit[0][0].mean((0, 1, 2)), 0, atol=1e-4)


def test_fitted_statistics_go_before_automatic_rescaling(numbered):
    """They were dropped for grey images."""
    options = {"color_mode": "grayscale", "shuffle": False, "batch_size": 30}
    fitted = Standardization.fit(make(numbered, **options))
    x, _ = make(numbered, rescale="auto", standardize=fitted, **options)[0]
    assert float(x.mean()) == pytest.approx(0, abs=1e-4)
    assert float(x.std()) == pytest.approx(1, abs=1e-3)


def test_statistics_of_other_images_are_refused(numbered):
    fitted = Standardization.fit(numbered[0])
    with pytest.raises(ValueError, match=r"\(1, 1, 3\), which does not fit .* \(12, 10, 1\)"):
        make(numbered, color_mode="grayscale", standardize=fitted)
    fitted = Standardization.fit(numbered[0], mode="pixel")
    with pytest.raises(ValueError, match=r"image_size and color_mode"):
        make(numbered, image_size=(6, 5), standardize=fitted)


def test_float16_cannot_hold_16_bit_pixels():
    """They became infinite."""
    x = np.full((2, 4, 4, 1), 65535, np.uint16)
    with pytest.raises(ValueError, match="rescale='unit'"):
        ArraySequence(x, dtype="float16", verbose=0)
    assert ArraySequence(x, dtype="float16", rescale="unit", verbose=0)[0].max() == 1
    assert ArraySequence(x, dtype="float16", rescale=0.5, verbose=0)[0].max() == 32768


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_dtypes(numbered, dtype):
    """R42."""
    x, _ = make(numbered, dtype=dtype, shuffle=False)[0]
    assert x.dtype == dtype
    np.testing.assert_array_equal(x, numbered[0][:4].astype(dtype))


def test_brightness_before_a_per_image_normaliser_is_refused(numbered):
    """R77: the normaliser would take the brightness back."""
    augment = layers.RandomLighting(brightness=(-0.2, 0.2))
    hidden = layers.Pipeline([layers.RandomFlip(), layers.RandomApply([augment])])
    for undone in (augment, hidden, layers.OneOf([layers.RandomFlip(), augment])):
        with pytest.raises(ValueError, match="takes back"):
            make(numbered, augment=[undone], standardize="samplewise")
        make(numbered, augment=[undone], standardize=Standardization.fit(numbered[0]))


def test_float_files_count_from_0_to_1(tmp_path):
    """As 8 and 16 bits count by their depth (R36), floats of TIFF count as they are."""
    unit = np.linspace(0, 1, 8 * 9 * 3).reshape(8, 9, 3).astype(np.float32)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.tif").write_bytes(codec.encode(unit, ".tif"))
    seq = DirectorySequence(
        tmp_path,
        label_mode=None,
        image_size=(8, 9),
        augment=layers.RandomInvert(1.0),
        rescale="signed",
        verbose=0,
    )
    assert np.allclose(seq[0][0], 1 - 2 * unit, atol=1e-6)
