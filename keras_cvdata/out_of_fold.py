"""What models say of images that they were not trained on: probabilities for every label."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.labels import Labels
from keras_cvdata.progress import say
from keras_cvdata.review.heads import as_probabilities
from keras_cvdata.review.outputs import asked_of, only_output, outputs_of
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources.splitting import groups_of
from keras_cvdata.splits import fold_positions
from keras_cvdata.types import Array, Ints

_MODES = ("int", "categorical", "binary")


def oof_pred_probs(
    model_fn: Callable[[], Any],
    sequence: Sequence,
    folds: int = 3,
    *,
    epochs: int = 5,
    groups: str | Array | None = None,
    seed: int = 0,
    verbose: int = 1,
) -> Array:
    """Probability of each class for each image, by a model that was not trained on the image.

    The images are divided into folds with the same share of every class. For each fold a new model
    trains on the others, as `sequence` serves them, augmentation included, and predicts its own
    without. What such a model finds unlikely may be labelled wrongly: `cvd.audit(data,
    pred_probs=...)` says which. Copies of one image in several folds hide their wrong labels, which
    `groups` prevents.

    Outputs that are no probabilities, by `from_logits` of the loss or by their values, are brought
    to such by a softmax, of one output by a sigmoid; a line says so.

    Args:
        model_fn: Makes a new, compiled model with one output for each class, or with a single one
            for two classes. It is called without arguments, once for each fold.
        sequence: Images and labels, with `label_mode` "int", "categorical" or "binary".
        folds: Number of folds, at least 2.
        epochs: Epochs that each model trains for.
        groups: What must stay in one fold, as in `split`: a column, values, or "near-copies".
        seed: Selects the folds; with the number of the fold added it also seeds Keras. Python's and
            NumPy's random states stay as they were.
        verbose: 0 says nothing, 1 a line for each fold, 2 also what `fit` shows.

    Returns:
        (N, K) float32 in the order of `sequence.source`; of an image that cannot be read NaN, where
        the sequence does not raise an error for it.

    Raises:
        TypeError: `model_fn` makes no Keras model, or is one.
        ValueError: The labels are not one class an image, the model does not fit them, is not
            compiled or was used before, its outputs are not finite, or there are too many folds.

    Warns:
        UserWarning: A class has one image, so its model has never seen the class.

    Example:
        >>> from keras_cvdata import ArraySequence
        >>> x = np.repeat(np.uint8([0, 255]), 6).reshape(12, 1, 1, 1) * np.ones((8, 8, 1), np.uint8)
        >>> data = ArraySequence(x, [0] * 6 + [1] * 6, color_mode="grayscale", rescale="unit",
        ...                      seed=7, verbose=0)
        >>> def model():
        ...     made = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
        ...     made.compile("adam", "sparse_categorical_crossentropy")
        ...     return made
        >>> oof_pred_probs(model, data, folds=2, epochs=1, verbose=0).shape
        (12, 2)

    Source: C. Northcutt et al., Confident Learning, 2021; Handbook 2, part 5; R13.
    """
    labels = _one_class_each(sequence)
    codes = _codes(labels)
    integer("folds", folds, 2)
    integer("epochs", epochs, 1)
    numbers = fold_positions(
        len(codes),
        folds,
        codes=_stratified(codes),
        groups=groups_of(sequence.source, groups, verbose),
        seed=seed,
        names=labels.class_names,
    )
    _warn_of_single_images(codes, labels.class_names)
    outputs: Array | None = None
    model: Any = None
    for fold in range(folds):
        held, others = np.flatnonzero(numbers == fold), np.flatnonzero(numbers != fold)
        with seeded(seed + fold):
            model = new_model(model_fn, model)
            part = _predict_fold(model, sequence, held, others, epochs, verbose)
        _check_width(part.shape[1], labels.num_classes)
        if outputs is None:
            outputs = np.full((len(codes), part.shape[1]), np.nan, np.float32)
        outputs[held] = part
        if verbose:
            unread = int(np.isnan(part[:, 0]).sum())
            without = f", {unread} that cannot be read" if unread else ""
            say(f"Fold {fold + 1} of {folds}: {len(held)} images predicted{without}")
    assert outputs is not None
    probabilities, done = as_probabilities(outputs, _takes_logits(model))
    if verbose and done:
        say(f"The outputs of the model are no probabilities of one class an image: {done}.")
    return probabilities


def _one_class_each(sequence: Any) -> Labels:
    """The only label column of a sequence, which gives each image one class."""
    if not isinstance(sequence, Sequence):
        raise TypeError(
            f"sequence must be a sequence of keras_cvdata, such as DirectorySequence; got a "
            f"{type(sequence).__name__}."
        )
    mode, columns = sequence.label_mode, sequence.source.labels
    if isinstance(mode, str) and mode in _MODES and len(columns) == 1:
        return next(iter(columns.values()))
    raise ValueError(
        f"oof_pred_probs needs one column of classes and label_mode 'int', 'categorical' or "
        f"'binary'; the sequence has {len(columns)} label columns and label_mode={mode!r}."
    )


def _codes(labels: Labels) -> Array:
    """Class of each image; of a hierarchy that of its last level, which a model learns."""
    return labels.values[:, -1] if labels.kind == "hierarchical" else labels.values


def _stratified(codes: Array) -> Array:
    """Classes to spread over the folds; those of one image count as the most frequent one."""
    counts = np.bincount(codes)
    return np.where(counts[codes] == 1, counts.argmax(), codes)


def _warn_of_single_images(codes: Array, names: tuple[str, ...]) -> None:
    single = [names[code] for code in np.flatnonzero(np.bincount(codes) == 1)]
    if single:
        shown = ", ".join(map(repr, single[:5])) + (", ..." if len(single) > 5 else "")
        warnings.warn(
            f"Of {len(single)} classes there is one image: {shown}. The model that predicts it has "
            "never seen its class. Add images, or leave the class out.",
            UserWarning,
            stacklevel=3,
        )


def new_model(model_fn: Callable[[], Any], previous: Any) -> Any:
    """Make a new compiled model.

    Args:
        model_fn: Makes it.
        previous: The model that it made before.

    Returns:
        The model.

    Raises:
        TypeError: `model_fn` makes no Keras model, or is one.
        ValueError: The model is not compiled, or the one that was made before.
    """
    if isinstance(model_fn, keras.Model) or not callable(model_fn):
        raise TypeError(
            f"model_fn must be a function that makes a new compiled model; got a "
            f"{type(model_fn).__name__}. Put the lines that build and compile it into a function."
        )
    model = model_fn()
    if not isinstance(model, keras.Model):
        raise TypeError(f"model_fn must return a keras.Model; got a {type(model).__name__}.")
    if model is previous:
        raise ValueError(
            "model_fn returned the model that it made before, which is trained already. Build and "
            "compile the model inside the function."
        )
    if not model.compiled:
        raise ValueError("model_fn returned a model that is not compiled. Call model.compile.")
    return model


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Keras, which draws from Python's random state too, and put that back afterwards.

    Args:
        seed: Any integer.

    Yields:
        Nothing.
    """
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 # what Keras seeds
    keras.utils.set_random_seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


def _predict_fold(
    model: Any, sequence: Sequence, held: Ints, others: Ints, epochs: int, verbose: int
) -> Array:
    """Train on some positions, and return the outputs for others; NaN where unreadable."""
    shown = "auto" if verbose > 1 else 0
    model.fit(sequence.with_source(sequence.source.select(others)), epochs=epochs, verbose=shown)
    outputs = only_output(outputs_of(model, asked_of(sequence, held), shown))
    return outputs.reshape(len(held), -1)


def _check_width(width: int, classes: int) -> None:
    if width != classes and (width, classes) != (1, 2):
        raise ValueError(
            f"The model gives {width} values for an image, but there are {classes} classes. Let "
            f"its last layer have {classes} units."
        )


def _takes_logits(model: Any) -> bool:
    """Whether the loss of a model says that its outputs are logits."""
    return bool(getattr(model.loss, "from_logits", False))
