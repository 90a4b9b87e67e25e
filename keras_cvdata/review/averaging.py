"""Test-time augmentation: several looks at an image, whose predictions are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from keras_cvdata.arguments import choice, integer
from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.review.heads import HeadKind
from keras_cvdata.types import Array

Merge = Literal["mean", "geometric", "max"]

_IN_PLACE = ("curve", "histogram", "mix", "kernel")  # forms of layers that move no pixels
_LEAST = 1e-12  # what the logarithm of a probability is taken of at least


class Move(NamedTuple):
    """A mirror image, left to right, or not, and then quarter turns counter-clockwise."""

    turns: int
    mirrored: bool

    def apply(self, images: Array, axes: tuple[int, int]) -> Array:
        """Move images; `axes` are those of height and width."""
        moved = np.flip(images, axes[1]) if self.mirrored else images
        return np.ascontiguousarray(np.rot90(moved, self.turns, axes))

    def undo(self, images: Array, axes: tuple[int, int]) -> Array:
        """Move images back."""
        turned = np.rot90(images, -self.turns, axes)
        return np.flip(turned, axes[1]) if self.mirrored else turned


AS_IT_IS = Move(0, False)
MOVES = {
    "mirror": (AS_IT_IS, Move(0, True)),
    "flips": tuple(Move(turns, mirrored) for turns in (0, 2) for mirrored in (False, True)),
    "turns": tuple(Move(turns, False) for turns in range(4)),
    "all": tuple(Move(turns, mirrored) for turns in range(4) for mirrored in (False, True)),
}


@dataclass(frozen=True)
class Averaging:
    """Which looks at an image are taken, and how their predictions become one.

    Args:
        moves: What is done to finished batches, in turn.
        layers: What changes the images of each draw; None for nothing.
        draws: Number of draws.
        merge: "mean", "geometric" or "max".
    """

    moves: tuple[Move, ...] = (AS_IT_IS,)
    layers: Any = None
    draws: int = 1
    merge: Merge = "mean"

    @property
    def is_trivial(self) -> bool:
        """Whether each image is looked at once, as it is."""
        return self.moves == (AS_IT_IS,) and self.draws == 1

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Refuse quarter turns of images that are not square.

        Args:
            image_shape: (height, width, channels) of what the model sees.

        Raises:
            ValueError: They are not.
        """
        height, width = image_shape[:2]
        if height != width and any(move.turns % 2 for move in self.moves):
            raise ValueError(
                f"tta='turns' and 'all' turn images by a quarter, so that they must be square; the "
                f"model gets {height} x {width}. Use tta='flips' or 'mirror'."
            )

    def check_kind(self, kind: HeadKind) -> None:
        """Refuse what cannot be undone, or not be merged, for outputs of a kind.

        Args:
            kind: What the outputs are.

        Raises:
            ValueError: Masks would move, or numbers be merged as probabilities.
        """
        if kind == "regression" and self.merge != "mean":
            raise ValueError(
                f"merge={self.merge!r} is for probabilities, and the model gives numbers. Use "
                "merge='mean'."
            )
        parts = [part for layer in parse_layers(self.layers) for part in layer.flatten()]
        moving = next((part for part in parts if part.form not in _IN_PLACE), None)
        if kind == "masks" and moving is not None:
            raise ValueError(
                f"tta holds {moving!r}, which may move pixels, and masks cannot be moved back for "
                f"it. Use one of {', '.join(map(repr, MOVES))}, or layers of light and colour."
            )

    def merged(self, kind: HeadKind, looks: Sequence[Array]) -> Array:
        """Make one prediction of several.

        Args:
            kind: What the outputs are.
            looks: (N, ..., K) outputs of each look.

        Returns:
            (N, ..., K) float32; of classes that exclude each other of rows with the sum 1.
        """
        if len(looks) == 1:
            return looks[0]
        if self.merge == "max":
            found = np.max(looks, axis=0).astype(np.float64)
        else:
            total = np.zeros(looks[0].shape)
            for look in looks:
                total += look if self.merge == "mean" else np.log(look.clip(_LEAST))
            total /= len(looks)
            found = total if self.merge == "mean" else np.exp(total)
        if kind in ("classes", "masks"):
            found /= found.sum(axis=-1, keepdims=True)
        return np.asarray(found, np.float32)


def averaging(tta: Any, draws: int = 8, merge: str = "mean") -> Averaging:
    """Read the arguments of test-time augmentation.

    Args:
        tta: Name of some moves, layers, or None.
        draws: How often layers are drawn.
        merge: How the predictions become one.

    Returns:
        What to do.

    Raises:
        ValueError: An argument is none of those there are.
        TypeError: `tta` is neither a name nor layers.

    Example:
        >>> averaging("mirror").moves
        (Move(turns=0, mirrored=False), Move(turns=0, mirrored=True))
    """
    kind: Any = choice("merge", merge, ("mean", "geometric", "max"))
    if tta is None:
        return Averaging(merge=kind)
    if isinstance(tta, str):
        return Averaging(MOVES[choice("tta", tta, tuple(MOVES))], merge=kind)
    parse_layers(tta)
    return Averaging(layers=tta, draws=integer("draws", draws, 1), merge=kind)
