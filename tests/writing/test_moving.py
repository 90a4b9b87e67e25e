"""Names change so that a kill at any point leaves one state or the other, never a mixture."""

import errno
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from keras_cvdata.writing import moving
from keras_cvdata.writing.drafts import NEW, OLD, clear
from keras_cvdata.writing.moving import exchange, flush_folder, move_all, put_in_place


class Killed(BaseException):
    """The process ends here; nothing of it runs any more."""


@pytest.fixture
def folder(tmp_path):
    """A folder for drafts that no living process has."""
    path = tmp_path / "place/.pets.drafts/0123abcd"
    for name in (NEW, OLD):
        (path / name).mkdir(parents=True)
    (path / "lock").touch()
    return path


def kill_at(monkeypatch, number):
    """Let the process end before a renaming; False where there are not as many."""
    real, calls = Path.replace, []

    def replace(path, target):
        calls.append(path)
        if len(calls) == number:
            raise Killed
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    return calls


def content(place):
    """Each file by its name; what lies in a folder by its first part."""
    return {
        path.relative_to(place).as_posix(): path.read_text()
        for path in place.rglob("*")
        if path.is_file() and not path.relative_to(place).parts[0].startswith(".")
    }


@pytest.mark.parametrize("number", range(1, 6))
def test_a_table_and_its_images(folder, monkeypatch, number):
    """The table never finds the images of another, and none is left without its table."""
    place = folder.parent.parent
    old = {"pets.csv": "old", "pets_csv_images/0.png": "old"}
    new = {"pets.csv": "new", "pets_csv_images_2/0.png": "new"}
    for root, files in ((place, old), (folder / NEW, new)):
        for name, text in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
    names = ("pets_csv_images_2", "pets.csv")
    moves = [(folder / NEW / name, place / name) for name in names]
    with monkeypatch.context() as patched:
        calls = kill_at(patched, number)
        with suppress(Killed):
            move_all(folder, moves, [place / "pets_csv_images"])
    seen = content(place)
    table = seen["pets.csv"]
    assert all(seen[name] == table for name in (old if table == "old" else new) if name in seen)
    assert (table == "old") == (number <= 3)  # of the plan, the images, and the table
    assert not clear(place / "pets")
    assert content(place) == (old if number == 1 else new)
    assert not folder.parent.exists()
    assert len(calls) >= min(number, 4)


@pytest.mark.parametrize("number", range(1, 6))
def test_parts_of_a_split(folder, monkeypatch, number):
    """Old ones go before new ones come, so that both are never seen together."""
    place = folder.parent.parent
    parts = ("train", "validation")
    for part in parts:
        for root, text in ((place, "old"), (folder / NEW, "new")):
            (root / part).mkdir()
            (root / part / "0.png").write_text(text)
    away = [(place / part, folder / OLD / part) for part in parts]
    with monkeypatch.context() as patched:
        kill_at(patched, number)
        with pytest.raises(Killed):
            move_all(folder, [*away, *((folder / NEW / part, place / part) for part in parts)])
    assert len(set(content(place).values())) <= 1
    clear(place / "pets")
    assert set(content(place).values()) == {"old" if number == 1 else "new"}
    assert len(content(place)) == 2


def test_a_folder_where_names_cannot_be_exchanged(folder, monkeypatch):
    place = folder.parent.parent
    monkeypatch.setattr(moving, "exchange", lambda *_: False)
    for root, text in ((place, "old"), (folder / NEW, "new")):
        (root / "pets").mkdir()
        (root / "pets/0.png").write_text(text)
    with monkeypatch.context() as patched:
        kill_at(patched, 3)
        with pytest.raises(Killed):
            put_in_place(folder / NEW / "pets", place / "pets", folder)
    assert content(place) == {}
    clear(place / "pets")
    assert content(place) == {"pets/0.png": "new"}


def test_what_cannot_be_finished_is_kept_for_the_next_run(folder, monkeypatch):
    """It is the only copy of the old and of the new."""
    place = folder.parent.parent
    for root, text in ((place, "old"), (folder / NEW, "new")):
        (root / "pets").mkdir()
        (root / "pets/0.png").write_text(text)
    moves = [(place / "pets", folder / OLD / "pets"), (folder / NEW / "pets", place / "pets")]
    with monkeypatch.context() as patched:
        kill_at(patched, 3)
        with pytest.raises(Killed):
            move_all(folder, moves)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("busy")))
        for _ in range(2):
            with pytest.raises(OSError, match="busy"):
                clear(place / "pets")
    clear(place / "pets")
    assert content(place) == {"pets/0.png": "new"}
    assert not folder.parent.exists()


def test_an_error_takes_back_what_was_done(folder, monkeypatch):
    place = folder.parent.parent
    (place / "pets").mkdir()
    (place / "pets/0.png").write_text("old")
    (place / "full").mkdir()
    (place / "full/0.png").write_text("of others")
    before = content(place)
    with pytest.raises(OSError, match="not empty"):
        move_all(folder, [(place / "pets", folder / OLD / "pets"), (folder / NEW, place / "full")])
    assert content(place) == before
    assert not (folder / "moves").exists()


@pytest.mark.parametrize(
    "plan",
    [
        {"moves": [["../thesis.txt", ".pets.drafts/0123abcd/new/x"]], "drop": []},
        {"moves": [], "drop": ["../thesis.txt"]},
        {"moves": [], "drop": [".."]},
        {"moves": [[".pets.drafts/0123abcd/../../../thesis.txt", "x"]], "drop": []},
        {"moves": 7},
        [],
    ],
    ids=str,
)
def test_a_plan_that_leads_elsewhere_is_none(folder, plan):
    """Anybody may write into a shared folder."""
    thesis = folder.parent.parent.parent / "thesis.txt"
    thesis.write_text("years")
    (folder / "moves").write_text(json.dumps(plan))
    clear(folder.parent.parent / "pets")
    assert thesis.read_text() == "years"
    assert not folder.exists()


def test_two_names_are_exchanged_in_one_step(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("the system cannot")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    with pytest.raises(FileNotFoundError, match="none"):
        exchange(tmp_path / "a", tmp_path / "none")


@pytest.mark.parametrize("system", ["no such function", "no such library", "not supported"])
def test_systems_that_cannot_exchange_say_so(tmp_path, monkeypatch, system):
    class Library:
        if system == "not supported":

            def renameat2(self, *_):
                moving.ctypes.set_errno(errno.EINVAL)
                return -1

    def load(*_, **__):
        if system == "no such library":
            raise TypeError
        return Library()

    monkeypatch.setattr(moving.ctypes, "CDLL", load)
    monkeypatch.setattr(moving.sys, "platform", "linux")
    assert not exchange(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("failing", ["open", "fsync"])
def test_folders_that_cannot_be_flushed(tmp_path, monkeypatch, failing):
    """A share of Samba, and a folder that may be written to but not read; but not a bad disk."""
    (tmp_path / "draft").write_text("new")
    error = PermissionError() if failing == "open" else OSError(errno.EINVAL, "Invalid argument")

    def fail(*_):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(moving.os, failing, fail)
        put_in_place(tmp_path / "draft", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "new"
    error = OSError(errno.EIO, "Input/output error")
    monkeypatch.setattr(moving.os, failing, fail)
    with pytest.raises(OSError, match="Input/output error"):
        flush_folder(tmp_path)


def test_many_files_are_flushed_by_one_wait(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(os, "sync", lambda: waited.append("sync"), raising=False)
    monkeypatch.setattr(os, "fsync", lambda _: waited.append("fsync"))
    (tmp_path / "0").touch()
    moving.flush(tmp_path)
    for number in range(1, moving._MANY + 1):
        (tmp_path / str(number)).touch()
    moving.flush(tmp_path)
    assert waited == ["fsync", "sync"]
