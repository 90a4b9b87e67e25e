"""What the labels of a collection say of the outputs of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass

import numpy as np

from keras_cvdata.labels import Labels, join_columns
from keras_cvdata.labels.modes import default_mode, list_names
from keras_cvdata.review.heads import HeadKind
from keras_cvdata.review.outputs import Outputs, is_image
from keras_cvdata.sequences import Sequence
from keras_cvdata.types import Array

_KINDS: dict[str, HeadKind] = {"multilabel": "multilabel", "regression": "regression"}


@dataclass(frozen=True, eq=False)
class Column:
    """Labels that one output of a model is compared with; see `Head` for their form."""

    name: str
    kind: HeadKind
    class_names: tuple[str, ...]
    labels: Array

    def renamed(self, class_names: Ordered[str]) -> Column:
        """The labels as numbers of other classes, found by their names.

        Args:
            class_names: Names of the classes of the model, in the order of its outputs.

        Returns:
            The column.

        Raises:
            ValueError: A label is none of these classes.
        """
        if self.kind == "regression":
            return Column(self.name, self.kind, tuple(class_names), self.labels)
        number = {name: place for place, name in enumerate(class_names)}
        unknown = [name for name in self.class_names if name not in number]
        if unknown:
            raise ValueError(
                f"The labels name {list_names(unknown)}, and the classes of the model in "
                f"class_names are {list_names(class_names)}. Correct the names, or leave the "
                "labels out by label_mode=None."
            )
        places = np.array([number[name] for name in self.class_names], np.int64)
        if self.kind == "classes":
            labels = places[self.labels]
        else:
            labels = np.zeros((len(self.labels), len(class_names)), np.uint8)
            labels[:, places] = self.labels
        return Column(self.name, self.kind, tuple(class_names), labels)


@dataclass(frozen=True, eq=False)
class Labelling:
    """Label columns of a collection by name, and the mode in which each is learnt."""

    columns: Mapping[str, Labels]
    modes: Mapping[str, str]


def labelling_of(sequence: Sequence) -> Labelling:
    """Labels as a sequence serves them.

    Args:
        sequence: The sequence.

    Returns:
        The labels with their modes.

    Raises:
        ValueError: The images are the targets.
    """
    if sequence.label_mode == "input":
        raise ValueError(
            "With label_mode='input' the images are the targets, and there is nothing to name. Use "
            "label_mode=None for predictions, or model.predict(sequence) for images."
        )
    return Labelling(sequence._targets.columns, sequence._targets.modes)


def labelling_for(labels: Mapping[str, Labels], outputs: Outputs) -> Labelling:
    """Labels in the modes that fit the outputs of a model, where nobody chose any.

    Args:
        labels: Label columns by name.
        outputs: What the model returned.

    Returns:
        The labels with their modes; several columns that none of the outputs is named like, of
        numbers or of 0 and 1, are joined for a single output.
    """
    if len(labels) > 1 and len(outputs) == 1 and not set(outputs) & set(labels):
        width = next(iter(outputs.values())).shape[-1]
        numbers = all(column.kind == "number" for column in labels.values())
        if numbers:
            return Labelling({"label": join_columns(labels, "number")}, {"label": "regression"})
        if width == len(labels) and all(map(_are_flags, labels.values())):
            return Labelling({"label": join_columns(labels, "multilabel")}, {"label": "multilabel"})
    return Labelling(labels, {name: default_mode(column) for name, column in labels.items()})


def _are_flags(column: Labels) -> bool:
    return set(column.class_names) <= {"0", "1", "False", "True"} and column.kind == "class"


def columns_of(labelling: Labelling, outputs: Outputs) -> dict[str, Column]:
    """Say which labels belong to which output.

    Args:
        labelling: Labels of the collection and their modes.
        outputs: What the model returned.

    Returns:
        Columns by the names of the outputs; some outputs may have none.

    Raises:
        ValueError: It is not clear which labels belong to an output.
    """
    outputs = {name: raw for name, raw in outputs.items() if not is_image(raw)}
    columns = [
        column
        for name, mode in labelling.modes.items()
        for column in _read(name, labelling.columns[name], mode)
    ]
    if not outputs or len(columns) == len(outputs) == 1:  # masks have no columns
        return dict(zip(outputs, columns, strict=False))
    by_name = {column.name: column for column in columns}
    if set(by_name) <= set(outputs) or set(outputs) <= set(by_name):
        return {name: by_name[name] for name in outputs if name in by_name}
    if len(columns) == len(outputs):
        return dict(zip(outputs, columns, strict=True))
    if len(labelling.modes) == len(outputs) == 1:  # a model that learned the last of some levels
        return {next(iter(outputs)): columns[-1]}
    shown = ", ".join(map(repr, outputs)) if len(outputs) > 1 else "one"
    raise ValueError(
        f"It is not clear which labels belong to which output: the label columns are "
        f"{', '.join(map(repr, by_name))}, the outputs of the model {shown}. Leave out the columns "
        "that it does not predict, or name its outputs like them."
    )


def _read(name: str, labels: Labels, mode: str) -> Iterator[Column]:
    """One column, or one for each level of a hierarchy."""
    everything = np.arange(len(labels))
    if mode in ("multilabel", "regression"):
        dtype = "uint8" if mode == "multilabel" else "float32"
        values = np.asarray(labels.encode(everything, mode, dtype)).reshape(len(labels), -1)
        names = labels.class_names if labels.kind != "class" or mode == "multilabel" else ()
        yield Column(name, _KINDS[mode], names, values)
    elif mode == "hierarchical":
        for level, names in enumerate(labels.names):
            codes = labels.values[:, level].astype(np.int64)
            yield Column(f"level{level + 1}", "classes", names, codes)
    else:
        codes = labels.values[:, -1] if labels.kind == "hierarchical" else labels.values
        yield Column(name, "classes", labels.class_names, codes.astype(np.int64))
