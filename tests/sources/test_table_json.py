"""JSON files: the standard, one object a line, the handbook's spelling, and bad ones."""

import json
import re

import numpy as np
import pytest

from keras_cvdata.sources.json import _DECODER, JSONSource
from keras_cvdata.types import ImageError

ROWS = [
    {"label": "cat", "location": "1.jpg", "year": 2019},
    {"label": "dog", "location": "2.jpg", "year": 2020},
]
HANDBOOK = """
[
    {'label': 'cat', 'location': '1.jpg' },
    {'label': 'dog', 'location': '2.jpg'}
    {'Label': "dog's", 'location': '2.jpg', 'tags': ['a', "b",], },
]
"""


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.json"):
        for number in (1, 2):
            (tmp_path / f"{number}.jpg").write_bytes(b"%d" % number)
        file = tmp_path / name
        file.write_text(text, "utf-8")
        return file

    return write


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=4),
        "\ufeff" + json.dumps(ROWS),
        "\n".join(map(json.dumps, ROWS)),
        "\r\n".join(map(json.dumps, ROWS)) + "\r\n\r\n",
    ],
)
def test_arrays_and_lines_give_the_same(table, text):
    """R25, R15: an array of objects or one object a line."""
    source = JSONSource(table(text))
    assert source.class_names == ("cat", "dog")
    assert [source.fetch(0), source.fetch(1)] == [b"1", b"2"]
    assert source.columns["year"].tolist() == [2019, 2020]


def test_equal_texts_are_kept_once(table):
    """Millions of rows name few photographers; each text would take 60 bytes."""
    rows = [{"location": f"{n}.jpg", "label": "a", "by": "A. B."} for n in range(3)]
    source = JSONSource(table(json.dumps(rows)), missing="later")
    assert source.columns["by"].tolist() == ["A. B."] * 3
    assert len({id(text) for text in source.columns["by"]}) == 1


def test_the_handbooks_spelling_is_read(table):
    """R24, R25, X15: single quotes, missing and left-over commas, letter case."""
    source = JSONSource(table(HANDBOOK))
    assert source.class_names == ("cat", "dog", "dog's")
    assert [source.fetch(i) for i in range(3)] == [b"1", b"2", b"2"]
    assert source.columns["tags"].tolist() == [None, None, ["a", "b"]]


def test_the_handbooks_spelling_takes_time_by_its_length(table, monkeypatch):
    """R25: errors of the strict reader count the lines of all that it was given."""
    given = []

    def raw_decode(text, idx=0):
        given.append(len(text))
        return json.JSONDecoder.raw_decode(_DECODER, text, idx)

    monkeypatch.setattr(_DECODER, "raw_decode", raw_decode)
    rows = """{'label': 'a', 'location': '1.jpg'}, {"label": "b", "location": "\\u0032.jpg"},\n"""
    source = JSONSource(table(f"[{rows * 500}]"))
    assert [len(source), source.fetch(999)] == [1000, b"2"]
    assert sum(given) < 5 * 500 * len(rows)


def test_escapes_survive_single_quotes(table):
    r"""R25: \' and \n and " inside single quotes."""
    source = JSONSource(table(r"""[{'label': 'a\'b "c" \u00e9', 'location': '1.jpg'}]"""))
    assert source.class_names == ('a\'b "c" é',)


def test_embedded_pixels(table):
    """R25: pixels as nested lists, or as their text."""
    rows = [{"label": 1, "location": [[1, 2], [3, 4]]}, {"label": 0, "location": "[[0.5, 1.0]]"}]
    source = JSONSource(table(json.dumps(rows)))
    assert source.class_names == ("0", "1")
    assert source.fetch(0).tolist() == [[1, 2], [3, 4]]
    assert source.fetch(1).dtype == np.float32
    bad = JSONSource(table('[{"label": 1, "location": ["a"]}]'))
    with pytest.raises(ImageError, match=r"table\.json\[0\] \(row 0\)"):
        bad.fetch(0)


def test_kinds_of_labels(table):
    """R16: lists are multi-label, or levels when asked for; several keys at once."""
    text = json.dumps(
        [
            {"location": "1.jpg", "tags": ["red", "ripe"], "path": ["cat", "persian"], "price": 2},
            {"location": "1.jpg", "tags": [], "path": ["dog", "boxer"], "price": 1.5},
        ]
    )
    assert JSONSource(table(text), label_column="tags").labels["label"].kind == "multilabel"
    both = JSONSource(
        table(text),
        label_column=["path", "price"],
        label_kind={"path": "hierarchical"},
        class_names={"price": None},
    )
    assert both.labels["path"].names == (("cat", "dog"), ("boxer", "persian"))
    assert both.labels["price"].values.tolist() == [2, 1.5]
    assert both.columns["tags"].tolist() == [["red", "ripe"], []]
    assert JSONSource(table(text), label_column=None).labels == {}


def test_rows_may_lack_further_keys(table):
    """R15: None stands for what a row lacks."""
    rows = [{"location": "1.jpg"}, {"location": "1.jpg", "a": 1}, {"location": "1.jpg"}]
    source = JSONSource(table(json.dumps(rows)), label_column=None)
    assert source.columns["a"].tolist() == [None, 1, None]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: expected an array of objects.*end of the file"),
        ("[]", "the file lists no images"),
        ("cat,dog", "line 1: expected an array of objects.*got 'cat,dog'"),
        ('["a"]', "line 1: expected an object"),
        ('[{"label": "a", "location": "b"}', "line 1: expected a closing ].*cut short"),
        ('[{"label": "a", "location": "b"}]\n[]', "line 2: expected nothing after"),
        ('[\n{"label": "a"}]', r"line 2: there is no column 'location'.*\['label'\]"),
        ('[\n{"location": "a"}]', r"line 2: there is no column 'label'"),
        ('[{"label": "a", "location": "b"},\n{"label": ', "line 2: Expecting value"),
        (
            '[{"location": "a", "label": 1},\n\n{"location": "b",\n"label": 1}, {"location": "c",\n'
            '"label": 1},\n{"location": 5.5, "label": 1}]',
            "line 6: the location must be",
        ),
        ("[{'label': 'a',\n 'location': 'b}]", "line 1: Expecting property name"),
        ("[{'label': 'a', 'location' 'b'}]", "line 1: "),
        ("[{'label': 1 2, 'location': 'b'}]", "line 1: "),
        ('[\n{"label": 1, "label": 2, "location": "b"}]', "line 2: .*'label' 2 times"),
        ('[{"label": NaN, "location": "b"}]', "line 1: .*NaN is no value of JSON"),
        ('[{"label": null, "location": "b"}]', "line 1.*label is missing"),
        ('[{"label": "a", "location": 7.5}]', "line 1: the location must be.*got 7.5"),
        ('[{"label": "a", "location": " "}]', "line 1: the location must be"),
        ('[{"label": ' + "[" * 100_000, "line 1: the object cannot be read"),
    ],
)
def test_bad_files_are_refused_with_line_and_mend(table, text, complaint):
    """X15: what is wrong, where, and how to mend it."""
    with pytest.raises(ValueError, match=f"(?s)table.json.*{complaint}"):
        JSONSource(table(text))


def test_missing_and_wrongly_encoded_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        JSONSource(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match="is not a file"):
        JSONSource(tmp_path)
    file = tmp_path / "latin.json"
    file.write_bytes('[\n{"label": "Käse"'.encode("latin-1"))
    with pytest.raises(ValueError, match=re.escape("latin.json, line 2: the text is not UTF-8")):
        JSONSource(file)


def test_root_confines_paths(table, tmp_path):
    (tmp_path / "inner").mkdir()
    source = JSONSource(table('[{"label": "a", "location": "../1.jpg"}]'), root=tmp_path / "inner")
    with pytest.raises(ImageError, match="leads out of root"):
        source.fetch(0)


def test_other_encodings(tmp_path):
    (tmp_path / "a.png").touch()
    file = tmp_path / "t.json"
    file.write_text('[{"label": "Käse", "location": "a.png"}]', encoding="cp1252")
    assert JSONSource(file, encoding="cp1252").class_names == ("Käse",)
    with pytest.raises(ValueError, match=r"line 1: the text is not UTF-8\. Pass its encoding"):
        JSONSource(file)
    with pytest.raises(ValueError, match="encoding must be one that Python knows"):
        JSONSource(file, encoding="none")


def test_objects_with_keys_of_their_own_are_refused(table):
    """Each key is a column as long as the table: 2 MB took more than 20 GB."""
    rows = (f'{{"location": "a", "label": 0, "own {n}": 1}}' for n in range(4000))
    with pytest.raises(
        ValueError, match=r"line 2897: the objects have 2,897 different keys so far"
    ):
        JSONSource(table("\n".join(rows)), missing="later")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"location": "\\ud800.jpg", "label": "b"}', r"line 1: .*'\\ud800', half of a surrogate"),
        ('{"location": "a", "label": ["\\uDBFF"]}', r"line 1: .*'\\udbff', half of a surrogate"),
        (
            '{"location": "a", "c": ' + "[" * 150 + "]" * 150 + "}",
            "line 1: .* more than 100 levels",
        ),
        ('{"location": "a", ' + '"k": 1, ' * 2 + '"k": 2}', "the key 'k' 3 times"),
    ],
)
def test_what_cannot_go_on_is_refused_with_its_line(table, text, complaint):
    with pytest.raises(ValueError, match=complaint):
        JSONSource(table(text), missing="later")


def test_pairs_of_surrogates_and_names_that_are_no_unicode_are_read(table):
    text = (
        '{"location": "\\ud83d\\ude00\\udcff", "label": "\\ud83d\\ude00", "c": "' + "[" * 150 + '"}'
    )
    source = JSONSource(table(text), missing="later")
    assert source.locations[0] == "\U0001f600\udcff"
    assert source.class_names == ("\U0001f600",)
