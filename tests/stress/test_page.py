"""The page of a stress test: it holds everything, trusts no name, and works in a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.stress.page import page
from tests.pages.browser import Browser, find_browser
from tests.pages.reading import Reading
from tests.stress.reports import line, report

HOSTILE = '"><img src=x onerror=alert(1)>'


def made(**changes):
    base = report(0.9, suite="handbook", invert=0.45, blur=[0.9, 0.7])
    looks = np.zeros((20, 30, 3), np.uint8)
    keys = [(one.perturbation, one.severity) for one in base.lines]
    return replace(base, **{"pictures": dict.fromkeys(keys, looks)} | changes)


def test_the_page_shows_matrix_curves_pictures_and_advice() -> None:
    read = Reading(page(made()))
    words = ["Summary", "Accuracy by perturbation", "The darker", "answers invert: accuracy 0.450",
             "Take layers one at a time", "How it falls", "Precision", "look like"]  # fmt: skip
    places = [read.text.index(word) for word in words]
    assert places == sorted(places)
    assert [image["alt"] for image in read.all("img")] == ["clean", "invert", "blur", "blur"]
    assert len(read.all("svg", "chart")) == 1  # one severity makes no curve
    assert [cell["class"] for cell in read.all("span", "shade")][:2] == ["shade lost5"] * 2


def test_a_baseline_unread_images_and_limits_are_shown() -> None:
    turned = [line("rotation", n, 0.9 - 0.2 * n, 1000, 10.0 * n, "degrees") for n in (1, 2)]
    base = report(0.9)
    tested = replace(
        base, suite="geometry", lines=(*base.lines, *turned), unread={"a.jpg": "empty"}
    )
    read = Reading(page(tested.against(tested)))
    for word in ("Left out", "a.jpg", "100 %", "4.5 degrees", "Dashed: the baseline", "mCE 100.0 %",
                 "holds no pictures"):  # fmt: skip
        assert word in read.text


def test_without_a_loss_there_is_no_advice() -> None:
    assert "Nothing is lost" in page(report(0.9, blur=0.9))


def test_names_are_text() -> None:
    hostile = report(0.9, **{HOSTILE: [0.9, 0.5]})
    text = page(replace(hostile, unread={HOSTILE: HOSTILE}))
    assert HOSTILE not in text
    assert HOSTILE in Reading(text).text


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="there is no browser")
def test_no_request_leaves_the_page_and_nothing_is_cut_off(tmp_path: Path) -> None:
    made().to_html(tmp_path / "page.html")
    address = (tmp_path / "page.html").as_uri()
    with Browser(tmp_path / "profile") as browser:
        for width in (390, 1280):
            browser.open(address, width)
            asked = [url for url in browser.requests() if not url.startswith("data:")]
            assert asked == [address]
            assert browser.complaints() == []
            assert browser.run("document.documentElement.scrollWidth") <= width
