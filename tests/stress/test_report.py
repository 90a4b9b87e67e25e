from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.scoring import HeadScore, Line
from tests.stress.reports import line, report


def test_mean_corruption_error_is_the_published_one() -> None:
    baseline = report(0.8, noise=[0.6, 0.4], blur=[0.7, 0.5])
    made = report(0.9, noise=[0.8, 0.6], blur=[0.8, 0.6]).against(baseline)
    by_hand = {"noise": 0.6 / 1.0, "blur": 0.6 / 0.8}
    assert made.errors["ratio"].to_dict() == pytest.approx(by_hand)
    assert made.mce == pytest.approx(np.mean(list(by_hand.values())))
    relative = ((0.6 - 0.2) / (1.0 - 0.4) + (0.6 - 0.2) / (0.8 - 0.4)) / 2
    assert made.relative_mce == pytest.approx(relative)
    assert baseline.mce == baseline.mean_error == pytest.approx(0.45)
    assert np.isnan(baseline.relative_mce)


def test_a_baseline_without_errors_is_no_division() -> None:
    perfect = report(1.0, noise=1.0, blur=1.0)
    made = report(1.0, noise=1.0, blur=0.5).against(perfect)
    assert made.errors["ratio"].to_list() == [1.0, np.inf]
    assert np.isnan(made.relative_mce)


def test_the_extra_families_of_photographs_do_not_count() -> None:
    made = report(1.0, suite="photo", fog=0.6, snow=0.8, saturate=0.1)
    baseline = report(1.0, suite="photo", fog=0.5, snow=0.5, saturate=0.5)
    assert made.mce == made.mean_error == pytest.approx(0.3)
    assert made.against(baseline).mce == pytest.approx((0.8 + 0.4) / 2)
    assert made.against(baseline).relative_mce == pytest.approx((0.8 + 0.4) / 2)


def test_a_baseline_must_have_every_line() -> None:
    with pytest.raises(ValueError, match="not tested under blur 2"):
        report(1.0, blur=[0.5, 0.4]).against(report(1.0, blur=[0.5]))


def test_the_strength_of_a_fall_lies_between_severities() -> None:
    turned = [(10, 0.9), (20, 0.7), (30, 0.9)]
    lines = [line("clean", 0, 0.9)]
    lines += [line("rotation", n, a, 1000, s, "degrees") for n, (s, a) in enumerate(turned, 1)]
    lines += [line("enlarge", n, 0.9, 1000, 1 + n, "times as large") for n in (1, 2)]
    lines += [line("shrink", n, 0.0, 1000, 1 + n, "times as small") for n in (1, 2)]
    lines += [line("quality", n, 0.0, 1000, 9 - n, "of JPEG") for n in (1, 2)]  # it falls
    found = StressReport("geometry", 0, tuple(lines)).limits()
    assert found.index.to_list() == ["rotation", "enlarge", "shrink"]
    assert found["strength"].to_list() == pytest.approx([14.5, np.nan, 1.1], nan_ok=True)
    assert found["text"].to_list()[:2] == ["14.5 degrees", "never within the suite"]


def test_tables_begin_with_clean_images() -> None:
    made = report(0.9, invert=0.5, blur=[0.8, 0.7])
    assert made.table["perturbation"].to_list() == ["clean", "invert", "blur", "blur"]
    assert made.table["severity"].to_list() == [0, 1, 1, 2]
    assert made.matrix.loc["blur"].to_list() == [0.8, 0.7]
    assert made.matrix.loc["invert"].isna().to_list() == [False, True]
    assert made.lowest() == ("invert", 0.5)
    cats = made.classes.query("perturbation == 'invert' and `class` == 'cat'")
    assert cats[["precision", "recall"]].to_numpy().tolist() == [[0.5, 0.5]]


def test_ten_lines_say_what_to_do_first() -> None:
    told = replace(report(0.98, suite="handbook", invert=0.5, shift_left=0.7), unread={"x": "y"})
    assert told.summary().splitlines() == [
        "10000 images, 1 more could not be read, suite 'handbook', seed 0",
        "Accuracy 0.980 on clean images, mean error 0.400 under 2 perturbations",
        "  invert: 0.500",
        "  shift left: 0.700",
        "What to try first, one at a time:",
        "1. layers.RandomInvert(rate=0.1) (invert)",
        "2. layers.RandomTranslation(0, 0.2) (shift left)",
    ]
    few = report(0.5, 100, invert=0.45).summary()
    assert few.endswith("No fall is beyond what 100 images show by chance.")
    against = told.against(report(0.9, invert=0.5, shift_left=0.5)).summary()
    assert "mCE 80.0 %, relative 95.0 %" in against


def test_of_numbers_the_losses_are_told() -> None:
    def numbers(name: str, loss: float) -> Line:
        none = np.zeros(0, int)
        return Line(name, int(name != "clean"), (
            HeadScore("", "regression", (), 10, 0, 10 * loss, none, none, none),
        ))  # fmt: skip

    made = StressReport("own", 0, (numbers("clean", 1.0), numbers("blur", 2.0)))
    assert made.summary().splitlines()[1:] == [
        "Loss 1 on clean images; the model gives no classes", "  blur: 2",
    ]  # fmt: skip
    assert made.advice().empty
    with pytest.raises(ValueError, match="gives numbers, not classes"):
        made.compare(made)


def test_a_file_makes_the_report_again(tmp_path) -> None:
    made = replace(report(0.9, invert=0.5), unread={"a.jpg": "it is empty"})
    made.to_json(tmp_path / "r.json")
    read = StressReport.from_json(tmp_path / "r.json")
    assert read.table.equals(made.table)
    assert read.classes.equals(made.classes)
    assert (read.unread, read.summary()) == (made.unread, made.summary())


@pytest.mark.parametrize("content", ["{", '{"format": "other"}', "[]"])
def test_other_files_are_refused(tmp_path, content) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ValueError, match=r"r\.json holds no stress test"):
        StressReport.from_json(tmp_path / "r.json")
