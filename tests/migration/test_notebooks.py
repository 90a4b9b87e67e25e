"""Notebooks: cells, magics, and JSON that stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keras_cvdata.migration.notebooks import Cell, mask_magics, migrate_cells
from keras_cvdata.migration.script import ScriptError

OLD, NEW = "keras.preprocessing.image", "keras_cvdata.preprocessing.image"


def code(*lines: str) -> dict[str, Any]:
    """A code cell with these lines."""
    source = "\n".join(lines).splitlines(keepends=True)
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}


def notebook(*cells: dict[str, Any], **options: Any) -> str:
    data = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(data, **({"indent": 1, "ensure_ascii": False} | options)) + "\n"


def sources(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def test_names_of_one_cell_count_in_others() -> None:
    text = notebook(
        {"cell_type": "markdown", "source": [f"from {OLD} import x"]},
        code("import numpy as np", "import tensorflow as tf"),
        code("print(tf)"),
        code("g = tf.keras.preprocessing.image.ImageDataGenerator(", "    zoom_range=0.2)"),
        code("m.fit_generator(g)"),
    )
    after, cells, notes = migrate_cells(text)
    assert sources(after) == [
        f"from {OLD} import x",
        f"import numpy as np\nimport tensorflow as tf\nimport {NEW}",
        "print(tf)",
        f"g = {NEW}.ImageDataGenerator(\n    zoom_range=0.2)",
        "m.fit(g)",
    ]
    assert cells == [
        Cell(number, sources(text)[number - 1], sources(after)[number - 1]) for number in (2, 4, 5)
    ]
    assert [(note.cell, note.line, note.line_after) for note in notes] == [(4, 2, 2), (5, 1, 1)]


def test_lines_are_counted_in_the_cell_as_it_is_before_and_after() -> None:
    text = notebook(
        code("import keras", "", "g = keras.preprocessing.image.ImageDataGenerator(zoom_range=1)")
    )
    _, _, [note] = migrate_cells(text)
    assert (note.cell, note.line, note.line_after) == (1, 3, 4)


def test_an_import_goes_to_the_end_of_a_cell_without_line_end() -> None:
    text = notebook(code("import keras"), code("keras.preprocessing.image.load_img"))
    assert sources(migrate_cells(text)[0]) == [f"import keras\nimport {NEW}", f"{NEW}.load_img"]


MAGICS = (
    "%matplotlib inline",
    "!pip install 'keras",
    "?print",
    "print?",
    "print?? ",
    "files = !ls *.png",
    "took = %timeit -o f()",
    "if x:\n    !ls é\nelse:\n    %pwd",
    "!pip install a \\\n    b \\\n  c",
    "%",
    "%%time",
    "%%capture out\n%%timeit",
    "!echo '''",
)


@pytest.mark.parametrize("magic", MAGICS)
def test_magics_stay_and_the_rest_of_the_cell_is_changed(magic: str) -> None:
    text = notebook(code(magic, f"from {OLD} import load_img", "x = '100 %?'  # why?"))
    after, _, notes = migrate_cells(text)
    assert sources(after) == [f"{magic}\nfrom {NEW} import load_img\nx = '100 %?'  # why?"]
    assert notes == []


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "\n%%writefile a.py", "%%timed"])
def test_cells_for_other_programs_stay(magic: str) -> None:
    text = notebook(code(magic, f"from {OLD} import load_img"), code(f"import {OLD} as i"))
    after, _, notes = migrate_cells(text)
    assert sources(after) == [f"{magic}\nfrom {OLD} import load_img", f"import {NEW} as i"]
    assert notes == []


@pytest.mark.parametrize(
    "source",
    ["x = ('%s'\n  % name)", "'''\n!ls\n%x\nwhy?'''", "x = 1\\\n  % 2", "x = 1  # why?"],
)
def test_masks_cover_nothing_that_is_python(source: str) -> None:
    assert mask_magics(f"!ls é\n{source}") == f"0    \n{source}"


def test_a_cell_that_cannot_be_read_is_listed_and_left() -> None:
    text = notebook(
        code("import keras"),
        code("x = 1", "print 'x'", f"from {OLD} import load_img"),
        code("!ls", "def f(:"),
        code("keras.preprocessing.image.load_img"),
    )
    after, _, notes = migrate_cells(text)
    assert sources(after)[0] == f"import keras\nimport {NEW}"
    assert sources(after)[1:3] == sources(text)[1:3]
    assert sources(after)[3] == f"{NEW}.load_img"
    assert [(note.cell, note.line) for note in notes] == [(2, 2), (3, 2)]
    assert notes[0].text.startswith("This cell is left as it is because it cannot be read: Missing")


def test_an_unclosed_bracket_before_a_magic_is_no_endless_matter() -> None:
    with pytest.raises(ScriptError, match="line 1"):
        mask_magics("x = (\n!ls\n")
    with pytest.raises(ScriptError):
        mask_magics("if x:")


CELLS = (
    code("# é", f"import {OLD} as i", "x = 'ü\\n'"),
    {"cell_type": "code", "outputs": [{"data": 1e-05, "text": ["a/b"]}], "source": []},
    {"outputs": [], "source": f"from {OLD} import load_img\n# é", "cell_type": "code"},
)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"indent": 2, "ensure_ascii": True},
        {"indent": 4},
        {"indent": "\t"},
        {"indent": None},
        {"indent": None, "separators": (",", ":")},
    ],
    ids=str,
)
def test_json_stays_as_it_was_written(options: dict[str, Any]) -> None:
    text = notebook(*CELLS, **options)
    assert migrate_cells(text)[0] == text.replace(OLD, NEW)
    for other in (text.rstrip("\n"), f"\n {text}\n", text.replace("\n", "\r\n")):
        assert migrate_cells(other)[0] == other.replace(OLD, NEW)


def test_other_lines_keep_their_own_escapes_and_numbers() -> None:
    """As Colab writes `<`; and a number that Python would write in another way."""
    text = notebook(
        code("x = 1 < 2, '/'", f"import {OLD} as i", "'é'", ""),
        {"cell_type": "raw", "n": "1.0E5"},
        {"cell_type": "code"},
        ensure_ascii=True,
    )
    text = text.replace("<", r"\u003c").replace("'/'", r"'\/'").replace('"1.0E5"', "1.0E5")
    assert migrate_cells(text)[0] == text.replace(OLD, NEW)


def test_a_source_of_one_line_becomes_two() -> None:
    cells = [code("import keras;"), code("keras.preprocessing.image")]
    text = notebook(*cells)
    after = migrate_cells(text)[0]
    expected = notebook(code("import keras;", f"import {NEW}"), code(NEW))
    assert after == expected


def test_a_notebook_migrated_stays() -> None:
    after = migrate_cells(notebook(*CELLS))[0]
    assert migrate_cells(after) == (after, [], [])


@pytest.mark.parametrize(
    "text", ['{"worksheets": []}', "[]", '{"cells": {}}', "{", '{"cells": []'], ids=str
)
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"notebook of format 4|line 1"):
        migrate_cells(text)
