"""What a worker process does, in this process."""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.cancellation import Cancellation
from keras_cvdata.child_process import serve
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import RandomGamma
from keras_cvdata.loading.filling import Outcome
from keras_cvdata.loading.loader import Loader
from keras_cvdata.loading.processes import Pieces, ProcessPool, Room
from keras_cvdata.loading.rendering import Reading
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.worker import KEPT, Worker
from keras_cvdata.sources import ArraySource, DataFrameSource
from tests.faults.server import Server, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs memory that is inherited")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


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


def test_a_worker_hears_while_it_works_that_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told so, or because the other end is gone."""
    asked, replies = Asked(), io.BytesIO()
    render, reader, writer = asked.worker.render, *os.pipe()

    def wait(request: Any) -> Any:
        Cancellation.current().sleep(60)

    monkeypatch.setattr(asked.worker, "render", wait)
    with os.fdopen(reader, "rb") as requests, os.fdopen(writer, "wb") as ours:
        ours.write(pickle.dumps(asked.request) + pickle.dumps(None) + pickle.dumps(asked.request))
        ours.write(pickle.dumps(asked.request)[:-5])
        ours.close()
        serve(asked.worker.render, requests, replies)
    replies.seek(0)
    assert [type(pickle.load(replies)) for _ in range(2)] == [CancelledError] * 2
    assert render(asked.request) == [Outcome(0), Outcome(2)]


def test_a_process_is_told_that_nobody_waits_for_it(server: Server) -> None:
    """And serves the next request, which nobody gives up."""
    address = f"http://{server.address}/"
    table = pd.DataFrame({"image": [f"{address}body-dripping"] * 3 + [f"{address}whole"] * 3})
    options = {"image_column": "image", "label_column": None, "private_hosts": True}
    source = DataFrameSource(table, allow=("http",), **options)
    chain = Chain([], size=(8, 9), output=Output("uint8", None))
    loader = Loader(source, chain, Reading("rgb", source.rows), shape=(8, 9, 3), seed=0)
    pool = ProcessPool(1)
    whole = BatchIndices(np.array([3, 4, 5]), np.zeros(3, np.int64))
    first = loader.start(pool, 0, whole).wait().pixels
    pids = pool.pids
    given_up = loader.start(pool, 0, BatchIndices(np.arange(3), np.zeros(3, np.int64)))
    while not server.visits["body-dripping"]:
        time.sleep(0.01)
    given_up.cancel()
    with pytest.raises(CancelledError):
        given_up.wait()
    assert (loader.start(pool, 0, whole).wait().pixels == first).all()
    assert pool.pids == pids
    pool.end_threads()


def test_a_batch_under_way_gets_memory_of_its_own_in_a_forked_process() -> None:
    """The process that it was begun in fills the other."""
    asked = Asked()
    room = {"pixels": Room((3, 2, 2, 3), np.dtype("uint8")), "annotations": {}}
    plan = Chain([], size=(2, 2)).plan(np.zeros((3, 0)), 2, 2, 3)
    pieces = Pieces(asked.pool, None, plan, room, [0, 1, 2])
    before = pieces.memory
    pieces.begin_anew_where_forked()
    assert pieces.memory is before
    pieces._process = -1
    pieces.begin_anew_where_forked()
    assert not np.shares_memory(pieces.memory.pixels, before.pixels)
    assert pieces._process == os.getpid()
