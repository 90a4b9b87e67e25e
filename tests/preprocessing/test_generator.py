"""Arguments, statistics and overrides of `ImageDataGenerator`."""

from __future__ import annotations

import inspect
import pickle
import re
import threading
import time
import warnings

import keras
import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old

import keras_cvdata as cvd
from keras_cvdata.preprocessing import image as new
from tests.conftest import photograph

pytestmark = pytest.mark.filterwarnings(
    "ignore:Please import `affine_transform`:DeprecationWarning"
)

IMAGES = np.array([photograph(n, 12, 15) for n in range(10)])


def test_every_name_and_every_argument_of_the_old_module_is_there():
    """R74."""
    for name in dir(old):
        theirs = getattr(old, name)
        if name.startswith("_") or getattr(theirs, "__module__", None) != old.__name__:
            continue
        ours = getattr(new, name)
        if name in ("Iterator", "BatchFromFilesMixin"):
            continue
        known = inspect.signature(ours).parameters
        for parameter in inspect.signature(theirs).parameters.values():
            assert known[parameter.name].default == parameter.default, (name, parameter)
    for name in ("flow", "flow_from_directory", "flow_from_dataframe", "fit", "standardize"):
        theirs, ours = (getattr(m.ImageDataGenerator, name) for m in (old, new))
        known = list(inspect.signature(ours).parameters)
        named = [n for n in inspect.signature(theirs).parameters if n != "kwargs"]
        assert known[: len(named)] == named


def test_the_package_has_the_same_class():
    assert cvd.ImageDataGenerator is new.ImageDataGenerator


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rotate": 3}, TypeError, "rotate"),
        ({"data_format": "last"}, ValueError, "data_format must be one of 'channels_last'"),
        ({"validation_split": 5}, ValueError, "validation_split must be .* 0 and 1; got 5"),
        ({"zoom_range": (1, 2, 3)}, ValueError, r"zoom_range must be .*; got \(1, 2, 3\)"),
        ({"zoom_range": "ab"}, ValueError, "zoom_range must be .*; got 'ab'"),
        ({"zoom_range": ["a", 1]}, ValueError, "zoom_range must be"),
        ({"brightness_range": 0.1}, ValueError, "brightness_range must be .*; got 0.1"),
        ({"brightness_range": (1, 2, 3)}, ValueError, "brightness_range must be"),
        ({"on_error": "ignore"}, ValueError, "on_error must be one of .*; got 'ignore'"),
        ({"threads": 0}, ValueError, "threads must be at least 1; got 0"),
    ],
)
def test_arguments_out_of_range(arguments, error, message):
    with pytest.raises(error, match=message):
        new.ImageDataGenerator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ({"zca_whitening": True}, ["featurewise_center"]),
        (
            {"zca_whitening": True, "featurewise_std_normalization": True},
            ["featurewise_center", "featurewise_std_normalization", "featurewise_center"],
        ),
        ({"featurewise_std_normalization": True}, ["featurewise_center"]),
        ({"samplewise_std_normalization": True}, ["samplewise_center"]),
    ],
)
def test_standardisations_that_need_or_exclude_others(arguments, changed):
    """X18: dividing by the deviation subtracts the mean too, and says so."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = new.ImageDataGenerator(**arguments)
        told = [str(each.message) for each in caught]
        theirs = old.ImageDataGenerator(**arguments)
    assert [re.search(r"setting of `(\w+)`", text).group(1) for text in told] == changed
    for name in ("featurewise_center", "samplewise_center", "featurewise_std_normalization"):
        assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("augment", [False, True])
def test_fit_learns_the_same_statistics(augment, data_format):
    x = IMAGES if data_format == "channels_last" else np.moveaxis(IMAGES, 3, 1)
    arguments = {"featurewise_center": True, "data_format": data_format, "rescale": 1 / 7}
    for further in ({"featurewise_std_normalization": True}, {"zca_whitening": True}):
        results = []
        for module in (old, new):
            generator = module.ImageDataGenerator(**arguments, **further, vertical_flip=True)
            generator.fit(x, augment=augment, rounds=2, seed=3)
            results.append(generator)
        theirs, ours = results
        np.testing.assert_array_equal(theirs.mean, ours.mean)
        if theirs.std is not None:
            np.testing.assert_array_equal(theirs.std, ours.std)
        if theirs.zca_whitening_matrix is not None:
            a, b = theirs.zca_whitening_matrix, ours.zca_whitening_matrix
            assert a.dtype == b.dtype
            np.testing.assert_allclose(b, a, atol=1e-4 * np.abs(a).max())
        theirs, ours = (g.standardize(x.astype("float32")) for g in results)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())


@pytest.mark.parametrize("option", ["featurewise", "samplewise"])
def test_half_precision_learns_and_divides_by_the_deviation(option):
    """Whose squares add up beyond 65504, which the old class takes for infinity."""
    options = {f"{option}_center": True, f"{option}_std_normalization": True}
    results = []
    for dtype in ("float32", "float16"):
        generator = new.ImageDataGenerator(**options, dtype=dtype)
        if option == "featurewise":
            generator.fit(IMAGES)
            assert generator.std.dtype == generator.mean.dtype == dtype
        results.append(generator.flow(IMAGES, batch_size=10, shuffle=False)[0])
    assert results[1].dtype == np.float16
    np.testing.assert_allclose(results[1], results[0], atol=0.01)


def test_images_that_depend_on_each_other_are_whitened_alike():
    """Their matrix has values of a million, which cancel out in double precision only."""
    results = []
    for module in (old, new):
        generator = module.ImageDataGenerator(featurewise_center=True, zca_whitening=True)
        generator.fit(IMAGES, augment=True, rounds=2)
        results.append(generator.flow(IMAGES, batch_size=10, shuffle=False)[0])
    theirs, ours = results
    np.testing.assert_allclose(ours, theirs, atol=0.01 * np.abs(theirs).max())


def test_half_precision_is_whitened_in_single_precision():
    """In half precision there is no singular value decomposition, and the old class fails."""
    results = []
    for dtype in ("float32", "float16"):
        generator = new.ImageDataGenerator(featurewise_center=True, zca_whitening=True, dtype=dtype)
        generator.zca_epsilon = 10
        generator.fit(IMAGES)
        results.append(generator.flow(IMAGES, batch_size=10, shuffle=False)[0])
    assert results[1].dtype == np.float16
    np.testing.assert_allclose(results[1], results[0], atol=0.05)


def test_fit_leaves_its_data_and_the_global_generator_alone():
    x = IMAGES.astype("float32")
    np.random.seed(3)
    expected = np.random.random(3)
    np.random.seed(3)
    generator = new.ImageDataGenerator(featurewise_center=True, rescale=2, rotation_range=9)
    generator.fit(x, augment=True, seed=8)
    np.testing.assert_array_equal(np.random.random(3), expected)
    np.testing.assert_array_equal(x, IMAGES)


def test_fit_takes_four_axes():
    generator = new.ImageDataGenerator(featurewise_center=True)
    with pytest.raises(ValueError, match=r"four axes.*got shape \(12, 15, 3\)"):
        generator.fit(IMAGES[0])
    with pytest.warns(UserWarning, match=r"\(channels on axis 3\).*has not 1, 3 or 4"):
        generator.fit(IMAGES[..., :2])


@pytest.mark.parametrize(
    "option", ["featurewise_center", "featurewise_std_normalization", "zca_whitening"]
)
def test_standardize_before_fit_warns_and_leaves_pixels_alone(option):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        generator = new.ImageDataGenerator(**{option: True})
    with pytest.warns(UserWarning, match="but it hasn't been fit: .* Call fit") as caught:
        standardized = generator.standardize(IMAGES.astype("float32"))
    assert any(f"specifies `{option}`" in str(warning.message) for warning in caught)
    np.testing.assert_array_equal(standardized, IMAGES)


def test_warnings_point_at_the_code_of_the_user():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        generator = new.ImageDataGenerator(featurewise_std_normalization=True)
        generator.standardize(IMAGES.astype("float32"))
        generator.fit(IMAGES[..., :2])
    assert [str(warning.message).split("`")[1] for warning in caught[:3]] == [
        "featurewise_std_normalization",
        "featurewise_center",
        "featurewise_std_normalization",
    ]
    assert {warning.filename for warning in caught} == {__file__}
    assert len(caught) == 4


def test_attributes_are_read_when_they_are_needed():
    """Old code switches augmentation off, or sets statistics of its own, on a generator it has."""
    given = {"featurewise_center": True, "rescale": 1 / 255, "vertical_flip": True}
    moves = {"rotation_range": 20, "zoom_range": [0.5, 2], "brightness_range": (0.5, 2), "cval": 3}
    moves |= {"fill_mode": "constant", "width_shift_range": 0.2, "channel_shift_range": 9}
    once, later = new.ImageDataGenerator(**given, **moves), new.ImageDataGenerator()
    once.mean = np.float32(0.25)
    for name, value in {**given, **moves, "mean": once.mean}.items():
        setattr(later, name, value)
    x = IMAGES[0].astype("float32")
    expected = once.standardize(once.random_transform(x, seed=5))
    np.testing.assert_array_equal(later.standardize(later.random_transform(x, seed=5)), expected)
    assert not np.allclose(expected, x / 255 - 0.25)
    np.testing.assert_allclose(later.standardize(x.copy()), x / 255 - 0.25, atol=1e-6)
    flows = [g.flow(IMAGES, batch_size=10, seed=5) for g in (once, new.ImageDataGenerator())]
    flows[1].image_data_generator = later
    np.testing.assert_array_equal(flows[0][0], flows[1][0])


def test_standardize_works_in_place_on_one_image_or_a_batch():
    generator = new.ImageDataGenerator(rescale=0.5)
    x = IMAGES.astype("float32")
    assert generator.standardize(x) is x
    np.testing.assert_array_equal(x, IMAGES / 2)


def test_brightness_works_with_channels_first():
    """The old class takes the width for channels there, and fails."""
    arguments = {"brightness_range": (0.5, 2), "rotation_range": 30, "horizontal_flip": True}
    last = new.ImageDataGenerator(**arguments).flow(IMAGES, seed=2)
    first = new.ImageDataGenerator(**arguments, data_format="channels_first")
    first = first.flow(np.moveaxis(IMAGES, 3, 1), seed=2)
    np.testing.assert_array_equal(np.moveaxis(first[0], 1, 3), last[0])


def test_any_number_of_channels_is_flipped_and_brightened():
    x = np.random.RandomState(0).randint(0, 256, (3, 8, 9, 6))
    with pytest.warns(UserWarning, match="has 6 there instead of 1, 3 or 4"):
        flow = new.ImageDataGenerator(horizontal_flip=True, brightness_range=(1, 1)).flow(x, seed=1)
    batch = flow[0]
    rows = flow.index_array
    assert any(np.array_equal(b, x[r][:, ::-1]) for b, r in zip(batch, rows, strict=True))


LIMITS = [-3, 1, 1.0, True, np.int64(4), np.float32(2.5), [0.5, 1.5], range(-3, 4), [0, 0], [], 0]


@pytest.mark.parametrize("limit", LIMITS, ids=repr)
def test_shifts_are_drawn_as_by_the_old_class(limit):
    theirs, ours = (
        m.ImageDataGenerator(width_shift_range=limit).get_random_transform((9, 9, 3), seed=6)
        for m in (old, new)
    )
    assert theirs == ours


@pytest.mark.parametrize("name", ["width_shift_range", "height_shift_range"])
@pytest.mark.parametrize("limit", [[-2, 2], [0.1, 0.2], [0, 0], [], 3, 0.25, 0])
def test_arrays_are_shifts_as_their_values_are(limit, name):
    """The old class asks whether an array is true, which an array of several does not say."""
    transforms = (
        module.ImageDataGenerator(**{name: values}).get_random_transform((9, 9, 3), seed=6)
        for module, values in ((old, limit), (new, np.array(limit)))
    )
    assert next(transforms) == next(transforms)


@pytest.mark.parametrize("values", [(0.5, 2), (1, 3)])
@pytest.mark.parametrize("name", ["zoom_range", "brightness_range"])
def test_arrays_are_ranges_as_pairs_are(values, name):
    transforms = (
        module.ImageDataGenerator(**{name: given}).get_random_transform((9, 9, 3), seed=6)
        for module, given in ((old, values), (new, np.array(values)))
    )
    assert next(transforms) == next(transforms)
    one = new.ImageDataGenerator(zoom_range=np.array(0.25))
    assert one.zoom_range == [0.75, 1.25]


def dot(height: int, width: int, row: int, column: int) -> np.ndarray:
    image = np.zeros((height, width, 1), "float32")
    image[row, column] = 1
    return image


@pytest.mark.parametrize("exchanged", [True, False])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_shifts_move_along_the_named_axis_unless_exchanged(data_format, exchanged):
    image = dot(9, 9, 4, 4)
    image = image if data_format == "channels_last" else np.moveaxis(image, 2, 0)
    generator = new.ImageDataGenerator(
        width_shift_range=[3], data_format=data_format, exchanged_axes=exchanged
    )
    moved = np.argwhere(generator.random_transform(image).squeeze())
    assert moved.tolist() in ([[[1, 4]], [[7, 4]]] if exchanged else [[[4, 1]], [[4, 7]]])


def test_axes_that_are_not_exchanged_turn_about_the_centre_and_zoom_as_named():
    generator = new.ImageDataGenerator(fill_mode="constant", exchanged_axes=False)
    turned = generator.apply_transform(dot(7, 11, 3, 5), {"theta": 30})
    assert np.unravel_index(turned.argmax(), (7, 11)) == (3, 5)
    tall = generator.apply_transform(dot(7, 11, 3, 5), {"zx": 0.5})
    assert tall[2:5, 5, 0].tolist() == [0.5, 1, 0.5]
    assert tall.sum() == 2


class KeepsAspect(new.ImageDataGenerator):
    """What people write: one zoom for both sides, and a standardisation of their own."""

    def get_random_transform(self, img_shape, seed=None):
        parameters = super().get_random_transform(img_shape, seed)
        parameters["zy"] = parameters["zx"]
        return parameters

    def standardize(self, x):
        return super().standardize(x) - 1


def test_overridden_methods_are_used_and_draw_by_the_seed():
    first, second = (KeepsAspect(zoom_range=0.5).flow(IMAGES, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    plain = new.ImageDataGenerator(zoom_range=0.5).flow(IMAGES, seed=4)
    assert not np.array_equal(first[0], plain[0] - 1)
    generator = KeepsAspect(zoom_range=0.5)
    parameters = generator.get_random_transform((12, 15, 3), seed=4)
    expected = generator.standardize(
        generator.apply_transform(IMAGES[plain.index_array[0]].astype("float32"), parameters)
    )
    alone = KeepsAspect(zoom_range=0.5).flow(IMAGES[plain.index_array[:1]], seed=4, shuffle=False)
    np.testing.assert_array_equal(alone[0][0], expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_that_call_the_function(threads):
    callers = set()

    def function(x):
        time.sleep(0.005)  # for another thread to come
        callers.add(threading.get_ident())
        return x

    _ = new.ImageDataGenerator(preprocessing_function=function, threads=threads).flow(IMAGES)[0]
    assert len(callers) == threads


def erase_at_random(x):
    """What people write: it draws from the global generator."""
    x[: np.random.randint(1, 10)] = np.random.uniform(0, 255)
    return x


@pytest.mark.parametrize("seed", [5, None])
def test_on_one_thread_functions_that_draw_get_the_numbers_of_the_old_class(seed):
    arguments = {"preprocessing_function": erase_at_random, "rotation_range": 20}
    results = []
    for module, own in ((old, {}), (new, {"threads": 1})):
        flow = module.ImageDataGenerator(**arguments, **own).flow(IMAGES, batch_size=4, seed=seed)
        np.random.seed(8)
        results.append([next(flow) for _ in range(5)])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.05)


@pytest.mark.parametrize("function", [None, erase_at_random])
def test_only_code_of_others_finds_the_global_generator_moved(function, monkeypatch):
    moved = []
    monkeypatch.setattr(np.random, "set_state", moved.append)
    arguments = {"rotation_range": 9, "threads": 1, "preprocessing_function": function}
    next(new.ImageDataGenerator(**arguments).flow(IMAGES, seed=1))
    assert bool(moved) == (function is not None)


def test_the_global_generator_is_as_it_was_after_such_a_function():
    arguments = {"preprocessing_function": erase_at_random, "threads": 1}
    flow = new.ImageDataGenerator(**arguments).flow(IMAGES, seed=1)
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    next(flow)
    assert np.random.random() == expected


def test_an_error_of_the_function_names_the_image():
    def function(x):
        raise KeyError("no such filter")

    flow = new.ImageDataGenerator(preprocessing_function=function, threads=1).flow(
        IMAGES, shuffle=False
    )
    with pytest.raises(KeyError, match="no such filter") as caught:
        _ = flow[0]
    assert caught.value.__notes__ == ["This happened with x[0] (row 0)."]


def test_pickles():
    generator = new.ImageDataGenerator(rotation_range=4, featurewise_center=True)
    generator.fit(IMAGES)
    copy = pickle.loads(pickle.dumps(generator))
    np.testing.assert_array_equal(copy.mean, generator.mean)


def test_other_defaults_of_keras_are_followed():
    keras.config.set_floatx("float16")
    try:
        assert new.ImageDataGenerator().flow(IMAGES)[0].dtype == np.float16
    finally:
        keras.config.set_floatx("float32")
