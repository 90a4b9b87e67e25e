"""What every sequence promises, swept over the rows of `tests/cases.py`."""

import inspect
import pickle

import keras
import numpy as np
import pytest

from keras_cvdata import layers, sequences
from keras_cvdata.types import ImageError
from tests.cases import COLLECTIONS

pytestmark = pytest.mark.backends

OPTIONS = {
    "image_size": (24, 20),
    "batch_size": 5,
    "seed": 7,
    "rescale": "unit",
    "augment": [layers.RandomFlip(), layers.RandomRotateBound(30), layers.RandomInvert(0.3)],
    "verbose": 0,
}


@pytest.fixture(params=COLLECTIONS, ids=str)
def opened(request, photo_folder, tmp_path):
    """A function that opens the sequence with further options."""
    arguments = request.param.prepare(photo_folder, tmp_path)
    return lambda **options: request.param.sequence(*arguments, **{**OPTIONS, **options})


def test_every_public_sequence_has_a_row():
    public = {getattr(sequences, name) for name in sequences.__all__}
    classes = {value for value in public if inspect.isclass(value)}
    assert {case.sequence for case in COLLECTIONS} == {
        value
        for value in classes
        if issubclass(value, sequences.Sequence) and value is not sequences.Sequence
    }


def test_is_a_keras_sequence_with_shapes_and_ranges(opened):
    seq = opened()
    assert isinstance(seq, keras.utils.Sequence)
    batches = list(seq)
    assert len(seq) == len(batches) == 3
    for x, y in batches:
        assert x.shape[1:] == (24, 20, 3)
        assert x.dtype == np.float32
        assert 0 <= x.min() < x.max() <= 1
        assert y.dtype == np.int32
    assert sorted(np.concatenate([y for _, y in batches])) == [0] * 4 + [1] * 4 + [2] * 4


def test_a_limit_of_pixels_is_passed_down(opened):
    seq = opened(max_pixels=9, on_error="substitute")
    if isinstance(seq.source.fetch(0), bytes):
        with pytest.raises(ImageError, match="at most 9 pixels are decoded"):
            _ = seq[0]
        with pytest.raises(ImageError, match="at most 9 pixels are decoded"):
            _ = seq.with_source(seq.source.select(np.array([3])))[0]
    else:
        assert seq[0][0].shape == (5, 24, 20, 3)


def test_all_read_the_same_batches(opened, photo_folder, digest):
    """With "nearest", where no JPEG is decoded at a smaller size as it cannot be in memory."""
    options = {**OPTIONS, "interpolation": "nearest"}
    expected = sequences.DirectorySequence(photo_folder, **options)
    assert digest(opened(interpolation="nearest")) == digest(expected)


def test_goes_on_alike_after_pickling(opened, digest):
    seq = opened()
    list(seq)
    assert digest(pickle.loads(pickle.dumps(seq))) == digest(seq)


@pytest.mark.slow
def test_fits_a_model(opened):
    """R29: loaded, brought to the input shape, converted, split."""
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    training = opened(validation_split=0.25, subset="training")
    validation = opened(validation_split=0.25, subset="validation")
    history = model.fit(training, validation_data=validation, verbose=0).history
    assert np.isfinite([*history["loss"], *history["val_loss"]]).all()


def test_unknown_keywords_are_refused(opened):
    with pytest.raises(TypeError, match="imagesize"):
        opened(imagesize=(8, 8))
