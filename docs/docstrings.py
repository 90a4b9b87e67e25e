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
        """Take the arguments that `help` shows, and leave class attributes to the docstring."""
        for name, member in list(cls.members.items()):
            if not member.is_alias and member.is_attribute and "property" not in member.labels:
                del cls.members[name]
        if isinstance(node, griffe.ObjectNode) and _says_its_arguments(node.obj):
            parameters = _parameters(inspect.signature(node.obj), cls)
            cls.set_member("__init__", griffe.Function("__init__", parameters=parameters))


def _says_its_arguments(value: type) -> bool:
    """Whether the arguments of a class are other than its `__init__` has them."""
    return "__signature__" in vars(value) or issubclass(value, tuple)


def _parameters(signature: inspect.Signature, parent: griffe.Class) -> griffe.Parameters:
    return griffe.Parameters(
        *(
            griffe.Parameter(
                name,
                annotation=_expression(parameter.annotation, parent),
                kind=griffe.ParameterKind(parameter.kind.description),
                default=None if parameter.default is parameter.empty else repr(parameter.default),
            )
            for name, parameter in signature.parameters.items()
        )
    )


def _expression(annotation: Any, parent: griffe.Class) -> Any:
    """Read an annotation, which may be text, a type or a reference to one by its name."""
    if annotation is inspect.Parameter.empty:
        return None
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"ForwardRef\('(.*?)'[^)]*\)", r"\1", text)
    node = ast.parse(text, mode="eval").body
    return griffe.safe_get_expression(node, parent=parent, parse_strings=False)
