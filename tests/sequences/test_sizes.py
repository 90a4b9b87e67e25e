"""Layers that set the size, in sequences and in `fit`."""

import keras
import numpy as np
import pytest

from keras_cvdata import DirectorySequence, Standardization, layers
from keras_cvdata.sequences import ArraySequence

pytestmark = pytest.mark.backends

RECIPES = {
    "resized crop": [layers.RandomResizedCrop(24, 20), layers.RandomFlip()],
    "crop": [layers.RandomFlip(), layers.RandomCrop(24, 20)],
    "resize": [layers.Resizing(24, 20), layers.RandomRotation()],
    "pad and crop": [layers.Pad(4), layers.RandomCrop(24, 20), layers.RandomInvert(0.99)],
}


def open_parts(folder, augment, **options):
    options = {"image_size": (32, 32), "seed": 3, "batch_size": 4, "verbose": 0, **options}
    return [
        DirectorySequence(folder, augment=augment, validation_split=0.34, subset=subset, **options)
        for subset in ("training", "validation")
    ]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_both_parts_have_the_size_of_the_layers(photo_folder, recipe):
    """X3: height first, then width."""
    for part in open_parts(photo_folder, recipe):
        assert part.image_shape == (24, 20, 3)
        assert {batch[0].shape[1:] for batch in part} == {(24, 20, 3)}
        assert part.sample(0)[0].shape == part.peek(1)[0].shape[1:] == (24, 20, 3)
        assert part.estimate_memory() == len(part.source) * 24 * 20 * 3 * 4
        assert "24 x 20 x 3" in repr(part)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.slow
def test_fit_takes_both_parts(photo_folder, recipe):
    train, validation = open_parts(photo_folder, recipe, rescale="unit")
    model = keras.Sequential(
        [keras.Input(train.image_shape), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(train, validation_data=validation, epochs=2, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()
    assert (train.epoch, validation.epoch) == (2, 2)


def test_validation_is_prepared_but_not_augmented(photo_folder):
    """Crops show the middle; what draws nothing stays; the rest is left out (R53)."""
    recipe = [layers.Pad(4), layers.RandomCrop(24, 20), layers.RandomInvert(0.99), np.flipud]
    train, validation = open_parts(photo_folder, recipe, dtype="uint8")
    plain = DirectorySequence(
        photo_folder, image_size=(32, 32), shuffle=False, dtype="uint8", verbose=0
    ).with_source(validation.source)
    expected = np.concatenate([x for x, _ in plain])[:, 4:28, 6:26]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in validation]), expected)
    again = train.with_source(validation.source, training=False)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in again]), expected)
    assert train.augment is recipe


def test_statistics_are_those_of_the_size(photo_folder):
    """Means for each pixel have the shape of what the model sees, and fit it."""
    train, _ = open_parts(photo_folder, RECIPES["crop"])
    fitted = Standardization.fit(train, mode="pixel")
    assert fitted.mean.shape == (24, 20, 3)
    assert {x.shape[1:] for x in train.unit_batches()} == {(24, 20, 3)}
    standardized, _ = open_parts(photo_folder, RECIPES["crop"], standardize=fitted)
    assert abs(np.concatenate([x for x, _ in standardized]).mean()) < 0.5


def test_images_of_one_size_need_no_resize():
    """Layers see the images as they are where there is no `image_size`."""
    x = np.random.default_rng(0).integers(0, 256, (6, 12, 10, 3), np.uint8)
    crop = ArraySequence(
        x, augment=layers.CenterCrop(8, 8), dtype="uint8", shuffle=False, verbose=0
    )
    np.testing.assert_array_equal(crop[0], x[:, 2:10, 1:9])
    resized = ArraySequence(
        x, augment=layers.Resizing(6, 5), dtype="uint8", shuffle=False, verbose=0
    )
    means = x.reshape(6, 6, 2, 5, 2, 3).mean(axis=(2, 4))
    assert np.abs(resized[0] - means).max() <= 0.51


def test_resting_layers_do_not_ask_for_epochs(photo_folder):
    """Nothing changes from epoch to epoch in a validation part, so no wrapper is warned of."""
    _, validation = open_parts(photo_folder, RECIPES["pad and crop"])
    assert not validation._watch_epochs
    train, _ = open_parts(photo_folder, RECIPES["pad and crop"], shuffle=False)
    assert train._watch_epochs
