"""What is not imported: Keras where it is not needed, optional libraries before they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMEWORKS = {"keras", "tensorflow", "jax", "torch"}
OPTIONAL = {"matplotlib", "pandas", "sklearn"}


def loaded_by(statements: str, after: str = "") -> set[str]:
    """Names of the top-level modules that statements load in a fresh interpreter, after others."""
    names = "{name.split('.')[0] for name in sys.modules}"
    code = f"import sys\n{after}\nbefore = {names}\n{statements}\nprint(*({names} - before))"
    run = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return set(run.stdout.splitlines()[-1].split())


def test_package_alone_is_light() -> None:
    loaded = loaded_by("import keras_cvdata")
    assert "keras_cvdata" in loaded
    assert not loaded & (FRAMEWORKS | OPTIONAL | {"cv2", "numpy"})


def test_reading_and_rendering_load_no_framework() -> None:
    rooms = ("sources", "conversion", "engine.opencv", "loading.loader")
    loaded = loaded_by("import " + ", ".join(f"keras_cvdata.{room}" for room in rooms))
    assert "cv2" in loaded
    assert not loaded & (FRAMEWORKS | OPTIONAL)


def test_help_loads_no_framework() -> None:
    """`keras-cvdata --help` answers before Keras would have been imported."""
    loaded = loaded_by(
        "from keras_cvdata import cli\n"
        "try:\n"
        "    cli.main(['--help'])\n"
        "except SystemExit as exit:\n"
        "    assert not exit.code\n"
    )
    assert not loaded & (FRAMEWORKS | OPTIONAL)


@pytest.mark.slow
@pytest.mark.backends
def test_sequences_load_no_optional_library() -> None:
    """Keras itself may load some of them, where they are installed."""
    loaded = loaded_by("import keras_cvdata.sequences", after="import keras")
    assert "keras_cvdata" in loaded
    assert not loaded & OPTIONAL


def test_rooms_are_attributes_of_the_package() -> None:
    loaded_by("import keras_cvdata; keras_cvdata.sources.DirectorySource")
