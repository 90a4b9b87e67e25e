"""A parsed script: where its parts stand, and what its names come from."""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import libcst as cst
from libcst import matchers
from libcst.metadata import (
    ImportAssignment,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    ScopeProvider,
)

from keras_cvdata.migration.changes import Edit


class ScriptError(ValueError):
    """Text that cannot be read as Python.

    Args:
        line: Where, from 1 on.
        reason: What is wrong there.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Origin(NamedTuple):
    """The full name that a name stands for, and the import statement and scope it is from."""

    name: str
    statement: cst.CSTNode
    scope: Any


def parse(text: str) -> cst.Module:
    """Parse a script, or raise `ScriptError`."""
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        # libcst's own lines are often wrong, and its reasons are lists of tokens
        line, reason = _syntax_error(text) or (
            error.raw_line,
            "libcst cannot parse this line or the one before, which Python can; rewrite it.",
        )
        raise ScriptError(line, reason) from None


def _syntax_error(text: str) -> tuple[int, str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old code, about escapes such as "\d"
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, f"{error.msg}."
    return None


def split_lines(text: str) -> list[str]:
    """Split at line ends only, which stay; `str.splitlines` splits at form feeds as well."""
    return list(io.StringIO(text, newline=""))


def dotted(node: cst.CSTNode | None) -> str | None:
    """Text of names joined by dots, None for other expressions."""
    if isinstance(node, cst.Name):
        return str(node.value)
    if isinstance(node, cst.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr.value}"
    return None


def keyword(argument: cst.Arg) -> str:
    """Name of an argument, its stars, or nothing."""
    return argument.star or dotted(argument.keyword) or ""


class Script:
    """A parsed script.

    libcst finds the nodes and resolves names. It does not write the text: it loses a blank here and
    there, as that in `except (A, B) :`. Changes are edits of the text at the nodes' positions.

    Args:
        text: The source code.

    Raises:
        ScriptError: The text is not Python.
    """

    def __init__(self, text: str) -> None:
        wrapper = MetadataWrapper(parse(text))
        self.text = text
        self.module = wrapper.module
        self._positions = wrapper.resolve(PositionProvider)
        self._scopes = wrapper.resolve(ScopeProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)
        lines = split_lines(text)
        self._line_starts = [0, *accumulate(map(len, lines))]
        pairs = zip(lines, split_lines(self.module.code), strict=False)
        self._altered = {number for number, (old, new) in enumerate(pairs, 1) if old != new}

    def find(self, matcher: Any) -> Sequence[Any]:
        """All nodes that a matcher of libcst fits, from top to bottom."""
        found: Sequence[Any] = matchers.findall(self.module, matcher)
        return found

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """First character of a node and that behind it, without parentheses and comma."""
        place = self._positions[node]
        for end in (place.start, place.end):
            if end.line in self._altered:
                raise ScriptError(end.line, "The spacing here is beyond libcst; reformat it.")
        start, end = (self._line_starts[at.line - 1] + at.column for at in (place.start, place.end))
        return start, end

    def source(self, node: cst.CSTNode) -> str:
        """Text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def parent(self, node: cst.CSTNode) -> Any:
        """The node that holds a node."""
        return self._parents[node]

    def scope(self, node: cst.CSTNode) -> Any:
        """The scope a node is in."""
        return self._scopes[node]

    def origins(self, node: cst.CSTNode) -> list[Origin]:
        """What a name with its attributes may be, through imports and `keras = tf.keras`."""
        text, scope = dotted(node), self._scopes.get(node)
        found, followed = [], set()
        names = [(text, scope)] if text and scope else []
        for text, scope in names:  # grows on the way
            root, dot, rest = text.partition(".")
            for binding in scope[root]:
                if isinstance(binding, ImportAssignment):
                    full = binding.get_qualified_names_for(text)
                    found += [Origin(name.name, binding.node, binding.scope) for name in full]
                elif binding not in followed and (value := self._assigned(binding)):
                    followed.add(binding)  # `tf = tf.compat.v1` leads to itself
                    names.append((f"{value}{dot}{rest}", binding.scope))
        return found

    def names(self, function: cst.CSTNode) -> set[str]:
        """Names of a function: the one written, those in full, and what these end in."""
        written = function.attr.value if isinstance(function, cst.Attribute) else dotted(function)
        full = {origin.name for origin in self.origins(function)}
        return full | {name.rpartition(".")[2] for name in (*full, written or "")}

    def _assigned(self, binding: Any) -> str | None:
        target = self._parents.get(getattr(binding, "node", None))
        return dotted(self.parent(target).value) if isinstance(target, cst.AssignTarget) else None

    def replaced(self, node: cst.CSTNode, text: str) -> Edit:
        """Put a text in the place of a node."""
        return Edit(*self.span(node), text)

    def removed(self, items: Sequence[cst.CSTNode], indices: Collection[int]) -> list[Edit] | None:
        """Remove some items of a list; None where a comment would be lost or no item left."""
        spans = [self.span(item) for item in items]
        kept = [index for index in range(len(items)) if index not in indices]
        if not indices:
            return []
        if not kept:
            return None
        cuts = [(spans[i][0], spans[i + 1][0]) for i in indices if i < kept[-1]]
        if kept[-1] < len(items) - 1:
            cuts.append((spans[kept[-1]][1], spans[-1][1]))
        if any("#" in self.text[start:end] for start, end in cuts):
            return None
        return [Edit(start, end, "") for start, end in cuts]

    def behind(self, statement: cst.CSTNode, text: str) -> Edit:
        """Put another statement behind one: on a line of its own if that one has its own."""
        start, end = self.span(statement)
        line = self.parent(statement)
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
            return Edit(end, end, f"; {text}")
        indent = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        end += len(self.text[end:].partition("\n")[0].rstrip("\r"))
        return Edit(end, end, f"{self.module.default_newline}{indent}{text}")
