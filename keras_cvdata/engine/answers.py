"""What the methods of a layer answer, refused by its name where it is not what they must return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_cvdata.engine.array_api import Parameters, Tensor


def ask(part: Any, method: str, shape: tuple[str | int, ...], *arguments: Any) -> Tensor:
    """Call a method of a layer that returns an array.

    Args:
        part: The layer.
        method: Name of the method.
        shape: Shape of its answer: numbers where they are fixed, letters elsewhere.
        *arguments: What it is called with.

    Returns:
        The answer.

    Raises:
        TypeError: The answer is no array.
        ValueError: It is one of another shape.

    Example:
        >>> import numpy as np
        >>> class Still:
        ...     def matrix(self):
        ...         return np.eye(3)
        >>> ask(Still(), "matrix", ("B", 3, 3))
        Traceback (most recent call last):
        ...
        ValueError: Still.matrix must return an array of shape (B, 3, 3); got one of shape (3, 3).
    """
    answer = _noted(part, method, _shown(shape), *arguments)
    if not hasattr(answer, "shape"):
        raise TypeError(_refusal(part, method, _shown(shape), _kind(answer)))
    got = tuple(answer.shape)
    fits = len(got) == len(shape) and all(
        isinstance(wanted, str) or size in (None, wanted)
        for wanted, size in zip(shape, got, strict=True)
    )
    if not fits:
        raise ValueError(_refusal(part, method, _shown(shape), f"one of shape {got}"))
    return answer


def ask_parameters(part: Any, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
    """Call the method `parameters` of a layer.

    Args:
        part: The layer.
        u: (B, n) uniform numbers.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        What it drew.

    Raises:
        TypeError: The answer is no dict of arrays.
        ValueError: An array does not hold one entry for each image.
    """
    wanted = "a dict of arrays whose first axis is the batch"
    answer: Parameters = _noted(part, "parameters", wanted, u, height, width, xp)
    if not isinstance(answer, Mapping):
        raise TypeError(_refusal(part, "parameters", wanted, _kind(answer)))
    for name, value in answer.items():
        if isinstance(value, list | tuple | dict):  # what the members of a policy drew
            continue
        if not hasattr(value, "shape"):
            raise TypeError(_refusal(part, "parameters", wanted, f"{name!r}: {_kind(value)}"))
        count = value.shape[0] if len(value.shape) else 0
        if count != u.shape[0] and None not in (count, u.shape[0]):
            got = f"{name!r} of shape {tuple(value.shape)} for {u.shape[0]} images"
            raise ValueError(_refusal(part, "parameters", wanted, got))
    return answer


def _noted(part: Any, method: str, wanted: str, *arguments: Any) -> Any:
    """Call a method, and let its own errors say whose they are."""
    try:
        return getattr(part, method)(*arguments)
    except Exception as error:
        error.add_note(f"Raised in {type(part).__name__}.{method}, which must return {wanted}.")
        raise


def _shown(shape: tuple[str | int, ...]) -> str:
    return f"an array of shape ({', '.join(map(str, shape))})"


def _kind(answer: Any) -> str:
    return "None" if answer is None else f"a {type(answer).__name__}"


def _refusal(part: Any, method: str, wanted: str, got: str) -> str:
    return f"{type(part).__name__}.{method} must return {wanted}; got {got}."
