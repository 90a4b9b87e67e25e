"""Files that are no image, damaged, or other than the rest."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks import CHECKS, Files
from tests.codec.pictures import LOSSLESS, LOSSY, assembled, raw_tiff, saved, scene, with_alpha
from tests.codec.test_refusals import claimed
from tests.conftest import photograph

BROKEN = ("damaged", "unreadable", "empty")
RGB = Image.fromarray(photograph(0, 60, 80))
JPEG = saved(RGB, "JPEG")
PNG = saved(RGB, "PNG")


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def exif_turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(RGB, "JPEG", exif=exif.tobytes())


SCAN = saved(Image.new("1", (9_000, 9_000), 1), "TIFF", compression="group4")
ANIMATED = {"save_all": True, "append_images": [RGB.rotate(90), RGB.rotate(180)]}
PLANTED = {
    "half.jpg": (JPEG[: len(JPEG) // 2], "damaged"),
    "last_tenth_missing.jpg": (JPEG[: len(JPEG) * 9 // 10], "damaged"),
    "header_only.jpg": (JPEG[:160], "damaged"),
    "closed.jpg": (JPEG[: len(JPEG) // 2] + b"\xff\xd9", "damaged"),
    "flipped.png": (flipped(PNG, len(PNG) // 2), "damaged"),
    "cut.png": (PNG[:-500], "damaged"),
    "empty.jpg": (b"", "empty"),
    "page.jpg": (b"<!DOCTYPE html><html>404</html>", "unreadable"),
    "text.bmp": (b"BMW is no bitmap, it is text and more text", "unreadable"),
    "bomb.png": (claimed("png", 12_000, 12_000), "damaged"),
    "too_large.tif": (SCAN, "unreadable"),
    "png.jpg": (PNG, "wrong_extension"),
    "jpeg.PNG": (JPEG, "wrong_extension"),
    "gif.gif": (saved(RGB, "GIF", **ANIMATED), "animation"),
    "webp.webp": (saved(RGB, "WEBP", **ANIMATED), "animation"),
    "apng.png": (saved(RGB, "PNG", **ANIMATED), "animation"),
    "turned.jpg": (exif_turned(), "turned"),
    "grey.jpg": (saved(RGB.convert("L"), "JPEG"), "unusual_mode"),
    "cmyk.jpg": (saved(RGB.convert("CMYK"), "JPEG"), "unusual_mode"),
    "alpha.png": (saved(with_alpha(), "PNG"), "unusual_mode"),
    "deep.png": (
        cv2.imencode(".png", scene().astype(np.uint16) * 257)[1].tobytes(),
        "unusual_mode",
    ),
    "five.tif": (raw_tiff(scene(channels=5)), "unusual_mode"),
    "two.tif": (raw_tiff(scene(channels=2), extra=(0,)), "unusual_mode"),
}


def write(folder: Path, files: dict[str, bytes], good: int) -> None:
    """Write files beside good ones, 20 of which differ."""
    folder.mkdir(exist_ok=True)
    pictures = [saved(Image.fromarray(photograph(n, 40, 50)), "JPEG") for n in range(min(good, 20))]
    for number in range(good):
        (folder / f"good{number:03}.jpg").write_bytes(pictures[number % len(pictures)])
    for name, data in files.items():
        (folder / name).write_bytes(data)


def kinds_of(report: AuditReport) -> dict[str, set[str]]:
    """Kinds of findings by the name of the file."""
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        if finding.position is not None:
            name = Path(report.collection.source.name(finding.position)).name
            found.setdefault(name, set()).add(finding.check)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AuditReport:
    folder = tmp_path_factory.mktemp("planted")
    write(folder, {name: data for name, (data, _) in PLANTED.items()}, good=40)
    return audit(folder, checks="files", verbose=0)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_told(report: AuditReport, name: str) -> None:
    kind = PLANTED[name][1]
    found = kinds_of(report).get(name, set())
    assert kind in found
    assert not found & set(BROKEN) - {kind}


def test_good_files_are_not_told(report: AuditReport) -> None:
    assert not [name for name in kinds_of(report) if name.startswith("good")]


def test_every_file_that_cannot_be_read_has_a_reason(report: AuditReport) -> None:
    reasons = {
        Path(report.collection.source.name(finding.position or 0)).name: finding.message
        for finding in report.findings
        if finding.check in BROKEN
    }
    assert "no end marker" in reasons["half.jpg"]
    assert "end before its image" in reasons["closed.jpg"]
    assert "HTML" in reasons["page.jpg"]
    assert "12,000 x 12,000" in reasons["bomb.png"]
    assert "empty" in reasons["empty.jpg"]


def test_huge_images_are_noted() -> None:
    """With the threshold of the caller; arrays count, too."""
    images = np.zeros((2, 40, 50, 3), np.uint8)
    report = audit(images, checks="huge", thresholds={"files": {"huge": 1999}}, verbose=0)
    assert [(f.check, f.position, f.score) for f in report.findings] == [
        ("huge", 0, 2000.0),
        ("huge", 1, 2000.0),
    ]
    assert not audit(
        images, checks="huge", thresholds={"files": {"huge": 2000}}, verbose=0
    ).findings


def test_a_mode_that_most_images_share_is_told_once(tmp_path: Path) -> None:
    alpha = saved(with_alpha(), "PNG")
    write(tmp_path, {f"{n}.png": alpha for n in range(9)} | {"odd.jpg": JPEG}, good=0)
    findings = audit(tmp_path, checks="unusual_mode", verbose=0).findings
    assert [(f.position is None, f.message) for f in findings] == [
        (True, "90% of the images are stored as alpha"),
        (False, "it is stored as 8-bit RGB, unlike most"),
    ]


def test_grey_files_alone_are_as_usual_as_coloured_ones(tmp_path: Path) -> None:
    grey = saved(RGB.convert("L"), "JPEG")
    write(tmp_path, {f"{n}.jpg": grey for n in range(4)}, good=0)
    assert not audit(tmp_path, checks="files", verbose=0).findings


def test_a_file_that_vanished_is_unreadable(tmp_path: Path) -> None:
    from keras_cvdata.sources import open_source

    for label in ("cat", "dog"):
        write(tmp_path / label, {}, good=2)
    source = open_source(tmp_path)
    (tmp_path / "cat" / "good001.jpg").unlink()
    findings = audit(source, checks="files", verbose=0).findings
    assert [(f.check, f.position) for f in findings] == [("unreadable", 1)]


def test_pixels_of_arrays_are_never_damaged() -> None:
    images = np.zeros((3, 8, 9, 5), np.uint16)
    report = audit(images, checks=["files", "pictures"], verbose=0)
    assert report.collection.readable.all()


def test_thresholds_are_arguments() -> None:
    assert Files(huge=5).huge == 5


def hostile() -> dict[str, bytes]:
    """Fifty files of the tests of the codec that it refuses."""
    files = {"empty.jpg": b"", "text.jpg": b"hello there", "page.png": b" <!DOCTYPE html><html>"}
    page = Image.fromarray(scene(90, 130))
    for form, options in [*LOSSLESS, *LOSSY, ("GIF", {})]:
        data = saved(page, form, **options)
        for share in (0.02, 0.5, 0.9):
            files[f"cut{len(files)}.{form.lower()}"] = data[: int(share * len(data))]
    for form in ("png", "webp", "gif", "bmp", "ppm"):
        files[f"bomb.{form}"] = claimed(form, 12_000, 12_000)
        files[f"thin.{form}"] = claimed(form, 2_000, 3_000)
    progressive = saved(page, "JPEG", progressive=True)
    scan = progressive.rindex(b"\xff\xda")
    files["scans.jpg"] = progressive[:-2] + progressive[scan:-2] * 201 + progressive[-2:]
    files["wide.ppm"] = b"P5 2000000 1 255 " + bytes(2_000_000)
    files["segments.jpg"] = b"\xff\xd8" + b"\xff\xe0\0\x02" * 10_000
    chunk = bytearray(claimed("png", 20, 30))
    chunk[-12:-8] = b"\xff\xff\0\0"
    files["chunk.png"] = bytes(chunk)
    tags = bytearray(assembled(b"", {256: (4, [53]), 257: (4, [37])}, "<", big=False))
    tags[12] = 7
    files["tags.tif"] = bytes(tags)
    return files


def test_hostile_files_among_good_ones(tmp_path: Path) -> None:
    """Each is named with its reason, by all checks of files and pixels, and nothing hangs."""
    files = hostile()
    assert len(files) >= 50
    write(tmp_path, files, good=500)
    report = audit(tmp_path, checks=[check.name for check in CHECKS], verbose=0)
    source, broken = report.collection.source, Counter[str]()
    for finding in report.findings:
        if finding.check in BROKEN and finding.position is not None:
            broken[Path(source.name(finding.position)).name] += 1
            assert len(finding.message) > 20
    assert broken == dict.fromkeys(files, 1)
    assert int((~report.collection.readable).sum()) == len(files)
    shutil.rmtree(tmp_path)
