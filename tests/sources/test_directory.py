"""Images in folders."""

from __future__ import annotations

import errno
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.sources import DirectorySource
from keras_cvdata.types import ImageError


def make(root: Path, *names: str) -> Path:
    """Write a file of each name; all of them the same small PNG."""
    data = cv2.imencode(".png", np.full((4, 5, 3), 7, np.uint8))[1].tobytes()
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def depth_here() -> int:
    """Number of frames on the stack."""
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def paths(source: DirectorySource) -> list[str]:
    return [os.path.relpath(source.name(i), source.directory) for i in range(len(source))]


def test_one_folder_a_class(photo_folder):
    """R17, R49: classes sorted, 0-based."""
    source = DirectorySource(photo_folder)
    assert source.class_names == ("cat", "dog", "fox")
    assert source.labels["label"].counts() == {"cat": 4, "dog": 4, "fox": 4}
    assert source.labels["label"].values.dtype == np.uint16
    assert paths(source)[:5] == ["cat/0.jpg", "cat/1.jpg", "cat/2.jpg", "cat/3.jpg", "dog/0.jpg"]
    image, label = source[4]
    expected = cv2.imdecode(np.fromfile(photo_folder / "dog/0.jpg", np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(image, expected[:, :, ::-1])
    assert label == 1


def test_order_is_that_of_classes_then_of_path_bytes(tmp_path):
    """X12: the order of the file system plays no part."""
    names = [
        "a-b/1.png",
        "a/é.png",
        "a/b/2.png",
        "a/b.png",
        "a/B.png",
        "a/b-c.png",
        "a/c.png",
        "a/10.png",
    ]
    source = DirectorySource(make(tmp_path, *names))
    assert source.class_names == ("a", "a-b")
    inside = sorted((name for name in names if name.startswith("a/")), key=str.encode)
    assert paths(source) == [*inside, "a-b/1.png"]
    assert source.labels["label"].values.tolist() == [0] * 7 + [1]


def test_litter_and_files_beside_the_classes_are_passed_over(tmp_path):
    """R20."""
    make(
        tmp_path,
        "LICENSE.png", "cat/1.JPG", "cat/.DS_Store", "cat/._1.jpg", "cat/Thumbs.db", "cat/read.txt",
        "cat/.hidden/2.jpg", "cat/@eaDir/1.jpg", "__MACOSX/cat/1.jpg", ".git/x.png", "dog/1.webp",
    )  # fmt: skip
    source = DirectorySource(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert paths(source) == ["cat/1.JPG", "dog/1.webp"]


def test_class_without_images_stays_a_class(tmp_path):
    make(tmp_path, "cat/1.png", "dog/notes.txt")
    assert DirectorySource(tmp_path).labels["label"].counts() == {"cat": 1, "dog": 0}


def test_class_names_set_the_integers(tmp_path):
    make(tmp_path, "cat/1.png", "dog/1.png")
    source = DirectorySource(tmp_path, class_names=np.array(["dog", "emu", "cat"]))
    assert source.class_names == ("dog", "emu", "cat")
    assert source.labels["label"].values.tolist() == [2, 0]
    assert paths(source) == ["cat/1.png", "dog/1.png"]


def test_class_names_of_some_folders_pass_the_others_over(tmp_path):
    """As in Keras; the summary counts them, also of a part."""
    make(tmp_path, "cat/1.png", "dog/1.png", "dog/2.png", "fox/1.png")
    source = DirectorySource(tmp_path, class_names=["fox", "cat"])
    assert paths(source) == ["cat/1.png", "fox/1.png"]
    assert source.labels["label"].values.tolist() == [1, 0]
    for part in (source, source.select(np.array([0]))):
        assert part.summary().endswith("passed over: 1 folder not in class_names (dog)")
    with pytest.raises(
        ValueError, match=r"\['emu'\] have no folder, and the folders \['dog', 'fox'"
    ):
        DirectorySource(tmp_path, class_names=["cat", "emu"])


def test_classes_are_sorted_as_keras_sorts_them(tmp_path):
    """R49: as text, so that weights trained with `image_dataset_from_directory` stay right."""
    make(tmp_path, *(f"{name}/1.png" for name in ("1", "2", "10")))
    assert DirectorySource(tmp_path).class_names == ("1", "10", "2")
    assert DirectorySource(tmp_path).labels["label"].values.tolist() == [0, 1, 2]


def test_a_list_of_labels_takes_the_files_folder_by_folder(tmp_path):
    """In the order of Keras: the files of a folder, then those of the folders in it."""
    make(tmp_path, "b.png", "a/2.png", "a/x/1.png", "a-b/1.png", "c.png", "a/10.png")
    source = DirectorySource(tmp_path, labels=[2, 0, 1, 2, 0, 4])
    assert paths(source) == ["b.png", "c.png", "a/10.png", "a/2.png", "a-b/1.png", "a/x/1.png"]
    keras_order = [
        str((Path(folder) / name).relative_to(tmp_path))
        for folder, _, names in sorted(os.walk(tmp_path))
        for name in sorted(names)
    ]
    assert paths(source) == keras_order
    assert source.labels["label"].values.tolist() == [2, 0, 1, 2, 0, 4]
    assert source.class_names == ("0", "1", "2", "3", "4")
    named = DirectorySource(tmp_path, labels=np.array(list("babbab")))
    assert named.class_names == ("a", "b")
    with pytest.raises(ValueError, match=r"6 images, from 'b.png' to 'a/x/1.png', but .* 5 labels"):
        DirectorySource(tmp_path, labels=[0] * 5)


def test_a_list_of_labels_takes_names_in_the_order_of_text(tmp_path):
    """Bytes that are no UTF-8 come before the characters beyond 65,535, and not after them."""
    names = ["é.png", os.fsdecode(b"\xff.png"), "😀.png"]
    source = DirectorySource(make(tmp_path, *names), labels=[0, 1, 2])
    assert list(source.relative_paths()) == names == sorted(names)


def test_hierarchy(tmp_path):
    """R19: one label per level."""
    make(tmp_path, "cat/persian/1.png", "cat/siam/1.png", "cat/siam/2.png", "dog/boxer/1.png")
    labels = DirectorySource(tmp_path, hierarchical=True).labels["label"]
    assert labels.kind == "hierarchical"
    assert labels.names == (("cat", "dog"), ("boxer", "persian", "siam"))
    assert labels.values.tolist() == [[0, 1], [0, 2], [0, 2], [1, 0]]
    assert DirectorySource(tmp_path).labels["label"].counts() == {"cat": 3, "dog": 1}
    make(tmp_path, "dog/1.png")
    with pytest.raises(ValueError, match="dog/: every label needs 2 levels"):
        DirectorySource(tmp_path, hierarchical=True)


def test_unlabelled_takes_images_from_anywhere(tmp_path):
    make(tmp_path, "2.png", "b/1.png", "a/x/1.png")
    source = DirectorySource(tmp_path, unlabelled=True)
    assert paths(source) == ["2.png", "a/x/1.png", "b/1.png"]
    assert source.labels == {}
    assert source[0][1] is None
    for options in ({"unlabelled": True}, {"hierarchical": True}):
        with pytest.raises(ValueError, match="class_names orders the classes of one level"):
            DirectorySource(tmp_path, class_names=["a"], **options)


def test_split_folder(tmp_path):
    """R18."""
    make(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/2.png")
    assert paths(DirectorySource(tmp_path, split="train")) == ["cat/1.png", "dog/1.png"]
    message = r"looks split already.*\['test', 'train'\].*\['cat', 'dog'\].*split='train'"
    with pytest.raises(ValueError, match=message):
        DirectorySource(tmp_path)
    assert len(DirectorySource(tmp_path, class_names=["test", "train"])) == 4
    with pytest.raises(FileNotFoundError, match=r"val: there is no .* holds \['test', 'train'\]"):
        DirectorySource(tmp_path, split="val")


def test_classes_may_be_called_like_splits(tmp_path):
    make(tmp_path, "train/1.png", "test/1.png")
    assert DirectorySource(tmp_path).class_names == ("test", "train")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds neither folders nor images"),
        (["readme.txt"], "holds neither folders nor images"),
        (["1.png"], "no class folders.*unlabelled=True"),
        (["cat/1.txt"], "no file in its folders ends like an image"),
    ],
)
def test_folders_without_images_or_classes(tmp_path, names, message):
    with pytest.raises(ValueError, match=message):
        DirectorySource(make(tmp_path, *names))


def test_missing_folder_and_file_instead_of_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="none: there is no such folder"):
        DirectorySource(tmp_path / "none")
    make(tmp_path, "a.png")
    with pytest.raises(NotADirectoryError, match=r"a.png is a file, not a folder"):
        DirectorySource(tmp_path / "a.png")


def test_unreadable_folder_is_named_not_skipped():
    """`os.walk` would leave its images out without a word."""
    with tempfile.TemporaryDirectory() as name:  # outside tmp_path, which only root may enter
        root = make(Path(name), "cat/1.png", "dog/deep/1.png")
        root.chmod(0o755)
        (root / "dog/deep").chmod(0)
        user = os.geteuid()
        if user == 0:  # root may read everything
            os.seteuid(65534)
        try:
            with pytest.raises(PermissionError, match="dog/deep: the folder cannot be read"):
                DirectorySource(root)
        finally:
            os.seteuid(user)
            (root / "dog/deep").chmod(0o755)


def test_links(tmp_path):
    make(tmp_path / "data", "cat/1.png", "cat/in/2.png", "dog/1.png")
    make(tmp_path / "else", "more/3.png")
    (tmp_path / "data/cat/loop").symlink_to(tmp_path / "data/cat")
    (tmp_path / "data/cat/to").symlink_to(tmp_path / "else")
    (tmp_path / "data/fox").symlink_to(tmp_path / "else/more")
    (tmp_path / "data/dog/2.png").symlink_to(tmp_path / "else/more/3.png")
    plain = DirectorySource(tmp_path / "data")
    assert paths(plain) == ["cat/1.png", "cat/in/2.png", "dog/1.png", "dog/2.png", "fox/3.png"]
    followed = DirectorySource(tmp_path / "data", follow_links=True)
    assert paths(followed)[:3] == ["cat/1.png", "cat/in/2.png", "cat/to/more/3.png"]
    assert len(followed) == 6
    assert followed.class_names == ("cat", "dog", "fox")


def test_broken_files_are_listed_and_named_when_read(tmp_path):
    make(tmp_path, "cat/1.png")
    (tmp_path / "cat/2.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "cat/3.png")
    (tmp_path / "cat/4.png").write_text("no image")
    source = DirectorySource(tmp_path)
    assert len(source) == 4
    for position, reason in enumerate(["does not exist", "pipe", "text that begins 'no image'"], 1):
        with pytest.raises(ImageError, match=f"cat/{position + 1}.png.*: .*{reason}"):
            source.image(position)


def test_long_files_are_read_where_many_pixels_are_allowed(tmp_path):
    (tmp_path / "cat").mkdir()
    with (tmp_path / "cat/scan.tif").open("wb") as file:
        file.truncate((64 << 20) + 1)
    source = DirectorySource(tmp_path)
    with pytest.raises(ImageError, match=r"at most 67,108,864 are read.* or raise max_pixels of"):
        source.fetch(0)
    assert len(source.limited(65_000_000).fetch(0)) == (64 << 20) + 1


def test_names_that_are_not_unicode(tmp_path):
    make(tmp_path, "cat/é.png")
    (tmp_path / os.fsdecode(b"cat/\xff.png")).write_bytes((tmp_path / "cat/é.png").read_bytes())
    source = pickle.loads(pickle.dumps(DirectorySource(tmp_path)))
    assert [source.image(i).shape for i in range(2)] == [(4, 5, 3)] * 2


def test_index_is_small(tmp_path):
    """10 million images stay below 0.7 GB: 6 bytes each beside their paths."""
    (tmp_path / "class_a").mkdir()
    for number in range(3000):
        (tmp_path / f"class_a/{number:07d}.jpg").touch()
    size = len(pickle.dumps(DirectorySource(tmp_path), protocol=5))
    assert size < 3000 * (len("class_a/0000000.jpg") + 6) + 2000


def test_files_that_are_no_images_are_counted_by_kind(tmp_path):
    """R20: a photograph of a telephone that cannot be read is not passed over in silence."""
    make(tmp_path, "a/1.png", "a/b/2.png", "c/3.png", "loose.jpg")
    make(tmp_path, "a/x.heic", "a/b/y.HEIC", "c/z.xcf", "list.csv", "c/README")
    make(tmp_path, "a/Thumbs.db", "a/.DS_Store", "desktop.ini", "c/@eaDir/small.heic")
    source = DirectorySource(tmp_path)
    said = source.summary().splitlines()
    assert said[1] == "  label: 2 classes (a 2, c 1)"
    assert said[2] == "  passed over: 1 images beside the class folders"
    assert said[3].startswith("  passed over: .heic 2, ")
    assert sorted(said[3].removeprefix("  passed over: ").split(", ")) == [
        *(".csv 1", ".heic 2", ".xcf 1", "without an ending 1")
    ]
    assert source.select([0]).summary().splitlines()[2:] == said[2:]
    everything = DirectorySource(tmp_path, unlabelled=True).summary().splitlines()
    assert everything[0] == "Found 4 images"
    assert len(everything) == 2
    assert ".csv 1" in everything[1]


def test_nothing_is_said_where_nothing_was_passed_over(photo_folder):
    assert DirectorySource(photo_folder).summary().count("\n") == 1


def test_of_many_kinds_the_most_frequent_are_named(tmp_path):
    names = (f"a/{number}.kind{number // 2}" for number in range(60))
    make(tmp_path, "a/1.png", "a/x.rare", *names)
    said = DirectorySource(tmp_path).summary()
    assert said.endswith(", ...")
    assert said.count(" 2, ") == 10
    assert ".rare" not in said


def test_links_in_circles_and_into_nothing_are_no_classes(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png")
    for name, target in (("loop", "loop"), ("to", "fro"), ("fro", "to"), ("nowhere", "none")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "cat" / "loop.png").symlink_to("loop.png")
    for follow_links in (False, True):
        source = DirectorySource(tmp_path, follow_links=follow_links)
        assert source.class_names == ("cat",)
        with pytest.raises(ImageError, match=r"loop.png: .*cannot be read"):
            source.fetch(1)
    kept = DirectorySource(tmp_path, follow_links=True, index=tmp_path / ".index")
    assert paths(kept) == paths(
        DirectorySource(tmp_path, follow_links=True, index=tmp_path / ".index")
    )


def test_folders_are_followed_without_recursion(tmp_path: Path) -> None:
    """A thousand folders in each other were more than the stack holds."""
    make(tmp_path, "cat/" + "d/" * 60 + "1.png", "cat/2.png", "cat/e/3.png")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth_here() + 50)
    try:
        for follow_links in (False, True):
            found = paths(DirectorySource(tmp_path, follow_links=follow_links, verbose=0))
    finally:
        sys.setrecursionlimit(before)
    assert found == ["cat/2.png", "cat/" + "d/" * 60 + "1.png", "cat/e/3.png"]


def test_names_that_steer_terminals_are_escaped(tmp_path: Path) -> None:
    make(tmp_path, "\x1b[31mcat\n/1.png", "other\x07/1.png")
    (tmp_path / "\x1b[31mcat\n" / "n.\x1b[2j").touch()
    (tmp_path / "\x1b[31mcat\n" / "2.png").write_bytes(b"none")
    source = DirectorySource(tmp_path, class_names=["\x1b[31mcat\n"])
    said = source.summary().splitlines()
    with pytest.raises(ImageError) as raised:
        source.image(1)
    said.append(str(raised.value))
    assert all(line.isprintable() for line in said)
    assert "\\x1b[31mcat\\n" in said[1]


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory"),
            "moved or removed meanwhile",
        ),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "longer than the system takes"),
        (PermissionError(errno.EACCES, "Permission denied"), "Change its permissions"),
    ],
)
def test_folders_that_cannot_be_listed_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, mend: str
) -> None:
    make(tmp_path, "cat/1.png", "dog/1.png")
    scandir = os.scandir

    def failing(path: str) -> Any:
        if path.endswith("dog"):
            raise error
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(type(error), match=f"dog: the folder cannot be read: .*{mend}"):
        DirectorySource(tmp_path)
