"""The script that repeats the handbook's experiments: what it trains, on what, what it keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import handbook
from benchmarks.handbook import EXPERIMENTS, Network

ROWS = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
DIGITS = {
    "x_train": ROWS,
    "y_train": np.arange(20, dtype=np.uint8) % 10,
    "x_test": ROWS[:10],
    "y_test": np.arange(10, dtype=np.uint8),
}


@pytest.mark.backends
@pytest.mark.parametrize("number", ["R" + digits for digits in ("83", "84", "85", "86", "87")])
def test_networks_have_the_parameters_of_the_book(number: str) -> None:
    """R83 to R87."""
    network, _, parameters, _ = EXPERIMENTS[number]
    model = network.make()
    assert model.count_params() == (parameters or 669_706)  # dropout has none
    dropped = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert dropped == {"R86": [0.5, 0.5], "R87": [0.25]}.get(number, [])


@pytest.mark.backends
def test_the_first_images_are_added_inverted() -> None:
    """R90, R91: a tenth, with their labels."""
    data = handbook.training_set(Network(filters=(4,), inverted=10), DIGITS, seed=0)
    assert len(data.source) == 22
    assert np.array_equal(data.source.image(21, "grayscale")[..., 0], 255 - ROWS[1])
    assert data.source.labels["label"].values.tolist()[20:] == [0, 1]


def test_tests_are_those_of_the_book() -> None:
    """R82: the shift goes over the ends of rows."""
    sets = handbook.test_sets(ROWS)
    assert np.array_equal(sets["inverted"], 255 - ROWS)
    assert np.array_equal(sets["shifted"][:, :, 4:], ROWS[:, :, :-4])
    assert np.array_equal(sets["shifted"][0, 1, :4], ROWS[0, 0, -4:])


def test_what_was_trained_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def train(network: Network, *_: object) -> dict[str, float]:
        trained.append(str(network))
        return {"clean": 0.9, "inverted": 0.8, "shifted": 0.7, "parameters": 9, "seconds": 1}

    monkeypatch.setattr(handbook, "train", train)
    np.savez(tmp_path / "mnist.npz", **DIGITS)

    def run(*options: str) -> int:
        options = ("--mnist", str(tmp_path / "mnist.npz"), "--out", str(tmp_path), *options)
        monkeypatch.setattr(sys, "argv", ["handbook.py", *options])
        return handbook.main()

    assert run("--only", "R83", "R88", "--seeds", "0") == 0
    assert trained == ["DNN [512]", "CNN [16, 32]"]
    assert run("--only", "R88", "R89", "R91", "--seeds", "0", "1") == 1  # nothing was gained
    assert len(trained) == 2 + 7 + 8  # R89 is the curve's first point; R88 was there once
    assert run("--only", "R88", "--seeds", "1", "--images", "12") == 0
    assert len(trained) == 18
    assert list(json.loads((tmp_path / "handbook.json").read_text())) == [
        "20 images, 10 epochs",
        "12 images, 10 epochs",
    ]
    run("--only", "R83", "--seeds", "0")
    assert len(trained) == 18
    page = (tmp_path / "handbook.md").read_text()
    assert "| R83 | DNN [512] | 407,050 / 9 | 0.979 / 0.900 |" in page
    assert "| 50 % | 0.900 (0.900 to 0.900) |" in page
