"""Predictions with names, against a loop by hand, and what else the table holds."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import ArraySequence, DataFrameSequence, DirectorySequence, layers, predict
from keras_cvdata.review import heads, predictions
from keras_cvdata.review.averaging import averaging
from keras_cvdata.review.predictions import predictions_of
from keras_cvdata.sources import ArraySource
from keras_cvdata.types import ImageError
from tests.review.numpy_model import NumpyModel, means, one_hot_of_tens

# Seven grey images whose means are 0, 10, ... 60.
GREY = (10 * np.arange(7, dtype=np.uint8))[:, None, None, None] * np.ones((6, 4, 1), np.uint8)
TENS = ("zero", "ten", "twenty")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder `<class>/<n>.png` of 8 x 8 pixels in two classes, of which one file is broken."""
    random = np.random.default_rng(0)
    for number in range(11):
        folder = tmp_path / "pictures" / ("cat", "dog")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        image = random.integers(0, 256, (8, 8, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), image)
    (tmp_path / "pictures" / "cat" / "4.png").write_bytes(b"broken")
    return tmp_path / "pictures"


def network(*units: int, activation: str | None = "softmax") -> keras.Model:
    """A model of fixed random weights with an output for each number of units."""
    inputs = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(inputs)
    ends = [keras.layers.Dense(n, activation, name=f"end{place}") for place, n in enumerate(units)]
    model = keras.Model(inputs, [end(flat) for end in ends] if len(ends) > 1 else ends[0](flat))
    random = np.random.default_rng(7)
    model.set_weights([random.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def by_hand(model: keras.Model, folder: Path) -> dict[str, list[np.ndarray]]:
    """What a person would write: read a file, bring it to 0 to 1, predict it by itself."""
    found = {}
    for file in sorted(folder.rglob("*.png")):
        image = cv2.imread(str(file))
        if image is not None:
            outputs = model.predict_on_batch(image[None, ..., ::-1].astype(np.float32) / 255)
            found[str(file)] = outputs if isinstance(outputs, list) else [outputs]
    return found


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("kind", ["folder", "shuffled"])
def test_a_table_is_what_a_loop_by_hand_finds(pictures: Path, kind: str) -> None:
    """Names, classes and probabilities, with shuffle and a broken file."""
    model = network(2)
    expected = by_hand(model, pictures)
    data, options = pictures, {"rescale": "unit"}
    if kind == "shuffled":
        data = DirectorySequence(
            pictures, image_size=8, batch_size=4, shuffle=True, on_error="skip", seed=3,
            rescale="unit", augment=layers.RandomInvert(1.0), steps_per_epoch=2, verbose=0,
        )  # fmt: skip
        data.on_epoch_end()
        options = {}
    table = predict(model, data, verbose=0, **options)
    assert table.row.tolist() == list(range(11))
    assert table.name.tolist() == sorted(map(str, pictures.rglob("*.png")))
    bad = table[table.reason.notna()]
    assert bad.name.tolist() == [str(pictures / "cat" / "4.png")]
    assert bad[["predicted", "probability", "top1", "loss"]].isna().all(axis=None)
    for row in table[table.reason.isna()].itertuples():
        (p,) = expected[row.name][0]
        label = Path(row.name).parent.name
        assert (row.label, row.predicted) == (label, ("cat", "dog")[p.argmax()])
        assert [row.top1, row.top2] == [("cat", "dog")[code] for code in np.argsort(-p)]
        np.testing.assert_allclose([row.probability, row.top2_probability], sorted(p)[::-1], 1e-5)
        np.testing.assert_allclose(row.loss, -np.log(p[("cat", "dog").index(label)]), 1e-4)


@pytest.mark.slow
@pytest.mark.backends
def test_several_heads_have_their_own_columns(pictures: Path) -> None:
    model = network(3, 2)
    expected = by_hand(model, pictures)
    files = sorted(map(str, pictures.rglob("*.png")))
    shapes = np.array(["dot", "line", "star"])[np.arange(11) % 3]
    frame = pd.DataFrame({"path": files, "end1": ["cat"] * 6 + ["dog"] * 5, "end0": shapes})
    columns = {"image_column": "path", "label_column": ["end1", "end0"]}
    data = DataFrameSequence(
        frame,
        image_size=8,
        rescale="unit",
        on_error="substitute",
        seed=5,
        label_mode={"end1": "categorical", "end0": "int"},
        verbose=0,
        **columns,
    )
    table = predict(model, data, top=1, verbose=0)
    opened = predict(model, frame, rescale="unit", top=1, verbose=0, **columns)
    pd.testing.assert_frame_equal(opened, table)
    read = table[table.reason.isna()]
    assert len(read) == 10
    for row in read.itertuples():
        shape, animal = (p[0] for p in expected[row.name])
        assert row.end0_predicted == ("dot", "line", "star")[shape.argmax()]
        assert row.end1_predicted == ("cat", "dog")[animal.argmax()]
        np.testing.assert_allclose(
            [row.end0_probability, row.end1_probability], [shape.max(), animal.max()], 1e-5
        )
        assert (row.end0_label, row.end1_label) == (shapes[row.row], Path(row.name).parent.name)


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("activation", ["softmax", None])
def test_all_moves_are_the_average_of_eight_predictions(pictures: Path, activation) -> None:
    model = network(2, activation=activation)
    if activation is None:
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.stack([cv2.imread(str(file)) for file in sorted(pictures.rglob("[!4].png"))])
    eight = [np.rot90(y, k, (1, 2)) for y in (x, x[:, :, ::-1]) for k in range(4)]
    outputs = [model.predict(part.astype(np.float32) / 255, verbose=0) for part in eight]
    if activation is None:
        outputs = [np.exp(part) / np.exp(part).sum(axis=1, keepdims=True) for part in outputs]
    table = predict(model, x, tta="all", rescale="unit", batch_size=4, top=2, verbose=0)
    np.testing.assert_allclose(table.probability, np.mean(outputs, axis=0).max(axis=1), atol=1e-6)


class Halved(DirectorySequence):
    """A subclass that changes what a model sees."""

    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        return images / 2, labels


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("tta", [None, "turns"])
def test_a_model_sees_what_a_subclass_makes_of_the_images(pictures: Path, tta) -> None:
    model = network(2, activation="sigmoid")
    (pictures / "cat" / "4.png").unlink()
    options = {"image_size": 8, "batch_size": 4, "augment": layers.RandomFlip(), "verbose": 0}
    found = predict(model, Halved(pictures, rescale="unit", **options), tta=tta, verbose=0)
    told = predict(model, pictures, rescale=1 / 510, tta=tta, verbose=0)
    np.testing.assert_allclose(found.probability, told.probability, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.backends
def test_masks_are_moved_back_before_they_are_averaged(capsys) -> None:
    """A model that looks at single pixels says the same whatever the move."""
    inputs = keras.Input((6, 6, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="softmax")(inputs))
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 2, w.shape) for w in model.get_weights()])
    x = random.integers(0, 256, (5, 6, 6, 1), np.uint8)
    expected = model.predict(x / np.float32(255), verbose=0)
    masks = expected.argmax(axis=-1).astype(np.uint8)
    data = ArraySequence(x, masks=masks, label_mode=None, color_mode="grayscale", rescale="unit",
                         batch_size=2, verbose=0)  # fmt: skip
    table = predict(model, data, tta="all", class_names=["a", "b", "c"])
    assert "Predicted 5 images" in capsys.readouterr().out
    np.testing.assert_allclose(table.iou, 1)
    np.testing.assert_allclose(table.accuracy, 1)
    np.testing.assert_allclose(table.probability, expected.max(axis=-1).mean(axis=(1, 2)), 1e-5)
    np.testing.assert_allclose(table.loss, -np.log(expected.max(axis=-1)).mean(axis=(1, 2)), 1e-5)


def test_layers_are_drawn_anew_for_each_look() -> None:
    """Half of the looks at a black image are white: its mean approaches one half."""
    black = np.zeros((40, 4, 4, 1), np.uint8)
    model = NumpyModel(lambda x: means(x) / 255)
    table = predict(model, black, tta=layers.RandomInvert(0.5), draws=4, batch_size=7,
                    label_mode=None, color_mode="grayscale", verbose=0)  # fmt: skip
    second = np.where(table.predicted == "1", table.probability, 1 - table.probability)
    assert set(second.round(6).tolist()) == {0, 0.25, 0.5, 0.75, 1}
    assert abs(second.mean() - 0.5) < 0.15


def tens(x: np.ndarray = GREY[:6] // 2, labels=("zero", "ten", "ten", "twenty", "ten", "twenty"),
         function=one_hot_of_tens, loss=None, **options):  # fmt: skip
    """Table of images whose means are 0, 5, ... 25, and of a model that knows their tens."""
    data = x if labels is None else (x, list(labels))
    options = {"color_mode": "grayscale", "verbose": 0, "class_names": TENS, **options}
    return predict(NumpyModel(function, loss), data, **options)


def test_names_of_classes_are_those_that_the_model_learned() -> None:
    table = tens(top=2)
    assert table.predicted.tolist() == ["zero", "zero", "ten", "ten", "twenty", "twenty"]
    assert table.label.tolist() == ["zero", "ten", "ten", "twenty", "ten", "twenty"]
    right = table.label == table.predicted
    np.testing.assert_allclose(table.loss, -np.log(np.where(right, 0.8, 0.1)), rtol=1e-5)
    first = ["row", "name", "label", "predicted", "probability", "top1", "top1_probability"]
    assert list(table) == [*first, "top2", "top2_probability", "loss", "reason"]
    assert table.top2.tolist()[:3] == ["ten", "ten", "zero"]  # the first of equal ones


def test_images_without_labels_are_predicted(tmp_path: Path) -> None:
    for number, image in enumerate(GREY[:3]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    table = tens(tmp_path, None, image_size=4)
    assert table.predicted.tolist() == ["zero", "ten", "twenty"]
    assert table[["label", "loss", "reason"]].isna().all(axis=None)
    numbered = tens(tmp_path, None, class_names=None, image_size=4, top=9)
    assert numbered.predicted.tolist() == ["0", "1", "2"]
    assert "top3" in numbered
    assert "top4" not in numbered


@pytest.mark.parametrize("model_gives", ["probability", "logit"])
def test_one_output_stands_for_the_second_of_two_classes(model_gives) -> None:
    def function(x):
        p = 0.1 + means(x) / 50  # 0.1, 0.3, 0.5, 0.7, 0.9 from 0 to 40
        return p if model_gives == "probability" else np.log(p / (1 - p))

    table = tens(GREY[:5], ["a", "b", "b", "b", "a"], function, "binary_crossentropy",
                 class_names=None)  # fmt: skip
    assert table.predicted.tolist() == ["a", "a", "a", "b", "b"]
    np.testing.assert_allclose(table.probability, [0.9, 0.7, 0.5, 0.7, 0.9], rtol=1e-5)
    np.testing.assert_allclose(np.exp(-table.loss), [0.9, 0.3, 0.5, 0.7, 0.1], rtol=1e-5)


def test_several_classes_an_image_are_named_from_one_half_on() -> None:
    labels = [["b"], [], ["a", "b"]]
    outputs = np.array([[0.5, 0.6, 0.1], [0.2, 0.4, 0.1], [0.9, 0.8, 0.7]])
    table = tens(GREY[:3], None, lambda x: outputs[(means(x)[:, 0] // 10).astype(int)],
                 class_names=["a", "b", "c"])  # fmt: skip
    assert table.predicted.tolist() == ["a|b", "", "a|b|c"]
    assert table.label.isna().all()
    source = ArraySource(GREY[:3], labels)
    table = tens(source, None, lambda x: outputs[(means(x)[:, 0] // 10).astype(int)],
                 class_names=["a", "b", "c"])  # fmt: skip
    assert table.label.tolist() == ["b", "", "a|b"]
    np.testing.assert_allclose(table.probability, [0.6, 0.4, 0.9], rtol=1e-6)
    np.testing.assert_allclose(table.loss[1], -np.log([0.8, 0.6, 0.9]).mean(), rtol=1e-5)


def test_numbers_are_told_beside_those_of_the_model() -> None:
    table = tens(GREY[:3], [0.5, 10.0, 19.0], means, class_names=None)
    assert table.predicted.tolist() == [0, 10, 20]
    assert table.loss.tolist() == [0.25, 0, 1]
    both = ArraySource(GREY[:2], {"x": [0.5, 10.5], "y": [1.5, 18.5]})
    table = tens(both, None, lambda x: means(x) * [1, 2], class_names=None)
    assert table[["label_x", "label_y"]].to_numpy().tolist() == [[0.5, 1.5], [10.5, 18.5]]
    assert table[["predicted_x", "predicted_y"]].to_numpy().tolist() == [[0, 0], [10, 20]]
    assert table.loss.tolist() == [1.25, 1.25]
    unlabelled = tens(GREY[:3], None, means, "mse", class_names=None)
    assert unlabelled.predicted.tolist() == [0, 10, 20]
    assert unlabelled.label.isna().all()


def test_a_hierarchy_has_a_head_for_each_level_or_for_the_last(tmp_path: Path) -> None:
    for image, path in zip(GREY, ("pet/cat", "pet/dog", "wild/fox"), strict=False):
        (tmp_path / path).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / path / "1.png"), image)
    first = {"animal": [[0.9, 0.1]] * 3, "kind": [[0.1, 0.7, 0.2]] * 3}
    options = {"class_names": None, "hierarchical": True, "image_size": 4}
    ends = {name: np.array(rows) for name, rows in first.items()}
    table = tens(tmp_path, None, lambda _: ends, **options)
    assert table.level1_label.tolist() == ["pet", "pet", "wild"]
    assert table.level1_predicted.tolist() == ["pet"] * 3
    assert table.level2_predicted.tolist() == ["dog"] * 3
    last = tens(tmp_path, None, **options)
    assert last.label.tolist() == ["cat", "dog", "fox"] == last.predicted.tolist()


def test_outputs_find_their_labels_by_name_then_by_order() -> None:
    data = ArraySource(GREY[:2], {"a": ["x", "y"], "b": ["u", "v"]})
    ends = np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]])

    def named(*names):
        return lambda x: {
            name: np.repeat(p, len(x), 0) for name, p in zip(names, ends, strict=True)
        }

    table = tens(data, None, named("b", "a"), class_names=None)
    assert table.b_predicted.tolist() == ["u", "u"]
    assert table.a_predicted.tolist() == ["y", "y"]
    table = tens(data, None, named("first", "second"), class_names=None)
    assert table.a_predicted.tolist() == ["x", "x"]
    only = tens(data, None, lambda x: {"b": np.repeat(ends[0], len(x), 0)}, class_names=None)
    assert only.label.tolist() == ["u", "v"]
    free = tens(GREY[:2], None, named("p", "q"), class_names={"q": ["no", "yes"]})
    assert free.q_predicted.tolist() == ["yes", "yes"]
    assert free.p_predicted.tolist() == ["0", "0"]
    flags = ArraySource(GREY[:2], {"wet": ["0", "1"], "red": ["1", "1"]})
    joined = tens(flags, None, lambda x: np.repeat([[0.2, 0.7]], len(x), 0), class_names=None)
    assert joined.label.tolist() == ["red", "wet|red"]
    with pytest.raises(ValueError, match=r"not clear which labels .* columns are 'a', 'b', .* one"):
        tens(data, None, lambda x: np.repeat(ends[0], len(x), 0), class_names=None)
    with pytest.raises(ValueError, match=r"not clear .* 'p', 'q'"):
        tens(labels=list("ababab"), function=named("p", "q"), class_names=None)


def test_outputs_without_names_are_numbered_and_have_the_losses_of_their_places() -> None:
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True), "mse"]
    both = NumpyModel(lambda x: [np.log(one_hot_of_tens(x)), means(x)], losses)
    data = ArraySource(GREY[:2], {"c": ["u", "v"], "d": [0.5, 9.5]})
    with pytest.raises(ValueError, match="3 values for an image, but the labels have 2 classes"):
        predict(both, data, color_mode="grayscale", verbose=0)
    table = predict(both, GREY[:2], color_mode="grayscale", verbose=0)
    np.testing.assert_allclose(table.output1_probability, 0.8, rtol=1e-6)
    assert table.output2_predicted.tolist() == [0, 10]
    names = {"output1": list("abc"), "output2": ["age"]}
    named = predict(both, GREY[:2], class_names=names, color_mode="grayscale", verbose=0)
    assert named.output1_predicted.tolist() == ["a", "b"]
    aged = predict(NumpyModel(means), (GREY[:2], [0.5, 9.5]), class_names=["age"],
                   color_mode="grayscale", verbose=0)  # fmt: skip
    assert aged.label.tolist() == [0.5, 9.5]


def test_images_of_a_class_that_cannot_be_read_at_all_have_reasons(pictures: Path) -> None:
    for file in (pictures / "cat").iterdir():
        file.write_bytes(b"")
    model = NumpyModel(lambda x: np.repeat([[0.3, 0.7]], len(x), 0))
    found = predictions_of(model, pictures, image_size=8)
    assert sorted(found.reasons) == list(range(6))
    assert np.isnan(found.heads[0].outputs[:6]).all()
    assert found.heads[0].labels.tolist() == [0] * 6 + [1] * 5
    data = DirectorySequence(pictures, image_size=8, verbose=0)
    with pytest.raises(ImageError, match="The file is empty"):
        predictions_of(model, data)


def test_images_may_be_changed_first() -> None:
    """What a stress test asks: the same images, each changed after the resize."""
    data = ArraySequence(GREY, [0, 1] * 3 + [0], color_mode="grayscale", shuffle=True, verbose=0)
    model = NumpyModel(lambda x: np.concatenate([1 - means(x) / 255, means(x) / 255], 1))
    plain = predictions_of(model, data)
    inverted = predictions_of(model, data, augment=layers.RandomInvert(1.0))
    np.testing.assert_allclose(
        inverted.heads[0].outputs, plain.heads[0].outputs[:, ::-1], atol=1e-6
    )
    function = predictions_of(model, data, augment=[lambda image: 255 - image])
    np.testing.assert_array_equal(function.heads[0].outputs, inverted.heads[0].outputs)
    assert plain.source is data.source
    half = [
        predictions_of(model, data, augment=layers.RandomInvert(0.5), seed=s) for s in (1, 1, 2)
    ]
    first, again, other = (part.heads[0].outputs.tolist() for part in half)
    assert first == again != other


def test_parts_of_large_collections_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, once = tens(tta="flips", batch_size=1), tens(batch_size=2)
    monkeypatch.setattr(predictions, "_BATCHES", 4)
    monkeypatch.setattr(predictions, "_IMAGES", 4)
    monkeypatch.setattr(heads, "_ROWS", 3)
    pd.testing.assert_frame_equal(tens(batch_size=2), once)
    parts = tens(tta="flips", batch_size=1)
    pd.testing.assert_frame_equal(parts, whole)
    found = predictions_of(NumpyModel(one_hot_of_tens), GREY[:6] // 2, averaging=averaging("flips"),
                           color_mode="grayscale", batch_size=1)  # fmt: skip
    assert found.heads[0].outputs.shape == (6, 3)


def test_masks_show_their_classes_by_area() -> None:
    x = np.zeros((2, 2, 2, 1), np.uint8)
    x[0, 0] = 255
    true = x[..., 0] // 255
    true[1, 1, 1], true[1, 0, 0] = 1, 7
    data = ArraySequence(x, masks=true, ignore_value=7, label_mode=None, color_mode="grayscale",
                         rescale="unit", verbose=0)  # fmt: skip
    model = NumpyModel(lambda x: 0.2 + 0.6 * x)  # one number: the probability of class 1
    table = predict(model, data, class_names=["sky", "sea"], verbose=0)
    assert table.predicted.tolist() == ["sky|sea", "sky"]
    np.testing.assert_allclose(table.probability, 0.8)
    np.testing.assert_allclose(table.accuracy, [1, 2 / 3])
    np.testing.assert_allclose(table.iou, [1, (2 / 3 + 0) / 2])
    free = predict(model, x, color_mode="grayscale", rescale="unit", verbose=0)
    assert free.predicted.tolist() == ["0|1", "0"]
    assert "iou" not in free
    nothing = ArraySequence(x, masks=np.full((2, 2, 2), 7), ignore_value=7, label_mode=None,
                            color_mode="grayscale", rescale="unit", verbose=0)  # fmt: skip
    assert predict(model, nothing, verbose=0)[["iou", "accuracy", "loss"]].isna().all(axis=None)
    both = ArraySequence(x, [0, 1], masks=true, ignore_value=7, color_mode="grayscale",
                         rescale="unit", verbose=0)  # fmt: skip
    two = NumpyModel(lambda x: {"labels": np.repeat([[1.0, 0]], len(x), 0), "masks": 0.2 + 0.6 * x})
    table = predict(two, both, verbose=0)
    np.testing.assert_allclose(table.masks_iou, [1, 1 / 3])
    assert table.labels_predicted.tolist() == ["0", "0"]


def test_an_image_without_pixels_has_no_mask_to_compare(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            cv2.imwrite(str(tmp_path / folder / f"{number}.png"), np.full((2, 2), 1, np.uint8))
    (tmp_path / "images" / "1.png").write_bytes(b"broken")
    data = DirectorySequence(tmp_path / "images", mask_directory=tmp_path / "masks", image_size=2,
                             color_mode="grayscale", label_mode=None, on_error="substitute",
                             verbose=0)  # fmt: skip
    model = NumpyModel(lambda x: 0.2 + 0.6 * (x < 9))
    looks = averaging(layers.RandomInvert(0.5), draws=30)  # black for half of the looks
    found = predictions_of(model, data, averaging=looks)
    [head] = found.heads
    assert list(found.reasons) == [1]
    assert head.labels[:, 0, 0].tolist() == [1, -1, 1]
    assert np.isnan(head.losses).tolist() == [False, True, False]
    assert ((head.outputs[[0, 2]] > 0.3) & (head.outputs[[0, 2]] < 0.7)).all()
    assert np.isnan(predict(model, data, verbose=0).iou).tolist() == [False, True, False]


def test_the_table_is_written_and_a_line_is_said(tmp_path: Path, capsys) -> None:
    table = tens(path=tmp_path / "out.csv", verbose=1)
    assert capsys.readouterr().out == "Predicted 6 images, accuracy 0.5000\n"
    written = pd.read_csv(tmp_path / "out.csv")
    assert list(written) == list(table)
    np.testing.assert_allclose(written.loss, table.loss, rtol=1e-5)
    tens(path=tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())[1]["predicted"] == "zero"
    with pytest.raises(ValueError, match=r"path must end in \.csv or \.json; got 'out\.txt'"):
        tens(path="out.txt")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        tens(path=tmp_path / "none" / "out.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk of Linux that is full")
def test_the_table_is_kept_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "out.csv").symlink_to("/dev/full")
    with pytest.raises(
        OSError, match=r"No space left on device\. It is kept.*: '.*out.csv'$"
    ) as full:
        tens(path=tmp_path / "out.csv")
    (kept,) = tmp_path.glob("*/out.csv")
    assert list(pd.read_csv(kept).predicted) == list(full.value.result.predicted)


def test_the_table_is_written_before_anything_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said may end it, such as where the log is on a full disk."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    sys.stdout.close()
    with pytest.raises(ValueError, match="closed file"):
        tens(path=tmp_path / "out.csv", verbose=1)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_names": TENS[:2]}, r"of the model in class_names are 'zero', 'ten'\. Correct"),
        ({"labels": None, "class_names": TENS[:2]}, "3 values .* class_names holds 2 classes"),
        ({"class_names": None, "labels": list("ababab")}, "3 values .* 2 classes: 'a', 'b'"),
        ({"function": means}, "The model gives 1 values for an image, but class_names holds 3"),
        ({"labels": np.arange(6) / 2, "class_names": None}, "gives 3 numbers .* the labels have 1"),
        ({"function": lambda x: {"a": means(x), "b": means(x)}, "labels": None}, "must be a dict"),
        ({"labels": None, "class_names": {"c": ["d"]}}, "names 'c', which is none of the outputs"),
        ({"function": lambda x: {"a": {"b": means(x)}}}, "Each output .*; 'a' is a dict"),
        ({"function": lambda x: means(x) * np.nan}, "NaN or infinite"),
        ({"function": means, "loss": "mse", "labels": None}, "1 numbers .* holds 3 names: 'zero'"),
        ({"top": 0}, "top must be"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        tens(**options)


def test_what_is_no_argument_is_refused() -> None:
    with pytest.raises(TypeError, match=r"class_names must be a list of names.*got 'abc'"):
        tens(class_names="abc")
    with pytest.raises(TypeError, match=r"model must be a keras\.Model"):
        predict(means, GREY)
    data = ArraySequence(GREY, label_mode="input", color_mode="grayscale", verbose=0)
    with pytest.raises(ValueError, match="the images are the targets"):
        predict(NumpyModel(means), data)
    assert tens(label_mode=None)["label"].isna().all()


def test_images_that_the_model_cannot_take_are_refused() -> None:
    model = network(2)
    message = r"8 x 8 x 3 .*gets 6 x 4 x 1\. Give image_size=\(8, 8\) and color_mode='rgb'"
    with pytest.raises(ValueError, match=message):
        predict(model, ArraySequence(GREY, label_mode=None, color_mode="grayscale", verbose=0))
    grey = ArraySequence(np.zeros((2, 8, 8, 1), np.uint8), label_mode=None, verbose=0,
                         color_mode="grayscale")  # fmt: skip
    with pytest.raises(ValueError, match=r"8 x 8 x 1\. Give color_mode='rgb'\."):
        predict(model, grey)
    inputs = [keras.Input((8, 8, 3)), keras.Input((1,))]
    with pytest.raises(ValueError, match="has 2 inputs"):
        predict(keras.Model(inputs, inputs[1]), GREY)
    masks = ArraySequence(np.zeros((2, 8, 8, 3), np.uint8), masks=np.zeros((2, 8, 8), np.uint8) + 3,
                          label_mode=None, verbose=0)  # fmt: skip
    with pytest.raises(ValueError, match="masks hold the class 3, and the model knows 2"):
        predict(NumpyModel(lambda x: x[..., :2] / 255), masks)
    with pytest.raises(ValueError, match=r"gives masks of 4 x 4 pixels, .* have 8 x 8"):
        predict(NumpyModel(lambda x: x[:, ::2, ::2, :2] / 255), masks)
