"""The functions of the old module on one image, beside the old ones."""

import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new
from tests.conftest import photograph

pytestmark = pytest.mark.filterwarnings(
    "ignore:Please import `affine_transform`:DeprecationWarning"
)

LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
WARPS = {
    "random_rotation": (40,),
    "random_shift": (0.3, 0.2),
    "random_shear": (25,),
    "random_zoom": ((0.6, 1.5),),
}
FILL_MODES = ("nearest", "reflect", "constant", "wrap", "mirror")


@pytest.fixture
def image():
    return photograph(3, 31, 46).astype("float32")


@pytest.mark.parametrize("axes", [{"channel_axis": 0}, LAST, {"row_axis": 2, "col_axis": 1}])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", WARPS)
def test_random_warps(image, name, order, fill_mode, axes):
    x = image if axes is LAST else np.moveaxis(image, 2, 0)
    results = []
    for module in (old, new):
        np.random.seed(4)
        how = {**axes, "fill_mode": fill_mode, "cval": 9, "interpolation_order": order}
        results.append(getattr(module, name)(x, *WARPS[name], **how))
    theirs, ours = results
    assert theirs.shape == ours.shape
    if order == 1:
        np.testing.assert_allclose(ours, theirs, atol=0.05)
    else:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_warps_keep_the_dtype(image, dtype):
    x = image.astype(dtype)
    theirs, ours = (m.apply_affine_transform(x, theta=30, **LAST) for m in (old, new))
    assert ours.dtype == theirs.dtype
    apart = np.abs(ours.astype(float) - theirs)
    assert apart.max() <= (0.01 if dtype == "float64" else 1)
    assert np.mean(apart > 0.01) < 0.01


@pytest.mark.parametrize("cval", [-3, 300])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_fill_beyond_the_dtype_is_cut_off(image, dtype, cval):
    how = {"tx": 7, "fill_mode": "constant", "cval": cval, **LAST}
    theirs, ours = (m.apply_affine_transform(image.astype(dtype), **how) for m in (old, new))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("offset", [0, 100])
def test_brightness_has_the_dtype_of_the_old_one(image, dtype, offset):
    x = (image + offset).astype(dtype) if dtype != "uint8" else image.astype(dtype)
    theirs, ours = (m.apply_brightness_shift(x, 1.3, False) for m in (old, new))
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, atol=1.5)


def test_warps_copy_and_leave_the_image_alone(image):
    before = image.copy()
    for warp in ({"tx": 2}, {"theta": 360}):
        warped = new.apply_affine_transform(image, **warp, **LAST)
        warped *= 0
    flipped = new.ImageDataGenerator().apply_transform(image, {"flip_horizontal": True})
    flipped *= 0
    np.testing.assert_array_equal(image, before)
    assert new.apply_affine_transform(image, **LAST) is image


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"row_axis": 0, "col_axis": 0}, "must be 0, 1 and 2 in some order"),
        ({"row_axis": 0, "col_axis": 2, "channel_axis": 1}, "with the channels first or last"),
        ({"row_axis": -1, "col_axis": 1, "channel_axis": 0}, r"got \(-1, 1, 0\)"),
    ],
)
def test_axes_that_are_none(image, axes, message):
    with pytest.raises(ValueError, match=message):
        new.apply_affine_transform(image, theta=1, **axes)


def test_an_image_has_three_axes(image):
    with pytest.raises(ValueError, match=r"three axes.*got shape \(31, 46\)"):
        new.apply_affine_transform(image[:, :, 0], theta=1)


def test_a_fill_mode_that_nobody_knows_is_refused(image):
    with pytest.raises(RuntimeError, match="boundary mode not supported"):
        new.apply_affine_transform(image, theta=1, fill_mode="mirrored", **LAST)


def test_without_scipy_a_spline_says_what_to_do(image, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(ImportError, match=r"interpolation_order=3 .* needs SciPy.*Install scipy"):
        new.apply_affine_transform(image, theta=1, order=3, **LAST)


def test_one_row_wraps(image):
    row = image[:1]
    theirs, ours = (
        m.apply_affine_transform(row, tx=3.5, fill_mode="wrap", **LAST) for m in (old, new)
    )
    np.testing.assert_allclose(ours, theirs, atol=0.01)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize(("factor", "offset"), [(1, 0), (2, 0), (1, -30), (0, 7), (1 / 255, 0)])
@pytest.mark.parametrize("brightness", [0, 0.4, 1, 1.7])
def test_brightness(image, brightness, factor, offset, scale, channels):
    x = np.dstack([image, image[..., ::-1]])[..., :channels] * np.float32(factor) + offset
    theirs, ours = (m.apply_brightness_shift(x, brightness, scale) for m in (old, new))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype


def test_random_light(image):
    for name, argument in (("random_brightness", (0.5, 2)), ("random_channel_shift", 60)):
        results = []
        for module in (old, new):
            np.random.seed(8)
            results.append(getattr(module, name)(image, argument))
        np.testing.assert_array_equal(*results)


def test_ranges_are_two_numbers(image):
    with pytest.raises(ValueError, match=r"brightness_range must be .*; got \[1\]"):
        new.random_brightness(image, [1])
    with pytest.raises(ValueError, match=r"zoom_range must be .*; got \[0\]"):
        new.random_zoom(image, [0])
    assert new.random_zoom(image, (1, 1), **LAST) is image


@pytest.mark.parametrize("dtype", ["int64", "uint64", "bool", "float16", "int8"])
def test_flips_keep_every_dtype(image, dtype):
    x = image.astype(dtype)
    for name, axis in (("flip_horizontal", 1), ("flip_vertical", 0)):
        flipped = new.ImageDataGenerator().apply_transform(x, {name: True})
        assert flipped.dtype == x.dtype
        np.testing.assert_array_equal(flipped, np.flip(x, axis))


def test_flip_axis_is_a_view(image):
    flipped = new.flip_axis(image, 1)
    np.testing.assert_array_equal(flipped, old.flip_axis(image, 1))
    assert np.shares_memory(flipped, image)


def test_matrices_about_the_centre():
    matrix = np.array([[0.9, -0.2, 3], [0.1, 1.1, -2], [0, 0, 1]])
    theirs, ours = (m.transform_matrix_offset_center(matrix, 31, 46) for m in (old, new))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
