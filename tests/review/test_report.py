"""The tables, the text and the files of a review, of predictions that are planted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.review import ReviewReport
from keras_cvdata.review.heads import Head
from tests.pages.reading import Reading
from tests.review.planted import NAMES, class_head, head, review_of, source_of


@pytest.fixture
def report() -> ReviewReport:
    """Foxes of camera b are taken for dogs; one cat has a wrong label, one picture is broken."""
    labels = np.tile([0, 1, 2], 40)
    camera = np.repeat(["a", "b"], 60)
    predicted = np.where((camera == "b") & (labels == 2), 1, labels)
    predicted[3] = 2
    p = np.full(120, 0.8)
    p[3] = 0.98
    planted = class_head(labels, predicted, p)
    planted.outputs[6] = np.nan
    planted.losses[6] = np.nan
    source = source_of(labels, {"camera": camera})
    return review_of(source, planted, reasons={6: "It is cut off."})


def test_tables_say_what_is_wrong(report: ReviewReport) -> None:
    """R62: precision TP / (TP + FP) of each class, beside accuracy."""
    assert report.accuracy == 98 / 119
    assert report.confusion.loc["fox"].tolist() == [0, 20, 20]
    classes = report.classes.set_index("class")
    assert classes.loc["dog"].tolist()[:4] == [40, 60, 40 / 60, 1.0]
    assert classes.loc["fox", ["images", "recall", "mistaken_for"]].tolist() == [40, 0.5, "dog"]
    worst = report.mistakes.iloc[0]
    assert (worst["row"], worst["label"], worst["predicted"], worst["suspect"]) == (
        *(3, "cat", "fox"),
        True,
    )
    assert worst["probability"] == pytest.approx(0.98)
    assert worst["loss"] == pytest.approx(-np.log(0.01), rel=1e-5)
    assert report.mistakes["suspect"].sum() == 1
    assert len(report.mistakes) == 21
    assert report.unread.values.tolist() == [[6, "x[6]", "It is cut off."]]
    bins = report.calibration.set_index("low")
    assert bins["count"].sum() == 119
    assert bins.loc[12 / 15, ["count", "accuracy"]].tolist() == [118, 98 / 118]


def test_the_slice_is_named_first(report: ReviewReport) -> None:
    first = report.slices.iloc[0]
    assert (first["trait"], first["value"], first["sure"]) == ("camera", "b", True)
    found = report.slices[report.slices["kind"] == "predicted as"].iloc[0]
    assert found["text"] == (
        "of 40 images with camera: b that are not 'dog', 50% are predicted as 'dog'; elsewhere 0%"
    )
    assert not report.slices[report.slices["value"] == "a"]["sure"].any()
    check = {finding.check: finding.severity for finding in report.findings}
    assert check == {
        "unreadable": "error", "biased_slice": "error", "weak_slice": "warning",
        "weak_class": "warning", "confused": "warning", "label_suspect": "note", "mistake": "note",
    }  # fmt: skip


def test_the_summary_ends_with_what_to_do(report: ReviewReport) -> None:
    lines = report.summary().splitlines()
    assert lines[:2] == [
        "120 images, 1 cannot be read",
        "accuracy 82.4%: 21 of 119 images wrong, 1 of these with a label that the model hardly "
        "believes",
    ]
    assert lines[2].startswith("lowest recall fox 50%, cat 97%, dog 100%; lowest precision dog 67%")
    assert any("camera: b" in line for line in lines)
    assert lines[-4:][0] == "What to do first:"
    assert len(lines) <= 12
    advice = report.advice()
    assert advice["step"].tolist() == [
        "remove",
        "look",
        "look",
        "look",
        "collect",
        "collect",
        "collect",
    ]
    assert "cvd.stress_test(model, data)" in set(advice["code"])
    assert repr(report).startswith("ReviewReport(120 images, 1 cannot be read: ")


def test_a_good_model_names_wrong_labels() -> None:
    """A model that is right in 9 of 10 is a judge of labels, as in an audit."""
    labels = np.tile([0, 1, 2], 20)
    predicted = labels.copy()
    predicted[0] = 1
    report = review_of(source_of(labels), class_head(labels, predicted, 0.99))
    (suspect,) = [f for f in report.findings if f.check == "label_suspect"]
    assert suspect.severity == "warning"
    assert report.advice()["step"].tolist()[0] == "correct"
    fine = review_of(source_of(labels), class_head(labels, labels, 0.99))
    assert fine.summary().endswith("Nothing needs to be done.")


def test_corrections_come_back(report: ReviewReport, tmp_path: Path) -> None:
    """R13: the list is the one of an audit, so that `Source.correct` applies it."""
    assert report.review_list(tmp_path / "r.csv") == 2
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["row"], line["check"]) for line in lines] == [
        ("6", "unreadable"),
        ("3", "label_suspect"),
    ]
    assert lines[1]["suggestion"] == "fox"
    lines[0]["remove"], lines[1]["new_label"] = "x", lines[1]["suggestion"]
    with (tmp_path / "r.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    source = report.predictions.source.correct(tmp_path / "r.csv")
    assert len(source) == 119
    assert source.labels["label"].values[3] == 2
    assert report.review_list(tmp_path / "all.csv", "mistake") == 20
    with pytest.raises(ValueError, match="checks names 'weak_class', which lists no images"):
        report.review_list(tmp_path / "r.csv", "weak_class")


def test_json_holds_the_tables(report: ReviewReport, tmp_path: Path) -> None:
    report.to_json(tmp_path / "r.json")
    read = json.loads((tmp_path / "r.json").read_text())
    assert read["accuracy"] == report.accuracy
    assert read["confusion"][0]["counts"][2] == [0, 20, 20]
    assert read["counts"] == report.counts()
    assert len(read["mistakes"]) == 21
    assert read["slices"][0]["value"] == "b"


@pytest.fixture
def several() -> ReviewReport:
    """Colours of several, an age, and a species, of 60 images; camera b is bad at everything."""
    n = 60
    bad = np.repeat([False, True], n // 2)
    colors = np.tile([[1, 0], [0, 1]], (n // 2, 1)).astype(np.uint8)
    said = np.where(bad[:, None], [0.9, 0.8], np.where(colors > 0, 0.9, 0.2))
    age = np.arange(n, dtype=np.float32)[:, None]
    species = np.tile([0, 1], n // 2)
    camera = np.where(bad, "b", "a")
    masks = Head("mask", "masks", ("x",), None, np.zeros((n, 2, 2, 1)), np.zeros(n))
    return review_of(
        source_of(species, {"camera": camera}),
        head("multilabel", colors, said, ("red", "blue"), "color"),
        head("regression", age, age + np.where(bad[:, None], age / 10, 0), (), "age"),
        class_head(species, species),
        masks,
    )


def test_each_head_is_judged_by_its_kind(several: ReviewReport) -> None:
    colors, age, _ = several.judged
    assert [judged.head.name for judged in several.judged] == ["color", "age", ""]
    assert (colors.accuracy, colors.label(0), colors.prediction(59)) == (0.5, "red", "red|blue")
    assert several.confusion.loc[("color", "red")].dropna().tolist() == [30, 0, 15, 15]
    rows = several.classes[several.classes["head"] == "color"].set_index("class")
    assert rows.loc["red", ["images", "predicted", "precision", "recall"]].tolist() == [
        *(30, 45, 30 / 45),
        1.0,
    ]
    assert np.isnan(age.accuracy)
    assert age.worst[0] == 59
    assert {(each.kind, each.label, each.value) for each in colors.slices if each.sure} == {
        ("accuracy", None, "b"), ("predicted as", "red", "b"), ("predicted as", "blue", "b"),
    }  # fmt: skip
    assert [each.what for each in age.slices] == ["camera: b"]
    assert several.mistakes.columns[0] == "head"
    assert "age: root of the mean squared error" in several.summary()


def test_of_numbers_alone_there_are_no_classes(tmp_path: Path) -> None:
    age = np.arange(20, dtype=np.float32)[:, None]
    report = review_of(source_of(np.zeros(20, int)), head("regression", age, age * 1.1))
    assert report.confusion.empty
    assert report.classes.empty
    assert report.calibration.empty
    assert np.isnan(report.calibration.attrs["error"])
    assert report.mistakes["predicted"].tolist() == ["20.9", "19.8"]
    report.to_json(tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["accuracy"] is None


def test_without_labels_there_is_nothing_to_review() -> None:
    nothing = Head("", "classes", NAMES, None, np.ones((2, 3)) / 3, np.full(2, np.nan))
    with pytest.raises(ValueError, match="Give labels, or use predict"):
        review_of(source_of([0, 1]), nothing)
    labels = np.tile([0, 1], 20)
    source = source_of(labels, {"camera": ["a", "b"] * 20})
    with pytest.raises(ValueError, match=r"slices names 'lens'.*They differ by camera"):
        review_of(source, class_head(labels, labels), slices=["lens"])


def test_few_images_do_not_accuse_probabilities() -> None:
    """Of 40 images the error of bins alone is above 0.05, however well probabilities fit."""
    labels = np.tile([0, 1, 2, 0], 10)
    right = np.random.default_rng(1).random(40) < 0.75
    predicted = np.where(right, labels, (labels + 1) % 3)
    report = review_of(
        source_of(labels), class_head(labels, predicted, np.linspace(0.55, 0.95, 40))
    )
    assert report.calibration.attrs["error"] > 0.05
    assert "calibration" not in report.counts()


def test_pixels_part_images_and_a_page_is_written(tmp_path: Path) -> None:
    labels = np.tile([0, 1, 2], 20)
    source = source_of(labels, {"border": ["own", "column"] * 30})
    head = class_head(labels, labels)
    report = review_of(source, head, measure=True, path=tmp_path / "r.html", n_jobs=1)
    traits = {trait.name: trait.values for trait in report.judged[0].traits}
    assert {"brightness", "contrast", "border"} <= set(traits)
    assert traits["border"] == ("column", "own")  # a column stands before what is measured
    read = Reading((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "Review of 60 images" in read.text
    only = review_of(source, head, measure=True, slices="contrast", n_jobs=1)
    assert [trait.name for trait in only.judged[0].traits] == ["contrast"]
