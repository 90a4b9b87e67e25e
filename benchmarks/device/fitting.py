"""How long `fit` waits for batches, by where they are augmented."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from device.common import (
    Job,
    Row,
    Sizes,
    backend,
    our_layers,
    photographs,
    reason,
    synchronise,
    their_layers,
)


def network(filters: int) -> list[Any]:
    from keras.layers import Conv2D, Dense, GlobalAveragePooling2D

    convolutions = [
        Conv2D(min(filters * 2**number, 512), 3, strides=2, activation="relu")
        for number in range(4)
    ]
    return [*convolutions, GlobalAveragePooling2D(), Dense(10, activation="softmax")]


def waiting(base: type) -> type:
    """The class of a sequence that adds up the seconds for which its batches are waited for."""

    class Timed(base):  # type: ignore[misc]
        waited = 0.0

        def __getitem__(self, index: int) -> Any:
            start = time.perf_counter()
            batch = super().__getitem__(index)
            self.waited += time.perf_counter() - start
            return batch

    return Timed


def watch(model: Any, data: Any, epochs: int, *, step_by_step: bool = False) -> tuple[float, float]:
    """Fit, and return the seconds of the last epoch and the share of it that was waited.

    Args:
        model: A compiled model.
        data: A sequence that adds up its waiting.
        epochs: How many.
        step_by_step: Wait for the device after every step, so that its work does not hide in the
            time in which the next batch is waited for.
    """
    import keras

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            synchronise()
            self.before, self.start = data.waited, time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            synchronise()
            self.seconds = time.perf_counter() - self.start
            self.waited = data.waited - self.before

    class StepByStep(keras.callbacks.Callback):  # apart, for Keras calls it in line, which costs
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            synchronise(logs)

    watching = Watch()
    callbacks = [watching, StepByStep()] if step_by_step else [watching]
    model.fit(data, epochs=epochs, verbose=0, callbacks=callbacks)
    return watching.seconds, watching.waited / watching.seconds


def fit(layers: list[Any], make: Callable[[int], Any], sizes: Sizes) -> tuple[float, float]:
    """Images per second, and the share of the time in which batches were waited for.

    Args:
        layers: The model.
        make: Makes a sequence with that many batches in an epoch.
        sizes: How much to measure.
    """
    import keras

    probe = make(3)
    dtype = probe[0][0].dtype.name
    model = keras.Sequential([keras.Input((*sizes.shape, 3), dtype=dtype), *layers])
    model.compile("sgd", "sparse_categorical_crossentropy")
    seconds, _ = watch(model, probe, 2)  # the first epoch compiles
    steps = int(np.clip(2 * sizes.seconds / (seconds / 3), 6, sizes.steps))
    seconds, _ = watch(model, make(steps), 2)
    _, waited = watch(model, make(steps), 1, step_by_step=True)
    return steps * 32 / seconds, waited


def waiting_in_fit(job: Job) -> Iterator[Row]:
    import keras

    from keras_cvdata import DirectorySequence
    from keras_cvdata.layers import Pipeline

    sizes = job.sizes
    x = photographs(32, sizes.side).astype(np.float32) / np.float32(255)

    class Again(keras.utils.PyDataset):
        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

        def __len__(self) -> int:
            return self.steps

        def __getitem__(self, index: int) -> Any:
            return x, np.arange(32) % 10

    def files(steps: int, **options: Any) -> Any:
        return waiting(DirectorySequence)(
            job.folder, image_size=sizes.shape, steps_per_epoch=steps, verbose=0, **options
        )

    unit = keras.layers.Rescaling(1 / 255)
    ways: list[tuple[str, list[Any], Callable[[int], Any]]] = [
        ("nothing loaded: one float32 batch again and again", [], waiting(Again)),
        (
            "CPU threads, float32 batches",
            [],
            lambda n: files(n, augment=our_layers(), rescale="unit"),
        ),
        (
            "CPU threads, uint8 batches",
            [unit],
            lambda n: files(n, augment=our_layers(), dtype="uint8"),
        ),
        (
            "our layers in the model, uint8 batches",
            [Pipeline(our_layers((0, 255))), unit],
            lambda n: files(n, dtype="uint8"),
        ),
        (
            "Keras's layers in the model, uint8 batches",
            [*their_layers(), unit],
            lambda n: files(n, dtype="uint8"),
        ),
    ]
    most: float | None = None
    for name, first, data in ways:
        try:
            rate, waited = fit([*first, *network(sizes.filters)], data, sizes)
        except Exception as error:
            traceback.print_exc(limit=-6)
            yield {
                "table": "fit",
                "backend": backend(),
                "augmentation": name,
                "note": reason(error),
            }
            continue
        most = most or rate
        yield {
            "table": "fit",
            "backend": backend(),
            "augmentation": name,
            "images/s": rate,
            "ms a step": 32000 / rate,
            "of nothing loaded": rate / most,
            "waited": waited,
            "note": "",
        }
