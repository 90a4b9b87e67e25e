"""Predictions as a table: one row for each image."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.labels import SEPARATOR
from keras_cvdata.review.heads import Head
from keras_cvdata.review.predictions import Predictions
from keras_cvdata.types import Array

Columns = dict[str, Any]


def frame_of(predictions: Predictions, top: int = 3) -> Any:
    """Make the table of some predictions, see `predict`.

    Args:
        predictions: What a model makes of some images.
        top: Number of the most probable classes to name.

    Returns:
        pandas data frame of N rows.
    """
    import pandas as pd

    source = predictions.source
    columns: Columns = {
        "row": source.rows,
        "name": [source.name(position) for position in range(len(source))],
    }
    for head in predictions.heads:
        prefix = f"{head.name}_" if head.name else ""
        columns |= {f"{prefix}{name}": values for name, values in _columns(head, top).items()}
    reasons = np.full(len(source), None, object)
    for position, reason in predictions.reasons.items():
        reasons[position] = reason
    return pd.DataFrame({**columns, "reason": reasons})


def _columns(head: Head, top: int) -> Columns:
    unread: Array = np.isnan(head.outputs.reshape(len(head.outputs), -1)[:, 0])
    if head.kind == "regression":
        return _numbers(head)
    if head.kind == "masks":
        return _masks(head, unread)
    names = np.array(head.class_names, object)
    order = _best(head.outputs, min(top, len(names)))
    highest = np.take_along_axis(head.outputs, order, axis=1)
    if head.kind == "classes":
        label = None if head.labels is None else names[head.labels]
        predicted = names[order[:, 0]]
    else:
        label = None if head.labels is None else _joined(names, head.labels == 1)
        predicted = _joined(names, head.outputs >= 0.5)
    columns: Columns = {
        "label": np.full(len(unread), None, object) if label is None else label,
        "predicted": _without(predicted, unread),
        "probability": highest[:, 0],
    }
    for place in range(order.shape[1]):
        columns[f"top{place + 1}"] = _without(names[order[:, place]], unread)
        columns[f"top{place + 1}_probability"] = highest[:, place]
    return {**columns, "loss": head.losses}


def _best(outputs: Array, top: int) -> Array:
    """(N, top) classes of the highest outputs, of equal ones the first; any where unread."""
    known = np.where(np.isnan(outputs), 0, outputs)
    if top > 1:
        return np.asarray(np.argsort(-known, axis=1, kind="stable")[:, :top])
    return np.asarray(known.argmax(axis=1)[:, None])


def _joined(names: Array, chosen: Array) -> Array:
    texts = [SEPARATOR.join(names[row]) for row in chosen]
    return np.array(texts, object)


def _without(texts: Array, unread: Array) -> Array:
    found = texts.copy()
    found[unread] = None
    return found


def _numbers(head: Head) -> Columns:
    width = head.outputs.shape[1]
    names = head.class_names or tuple(map(str, range(1, width + 1)))
    endings = [""] if width == 1 else [f"_{name}" for name in names]
    labels = np.full(head.outputs.shape, np.nan) if head.labels is None else head.labels
    columns: Columns = {f"label{end}": labels[:, place] for place, end in enumerate(endings)}
    columns |= {f"predicted{end}": head.outputs[:, place] for place, end in enumerate(endings)}
    return {**columns, "loss": head.losses}


def _masks(head: Head, unread: Array) -> Columns:
    """What each mask shows, how sure the model is, and how it compares with the true one."""
    names = np.array(head.class_names, object)
    codes = head.outputs.argmax(axis=-1).reshape(len(unread), -1)
    texts, ious, right = [], [], []
    for number, code in enumerate(codes):
        counts = np.bincount(code, minlength=len(names))
        found = np.argsort(-counts, kind="stable")[: (counts > 0).sum()]
        texts.append(SEPARATOR.join(names[found]))
        if head.labels is not None:
            iou, accuracy = _overlap(head.labels[number].ravel(), code)
            ious.append(iou)
            right.append(accuracy)
    sure = head.outputs.max(axis=-1).reshape(len(unread), -1).mean(axis=1)
    columns: Columns = {"predicted": _without(np.array(texts, object), unread)}
    columns["probability"] = sure
    if head.labels is not None:
        columns["iou"] = np.where(unread, np.nan, ious)
        columns["accuracy"] = np.where(unread, np.nan, right)
    return {**columns, "loss": head.losses}


def _overlap(label: Array, code: Array) -> tuple[float, float]:
    """Mean intersection over union of the classes in either mask, and share of right pixels."""
    label, code = label[label >= 0], code[label >= 0]
    if not len(label):
        return float("nan"), float("nan")
    ious = [
        np.sum((label == value) & (code == value)) / np.sum((label == value) | (code == value))
        for value in np.union1d(label, code)
    ]
    return float(np.mean(ious)), float(np.mean(label == code))
