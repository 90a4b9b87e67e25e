"""Perspective and lighting of classes."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.audit import audit
from keras_cvdata.audit.checks import Coverage
from keras_cvdata.audit.light import LIGHTINGS
from keras_cvdata.audit.measuring import layout
from keras_cvdata.audit.sample import Sample
from keras_cvdata.sources import open_source
from tests.audit.checks.things import (
    DAY,
    DIM,
    DUSK,
    LAMP,
    found,
    look,
    plain,
    reasons,
    thing,
    varied,
    with_columns,
)


def alike(number: int = 30, **options: object) -> np.ndarray:
    """Things of one size and angle, in one light, at other places."""
    random = np.random.default_rng(3)
    return np.stack(
        [thing(place=tuple(random.uniform(0.4, 0.6, 2)), **options) for _ in range(number)]
    )


def test_one_angle_and_distance_is_found() -> None:
    """R11: all images of one class are taken from one side and distance, the others vary."""
    x = np.concatenate([varied(30, 1), varied(30, 2), alike()])
    report = look("coverage", (x, np.repeat(["apple", "pear", "plum"], 30).tolist()))
    (finding,) = found(report, "perspective_alike")
    assert (finding.label, finding.severity, finding.threshold) == ("plum", "warning", 1.25)
    assert "turned within" in finding.message
    assert "an estimate from pixels" in finding.message
    table = report.classes
    assert table.object_size_high["plum"] < 1.1 * table.object_size_low["plum"]
    assert table.object_turns["apple"] > 30


def test_the_four_usual_problems_are_told() -> None:
    """R1: too few images, too few of a class, of perspectives, of lights."""
    data = (alike(60), ["apple"] * 55 + ["pear"] * 5)
    assert audit(data, checks=["classes", "coverage"], verbose=0).counts() == {
        "few_images": 1,
        "imbalance": 1,
        "perspective_alike": 1,
        "lighting_alike": 1,
    }


def test_a_varied_collection_is_fine() -> None:
    """R11, R12."""
    x = np.concatenate([varied(40, 1), varied(40, 2)])
    assert look("coverage", (x, np.repeat(["apple", "pear"], 40).tolist())).findings == ()


@pytest.mark.parametrize("what", ["distance", "angle"])
def test_one_distance_or_one_angle_alone_is_fine(what: str) -> None:
    """R11: a class is alike only where both are."""
    turned = [thing(angle=row * 6.0) for row in range(30)]
    nearer = [thing(long=0.3 + row / 100, wide=0.15 + row / 200) for row in range(30)]
    x = np.stack(turned if what == "distance" else nearer)
    assert found(look("coverage", (x, ["a"] * 30)), "perspective_alike") == []


def test_round_things_have_no_angle() -> None:
    """R11: distance alone decides."""
    x = np.concatenate([varied(30, 1), alike(wide=0.4)])
    report = look("coverage", (x, ["a"] * 30 + ["ball"] * 30))
    (finding,) = found(report, "perspective_alike")
    assert "round" in finding.message
    assert np.isnan(report.classes.object_turns["ball"])


def test_an_angle_is_an_axis() -> None:
    """R11: 84 and 96 degrees are 12 degrees apart, though moments call one of them -84."""
    x = np.stack([thing(angle=84 if row % 2 else 96) for row in range(30)])
    assert len(found(look("coverage", (x, ["a"] * 30)), "perspective_alike")) == 1


def test_wide_pictures_keep_their_angles() -> None:
    """R11: the thumbnail is square, so a picture of 2 to 1 is squeezed; the angle is not."""
    check = Coverage()
    image = np.full((64, 128, 3), 215, np.uint8)
    image[:, 32:96] = thing(angle=30)

    measured = dict(
        zip(check.measures, check.look(Sample(open_source(image[None]), 0)), strict=True)
    )
    assert measured["angle"] == pytest.approx(30, abs=4)


def test_where_no_object_is_seen_it_says_so() -> None:
    """R11."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    report = look("coverage", (noise, ["noise"] * 20))
    assert found(report, "perspective_alike") == []
    assert reasons(report, "perspective_alike")[0].endswith("stands out from the border: noise")


def test_a_minority_of_clear_objects_tells_nothing() -> None:
    """R11: 14 of 30 objects stand out; they are alike, but speak for less than half."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    x = np.concatenate([noise, alike(14)])
    assert found(look("coverage", (x, ["a"] * 30)), "perspective_alike") == []


def test_all_classes_alike_are_said_once() -> None:
    """R11, R12: what holds of all is one thing, not one for each class."""
    x = np.concatenate([alike(10) for _ in range(8)])
    report = look("coverage", (x, np.repeat(list("abcdefgh"), 10).tolist()))
    assert report.counts() == {"perspective_alike": 1, "lighting_alike": 1}
    assert found(report, "lighting_missing") == []
    assert "8 of 8 classes (a, b, c, d, e and 3 more), such as a: " in report.findings[0].message


def test_one_light_is_found() -> None:
    """R12: a class that is all taken in one light."""
    x = np.concatenate([varied(30, 1), varied(30, 2), alike()])
    report = look("coverage", (x, np.repeat(["apple", "pear", "plum"], 30).tolist()))
    (finding,) = found(report, "lighting_alike")
    assert (finding.label, finding.severity) == ("plum", "warning")
    assert "lighting='constant'" in finding.action


@pytest.mark.parametrize("light", [LAMP, (0.6, 0.6, 0.6)])
def test_another_colour_or_brightness_is_another_light(light: tuple[float, ...]) -> None:
    """R12."""
    x = np.concatenate([alike(15), alike(15, light=light)])
    assert found(look("coverage", (x, ["a"] * 30)), "lighting_alike") == []


def test_a_declared_constant_light_is_not_looked_at() -> None:
    """R12."""
    report = look("coverage", (alike(), ["a"] * 30), lighting="constant")
    assert found(report, "lighting_alike") == found(report, "lighting_missing") == []
    assert "lighting='constant' is declared" in reasons(report, "lighting_alike")[0]
    assert len(found(report, "perspective_alike")) == 1


@pytest.mark.parametrize(
    ("light", "name"), list(zip((DAY, DUSK, LAMP, DIM), LIGHTINGS, strict=True)), ids=LIGHTINGS
)
def test_the_four_lightings_are_told(light: tuple[float, ...], name: str) -> None:
    """R12: of drawn pictures whose light is known."""
    table = look("coverage", (alike(light=light), ["a"] * 30)).classes
    assert table.loc["a", list(LIGHTINGS)].tolist() == [float(n == name) for n in LIGHTINGS]


def test_lightings_that_lack_are_a_note() -> None:
    """R12: an estimate, so it names classes and shares in one note."""
    dim = np.concatenate([alike(20, light=DAY), alike(20, light=DUSK)])
    report = look("coverage", (np.concatenate([varied(40, 1), dim]), ["a"] * 40 + ["b"] * 40))
    (finding,) = found(report, "lighting_missing")
    assert finding.severity == "note"
    assert "indoor well-lit: b 0.0%; indoor dimmed: b 0.0%" in finding.message
    assert "dusk: " not in finding.message


def test_grey_pictures_do_not_tell_the_light() -> None:
    """R12."""
    levels = np.random.default_rng(0).integers(20, 255, (30, 1, 1, 1), np.uint8)
    report = look("coverage", (np.tile(levels, (1, 32, 32, 3)), ["a"] * 30))
    assert found(report, "lighting_missing") == []
    assert reasons(report, "lighting_missing")[0].endswith("all is: a")
    assert report.classes[list(LIGHTINGS)].isna().all(axis=None)


def test_perspectives_by_a_column() -> None:
    """R11: a class should have each of the perspectives that the collection has."""
    views = ["front"] * 15 + ["side"] * 15 + ["front"] * 30 + ["front"] * 29 + ["side"]
    source = with_columns(*plain(30, 30, 30), view=views)
    report = look("coverage", source, attributes={"perspective": "view"})
    one, few = found(report, "perspective_alike"), found(report, "perspective_missing")
    assert [(f.label, f.score) for f in one] == [("b", 1.0), ("c", 29 / 30)]
    assert few == []
    views = ["front", "side", "top"] * 10 + ["front", "side"] * 15
    report = look(
        "coverage", with_columns(*plain(30, 30), view=views), attributes={"perspective": "view"}
    )
    (finding,) = found(report, "perspective_missing")
    assert (finding.label, finding.severity, finding.score) == ("b", "warning", 0)
    assert "top 0.0% (by view)" in finding.message


def test_lightings_by_a_column() -> None:
    """R12: the column is believed; fewer than four lightings are a note."""
    lights = ["day", "dusk", "lamp", "dim"] * 20
    source = with_columns(*plain(40, 40), light=lights)
    assert (
        found(look("coverage", source, attributes={"lighting": "light"}), "lighting_missing") == []
    )
    source = with_columns(*plain(40, 40), light=lights[:40] + ["day"] * 38 + ["dusk"] * 2)
    report = look("coverage", source, attributes={"lighting": "light"})
    assert [f.label for f in found(report, "lighting_alike")] == []
    assert [f.label for f in found(report, "lighting_missing")] == ["b"]
    source = with_columns(*plain(40, 40), light=["day", "night"] * 40)
    (note,) = found(look("coverage", source, attributes={"lighting": "light"}), "lighting_missing")
    assert (note.severity, note.score, note.threshold) == ("note", 2, 4)


def test_a_column_of_numbers_is_no_column_of_categories() -> None:
    """R11."""
    source = with_columns(*plain(40), degrees=np.arange(40))
    report = look("coverage", source, attributes={"perspective": "degrees"})
    assert found(report, "perspective_alike") == []
    assert "'degrees' has 40 values" in reasons(report, "perspective_alike")[0]


@pytest.mark.parametrize("labels", [None, np.arange(30) / 2])
def test_without_classes_all_images_are_one(labels: np.ndarray | None) -> None:
    """R11, R12."""
    report = look("coverage", alike() if labels is None else (alike(), labels))
    assert report.counts() == {"perspective_alike": 1, "lighting_alike": 1}
    assert all(finding.label is None for finding in report.findings)


def test_the_extra_class_is_left_out() -> None:
    """R6: random pictures need no perspectives."""
    x = np.concatenate([varied(30, 1), alike()])
    source = with_columns(x, ["a"] * 30 + ["none"] * 30)
    assert found(look("coverage", source), "perspective_alike")
    source.not_any = "none"
    assert look("coverage", source).counts() == {}


def test_a_few_images_tell_nothing() -> None:
    """R11, R12."""
    assert look("coverage", (alike(9), ["a"] * 9)).findings == ()


def test_measures_are_small() -> None:
    assert layout([Coverage()]).itemsize - layout([]).itemsize <= 18
