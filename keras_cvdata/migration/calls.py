"""Methods for generators, such as `fit_generator`, which become those for all data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from libcst import matchers as m

from keras_cvdata.migration.changes import Changes, Edit, Finding
from keras_cvdata.migration.notes import COUNTED_IMAGES, LEFT, PLACED, REMOVED, RENAMED
from keras_cvdata.migration.script import Script, keyword

# New name, and the new names of the arguments that had the same place in all of Keras 2.
_METHODS = {
    "fit_generator": (
        "fit",
        (
            "x",
            "steps_per_epoch",
            "epochs",
            "verbose",
            "callbacks",
            "validation_data",
            "validation_steps",
        ),
    ),
    "evaluate_generator": ("evaluate", ("x", "steps")),
    "predict_generator": ("predict", ("x", "steps")),
}
_KEYWORDS = {"generator": "x", "nb_epoch": "epochs"}
_DROPPED = {
    "max_queue_size",
    "workers",
    "use_multiprocessing",
    "pickle_safe",
    "nb_worker",
    "max_q_size",
}
_COUNTED_IMAGES = {
    "samples_per_epoch": "steps_per_epoch",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
}
KERAS_1 = {"nb_epoch", "pickle_safe", "nb_worker", "max_q_size", *_COUNTED_IMAGES}


def rename_methods(script: Script) -> Changes:
    """Let `fit_generator` be `fit`, and so on, without the arguments that are gone."""
    changes = Changes()
    own = {function.name.value for function in script.find(m.FunctionDef())}
    is_old = m.MatchIfTrue(_METHODS.__contains__)
    for call in script.find(m.Call(func=m.Attribute(attr=m.Name(is_old)))):
        old = call.func.attr.value
        if old in own:
            reason: str | None = "the file has a function of this name"
        else:
            reason = _rename(script, call, changes)
        if reason:
            text = LEFT.format(old=old, new=_METHODS[old][0], reason=reason)
            changes.findings.append(Finding(script.span(call.func.attr)[0], text))
    return changes


def _rename(script: Script, call: Any, changes: Changes) -> str | None:
    """Change a call, or say why not."""
    old = call.func.attr.value
    new, places = _METHODS[old]
    keywords = [keyword(argument) for argument in call.args]
    by_place = keywords.count("")
    if {"*", "**"}.intersection(keywords):
        return "`*` or `**` may hold arguments that Keras 3 does not take"
    if by_place > len(places) or (by_place > 1 and KERAS_1.intersection(keywords)):
        return "it is unclear what its arguments without a name are"
    dropped = [index for index, name in enumerate(keywords) if name in _DROPPED]
    cuts = script.removed(call.args, dropped)
    if cuts is None:
        return "without what Keras 3 does not take it would lose a comment or its last argument"
    changes.edits += [script.replaced(call.func.attr, new), *cuts]
    changes.edits += _named(script, call, places)
    removed = ", ".join(f"`{keywords[index]}`" for index in dropped)
    text = RENAMED.format(old=old, new=new)
    text += (REMOVED.format(removed) if removed else "") + (PLACED if by_place > 1 else "")
    changes.findings.append(Finding(script.span(call.func.attr)[0], text))
    changes.findings += _counted_images(script, call)
    return None


def _named(script: Script, call: Any, places: Sequence[str]) -> Iterator[Edit]:
    """Give arguments their new names, other than to the first, which goes without."""
    for place, argument in enumerate(call.args):
        name = keyword(argument)
        if name in _KEYWORDS:
            yield script.replaced(argument.keyword, _KEYWORDS[name])
        elif not name and place > 0:
            start = script.span(argument)[0]
            yield Edit(start, start, f"{places[place]}=")


def _counted_images(script: Script, call: Any) -> Iterator[Finding]:
    for argument in call.args:
        name = keyword(argument)
        if name in _COUNTED_IMAGES:
            text = COUNTED_IMAGES.format(old=name, new=_COUNTED_IMAGES[name])
            yield Finding(script.span(argument)[0], text)
