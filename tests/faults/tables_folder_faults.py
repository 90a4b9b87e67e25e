"""Folders that are hostile, change while they are listed, or hold what is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.faults.tables import fault


def _image(path: Path) -> None:
    import cv2
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1].tobytes())


def _classes(folder: Path) -> Path:
    for name in ("cat", "dog"):
        _image(folder / "c" / name / "1.png")
    return folder / "c"


def use_folder(path: Path) -> str:
    """List a folder, and sum it up in text that any terminal shows."""
    from keras_cvdata.sources import open_source

    summary = open_source(path).summary()
    summary.encode()
    return summary.replace("\n", ";")


def use_links(path: Path) -> str:
    """List a folder, and follow its links."""
    from keras_cvdata.sources import open_source

    return open_source(path, follow_links=True).summary().replace("\n", ";")


def use_each(path: Path) -> str:
    """Read every file of a folder, and say what comes of it."""
    from keras_cvdata.sources import open_source

    source, said = open_source(path), []
    for position in range(len(source)):
        try:
            said.append(f"{source.image(position).shape}")
        except ValueError as error:
            said.append(f"{type(error).__name__}: {error}")
    return "; ".join(said)


def use_deep(path: Path) -> str:
    """List folders in folders, with links and without, and remove them."""
    from keras_cvdata.sources import open_source

    try:
        found = [len(open_source(path, follow_links=links)) for links in (False, True)]
        return f"{found} images"
    finally:
        os.chdir(path / "a")  # what removes trees gives up, and whole paths are too long
        levels = 0
        while Path("d").is_dir():
            os.chdir("d")
            levels += 1
        for _ in range(levels):
            os.chdir("..")
            Path("d").rmdir()


def use_vanishing(path: Path) -> str:
    """List a folder, of which one vanishes after its parent was listed."""
    import shutil

    from keras_cvdata.sources import folders, open_source

    listed = folders.list_folder

    def list_and_remove(*arguments: object) -> object:
        found = listed(*arguments)  # type: ignore[arg-type]
        shutil.rmtree(path / "dog", ignore_errors=True)
        return found

    folders.list_folder = list_and_remove  # type: ignore[assignment]
    return f"{len(open_source(path))} images"


def use_after_removal(path: Path) -> str:
    """Read an image whose file vanished after it was listed."""
    from keras_cvdata.sources import open_source

    source = open_source(path)
    (path / "cat" / "1.png").unlink()
    return f"{source.image(0).shape}"


def use_without_permission(path: Path) -> str:
    """List a folder as somebody who may not read one of its classes."""
    from keras_cvdata.sources import open_source

    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    return f"{len(open_source(path))} images"


def use_converted(path: Path) -> str:
    """Convert a folder to all formats, and read them again."""
    import keras_cvdata as cvd
    from keras_cvdata.sources import open_source

    said = []
    for name in ("t.csv", "t.json", "t.h5", "again"):
        try:
            cvd.convert(path, path.parent / name, verbose=0)
            said.append(f"{name} {len(open_source(path.parent / name))} images")
        except ValueError as error:
            said.append(f"{type(error).__name__}: {error}")
    return "; ".join(said)


def use_chosen(path: Path) -> str:
    """List 20,000 classes that are named."""
    from keras_cvdata.sources import open_source

    names = [f"{number:05d}" for number in range(20_000)]
    return f"{len(open_source(path, class_names=names))} images"


def make_loop_beside(folder: Path) -> Path:
    root = _classes(folder)
    (root / "loop").symlink_to("loop")
    (root / "there").symlink_to("back")
    (root / "back").symlink_to("there")
    (root / "nowhere").symlink_to("none")
    return root


def make_loop_below(folder: Path) -> Path:
    root = _classes(folder)
    (root / "cat" / "up").symlink_to("..")
    (root / "cat" / "loop.png").symlink_to("loop.png")
    return root


def _nested(folder: Path, levels: int, name: str) -> Path:
    _image(folder / "c" / "a" / "1.png")
    inside = os.open(folder / "c" / "a", os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=inside)
        below = os.open(name, os.O_RDONLY, dir_fd=inside)
        os.close(inside)
        inside = below
    os.close(inside)
    return folder / "c"


def make_1_100_levels(folder: Path) -> Path:
    return _nested(folder, 1100, "d")


def make_3_000_levels(folder: Path) -> Path:
    return _nested(folder, 3000, "d")


def make_no_unicode(folder: Path) -> Path:
    root = _classes(folder)
    _image(root / os.fsdecode(b"caf\xe9") / os.fsdecode(b"\xff\xfe.png"))
    (root / "cat" / os.fsdecode(b"n.\xe9")).touch()
    return root


def make_terminal_escapes(folder: Path) -> Path:
    root = _classes(folder)
    (root / "cat" / "\x1b[31m\n\r2.png").write_bytes(b"none")
    (root / "cat" / "n.\x1b[2J").touch()
    _image(root / "\x1b[31mred\n" / "1.png")
    return root


def make_special_files(folder: Path) -> Path:
    root = _classes(folder)
    os.mkfifo(root / "cat" / "fifo.png")
    (root / "cat" / "device.png").symlink_to("/dev/zero")
    (root / "cat" / "folder.png").mkdir()
    here = Path.cwd()
    os.chdir(root / "cat")  # the address of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
    os.chdir(here)
    return root


def make_classes(folder: Path) -> Path:
    return _classes(folder)


def make_closed_class(folder: Path) -> Path:
    root = _classes(folder)
    folder.chmod(0o755)
    (root / "dog").chmod(0)
    return root


def make_20_000_classes(folder: Path) -> Path:
    root = _classes(folder)
    for number in range(20_000):
        (root / f"{number:05d}").mkdir()
    (root / "00000" / "1.png").touch()
    return root


FAULTS = (
    fault("folder-links-in-circles-beside", make_loop_beside, use_folder, "Found 2 images"),
    fault("folder-links-in-circles-below", make_loop_below, use_links, "Found 4.*cat 3, dog 1"),
    fault("folder-link-in-a-circle-read", make_loop_below, use_each, "ImageError: .*loop.png"),
    fault("folder-1,100-levels", make_1_100_levels, use_deep, r"\[1, 1\] images"),
    fault("folder-3,000-levels", make_3_000_levels, use_deep, "OSError: .{,1000}longer than"),
    fault("folder-names-no-unicode", make_no_unicode, use_folder, r"caf\\udce9 1"),
    fault(
        "folder-names-no-unicode-converted",
        make_no_unicode,
        use_converted,
        "(ValueError: [^;]*no Unicode[^;]*; ){2}t.h5 3 images; again 3 images",
    ),
    fault("folder-terminal-escapes", make_terminal_escapes, use_folder, r"^[^\x1b]*\\x1b\[31mred"),
    fault("folder-terminal-escapes-read", make_terminal_escapes, use_each, r"^[^\x1b\n]*$"),
    fault(
        "folder-fifo-socket-device",
        make_special_files,
        use_each,
        "device.png: .*no regular|pipe.*fifo.png.*pipe.*socket.png",
        quick=True,
    ),
    fault("folder-vanishes", make_classes, use_vanishing, "FileNotFoundError: .*dog.*meanwhile"),
    fault("folder-file-vanishes", make_classes, use_after_removal, "ImageError: .*does not exist"),
    fault(
        "folder-without-permission",
        make_closed_class,
        use_without_permission,
        "PermissionError: .*dog.*Change its permissions",
    ),
    fault("folder-20,000-classes", make_20_000_classes, use_chosen, "1 images"),
)
