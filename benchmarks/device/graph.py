"""Layers in the graph against those of Keras, and transfers to the device."""

from __future__ import annotations

import itertools
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from device.common import (
    Cell,
    Job,
    Row,
    backend,
    our_layers,
    photographs,
    reason,
    synchronise,
    their_layers,
    usual_mode,
)


def on_device(layers: list[Any], shape: tuple[int, ...], dtype: str, mode: str) -> Any:
    """Layers in a row as one function of a batch, drawing anew at each call."""
    import keras

    model = keras.Sequential([keras.Input(shape, dtype=dtype), *layers])
    if mode == "jit":
        import jax

        run = jax.jit(lambda state, x: model.stateless_call([], state, x, training=True))
        state = [variable.value for variable in model.non_trainable_variables]

        def call(x: Any) -> Any:
            nonlocal state
            result, state = run(state, x)
            return result

        return call
    import torch

    def eager(x: Any) -> Any:
        with torch.no_grad():
            return model(x, training=True)

    return torch.compile(eager, dynamic=False) if mode == "torch.compile" else eager


def milliseconds(sides: list[Callable[[], Any]], seconds: float) -> list[Cell]:
    """Median of each side, turn by turn, after two calls that warm up."""
    failures = {n: why for n, side in enumerate(sides) if (why := failure_of(side))}
    taken: dict[int, list[float]] = {n: [] for n in range(len(sides)) if n not in failures}
    end = time.perf_counter() + seconds * len(taken)
    for turn in range(200):
        if turn >= 5 and time.perf_counter() > end:
            break
        for number, times in taken.items():
            start = time.perf_counter()
            synchronise(sides[number]())
            times.append(time.perf_counter() - start)
    medians = {number: float(np.median(times)) * 1000 for number, times in taken.items()}
    return [(failures | medians)[number] for number in range(len(sides))]


def failure_of(side: Callable[[], Any]) -> str:
    """Call a side twice, which compiles it, and say why that fails, where it does."""
    try:
        for _ in range(2):
            synchronise(side())
    except Exception as error:
        traceback.print_exc(limit=-6)
        return reason(error)
    return ""


def ratio(one: Cell, other: Cell) -> Cell:
    if isinstance(one, str) or isinstance(other, str):
        return "none"
    return one / other


def compare(
    job: Job, name: str, pick: slice, mode: str, cases: Iterator[tuple[str, int]]
) -> Iterator[Row]:
    """Rows of the comparison with the layers of Keras."""
    from keras import ops

    from keras_cvdata.layers import Pipeline

    for dtype, batch in cases:
        x = ops.convert_to_tensor(photographs(batch, job.sizes.side).astype(dtype))
        shape = (*job.sizes.shape, 3)
        mine, keras_own = Pipeline(our_layers((0, 255))[pick]), their_layers()[pick]
        functions = [on_device(each, shape, dtype, mode) for each in ([mine], keras_own)]
        sides = [lambda f=f, x=x: f(x) for f in functions]
        one, other = milliseconds(sides, job.sizes.seconds)
        yield {
            "table": "layers",
            "backend": f"{backend()}, {mode}",
            "layers": name,
            "batch": f"{batch} {dtype}",
            "ours, ms": one,
            "Keras, ms": other,
            "times as fast": ratio(other, one),
        }


def layers_in_graph(job: Job) -> Iterator[Row]:
    cases = itertools.product(("float32", "uint8"), job.sizes.batches)
    yield from compare(job, "six", slice(None), usual_mode(), cases)


def layers_one_by_one(job: Job) -> Iterator[Row]:
    for number, layer in enumerate(our_layers()):
        case = iter([("float32", job.sizes.batches[-1])])
        yield from compare(job, type(layer).__name__, slice(number, number + 1), usual_mode(), case)


def layers_compiled_by_torch(job: Job) -> Iterator[Row]:
    """A row for each side, since either may take minutes to compile, or fail."""
    import torch
    from keras import ops

    from keras_cvdata.layers import Pipeline

    for column in ("ours, ms", "Keras, ms"):
        for batch in job.sizes.batches:
            torch.compiler.reset()  # what was compiled before counts towards a limit
            x = ops.convert_to_tensor(photographs(batch, job.sizes.side).astype(np.float32))
            layers = [Pipeline(our_layers((0, 255)))] if column == "ours, ms" else their_layers()
            function = on_device(layers, (*job.sizes.shape, 3), "float32", "torch.compile")
            start = time.perf_counter()
            (found,) = milliseconds([lambda f=function, x=x: f(x)], job.sizes.seconds)
            yield {
                "table": "layers",
                "backend": f"{backend()}, torch.compile",
                "layers": "six",
                "batch": f"{batch} float32",
                column: found,
                "compiled and measured in, s": time.perf_counter() - start,
            }


def transfer(job: Job) -> Iterator[Row]:
    from keras import ops

    factor = np.float32(1 / 255)
    for batch in job.sizes.batches:
        small = photographs(batch, job.sizes.side)
        large = small.astype(np.float32) / np.float32(255)
        sides = [
            lambda x=small: ops.cast(ops.convert_to_tensor(x), "float32") * factor,
            lambda x=large: ops.convert_to_tensor(x),
            lambda x=small: ops.convert_to_tensor(np.multiply(x, factor, dtype=np.float32)),
        ]
        one, ready, made = milliseconds(sides, job.sizes.seconds / 2)
        yield {
            "table": "transfer",
            "backend": backend(),
            "batch": batch,
            "uint8, cast there, ms": one,
            "float32, ms": ready,
            "float32, made first, ms": made,
            "times as fast": ratio(made, one),
        }
