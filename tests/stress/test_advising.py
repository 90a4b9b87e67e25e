from __future__ import annotations

from dataclasses import replace

import pytest

from keras_cvdata import layers
from keras_cvdata.stress import advising
from keras_cvdata.stress.suites import SUITES, suite_of
from tests.stress.reports import line, report


def test_one_proposal_for_each_layer_by_what_is_lost() -> None:
    """R62, R89, R90, R91: inversion and horizontal shift first, one at a time."""
    made = report(
        0.98, suite="handbook",
        invert=0.53, shift_left=0.7, shift_right=0.57, shift_up=0.4, shift_down=0.97,
    )  # fmt: skip
    found = made.advice()
    assert set(found["code"][:2]) == {
        "layers.RandomInvert(rate=0.1)", "layers.RandomTranslation(0, 0.2)",
    }  # fmt: skip
    found = found.sort_values("code").reset_index(drop=True)
    assert found["code"][2] == "layers.RandomTranslation(0.2, 0)"
    assert found["perturbation"].to_list() == ["invert", "shift right, shift left", "shift up"]
    assert found["lost"].to_list() == pytest.approx([0.45, 0.41, 0.58])
    first = found.iloc[0]
    assert isinstance(first["layer"], layers.RandomInvert)
    assert first["layer"].rate == 0.1
    assert first["why"] == "accuracy 0.530 under invert 1, 0.980 on clean images"


def test_nothing_is_proposed_within_noise_or_two_points() -> None:
    assert report(0.9, 100, invert=0.8).advice().empty  # 10 images of 100
    assert not report(0.9, 10_000, invert=0.8).advice().empty
    assert report(0.9, 1_000_000, invert=0.885).advice().empty


def test_the_severity_is_the_first_at_which_it_falls() -> None:
    found = report(0.9, rotation=[0.89, 0.7, 0.5]).advice()
    assert found[["perturbation", "severity"]].to_numpy().tolist() == [["rotation", 2]]


def test_parameters_reach_as_far_as_was_tested() -> None:
    turned = [line("rotation", n, 0.2, 10_000, 20.0 * n, "degrees") for n in (1, 2)]
    cropped = line("crop", 1, 0.3, 10_000, 0.2, "of the side")
    made = replace(report(0.9), suite="geometry", lines=(line("clean", 0, 0.9), *turned, cropped))
    assert made.advice()["code"].to_list() == [
        "layers.RandomRotation(degrees=40)",
        "layers.RandomZoomCrop((1.0, 1.25))",
    ]


def test_a_perturbation_of_the_caller_is_its_own_answer() -> None:
    own = suite_of({"negative": layers.RandomInvert(rate=1.0)})
    made = report(0.9, negative=0.2)
    found = replace(made, families=own).advice()
    assert found["code"].item() == "layers.RandomApply([RandomInvert(rate=1.0)], rate=0.1)"
    assert isinstance(found["layer"].item(), layers.RandomApply)
    assert made.advice().empty  # of a file, which holds no layers


@pytest.mark.parametrize("suite", SUITES)
def test_every_perturbation_of_a_suite_has_an_answer_that_can_be_made(suite) -> None:
    """R94, R95: colour, contrast, strokes, texture and background among them."""
    families = suite_of(suite)
    clean = line("clean", 0, 0.9)
    for name, family in families.items():
        last = family.severities[-1]
        lines = (clean, line(name, last, 0.1, 1000, family.strength(last), family.unit))
        made = replace(report(0.9), suite=suite, lines=lines, families=families)
        (found,) = advising.proposals(made)
        assert found.make() is not None
