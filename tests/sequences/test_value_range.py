"""Which floats count from black to white, and collections of several depths."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import codec, layers
from keras_cvdata.sources import ArraySource, DirectorySource

pytestmark = pytest.mark.backends

RGB = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
OPTIONS: dict[str, Any] = {
    "image_size": (12, 16),
    "label_mode": None,
    "shuffle": False,
    "verbose": 0,
}
NEEDY: list[dict[str, Any]] = [
    {"rescale": "unit"},
    {"rescale": "signed"},
    {"rescale": "tf"},
    {"rescale": "caffe"},
    {"rescale": np.negative},
    {"standardize": "samplewise"},
    {"dtype": "uint8"},
    {"augment": layers.RandomBrightness(0.1)},
    {"augment": [layers.RandomFlip(), layers.RandomSaturation((1, 1))]},
]


def write(folder: Path, *images: np.ndarray) -> Path:
    """Write images to one folder, as `00.png` or `00.tif`."""
    (folder / "a").mkdir(parents=True)
    for number, pixels in enumerate(images):
        kind = ".tif" if pixels.dtype.kind == "f" else ".png"
        (folder / f"a/{number:02d}{kind}").write_bytes(codec.encode(pixels, kind))
    return folder


def floats(high: float, low: float = 0.0) -> np.ndarray:
    pixels = np.random.default_rng(1).uniform(low, high, (12, 16, 3)).astype("float32")
    pixels[0, 0], pixels[0, 1] = low, high
    return pixels


@pytest.mark.parametrize("options", NEEDY, ids=str)
def test_float_files_beyond_1_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """They became white, and the scale of a batch was anything."""
    root = write(tmp_path, floats(1), floats(3000))
    seq = cvd.DirectorySequence(root, **OPTIONS, **options)
    with pytest.raises(ValueError, match=r"01.tif: .* 0 to 3000.*value_range=\(0, 3000\)"):
        seq[0]
    with pytest.raises(ValueError, match="value_range="):  # no fault of the image
        cvd.DirectorySequence(root, **OPTIONS, **options, on_error="substitute")[0]
    cvd.DirectorySequence(root, **OPTIONS, **options, value_range=(0, 3000))[0]


def test_floats_stay_as_they_are_where_nothing_needs_their_range(tmp_path: Path) -> None:
    pixels = floats(3000, -20)
    augment = [layers.RandomFlip("horizontal", rate=1.0), layers.RandomGaussianBlur(sigma=0)]
    seq = cvd.DirectorySequence(write(tmp_path, pixels), **OPTIONS, augment=augment)
    assert np.array_equal(seq[0][0], pixels[:, ::-1])


def made(kind: str, folder: Path, pixels: np.ndarray, **options: Any) -> Any:
    """A sequence over one float image, in each format that holds floats."""
    options = {**OPTIONS, **options}
    if kind == "directory":
        return cvd.DirectorySequence(write(folder, pixels), **options)
    if kind == "csv":
        write(folder, pixels)
        (folder / "t.csv").write_text("location\na/00.tif\n")
        return cvd.CSVSequence(folder / "t.csv", **options)
    if kind == "hdf5":
        with h5py.File(folder / "x.h5", "w") as file:
            file["images"] = pixels[None]
        return cvd.HDF5Sequence(folder / "x.h5", **options)
    if kind == "source":
        return cvd.Sequence(ArraySource(pixels[None]), color_mode="unchanged", **options)
    return cvd.ArraySequence(pixels[None], **options)


@pytest.mark.parametrize("kind", ["directory", "csv", "hdf5", "source", "array"])
def test_every_sequence_takes_a_range(kind: str, tmp_path: Path) -> None:
    pixels = floats(400, -1000)
    span = (-1000, 400)
    for number, (rescale, low, high) in enumerate((("unit", 0, 1), ("signed", -1, 1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        seq = made(kind, folder, pixels, rescale=rescale, value_range=span)
        assert seq.value_range == span
        expected = (pixels + 1000) / 1400 * (high - low) + low
        np.testing.assert_allclose(seq[0][0], expected, atol=1e-5)
        for again in (pickle.loads(pickle.dumps(seq)), seq.with_source(seq.source, False)):
            np.testing.assert_array_equal(again[0][0], seq[0][0])
    (tmp_path / "3").mkdir()
    with pytest.raises(ValueError, match="value_range="):
        made(kind, tmp_path / "3", pixels, rescale="unit")[0]


@pytest.mark.parametrize("kind", ["directory", "hdf5", "array"])
def test_floats_of_0_to_1_need_none(kind: str, tmp_path: Path) -> None:
    pixels = floats(1)
    augment = [layers.RandomInvert(1.0), layers.RandomSaturation((0.5, 0.5))]
    seq = made(kind, tmp_path, pixels, augment=augment, rescale="signed")
    np.testing.assert_allclose(seq[0][0], 1 - 2 * pixels, atol=1e-5)
    fitted = cvd.Standardization.fit(seq, verbose=0)
    np.testing.assert_allclose(fitted.mean.ravel(), pixels.mean((0, 1)), atol=1e-5)


def test_a_range_that_the_pixels_leave_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, floats(3000))
    seq = cvd.DirectorySequence(root, **OPTIONS, value_range=(0, 255))
    with pytest.raises(ValueError, match=r"taken as 0 to 255.*value_range=\(0, 3000\)"):
        seq[0]
    with pytest.raises(ValueError, match="beyond value_range"):
        cvd.ArraySequence(floats(3000)[None], value_range=(0, 255), verbose=0)


@pytest.mark.parametrize("value", [(1, 0), (3, 3), "unit", (0, float("nan")), 255])
def test_ranges_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="value_range"):
        cvd.ArraySequence(RGB[None], value_range=value, verbose=0)
    with pytest.raises((TypeError, ValueError), match="value_range"):
        cvd.ArraySequence(floats(1)[None], value_range=value, verbose=0)


def test_a_range_of_integers_is_refused() -> None:
    """It would be passed over: 12 bits in uint16 would count to 65535."""
    x = np.full((1, 4, 4, 1), 4095, np.uint16)
    with pytest.raises(ValueError, match=r"float.*uint16.*65535.*astype\('float32'\)"):
        cvd.ArraySequence(x, value_range=(0, 4095), verbose=0)
    assert cvd.ArraySequence(x, value_range=(0, 65535), verbose=0)[0].max() == 4095


def test_a_range_for_files_of_integers_is_told(tmp_path: Path) -> None:
    root = write(tmp_path, RGB)
    with pytest.warns(UserWarning, match=r"value_range=\(0.0, 1.0\).*00.png.*uint8"):
        seq = cvd.DirectorySequence(root, **OPTIONS, value_range=(0, 1), rescale="unit")
    assert seq[0].max() <= 1


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_layers_say_the_range_too(tmp_path: Path, dtype: str) -> None:
    root = write(tmp_path, floats(255))
    augment = layers.RandomInvert(1.0, value_range=(0, 255))
    seq = cvd.DirectorySequence(root, **OPTIONS, augment=augment, dtype=dtype)
    np.testing.assert_allclose(seq[0][0], 255 - floats(255), atol=0.1)
    with pytest.raises(ValueError, match="value_range="):
        cvd.DirectorySequence(root, **OPTIONS, augment=augment, value_range=(0, 1))


@pytest.mark.parametrize("size", [None, (12, 16)])
def test_hdf5_keeps_the_range_of_a_sequence(tmp_path: Path, size: Any) -> None:
    """A folder of floats cannot say it, so it was lost."""
    pixels = floats(3000)
    root = write(tmp_path / "x", pixels)
    seq = cvd.DirectorySequence(root, **OPTIONS, value_range=(0, 3000), rescale="unit")
    path = cvd.convert(seq, tmp_path / "x.h5", image_size=size, verbose=0)
    packed = cvd.HDF5Sequence(path, **OPTIONS, rescale="unit")
    np.testing.assert_array_equal(packed[0], seq[0])


# Several depths in one collection


def told(seq: Any) -> tuple[np.ndarray, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        batch = seq[0]
        seq[0]
    return batch, [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RGB, RGB.astype("uint16") * 257),
        (RGB, (RGB / 255).astype("float32")),
        (RGB.astype("uint16") * 257, RGB),
        (RGB.astype("uint16") * 257, (RGB / 255).astype("float32")),
    ],
    ids=["8 16", "8 float", "16 8", "16 float"],
)
@pytest.mark.parametrize("rescale", [None, 0.5])
def test_depths_are_told_and_brought_to_that_of_the_first_image(
    tmp_path: Path, first: np.ndarray, second: np.ndarray, rescale: Any
) -> None:
    """A batch held 0 to 255 beside 0 to 65535, which a model learns to tell apart."""
    root = write(tmp_path, first, second, first, second)
    seq = cvd.DirectorySequence(root, **OPTIONS, rescale=rescale)
    batch, (message,) = told(seq)
    assert np.array_equal(batch[0], first * np.float32(rescale or 1))
    np.testing.assert_allclose(batch[1::2], batch[::2], rtol=1e-6)
    for word in (str(second.dtype), str(first.dtype), "00.", "rescale='unit'"):
        assert word in message
    invert = [layers.RandomInvert(1.0)]
    inverted = told(cvd.DirectorySequence(root, **OPTIONS, rescale=rescale, augment=invert))[0]
    np.testing.assert_allclose(inverted[1], inverted[0], atol=2e-2)


def test_the_parts_of_a_split_have_one_scale(tmp_path: Path) -> None:
    """Whatever image comes first in each."""
    deep = RGB.astype("uint16") * 257
    root = write(tmp_path, RGB, deep)
    source = DirectorySource(root, unlabelled=True)
    options = {**OPTIONS, "color_mode": "rgb"}
    for position in (0, 1):
        seq = cvd.Sequence(source.select(np.array([position])), **options)
        np.testing.assert_allclose(told(seq)[0][0], RGB, rtol=1e-6)
        again = pickle.loads(pickle.dumps(seq))
        np.testing.assert_allclose(told(again)[0][0], RGB, rtol=1e-6)


def test_one_depth_stays_and_is_not_told(tmp_path: Path) -> None:
    deep = RGB.astype("uint16") * 257
    seq = cvd.DirectorySequence(write(tmp_path / "16", deep, deep), **OPTIONS)
    assert np.array_equal(seq[0][1], deep)
    mixed = write(tmp_path / "both", RGB, deep)
    for options, high in (({"rescale": "unit"}, 1), ({"dtype": "uint8"}, 255)):
        batch = cvd.DirectorySequence(mixed, **OPTIONS, **options)[0]
        np.testing.assert_allclose(batch[0], batch[1], rtol=1e-6)
        assert batch.max() <= high


def test_lists_of_arrays_and_groups_of_several_depths(tmp_path: Path) -> None:
    deep = RGB.astype("uint16") * 257
    seq = cvd.ArraySequence([RGB, deep], shuffle=False, verbose=0)
    batch, messages = told(seq)
    np.testing.assert_allclose(batch[1], RGB, rtol=1e-6)
    assert len(messages) == 1
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, pixels in (("a", RGB), ("b", deep)):
            file.create_group(name)["images"] = pixels[None]
    seq = cvd.HDF5Sequence(tmp_path / "x.h5", shuffle=False, verbose=0, image_size=(12, 16))
    np.testing.assert_allclose(told(seq)[0][0][1], RGB, rtol=1e-6)


def test_integers_among_floats_without_a_range_are_refused(tmp_path: Path) -> None:
    root = write(tmp_path, floats(3000), RGB)
    with pytest.raises(ValueError, match=r"01.png.*uint8.*float32.*value_range="):
        cvd.DirectorySequence(root, **OPTIONS)[0]
    batch = told(cvd.DirectorySequence(root, **OPTIONS, value_range=(0, 3000)))[0]
    np.testing.assert_allclose(batch[1], RGB / 255 * 3000, rtol=1e-5)


def test_a_damaged_first_image_is_passed_over(tmp_path: Path) -> None:
    root = write(tmp_path, RGB, RGB, RGB.astype("uint16") * 257)
    (root / "a/00.png").write_bytes(b"no image")
    seq = cvd.DirectorySequence(root, **OPTIONS, on_error="substitute")
    np.testing.assert_allclose(told(seq)[0][2], RGB, rtol=1e-6)


def test_16_bit_files_do_not_fit_float16(tmp_path: Path) -> None:
    """They became infinite, as arrays did before they were refused."""
    root = write(tmp_path, np.full((12, 16, 3), 65535, np.uint16))
    with pytest.raises(ValueError, match="rescale='unit'"):
        cvd.DirectorySequence(root, **OPTIONS, dtype="float16")


def test_alpha_of_floats_beyond_1_is_refused() -> None:
    """It was laid on a white of 1 with shares of 255."""
    pixels = np.dstack([floats(255), np.full((12, 16), 255, "float32")])
    seq = cvd.ArraySequence(pixels[None], color_mode="rgb", shuffle=False, verbose=0)
    with pytest.raises(cvd.ImageError, match=r"alpha.*0 to 1.*color_mode='rgba'"):
        seq[0]
    pixels[..., 3] = 1
    opaque = cvd.ArraySequence(pixels[None], color_mode="rgb", shuffle=False, verbose=0)
    assert np.array_equal(opaque[0][0], pixels[..., :3])


# Functions as `rescale`


@pytest.mark.parametrize("mode", ["caffe", "torch", "tf"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_modes_of_the_applications(mode: str, dtype: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype("float32")
    expected = keras.applications.imagenet_utils.preprocess_input(x.copy(), "channels_last", mode)
    given = {"uint8": x, "uint16": x * 257, "float32": x / 255}[dtype].astype(dtype)

    def function(batch: np.ndarray) -> np.ndarray:
        return keras.applications.imagenet_utils.preprocess_input(batch, mode=mode)

    for rescale in (mode, function):
        seq = cvd.ArraySequence(given, rescale=rescale, shuffle=False, verbose=0)
        assert seq[0].dtype == np.float32
        assert seq[0].flags.c_contiguous
        np.testing.assert_allclose(seq[0], expected, atol=1e-4)
        np.testing.assert_array_equal(seq.sample(1), seq[0][1])
        np.testing.assert_array_equal(seq.peek(2), seq[0][:2])
        half = cvd.ArraySequence(given, rescale=rescale, dtype="float16", shuffle=False, verbose=0)
        assert half[0].dtype == np.float16
        np.testing.assert_allclose(half[0], expected, atol=0.1)
        fitted = cvd.Standardization.fit(seq, verbose=0)
        np.testing.assert_allclose(fitted.mean.ravel(), x.mean((0, 1, 2)) / 255, atol=1e-4)


@pytest.mark.parametrize(
    "mode", ["caffe", "torch", "tf", keras.applications.vgg16.preprocess_input]
)
def test_channels_first(mode: Any) -> None:
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), np.uint8)
    last = cvd.ArraySequence(x, rescale=mode, shuffle=False, verbose=0)[0]
    first = cvd.ArraySequence(
        x, rescale=mode, data_format="channels_first", shuffle=False, verbose=0
    )[0]
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


def test_functions_follow_the_axes_that_keras_is_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `preprocess_input` expects them where it is not told."""
    function = keras.applications.vgg16.preprocess_input
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3), np.uint8)
    expected = cvd.ArraySequence(x, rescale=function, shuffle=False, verbose=0)[0]
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")
    before = keras.backend.image_data_format()
    keras.backend.set_image_data_format("channels_first")
    try:
        found = cvd.ArraySequence(
            x, rescale=function, data_format="channels_last", shuffle=False, verbose=0
        )[0]
    finally:
        keras.backend.set_image_data_format(before)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rescale", ["caffe", keras.applications.vgg16.preprocess_input])
def test_after_layers_that_mix_and_that_move(rescale: Any) -> None:
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    options: dict[str, Any] = {
        "augment": [layers.RandomFlip(), layers.RandomBrightness(0.2), layers.MixUp(0.4)],
        "label_mode": "categorical",
        "seed": 5,
        "verbose": 0,
    }
    plain, labels = cvd.ArraySequence(x, [0, 1, 0, 1], **options)[0]
    found, same = cvd.ArraySequence(x, [0, 1, 0, 1], rescale=rescale, **options)[0]
    np.testing.assert_array_equal(same, labels)
    expected = keras.applications.vgg16.preprocess_input(plain.copy())
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_functions_stay_through_pickling_and_in_other_parts() -> None:
    function = keras.applications.vgg16.preprocess_input
    x = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    seq = cvd.ArraySequence(
        x, [0, 1, 2] * 3, rescale=function, validation_split=0.3, subset="validation", verbose=0
    )
    other = pickle.loads(pickle.dumps(seq))
    np.testing.assert_array_equal(other[0][0], seq[0][0])
    rows = seq.source.rows
    np.testing.assert_allclose(seq[0][0], function(x[rows].astype("float32")), atol=1e-4)
    images, targets = cvd.ArraySequence(x, rescale=function, label_mode="input", verbose=0)[0]
    np.testing.assert_array_equal(images, targets)


@pytest.mark.slow
@pytest.mark.parametrize("rescale", ["caffe", keras.applications.vgg16.preprocess_input])
def test_training_and_predicting(rescale: Any) -> None:
    """What the model sees, in a real `fit`, is what the application wants."""
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    seq = cvd.ArraySequence(
        x, [0, 1] * 3, rescale=rescale, label_mode="binary", batch_size=2, shuffle=False, verbose=0
    )
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    expected = keras.applications.vgg16.preprocess_input(x.astype("float32")).mean((1, 2))
    np.testing.assert_allclose(model.predict(seq, verbose=0), expected, atol=1e-3)
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse")
    losses = model.fit(seq, epochs=2, verbose=0).history["loss"]
    assert len(losses) == 2


def test_layers_of_keras_rescale() -> None:
    seq = cvd.ArraySequence(RGB[None], rescale=keras.layers.Rescaling(1 / 255), verbose=0)
    np.testing.assert_allclose(seq[0][0], RGB / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rescale": "caffe", "color_mode": "grayscale"}, "3 channels.*color_mode='rgb'"),
        ({"rescale": "torch", "color_mode": "rgba"}, "3 channels.*color_mode='rgb'"),
        ({"rescale": "caffe", "standardize": "samplewise"}, "both scale"),
        ({"rescale": np.negative, "standardize": "samplewise"}, "both scale"),
        ({"rescale": "caffe", "dtype": "uint8"}, "uint8"),
        ({"rescale": np.negative, "dtype": "uint8"}, "uint8"),
        ({"rescale": np.negative, "augment": layers.Normalize()}, "already scales"),
        ({"rescale": "caffe", "augment": layers.Normalize()}, "already scales"),
        ({"rescale": "vgg16"}, "'caffe'.*function"),
        ({"rescale": keras.layers.Rescaling}, "class"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        cvd.ArraySequence(RGB[None], verbose=0, **options)


@pytest.mark.parametrize("function", [lambda x: x[:, :4], lambda _: None, lambda x: x.mean((1, 2))])
def test_functions_must_keep_the_shape(function: Any) -> None:
    seq = cvd.ArraySequence(RGB[None], rescale=function, verbose=0)
    with pytest.raises(ValueError, match=r"rescale=.* must return .* \(1, 12, 16, 3\)"):
        seq[0]


def test_errors_of_functions_say_what_they_were_given() -> None:
    seq = cvd.ArraySequence(
        RGB[None],
        rescale=keras.applications.vgg16.preprocess_input,
        color_mode="grayscale",
        verbose=0,
    )
    with pytest.raises(IndexError) as caught:
        seq[0]
    assert "(1, 12, 16, 1)" in caught.value.__notes__[0]


def test_functions_that_scale_belong_into_rescale() -> None:
    """One in `augment` gets uint8 and must return it."""
    function = keras.applications.vgg16.preprocess_input
    seq = cvd.ArraySequence(RGB[None], augment=function, verbose=0)
    with pytest.raises(ValueError, match=r"returned float32 .*rescale="):
        seq[0]
