"""How Griffe reads the classes and docstrings of the package for the reference."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import griffe


class Sections(griffe.Extension):
    """Mends what inspecting a running package shows otherwise than its source."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Read `Example:` as the section of doctests that it is."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)

    def on_class_members(self, *, node: Any, cls: griffe.Class, **_: Any) -> None:
        """Give named tuples their arguments, and leave class attributes to the docstring."""
        for name, member in list(cls.members.items()):
            if not member.is_alias and member.is_attribute and "property" not in member.labels:
                del cls.members[name]
        if not isinstance(node, griffe.ObjectNode) or not issubclass(node.obj, tuple):
            return
        constructor = griffe.Function("__init__", parameters=_parameters(node.obj, cls))
        cls.set_member("__init__", constructor)


def _parameters(named_tuple: type, cls: griffe.Class) -> griffe.Parameters:
    return griffe.Parameters(
        *(
            griffe.Parameter(
                name,
                annotation=griffe.safe_get_expression(_node(parameter.annotation), parent=cls),
                kind=griffe.ParameterKind.positional_or_keyword,
                default=None if parameter.default is parameter.empty else repr(parameter.default),
            )
            for name, parameter in inspect.signature(named_tuple).parameters.items()
        )
    )


def _node(annotation: Any) -> Any:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"ForwardRef\('(.*?)'[^)]*\)", r"\1", text)
    return ast.parse(text, mode="eval").body
