"""The page of an audit: it holds everything, trusts no name, and works in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.audit import AuditReport
from keras_cvdata.audit.checks import Pictures
from keras_cvdata.audit.page import choose, page
from keras_cvdata.audit.parts import Parts
from keras_cvdata.audit.thumbnails import thumbnail
from keras_cvdata.sources import open_source
from tests.audit.planted import KINDS, arrays, finding, report_of, write_pictures
from tests.pages.browser import Browser, find_browser
from tests.pages.reading import Reading

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a&b'c", "\u202egnp.exe")


@pytest.fixture
def report() -> AuditReport:
    x = np.random.default_rng(0).integers(0, 256, (6, 40, 30, 3), np.uint8)
    parts = Parts(
        open_source((x, ["cat", "dog", "fox"] * 2)), ("train", "val"), np.array([0, 0, 0, 0, 1, 1])
    )
    found = [
        finding("dark", position=0, score=0.25, threshold=0.32),
        finding("dark", position=1, action="leave it"),
        finding("leakage", "error", position=2, other=4),
        finding("few_images", label="cat"),
        finding("odd_kind", "note", position=3),
        finding("near_copy", "note", message="too small to compare", looked=False),
    ]
    return report_of(parts, found)


def test_the_page_shows_what_was_found(report: AuditReport) -> None:
    """R8: the checklist stands before everything else."""
    read = Reading(page(report))
    cards = read.all("li", "finding")
    assert [card["data-check"] for card in cards] == [
        "leakage", "few_images", "dark", "dark", "odd_kind",
    ]  # fmt: skip
    assert [(card["data-class"], card["data-other"]) for card in cards[:2]] == [
        ("fox", "dog"),
        ("cat", "cat"),
    ]
    assert [image["alt"] for image in read.all("img")] == [
        f"Picture x[{n}], class {label}"
        for n, label in [(2, "fox"), (4, "dog"), (0, "cat"), (1, "dog"), (3, "cat")]
    ]
    words = ["Checklist", "Enough images", "What was found", "What to do", "Findings", "score 0.25"]
    places = [read.text.index(word) for word in words]
    assert places == sorted(places)
    assert "Not looked at: too small to compare" in read.text
    assert "5 of 5 findings are shown" in read.text
    assert [said in read.text for said in ("What to do: leave it", "What to do: mend dark")] == [
        True
    ] * 2
    assert read.text.count("What to do: mend leakage") == 1
    assert "x[4] (val)" in read.text
    assert len([tag for tag, _ in read.elements if tag == "h1"]) == 1


def test_nothing_is_loaded_from_elsewhere(report: AuditReport) -> None:
    """A policy forbids what a name might smuggle in; only our style and script may act."""
    text = page(report)
    read = Reading(text)
    addresses = [
        value for _, attributes in read.elements for name, value in attributes.items()
        if name in ("src", "href", "action", "data", "srcset")
    ]  # fmt: skip
    assert addresses
    assert all(str(value).startswith(("data:image/jpeg;base64,", "#")) for value in addresses)
    assert "url(" not in text
    assert "@import" not in text
    policy = str(read.all("meta")[1]["content"])
    assert policy.startswith("default-src 'none'; img-src data:;")
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any(name.startswith("on") or name == "style" for _, a in read.elements for name in a)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_wherever_they_stand(name: str) -> None:
    labels = [name, "dog"]
    report = report_of(arrays(labels), [
        finding("few_images", label=name, message=name, action=name),
        finding(name, "error", position=0, message=name, action=name),
    ], kinds=(*KINDS, name), split_names=(name,), splits=np.zeros(2, np.int64))  # fmt: skip
    read = Reading(page(report))
    assert len(read.all("script")) == 1
    assert len(read.all("img")) == 1
    shown = name if name.isprintable() else name.encode("unicode_escape").decode()
    assert shown in read.text
    assert "\u202e" not in read.text
    assert {card["data-class"] for card in read.all("li", "finding")} == {shown}
    assert shown in [option["value"] for option in read.all("option")]


def test_only_the_shared_folder_of_the_names_is_left_out(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "secret" / "pets", "cat/0.png", "cat/1.png", "dog/2.png")
    (root / "dog" / "2.png").write_bytes(b"<html>")
    report = report_of(root, [finding("dark", position=p) for p in (0, 2)])
    text = page(report)
    assert "secret" not in text
    assert ">cat</span> cat/0.png" in text
    assert 'aria-label="dog/2.png">cannot be shown' in text


def test_pictures_are_shared_out_among_the_kinds() -> None:
    many = [finding("dark", position=n) for n in range(30)]
    pairs = [finding("near_copy", position=n, other=n + 1) for n in range(5)]
    report = report_of(arrays(["cat", "dog"] * 20), [*many, *pairs, finding("odd_kind")])
    chosen = choose(report, 10)
    assert {kind: len(found) for kind, found in chosen.items()} == {
        "dark": 3, "near_copy": 3, "odd_kind": 1,
    }  # fmt: skip
    read = Reading(page(report, images=10))
    assert "7 of 36 findings are shown, with at most 10 pictures" in read.text
    assert "dark: 3 of 30" in read.text
    assert len(read.all("img")) == 9
    assert len(Reading(page(report, images=0)).all("img")) == 0


def test_very_many_classes_are_not_all_listed() -> None:
    report = report_of(arrays([f"c{n:03}" for n in range(150)] + ["c000"]))
    text = page(report)
    assert "the 100 smallest of 150" in text
    assert "#class=c000" not in text
    assert "#class=c100" in text


def test_an_empty_report_is_a_page(tmp_path: Path) -> None:
    report = report_of(np.zeros((2, 8, 8, 3), np.uint8))
    report.to_html(tmp_path / "r.html")
    read = Reading((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "Nothing was found." in read.text
    assert "Nothing needs to be done." in read.text
    assert "Class" not in read.text


def test_measures_are_drawn_with_their_thresholds(report: AuditReport) -> None:
    measures = np.zeros(6, [("pictures.high", "f4"), ("other.high", "f4")])
    measures["pictures.high"] = [0.1, 0.9, 0.9, 0.9, np.nan, 0.9]
    read = Reading(page(replace(report, measures=measures, checks=(Pictures(),))))
    drawings = read.all("svg", "chart")
    assert len(drawings) == 2  # brightness, and sizes
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert len(read.all("line", "mark")) == 1
    assert "the threshold of dark, 0.32" in read.text


def test_floats_of_which_nothing_says_what_is_white_are_not_shown() -> None:
    assert thumbnail(open_source(np.full((1, 8, 8, 3), 99, np.float32)), 0) is None


SHOWN = "[...document.querySelectorAll('.finding')].filter(e => e.checkVisibility())"
WHITE, DARK = "rgb(255, 255, 255)", "rgb(20, 24, 28)"


@pytest.fixture
def address(report: AuditReport, tmp_path: Path) -> str:
    """A page on disk, hostile names included."""
    hostile = [finding("dark", position=4, message=text) for text in HOSTILE]
    replace(report, findings=(*report.findings, *hostile)).to_html(tmp_path / "r.html")
    return (tmp_path / "r.html").as_uri()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if find_browser() is None:
        pytest.skip("there is no Chromium")
    with Browser(tmp_path / "profile") as opened:
        yield opened


def shown(browser: Browser) -> list[str]:
    browser.run("new Promise(done => setTimeout(done, 50))")  # events of keys come later
    kinds: list[str] = browser.run(f"{SHOWN}.map(e => e.dataset.check)")
    return kinds


@pytest.mark.slow
def test_a_browser_shows_it_on_phones_and_asks_nobody(browser: Browser, address: str) -> None:
    for width, dark in [(375, False), (375, True), (1280, False)]:
        browser.open(address, width, 900, dark)
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
        assert browser.run("getComputedStyle(document.body).backgroundColor") == (
            DARK if dark else WHITE
        )
        assert browser.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert [url for url in browser.requests() if not url.startswith("data:")] == [address]
        assert browser.complaints() == []
    browser.run("document.getElementById('theme').click()")
    assert browser.run("document.getElementById('theme').getAttribute('aria-pressed')") == "true"
    assert browser.run("getComputedStyle(document.body).backgroundColor") == DARK
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert not browser.run("document.getElementById('filters').checkVisibility()")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == WHITE


@pytest.mark.slow
def test_filters_work_by_mouse_keyboard_and_address(browser: Browser, address: str) -> None:
    browser.open(address)
    assert len(shown(browser)) == 9
    browser.run("document.querySelector('a[href=\"#check=dark\"]').click()")
    assert set(shown(browser)) == {"dark"}
    assert browser.run("document.getElementById('count').textContent") == "6 of 9 shown"
    assert (
        browser.run("[...document.querySelectorAll('.group')].filter(g => !g.hidden).length") == 1
    )
    for label in ("fox", "dog"):  # a pair is of both its classes
        browser.open(f"{address}#class={label}&severity=error")
        assert shown(browser) == ["leakage"]
    browser.run("document.querySelector('button[type=reset]').focus()")
    browser.press("Enter", 13, "\r")
    assert len(shown(browser)) == 9
    browser.run("document.querySelector('select[name=severity]').focus()")
    browser.press("ArrowDown", 40)
    assert shown(browser) == ["leakage"]
