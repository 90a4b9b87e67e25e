"""Pixels in the rows of a table: as text, and as one column for each."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from keras_cvdata import sequences
from keras_cvdata.conversion import convert
from keras_cvdata.sources import CSVSource, DataFrameSource, JSONSource, open_source

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 6), np.uint8)
SHAPE = (4, 6)


def in_text(images, separator=" "):
    return [separator.join(map(str, image.ravel().tolist())) for image in images]


def in_columns(images):
    return {f"pixel{i}": column for i, column in enumerate(images.reshape(len(images), -1).T)}


def readers(folder, data, **options):
    """The same table in each format."""
    frame = pd.DataFrame({"label": list("abcab"), **data, "Usage": list("TTTPP")})
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_json(folder / "t.json", orient="records")
    yield lambda: CSVSource(folder / "t.csv", **options)
    yield lambda: JSONSource(folder / "t.json", **options)
    yield lambda: DataFrameSource(frame, **options)


@pytest.mark.parametrize("separator", [" ", ",", ", ", ";"])
def test_pixels_as_text(tmp_path, separator):
    """As in FER2013."""
    data = {"pixels": in_text(PIXELS, separator)}
    for read in readers(tmp_path, data, image_column="pixels", pixel_shape=SHAPE):
        source = read()
        assert len(source) == 5
        assert source.image_shape == (4, 6, 1)
        assert source.dtype == np.uint8
        np.testing.assert_array_equal([source.fetch(i) for i in range(5)], PIXELS)
        assert source.class_names == ("a", "b", "c")
        assert source.columns["Usage"].tolist() == list("TTTPP")
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).fetch(3), PIXELS[3])


@pytest.mark.parametrize("named", ["pixel*", [f"pixel{number}" for number in range(24)]])
def test_one_column_for_each_pixel(tmp_path, named):
    """As in MNIST as CSV; `pixel10` is the eleventh."""
    for read in readers(tmp_path, in_columns(PIXELS), image_column=named, pixel_shape=SHAPE):
        source = read()
        np.testing.assert_array_equal([source.fetch(i) for i in range(5)], PIXELS)
        assert list(source.columns) == ["Usage"]
        assert source.name(4).endswith("[4]")


def test_columns_in_the_order_that_is_asked_for(tmp_path):
    turned = [f"pixel{number}" for number in range(23, -1, -1)]
    for read in readers(tmp_path, in_columns(PIXELS), image_column=turned, pixel_shape=SHAPE):
        np.testing.assert_array_equal(read().fetch(1), PIXELS[1, ::-1, ::-1])


def test_colour_has_its_channels_last(tmp_path):
    data = {"pixels": in_text(PIXELS)}
    for read in readers(tmp_path, data, image_column="pixels", pixel_shape=(2, 4, 3)):
        assert read().image_shape == (2, 4, 3)
        np.testing.assert_array_equal(read().fetch(2), PIXELS[2].reshape(2, 4, 3))


def test_whole_numbers_with_a_point_are_bytes(tmp_path):
    """A gap somewhere makes pandas write all numbers of a column so."""
    images = PIXELS.astype(float)
    for data in ({"pixels": in_text(images)}, in_columns(images)):
        column = "pixels" if "pixels" in data else "pixel*"
        for read in readers(tmp_path, data, image_column=column, pixel_shape=SHAPE):
            assert read().dtype == np.uint8
            np.testing.assert_array_equal(read().fetch(1), PIXELS[1])


def test_decimals_are_floats_from_0_to_1(tmp_path):
    """Also the images of a table that are black or white all over."""
    images = PIXELS / 255
    images[1] = 0
    for data in ({"pixels": in_text(images)}, in_columns(images)):
        column = "pixels" if "pixels" in data else "pixel*"
        for read in readers(tmp_path, data, image_column=column, pixel_shape=SHAPE):
            source = read()
            assert (source.dtype, source.value_range) == (np.float32, (0, 1))
            np.testing.assert_allclose(
                [source.fetch(i) for i in range(5)], images, rtol=1e-6, atol=1e-7
            )


def test_nested_lists(tmp_path):
    rows = [{"label": "a", "pixels": image.tolist()} for image in PIXELS]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    options = {"image_column": "pixels", "pixel_shape": SHAPE}
    sources = [JSONSource(tmp_path / "t.json", **options)]
    sources.append(DataFrameSource(pd.DataFrame(rows), **options))
    for source in sources:
        np.testing.assert_array_equal(source.fetch(4), PIXELS[4])


@pytest.mark.parametrize(
    ("text", "shape", "complaint"),
    [
        ("1 2 3", (2, 2), r"line 2: pixel_shape=\(2, 2\) needs 4 values; got 3"),
        ("1 2 x 4", (2, 2), "line 2: the pixels must be numbers: could not convert .*'x'"),
        ("1 2 256 4", (2, 2), "line 2: the pixels reach from 1 to 256. Write whole numbers 0 to"),
        ("1 -2 3 4", (2, 2), "line 2: the pixels reach from -2 to 4"),
        ("0.5 1.5 0 0", (2, 2), "line 2: the pixels reach from 0 to 1.5"),
        ("1 2 nan 4", (2, 2), "line 2: the pixels reach from nan"),
        ("1 2 3 99999999999999999999", (2, 2), "line 2: the pixels reach from 1 to "),
        ("1 2 3 4", (4,), r"pixel_shape must be \(height, width\) or .*; got \(4,\)"),
        ("1 2 3 4", (2, -2), "pixel_shape must be"),
        ("1 2 3 4", (2, 2.0), "pixel_shape must be"),
    ],
)
def test_pixels_that_do_not_fit(tmp_path, text, shape, complaint):
    (tmp_path / "t.csv").write_text(f"label,pixels\na,{text}\n")
    with pytest.raises(ValueError, match=complaint):
        CSVSource(tmp_path / "t.csv", image_column="pixels", pixel_shape=shape)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"image_column": "pixel*"},
            r"24 columns, 'pixel0' to 'pixel23'.*Give the shape.*got None",
        ),
        ({"image_column": "pixel*", "pixel_shape": (28, 28)}, r"as many pixels; got \(28, 28\)"),
        ({"image_column": "px*", "pixel_shape": SHAPE}, r"no column matches image_column='px\*'"),
        ({"image_column": ["pixel0", "pixel"], "pixel_shape": (1, 2)}, "no column 'pixel';"),
    ],
)
def test_columns_that_do_not_fit(tmp_path, options, complaint):
    for read in readers(tmp_path, in_columns(PIXELS), **options):
        with pytest.raises(ValueError, match=complaint):
            read()


def test_pixels_are_trained_on_and_packed(tmp_path):
    """Through a sequence and into every format."""
    *_, read = readers(tmp_path, in_columns(PIXELS), image_column="pixel*", pixel_shape=SHAPE)
    for target in ("out", "out.h5", "out.csv", "out.json"):
        packed = open_source(convert(read(), tmp_path / target, verbose=0))
        images = [packed.image(i, "grayscale")[..., 0] for i in range(5)]
        order = np.argsort(list("abcab"), kind="stable") if target == "out" else range(5)
        np.testing.assert_array_equal(images, PIXELS[list(order)])


@pytest.mark.backends
def test_pixels_in_sequences(tmp_path):
    options = {"image_size": SHAPE, "color_mode": "grayscale", "shuffle": False, "verbose": 0}
    list(readers(tmp_path, in_columns(PIXELS)))
    for name, cls in (("t.csv", sequences.CSVSequence), ("t.json", sequences.JSONSequence)):
        seq = cls(tmp_path / name, image_column="pixel*", pixel_shape=SHAPE, **options)
        np.testing.assert_array_equal(seq[0][0][..., 0], PIXELS)
        assert seq[0][1].tolist() == [0, 1, 2, 0, 1]


def test_a_table_without_names_of_columns(tmp_path):
    """As one well-known copy of MNIST; pandas numbers the columns."""
    (tmp_path / "t.csv").write_text("7,0,0,128,0\n3,1,2,3,4\n")
    with pytest.raises(ValueError, match=r"line 1: the column '0' .*looks like a row of numbers"):
        CSVSource(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv", header=None)
    source = DataFrameSource(frame, image_column=list("1234"), label_column="0", pixel_shape=(2, 2))
    assert source.fetch(1).tolist() == [[1, 2], [3, 4]]


def test_messages_hold_no_long_names(tmp_path):
    names = ["p" + "a" * 5000, "p" + "b" * 5000]
    (tmp_path / "t.csv").write_text(",".join(["label", *names]) + "\n1,2,3\n")
    with pytest.raises(ValueError, match=r"names 2 columns, 'pa+\.\.\.a+' to 'pb+") as caught:
        CSVSource(tmp_path / "t.csv", image_column="p*")
    assert len(str(caught.value)) < 1500
