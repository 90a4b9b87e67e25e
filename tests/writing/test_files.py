"""Single files: whole or as they were, where they are and as they may be."""

import os
import stat
from pathlib import Path

import pytest

from keras_cvdata.writing import check_writable, replacing_file, write_bytes, write_text

try:
    import resource
except ImportError:  # Windows
    resource = None


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(resource is None, reason="a limit of POSIX")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    target = tmp_path / "report.json"
    write_text(target, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot be written: File too large.*report\.json"):
            write_text(target, "new" * 1_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["report.json"]


def test_an_error_in_the_middle_leaves_the_old_file(tmp_path):
    target = tmp_path / "report.json"
    write_text(target, "old")

    def interrupted():
        with replacing_file(target) as draft:
            draft.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert names_in(tmp_path) == ["report.json"]


def test_links_and_modes_stay(tmp_path):
    real, link = tmp_path / "disk/real.json", tmp_path / "link.json"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert names_in(real.parent) == ["real.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a kind of file of POSIX")
def test_pipes_and_terminals_are_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_told_first(tmp_path, monkeypatch):
    with pytest.raises(IsADirectoryError, match="is a folder, and a file is to be written"):
        check_writable(tmp_path)
    (tmp_path / "a.json").touch()
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, _: Path(path).is_dir())
        with pytest.raises(PermissionError, match=r"a\.json: it may not be written to"):
            write_text(tmp_path / "a.json", "new")
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, _: not Path(path).is_dir())
        with pytest.raises(PermissionError, match="nothing may be written into the folder"):
            write_text(tmp_path / "b.json", "new")
    assert names_in(tmp_path) == ["a.json"]
