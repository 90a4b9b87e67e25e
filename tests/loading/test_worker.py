"""What a worker process does, in this process."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import RandomGamma
from keras_cvdata.loading.filling import Outcome
from keras_cvdata.loading.processes import ProcessPool, Room
from keras_cvdata.loading.rendering import Reading
from keras_cvdata.loading.worker import KEPT, Worker
from keras_cvdata.sources import ArraySource

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs memory that is inherited")


class Asked:
    """A request for the slots 1 and 2 of a batch of three images of one brightness each."""

    def __init__(self, dtype: str = "uint8", levels: tuple[float, ...] = (10, 20, 30)) -> None:
        images = np.empty((3, 4, 4, 3), dtype)
        images[:] = np.array(levels).reshape(3, 1, 1, 1)
        source = ArraySource(images)
        how = Reading("rgb", source.rows)
        chain = Chain([RandomGamma((1, 1))], size=(2, 2), output=Output("float32", "unit"))
        plan = chain.plan(np.zeros((3, chain.total_uniforms)), 2, 2, 3)
        self.pool = ProcessPool(1)
        self.batch = self.pool.allocate(
            {
                "pixels": Room((3, 2, 2, 3), np.dtype("float32")),
                "annotations": {"others": {"m": images}},
                "times": np.full((3, 3), 7),
            },
            plan,
        )
        self.batch.memory.pixels[:] = -1
        reader = self.pool.reader(self, source, how)
        assert self.pool.reader(self, source, how) is reader
        self.request = self.batch.request(reader, [1, 2], [0, 2])
        self.worker = Worker(self.pool._memory.descriptor)


def test_slots_are_rendered_into_memory_that_is_shared() -> None:
    asked = Asked()
    assert asked.worker.render(asked.request) == [Outcome(0), Outcome(2)]
    levels = asked.batch.memory.pixels[:, 0, 0, 0] * 255
    assert levels.round().tolist() == [-255, 10, 30]
    assert asked.batch.memory.annotations["others"]["m"].shape == (3, 4, 4, 3)
    assert asked.batch.memory.times is not None
    assert asked.batch.memory.times[0].tolist() == [7, 7, 7]
    assert (asked.batch.memory.times[1:] > 7).all()


def test_what_needs_curves_is_left() -> None:
    asked = Asked("uint16")
    assert asked.worker.render(asked.request) == [None, None]


def test_a_worker_keeps_few_sources_open() -> None:
    asked = [Asked() for _ in range(KEPT + 2)]
    worker = asked[0].worker
    for number, each in enumerate(asked):
        worker._descriptor = each.pool._memory.descriptor
        reader = each.request.reader._replace(number=number)
        worker.render(each.request._replace(reader=reader))
    assert list(worker._readers) == list(range(2, KEPT + 2))
