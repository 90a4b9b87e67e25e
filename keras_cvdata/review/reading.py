"""Reading one output of a model: as classes, as several of them, as numbers or as masks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.labels.modes import list_names
from keras_cvdata.review.columns import Column
from keras_cvdata.review.heads import Conversion, Head, HeadKind, conversion_of, convert, losses_of
from keras_cvdata.review.outputs import Outputs, is_image
from keras_cvdata.types import Array, Ints

_OF_NUMBERS = re.compile("error|huber|cosh|poisson|cosine|tweedie|^mse$|^mae$|^mape$|^msle$")


@dataclass(frozen=True, eq=False)
class Reader:
    """How one output is read, which is settled by the first images for all others.

    Args:
        output: Name of the output.
        name: Name of the head.
        kind: What the outputs are.
        how: What makes probabilities of them.
        class_names: Names of the classes, or of the numbers.
        column: The labels, where there are any.
        channels_first: Whether classes of masks stand before height and width.
    """

    output: str
    name: str
    kind: HeadKind
    how: Conversion
    class_names: tuple[str, ...]
    column: Column | None
    channels_first: bool = False

    def read(self, raw: Array) -> Array:
        """Outputs as `Head` holds them, of what the model returned."""
        if self.kind == "masks":
            raw = np.moveaxis(raw, 1, -1) if self.channels_first else raw
            flat = convert(raw.reshape(-1, raw.shape[-1]), self.how)
            return flat.reshape(*raw.shape[:3], -1)
        raw = _rows(raw)
        return raw if self.kind == "regression" else convert(raw, self.how, self.kind == "classes")

    def head(self, outputs: Array, positions: Ints, masks: Array | None) -> Head:
        """The head of some images.

        Args:
            outputs: (M, ...) as `read` returns them.
            positions: (M,) of the images.
            masks: (M, H, W) class numbers, where there are masks.

        Returns:
            The head.

        Raises:
            ValueError: The masks have another size than those of the model, or more classes.
        """
        labels = masks if self.kind == "masks" else None
        if self.column is not None:
            labels = self.column.labels[positions]
        elif labels is not None:
            _check_masks(labels, outputs)
        losses = losses_of(self.kind, labels, outputs)
        return Head(self.name, self.kind, self.class_names, labels, outputs, losses)


def _check_masks(masks: Array, outputs: Array) -> None:
    size, given = (" x ".join(map(str, part.shape[1:3])) for part in (outputs, masks))
    if size != given:
        raise ValueError(
            f"The model gives masks of {size} pixels, and those of the sequence have {given}. Let "
            "its last layer give the size of its input."
        )
    if masks.max(initial=0) >= outputs.shape[3]:
        raise ValueError(
            f"The masks hold the class {masks.max()}, and the model knows {outputs.shape[3]}, from "
            "0 on. Give mask_values= or ignore_value= of the sequence, or let its last layer have "
            "more units."
        )


def readers_of(
    model: Any,
    outputs: Outputs,
    columns: Mapping[str, Column],
    class_names: Any = None,
    channels_first: bool = False,
) -> list[Reader]:
    """Settle how each output of a model is read.

    Args:
        model: The model, for its losses.
        outputs: What it returned for some images.
        columns: Labels by the names of the outputs.
        class_names: Names of the classes in the order of the outputs; of several heads a dict.
        channels_first: Whether images have their channels first.

    Returns:
        One for each output.

    Raises:
        TypeError: `class_names` is no list of names.
        ValueError: An output does not fit its labels or the names of classes.
    """
    named = _names_by_output(class_names, outputs, columns)
    readers = []
    for output, raw in outputs.items():
        column, names = columns.get(output), named.get(output)
        if column is not None and names is not None:
            column = column.renamed(names)
        loss = _loss_of(model, output, list(outputs))
        kind = column.kind if column else _kind(raw, loss, named=names is not None)
        first = channels_first and kind == "masks"
        flat = np.moveaxis(raw, 1, -1) if first else raw
        flat = flat.reshape(-1, raw.shape[1 if first else -1]) if kind == "masks" else _rows(raw)
        how: Conversion = ""
        if kind != "regression":
            logits = bool(getattr(loss, "from_logits", False))
            how = conversion_of(flat, logits, exclusive=kind != "multilabel")
        names = _checked_names(kind, flat.shape[1], column, names)
        name = column.name if column and len(columns) > 1 else output
        name = name if len(outputs) > 1 else ""
        readers.append(Reader(output, name, kind, how, names, column, first))
    return readers


def _rows(raw: Array) -> Array:
    return raw.reshape(len(raw), -1)


def _kind(raw: Array, loss: Any, named: bool) -> HeadKind:
    """Guess what an output without labels is, by its form, its loss and its values."""
    if is_image(raw):
        return "masks"
    raw, text = _rows(raw), _name_of(loss)
    if _OF_NUMBERS.search(text):
        return "regression"
    if "categorical" in text:
        return "classes"
    how = conversion_of(raw)
    if raw.shape[1] == 1:
        return "classes" if "binary" in text or how == "" or named else "regression"
    return "multilabel" if "binary" in text or how == "shares" else "classes"


def _loss_of(model: Any, output: str, outputs: Ordered[str]) -> Any:
    """Loss of one output, where the model is compiled."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        return loss.get(output)
    if isinstance(loss, list | tuple):
        return loss[outputs.index(output)] if len(loss) == len(outputs) else None
    return loss


def _name_of(loss: Any) -> str:
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    return str(name).lower()


def _names_by_output(
    class_names: Any, outputs: Outputs, columns: Mapping[str, Column]
) -> dict[str, tuple[str, ...]]:
    if class_names is None:
        return {}
    if isinstance(class_names, str) or not isinstance(class_names, Mapping | Ordered):
        raise TypeError(
            "class_names must be a list of names in the order of the outputs of the model, or a "
            f"dict of such lists for several outputs; got {class_names!r}."
        )
    if not isinstance(class_names, Mapping):
        if len(outputs) > 1:
            raise ValueError(
                f"The model has {len(outputs)} outputs, so class_names must be a dict with a list "
                f"for {', '.join(map(repr, outputs))}."
            )
        return {output: tuple(class_names) for output in outputs}
    heads = {columns[output].name if output in columns else output: output for output in outputs}
    heads |= {output: output for output in outputs}
    unknown = next((name for name in class_names if name not in heads), None)
    if unknown is not None:
        raise ValueError(
            f"class_names names {unknown!r}, which is none of the outputs: "
            f"{', '.join(map(repr, heads))}."
        )
    return {heads[name]: tuple(names) for name, names in class_names.items()}


def _checked_names(
    kind: HeadKind, width: int, column: Column | None, given: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Names of the classes or numbers of an output of a width."""
    if kind == "regression":
        labels = width if column is None else column.labels.shape[1]
        if labels != width:
            raise ValueError(
                f"The model gives {width} numbers for an image, but the labels have {labels}. Let "
                f"its last layer have {labels} units, or leave label columns out."
            )
        if given and len(given) != width:
            raise ValueError(
                f"The model gives {width} numbers for an image, and class_names holds {len(given)} "
                f"names: {list_names(given)}."
            )
        return given or (column.class_names if column else ())
    classes = 2 if width == 1 and kind != "multilabel" else width
    names = given or (column.class_names if column else tuple(map(str, range(classes))))
    if len(names) != classes:
        of = "class_names holds" if given else "the labels have"
        raise ValueError(
            f"The model gives {width} values for an image, but {of} {len(names)} classes: "
            f"{list_names(names)}. Give class_names= with the names of all {classes} in the order "
            "in which it learned them (sorted by name, where folders were the classes), or let "
            f"its last layer have {len(names)} units."
        )
    return names
