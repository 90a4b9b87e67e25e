"""What else stops or changes with Keras 3 in code that trains on generators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import libcst as cst
from libcst import matchers as m

from keras_cvdata.migration.calls import KERAS_1
from keras_cvdata.migration.changes import Changes, Edit, Finding
from keras_cvdata.migration.notes import (
    CUT_SHORT,
    FRACTION,
    LEARNING_RATE,
    NO_ITERATOR,
    WEIGHTS_LEFT,
    WEIGHTS_NAMED,
)
from keras_cvdata.migration.script import Script, dotted, keyword

_FITS = frozenset({"fit", "fit_generator"})
_METHODS = _FITS | {"evaluate", "predict", "evaluate_generator", "predict_generator"}
_DATA = {"x", "generator", "validation_data"}
_STEPS = {"steps_per_epoch", "validation_steps", "steps"}
_FLOATS = {"numpy.ceil", "numpy.floor"}  # which return floats, unlike those of `math`
_OPTIMIZERS = {
    *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam"),
    *("RMSprop", "SGD"),
}

_ENDLESS = m.Call(func=m.Name("zip") | m.Name("map")) | m.GeneratorExp()
_DIVISION = m.BinaryOperation(operator=m.Divide())
_LITERAL = m.SimpleString() | m.FormattedString()
_NUMBER = (
    m.Integer()
    | m.BinaryOperation(operator=m.FloorDivide() | m.Multiply())
    | m.Attribute(attr=m.Name("n") | m.Name("samples"))
)
_HDF5 = re.compile(r"\.(?:h5|hdf5)(?=[\"']+\)*$)")
_NAMED = re.compile(r"\.weights\.h5[\"']+\)*$")


def mend_training(script: Script) -> Changes:
    """Change what Keras 3 refuses in training code, and list what it does otherwise."""
    changes = Changes()
    assigned = _Assigned(script)
    _pass_generators(script, assigned, changes)
    _name_learning_rates(script, changes)
    _name_weight_files(script, assigned, changes)
    changes.findings += _steps(script, assigned)
    return changes


class _Assigned:
    """What the names of a script are assigned, wherever that is."""

    def __init__(self, script: Script) -> None:
        self._values: dict[str, list[Any]] = {}
        for node in script.find(m.Assign()):
            for target in node.targets:
                self._values.setdefault(dotted(target.target) or "", []).append(node.value)

    def behind(self, value: Any) -> list[Any]:
        """The expressions that a value may stand for: those of its name, or itself."""
        name = dotted(value)
        return self._values.get(name, [value]) if name else [value]


def _calls(script: Script, methods: frozenset[str]) -> Iterator[Any]:
    for call in script.find(m.Call(func=m.Attribute())):
        if call.func.attr.value in methods:
            yield call


def _pass_generators(script: Script, assigned: _Assigned, changes: Changes) -> None:
    """Let `zip(a, b)` be a generator where it is data."""
    for call in _calls(script, _METHODS):
        for place, argument in enumerate(call.args):
            name = keyword(argument)
            if name not in _DATA and (name or place):
                continue
            for value in assigned.behind(argument.value):
                if m.matches(value, m.Call()) and m.matches(value, _ENDLESS):
                    start, end = script.span(value)
                    opening = Edit(start, start, "(batch for batch in ")
                    changes.edits += [opening, Edit(end, end, ")")]
                    text = NO_ITERATOR.format(value.func.value)
                    changes.findings.append(Finding(start, text))


def _name_learning_rates(script: Script, changes: Changes) -> None:
    """Let `lr` of optimizers be `learning_rate`."""
    renamed = [
        argument.keyword
        for call in script.find(m.Call())
        if _is_optimizer(script, call.func)
        for argument in call.args
        if keyword(argument) == "lr"
    ]
    rate = m.Attribute(
        value=m.Name("optimizer") | m.Attribute(attr=m.Name("optimizer")), attr=m.Name("lr")
    )
    renamed += [attribute.attr for attribute in script.find(rate)]
    for node in renamed:
        changes.edits.append(script.replaced(node, "learning_rate"))
        changes.findings.append(Finding(script.span(node)[0], LEARNING_RATE))


def _is_optimizer(script: Script, function: cst.CSTNode) -> bool:
    """Whether a function is an optimizer, and not known to be from elsewhere than Keras."""
    origins = [origin.name for origin in script.origins(function)]
    from_keras = not origins or any("keras" in name for name in origins)
    return from_keras and bool(script.names(function) & _OPTIMIZERS)


def _name_weight_files(script: Script, assigned: _Assigned, changes: Changes) -> None:
    """Let files of weights end in `.weights.h5`, where they are read too."""
    saved = [
        (script.span(argument)[0], value)
        for argument in _saved_weights(script)
        for value in assigned.behind(argument.value)
    ]
    renamed = {script.source(value) for _, value in saved if _ending(script, value)}
    read = [
        argument.value
        for call in _calls(script, frozenset({"load_weights"}))
        for argument in call.args[:1]
        if script.source(argument.value) in renamed
    ]
    for value in (*(value for _, value in saved), *read):
        changes.edits += _ending(script, value)
    for place, value in saved:
        if script.source(value) in renamed:
            changes.findings.append(Finding(place, WEIGHTS_NAMED))
        elif m.matches(value, _LITERAL) and not _NAMED.search(script.source(value)):
            changes.findings.append(Finding(place, WEIGHTS_LEFT))


def _saved_weights(script: Script) -> Iterator[Any]:
    """Arguments that name a file of weights to be written."""
    yes = m.Arg(keyword=m.Name("save_weights_only"), value=m.Name("True"))
    for call in script.find(m.Call()):
        only = any(m.matches(argument, yes) for argument in call.args)
        method = m.matches(call.func, m.Attribute(attr=m.Name("save_weights")))
        if method or (only and "ModelCheckpoint" in script.names(call.func)):
            yield from (a for a in call.args[:1] if keyword(a) in ("", "filepath"))


def _ending(script: Script, value: cst.CSTNode) -> list[Edit]:
    """Change of the ending of a file's name; none where it has another one."""
    start, text = script.span(value)[0], script.source(value)
    found = None if _NAMED.search(text) else _HDF5.search(text)
    return [Edit(start + found.start(), start + found.end(), ".weights.h5")] if found else []


def _steps(script: Script, assigned: _Assigned) -> Iterator[Finding]:
    """Numbers of steps that are not whole, or that cut epochs short."""
    for call in _calls(script, _METHODS):
        keywords = {keyword(argument) for argument in call.args}
        old = call.func.attr.value == "fit_generator" and not keywords & KERAS_1
        arrays = "y" in keywords or (not old and [keyword(a) for a in call.args[:2]] == ["", ""])
        ends = not any(
            m.matches(value, _ENDLESS)
            for argument in call.args[:1]
            for value in assigned.behind(argument.value)
        )
        for place, argument in enumerate(call.args):
            name = "steps_per_epoch" if old and place == 1 else ""
            name = keyword(argument) or name
            if name not in _STEPS:
                continue
            at = script.span(argument)[0]
            values = assigned.behind(argument.value)
            if any(_is_fraction(script, value) for value in values):
                yield Finding(at, FRACTION)
            elif name == "steps_per_epoch" and ends and not arrays and any(map(_is_number, values)):
                yield Finding(at, CUT_SHORT)


def _is_fraction(script: Script, value: Any) -> bool:
    """Whether a value is a division, or a division rounded to a float."""
    if m.matches(value, m.BinaryOperation()) and not m.matches(value, _DIVISION):
        return _is_fraction(script, value.left) or _is_fraction(script, value.right)
    called = script.names(value.func) if m.matches(value, m.Call()) else set()
    return bool(called & _FLOATS) or bool(m.matches(value, _DIVISION))


def _is_number(value: Any) -> bool:
    """Whether a value is a number of steps by itself, and not the length of a flow."""
    rounding = m.Call(func=m.Name("int"), args=[m.Arg(value=_DIVISION)])
    return bool(m.matches(value, _NUMBER | rounding))
