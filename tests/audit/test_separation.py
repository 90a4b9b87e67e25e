"""Classifiers in closed form, the area under their curve, and what chance explains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_cvdata.audit.separation import (
    area_under_curve,
    chance_of_share,
    class_curves,
    standard_error,
)


def test_area_is_the_share_of_right_pairs() -> None:
    random = np.random.default_rng(0)
    scores = random.integers(0, 9, 60)
    positive = random.random(60) < 0.3
    pairs = scores[positive][:, None] - scores[~positive]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert area_under_curve(scores, positive) == pytest.approx(expected)


def test_area_of_one_side_alone() -> None:
    assert area_under_curve(np.arange(3), np.zeros(3, bool)) == 0.5
    assert standard_error(0.7, 0, 5) == 0.5


def test_standard_error_is_that_of_repeated_samples() -> None:
    """Of scores that are exponential, for which the formula was derived."""
    random = np.random.default_rng(1)
    scores = random.exponential(size=(2000, 100)) * np.r_[np.full(20, 3.0), np.ones(80)]
    positive = np.arange(100) < 20
    areas = [area_under_curve(row, positive) for row in scores]
    assert standard_error(float(np.mean(areas)), 20, 80) == pytest.approx(np.std(areas), rel=0.05)
    assert standard_error(1.0, 20, 80) == 0


def test_chance_bounds_the_binomial_tail() -> None:
    for count, usual in ((2, 0.01), (5, 0.1), (20, 0.5)):
        tail = sum(math.comb(20, k) * usual**k * (1 - usual) ** (20 - k) for k in range(count, 21))
        assert tail <= chance_of_share(count / 20, 20, usual) <= 30 * tail


def test_curves_tell_what_separates() -> None:
    random = np.random.default_rng(2)
    codes = np.repeat([0, 1, 2], 60)
    features = random.normal(128, 20, (180, 5))
    features[codes == 1, 2] += 80
    areas = class_curves(features, codes, 3)
    assert areas[1] > 0.98


def test_curves_of_nothing_are_a_half() -> None:
    """What is held out is not known, so nothing is learned by heart."""
    codes = np.repeat([0, 1, 2], 60)
    areas = [
        class_curves(np.random.default_rng(seed).normal(128, 20, (180, 20)), codes, 3)
        for seed in range(20)
    ]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.03)


def test_curves_see_a_class_between_the_others() -> None:
    """By the squares: its border is neither dark nor light."""
    random = np.random.default_rng(3)
    codes = np.repeat([0, 1], 80)
    features = np.where(codes == 1, 128.0, random.choice([20.0, 230.0], 160))[:, None]
    features = features + random.normal(0, 5, (160, 1))
    assert class_curves(features, codes, 2)[1] > 0.99


def test_features_that_hardly_vary_tell_nothing() -> None:
    """Borders of one colour in all classes, which differ by what compression left."""
    codes = np.repeat([0, 1], 50)
    features = 40 + 1.9 * np.tile(codes[:, None], 4)
    assert class_curves(features, codes, 2).tolist() == [0.5, 0.5]
    assert class_curves(features, codes, 2, noise=0.1).tolist() == [1.0, 1.0]


def test_copies_that_follow_one_another_are_held_out_together() -> None:
    codes = np.repeat([0, 1], 60)
    areas = []
    for seed in range(50):
        features = np.random.default_rng(seed).normal(size=(30, 40)).repeat(4, axis=0)
        areas.append(class_curves(features, codes, 2, noise=0))
    assert np.mean(areas) < 0.6


def test_rows_in_any_order_of_classes() -> None:
    random = np.random.default_rng(5)
    codes = np.repeat([0, 1], 50)
    features = random.normal(size=(100, 3)) * 10 + codes[:, None] * 10
    mixed = np.argsort(np.arange(100) % 50, kind="stable")  # the order within a class stays
    sorted_areas = class_curves(features, codes, 2)
    np.testing.assert_allclose(class_curves(features[mixed], codes[mixed], 2), sorted_areas)


def test_a_class_of_one_row_is_no_crash() -> None:
    areas = class_curves(np.arange(8.0)[:, None], np.array([0] * 7 + [1]), 2)
    assert np.isfinite(areas).all()
