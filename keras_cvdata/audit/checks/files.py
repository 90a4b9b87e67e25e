"""Files that are no image, damaged, or of a kind that surprises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.sample import Sample
from keras_cvdata.codec.modes import MODES, mode_of, starts_like_an_image
from keras_cvdata.types import ImageError

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

_FINE, _EMPTY, _NO_IMAGE, _DAMAGED = 0, 1, 2, 3


class Files(Check):
    """Finds files that cannot be read, and those that are read otherwise than one may think.

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
        "format": "u1",
        "mode": "u1",
        "frames": "?",
        "turned": "?",
    }
    origin = "Handbook 2, part 6"

    def __init__(self, *, huge: int = 24_000_000) -> None:
        self.huge = huge

    def look(self, sample: Sample) -> Sequence[Any]:
        """Look at the header, and decode the image to see whether that goes."""
        try:
            data = sample.payload
        except ImageError:
            return _NO_IMAGE, 0, 0, False, False
        if not isinstance(data, bytes):
            return _FINE, 0, 0, False, False
        if not data:
            return _EMPTY, 0, 0, False, False
        try:
            header = sample.header
            assert header is not None
            sample.pixels  # noqa: B018 # damage shows when it is decoded
        except ImageError:
            outcome = _DAMAGED if starts_like_an_image(data) else _NO_IMAGE
            return outcome, 0, 0, False, False
        mode, frames = mode_of(data, header)
        number = 1 + _FORMATS.index(header.format)
        return _FINE, number, MODES.index(mode), frames, header.orientation != 1

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Name each file with its reason."""
        yield from self._unread(collection)
        yield from self._surprising(collection)

    def _unread(self, collection: Collection) -> Iterable[Finding]:
        kinds = {_EMPTY: "empty", _NO_IMAGE: "unreadable", _DAMAGED: "damaged"}
        outcomes = collection.measures["outcome"]
        for position in np.flatnonzero(~collection.readable).tolist():
            reason = collection.reasons.get(position, "It cannot be read.")
            kind = kinds.get(int(outcomes[position]), "unreadable")
            action = "remove it, or copy it again from where it came"
            yield Finding(kind, "error", reason, action, position=position)

    def _surprising(self, collection: Collection) -> Iterable[Finding]:
        measures = collection.measures
        for position in np.flatnonzero(measures["format"]).tolist():
            name = _FORMATS[measures["format"][position] - 1]
            ending = PurePosixPath(collection.source.name(position).lower()).suffix
            if ending in _KNOWN_ENDINGS and ending not in _ENDINGS[name]:
                message = f"it is a {name.upper()}, but its name ends in {ending!r}"
                yield Finding(
                    "wrong_extension", "warning", message,
                    "rename it: other programs go by the name", position=position,
                )  # fmt: skip
        for position in np.flatnonzero(measures["mode"]).tolist():
            mode = MODES[measures["mode"][position]]
            yield Finding(
                "unusual_mode", "note", f"it is stored as {mode}",
                "look whether its colours are right in `preview`", position=position,
            )  # fmt: skip
        for position in np.flatnonzero(measures["frames"]).tolist():
            yield Finding(
                "animation", "warning", "it holds several images, of which the first is read",
                "store the images that you mean as files of their own", position=position,
            )  # fmt: skip
        for position in np.flatnonzero(measures["turned"]).tolist():
            yield Finding(
                "turned", "note", "its orientation is told by EXIF, and applied here",
                "turn the pixels if other programs read it, too", position=position,
            )  # fmt: skip
        pixels = collection.height.astype(np.int64) * collection.width
        for position in np.flatnonzero(pixels > self.huge).tolist():
            yield Finding(
                "huge", "note", f"it has {pixels[position] / 1e6:.0f} megapixels",
                "store it smaller: decoding costs more than it gives", position=position,
                score=float(pixels[position]), threshold=float(self.huge),
            )  # fmt: skip
