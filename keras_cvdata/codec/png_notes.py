"""PNG without its notes.

libpng complains about some in a line that names no file, and inflates those that are compressed.
"""

from __future__ import annotations

from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FIRST = 33  # where the second chunk begins
# Notes that change no pixel as we decode. Others are kept, also those of formats to come.
_NOTES = frozenset((b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs", b"eXIf"))


def without_notes(data: bytes) -> bytes:
    """Leave out the notes: profiles of colours, texts, times.

    Editors write many that are against the rules, and libpng says so at each reading of the image.
    A compressed text may inflate to 8 MB, and there may be thousands.

    Args:
        data: The whole file, PNG or not.

    Returns:
        The file itself where there is nothing to leave out, else one of the same pixels.

    Example:
        >>> import cv2, numpy as np
        >>> data = cv2.imencode(".png", np.zeros((2, 3), np.uint8))[1].tobytes()
        >>> note = bytes([0, 0, 0, 0]) + b"tIME" + bytes(4)
        >>> without_notes(data[:33] + note + data[33:]) == data
        True
    """
    if not data.startswith(_SIGNATURE):
        return data
    kept, start = [data[:_FIRST]], _FIRST
    for kind, position, after in chunks(data):
        if kind in _NOTES:
            kept.append(data[start:position])
            start = after
    if start == _FIRST and len(kept) == 1:
        return data
    return b"".join((*kept, data[start:]))


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk over the chunks behind the first one, as far as they are whole.

    Args:
        data: The whole file.

    Yields:
        Kind, start and end of each, up to the end chunk.
    """
    position, kind = _FIRST, b""
    while kind != b"IEND":
        after = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if after > len(data):
            return
        kind = data[position + 4 : position + 8]
        yield kind, position, after
        position = after
