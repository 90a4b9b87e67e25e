"""What an audit found, as tables, text and files."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keras_cvdata.audit import advising, answers, moving, page, reviewing, selecting
from keras_cvdata.audit.answers import Answer
from keras_cvdata.audit.card import card
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.sources import Source
from keras_cvdata.types import Array, Ints
from keras_cvdata.writing import replacing_file, write_text
from keras_cvdata.writing.frames import frame_to_json


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport:
    """What an audit found.

    Args:
        collection: The images and what was measured of them.
        findings: What was found, check by check.
        checks: The checks that looked.
        class_columns: Columns of the table of classes, (K,) each.
        kinds: Kinds of findings that were looked for.
        measures: What was measured of each image, (N,) structured, with fields such as
            "pictures.contrast"; zeros where an image cannot be read.

    Example:
        >>> from keras_cvdata import audit
        >>> x = np.zeros((40, 96, 96, 3), np.uint8)
        >>> print(audit((x, ["cat", "dog"] * 20), checks=["dark"], verbose=0).summary())
        40 images in 2 classes
        Enough images per class?                           not looked at  it was left out ...
        Label error rate low enough?                       not looked at  it was left out ...
        Background uniform or diversified in all classes?  not looked at  it was left out ...
        warning  dark 40
        What to do first:
        1. dark: light it better, or leave it out
    """

    collection: Collection
    findings: tuple[Finding, ...]
    checks: Sequence[Check]
    class_columns: Mapping[str, Array]
    kinds: frozenset[str]
    measures: Array

    @property
    def checklist(self) -> tuple[Answer, ...]:
        """The three questions of the handbook with their answers (R8)."""
        return answers.checklist(self)

    def summary(self) -> str:
        """The checklist, counts by kind, and what to do first, in about ten lines."""
        return answers.summary(self)

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

        rows = [self._row(finding) for finding in selecting.by_severity(self.findings)]
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
                **self._other(finding),
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

    def to_html(self, path: str | os.PathLike[str], images: int = 300) -> None:
        """Write a page with pictures, charts and filters, which needs no other file and no network.

        Names of images are told without the folder that all share.

        Args:
            path: File to write.
            images: Number of pictures to show at most, of each kind of finding in turn; each takes
                about 8 kB. The page says how many findings are left out.
        """
        page.write_page(self, path, images)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write counts, the checklist, findings and the table of classes.

        A finding holds what a row of `issues` does; of a pair also what `pairs` says of the other
        image. `looked` is false where a check only says why it could not look.

        Args:
            path: File to write.
        """
        content = {
            "images": len(self.collection),
            "counts": self.counts(),
            "checklist": [asdict(answer) for answer in self.checklist],
            "findings": [
                {**self._row(finding), **self._other(finding), "looked": finding.looked}
                for finding in self.findings
            ],
            "classes": json.loads(frame_to_json(self.classes, orient="index")),
        }
        write_text(path, json.dumps(content, indent=1, allow_nan=False))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `issues`.

        Args:
            path: File to write.
        """
        # Names of files need not be Unicode.
        with replacing_file(path) as draft:
            self.issues.to_csv(draft, index=False, encoding="utf-8", errors="backslashreplace")

    def advice(self) -> Any:
        """What to do, in the order in which to do it, as a pandas data frame.

        First what makes images and labels right, then data to collect, then layers of this package,
        the perspective family first (R63). Take layers one at a time, and look at the precision of
        each class as well as the accuracy (R62): too much augmentation costs what it gives.

        Returns:
            One row for each piece of advice. Columns: `step` ("remove", "correct", "look", "split",
            "collect", "layer" or "train"), `do`, `code`, and the findings that it answers: `check`,
            `severity`, `label`, `count` and the text of the first as `finding`.

        Example:
            >>> from keras_cvdata import audit
            >>> x = np.zeros((40, 96, 96, 3), np.uint8)
            >>> audit((x, ["cat", "dog"] * 20), checks=["dark"], verbose=0).advice()["code"].item()
            'report.review_list("review.csv", checks=["dark"])'

        Source: Handbook 2, part 7; R61 to R63, R77.
        """
        return advising.advice(self)

    def card(self) -> str:
        """A data-set card as Markdown (R79): population, sampling, sub-populations, known problems.

        Returns:
            The text. What only people know is marked "TO FILL IN".

        Source: Handbook 2, part 8; R79.
        """
        return card(self)

    def keep(self, drop: str | Sequence[str] | None = None, split: str | None = None) -> Source:
        """Select the images that were not flagged; no file changes.

        Of a pair the image that comes later in the collection goes, never both: of every group of
        copies the first stays. A sequence goes on with the result by `seq.with_source(...)`.

        Args:
            drop: Kinds of findings, such as `["unreadable", "near_copy"]`; by default everything of
                severity "error". Findings about classes or the whole collection drop nothing.
            split: Only the images of this split; by default those of all splits.

        Returns:
            The images that stay, with their row numbers.

        Raises:
            ValueError: A kind was not looked for, or there is no such split.

        Example:
            >>> from keras_cvdata import audit
            >>> x = np.zeros((40, 96, 96, 3), np.uint8)
            >>> x[:10, 20:60, ::2] = 255
            >>> len(audit(x, checks=["dark"], verbose=0).keep(drop=["dark"]))
            10
        """
        return selecting.keep(self, drop, split)

    def quarantine(
        self,
        directory: str | os.PathLike[str],
        drop: str | Sequence[str] | None = None,
        dry_run: bool = True,
    ) -> Any:
        """Move flagged files into a folder, from where `restore` brings them back.

        The list of files, quarantine.csv, is on disk before the first one moves, so that a crash
        loses nothing. No file is deleted or overwritten. A file that another row names, too, stays
        while that row is not flagged. Tables still name the files: open them with
        `missing="drop"`.

        Args:
            directory: An empty or new folder outside the collection.
            drop: Kinds of findings, see `keep`.
            dry_run: Only say what would be moved.

        Returns:
            Data frame of the files: `path`, `moved_to` (below `directory`), `check`, `row`.

        Raises:
            ValueError: An image is no local file, the folder lies in the collection, or a kind was
                not looked for.
            FileExistsError: The folder is not empty.
        """
        return moving.quarantine(self, directory, drop, dry_run)

    restore = staticmethod(moving.restore)

    def review_list(
        self,
        path: str | os.PathLike[str],
        checks: str | Sequence[str] | None = None,
        split: str | None = None,
    ) -> int:
        """Write the doubtful images as a table for a second pair of eyes (R13).

        The table opens in a spreadsheet: one line an image, with `row`, `path`, `label`, `check`,
        `score` and `suggestion`. The right class goes into `new_label`, an x into `remove`;
        `Source.correct(path)` applies them. Of pairs with equal labels only the later image is
        listed.

        Args:
            path: CSV file to write.
            checks: Kinds of findings, such as "label_suspect"; by default all on labels, and of the
                others all but notes.
            split: Only the images of this split, with the row numbers that its own folder has, as
                in `DirectorySequence("pets/train").source.correct(path)`.

        Returns:
            Number of images in the list.

        Raises:
            ValueError: A kind was not looked for, or there is no such split.
        """
        return reviewing.write_review_list(self, path, checks, split)

    @cached_property
    def _rows(self) -> Ints:
        return self.collection.source.rows

    def _row(self, finding: Finding) -> dict[str, Any]:
        where = self._named("", finding.position)
        if finding.label is not None:
            where["label"] = finding.label
        keys = ("check", "score", "threshold", "severity", "message", "action")
        return {**where, **{key: getattr(finding, key) for key in keys}}

    def _other(self, finding: Finding) -> dict[str, Any]:
        return {} if finding.other is None else self._named("other_", finding.other)

    def _named(self, prefix: str, position: int | None) -> dict[str, Any]:
        if position is None:
            return {f"{prefix}path": None, f"{prefix}row": None, f"{prefix}label": None}
        source, codes = self.collection.source, self.collection.codes
        label = None if codes is None else self.collection.class_names[codes[position]]
        return {
            f"{prefix}path": source.name(position),
            f"{prefix}row": int(self._rows[position]),
            f"{prefix}label": label,
        }

    def __repr__(self) -> str:
        found = ", ".join(f"{kind} {count}" for kind, count in self.counts().items())
        return f"AuditReport({len(self.collection)} images: {found or 'nothing found'})"
