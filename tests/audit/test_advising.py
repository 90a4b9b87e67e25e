"""Advice: every piece answers findings, in the order in which a person does it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import keras_cvdata
from keras_cvdata.audit import advising
from tests.audit.planted import KINDS, arrays, finding, report_of

OTHERS = (
    "one_perspective",
    "missing_lighting",
    "rare_color",
    "drift_labels",
    "grey",
    "low_contrast",
    "light",
)


def rows(*findings: Any) -> list[dict[str, Any]]:
    report = report_of(arrays(), findings, kinds=(*KINDS, *OTHERS))
    return report.advice().to_dict("records")


def test_coverage_is_answered_by_the_perspective_family_first() -> None:
    """R61, R63, R77: perspective before light, and what would take light back is told."""
    found = rows(finding("missing_lighting", label="dog"), finding("one_perspective", label="cat"))
    assert [row["step"] for row in found] == ["collect"] * 2 + ["layer"] * 5
    assert [row["code"].partition("(")[0] for row in found if row["step"] == "layer"] == [
        "layers.RandomRotateBound",
        "layers.RandomZoomCrop",
        "layers.RandomTranslation",
        "layers.RandomLighting",
        "layers.RandomColorTemperature",
    ]
    light = found[-2]
    assert (light["check"], light["label"], light["finding"]) == (
        "missing_lighting",
        "dog",
        "missing_lighting was seen",
    )
    assert 'not with standardize="samplewise"' in light["do"]


def test_a_layer_that_answers_several_findings_stands_once() -> None:
    few = [finding("few_images", label=label) for label in ("cat", "dog")]
    found = rows(finding("one_perspective", label="cat"), *few)
    codes = [row["code"] for row in found if row["step"] == "layer"]
    assert len(codes) == len(set(codes)) == 4
    assert codes[0] == 'layers.RandomFlip("horizontal")'
    rotation = next(row for row in found if "Rotate" in row["code"])
    assert (rotation["check"], rotation["label"], rotation["count"]) == (
        "one_perspective, few_images",
        "cat, dog",
        3,
    )


@pytest.mark.parametrize(
    ("kind", "step", "code"),
    [
        ("unreadable", "remove", 'report.keep(drop=["unreadable"])'),
        ("label_suspect", "correct", 'report.review_list("review.csv", checks=["label_suspect"])'),
        ("label_conflict", "correct", 'report.review_list("review.csv", checks=["label_conf'),
        ("leakage", "split", 'cvd.split(data, groups="near-copies")'),
        ("background_bias", "collect", ""),
        ("low_contrast", "look", "report.review_list("),
        ("light", "look", "report.review_list("),
    ],
)
def test_each_kind_has_its_step(kind: str, step: str, code: str) -> None:
    (row,) = rows(finding(kind, "error", position=0))
    assert row["step"] == step
    assert row["code"].startswith(code)


def test_imbalance_is_answered_by_data_or_by_drawing() -> None:
    assert [row["step"] for row in rows(finding("imbalance", label="cat"))] == ["collect", "train"]


def test_what_is_done_alike_is_done_at_once() -> None:
    (row,) = rows(*(finding(kind, position=0) for kind in ("light", "dark", "light")))
    assert row["code"] == 'report.review_list("review.csv", checks=["light", "dark"])'
    assert row["count"] == 3


def test_kinds_that_nobody_knows_get_the_action_of_their_finding() -> None:
    (broken,) = rows(finding("smudged", "error", position=1))
    assert (broken["step"], broken["do"], broken["code"]) == ("remove", "mend smudged", "")
    (odd,) = rows(finding("odd_kind"))
    assert (odd["step"], odd["do"]) == ("look", "mend odd_kind")
    assert rows(finding("smudged", "note")) == []
    assert rows(finding("near_copy", "note")) == []  # it says that it could not look
    assert rows() == []


@pytest.mark.backends
def test_what_is_advised_exists() -> None:
    """Layers are code as text: advice loads no Keras, and every text can be run."""
    from keras_cvdata import layers

    known = {"layers": layers}
    for advice in advising._LAYERS:
        assert isinstance(eval(advice.code, known), layers.AugmentationLayer)
    steps = {advice.step for each in advising._ADVICE.values() for advice in each}
    assert steps <= set(advising.STEPS)
    assert "cvd.split" in advising._GROUPS.code
    assert callable(keras_cvdata.split)
    assert "keras_cvdata.audit.advising" in sys.modules
