"""What a worker process does: render slots of batches into memory that it shares.

It loads no deep-learning framework and nothing of the program that started it. It ends when its
input does, that is, when the other end is closed or dies.
"""

from __future__ import annotations

import mmap
import pickle
import sys
from collections import OrderedDict
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.child_process import serve_parent
from keras_cvdata.engine.opencv import NeedsCurvesError
from keras_cvdata.engine.plan import Plan
from keras_cvdata.loading.filling import Outcome
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.loading.shared_memory import Block
from keras_cvdata.loading.workspace import Workspace
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array

KEPT = 8  # sources and blocks that are kept open


class Pickled(NamedTuple):
    """An object in a block: what pickling gave, and the arrays that it refers to.

    Attributes:
        block: Where it lies.
        spans: First byte and end of the pickle, and of each array.
        number: Tells it from all others that lay in this block.
    """

    block: Block
    spans: tuple[tuple[int, int], ...]
    number: int


class Layout(NamedTuple):
    """Where an array lies in a block."""

    shape: tuple[int, ...]
    dtype: str
    offset: int


class Request(NamedTuple):
    """Slots of a batch to render.

    Attributes:
        reader: A source and how it is read.
        plan: The plan of the batch.
        layouts: Where the arrays of the batch lie: a `Layout` in place of each of `BatchMemory`.
        block: The block of the batch.
        slots: Numbers of the slots.
        positions: Position of the sample of each.
    """

    reader: Pickled
    plan: Pickled
    layouts: dict[str, Any]
    block: Block
    slots: list[int]
    positions: list[int]


def arrays_of(buffer: Any, layouts: dict[str, Any]) -> BatchMemory:
    """Make the arrays of a batch of the memory where they lie.

    Args:
        buffer: The memory of the block.
        layouts: Where they lie, see `Request`.

    Returns:
        The arrays, which hold the buffer.
    """
    return BatchMemory(**_each(buffer, layouts))


def _each(buffer: Any, layouts: dict[str, Any]) -> dict[str, Any]:
    found = dict(layouts)
    for name, each in layouts.items():
        if isinstance(each, Layout):
            found[name] = _array(buffer, each)
        elif each is not None:
            found[name] = _each(buffer, each)
    return found


def _array(buffer: Any, layout: Layout) -> Array:
    count = int(np.prod(layout.shape))
    return np.frombuffer(buffer, layout.dtype, count, layout.offset).reshape(layout.shape)


class Worker:
    """Renders what it is asked for.

    Args:
        descriptor: Of the file of shared memory.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._open: OrderedDict[Block, mmap.mmap] = OrderedDict()
        self._readers: OrderedDict[int, tuple[Source, Reading]] = OrderedDict()
        self._plan: tuple[int, Plan] | None = None
        self._workspace = Workspace()

    def render(self, request: Request) -> list[Outcome | None]:
        """Render slots.

        Args:
            request: Which, and how.

        Returns:
            What became of each; `None` where its image is none of uint8 and the plan needs its
            curves, which are not sent: the slot is left to whoever has them.
        """
        number = request.reader.number
        if number not in self._readers:
            self._readers[number] = self._load(request.reader)
            _limit(self._readers)
        source, how = self._readers[number]
        if self._plan is None or self._plan[0] != request.plan.number:
            self._plan = request.plan.number, self._load(request.plan)
        plan = self._plan[1]
        out = arrays_of(self._memory(request.block), request.layouts)
        outcomes: list[Outcome | None] = []
        for slot, position in zip(request.slots, request.positions, strict=True):
            try:
                self._workspace.take_back()
                empty = self._workspace.empty
                outcomes.append(render_slot(source, plan, slot, position, out, how, empty))
            except NeedsCurvesError:
                outcomes.append(None)
        return outcomes

    def _load(self, pickled: Pickled) -> Any:
        # A map of its own, which lives as long as the arrays in it.
        memory = memoryview(pickled.block.open(self._descriptor)).toreadonly()
        first, *arrays = (memory[start:end] for start, end in pickled.spans)
        try:
            return pickle.loads(first, buffers=arrays)
        except (AttributeError, ImportError) as error:
            raise TypeError(
                f"Another process does not find what augments or reads the images: {error}. Define "
                "it in a module that can be imported, or use threads in place of processes."
            ) from error

    def _memory(self, block: Block) -> mmap.mmap:
        if block not in self._open:
            self._open[block] = block.open(self._descriptor)
            _limit(self._open)
        return self._open[block]


def _limit(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > KEPT:
        kept.popitem(last=False)


def main() -> None:
    """Serve the process that started this one, over standard input and output."""
    cv2.setNumThreads(1)
    serve_parent(Worker(int(sys.argv[2])).render)
