"""One loader of `benchmarks/peers.py`, in a process of its own.

    python benchmarks/peer_systems.py --system NAME --data FOLDER --size 224 --threads 2

Prints one line when it is ready, then goes over the folder once for each line that it reads, and
says how long it took. Lines of ours begin with a mark, since libraries print what they like.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

import loading

BATCH = loading.BATCH
MARK = "@peer "
Epoch = Callable[[], Iterable[Any]]


def files_of(folder: Path) -> list[str]:
    return [str(file) for file in sorted(folder.glob("*/*"))]


def opencv_loop(folder: Path, threads: int) -> Epoch:
    """What a person writes by hand: decode, one warp, one table; no labels, no errors, no seeds."""
    files, (height, width) = files_of(folder), loading.SIZE
    pool = ThreadPoolExecutor(threads)

    def place(out: np.ndarray, file: str) -> None:
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR_RGB)
        angle, zoom = np.deg2rad(random.uniform(-30, 30)), random.uniform(0.8, 1.2)
        scale = np.diag([width / image.shape[1], height / image.shape[0], 1])
        cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        turn[0] *= random.choice((1, -1))
        centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
        shift = [random.uniform(-0.1, 0.1) * side for side in (width, height)]
        matrix = centre @ turn @ np.linalg.inv(centre) @ scale
        matrix[:2, 2] += shift
        warped = cv2.warpAffine(image, matrix[:2], (width, height), borderMode=cv2.BORDER_REFLECT)
        values = np.clip(np.arange(256) / 255 + random.uniform(-0.2, 0.2), 0, 1)
        cv2.LUT(warped, values.astype(np.float32), out)

    def epoch() -> Iterator[np.ndarray]:
        random.shuffle(files)
        for start in range(0, len(files), BATCH):
            names = files[start : start + BATCH]
            batch = np.empty((len(names), height, width, 3), np.float32)
            list(pool.map(place, batch, names))
            yield batch

    return epoch


def package(folder: Any, threads: int, **options: Any) -> Epoch:
    from keras_cvdata import Sequence, layers, sources

    augment = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotateBound(degrees=30),
        layers.RandomZoomCrop((0.8, 1.2)),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomLighting(brightness=(-0.2, 0.2)),
    ]
    given = {"augment": augment, "rescale": "unit", "image_size": loading.SIZE, **options}
    source = sources.open_source(folder)
    sequence = Sequence(source, batch_size=BATCH, threads=threads, seed=0, verbose=0, **given)
    return lambda: sequence


def packed(folder: Path, threads: int, **how: Any) -> Epoch:
    from keras_cvdata import convert

    target = Path(tempfile.mkdtemp()) / "pack.h5"
    return package(convert(folder, target, verbose=0, **how), threads)


def packed_pixels(folder: Path, threads: int) -> Epoch:
    return packed(folder, threads, image_size=loading.SIZE)


def package_uint8(folder: Path, threads: int) -> Epoch:
    return package(folder, threads, dtype="uint8", rescale=None)


def plain(folder: Path, threads: int) -> Epoch:
    return package(folder, threads, augment=None)


def grain_albumentations(folder: Path, threads: int) -> Epoch:
    import grain

    images = loading.AlbumentationsImages(folder)
    read = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * BATCH)

    def epoch() -> Iterable[Any]:
        data = grain.MapDataset.source(range(len(images))).shuffle(seed=0)
        return data.map(images.__getitem__).to_iter_dataset(read).batch(BATCH)

    return epoch


def dali(folder: Path, threads: int) -> Epoch:
    from nvidia.dali import fn, pipeline_def, types

    height, width = loading.SIZE

    @pipeline_def(batch_size=BATCH, num_threads=threads, device_id=None, seed=0)
    def pipeline() -> tuple[Any, ...]:
        files, labels = fn.readers.file(file_root=str(folder), random_shuffle=True, name="reader")
        images = fn.decoders.image(files, device="cpu", output_type=types.RGB)
        images = fn.resize(images, size=[height, width])
        matrix = fn.transforms.rotation(
            angle=fn.random.uniform(range=(-30.0, 30.0)), center=[width / 2, height / 2]
        )
        zoom = fn.random.uniform(range=(0.8, 1.2))
        matrix = fn.transforms.scale(
            matrix, scale=fn.stack(zoom, zoom), center=[width / 2, height / 2]
        )
        offsets = [fn.random.uniform(range=(-0.1 * s, 0.1 * s)) for s in (width, height)]
        matrix = fn.transforms.translation(matrix, offset=fn.stack(*offsets))
        images = fn.warp_affine(images, matrix, inverse_map=False)
        images = fn.flip(images, horizontal=fn.random.coin_flip())
        images = fn.cast(images, dtype=types.FLOAT) * (1 / 255)
        images = fn.brightness(images, brightness_shift=fn.random.uniform(range=(-0.2, 0.2)))
        return images, labels

    made = pipeline()
    made.build()
    steps = -(-len(files_of(folder)) // BATCH)
    return lambda: (made.run() for _ in range(steps))


class Labelled:
    """Photographs and the numbers of their classes; at module level for worker processes."""

    def __init__(self, folder: Path) -> None:
        self.files = files_of(folder)
        self.names = sorted({Path(file).parent.name for file in self.files})

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, position: int) -> tuple[Any, int]:
        from PIL import Image

        file = self.files[position]
        return Image.open(file).convert("RGB"), self.names.index(Path(file).parent.name)


def ffcv(folder: Path, threads: int) -> Epoch:
    """Flips, shifts and brightness only; JPEG as it encodes them itself."""
    from ffcv import fields, transforms, writer
    from ffcv.fields import decoders
    from ffcv.loader import Loader, OrderOption

    height, width = loading.SIZE
    target = Path(tempfile.mkdtemp()) / "photographs.beton"
    columns = {"image": fields.RGBImageField(write_mode="jpg"), "label": fields.IntField()}
    writer.DatasetWriter(str(target), columns).from_indexed_dataset(Labelled(folder))
    image = [
        decoders.CenterCropRGBImageDecoder((height, width), ratio=1),
        transforms.RandomHorizontalFlip(),
        transforms.RandomTranslate(padding=height // 10),
        transforms.RandomBrightness(0.2),
        transforms.NormalizeImage(np.zeros(3), np.full(3, 255.0), np.float32),
        transforms.ToTensor(),
    ]
    label = [decoders.IntDecoder(), transforms.ToTensor()]
    pipelines = {"image": image, "label": label}
    loader = Loader(
        str(target), BATCH, num_workers=threads, order=OrderOption.RANDOM, pipelines=pipelines
    )
    return lambda: loader


SYSTEMS: dict[str, Callable[[Path, int], Epoch]] = {
    "decode only": loading.decode_only,
    "OpenCV loop": opencv_loop,
    "this package, folder": package,
    "this package, uint8 batches": package_uint8,
    "this package, packed pixels": packed_pixels,
    "this package, not augmented": plain,
    "ImageDataGenerator": loading.image_data_generator,
    "image_dataset_from_directory + Keras layers": loading.keras_layers,
    "Grain + Albumentations": grain_albumentations,
    "torch DataLoader + Albumentations": loading.torch_albumentations,
    "DALI on CPU": dali,
    "FFCV": ffcv,
}
PACKAGES = ("keras", "tensorflow", "opencv-python", "opencv-python-headless", "numpy", "torch",
            "grain", "albumentations", "nvidia-dali-cuda120", "ffcv")  # fmt: skip


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def tell(**what: Any) -> None:
    print(MARK + json.dumps(what), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", choices=SYSTEMS, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    loading.SIZE = (options.size, options.size)
    epoch = SYSTEMS[options.system](options.data, options.threads)
    for _ in epoch():  # warms up
        pass
    tell(versions=versions(), pid=os.getpid())
    for _ in sys.stdin:
        begun = time.perf_counter()
        for _ in epoch():
            pass
        tell(seconds=time.perf_counter() - begun)


if __name__ == "__main__":
    main()
