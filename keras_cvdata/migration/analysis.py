"""What to change in a script and what to say about it."""

from __future__ import annotations

from keras_cvdata.migration.axes import name_axes
from keras_cvdata.migration.calls import rename_methods
from keras_cvdata.migration.changes import Changes, Note
from keras_cvdata.migration.imports import move_imports
from keras_cvdata.migration.keras_3 import mend_training
from keras_cvdata.migration.notes import find_differences
from keras_cvdata.migration.script import Script


def migrate_source(text: str, named_axes: bool = False) -> tuple[str, list[Note]]:
    """Change a script from Keras's image module to that of this package.

    Args:
        text: The source code.
        named_axes: It was written for Keras before 2.9, where shifts moved along the axes in their
            names: give generators `exchanged_axes=False`.

    Returns:
        The changed source code, which is the same character by character outside the changed names,
        and the lines whose behaviour differs or that need a hand.

    Raises:
        ScriptError: The text is not Python.

    Example:
        >>> text, notes = migrate_source("from keras.preprocessing.image import load_img  # PIL")
        >>> text
        'from keras_cvdata.preprocessing.image import load_img  # PIL'
        >>> notes
        []
    """
    return analyse(text, named_axes).apply(text)


def analyse(text: str, named_axes: bool) -> Changes:
    """Find the changes of a script."""
    script = Script(text)
    moved, renamed = move_imports(script), rename_methods(script)
    changes = Changes(moved.edits + renamed.edits, moved.findings + renamed.findings)
    if changes.edits or changes.findings:
        training = mend_training(script)
        changes.edits += training.edits
        changes.findings += training.findings
    if moved.edits or moved.findings:  # it uses the module
        changes.findings += find_differences(script)
        changes.edits += name_axes(script).edits if named_axes else []
    return changes
