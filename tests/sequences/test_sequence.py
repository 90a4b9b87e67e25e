"""What every sequence does, shown on images in memory."""

import itertools
import pickle

import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.sequences import ArraySequence

pytestmark = pytest.mark.backends


def numbers(seq):
    """Numbers of the samples of one epoch, in order."""
    return [int(image[0, 0, 0]) for batch in seq for image in batch[0]]


def make(numbered, **options):
    return ArraySequence(*numbered, **{"batch_size": 4, "seed": 7, "verbose": 0, **options})


AUGMENT = [layers.RandomFlip(), layers.RandomRotateBound(30), layers.RandomRoll(0.1, 0.1)]


def test_iteration_serves_each_sample_once_and_goes_to_the_next_epoch(numbered):
    """R59: a full iteration by hand advances the epoch by one; a broken one does not."""
    seq = make(numbered)
    first = numbers(seq)
    assert sorted(first) == list(range(30))
    assert seq.epoch == 1
    list(itertools.islice(seq, 3))
    assert seq.epoch == 1
    assert sorted(numbers(seq)) == list(range(30))
    seq.set_epoch(0)
    assert numbers(seq) == first


def test_an_epoch_set_during_an_iteration_is_the_next(numbered):
    seq = make(numbered)
    batches = iter(seq)
    next(batches)
    seq.set_epoch(5)
    assert len(list(batches)) == 7
    assert seq.epoch == 5


def test_indexing_is_a_pure_function(numbered, digest):
    seq = make(numbered, augment=AUGMENT)
    batches = [seq[i] for i in range(len(seq))]
    assert digest(batches) == digest(seq)
    seq.set_epoch(0)
    assert digest([seq[3], seq[-1], seq[3]]) == digest([batches[3], batches[7], batches[3]])
    with pytest.raises(IndexError, match="8 batches"):
        seq[8]


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("prefetch", [0, 3])
def test_threads_and_look_ahead_change_nothing(numbered, digest, threads, prefetch):
    expected = make(numbered, augment=AUGMENT, threads=1, prefetch=2)
    seq = make(numbered, augment=AUGMENT, threads=threads, prefetch=prefetch)
    assert digest(seq) == digest(expected)


def test_draws_follow_the_row_not_its_place(numbered):
    """One image is augmented alike whatever else is selected, ordered or batched with it."""
    whole = make(numbered, augment=AUGMENT)
    position = 17
    image, label = whole.sample(position)
    part = whole.with_source(whole.source.select(np.array([5, 17, 20])))
    np.testing.assert_array_equal(part.sample(1)[0], image)
    assert label == 17 % 3
    assert (whole.sample(position, epoch=1)[0] != image).any()
    served = make(numbered, augment=AUGMENT, shuffle=False, batch_size=30)[0][0]
    np.testing.assert_array_equal(served[position], image)


def test_batches_are_new_arrays_every_time(numbered):
    """JAX and PyTorch may go on using the memory of a batch."""
    seq = make(numbered)
    seen = [x for x, _ in seq]
    copies = [x.copy() for x in seen]
    list(seq)
    for x, before in zip(seen, copies, strict=True):
        np.testing.assert_array_equal(x, before)
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(seen, 2))


def test_a_pickled_sequence_goes_on_alike(numbered, digest):
    seq = make(numbered, augment=AUGMENT)
    list(seq)
    copy = pickle.loads(pickle.dumps(seq))
    assert copy.epoch == 1
    assert digest(copy) == digest(seq)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("int", np.array([0, 1, 2, 0], np.int32)),
        ("categorical", np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]),
    ],
)
def test_label_modes(numbered, mode, expected):
    """R49 to R52."""
    y = make(numbered, label_mode=mode, shuffle=False)[0][1]
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == expected.dtype


def test_binary_labels():
    x = np.zeros((4, 8, 8, 1), np.uint8)
    y = ArraySequence(x, [0, 1, 1, 0], label_mode="binary", shuffle=False, verbose=0)[0][1]
    assert y.tolist() == [[0], [1], [1], [0]]


def test_images_without_labels_and_as_their_own_target(numbered):
    x, _ = numbered
    assert ArraySequence(x, batch_size=4, verbose=0)[0].shape == (4, 12, 10, 3)
    image, target = ArraySequence(x, label_mode="input", verbose=0, rescale="unit")[0]
    assert image is target
    with pytest.raises(ValueError, match="needs labels"):
        ArraySequence(x, label_mode="categorical", verbose=0)


def test_labels_of_all_samples(numbered):
    np.testing.assert_array_equal(make(numbered).labels, numbered[1])
    for mode in (None, "input"):
        with pytest.raises(ValueError, match="label_mode"):
            _ = make(numbered, label_mode=mode).labels


def test_channels_first(numbered):
    x, _ = make(numbered, data_format="channels_first", shuffle=False)[0]
    np.testing.assert_array_equal(x, np.moveaxis(numbered[0][:4], -1, 1))
    assert x.flags.c_contiguous


def test_validation_is_disjoint_untouched_and_in_order(numbered):
    """R53, R54, R59: neither augmented nor shuffled, no sample on both sides."""
    options = {"validation_split": 0.2, "augment": AUGMENT}
    train = make(numbered, subset="training", **options)
    val = make(numbered, subset="validation", **options)
    rows = set(train.source.rows), set(val.source.rows)
    assert not rows[0] & rows[1]
    assert rows[0] | rows[1] == set(range(30))
    assert set(val.labels) == {0, 1, 2}
    assert numbers(val) == sorted(rows[1])
    x = np.concatenate([batch for batch, _ in val])
    np.testing.assert_array_equal(x, numbered[0][sorted(rows[1])])


def test_parts_and_folds_of_a_sequence_are_sequences(numbered):
    """R54, R59: all but the training part neither augmented nor shuffled."""
    seq = make(numbered, augment=AUGMENT)
    train, *others = cvd.split(seq, (0.6, 0.2, 0.2))
    assert len(train.source) == 18
    rows = [train.source.rows, *(part.source.rows for part in others)]
    assert sorted(np.concatenate(rows)) == list(range(30))
    folds = [validation for _, validation in cvd.folds(seq, 5)]
    assert sorted(row for fold in folds for row in fold.source.rows) == list(range(30))
    for part in (*others, *folds):
        assert numbers(part) == sorted(part.source.rows)
        x = np.concatenate([batch for batch, _ in part])
        np.testing.assert_array_equal(x, numbered[0][sorted(part.source.rows)])


def test_parts_without_a_seed_are_disjoint_too(numbered):
    parts = [
        make(numbered, seed=None, validation_split="auto", subset=subset).source.rows
        for subset in ("training", "validation")
    ]
    assert sorted(np.concatenate(parts)) == list(range(30))


def test_balance_and_class_weights():
    x = np.zeros((11, 4, 4, 1), np.uint8)
    y = [0] * 8 + [1] * 3
    seq = ArraySequence(x, y, batch_size=4, balance=True, verbose=0)
    served = np.concatenate([labels for _, labels in seq])
    assert np.bincount(served).tolist() == [8, 8]
    assert seq.class_weights() == pytest.approx({0: 11 / 16, 1: 11 / 6})


def test_repeats_of_one_sample_are_augmented_differently():
    """Occurrences are words of the draws, so balancing does not repeat pixels."""
    x = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 1), np.uint8)
    seq = ArraySequence(
        x, [0] * 8 + [1], balance=True, augment=layers.RandomRotateBound(90), verbose=0, seed=1
    )
    x, y = seq[0]
    images = {image.tobytes() for image in x[y == 1]}
    assert len(images) == 8


def test_steps_per_epoch_and_drop_remainder(numbered):
    """R60."""
    assert len(make(numbered, steps_per_epoch=3)) == 3
    long = make(numbered, steps_per_epoch=15)
    assert sorted(numbers(long)) == sorted([*range(30)] * 2)
    assert len(make(numbered, drop_remainder=True)) == 7
    with pytest.raises(ValueError, match="do not fill one batch"):
        make(numbered, batch_size=31, drop_remainder=True)


def test_resizing_and_aspect():
    """R33, R34: stretch, crop to the aspect, pad to the aspect."""
    x = np.full((1, 20, 40, 3), 200, np.uint8)
    x[:, :, :10] = 100
    options = {"image_size": (10, 10), "verbose": 0}
    assert set(np.unique(ArraySequence(x, **options)[0])) >= {100, 200}
    cropped = ArraySequence(x, crop_to_aspect_ratio=True, **options)[0]
    assert cropped.shape == (1, 10, 10, 3)
    assert cropped.min() > 190
    padded = ArraySequence(x, pad_to_aspect_ratio=True, **options)[0]
    assert (padded[0, :2] == 0).all()
    assert (padded[0, 3:7] >= 100).all()
    with pytest.raises(ValueError, match="not both"):
        ArraySequence(x, pad_to_aspect_ratio=True, crop_to_aspect_ratio=True, **options)


def test_peek_uses_nothing_up(numbered):
    seq = make(numbered, augment=AUGMENT)
    x, y = seq.peek(6)
    assert (len(x), len(y), seq.epoch) == (6, 6, 0)
    np.testing.assert_array_equal(x[:4], seq[0][0])
    assert len(seq.peek(99)[0]) == 30


def test_state_goes_on_with_the_next_epoch(numbered, digest):
    seq = make(numbered, augment=AUGMENT)
    list(seq)
    later = make(numbered, augment=AUGMENT)
    later.load_state_dict(seq.state_dict())
    assert digest(later) == digest(seq)
    with pytest.raises(ValueError, match="seed=7"):
        make(numbered, seed=8).load_state_dict(seq.state_dict())


def test_memory_estimate(numbered):
    """R44."""
    assert make(numbered).estimate_memory() == 30 * 12 * 10 * 3 * 4
    assert make(numbered, dtype="float16").estimate_memory() == 30 * 12 * 10 * 3 * 2


def test_summary_and_repr_say_what_is_held(numbered, capsys):
    """R20: the number of images of each class is printed."""
    seq = ArraySequence(*numbered, seed=7, class_names=["ant", "bee", "cow"])
    printed = capsys.readouterr().out
    assert "30 images" in printed
    assert "ant 10, bee 10, cow 10" in printed
    assert "30" in repr(seq)
    assert "seed=7" in repr(seq)
    many = ArraySequence(np.zeros((42, 4, 4), np.uint8), [*range(21)] * 2, verbose=0)
    assert many.source.summary() == "Found 42 images\n  label: 21 classes (2 to 2 images each)"
    assert not capsys.readouterr().out


def test_a_callable_augments(numbered):
    seq = make(numbered, augment=lambda image: 255 - image, shuffle=False, dtype="uint8")
    np.testing.assert_array_equal(seq[0][0], 255 - numbered[0][:4])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1; got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer; got 2.5"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer; got True"),
        ({"threads": 0}, ValueError, "threads"),
        ({"seed": -1}, ValueError, "seed"),
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch"),
        ({"on_error": "ignore"}, ValueError, "'substitute'"),
        ({"on_error": "skip", "label_mode": None}, ValueError, "sample weights"),
        ({"color_mode": "bgr"}, ValueError, "'grayscale'"),
        ({"data_format": "NHWC"}, ValueError, "channels_last"),
        ({"label_mode": "one-hot"}, ValueError, "one-hot"),
        ({"label_mode": "binary"}, ValueError, "two classes"),
        ({"label_mode": {"other": "int"}}, ValueError, "other"),
        ({"image_size": 2.5}, ValueError, r"\(224, 224\), or one number"),
        ({"image_size": (0, 5)}, ValueError, "image_size height"),
        ({"interpolation": "cubic"}, ValueError, "bicubic"),
        ({"subset": "training"}, ValueError, "needs validation_split"),
        ({"validation_split": 0.2}, ValueError, "subset"),
        ({"rescale": "minmax"}, ValueError, "'unit'"),
        *[
            ({"rescale": value}, ValueError, "finite factor other than 0")
            for value in (float("nan"), float("inf"), [1], True, 0)
        ],
        ({"rescale": "unit", "dtype": "uint8"}, ValueError, "cannot hold"),
        ({"rescale": "unit", "standardize": "samplewise"}, ValueError, "both scale"),
        ({"standardize": True}, TypeError, "Standardization.fit"),
        ({"dtype": "float64"}, ValueError, "'float32'"),
        ({"imagesize": (8, 8)}, TypeError, "imagesize"),
    ],
)
def test_wrong_arguments_are_refused(numbered, options, error, message):
    with pytest.raises(error, match=message):
        make(numbered, **options)


@pytest.mark.parametrize("index", ["a", slice(0, 2), 1.5, True, None])
def test_batches_and_samples_have_whole_numbers(numbered, index):
    seq = make(numbered)
    for ask in (seq.__getitem__, seq.sample):
        with pytest.raises(TypeError, match=r"must be an integer; got .*peek"):
            ask(index)


def test_a_sample_beyond_the_last_is_refused(numbered):
    seq = make(numbered)
    with pytest.raises(IndexError, match="Sample 99 is outside the 30 samples"):
        seq.sample(99)
    np.testing.assert_array_equal(seq.sample(-1)[0], seq.sample(29)[0])
    np.testing.assert_array_equal(seq[np.int64(1)][0], seq[1][0])


def test_one_class_is_no_classification(numbered):
    x, _ = numbered
    with pytest.raises(ValueError, match="not two classes"):
        ArraySequence(x, [0] * 30, verbose=0)


def test_an_empty_selection_is_refused(numbered):
    seq = make(numbered)
    with pytest.raises(ValueError, match="holds no images"):
        seq.with_source(seq.source.select(np.array([], int)))


def test_three_epochs_are_pinned(numbered, digest):
    """The same bytes on every backend, machine and version, or a resumed training would jump.

    Mirroring, rolling and inverting are exact, so that no rounding of a processor can show.
    """
    augment = [layers.RandomFlip(), layers.RandomRoll(0.2, 0.2), layers.RandomInvert(0.5)]
    seq = make(numbered, augment=augment, dtype="uint8")
    batches = [(x, y.astype(np.uint16)) for _ in range(3) for x, y in seq]
    assert digest(batches) == "a357f37eef62847af13ed585ebda3f3ccd58a86d07447bfa95ede19bdd644ebc"


def test_a_loop_takes_what_a_subclass_makes_of_batches(numbered):
    """And goes on from epoch to epoch, as any loop does."""

    class Negative(ArraySequence):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return -x, y

    options = {"augment": AUGMENT, "batch_size": 8, "seed": 3, "verbose": 0}
    plain, negative = ArraySequence(*numbered, **options), Negative(*numbered, **options)
    for epoch in range(2):
        assert negative.epoch == epoch
        for (x, y), (minus, same) in zip(plain, negative, strict=True):
            np.testing.assert_array_equal(minus, -x)
            np.testing.assert_array_equal(same, y)


def test_names_and_rows_are_those_of_a_batch(numbered):
    seq = make(numbered)
    seq.set_epoch(2)
    for index in (0, 3, -1):
        x, _ = seq[index]
        np.testing.assert_array_equal(seq.rows(index), x[:, 0, 0, 0])
        assert seq.names(index) == [f"x[{row}]" for row in seq.rows(index)]
    assert seq.file_paths == [f"x[{row}]" for row in range(30)]
    assert seq.class_indices == {"0": 0, "1": 1, "2": 2}
    part = seq.with_source(seq.source.select(np.array([7, 5])), training=False)
    assert part.rows(0).tolist() == [7, 5]


def test_the_seed_of_keras_governs_sequences_without_one(numbered):
    def seed():
        keras.utils.set_random_seed(5)
        return ArraySequence(*numbered, verbose=0).seed

    assert seed() == seed()
    assert ArraySequence(*numbered, verbose=0).seed != ArraySequence(*numbered, verbose=0).seed
