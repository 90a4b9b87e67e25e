"""`--named-axes`: generators of code for Keras before 2.9."""

from __future__ import annotations

import json

import pytest

from keras_cvdata.cli import main
from keras_cvdata.migration import migrate_source

OLD = "from keras.preprocessing.image import ImageDataGenerator"
NEW = "from keras_cvdata.preprocessing.image import ImageDataGenerator"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("width_shift_range=0.2", "width_shift_range=0.2, exchanged_axes=False"),
        ("zoom_range=2,  # big", "zoom_range=2, exchanged_axes=False,  # big"),
        ("**options", "**options, exchanged_axes=False"),
        ("True, False", "True, False, exchanged_axes=False"),
        ("rescale=2, horizontal_flip=True", "rescale=2, horizontal_flip=True"),
        ("shear_range=2, exchanged_axes=True", "shear_range=2, exchanged_axes=True"),
        ("", ""),
    ],
)
def test_generators_that_warp_get_the_keyword(before, after):
    text, _ = migrate_source(f"{OLD}\nImageDataGenerator({before}\n)", named_axes=True)
    assert text == f"{NEW}\nImageDataGenerator({after}\n)"
    unasked, _ = migrate_source(f"{OLD}\nImageDataGenerator({before}\n)")
    assert unasked == f"{NEW}\nImageDataGenerator({before}\n)"


def test_generators_of_others_are_left_alone():
    text = "from mine import ImageDataGenerator\nImageDataGenerator(zoom_range=2)"
    assert migrate_source(text, named_axes=True) == (text, [])


def test_scripts_and_notebooks_on_the_command_line(tmp_path, capsys):
    code = f"{OLD}\nImageDataGenerator(rotation_range=9)\n"
    script, notebook = tmp_path / "a.py", tmp_path / "b.ipynb"
    script.write_text(code)
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    notebook.write_text(json.dumps({"nbformat": 4, "cells": [cell]}))
    assert main(["migrate", "--named-axes", "--write", str(tmp_path)]) == 0
    wanted = f"{NEW}\nImageDataGenerator(rotation_range=9, exchanged_axes=False)\n"
    assert script.read_text() == wanted
    assert json.loads(notebook.read_text())["cells"][0]["source"] == wanted
    assert "Changed 2 of 2 files" in capsys.readouterr().out
