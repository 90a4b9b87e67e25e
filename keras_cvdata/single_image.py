"""Augment one image by hand: as a sequence would, or again with known parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras_cvdata.arguments import value_range as read_range
from keras_cvdata.codec import to_color_mode
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import check_floats
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.records import from_plain, to_plain
from keras_cvdata.layers.augment_argument import parse_augment
from keras_cvdata.stateless_random import augmentation_uniforms
from keras_cvdata.types import Array, Range


def apply(
    augment: Any,
    image: Array,
    *,
    seed: int = 0,
    row: int = 0,
    epoch: int = 0,
    value_range: Range | None = None,
) -> tuple[Array, list[dict[str, Any]]]:
    """Augment one image as a sequence would, and say what it got.

    Args:
        augment: What a sequence takes as `augment`; layers that mix samples need a batch of them
            and are left out.
        image: (height, width, channels) or (height, width) uint8, uint16 or float pixels.
        seed: Seed of the sequence.
        row: Row of the image in the source of the sequence.
        epoch: Number of the epoch.
        value_range: Lowest and highest value of float pixels, where they go beyond 0 to 1.

    Returns:
        The new image, of the same dtype unless a layer such as `Normalize` makes another, and for
        each layer its name and parameters, which JSON can hold.

    Raises:
        TypeError: `augment` holds something else than layers and functions.
        ValueError: A layer cannot serve such an image.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip
        >>> image = np.array([[[1], [2]]], np.uint8)
        >>> flipped, parameters = apply(RandomFlip("horizontal", rate=1.0), image)
        >>> flipped.ravel().tolist(), parameters
        ([2, 1], [{'layer': 'RandomFlip', 'parameters': {'x': -1.0, 'y': 1.0}}])
    """
    chain, image = _prepared(augment, image, value_range)
    u = augmentation_uniforms(seed, epoch, row, 0, chain.uniform_keys)
    drawn = chain.draw(u, *image.shape[:2])
    return _render(chain, chain.prepare(drawn, *image.shape), image), to_plain(chain, drawn, 0)


def replay(
    augment: Any,
    image: Array,
    parameters: Sequence[dict[str, Any]],
    *,
    value_range: Range | None = None,
) -> Array:
    """Augment one image with parameters that an image got before.

    Functions and transforms of Albumentations draw by themselves and are not repeated.

    Args:
        augment: The augmentation that drew the parameters.
        image: (height, width, channels) or (height, width) pixels.
        parameters: What `apply` or `Sequence.parameters` returned, also after JSON.
        value_range: As in `apply`.

    Returns:
        The new image.

    Raises:
        ValueError: The parameters belong to other layers, or a layer cannot serve such an image.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomLighting
        >>> image = np.full((1, 1, 1), 100, np.uint8)
        >>> once, parameters = apply(RandomLighting(), image, seed=7)
        >>> bool((replay(RandomLighting(), image, parameters) == once).all())
        True
    """
    chain, image = _prepared(augment, image, value_range)
    plan = chain.prepare(from_plain(chain, parameters), *image.shape)
    return _render(chain, plan, image)


def _prepared(augment: Any, image: Array, value_range: Range | None) -> tuple[Chain, Array]:
    value_range = read_range("value_range", value_range)
    chain = Chain(parse_augment(augment)[0], value_range=value_range, unit_floats=True)
    image = to_color_mode(image, "unchanged", "<image>")
    check_floats(image, chain.value_range, "The image")
    return chain, image


def _render(chain: Chain, plan: Plan, image: Array) -> Array:
    result: Array = opencv.render_batch(image[None], plan, chain.output_size(*image.shape[:2]))[0]
    return result
