"""Does the device make the pixels that OpenCV makes?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from device.common import Job, Row, backend, our_layers, photographs, usual_mode


def allow_tf32() -> None:
    """Let products of matrices be rounded, which must not change our pixels."""
    if backend() == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32")
    else:
        import torch

        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True


def difference(chain: Any, x: np.ndarray) -> float:
    """Largest difference between the device and OpenCV for equal parameters."""
    import keras
    from executors import tensor_plan, uniforms, with_opencv  # of the tests
    from keras import ops

    from keras_cvdata.engine import tensor

    u = uniforms(chain, len(x))
    if backend() == "jax":
        import jax

        drawn = keras.tree.map_structure(
            lambda a: a.astype(np.float32) if a.dtype == np.float64 else a,
            chain.draw(u, *x.shape[1:3]),
        )

        def run(pixels: Any, drawn: Any) -> Any:
            plan = chain.prepare(drawn, *x.shape[1:], xp=ops)
            return tensor.render_batch(pixels, plan)

        result = jax.jit(run)(x, drawn)
    else:
        result = tensor.render_batch(ops.convert_to_tensor(x), tensor_plan(chain, x.shape, u))
    found = ops.convert_to_numpy(result).astype(np.float64)
    return float(np.abs(with_opencv(chain, x, u).astype(np.float64) - found).max())


def agreement(job: Job) -> Iterator[Row]:
    from keras_cvdata.engine.chain import Chain

    allow_tf32()
    pixels = photographs(8, job.sizes.side)
    # Each rounding of uint8 may go the other way: of the warp, of the contrast, of the saturation.
    for name, count, roundings in (("four moves, one warp", 4, 1), ("six layers", 6, 3)):
        chain = Chain(our_layers()[:count], value_range=(0, 1))
        for dtype, unit, limit in (("uint8", 1, roundings), ("float32", 255, 0.02)):
            x = pixels if dtype == "uint8" else pixels.astype(np.float32) / np.float32(255)
            found = difference(chain, x) * unit
            yield {
                "table": "agreement",
                "backend": f"{backend()}, {usual_mode()}",
                "chain": name,
                "pixels": dtype,
                "difference, levels": found,
                "limit": limit,
                "within": "yes" if found <= limit else "NO",
            }


def agreement_of_all_layers(job: Job) -> Iterator[Row]:
    """Every row of the table that drives the tests, as far as the time goes, each class first."""
    from cases import LAYERS  # of the tests

    seconds = (45 if backend() == "jax" else 20) * job.sizes.seconds  # where each is compiled
    end = time.perf_counter() + seconds
    cases = by_occurrence([case for case in LAYERS if 3 in case.channels])
    outside: dict[str, list[str]] = {"uint8": [], "float32": []}
    worst = {"uint8": 0.0, "float32": 0.0}
    compared = 0
    for case in cases:
        for dtype, found in worst.items():
            limit = getattr(case, dtype)
            levels = 1 if dtype == "uint8" or case.makes else 255
            new = differs(case, dtype)
            worst[dtype] = max(found, new * levels)
            if new > limit:
                outside[dtype].append(f"{case.layer.__name__} {new:.2g} > {limit:.2g}")
        compared += 1
        if time.perf_counter() > end:
            break
    for dtype, found in worst.items():
        yield {
            "table": "agreement",
            "backend": f"{backend()}, {usual_mode()}",
            "chain": f"{compared} of {len(cases)} rows of tests/cases.py",
            "pixels": dtype,
            "difference, levels": found,
            "limit": "that of each",
            "within": "; ".join(outside[dtype]) or "yes",
        }


def by_occurrence(cases: list[Any]) -> list[Any]:
    """The first row of every layer, then the second, and so on."""
    before: Counter[type] = Counter()
    order = []
    for case in cases:
        order.append(before[case.layer])
        before[case.layer] += 1
    return [cases[i] for i in np.argsort(order, kind="stable")]


def differs(case: Any, dtype: str) -> float:
    """Largest difference of one layer, in the units of its pixels."""
    from keras_cvdata.engine.chain import Chain

    span = {"value_range": (0, 1)} if case.needs_range else {}
    x = np.random.default_rng(0).integers(5, 251, (4, 61, 40, 3), np.uint8)
    if dtype == "float32":
        x = (x / 255).astype(np.float32)
    return difference(Chain([case.layer(**case.options, **span)]), x)
