"""RandomSpatter by its colours and by the share that it covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomSpatter
from tests.distributions import assert_share, assert_uniform, drawn

pytestmark = pytest.mark.backends

WATER, MUD = np.array([175, 238, 238]), np.array([63, 42, 20])


@pytest.mark.parametrize("cover", [0.05, 0.3, 1.0])
def test_mud_hides_a_share(apply: Any, cover: float) -> None:
    white = np.full((250, 250, 3), 255, np.uint8)
    muddy = apply(RandomSpatter(cover, size=3, opacity=1, kind="mud", seed=3), white)
    assert (muddy != 255).any(axis=-1).mean() == pytest.approx(cover, rel=0.1)
    share = (255 - muddy.astype(float)) / (255 - MUD)
    assert np.allclose(share, share[..., :1], atol=1.01 / 192)  # both are rounded
    assert 0 <= share.min() <= share.max() <= 1


def test_water_brightens_most_at_its_edge(apply: Any) -> None:
    black = np.zeros((250, 250, 3), np.float32)
    layer = RandomSpatter(0.4, size=20, opacity=0.5, kind="water", value_range=(0, 255), seed=3)
    share = apply(layer, black) / WATER
    assert np.allclose(share, share[..., :1], atol=1e-6)
    assert 0.4 < share.max() <= 0.5
    flood = RandomSpatter(1.0, size=20, opacity=0.5, kind="water", value_range=(0, 255), seed=3)
    assert np.allclose(apply(flood, black), 0.15 * WATER, atol=1e-3)  # far within


def test_a_fourth_channel_stays_and_others_are_gray(apply: Any) -> None:
    for channels in (1, 2, 4):
        image = np.full((40, 40, channels), 100, np.uint8)
        changed = apply(RandomSpatter(0.5, seed=3), image)
        assert (changed[..., 0] != 100).any()
        last = changed[..., -1]
        assert np.array_equal(last, image[..., -1] if channels == 4 else changed[..., 0])


def test_kind_and_strength_are_drawn() -> None:
    p = drawn(RandomSpatter(size=(5, 20), opacity=(0.2, 0.8)))
    assert_share(p["mud"], 0.5)
    assert_uniform(p["size"], 5, 20)
    assert_uniform(p["opacity"], 0.2, 0.8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cover": -0.1}, "cover .*from 0 to 1"),
        ({"opacity": 2}, "opacity .*from 0 to 1"),
        ({"kind": "oil"}, "kind must be one of 'water', 'mud', 'either'"),
    ],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomSpatter: {message}"):
        RandomSpatter(**options)
