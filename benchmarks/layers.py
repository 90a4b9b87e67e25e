"""Compare layers with Albumentations on CPU threads, and with Keras's own layers in a model.

    python benchmarks/layers.py [--repeats 7] [--backends tensorflow jax torch]

On the CPU each layer acts on uint8 photographs of 224 x 224 x 3 in one thread, drawing included,
and Albumentations gets the same ranges and borders as far as its arguments allow.
In a model, batches of 32 go through flip, rotation, zoom, translation, brightness and contrast, by
`predict_on_batch`. Keras's own layers run as Keras compiles them, which refuses XLA for them. Ours
run with `jit_compile=True` on TensorFlow and JAX, and with Keras's choice, "auto", which leaves XLA
out on TensorFlow without a GPU. Both sides take turns, so that a busy moment of the machine meets
both. The table goes to benchmarks/results/layers.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network on import

import cv2
import numpy as np
from reports import arguments, keep

SIZE, BATCH = 224, 32


def photographs(count: int, size: int = SIZE) -> np.ndarray:
    """Draw images with smooth areas and grain."""
    random = np.random.default_rng(0)
    images = np.empty((count, size, size, 3), np.uint8)
    for image in images:
        areas = random.integers(0, 256, (6, 7, 3), np.uint8)
        smooth = cv2.resize(areas, (size, size), interpolation=cv2.INTER_CUBIC)
        image[:] = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255)
    return images


def pairs() -> dict[str, tuple[list[Any], Any]]:
    """Our layers and the transform of Albumentations that does the same."""
    import albumentations as A  # noqa: N812

    from keras_cvdata import layers as L  # noqa: N812

    geometric = [
        L.RandomFlip("horizontal"),
        L.RandomRotation(degrees=30),
        L.RandomTranslation(0.1, 0.1),
        L.RandomZoomCrop((0.8, 1.2)),
        L.RandomShear(0.1, 0.1),
    ]
    photometric = [
        L.RandomBrightness(0.2),
        L.RandomContrast(0.2),
        L.RandomGamma(),
        L.RandomSaturation((0.41, 0.57)),
        L.RandomInvert(0.5),
    ]
    border = {"border_mode": cv2.BORDER_REFLECT, "p": 1}  # like ours
    theirs = [
        A.HorizontalFlip(),
        A.Rotate(30, **border),
        A.Affine(translate_percent=(-0.1, 0.1), **border),
        A.Affine(scale=(0.8, 1.2), **border),
        A.Affine(shear=(-6, 6), **border),
        A.RandomBrightnessContrast(0.2, 0, p=1),
        A.RandomBrightnessContrast(0, 0.2, p=1),
        A.RandomGamma(p=1),
        A.ColorJitter(0, 0, 0.3, 0, p=1),
        A.InvertImg(p=0.5),
    ]
    return {
        "chain of 5 moves and 5 colours": ([*geometric, *photometric], A.Compose(theirs)),
        "RandomFlip": ([L.RandomFlip("horizontal")], A.HorizontalFlip()),
        "RandomRot90": ([L.RandomRot90()], A.RandomRotate90(p=1)),
        "RandomRotation": ([geometric[1]], theirs[1]),
        "RandomTranslation": ([geometric[2]], theirs[2]),
        "RandomShear": ([geometric[4]], theirs[4]),
        "RandomAffine": (
            [L.RandomAffine()],
            A.Affine((0.9, 1.1), (-0.1, 0.1), rotate=(-15, 15), shear=(-6, 6), **border),
        ),
        "RandomPerspective": ([L.RandomPerspective()], A.Perspective((0.05, 0.2), **border)),
        "RandomElasticTransform": ([L.RandomElasticTransform()], A.ElasticTransform(**border)),
        "RandomResizedCrop": (
            [L.RandomResizedCrop(SIZE, SIZE)],
            A.RandomResizedCrop((SIZE, SIZE), p=1),
        ),
        "RandomCrop": ([L.RandomCrop(192, 192)], A.RandomCrop(192, 192)),
        "CenterCrop": ([L.CenterCrop(192, 192)], A.CenterCrop(192, 192)),
        "Resizing": ([L.Resizing(160, 160)], A.Resize(160, 160)),
        "Pad": ([L.Pad(height=256, width=256)], A.PadIfNeeded(256, 256, p=1)),
        "RandomBrightness": ([photometric[0]], theirs[5]),
        "RandomContrast": ([photometric[1]], theirs[6]),
        "RandomGamma": ([L.RandomGamma()], A.RandomGamma(p=1)),
        "RandomSaturation": ([L.RandomSaturation((0.41, 0.57))], A.ColorJitter(0, 0, 0.3, 0, p=1)),
        "RandomHue": ([L.RandomHue()], A.ColorJitter(0, 0, 0, 0.1, p=1)),
        "RandomColorJitter": (
            [
                L.RandomColorJitter(
                    brightness_factor=0.2,
                    contrast_factor=0.2,
                    saturation_factor=(0.44, 0.55),
                    hue_factor=0.05,
                )
            ],
            A.ColorJitter(0.2, 0.2, 0.2, 0.05, p=1),
        ),
        "RandomGrayscale": ([L.RandomGrayscale(rate=1.0)], A.ToGray(p=1)),
        "RandomInvert": ([L.RandomInvert(1.0)], A.InvertImg(p=1)),
        "RandomPosterization": ([L.RandomPosterization()], A.Posterize(p=1)),
        "Solarization": ([L.Solarization()], A.Solarize(p=1)),
        "AutoContrast": ([L.AutoContrast()], A.AutoContrast(p=1)),
        "Equalization": ([L.Equalization()], A.Equalize(by_channels=True, p=1)),
        "CLAHE": ([L.CLAHE(clip_limit=2.0)], A.CLAHE((2, 2), p=1)),
        "RandomSharpness": ([L.RandomSharpness()], A.Sharpen(p=1)),
        "Normalize": ([L.Normalize((0.5,) * 3, (0.2,) * 3)], A.Normalize(p=1)),
        **_filters(A, L),
    }


def _filters(A: Any, L: Any) -> dict[str, tuple[list[Any], Any]]:  # noqa: N803
    """Blur, noise, compression and occlusion."""
    return {
        "RandomGaussianBlur": (
            [L.RandomGaussianBlur()],
            A.GaussianBlur(sigma_limit=(0.1, 2.0), p=1),
        ),
        "RandomMotionBlur": ([L.RandomMotionBlur()], A.MotionBlur((3, 9), p=1)),
        "RandomGaussianNoise": ([L.RandomGaussianNoise()], A.GaussNoise((0, 0.1), p=1)),
        "RandomShotNoise": ([L.RandomShotNoise()], A.ShotNoise(p=1)),
        "RandomJPEG": ([L.RandomJPEG()], A.ImageCompression("jpeg", (30, 95), p=1)),
        "RandomPixelate": (
            [L.RandomPixelate()],
            A.Downscale(
                (0.125, 0.5), {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_NEAREST}, p=1
            ),
        ),
        "RandomErasing": ([L.RandomErasing(fill_value=0.0, rate=1.0)], A.Erasing(p=1)),
        "GridMask": ([L.GridMask()], A.GridDropout(p=1)),
        **_perturbations(A, L),
    }


def _perturbations(A: Any, L: Any) -> dict[str, tuple[list[Any], Any]]:  # noqa: N803
    """Weather, lenses and pens; `None` where Albumentations has nothing of the kind."""
    return {
        "RandomImpulseNoise": (
            [L.RandomImpulseNoise((0.01, 0.06))],
            A.SaltAndPepper((0.01, 0.06), (0.5, 0.5), p=1),
        ),
        "RandomSpeckleNoise": (
            [L.RandomSpeckleNoise()],
            A.MultiplicativeNoise((0.7, 1.3), per_channel=True, elementwise=True, p=1),
        ),
        "RandomDefocusBlur": ([L.RandomDefocusBlur((3, 5))], A.Defocus((3, 5), 0.5, p=1)),
        "RandomZoomBlur": ([L.RandomZoomBlur(0.11)], A.ZoomBlur((1.11, 1.11), 0.01, p=1)),
        "RandomGlassBlur": (
            [L.RandomGlassBlur(0.7, 2, 2)],
            A.GlassBlur(sigma=0.7, max_delta=2, iterations=2, p=1),
        ),
        "RandomFog": ([L.RandomFog()], A.RandomFog(p=1)),
        "RandomFrost": ([L.RandomFrost()], None),
        "RandomSnow": ([L.RandomSnow()], A.RandomSnow(method="texture", p=1)),
        "RandomSpatter": ([L.RandomSpatter(kind="mud")], A.Spatter(mode="mud", p=1)),
        "RandomShadow": ([L.RandomShadow()], A.RandomShadow(p=1)),
        "RandomMorphology": (
            [L.RandomMorphology((1, 1))],
            A.Morphological((3, 3), "dilation", p=1),
        ),
        "RandomTexture": ([L.RandomTexture()], None),
        "RandomBackground": ([L.RandomBackground()], None),
    }


def ours(augment: list[Any], images: np.ndarray) -> Callable[[], None]:
    """Draw for a batch and render image by image, as a worker thread does."""
    from keras_cvdata.engine import opencv
    from keras_cvdata.engine.chain import Chain
    from keras_cvdata.loading.buffers import BufferPool

    chain = Chain(augment)
    memory, random = BufferPool(), np.random.default_rng(0)
    height, width = chain.output_size(*images.shape[1:3])
    dtype = images.dtype if chain.output.dtype == "source" else chain.output.dtype

    def run() -> None:
        batch = memory.empty((len(images), height, width, 3), dtype)
        plan = chain.plan(random.random((len(images), chain.total_uniforms)), *images.shape[1:])
        for number, image in enumerate(images):
            opencv.render(image, plan, number, batch[number])

    return run


def theirs(transform: Any, images: np.ndarray) -> Callable[[], None]:
    """Transform image by image into memory that is there, which no loader does faster."""
    first = transform(image=images[0])["image"]
    batch = np.empty((len(images), *first.shape), first.dtype)

    def run() -> None:
        for number, image in enumerate(images):
            batch[number] = transform(image=image)["image"]

    return run


def turns(sides: list[Callable[[], Any]], repeats: int) -> list[np.ndarray]:
    """Seconds of each side, turn by turn; the first turn warms up."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(repeats + 1):
        for side, times in zip(sides, taken, strict=True):
            start = time.perf_counter()
            side()
            times.append(time.perf_counter() - start)
    return [np.array(times[1:]) for times in taken]


def on_threads(repeats: int) -> Iterator[str]:
    """Rows of the comparison with Albumentations."""
    images = photographs(BATCH)
    ahead, shared = 0, 0
    for name, (augment, transform) in pairs().items():
        if transform is None:
            (one,) = turns([ours(augment, images)], repeats)
            yield f"| {name} | {np.median(one) / BATCH * 1000:.3f} | | |"
            continue
        one, other = turns([ours(augment, images), theirs(transform, images)], repeats)
        ratio = float(np.median(other / one))
        if not name.startswith("chain"):
            shared += 1
            ahead += ratio >= 0.9
        yield (
            f"| {name} | {np.median(one) / BATCH * 1000:.3f} "
            f"| {np.median(other) / BATCH * 1000:.3f} | {ratio:.2f} |"
        )
    yield ""
    yield f"Ahead or within 10 % on {ahead} of {shared} ({ahead / shared:.0%})."


def model_of(augment: list[Any], jit_compile: bool | str = "auto") -> Any:
    """A model that augments whenever it is called."""
    import keras

    class Always(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(autocast=False)
            self.inner = augment
            self.supports_jit = all(layer.supports_jit for layer in augment)

        def build(self, input_shape: Any) -> None:  # noqa: ARG002
            self.built = True

        def call(self, pixels: Any) -> Any:
            for layer in self.inner:
                pixels = layer(pixels, training=True)
            return pixels

    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), Always()])
    model.compile(jit_compile=jit_compile)
    return model


def in_model(repeats: int) -> str:
    """Row of the comparison with Keras's own layers on the backend of this process."""
    import keras

    from keras_cvdata import layers as L  # noqa: N812

    span = (0, 255)
    mine = [
        L.RandomFlip("horizontal"),
        L.RandomRotation(0.1),
        L.RandomZoom(0.2),
        L.RandomTranslation(0.1, 0.1),
        L.RandomBrightness(0.2, value_range=span),
        L.RandomContrast(0.2, value_range=span),
    ]
    keras_own = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.1),
        keras.layers.RandomZoom(0.2),
        keras.layers.RandomTranslation(0.1, 0.1),
        keras.layers.RandomBrightness(0.2),
        keras.layers.RandomContrast(0.2),
    ]
    x = photographs(BATCH).astype(np.float32)
    jitted = keras.backend.backend() != "torch"  # where torch.compile costs more than it gains
    models = [
        model_of([L.Pipeline(mine)], jitted),
        model_of(mine, jitted),
        model_of([L.Pipeline(mine)]),
        model_of(keras_own),
    ]
    one, single, auto, other = turns([lambda m=m: m.predict_on_batch(x) for m in models], repeats)
    medians = " ".join(f"| {np.median(side) * 1000:.0f}" for side in (one, single, auto, other))
    ratios = " ".join(f"| {np.median(other / side):.1f}" for side in (one, auto))
    return f"| {keras.backend.backend()} {medians} {ratios} |"


def report(repeats: int, backends: list[str]) -> Iterator[str]:
    names = ("keras", "opencv-python", "numpy", "albumentations", "tensorflow", "jax", "torch")
    found = ", ".join(f"{name} {version(name)}" for name in names)
    yield "# Layers"
    yield ""
    yield (
        f"Medians of {repeats} turns; a ratio is the median of those of each turn. "
        f"Python {platform.python_version()}, {found}; CPU only."
    )
    yield ""
    yield f"## On the CPU, one thread, uint8 {SIZE} x {SIZE} x 3"
    yield ""
    yield "| layer | ms an image | Albumentations, ms | times as fast |"
    yield "|---|---:|---:|---:|"
    yield from on_threads(repeats)
    yield ""
    yield f"## In a model: six layers, a batch of {BATCH} x {SIZE} x {SIZE} x 3"
    yield ""
    yield (
        '| backend | in a `Pipeline`, ms | one by one, ms | in a `Pipeline`, "auto", ms '
        '| Keras\'s own, "auto", ms | times as fast | "auto", times |'
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for backend in backends:
        call = [sys.executable, __file__, "--repeats", str(repeats), "--in-model"]
        environment = {**os.environ, "KERAS_BACKEND": backend}
        output = subprocess.run(call, capture_output=True, check=True, env=environment).stdout
        yield output.decode().strip().splitlines()[-1]
    yield ""
    yield f"Made by `python benchmarks/layers.py --repeats {repeats}`."


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--backends", nargs="*", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--in-model", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_model:
        print(in_model(options.repeats))
        return
    cv2.setNumThreads(1)
    keep("layers", report(options.repeats, options.backends))


if __name__ == "__main__":
    main()
