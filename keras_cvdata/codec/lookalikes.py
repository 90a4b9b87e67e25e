"""What a file is that is not an image of a known format, for the message."""

from __future__ import annotations

_CONVERT = "Convert it to JPEG or PNG."
_KINDS = (
    (b"<!doctype html", "an HTML page, perhaps one about the image. Download the image itself."),
    (b"<html", "an HTML page, perhaps one about the image. Download the image itself."),
    (b"<svg", f"a vector drawing (SVG). {_CONVERT}"),
    (b"<?xml", f"XML, perhaps a vector drawing (SVG). {_CONVERT}"),
    (b"version https://git-lfs", "a placeholder of Git LFS. Run `git lfs pull`."),
    (b"%pdf", f"a PDF. {_CONVERT}"),
    (b"8bps", f"a Photoshop document. {_CONVERT}"),
    (b"\0\0\0\x0cjp  ", f"JPEG 2000. {_CONVERT}"),
    (b"\xff\x0a", f"JPEG XL. {_CONVERT}"),
    (b"\0\0\0\x0cjxl ", f"JPEG XL. {_CONVERT}"),
    (b"pk\x03\x04", "a ZIP archive. Unpack it."),
    (b"\x1f\x8b", "compressed with gzip. Unpack it."),
    (b"\x89hdf", "an HDF5 file. Read it with HDF5Source."),
)


def looks_like(data: bytes) -> str:
    """Describe data that are no image.

    Args:
        data: The file, not empty.

    Returns:
        What the image is not, what it is instead, and how to mend it.

    Example:
        >>> looks_like(b"%PDF-1.7")
        'It is no image but a PDF. Convert it to JPEG or PNG.'
    """
    start = data[:64].lstrip().lower()
    for magic, kind in _KINDS:
        if start.startswith(magic):
            return f"It is no image but {kind}"
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace").strip()
        return f"It is HEIC, MP4 or the like (brand {brand!r}), which is not read. {_CONVERT}"
    if not any(data):
        return "It holds nothing but zeros, as after an interrupted copy. Copy it again."
    text = data[:40]
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in text):
        return f"It is no image but text that begins {text.decode()!r}. Replace or remove it."
    return (
        f"It is no image of a known format (JPEG, PNG, WebP, BMP, TIFF, GIF, PPM, AVIF); it begins "
        f"with the bytes {data[:8].hex(' ')}. {_CONVERT}"
    )
