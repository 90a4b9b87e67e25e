"""Outputs of models as probabilities, and their losses."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_cvdata.review.heads import as_probabilities, conversion_of, convert, losses_of

LOGITS = np.array([[1.0, 3.0, -2.0], [0.2, 0.1, 0.4]])
SOFTMAX = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("outputs", "logits", "expected", "done"),
    [
        (SOFTMAX, False, SOFTMAX, ""),
        (SOFTMAX.astype(np.float16), False, SOFTMAX, ""),
        (LOGITS, False, SOFTMAX, "softmax applied"),
        (LOGITS[1:], True, SOFTMAX[1:], "softmax applied"),  # they might be probabilities
        (np.array([[0.9, 0.3]]), False, np.array([[0.75, 0.25]]), "divided by their sum"),
        (np.array([[0.3], [0.8]]), False, np.array([[0.7, 0.3], [0.2, 0.8]]), ""),
        (np.array([[-1000.0], [0.0]]), False, np.array([[1, 0], [0.5, 0.5]]), "sigmoid applied"),
        (np.array([[0.0]]), True, np.array([[0.5, 0.5]]), "sigmoid applied"),
        (np.array([[1000.0, 0.0]]), False, np.array([[1.0, 0.0]]), "softmax applied"),
    ],
)
def test_outputs_become_probabilities(outputs, logits, expected, done) -> None:
    found, said = as_probabilities(outputs, logits)
    assert said == done
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_rows_without_outputs_stay_without() -> None:
    found, said = as_probabilities(np.array([[np.nan, np.nan], [0.25, 0.75]]))
    assert np.isnan(found[0]).all()
    assert (found[1].tolist(), said) == ([0.25, 0.75], "")


def test_classes_of_one_image_stay_as_probable_as_they_are() -> None:
    outputs = np.array([[0.9, 0.8], [0.1, 0.9]])
    assert conversion_of(outputs, exclusive=False) == ""
    np.testing.assert_allclose(convert(outputs, "", exclusive=False), outputs, atol=1e-7)
    logits = np.log(outputs / (1 - outputs))
    assert conversion_of(logits, exclusive=False) == "sigmoid"
    np.testing.assert_allclose(convert(logits, "sigmoid", exclusive=False), outputs, atol=1e-6)


@pytest.mark.backends
@pytest.mark.parametrize(
    ("kind", "loss", "labels", "outputs"),
    [
        ("classes", "sparse_categorical_crossentropy", np.array([2, 0]), SOFTMAX),
        ("multilabel", "binary_crossentropy", np.array([[1, 0, 1], [0, 0, 0]]), SOFTMAX),
        ("regression", "mean_squared_error", np.array([[1.0, 0, 1], [5, 4, 3]]), LOGITS),
    ],
)
def test_losses_are_those_of_keras(kind, loss, labels, outputs) -> None:
    expected = getattr(keras.losses, loss)(labels, outputs.astype(np.float32))
    found = losses_of(kind, labels, outputs.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected), rtol=1e-5)


def test_masks_have_the_mean_loss_of_the_pixels_that_count() -> None:
    outputs = np.full((3, 2, 2, 2), [0.75, 0.25], np.float32)
    outputs[2] = np.nan
    masks = np.array([[[0, 0], [0, 1]], [[-1, -1], [-1, 1]], [[-1, -1], [-1, -1]]])
    found = losses_of("masks", masks, outputs)
    expected = [-(3 * np.log(0.75) + np.log(0.25)) / 4, -np.log(0.25), np.nan]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.isnan(losses_of("masks", None, outputs)).all()
