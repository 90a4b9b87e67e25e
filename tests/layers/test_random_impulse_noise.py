"""RandomImpulseNoise by its shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomImpulseNoise
from tests.distributions import assert_share, assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(("amount", "salt"), [(0.03, 0.5), (0.27, 0.5), (0.4, 0.1), (1, 1)])
def test_shares_become_white_and_black(apply: Any, amount: float, salt: float) -> None:
    gray = np.full((200, 200, 3), 128, np.uint8)
    noisy = apply(RandomImpulseNoise(amount, salt, seed=3), gray)
    assert set(np.unique(noisy)) <= {0, 128, 255}
    assert_share((noisy == 255).ravel(), amount * salt)
    assert_share((noisy == 0).ravel(), amount * (1 - salt))


def test_channels_are_decided_apart(apply: Any) -> None:
    """As in the source; half of the pixels that lose red keep green."""
    red, green, _ = np.moveaxis(
        apply(RandomImpulseNoise(0.5, seed=3), np.full((100, 100, 3), 128, np.uint8)) != 128, -1, 0
    )
    assert_share(green[red], 0.5)


def test_amounts_are_drawn_evenly() -> None:
    p = drawn(RandomImpulseNoise((0.1, 0.4)))
    assert_uniform((p["salt"] + p["pepper"]) / 65536, 0.1 - 1e-5, 0.4 + 1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"amount": 1.5}, "amount .*from 0 to 1"), ({"salt": -0.1}, "salt must be a share")],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomImpulseNoise: {message}"):
        RandomImpulseNoise(**options)
