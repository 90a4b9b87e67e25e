"""One image augmented by hand: like a sequence, again, and for the eye."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from tests.cases import LAYERS, LayerCase
from tests.conftest import photograph
from tests.layers.rows import for_each

pytestmark = pytest.mark.backends


def made(case: LayerCase) -> Any:
    options = {"value_range": (0, 1)} if case.needs_range else {}
    return case.layer(**{**case.options, **options})


@for_each(LAYERS)
def test_parameters_come_back_through_json(case: LayerCase) -> None:
    """Whatever a layer drew, the image is made again from what JSON kept."""
    image = photograph(3, 40, 52)
    for row in range(3):
        once, parameters = cvd.apply(made(case), image, seed=5, row=row)
        stored = json.loads(json.dumps(parameters))
        assert stored == parameters
        assert np.array_equal(cvd.replay(made(case), image, stored), once)


def test_a_layer_may_make_another_dtype() -> None:
    image = photograph(3, 40, 52)
    augment = [layers.RandomFlip("horizontal", rate=1.0), layers.Normalize(0.5, 0.25)]
    normalized, parameters = cvd.apply(augment, image)
    expected = (image[:, ::-1] / 255 - 0.5) / 0.25
    assert normalized.dtype == np.float32
    assert np.abs(normalized - expected).max() <= 1e-5
    assert np.array_equal(cvd.replay(augment, image, parameters), normalized)


def test_a_sequence_gives_the_same() -> None:
    images = np.stack([photograph(number, 24, 24) for number in range(6)])
    augment = [layers.RandomRotateBound(30), layers.RandomLighting(), layers.RandomRoll()]
    seq = cvd.ArraySequence(
        images, augment=augment, seed=9, batch_size=2, shuffle=False, dtype="uint8", verbose=0
    )
    seq.set_epoch(3)
    batches = np.concatenate([seq[i] for i in range(3)])
    for row, image in enumerate(images):
        once, parameters = cvd.apply(augment, image, seed=9, row=row, epoch=3)
        assert np.array_equal(once, batches[row])
        assert seq.parameters(row) == parameters
        assert np.array_equal(cvd.replay(augment, image, seq.parameters(row, epoch=3)), once)
    assert seq.parameters(0, epoch=4) != seq.parameters(0)


def test_the_image_stays() -> None:
    image = photograph(0, 20, 20)
    before = image.copy()
    cvd.preview(layers.RandomRotateBound(90), image)
    assert np.array_equal(image, before)


def test_other_layers_are_refused() -> None:
    image = photograph(0, 20, 20)
    parameters = cvd.apply(layers.RandomFlip(), image)[1]
    with pytest.raises(ValueError, match=r"layers \['RandomFlip'\], not to \['RandomRoll'\]"):
        cvd.replay(layers.RandomRoll(), image, parameters)


def test_floats_of_any_range_are_shown_alike() -> None:
    """Beyond 0 to 1 they were white, and brightness had no meaning."""
    unit = photograph(1, 96, 96).astype("float32") / 255
    augment = [layers.RandomBrightness((0.2, 0.2)), layers.RandomSaturation((0.2, 0.2))]
    expected = cvd.preview(augment, unit)
    bright, span = unit * 3000 - 1000, (-1000, 2000)
    assert np.abs(cvd.preview(augment, bright, value_range=span).astype(int) - expected).max() <= 1
    once, parameters = cvd.apply(augment, bright, value_range=span)
    np.testing.assert_allclose((once + 1000) / 3000, cvd.apply(augment, unit)[0], atol=1e-5)
    np.testing.assert_array_equal(cvd.replay(augment, bright, parameters, value_range=span), once)
    for call in (
        lambda: cvd.preview(augment, bright),
        lambda: cvd.preview(layers.RandomFlip(), bright),
        lambda: cvd.apply(augment, bright),
        lambda: cvd.replay(augment, bright, parameters),
    ):
        with pytest.raises(ValueError, match=r"The image: .*value_range=\(-1000, 2000\)"):
            call()


@pytest.mark.parametrize("way", [cvd.apply, cvd.preview])
def test_ranges_that_are_none_are_refused(way: Any) -> None:
    with pytest.raises(ValueError, match="value_range must have two different ends"):
        way(layers.RandomFlip(), np.zeros((8, 8, 3), "float32"), value_range=(1, 1))


def test_a_preview_begins_with_the_untouched_image(tmp_path: Any) -> None:
    image = photograph(1, 96, 96)
    sheet = cvd.preview(layers.RandomInvert(1.0), image, n=4, path=tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    tiles = [sheet[18:114, 2:98], sheet[18:114, 102:198], sheet[134:230, 2:98]]
    assert np.array_equal(tiles[0], image)
    assert np.array_equal(tiles[1], 255 - image)
    assert np.array_equal(tiles[2], 255 - image)
    assert cvd.preview(None, image, n=1).shape == (116, 100, 3)
    with pytest.raises(ValueError, match="n must be at least 1"):
        cvd.preview(None, image, n=0)


def test_grey_and_float_images_are_served() -> None:
    image = photograph(1, 30, 30)[..., 0]
    assert cvd.apply(layers.RandomFlip(), image)[0].shape == (30, 30, 1)
    unit = image.astype(np.float32) / 255
    inverted, _ = cvd.apply(layers.RandomInvert(1.0, value_range=(0, 1)), unit)
    assert np.allclose(inverted[..., 0], 1 - unit)


def test_previews_show_pictures_before_they_are_normalised() -> None:
    image = photograph(3, 96, 96)
    sheet = cvd.preview(layers.RandomFlip(), image, n=4, seed=2)
    assert np.array_equal(
        cvd.preview([layers.RandomFlip(), layers.Normalize()], image, n=4, seed=2), sheet
    )
