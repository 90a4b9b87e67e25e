"""Generators of code for Keras before 2.9, whose shifts moved along the axes in their names."""

from __future__ import annotations

from libcst import matchers as m

from keras_cvdata.migration.changes import Changes, Edit
from keras_cvdata.migration.script import Script, keyword

_WARPS = {"rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range"}
_KEYWORD = "exchanged_axes"


def name_axes(script: Script) -> Changes:
    """Give generators that warp images `exchanged_axes=False`."""
    changes = Changes()
    for call in script.find(m.Call()):
        given = {keyword(argument) for argument in call.args}
        if "ImageDataGenerator" not in script.names(call.func) or _KEYWORD in given:
            continue
        if given & {*_WARPS, "", "*", "**"}:  # without a name it may be any of them
            end = script.span(call.args[-1])[1]
            changes.edits.append(Edit(end, end, f", {_KEYWORD}=False"))
    return changes
