"""Epochs go on where Keras walks over a sequence in a way that is not known."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.loading.threads import THREAD_NAME
from keras_cvdata.sequences import ArraySequence, keras_pass
from tests import unknown_keras

pytestmark = [pytest.mark.backends, pytest.mark.slow]


def make(samples=unknown_keras.SAMPLES, **options):
    x = np.random.default_rng(0).integers(50, 200, (samples, 8, 8, 3), np.uint8)
    labels = {"label_mode": "regression", "batch_size": unknown_keras.BATCH}
    augment = [layers.RandomLighting((0.5, 1.2))]
    settings = {"augment": augment, "rescale": "unit", "seed": 7, "verbose": 0, **labels}
    return ArraySequence(x, unknown_keras.LABELS[:samples], **{**settings, **options})


@pytest.mark.parametrize("by", unknown_keras.CHANGES)
def test_a_change_is_noticed_when_a_sequence_is_made(monkeypatch, by):
    unknown_keras.change(monkeypatch, by)
    if by is unknown_keras.bypass:  # everything looks as it was
        assert make() is not None
        return
    with pytest.warns(
        UserWarning, match=f"Keras {keras_pass.KNOWN_TO_WORK} is known to work"
    ) as caught:
        make()
    assert caught[0].filename == __file__
    make()  # which is told once


def fit_with_validation(shuffle):
    seq, val = make(), make(seed=8)
    batches = unknown_keras.train(seq, epochs=4, shuffle=shuffle, validation_data=val)
    return batches, seq.epoch, val.epoch


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("by", unknown_keras.CHANGES)
def test_every_sample_comes_once_an_epoch_after_one_warning(monkeypatch, by, shuffle):
    unknown_keras.change(monkeypatch, by)
    with pytest.warns(UserWarning, match="does not recognise") as caught:
        batches, *epochs = fit_with_validation(shuffle)
    unknown_keras.assert_epochs(batches, 4)
    assert epochs == [4, 4]
    assert unknown_keras.count_warnings(caught) == 1


def fit_two_in_turns():
    seq, other = make(), make()
    batches = unknown_keras.train(seq, epochs=1)
    unknown_keras.train(other, epochs=1)
    return batches + unknown_keras.train(seq, epochs=2)


@pytest.mark.parametrize("by", unknown_keras.CHANGES)
def test_a_second_fit_goes_on_with_the_epochs(monkeypatch, by):
    unknown_keras.change(monkeypatch, by)
    with pytest.warns(UserWarning, match="does not recognise") as caught:
        batches = fit_two_in_turns()
    unknown_keras.assert_epochs(batches, 3)
    assert unknown_keras.count_warnings(caught) == 1


@pytest.mark.parametrize("by", [unknown_keras.rename, unknown_keras.hide])
def test_short_keras_epochs_walk_on_through_the_data(monkeypatch, by):
    """`fit(steps_per_epoch=5)` on 10 batches stays in its epoch for two of Keras's."""
    unknown_keras.change(monkeypatch, by)
    with pytest.warns(UserWarning, match="does not recognise"):
        seq = make(batch_size=2)
    batches = unknown_keras.train(seq, epochs=2, steps_per_epoch=5)
    assert sum(labels for labels, _ in batches) == sum(unknown_keras.LABELS)
    assert seq.epoch == 1


@pytest.mark.parametrize("samples", [8, 20])
def test_known_passes_leave_the_hook_of_keras_idle(samples):
    """Also after batches by index, and where Keras's look at the shapes takes the whole epoch."""
    seq, other = make(samples), make(samples)
    for index in range(len(seq)):
        assert seq[index] is not None
    batches = unknown_keras.train(seq, epochs=2)
    expected = [other[index][1].sum() for _ in range(2) for index in whole_epochs(other)]
    assert [labels for labels, _ in batches] == expected
    assert seq.epoch == 2


def whole_epochs(seq):
    """Indices of one epoch in a loop of one's own."""
    yield from range(len(seq))
    seq.on_epoch_end()


def take_all(seq):
    for index in range(len(seq)):
        assert seq[index] is not None


def test_once_a_pass_was_seen_whatever_else_keras_asks_for_by_index_does_not_count():
    seq = make()
    unknown_keras.train(seq, epochs=1)
    unknown_keras.in_keras(take_all.__code__)(seq)
    unknown_keras.train(seq, epochs=1)
    assert seq.epoch == 2


def test_a_loop_by_index_goes_on_with_on_epoch_end_only():
    seq = make()
    first = [seq[index][0] for index in range(len(seq))]
    np.testing.assert_array_equal(seq[0][0], first[0])
    assert seq.epoch == 0
    seq.on_epoch_end()
    assert seq.epoch == 1
    assert not np.array_equal(seq[0][0], first[0])


def test_on_epoch_end_without_batches_by_index_changes_nothing():
    seq = make()
    seq.on_epoch_end()
    assert (seq.epoch, len(list(seq))) == (0, 5)
    seq.on_epoch_end()  # the iteration has gone on by itself
    assert seq.epoch == 1


class Telling(keras.utils.PyDataset):
    """A wrapper that tells when an epoch ends."""

    def __init__(self, seq):
        super().__init__()
        self.seq = seq

    def __len__(self):
        return len(self.seq)

    def __getitem__(self, index):
        return self.seq[index]

    def on_epoch_end(self):
        self.seq.on_epoch_end()


def test_a_wrapper_may_tell_the_end_of_an_epoch():
    seq = make()
    with pytest.warns(UserWarning, match="through a wrapper"):
        batches = unknown_keras.train(Telling(seq), epochs=3)
    unknown_keras.assert_epochs(batches, 3)


def test_shares_by_index_are_refused(monkeypatch):
    """As in Keras 3.16 with several processes; each would train on the same batches."""
    adapter = sys.modules[keras.utils.PyDataset.__module__].PyDatasetAdapter
    set_up = adapter.__init__

    def in_two_processes(self, *args, **kwargs):
        set_up(self, *args, **kwargs)
        self._num_data_shards = 2

    monkeypatch.setattr(adapter, "__init__", in_two_processes)
    seq = make()
    # TensorFlow has errors of its own around those of a generator.
    with pytest.raises(Exception, match=r"over 2 processes.*auto_shard_dataset=False"):
        unknown_keras.train(seq, epochs=1)


def test_stacks_of_threads_that_cannot_have_asked_are_left_alone() -> None:
    """A running thread frees its frames while somebody walks along them."""
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    with ThreadPoolExecutor(1, THREAD_NAME) as ours:
        waiting = ours.submit(done.wait)
        stacks = [list(keras_pass._outwards(frame)) for frame in keras_pass._stacks()]
        done.set()
        waiting.result()
    other.join()
    this = sys._getframe()
    assert any(this in stack for stack in stacks)
    names = [frame.f_code.co_name for stack in stacks for frame in stack]
    assert "_worker" not in names
    assert (len(stacks) == 1) == (keras.config.backend() != "tensorflow")


def test_a_look_at_stacks_keeps_nothing(monkeypatch):
    """What a fit held is let go at once, and not when Python looks for cycles."""
    monkeypatch.setattr(keras_pass, "adapter_of", lambda _: object())

    def asks() -> weakref.ref[threading.Event]:
        held = threading.Event()
        assert not keras_pass.is_trial(sys._getframe())
        return weakref.ref(held)

    gc.disable()
    try:
        assert asks()() is None
    finally:
        gc.enable()
