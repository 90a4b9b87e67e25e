"""The frame that reports share: it loads nothing, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from keras_cvdata.pages.frame import filtered, frame, section, select, table
from tests.pages.reading import Reading


@pytest.mark.parametrize("cards", [True, False])
def test_only_the_style_and_the_script_of_the_frame_are_let_in(cards: bool) -> None:
    main = [section("more", "A < B", "<p>text</p>")]
    main += [filtered("Findings", "all", [select("class", ["a"])], "")] if cards else []
    page = frame("<i>", "about", main, "more", style=".own { color: red; }")
    policy = str(Reading(page).all("meta")[1]["content"])
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert tag == "script" or ".own { color: red; }" in inside
    # What filters cards would find none, and stop the switch of the theme.
    assert ('getElementById("filters")' in page) == cards
    assert "<title>&lt;i&gt;</title>" in page


def test_a_table_has_its_numbers_on_the_right() -> None:
    read = Reading(table(("a", "b", ""), [("<b>x</b>", "1", ""), ("y", "2", "")], (1,), "c", True))
    assert [cell["scope"] for cell in read.all("th")] == ["col", "col", "row", "row"]
    assert [cell.get("class") for cell in read.all("td")] == [None, *["number", None] * 2]
    assert read.text.split() == ["cab", "x1", "y2"]
