"""The 15 families of MNIST-C, with the constants of its code."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata import layers
from keras_cvdata.stress import published, strokes
from keras_cvdata.stress.drawn import Drawn
from keras_cvdata.stress.family import Family, each
from keras_cvdata.stress.glass import exchange_glass
from keras_cvdata.stress.spatter import spatter_mud

SIDE = 28  # pixels of the images for which the constants were published
_SOURCE = "Mu and Gilmer 2019, MNIST-C"
_NUMBERS = "other random numbers"
_MUD = 63


def families(side: int = SIDE) -> dict[str, Family]:
    """Give the families of the suite "digits", by name, in the order of the paper.

    The data set was released with one severity of each, which is `released`; the others are in its
    code. Families that are not graded there have one severity. Lengths in pixels are those of 28 x
    28 pixels; for other sizes they are meant in proportion.

    Args:
        side: Shorter side of the images in pixels.

    Returns:
        The 15 families.

    Example:
        >>> noise = families()["shot noise"]
        >>> noise.strength(noise.released), noise.unit
        (3.0, 'photons')
    """
    listed = (*_noises(side / SIDE), *_moves(), *_drawings())
    order = (
        *("shot noise", "impulse noise", "glass blur", "motion blur", "shear", "scale", "rotate"),
        *("brightness", "translate", "stripe", "fog", "spatter", "dotted line", "zigzag"),
        "canny edges",
    )
    by_name = {family.name: family for family in listed}
    return {name: by_name[name] for name in order}


def _noises(scale: float) -> list[Family]:
    """Noises and blurs; lengths are multiplied by `scale`."""
    return [
        Family(
            "shot noise",
            "photons",
            each(60, 25, 12, 5, 3),
            lambda photons: [layers.RandomShotNoise(photons)],
            _SOURCE,
            _NUMBERS,
            released=5,
        ),
        Family(
            "impulse noise",
            "of the values",
            each(0.03, 0.06, 0.09, 0.17, 0.27),
            lambda amount: [layers.RandomImpulseNoise(amount)],
            _SOURCE,
            _NUMBERS,
            released=4,
        ),
        Family(
            "glass blur",
            "pixels of sigma",
            ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
            lambda sigma, reach, rounds: [
                Drawn(exchange_glass, scale * sigma, max(round(scale * reach), 1), rounds)
            ],
            _SOURCE,
            _NUMBERS,
            released=1,
        ),
        Family(
            "motion blur",
            "pixels of radius",
            ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            lambda radius, sigma: [Drawn(published.blur_motion, scale * radius, scale * sigma)],
            _SOURCE,
            "other random angles",
            released=1,
        ),
    ]


def _moves() -> list[Family]:
    return [
        Family(
            "shear",
            "radians",
            each(0.2, 0.4, 0.6, 0.8, 1.0),
            lambda radians: [Drawn(strokes.slant, radians)],
            _SOURCE,
            "the other way round for other images",
            released=2,
        ),
        Family(
            "scale",
            "times as large",
            each(0.9, 0.8, 0.7, 0.6, 0.5),
            lambda times: [layers.RandomZoomCrop((times, times), fill_mode="constant")],
            _SOURCE,
            released=3,
        ),
        Family(
            "rotate",
            "radians",
            each(0.2, 0.4, 0.6, 0.8, 1.0),
            _rotated,
            _SOURCE,
            "the other way round for other images",
            released=2,
        ),
        Family(
            "translate",
            "of the side",
            each(1 / 28, 2 / 28, 3 / 28, 4 / 28, 5 / 28),
            _translated,
            _SOURCE,
            "other directions for other images",
            released=3,
        ),
    ]


def _drawings() -> list[Family]:
    return [
        Family(
            "brightness",
            "whites",
            each(0.1, 0.2, 0.3, 0.4, 0.5),
            lambda offset: [Drawn(published.brighten, offset)],
            _SOURCE,
            released=5,
        ),
        Family(
            "stripe",
            "of the width",
            each(0.25),
            lambda share: [Drawn(strokes.invert_sides, share)],
            _SOURCE,
        ),
        Family(
            "fog",
            "whites",
            ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
            lambda thickness, decay: [Drawn(strokes.add_fog, thickness, decay)],
            _SOURCE,
            "other random clouds, without those of less than two pixels",
            released=5,
        ),
        Family(
            "spatter",
            "pixels of blur",
            (
                (4, 0.65, 0.3, 0.69, 0.6),
                (3, 0.65, 0.3, 0.68, 0.6),
                (2, 0.65, 0.3, 0.68, 0.5),
                (1, 0.65, 0.3, 0.65, 1.5),
                (1, 0.67, 0.4, 0.65, 1.5),
            ),
            lambda *constants: [
                Drawn(spatter_mud, constants[:4], constants[4], (_MUD, _MUD, _MUD), SIDE)
            ],
            _SOURCE,
            _NUMBERS,
            released=4,
        ),
        Family("dotted line", "", each(1), lambda _: [Drawn(strokes.add_dots)], _SOURCE, _NUMBERS),
        Family(
            "zigzag",
            "",
            each(1),
            lambda _: [Drawn(strokes.add_zigzag)],
            _SOURCE,
            f"{_NUMBERS}; the last stroke ends on the line",
        ),
        Family(
            "canny edges",
            "",
            each(1),
            lambda _: [Drawn(strokes.find_edges)],
            _SOURCE,
            "by the function of OpenCV",
        ),
    ]


def _rotated(radians: float) -> list[Any]:
    degrees = float(np.rad2deg(radians))
    ways = (degrees, -degrees)
    turns = [layers.RandomRotation(degrees=(way, way), fill_mode="constant") for way in ways]
    return [layers.OneOf(turns)]


def _translated(share: float) -> list[Any]:
    """Shift by as much down or up as to the right or the left."""
    shifts = [
        layers.RandomTranslation((down, down), (right, right), fill_mode="constant")
        for down in (share, -share)
        for right in (share, -share)
    ]
    return [layers.OneOf(shifts)]
