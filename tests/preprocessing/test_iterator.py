"""Order, epochs, threads and state of the iterators, beside the old class."""

from __future__ import annotations

import itertools
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new
from tests.preprocessing.parity import Combination, difference, flatten

# Of the old class, whose imports have grown old.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Please import `affine_transform`:DeprecationWarning"
)

MOVES = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}
FLOWS = ("directory", "frame", "arrays")


def combination(flow: str, **options) -> Combination:
    return Combination(flow, MOVES, {"batch_size": 5, "seed": 3, **options})


def assert_same(theirs, ours) -> None:
    """The same batches but for the last bits of warps, with equal labels."""
    found = difference([flatten(batch) for batch in theirs], [flatten(batch) for batch in ours])
    assert found.mean < 0.01


@pytest.mark.parametrize("batch_size", [5, 100])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("flow", FLOWS)
def test_index_gives_what_the_old_class_gives_in_order(data, flow, shuffle, batch_size):
    """Batch i of an epoch is the old one with total_batches_seen = epoch * len + i."""
    case = combination(flow, shuffle=shuffle, batch_size=batch_size)
    theirs, ours = data.open(old, case), data.open(new, case)
    for epoch in range(3):
        expected = []
        for index in range(len(theirs)):
            assert theirs.total_batches_seen == epoch * len(theirs) + index
            expected.append(theirs[index])
        got = [ours[index] for index in reversed(range(len(ours)))][::-1]
        assert_same(expected, got)
        np.testing.assert_array_equal(theirs.index_array, ours.index_array)
        theirs.on_epoch_end()
        ours.on_epoch_end()


@pytest.mark.parametrize("batch_size", [5, 100])
def test_next_and_index_give_the_same_first_epoch(data, batch_size):
    flow = data.open(new, combination("directory", batch_size=batch_size))
    assert_same([next(flow) for _ in range(len(flow))], [flow[i] for i in range(len(flow))])


def test_index_does_not_depend_on_threads_or_on_what_was_asked_before(data):
    quiet, busy = (data.open(new, combination("directory")) for _ in range(2))
    expected = [quiet[index] for index in range(3)] * 8
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(busy.__getitem__, [0, 1, 2] * 8))
    for (x, y), (other_x, other_y) in zip(expected, got, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_change_the_numbers(data, threads):
    one, other = (
        new.ImageDataGenerator(**MOVES, threads=n).flow_from_directory(
            data.folder, target_size=(18, 25), seed=2
        )
        for n in (2, threads)
    )
    np.testing.assert_array_equal(next(one)[0], next(other)[0])


@pytest.mark.parametrize("batch_size", [5, 7])
def test_next_counts_and_resets_as_the_old_class(data, batch_size):
    theirs, ours = (data.open(m, combination("arrays", batch_size=batch_size)) for m in (old, new))
    for _ in range(4):
        assert_same([next(theirs)], [ours.next()])
        assert theirs.batch_index == ours.batch_index
        assert theirs.total_batches_seen == ours.total_batches_seen
        np.testing.assert_array_equal(theirs.index_array, ours.index_array)
    theirs.reset()
    ours.reset()
    assert_same([next(theirs)], [next(ours)])


@pytest.mark.parametrize("flow", FLOWS)
def test_index_counts_batches_as_the_old_class(data, flow):
    """So that what `next` draws afterwards is the same, too."""
    theirs, ours = (data.open(m, combination(flow)) for m in (old, new))
    results = []
    for iterator in (theirs, ours):
        seen = [iterator.total_batches_seen]
        for index in (0, 2, 0):
            _ = iterator[index]
            seen.append(iterator.total_batches_seen)
        with pytest.raises(ValueError, match="3"):
            _ = iterator[3]
        results.append((seen, [next(iterator) for _ in range(4)], iterator.total_batches_seen))
    assert results[0][0] == results[1][0] == [0, 1, 2, 3]
    assert results[0][2] == results[1][2] == 7
    assert_same(results[0][1], results[1][1])


@pytest.fixture
def hasty_threads():
    """Threads that give way to each other after every few steps."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_several_threads_share_one_next(data):
    flow, alone = (data.open(new, combination("frame", class_mode="raw")) for _ in range(2))
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: next(flow), range(60)))
    expected = [next(alone) for _ in range(60)]
    assert sorted(x.tobytes() for x, _ in got) == sorted(x.tobytes() for x, _ in expected)


@pytest.mark.parametrize("seed", [3, None])
@pytest.mark.parametrize("flow", FLOWS)
def test_pickled_in_the_middle_goes_on_where_it_was(data, flow, seed):
    iterator = data.open(new, combination(flow, seed=seed))
    next(iterator)
    copy = pickle.loads(pickle.dumps(iterator))
    results = []
    for each in (iterator, copy):
        np.random.seed(6)
        results.append([*(next(each) for _ in range(4)), each[1]])
    assert_same(*results)


def test_a_seed_leaves_the_global_generator_alone(data):
    flow = data.open(new, combination("directory"))
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    next(flow)
    _ = flow[1]
    flow.on_epoch_end()
    flow.image_data_generator.random_transform(np.zeros((8, 8, 3)), seed=4)
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize("flow", FLOWS)
def test_without_a_seed_the_global_generator_decides(data, flow):
    results = []
    for module in (old, new):
        iterator = data.open(module, combination(flow, seed=None))
        np.random.seed(11)
        by_next = [next(iterator) for _ in range(4)]
        by_index = [iterator[2], iterator[0]]
        iterator.on_epoch_end()
        results.append([*by_next, *by_index, iterator[0]])
    assert_same(*results)


def test_outside_the_epoch_is_a_value_error(data):
    flow = data.open(new, combination("arrays"))
    with pytest.raises(ValueError, match=r"There are 3 batches in an epoch; got index 3\."):
        _ = flow[3]


def test_no_samples_make_empty_batches():
    for batch_size in (0, 32):
        assert next(new.Iterator(0, batch_size, False, 0).index_generator).size == 0


def test_no_samples_have_epochs_too():
    empty = new.Iterator(0, 32, True, seed=0)
    empty.on_epoch_end()
    assert (len(empty), empty._epoch) == (0, 1)


def test_an_iterator_that_makes_no_batches_says_so():
    with pytest.raises(NotImplementedError, match="Iterator must say how to make a batch"):
        next(new.Iterator(2, 1, False, 0))


def test_a_keyword_that_keras_does_not_know_is_a_type_error():
    with pytest.raises(TypeError, match="patience"):
        new.Iterator(2, 1, False, 0, patience=3)


class Reversed(new.Iterator):
    """An iterator of somebody else, which draws from the generator that it was given."""

    def __init__(self, module, x, seed):
        self.generator = module.ImageDataGenerator(**MOVES)
        self.x = x
        super().__init__(len(x), 4, True, seed)

    def _get_batches_of_transformed_samples(self, index_array):
        return np.array([self.generator.random_transform(self.x[j]) for j in index_array])


def test_subclasses_of_others_draw_by_the_seed_too(data):
    old_class = type("Reversed", (old.Iterator,), dict(vars(Reversed), __init__=None))
    images = data.images.astype("float32")

    def set_up(self, module, x, seed):
        self.generator, self.x = module.ImageDataGenerator(**MOVES), x
        old.Iterator.__init__(self, len(x), 4, True, seed)

    old_class.__init__ = set_up
    theirs, ours = old_class(old, images, 5), Reversed(new, images, 5)
    assert_same([next(theirs) for _ in range(5)], [next(ours) for _ in range(5)])
    fresh = old_class(old, images, 5)
    assert_same([fresh[0], fresh[1]], [ours[0], ours[1]])
    ours.on_epoch_end()
    assert not np.array_equal(ours[0], Reversed(new, images, 5)[0])


@pytest.mark.parametrize("flow", FLOWS)
def test_pictures_that_are_kept_have_the_names_and_pixels_of_the_old_class(data, flow, tmp_path):
    kept = []
    for module in (old, new):
        folder = tmp_path / module.__name__
        folder.mkdir()
        options = {"save_to_dir": str(folder), "save_prefix": "a", "seed": 3, "batch_size": 5}
        iterator = data.open(module, Combination(flow, {"horizontal_flip": True}, options))
        for _ in range(4):
            next(iterator)
        kept.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert kept[0] == kept[1]
    assert len(kept[0]) == 14 + 5


# What people have written on top of the old classes


class ClassicNext:
    """The `next` of the first Keras, on any flow."""

    def next(self):
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)


def test_a_next_of_their_own_draws_by_the_seed_too(data):
    flows = [data.open(new, combination("arrays")) for _ in range(2)]
    flows[1].__class__ = type("Classic", (ClassicNext, new.NumpyArrayIterator), {})
    assert_same([flows[0].next() for _ in range(4)], [flows[1].next() for _ in range(4)])


def test_an_order_of_their_own_is_kept(data):
    class Sampler(new.NumpyArrayIterator):
        def _set_index_array(self):
            self.index_array = np.zeros(self.n, int)

    flow = data.open(new, combination("arrays"))
    flow.__class__ = Sampler
    assert set(flow[0][1]) == set(next(flow)[1]) == {data.labels[0]}


def test_indices_of_their_own_are_kept(data):
    class Repeating(new.NumpyArrayIterator):
        def _flow_index(self):
            while True:
                yield np.array([3, 3])

    flow = data.open(new, combination("arrays"))
    flow.__class__ = Repeating
    flow.index_generator = flow._flow_index()
    assert next(flow)[0].shape[0] == 2


def test_another_batch_size_in_the_middle_and_another_seed(data):
    theirs, ours = (data.open(m, combination("arrays")) for m in (old, new))
    for flow in (theirs, ours):
        next(flow)
        flow.batch_size = 8
    assert_same([next(theirs) for _ in range(4)], [next(ours) for _ in range(4)])
    before = ours[0]
    ours.seed = 99
    assert not np.array_equal(ours[0][1], before[1]) or not np.array_equal(ours[0][0], before[0])


def test_pairs_of_flows_with_one_seed_stay_together(data):
    """Images and masks, the old way."""
    images, masks = (data.open(new, combination("arrays")) for _ in range(2))
    for (x, _), (mask, _) in itertools.islice(zip(images, masks, strict=True), 5):
        np.testing.assert_array_equal(x, mask)
