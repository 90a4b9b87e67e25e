"""The list for a second pair of eyes, and what it makes of a collection."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_cvdata.audit import AuditReport
from keras_cvdata.audit.parts import open_parts
from keras_cvdata.sources import DirectorySource
from tests.audit.planted import arrays, finding, report_of, write_pictures

COLUMNS = ["row", "path", "label", "check", "score", "suggestion", "new_label", "remove"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def listed(report: AuditReport, path: Path, **options: Any) -> list[dict[str, str]]:
    assert report.review_list(path, **options) == len(read(path))
    return read(path)


def test_every_doubtful_image_has_one_line(tmp_path: Path) -> None:
    """R13: a list that a second pair of eyes goes through."""
    findings = [
        finding("dark", position=2, score=0.123456),
        finding("near_copy", position=1, other=3),  # equal labels: the later one is listed
        finding("label_conflict", "error", position=2, other=3),
        finding("few_images", label="cat"),
        finding("odd_kind", "note", position=0),
    ]
    lines = listed(report_of(arrays(), findings), tmp_path / "r.csv")
    assert list(lines[0])[:8] == COLUMNS
    assert [(line["row"], line["label"], line["check"]) for line in lines] == [
        ("2", "cat", "label_conflict (like x[3]); dark"),
        ("3", "dog", "label_conflict (like x[2]); near_copy (like x[1])"),
    ]
    assert lines[0]["suggestion"] == "mend label_conflict"
    only = listed(report_of(arrays(), findings), tmp_path / "r.csv", checks="dark")
    assert [(line["row"], line["score"]) for line in only] == [("2", "0.1235")]


def test_predictions_suggest_the_label(tmp_path: Path) -> None:
    probs = np.array([[0.1, 0.9], [0.1, 0.9], [0.8, 0.2], [0.6, 0.4]])
    suspects = [finding("label_suspect", position=p) for p in (0, 1, 3)]
    report = report_of(arrays(), [*suspects, finding("dark", position=2)], pred_probs=probs)
    suggested = {line["row"]: line["suggestion"] for line in listed(report, tmp_path / "r.csv")}
    assert suggested == {"0": "dog", "1": "mend label_suspect", "3": "cat", "2": "mend dark"}


def test_labels_that_are_only_ranked_are_listed_too(tmp_path: Path) -> None:
    """Where a model is no judge, its suspects are notes; they are still worth a look."""
    notes = [finding("label_suspect", "note", position=p) for p in (3, 1)]
    lines = listed(report_of(arrays(), [*notes, finding("dark", position=0)]), tmp_path / "r.csv")
    assert [line["row"] for line in lines] == ["0", "3", "1"]


def test_a_list_comes_back_as_labels(tmp_path: Path) -> None:
    """R13: what the second pair of eyes says is applied by row."""
    root = write_pictures(tmp_path / "pets", *(f"{c}/{n}.png" for c in "ab" for n in range(3)))
    report = report_of(root, [finding("dark", position=p) for p in (1, 2, 4)])
    lines = listed(report, tmp_path / "r.csv")
    lines[0]["new_label"], lines[1]["remove"] = "b", "x"
    with (tmp_path / "r.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    right = DirectorySource(root, verbose=0).correct(tmp_path / "r.csv")
    assert right.rows.tolist() == [0, 1, 3, 4, 5]
    assert right.labels["label"].values.tolist() == [0, 1, 1, 1, 1]


def test_the_rows_of_a_split_are_those_of_its_folder(tmp_path: Path) -> None:
    names = [f"{s}/{c}/{n}.png" for s in ("train", "val") for c in ("cat", "dog") for n in range(2)]
    root = write_pictures(tmp_path / "pets", *names)
    report = report_of(open_parts(root), [finding("dark", position=p) for p in (1, 6)])
    lines = listed(report, tmp_path / "r.csv", split="val")
    assert [line["row"] for line in lines] == ["2"]
    assert len(DirectorySource(root / "val", verbose=0).correct(tmp_path / "r.csv")) == 4
    assert [line["row"] for line in listed(report, tmp_path / "r.csv")] == ["1", "6"]
    assert len(report.collection.source.correct(tmp_path / "r.csv")) == 8


def test_what_was_not_looked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="checks names 'smudged'"):
        report_of(arrays()).review_list(tmp_path / "r.csv", checks=["smudged"])
    assert not (tmp_path / "r.csv").exists()
