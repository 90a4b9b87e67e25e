"""What an audit found, as tables, text and files."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.audit.checks.base import SEVERITIES, Check, Collection, Finding
from keras_cvdata.types import Array


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport:
    """What an audit found.

    Args:
        collection: The images and what was measured of them.
        findings: What was found, check by check.
        checks: The checks that looked.
        class_columns: Columns of the table of classes, (K,) each.
    """

    collection: Collection
    findings: tuple[Finding, ...]
    checks: Sequence[Check]
    class_columns: Mapping[str, Array]

    def counts(self) -> dict[str, int]:
        """Number of findings of each kind that is more than a note."""
        found = (finding.check for finding in self.findings if finding.severity != "note")
        return dict(Counter(found))

    @cached_property
    def issues(self) -> Any:
        """Findings as a pandas data frame, one row each, the most severe first.

        Columns: `path`, `row`, `label`, `check`, `score`, `threshold`, `severity`, `message`,
        `action`; `path` and `row` are missing where a class or the collection is meant.
        """
        import pandas as pd

        ordered = sorted(self.findings, key=lambda finding: SEVERITIES.index(finding.severity))
        rows = [self._row(finding) for finding in ordered]
        names = ["path", "row", "label", "check", "score", "threshold", "severity", "message"]
        frame = pd.DataFrame(rows, columns=[*names, "action"])
        return frame.astype({"row": "Int64", "score": "float64", "threshold": "float64"})

    @cached_property
    def pairs(self) -> Any:
        """Pairs of images as a pandas data frame.

        Columns: `path`, `row`, `label`, `other_path`, `other_row`, `other_label`, `check`, `score`,
        `severity`.
        """
        import pandas as pd

        found = [finding for finding in self.findings if finding.other is not None]
        rows = [
            {
                **{key: self._row(finding)[key] for key in ("path", "row", "label")},
                **self._named("other_", finding.other),
                **{key: getattr(finding, key) for key in ("check", "score", "severity")},
            }
            for finding in found
        ]
        names = ["path", "row", "label", "other_path", "other_row", "other_label"]
        return pd.DataFrame(rows, columns=[*names, "check", "score", "severity"])

    @cached_property
    def classes(self) -> Any:
        """One row for each class as a pandas data frame: number of images, and what checks say."""
        import pandas as pd

        codes, names = self.collection.codes, self.collection.class_names
        if codes is None:
            return pd.DataFrame({"images": [len(self.collection)]}, index=["all"])
        counts = np.bincount(codes, minlength=len(names))
        return pd.DataFrame({"images": counts, **self.class_columns}, index=list(names))

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write counts, findings and the table of classes.

        Args:
            path: File to write.
        """
        content = {
            "images": len(self.collection),
            "counts": self.counts(),
            "findings": [self._row(finding) for finding in self.findings],
            "classes": json.loads(self.classes.to_json(orient="index")),
        }
        Path(path).write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `issues`.

        Args:
            path: File to write.
        """
        self.issues.to_csv(path, index=False)

    def _row(self, finding: Finding) -> dict[str, Any]:
        where = self._named("", finding.position)
        if finding.label is not None:
            where["label"] = finding.label
        keys = ("check", "score", "threshold", "severity", "message", "action")
        return {**where, **{key: getattr(finding, key) for key in keys}}

    def _named(self, prefix: str, position: int | None) -> dict[str, Any]:
        if position is None:
            return {f"{prefix}path": None, f"{prefix}row": None, f"{prefix}label": None}
        source, codes = self.collection.source, self.collection.codes
        label = None if codes is None else self.collection.class_names[codes[position]]
        return {
            f"{prefix}path": source.name(position),
            f"{prefix}row": int(source.rows[position]),
            f"{prefix}label": label,
        }

    def __repr__(self) -> str:
        found = ", ".join(f"{kind} {count}" for kind, count in self.counts().items())
        return f"AuditReport({len(self.collection)} images: {found or 'nothing found'})"
