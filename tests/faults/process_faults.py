"""Signals, forks, exits and too little memory, in the midst of loading."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.faults.fault import Fault
from tests.faults.programs import running

_ITERATE = """
for batch in waiting():
    ready()
"""
_FIT = """
class Ready(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        ready()
compiled().fit(waiting(rescale="unit"), verbose=0, callbacks=[Ready()])
"""
_CONVERT = """
sequence = waiting()
ready()
cvd.convert(sequence, f"{folder}/out.h5", **({"n_jobs": 2} if how == "threads" else {}))
"""
_AUDIT = """
sequence = waiting()
ready()
cvd.audit(sequence)
"""
_GOES_ON = """
class Interrupt(keras.callbacks.Callback):
    count = 0
    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == 3:
            os.kill(os.getpid(), signal.SIGINT)
sequence, model = arrays(rescale="unit"), compiled()
try:
    model.fit(sequence, verbose=0, callbacks=[Interrupt()])
except KeyboardInterrupt:
    model.fit(sequence, verbose=0)
    threads = [t.name for t in threading.enumerate() if t.name.startswith("keras_cvdata")]
    print("ready")
    print("went on with", sum(len(x) for x, y in sequence), "images", flush=True)
"""
_KILLED = """
batches = iter(waiting())
next(batches)
ready()
list(batches)
"""
_EXIT = """
batches = iter({})
for _ in range(3):  # the next ones drip
    next(batches)
ready()
"""
_OLD = """
from keras_cvdata.preprocessing.image import ImageDataGenerator
x = np.zeros((64, 64, 64, 3), np.float32)
model = compiled()
flow = ImageDataGenerator(rotation_range=20).flow(x, np.arange(64) % 2, batch_size=4)
batches = flow._batches(0) if hasattr(flow, "_batches") else flow
next(batches)
ready()
"""
_FORK = """
sequence, whole = arrays(shuffle=True), [x.sum() for x, y in arrays(shuffle=True)]
batches = iter(sequence)
first = next(batches)[0].sum()
print("ready", flush=True)
child = os.fork()
rest = [x.sum() for x, y in batches]
right = [first, *rest] == whole
if not child:
    os._exit(0 if right else 1)
print("parent", right, "child", os.waitpid(child, 0)[1] == 0, flush=True)
"""
_SPAWN = """
import multiprocessing, pickle
sequence, whole = arrays(shuffle=True), [x.sum() for x, y in arrays(shuffle=True)]
batches = iter(sequence)
first = next(batches)[0].sum()
print("ready", flush=True)
code = "import pickle, sys; s = pickle.load(sys.stdin.buffer); print(*[int(x.sum()) for x, y in s])"
import subprocess
other = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(sequence),
                       capture_output=True).stdout
right = [first, *(x.sum() for x, y in batches)] == whole
print("parent", right, "child", list(map(int, other.split())) == list(map(int, whole)), flush=True)
"""
_LEFTOVERS = """
import gc
def left():
    gc.collect()
    names = [t.name for t in threading.enumerate() if t.name.startswith("keras_cvdata")]
    return names, len(os.listdir("/proc/self/fd"))
for _ in arrays(8): pass
before = left()
for _ in range(5):
    sequence = arrays()
    batches = iter(sequence)
    next(batches)
    del batches, sequence
until = time.monotonic() + 20
while left()[0] and time.monotonic() < until: time.sleep(0.1)
names, descriptors = left()
ready()
print("threads", len(names), "descriptors", descriptors - before[1], flush=True)
"""
_TWICE = """
sequence = cvd.DirectorySequence(f"{folder}/images", image_size=(16, 16), batch_size=4, seed=0,
    on_error="skip", verbose=0, **{how: 2})
ready()
print([sum(len(batch[0]) for batch in sequence) for _ in range(2)], flush=True)
"""
_MEMORY = """
import resource

def sequence(on_error):
    return cvd.DirectorySequence(f"{folder}/images", image_size=(16, 16), batch_size=4, seed=0,
        on_error=on_error, verbose=0, **{how: 1})
small = [batch[0].shape for batch in sequence("skip")]
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (size + 80 * 2**20, hard))
ready()
skipping = sequence("skip")
print(len(list(skipping)), "batches,", [bad.name[-8:] for bad in skipping.report], flush=True)
try:
    list(sequence("raise"))
except Exception as error:
    print(type(error).__name__, str(error)[-200:], flush=True)
"""


def _nothing(folder: Path) -> Path:
    return folder


def _damaged(folder: Path) -> Path:
    """Images of which OpenCV, libjpeg and libpng write lines that name no file."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for name in ("a", "b"):
        (folder / "images" / name).mkdir(parents=True)
        for extension in (".avif", ".bmp", ".gif", ".jpg", ".png"):
            data = cv2.imencode(extension, pixels)[1].tobytes()
            (folder / "images" / name / f"whole{extension}").write_bytes(data)
            if extension == ".png":  # a time that is too short
                data = data[:33] + bytes([0, 0, 0, 1]) + b"tIME" + bytes(5) + data[33:]
            else:
                data = data[: len(data) // 2] + (b"\xff\xd9" if extension == ".jpg" else b"")
            (folder / "images" / name / f"damaged{extension}").write_bytes(data)
    return folder


def _huge_among_small(folder: Path) -> Path:
    for name in ("a", "b"):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(4):
            image = np.full((20, 20, 3), 40 * number, np.uint8)
            cv2.imwrite(str(folder / "images" / name / f"{number}.png"), image)
    huge = np.zeros((7000, 7000, 3), np.uint8)
    huge[::7] = np.arange(7000, dtype=np.uint8)[:, None]
    cv2.imwrite(str(folder / "images" / "a" / "huge.png"), huge)
    return folder


def _interrupted(
    code: str, how: str, number: signal.Signals | None, drips: bool, folder: Path
) -> str:
    with running(code, folder, how) as program:
        if number is not None:
            program.kill(number, drips)
        return program.end()


def _row(
    name: str,
    code: str,
    expected: str,
    *,
    how: str = "threads",
    number: signal.Signals | None = None,
    drips: bool = True,
    **limits: Any,
) -> Fault:
    use = partial(_interrupted, code, how, number, drips)
    given = {"make": _nothing, "cpu": 120.0, "memory": 4000, "seconds": 90.0, **limits}
    return Fault(name, "process", use=use, expected=expected, **given)


_GONE = r"^ended within 3 s with (-2|1); .*interrupted: True; left: 0$"
_CLEAN = r"^ended (within 3|after \d\.\d) s with 0; .*stderr: nothing; interrupted: False; left: 0$"
_WAYS = ("threads", "processes")
_INT = signal.SIGINT

FAULTS = (
    *(
        _row(f"ctrl-c-{name}-{how}-urls-drip", code, _GONE, how=how, number=_INT)
        for name, code in {"loop": _ITERATE, "fit": _FIT}.items()
        for how in _WAYS
    ),
    _row("ctrl-c-convert-urls-drip", _CONVERT, _GONE, number=_INT),
    _row("ctrl-c-audit-urls-drip", _AUDIT, _GONE, number=_INT),
    *(
        _row(f"ctrl-c-and-on-{how}", _GOES_ON, "with 0; said: went on with 64 images", how=how)
        for how in _WAYS
    ),
    _row(
        "sigterm-processes", _KILLED, "with -15; .*left: 0", how="processes", number=signal.SIGTERM
    ),
    _row(
        "sigkill-processes", _KILLED, "with -9; .*left: 0", how="processes", number=signal.SIGKILL
    ),
    *(
        _row(f"exit-while-prefetching-{name}-{how}", _EXIT.format(name), _CLEAN, how=how)
        for name in ("arrays()", "waiting()")
        for how in _WAYS
    ),
    _row("exit-while-prefetching-old-generator", _OLD, _CLEAN),
    *(
        _row(f"{name}-in-a-pass-{how}", code, "parent True child True.*left: 0", how=how)
        for name, code in {"fork": _FORK, "spawn": _SPAWN}.items()
        for how in _WAYS
    ),
    _row(
        "damaged-images-write-no-lines",
        _TWICE,
        r"with 0; said: \[20, 20\]; last line of stderr: nothing",
        make=_damaged,
    ),
    _row("threads-left", _LEFTOVERS, "threads 0 descriptors 0"),
    _row(
        "memory-too-small-for-one-image",
        _MEMORY,
        r"with 0; said: 3 batches, \['huge.png'\] ImageError .*not enough memory",
        make=_huge_among_small,
    ),
)
