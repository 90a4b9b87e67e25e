"""The orientation in EXIF data, which several formats carry."""

from __future__ import annotations

import struct

ORIENTATION, LONG = 274, 4


def orientation_in(data: bytes, start: int) -> int:
    """Read how an image must be turned from EXIF data.

    Args:
        data: The file that holds them.
        start: Where they begin, with their byte order.

    Returns:
        1 to 8; 1 where they are damaged or do not say.

    Example:
        >>> orientation_in(b"Exif", 0)
        1
    """
    try:
        order = "<" if data[start : start + 2] == b"II" else ">"
        directory = start + struct.unpack_from(order + "I", data, start + 4)[0]
        entry = directory + 2
        for _ in range(struct.unpack_from(order + "H", data, directory)[0]):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag == ORIENTATION:
                code = "I" if kind == LONG else "H"
                value = struct.unpack_from(order + code, data, entry + 8)[0]
                return int(value) if 1 <= value <= 8 else 1
            entry += 12
    except struct.error:
        pass
    return 1
