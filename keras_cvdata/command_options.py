"""What the options of the command line take, and how its errors speak of them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Any

# Name in --augment: default amount, what it does, and the layer for an amount.
Recipe = tuple[float | None, str, Callable[[Any, Any], Any]]
AUGMENTATIONS: dict[str, Recipe] = {
    "flip": (None, "left to right", lambda layers, _: layers.RandomFlip("horizontal")),
    "upside": (None, "top to bottom", lambda layers, _: layers.RandomFlip("vertical")),
    "rot90": (None, "quarter turns", lambda layers, _: layers.RandomRot90()),
    "rotate": (30, "degrees either way", lambda layers, a: layers.RandomRotateBound(a)),
    "zoom": (1.3, "largest magnification", lambda layers, a: layers.RandomZoomCrop((1, a))),
    "shift": (0.1, "part of the side", lambda layers, a: layers.RandomTranslation(a, a)),
    "roll": (0.1, "part of the side", lambda layers, a: layers.RandomRoll(a, a)),
    "light": (
        0.2,
        "part of contrast, half of it brightness",
        lambda layers, a: layers.RandomLighting((1 - a, 1 + a), a / 2),
    ),
    "color": (
        0.2,
        "part of each channel",
        lambda layers, a: layers.RandomChannelLighting((1 - a, 1 + a)),
    ),
    "invert": (0.1, "part of the images", lambda layers, a: layers.RandomInvert(a)),
}


def in_options(text: str, names: Iterable[str]) -> str:
    """Say options where the message of a function says its keywords."""
    text = re.sub(r"\bstratify=False\b", "--no-stratify", text)
    text = re.sub(
        r"image_size=\(height, width\), for example \((\d+), (\d+)\)", r"--image-size \1x\2", text
    )
    for name in names:
        option = f"--{name.replace('_', '-')}"
        text = re.sub(rf"\b{name}=True\b", option, text)
        text = re.sub(rf"\b{name}=(?=[\w'\"(])", f"{option} ", text)
        text = re.sub(rf"\b{name}=", option, text)
        if "_" in name:
            text = re.sub(rf"(?<![\w/.-]){name}(?![\w/]|\.\w)", option, text)
    return text


def count(text: str) -> int:
    """Read a number of things."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on; got {text!r}")
    return number


def size(text: str) -> tuple[int, int]:
    """Read `HEIGHTxWIDTH`, or one number for both."""
    height, _, width = text.lower().partition("x")
    return count(height), count(width or height)


def shape(text: str) -> tuple[int, ...]:
    """Read `HEIGHTxWIDTH` or `HEIGHTxWIDTHxCHANNELS`."""
    return tuple(map(count, text.lower().split("x")))


def share(text: str) -> float | str:
    """Read a share, or the word for the rule of thumb."""
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a share such as 0.2, or auto; got {text!r}"
        ) from None


def shares(text: str) -> tuple[float, ...]:
    """Read the shares of several parts, such as `0.7,0.15,0.15`."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected shares such as 0.7,0.15,0.15; got {text!r}"
        ) from None


def recipes(text: str) -> list[tuple[Callable[[Any, Any], Any], float | None]]:
    """Read `--augment`, such as `flip,rotate=30`."""
    chosen = []
    for part in filter(None, text.split(",")):
        name, _, amount = part.strip().partition("=")
        if name not in AUGMENTATIONS:
            raise argparse.ArgumentTypeError(
                f"expected names out of {', '.join(AUGMENTATIONS)}; got {name!r}"
            )
        default, _, make = AUGMENTATIONS[name]
        try:
            chosen.append((make, float(amount) if amount else default))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected a number after {name}=; got {amount!r}"
            ) from None
    return chosen
