"""Decoding against Pillow as an independent reference, and files that must be refused."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_cvdata import codec
from keras_cvdata.codec import headers, tiff
from keras_cvdata.types import ImageError

LOSSLESS = [
    ("PNG", {}),
    ("WEBP", {"lossless": True, "exact": True}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("PPM", {}),
]
LOSSY = [
    ("JPEG", {"quality": 95}),
    ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
    ("WEBP", {"quality": 95}),
    ("AVIF", {"quality": 95}),
]


def scene(height: int = 37, width: int = 53, channels: int = 3) -> np.ndarray:
    """Smooth colours with an asymmetric bright corner, uint8 (height, width, channels)."""
    areas = np.random.default_rng(3).integers(0, 200, (4, 5, channels), np.uint8)
    image = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
    image = image.reshape(height, width, channels)
    image[:9, :14] = 250
    return image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opened(data: bytes, mode: str = "RGB") -> np.ndarray:
    """Decode with Pillow, upright."""
    with Image.open(io.BytesIO(data)) as image:
        if mode == "L":
            image.draft("L", image.size)  # the luma that a JPEG stores, not one made from RGB
        return np.asarray(ImageOps.exif_transpose(image).convert(mode))


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def with_alpha(alpha: int = 128) -> Image.Image:
    image = np.dstack([scene(), np.full((37, 53), alpha, np.uint8)])
    image[:, :5, 3] = 0
    image[:, -5:, 3] = 255
    return Image.fromarray(image)


def raw_tiff(
    pixels: np.ndarray,
    *,
    orientation: int = 1,
    extra: tuple[int, ...] | None = None,
    separate: bool = False,
    order: str = "<",
    rows: int | None = None,
    compression: int = 1,
    predictor: int = 1,
    big: bool = False,
) -> bytes:
    """Write (H, W, C) pixels as TIFF, by the specification and by no library."""
    height, width, channels = pixels.shape
    rows = rows or height
    color = 3 if channels in (3, 4) else 1
    typed = pixels.astype(pixels.dtype.newbyteorder(order))
    planes = [typed[:, :, [c]] for c in range(channels)] if separate else [typed]
    strips = [
        plane[top : top + rows].tobytes() for plane in planes for top in range(0, height, rows)
    ]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    head = 16 if big else 8
    starts = np.cumsum([head, *map(len, strips)])[:-1].tolist()
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [pixels.dtype.itemsize * 8] * channels),
        259: (3, [compression]),
        262: (3, [2 if color == 3 else 1]),
        273: (4, starts),
        274: (3, [orientation]),
        277: (3, [channels]),
        278: (4, [rows]),
        279: (4, [len(strip) for strip in strips]),
        284: (3, [2 if separate else 1]),
        339: (3, [{"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]] * channels),
    }
    if predictor > 1:
        tags[317] = (3, [predictor])
    if channels > color:
        tags[338] = (3, extra or [0] * (channels - color))
    body = b"".join(strips)
    body += bytes(len(body) % 2)
    return assembled(body, tags, order, big)


def assembled(body: bytes, tags: dict, order: str, big: bool) -> bytes:
    """Put the head of a TIFF before its image data and the tags after them."""
    counter, offset, entry, room, head = ("Q", "Q", 20, 8, 16) if big else ("H", "I", 12, 4, 8)
    later = head + len(body) + struct.calcsize("<" + counter) + entry * len(tags) + room
    directory, values = struct.pack(order + counter, len(tags)), b""
    for tag, (kind, numbers) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        place = packed.ljust(room, b"\0")
        if len(packed) > room:
            place = struct.pack(order + offset, later + len(values))
            values += packed + bytes(len(packed) % 2)
        directory += struct.pack(order + "HH" + offset, tag, kind, len(numbers)) + place
    version = (43, 8, 0, head + len(body)) if big else (42, head + len(body))
    magic = b"II" if order == "<" else b"MM"
    magic += struct.pack(order + ("HHHQ" if big else "HI"), *version)
    return magic + body + directory + bytes(room) + values


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "options"), LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossless_formats_are_exact(form, options, mode):
    """R30, X4: RGB, not BGR, equal to Pillow's pixels."""
    data = saved(Image.fromarray(scene()).convert(mode), form, **options)
    pixels = codec.decode(data)
    assert pixels.flags.c_contiguous
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, opened(data))
    assert difference(codec.decode(data, "grayscale")[:, :, 0], opened(data, "L")) <= 1
    np.testing.assert_array_equal(codec.decode(data, "rgba"), opened(data, "RGBA"))


@pytest.mark.parametrize(("form", "options"), LOSSY)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossy_formats_agree_with_pillow(form, options, mode):
    """R30."""
    data = saved(Image.fromarray(scene()).convert(mode), form, **options)
    assert difference(codec.decode(data), opened(data)) <= 2
    assert difference(codec.decode(data, "grayscale")[:, :, 0], opened(data, "L")) <= 2
    assert difference(codec.decode(data, "rgba"), opened(data, "RGBA")) <= 2


@pytest.mark.parametrize(("form", "options"), [*LOSSLESS, *LOSSY, ("GIF", {})])
def test_header_tells_the_format_and_size(form, options):
    header = codec.sniff(saved(Image.fromarray(scene()), form, **options))
    assert header[:4] == (form.lower(), 37, 53, 1)


def test_avif_is_as_large_as_its_largest_part():
    """Thumbnails and tiles state sizes of their own, and image data may follow without a length."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    sizes = [(30, 40), (53, 37), (5, 4)]
    parts = b"".join(box(b"ispe", struct.pack(">III", 0, *size)) for size in sizes)
    meta = box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", parts + bytes(8))))
    header = codec.sniff(box(b"ftyp", b"avif\0\0\0\0") + meta + bytes(4) + b"mdat")
    assert header[:3] == ("avif", 37, 53)


def test_gif_gives_its_first_frame():
    """R30."""
    first, second = (Image.fromarray(scene()).quantize(64, dither=0) for _ in range(2))
    second = second.transpose(Image.Transpose.ROTATE_180)
    data = saved(first, "GIF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(codec.decode(data), np.asarray(first.convert("RGB")))


def test_animated_webp_and_png_give_their_first_frame():
    images = [Image.fromarray(scene()), Image.fromarray(scene()[::-1])]
    for form in ("WEBP", "PNG"):
        data = saved(images[0], form, save_all=True, append_images=images[1:], lossless=True)
        np.testing.assert_array_equal(codec.decode(data), scene())


@pytest.mark.parametrize("mode", ["1", "P"])
@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF"])
def test_one_bit_and_palette_images(form, mode):
    data = saved(Image.fromarray(scene()).convert(mode), form)
    np.testing.assert_array_equal(codec.decode(data), opened(data))


def test_cmyk_jpeg_agrees_with_pillow():
    data = saved(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)
    assert difference(codec.decode(data), opened(data)) <= 2


@pytest.mark.parametrize("text", [b"P6\n# by hand\n1 2\n100\n", b"P6 1 2 255 ", b"P6\n1\n2\n15\n"])
def test_ppm_is_scaled_by_its_maximum(text):
    data = text + bytes([0, 7, 15, 3, 5, 9])
    np.testing.assert_array_equal(codec.decode(data), opened(data))


@pytest.mark.parametrize("data", [b"P3 1 1 100 50 100 0\n", b"P2 2 1 15 3 15\n", b"P1 2 1 0 1\n"])
def test_ppm_as_text(data):
    assert difference(codec.decode(data), opened(data)) <= 1


# --- depth ----------------------------------------------------------------------------------------


def test_16_bits_stay_16_bits():
    """R36, X5: PNG, TIFF and PGM."""
    deep = np.arange(37 * 53, dtype=np.uint16).reshape(37, 53) * 33
    for form in ("PNG", "TIFF", "PPM"):
        pixels = codec.decode(saved(Image.fromarray(deep), form), "unchanged")
        assert pixels.dtype == np.uint16
        np.testing.assert_array_equal(pixels[:, :, 0], deep)
    rgb = codec.decode(saved(Image.fromarray(deep), "PNG"), "rgb")
    np.testing.assert_array_equal(rgb, np.dstack([deep] * 3))
    shallow = b"P5 2 1 1023\n" + struct.pack(">HH", 511, 1023)
    assert codec.decode(shallow, "unchanged").ravel().tolist() == [32735, 65535]


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif_is_brought_to_full_scale(bits):
    image = scene().astype(np.uint16) << (bits - 8)
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100]
    data = cv2.imencode(".avif", image[:, :, ::-1], options)[1].tobytes()
    assert codec.sniff(data).maximum == 2**bits - 1
    expected = image * (65535 / (2**bits - 1))
    assert np.abs(codec.decode(data) - expected).max() < 0.01 * 65535


def test_float_tiff_keeps_its_values():
    """R36."""
    image = (scene() / 255).astype(np.float32)
    data = saved(Image.fromarray(image[:, :, 0]), "TIFF")
    np.testing.assert_array_equal(codec.decode(data, "grayscale")[:, :, 0], image[:, :, 0])
    np.testing.assert_array_equal(codec.decode(raw_tiff(image)), image)
    double = codec.decode(raw_tiff(image.astype(float)))
    assert double.dtype == np.float32
    np.testing.assert_array_equal(double, image)


def test_float_tiff_with_nan_is_refused():
    image = np.full((3, 4, 1), np.nan, np.float32)
    with pytest.raises(ImageError, match=r"a.tif .row 5.: It holds pixels that are not finite"):
        codec.decode(raw_tiff(image), name="a.tif", row=5)


def test_signed_tiff_is_refused():
    with pytest.raises(ImageError, match="must be uint8, uint16, floats or booleans; got int32"):
        codec.decode(raw_tiff(np.zeros((3, 4, 1), np.int32)))


# --- orientation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_orientation_is_applied(form, options, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(scene())
    data = saved(image, form, exif=exif, **options)
    expected = opened(data)
    header = codec.sniff(data)
    assert (header.height, header.width) == expected.shape[:2]
    for mode, reference in (("rgb", "RGB"), ("grayscale", "L"), ("rgba", "RGBA")):
        pixels = codec.decode(data, mode)
        assert difference(pixels.squeeze(), opened(data, reference)) <= 5
        assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), codec.decode(data))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("reduce", [2, 4, 8])
@pytest.mark.parametrize("mode", ["rgb", "grayscale", "rgba"])
def test_reduced_jpeg_is_the_small_image_upright(orientation, reduce, mode):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(scene(160, 240)), "JPEG", exif=exif, quality=95)
    full = codec.decode(data, mode)
    size = (full.shape[1] // reduce, full.shape[0] // reduce)
    expected = cv2.resize(full, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    small = codec.decode(data, mode, reduce=reduce)
    assert small.shape == expected.shape
    assert np.abs(small.astype(float) - expected).mean() < 3


def test_turned_jpeg_with_a_rest_is_not_reduced():
    """The last row, which stands for less, would come first."""
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = saved(Image.fromarray(scene(161, 240)), "JPEG", exif=exif)
    assert codec.decode(turned, reduce=4).shape == (161, 240, 3)
    upright = saved(Image.fromarray(scene(161, 240)), "JPEG")
    assert codec.decode(upright, reduce=4).shape == (41, 60, 3)


def test_other_formats_are_not_reduced():
    data = saved(Image.fromarray(scene()), "PNG")
    np.testing.assert_array_equal(codec.decode(data, reduce=4), scene())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_tiff_orientation_in_every_depth(dtype, orientation, channels):
    stored = scene(channels=channels).astype(dtype)
    turn = {
        1: lambda x: x,
        2: np.fliplr,
        3: lambda x: np.rot90(x, 2),
        4: np.flipud,
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
        8: lambda x: np.rot90(x, 1),
    }[orientation]
    data = raw_tiff(stored, orientation=orientation)
    pixels = codec.decode(data, "unchanged")
    np.testing.assert_array_equal(pixels, turn(stored))
    assert (codec.sniff(data).height, codec.sniff(data).width) == pixels.shape[:2]


def test_damaged_exif_means_upright():
    data = saved(Image.fromarray(scene()), "JPEG")
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\0\0"):
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        np.testing.assert_array_equal(
            codec.decode(data[:2] + segment + data[2:]), codec.decode(data)
        )


def test_exif_without_an_orientation_means_upright():
    exif = Image.Exif()
    exif[0x0131] = "some software"
    for form in ("JPEG", "PNG", "WEBP"):
        assert codec.sniff(saved(Image.fromarray(scene()), form, exif=exif)).orientation == 1


def test_exif_of_webp_may_have_the_head_of_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(scene())
    data = saved(image, "WEBP", exif=exif)
    start = data.index(b"EXIF") + 8
    body = b"Exif\0\0" + data[start:].removeprefix(b"Exif\0\0")
    headed = data[: start - 4] + struct.pack("<I", len(body)) + body
    headed = headed[:4] + struct.pack("<I", len(headed) - 8) + headed[8:]
    assert codec.sniff(headed).orientation == 6
    flag_alone = data[: start - 8]
    flag_alone = flag_alone[:4] + struct.pack("<I", len(flag_alone) - 8) + flag_alone[8:]
    assert codec.sniff(flag_alone).orientation == 1


def test_orientation_may_be_a_long_integer_and_never_beyond_8():
    for value, height in ((6, 53), (9, 37)):
        exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 0x0112, 4, 1, value)
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        data = saved(Image.fromarray(scene()), "JPEG")
        assert codec.sniff(data[:2] + segment + data[2:]).height == height


# --- alpha ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "options"), [LOSSLESS[0], LOSSLESS[1], LOSSLESS[3], LOSSLESS[4]])
def test_dropped_alpha_is_laid_on_white(form, options):
    """R32: the same as Pillow's composition on white."""
    data = saved(with_alpha(), form, **options)
    white = Image.new("RGBA", (53, 37), "white")
    expected = np.asarray(Image.alpha_composite(white, with_alpha()).convert("RGB"))
    assert difference(codec.decode(data), expected) <= 1
    np.testing.assert_array_equal(codec.decode(data, "rgba"), np.asarray(with_alpha()))
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), np.asarray(with_alpha()))
    gray = codec.decode(data, "grayscale")[:, :, 0]
    assert difference(gray, np.asarray(Image.fromarray(expected).convert("L"))) <= 1


def test_avif_with_alpha_is_rgb():
    """X4: OpenCV returns BGR when it is asked for RGB."""
    data = saved(with_alpha(255), "AVIF", quality=100, subsampling="4:4:4")
    assert difference(codec.decode(data, "rgba")[:, 5:], np.asarray(with_alpha(255))[:, 5:]) <= 5
    assert difference(codec.decode(data)[:, 5:], scene()[:, 5:]) <= 5


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_transparent_color_is_laid_on_white(form):
    image = Image.fromarray(scene()[:, :, 0]).convert("P")
    image.putpixel((3, 2), 7)
    pixels = codec.decode(saved(image, form, transparency=7))
    assert pixels[2, 3].tolist() == [255, 255, 255]


def test_alpha_of_16_bits_and_floats():
    for dtype, full in (("uint16", 65535), ("float32", 1.0)):
        image = (scene(channels=4) / 255 * full).astype(dtype)
        share = image[:, :, 3:] / full
        expected = image[:, :, :3] * share + full * (1 - share)
        error = np.abs(codec.to_color_mode(image, "rgb", "x") - expected).max() / full
        assert error < 1e-5


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_tiff_alpha_is_read_as_stored(dtype):
    scale = 1 if dtype == "uint8" else 257
    stored = np.asarray(with_alpha()).astype(dtype) * scale
    data = raw_tiff(stored, extra=(2,))
    np.testing.assert_array_equal(codec.decode(data, "rgba"), stored)
    full = 255 * scale
    ones = stored[:, :, 3:].astype(np.int64)
    associated = stored.copy()
    associated[:, :, :3] = (stored[:, :, :3] * ones + full // 2) // full
    on_white = associated[:, :, :3] + (full - ones)
    data = raw_tiff(associated, extra=(1,))
    assert difference(codec.decode(data), on_white) <= 1
    assert codec.decode(data, "rgba")[0, 0].tolist() == [0, 0, 0, 0]
    floats = raw_tiff((associated / full).astype(np.float32), extra=(1,))
    assert np.abs(codec.decode(floats) - on_white / full).max() < 1e-5


def test_tiff_channel_without_meaning_is_dropped():
    stored = scene(channels=4)
    np.testing.assert_array_equal(codec.decode(raw_tiff(stored, extra=(0,))), stored[:, :, :3])


def test_gray_with_alpha():
    stored = np.asarray(with_alpha())[:, :, [0, 3]]
    expected = codec.decode(saved(Image.fromarray(stored), "PNG"), "rgba")
    data = raw_tiff(stored, extra=(2,))
    np.testing.assert_array_equal(codec.decode(data, "rgba"), expected)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


# --- TIFF of many channels ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [2, 3, 5, 12])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_any_number_of_channels(dtype, channels, separate, order):
    stored = scene(36, 53, channels).astype(dtype)
    data = raw_tiff(stored, separate=separate, order=order, rows=12)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_tiff_with_differences_to_the_left():
    stored = scene(channels=5)
    differences = stored.copy()
    differences[:, 1:] -= stored[:, :-1]
    data = raw_tiff(differences, compression=8, predictor=2)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


@pytest.mark.parametrize("predictor", [1, 2])
def test_tiles_of_many_channels(predictor):
    stored = scene(36, 150, 5)
    padded = np.pad(stored, ((0, 12), (0, 42), (0, 0)))
    tiles = [padded[y : y + 16, x : x + 64] for y in range(0, 48, 16) for x in range(0, 192, 64)]
    if predictor == 2:
        tiles = [np.diff(tile, axis=1, prepend=tile[:, :1] * 0) for tile in tiles]
    tags = {
        256: (4, [150]),
        257: (4, [36]),
        258: (3, [8] * 5),
        259: (3, [1]),
        262: (3, [1]),
        277: (3, [5]),
        284: (3, [1]),
        317: (3, [predictor]),
        322: (3, [64]),
        323: (3, [16]),
        324: (4, [8 + 64 * 16 * 5 * number for number in range(9)]),
        325: (4, [64 * 16 * 5] * 9),
        338: (3, [0] * 4),
    }
    data = assembled(b"".join(tile.tobytes() for tile in tiles), tags, "<", big=False)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_floats_with_differences_of_their_bits():
    """The TIFF library takes the differences of the 32-bit words, whatever they stand for."""
    stored = scene(channels=5).astype(np.float32)
    words = stored.view(np.uint32)
    differences = np.diff(words, axis=1, prepend=words[:, :1] * 0).view(np.float32)
    data = raw_tiff(differences, compression=8, predictor=2)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_channels_that_are_no_colors_need_unchanged():
    data = raw_tiff(scene(channels=5))
    with pytest.raises(ImageError, match=r"5 channels .* color_mode='rgb'.*'unchanged'"):
        codec.decode(data)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"big": True}, "is a BigTIFF"),
        ({"separate": True, "rows": 10}, "has separate planes"),
        ({"predictor": 3}, "uses the floating-point predictor"),
    ],
)
def test_unusual_tiff_of_many_channels_is_refused(options, problem):
    with pytest.raises(ImageError, match=f"5 channels that {problem}"):
        codec.decode(raw_tiff(scene(channels=5), **options), "unchanged")


def test_big_tiff_of_three_channels():
    for orientation in (1, 6):
        data = raw_tiff(scene(), big=True, orientation=orientation)
        expected = np.rot90(scene(), {1: 0, 6: -1}[orientation])
        np.testing.assert_array_equal(codec.decode(data), expected)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "options"), [*LOSSLESS, *LOSSY, ("GIF", {})])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(form, options, share):
    """X7."""
    data = saved(Image.fromarray(scene(90, 130)), form, **options)
    with pytest.raises(ImageError, match=r"cats/1.x .row 4.: "):
        codec.decode(data[: int(share * len(data))], name="cats/1.x", row=4)


def test_truncated_jpeg_with_a_thumbnail_is_refused():
    """X7: the end marker of the thumbnail is not that of the image."""
    data = saved(Image.fromarray(scene()), "JPEG")
    thumbnail = saved(Image.fromarray(scene(8, 8)), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = data[:2] + segment + data[2:]
    assert codec.sniff(whole + b"trailing bytes do no harm").width == 53
    with pytest.raises(ImageError, match="The JPEG is truncated: it has no end marker"):
        codec.sniff(whole[:-40])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty"),
        (b"hello there", "no image but text that begins 'hello there'"),
        (b"  <!DOCTYPE html><html>", "no image but an HTML page"),
        (b"BMW is no bitmap, it is text", "text that begins 'BMW"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no image of a known format"),
        (b"GIRAFFE and more", "text that begins 'GIRAFFE"),
        (b"P1 is text", "text that begins 'P1"),
        (b"II is text", "text that begins 'II"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "brand 'heic'"),
        (bytes(100), "nothing but zeros"),
        (b"\x01\x02\x03\x04\x05", "begins with the bytes 01 02 03 04 05"),
        (b"\x89PNG\n\x1a\n" + bytes(30), "signature is damaged, as by a copy in text mode"),
        (b"\xff\xd8\xff\xe0", "ends within its header"),
        (b"\xff\xd8\xff\xe0\0\x02xx", "damaged between its segments"),
        (b"\xff\xd8\xff\xff\xff\xda\0\x08\x01", "does not say its size"),
        (b"\xff\xd8" + b"\xff\xe0\0\x02" * 10_000, "no image among its segments"),
        (b"RIFF\x10\0\0\0WEBPXXXX" + bytes(16), "unknown chunk"),
        (b"\0\0\0\x10ftypavif\0\0\0\0", "lacks its list of properties"),
        (b"GIF89a" + bytes(4), "0 x 0 pixels: nothing"),
        (b"BM" + bytes(12) + struct.pack("<IiiI", 40, -5, 4, 0), "0 x 4 pixels: nothing"),
    ],
)
def test_what_is_no_image_is_named(data, reason):
    with pytest.raises(ImageError, match=reason):
        codec.decode(data, name="a.jpg")


def claimed(form: str, height: int, width: int) -> bytes:
    """A few bytes that claim a size."""
    if form == "png":
        chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
        head = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return b"\x89PNG\r\n\x1a\n" + head + end
    if form == "webp":
        packed = (width - 1) | (height - 1) << 14
        head = b"RIFF" + struct.pack("<I", 18) + b"WEBPVP8L\x05\0\0\0\x2f"
        return head + struct.pack("<I", packed) + b"\0"
    if form == "gif":
        return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)
    if form == "bmp":
        return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, -height) + bytes(30)
    return b"P6 %d %d 255 " % (width, height)


@pytest.mark.parametrize("form", ["png", "webp", "gif", "bmp", "ppm"])
def test_bombs_are_refused_before_they_are_decoded(form):
    with pytest.raises(ImageError, match="12,000 x 12,000 pixels; at most 64,000,000"):
        codec.decode(claimed(form, 12_000, 12_000))
    with pytest.raises(
        ImageError, match=r"3,000 x 2,000 pixels in [0-9]+ bytes, which no photograph"
    ):
        codec.decode(claimed(form, 2_000, 3_000))
    assert codec.sniff(claimed(form, 2_000, 1_999)).height == 2_000


def test_blank_scan_of_one_bit_is_no_bomb():
    page = Image.new("1", (3_000, 4_000), 1)
    data = saved(page, "TIFF", compression="group4")
    assert 12_000_000 / len(data) > headers.MAX_PIXELS_PER_BYTE
    assert codec.decode(data, "grayscale").shape == (4_000, 3_000, 1)
    with pytest.raises(ImageError, match="at most 64,000,000"):
        codec.decode(saved(Image.new("1", (9_000, 9_000), 1), "TIFF", compression="group4"))


def test_jpeg_of_too_many_scans_is_refused():
    data = saved(Image.fromarray(scene()), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[scan:-2] * 201 + data[-2:]
    with pytest.raises(ImageError, match=r"The JPEG has 2[0-9]+ scans"):
        codec.decode(bomb)


def test_too_many_bytes_are_refused():
    with pytest.raises(ImageError, match="67,108,865 bytes; at most 67,108,864"):
        codec.sniff(b"\xff\xd8" + bytes((64 << 20) - 1))


def test_sizes_beyond_those_of_opencv_are_refused():
    with pytest.raises(ImageError, match=r"It cannot be decoded: .*CV_IO_MAX_IMAGE_WIDTH"):
        codec.decode(b"P5 2000000 1 255 " + bytes(2_000_000))


def test_bmp_of_the_oldest_kind():
    row = b"\x01\x02\x03\x04\x05\x06\0\0"
    core = struct.pack("<IHHHH", 12, 2, 1, 1, 24)
    data = b"BM" + struct.pack("<IHHI", 26 + len(row), 0, 0, 26) + core + row
    np.testing.assert_array_equal(codec.decode(data), opened(data))
    assert codec.sniff(data)[:3] == ("bmp", 1, 2)


def test_tiff_without_readable_tags_is_refused():
    tags = {256: (4, [53]), 257: (4, [37])}
    data = bytearray(assembled(b"", tags, "<", big=False))
    data[12] = 7  # bytes of no meaning instead of integers
    with pytest.raises(ImageError, match="0 x 37 pixels: nothing"):
        codec.decode(bytes(data))


def test_tiff_with_tags_beyond_its_end_is_refused():
    """Tags that only this package reads: the same kind of error as for all other damage."""
    data = bytearray(raw_tiff(scene(channels=5)))
    entry = tiff.Directory(bytes(data)).entries[tiff.SAMPLES]
    data[entry + 4 : entry + 12] = struct.pack("<II", 5, 1 << 30)
    with pytest.raises(ImageError, match=r"a\.tif: The tags of the TIFF are damaged"):
        codec.decode(bytes(data), name="a.tif")


def test_tiff_of_strips_without_rows_is_refused():
    data = bytearray(raw_tiff(scene(channels=5), separate=True))
    entry = tiff.Directory(bytes(data)).entries[tiff.ROWS_PER_STRIP]
    data[entry + 8 : entry + 12] = bytes(4)
    with pytest.raises(ImageError, match="The tags of the TIFF are damaged"):
        codec.decode(bytes(data))


def test_bigtiff_with_tags_beyond_all_memory_is_refused():
    data = b"II" + struct.pack("<HHHQ", 43, 8, 0, 2**64 - 9) + bytes(64)
    with pytest.raises(ImageError, match="ends within its header"):
        codec.decode(data)


def test_png_chunks_that_claim_more_than_the_file_are_refused():
    """45 bytes whose end chunk claims 4 GiB made OpenCV take them."""
    data = bytearray(claimed("png", 20, 30))
    data[-12:-8] = b"\xff\xff\0\0"
    with pytest.raises(ImageError, match="The PNG is truncated"):
        codec.sniff(bytes(data))


def test_damage_inside_is_refused():
    data = bytearray(saved(Image.fromarray(scene(90, 130)), "PNG"))
    data[200:240] = bytes(40)
    with pytest.raises(ImageError, match="It is damaged or incomplete"):
        codec.decode(bytes(data))


# --- arrays and writing ---------------------------------------------------------------------------


def test_arrays_are_brought_to_the_color_mode():
    """R32, X8: grey gets a channel axis; what fits already is not copied."""
    gray = scene()[:, :, 0]
    assert codec.read(gray, "grayscale").shape == (37, 53, 1)
    np.testing.assert_array_equal(codec.read(gray), np.dstack([gray] * 3))
    np.testing.assert_array_equal(
        codec.read(gray, "rgba"), np.dstack([gray] * 3 + [gray * 0 + 255])
    )
    rgb = scene()
    assert np.shares_memory(codec.read(rgb), rgb)
    expected = np.asarray(Image.fromarray(rgb).convert("L"))
    assert difference(codec.read(rgb, "grayscale")[:, :, 0], expected) <= 1
    np.testing.assert_array_equal(codec.read(rgb[:, ::-1]), rgb[:, ::-1])
    assert codec.read(rgb[:, ::-1]).flags.c_contiguous
    assert codec.read(scene(channels=7), "unchanged").shape == (37, 53, 7)


def test_array_dtypes():
    """R36, X11."""
    gray = scene()[:, :, 0]
    assert codec.read(gray > 100, "grayscale").max() == 255
    assert codec.read(gray / 255, "grayscale").dtype == np.float32
    assert codec.read((gray / 255).astype("float16"), "grayscale").dtype == np.float32
    swapped = gray.astype(">u2")
    assert codec.read(swapped, "grayscale").dtype == np.dtype("uint16")
    np.testing.assert_array_equal(codec.read(swapped, "grayscale")[:, :, 0], gray)
    with pytest.raises(ImageError, match=r"got int64\. Convert them"):
        codec.read(gray.astype("int64"), name="x[3]", row=3)


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ImageError, match=r"must be \(height, width, channels\)"):
        codec.read(np.zeros((2, 3, 4, 5), np.uint8))
    with pytest.raises(ImageError, match="not empty"):
        codec.read(np.zeros((0, 3, 3), np.uint8))
    with pytest.raises(ImageError, match=r"32 channels .* use np.moveaxis\(x, -3, -1\)"):
        codec.read(np.zeros((3, 32, 32), np.uint8))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_encoded_is_decoded_again(channels, dtype):
    stored = scene(channels=channels).astype(dtype)
    data = codec.encode(stored, ".tif")
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)
    if dtype == "uint8" and channels in (1, 3, 4):
        expected = opened(data, {1: "L", 3: "RGB", 4: "RGBA"}[channels])
        np.testing.assert_array_equal(expected, stored.squeeze())
    if channels in (1, 3, 4) and dtype != "float32":
        png = codec.encode(stored, ".png")
        np.testing.assert_array_equal(codec.decode(png, "unchanged"), stored)
    else:
        with pytest.raises(ValueError, match=r"PNG holds 1, 3 or 4 .*'.tif'"):
            codec.encode(stored, ".png")


def test_only_lossless_formats_are_written():
    with pytest.raises(ValueError, match=r"must be '.png', '.tif' or '.tiff'; got '.jpg'"):
        codec.encode(scene(), ".jpg")
