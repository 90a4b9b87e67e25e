"""The data-set card."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.audit import audit
from keras_cvdata.audit.card import FILL_IN
from keras_cvdata.audit.parts import Parts
from keras_cvdata.sources import DataFrameSource
from tests.audit.planted import arrays, finding, report_of


def table_of(card: str, heading: str) -> list[list[str]]:
    """Cells of the table whose first heading is this."""
    lines = card[card.index(f"| {heading} |") :].split("\n\n", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def frame(**columns: list[str]) -> DataFrameSource:
    pixels = list(np.zeros((4, 8, 8, 3), np.uint8))
    labels = ["cat", "dog", "cat", "cat"]
    return DataFrameSource(
        pd.DataFrame({"image": pixels, "label": labels, **columns}),
        image_column="image",
        label_column="label",
    )


def test_the_card_tells_what_is_known_and_asks_for_the_rest() -> None:
    """R79: population, sampling, sub-populations, splits and known problems, with numbers."""
    source = frame(licence=["CC0", "", "CC0", "CC-BY"], colour=["red", "red", "red", "blue"])
    parts = Parts(source, ("train", "val"), np.array([0, 0, 1, 1]))
    findings = [finding("dark", position=0), finding("few_images", "error", label="dog")]
    card = report_of(parts, findings, attributes={"color": "colour"}, lighting="constant").card()
    sections = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert sections == ["Population", "Sampling", "Sub-populations", "Splits", "Known problems"]
    assert "4 images in 2 classes (train 2, val 2)." in card
    assert table_of(card, "pixels") == [["height", "8", "8", "8"], ["width", "8", "8", "8"]]
    assert table_of(card, "licence") == [["CC0", "2"], ["(empty)", "1"], ["CC-BY", "1"]]
    assert table_of(card, "colour") == [["red", "3"], ["blue", "1"]]
    assert table_of(card, "class") == [["cat", "3", "75.0%"], ["dog", "1", "25.0%"]]
    assert table_of(card, "images | train | val") == [
        ["all", "2", "2"],
        ["cat", "1", "2"],
        ["dog", "1", "0"],
    ]
    assert table_of(card, "found")[0][:3] == [r"few\_images", "error", "1"]
    assert table_of(card, "question")[0][1] == "fail"
    assert r"label\_suspect" in card[card.index("Not looked at:") :]
    assert "Lighting in use is declared constant." in card
    assert card.count(FILL_IN) == 7
    assert "licence and owner" not in card


def test_what_is_not_there_is_asked_for() -> None:
    card = report_of(np.zeros((2, 8, 8, 3), np.uint8)).card()
    assert f"{FILL_IN} licence and owner of the images" in card
    assert f"{FILL_IN} how training, validation and test images" in card
    assert "Nothing was found." in card
    assert "### Classes" not in card


def test_very_many_values_are_counted_together() -> None:
    x, _ = arrays(["cat"] * 50)
    data = pd.DataFrame({"image": list(x), "label": "cat", "rights": [f"r{n}" for n in range(50)]})
    card = report_of(DataFrameSource(data, image_column="image", label_column="label")).card()
    assert table_of(card, "rights")[-1] == ["20 others", "20"]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a|b", "# x\n\n## y", "[l](http://x)"]
)
def test_names_are_no_markup(name: str) -> None:
    card = report_of(arrays([name, name]), [finding("few_images", label=name)]).card()
    assert not re.search(r"(?<!\\)[<>\[]", card)
    assert len(table_of(card, "class")) == 1
    assert len(table_of(card, "class")[0]) == 3


def test_the_share_of_a_class_is_told_once() -> None:
    card = audit(arrays(), checks=["classes"], verbose=0).card()
    assert "| class | images | share | colors |" in card
