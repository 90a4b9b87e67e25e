"""The page of a review: it holds everything, trusts no name, and works in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.review import ReviewReport
from keras_cvdata.review.page import page
from tests.pages.browser import Browser, find_browser
from tests.pages.reading import Reading
from tests.review.planted import class_head, head, review_of, source_of

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egnp.exe")


@pytest.fixture
def report() -> ReviewReport:
    labels = np.tile([0, 1, 2], 20)
    camera = np.repeat(["a", HOSTILE[1]], 30)
    predicted = np.where(camera == "a", labels, (labels + 1) % 3)
    colors = np.tile([[1, 0], [0, 1]], (30, 1)).astype(np.uint8)
    age = np.arange(60, dtype=np.float32)[:, None]
    return review_of(
        source_of(labels, {"camera": camera}, HOSTILE),
        class_head(labels, predicted, 0.97, HOSTILE),
        head("multilabel", colors, np.full((60, 2), 0.7), ("red", "blue"), "color"),
        head("regression", age, age * 1.1, (), "age"),
        reasons={7: HOSTILE[0]},
    )


def test_the_page_shows_what_was_found(report: ReviewReport) -> None:
    read = Reading(page(report))
    words = ["What was found", "What to do", "Classes", "Confusion", "Slices", "Images that cannot"]
    places = [read.text.index(word) for word in words]
    assert places == sorted(places)
    cards = read.all("li", "finding")
    assert {card["data-check"] for card in cards} == {
        "suspects",
        "mistakes",
        "confusions",
        "slices",
    }
    assert len(cards) == len(read.all("img"))
    assert len(read.all("svg", "chart")) == 5  # calibration of two heads, losses of three
    assert len(read.all("td", "w3")) == 3
    first = cards[0]
    assert first["data-other"] != first["data-class"]
    assert "with 97%, the label with 1%" in read.text


def test_names_are_text_and_nothing_is_loaded(report: ReviewReport) -> None:
    text = page(report)
    read = Reading(text)
    assert len(read.all("script")) == 1
    assert "\u202e" not in read.text
    assert all(name in read.text for name in HOSTILE[:2])
    addresses = [
        value for _, attributes in read.elements for name, value in attributes.items()
        if name in ("src", "href", "action", "data", "srcset")
    ]  # fmt: skip
    assert all(str(value).startswith(("data:image/jpeg;base64,", "#")) for value in addresses)
    assert "url(" not in text
    assert not any(name.startswith("on") or name == "style" for _, a in read.elements for name in a)


def test_pictures_are_shared_out_among_the_groups(report: ReviewReport) -> None:
    read = Reading(page(report, images=9))
    assert len(read.all("img")) == 9
    assert len({card["data-check"] for card in read.all("li", "finding")}) >= 3
    assert len(Reading(page(report, images=0)).all("img")) == 0


def test_many_classes_get_no_matrix_and_a_faultless_model_a_page() -> None:
    labels = np.arange(120) % 120
    names = [f"c{k:03}" for k in range(120)]
    source = source_of(labels, names=names)
    read = Reading(page(review_of(source, class_head(labels, labels, 0.99, names))))
    assert "120 classes are too many for a matrix" in read.text
    assert "The 100 of lowest recall of 120" in read.text
    assert "Nothing was found." in read.text
    assert "Nothing needs to be done." in read.text
    assert not read.all("img")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if find_browser() is None:
        pytest.skip("there is no Chromium")
    with Browser(tmp_path / "profile") as opened:
        yield opened


@pytest.mark.slow
def test_a_browser_shows_it_on_phones_and_asks_nobody(
    browser: Browser, report: ReviewReport, tmp_path: Path
) -> None:
    report.to_html(tmp_path / "r.html")
    address = (tmp_path / "r.html").as_uri()
    for width, dark in [(375, False), (375, True), (1280, False)]:
        browser.open(address, width, 900, dark)
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
        assert browser.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert [url for url in browser.requests() if not url.startswith("data:")] == [address]
        assert browser.complaints() == []
    browser.open(f"{address}#class=red")
    shown = "[...document.querySelectorAll('.finding')].filter(e => e.checkVisibility())"
    assert browser.run(f"{shown}.length") > 0
    assert browser.run(f"{shown}.every(e => [e.dataset.class, e.dataset.other].includes('red'))")
