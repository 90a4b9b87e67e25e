"""The benchmark of a collection: settings take turns on a sample, within some seconds."""

from __future__ import annotations

import inspect
import os
import tempfile
import time
from collections.abc import Sequence as Ordered
from pathlib import Path
from typing import Any

from keras_cvdata.arguments import integer
from keras_cvdata.bench import timing
from keras_cvdata.bench.candidates import Candidate, candidates
from keras_cvdata.bench.report import BenchReport, Row
from keras_cvdata.bench.timing import Timing, with_threads
from keras_cvdata.layers.augment_argument import parse_augment
from keras_cvdata.loading.threads import available_cores
from keras_cvdata.progress import track
from keras_cvdata.review.outputs import sequence_of
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources.opening import open_images, open_source

_ROUNDS = 5
_TRIED = 64  # images that tell how large a sample may be
_SHARE = 0.6  # of the seconds, for passes


def bench(
    data: Any,
    *,
    model: Any = None,
    threads: Ordered[int] | None = None,
    seconds: float = 60,
    verbose: int = 1,
    **options: Any,
) -> BenchReport:
    """Measure what limits the loading of a collection, and what other settings would give.

    A sample is loaded with one thread and with more, without augmentation, from packs that are
    written to a temporary folder, and so on, all in turns, so that a busy moment of the machine
    meets each of them. The first round warms up. Labels, masks, boxes and layers that mix samples
    are left out.

    Args:
        data: A sequence, whose settings are measured; or a source, or what `open_source` opens.
        model: Keras model, whose steps are measured on a batch that is there already. It stays as
            it is: where it is compiled, a copy trains.
        threads: Numbers of threads to try; by default 1, 2, 4, ... up to the cores.
        seconds: How long it may take, about; smaller samples are less exact.
        verbose: 0 shows no progress.
        **options: Arguments of the `Sequence` that is made where `data` is none, such as
            `image_size` (224 by default), `augment` and `rescale`, and of its source.

    Returns:
        The report: `print(report.summary())`, `report.frame`, `report.advice()`.

    Raises:
        TypeError: Options come with a sequence.
        ValueError: There are no images, or `seconds` is not positive.

    Example:
        >>> import numpy as np
        >>> x = np.zeros((40, 32, 32, 3), np.uint8)
        >>> report = bench(x, image_size=16, rescale="unit", threads=[1], seconds=1, verbose=0)
        >>> report.sample, report.batch, report.frame.setting.iloc[-1]
        (40, (32, 16, 16, 3), 'uint8 batches')
    """
    if seconds <= 0:
        raise ValueError(f"seconds must be more than 0; got {seconds!r}.")
    begun = time.monotonic()
    sequence = _opened(data, model, options)
    counts = _thread_counts(threads, sequence.threads)
    steps = None
    if model is not None:
        steps = timing.model_steps(model, _pixels(sequence), seconds / 10)
    sample = _sample(sequence, seconds * _SHARE, len(counts) + len(candidates()))
    with tempfile.TemporaryDirectory() as folder:
        first, others = _timings(sample, counts, Path(folder))
        measured = [first, *(each for each, _ in others)]
        alone = next((each for each in measured if each.threads == 1), None)
        if alone is None:
            alone = Timing("stages", 1, with_threads(sample, 1))
            measured.append(alone)
        rounds = _take_turns(measured, begun + seconds * 0.9, verbose)
        stages = timing.stage_ms(alone)
        cold = _cold_rate(first)
    rows = [_row(each, first, found, sequence, data) for each, found in [(first, None), *others]]
    return BenchReport(
        len(sequence.source),
        len(sample.source),
        (sequence.batch_size, *sequence.image_shape),
        rounds,
        stages,
        tuple(rows),
        cold,
        steps,
    )


def _opened(data: Any, model: Any, options: dict[str, Any]) -> Sequence:
    if model is not None:
        return sequence_of(model, data, options)
    if isinstance(data, Sequence):
        if options:
            raise TypeError(
                f"data is a sequence, which has its settings; the options {options} come too late."
            )
        return data
    known = inspect.signature(Sequence).parameters
    reading = {name: value for name, value in options.items() if name not in known}
    settings = {name: value for name, value in options.items() if name in known}
    source = open_source(data, **reading) if reading else open_images(data)
    return Sequence(source, **{"image_size": 224, "label_mode": None, "verbose": 0, **settings})


def _thread_counts(threads: Ordered[int] | None, now: int) -> list[int]:
    """Numbers of threads beside the one that the sequence has."""
    if threads is None:
        cores = available_cores()
        threads = [2**power for power in range(cores.bit_length()) if 2**power < cores] + [cores]
    return sorted({integer("threads", count, 1) for count in threads} - {now})


def _sample(sequence: Sequence, seconds: float, settings: int) -> Sequence:
    """As many images as can be gone over in time."""
    source = sequence.source
    plain = {
        "augment": parse_augment(sequence.augment)[0],
        "label_mode": None,
        "balance": False,
        "steps_per_epoch": None,
        "drop_remainder": False,
        "on_error": "substitute",
        "verbose": 0,
    }
    tried = sequence._with(source.select(timing.spread_over(len(source), _TRIED)), **plain)
    trial = Timing("", tried.threads, tried)
    trial.run(keep=False)
    trial.run()
    one = trial.seconds[0] / trial.images
    wanted = int(seconds / ((1 + _ROUNDS) * settings * one))
    size = max(wanted, min(_TRIED, len(source)))
    return sequence._with(source.select(timing.spread_over(len(source), size)), **plain)


def _timings(
    sample: Sequence, counts: Ordered[int], folder: Path
) -> tuple[Timing, list[tuple[Timing, Candidate | None]]]:
    """What is to be measured: the sample as it is, then other threads, then other settings."""
    found: list[tuple[Timing, Candidate | None]] = [
        (Timing("threads", count, with_threads(sample, count)), None) for count in counts
    ]
    for each in candidates():
        made = each.make(sample, folder)
        if made is not None:
            found.append((Timing(each.setting, made.threads, made), each))
    return Timing("as it is", sample.threads, sample), found


def _take_turns(timings: Ordered[Timing], until: float, verbose: int) -> int:
    done = 0
    for number in track(range(_ROUNDS + 1), "Measuring", _ROUNDS + 1, verbose):
        if number > 1 and time.monotonic() > until:
            break
        for each in timings:
            each.run(keep=number > 0)
        done = number
    return done


def _cold_rate(first: Timing) -> float | None:
    """Images a second where files come from the disk."""
    if not timing.forget_files(first.sequence.source):
        return None
    cold = Timing(first.setting, first.threads, first.sequence)
    cold.run()
    return cold.images_per_second


def _row(
    each: Timing, first: Timing, found: Candidate | None, sequence: Sequence, data: Any
) -> Row:
    do, code = "", ""
    if found is None and each is not first:
        do, code = f"load on {each.threads} threads", f"threads={each.threads}"
    elif found is not None and found.advice is not None and found.code is not None:
        name = os.fspath(data) if isinstance(data, str | os.PathLike) else "DATA"
        do, code = found.advice(sequence), found.code(sequence, name)
    return Row(
        each.setting,
        each.threads,
        each.images_per_second,
        each.cpu_ms,
        each.gain_over(first),
        each.spread,
        do,
        code,
    )


def _pixels(sequence: Sequence) -> Any:
    images = sequence.peek(sequence.batch_size)
    return images[0] if isinstance(images, tuple) else images
