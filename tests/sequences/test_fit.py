"""Real models are fitted, evaluated and asked for predictions, and get our batches in our order."""

import copy
import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import keras
import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.preprocessing import image as preprocessing
from keras_cvdata.sequences import ArraySequence
from keras_cvdata.sequences.position import EpochCallback

pytestmark = [pytest.mark.backends, pytest.mark.slow]

AUGMENT = [layers.RandomFlip(), layers.RandomRotateBound(30), layers.RandomLighting((0.8, 1.2))]
EPOCH = 8  # batches in an epoch of 30 samples


class Total(keras.metrics.Metric):
    """Sum of the targets of the last batch."""

    def __init__(self):
        super().__init__(name="total")
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value.assign(keras.ops.sum(keras.ops.cast(y_true, "float32")))

    def result(self):
        return self.value + 0.0


class Record(keras.callbacks.Callback):
    """Keeps the total of each batch that was trained on, and stops when told."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.totals = []
        self.stop_after = stop_after

    def on_train_batch_end(self, batch, logs=None):
        self.totals.append(float(logs["total"]))
        if self.stop_after and len(self.totals) >= self.stop_after:
            self.model.stop_training = True


def make(numbered, **options):
    """Images that are their own targets, so that the metric sees the pixels."""
    defaults = {"batch_size": 4, "seed": 7, "rescale": "unit", "label_mode": "input"}
    return ArraySequence(*numbered, **{**defaults, "augment": AUGMENT, "verbose": 0, **options})


def reconstruction():
    inputs = keras.Input((12, 10, 3))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.compile("sgd", "mse", metrics=[Total()])
    return model


def expected_totals(seq, epochs):
    """Totals of all batches of epochs, by the pure function."""
    seq = copy.copy(seq)
    totals = []
    for epoch in epochs:
        seq.set_epoch(epoch)
        totals += [float(seq[index][1].sum()) for index in range(len(seq))]
    return totals


def trained_totals(seq, model=None, stop_after=None, **fit):
    record = Record(stop_after)
    (model or reconstruction()).fit(seq, verbose=0, callbacks=[record], **fit)
    return record.totals


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("threads", [1, 2, 8])
def test_fit_gets_whole_epochs_in_our_order(numbered, shuffle, threads):
    """With `fit(shuffle=True)` too, which asks for the batches in a random order."""
    seq = make(numbered, threads=threads)
    totals = trained_totals(seq, epochs=3, shuffle=shuffle)
    np.testing.assert_allclose(totals, expected_totals(seq, range(3)), rtol=1e-5)
    assert seq.epoch == 3


def test_a_second_fit_continues_the_epoch_count(numbered):
    seq, model = make(numbered), reconstruction()
    trained_totals(seq, model, epochs=1)
    totals = trained_totals(seq, model, epochs=2)
    np.testing.assert_allclose(totals, expected_totals(seq, [1, 2]), rtol=1e-5)


def test_a_stopped_fit_leaves_nothing_behind(numbered):
    """After an early stop the epoch starts again, and `seq[i]` is the pure function."""
    seq, model = make(numbered), reconstruction()
    expected = expected_totals(seq, [0])
    assert len(trained_totals(seq, model, stop_after=3, epochs=1)) == 3
    assert float(seq[0][1].sum()) == expected[0]
    np.testing.assert_allclose(trained_totals(seq, model, epochs=1), expected, rtol=1e-5)


def test_short_keras_epochs_walk_on_through_the_data(numbered):
    """`fit(steps_per_epoch=4)` pauses a pass of 8 batches and goes on with it."""
    seq = make(numbered)
    totals = trained_totals(seq, epochs=4, steps_per_epoch=4)
    np.testing.assert_allclose(totals, expected_totals(seq, [0, 1]), rtol=1e-5)


def test_validation_on_the_training_sequence_does_not_disturb_a_paused_pass(numbered):
    seq = make(numbered)
    totals = trained_totals(seq, epochs=2, steps_per_epoch=4, validation_data=seq)
    np.testing.assert_allclose(totals, expected_totals(seq, [0]), rtol=1e-5)


def test_a_pass_goes_on_after_short_validations_of_the_same_sequence(numbered):
    seq = make(numbered)
    totals = trained_totals(
        seq, epochs=4, steps_per_epoch=2, validation_data=seq, validation_steps=1
    )
    np.testing.assert_allclose(totals, expected_totals(seq, [0]), rtol=1e-5)


class Flow(preprocessing.Iterator):
    """A flow of the old class, at its simplest."""

    def _get_batches_of_transformed_samples(self, index_array):
        return np.ones((len(index_array), 12, 10, 3)), np.ones((len(index_array), 12, 10, 3))


class Predict(keras.callbacks.Callback):
    """Looks at one batch of a sequence after every batch of training."""

    def __init__(self, seq):
        super().__init__()
        self.seq = seq

    def on_train_batch_end(self, batch, logs=None):
        self.model.predict(self.seq, steps=1, verbose=0)


def test_a_pass_goes_on_after_predictions_in_between(numbered):
    seq, record = make(numbered), Record()
    reconstruction().fit(seq, epochs=2, verbose=0, callbacks=[record, Predict(seq)])
    np.testing.assert_allclose(record.totals, expected_totals(seq, [0, 1]), rtol=1e-5)


@pytest.mark.parametrize("fit", [{}, {"steps_per_epoch": 1}, {"shuffle": False}])
def test_epochs_of_one_batch_begin_with_epoch_0(numbered, fit):
    """Keras builds a model by the shapes of a batch, which is a whole epoch here."""
    seq = make(numbered, batch_size=30)
    totals = trained_totals(seq, epochs=3, **fit)
    np.testing.assert_allclose(totals, expected_totals(seq, range(3)), rtol=1e-5)
    assert seq.epoch == 3


def test_building_a_model_takes_no_epoch(numbered):
    seq, val, other = (make(numbered, batch_size=30) for _ in range(3))
    trained_totals(seq, validation_data=val, epochs=2)
    model = keras.Sequential([keras.layers.Dense(3)])
    model.predict(other, verbose=0)
    assert (seq.epoch, val.epoch, other.epoch) == (2, 2, 1)
    reconstruction().evaluate(other, verbose=0)
    assert other.epoch == 2


def test_building_a_model_takes_no_epoch_of_the_old_class(numbered):
    flow = Flow(30, batch_size=30, shuffle=False, seed=1)
    reconstruction().fit(flow, epochs=2, verbose=0)
    assert flow._epoch == 2


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a strategy of TensorFlow")
@pytest.mark.parametrize("batch_size", [30, 15, 10])
def test_building_a_model_of_several_devices_takes_no_epoch(numbered, batch_size):
    """There `tf.data` asks for further batches, on another thread, while Keras builds."""
    import tensorflow as tf

    seq = make(numbered, batch_size=batch_size)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = reconstruction()
    totals = trained_totals(seq, model, epochs=2)
    np.testing.assert_allclose(totals, expected_totals(seq, range(2)), rtol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="a way of JAX on accelerators")
@pytest.mark.parametrize("batch_size", [30, 15, 10])
def test_building_a_model_one_batch_ahead_takes_no_epoch(numbered, monkeypatch, batch_size):
    from keras.src.backend.jax import trainer

    def ahead(self):
        return self._one_batch_ahead_iterator(self.data_adapter.get_jax_iterator())

    monkeypatch.setattr(trainer.JAXEpochIterator, "_get_iterator", ahead)
    seq = make(numbered, batch_size=batch_size)
    flow = Flow(30, batch_size=batch_size, shuffle=False, seed=1)
    totals = trained_totals(seq, epochs=2)
    np.testing.assert_allclose(totals, expected_totals(seq, range(2)), rtol=1e-5)
    reconstruction().fit(flow, epochs=2, verbose=0)
    assert flow._epoch == 2


def test_own_steps_per_epoch(numbered):
    """R60: epochs of our own length, in full batches."""
    seq = make(numbered, steps_per_epoch=5)
    totals = trained_totals(seq, epochs=3)
    np.testing.assert_allclose(totals, expected_totals(seq, range(3)), rtol=1e-5)


def test_the_callback_takes_the_epoch_from_keras(numbered):
    """A training that starts at `initial_epoch` gets the data of that epoch."""
    seq, record = make(numbered), Record()
    callbacks = [EpochCallback(seq), record]
    reconstruction().fit(seq, epochs=4, initial_epoch=3, verbose=0, callbacks=callbacks)
    np.testing.assert_allclose(record.totals, expected_totals(seq, [3]), rtol=1e-5)


def test_the_callback_with_short_epochs_of_the_sequence(numbered):
    seq, record = make(numbered, steps_per_epoch=4), Record()
    callbacks = [EpochCallback(seq), record]
    reconstruction().fit(seq, epochs=4, verbose=0, callbacks=callbacks)
    np.testing.assert_allclose(record.totals, expected_totals(seq, range(4)), rtol=1e-5)


class Renamed(ArraySequence):
    """Changes what a batch looks like, at two removes."""

    def __getitem__(self, index):
        images, targets = super().__getitem__(index)
        return images, targets


class RenamedAgain(Renamed):
    def __getitem__(self, index):
        images, targets = super().__getitem__(index)
        return images, targets


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_subclass_may_override_getitem(numbered, shuffle):
    seq = RenamedAgain(*numbered, batch_size=4, seed=7, label_mode="input", verbose=0)
    totals = trained_totals(seq, epochs=3, shuffle=shuffle)
    np.testing.assert_allclose(totals, expected_totals(seq, range(3)), rtol=1e-5)


class Wrapper(keras.utils.PyDataset):
    """Asks a sequence for batches by index, twice as MixUp does."""

    def __init__(self, seq, **options):
        super().__init__(**options)
        self.seq = seq

    def __len__(self):
        return len(self.seq)

    def __getitem__(self, index):
        assert self.seq[(index + 1) % len(self)] is not None
        return self.seq[index]


def test_a_wrapper_without_the_callback_is_told_so_once(numbered):
    """It would train on one epoch for ever."""
    with pytest.warns(
        UserWarning, match=r"EpochCallback\(sequence\).*from keras_cvdata import EpochCallback"
    ) as caught:
        trained_totals(Wrapper(make(numbered)), epochs=2)
    assert sum("EpochCallback" in str(warning.message) for warning in caught) == 1


def test_the_callback_tells_a_wrapper_the_epoch(numbered):
    seq, record = make(numbered), Record()
    fit = {"epochs": 3, "shuffle": False, "verbose": 0, "callbacks": [EpochCallback(seq), record]}
    reconstruction().fit(Wrapper(seq), **fit)
    np.testing.assert_allclose(record.totals, expected_totals(seq, range(3)), rtol=1e-5)


def test_workers_of_keras_are_ignored(numbered):
    seq = make(numbered)
    with pytest.warns(UserWarning, match="workers=4 is ignored.*threads=") as caught:
        seq.workers = 4
    assert caught[0].filename == __file__
    seq.use_multiprocessing, seq.max_queue_size = True, 30  # without a second warning
    assert (seq.workers, seq.use_multiprocessing) == (1, False)
    totals = trained_totals(seq, epochs=2)
    np.testing.assert_allclose(totals, expected_totals(seq, range(2)), rtol=1e-5)


def test_workers_of_a_wrapper_are_warned_of(numbered):
    """Nothing mends them, so the callback does not silence the warning."""
    seq = make(numbered)
    with pytest.warns(UserWarning, match="Set workers to 1"):
        reconstruction().fit(
            Wrapper(seq, workers=2), epochs=2, verbose=0, callbacks=[EpochCallback(seq)]
        )


def test_a_wrapped_validation_sequence_is_not_warned_of(numbered):
    """Its epochs are all alike, so there is nothing to tell."""
    val = Wrapper(make(numbered, augment=None, shuffle=False))
    assert np.isfinite(reconstruction().evaluate(val, verbose=0)[0])


def test_several_sequences_at_once(numbered):
    seq, other = make(numbered), make(numbered, seed=8)
    expected = [expected_totals(seq, [0]), expected_totals(other, [0])]
    totals = [(float(a[1].sum()), float(b[1].sum())) for a, b in zip(seq, other, strict=True)]
    np.testing.assert_allclose(np.transpose(totals), expected, rtol=1e-5)


def classifier(outputs=3, activation="softmax", loss="sparse_categorical_crossentropy"):
    inputs = keras.Input((12, 10, 3))
    hidden = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(outputs, activation)(hidden))
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return model


def test_fit_evaluate_predict_repeatedly(numbered):
    """A model that can learn does, and evaluation and prediction agree with the data in order."""
    x, y = numbered
    x = np.clip(x // 4 + 60 * y[:, None, None, None], 0, 255).astype(np.uint8)
    train = ArraySequence(x, y, batch_size=4, rescale="unit", seed=7, verbose=0)
    val = ArraySequence(x, y, batch_size=4, rescale="unit", shuffle=False, verbose=0)
    keras.utils.set_random_seed(1)  # some initial weights learn this in 15 epochs, some do not
    model = classifier()
    history = model.fit(train, validation_data=val, epochs=15, verbose=0)
    assert history.history["val_accuracy"][-1] > 0.9
    for _ in range(2):
        predicted = model.predict(val, verbose=0).argmax(1)
        accuracy = model.evaluate(val, verbose=0, return_dict=True)["accuracy"]
        assert accuracy == pytest.approx((predicted == y).mean())


@pytest.mark.parametrize(
    ("mode", "outputs", "loss"),
    [
        ("int", 3, "sparse_categorical_crossentropy"),
        ("categorical", 3, "categorical_crossentropy"),
        ("regression", 1, "mse"),
    ],
)
def test_every_form_of_labels_fits(numbered, mode, outputs, loss):
    x, y = numbered
    y = y.astype("float32") + 0.5 if mode == "regression" else y
    seq = ArraySequence(x, y, batch_size=8, label_mode=mode, rescale="unit", verbose=0)
    history = classifier(outputs, "softmax" if outputs > 1 else None, loss).fit(seq, verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_binary_labels_fit(numbered):
    x, y = numbered
    seq = ArraySequence(x, y % 2, label_mode="binary", rescale="unit", verbose=0)
    history = classifier(1, "sigmoid", "binary_crossentropy").fit(seq, verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_class_weights_go_into_fit(numbered):
    x, _ = numbered
    seq = ArraySequence(x, [0] * 20 + [1] * 7 + [2] * 3, rescale="unit", verbose=0)
    history = classifier().fit(seq, class_weight=seq.class_weights(), verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_uint8_batches_are_scaled_in_the_model(numbered):
    seq = ArraySequence(*numbered, dtype="uint8", verbose=0)
    inputs = keras.Input((12, 10, 3), dtype="uint8")
    hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(hidden))
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert np.isfinite(model.fit(seq, verbose=0).history["loss"][0])


def make_flow(numbered):
    return Flow(30, batch_size=4, shuffle=False, seed=None)


def make_image_flow(numbered):
    x, _ = numbered
    return preprocessing.ImageDataGenerator(rescale=1 / 255).flow(x, x / 255.0, batch_size=4)


@pytest.mark.parametrize("fit", [{}, {"steps_per_epoch": 2}])
@pytest.mark.parametrize("make_one", [make, make_flow, make_image_flow])
def test_a_fit_leaves_no_threads_and_no_memory(numbered, make_one, fit):
    model = reconstruction()
    seq = make_one(numbered)
    before = our_threads()
    model.fit(seq, verbose=0, **fit)
    gc.collect()
    # `tf.data` may be about to ask for a batch that nobody waits for.
    assert any(our_threads() <= before or time.sleep(0.05) for _ in range(100))
    assert not seq._passes._passes
    assert not spare_memory(seq)


@pytest.mark.parametrize(
    ("make_one", "use"),
    [(make, "fit"), (make, "evaluate"), (make, "predict"), (make_flow, "fit")],
)
def test_keras_keeps_no_sequence(numbered, make_one, use):
    """On TensorFlow it keeps the adapters of all fits, and by them, but for us, the sequences."""
    model, seq = reconstruction(), make_one(numbered)
    for _ in range(2):  # once more while the person has it
        getattr(model, use)(seq, verbose=0)
    kept = weakref.ref(seq)
    del seq
    assert any(gc.collect() < 0 or kept() is None or time.sleep(0.2) for _ in range(10))


def spare_memory(seq):
    if isinstance(seq, ArraySequence):
        return seq._loader.memory._spare
    return seq._memory._spare if isinstance(seq, preprocessing.NumpyArrayIterator) else None


def our_threads():
    return {each for each in threading.enumerate() if each.name.startswith("keras_cvdata")}


def test_threads_stay_between_the_epochs_of_a_fit(numbered):
    seq = make(numbered, threads=2)
    executors = set()

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            executors.add(seq._pool._executor)

    val = make(numbered)
    reconstruction().fit(seq, validation_data=val, epochs=3, verbose=0, callbacks=[Look()])
    assert len(executors - {None}) == 1  # None before there is something to do
    gc.collect()
    assert seq._pool._executor is None


def test_the_next_epoch_is_begun_before_the_last_step_of_this_one(numbered, monkeypatch):
    """And none after the last, where a fit of its own would throw it away."""
    seq = make(numbered, batch_size=5)
    asked, batch = [], seq._sampler.batch
    monkeypatch.setattr(seq._sampler, "batch", lambda *place: asked.append(place) or batch(*place))
    begun = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, index, logs=None):
            if index == len(seq) - 1:
                begun.append(max(asked))

    reconstruction().fit(seq, epochs=3, verbose=0, callbacks=[Look()])
    assert begun[0][0] >= 1
    later = [place for place in asked if place[0]]
    assert sorted(later) == [(epoch, index) for epoch in (1, 2) for index in range(len(seq))]
    gc.collect()
    assert seq._passes._begun is None
    assert len(list(seq)) == len(seq)
    assert max(asked) == (3, len(seq) - 1)


def test_an_abandoned_sequence_is_freed(numbered):
    """Neither its threads nor the look-ahead of a stopped fit keep it."""
    seq, model = make(numbered), reconstruction()
    trained_totals(seq, model, stop_after=2, epochs=1)
    watch = weakref.ref(seq)
    del seq, model
    keras.backend.clear_session()
    gc.collect()
    assert watch() is None


IN_ONE_OF_SEVERAL_PROCESSES = """
import socket, sys
import numpy as np
from keras_cvdata import ArraySequence, layers

augment = [layers.RandomFlip(), layers.RandAugment(), layers.MixUp()]
x, y = np.zeros((8, 8, 8, 3), np.uint8), np.eye(8, 2)
options = {"augment": augment, "label_mode": "multilabel", "rescale": "unit", "verbose": 0}
assert len(list(ArraySequence(x, y, **options))) == 1
import jax
with socket.socket() as free:
    free.bind(("localhost", 0))
    address = "localhost:%d" % free.getsockname()[1]
jax.distributed.initialize(address, num_processes=1, process_id=0)
assert layers.RandomFlip()(x).shape == x.shape
"""


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX must know its processes")
def test_a_sequence_may_be_made_before_the_processes_know_each_other():
    """JAX refuses that after the first array."""
    run = subprocess.run(
        [sys.executable, "-c", IN_ONE_OF_SEVERAL_PROCESSES],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
