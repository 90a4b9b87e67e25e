"""Which pixels a layer can be called on."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.chain import Chain


def check_pixels(layer: Any, chain: Chain, dtype: str) -> None:
    """Refuse images whose black and white are not known.

    What a tensor holds cannot be looked at, so float images need a `value_range` where one of the
    layers must know it.

    Args:
        layer: The layer that was called, for its name.
        chain: The chain that is made of it.
        dtype: Dtype of the images.

    Raises:
        TypeError: They are neither uint8 nor uint16 nor floats.
        ValueError: They are floats of unknown range, which must be known.
    """
    if "float" in dtype:
        if chain.needs_range and chain.value_range is None:
            raise ValueError(
                f"{layer.name} was called on {dtype} images, and {chain.needs_range!r} must know "
                "what black and white are. Construct it with value_range=(0, 1) or "
                "value_range=(0, 255)."
            )
    elif dtype not in ("uint8", "uint16"):
        raise TypeError(
            f"{layer.name} takes images of uint8, uint16 or floats; got {dtype}. Convert them, for "
            'example with keras.ops.cast(images, "uint8").'
        )
