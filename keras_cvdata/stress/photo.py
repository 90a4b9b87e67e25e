"""The 15 families of ImageNet-C and its four extra ones, with the published constants."""

from __future__ import annotations

from typing import Any

from keras_cvdata import layers
from keras_cvdata.stress import published
from keras_cvdata.stress.drawn import Drawn
from keras_cvdata.stress.family import Family, each
from keras_cvdata.stress.glass import blur_glass
from keras_cvdata.stress.spatter import spatter_mud, spatter_water

SIDE = 224  # pixels of the images for which the constants were published
_SOURCE = "Hendrycks and Dietterich 2019, ImageNet-C"
_NUMBERS = "other random numbers"
_MUD = (63, 42, 20)


def families(side: int = SIDE) -> dict[str, Family]:
    """Give the families of the suite "photo", by name, in the order of the paper.

    Severities go by the similarity (SSIM) to the original that they leave. Of three families the
    published order does not: there the five published severities stand in another order, which
    `Family.published` tells. Means over all five, such as the mCE, are the same in any order.

    Lengths in pixels are those that were published for 224 x 224 pixels. For other sizes they are
    meant in proportion, so that a blur hides the same details of a scene.

    Args:
        side: Shorter side of the images in pixels.

    Returns:
        15 families and the four extra ones, each with severities 1 to 5.

    Example:
        >>> noise = families()["gaussian noise"]
        >>> [noise.strength(severity) for severity in noise.severities]
        [0.08, 0.12, 0.18, 0.26, 0.38]
    """
    listed = (*_noises(), *_blurs(side / SIDE), *_weathers(side / SIDE), *_digital(side / SIDE))
    extra = ("speckle noise", "gaussian blur", "spatter", "saturate")
    ordered = sorted(listed, key=lambda family: family.name in extra)  # stable: the extra ones last
    return {family.name: family for family in ordered}


def _noises() -> list[Family]:
    return [
        Family(
            "gaussian noise",
            "whites",
            each(0.08, 0.12, 0.18, 0.26, 0.38),
            lambda stddev: [layers.RandomGaussianNoise(stddev)],
            _SOURCE,
            _NUMBERS,
        ),
        Family(
            "shot noise",
            "photons",
            each(60, 25, 12, 5, 3),
            lambda photons: [layers.RandomShotNoise(photons)],
            _SOURCE,
            _NUMBERS,
        ),
        Family(
            "impulse noise",
            "of the values",
            each(0.03, 0.06, 0.09, 0.17, 0.27),
            lambda amount: [layers.RandomImpulseNoise(amount)],
            _SOURCE,
            _NUMBERS,
        ),
        Family(
            "speckle noise",
            "of each value",
            each(0.15, 0.2, 0.35, 0.45, 0.6),
            lambda stddev: [layers.RandomSpeckleNoise(stddev)],
            _SOURCE,
            _NUMBERS,
        ),
    ]


def _blurs(scale: float) -> list[Family]:
    """Families that blur; lengths are multiplied by `scale`."""
    return [
        Family(
            "defocus blur",
            "pixels of radius",
            ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
            lambda radius, softness: [
                layers.RandomDefocusBlur(scale * radius, softness=scale * softness)
            ],
            _SOURCE,
            "the image is mirrored beyond its border in another way",
        ),
        Family(
            "glass blur",
            "pixels of sigma",
            ((0.7, 1, 2), (0.9, 2, 1), (1.1, 3, 2), (1, 2, 3), (1.5, 4, 2)),
            lambda sigma, reach, rounds: [
                Drawn(blur_glass, scale * sigma, max(round(scale * reach), 1), rounds)
            ],
            _SOURCE,
            _NUMBERS,
            published=(1, 2, 4, 3, 5),
        ),
        Family(
            "motion blur",
            "pixels of radius",
            ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            lambda radius, sigma: [Drawn(published.blur_motion, scale * radius, scale * sigma)],
            _SOURCE,
            "other random angles",
        ),
        Family(
            "zoom blur",
            "enlargements",
            ((0.11, 12), (0.15, 16), (0.2, 11), (0.24, 13), (0.3, 11)),
            lambda factor, steps: [layers.RandomZoomBlur(factor, steps=steps)],
            _SOURCE,
        ),
        Family(
            "gaussian blur",
            "pixels of sigma",
            each(1, 2, 3, 4, 6),
            lambda sigma: [layers.RandomGaussianBlur(sigma=scale * sigma)],
            _SOURCE,
            "beyond the border the image is mirrored, not repeated",
        ),
    ]


def _weathers(scale: float) -> list[Family]:
    """Families of weather; lengths are multiplied by `scale`."""

    def snow(*constants: Any) -> list[Any]:
        whiteness, cover, brightness, size, length = constants
        return [
            layers.RandomSnow(
                cover,
                brightness=brightness,
                size=max(scale * size, 1),
                length=max(scale * length, 1),
                whiteness=whiteness,
            )
        ]

    return [
        Family(
            "snow",
            "whites",
            (
                (0.2, 0.1, 0.21, 3, 8),
                (0.3, 0.275, 0.19, 2, 8),
                (0.3, 0.21, 0.27, 4, 16),
                (0.35, 0.25, 0.33, 4.5, 16),
                (0.45, 0.45, 0.17, 2.5, 24),
            ),
            snow,
            _SOURCE,
            "the whiteness is the published one; flakes are another texture, with the published "
            "mean and standard deviation",
        ),
        Family(
            "frost",
            "whites",
            ((0.4, 1), (0.6, 0.8), (0.7, 0.7), (0.7, 0.65), (0.75, 0.6)),
            lambda amount, keep: [
                layers.RandomFrost(amount, keep=keep, size=(max(8 * scale, 1), max(20 * scale, 1)))
            ],
            _SOURCE,
            "another texture: drawn ice in place of photographs of frost",
        ),
        Family(
            "fog",
            "whites",
            ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
            lambda thickness, decay: [layers.RandomFog(thickness, decay)],
            _SOURCE,
            "other random clouds",
        ),
        Family(
            "spatter",
            "pixels of blur",
            (
                (4, 0.65, 0.3, 0.69, 0.6, "water"),
                (3, 0.65, 0.3, 0.68, 0.6, "water"),
                (2, 0.65, 0.3, 0.68, 0.5, "water"),
                (1, 0.65, 0.3, 0.65, 1.5, "mud"),
                (1, 0.67, 0.4, 0.65, 1.5, "mud"),
            ),
            _spattered,
            _SOURCE,
            _NUMBERS,
        ),
    ]


def _digital(scale: float) -> list[Family]:
    """Families of files and cameras; lengths are multiplied by `scale`."""
    return [
        Family(
            "brightness",
            "whites",
            each(0.1, 0.2, 0.3, 0.4, 0.5),
            lambda offset: [Drawn(published.brighten, offset)],
            _SOURCE,
        ),
        Family(
            "contrast",
            "of the contrast",
            each(0.4, 0.3, 0.2, 0.1, 0.05),
            lambda gain: [Drawn(published.lower_contrast, gain)],
            _SOURCE,
        ),
        Family(
            "elastic transform",
            "pixels",
            (
                (12.2, 2.44, 4.88),
                (17.08, 2.44, 4.88),
                (29.28, 2.44, 4.88),
                (488, 170.8, 24.4),
                (488, 19.52, 48.8),
            ),
            lambda *pixels: [Drawn(published.bend, *(scale * number for number in pixels))],
            _SOURCE,
            _NUMBERS,
            published=(3, 4, 5, 1, 2),
        ),
        Family(
            "pixelate",
            "of the side",
            each(0.6, 0.5, 0.4, 0.3, 0.25),
            lambda share: [Drawn(published.pixelate, share)],
            _SOURCE,
        ),
        Family(
            "jpeg compression",
            "JPEG quality",
            each(25, 18, 15, 10, 7),
            lambda quality: [layers.RandomJPEG(quality)],
            _SOURCE,
        ),
        Family(
            "saturate",
            "times",
            ((2, 0), (0.3, 0), (0.1, 0), (5, 0.1), (20, 0.2)),
            lambda gain, offset: [Drawn(published.saturate, gain, offset)],
            _SOURCE,
            "images without colours stay as they are",
            published=(3, 1, 2, 4, 5),
        ),
    ]


def _spattered(*constants: Any) -> list[Any]:
    """Drops or mud, from the constants of the noise, the opacity or softness, and the kind."""
    noise, last, kind = constants[:4], constants[4], constants[5]
    if kind == "water":
        return [Drawn(spatter_water, noise, last, SIDE)]
    return [Drawn(spatter_mud, noise, last, _MUD, SIDE)]
