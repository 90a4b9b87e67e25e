"""Plant faults in photographs and count how many an audit finds, and how many it should not.

    python benchmarks/audit_planted.py FOLDER [--only WORD] [--every 6]

FOLDER holds photographs by class, or train/ and val/ with these. It is copied to a temporary
folder; of the copies every sixth gets one fault after the other, and the whole is audited each
time. Recall is the share of those that are found; natural, the share of the other photographs that
are told of the same. "Damaged" counts images with a fault of another kind that are called damaged.
The last table plants borders in one class and in all. The exit status is 1 where a row falls short
of what is asked for: recall of files 1, of pictures 0.98; natural 0 and 0.03.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from keras_cvdata.audit import AuditReport, audit

BROKEN = ("damaged", "unreadable", "empty")


@dataclass(frozen=True)
class Fault:
    """A fault that is planted: what the audit calls it, and how it is made of a JPEG file."""

    name: str
    kind: str
    plant: Callable[[bytes], bytes]
    suffix: str = ".jpg"

    @property
    def recall(self) -> float:
        """What is asked for."""
        return 0.98 if self.kind in PICTURES else 1.0

    @property
    def natural(self) -> float:
        """Most that is allowed."""
        return 0.03 if self.kind in PICTURES else 0.0


PICTURES = ("dark", "light", "blurred", "low_contrast", "low_information", "grey")


def pixels_of(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def encoded(pixels: np.ndarray, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def saved(data: bytes, form: str, mode: str = "RGB", **options: object) -> bytes:
    """Write by Pillow."""
    file = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").convert(mode).save(file, form, **options)
    return file.getvalue()


def animated(data: bytes, form: str) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    frames = [image.rotate(180), image]
    return saved(data, form, save_all=True, append_images=frames)


def turned(data: bytes) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(data, "JPEG", exif=exif.tobytes())


def flipped_byte(data: bytes) -> bytes:
    png = bytearray(encoded(pixels_of(data), ".png"))
    png[len(png) // 2] ^= 0x10
    return bytes(png)


def mapped(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[bytes], bytes]:
    """Make a change of files of one of pixels of 0 to 1."""

    def plant(data: bytes) -> bytes:
        changed = function(pixels_of(data).astype(np.float32) / 255)
        return encoded(np.rint(changed.clip(0, 1) * 255).astype(np.uint8))

    return plant


def exposed(stops: float) -> Callable[[np.ndarray], np.ndarray]:
    """Change the exposure, in linear light."""
    return lambda x: np.clip(x.clip(0, 1) ** 2.2 * 2**stops, 0, 1) ** (1 / 2.2)


def faded(contrast: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: x.mean() + (x - x.mean()) * contrast


def gaussian(sigma: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: cv2.GaussianBlur(x, (0, 0), sigma)


def flat(noise: float) -> Callable[[np.ndarray], np.ndarray]:
    random = np.random.default_rng(0)
    return lambda x: x.mean(axis=(0, 1)) + random.normal(0, noise / 255, x.shape)


FILES = [
    Fault("half of a JPEG", "damaged", lambda data: data[: len(data) // 2]),
    Fault("the last 10 % missing", "damaged", lambda data: data[: len(data) * 9 // 10]),
    Fault("the last 100 bytes missing", "damaged", lambda data: data[:-100]),
    Fault("header only", "damaged", lambda data: data[:160]),
    Fault("half, closed by an end marker", "damaged", lambda d: d[: len(d) // 2] + b"\xff\xd9"),
    Fault("90 %, closed by an end marker", "damaged", lambda d: d[: len(d) * 9 // 10] + d[-2:]),
    Fault("empty", "empty", lambda _: b""),
    Fault("an HTML page as .jpg", "unreadable", lambda _: b"<!DOCTYPE html><html>404</html>"),
    Fault("PNG with a flipped bit", "damaged", flipped_byte, ".png"),
    Fault("PNG cut", "damaged", lambda d: encoded(pixels_of(d), ".png")[:-3000], ".png"),
    Fault("PNG as .jpg", "wrong_extension", lambda d: encoded(pixels_of(d), ".png")),
    Fault("animated GIF", "animation", lambda d: animated(d, "GIF"), ".gif"),
    Fault("animated WebP", "animation", lambda d: animated(d, "WEBP"), ".webp"),
    Fault("animated PNG", "animation", lambda d: animated(d, "PNG"), ".png"),
    Fault("turned by EXIF", "turned", turned),
    Fault(
        "16-bit PNG",
        "unusual_mode",
        lambda d: encoded(pixels_of(d).astype(np.uint16) * 257, ".png"),
        ".png",
    ),
    Fault("RGBA PNG", "unusual_mode", lambda d: saved(d, "PNG", "RGBA"), ".png"),
    Fault("palette PNG", "unusual_mode", lambda d: saved(d, "PNG", "P"), ".png"),
    Fault("CMYK JPEG", "unusual_mode", lambda d: saved(d, "JPEG", "CMYK")),
    Fault("grey JPEG", "unusual_mode", lambda d: saved(d, "JPEG", "L")),
]

LOOKS = [
    *(Fault(f"brightness x {g}", "dark", mapped(lambda x, g=g: x * g)) for g in (0.1, 0.2, 0.25)),
    Fault("5 stops under", "dark", mapped(exposed(-5))),
    *(
        Fault(f"faded to white, {g} left", "light", mapped(lambda x, g=g: 1 - (1 - x) * g))
        for g in (0.1, 0.2, 0.25)
    ),
    *(Fault(f"Gaussian, {s} pixels", "blurred", mapped(gaussian(s))) for s in (3, 4, 6, 8)),
    Fault("out of focus, 13 pixels", "blurred", mapped(lambda x: cv2.blur(x, (13, 13)))),
    Fault("moved, 25 pixels", "blurred", mapped(lambda x: cv2.blur(x, (25, 1)))),
    Fault(
        "Gaussian, 6 pixels, and noise",
        "blurred",
        mapped(lambda x: gaussian(6)(x) + np.random.default_rng(0).normal(0, 3 / 255, x.shape)),
    ),
    Fault(
        "enlarged 3 times, Gaussian of 12",
        "blurred",
        mapped(lambda x: gaussian(12)(cv2.resize(x, None, fx=3, fy=3))),
    ),
    *(Fault(f"contrast x {c}", "low_contrast", mapped(faded(c))) for c in (0.05, 0.1, 0.15)),
    *(Fault(f"one colour, noise {n}", "low_information", mapped(flat(n))) for n in (0, 1, 3)),
    Fault(
        "grey saved as RGB",
        "grey",
        mapped(lambda x: np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)),
    ),
    Fault("grey JPEG among colour", "grey", lambda d: saved(d, "JPEG", "L")),
]


def planted(folder: Path, files: list[Path], fault: Fault) -> Iterator[AuditReport]:
    """Put a fault in files, audit, and take it out again."""
    originals = {file: file.read_bytes() for file in files}
    for file, data in originals.items():
        file.unlink()
        file.with_suffix(fault.suffix).write_bytes(fault.plant(data))
    yield audit(folder, checks=["files", "pictures"], verbose=0)
    for file, data in originals.items():
        file.with_suffix(fault.suffix).unlink()
        file.write_bytes(data)


def row_of(folder: Path, files: list[Path], fault: Fault) -> bool:
    """Print the row of one fault; say whether it is as it should be."""
    (report,) = planted(folder, files, fault)
    names = {str(file.with_suffix(fault.suffix)) for file in files}
    source = report.collection.source
    found = {
        source.name(f.position)
        for f in report.findings
        if f.check == fault.kind and f.position is not None
    }
    broken = {
        source.name(f.position)
        for f in report.findings
        if f.check in BROKEN and f.position is not None
    }
    recall = len(found & names) / len(names)
    natural = len(found - names) / (len(source) - len(names))
    called = "" if fault.kind in BROKEN else f"{len(broken & names)}"
    fine = recall >= fault.recall and natural <= fault.natural and called in ("", "0")
    print(
        f"| {fault.name} | {fault.kind} | {len(names)} | {recall:.3f} | {natural:.3f} | {called} "
        f"| {'' if fine else 'short'} |",
        flush=True,
    )
    return fine


def framed(data: bytes, color: tuple[int, int, int]) -> bytes:
    """Paint over the outer twentieth."""
    pixels = pixels_of(data)
    wide = max(2, min(pixels.shape[:2]) // 20)
    inner = pixels[wide:-wide, wide:-wide]
    return encoded(cv2.copyMakeBorder(inner, *[wide] * 4, cv2.BORDER_CONSTANT, value=color))


def biased(folder: Path, labels: set[str], share: float, color: tuple[int, int, int]) -> list[str]:
    """Frame a share of the images of some classes; say which classes are called biased."""
    files = sorted(file for file in folder.rglob("*.jpg") if file.parent.name in labels)
    originals = {}
    for label in labels:
        of_class = [file for file in files if file.parent.name == label]
        for place in np.linspace(0, len(of_class) - 1, round(share * len(of_class))).astype(int):
            originals[of_class[place]] = of_class[place].read_bytes()
    for file, data in originals.items():
        file.write_bytes(framed(data, color))
    report = audit(folder, checks=["background"], verbose=0)
    for file, data in originals.items():
        file.write_bytes(data)
    return sorted({f.label for f in report.findings if f.label is not None})


def borders(folder: Path) -> bool:
    """Print which classes are called biased with borders in one class, in all and in none."""
    labels = sorted({file.parent.name for file in folder.rglob("*.jpg")})
    one = labels[len(labels) // 2]
    print("\n| border | in | of the images | called biased | |\n|---|---|---|---|---|")
    fine = True
    for color in ((0, 0, 0), (128, 128, 128), (30, 30, 200)):
        for which, wanted in (([one], [one]), (labels, [])):
            for share in (0.1, 0.25, 0.5, 1.0):
                found = biased(folder, set(which), share, color)
                name = one if len(which) == 1 else "all classes"
                mark = "" if found == wanted else "wrong"
                print(f"| {color[::-1]} | {name} | {share:.0%} | {', '.join(found)} | {mark} |")
                fine &= found == wanted
    found = biased(folder, set(), 0, (0, 0, 0))
    print(f"| none | | | {', '.join(found)} | {'wrong' if found else ''} |")
    return fine and not found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="rows whose name or kind holds this word")
    parser.add_argument("--every", type=int, default=6, help="plant in every so manieth image")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "images"
        shutil.copytree(arguments.folder, folder)
        files = sorted(folder.rglob("*.jpg"))[:: arguments.every]
        print("| planted | told as | images | recall | natural | damaged | |")
        print("|---|---|---|---|---|---|---|")
        chosen = [f for f in FILES + LOOKS if arguments.only in f"{f.name} {f.kind}"]
        fine = [row_of(folder, files, fault) for fault in chosen]
        if arguments.only in "background borders":
            fine.append(borders(folder))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
