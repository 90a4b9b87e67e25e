"""What was computed for hours is there still, also where its file cannot be written."""

import pickle
import tempfile

import pytest

from keras_cvdata.writing import write_or_keep, write_text

try:
    import resource
except ImportError:  # Windows
    resource = None


def write(path):
    write_text(path, "found" * 1_000)


@pytest.fixture(autouse=True)
def other_disk(tmp_path, monkeypatch):
    """The temporary folder of the system."""
    (tmp_path / "other").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "other"))
    return tmp_path / "other"


def test_what_can_be_written_is(tmp_path, other_disk):
    write_or_keep(write, tmp_path / "a.txt", "table")
    assert (tmp_path / "a.txt").stat().st_size == 5_000
    assert not list(other_disk.iterdir())


def test_what_cannot_be_written_is_kept_elsewhere(tmp_path, other_disk):
    target = tmp_path / "gone/a.txt"
    with pytest.raises(OSError, match=r"there is no folder .*It is kept as .*a\.txt") as no:
        write_or_keep(write, target, "table")
    (kept,) = other_disk.glob("*/a.txt")
    assert str(kept) in str(no.value)
    assert kept.read_text() == "found" * 1_000
    assert pickle.loads(pickle.dumps(no.value)).result == "table"


@pytest.mark.skipif(resource is None, reason="a limit of POSIX")
def test_where_no_disk_has_room_the_error_holds_it(tmp_path, other_disk):
    target = tmp_path / "a.txt"
    target.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(OSError, match=r"too large\..*is `result` of this error.*a\.txt") as no:
            write_or_keep(write, target, "table")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert no.value.result == "table"
    assert no.value.errno == no.value.__cause__.errno
    assert target.read_text() == "old"
    assert not list(other_disk.iterdir())
