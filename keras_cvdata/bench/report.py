"""What a benchmark of loading found: a table, what limits, and what to change."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from keras_cvdata.bench.timing import ModelSteps
from keras_cvdata.writing import write_text

ENOUGH = 1.15  # times as fast from which a change is worth its trouble
_COLD = 0.7  # of the rate from memory, below which the disk is the limit
_AHEAD = 1.1  # times as fast as the model, from which loading does not hold it up


@dataclass(frozen=True)
class Row:
    """One setting that was measured.

    Attributes:
        setting: What was changed.
        threads: Number of threads.
        images_per_second: In the median round.
        cpu_ms: Milliseconds of the processor for an image, least of the rounds.
        gain: Times as fast as the sequence as it is, see `Timing.gain_over`.
        spread: How far rounds are apart, as a share of the median.
        do: What to do to have it; empty where it only tells what something costs.
        code: How.
    """

    setting: str
    threads: int
    images_per_second: float
    cpu_ms: float
    gain: float
    spread: float
    do: str = ""
    code: str = ""


@dataclass(frozen=True, repr=False)
class BenchReport:
    """What limits the loading of a collection, and which setting to change.

    Attributes:
        images: Images of the collection.
        sample: Images that were measured.
        batch: Shape of a batch.
        rounds: Rounds in which all settings took turns.
        stages: Milliseconds of the processor that reading, decoding, augmenting and the rest of an
            image take.
        rows: The settings; the first is the sequence as it is.
        cold: Images a second where files come from the disk; None where that cannot be measured.
        model: Steps of the model, where there is one.
    """

    images: int
    sample: int
    batch: tuple[int, ...]
    rounds: int
    stages: Mapping[str, float]
    rows: tuple[Row, ...]
    cold: float | None = None
    model: ModelSteps | None = None

    @cached_property
    def frame(self) -> Any:
        """The settings as a pandas data frame, one row each.

        Columns: `setting`, `threads`, `images_per_second`, `cpu_ms`, `gain`, `spread`.
        """
        import pandas as pd

        return pd.DataFrame(map(asdict, self.rows)).drop(columns=["do", "code"])

    @property
    def waiting(self) -> float:
        """Share of the time that the model would wait for data, 0 to 1; 0 without a model."""
        if self.model is None:
            return 0.0
        return max(0.0, 1 - self.rows[0].images_per_second / self.model.images_per_second)

    @property
    def limit(self) -> str:
        """What limits: "model", "disk", "read", "decode", "augment" or "rest"."""
        rate = self.rows[0].images_per_second
        if self.model is not None and rate > _AHEAD * self.model.images_per_second:
            return "model"
        if self.cold is not None and self.cold < _COLD * rate:
            return "disk"
        return max(self.stages, key=self.stages.__getitem__)

    def advice(self) -> Any:
        """What to change, the largest gain first, as a pandas data frame.

        Gains of less than 15 % are left out, and all where the model is the limit. With a model, a
        gain is that of the training.

        Returns:
            Columns: `do`, `code`, and `gain` in times as fast as it is now, as it was measured.
        """
        import pandas as pd

        found = [
            {"do": row.do, "code": row.code, "gain": gain}
            for row in self.rows[1:]
            if row.do and (gain := self._gain(row)) >= ENOUGH
        ]
        frame = pd.DataFrame(found, columns=["do", "code", "gain"])
        return frame.sort_values("gain", ascending=False, ignore_index=True, kind="stable")

    def _gain(self, row: Row) -> float:
        if self.model is None:
            return row.gain
        now = self.rows[0].images_per_second
        most = self.model.images_per_second
        return min(now * row.gain, most) / min(now, most)

    def summary(self) -> str:
        """The table, what limits, and what to change first."""
        return "\n".join((*self._table(), "", self._limit_text(), *self._advice_lines()))

    def _table(self) -> list[str]:
        shape = " x ".join(map(str, self.batch))
        width = max(len(row.setting) for row in self.rows)
        lines = [
            f"{self.sample} of {self.images} images in batches of {shape}, {self.rounds} rounds",
            "an image takes "
            + ", ".join(f"{ms:.2f} ms to {name}" for name, ms in self._verbs())
            + f", {self.stages['rest']:.2f} ms beside, of one processor",
            f"{'':{width}} threads  images/s  CPU ms an image   gain  spread",
        ]
        lines += [
            f"{row.setting:{width}} {row.threads:7d}  {row.images_per_second:8.0f}  "
            f"{row.cpu_ms:15.2f}  {row.gain:5.2f}  {row.spread:6.0%}"
            for row in self.rows
        ]
        threads = self.rows[0].threads
        if self.cold is not None:
            lines.append(f"{'files read from the disk':{width}} {threads:7d}  {self.cold:8.0f}")
        if self.model is not None:
            text = f"model alone ({self.model.way})"
            lines.append(f"{text:{width}} {'':7}  {self.model.images_per_second:8.0f}")
        return lines

    def _verbs(self) -> list[tuple[str, float]]:
        return [(name, self.stages[name]) for name in ("read", "decode", "augment")]

    def _limit_text(self) -> str:
        rate = self.rows[0].images_per_second
        text = f"Limit: {self.limit}."
        if self.limit == "disk":
            text += f" From the disk come {self.cold:.0f} images/s, from memory {rate:.0f}."
        elif self.limit != "model":
            share = self.stages[self.limit] / sum(self.stages.values())
            text += f" It is {share:.0%} of the work on an image."
        if self.model is not None:
            text += (
                f" The model takes {self.model.images_per_second:.0f} images/s, loading gives "
                f"{rate:.0f}: the model would wait for {self.waiting:.0%} of the time, and longer "
                "where both share the processor."
            )
        return text

    def _advice_lines(self) -> list[str]:
        rows = list(self.advice().itertuples(index=False))
        if not rows:
            return ["Nothing that was tried makes it more than 15 % faster."]
        return [f"{row.do[0].upper()}{row.do[1:]}: {row.code}; {row.gain:.1f} times as fast."
                for row in rows[:3]]  # fmt: skip

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all figures, and the advice.

        Args:
            path: File to write.
        """
        content = {
            **asdict(self),
            "limit": self.limit,
            "waiting": self.waiting,
            "advice": self.advice().to_dict(orient="records"),
        }
        write_text(path, json.dumps(content, indent=1, allow_nan=False))

    def __repr__(self) -> str:
        return f"BenchReport({self.sample} of {self.images} images, limit: {self.limit})"
