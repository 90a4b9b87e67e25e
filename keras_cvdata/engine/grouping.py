"""Which layers become one step: neighbours of one form, where that keeps their meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from keras_cvdata.engine.output import Output
from keras_cvdata.engine.steps import Resize


@dataclass(frozen=True)
class Group:
    """Neighbouring layers of one form that become one step.

    Attributes:
        form: The form, or "resize" for a resize that nothing fuses with.
        members: Positions of the layers in the flat list of a chain.
        fill_mode: How the warp fills; `None` while no member reads outside the image.
        fill_value: What "constant" fills with.
        interpolation: How the warp reads; `None` while no member reads between pixels.
        resize: The resize that the group begins with.
    """

    form: str
    members: tuple[int, ...] = ()
    fill_mode: str | None = None
    fill_value: float = 0.0
    interpolation: str | None = None
    resize: Resize | None = None

    @classmethod
    def of(cls, index: int, layer: Any) -> Group:
        """Start a group with one layer."""
        if layer.form not in ("matrix", "field"):
            return cls(layer.form, (index,))
        fill_mode = None if layer.form == "matrix" and layer.keeps_inside else layer.fill_mode
        return cls(layer.form, (index,), fill_mode, layer.fill_value, layer.interpolation)

    def join(self, other: Group) -> Group | None:
        """Take in the next layer, or return `None` where that would change its meaning."""
        if other.form != self.form or self.form not in ("matrix", "curve", "mix"):
            return None
        interpolation = self.interpolation or other.interpolation
        if other.interpolation not in (None, interpolation) or not self._gives_way(other.fill_mode):
            return None
        return replace(
            self,
            members=self.members + other.members,
            fill_mode=self.fill_mode or other.fill_mode,
            interpolation=interpolation,
        )

    def _gives_way(self, fill_mode: str | None) -> bool:
        """Whether a layer that fills so may follow in the same warp.

        There it reads real pixels where an earlier layer had cut them away. That is welcome
        instead of invented ones, but "constant" and "wrap" promise what the border looks like.
        """
        if fill_mode is None:
            return True
        return fill_mode in ("reflect", "nearest") and self.fill_mode in (None, fill_mode)


def group(parts: Sequence[Any], resize: Resize | None, output: Output) -> tuple[Group, ...]:
    """Gather neighbours; the resize opens the first group where it may be fused.

    Args:
        parts: Layers, each with the members of its form.
        resize: What brings a decoded image to the size that the first layer sees.
        output: What the batch holds, which a last curve converts to.

    Returns:
        The groups, in the order of their action.
    """
    groups: list[Group] = []
    if resize is not None:
        fuses = resize.fit != "pad" and resize.interpolation in ("bilinear", "nearest")
        form = "matrix" if fuses else "resize"
        groups.append(Group(form, (), None, 0.0, resize.interpolation, resize))
    for index, layer in enumerate(parts):
        if layer.form == "resize" and not layer.changes_size:
            continue  # to the size that the image has
        own = Group.of(index, layer)
        if resize is not None and resize.interpolation == "nearest":
            own = replace(own, interpolation="nearest")  # values must not be blended
        joined = groups[-1].join(own) if groups else None
        groups[-1:] = [joined] if joined else [*groups[-1:], own]
    if output.dtype != "source" and (not groups or groups[-1].form != "curve"):
        groups.append(Group("curve"))
    return tuple(groups)
