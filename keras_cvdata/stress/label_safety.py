"""Whether an augmentation turns images of one class into images of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from keras_cvdata.arguments import integer, probability
from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.review.heads import Head
from keras_cvdata.review.predictions import predictions_of
from keras_cvdata.types import Array

_PART = 0.25  # of what a class becomes with confidence: less is spread over several classes
_FEWEST = 5  # images of a class that the model must know before anything is said


@dataclass(frozen=True, eq=False)
class LabelSafetyReport:
    """What each class becomes under each layer.

    Args:
        table: One row a layer and class, with the columns `layer`; `class`; `safe`, missing where
            the model recognises fewer than 5 images; `becomes`, the class that the model sees most
            often in its place with confidence, "" where there is none; `share` of the images and
            draws for which it does; `images` that were asked.
    """

    table: pd.DataFrame

    @property
    def unsafe(self) -> pd.DataFrame:
        """Rows of the classes that exchange their labels."""
        return self.table[(~self.table["safe"]).fillna(False)]

    def summary(self) -> str:
        """Say for each layer which classes it must not be used with.

        Returns:
            Lines of text, ready for an error.
        """
        parts = self.table.groupby("layer", sort=False)
        return "\n".join(_told(str(name), rows) for name, rows in parts)


def label_safety(
    model: Any,
    data: Any,
    layer: Any,
    *,
    draws: int = 3,
    seed: int = 0,
    confidence: float = 0.8,
    share: float = 0.1,
    class_names: Any = None,
    **options: Any,
) -> LabelSafetyReport:
    """Find classes that an augmentation turns into each other, such as 6 and 9 by half turns.

    Images that the model recognises as they are are changed and predicted again. A label is unsafe
    where the model sees one other class with confidence and the images of that class become the
    first one in return, at once or by way of further classes, as an exchange of meanings does:
    6 and 9 by half turns, arrows by mirroring. Where a class is lost to another that does not come
    back, or to many, or with little confidence, the model does not know such images: a reason to
    train with the layer, none to leave it out.

    The model must not have been trained with the layer: it would have learned to take both for one.

    Args:
        model: Keras model that classifies, with one output.
        data: Images with labels that the model was not trained on: a sequence, whose augmentation
            is left out, or what `predict` takes.
        layer: What `augment=` takes, or several by name, such as one for each strength.
        draws: How often each image is changed, at least once.
        seed: Selects what layers draw.
        confidence: Least probability of a class that is seen with confidence, 0 to 1.
        share: Least share of the images and draws of a class that must become another, from 0 to 1.
        class_names: As of `predict`.
        **options: Arguments of the `Sequence` that is made where `data` is none.

    Returns:
        The report.

    Raises:
        TypeError: `model` is no Keras model, or `layer` holds something that is no layer.
        ValueError: The model has several outputs or does not say one class an image, there are no
            labels, the model recognises nothing, a layer mixes images, or there is no layer.

    Example:
        >>> import keras
        >>> side = keras.layers.Dense(2, "softmax", use_bias=False)
        >>> model = keras.Sequential([keras.Input((1, 2, 1)), keras.layers.Flatten(), side])
        >>> side.set_weights([np.eye(2, dtype="float32") * 9])
        >>> x = np.zeros((12, 1, 2, 1), np.uint8)
        >>> x[:6, :, 0] = x[6:, :, 1] = 255
        >>> from keras_cvdata.layers import RandomFlip
        >>> print(label_safety(model, (x, ["left"] * 6 + ["right"] * 6),
        ...                    RandomFlip("horizontal", rate=1.0), rescale="unit").summary())
        RandomFlip changes labels: 'left' becomes 'right' (100 % of 6 images), 'right' becomes
        'left' (100 % of 6 images). Leave it out, or leave it out for these classes.

    Source: Handbook 2, part 7; R61.
    """
    integer("label_safety: draws", draws, 1)
    probability("label_safety: confidence", confidence)
    probability("label_safety: share", share, "share")
    named = _named(layer)
    known = _head(predictions_of(model, data, class_names=class_names, **options).heads)
    assert known.labels is not None
    right = (known.outputs.argmax(axis=1) == known.labels) & np.isfinite(known.losses)
    if not right.any():
        raise ValueError(
            "label_safety: the model recognises none of the images as they are, so that nothing "
            "can be said of changed ones. Look at predict(model, data): labels, class_names and "
            "rescale must be those of its training."
        )
    images = np.bincount(known.labels[right], minlength=len(known.class_names))
    rows: list[dict[str, Any]] = []
    for name, augment in named.items():
        counts = np.zeros((len(images),) * 2)
        for draw in range(draws):
            [head] = predictions_of(
                model, data, class_names=class_names, augment=augment, seed=seed + draw, **options
            ).heads
            counts += _seen(head, right, confidence)
        shares = counts / np.maximum(images * draws, 1)[:, None]
        rows += _rows(name, known.class_names, shares, images, share)
    table = pd.DataFrame(rows)
    return LabelSafetyReport(table.astype({"safe": "boolean"}))


def _named(layer: Any) -> dict[str, Any]:
    named = dict(layer) if isinstance(layer, Mapping) else None
    if named is None:
        parts = [type(part).__name__ for part in parse_layers(layer)]
        named = {" + ".join(parts): layer} if parts else {}
    if not named or not all(parse_layers(augment) for augment in named.values()):
        raise ValueError(
            "label_safety: layer must be a layer, a list of layers or a dict of such by name; "
            f"got {layer!r}."
        )
    return {str(name): augment for name, augment in named.items()}


def _head(heads: tuple[Head, ...]) -> Head:
    if len(heads) > 1:
        names = ", ".join(repr(head.name) for head in heads)
        raise ValueError(
            f"label_safety: the model must have one output; it has {len(heads)}: {names}. Make a "
            "model of one of them: keras.Model(model.inputs, model.outputs[0])."
        )
    [head] = heads
    if head.kind != "classes":
        raise ValueError(
            f"label_safety: the model must say one class an image; its output is {head.kind!r}."
        )
    if head.labels is None:
        raise ValueError(
            "label_safety: data has no labels, so that what a layer makes of a class cannot be "
            "told. Give a folder of classes, a table with labels, or (images, labels)."
        )
    return head


def _seen(head: Head, right: Array, confidence: float) -> Array:
    """Count, for each class of the images, as what they are seen with confidence: (K, K)."""
    assert head.labels is not None
    sure = right & (head.outputs.max(axis=1) >= confidence)  # NaN is never sure
    counts = np.zeros((len(head.class_names),) * 2)
    np.add.at(counts, (head.labels[sure], head.outputs[sure].argmax(axis=1)), 1)
    return counts


def exchanges(shares: Array, least: float) -> Array:
    """Tell which classes become others from which there is a way back.

    Args:
        shares: (K, K) share of the images of each class that are seen as each class.
        least: Share from which a class counts as becoming another.

    Returns:
        (K, K) bool: whether the first becomes the second, and is one that comes back.

    Example:
        >>> exchanges(np.array([[0.1, 0.8, 0], [0.7, 0.2, 0], [0.9, 0, 0]]), 0.1).astype(int)
        array([[0, 1, 0],
               [1, 0, 0],
               [0, 0, 0]])
    """
    others = shares * ~np.eye(len(shares), dtype=bool)
    becomes = (others > 0) & (others >= least) & (others >= _PART * others.sum(1, keepdims=True))
    reached = becomes
    for _ in range(len(shares).bit_length()):  # each time twice as many steps
        reached = reached | (reached @ reached)
    result: Array = becomes & reached.T
    return result


def _rows(
    layer: str, names: tuple[str, ...], shares: Array, images: Array, least: float
) -> list[dict[str, Any]]:
    others = shares * ~np.eye(len(shares), dtype=bool)
    exchanged = exchanges(np.where((images >= _FEWEST)[:, None], shares, 0), least)
    rows = []
    for code, name in enumerate(names):
        unsafe = bool(exchanged[code].any())
        most = int((others[code] * exchanged[code] if unsafe else others[code]).argmax())
        share = float(others[code, most])
        rows.append(
            {
                "layer": layer,
                "class": name,
                "safe": None if images[code] < _FEWEST else not unsafe,
                "becomes": names[most] if share else "",
                "share": share,
                "images": int(images[code]),
            }
        )
    return rows


def _told(layer: str, rows: pd.DataFrame) -> str:
    unsafe = rows[(~rows["safe"]).fillna(False)]
    unknown = rows[rows["safe"].isna()]
    if len(unsafe):
        told = ", ".join(
            f"{name!r} becomes {other!r} ({share:.0%} of {images} images)".replace("%", " %")
            for name, other, share, images in zip(
                *(unsafe[column] for column in ("class", "becomes", "share", "images")), strict=True
            )
        )
        text = f"{layer} changes labels: {told}. Leave it out, or leave it out for these classes."
    else:
        text = f"{layer} exchanges no labels of {len(rows) - len(unknown)} classes."
    if len(unknown):
        few = ", ".join(map(repr, unknown["class"]))
        text += f" Of {few} the model recognises fewer than {_FEWEST} images: not known."
    return text
