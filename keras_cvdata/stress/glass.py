"""The glass of ImageNet-C, whose pixels take values from each other one after the other."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array


def blur_glass(image: Array, seed: int, sigma: float, reach: int, rounds: int) -> Array:
    """Let every pixel take the value of one nearby, one after the other, between two blurs.

    From the lower right corner on, each pixel takes what stands at a place `-reach` to `reach - 1`
    away at that moment, which may have come from further away; a margin of `reach` stays. So does
    the published code, which was to exchange both values. Source: Hendrycks and Dietterich 2019,
    "Benchmarking neural network robustness to common corruptions and perturbations".

    Args:
        image: (height, width, channels) uint8 pixels.
        seed: Selects the places.
        sigma: Standard deviation of both Gaussians in pixels.
        reach: How far away a pixel takes from at most, in pixels, 1 and up.
        rounds: How often all pixels take others.

    Returns:
        A new image.

    Example:
        >>> blur_glass(np.full((8, 8, 1), 90, np.uint8), 7, 1, 2, 3).max()
        np.uint8(90)
    """
    height, width, _ = image.shape
    return _between_blurs(
        image, sigma, [ways(height, width, seed, n, reach) for n in range(rounds)]
    )


def exchange_glass(image: Array, seed: int, sigma: float, reach: int, rounds: int) -> Array:
    """Let every other pixel exchange its value with one nearby, as the code of MNIST-C does.

    It goes pixel by pixel, so it is meant for small images. Source: Mu and Gilmer 2019, "MNIST-C: A
    robustness benchmark for computer vision".

    Args:
        image: (height, width, channels) uint8 pixels.
        seed: Selects pixels and places.
        sigma: Standard deviation of both Gaussians in pixels.
        reach: How far away a pixel takes from at most, in pixels, 1 and up.
        rounds: How often pixels are exchanged.

    Returns:
        A new image.

    Example:
        >>> exchange_glass(np.full((8, 8, 1), 90, np.uint8), 7, 1, 2, 3).max()
        np.uint8(90)
    """
    height, width, _ = image.shape
    return _between_blurs(
        image, sigma, [_exchanges(height, width, seed, n, reach) for n in range(rounds)]
    )


def _exchanges(height: int, width: int, seed: int, number: int, away: int) -> Array:
    count = height * width
    drawn = uniforms(seed, number, np.arange(3 * count)).reshape(3, count)
    down, right = np.floor(drawn[:2] * (2 * away)).astype(int) - away
    other = (np.arange(count) + down * width + right).tolist()
    takes = (drawn[2] < 0.5).tolist()
    sources = list(range(count))
    for row in range(height - away, away, -1):
        for place in range(row * width + width - away, row * width + away, -1):
            if takes[place]:
                near = other[place]
                sources[place], sources[near] = sources[near], sources[place]
    return np.array(sources)


def _between_blurs(image: Array, sigma: float, moves: list[Array]) -> Array:
    moved = _softened(image, sigma).astype(np.uint8)  # cut, not rounded
    for sources in moves:
        moved = moved.reshape(-1, image.shape[2])[sources].reshape(image.shape)
    softened: Array = np.rint(_softened(moved, sigma)).astype(np.uint8)
    return softened


def ways(height: int, width: int, seed: int, number: int, away: int) -> Array:
    """Say from where each pixel gets its value when all have taken another one's.

    Args:
        height: Of the image in pixels.
        width: Likewise.
        seed: Selects the places.
        number: Of the round.
        away: How far away a pixel may take from.

    Returns:
        (height * width,) numbers of pixels, row by row.

    Example:
        >>> ways(3, 3, 7, 0, 1).shape
        (9,)
    """
    count = height * width
    drawn = uniforms(seed, number, np.arange(2 * count)).reshape(2, height, width)
    down, right = np.floor(drawn * (2 * away)).astype(np.int64) - away
    rows, columns = np.mgrid[:height, :width]
    takes = (rows > away) & (rows <= height - away) & (columns > away) & (columns <= width - away)
    place = np.arange(count)
    target = np.where(takes.ravel(), place + (down * width + right).ravel(), place)
    # A target behind a pixel has taken before it, so the way goes on from there; the numbers from
    # `count` on are ends. Ways are followed by twice as many steps each time.
    goes_on = takes.ravel()[target] & (target > place)
    leads = np.concatenate([np.where(goes_on, target, count + target), count + place])
    while (leads[leads] != leads).any():
        leads = leads[leads]
    sources: Array = leads[:count] - count
    return sources


def _softened(image: Array, sigma: float) -> Array:
    """Blur by a Gaussian that is cut after 4 sigmas, with the border repeated."""
    size = 2 * int(4 * sigma + 0.5) + 1
    values = cv2.GaussianBlur(
        image.astype(np.float32), (size, size), sigma, borderType=cv2.BORDER_REPLICATE
    )
    return values.reshape(image.shape)
