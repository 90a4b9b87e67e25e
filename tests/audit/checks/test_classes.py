"""Numbers, colours, features, states and spread of classes."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.audit.checks import Classes
from keras_cvdata.audit.measuring import layout
from keras_cvdata.labels.making import from_levels, from_names
from tests.audit.checks.things import (
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    count,
    found,
    look,
    plain,
    reasons,
    thing,
    varied,
    with_columns,
)


def test_few_images_is_said_once_and_names_the_classes() -> None:
    """R2: below 1,000 a warning that says 100 are enough to begin with, below 100 an error."""
    grave, mild = found(count(plain(1000, 999, 100, 99, 7), Classes()), "few_images")
    assert (grave.severity, grave.score, grave.threshold) == ("error", 7, 100)
    assert grave.message.endswith("fewer than 100 images: e 7, d 99")
    assert (mild.severity, mild.score, mild.threshold) == ("warning", 100, 1000)
    assert mild.message.endswith("fewer than 1,000 images: c 100, b 999")
    assert "100 are enough to begin with" in mild.action


def test_a_single_small_class_is_the_label_of_the_finding() -> None:
    """R2."""
    (finding,) = found(count(plain(1000, 300), Classes()), "few_images")
    assert finding.label == "b"


def test_a_large_balanced_collection_is_fine() -> None:
    """R2, R9, R10."""
    assert [f for f in count(plain(1000, 1000, 1000), Classes()) if f.severity != "note"] == []


def test_a_hundred_small_classes_are_no_flood() -> None:
    """R2, R9, R10."""
    names = [f"c{place:02}" for place in range(100) for _ in range(3)]
    report = look("classes", (np.zeros((300, 2, 2, 3), np.uint8), names))
    assert report.counts() == {"few_images": 1}
    assert report.findings[0].message.endswith("c00 3, c01 3, c02 3, c03 3, c04 3 and 95 more")


@pytest.mark.parametrize(("size", "flagged"), [(18, True), (19, False)])
def test_a_class_below_a_fifth_of_the_mean(size: int, flagged: bool) -> None:
    """R9: the mean of 113, 113, 113 and 18 is 89.25, of which 20 % are 17.85; R10 asks for 11.3."""
    report = count(plain(115, 115, 115, size), Classes(below_largest=0.0))
    assert [f.label for f in found(report, "imbalance")] == (["d"] if flagged else [])


@pytest.mark.parametrize(("size", "flagged"), [(29, True), (30, False)])
def test_a_class_below_a_tenth_of_the_largest(size: int, flagged: bool) -> None:
    """R10: 300 images in the largest class ask for 30 in each."""
    report = count(plain(300, 40, 40, size), Classes(below_mean=0.0))
    assert [f.label for f in found(report, "imbalance")] == (["d"] if flagged else [])


def test_imbalance_says_how_many_to_collect() -> None:
    """R9, R10."""
    (finding,) = found(count(plain(200, 10), Classes()), "imbalance")
    assert (finding.severity, finding.score, finding.threshold) == ("warning", 10, 21)
    assert finding.message == "it has 10 images, 10% of the mean class and 5% of the largest"
    assert finding.action.startswith("collect at least 11 more")


def test_many_small_classes_are_said_once() -> None:
    """R9, R10: eleven of them are one finding, which gives the numbers of the smallest."""
    (finding,) = found(count(plain(99, *range(1, 12)), Classes(below_mean=2.0)), "imbalance")
    assert finding.label is None
    assert finding.message.startswith("11 of 12 classes (b, c, d, e, f and 6 more), such as b: it")
    assert finding.score == 1
    ten = count(plain(99, *range(1, 11)), Classes(below_mean=2.0))
    assert len(found(ten, "imbalance")) == 10


def test_a_class_of_none_of_them_is_told_apart() -> None:
    """R6: it neither is too small beside the others nor makes them so."""
    source = with_columns(*plain(100, 100, 10))
    source.not_any = "c"
    report = look("classes", source)
    assert found(report, "imbalance") == []
    (note,) = found(report, "not_any")
    assert (note.severity, note.label) == ("note", "c")
    assert "10 images, 10% of the mean class" in note.message
    source = with_columns(*plain(30, 30, 900))
    source.not_any = "c"
    assert found(count(source, Classes()), "imbalance") == []


def test_every_class_is_in_every_split() -> None:
    """R54: an unshuffled split leaves bananas out of one side."""
    x, names = plain(30, 30, 30)
    halves = np.repeat(["train", "val"], [60, 30])
    assert {
        f.label: f.message for f in found(count((x, names), Classes(), halves), "class_missing")
    } == {
        "a": "it has no image in 'val'",
        "b": "it has no image in 'val'",
        "c": "it has no image in 'train'",
    }
    mixed = np.tile(["train", "val", "test"], 30)
    assert found(count((x, names), Classes(), mixed), "class_missing") == []
    assert found(count((x, names), Classes()), "class_missing") == []


def test_a_missing_class_is_an_error() -> None:
    """R54."""
    data = {"train": plain(2, 2), "val": plain(2)}
    (finding,) = found(look("classes", data), "class_missing")
    assert (finding.severity, finding.label) == ("error", "b")


def apples(red: int, other: int, color: tuple[int, int, int] = GREEN) -> np.ndarray:
    return np.concatenate([varied(red, 1), varied(other, 2, [color])])


def test_a_rare_colour_is_seen_in_pixels() -> None:
    """R3: five of a hundred apples are green."""
    report = look("classes", (apples(95, 5), ["apple"] * 100))
    (finding,) = found(report, "rare_color")
    assert (finding.severity, finding.label, finding.score) == ("warning", "apple", 0.05)
    assert finding.threshold == 0.1
    assert "green 5.0%" in finding.message
    assert "an estimate" in finding.message
    assert "at least 10 images" in finding.action
    assert report.classes.colors["apple"].startswith("red 9")


@pytest.mark.parametrize(
    ("images", "why"),
    [
        (apples(85, 15), "a frequent colour"),
        (apples(99, 1), "one image is no colour of the class"),
        (apples(95, 5, ORANGE), "a shade of the frequent one"),
        (np.concatenate([varied(50, 3), varied(50, 4, [YELLOW])]), "two halves"),
    ],
)
def test_what_is_no_rare_colour(images: np.ndarray, why: str) -> None:
    """R3."""
    assert found(look("classes", (images, ["apple"] * 100)), "rare_color") == []


def test_colours_of_unclear_objects_are_not_compared() -> None:
    """R3: noise has no object, and the report says why nobody looked."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    report = look("classes", (noise, ["noise"] * 20))
    assert found(report, "rare_color") == []
    (reason,) = reasons(report, "rare_color")
    assert reason.endswith("one clear colour: noise")


def test_colours_by_a_column() -> None:
    """R3: the column is believed, and images of which it says nothing do not count."""
    x, names = plain(110)
    source = with_columns(x, names, skin=["red"] * 91 + ["Green "] * 9 + [None] * 10)
    report = look("classes", source, attributes={"color": "skin"})
    (finding,) = found(report, "rare_color")
    assert (finding.score, finding.threshold) == (0.09, 0.1)
    assert "of its 100 images few are of a colour (by skin): green 9.0%" in finding.message
    source = with_columns(x, names, skin=["red"] * 99 + ["green"] * 11)
    assert found(look("classes", source, attributes={"color": "skin"}), "rare_color") == []


@pytest.mark.parametrize(
    ("values", "severity", "message"),
    [
        ([True] * 4 + [False] * 96, "warning", "4 of its 100 images are with 'stem' (4.0%)"),
        (["yes"] * 97 + ["no"] * 3, "warning", "3 of its 100 images are without 'stem' (3.0%)"),
        ([0] * 100, "note", "0 of its 100 images are with 'stem' (0.0%)"),
        ([1] * 5 + [0] * 95, None, ""),
        ([0] * 9 + [None] * 91, None, ""),  # nine that are known tell nothing
        ([True] * 4 + [False] * 36 + [None] * 60, None, ""),
    ],
)
def test_a_secondary_feature(values: list[object], severity: str | None, message: str) -> None:
    """R4: at least 5 % with a stem and 5 % without."""
    source = with_columns(*plain(100), stem=values)
    findings = found(look("classes", source, attributes={"feature": "stem"}), "rare_feature")
    assert [(f.severity, f.message) for f in findings] == (
        [(severity, message)] if severity else []
    )


def test_several_features_in_several_columns() -> None:
    """R4: a column may name features, and there may be several columns."""
    part = ["leaf"] * 3 + ["bite"] * 20 + ["none"] * 77
    source = with_columns(*plain(100), part=part, stem=["with"] * 2 + ["without"] * 98)
    report = look("classes", source, attributes={"feature": ["part", "stem"]})
    assert [f.message[:32] for f in found(report, "rare_feature")] == [
        "3 of its 100 images are with 'le",
        "2 of its 100 images are with 'st",
    ]


def test_a_progression_in_state() -> None:
    """R5: each state at least 20 %."""
    ages = ["ripe"] * 60 + ["spoiled"] * 21 + ["sliced"] * 19
    report = look("classes", with_columns(*plain(100), age=ages), attributes={"state": "age"})
    (finding,) = found(report, "rare_state")
    assert (finding.score, finding.threshold) == (0.19, 0.2)
    assert "sliced 19.0%" in finding.message
    even = ["ripe", "spoiled", "sliced", "eaten", "bitten"] * 20
    report = look("classes", with_columns(*plain(100), age=even), attributes={"state": "age"})
    assert found(report, "rare_state") == []


def test_more_states_than_have_room_for_a_fifth() -> None:
    """R5: eight states cannot have 20 % each; half an even share is asked for."""
    ages = [f"week {row % 8}" for row in range(93)] + ["week 0"] * 7
    report = look("classes", with_columns(*plain(100), age=ages), attributes={"state": "age"})
    assert found(report, "rare_state") == []
    ages = [f"week {1 + row % 7}" for row in range(95)] + ["week 0"] * 5
    report = look("classes", with_columns(*plain(100), age=ages), attributes={"state": "age"})
    assert [f.threshold for f in found(report, "rare_state")] == [0.0625]


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [("color", "rare_color"), ("feature", "rare_feature"), ("state", "rare_state")],
)
def test_a_column_of_numbers_is_no_column_of_categories(attribute: str, kind: str) -> None:
    """R3 to R5: it is said instead of a finding for each number."""
    source = with_columns(*plain(100), days=np.arange(100) / 7)
    report = look("classes", source, attributes={attribute: "days"})
    assert found(report, kind) == []
    assert "'days' has 100 values, too many" in reasons(report, kind)[0]


def test_a_class_of_one_specimen_is_uniform() -> None:
    """R7: its images vary less in shape and colour than those of the others."""
    colors = (RED, GREEN, YELLOW)
    same = np.stack([thing(RED, 0.4, 0.2, row % 3) for row in range(30)])
    x = np.concatenate([varied(30, 5, colors), varied(30, 6, colors), same])
    names = np.repeat(["apple", "pear", "one"], 30).tolist()
    report = look("classes", (x, names))
    (finding,) = found(report, "uniform_class")
    assert (finding.label, finding.severity, finding.threshold) == ("one", "warning", 0.5)
    assert report.classes.shape_spread["one"] < 0.5 * report.classes.shape_spread["pear"]


def test_one_colour_with_many_shapes_is_not_uniform() -> None:
    """R7: oranges are fairly consistent in colour."""
    x = np.concatenate([varied(30, 5, (RED, GREEN)), varied(30, 6, (RED, GREEN)), varied(30, 7)])
    names = np.repeat(["apple", "pear", "orange"], 30).tolist()
    assert found(look("classes", (x, names)), "uniform_class") == []


def test_one_class_is_compared_with_nothing() -> None:
    """R7."""
    assert found(look("classes", (varied(20), ["a"] * 20)), "uniform_class") == []


def test_without_classes_it_says_so() -> None:
    for data, word in ((plain(12)[0], "missing"), ((plain(12)[0], np.arange(12) / 2), "numbers")):
        report = look("classes", data)
        assert report.counts() == {}
        assert f"the labels are {word}" in reasons(report, "few_images")[0]
        assert "share" not in report.classes


def test_an_image_of_several_classes_counts_for_each() -> None:
    """R2, R10: labels that are sets."""
    sets = [["cat"]] * 95 + [["cat", "dog"]] * 5
    report = look("classes", (plain(100)[0], sets))
    (few, warned), (small,) = found(report, "few_images"), found(report, "imbalance")
    assert few.message.endswith("dog 5")
    assert warned.message.endswith("cat 100")
    assert small.label == "dog"


def test_paths_of_a_hierarchy_are_classes() -> None:
    """R2, R10."""
    source = with_columns(*plain(40))
    levels = [("cat", "persian")] * 38 + [("cat", "siamese")] * 2
    source.labels = {"label": from_levels(levels)}
    report = look("classes", source)
    assert [f.label for f in found(report, "imbalance")] == ["cat/siamese"]


def test_several_columns_of_labels_are_counted_each() -> None:
    """R2, R10."""
    source = with_columns(*plain(40))
    source.labels = {
        "species": from_names(["cat"] * 20 + ["dog"] * 20),
        "ill": from_names(["no"] * 39 + ["yes"]),
    }
    report = look("classes", source)
    assert [f.label for f in found(report, "imbalance")] == ["ill/yes"]
    assert len(found(report, "few_images")) == 2


def test_columns_for_the_table_of_classes() -> None:
    table = look("classes", (varied(40, 8), ["a"] * 30 + ["b"] * 10)).classes
    assert table.share.tolist() == [0.75, 0.25]
    assert table.colors["b"].startswith("red")
    assert (table.color_spread >= 0).all()
    assert table.shape_spread.between(0, 0.5).all()


def test_measures_are_small() -> None:
    assert layout([Classes()]).itemsize - layout([]).itemsize <= 14
