"""Wrong labels, from probabilities of models that were not trained on them (R13)."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata.audit import AuditReport, Finding, audit
from keras_cvdata.audit.checks import WrongLabels
from keras_cvdata.audit.checks.labels import judge, ranked

TRUE = np.arange(300) % 3
NAMES = np.array(["cat", "dog", "fox"])


def sure_of(codes: np.ndarray, probability: float = 0.9) -> np.ndarray:
    """Probabilities of a model that is right."""
    made = np.full((len(codes), 3), (1 - probability) / 2)
    made[np.arange(len(codes)), codes] = probability
    return made


def look(given: np.ndarray, probabilities: np.ndarray, **options) -> AuditReport:
    x = np.zeros((len(given), 8, 8), np.uint8)
    checks = [WrongLabels(**options)]
    return audit((x, NAMES[given]), checks=checks, pred_probs=probabilities, verbose=0)


def suspects(report: AuditReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.check == "label_suspect"]


def rates(report: AuditReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.check == "label_error_rate"]


def flipped(*positions: int) -> np.ndarray:
    given = TRUE.copy()
    given[list(positions)] = (given[list(positions)] + 1) % 3
    return given


def test_suspects_come_least_likely_first() -> None:
    probabilities = sure_of(TRUE)
    probabilities[200] = 0.0, 0.02, 0.98
    given = flipped(100, 200)  # cat for fox, and fox... the next class each
    found = suspects(look(given, probabilities))
    assert [finding.position for finding in found] == [200, 100]
    assert [finding.score for finding in found] == pytest.approx([0.0, 0.05])
    assert {finding.severity for finding in found} == {"warning"}
    assert found[1].threshold == 0.1
    assert "gives 0.05 to its label 'fox', and 0.9 to 'dog'" in found[1].message


def test_an_unsure_label_is_no_suspect() -> None:
    probabilities = sure_of(TRUE)
    probabilities[30] = 0.11, 0.89, 0.0
    probabilities[33] = 0.09, 0.91, 0.0
    assert [finding.position for finding in suspects(look(TRUE, probabilities))] == [33]
    assert len(suspects(look(TRUE, probabilities, suspect=0.12))) == 2


def test_more_than_four_in_a_hundred_are_too_many() -> None:
    """R13: of a class, and of the collection."""
    five_cats = flipped(0, 3, 6, 9, 12)  # now dogs: 5 of 105
    (dogs,) = rates(look(five_cats, sure_of(TRUE)))
    assert dogs.label == "dog"
    assert dogs.score == pytest.approx(5 / 105)
    assert "4.8% of the labels 'dog'" in dogs.message
    thirteen = rates(look(flipped(*range(0, 39, 3)), sure_of(TRUE)))
    assert [finding.label for finding in thirteen] == [None, "dog"]
    assert not rates(look(flipped(0, 1, 2), sure_of(TRUE)))


def test_the_table_of_classes_counts_suspects() -> None:
    report = look(flipped(0, 3, 7), sure_of(TRUE))
    assert report.classes["label_suspects"].to_dict() == {"cat": 0, "dog": 2, "fox": 1}


def test_a_poor_model_gives_a_list_and_no_verdict() -> None:
    """R13: below an accuracy of 0.9 its own mistakes would be most of what is flagged."""
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([1, 1, 1], 300)
    report = look(TRUE, probabilities)
    assert {finding.severity for finding in report.findings} == {"note"}
    assert report.counts() == {}
    (note,) = rates(report)
    assert "no verdict" in note.message
    found = suspects(report)
    scores = [finding.score for finding in found]
    assert len(found) == 100
    assert scores == sorted(scores)
    wrong = probabilities.argmax(axis=1) != TRUE
    assert all(wrong[finding.position] for finding in found)
    assert "label_suspects" not in report.classes
    assert len(suspects(look(TRUE, probabilities, listed=7))) == 7
    assert rates(look(TRUE, probabilities, accuracy=0.0))[0].severity == "warning"


def test_images_without_probabilities_are_passed_over() -> None:
    probabilities = sure_of(TRUE)
    probabilities[[5, 6]] = np.nan
    assert [finding.position for finding in suspects(look(flipped(6, 7), probabilities))] == [7]
    answer = look(TRUE, np.full((300, 3), np.nan)).checklist[1]
    assert answer.state == "not looked at"
    assert "no image has probabilities" in answer.why


@pytest.mark.parametrize("labels", [None, [0.5, 1.5, 2.5, 3.5], [["a"], ["b"], ["a", "b"], []]])
def test_without_one_class_an_image_nothing_is_passed(labels) -> None:
    """R13: what could not be compared is not below 4 %."""
    x = np.zeros((4, 8, 8), np.uint8)
    data = x if labels is None else (x, labels)
    report = audit(data, checks=["labels"], pred_probs=np.full((4, 2), 0.5), verbose=0)
    answer = report.checklist[1]
    assert answer.state == "not looked at"
    assert "not one class an image" in answer.why


def test_without_probabilities_nothing_is_said() -> None:
    x = np.zeros((4, 8, 8), np.uint8)
    assert audit((x, list("abab")), checks=["labels"], verbose=0).findings == ()


@pytest.mark.parametrize(
    ("probabilities", "match"),
    [
        (np.full((300, 2), 0.5), "2 columns for 3 classes"),
        (np.tile([3.0, -1.0, 0.2], (300, 1)), "reach from -1 to 3"),
        (np.tile([0.2, 0.2, 0.2], (300, 1)), "do not add up to 1"),
    ],
)
def test_what_is_no_probability_is_refused(probabilities, match) -> None:
    with pytest.raises(ValueError, match=match):
        look(TRUE, probabilities)


@pytest.mark.parametrize("name", ["suspect", "error_rate", "accuracy"])
def test_thresholds_are_shares(name) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        WrongLabels(**{name: 4})


def test_judging_knows_what_is_not_known() -> None:
    judged = judge(np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.7, 0.3], [np.nan, np.nan]]))
    assert judged.likeliest.tolist() == [0, 0, -1]
    assert judged.accuracy == 0.5
    np.testing.assert_array_equal(judged.own, [0.8, 0.3, np.nan])
    assert ranked(judged.own, np.ones(3, bool)).tolist() == [1, 0]


@pytest.mark.slow
@pytest.mark.backends
def test_flipped_digits_are_found() -> None:
    """R13: 5 % of the labels of scikit-learn's digits are wrong; a small network finds them."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = (digits.images * 15).astype(np.uint8), digits.target
    random = np.random.default_rng(0)
    wrong = random.choice(len(y), round(0.05 * len(y)), replace=False)
    given = y.copy()
    given[wrong] = (given[wrong] + random.integers(1, 10, len(wrong))) % 10

    def model_fn() -> keras.Model:
        model = keras.Sequential(
            [
                keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
                keras.layers.MaxPooling2D(),
                keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(10, "softmax"),
            ]
        )
        model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
        return model

    data = cvd.ArraySequence(
        x, given, color_mode="grayscale", rescale="unit", batch_size=64, seed=1, verbose=0
    )
    probabilities = cvd.oof_pred_probs(model_fn, data, folds=3, epochs=8, verbose=0)
    report = audit(data, checks=["labels"], pred_probs=probabilities, verbose=0)
    found = {finding.position for finding in suspects(report)}
    hits = len(found & set(wrong.tolist()))
    assert hits / len(wrong) >= 0.95
    assert hits / len(found) >= 0.85
    assert rates(report)[0].label is None
