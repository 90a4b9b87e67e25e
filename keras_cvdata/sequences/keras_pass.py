"""How Keras's passes over a sequence get our batches in our order.

`fit(shuffle=True)`, the default of Keras, asks for batch indices in a random order that nobody can
look ahead in, so an epoch is served by order of arrival. Keras's hooks do not tell when: they fire
a different number of times on each backend, and not at all when a fit is cut short. What is always
there is the generator with which Keras walks over the sequence. One generator is one pass; a person
who writes `seq[i]` is none.

The generators are known by their code, as methods of Keras's adapter, which is not public. Where
that changes, one warning says so, batches are served by index, and `on_epoch_end` leads on.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Literal, NamedTuple

import keras

from keras_cvdata.loading.interrupts import Interrupts
from keras_cvdata.loading.threads import THREAD_NAME

ADAPTER, GENERATOR = "PyDatasetAdapter", "_finite_generator"
KNOWN_TO_WORK = "3.12 to 3.16"
FRAMEWORKS = ("keras.", "tensorflow.", "torch.")

BUILDERS = ("_symbolic_build", "_maybe_symbolic_build")  # of models, from the shapes of a batch

Asker = Literal["workers", "wrapper", "keras", "trial"]


class _Adapter(NamedTuple):
    """The code of Keras's adapter of sequences."""

    generators: frozenset[CodeType]  # each walks over a sequence
    others: frozenset[CodeType]  # one infers shapes from batches that are not trained on
    is_known: bool


@functools.cache
def adapter_of_keras() -> _Adapter:
    """Find the code that walks over sequences, in the module that defines `PyDataset` itself."""
    module = sys.modules[keras.utils.PyDataset.__module__]
    members = vars(getattr(module, ADAPTER, object))
    functions = [inspect.unwrap(each) for each in members.values() if inspect.isfunction(each)]
    codes = [code for function in functions for code in _with_nested(function.__code__)]
    generators = frozenset(code for code in codes if code.co_flags & inspect.CO_GENERATOR)
    is_known = GENERATOR in {code.co_name for code in generators}
    return _Adapter(generators, frozenset(codes) - generators, is_known)


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    """A function's code and that of what is defined in it, such as comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)


@functools.cache
def warn_of_unknown_keras() -> None:
    """Say once in a process that passes may not be recognised, and what happens then."""
    warnings.warn(
        f"Keras {keras.__version__} goes over sequences in a way that keras_cvdata does not "
        f"recognise; Keras {KNOWN_TO_WORK} is known to work. Training goes on: each epoch still "
        "has every sample once and draws of its own, but batches may come in the order that Keras "
        "asks for, and the number of the epoch may be ahead. Where that number matters, pass "
        "callbacks=[EpochCallback(sequence)] to fit (from keras_cvdata import EpochCallback).",
        stacklevel=frames_of_ours(),
    )


def frames_of_ours() -> int:
    """Count the frames from the caller outwards to the first that is not of this package.

    Returns:
        What `warnings.warn` takes as `stacklevel`.
    """
    frame, count = sys._getframe(1), 1
    while frame.f_back is not None and _module(frame).startswith("keras_cvdata."):
        frame, count = frame.f_back, count + 1
    return count


def keras_pass(frame: FrameType | None, sequence: object) -> FrameType | None:
    """Return the generator of Keras that walks over a sequence and asks for a batch now.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence.

    Returns:
        The frame of the generator, also where it asks through a `__getitem__` of a subclass; None
        where anybody else asks.
    """
    frame = _caller_of(frame, sequence, "__getitem__")
    is_pass = frame is not None and frame.f_code in adapter_of_keras().generators
    return frame if is_pass else None


def asker_by_index(frame: FrameType | None, sequence: object) -> Asker | None:
    """Say who asks for a batch by its index.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence.

    Returns:
        "workers" of Keras's enqueuer; a "wrapper" between Keras and the sequence; "keras" itself,
        where it does not walk as we know it; "trial" where it looks at shapes before an epoch; None
        for a person.
    """
    frame = _caller_of(frame, sequence, "__getitem__")
    if frame is None or frame.f_code in adapter_of_keras().others:
        return "trial" if frame else None
    if _module(frame).startswith(FRAMEWORKS):
        return "workers" if _is_worker(frame) else "keras"
    while frame is not None:
        if _is_worker(frame):
            return "workers"
        if _is_generator_of_keras(frame):
            return "wrapper"
        frame = frame.f_back
    return None


def called_by_keras(frame: FrameType | None, sequence: object, method: str) -> bool:
    """Say whether Keras itself calls a method of a sequence.

    Args:
        frame: The frame that called the method.
        sequence: The sequence.
        method: Name of the method, which subclasses may have overridden.

    Returns:
        Whether the call comes from code of Keras, not of a wrapper or a person.
    """
    frame = _caller_of(frame, sequence, method)
    return frame is not None and _is_of_keras(frame)


def enclosing_pass(frame: FrameType | None) -> FrameType | None:
    """Return the generator of Keras that asks for a batch, through whatever wrappers.

    Args:
        frame: The frame that called `__getitem__` of the sequence.

    Returns:
        The frame of the generator, or None where it is not Keras that asks.
    """
    while frame is not None and not _is_generator_of_keras(frame):
        frame = frame.f_back
    return frame


def warn_of_one_epoch(walker: Literal["workers", "wrapper"], epoch: int) -> None:
    """Say that indices alone do not lead to the next epoch; for `_note_index` to call.

    Args:
        walker: What `asker_by_index` found.
        epoch: Number of the epoch that would be served for ever.
    """
    if walker == "workers":
        way = "by workers of its own"
        mend = "Set workers to 1; the sequence has its threads, and those serve no stale batches."
    else:
        way = "through a wrapper"
        mend = (
            "Pass callbacks=[EpochCallback(sequence)] to fit "
            "(from keras_cvdata import EpochCallback)."
        )
    warnings.warn(
        f"Keras takes the batches of this sequence by index, {way}, which does not tell when an "
        f"epoch ends: all would be epoch {epoch}. {mend}",
        stacklevel=4,
    )


def is_trial(walk: FrameType) -> bool:
    """Say whether Keras takes a batch only to build a model by its shapes, and not to train on it.

    `tf.data` asks on a thread of its own, so on TensorFlow the other threads are looked at for one
    that waits for it.

    Args:
        walk: The generator of Keras, when it asks for its first batch.

    Returns:
        Whether nobody trains, evaluates or predicts on what the generator gets.
    """
    adapter, builders = adapter_of(walk), _builders()
    if any(
        frame.f_code in builders and adapter in map(_adapter, frame.f_locals.values())
        for newest in _stacks()
        for frame in _outwards(newest)
    ):
        return True
    asking = next((each for each in _outwards(walk) if not _is_generator(each)), walk)
    return asking.f_code is inspect.unwrap(keras.Model.predict).__code__  # as on JAX


def adapter_of_fit(walk: FrameType) -> Any:
    """Return the adapter of the `fit` in whose midst a pass validates or predicts.

    Args:
        walk: The generator of Keras, when it asks for its first batch.

    Returns:
        The adapter, whose generators train; None where the pass itself trains, or is not of an
        `evaluate` or `predict` that a `fit` or its callback has called.
    """
    adapter, inner, fit = adapter_of(walk), _code_of("evaluate", "predict"), _code_of("fit")
    for newest in _stacks():
        is_inside = False
        for frame in _outwards(newest):
            if frame.f_code in inner:
                is_inside = is_inside or adapter in _adapters(frame)
            elif is_inside and frame.f_code in fit:
                return next(iter(_adapters(frame)), None)
    return None


def _adapters(frame: FrameType) -> list[Any]:
    return [found for found in map(_adapter, frame.f_locals.values()) if found is not None]


def _code_of(*methods: str) -> set[CodeType]:
    return {inspect.unwrap(getattr(keras.Model, method)).__code__ for method in methods}


@functools.cache
def _builders() -> frozenset[CodeType]:
    methods = [getattr(keras.Model, name, None) for name in BUILDERS]
    return frozenset(inspect.unwrap(each).__code__ for each in methods if each is not None)


def walker_of_keras(frame: FrameType | None) -> Any:
    """Return the object of Keras that lives as long as one `fit`, `evaluate` or `predict`.

    Args:
        frame: The frame that called `on_epoch_begin` of a sequence.

    Returns:
        The object, whose `data_adapter` owns the generators, or None where it is not found.
    """
    owners = (each.f_locals.get("self") for each in _outwards(frame) if _is_of_keras(each))
    return next((each for each in owners if _adapter(each) is not None), None)


def epochs_left(frame: FrameType | None) -> int:
    """Count the epochs that a `fit` of Keras has after this one.

    Args:
        frame: The frame that called `on_epoch_begin` of a sequence.

    Returns:
        Their number, unless something stops it; 0 where no `fit` is found.
    """
    fit = inspect.unwrap(keras.Model.fit).__code__
    found = next((each.f_locals for each in _outwards(frame) if each.f_code is fit), {})
    epoch, epochs = found.get("epoch"), found.get("epochs")
    return epochs - epoch - 1 if isinstance(epoch, int) and isinstance(epochs, int) else 0


def adapter_of(walk: FrameType) -> Any:
    """Return the adapter of Keras whose generator this is."""
    return walk.f_locals.get("self")


def loosen(adapter: Any) -> None:
    """Let the adapter of a `fit` that is over no longer own its sequence, or the wrapper of one.

    On TensorFlow the default graph keeps the adapters of all fits for ever, and by them whatever
    their sequences hold. Who still has the sequence can go on with the adapter as before.

    Args:
        adapter: What `adapter_of` gives, after the fit.
    """
    owned = getattr(adapter, "py_dataset", None)
    if isinstance(owned, keras.utils.PyDataset) and type(owned) not in weakref.ProxyTypes:
        adapter.py_dataset = weakref.proxy(owned)


def refuse_shards(frame: FrameType) -> None:
    """Refuse a pass that gets its share of the batches by index, as Keras 3.16 deals them out.

    Each process would get the first batches of the epoch, the same as all others.
    """
    shards = getattr(adapter_of(frame), "_num_data_shards", 1)
    if shards > 1:
        raise ValueError(
            f"Keras deals the batches of this sequence out over {shards} processes, which is not "
            "supported: each process would train on the same batches. Make a sequence of a part "
            "of the samples in each process, and set auto_shard_dataset=False in the distribution."
        )


def refuse_class_weight(frame: FrameType | None, sequence: object) -> None:
    """Refuse `fit(class_weight=...)` for batches that have sample weights, before Keras does.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence, which was made with `on_error="skip"`.

    Raises:
        ValueError: Keras asks for the batch, and was given `class_weight`.
    """
    caller = _caller_of(frame, sequence, "__getitem__")
    if caller is None or not _is_of_keras(caller):
        return
    owners = [each.f_locals.get("self") for each in itertools.islice(_outwards(caller), 2)]
    if any(getattr(owner, "class_weight", None) is not None for owner in owners):
        raise ValueError(
            "Keras takes no class_weight together with sample weights, by which on_error='skip' "
            "marks the images that could not be read. Use on_error='substitute', or "
            "balance=True in place of class_weight."
        )


def _caller_of(frame: FrameType | None, owner: object, method: str) -> FrameType | None:
    """The first frame, outwards, that does not run a method of this name of an object."""
    while frame is not None and _is_method_of(frame, owner, method):
        frame = frame.f_back
    return frame


def _is_method_of(frame: FrameType, owner: object, name: str) -> bool:
    code = frame.f_code
    if code.co_name != name or not code.co_argcount:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is owner


def _is_worker(frame: FrameType) -> bool:
    return frame.f_code.co_name == "get_index" and _is_of_keras(frame)


def _is_generator_of_keras(frame: FrameType) -> bool:
    return _is_of_keras(frame) and _is_generator(frame)


def _is_generator(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & inspect.CO_GENERATOR)


def hear_interrupts() -> None:
    """Hear of Ctrl-C where Keras waits for batches that another thread asks for."""
    if keras.config.backend() == "tensorflow":
        Interrupts.listen()


def _stacks() -> list[FrameType]:
    """The innermost frame of each thread that may have asked Keras for a batch.

    Frames of threads that run are gone in the midst of a look, so none is looked at without need:
    only TensorFlow asks from another thread, and never from one of ours. No variable here or where
    they are looked at outlives the look: a frame that holds itself would keep the sequence.
    """
    if keras.config.backend() != "tensorflow":
        return [sys._getframe()]
    threads = threading.enumerate()
    ours = {thread.ident for thread in threads if thread.name.startswith(THREAD_NAME)}
    return [frame for ident, frame in sys._current_frames().items() if ident not in ours]


def _is_of_keras(frame: FrameType) -> bool:
    return _module(frame).startswith("keras.")


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame, the one that called it, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _adapter(owner: object) -> Any:
    return getattr(owner, "data_adapter", None)
