"""Labels of a batch in the form that the loss wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras_cvdata.engine.array_api import Parameters
from keras_cvdata.engine.mixing import mix_all
from keras_cvdata.labels import Labels, check_mode, join_columns
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.types import Array, Ints

_KINDS = {"multilabel": "multilabel", "hierarchical": "hierarchical", "regression": "number"}

# Names of the targets in a batch, and what makes them.
_ORIGINS = {
    "labels": "label_mode=",
    "segmentation_masks": "mask_directory=, mask_column= or masks=",
    "bounding_boxes": "box_column= or boxes=",
}


def label_kinds(label_mode: str | Mapping[str, str] | None) -> Any:
    """Kind that label cells must be read as for a mode; None leaves it to their looks.

    Args:
        label_mode: One mode for all columns, or one per column.

    Returns:
        A kind for all columns, a dict with one per column, or None.
    """
    if isinstance(label_mode, Mapping):
        return {name: _KINDS[mode] for name, mode in label_mode.items() if mode in _KINDS} or None
    return _KINDS.get(label_mode or "")


class Targets:
    """Encodes the labels of a source by its label mode.

    Args:
        columns: The label columns by name. Several make one of the modes "multilabel" and
            "regression".
        label_mode: Form of the labels, or one form per column; see `Sequence`.

    Raises:
        ValueError: The mode does not fit the labels.
    """

    def __init__(
        self, columns: Mapping[str, Labels], label_mode: str | Mapping[str, str] | None
    ) -> None:
        if label_mode in ("multilabel", "regression") and len(columns) > 1:
            columns = {"label": join_columns(columns, label_kinds(label_mode))}
        self.columns = columns
        self.input = label_mode == "input"
        self.modes: dict[str, str] = {}
        if label_mode is None or self.input:
            return
        if not columns:
            raise ValueError(
                f"label_mode={label_mode!r} needs labels, but the source has none. "
                "Use label_mode=None for images without labels, or 'input' for an autoencoder."
            )
        if isinstance(label_mode, Mapping):
            self.modes = _modes_by_name(columns, label_mode)
        else:
            self.modes = dict.fromkeys(columns, label_mode)
        if len(columns) > 1 and label_mode == "int":  # the default suits classes only
            numbers = [name for name, column in columns.items() if column.kind == "number"]
            self.modes |= dict.fromkeys(numbers, "regression")
        for name, mode in self.modes.items():
            check_mode(mode, columns[name])

    def check_mixable(self, mixers: Sequence[Any], others: bool) -> None:
        """Refuse labels that layers which mix samples cannot mix.

        Args:
            mixers: The layers.
            others: Whether masks or boxes are targets too.

        Raises:
            ValueError: There are layers and no labels, or labels with nothing between them.
        """
        if mixers and others:
            raise ValueError(
                f"{mixers[0]!r} mixes labels, and masks and boxes cannot be mixed. Leave the layer "
                "or the masks and boxes out."
            )
        whole = [mode for mode in self.modes.values() if mode in ("int", "hierarchical")]
        if mixers and (whole or not self):
            raise ValueError(
                f"{mixers[0]!r} mixes images and labels together, and with label_mode="
                f"{whole[0] if whole else None!r} there is nothing to mix. Use label_mode="
                "'categorical' and a loss that takes shares (CategoricalCrossentropy), or leave "
                "the layer out."
            )

    def __bool__(self) -> bool:
        return bool(self.modes) or self.input

    def with_others(
        self,
        positions: Ints,
        pixels: Array,
        others: dict[str, Any],
        mixes: Sequence[Parameters] = (),
    ) -> Any:
        """Targets of a batch together with masks and boxes.

        Args:
            positions: As in `of`.
            pixels: As in `of`.
            others: Further targets by name.
            mixes: As in `of`.

        Returns:
            A dict of all, or the only one that there is.
        """
        labels = {"labels": self.of(positions, pixels, mixes)} if self else {}
        every = labels | others
        return every if len(every) > 1 else next(iter(every.values()))

    def of(self, positions: Ints, pixels: Array, mixes: Sequence[Parameters] = ()) -> Any:
        """Targets of a batch: an array, a tuple with one per level, or a dict with one per column.

        Args:
            positions: (B,) positions of the samples.
            pixels: (B, ...) images, the targets of mode "input".
            mixes: What mixed the images, see `engine.mixing`.

        Returns:
            The targets.
        """
        if self.input:
            return pixels
        encoded = {
            name: mix_all(self.columns[name].encode(positions, mode), mixes)
            for name, mode in self.modes.items()
        }
        return encoded if len(self.columns) > 1 else next(iter(encoded.values()))


def _modes_by_name(columns: Mapping[str, Labels], modes: Mapping[str, str]) -> dict[str, str]:
    if set(modes) != set(columns):
        raise ValueError(
            f"label_mode names the columns {sorted(modes)}, but the source has {sorted(columns)}. "
            "Give one mode for each label column."
        )
    return dict(modes)


def choose(
    targets: Any, label_mode: Any, masks: Source | None, boxes: Boxes | None
) -> tuple[Any, Source | None, Boxes | None]:
    """Leave out what is not among the chosen targets.

    Args:
        targets: Names of targets; None for all that there are.
        label_mode: Argument of the sequence.
        masks: Masks, where there are any.
        boxes: Boxes, where there are any.

    Returns:
        The same three, None for those that are not chosen.

    Raises:
        ValueError: The names are no list of known ones, or one of them is not there.

    Example:
        >>> choose(["labels"], "int", None, None)
        ('int', None, None)
    """
    if targets is None:
        return label_mode, masks, boxes
    if isinstance(targets, str) or not targets or not set(targets) <= set(_ORIGINS):
        raise ValueError(
            f"targets must be a list of some of {', '.join(map(repr, _ORIGINS))}; got {targets!r}."
        )
    found = dict(zip(_ORIGINS, (label_mode, masks, boxes), strict=True))
    for name in targets:
        if found[name] is None:
            raise ValueError(f"targets names {name!r}, but there are none: give {_ORIGINS[name]}.")
    mode, masks, boxes = (found[name] if name in targets else None for name in _ORIGINS)
    return mode, masks, boxes
