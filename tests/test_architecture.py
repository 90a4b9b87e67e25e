"""What keeps the package in shape: direction of imports, public names, size of files."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import keras_cvdata

ROOT = Path(__file__).parents[1]
MODULES = sorted(ROOT.glob("keras_cvdata/**/*.py"))


def test_imports_point_downward() -> None:
    """Every contract of import-linter in pyproject.toml is kept."""
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    result = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.backends
def test_lazy_names_are_the_public_names() -> None:
    """What users see, what type checkers see and `__all__` are the same names."""
    tree = ast.parse((ROOT / "keras_cvdata/__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name for statement in block.body for alias in statement.names}
    assert imported | {"__version__"} == set(keras_cvdata.__all__)
    assert dir(keras_cvdata) == sorted(keras_cvdata.__all__)
    assert all(getattr(keras_cvdata, name) is not None for name in keras_cvdata.__all__)


def test_files_that_are_no_modules_are_packed() -> None:
    """What a module reads from its folder is in the wheel as well."""
    package = ROOT / "keras_cvdata"
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = packed["package-data"]["keras_cvdata"]
    for file in package.rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".pyc"):
            assert any(file.relative_to(package).match(pattern) for pattern in patterns), file


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'keras_cvdata' has no attribute 'Directory'"):
        _ = keras_cvdata.Directory


@pytest.mark.backends
@pytest.mark.parametrize(
    "room", ["layers", "sources", "sequences", "migration", "preprocessing.image"]
)
def test_all_names_what_is_visible(room: str) -> None:
    module = import_module(f"keras_cvdata.{room}")
    visible = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert visible == set(module.__all__)


def test_every_module_is_one_room() -> None:
    """A module beyond 400 lines holds several things: split it."""
    lines = {module: len(module.read_text().splitlines()) for module in MODULES}
    assert not {str(module): count for module, count in lines.items() if count > 400}


@pytest.mark.slow
def test_a_public_function_is_no_module_of_its_name() -> None:
    """`import keras_cvdata.preview` binds the module to the package; the function must stay."""
    code = (
        "import sys, keras_cvdata.preview as first\n"
        "from keras_cvdata.preview import write_preview\n"
        "import keras_cvdata as cvd\n"
        "assert callable(cvd.preview) and cvd.preview.__module__ == 'keras_cvdata.preview'\n"
        "assert sys.modules['keras_cvdata.preview'].write_preview is write_preview\n"
        "import keras_cvdata.plots\n"
        "assert cvd.plots.contact_sheet"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
