from __future__ import annotations

import pytest

from tests.stress.reports import report


def test_what_closed_and_what_opened_beyond_noise() -> None:
    before = report(0.98, invert=0.5, blur=[0.9, 0.6], contrast=[0.97, 0.9], fog=0.8)
    after = report(0.975, invert=0.96, blur=[0.9, 0.8], contrast=[0.965, 0.6], fog=0.81)
    found = after.compare(before)
    assert found.table["verdict"].to_list() == [
        "", "closed", "", "narrowed", "", "opened", "",
    ]  # fmt: skip
    assert found.summary().splitlines() == [
        "Clean images: 0.980 to 0.975, within noise of 0.6 points",
        "Closed: invert 1 (0.500 to 0.960)",
        "Narrowed: blur 2 (0.600 to 0.800)",
        "Opened: contrast 2 (0.900 to 0.600)",
        "Left: contrast 2 (0.600), blur 2 (0.800), fog 1 (0.810)",
    ]


def test_reports_that_are_alike_say_so() -> None:
    made = report(0.9, 100, invert=0.5, fog=0.89)
    told = made.compare(made).summary().splitlines()[1:]
    assert told[0].startswith("Nothing else changed")
    assert told[1:] == ["Left: invert 1 (0.500)"]


def test_reports_of_other_suites_are_refused() -> None:
    with pytest.raises(ValueError, match="share no perturbation: this one has blur, the other fog"):
        report(0.9, blur=0.5).compare(report(0.9, fog=0.5))
