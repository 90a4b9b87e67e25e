"""Drafts: those of killed runs go, those of running ones stay; errors name the target."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_cvdata.writing import drafts
from keras_cvdata.writing.drafts import NEW, clear, draft_folder


def left_by_a_killed_run(target: Path) -> Path:
    """A folder as it is when its run has ended without removing it."""
    folder = target.with_name(f".{target.name}.drafts") / "0123abcd"
    (folder / NEW).mkdir(parents=True)
    (folder / NEW / target.name).write_text("half")
    (folder / "lock").touch()
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    left = left_by_a_killed_run(tmp_path / "a.csv")
    other = left_by_a_killed_run(tmp_path / "b.csv")
    with draft_folder(tmp_path / "a.csv", alone=True) as folder:
        assert names_in(left.parent) == [folder.name]
        assert names_in(folder) == ["lock", "new", "old"]
    assert names_in(tmp_path) == [other.parent.name]


def test_a_run_that_was_killed_before_it_had_a_lock_goes(tmp_path: Path) -> None:
    (left_by_a_killed_run(tmp_path / "a.csv") / "lock").unlink()
    assert not clear(tmp_path / "a.csv")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["mine", "0123abcd"])
@pytest.mark.parametrize("linked", [False, True])
def test_what_others_keep_there_stays(tmp_path: Path, name: str, linked: bool) -> None:
    home = tmp_path / ".a.csv.drafts"
    if linked:
        (tmp_path / "photos").mkdir()
        home.symlink_to(tmp_path / "photos")
    (home / name / NEW).mkdir(parents=True)
    (home / name / "thesis.txt").write_text("years")
    with draft_folder(tmp_path / "a.csv"):
        pass
    assert names_in(home) == [name]
    assert names_in(home / name) == [NEW, "thesis.txt"]


def test_a_second_interrupt_leaves_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of a notebook lives on, and is to write the target again."""

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(drafts, "remove", interrupted)
        with pytest.raises(KeyboardInterrupt), draft_folder(tmp_path / "a.csv"):
            pass
    with draft_folder(tmp_path / "a.csv", alone=True):
        pass
    assert names_in(tmp_path) == []


def test_what_a_running_one_writes_stays(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with draft_folder(target) as first:
        (first / NEW / "a.csv").write_text("much work")
        with draft_folder(target) as second:
            assert first != second
        assert clear(target)
        with (
            pytest.raises(BlockingIOError, match=r"a\.csv: another process is writing it"),
            draft_folder(target, alone=True),
        ):
            pass
        assert (first / NEW / "a.csv").read_text() == "much work"
    assert names_in(tmp_path) == []


@pytest.mark.slow
def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from keras_cvdata.writing.drafts import draft_folder\n"
        "with draft_folder(Path(sys.argv[1])):\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    target = tmp_path / "a.csv"
    arguments = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        assert clear(target)
        assert len(names_in(tmp_path / ".a.csv.drafts")) == 1
        run.kill()
    assert not clear(target)
    assert names_in(tmp_path) == []


def test_one_that_ends_may_take_the_folder_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and that of the folder in it."""
    real, calls = Path.mkdir, []

    def mkdir(path: Path, **options: object) -> None:
        real(path, **options)
        calls.append(path)
        if len(calls) == 1:
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with draft_folder(tmp_path / "a.csv") as folder:
        assert folder.is_dir()


def test_a_path_that_is_too_long_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, where that looks as if a folder on the way were missing."""
    real = Path.mkdir

    def mkdir(path: Path, **options: object) -> None:
        if path.parent != tmp_path:
            raise FileNotFoundError(errno.ENOENT, "The filename is too long", str(path))
        real(path, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with (
        pytest.raises(FileNotFoundError, match=r"too long.*a\.csv"),
        draft_folder(tmp_path / "a.csv"),
    ):
        pass
    assert names_in(tmp_path) == []


def test_a_disk_that_is_full_at_the_beginning_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.mkdir

    def mkdir(path: Path, **options: object) -> None:
        if path.name == "new":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with (
        pytest.raises(OSError, match=r"No space left on device.*a\.csv"),
        draft_folder(tmp_path / "a.csv"),
    ):
        pass
    assert names_in(tmp_path) == []


def test_where_nothing_can_be_locked_nothing_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_by_a_killed_run(tmp_path / "a.csv")
    monkeypatch.setattr(drafts, "try_lock", lambda _: None)
    with draft_folder(tmp_path / "a.csv", alone=True):
        assert (left / NEW / "a.csv").exists()


def test_the_folder_of_another_user_is_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_by_a_killed_run(tmp_path / "a.csv")

    def refused(*_: object) -> int:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        assert not clear(tmp_path / "a.csv")
    assert left.exists()


def test_links_in_its_place_lead_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "home/new").mkdir(parents=True)
    (tmp_path / "home/new/thesis.txt").write_text("years")
    (tmp_path / ".a.csv.drafts").mkdir()
    (tmp_path / ".a.csv.drafts/0123abcd").symlink_to(tmp_path / "home")
    assert not clear(tmp_path / "a.csv")
    assert names_in(tmp_path / "home/new") == ["thesis.txt"]


def test_names_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    with draft_folder(tmp_path / ("ü" * 127)) as folder:
        assert len(folder.parent.name) < 100


def test_errors_of_the_disk_name_the_target(tmp_path: Path) -> None:
    def fail(number: int, *names: str) -> None:
        with draft_folder(tmp_path / "a.csv") as folder:
            paths = [str(folder / name) if name else name for name in names]
            raise OSError(number, "No space left on device", *paths)

    for names in ((), ("new/a.csv",)):
        with pytest.raises(OSError, match="it cannot be written: No space left") as caught:
            fail(errno.ENOSPC, *names)
        assert caught.value.filename == str(tmp_path / "a.csv")
        assert "what was there before is as it was" in str(caught.value)
    with pytest.raises(OSError, match=r"^\[Errno \d+\] No space"):  # of something else
        fail(errno.ECONNRESET)
