"""Settings that may make loading faster; each is tried on a sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from keras_cvdata.conversion.convert import convert
from keras_cvdata.sequences import Sequence
from keras_cvdata.sequences.caching import open_store
from keras_cvdata.sources import open_source

_MARGIN = 1.15  # by which images are kept larger than a batch, for what zooms in
_SOME = 32  # sides of smaller files are multiples of it


@dataclass(frozen=True)
class Candidate:
    """A setting that may make loading faster.

    Attributes:
        setting: What it is called in the table.
        make: Makes of a sequence of the sample, and a folder for files, one with this setting; None
            where it changes nothing, or cannot be.
        advice: What to do, from the whole sequence and the name of its data; None where the setting
            only tells what something costs.
        code: How to do it, likewise.
    """

    setting: str
    make: Callable[[Sequence, Path], Sequence | None]
    advice: Callable[[Sequence], str] | None = None
    code: Callable[[Sequence, str], str] | None = None


def candidates() -> tuple[Candidate, ...]:
    """What is tried, in the order of the table; one more is one more entry here."""
    return (
        Candidate("without augmentation", _plain),
        Candidate("pixels packed at this size", partial(_packed, at_size=True), _say_raw, _raw),
        Candidate("packed as smaller JPEG", partial(_packed, at_size=False), _say_small, _small),
        Candidate("cached in memory", _cached, _say_cached, lambda *_: 'cache="memory"'),
        Candidate("uint8 batches", _as_bytes, lambda _: _SAY_BYTES, lambda *_: _BYTES),
    )


_BYTES = 'dtype="uint8", and keras.layers.Rescaling(1 / 255) as first layer of the model'
_SAY_BYTES = "let the model rescale pixels, which are a quarter of the bytes then"


def _plain(sample: Sequence, folder: Path) -> Sequence | None:  # noqa: ARG001 # one signature
    return sample._with(sample.source, augment=None) if sample.augment else None


def _as_bytes(sample: Sequence, folder: Path) -> Sequence | None:  # noqa: ARG001
    if sample.dtype == "uint8" or sample.standardize or sample.rescale not in ("unit", "signed"):
        return None
    return sample._with(sample.source, dtype="uint8", rescale=None)


def _packed(sample: Sequence, folder: Path, *, at_size: bool) -> Sequence | None:
    if sample.source.dtype is not None or sample.image_size is None or sample._annotations:
        return None
    if at_size:
        fit = ("color_mode", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio")
        how: dict[str, Any] = {name: getattr(sample, name) for name in fit}
        how["image_size"] = sample.image_size
    else:
        how = {"max_side": _side(sample), "quality": 90}
    target = folder / f"{'raw' if at_size else 'small'}.h5"
    path = convert(sample.source, target, on_error="skip", verbose=0, **how)
    return sample._with(open_source(path))


def _cached(sample: Sequence, folder: Path) -> Sequence | None:  # noqa: ARG001
    try:
        store = open_store("memory", None, sample.source, sample.processes)
    except ValueError:  # its pixels are in memory already
        return None
    cached = sample._with(sample.source, _store=store)
    for _ in cached:  # what is measured is the second epoch
        pass
    return cached


def _say_cached(_: Sequence) -> str:
    return "keep decoded images in memory; summary() says what that takes"


def _side(sequence: Sequence) -> int:
    assert sequence.image_size is not None
    return math.ceil(_MARGIN * max(sequence.image_size) / _SOME) * _SOME


def _size_text(sequence: Sequence) -> str:
    assert sequence.image_size is not None
    return "x".join(map(str, sequence.image_size))


def _bytes_text(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _pixels(sequence: Sequence) -> str:
    assert sequence.image_size is not None
    channels = sequence._loader.seen[2]
    return _bytes_text(len(sequence.source) * math.prod(sequence.image_size) * channels)


def _say_raw(sequence: Sequence) -> str:
    return f"pack pixels at {_size_text(sequence)}, which takes {_pixels(sequence)}"


def _say_small(sequence: Sequence) -> str:
    return f"pack as JPEG of at most {_side(sequence)} pixels a side"


def _raw(sequence: Sequence, name: str) -> str:
    return f"keras-cvdata convert {name} out.h5 --image-size {_size_text(sequence)}"


def _small(sequence: Sequence, name: str) -> str:
    return f"keras-cvdata convert {name} out.h5 --max-side {_side(sequence)} --quality 90"
