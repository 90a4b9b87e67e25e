"""Imports and dotted names, before and after."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from keras_cvdata.migration import migrate_source
from keras_cvdata.migration.imports import NAMES, OLD_MODULES

ROOT = Path(__file__).parents[2]
NEW = "keras_cvdata.preprocessing.image"
ADDED = f"import {NEW}\n"

# What it is about, the source, and the source after the change.
CASES = {
    "names": (
        "from keras.preprocessing.image import load_img, img_to_array as to_array\n",
        f"from {NEW} import load_img, img_to_array as to_array\n",
    ),
    "star": ("from keras.preprocessing.image import *\n", f"from {NEW} import *\n"),
    "lines and comments": (
        "from   tensorflow.keras.preprocessing.image import (  # images\n"
        "    ImageDataGenerator,  # flows\n"
        "\tload_img as li\n"
        "  , )  # odd\n",
        f"from   {NEW} import (  # images\n"
        "    ImageDataGenerator,  # flows\n"
        "\tload_img as li\n"
        "  , )  # odd\n",
    ),
    "continued line": (
        "from keras.preprocessing.image \\\n    import load_img\n",
        f"from {NEW} \\\n    import load_img\n",
    ),
    "module as name": (
        "import os, keras.preprocessing.image as kpi  # both\nkpi.load_img\n",
        f"import os, {NEW} as kpi  # both\nkpi.load_img\n",
    ),
    "part of keras_preprocessing": (
        "from keras_preprocessing.image.image_data_generator import ImageDataGenerator\n"
        "import keras_preprocessing.image.utils as utils\n",
        f"from {NEW} import ImageDataGenerator\nimport {NEW} as utils\n",
    ),
    "module alone": (
        "from tensorflow.keras.preprocessing import image\nimage.load_img\n",
        "from keras_cvdata.preprocessing import image\nimage.load_img\n",
    ),
    "module alone as name": (
        "from keras_preprocessing import (image as im)\n",
        "from keras_cvdata.preprocessing import (image as im)\n",
    ),
    "first of several modules": (
        "from keras.preprocessing import image, sequence  # both\n",
        "from keras.preprocessing import sequence  # both\n"
        "from keras_cvdata.preprocessing import image\n",
    ),
    "last of several modules": (
        "def f():\n    from keras.preprocessing import sequence, text, image as im\n    im\n",
        "def f():\n    from keras.preprocessing import sequence, text\n"
        "    from keras_cvdata.preprocessing import image as im\n    im\n",
    ),
    "middle of several modules, on lines": (
        "from keras.preprocessing import (\n    sequence,\n    image,\n    text,  # words\n)\n",
        "from keras.preprocessing import (\n    sequence,\n    text,  # words\n)\n"
        "from keras_cvdata.preprocessing import image\n",
    ),
    "last of several modules, on lines": (
        "from keras.preprocessing import (\n    sequence,\n    image,\n)",
        "from keras.preprocessing import (\n    sequence,\n)\n"
        "from keras_cvdata.preprocessing import image",
    ),
    "twice among several modules": (
        "from keras.preprocessing import image, text, image as im\n",
        "from keras.preprocessing import text\n"
        "from keras_cvdata.preprocessing import image, image as im\n",
    ),
    "several modules on a line with more": (
        "try: from keras.preprocessing import image, text\nexcept ImportError: pass\n"
        "from keras.preprocessing import image, text; x = 1\n",
        "try: from keras.preprocessing import text; "
        "from keras_cvdata.preprocessing import image\nexcept ImportError: pass\n"
        "from keras.preprocessing import text; "
        "from keras_cvdata.preprocessing import image; x = 1\n",
    ),
    "in try and functions": (
        "try:\n    from keras.preprocessing.image import load_img\n"
        "except ImportError:\n    from tensorflow.keras.preprocessing.image import load_img\n"
        "def f():\n    from keras.preprocessing import image\n",
        f"try:\n    from {NEW} import load_img\n"
        f"except ImportError:\n    from {NEW} import load_img\n"
        "def f():\n    from keras_cvdata.preprocessing import image\n",
    ),
    "use through tf": (
        '"""Doc."""\nimport os\nos.environ["A"] = "b"\nimport tensorflow as tf  # 2\n'
        "import numpy\n\n\ng = tf.keras.preprocessing.image.ImageDataGenerator()\n"
        "h = tf.keras.preprocessing.image.load_img\n",
        '"""Doc."""\nimport os\nos.environ["A"] = "b"\nimport tensorflow as tf  # 2\n'
        f"import numpy\n{ADDED}\n\ng = {NEW}.ImageDataGenerator()\nh = {NEW}.load_img\n",
    ),
    "use through keras": (
        "import keras\nf(keras.preprocessing.image.load_img(a))\n",
        f"import keras\n{ADDED}f({NEW}.load_img(a))\n",
    ),
    "use through keras of tensorflow": (
        "from tensorflow import keras\nkeras.preprocessing.image\n",
        f"from tensorflow import keras\n{ADDED}{NEW}\n",
    ),
    "use through preprocessing": (
        "from tensorflow.keras import preprocessing as pp\npp.image.load_img\npp.text\n",
        f"from tensorflow.keras import preprocessing as pp\n{ADDED}{NEW}.load_img\npp.text\n",
    ),
    "use through compat": (
        "import tensorflow.compat.v1 as tf\ntf.keras.preprocessing.image.load_img\n",
        f"import tensorflow.compat.v1 as tf\n{ADDED}{NEW}.load_img\n",
    ),
    "use through assigned names": (
        "import tensorflow as tf\ntf = tf.compat.v2\nkeras = tf.keras\n"
        "keras.preprocessing.image.load_img\n",
        f"import tensorflow as tf\n{ADDED}tf = tf.compat.v2\nkeras = tf.keras\n{NEW}.load_img\n",
    ),
    "use in a string, over lines and in parentheses": (
        'import keras\nx = f"é {keras.preprocessing.image.load_img!r}", (keras.preprocessing\n'
        "  .image).load_img\n",
        f'import keras\n{ADDED}x = f"é {{{NEW}.load_img!r}}", ({NEW}).load_img\n',
    ),
    "use of a part of keras_preprocessing": (
        "import keras_preprocessing.image.utils\nkeras_preprocessing.image.utils.load_img\n",
        f"{ADDED}{NEW}.load_img\n",
    ),
    "plain import": (
        "import keras.preprocessing.image  # old\nkeras.preprocessing.image.load_img\n",
        f"import {NEW}  # old\n{NEW}.load_img\n",
    ),
    "plain import beside keras": (
        "import keras\nimport keras.preprocessing.image\n"
        "keras.layers, keras.preprocessing.image.load_img\n",
        f"import keras\n{ADDED}keras.layers, {NEW}.load_img\n",
    ),
    "plain import that keras comes from": (
        "import keras.preprocessing.image\nkeras.layers, keras.preprocessing.image.load_img\n",
        f"import keras.preprocessing.image\n{ADDED}keras.layers, {NEW}.load_img\n",
    ),
    "plain import that keras comes from, twice": (
        "import keras.preprocessing.image\nx = 1\n"
        "import keras.preprocessing.image\nkeras.layers, keras.preprocessing.image.load_img\n",
        f"import keras.preprocessing.image\n{ADDED}x = 1\n"
        f"import keras.preprocessing.image\nkeras.layers, {NEW}.load_img\n",
    ),
    "plain import that keras comes from, or else from tensorflow": (
        "try:\n    import keras.preprocessing.image\n"
        "except ImportError:\n    from tensorflow import keras\n"
        "keras.layers, keras.preprocessing.image.load_img\n",
        f"try:\n    import keras.preprocessing.image\n    {ADDED}"
        f"except ImportError:\n    from tensorflow import keras\n    {ADDED}"
        f"keras.layers, {NEW}.load_img\n",
    ),
    "import in a function": (
        "def f():\n\timport tensorflow as tf\n\treturn tf.keras.preprocessing.image.load_img\n",
        f"def f():\n\timport tensorflow as tf\n\t{ADDED}\treturn {NEW}.load_img\n",
    ),
    "use in a function": (
        "import keras\nx = 1\nimport os\ndef f():\n    return keras.preprocessing.image.load_img\n",
        f"import keras\n{ADDED}x = 1\nimport os\ndef f():\n    return {NEW}.load_img\n",
    ),
    "imports in branches and later": (
        "try: import keras\nexcept ImportError:\n    from tensorflow import keras\n"
        "keras.preprocessing.image.load_img\n"
        "import tensorflow as tf; tf.keras.preprocessing.image\n"
        "from tensorflow import keras\n",
        f"try: import keras; {ADDED}except ImportError:\n"
        f"    from tensorflow import keras\n    {ADDED}"
        f"{NEW}.load_img\n"
        f"import tensorflow as tf; import {NEW}; {NEW}\n"
        "from tensorflow import keras\n",
    ),
    "two imports in one branch": (
        "if x:\n  import keras\n  import tensorflow as tf\n"
        "  keras.preprocessing.image, tf.keras.preprocessing.image\n",
        f"if x:\n  import keras\n  import tensorflow as tf\n  {ADDED}  {NEW}, {NEW}\n",
    ),
    "import there already": (
        f"import keras\n{ADDED}keras.preprocessing.image.load_img\n",
        f"import keras\n{ADDED}{NEW}.load_img\n",
    ),
    "end of file without line end": (
        "import tensorflow as tf\r\ntf.keras.preprocessing.image",
        f"import tensorflow as tf\r\nimport {NEW}\r\n{NEW}",
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_names_are_those_of_the_new_module(before: str, after: str) -> None:
    ast.parse(before)
    assert migrate_source(before) == (after, [])


@pytest.mark.parametrize("after", [after for _, after in CASES.values()], ids=CASES)
def test_what_is_changed_stays_so(after: str) -> None:
    ast.parse(after)
    assert migrate_source(after) == (after, [])


@pytest.mark.parametrize("module", sorted(OLD_MODULES))
def test_every_old_module_is_known(module: str) -> None:
    assert migrate_source(f"from {module} import load_img") == (f"from {NEW} import load_img", [])
    root, _, rest = module.partition(".")
    expected = f"import {root} as r\nimport {NEW}\n{NEW}"
    assert migrate_source(f"import {root} as r\nr.{rest}") == (expected, [])


def test_modules_of_every_age_are_known() -> None:
    """Those that people imported, public or not."""
    roots = ("keras", "tensorflow.keras", "tf_keras", "tensorflow.python.keras", "keras.api")
    layers = ("keras.src", "keras.src.legacy", "keras.legacy", "keras._legacy")
    versions = ("tensorflow.compat.v1.keras", "tensorflow.compat.v2.keras", "keras.api._v2.keras")
    packages = (*roots, *layers, *versions)
    assert {f"{package}.preprocessing.image" for package in packages} < OLD_MODULES
    parts = ("affine_transformations", "image_data_generator", "iterator", "utils")
    iterators = ("dataframe_iterator", "directory_iterator", "numpy_array_iterator")
    modules = {f"keras_preprocessing.image.{part}" for part in (*parts, *iterators)}
    assert {"keras_preprocessing.image", *modules} < OLD_MODULES


@pytest.mark.parametrize(
    "source",
    [
        "from keras.preprocessing import sequence, text\n",
        "from keras.preprocessing import *\n",
        "from keras.preprocessing.image_dataset import f\n",
        "import keras\nkeras.preprocessing.image_dataset_from_directory(x)\n",
        "import keras\nkeras.preprocessing.text, keras().preprocessing.image\n",
        "from .keras.preprocessing.image import load_img\nfrom . import keras\n"
        "keras.preprocessing.image\n",
        "keras.preprocessing.image, f().preprocessing.image\n",
        "def f(keras):\n    return keras.preprocessing.image\n",
        "def keras(): ...\nkeras.preprocessing.image\nimport keras.preprocessing as p\n",
        "def keras(): ...\nimport keras.preprocessing.image\nkeras.layers\n",
        "class A:\n    preprocessing: int = 1\nA.preprocessing.image\n",
        "import keras_cvdata.preprocessing.image\nx = 'keras.preprocessing.image'  # keras\n",
    ],
)
def test_everything_else_stays(source: str) -> None:
    assert migrate_source(source) == (source, [])


def test_formatting_stays_where_libcst_itself_would_lose_some() -> None:
    """Such as the blank before the colon, on which libcst's text is one character shorter."""
    source = (
        "from keras.preprocessing.image import load_img\n"
        "try :\n  x  =  [ 1,2 , ]\n\x0c\nexcept (A, B) :\n\tpass  # '\n"
    )
    after = source.replace("keras.preprocessing.image", NEW)
    assert migrate_source(source) == (after, [])


def test_a_line_that_libcst_would_change_is_not_touched() -> None:
    source = "import keras\ntry: pass\nexcept (A, B) : keras.preprocessing.image.load_img\n"
    with pytest.raises(ValueError, match=r"line 3: The spacing here is beyond libcst"):
        migrate_source(source)


def test_names_that_the_new_module_lacks_are_listed() -> None:
    source = "from keras.preprocessing.image import (load_img,\n    pil_image as pil)\n"
    after, notes = migrate_source(source)
    assert after == source.replace("keras.preprocessing.image", NEW)
    assert notes == [
        (2, 2, "The new module has no `pil_image`: write it, or import it from elsewhere.", None)
    ]


def test_comments_are_not_lost_with_a_name() -> None:
    source = "x = 1\nfrom keras.preprocessing import (\n    image,  # pictures\n    text,\n)\n"
    after, [note] = migrate_source(source)
    assert after == source
    assert note.line == 2
    assert note.text.startswith("Import `image` from keras_cvdata.preprocessing;")


def test_names_of_the_new_module_are_known() -> None:
    tree = ast.parse((ROOT / "keras_cvdata/preprocessing/image.py").read_text())
    [names] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets) == "__all__"
    ]
    assert set(names) == NAMES


def test_added_lines_move_what_is_listed() -> None:
    source = "import keras\n\nkeras.preprocessing.image.ImageDataGenerator(zoom_range=0.1)\n"
    _, [note] = migrate_source(source)
    assert (note.line, note.line_after) == (3, 4)
