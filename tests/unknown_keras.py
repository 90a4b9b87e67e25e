"""Versions of Keras that walk over a `PyDataset` in ways that the package does not know."""

from __future__ import annotations

import functools
import random
import sys
from types import CodeType, FunctionType

import keras
import pytest

from keras_cvdata.sequences import keras_pass

SAMPLES, BATCH, BATCHES = 20, 4, 5
LABELS = [float(2**sample) for sample in range(SAMPLES)]  # sums tell which samples a batch has


def walk_elsewhere(adapter):
    """What the adapter's generator does."""
    indices = list(range(adapter.py_dataset.num_batches))
    if adapter.shuffle:
        random.shuffle(indices)
    for index in indices:
        yield adapter._standardize_batch(adapter.py_dataset[index])


def in_keras(code: CodeType) -> FunctionType:
    """A function as if a module of Keras defined it."""
    return FunctionType(code, {"__name__": "keras.src.elsewhere", "random": random})


def rename(patch, module, adapter):
    walk = in_keras(walk_elsewhere.__code__.replace(co_name="_walk"))
    patch.delattr(adapter, "_finite_generator")
    patch.setattr(adapter, "_walk", walk, raising=False)
    patch.setattr(adapter, "_get_iterator", lambda self: self._walk())


def hide(patch, module, adapter):
    bypass(patch, module, adapter)
    patch.delattr(adapter, "_finite_generator")


def bypass(patch, module, adapter):
    """The old generator is still there, but nobody uses it."""
    walk = functools.partialmethod(in_keras(walk_elsewhere.__code__))
    patch.setattr(adapter, "_get_iterator", walk)


def move(patch, module, adapter):
    """The adapter cannot be found, and so neither can the code that looks at shapes."""
    patch.delattr(module, "PyDatasetAdapter")


CHANGES = [rename, hide, bypass, move]


def change(patch: pytest.MonkeyPatch, by) -> None:
    """Change the Keras of this process, of which nobody has been told yet."""
    module = sys.modules[keras.utils.PyDataset.__module__]
    by(patch, module, module.PyDatasetAdapter)
    for once in (keras_pass.adapter_of_keras, keras_pass.warn_of_unknown_keras):
        anew = functools.lru_cache(**once.cache_parameters())(once.__wrapped__)
        patch.setattr(keras_pass, once.__name__, anew)


def count_warnings(caught) -> int:
    """How often a change of Keras was spoken of."""
    return sum("does not recognise" in str(each.message) for each in caught)


class LastSum(keras.metrics.Metric):
    """Sum over the last batch: of its targets, or of what the model says."""

    def __init__(self, of):
        super().__init__(name=of)
        self.of = of
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = y_true if self.of == "labels" else y_pred
        self.value.assign(keras.ops.sum(keras.ops.cast(values, "float32")))

    def result(self):
        return self.value + 0.0


class Record(keras.callbacks.Callback):
    """Keeps which samples each batch of training had, and the sum of their pixels."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append((int(logs["labels"]), float(logs["pixels"])))


def train(data, **fit):
    """Fit a model that does not learn, and return what it was given."""
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(pooled))
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=[LastSum("labels"), LastSum("pixels")])
    record = Record()
    model.fit(data, verbose=0, callbacks=[record], **fit)
    return record.batches


def assert_epochs(batches, epochs: int) -> None:
    """Every sample came once in each epoch, in other batches and with other draws each time."""
    assert len(batches) == epochs * BATCHES
    parts = [batches[at : at + BATCHES] for at in range(0, len(batches), BATCHES)]
    for part in parts:
        samples = [at for labels, _ in part for at in range(SAMPLES) if labels >> at & 1]
        assert sorted(samples) == list(range(SAMPLES))
    assert len({tuple(sorted(labels for labels, _ in part)) for part in parts}) == epochs
    assert len({round(sum(pixels for _, pixels in part), 3) for part in parts}) == epochs
