"""The pages of docs: their code runs, what they name exists, and the handbook table is true."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import drawing
import handbook
import pytest
import reference

from keras_cvdata.audit import CHECKS
from keras_cvdata.engine.fusion import FORMS
from keras_cvdata.engine.kernels import PAIRS
from tests.layers import test_contract as layer_contract
from tests.sequences import test_sequence_contract as sequence_contract
from tests.sources import test_source_contract as source_contract

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "CONTRIBUTING.md"]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
NUMBERS = {*(f"R{i}" for i in range(1, 97)), *(f"X{i}" for i in range(1, 33))}


def run_page(page: Path) -> ModuleType:
    """Run the Python blocks of a page, in order, as one module."""
    module = sys.modules[page.stem] = ModuleType(page.stem)
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{page.name}, Python block {number}", "exec"), vars(module))
    return module


@pytest.mark.backends
def test_example_of_the_first_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(ROOT / "docs" / "index.md")


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("page", ["after_training", "speed"])
def test_code_with_trainings_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(ROOT / "docs" / f"{page}.md")


@pytest.mark.parametrize("page", ["audit", "data"])
def test_code_of_the_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(ROOT / "docs" / f"{page}.md")


def test_page_of_the_audit_names_all_that_it_finds() -> None:
    text = (ROOT / "docs" / "audit.md").read_text()
    for check in CHECKS:
        assert f"| `{check.name}` |" in text
        for kind in check.kinds:
            assert f"`{kind}`" in text, kind


@pytest.fixture(scope="module")
def contributing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page `contributing` as a module that was run in an empty folder."""
    kernels, forms = dict(PAIRS), dict(FORMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("contributing"))
        yield run_page(ROOT / "docs" / "contributing.md")
    for table, before in ((PAIRS, kernels), (FORMS, forms)):
        table.clear()
        table.update(before)
    del sys.modules["contributing"]


@pytest.mark.backends
@pytest.mark.parametrize(
    "layer", ["RandomFade", "RandomSqueeze", "RandomScanLines", "RandomChannelOrder"]
)
def test_layers_of_the_page_keep_the_contract(
    contributing: Any, layer: str, tmp_path: Path
) -> None:
    """A row is all that it takes: both executors, saving, seeds, ranges, rates."""
    (case,) = (row for row in contributing.LAYER_ROWS if row.layer.__name__ == layer)
    for dtype in ("uint8", "float32"):
        layer_contract.test_executors_agree(case, dtype, 3, (61, 40))
        layer_contract.test_nothing_happens_at_zero_strength(case, dtype)
    layer_contract.test_values_stay_in_range(case)
    layer_contract.test_config_makes_an_equal_layer(case)
    layer_contract.test_model_file_and_pickle_round_trip(case, tmp_path)
    layer_contract.test_nothing_happens_at_rate_zero(case)
    layer_contract.test_unknown_keywords_are_refused(case)


def test_source_of_the_page_keeps_the_contract(
    contributing: Any, photo_folder: Path, tmp_path: Path
) -> None:
    """Pixels, labels and rows; pickled, and read by many threads."""
    case = contributing.COLLECTION_ROW
    source = case.source(*case.prepare(photo_folder, tmp_path))
    source_contract.test_the_same_photographs_in_the_same_order(source, photo_folder)
    source_contract.test_pickled_sources_read_on(source)
    source_contract.test_many_threads_read_at_once(source)
    source_contract.test_selections_keep_their_rows(source)
    source_contract.test_names_are_all_different(source)
    (tmp_path / "photos.zip").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"photos\.zip:cat/0\.png: It cannot be read"):
        pickle.loads(pickle.dumps(source)).fetch(0)


@pytest.mark.backends
def test_sequence_of_the_page_keeps_the_contract(
    contributing: Any, photo_folder: Path, tmp_path: Path
) -> None:
    case = contributing.COLLECTION_ROW
    arguments = case.prepare(photo_folder, tmp_path)

    def opened(**options: Any) -> Any:
        return case.sequence(*arguments, **{**sequence_contract.OPTIONS, **options})

    sequence_contract.test_is_a_keras_sequence_with_shapes_and_ranges(opened)
    sequence_contract.test_fits_a_model(opened)
    sequence_contract.test_unknown_keywords_are_refused(opened)


@every_page
def test_named_files_exist(page: Path) -> None:
    top = "keras_cvdata|tests|docs|benchmarks|notebooks"
    for path in re.findall(rf"`((?:{top})/[\w./]*)`", page.read_text()):
        assert (ROOT / path).exists(), path


@every_page
def test_linked_files_exist(page: Path) -> None:
    made = {"handbook.md", "floors.svg", *reference.pages()}
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
        assert link in made or (page.parent / link).exists(), link


@every_page
def test_named_commands_exist(page: Path) -> None:
    for target in set(re.findall(r"`make ([a-z-]+)`", page.read_text())):
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def test_every_room_is_drawn_and_described() -> None:
    """The contract, the picture and the page name what there is."""
    package = ROOT / "keras_cvdata"
    rooms = {path.stem for path in package.glob("*.py")} - {"__init__"}
    rooms |= {path.parent.name for path in package.glob("*/__init__.py")}
    picture = ElementTree.fromstring(drawing.svg())
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert rooms == {room for floor in drawing.floors() for room in floor}
    assert rooms <= texts
    table = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert rooms == set(re.findall(r"\w+", " ".join(table)))


@pytest.mark.backends
def test_every_public_name_has_a_page() -> None:
    pages = reference.pages()
    for room in reference.ROOMS:
        index = pages[f"{reference.folder(room)}/index.md"]
        module = import_module(room)
        for name in module.__all__:
            (link,) = re.findall(rf"^\| \[`{name}`\]\((?:\.\./)*(.*?)\)", index, re.MULTILINE)
            text = pages[link]
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("keras_cvdata"):
                assert f"::: {value.__module__}.{value.__name__}\n" in text


def named(found: dict[str, dict[str, list[str]]]) -> set[str]:
    return {number for number, places in found.items() if places}


def test_handbook_lists_every_number_once() -> None:
    """And no other is named anywhere."""
    listed = [number for meanings in handbook.table().values() for number in meanings]
    assert sorted(listed) == sorted(NUMBERS)
    assert list(handbook.table()) == list(handbook.STATES)
    assert named(handbook.named_in("keras_cvdata")) <= NUMBERS
    assert named(handbook.named_in("tests")) <= NUMBERS


def test_handbook_says_done_where_a_test_says_so() -> None:
    table, tested = handbook.table(), named(handbook.named_in("tests"))
    assert {*table["done"], *table["partly"]} == tested


def test_a_range_of_numbers_names_all_of_them() -> None:
    text = "({0}3 to {0}5, {1}7); 4{0}9, {0}123".format("R", "X")  # for this file names none
    assert handbook.numbers(text) == {"R" + digit for digit in "345"} | {"X" + "7"}


def test_numbers_stand_in_no_text_that_users_see() -> None:
    """A message gives the reason, not a number."""
    for module in ROOT.glob("keras_cvdata/**/*.py"):
        text = module.read_text()
        if handbook.numbers(text):
            check_that_numbers_stand_in_docstrings(module, ast.parse(text))


def check_that_numbers_stand_in_docstrings(module: Path, tree: ast.Module) -> None:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            seen = id(node) in docstrings or not handbook.numbers(node.value)
            assert seen, f"{module}: {node.value}"
