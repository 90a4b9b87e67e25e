"""Files on disk: found, read in their encoding, compared and replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_cvdata.migration import find_files, migrate_file, write

OLD, NEW = b"keras.preprocessing.image", b"keras_cvdata.preprocessing.image"
SCRIPT = b"from keras.preprocessing.image import load_img\nprint('a')\n"


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize(
    "content",
    [
        SCRIPT,
        SCRIPT.rstrip(b"\n"),
        SCRIPT.replace(b"\n", b"\r\n"),
        SCRIPT.replace(b"'a'", b"'a\r\n\x0cb'  ").replace(b"'a", b"'''a").replace(b"b'", b"b'''"),
        b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\n" + SCRIPT.replace(b"a", b"\xe9", 0),
        b"# coding: latin-1\n" + SCRIPT + b"x = '\xe9'\n",
        b"# coding: cp1252\n" + SCRIPT + b"x = '\x80'\n",
        b"\xef\xbb\xbf" + SCRIPT + "x = 'é'".encode(),
        b"\xef\xbb\xbf# coding: utf-8\r\n" + SCRIPT,
        SCRIPT + "x = 'é😀'; from keras.preprocessing.image import x as y".encode(),
    ],
)
def test_encoding_and_line_ends_stay(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_bytes(content)
    migrated = migrate_file(file)
    assert files_below(tmp_path) == {"train.py": content}
    write(migrated)
    assert files_below(tmp_path) == {"train.py": content.replace(OLD, NEW)}


def test_the_same_for_notebooks(tmp_path: Path) -> None:
    file = tmp_path / "train.ipynb"
    cell = {"cell_type": "code", "source": SCRIPT.decode().splitlines(True)}
    content = b"\xef\xbb\xbf" + json.dumps({"cells": [cell]}, indent=1).encode() + b"\r\n"
    file.write_bytes(content)
    write(migrate_file(file))
    assert file.read_bytes() == content.replace(OLD, NEW)


def test_mode_stays_and_links_too(tmp_path: Path) -> None:
    file, link = tmp_path / "train.py", tmp_path / "link.py"
    file.write_bytes(SCRIPT)
    file.chmod(0o751)
    link.symlink_to(file.name)
    write(migrate_file(link))
    assert link.is_symlink()
    assert file.read_bytes() == SCRIPT.replace(OLD, NEW)
    assert file.stat().st_mode & 0o777 == 0o751


@pytest.mark.parametrize(
    "content", [SCRIPT.replace(OLD, NEW), b"# preprocessing\nx  = 1", b"def ("]
)
def test_a_file_that_does_not_change_is_not_written(content: bytes, tmp_path: Path) -> None:
    """One without a word of what is changed is not even parsed."""
    file = tmp_path / "train.py"
    file.write_bytes(content)
    before = file.stat()
    migrated = migrate_file(file)
    assert (migrated.before, migrated.diff, migrated.notes) == (migrated.after, "", ())
    write(migrated)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_failure_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "train.py"
    file.write_bytes(SCRIPT)

    def fails(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("shutil.copymode", fails)
    with pytest.raises(OSError, match="the disk is full"):
        write(migrate_file(file))
    assert files_below(tmp_path) == {"train.py": SCRIPT}


def test_the_difference_is_one_that_patch_reads(tmp_path: Path) -> None:
    content = b"x = 1\n\x0c\n" + SCRIPT + b"m.fit_generator(g)"
    file = tmp_path / "train.py"
    file.write_bytes(content)
    migrated = migrate_file(file)
    assert migrated.diff == (
        f"--- {file}\n+++ {file}\n@@ -1,5 +1,5 @@\n x = 1\n \x0c\n"
        "-from keras.preprocessing.image import load_img\n"
        "+from keras_cvdata.preprocessing.image import load_img\n"
        " print('a')\n"
        "-m.fit_generator(g)\n\\ No newline at end of file\n"
        "+m.fit(g)\n\\ No newline at end of file\n"
    )


def test_the_difference_of_a_notebook_is_that_of_its_cells(tmp_path: Path) -> None:
    file = tmp_path / "train.ipynb"
    cells = [{"cell_type": "code", "source": [line]} for line in SCRIPT.decode().splitlines()]
    file.write_text(json.dumps({"cells": [*cells[::-1], *cells]}))
    assert migrate_file(file).diff == "".join(
        f"--- {file} cell {number}\n+++ {file} cell {number}\n@@ -1 +1 @@\n"
        "-from keras.preprocessing.image import load_img\n"
        "+from keras_cvdata.preprocessing.image import load_img\n"
        for number in (2, 3)
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", b"import keras.preprocessing\n\nprint 'x'", r"a\.py:3: Missing parentheses"),
        ("a.py", b"# preprocessing\nx = 'a\n", r"a\.py:2: unterminated string"),
        (
            "a.py",
            b"# preprocessing\n(x): int = 1\n",
            r"a\.py:[23]: libcst cannot parse this line or",
        ),
        ("a.py", b"# preprocessing\n\n\n\nx = '\xe9'\n", r"a\.py: expected UTF-8.*0xe9"),
        ("a.py", b"# preprocessing\nx = '\xe9'\n", r"a\.py: expected UTF-8, or a first line"),
        ("a.py", b"# coding: klingon\n", r"a\.py: expected UTF-8.*klingon"),
        ("a.ipynb", b'["preprocessing"]', r"a\.ipynb: expected a notebook of format 4"),
        ("a.ipynb", b'{"preprocessing', r"a\.ipynb: Unterminated string"),
        ("a.txt", SCRIPT, r"a\.txt: expected a file that ends in \.py or \.ipynb"),
    ],
)
def test_what_cannot_be_read_is_named(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        migrate_file(tmp_path / name)


def test_escapes_of_old_code_warn_of_nothing(tmp_path: Path) -> None:
    """Warnings are errors here."""
    file = tmp_path / "train.py"
    file.write_bytes(SCRIPT + b"x = '\\d'\ndef (\n")
    with pytest.raises(ValueError, match=r":4: invalid syntax"):
        migrate_file(file)


def test_folders_are_searched_but_for_hidden_ones_and_environments(tmp_path: Path) -> None:
    kept = ["a.py", "b/c.ipynb", "b/d.py", "e.ipynb", "g/h.py", "i/j.py", "k/l.py", "m/n.py"]
    other = [
        "f.txt",
        ".git/g.py",
        "b/.ipynb_checkpoints/c.ipynb",
        "venv/pyvenv.cfg",
        "venv/lib/h.py",
        "b/conda/conda-meta/i.py",
        "b/conda/j.py",
    ]
    for name in (*kept[::-1], *other):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert found == ["a.py", "e.ipynb", *kept[1:3], *kept[4:]]
    twice = find_files([tmp_path / "b", "x.txt", str(tmp_path / "b" / "d.py"), "x.txt"])
    assert twice == [tmp_path / "b/c.ipynb", tmp_path / "b/d.py", Path("x.txt")]


@pytest.mark.slow
def test_nothing_of_keras_is_loaded() -> None:
    code = "import sys, keras_cvdata.migration; print(*{n.split('.')[0] for n in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "libcst" in loaded
    assert not loaded & {"keras", "tensorflow", "jax", "torch"}
