"""TIFF that OpenCV does not read, or reads wrong, written by tifffile or by hand."""

from __future__ import annotations

import io
import struct
import sys

import cv2
import numpy as np
import pytest
import tifffile

from keras_cvdata import codec
from keras_cvdata.codec import tiff
from keras_cvdata.codec.memory import too_much
from keras_cvdata.types import ImageError
from tests.codec.pictures import assembled, raw_tiff, scene

SCENE = scene(36, 48)
GREY = SCENE[:, :, 0]
DEEP = SCENE.astype(np.uint16) * 257 + 3


def written(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
def test_other_compressions(compression: str) -> None:
    data = written(SCENE, photometric="rgb", compression=compression)
    np.testing.assert_array_equal(codec.decode(data), SCENE)


@pytest.mark.parametrize("tile", [(64, 48), (16, 16)])
@pytest.mark.parametrize("image", [DEEP, scene(36, 48, 5)])
def test_planes_in_tiles_that_do_not_end_where_they_do(
    tile: tuple[int, int], image: np.ndarray
) -> None:
    kind = "rgb" if image.shape[2] == 3 else "minisblack"
    planes = np.moveaxis(image, 2, 0)
    data = written(planes, photometric=kind, planarconfig="separate", tile=tile)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), image)


@pytest.mark.parametrize("bits", [2, 4, 6])
@pytest.mark.parametrize("kind", [0, 1])
def test_few_bits_are_spread_over_8(bits: int, kind: int) -> None:
    """White is 0 or black is."""
    levels = GREY >> (8 - bits)
    text = "".join(f"{level:0{bits}b}" for level in levels.ravel())
    body = int(text, 2).to_bytes(len(text) // 8, "big")
    tags = {256: (4, [48]), 257: (4, [36]), 258: (3, [bits]), 259: (3, [1]), 262: (3, [kind]),
            273: (4, [8]), 277: (3, [1]), 278: (4, [36]), 279: (4, [len(body)])}  # fmt: skip
    data = assembled(body, tags, "<", big=False)
    shown = levels / (2**bits - 1)
    shown = 255 * (shown if kind else 1 - shown)
    assert np.abs(codec.decode(data, "grayscale")[:, :, 0] - shown).max() <= 0.5


def test_white_may_be_zero_in_16_bits() -> None:
    data = written(DEEP[:, :, 0], photometric="miniswhite")
    np.testing.assert_array_equal(codec.decode(data, "unchanged")[:, :, 0], 65535 - DEEP[:, :, 0])


def test_cmyk_of_16_bits() -> None:
    inks = scene(36, 48, 4).astype(np.uint16) * 257
    shares = 1 - inks / 65535
    pixels = codec.decode(written(inks, photometric="separated"))
    assert np.abs(pixels - 65535 * shares[:, :, :3] * shares[:, :, 3:]).max() <= 0.5


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("bits", [1, 4])
def test_palettes_of_few_bits(bits: int, big: bool) -> None:
    """One bit of a palette was read as black and white."""
    entries = 1 << bits
    colors = np.random.default_rng(0).integers(0, 65536, (3, entries))
    indices = np.random.default_rng(1).integers(0, entries, (3, 8), np.uint8)
    text = "".join(f"{index:0{bits}b}" for index in indices.ravel())
    body = int(text, 2).to_bytes(len(text) // 8, "big")
    tags = {
        256: (4, [8]),
        257: (4, [3]),
        258: (3, [bits]),
        259: (3, [1]),
        262: (3, [3]),
        273: (4, [16 if big else 8]),
        277: (3, [1]),
        278: (4, [3]),
        279: (4, [len(body)]),
        320: (3, colors.ravel().tolist()),
    }
    data = assembled(body + bytes(len(body) % 2), tags, "<", big)
    np.testing.assert_array_equal(codec.decode(data), (colors.T >> 8)[indices])
    del tags[320]
    with pytest.raises(ImageError, match="palette"):
        codec.decode(assembled(body + bytes(len(body) % 2), tags, "<", big))


def test_a_palette_of_floats_is_refused() -> None:
    """Found by the fuzzer."""
    palette = np.zeros((3, 256), np.uint16)
    data = written(GREY, photometric="palette", colormap=palette, compression="zstd")
    entry = tiff.Directory(data).entries[320]
    with pytest.raises(ImageError, match="contradict each other"):
        codec.decode(data[: entry + 2] + struct.pack("<HI", 11, 384) + data[entry + 8 :])


@pytest.mark.parametrize("kind", ["cielab", "icclab", "cfa"])
def test_colors_that_are_no_rgb_are_named(kind: str) -> None:
    image = GREY if kind == "cfa" else SCENE
    with pytest.raises(ImageError, match=r"It is a TIFF of .*, which is not read. Save it as RGB"):
        codec.decode(written(image, photometric=kind))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(GREY, photometric="minisblack", compression="zstd")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageError, match=r"compression Zstandard, .*Install keras-cvdata\[tiff\]"):
        codec.decode(data, name="a.tif")


def test_damage_is_told_with_what_it_is_in() -> None:
    data = written(GREY, photometric="minisblack", compression="zstd")
    with pytest.raises(ImageError, match="compression Zstandard and cannot be decoded: "):
        codec.decode(data.replace(b"\x28\xb5\x2f\xfd", b"none"))


def test_the_first_of_two_equal_tags_counts() -> None:
    """As in libtiff, which decodes it."""
    pixels = scene(4, 6, 1)
    tags = {256: (4, [6]), 257: (4, [4]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]),
            273: (4, [8]), 277: (3, [1]), 278: (4, [4]), 279: (4, [24])}  # fmt: skip
    data = bytearray(assembled(pixels.tobytes(), tags, "<", big=False))
    last = 8 + 24 + 2 + 12 * 8
    extra = data[last : last + 12]  # the sizes of strips once more, made a width
    extra[:2], extra[8:12] = (256).to_bytes(2, "little"), (60_000).to_bytes(4, "little")
    data[32:34] = (10).to_bytes(2, "little")
    data[last + 12 : last + 12] = extra
    np.testing.assert_array_equal(codec.decode(bytes(data), "grayscale"), pixels)


def test_strips_are_counted() -> None:
    data = raw_tiff(scene(20, 20, 1))
    place = data.index((273).to_bytes(2, "little") + b"\x04\0") + 4
    many = data[:place] + (2_000_000).to_bytes(4, "little") + data[place + 4 :]
    with pytest.raises(ImageError, match="more than 200,000 strips or tiles"):
        codec.sniff(many)
    for compression, most in ((7, "32,768"), (50_000, "50,000")):
        place = many.index(struct.pack("<HHIH", 259, 3, 1, 1)) + 8
        other = many[:place] + struct.pack("<H", compression) + many[place + 2 :]
        with pytest.raises(ImageError, match=f"more than {most} strips or tiles"):
            codec.sniff(other)
    with pytest.raises(ImageError, match=r"more than 400,000 strips .* raise max_pixels"):
        codec.sniff(many, max_pixels=128_000_000)
    assert codec.sniff(many, max_pixels=640_000_000).format == "tiff"


@pytest.mark.parametrize(
    ("compression", "megapixels"), [(34925, 28), (34712, 6), (50_000, 63), (8, 63)]
)
def test_slow_compressions_are_limited(compression: int, megapixels: int) -> None:
    data = raw_tiff(scene(20, 20), rows=1)
    place = data.index(struct.pack("<HHIH", 259, 3, 1, 1)) + 8
    data = data[:place] + struct.pack("<H", compression) + data[place + 2 :]
    assert too_much(data, "tiff", megapixels * 1_000_000, 64_000_000) is None
    if compression in (34925, 34712):
        said = too_much(data, "tiff", (megapixels + 2) * 1_000_000, 64_000_000)
        assert "too many for the time that its compression takes" in (said or "")
        assert too_much(data, "tiff", (megapixels + 2) * 1_000_000, 128_000_000) is None


def test_values_beyond_all_memory_are_damage() -> None:
    """Of a BigTIFF: found by the fuzzer, in what reads them to work out the memory."""
    data = raw_tiff(scene(20, 20, 1), big=True)
    entry = tiff.Directory(data).entries[tiff.PHOTOMETRIC]
    far = data[: entry + 4] + struct.pack("<QQ", 5, 2**63) + data[entry + 20 :]
    for way in (codec.decode, codec.read_mask):
        with pytest.raises(ImageError):
            way(far)


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_scans_of_further_pages_do_not_count(tile: tuple[int, int] | None) -> None:
    """A book of JPEG pages is no bomb: only its first page is decoded."""
    data = written(SCENE, photometric="rgb", compression="jpeg", tile=tile)
    pages = data + b"\xff\xda" * (12 << 19)
    np.testing.assert_array_equal(codec.decode(pages), codec.decode(data))


def test_scans_count_in_each_tile_that_is_made_of_them() -> None:
    """All tiles may be the same bytes of the file: 20 seconds in half a megabyte."""
    tile = cv2.imencode(".jpg", SCENE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    tags = {256: (4, [36 * 48]), 257: (4, [36 * 48]), 258: (3, [8] * 3), 259: (3, [7]),
            262: (3, [6]), 277: (3, [3]), 322: (4, [48]), 323: (4, [36]),
            324: (4, [8] * 36 * 48), 325: (4, [len(tile)] * 36 * 48)}  # fmt: skip
    directory = tiff.Directory(assembled(tile + bytes(len(tile) % 2), tags, "<", big=False))
    assert directory.times(b"\xff\xda") == tile.count(b"\xff\xda") > 5


def test_channels_of_a_palette_count() -> None:
    """A palette has one channel; who says 20,000 would have them made."""
    tags = {256: (4, [6]), 257: (4, [65_280]), 258: (3, [4]), 259: (3, [8]), 262: (3, [3]),
            273: (4, [8]), 277: (4, [20_567]), 278: (4, [20]), 279: (4, [8]),
            320: (3, [0])}  # fmt: skip
    with pytest.raises(ImageError, match=r"takes about .* MB of memory"):
        codec.sniff(assembled(bytes(8), tags, "<", big=False))
