"""The suites of perturbations, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras_cvdata.stress import background, digits, geometry, handbook, photo
from keras_cvdata.stress.family import Family

SUITES: dict[str, Callable[[], dict[str, Family]]] = {
    "handbook": handbook.families,
    "digits": digits.families,
    "photo": photo.families,
    "geometry": geometry.families,
    "background": background.families,
}

_BY_SIDE: dict[str, Callable[[int], dict[str, Family]]] = {
    "digits": digits.families,
    "photo": photo.families,
}


def suite_of(suite: str | Mapping[str, Any], side: int | None = None) -> dict[str, Family]:
    """Give the families of a suite.

    Call a family with one of its `severities` for what `augment=` of a sequence takes;
    `Family.strength` says how strong that is, in the `unit` of the family. Families that have one
    strength only, such as the negative, have the one severity 1, so ask each for its `severities`.

    Args:
        suite: The name of a suite, or a dict with what `augment=` takes by name, which becomes a
            suite of one severity each; families in it stay as they are.
        side: Shorter side in pixels of the images that they will act on. Lengths in pixels of
            "photo" and "digits" were published for 224 and 28 pixels, and go in proportion to it;
            by default they stay as published.

    Returns:
        The families by name, in the order of the tables.

    Raises:
        TypeError: It is neither a name nor a dict.
        ValueError: There is no such suite, or the dict is empty.

    Example:
        >>> [(name, family.severities) for name, family in suite_of("handbook").items()][:2]
        [('invert', (1,)), ('shift left', (1,))]
    """
    if isinstance(suite, Mapping):
        if not suite:
            raise ValueError("suite is an empty dict; give at least one layer by name.")
        return {name: _as_family(name, augment) for name, augment in suite.items()}
    names = ", ".join(map(repr, SUITES))
    if not isinstance(suite, str):
        raise TypeError(f"suite must be one of {names} or a dict of layers by name; got {suite!r}.")
    if suite not in SUITES:
        raise ValueError(
            f"suite must be one of {names} or a dict of layers by name; got {suite!r}."
        )
    if side is not None and suite in _BY_SIDE:
        return _BY_SIDE[suite](side)
    return SUITES[suite]()


def _as_family(name: str, augment: Any) -> Family:
    if isinstance(augment, Family):
        return augment
    layers = list(augment) if isinstance(augment, list | tuple) else [augment]
    return Family(name, "", ((1.0,),), lambda _: layers)
