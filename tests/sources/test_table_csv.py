"""CSV files: the standard, the handbook's spelling, and what is wrong with bad ones."""

import csv
import os
import pickle
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from keras_cvdata.sources import csv as csv_source
from keras_cvdata.sources.csv import CSVSource
from keras_cvdata.types import ImageError

rejoined = csv_source._rejoined


@pytest.fixture
def table(tmp_path):
    """Write a table into a folder with two images and return its path."""

    def write(text, name="table.csv", encoding="utf-8"):
        (tmp_path / "cats").mkdir(exist_ok=True)
        (tmp_path / "cats/1.jpg").write_bytes(b"first")
        (tmp_path / "cats/2, b.jpg").write_bytes(b"second")
        file = tmp_path / name
        file.write_bytes(text.encode(encoding))
        return file

    return write


def test_local_paths_start_from_the_file(table):
    """R21, R15: paths, labels, and further columns with their types."""
    source = CSVSource(
        table(
            "label,location,licence,year,scale,good,code\n"
            "cat,cats/1.jpg,CC0,2019,1.5,True,007\n"
            'dog,"cats/2, b.jpg","CC BY, 4.0",2020,0.25,False,1\n'
        )
    )
    assert len(source) == 2
    assert source.class_names == ("cat", "dog")
    assert source.labels["label"].values.tolist() == [0, 1]
    assert [source.fetch(0), source.fetch(1)] == [b"first", b"second"]
    assert source.columns["licence"].tolist() == ["CC0", "CC BY, 4.0"]
    assert source.columns["year"].tolist() == [2019, 2020]
    assert source.columns["scale"].dtype == np.float64
    assert source.columns["good"].tolist() == [True, False]
    assert source.columns["code"].tolist() == ["007", "1"]
    assert source.filter(licence="CC0").rows.tolist() == [0]
    assert source.filter(year=2020).name(0).endswith("cats/2, b.jpg")


@pytest.mark.parametrize(
    "text",
    [
        "label,location\n'cat', cats/1.jpg\n'dog','cats/2, b.jpg'\n",
        "Label , Location\r\n 'cat' , 'cats/1.jpg' \r\n\r\n\"dog\", \"cats/2, b.jpg\"\r\n",
        '\ufefflabel,location\ncat,cats/1.jpg\ndog,"cats/2, b.jpg"',
        "'location','label'\n'cats/1.jpg','cat'\n'cats/2, b.jpg','dog'\n",
    ],
)
def test_the_handbooks_spelling_is_read(table, text):
    """R24, X15: single quotes, blanks after commas, letter case, byte-order mark."""
    source = CSVSource(table(text))
    assert source.class_names == ("cat", "dog")
    assert [source.fetch(0), source.fetch(1)] == [b"first", b"second"]


def test_embedded_pixels_need_no_quotes(table):
    """R23: pixels in the table, as in the handbook or quoted."""
    source = CSVSource(
        table("Label,location\n'cat',[[1,2],[3,255]]\n'dog',\"[[[1, 2, 3]], [[4, 5, 6]]]\"\n")
    )
    assert source.fetch(0).tolist() == [[1, 2], [3, 255]]
    assert source.fetch(0).dtype == np.uint8
    assert source.fetch(1).shape == (2, 1, 3)
    assert source.name(1).endswith("table.csv[1]")


def test_large_embedded_images_leave_no_trace_in_the_csv_module(table):
    """R23: a field beyond csv's limit is read, in time linear in its length."""
    before = csv.field_size_limit()
    rows = str(np.full((224, 224, 3), 200).tolist())
    source = CSVSource(table(f'label,location\ncat,"{rows}"\ncat,{rows}\n'))
    assert source.fetch(0).shape == source.fetch(1).shape == (224, 224, 3)
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        ("[[1, 256]]", "0 to 255; got 1 to 256"),
        ("[[-1, 2]]", "0 to 255; got -1 to 2"),
        ("[[0.5, 1.5]]", "0 to 1; got 0.5 to 1.5"),
        ("[[1e999]]", "0 to 1; got inf"),
        ("[[1, 2], [3]]", "rows of equal length"),
        ("[[1, 2], [3, 4]]]", "rows of equal length"),
        ("[1, 2]", r"got \(2,\)"),
        ("[[]]", "not empty"),
        ("[[__import__('os').getcwd()]]", "digits, blanks, commas and brackets only"),
        ("[[0 1 ... 3]]", "cut the embedded pixels short"),
        ("[" * 100_000 + "]" * 100_000, "rows of equal length"),
    ],
)
def test_bad_embedded_pixels_are_named(table, pixels, complaint):
    """R23: never evaluated, always within range, the row named."""
    source = CSVSource(table(f'label,location\ncat,[[1]]\ncat,"{pixels}"\n'))
    with pytest.raises(ImageError, match=complaint) as caught:
        source.fetch(1)
    assert caught.value.row == 1
    assert "table.csv[1]" in str(caught.value)


def test_pixels_as_numpy_prints_them(table):
    """R23: commas may be missing."""
    source = CSVSource(table('label,location\ncat,"[[0 255]\n [ 7  1]]"\n'))
    assert source.fetch(0).tolist() == [[0, 255], [7, 1]]


def test_decimal_pixels_are_floats(table):
    """R23: decimals are 0 to 1."""
    pixels = CSVSource(table('label,location\ncat,"[[0. 1.] [0.5 1e-1]]"\n')).fetch(0)
    assert pixels.dtype == np.float32
    assert pixels.tolist() == [[0, 1], [0.5, np.float32(0.1)]]


def test_urls_are_read(table, tmp_path):
    """R22: a remote image, refused unless the scheme and this machine are allowed."""
    file = table("label,location\n")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/cats/1.jpg"
        file.write_text(f"label,location\ncat,'{url}'\n")
        source = CSVSource(file, allow=["http"], private_hosts=True)
        assert source.fetch(0) == b"first"
        assert source.name(0) == url
        with pytest.raises(ImageError, match=r"\(row 0\)"):
            CSVSource(file).fetch(0)
        server.shutdown()


def test_several_label_columns_and_kinds(table):
    """R16: several labels at once, several kinds."""
    file = table(
        "location,species,tags,price,path\n"
        "cats/1.jpg,cat,red|ripe,1.5,cat/persian\n"
        "cats/1.jpg,dog,,2,dog/boxer\n"
    )
    kinds = {"tags": "multilabel", "price": "number", "path": "hierarchical"}
    names = ["species", "tags", "price", "path"]
    labels = CSVSource(file, label_column=names, label_kind=kinds).labels
    assert list(labels) == names
    assert labels["species"].class_names == ("cat", "dog")
    assert labels["tags"].values.tolist() == [[1, 1], [0, 0]]
    assert labels["price"].values.tolist() == [1.5, 2]
    assert labels["path"].names == (("cat", "dog"), ("boxer", "persian"))


def test_numbers_joined_in_one_cell(table):
    """R16: several regression targets."""
    file = table("location,label\ncats/1.jpg,1.5|2\ncats/1.jpg,3|4\n")
    source = CSVSource(file, label_kind="number")
    assert source.labels["label"].values.tolist() == [[1.5, 2], [3, 4]]


def test_class_names_set_the_order_and_refuse_others(table):
    """R49: order of the classes; a label outside them is named with its line."""
    file = table("location,label\ncats/1.jpg,cat\n\ncats/1.jpg,dog\n")
    assert CSVSource(file, class_names=["dog", "cat"]).labels["label"].values.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"table\.csv, line 4.*'dog'.*class_names"):
        CSVSource(file, class_names=["cat"])


def test_images_without_labels(table):
    """R20: no label column wanted."""
    source = CSVSource(table("location\ncats/1.jpg\n"), label_column=None)
    assert source.labels == {}
    assert source.fetch(0) == b"first"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file is empty"),
        ("label,location\n", "no rows"),
        ("label,path\ncat,a.jpg\n", r"no column 'location'.*\['label', 'path'\].*image_column="),
        ("Label,LABEL,location\na,b,c\n", r"it could be any of \['Label', 'LABEL'\]"),
        ("label,location,label\na,b,c\n", r"line 1: the column 'label' is there 2 times"),
        ("label,location\ncat,1.jpg\ndog,2.jpg,3\n", r"line 3: expected 2 values.*got 3"),
        ("label,location\ncat\n", r"line 2: expected 2 values.*got 1"),
        ('label,location\ncat,1.jpg\n"dog,2.jpg\nfox,3.jpg\n', r"line 3: .*not closed"),
        ('label,location\n"cat"s,1.jpg\n', r"line 2: .*cannot be read"),
        ("label,location\ncat,\n", r"line 2: the location is empty"),
        ("label,location\n'cat',''\n", r"line 2: the location is empty"),
        ("label,location\n,1.jpg\n", r"line 2.*label is missing"),
        ("label;location\ncat;1.jpg\n", r"Pass separator=';'"),
    ],
)
def test_bad_tables_are_refused_with_line_and_mend(table, text, complaint):
    """X15: what is wrong, where, and how to mend it."""
    with pytest.raises(ValueError, match=f"(?s)table.csv.*{complaint}"):
        CSVSource(table(text))


def test_a_broken_value_keeps_the_row_that_it_was_in(table):
    """R24: a quote or bracket that never closes is text."""
    source = CSVSource(table("label,location\n'tis,cats/1.jpg\n[x,cats/1.jpg\n',cats/1.jpg\n"))
    assert source.class_names == ("'", "'tis", "[x")


def test_text_in_another_encoding_is_named(table):
    with pytest.raises(ValueError, match=r"table\.csv, line 3: the text is not UTF-8"):
        CSVSource(table("label,location\na,b\nKäse,c\n", encoding="latin-1"))


def test_missing_files(tmp_path, table):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        CSVSource(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match="is not a file"):
        CSVSource(tmp_path)
    source = CSVSource(table("label,location\ncat,cats/9.jpg\n"), missing="later")
    with pytest.raises(ImageError, match=r"cats/9\.jpg \(row 0\)"):
        source.fetch(0)


def test_root_confines_paths(table, tmp_path):
    """With root no path leads out, not even through a link; without it any path may be read."""
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    file = table("label,location\na,1.jpg\na,../secret.jpg\na,link.jpg\na,/etc/hostname\n")
    (tmp_path / "cats/link.jpg").symlink_to(tmp_path / "secret.jpg")
    source = CSVSource(file, root=tmp_path / "cats")
    assert source.fetch(0) == b"first"
    for position in (1, 2, 3):
        with pytest.raises(ImageError, match=rf"\(row {position}\): The path leads out of root"):
            source.fetch(position)
    free = CSVSource(table(f"label,location\na,cats/../secret.jpg\na,{tmp_path}/secret.jpg\n"))
    assert [free.fetch(0), free.fetch(1)] == [b"secret", b"secret"]


def test_paths_with_zero_characters_are_refused(table):
    with pytest.raises(ImageError, match=r"\(row 0\): The path holds a zero character"):
        CSVSource(table("label,location\na,b\0c\n")).fetch(0)


def test_a_failed_table_does_not_block_the_next(table):
    """An exception that is still held keeps no lock."""
    caught = []
    for _ in range(2):
        with pytest.raises(ValueError, match="no column") as error:
            CSVSource(table("a,b\n1,2\n"))
        caught.append(error)
    assert len(caught) == 2


def test_pickles_small_and_works_elsewhere(table, tmp_path, monkeypatch):
    """The index pickles compactly and does not depend on the current folder."""
    monkeypatch.chdir(tmp_path)
    table("label,location\n" + "cat,cats/1.jpg\n" * 10_000)
    packed = pickle.dumps(CSVSource("table.csv"))
    assert len(packed) < 25 * 10_000
    monkeypatch.chdir(os.sep)
    assert pickle.loads(packed).fetch(9_999) == b"first"


def test_integers_beyond_64_bits_stay_text(table):
    source = CSVSource(table(f"label,location,id\na,b,{2**70}\na,b,1\n"), missing="later")
    assert source.columns["id"].tolist() == [2**70, 1]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "UTF-8", "shift_jis"])
def test_other_encodings(table, encoding):
    """Spreadsheets on Windows save in the encoding of the country."""
    name = "猫" if encoding == "shift_jis" else "Käse"
    file = table(f"label,location\n{name},cats/1.jpg\n", encoding=encoding)
    source = CSVSource(file, encoding=encoding)
    assert source.class_names == (name,)
    assert source.fetch(0) == b"first"
    with pytest.raises(ValueError, match=r"encoding must be one that Python knows.*got 'ansi7'"):
        CSVSource(file, encoding="ansi7")


def test_a_mark_at_the_start_is_no_part_of_a_name(table):
    assert len(CSVSource(table("label,location\na,cats/1.jpg\n", encoding="utf-8-sig"))) == 1


def test_the_wrong_encoding_is_named_with_its_line(table):
    with pytest.raises(
        ValueError, match=r"line 3: the text is not UTF-8\. Pass its encoding, such"
    ):
        CSVSource(table("label,location\na,b\nKäse,c\n", encoding="cp1252"))
    with pytest.raises(ValueError, match=r"line 1: the text is not UTF-16"):
        CSVSource(table("label,location\na,b\n"), encoding="utf-16")
    with pytest.raises(ValueError, match=r"line 2: the text is not ASCII"):
        CSVSource(table("label,location\nKäse,b\n"), encoding="ascii")


def test_very_many_columns_are_not_all_listed(table):
    names = ",".join(f"pixel{number}" for number in range(784))
    with pytest.raises(ValueError, match=r"'pixel3'\] and 780 more\. Name the columns"):
        CSVSource(table(f"label,{names}\n"))


@pytest.mark.parametrize(
    "row",
    [
        "[[1,2],[3,4]],a",
        "[[1, 2],  [3,4]],a",
        "[[[1,2]],[[3,4]]],[1,2]",
        "[[1.5,2]],[[0]]",
        "[[1,2],[3,4]],'a,b'",
        "a, [[1,2],[3,4]]",
        "[ [1,2],[3,4]],a",
        "[[1,2],[3,4]]x,a",
        "[[1,2]],[3,4]],a",
        "[[1],[[2]]],a",
        "['a','b'],a",
        "[1,2",
        "'[1,2]',a",
        "x[1,2],a",
    ],
)
def test_pixels_without_quotes_are_taken_whole(table, monkeypatch, row):
    """Cutting a row at each comma took 20 times the memory of the pixels."""
    cut = []
    monkeypatch.setattr(
        csv_source, "_rejoined", lambda row, _: cut.append(row) or rejoined(row, ",")
    )

    def read():
        try:
            source = CSVSource(table(f"location,label\n{row}\n"), missing="later")
        except ValueError as error:
            return str(error)
        return source.locations[0], source.class_names

    quick, (cells,) = read(), cut
    monkeypatch.setattr(csv_source, "_quoted_pixels", lambda text: text)
    assert read() == quick
    if row.endswith("]],a") and " " not in row and row.count("[") == row.count("]"):
        assert (len(cells) == 2) == (row != "[[1],[[2]]],a")


def test_a_line_without_end_is_not_read_to_its_end(table, monkeypatch):
    monkeypatch.setattr(csv_source, "_MOST_OF_LINE", 100)
    with pytest.raises(ValueError, match="line 3: it is longer than 100 characters"):
        CSVSource(table("location,label\na.jpg,cat\n" + "b" * 200))


def test_names_in_messages_are_short(table):
    with pytest.raises(ValueError, match="there is no column 'label'") as raised:
        CSVSource(table(f"location,{'a' * 100_000}\na.jpg,b\n"))
    assert len(str(raised.value)) < 1000


def test_an_encoding_is_one_of_text(table):
    with pytest.raises(ValueError, match=r"encoding must be one .*; got 'zip'"):
        CSVSource(table("location,label\n"), encoding="zip")
