"""Listings of folders that are kept for the next time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from keras_cvdata.sources import DirectorySource, directory, folders
from keras_cvdata.sources.folders import NEVER, Listing, list_folder
from keras_cvdata.sources.index import Index, index_folder

NAMES = ("cat/1.png", "cat/2.png", "cat/b/3.png", "cat/c.png", "dog/big/1.png", "dog/notes.txt")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Images in folders that changed long ago, as far as their own times say."""
    monkeypatch.setattr(folders, "_TICK", -(2**60))
    for name in NAMES:
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).touch()
    for folder in ("cat/b", "cat", "dog/big", "dog", ""):
        os.utime(tmp_path / "images" / folder, (1e9, 1e9))
    return tmp_path / "images"


@pytest.fixture
def scanned(monkeypatch):
    """Names of the folders that are listed."""
    seen: list[str] = []
    scan = folders._scanned

    def scan_and_note(path: str, follow_links: bool):
        seen.append(Path(path).name)
        return scan(path, follow_links)

    monkeypatch.setattr(folders, "_scanned", scan_and_note)
    return seen


def contents(source: DirectorySource) -> tuple:
    values = [(column.values.tolist(), column.names) for column in source.labels.values()]
    return list(source.relative_paths()), values, source.notes


def indexed(root: Path, **options) -> DirectorySource:
    return DirectorySource(root, index=root.parent / "kept", **options)


def test_folders_that_did_not_change_are_not_listed_again(root, scanned):
    expected = contents(indexed(root))
    assert sorted(scanned) == ["b", "big", "cat", "dog", "images"]
    scanned.clear()
    assert contents(indexed(root)) == expected
    assert scanned == []
    assert expected[0] == [*NAMES[:5]]
    assert expected[2] == ("passed over: .txt 1",)


def test_each_way_of_listing_has_a_file_of_its_own(root, monkeypatch):
    """What makes labels of the same listing does not count."""
    for options in ({}, {"labels": range(5)}, {"class_names": ["cat"]}, {"follow_links": True}):
        expected = contents(DirectorySource(root, **options))
        assert contents(indexed(root, **options)) == expected
        assert contents(indexed(root, **options)) == expected
    assert len(list((root.parent / "kept").iterdir())) == 4
    indexed(root, unlabelled=True)
    (root / "cat/1.png").write_bytes(b"changed")
    (root / "dog/notes.txt").unlink()
    (root / "cat/3.png").touch()
    with pytest.raises(ValueError, match="1 levels"):
        indexed(root, hierarchical=True)
    assert len(list((root.parent / "kept").iterdir())) == 4
    monkeypatch.setattr("keras_cvdata.sources.index.EXTENSIONS", (".png",))
    indexed(root)
    assert len(list((root.parent / "kept").iterdir())) == 5


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        (lambda root: (root / "cat/1.png").write_bytes(b"other"), []),
        (lambda root: (root / "cat/0.png").touch(), ["cat"]),
        (lambda root: (root / "cat/b/3.png").unlink(), ["b"]),
        (lambda root: (root / "cat/c.png").rename(root / "dog/c.png"), ["cat", "dog"]),
        (lambda root: (root / "dog/notes.txt").rename(root / "dog/notes.jpg"), ["dog"]),
        (lambda root: (root / "cat/b").rename(root / "cat/d"), ["cat", "d"]),
        (lambda root: (root / "fox").mkdir(), ["fox", "images"]),
        (lambda root: (root / "cat/b").rename(root / "fox"), ["cat", "fox", "images"]),
    ],
)
def test_only_changed_folders_are_listed_again(root, scanned, change, listed):
    indexed(root)
    change(root)
    expected = contents(DirectorySource(root))
    scanned.clear()
    assert contents(indexed(root)) == expected
    assert sorted(scanned) == listed
    scanned.clear()
    assert contents(indexed(root)) == expected
    assert scanned == []


def test_links_are_looked_at_again(root, scanned):
    """What they lead to changes without a trace in the folder that they are in."""
    other = root.parent / "other"
    (root / "cat/more").symlink_to(other)
    (root / "cat/loop").symlink_to(root / "cat")
    os.utime(root / "cat", (1e9, 1e9))
    before = contents(indexed(root, follow_links=True))
    scanned.clear()
    assert contents(indexed(root, follow_links=True)) == before
    assert scanned == []
    other.mkdir()
    (other / "9.png").touch()
    after = contents(indexed(root, follow_links=True))
    assert after[0] == [*before[0][:4], "cat/more/9.png", before[0][4]]
    assert contents(DirectorySource(root, follow_links=True)) == after
    (other / "9.png").unlink()
    other.rmdir()
    other.touch()
    assert contents(indexed(root, follow_links=True)) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[:-1],
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: data + b"x",
        lambda data: b"\x80\x04K\x01." + data,
    ],
)
def test_damaged_and_foreign_files_are_replaced(root, scanned, damage):
    expected = contents(indexed(root))
    (file,) = (root.parent / "kept").iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    scanned.clear()
    assert contents(indexed(root)) == expected
    assert len(scanned) == 5
    assert file.read_bytes() == whole


def test_the_file_of_another_folder_is_not_taken(root):
    kept = [Index(root.parent, directory=name) for name in "ab"]
    kept[0].keep({"": Listing((1, 2), b"1.png\0", b"", {})})
    assert kept[0].load() == {"": Listing((1, 2), b"1.png\0", b"", {})}
    kept[0].file.rename(kept[1].file)
    assert kept[1].load() == {}


@pytest.mark.parametrize("name", [b"../1.png", b"a/b.png", b"..", b"/1.png", b"a\0/1.png"])
def test_names_that_lead_elsewhere_are_not_taken(tmp_path, name):
    index = Index(tmp_path, directory="x")
    index.keep({"": Listing((1, 2), name + b"\0", b"", {})})
    assert index.load() == {}


def test_names_that_cutting_makes_are_not_taken(tmp_path):
    """Together they are one name without harm."""
    index = Index(tmp_path, directory="x")
    index.keep({"": Listing((1, 2), b"x", b"", {}), "a/": Listing((1, 2), b"../\0", b"", {})})
    assert index.load() == {}


def test_a_folder_that_cannot_be_written_is_told_and_no_error(root):
    (root.parent / "file").touch()
    source = DirectorySource(root, index=root.parent / "file")
    assert contents(source)[:2] == contents(DirectorySource(root))[:2]
    assert source.notes[0].startswith("the listing could not be kept for the next time: ")
    assert "file" in source.notes[0]


def test_nothing_is_left_where_the_file_cannot_be_put_in_place(root, monkeypatch):
    """On Windows that is so while somebody reads the old one."""
    indexed(root)
    (file,) = (root.parent / "kept").iterdir()
    before = file.read_bytes()
    (root / "cat/4.png").touch()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("open")))
        assert indexed(root).notes[0].endswith(": open")
    assert [found.read_bytes() for found in (root.parent / "kept").iterdir()] == [before]
    assert len(indexed(root)) == 6


def test_what_a_killed_run_left_goes(root):
    """Also where nothing is to be kept, and where it was the listing of another folder."""
    indexed(root)
    left = root.parent / "kept/.index.drafts/0123abcd/new"
    left.mkdir(parents=True)
    (left / "other.index").write_text("half")
    indexed(root)
    assert [path.suffix for path in (root.parent / "kept").iterdir()] == [".index"]


def test_folders_that_changed_just_now_are_not_trusted(root, scanned, monkeypatch):
    """A file that comes within the same tick of the clock may leave the folder's time as it is."""
    monkeypatch.setattr(folders, "_TICK", 10 * 10**9)
    for _ in range(2):
        indexed(root)
    assert len(scanned) == 10
    now = time.time_ns() + 11 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: now)
    for _ in range(2):
        indexed(root)
    assert len(scanned) == 15


def test_times_of_a_file_system_that_keeps_none_say_nothing(root, scanned, monkeypatch):
    status = SimpleNamespace(st_mtime_ns=0, st_ctime_ns=0, st_dev=1, st_ino=1)
    with monkeypatch.context() as patched:
        patched.setattr(folders.os, "stat", lambda *_, **__: status)
        first = list_folder(str(root / "cat"))
        again = list_folder(str(root / "cat"), known=first)
    assert first.stamp == NEVER
    assert again == first
    assert len(scanned) == 2


def test_an_old_time_that_was_set_by_hand_hides_no_change(root):
    """As after `rsync -a`: the time of the last change of state cannot be set."""
    indexed(root)
    (root / "cat/4.png").touch()
    os.utime(root / "cat", (1e9, 1e9))
    assert "cat/4.png" in contents(indexed(root))[0]


def test_where_listings_are_kept(root, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_CVDATA_INDEX", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert index_folder(None) is None
    assert index_folder(False) is None
    assert index_folder(True) == tmp_path / "cache/keras_cvdata/index"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert index_folder(True) == tmp_path / "Library/Caches/keras_cvdata/index"
    monkeypatch.setenv("KERAS_CVDATA_INDEX", str(tmp_path / "named"))
    assert index_folder(True) == index_folder(None) == tmp_path / "named"
    assert index_folder(False) is None
    assert index_folder("~/here") == tmp_path / "here"
    DirectorySource(root)
    assert len(list((tmp_path / "named").iterdir())) == 1
    with pytest.raises(TypeError, match="index must be a folder, True, False or None; got 3"):
        DirectorySource(root, index=3)


def test_where_there_is_no_home_nothing_is_kept(monkeypatch):
    monkeypatch.delenv("KERAS_CVDATA_INDEX", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert index_folder(True) is None


def test_after_a_long_listing_keeping_it_is_recommended(root, monkeypatch):
    monkeypatch.setattr(directory, "_LONG", -1.0)
    said = DirectorySource(root).summary()
    assert "  listing took 0 s; index=True keeps it for the next time" in said.splitlines()
    assert "index=True" not in indexed(root).summary()


def test_folders_are_listed_several_at_a_time(root, monkeypatch):
    """On a disk of a network each keeps one waiting."""
    together = threading.Barrier(2, timeout=5)
    scan = folders._scanned

    def wait_for_another(path: str, follow_links: bool):
        if Path(path).name in ("cat", "dog"):
            together.wait()
        return scan(path, follow_links)

    monkeypatch.setattr(folders, "_scanned", wait_for_another)
    assert len(DirectorySource(root)) == 5


def test_many_folders_come_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_AT_ONCE", 7)
    names = sorted(f"{number}/{inner}/1.png" for number in range(80) for inner in "ab")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(DirectorySource(tmp_path).relative_paths()) == names


def test_any_number_of_threads_build_at_once(root):
    expected = contents(DirectorySource(root))
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: contents(indexed(root)), range(24)):
            assert found == expected
    assert [file.suffix for file in (root.parent / "kept").iterdir()] == [".index"]


_BUILD = """
import sys
from keras_cvdata.sources import DirectorySource, folders
folders._TICK = -(2**60)
for turn in range(200):
    source = DirectorySource(sys.argv[1], index=sys.argv[2])
    names = set(source.relative_paths())
    assert {f"cat/{n}.png" for n in "12c"} <= names, names
    open(f"{source.directory}/cat/{sys.argv[3]}{turn}.png", "w").close()
"""


@pytest.mark.slow
def test_two_processes_build_at_once(root):
    """While both add files; the last listing has them all."""
    arguments = [sys.executable, "-c", _BUILD, str(root), str(root.parent / "kept")]
    running = [subprocess.Popen([*arguments, name]) for name in ("x", "y")]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    os.utime(root / "cat", (1e9, 1e9))
    assert len(indexed(root)) == 5 + 400
    assert contents(indexed(root)) == contents(DirectorySource(root))
