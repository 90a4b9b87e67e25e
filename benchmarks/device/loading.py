"""Loading on threads and in processes, against decoding only."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from device.common import Job, Row, Sizes


def loading_layers() -> list[Any]:
    from keras_cvdata import layers as L  # noqa: N812

    return [
        L.RandomFlip("horizontal"),
        L.RandomRotateBound(degrees=30),
        L.RandomZoomCrop((0.8, 1.2)),
        L.RandomTranslation(0.1, 0.1),
        L.RandomLighting(brightness=(-0.2, 0.2)),
    ]


def decoder(files: list[str], threads: int) -> Callable[[], None]:
    """Read and decode files on threads, and throw the pixels away."""
    pool = ThreadPoolExecutor(threads)

    def decode(file: str) -> None:
        cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)

    def run() -> None:
        for _ in pool.map(decode, files):
            pass

    return run


def epoch_of(folder: Path, sizes: Sizes, threads: int, dtype: str, steps: int) -> Any:
    from keras_cvdata import DirectorySequence

    sequence = DirectorySequence(
        folder,
        image_size=sizes.shape,
        augment=loading_layers(),
        rescale="unit" if dtype == "float32" else None,
        dtype=dtype,
        threads=threads,
        steps_per_epoch=steps,
        verbose=0,
    )

    def run() -> None:
        for _ in sequence:
            pass

    return run


def on_threads(job: Job) -> Iterator[Row]:
    cv2.setNumThreads(1)
    files = sorted(map(str, job.folder.glob("*/*")))
    for threads in job.sizes.threads:
        steps = math.ceil(len(files) * threads / 2 / 32)  # some 0.4 s for each side
        count = steps * 32
        some = list(itertools.islice(itertools.cycle(files), count))
        sides = {
            "decode": decoder(some, threads),
            "uint8": epoch_of(job.folder, job.sizes, threads, "uint8", steps),
            "float32": epoch_of(job.folder, job.sizes, threads, "float32", steps),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _, (name, run) in itertools.product(range(job.sizes.repeats + 1), sides.items()):
            start, cpu = time.perf_counter(), time.process_time()
            run()
            times[name].append((time.perf_counter() - start, time.process_time() - cpu))
        wall, cpu = ({n: np.array(t[1:])[:, i] for n, t in times.items()} for i in (0, 1))
        row: Row = {"table": "threads", "threads": threads}
        for name in sides:
            job.known[name, threads] = count / float(np.median(wall[name]))
            row[f"{name}, images/s"] = job.known[name, threads]
            if name != "decode":
                row[f"{name}, of decode"] = float(np.median(wall["decode"] / wall[name]))
            row[f"{name}, CPU ms"] = float(np.median(cpu[name])) / count * 1000
        yield row


@dataclass
class PlannedChain:
    """Stands for a chain whose plans were made elsewhere, so that it needs no layers, no Keras."""

    plans: list[Any]
    output: Any
    uniform_keys: Any = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """The size that the images come in."""
        return height, width

    def plan(self, *_: Any) -> Any:
        """The next plan, in a circle."""
        self.plans.append(self.plans.pop(0))
        return self.plans[-1]


def serve_shard(
    job: Job, positions: np.ndarray, chain: PlannedChain, threads: int, meet: Any
) -> None:
    """Render batches of a shard as a worker process would, and throw them away."""
    from keras_cvdata.loading.loader import Loader
    from keras_cvdata.loading.sampler import BatchIndices
    from keras_cvdata.loading.threads import Pool, prefetch
    from keras_cvdata.sources import DirectorySource

    barrier, done = meet
    source = DirectorySource(job.folder, verbose=0)
    loader = Loader(
        source,
        chain,
        shape=(*job.sizes.shape, 3),
        color_mode="rgb",
        seed=0,
        substitute=False,
    )
    pool = Pool(threads)
    slots = [BatchIndices(rows, np.zeros(len(rows), np.int64)) for rows in positions]
    loader.start(pool, 0, slots[0]).wait()
    barrier.wait(timeout=30)
    begin, cpu = time.monotonic(), time.process_time()
    for _ in prefetch((loader.start(pool, 0, some) for some in slots), 2):
        pass
    done.put((begin, time.monotonic(), time.process_time() - cpu, "keras" in sys.modules))


def in_processes(job: Job) -> Iterator[Row]:
    from keras_cvdata.engine.chain import Chain
    from keras_cvdata.engine.output import Output

    files = len(list(job.folder.glob("*/*")))
    output = Output("float32", "unit")
    chain = Chain(loading_layers(), size=job.sizes.shape, output=output)
    random, batches = np.random.default_rng(0), math.ceil(files / 32)
    begin = time.process_time()
    plans = [
        chain.plan(random.random((32, chain.total_uniforms)), *job.sizes.shape, 3)
        for _ in range(batches)
    ]
    planning = (time.process_time() - begin) / batches / 32 * 1000
    for processes, threads in job.sizes.processes:
        shards = [
            np.resize(np.arange(number, files, processes), (batches, 32))
            for number in range(processes)
        ]
        rate, cpu, keras_there = together(job, shards, PlannedChain(plans, output), threads)
        total = processes * threads
        yield {
            "table": "processes",
            "processes": processes,
            "threads of each": threads,
            "images/s": rate,
            "of decode on as many threads": rate / job.known.get(("decode", total), math.nan),
            "of one process with as many": rate / job.known.get(("float32", total), math.nan),
            "CPU ms": cpu,
            "planning, CPU ms": planning,
            "Keras there": "yes" if keras_there else "no",
        }


def together(
    job: Job, shards: list[np.ndarray], chain: PlannedChain, threads: int
) -> tuple[float, float, bool]:
    """Images per second and CPU ms per image of processes that begin together."""
    context = multiprocessing.get_context("spawn")
    meet = context.Barrier(len(shards)), context.Queue()
    workers = [
        context.Process(target=serve_shard, args=(job, shard, chain, threads, meet), daemon=True)
        for shard in shards
    ]
    for worker in workers:
        worker.start()
    results = [meet[1].get(timeout=40) for _ in workers]
    for worker in workers:
        worker.join(timeout=5)
    begins, ends, cpu, keras_there = zip(*results, strict=True)
    count = sum(shard.size for shard in shards)
    return count / (max(ends) - min(begins)), sum(cpu) / count * 1000, any(keras_there)
