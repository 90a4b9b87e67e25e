"""What the pixels of a batch are stored as: `rescale`, `standardize` and `dtype` of a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras_cvdata.engine.plan import Output
from keras_cvdata.sequences import checks
from keras_cvdata.statistics import Standardization


def make_output(
    rescale: Any, standardize: Any, dtype: str, channels: int, layers: Iterable[Any]
) -> Output:
    """What the pixels of a batch are stored as, from the arguments of a sequence.

    Args:
        rescale: Argument of the sequence.
        standardize: Argument of the sequence.
        dtype: Argument of the sequence.
        channels: Channels of the batch; "auto" decides by them (R41).
        layers: The augmentation, whose effect a per-image normaliser must not undo (R77).

    Returns:
        The output of the chain.

    Raises:
        ValueError: The arguments contradict each other.
    """
    checks.check_choice("dtype", dtype, ("float32", "float16", "uint8"))
    if isinstance(rescale, str):
        checks.check_choice("rescale", rescale, ("unit", "signed", "auto"))
    if rescale == "auto":
        rescale = "unit" if channels == 1 else None
        standardize = None if channels == 1 else standardize or "samplewise"
    if standardize is not None and rescale is not None:
        raise ValueError(
            f"standardize and rescale={rescale!r} both scale the pixels. Give one of the two; "
            "standardize works on the full scale of the source whatever its bit depth."
        )
    if dtype == "uint8" and (standardize is not None or rescale is not None):
        raise ValueError(
            "dtype='uint8' cannot hold rescaled or standardised pixels. Use dtype='float32', or "
            "leave rescale and standardize out and scale in the model (keras.layers.Rescaling)."
        )
    if standardize == "samplewise":
        check_not_undone(layers)
        return Output(dtype=dtype, samplewise=True)
    if isinstance(standardize, Standardization):
        return Output(dtype=dtype, mean=standardize.mean, std=standardize.std)
    if standardize is not None:
        raise TypeError(
            "standardize must be a fitted keras_cvdata.Standardization, 'samplewise' or None; "
            f"got {standardize!r}. Fit one with Standardization.fit(training_sequence)."
        )
    return Output(dtype=dtype, rescale=rescale)


def check_not_undone(layers: Iterable[Any]) -> None:
    """Refuse layers whose effect standardising each image by itself would take back (R77)."""
    undone = [layer for layer in layers if getattr(layer, "undone_by_samplewise", False)]
    if undone:
        raise ValueError(
            f"{undone[0]!r} changes brightness or contrast of the whole image, which "
            "standardize='samplewise' takes back for every image, so the layer would do nothing. "
            "Use a fitted Standardization (Standardization.fit(training_sequence)) or leave the "
            "layer out."
        )
