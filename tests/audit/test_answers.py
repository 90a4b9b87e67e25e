"""The checklist and the summary of an audit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.audit import AuditReport, Finding, audit
from keras_cvdata.audit.answers import is_found, not_looked_at, what_lacks
from keras_cvdata.audit.parts import Parts, open_parts
from keras_cvdata.sources import DataFrameSource, open_source
from tests.audit.planted import KINDS, arrays, finding, report_of, write_pictures

PROBS = {"pred_probs": np.full((4, 2), 0.5)}


def states(report: AuditReport) -> list[str]:
    return [answer.state for answer in report.checklist]


def test_a_collection_without_findings_passes_what_was_looked_at() -> None:
    """R8: three questions, each with pass, fail or not looked at."""
    report = report_of(arrays())
    assert states(report) == ["pass", "not looked at", "pass"]
    assert report.checklist[0].why == "the smallest class, 'cat', has 2 images"
    assert "pred_probs" in report.checklist[1].why
    assert states(report_of(arrays(), **PROBS)) == ["pass", "pass", "pass"]


@pytest.mark.parametrize(
    ("kind", "place"), [("few_images", 0), ("label_error_rate", 1), ("background_bias", 2)]
)
def test_each_question_fails_by_its_finding(kind: str, place: int) -> None:
    """R8: the reason is that of the most severe finding, with its class."""
    mild = finding(kind, label="cat", message="mild")
    grave = finding(kind, "error", label="dog", message="grave")
    answer = report_of(arrays(), [mild, grave], **PROBS).checklist[place]
    assert (answer.state, answer.why) == ("fail", "'dog': grave (and 1 more)")
    note = finding(kind, "note", label="cat", message="fine")
    assert report_of(arrays(), [note], **PROBS).checklist[place].state == "pass"


def test_copies_with_different_labels_are_label_errors() -> None:
    """R13: with less than 4 % they are told, with more the question fails."""
    conflict = finding("label_conflict", "error", position=0, other=1)
    answer = report_of(arrays(), [conflict]).checklist[1]
    assert answer.state == "fail"
    assert answer.why.startswith("1 pair of copies has different labels, which is more than 4%")
    many = report_of(arrays(["cat", "dog"] * 20), [conflict]).checklist[1]
    assert many.state == "not looked at"
    assert many.why.endswith("1 pair of copies has different labels")


@pytest.mark.parametrize(
    ("kind", "place"), [("few_images", 0), ("label_error_rate", 1), ("background_bias", 2)]
)
def test_a_check_that_says_that_it_could_not_look_passes_nothing(kind: str, place: int) -> None:
    """A note on the whole collection, with what was measured or without."""
    reason = finding(kind, "note", message="too few to say", score=0.5, looked=False)
    report = report_of(arrays(), [reason], **PROBS)
    answer = report.checklist[place]
    assert (answer.state, answer.why) == ("not looked at", "too few to say")
    assert report.summary().splitlines()[-2:] == [
        "Nothing was found.",
        "not looked at: too few to say",
    ]
    assert not is_found(report, kind)
    assert is_found(report_of(arrays(), [finding("missing_lighting", "note")]), "missing_lighting")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("leakage", "there are no splits"),
        ("drift_labels", "there are no splits"),
        ("label_suspect", "out-of-fold"),
        ("outlier", "embeddings"),
        ("unknown", "left out"),
        ("few_images", None),
        ("dark", None),
    ],
)
def test_what_lacks_is_said(kind: str, reason: str | None) -> None:
    report = report_of(arrays(), kinds=(*KINDS, "drift_labels", "outlier"))
    said = not_looked_at(report, kind)
    assert said is None if reason is None else said is not None and reason in said


def test_a_note_on_some_images_does_not_stop_a_gate() -> None:
    """`--fail-on` refuses what cannot be found for want of input, not what was found in part."""
    report = report_of(arrays(), [finding("near_copy", "note", message="1 is small", looked=False)])
    assert not_looked_at(report, "near_copy") == "1 is small"
    assert what_lacks(report, "near_copy") is None
    assert what_lacks(report, "leakage") is not None


def test_without_labels_nothing_is_said_of_classes() -> None:
    report = report_of(np.zeros((3, 8, 8, 3), np.uint8))
    assert states(report) == ["not looked at"] * 3
    assert report.checklist[0].why == "the images have no classes"


def test_several_columns_of_labels_have_classes() -> None:
    frame = pd.DataFrame({
        "image": list(np.zeros((3, 8, 8, 3), np.uint8)), "a": ["x", "x", "y"], "b": ["u", "v", "v"],
    })  # fmt: skip
    source = DataFrameSource(frame, image_column="image", label_column=["a", "b"])
    assert report_of(source).checklist[0].why == "the smallest class, 'u', has 1 image"
    numbers = DataFrameSource(
        frame.assign(a=[0.5, 1.5, 2.5]), image_column="image", label_column="a"
    )
    assert report_of(numbers).checklist[0].why == "the images have no classes"


def test_multi_label_images_have_classes() -> None:
    report = report_of(arrays([["cat"], ["cat", "dog"], ["dog"], ["cat"]]))
    assert report.checklist[0].why == "the smallest class, 'dog', has 2 images"


def test_the_summary_says_in_ten_lines_what_a_person_needs() -> None:
    """R8: the checklist stands first."""
    x, y = arrays(["cat", "dog"] * 20)
    parts = Parts(open_source((x, y)), ("train", "val"), np.repeat([0, 1], [30, 10]))
    many = [finding("dark", position=row) for row in range(5)]
    few = [finding("few_images", label="cat", message="20 images, less than 1,000")]
    broken = [
        finding(kind, "error", position=1, action="remove it") for kind in ("empty", "unreadable")
    ]
    errors = [*broken, finding("leakage", "error")]
    notes = [finding("odd_kind", "note", position=2, message="<b>")]
    text = report_of(parts, [*notes, *many, *few, *errors]).summary()
    assert text.splitlines() == [
        "40 images in 2 classes (train 30, val 10)",
        "Enough images per class?                           "
        "fail           'cat': 20 images, less than 1,000",
        "Label error rate low enough?                       "
        "not looked at  it needs out-of-fold predictions, audit(..., pred_probs=...)",
        "Background uniform or diversified in all classes?  "
        "pass           the border of a picture betrays no class",
        "error    leakage 1, empty 1, unreadable 1",
        "warning  few_images 1, dark 5",
        "note     odd_kind 1",
        "What to do first:",
        "1. leakage: mend leakage",
        "2. empty, unreadable: remove it",
        "3. few_images: mend few_images",
    ]


def test_what_differs_from_image_to_image_is_not_told_of_all() -> None:
    found = [finding("label_suspect", position=p, action=f"call it {p}") for p in range(2)]
    last = report_of(arrays(), found, **PROBS).summary().splitlines()[-1]
    assert last == "1. label_suspect: look at each, in the page or in the review list"


def test_nothing_found_is_said_in_so_many_words() -> None:
    assert report_of(arrays()).summary().splitlines()[-1] == "Nothing was found."


def test_what_was_asked_for_and_could_not_be_found_is_said() -> None:
    report = audit(np.zeros((1, 8, 8), np.uint8), checks=["light", "leakage", "drift"], verbose=0)
    assert report.summary().splitlines()[-2:] == [
        "Nothing was found.",
        "not looked at: leakage, drift_labels, drift_sizes, drift_brightness, drift_content: "
        "there are no splits; name them with splits=",
    ]


def test_one_image_is_counted_as_one() -> None:
    assert report_of(arrays(["cat"])).summary().startswith("1 image in 1 class\n")


def test_names_cannot_steer_the_terminal() -> None:
    label = "cat\x1b]0;owned\x07\nline"
    found = Finding("few_images", "error", "few", "more", label=label)
    text = report_of(arrays([label, label]), [found]).summary()
    assert all(character.isprintable() or character == "\n" for character in text)


def test_reports_of_real_audits_know_what_was_looked_for(tmp_path: Path) -> None:
    write_pictures(tmp_path, "train/cat/0.png", "train/dog/1.png", "val/cat/0.png", "val/dog/1.png")
    assert open_parts(tmp_path).split_names == ("train", "val")
    report = audit(tmp_path, checks=["dark", "files"], verbose=0)
    assert "dark" in report.kinds
    assert "light" not in report.kinds
    assert report.measures.dtype.names is not None
    assert "pictures.contrast" in report.measures.dtype.names
    assert "4 images in 2 classes (train 2, val 2)" in report.summary()


def test_json_names_both_of_a_pair_and_the_checklist(tmp_path: Path) -> None:
    pair = finding("exact_copy", position=2, other=0)
    note = finding("dark", "note", looked=False)
    report_of(arrays(), [pair, note]).to_json(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    first, second = content["findings"]
    assert (first["row"], first["other_row"], first["other_label"]) == (2, 0, "cat")
    assert (first["looked"], second["looked"]) == (True, False)
    assert "other_row" not in second
    assert [answer["state"] for answer in content["checklist"]] == ["pass", "not looked at", "pass"]


def test_a_table_is_written_of_names_that_are_not_unicode(tmp_path: Path) -> None:
    try:
        root = write_pictures(tmp_path / "pets", "cat/0.png", "cat/\udcff.png", "dog/1.png")
    except OSError:
        pytest.skip("the file system takes Unicode only")
    report = report_of(root, [finding("dark", position=1)])
    report.to_csv(tmp_path / "r.csv")
    report.to_json(tmp_path / "r.json")
    assert pd.read_csv(tmp_path / "r.csv")["path"][0].endswith("\\udcff.png")
