"""`fit`, `evaluate` and `predict` with every flow, on every backend."""

from __future__ import annotations

import inspect
import itertools
import pickle

import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata.preprocessing import image
from tests import unknown_keras
from tests.cases import FLOWS
from tests.conftest import photograph

pytestmark = [pytest.mark.backends, pytest.mark.slow]

SIZE = (18, 25)
MOVES = {"rotation_range": 20, "horizontal_flip": True, "brightness_range": (0.8, 1.2)}


@pytest.fixture
def flows(photo_folder):
    """Makes a flow of the photographs by a row of the table."""

    def make(case, generator=None, **options):
        generator = generator or image.ImageDataGenerator(**MOVES, rescale=1 / 255)
        return case.flow(generator, photo_folder, SIZE, **{"batch_size": 5, "seed": 4, **options})

    return make


def test_every_public_class_has_a_row():
    classes = {value for value in vars(image).values() if inspect.isclass(value)}
    bases = {image.ImageDataGenerator, image.Iterator, image.BatchFromFilesMixin}
    assert {case.iterator for case in FLOWS} == classes - bases


@pytest.mark.parametrize("case", FLOWS, ids=str)
def test_contract(flows, case):
    """R47: shape, dtype and range; the seed repeats, pickles go on, any index may be asked for."""
    flow = flows(case)
    assert isinstance(flow, case.iterator)
    x, y = flow[len(flow) - 1]
    assert (x.shape, x.dtype) == ((2, *SIZE, 3), np.float32)
    assert (y.shape, y.dtype) == ((2, 3), np.float32)
    assert 0 <= x.min() < x.max() <= 1
    np.testing.assert_array_equal(flows(case)[len(flow) - 1][0], x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(flow))[len(flow) - 1][0], x)
    assert not np.array_equal(flows(case, seed=5)[len(flow) - 1][0], x)
    assert flow.image_shape == (*SIZE, 3)


def small_model(**options) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            keras.layers.Conv2D(4, 3, strides=3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], **options)
    return model


@pytest.mark.parametrize("case", FLOWS, ids=str)
def test_fit_evaluate_and_predict(flows, case):
    model = small_model()
    history = model.fit(flows(case), validation_data=flows(case, seed=5), epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert len(model.evaluate(flows(case), verbose=0)) == 2
    assert model.predict(flows(case, shuffle=False), verbose=0).shape == (12, 3)


def test_predictions_are_in_the_order_of_the_files(flows):
    plain = image.ImageDataGenerator(rescale=1 / 255)
    flow = flows(FLOWS[0], plain, shuffle=False)
    model = small_model()
    expected = np.concatenate([model.predict_on_batch(flow[i][0]) for i in range(len(flow))])
    np.testing.assert_allclose(model.predict(flow, verbose=0), expected, atol=1e-6)


class Recorder(keras.callbacks.Callback):
    """Tells batches apart by what a model with one weight says of them."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(logs["mean_pixel"])


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("case", FLOWS, ids=str)
def test_fit_gets_the_batches_of_each_epoch_in_order(flows, case, shuffle):
    """Whatever `fit(shuffle=...)` and the hooks of the backend."""
    inputs = keras.Input((*SIZE, 3))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(mean))

    def mean_pixel(_, predicted):
        return keras.ops.mean(predicted)

    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=[mean_pixel])
    model.layers[-1].set_weights([np.ones((3, 3)), np.zeros(3)])
    recorder = Recorder()
    model.fit(flows(case), epochs=3, shuffle=shuffle, verbose=0, callbacks=[recorder])
    flow = flows(case)
    expected = []
    for _ in range(3):
        means = [flow[index][0].mean() * 3 for index in range(len(flow))]
        expected += (np.cumsum(means) / np.arange(1, len(flow) + 1)).tolist()
        flow.on_epoch_end()
    np.testing.assert_allclose(recorder.seen, expected, rtol=1e-4)


def test_endless_next_serves_fit_too(flows):
    flow = flows(FLOWS[0])

    def endless():
        while True:
            yield next(flow)

    history = small_model().fit(endless(), steps_per_epoch=4, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_several_outputs(photo_folder):
    files = sorted(photo_folder.glob("*/*.jpg"))
    frame = pd.DataFrame({"filename": map(str, files)})
    frame["size"], frame["age"] = np.arange(12) / 12, np.arange(12) / 6
    flow = image.ImageDataGenerator().flow_from_dataframe(
        frame, y_col=["size", "age"], class_mode="multi_output", target_size=SIZE, batch_size=5
    )
    inputs = keras.Input((*SIZE, 3))
    features = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(1)(features), keras.layers.Dense(1)(features)])
    model.compile("adam", ["mse", "mse"])
    assert np.isfinite(model.fit(flow, verbose=0).history["loss"]).all()
    assert [part.shape for part in model.predict(flow, verbose=0)] == [(12, 1), (12, 1)]


def test_several_inputs():
    images = np.array([photograph(n, *SIZE) for n in range(12)])
    flow = image.ImageDataGenerator(rescale=1 / 255).flow(
        (images, np.arange(24).reshape(12, 2)), np.arange(12) / 12, batch_size=5
    )
    pixels, extra = keras.Input((*SIZE, 3)), keras.Input((2,))
    both = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(pixels), extra])
    model = keras.Model([pixels, extra], keras.layers.Dense(1)(both))
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(flow, verbose=0).history["loss"]).all()
    assert np.isfinite(model.evaluate(flow, verbose=0))


class Passing(image.NumpyArrayIterator):
    """A `__getitem__` of somebody else."""

    def __getitem__(self, index):
        return super().__getitem__(index)


@pytest.mark.parametrize("kind", [image.NumpyArrayIterator, Passing])
@pytest.mark.parametrize("further", [1, 2])
def test_several_inputs_without_labels(further, kind):
    """Two parts are no inputs and labels, nor three of them weights."""
    images = np.array([photograph(n, *SIZE) for n in range(12)])
    misc = [np.arange(24).reshape(12, 2) * (n + 1) for n in range(further)]
    flow = kind((images, misc), None, image.ImageDataGenerator(), batch_size=5)
    pixels, *extra = keras.Input((*SIZE, 3)), *(keras.Input((2,)) for _ in misc)
    first = keras.layers.GlobalAveragePooling2D()(pixels)
    model = keras.Model([pixels, *extra], keras.layers.Concatenate()([first, *extra]))
    expected = np.concatenate([images.mean(axis=(1, 2)), *misc], axis=1)
    np.testing.assert_allclose(model.predict(flow, verbose=0), expected, rtol=1e-5)


def test_sample_weights_and_skipped_files(photo_folder, tmp_path):
    broken = tmp_path / "images" / "a"
    broken.mkdir(parents=True)
    for file in (photo_folder / "cat").iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "0.jpg").write_bytes(b"no image")
    generator = image.ImageDataGenerator(on_error="skip")
    flow = generator.flow_from_directory(tmp_path / "images", target_size=SIZE, class_mode="sparse")
    model = small_model()
    model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    assert np.isfinite(model.fit(flow, verbose=0).history["loss"]).all()
    assert len(flow.report) == 1


class Watched(image.NumpyArrayIterator):
    """Remembers the samples of the batches that were made."""

    def _get_batches_of_transformed_samples(self, index_array):
        self.__dict__.setdefault("made", []).append(index_array.tolist())
        return super()._get_batches_of_transformed_samples(index_array)


def watched(kind=Watched, **options):
    images = np.zeros((12, *SIZE, 3), "float32")
    generator = image.ImageDataGenerator()
    return kind(images, np.eye(3)[[0, 1, 2] * 4], generator, 4, True, seed=1, **options)


def test_each_fit_goes_on_even_where_it_leaves_its_epoch_early(monkeypatch):
    """Each trains on an epoch of its own; TensorFlow runs ahead, so only the passes can tell."""
    flow, model = watched(), small_model()
    asked, serve = {}, flow._passes.next

    def served(frame, epoch, *rest):
        asked.setdefault(frame, []).append(epoch)
        return serve(frame, epoch, *rest)

    monkeypatch.setattr(flow._passes, "next", served)
    for _ in range(3):
        model.fit(flow, steps_per_epoch=2, epochs=1, verbose=0)
    epochs = [batches[0] for batches in asked.values() if len(batches) > 1]  # no trial of one batch
    assert len(epochs) == 3
    assert epochs == sorted(set(epochs))
    assert len({tuple(flow._order(epoch)) for epoch in epochs}) == 3


class Pair(keras.utils.Sequence):
    """Asks another flow by index and tells it nothing."""

    def __init__(self, flow):
        super().__init__()
        self.flow, self.epochs = flow, []

    def __len__(self):
        return len(self.flow)

    def __getitem__(self, index):
        batch = self.flow[index]
        self.epochs.append(self.flow._epoch)
        return batch


@pytest.mark.parametrize("tells", [False, True])
def test_wrapped_flows_go_on_from_epoch_to_epoch(tells):
    pair = Pair(watched())
    if tells:
        pair.on_epoch_end = pair.flow.on_epoch_end
    small_model().fit(pair, epochs=4, verbose=0)
    served = [pair.epochs[at : at + 3] for at in range(len(pair.epochs) - 12, len(pair.epochs), 3)]
    assert [len(set(epoch)) for epoch in served] == [1] * 4
    assert len({epoch[0] for epoch in served}) == 4


class OldStyle(Watched):
    """Written out as in the first Keras."""

    def __getitem__(self, idx):
        if self.index_array is None:
            self._set_index_array()
        index_array = self.index_array[self.batch_size * idx : self.batch_size * (idx + 1)]
        return self._get_batches_of_transformed_samples(index_array)


class Telling(Watched):
    def on_epoch_end(self):
        super().on_epoch_end()


@pytest.mark.parametrize("kind", [OldStyle, Telling])
def test_subclasses_of_others_see_another_order_in_each_epoch(kind):
    flow = watched(kind)
    small_model().fit(flow, epochs=3, verbose=0)
    made = flow.made[-9:]
    last = [made[:3], made[3:6], made[6:]]
    assert all(sorted(itertools.chain(*epoch)) == list(range(12)) for epoch in last)
    assert len({str(sorted(epoch)) for epoch in last}) == 3
    if kind is Telling:
        assert flow._epoch == 3


def fit_the_old_way(**workers):
    images = np.random.default_rng(0).integers(50, 200, (20, 8, 8, 3)).astype("float32")
    generator = image.ImageDataGenerator(brightness_range=(0.5, 1.2), rescale=1 / 255)
    flow = generator.flow(images, np.array(unknown_keras.LABELS), batch_size=4, seed=3)
    for name, value in workers.items():
        setattr(flow, name, value)
    return unknown_keras.train(flow, epochs=3)


def test_workers_of_keras_are_ignored():
    """They would ask for batches of the next epoch before it has begun."""
    with pytest.warns(UserWarning, match="workers=2 is ignored: NumpyArrayIterator") as caught:
        batches = fit_the_old_way(workers=2, use_multiprocessing=True)
    of_ours = [each for each in caught if each.category is UserWarning]
    assert [each.filename for each in of_ours] == [__file__]
    unknown_keras.assert_epochs(batches, 3)
    assert batches == fit_the_old_way()


@pytest.mark.parametrize("by", unknown_keras.CHANGES)
def test_every_sample_comes_once_an_epoch_from_an_unknown_keras(monkeypatch, by):
    unknown_keras.change(monkeypatch, by)
    with pytest.warns(UserWarning, match="does not recognise") as caught:
        batches = fit_the_old_way()
    unknown_keras.assert_epochs(batches, 3)
    assert unknown_keras.count_warnings(caught) == 1
