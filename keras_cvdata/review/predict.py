"""Predictions with names: which file a model takes for what, and how sure it is."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.progress import say, track
from keras_cvdata.review.averaging import averaging
from keras_cvdata.review.frames import frame_of
from keras_cvdata.review.predictions import Predictions, parts_of, task_of
from keras_cvdata.writing import check_writable, replacing_file, write_or_keep
from keras_cvdata.writing.frames import frame_to_json

_ENDINGS = (".csv", ".json")


def predict(  # noqa: PLR0913 # the arguments of a public function
    model: Any,
    data: Any,
    *,
    top: int = 3,
    class_names: Any = None,
    tta: Any = None,
    merge: str = "mean",
    draws: int = 8,
    path: str | os.PathLike[str] | None = None,
    seed: int = 0,
    verbose: int = 1,
    **options: Any,
) -> Any:
    """Predict images, and say of each which file it is, what it shows and how sure the model is.

    `model.predict` returns numbers without names, in an order that `shuffle` may have mixed. Here
    each image of the collection has its row, in the order of the source, once. One that cannot be
    read has a `reason` and no prediction.

    Args:
        model: Keras model of one or several outputs: of classes (also a single one for two),
            of several classes an image, of numbers, or of segmentation masks. Logits are brought to
            probabilities, where its loss or the values say that they are such.
        data: A sequence, which keeps its settings (augmentation and shuffling are left out, and
            `on_error="raise"` raises); or the path of a folder, table or HDF5 file, arrays, a data
            frame, a source. A folder without folders in it holds images without labels.
        top: Number of the most probable classes to name.
        class_names: Names of the classes in the order in which the model learned them; by default
            those of the labels, without labels "0", "1", ... Of several outputs a dict by their
            names. Labels are compared by name.
        tta: Test-time augmentation, which averages over several looks at each image: "mirror" (as
            it is and its mirror image), "flips" (left to right, top to bottom, both), "turns"
            (quarter turns), "all" (the eight of flips and quarter turns), or layers that are drawn
            `draws` times. Masks are moved back before they are averaged.
        merge: "mean" of the probabilities, their "geometric" mean, or "max".
        draws: How often layers of `tta` are drawn.
        path: `.csv` or `.json` file to write the table to, too.
        seed: Selects what layers of `tta` draw.
        verbose: 0 says nothing, 1 shows the progress and a line at the end.
        **options: Where `data` is no sequence, arguments of the `Sequence` that is made, such as
            `rescale`, and of the source, such as `image_column`. Size and colour are by default
            those of the input of the model.

    Returns:
        pandas data frame with a row for each image. Columns: `row` (of the source), `name`,
        `label`, `predicted`, `probability`; `top1`, `top1_probability`, ... for the most probable
        classes; `loss` (cross-entropy, mean binary cross-entropy, mean squared error); `reason`.
        Where images have several classes, `label` and `predicted` name all, as `red|big`, predicted
        from a probability of 0.5 on. Several numbers have `label_x`, `predicted_x`, ... Of masks
        `predicted` names the classes by area and `probability` is the mean over the pixels; with
        masks in the sequence `iou` is the mean over the classes in either mask, and `accuracy` the
        share of right pixels. Several outputs have their names before all these columns, as
        `color_predicted`: those of the label columns, `level1`, ... of a hierarchy, else their own.
        They find their label columns by name, or else by their order.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model does not fit the images or the labels, its outputs are not finite, or
            an argument is out of its range.
        OSError: There is no folder for `path`, or it may not be written to. Where the disk is full
            in the end, the table is in the temporary folder of the system, as the message says, and
            `result` of the error.
        ImageError: No image can be read, or one of a sequence with `on_error="raise"`.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((2, 8, 8, 3), np.uint8), ["cat", "dog"]
        >>> table = predict(model, data, top=1, verbose=0)
        >>> table[["row", "name", "label", "predicted", "probability"]]
           row  name label predicted  probability
        0    0  x[0]   cat       cat          0.5
        1    1  x[1]   dog       cat          0.5
    """
    import pandas as pd

    integer("top", top, 1)
    file = None if path is None else _checked(Path(path))
    task = task_of(model, data, class_names, averaging(tta, draws, merge), options)
    parts = -(-len(task.sequence.source) // task.size)
    shown = "auto" if verbose and not task.is_heavy else 0
    predicted = parts_of(task, seed=None if tta is None else seed, verbose=shown)
    tables, counts = [], Counter[str]()
    for part in track(predicted, "Predicting", parts, verbose if task.is_heavy else 0):
        tables.append(frame_of(part, top))
        counts.update(_counts(part))
    table = tables[0] if parts == 1 else pd.concat(tables, ignore_index=True)
    if file is not None:
        write_or_keep(lambda place: _write(table, Path(place)), file, table)
    if verbose:
        say(_summary(counts))
    return table


def _checked(file: Path) -> Path:
    """Find out before a long prediction, not after it, that a file cannot be written."""
    if file.suffix.lower() not in _ENDINGS:
        raise ValueError(f"path must end in {' or '.join(_ENDINGS)}; got {str(file)!r}.")
    check_writable(file)
    return file


def _write(table: Any, file: Path) -> None:
    # Names of files need not be Unicode.
    how: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
    with replacing_file(file) as draft, draft.open("w", newline="", **how) as stream:
        if file.suffix.lower() == ".csv":
            table.to_csv(stream, index=False)
        else:
            stream.write(frame_to_json(table, orient="records", indent=1, force_ascii=False))


def _counts(part: Predictions) -> Counter[str]:
    """Images that were predicted and that cannot be read, and those that each head gets right."""
    bad = len(part.reasons)
    counts = Counter(read=len(part.source) - bad, unread=bad)
    for head in part.heads:
        if head.kind == "classes" and head.labels is not None:
            known = ~np.isnan(head.outputs[:, 0])
            right = head.outputs[known].argmax(axis=1) == head.labels[known]
            counts[f"{head.name} accuracy".lstrip()] += int(right.sum())
    return counts


def _summary(counts: Counter[str]) -> str:
    read, bad = counts.pop("read", 0), counts.pop("unread", 0)
    parts = [f"Predicted {read} images"]
    if bad:
        parts.append(f"{bad} cannot be read")
    parts += [f"{name} {right / read:.4f}" for name, right in counts.items() if read]
    return ", ".join(parts)
