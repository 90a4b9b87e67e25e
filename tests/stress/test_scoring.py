from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from keras_cvdata.stress.scoring import Line, score


def head(kind, labels, outputs, names=("a", "b"), name=""):
    return SimpleNamespace(
        name=name, kind=kind, class_names=names, labels=labels, outputs=np.asarray(outputs),
        losses=np.full(len(outputs), 0.5),
    )  # fmt: skip


def test_several_labels_are_right_together_and_counted_each() -> None:
    labels = np.array([[1, 0], [1, 1], [0, 0]])
    (found,) = score([head("multilabel", labels, [[0.9, 0.1], [0.9, 0.2], [0.5, 0.1]])])
    assert found.accuracy == pytest.approx(1 / 3)
    np.testing.assert_allclose(found.precision, [2 / 3, np.nan])
    np.testing.assert_allclose(found.recall, [1.0, 0.0])


def test_numbers_have_losses_only_and_parts_add_up() -> None:
    of_classes = head("classes", np.array([0, 1]), [[0.9, 0.1], [0.7, 0.3]], name="kind")
    of_numbers = head("regression", np.zeros((2, 3)), np.ones((2, 3)), (), name="size")
    heads = score([of_classes, of_numbers])
    twice = Line("clean", 0, tuple(one.plus(one) for one in heads))
    assert heads[1].accuracy is None
    assert (twice.images, twice.accuracy, twice.loss) == (4, 0.5, 1.0)
    assert np.isnan(Line("clean", 0, heads[1:]).accuracy)


@pytest.mark.parametrize(
    ("kind", "labels", "match"),
    [("masks", None, "'mask' is a segmentation mask"), ("classes", None, "none for the output")],
)
def test_what_cannot_be_tested_is_named(kind, labels, match) -> None:
    with pytest.raises(ValueError, match=match):
        score([head(kind, labels, [[0.5, 0.5]], name="mask")])
