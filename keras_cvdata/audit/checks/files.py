"""Files that are no image, damaged, or of a kind that surprises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.sample import Sample
from keras_cvdata.codec import sniff
from keras_cvdata.codec.modes import GREY, MODES, RGB, mode_of, starts_like_an_image
from keras_cvdata.types import Array, ImageError

_ENDINGS = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png",),
    "webp": (".webp",),
    "bmp": (".bmp", ".dib"),
    "tiff": (".tif", ".tiff"),
    "gif": (".gif",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "avif": (".avif",),
}
_FORMATS = tuple(_ENDINGS)
_KNOWN_ENDINGS = {ending for endings in _ENDINGS.values() for ending in endings}

_ANY_SIZE = 1 << 40  # pixels

_FINE, _EMPTY, _NO_IMAGE, _DAMAGED = range(4)  # values of "outcome"


class Files(Check):
    """Finds files that cannot be read, and those that are read otherwise than one may think.

    `unreadable` is what cannot be fetched, is no image, or exceeds a limit before it is decoded;
    `damaged` is an image that breaks off or cannot be decoded, also a JPEG whose missing part a
    decoder fills with grey. How pixels are stored is told of those images that differ from most.

    Args:
        huge: Number of pixels above which an image costs far more than it is used for.

    Example:
        >>> Files(huge=12_000_000).huge
        12000000
    """

    name = "files"
    kinds = (
        *("unreadable", "damaged", "empty", "wrong_extension"),
        *("unusual_mode", "animation", "turned", "huge"),
    )
    needs = "file"
    measures: ClassVar = {
        "outcome": "u1",
        "format": "u1",  # 0: the source holds pixels, or it is unreadable
        "mode": "u1",
        "frames": "?",
        "turned": "?",
    }
    origin = "Handbook 2, part 6"

    def __init__(self, *, huge: int = 24_000_000) -> None:
        self.huge = huge

    def look(self, sample: Sample) -> Sequence[Any]:
        """Look at the header, and decode the image to see whether that goes."""
        data = sample.payload
        if not isinstance(data, bytes):
            return _FINE, 0, 0, False, False
        if not data:
            return _EMPTY, 0, 0, False, False
        try:
            header, _ = sample.header, sample.pixels
        except ImageError:
            return _what_is_wrong(data, sample.source.max_pixels), 0, 0, False, False
        assert header is not None
        mode, frames = mode_of(data, header)
        number = 1 + _FORMATS.index(header.format)
        return _FINE, number, MODES.index(mode), frames, header.orientation != 1

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Name each file with its reason."""
        yield from self._broken(collection)
        yield from _wrong_endings(collection)
        yield from _modes(collection)
        yield from _flagged(
            collection.measures["frames"],
            Finding(
                "animation",
                "warning",
                "it holds several images, of which only the first is read",
                "store the images that you mean as files of their own",
            ),
        )
        yield from _flagged(
            collection.measures["turned"],
            Finding(
                "turned",
                "note",
                "its pixels are stored turned or mirrored, and EXIF says how; it is read upright",
                "turn the pixels themselves if other programs read it, too",
            ),
        )
        yield from self._huge(collection)

    def _broken(self, collection: Collection) -> Iterable[Finding]:
        outcomes = collection.measures["outcome"]
        kinds = {_EMPTY: "empty", _DAMAGED: "damaged"}
        for position in np.flatnonzero(~collection.readable).tolist():
            reason = collection.reasons[position]
            kind = kinds.get(int(outcomes[position]), "unreadable")
            action = "remove it, or copy it again from where it came"
            yield Finding(kind, "error", reason, action, position=position)

    def _huge(self, collection: Collection) -> Iterable[Finding]:
        pixels = collection.height.astype(np.int64) * collection.width
        for position in np.flatnonzero(pixels > self.huge).tolist():
            yield Finding(
                "huge",
                "note",
                f"it has {pixels[position] / 1e6:.1f} megapixels",
                "store it smaller: decoding takes longer than all the rest",
                position=position,
                score=float(pixels[position]),
                threshold=float(self.huge),
            )


def _what_is_wrong(data: bytes, max_pixels: int) -> int:
    """Tell damage from what is no image, and from what is only larger than `max_pixels`."""
    if not starts_like_an_image(data):
        return _NO_IMAGE
    try:
        header = sniff(data, max_pixels=_ANY_SIZE)
    except ImageError:
        return _DAMAGED
    return _NO_IMAGE if header.height * header.width > max_pixels else _DAMAGED


def _wrong_endings(collection: Collection) -> Iterable[Finding]:
    formats = collection.measures["format"]
    for position in np.flatnonzero(formats).tolist():
        name = _FORMATS[formats[position] - 1]
        ending = PurePosixPath(collection.source.name(position).lower()).suffix
        wrong = ending in _KNOWN_ENDINGS and ending not in _ENDINGS[name]
        if wrong and collection.source.location(position) is not None:
            yield Finding(
                "wrong_extension",
                "warning",
                f"it is a {name.upper()} file, but its name ends in {ending}",
                f"rename it to {_ENDINGS[name][0]}: some programs go by the name and fail",
                position=position,
            )


def _modes(collection: Collection) -> Iterable[Finding]:
    known = collection.measures["format"] > 0
    modes = collection.measures["mode"]
    counts = np.bincount(modes[known], minlength=len(MODES))
    most = int(counts.argmax())
    usual = most if 2 * counts[most] > counts.sum() else MODES.index(RGB)
    action = "look at it with `preview`: alpha, depth and CMYK colours may not be what you expect"
    if MODES[usual] not in (RGB, GREY):
        share = counts[usual] / counts.sum()
        message = f"{share:.0%} of the images are stored as {MODES[usual]}"
        yield Finding("unusual_mode", "note", message, action.replace("at it", "at some"))
    for position in np.flatnonzero(known & (modes != usual)).tolist():
        message = f"it is stored as {MODES[modes[position]]}, unlike most"
        yield Finding("unusual_mode", "note", message, action, position=position)


def _flagged(mask: Array, finding: Finding) -> Iterable[Finding]:
    for position in np.flatnonzero(mask).tolist():
        yield replace(finding, position=position)
