"""Imports and dotted names of Keras's image module, which become those of this package."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import libcst as cst
from libcst import matchers as m

from keras_cvdata.migration.changes import Changes, Finding
from keras_cvdata.migration.notes import COMMENTED_IMPORT, UNKNOWN_NAME
from keras_cvdata.migration.script import Script, dotted

NEW_PACKAGE = "keras_cvdata.preprocessing"
NEW_MODULE = f"{NEW_PACKAGE}.image"

_KERAS = (
    "keras",
    "tensorflow.keras",
    "tf_keras",
    "keras.api",
    "keras.api._tf_keras.keras",
    "keras.api._v1.keras",
    "keras.api._v2.keras",
    "keras._tf_keras.keras",
    "keras.legacy",
    "keras._legacy",
    "keras.src",
    "keras.src.legacy",
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.python.keras",
    "tf_keras.src",
)
OLD_PACKAGES = {*(f"{keras}.preprocessing" for keras in _KERAS), "keras_preprocessing"}
_PARTS = (
    "affine_transformations",
    "dataframe_iterator",
    "directory_iterator",
    "image_data_generator",
    "iterator",
    "numpy_array_iterator",
    "utils",
)
OLD_MODULES = {
    *(f"{package}.image" for package in OLD_PACKAGES),
    *(f"keras_preprocessing.image.{part}" for part in _PARTS),
}

# `__all__` of the new module, which would load Keras; a test keeps them equal.
NAMES = {
    "BatchFromFilesMixin",
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
    "transform_matrix_offset_center",
    "validate_filename",
}


def move_imports(script: Script) -> Changes:
    """Let every import and dotted name of an old module name the new one.

    There are no changes exactly if the script does not use an old module.
    """
    changes = Changes()
    for statement in script.find(m.ImportFrom(relative=[])):
        _move_from(script, statement, changes)
    moved = _move_plain(script, changes)
    _move_uses(script, changes, moved)
    return changes


def _move_from(script: Script, statement: Any, changes: Changes) -> None:
    """Change `from OLD import a` and `from tensorflow.keras.preprocessing import image`."""
    module = dotted(statement.module)
    listed = () if isinstance(statement.names, cst.ImportStar) else statement.names
    if module in OLD_MODULES:
        changes.edits.append(script.replaced(statement.module, NEW_MODULE))
        changes.findings += [
            Finding(script.span(alias)[0], UNKNOWN_NAME.format(alias.name.value))
            for alias in listed
            if alias.name.value not in NAMES
        ]
    elif module in OLD_PACKAGES:
        images = [index for index, alias in enumerate(listed) if alias.name.value == "image"]
        if images and len(images) == len(listed):
            changes.edits.append(script.replaced(statement.module, NEW_PACKAGE))
        elif images:
            _split(script, statement, images, changes)


def _split(script: Script, statement: Any, images: list[int], changes: Changes) -> None:
    """Take `image` out of an import of other modules too."""
    cuts = script.removed(statement.names, images)
    if cuts is None:
        changes.findings.append(Finding(script.span(statement)[0], COMMENTED_IMPORT))
        return
    taken = ", ".join(script.source(statement.names[index]) for index in images)
    changes.edits += [*cuts, script.behind(statement, f"from {NEW_PACKAGE} import {taken}")]


def _move_plain(script: Script, changes: Changes) -> set[cst.Import]:
    """Change `import OLD as name`, and `import OLD` where no other name of its package is used.

    Returns:
        Statements that import the new module under its full name now.
    """
    found = [
        (statement, alias)
        for statement in script.find(m.Import())
        for alias in statement.names
        if dotted(alias.name) in OLD_MODULES
    ]
    plain = {statement for statement, alias in found if alias.asname is None}
    moved = {statement for statement in plain if not _still_needed(script, statement, plain)}
    for statement, alias in found:
        if alias.asname or statement in moved:
            changes.edits.append(script.replaced(alias.name, NEW_MODULE))
    return moved


def _still_needed(script: Script, statement: cst.Import, plain: set[cst.Import]) -> bool:
    """Whether names beside the old module, such as `keras.layers`, need this import."""
    scope = script.scope(statement)
    bound = [found for found in scope.assignments if found.node is statement]
    used = [found.name for found in bound if found.references and found.name not in OLD_MODULES]
    roots = {name.partition(".")[0] for name in used}
    others = {other.node for root in roots for other in scope.assignments[root]} - plain
    return bool(used) and not any(
        isinstance(other, cst.Import | cst.ImportFrom) and _always_runs(script, other)
        for other in others
    )


def _move_uses(script: Script, changes: Changes, moved: set[cst.Import]) -> None:
    """Change `tf.keras.preprocessing.image.load_img` and the like, and import the new module."""
    imports: dict[Any, set[Any]] = {}
    ends = {module.rpartition(".")[2] for module in OLD_MODULES}
    for use in script.find(m.Attribute(attr=m.Name(m.MatchIfTrue(ends.__contains__)))):
        origins = [origin for origin in script.origins(use) if origin.name in OLD_MODULES]
        if origins:
            changes.edits.append(script.replaced(use, NEW_MODULE))
        for origin in origins:
            imports.setdefault(origin.scope, set()).add(origin.statement)
    for scope, statements in imports.items():
        imported = any(_always_runs(script, statement) for statement in statements & moved)
        if NEW_MODULE not in scope and not imported:
            _add_import(script, sorted(statements - moved, key=script.span), changes)


def _add_import(script: Script, statements: list[Any], changes: Changes) -> None:
    """Import the new module where the old one came from.

    So the order stays in which modules are imported and, say, environment variables are set.
    """
    for statement in statements:
        changes.edits.append(script.behind(_end_of_run(script, statement), f"import {NEW_MODULE}"))
        if _always_runs(script, statement):
            return


def _always_runs(script: Script, statement: cst.CSTNode) -> bool:
    """Whether a statement is in no branch, as of `try` or `if`."""
    block = script.parent(script.parent(statement))
    return isinstance(block, cst.Module) or isinstance(script.parent(block), cst.FunctionDef)


def _end_of_run(script: Script, statement: Any) -> Any:
    """The last of the imports that follow a statement line by line."""
    line = script.parent(statement)
    if not _is_import(line):
        return statement
    lines = script.parent(line).body
    return [line, *takewhile(_is_import, lines[lines.index(line) + 1 :])][-1].body[0]


def _is_import(line: cst.CSTNode) -> bool:
    return bool(m.matches(line, m.SimpleStatementLine(body=[m.Import() | m.ImportFrom()])))
