"""Splits into training, validation and further parts."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cvdata.splits import automatic_share, part_positions, split_positions

PINNED_SAMPLES = [12, 15, 16, 19]
PINNED_CLASSES = [12, 15, 16, 19]
PINNED_GROUPS = [14, 15, 16, 17]
PINNED_PARTS = [[6, 7, 11, 18], [12, 15, 16, 19]]  # validation, test


@pytest.mark.parametrize(
    ("n", "share"),
    [(1, 0.2), (999, 0.2), (1000, 0.1), (9999, 0.1), (10_000, 0.05), (10**7, 0.05)],
)
def test_automatic_share_follows_the_rule_of_thumb(n: int, share: float) -> None:
    """R53: 20 % below 1,000, 10 % below 10,000, then 5 %."""
    assert automatic_share(n) == share


@pytest.mark.parametrize(("n", "held"), [(500, 100), (1000, 100), (20_000, 1000)])
def test_auto_holds_the_automatic_share_out(n: int, held: int) -> None:
    """R53, R57."""
    training, validation = split_positions(n)
    assert len(validation) == held
    assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(n))


def test_split_is_a_shuffled_function_of_its_arguments() -> None:
    """R54, R56: the same seed gives the same split, another seed another one, none is a tail."""
    first, again, other = (split_positions(100, 0.25, seed=seed)[1] for seed in (101, 101, 102))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.int64
    assert (np.diff(first) > 0).all()
    assert first.min() < 25


def test_split_stays_the_same_across_versions() -> None:
    """Published splits keep their meaning, so these numbers never change."""
    assert split_positions(20, 0.2, seed=7)[1].tolist() == PINNED_SAMPLES
    assert split_positions(20, 0.2, codes=np.arange(20) % 2, seed=7)[1].tolist() == PINNED_CLASSES
    assert split_positions(20, 0.2, groups=np.arange(20) // 2, seed=7)[1].tolist() == PINNED_GROUPS


def test_three_parts_stay_the_same_across_versions() -> None:
    parts = part_positions(20, (0.6, 0.2, 0.2), codes=np.arange(20) % 2, seed=7)
    assert [part.tolist() for part in parts[1:]] == PINNED_PARTS


def test_every_class_has_its_share_on_both_sides() -> None:
    """R54: the unshuffled 75/25 split of the handbook left a class out of the training data."""
    codes = np.repeat([0, 1, 2], [75, 20, 5])
    training, validation = split_positions(100, 0.2, codes=codes)
    assert np.bincount(codes[training]).tolist() == [60, 16, 4]
    assert np.bincount(codes[validation]).tolist() == [15, 4, 1]


@given(
    sizes=st.lists(st.integers(2, 30), min_size=1, max_size=8),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**40),
)
def test_stratified_split_is_fair_whatever_the_classes(
    sizes: list[int], share: float, seed: int
) -> None:
    """R54: disjoint, complete, right in total, and within one sample a class if all have room."""
    codes = np.repeat(np.arange(len(sizes)), sizes) * 3 - 5  # codes need not count from 0
    exact = np.array(sizes) * share
    covers = len(sizes) <= 1.5 * exact.sum()
    with nullcontext() if covers or len(sizes) == 1 else pytest.warns(UserWarning, match="Class"):
        training, validation = split_positions(len(codes), share, codes=codes, seed=seed)
    assert sorted([*training, *validation]) == list(range(len(codes)))
    held = np.bincount((codes[validation] + 5) // 3, minlength=len(sizes))
    assert (held < sizes).all()
    total = max(round(len(codes) * share), len(sizes) if covers else 1)
    assert len(validation) == min(total, len(codes) - len(sizes))
    if covers:
        assert (held >= 1).all()
    if ((exact >= 1) & (exact <= np.array(sizes) - 1)).all() or not covers:
        assert (np.abs(held - exact) <= 1).all()


@given(
    groups=st.lists(st.integers(0, 12), min_size=30, max_size=80),
    share=st.floats(0.1, 0.5),
    seed=st.integers(0, 99),
)
def test_groups_are_never_divided(groups: list[int], share: float, seed: int) -> None:
    """R58: images of one scene or patient stay on one side."""
    numbers = np.array(groups)
    if len(set(groups)) < 2:
        return
    training, validation = split_positions(len(groups), share, groups=numbers, seed=seed)
    assert sorted([*training, *validation]) == list(range(len(groups)))
    assert not set(numbers[training]) & set(numbers[validation])
    assert len(training)
    assert len(validation)


def test_groups_keep_the_share_of_each_class() -> None:
    """R54, R58: 200 patients of 5 images, two classes of 4 to 1."""
    groups = np.repeat([f"patient {n}" for n in range(200)], 5)
    codes = np.repeat(np.arange(200) % 5 == 0, 5).astype(int)
    training, validation = split_positions(1000, 0.2, codes=codes, groups=groups, seed=3)
    assert np.bincount(codes[validation]).tolist() == [160, 40]
    assert not set(groups[training]) & set(groups[validation])


def test_every_class_gets_a_group_on_both_sides() -> None:
    """R54: a class of two groups is divided between the sides, beside a class of many."""
    groups = np.arange(40) // 2
    codes = (groups >= 18).astype(int)
    for seed in range(20):
        for part in split_positions(40, 0.05, codes=codes, groups=groups, seed=seed):
            assert set(codes[part]) == {0, 1}


@pytest.mark.parametrize(("share", "held"), [(0.2, 4), (0.05, 1), (0.01, 1)])
def test_groups_of_several_classes_count_for_each(share: float, held: int) -> None:
    """R54, R58: a scene with samples of three classes moves all three."""
    groups = np.arange(60) // 3
    codes = np.array([0, 1, 2] * 20)
    training, validation = split_positions(60, share, codes=codes, groups=groups)
    assert np.bincount(codes[validation]).tolist() == [held] * 3
    assert np.bincount(codes[training]).tolist() == [20 - held] * 3


def test_of_two_groups_the_one_nearer_to_the_share_is_held_out() -> None:
    """R58: nine images of one patient and one of the other are not split the wrong way round."""
    groups = np.array([0] * 9 + [1])
    for seed in range(10):
        assert split_positions(10, 0.1, groups=groups, seed=seed)[1].tolist() == [9]


@pytest.mark.parametrize("classes", [1, 2])
def test_groups_are_held_out_at_random_whatever_their_size(classes: int) -> None:
    """R58: the patient with the most images is not in the validation part of every seed."""
    groups = np.repeat(np.arange(40), np.arange(1, 41))
    codes = np.arange(len(groups)) % classes
    held = np.zeros(40)
    for seed in range(60):
        _, validation = split_positions(len(groups), 0.2, codes=codes, groups=groups, seed=seed)
        held[np.unique(groups[validation])] += 1
        assert len(validation) == pytest.approx(0.2 * len(groups), rel=0.15)
    assert held.max() < 30  # of 60; 12 are expected


def test_class_that_would_lose_its_last_training_group_stays() -> None:
    """R54: the second group of a class is not held out even where another class lacks samples."""
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    codes = np.array([0, 1, 0, 1, 1, 1, 1, 1])
    for seed in range(10):
        training, _ = split_positions(8, 0.6, codes=codes, groups=groups, seed=seed)
        assert set(codes[training]) == {0, 1}


def test_gaps_in_a_column_of_groups_are_a_group() -> None:
    groups = np.array(["a", None, "b", None], object)
    training, validation = split_positions(4, 0.3, groups=groups)
    assert set(groups[training].tolist()).isdisjoint(groups[validation].tolist())


def test_no_samples_split_into_nothing() -> None:
    for codes, groups in [(None, None), (np.zeros(0, int), np.zeros(0, int))]:
        assert [len(part) for part in split_positions(0, codes=codes, groups=groups)] == [0, 0]


@pytest.mark.parametrize("validation", [0, 1, -0.1, 1.5, float("nan"), "half"])
def test_share_out_of_range_is_refused(validation: float | str) -> None:
    with pytest.raises(ValueError, match=r"share between 0 and 1, such as 0\.2, or 'auto'; got"):
        split_positions(10, validation)


def test_class_with_one_sample_is_refused_by_name() -> None:
    """R54: every class on both sides needs two samples of it."""
    codes = np.array([0, 0, 4, 0])
    with pytest.raises(ValueError, match="Class '4' has 1 sample only"):
        split_positions(4, 0.5, codes=codes)
    with pytest.raises(ValueError, match="Class 'rose' has 1 sample only"):
        split_positions(4, 0.5, codes=codes, names=["lily", "iris", "fern", "moss", "rose"])
    with pytest.raises(ValueError, match="The collection has 1 sample only"):
        split_positions(1, 0.5)


def test_class_with_one_group_is_refused_by_name() -> None:
    """R54, R58."""
    groups, codes = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="Class '0' has 1 group only"):
        split_positions(5, 0.4, codes=codes, groups=groups)


def test_classes_tied_together_by_their_groups_are_refused_by_name() -> None:
    """R54, R58: three classes in three groups, two by two, cannot all be on both sides."""
    groups, codes = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    with pytest.raises(ValueError, match=r"Class '\d' cannot be on both sides .* dividing a group"):
        split_positions(6, 0.5, codes=codes, groups=groups)


@pytest.mark.parametrize("name", ["codes", "groups"])
def test_column_of_another_length_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} must have one value for each of the 4 samples"):
        split_positions(4, 0.5, **{name: np.zeros(3, int)})


def test_small_classes_do_not_change_the_share_that_is_asked_for() -> None:
    """50 classes of 3 images at 0.1 gave 50 of 150 images, one of each."""
    codes = np.repeat(np.arange(50), 3)
    names = [f"bird {n}" for n in range(50)]
    chosen = set()
    for seed in range(5):
        with pytest.warns(UserWarning, match=r"no sample of 35 of the 50 classes: Class 'bird \d"):
            training, validation = split_positions(150, 0.1, codes=codes, seed=seed, names=names)
        assert len(validation) == 15
        assert set(codes[training]) == set(range(50))
        assert np.bincount(codes[validation]).max() == 1
        chosen |= set(codes[validation])
    assert len(chosen) > 30  # by the seed, not the first 15


def test_every_class_is_in_a_part_that_need_not_be_much_larger() -> None:
    """R54: 10 classes of 9 images at 0.1 are 10 images, not 9 of 9 classes."""
    codes = np.repeat(np.arange(10), 9)
    _, validation = split_positions(90, 0.1, codes=codes)
    assert np.bincount(codes[validation]).tolist() == [1] * 10


def test_large_classes_make_room_for_small_ones() -> None:
    """One image of each small class, and the share of the whole all the same."""
    codes = np.concatenate([np.repeat(np.arange(50), 3), np.full(1000, 50), np.full(500, 51)])
    _, validation = split_positions(1650, 0.1, codes=codes)
    counts = np.bincount(codes[validation])
    assert counts.sum() == 165
    assert (counts[:50] == 1).all()
    assert counts[50:].tolist() == pytest.approx([77, 38], abs=1)
    codes = np.concatenate([np.repeat(np.arange(10), 2), np.full(100, 10)])
    assert len(split_positions(120, 0.9, codes=codes)[1]) == 108


def test_groups_of_small_classes_do_not_change_the_share() -> None:
    """R58: 40 classes of 3 patients each."""
    codes, groups = np.repeat(np.arange(40), 6), np.arange(240) // 2
    with pytest.warns(UserWarning, match="of the 40 classes"):
        training, validation = split_positions(240, 0.1, codes=codes, groups=groups)
    assert len(validation) == 24
    assert not set(groups[training]) & set(groups[validation])


FINDINGS = np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.004])


def findings(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, len(FINDINGS))) < FINDINGS


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_multi_label_samples_are_divided_by_iterative_stratification(share: float) -> None:
    """Each finding has its share to the nearest image, where a random split is off by dozens."""
    hot = findings(3000)
    for seed in range(5):
        training, validation = split_positions(3000, share, codes=hot, seed=seed)
        assert sorted([*training, *validation]) == list(range(3000))
        assert len(validation) == round(3000 * share)
        assert (np.abs(hot[validation].sum(axis=0) - hot.sum(axis=0) * share) <= 1).all()
    plain = split_positions(3000, share)[1]
    assert np.abs(hot[plain].sum(axis=0) - hot.sum(axis=0) * share).max() > 5
    assert not np.array_equal(validation, split_positions(3000, share, codes=hot, seed=9)[1])


@given(
    rows=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=2, max_size=40),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
@pytest.mark.filterwarnings("ignore:The validation part has no sample")
def test_multi_label_split_is_complete_whatever_the_labels(
    rows: list[list[bool]], share: float, seed: int
) -> None:
    """Every label that occurs stays in the training part; combinations that occur once are fine."""
    hot = np.array(rows)
    training, validation = split_positions(len(hot), share, codes=hot.astype(int), seed=seed)
    assert sorted([*training, *validation]) == list(range(len(hot)))
    assert (hot[training].any(axis=0) == hot.any(axis=0)).all()
    assert len(validation) <= max(round(len(hot) * share), 1, 4)


def test_rare_findings_are_on_both_sides_where_there_is_room() -> None:
    hot = findings(500)
    hot[:, 7] = False
    hot[[3, 8], 7] = True
    training, validation = split_positions(500, 0.1, codes=hot)
    assert (hot[training].sum(axis=0) > 0).all()
    assert (hot[validation].sum(axis=0) > 0).all()


def test_finding_of_one_image_stays_in_the_training_part() -> None:
    hot = findings(200)[:, :4]
    hot[:, 3] = np.arange(200) == 7
    for seed in range(5):
        with pytest.warns(UserWarning, match="1 of the 4 classes: Class 'edema'"):
            training, _ = split_positions(
                200, 0.2, codes=hot, seed=seed, names=["", "", "", "edema"]
            )
        assert 7 in training


def test_groups_of_multi_label_samples_are_never_divided() -> None:
    """R58: several images of one patient, also of patients without a finding."""
    hot = findings(600)[:, :5]
    groups = np.arange(600) // 3
    training, validation = split_positions(600, 0.2, codes=hot, groups=groups)
    assert not set(groups[training]) & set(groups[validation])
    assert len(validation) == pytest.approx(120, abs=6)
    assert hot[validation].sum(axis=0) == pytest.approx(hot.sum(axis=0) * 0.2, rel=0.2, abs=3)


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="codes must have one value for each of the 4 samples"):
        split_positions(4, 0.5, codes=np.zeros((3, 2), int))


def test_three_parts_have_their_shares_of_each_class() -> None:
    """R54, R58: training, validation and test, disjoint and complete."""
    codes = np.repeat([0, 1, 2], [400, 160, 40])
    parts = part_positions(600, (0.7, 0.15, 0.15), codes=codes, seed=3)
    assert [np.bincount(codes[part]).tolist() for part in parts] == [
        [280, 112, 28],
        [60, 24, 6],
        [60, 24, 6],
    ]
    assert sorted(np.concatenate(parts)) == list(range(600))
    assert all((np.diff(part) > 0).all() for part in parts)
    other = part_positions(600, (0.7, 0.15, 0.15), codes=codes, seed=4)
    assert not np.array_equal(parts[1], other[1])


@given(
    sizes=st.lists(st.integers(20, 60), min_size=1, max_size=4),
    weights=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    seed=st.integers(0, 99),
)
def test_parts_are_fair_whatever_the_shares(
    sizes: list[int], weights: list[int], seed: int
) -> None:
    codes, shares = np.repeat(np.arange(len(sizes)), sizes), np.array(weights) / sum(weights)
    parts = part_positions(len(codes), shares.tolist(), codes=codes, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(codes)))
    for part, share in zip(parts, shares, strict=True):
        held = np.bincount(codes[part], minlength=len(sizes))
        assert (np.abs(held - np.array(sizes) * share) <= len(shares)).all()


def test_two_parts_are_those_of_one_share() -> None:
    codes = np.arange(50) % 3
    expected = split_positions(50, 0.3, codes=codes, seed=5)
    for part, same in zip(
        part_positions(50, (0.7, 0.3), codes=codes, seed=5), expected, strict=True
    ):
        assert np.array_equal(part, same)


def test_groups_are_in_one_of_three_parts() -> None:
    """R58."""
    groups, codes = np.arange(900) // 3, np.arange(900) // 3 % 2
    parts = part_positions(900, (0.8, 0.1, 0.1), codes=codes, groups=groups)
    found = [set(groups[part]) for part in parts]
    assert sum(len(part) for part in found) == len(set.union(*found)) == 300
    assert [len(part) for part in parts] == [720, 90, 90]
    hot = np.eye(2, dtype=bool)[codes]
    parts = part_positions(900, (0.8, 0.1, 0.1), codes=hot, groups=groups)
    assert [len(part) for part in parts] == pytest.approx([720, 90, 90], abs=6)


def test_a_part_without_some_classes_is_named() -> None:
    codes = np.repeat(np.arange(50), 4)
    with pytest.warns(UserWarning, match="no sample of 30 of the 50") as warned:
        part_positions(200, (0.8, 0.1, 0.1), codes=codes)
    words = [str(warning.message).split()[:2] for warning in warned]
    assert words == [["The", "test"], ["The", "validation"]]


def test_three_parts_need_three_samples_of_each_class() -> None:
    codes = np.repeat([0, 1], [50, 2])
    with pytest.raises(ValueError, match=r"Class '1' has 2 samples only.* in each of the 3 parts"):
        part_positions(52, (0.6, 0.2, 0.2), codes=codes)
    with pytest.raises(ValueError, match=r"Class '1' has 1 group only.* in each of the 3 parts"):
        part_positions(52, (0.6, 0.2, 0.2), codes=codes, groups=codes * 50 + np.arange(52) // 2)


@pytest.mark.parametrize(
    "shares", [(0.7, 0.2), (1.0,), (), (0.5, 0.6, -0.1), (0.5, "auto"), (1, 0)]
)
def test_shares_that_are_no_whole_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"sum to 1, such as \(0\.7, 0\.15, 0\.15\); got \("):
        part_positions(100, shares)
