"""One kind of perturbation in its strengths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Family:
    """A perturbation whose strengths are numbered, from 1 for the weakest up.

    What it gives acts on images at the size of the model's input, with values of the uint8 range;
    some families take uint8 images only. Call it with a severity for what `augment=` takes.

    Attributes:
        name: Its name in tables.
        unit: What `strength` counts, such as "degrees"; "" where there is nothing to count.
        constants: For each severity what `make` is given; the first of them is the strength.
            Families with one strength, such as the negative, have one entry.
        make: Gives what `augment=` takes, from the constants of a severity.
        source: Where the constants come from.
        note: Where its pixels differ from those of the source.
        released: The severity of a published data set that has only one; `None` elsewhere.
        published: The severities of the source that are 1 to 5 here, where its order is not that
            of the damage; empty elsewhere.

    Example:
        >>> from keras_cvdata.layers import RandomGaussianNoise
        >>> noise = Family("noise", "whites", ((0.1,), (0.2,)), lambda s: [RandomGaussianNoise(s)])
        >>> noise.severities, noise.strength(2), len(noise(2))
        ((1, 2), 0.2, 1)
    """

    name: str
    unit: str
    constants: tuple[tuple[Any, ...], ...]
    make: Callable[..., list[Any]]
    source: str = ""
    note: str = ""
    released: int | None = None
    published: tuple[int, ...] = ()

    @property
    def severities(self) -> tuple[int, ...]:
        """The severities that it has: 1 to 5, or 1 alone."""
        return tuple(range(1, len(self.constants) + 1))

    def strength(self, severity: int) -> float:
        """Give the strength of a severity, in the unit of the family."""
        return float(self._of(severity)[0])

    def __call__(self, severity: int) -> list[Any]:
        """Give what `augment=` takes.

        Args:
            severity: One of `severities`.

        Returns:
            Layers of this package, and drawn perturbations that stand in `augment=` like them.

        Raises:
            ValueError: The family has no such severity.
        """
        return self.make(*self._of(severity))

    def at_strength(self, strength: float) -> list[Any]:
        """Give what `augment=` takes for any strength, also between two severities.

        Args:
            strength: In the unit of the family.

        Returns:
            As for a severity.

        Raises:
            ValueError: One number does not say how strong the family is.
        """
        if len(self.constants) < 2 or any(len(constants) > 1 for constants in self.constants):
            raise ValueError(
                f"The family {self.name!r} cannot be had at a strength of {strength!r}: it goes by "
                f"severities, {self.severities}. Call it with one of them."
            )
        return self.make(strength)

    def _of(self, severity: int) -> tuple[Any, ...]:
        if severity not in self.severities:
            raise ValueError(
                f"The family {self.name!r} has the severities {self.severities}; got {severity!r}."
            )
        return self.constants[severity - 1]


def each(*strengths: float) -> tuple[tuple[float, ...], ...]:
    """Give the constants of a family of one number.

    Args:
        *strengths: Its strengths, from the weakest up.

    Returns:
        One entry for each severity.

    Example:
        >>> each(10, 20)
        ((10,), (20,))
    """
    return tuple((strength,) for strength in strengths)
