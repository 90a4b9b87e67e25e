"""What is listed, line by line."""

from __future__ import annotations

import pytest

from keras_cvdata.migration import migrate_source
from keras_cvdata.migration.notes import NOTHING_HELD_OUT, RULES, SEED

IMPORT = "from keras.preprocessing.image import ImageDataGenerator"


def lines_said(source: str, text: str) -> list[int]:
    """Lines on which something is said."""
    return [note.line for note in migrate_source(source)[1] if text in note.text]


# Lines of code, each with part of what is said about it, or None where nothing is.
LINES = {
    "ImageDataGenerator(zoom_range=[0.5, 1])": "0.5 magnifies twice, 2 shrinks",
    "ImageDataGenerator(zoom_range=0, width_shift_range=0.0, height_shift_range=0)": None,
    "options = dict(zoom_range=0.2)": "a number z means 1 - z to 1 + z",
    "zoom_range = 0.2": None,
    "ImageDataGenerator(width_shift_range=0.2)": "`width_shift_range` moves up and down",
    "ImageDataGenerator(height_shift_range=0.2)": "Older Keras did what the names say",
    "ImageDataGenerator(preprocessing_function=f)": "called from several threads unless",
    "ImageDataGenerator(preprocessing_function=None)": None,
    "ImageDataGenerator(validation_split=0.2)": "first part of each class unless",
    "IDG(validation_split=0.2)": "augmented as well unless",
    "image.ImageDataGenerator(validation_split=0.2)": "augmented as well unless",
    "ImageDataGenerator(validation_split=0.0)": None,
    "ImageDataGenerator(validation_split=0)": None,
    "ImageDataGenerator(validation_split=None)": None,
    "m.fit(x, y, validation_split=0.2)": None,
    "ModelCheckpoint('a.keras', period=2)": "Keras 3 has no `period`",
    "g.flow_from_dataframe(x, class_mode='other')": '"other" is called "raw" now',
    'g.flow_from_dataframe(x, class_mode="other")': '"other" is called "raw" now',
    "g.flow_from_dataframe(x, class_mode='raw')": None,
    "g.flow_from_dataframe(x, class_mode=other)": None,
    "g.flow_from_dataframe(x, has_ext=True)": "have no effect",
    "g.flow_from_dataframe(x, drop_duplicates=False)": "have no effect",
    "g.flow_from_dataframe(x, sort=False)": "have no effect",
    "frame.sort(x, sort=False)": None,
    "m.fit(g, workers=2)": "Keras 3 refuses `workers`",
    "m.evaluate(g, use_multiprocessing=True)": "Keras 3 refuses",
    "m.predict(g, max_queue_size=2)": "(`threads=` of the generator)",
    "Pool(workers=2)": None,
}


@pytest.mark.parametrize(("line", "said"), LINES.items())
def test_lines_that_differ_are_listed(line: str, said: str | None) -> None:
    source = (
        f"{IMPORT}, ImageDataGenerator as IDG\nfrom keras.preprocessing import image\n"
        "import numpy as np\nfrom numpy.random import seed as draw_seed\n\n"
        f"if x:\n    {line}\n"
    )
    after, notes = migrate_source(source)
    assert after.endswith(f"\n    {line}\n")
    if said is None:
        assert notes == []
    else:
        [note] = notes
        assert note.line == note.line_after == 7
        assert said in note.text


def test_every_rule_is_tried() -> None:
    said = [text for text in LINES.values() if text]
    assert all(any(text in rule.text for text in said) for rule in RULES)


# What may draw from NumPy's global generator, and what cannot.
DRAWING = {
    "ImageDataGenerator(preprocessing_function=f)": True,
    "generator.preprocessing_function = f": True,
    "class Own(ImageDataGenerator): ...": True,
    "class Own(Mixin, image.ImageDataGenerator): ...": True,
    "ImageDataGenerator(preprocessing_function=None)": False,
    "ImageDataGenerator(rescale=2)": False,
    "class Own(Other): ...": False,
}
SEEDS = {
    "g.flow(x, seed=1)": True,
    "g.flow_from_directory(x, seed=seed)": True,
    "g.flow_from_dataframe(x, seed=1)": True,
    "np.random.seed(1)": True,
    "draw_seed(1)": True,
    "g.flow(x, seed=None)": False,
    "shuffle(x, seed=1)": False,
    "rng.random.seed(1)": False,
}


@pytest.mark.parametrize("drawing", DRAWING)
@pytest.mark.parametrize("line", SEEDS)
def test_seeds_are_listed_where_something_of_their_own_may_draw(line: str, drawing: str) -> None:
    source = (
        f"{IMPORT}\nimport numpy as np\nfrom numpy.random import seed as draw_seed\n"
        f"from keras.preprocessing import image\n{drawing}\n{line}\n"
    )
    assert lines_said(source, SEED) == [6] * (DRAWING[drawing] and SEEDS[line])


def test_arguments_are_listed_on_their_own_lines() -> None:
    source = (
        f"{IMPORT}\ng = ImageDataGenerator(\n    rescale=1 / 255,\n    zoom_range=0.2,\n"
        "    width_shift_range=0.2, height_shift_range=0.2,\n    validation_split=0.2)\n"
    )
    notes = migrate_source(source)[1]
    assert [note.line for note in notes] == [4, 5, 6]


def test_files_without_the_module_are_no_business_of_ours() -> None:
    source = (
        "import numpy as np\nm.fit(g, workers=2, steps_per_epoch=n / 2)\nf(zoom_range=1)\n"
        "m.fit(zip(a, b))\nAdam(lr=1)\nm.save_weights('a.h5')\n"
    )
    assert migrate_source(source) == (source, [])
    assert len(migrate_source(f"{IMPORT}\n{source}")[1]) == 6


# Code after the import, and the lines of flows that hold nothing out; line 1 is the import.
FLOWS = {
    "without a split": ("g = ImageDataGenerator()\ng.flow(x)", []),
    "with a split": (
        "g = ImageDataGenerator(validation_split=0.2)\ng.flow(x)\ng.flow_from_directory(x)\n"
        "g.flow_from_dataframe(x)",
        [3, 4, 5],
    ),
    "with a subset": (
        "g = ImageDataGenerator(validation_split=0.2)\ng.flow(x, subset='training')\n"
        "g.flow(x, **options)\ng.fit(x)\nflow(x)",
        [],
    ),
    "chained": (
        "(ImageDataGenerator(validation_split=0.2)\n  .flow(\n    x))\n"
        "ImageDataGenerator().flow(x)",
        [3],
    ),
    "with a split of nothing": ("g = ImageDataGenerator(validation_split=0.0)\ng.flow(x)", []),
    "two generators": (
        "a = ImageDataGenerator(validation_split=0.2)\nb = c = ImageDataGenerator()\n"
        "a.flow(x)\nb.flow(x)\nc.flow(x)",
        [4],
    ),
    "one name again": (
        "g = ImageDataGenerator(validation_split=0.2)\ng.flow(x)\ng = ImageDataGenerator()\n"
        "g.flow(x)\ng = ImageDataGenerator(validation_split=0.2)\ng.flow(x)",
        [3, 7],
    ),
    "attribute": (
        "class A:\n  def __init__(self):\n"
        "    self.a = ImageDataGenerator(validation_split=0.2)\n"
        "    self.b = ImageDataGenerator()\n"
        "  def flow(self):\n    self.a.flow(x), self.b.flow(x)\n    self.b.flow(x)",
        [7],
    ),
    "unknown generators": (
        "a[0] = ImageDataGenerator(validation_split=0.2)\na[1] = ImageDataGenerator()\n"
        "a[0].flow(x)\nb.flow(x)\nc = make()\nc.flow(x)\nf().flow(x)",
        [4, 5, 7, 8],
    ),
    "unknown generators without a split": ("g = ImageDataGenerator()\nc.flow(x)", []),
}


@pytest.mark.parametrize(("code", "lines"), FLOWS.values(), ids=FLOWS)
def test_flows_that_hold_nothing_out_are_listed(code: str, lines: list[int]) -> None:
    """X16."""
    assert lines_said(f"{IMPORT}\n{code}\n", NOTHING_HELD_OUT) == lines


def test_one_kind_is_said_once_per_line_and_in_order() -> None:
    source = (
        f"{IMPORT}\ng = ImageDataGenerator(zoom_range=1); h = ImageDataGenerator(zoom_range=2)\n"
        "m.predict_generator(g)\nImageDataGenerator(zoom_range=3)\n"
    )
    assert [note.line for note in migrate_source(source)[1]] == [2, 3, 4]
