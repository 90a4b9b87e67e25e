"""Arguments of Keras's layers that mean something else here, or have another name."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def check_positions(layer: type[Any], args: tuple[Any, ...]) -> None:
    """Refuse what is given by position and may only be given by name.

    Where Keras's layer of that name has another argument at a position, nothing stands there here,
    so that no number is taken for what it was not meant to be. Numbers may stand where Keras has
    `value_range`, which it refuses to take from them; pairs may not.

    Args:
        layer: The class that is being constructed.
        args: What was given by position.

    Raises:
        TypeError: There are more than the constructor takes, or a pair stands in the place of
            Keras's `value_range`.
    """
    _, *parameters = inspect.signature(layer.__init__).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return
    taken = [each.name for each in parameters if each.kind in _BY_POSITION]
    theirs, names = _keras_names(layer), layer._argument_names()
    position = next(
        (at for at, value in enumerate(args) if _is_range(at, value, taken, theirs)), len(taken)
    )
    if len(args) <= position:
        return
    first = f"{position + 1}. argument" if taken else "arguments"
    message = f"{layer.__name__} takes its {first} by name; got {args[position]!r} by position."
    if position < len(theirs):
        name = theirs[position]
        message += f" At this place {layer.__name__} of Keras has {name}."
        message += hint(layer, name) or f" Write {name}={args[position]!r}, if that is meant."
    raise TypeError(f"{message} It takes {', '.join(sorted(set(names)))}.")


def _is_range(position: int, value: Any, taken: list[str], theirs: list[str]) -> bool:
    """Say whether Keras takes a value for its `value_range`, and the layer here for another."""
    here, there = (names[position : position + 1] for names in (taken, theirs))
    is_pair = isinstance(value, list | tuple | np.ndarray)
    return is_pair and there == ["value_range"] and bool(here) and here != there


def hint(layer: type[Any], name: str) -> str:
    """Say what to write in place of an argument of Keras.

    Args:
        layer: The class that is being constructed, which does not take the argument.
        name: The argument.

    Returns:
        A sentence with a blank before it, or nothing.

    Example:
        >>> from keras_cvdata.layers import RandomPerspective
        >>> hint(RandomPerspective, "factor")[:29]
        " Keras's factor is rate= here"
    """
    if name in layer.instead_of:
        return f" {layer.instead_of[name]}"
    if name == "factor" and name in _keras_names(layer) and name not in layer._argument_names():
        return (
            " Keras's factor is rate= here, the probability to act; use rate=. Of a number f Keras "
            "draws the probability from 0 to f, which acts as often as rate=f/2."
        )
    return ""


def _keras_names(layer: type[Any]) -> list[str]:
    """Arguments by position of the layer of Keras with the same name."""
    theirs = getattr(keras.layers, layer.__name__, None)
    if theirs is None:
        return []
    parameters = inspect.signature(theirs).parameters.values()
    return [each.name for each in parameters if each.kind in _BY_POSITION]
