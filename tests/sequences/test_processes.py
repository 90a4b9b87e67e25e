"""Sequences whose batches are rendered by processes: the same batches, and nothing left behind."""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ArraySequence, DirectorySequence, Sequence, layers
from keras_cvdata.loading.processes import ProcessPool
from keras_cvdata.sequences import pools
from tests.loading import functions_for_processes as functions

AUGMENT = [
    layers.RandomFlip("horizontal"),
    layers.RandomRotation(degrees=20),
    layers.RandomLighting((0.8, 1.2), 0.1),
    layers.RandomGaussianNoise(),
]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs memory that is inherited")


def pids(sequence: Sequence) -> list[int]:
    assert isinstance(sequence._pool, ProcessPool)
    return sequence._pool.pids


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def flat(batches: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in keras.tree.flatten(list(batches))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of JPEG and PNG files of different sizes, 8 and 16 bits, one of them damaged."""
    root = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir()
        for number in range(9):
            pixels = random.integers(0, 256, (40 + number, 50, 3), np.uint8)
            cv2.imwrite(str(root / name / f"{number}.jpg"), pixels)
    deep = random.integers(0, 65536, (40, 50, 3), np.uint16)
    cv2.imwrite(str(root / "cat/deep.png"), deep)
    (root / "dog/broken.jpg").write_bytes(b"no image")
    return root


def both(make: Any, *args: Any, count: int = 2, **options: Any) -> tuple[Sequence, Sequence]:
    options = {"seed": 5, "verbose": 0, **options}
    return make(*args, threads=2, **options), make(*args, processes=count, **options)


def test_batches_are_those_of_threads(folder: Path) -> None:
    settings = {"image_size": 32, "batch_size": 7, "augment": AUGMENT, "rescale": "unit"}
    threads, processes = both(DirectorySequence, folder, on_error="skip", **settings)
    for one, other in zip(flat(threads), flat(processes), strict=True):
        assert np.array_equal(one, other)
    assert threads.report == processes.report != ()
    assert len(pids(processes)) <= 2


def test_masks_and_boxes_come_from_processes_too() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (5, 24, 24, 3), np.uint8)
    masks = random.integers(0, 3, (5, 24, 24, 1), np.uint8)
    boxes = [[[2, 3, 10, 12, 1]]] * 5
    options = {"masks": masks, "boxes": boxes, "augment": AUGMENT, "batch_size": 2, "count": 1}
    threads, processes = both(ArraySequence, images, [0, 1, 0, 1, 1], **options)
    for one, other in zip(flat(threads), flat(processes), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_depths_are_left_to_threads(dtype: str) -> None:
    images = (np.random.default_rng(0).random((6, 20, 20, 3)) * 255).astype(dtype)
    images = images / 255 if dtype == "float32" else images
    threads, processes = both(ArraySequence, images, count=1, augment=AUGMENT, rescale="unit")
    assert np.array_equal(threads[0], processes[0])


@pytest.mark.slow
def test_functions_run_where_no_framework_is() -> None:
    images = np.full((3, 4, 4, 3), 40, np.uint8)
    made = ArraySequence(images, augment=functions.frameworks_loaded, processes=1, rescale=None)
    assert made[0].max() == 0
    loud = ArraySequence(images, augment=functions.invert_loudly, processes=1, rescale=None)
    assert (loud[0] == 215).all()


def whites(augment: Any) -> Sequence:
    """Two batches of four images, of which the last is white."""
    images = np.zeros((8, 4, 4, 3), np.uint8)
    images[7] = 255
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "prefetch": 0, "rescale": None}
    return ArraySequence(images, augment=augment, processes=1, **options)


def test_errors_of_functions_come_through_and_the_process_stays() -> None:
    sequence = whites(functions.fail_on_white)
    assert sequence[0].max() == 0
    before = pids(sequence)
    with pytest.raises(ArithmeticError, match="too bright") as raised:
        sequence[1]
    assert "In a worker process" in "".join(raised.value.__notes__)
    assert sequence[0].max() == 0
    assert pids(sequence) == before


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_and_replaced() -> None:
    sequence = whites(functions.die_on_white)
    with pytest.raises(RuntimeError, match="killed by signal 9"):
        sequence[1]
    assert pids(sequence) == []
    assert sequence[0].max() == 0


def test_what_other_processes_do_not_find_is_told() -> None:
    lock = threading.Lock()
    with pytest.raises(TypeError, match="sent to other processes"):
        whites(lambda image: lock and image)[0]
    here = type(sys)("nowhere_to_be_found")
    sys.modules[here.__name__] = here
    exec("def same(image):\n    return image", here.__dict__)
    try:
        with pytest.raises(TypeError, match=r"does not find .* a module"):
            whites(here.same)[0]  # type: ignore[attr-defined]
    finally:
        del sys.modules[here.__name__]


def test_functions_of_the_program_are_sent_by_value() -> None:
    pytest.importorskip("cloudpickle")
    assert (whites(lambda image: image + 3)[0] == 3).all()


@pytest.mark.slow
def test_processes_end_when_told_and_with_their_sequence() -> None:
    sequence = whites(None)
    sequence[0]
    (first,) = pids(sequence)
    sequence._pool.end_threads()
    assert not is_running(first)
    assert sequence[1].max() == 255
    (second,) = pids(sequence)
    del sequence
    gc.collect()
    assert not is_running(second)


@pytest.mark.slow
def test_a_copy_starts_its_own() -> None:
    sequence = whites(None)
    sequence[0]
    other = pickle.loads(pickle.dumps(sequence))
    assert np.array_equal(other[1], sequence[1])
    assert not set(pids(other)) & set(pids(sequence))


def test_auto_takes_processes_where_threads_wait_for_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    images = np.zeros((8, 4, 4, 3), np.uint8)
    options = {"augment": functions.count_in_python, "processes": "auto"}
    # What another program does meanwhile may make threads look faster, not three times of three.
    made = (ArraySequence(images, threads=2, **options) for _ in range(3))
    sequence = next(each for each in made if each.processes)
    assert sequence.processes == 2
    assert isinstance(sequence._pool, ProcessPool)
    assert "2 processes are taken" in capsys.readouterr().out
    alone = ArraySequence(images, threads=1, **options)
    assert alone.processes is None
    assert "one thread alone" in capsys.readouterr().out


def test_auto_keeps_threads_where_processes_are_of_no_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.zeros((8, 4, 4, 3), np.uint8)
    whole = ArraySequence(images, threads=2, processes="auto")
    assert whole.processes is None
    assert "whole batches" in capsys.readouterr().out
    monkeypatch.setattr(pools, "HAS_PROCESSES", False)
    windows = ArraySequence(images, augment=functions.count_in_python, processes="auto")
    assert windows.processes is None
    assert "this system has none" in capsys.readouterr().out


@pytest.mark.parametrize("value", [0, 2.5, "all"])
def test_numbers_of_processes_are_checked(value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="processes"):
        ArraySequence(np.zeros((2, 4, 4, 3), np.uint8), processes=value)


SCRIPT = """
    import os, signal, sys, time
    import numpy as np
    from keras_cvdata.engine.chain import Chain
    from keras_cvdata.engine.output import Output
    from keras_cvdata.loading.loader import Loader
    from keras_cvdata.loading.processes import ProcessPool
    from keras_cvdata.loading.rendering import Reading
    from keras_cvdata.loading.sampler import Sampler
    from keras_cvdata.sources import ArraySource

    source = ArraySource(np.zeros((512, 64, 64, 3), np.uint8))
    chain = Chain([], size=(200, 200), output=Output("float32", "unit"))
    loader = Loader(source, chain, Reading("rgb", source.rows), shape=(200, 200, 3), seed=0)
    pool, sampler = ProcessPool(2), Sampler(512, 32, 0, False)
    indices = ((0, sampler.batch(0, number)) for number in range(16))
    batches = loader.stream(pool, indices, 2)
    next(batches)
    print(*pool.pids, flush=True)
    {end}
"""


@pytest.fixture
def ended() -> Any:
    """Run the script to its end; give its exit code and the numbers of its processes."""

    def run(end: str, kill: int | None = None) -> tuple[int, list[int]]:
        script = textwrap.dedent(SCRIPT).replace("{end}", end)
        command = [sys.executable, "-c", script]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            numbers = [int(number) for number in process.stdout.readline().split()]
            if kill is not None:
                process.send_signal(kill)
            process.communicate(timeout=20)
            return process.returncode, numbers

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "kill", "code"),
    [
        ("pass", None, 0),  # the interpreter ends while batches are under way
        ("batches = None; 1 / 0", None, 1),
        ("time.sleep(20)", signal.SIGINT, -signal.SIGINT),
        ("time.sleep(20)", signal.SIGKILL, -signal.SIGKILL),
        ("os.kill(pool.pids[0], 9); list(batches)", None, 1),
    ],
)
def test_no_process_is_left_whatever_ends(ended: Any, end: str, kill: int, code: int) -> None:
    found, numbers = ended(end, kill)
    assert (found, len(numbers)) == (code, 2)
    until = time.monotonic() + 3
    while any(map(is_running, numbers)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(map(is_running, numbers))


@pytest.mark.slow
@pytest.mark.backends
def test_a_model_trains_from_processes() -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), np.uint8)
    labels = images.mean(axis=(1, 2, 3)) > 127
    histories = []
    for options in ({"threads": 2}, {"processes": 2}):
        keras.utils.set_random_seed(1)
        sequence = ArraySequence(
            images, labels, augment=AUGMENT, rescale="unit", seed=1, verbose=0, **options
        )
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        histories.append(model.fit(sequence, epochs=2, verbose=0).history["loss"])
    assert np.allclose(*histories, rtol=1e-5)
