"""Packs: what they hold, and that they are complete or absent whatever happens."""

import errno
import os
import shutil
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from keras_cvdata.conversion import convert, images
from keras_cvdata.conversion.draft import Draft, clear_finished
from keras_cvdata.sequences import CSVSequence, DirectorySequence, HDF5Sequence
from keras_cvdata.sources import ArraySource, open_source
from keras_cvdata.types import ImageError

try:
    import resource
except ImportError:  # Windows
    resource = None


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def served(sequence):
    """All pixels of one epoch."""
    return np.concatenate([batch[0] for batch in sequence])


@pytest.fixture
def counted(monkeypatch):
    """Positions of the images that are made."""
    made = []
    real = images.Maker.make
    monkeypatch.setattr(
        images.Maker, "make", lambda maker, position: made.append(position) or real(maker, position)
    )
    return made


@pytest.mark.backends
@pytest.mark.parametrize("size", [(16, 24), (33, 64), (200, 300)])
def test_raw_pixels_are_those_of_the_sequence(photo_folder, tmp_path, size):
    """Issue 14: bit for bit, whatever the decoder leaves out."""
    path = convert(photo_folder, tmp_path / "a.h5", pixels="raw", image_size=size, verbose=0)
    same = {"shuffle": False, "dtype": "uint8", "rescale": None, "verbose": 0}
    expected = served(DirectorySequence(photo_folder, image_size=size, **same))
    assert np.array_equal(served(HDF5Sequence(path, **same)), expected)


@pytest.mark.parametrize("pixels", ["encoded", "raw"])
def test_names_and_labels_are_those_of_the_source(photo_folder, tmp_path, pixels):
    source = open_source(photo_folder).select(np.array([7, 1, 11, 0, 5, 3]))
    path = convert(source, tmp_path / "a.h5", pixels=pixels, image_size=(8, 8), verbose=0)
    back = open_source(path)
    assert [back.name(i) for i in range(6)] == [source.name(i) for i in range(6)]
    assert [back[i][1] for i in range(6)] == [source[i][1] for i in range(6)]
    assert back.class_names == source.class_names
    assert back.location(0) is None  # the file of this name holds something else
    table = open_source(convert(back, tmp_path / "b.csv", verbose=0))
    assert table.image(0).shape == (8, 8, 3)  # what the pack holds, not the file of that name


def test_images_larger_than_max_side_are_made_anew(tmp_path):
    """The others are copied; of what JPEG cannot hold nothing is lost but pixels."""
    folder = tmp_path / "in/a"
    folder.mkdir(parents=True)
    x = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    for name, pixels in {
        "1_large.jpg": x,
        "2_small.jpg": x[:20, :30],
        "3_grey.png": x[..., 0],
        "4_alpha.png": np.dstack([x, x[..., 0]]),
        "5_deep.png": x.astype(np.uint16) * 257,
    }.items():
        assert cv2.imwrite(str(folder / name), pixels)
    source = open_source(tmp_path / "in")
    back = open_source(convert(source, tmp_path / "a.h5", max_side=30, verbose=0))
    kinds = [(back.fetch(i)[:4], back.image(i, "unchanged").shape) for i in range(5)]
    jpeg, png = b"\xff\xd8\xff\xe0", b"\x89PNG"
    assert [kind == jpeg for kind, _ in kinds] == [True, True, True, False, False]
    assert {kinds[3][0], kinds[4][0]} == {png}
    assert [shape for _, shape in kinds] == [
        *[(20, 30, 3)] * 2,
        (20, 30, 1),
        (20, 30, 4),
        (20, 30, 3),
    ]
    assert back.fetch(1) == source.fetch(1)
    assert back.image(4, "unchanged").dtype == np.uint16
    lower = open_source(convert(source, tmp_path / "b.h5", quality=20, verbose=0))
    assert lower.image(0).shape == (40, 60, 3)
    assert len(lower.fetch(0)) < len(source.fetch(0))
    again = open_source(convert(lower, tmp_path / "c.h5", quality=95, verbose=0))
    assert again.fetch(0) == lower.fetch(0)  # a larger file would gain nothing
    files = open_source(convert(source, tmp_path / "files", max_side=30, verbose=0))
    assert files.fetch(0) == back.fetch(0)


def test_masks_and_boxes_are_kept(tmp_path):
    """They follow their images to another size, and come back without being asked for."""
    rng = np.random.default_rng(1)
    lines = ["location,mask,label,boxes"]
    for number in range(3):
        image = rng.integers(0, 255, (20 + number, 30, 3), np.uint8)
        mask = (image[..., 0] > 128).astype(np.uint8) * 255
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        assert cv2.imwrite(str(tmp_path / f"m{number}.png"), mask)
        cell = str([[2, 3, 10, 12, "x"], [1, 1, 5, 6, "y"]][: number or 1]).replace("'", '""')
        lines.append(f'{number}.png,m{number}.png,{"ab"[number % 2]},"{cell}"')
    (tmp_path / "in.csv").write_text("\n".join(lines))
    same = {"image_size": (10, 15), "shuffle": False, "dtype": "uint8", "verbose": 0}
    rows = CSVSequence(
        tmp_path / "in.csv",
        mask_column="mask",
        box_column="boxes",
        mask_values={0: 0, 255: 1},
        label_column="label",
        **same,
    )
    (_, expected), pixels = rows[0], rows[0][0]
    for options in ({}, {"image_size": (10, 15)}, {"max_side": 15}):
        path = convert(rows, tmp_path / "a.h5", overwrite=True, verbose=0, **options)
        pack = HDF5Sequence(path, verify=True, **same)
        found = pack[0][1]
        assert set(found) == set(expected) == {"labels", "segmentation_masks", "bounding_boxes"}
        boxes = found["bounding_boxes"]
        assert np.allclose(boxes["boxes"], expected["bounding_boxes"]["boxes"], atol=0.5)
        assert np.array_equal(boxes["labels"], expected["bounding_boxes"]["labels"])
        if not options.get("max_side"):
            assert np.array_equal(pack[0][0], pixels)
            assert np.array_equal(found["segmentation_masks"], expected["segmentation_masks"])
    shards = [
        convert(rows, tmp_path / "s.h5", shard=(k, 2), image_size=(10, 15), verbose=0)
        for k in range(2)
    ]
    found = HDF5Sequence(shards, **same)[0][1]
    assert np.array_equal(found["segmentation_masks"], expected["segmentation_masks"])
    assert np.array_equal(found["bounding_boxes"]["boxes"], expected["bounding_boxes"]["boxes"])


def test_shards_are_the_collection(photo_folder, tmp_path):
    """Same rows, so same draws and batches; a part that is missing is noticed."""
    whole = convert(photo_folder, tmp_path / "w.h5", verbose=0)
    paths = [convert(photo_folder, tmp_path / "s.h5", shard=(k, 5), verbose=0) for k in range(5)]
    assert paths[1].name == "s-00001-of-00005.h5"
    one, many = open_source(whole), open_source(str(tmp_path / "s-*.h5"))
    assert many.rows.tolist() == one.rows.tolist()
    assert [many.fetch(i) for i in range(12)] == [one.fetch(i) for i in range(12)]
    assert [many.name(i) for i in range(12)] == [one.name(i) for i in range(12)]
    assert many.labels["label"].values.tolist() == one.labels["label"].values.tolist()
    shuffled = [paths[3], *paths[:3], paths[4]]
    assert open_source(shuffled).fetch(0) == one.fetch(0)
    for wrong, words in ((paths[1:], r"\(0, 5\).* missing"), ([*paths, paths[0]], "there twice")):
        with pytest.raises(ValueError, match=words):
            open_source(wrong)
    with pytest.raises(FileNotFoundError, match="no file has such a name"):
        open_source(str(tmp_path / "none-*.h5"))
    other = convert((np.zeros((1, 4, 4, 3), np.uint8), ["owl"]), tmp_path / "o.h5", verbose=0)
    with pytest.raises(ValueError, match=r"o\.h5: its labels 'label' are not those of"):
        open_source([whole, other])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pixels": "png"}, "pixels must be one of"),
        ({"max_side": 8, "image_size": (8, 8)}, "not both"),
        ({"max_side": 0}, "max_side must be"),
        ({"quality": 101}, "from 1 to 100; got 101"),
        ({"quality": 90, "pixels": "raw"}, "pixels='raw' stores none"),
        ({"shard": (2, 2)}, r"The parts of 2 are \(0, 2\) to \(1, 2\)"),
        ({"shard": (0, 13)}, "12 images for 13 parts"),
    ],
    ids=str,
)
def test_arguments_that_contradict_each_other(photo_folder, tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        convert(photo_folder, tmp_path / "a.h5", verbose=0, **options)
    assert names_in(tmp_path) == []


def test_options_of_packs_are_refused_for_others(photo_folder, tmp_path):
    with pytest.raises(ValueError, match=r"say how an \.h5 file is written"):
        convert(photo_folder, tmp_path / "a.csv", pixels="raw")


def interrupt_after(monkeypatch, count, error):
    """Let the writing of a pack fail after some images."""
    real = Draft.put
    calls = []

    def put(draft, *arguments):
        calls.append(None)
        if len(calls) > count:
            raise error
        real(draft, *arguments)

    monkeypatch.setattr(Draft, "put", put)


@pytest.fixture(params=[{}, {"image_size": (8, 8)}], ids=["encoded", "raw"])
def options(request):
    return request.param


@pytest.fixture
def interrupted(photo_folder, tmp_path, counted, options):
    """A pack that was interrupted after 7 of 12 images, alone in its folder."""
    target = tmp_path / "out/a.h5"
    target.parent.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(patch, 7, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            convert(photo_folder, target, verbose=0, n_jobs=1, **options)
    assert names_in(target.parent) == [".a.h5.draft", ".a.h5.journal"]
    counted.clear()
    return target


def test_an_interrupted_pack_is_gone_on_with(photo_folder, tmp_path, interrupted, counted, options):
    draft = shutil.copy(interrupted.with_name(".a.h5.draft"), tmp_path / "draft.h5")
    with pytest.raises(ValueError, match="cannot be opened as HDF5"):
        open_source(draft)
    convert(photo_folder, interrupted, verbose=0, **options)
    assert sorted(counted) == [7, 8, 9, 10, 11]
    assert names_in(interrupted.parent) == ["a.h5"]
    whole = convert(photo_folder, tmp_path / "w.h5", verbose=0, **options)
    assert interrupted.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("end", ["[7, 12", "[7, 1\n", "\0\0\n"], ids=["cut", "short", "zeros"])
def test_only_what_the_draft_holds_whole_is_kept(
    photo_folder, tmp_path, interrupted, counted, options, end
):
    """Bytes that never reached the disk, and a journal that was cut short."""
    draft, journal = (interrupted.with_name(f".a.h5.{name}") for name in ("draft", "journal"))
    data = bytearray(draft.read_bytes())
    third = journal.read_text().splitlines()[3]
    data[int(third.split(",")[1]) + 5] ^= 1
    draft.write_bytes(data)
    with journal.open("a") as file:
        file.write(end)
    convert(photo_folder, interrupted, verbose=0, **options)
    assert sorted(counted) == [2, 7, 8, 9, 10, 11]
    expected = open_source(convert(photo_folder, tmp_path / "w.h5", verbose=0, **options))
    back = open_source(interrupted, verify=True)
    assert all(np.array_equal(back.fetch(i), expected.fetch(i)) for i in range(12))


def test_with_other_settings_a_pack_begins_anew(photo_folder, interrupted, counted):
    convert(photo_folder, interrupted, verbose=0, image_size=(9, 9))
    assert len(counted) == 12
    assert open_source(interrupted).image_shape == (9, 9, 3)


def test_a_changed_file_and_arrays_are_packed_anew(photo_folder, tmp_path, counted):
    pets = shutil.copytree(photo_folder, tmp_path / "pets")
    x = np.arange(12 * 4 * 4 * 3, dtype=np.uint8).reshape(12, 4, 4, 3)
    for number, data in enumerate((pets, ArraySource(x))):
        target = tmp_path / f"{number}.h5"
        with pytest.MonkeyPatch.context() as patch:
            interrupt_after(patch, 7, KeyboardInterrupt)
            with pytest.raises(KeyboardInterrupt):
                convert(data, target, verbose=0, n_jobs=1)
        counted.clear()
        (pets / "cat/0.jpg").write_bytes((pets / "cat/1.jpg").read_bytes())
        convert(data, target, verbose=0)
        assert len(counted) == 12


def test_what_is_under_way_is_given_up_without_a_warning(tmp_path, monkeypatch):
    interrupt_after(monkeypatch, 0, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        convert(np.zeros((300, 4, 4, 3), np.uint8), tmp_path / "a.h5", verbose=0, n_jobs=2)


def test_one_process_at_a_time(photo_folder, tmp_path):
    with Draft(tmp_path / "a.h5", "other", 1, 0), pytest.raises(BlockingIOError, match="another"):
        convert(photo_folder, tmp_path / "a.h5", verbose=0)


@pytest.mark.parametrize("options", [{}, {"image_size": (32, 32)}], ids=["encoded", "raw"])
@pytest.mark.skipif(resource is None, reason="a limit of POSIX")
def test_a_limit_of_the_file_size_is_a_clear_error(photo_folder, tmp_path, options):
    """A full disk is the same: the target stays, and what was done is kept where there is any."""
    target = convert((np.zeros((1, 4, 4, 3), np.uint8), ["owl"]), tmp_path / "a.h5", verbose=0)
    before = target.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match=r"the pack cannot be written: .*a\.h5") as caught:
            convert(photo_folder, target, verbose=0, overwrite=True, n_jobs=1, **options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert target.read_bytes() == before
    kept = [] if options else [".a.h5.draft", ".a.h5.journal"]
    assert names_in(tmp_path) == [*kept, "a.h5"]
    if not options:
        assert "the same call goes on with it" in str(caught.value)
        convert(photo_folder, target, verbose=0, overwrite=True)
        assert names_in(tmp_path) == ["a.h5"]


def test_bad_images_leave_no_trace_in_a_raw_pack(photo_folder, tmp_path, capsys):
    """Their places in the stacks are passed over."""
    pets = shutil.copytree(photo_folder, tmp_path / "pets")
    for name in ("cat/0.jpg", "fox/1.jpg"):
        (pets / name).write_text("no image")
    source = open_source(pets)
    kept = np.delete(np.arange(12), [0, 9])
    path = convert(source, tmp_path / "a.h5", image_size=(8, 8), on_error="skip")
    assert "Left out 2 of 12 images" in capsys.readouterr().out
    back = open_source(path, verify=True)
    assert [back.name(i) for i in range(10)] == [source.name(i) for i in kept]
    expected = convert(source.select(kept), tmp_path / "b.h5", image_size=(8, 8), verbose=0)
    good = open_source(expected)
    assert all(np.array_equal(back.fetch(i), good.fetch(i)) for i in range(10))
    flat = convert(source, tmp_path / "c.h5", image_size=(8, 8), on_error="skip", verbose=0)
    assert len(open_source(flat)) == 10
    (pets / "cat/1.jpg").write_text("no image")
    with pytest.raises(ImageError, match=r"cat/0\.jpg"):
        convert(source.select(np.arange(2)), tmp_path / "d.h5", on_error="skip", verbose=0)
    assert not (tmp_path / "d.h5").exists()


def test_damage_is_found_by_its_checksum(photo_folder, tmp_path):
    path = convert(photo_folder, tmp_path / "a.h5", image_size=(8, 8), verbose=0)
    expected = open_source(path).image(5)
    with h5py.File(path, "r+") as file:
        file["dog/images"][2, 3, 3, 0] ^= 1
    assert open_source(path).image(6).shape == (8, 8, 3)
    damaged = open_source(path, verify=True)
    assert np.array_equal(damaged.image(5), expected)
    with pytest.raises(ImageError, match=r"dog/2\.jpg \(row 6\): Its bytes in .*a\.h5 are no long"):
        damaged.image(6)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="holds no checksums"):
        open_source(tmp_path / "other.h5", verify=True)


def test_parts_of_different_collections_are_told_apart(photo_folder, tmp_path):
    """A run that makes them anew and is cut short leaves new ones beside old ones."""
    some = open_source(photo_folder).select(np.arange(1, 12))
    for part in range(2):
        convert(photo_folder, tmp_path / "s.h5", shard=(part, 2), verbose=0)
    for options in ({}, {"max_side": 40}):
        data = photo_folder if options else some
        convert(data, tmp_path / "s.h5", shard=(1, 2), overwrite=True, verbose=0, **options)
        with pytest.raises(ValueError, match="are parts of different collections, or were made"):
            open_source(str(tmp_path / "s-*.h5"))


def test_a_journal_that_outlived_its_run_goes(photo_folder, tmp_path):
    """A kill between the name of the pack and the end of its journal."""
    path = convert(photo_folder, tmp_path / "a.h5", verbose=0)
    (tmp_path / ".a.h5.journal").write_text("digest\n")
    with pytest.raises(FileExistsError, match="Pass overwrite=True"):
        convert(photo_folder, path, verbose=0)
    assert names_in(tmp_path) == ["a.h5"]
    with Draft(path, "digest", 1, 0):
        (tmp_path / ".a.h5.draft").unlink()
        with pytest.raises(FileExistsError):
            convert(photo_folder, path, verbose=0)
        assert (tmp_path / ".a.h5.journal").exists()


def test_a_journal_goes_where_nothing_open_can_be_deleted(tmp_path, monkeypatch):
    journal = tmp_path / ".a.h5.journal"
    journal.touch()
    real_unlink, real_close, closed = Path.unlink, os.close, []

    def unlink(path, **options):
        if not closed:
            raise PermissionError(errno.EACCES, "used by another process", str(path))
        real_unlink(path, **options)

    def close(descriptor):
        real_close(descriptor)
        closed.append(descriptor)

    monkeypatch.setattr(Path, "unlink", unlink)
    monkeypatch.setattr(os, "close", close)
    clear_finished(tmp_path / "a.h5")
    assert names_in(tmp_path) == []
