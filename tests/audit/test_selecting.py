"""The collection without what was flagged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.audit.parts import Parts, open_parts
from keras_cvdata.sources import open_source
from tests.audit.planted import arrays, finding, report_of, write_pictures


def test_flagged_images_go_and_rows_stay() -> None:
    findings = [finding("dark", position=1), finding("unreadable", "error", position=2)]
    report = report_of(arrays(), [*findings, finding("few_images", "error", label="cat")])
    assert report.keep().rows.tolist() == [0, 1, 3]
    assert report.keep("dark").rows.tolist() == [0, 2, 3]
    assert report.keep(["dark", "unreadable", "few_images"]).rows.tolist() == [0, 3]
    assert len(report.collection.source) == 4


def test_of_every_group_of_copies_the_first_stays() -> None:
    """Never both of a pair, however a check orders them."""
    pairs = [(3, 1), (1, 4), (4, 3), (0, 2), (2, 0)]
    found = [finding("near_copy", position=a, other=b) for a, b in pairs]
    report = report_of(arrays(["cat", "dog"] * 3), found)
    assert report.keep(["near_copy"]).rows.tolist() == [0, 1, 5]


def test_a_kind_that_was_not_looked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="drop names 'smudged', which this audit did not look for"):
        report_of(arrays()).keep(["dark", "smudged"])


def test_a_split_keeps_the_rows_of_its_own_folder(tmp_path: Path) -> None:
    names = [f"{s}/{c}/{n}.png" for s in ("train", "val") for c in ("cat", "dog") for n in range(2)]
    root = write_pictures(tmp_path, *names)
    report = report_of(open_parts(root), [finding("dark", position=p) for p in (1, 5)])
    kept = report.keep("dark", split="val")
    assert kept.rows.tolist() == [0, 2, 3]
    assert kept.name(0) == str(root / "val" / "cat" / "0.png")
    assert report.keep("dark").rows.tolist() == [0, 2, 3, 4, 6, 7]
    with pytest.raises(ValueError, match="split='test' is no split of this audit; there are train"):
        report.keep(split="test")


def test_a_split_by_column_keeps_the_rows_of_the_whole() -> None:
    parts = Parts(open_source(arrays()), ("a", "b"), np.array([0, 1, 0, 1]))
    report = report_of(parts, [finding("dark", position=1)])
    assert report.keep("dark", split="b").rows.tolist() == [3]
