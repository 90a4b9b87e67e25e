"""Where the object is, and what it looks like."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keras_cvdata.audit.foreground import (
    COLORS,
    find_foreground,
    main_color,
    name_colors,
    outline,
    placing,
)


def disc(radius: int, middle: tuple[int, int] = (16, 16)) -> np.ndarray:
    mask = np.zeros((32, 32), np.uint8)
    cv2.circle(mask, middle, radius, 1, -1)
    return mask.astype(bool)


def test_an_object_before_a_gradient_is_found() -> None:
    """The border has many colours; the object may touch it on one side."""
    ramp = np.tile(np.linspace(120, 250, 32)[:, None], (1, 32))
    picture = np.stack([ramp, ramp, ramp], axis=-1).astype(np.uint8)
    body = disc(6, (16, 20))
    stem = np.zeros_like(body)
    stem[20:, 15:18] = True
    picture[body | stem] = 30, 120, 20
    found, contrast = find_foreground(picture)
    assert found[body].mean() > 0.95
    assert (found & ~body & ~stem).sum() < 0.2 * body.sum()  # its blurred edge
    assert contrast > 25  # what `Classes` calls clear


def test_an_object_may_hide_a_part_of_the_border() -> None:
    picture = np.full((32, 32, 3), 200, np.uint8)
    picture[12:, 8:16] = 30, 90, 30  # one whole patch of the border
    found, contrast = find_foreground(picture)
    assert found[14:22, 9:15].all()
    assert contrast > 25


def test_of_two_objects_that_in_the_middle_counts() -> None:
    picture = np.full((32, 32, 3), 200, np.uint8)
    picture[4:12, 4:12] = 30, 90, 30
    picture[13:20, 13:20] = 30, 90, 30
    found, _ = find_foreground(picture)
    assert found[13:20, 13:20].all()
    assert not found[4:11, 4:11].any()


@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_picture_has_no_object(level: int) -> None:
    found, contrast = find_foreground(np.full((32, 32, 3), level, np.uint8))
    assert found.all()
    assert contrast == 0


def test_moments_give_size_place_and_angle() -> None:
    mask = np.zeros((32, 32), np.uint8)
    cv2.ellipse(mask, (20, 12), (10, 4), 25, 0, 360, 1, -1)
    placed = placing(mask.astype(bool))
    assert placed.scale == pytest.approx(np.sqrt(np.pi * 10.5 * 4.5) / 32, rel=0.05)
    assert (placed.x, placed.y) == pytest.approx((20.5 / 32, 12.5 / 32), abs=0.01)
    assert placed.angle == pytest.approx(25, abs=2)
    assert placed.elongation == pytest.approx(10.5 / 4.5, rel=0.08)
    assert placing(disc(8)).elongation == pytest.approx(1, abs=0.02)


def test_an_outline_has_neither_size_nor_place() -> None:
    small, large = disc(7, (9, 9)), disc(14)
    assert bin(outline(small) ^ outline(large)).count("1") <= 8
    bar = np.zeros((32, 32), bool)
    np.fill_diagonal(bar, True)
    assert bin(outline(large) ^ outline(bar)).count("1") > 30
    assert outline(np.ones((32, 32), bool)) == 2**64 - 1


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((200, 20, 20), "red"),
        ((200, 20, 60), "red"),
        ((250, 140, 20), "orange"),
        ((120, 70, 20), "brown"),
        ((240, 220, 30), "yellow"),
        ((60, 140, 40), "green"),
        ((40, 90, 200), "blue"),
        ((130, 40, 180), "purple"),
        ((240, 150, 160), "pink"),
        ((10, 12, 9), "black"),
        ((128, 130, 126), "grey"),
        ((250, 248, 240), "white"),
    ],
)
def test_names_of_colours(rgb: tuple[int, int, int], name: str) -> None:
    assert COLORS[name_colors(np.array([rgb], np.uint8))[0]] == name


def test_the_main_color_is_that_of_most_pixels() -> None:
    pixels = np.array([[200, 20, 20]] * 7 + [[60, 140, 40]] * 3, np.uint8)
    color, share = main_color(pixels)
    assert (COLORS[color], share) == ("red", 0.7)
