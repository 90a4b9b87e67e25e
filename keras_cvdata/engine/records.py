"""What one image got, as plain numbers that JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters
from keras_cvdata.engine.chain import Chain


def to_plain(chain: Chain, drawn: Sequence[Parameters], b: int) -> list[dict[str, Any]]:
    """Write down what one image of a batch got.

    Args:
        chain: The chain that drew.
        drawn: What `Chain.draw` returned.
        b: Which image of the batch.

    Returns:
        For each layer its name and its parameters: numbers, booleans, lists and dicts.

    Example:
        >>> from keras_cvdata.layers import RandomFlip
        >>> chain = Chain([RandomFlip("horizontal")])
        >>> to_plain(chain, chain.draw(np.array([[0.2]]), 4, 4), 0)
        [{'layer': 'RandomFlip', 'parameters': {'x': -1.0, 'y': 1.0}}]
    """
    return [
        {"layer": type(layer).__name__, "parameters": _plain(p, b)}
        for layer, p in zip(chain.layers, drawn, strict=True)
    ]


def from_plain(chain: Chain, stored: Sequence[dict[str, Any]]) -> list[Parameters]:
    """Read what `to_plain` wrote, as a batch of one image.

    Args:
        chain: A chain of the same layers.
        stored: What `to_plain` returned, also after a way through JSON.

    Returns:
        What `Chain.prepare` takes.

    Raises:
        ValueError: The layers are others than those of the chain.
    """
    names = [type(layer).__name__ for layer in chain.layers]
    found = [entry.get("layer") for entry in stored]
    if names != found:
        raise ValueError(
            f"The parameters belong to the layers {found}, not to {names}. Replay them with the "
            "augmentation that drew them."
        )
    return [_batch(entry["parameters"]) for entry in stored]


def _plain(value: Any, b: int) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each, b) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, b) for each in value]
    return value[b].tolist()


def _batch(value: Any) -> Any:
    """Give numbers and nested lists of numbers a first axis; dicts and lists of them are kept."""
    if isinstance(value, dict):
        return {name: _batch(each) for name, each in value.items()}
    if isinstance(value, list) and value and _holds_dicts(value):
        return [_batch(each) for each in value]
    return np.asarray(value)[None]


def _holds_dicts(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, dict)
