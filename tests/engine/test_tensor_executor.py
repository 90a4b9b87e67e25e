"""The tensor executor agrees with OpenCV on whole chains, compiled and not, on every backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from keras_cvdata.engine import tensor
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.steps import Warp
from keras_cvdata.engine.tensor import sampling
from keras_cvdata.layers.adapters import Lambda
from tests.executors import uniforms, with_opencv, with_tensors

pytestmark = pytest.mark.backends

DTYPES = ["uint8", "float32"]
if keras.backend.backend() != "torch":  # where Keras makes int32 of uint16
    DTYPES.append("uint16")

# Each list, and the number of roundings of uint8 that the executors may do differently.
CHAINS: list[tuple[list[Any], int]] = [
    (
        [
            layers.RandomFlip(),
            layers.RandomRotateBound(30),
            layers.RandomZoomCrop((0.8, 1.3)),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomChannelLighting((0.8, 1.0), rate=0.5),
        ],
        1,
    ),
    (
        [
            layers.RandomRot90(),
            layers.RandomRoll(),
            layers.RandomRotateBound(30, fill_mode="constant", rate=0.5),
            layers.RandomInvert(),
        ],
        2,
    ),
    (
        [
            layers.RandomLighting((0.8, 1), 0.1),
            layers.RandomRangeLighting(),
            layers.RandomInvert(),
            layers.RandomChannelLighting(),
            layers.RandomRoll(0.2, 0.2),
        ],
        0,
    ),
    (
        [
            layers.RandomZoomCrop((0.5, 1), fill_mode="wrap"),
            layers.RandomLighting((0.5, 1), 0),
            layers.RandomTranslation(0.3, 0.3, fill_mode="nearest"),
        ],
        3,
    ),
    (
        [
            layers.RandomPerspective(scale=0.2),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.2, 0.1),
            layers.RandomShear(0.2, 0.1),
            layers.RandomAffine(20),
            layers.RandomCrop(24, 30),
        ],
        1,
    ),
    (
        [
            layers.Resizing(26, 24),
            layers.Pad(4),
            layers.RandomElasticTransform(),
            layers.CenterCrop(24, 24),
        ],
        3,
    ),
]


@pytest.mark.parametrize("chain", range(len(CHAINS)))
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
def test_executors_agree_on_chains(chain: int, channels: int, dtype: str) -> None:
    """0.02 of 255 for floats; one level for every rounding of integers; tables bit for bit."""
    steps, roundings = CHAINS[chain]
    one = Chain(steps, value_range=(0, 1))
    random = np.random.default_rng(chain)
    x = random.random((8, 53, 41, channels), np.float32)
    if dtype != "float32":
        x = (x * np.iinfo(dtype).max).astype(dtype)
    u = uniforms(one, len(x))
    difference = np.abs(with_opencv(one, x, u).astype(np.float64) - with_tensors(one, x, u)).max()
    # OpenCV's weights are float32, so 16-bit pixels are exact to 2e-5 of their range.
    limits = {"uint8": roundings, "uint16": roundings * 3, "float32": 0.02 / 255}
    assert difference <= limits[dtype]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chain", "channels"),
    [
        *((0, 3), (3, 1)),
        *(
            pytest.param(*each, marks=pytest.mark.nightly)
            for each in [(0, 1), (1, 3), (2, 3), (4, 1), (5, 3)]
        ),
    ],
)
def test_compiled_equals_eager(chain: int, channels: int) -> None:
    """Jitted on JAX, a graph and XLA on TensorFlow; only the last bits of floats may differ."""
    steps = Chain(CHAINS[chain][0], value_range=(0, 1))
    x = np.random.default_rng(0).random((4, 33, 47, channels), np.float32)
    u = uniforms(steps, 4).astype(np.float32)

    def run(images: Any, u: Any) -> Any:
        return tensor.render_batch(images, steps.plan(u, 33, 47, channels, xp=ops))

    eager = ops.convert_to_numpy(run(ops.convert_to_tensor(x), ops.convert_to_tensor(u)))
    for function in compiled(run):
        result = ops.convert_to_numpy(function(ops.convert_to_tensor(x), ops.convert_to_tensor(u)))
        assert np.quantile(np.abs(result - eager), 0.9999) <= 1e-4


def compiled(function: Any) -> list[Any]:
    """Compile a function in the ways of the backend."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return [tf.function(function), tf.function(function, jit_compile=True)]
    if keras.backend.backend() == "jax":
        import jax

        return [jax.jit(function)]
    return [function]


@pytest.mark.parametrize("size", [(28, 97), (61, 40)])
def test_nearest_agrees(size: tuple[int, int]) -> None:
    """Masks: but for points that rounding puts on either side, one pixel of 5,000 at most."""
    steps = Chain(
        [
            layers.RandomRotateBound(180, interpolation="nearest"),
            layers.RandomZoomCrop((0.5, 2), interpolation="nearest"),
        ]
    )
    x = np.random.default_rng(0).integers(0, 256, (8, *size, 1), np.uint8)
    u = uniforms(steps, 8)
    assert np.mean(with_opencv(steps, x, u) != with_tensors(steps, x, u)) <= 1 / 5000


def test_functions_cannot_act_on_tensors() -> None:
    plan = Chain([Lambda(np.flipud)]).plan(ops.zeros((1, 0)), 4, 4, 3, xp=ops)
    with pytest.raises(TypeError, match=r"cannot act on tensors.*`augment` list of a sequence"):
        tensor.render_batch(ops.ones((1, 4, 4, 3)), plan)


def test_signed_integers_are_refused() -> None:
    plan = Chain([layers.RandomFlip()]).plan(ops.zeros((1, 2)), 4, 4, 3, xp=ops)
    with pytest.raises(TypeError, match=r"must be unsigned integers .* or floats; got int32"):
        tensor.render_batch(ops.ones((1, 4, 4, 3), dtype="int32"), plan)


def test_bfloat16_stays() -> None:
    x = ops.ones((1, 4, 4, 3), dtype="bfloat16")
    y = layers.RandomInvert(1.0, value_range=(0, 1))(x)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert not ops.convert_to_numpy(ops.any(y))


@pytest.mark.parametrize("shape", [(4, 4), (1, 2, 4, 4, 3)])
def test_other_ranks_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"takes images of shape \(height, width, channels\)"):
        layers.RandomFlip()(ops.ones(shape))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
@pytest.mark.slow
def test_unknown_sizes_in_a_tensorflow_graph() -> None:
    """Images of any size in one compiled function, as tf.data.map brings them."""
    import tensorflow as tf

    stack = [
        layers.RandomRotateBound(seed=1),
        layers.RandomRoll(seed=1),
        layers.RandomTranslation(seed=2),
        layers.RandomLighting(seed=1),
    ]

    def augment(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    shapes = [(20, 30), (33, 17)]
    data = tf.data.Dataset.from_generator(
        lambda: (np.full((*shape, 3), 100, np.uint8) for shape in shapes),
        output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
    )
    out = list(data.map(augment).as_numpy_iterator())
    assert [y.shape for y in out] == [(*shape, 3) for shape in shapes]
    assert all(y.dtype == np.uint8 for y in out)


@pytest.mark.slow
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_no_place_lies_outside_the_image(fill_mode: str, interpolation: str) -> None:
    """However far a matrix leads, or to nowhere, it reads that image and none beside it."""
    far = [np.nan, np.inf, -np.inf, 1e30, -1e7, 3e7, 8.3e6]
    matrices = np.tile(np.eye(3), (len(far) + 1, 1, 1))
    matrices[:-1, 0, 2] = matrices[:-1, 1, 2] = far
    matrices[-1, 2] = [1, 0, -2]  # depth 0 in the third column
    matrices = ops.convert_to_tensor(matrices.astype("float32"))
    step = Warp(matrices, fill_mode, 0.0, interpolation, projective=True)
    brightness = np.arange(1.0, len(far) + 2, dtype=np.float32)[:, None, None, None]
    x = ops.convert_to_tensor(np.tile(brightness, (1, 6, 7, 1)))

    def warp(images: Any) -> Any:
        return sampling.warp(images, step, 0.0)

    for function in (warp, *compiled(warp)):
        y = ops.convert_to_numpy(function(x))
        if fill_mode == "constant":  # which is black, and blends in at the border
            assert ((y >= 0) & (y <= brightness * (1 + 1e-6))).all()
        else:
            assert np.allclose(y, brightness)
