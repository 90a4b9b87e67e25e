"""What a stress test found, as tables, text and files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from keras_cvdata.stress import advising, comparing, page, storing, telling
from keras_cvdata.stress.comparing import Comparison
from keras_cvdata.stress.errors import CorruptionError, corruption_error, strength_of_fall
from keras_cvdata.stress.scoring import Line
from keras_cvdata.types import Array

EXTRA = ("speckle noise", "gaussian blur", "spatter", "saturate")  # not part of the published mCE


@dataclass(frozen=True, eq=False, repr=False)
class StressReport:
    """How a model does on images that were changed in known ways.

    Args:
        suite: Name of the suite; "own" for perturbations of the caller.
        seed: Selects what perturbations draw.
        lines: Score of each perturbation and severity, the images as they are first.
        unread: Why images were left out because they could not be read, by their names.
        baseline: Report of the model that errors are compared with.
        families: Perturbations by name; empty in a report that was read from a file.
        pictures: One image as it is, and under each perturbation and severity, (H, W, C) uint8.

    Example:
        >>> import keras, keras_cvdata as cvd
        >>> from keras_cvdata.layers import RandomInvert
        >>> bright = keras.Sequential([
        ...     keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D(),
        ...     keras.layers.Lambda(lambda x: keras.ops.sigmoid(20 * (x[:, :1] - 0.5)))])
        >>> x = np.zeros((400, 8, 8, 3), np.uint8)
        >>> x[200:] = 230
        >>> report = cvd.stress_test(bright, (x, ["dark"] * 200 + ["light"] * 200),
        ...                          {"negative": RandomInvert(1.0)}, rescale="unit", verbose=0)
        >>> report.table[["perturbation", "severity", "accuracy", "images"]].values.tolist()
        [['clean', 0, 1.0, 400], ['negative', 1, 0.0, 400]]

    Source: Handbook 2, part 8; R78, R94, R96.
    """

    suite: str
    seed: int
    lines: tuple[Line, ...]
    unread: Mapping[str, str] = field(default_factory=dict)
    baseline: StressReport | None = None
    families: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[tuple[str, int], Array] = field(default_factory=dict)

    @property
    def clean(self) -> Line:
        """The images as they are."""
        return self.lines[0]

    @cached_property
    def perturbations(self) -> dict[str, list[Line]]:
        """Lines of each perturbation by severity."""
        found: dict[str, list[Line]] = {}
        for line in self.lines[1:]:
            found.setdefault(line.perturbation, []).append(line)
        return found

    @cached_property
    def table(self) -> Any:
        """One row for each perturbation and severity as a pandas data frame, "clean" first.

        Columns: `perturbation`, `severity` (0 for "clean"), `strength` and `unit` where the
        perturbation has a measure, `accuracy` (NaN for a model that gives numbers), `loss`,
        `images`; of a model of several outputs also `accuracy <output>` for each. `accuracy` is the
        share of images whose class is right, of several labels whose labels are all right, and the
        mean over several outputs.
        """
        import pandas as pd

        rows = []
        for line in self.lines:
            row = {key: getattr(line, key) for key in ("perturbation", "severity", "strength")}
            row |= {key: getattr(line, key) for key in ("unit", "accuracy", "loss", "images")}
            if len(line.heads) > 1:
                row |= {f"accuracy {head.name}": head.accuracy for head in line.heads}
            rows.append(row)
        return pd.DataFrame(rows).astype({"strength": "float64"})

    @cached_property
    def classes(self) -> Any:
        """Precision and recall of each class on each line as a pandas data frame (R62).

        Columns: `perturbation`, `severity`, `head`, `class`, `precision` and `recall` (NaN where
        there is nothing to count), `images`.
        """
        import pandas as pd

        rows = [
            (line.perturbation, line.severity, head.name, name, precision, recall, int(images))
            for line in self.lines
            for head in line.heads
            for name, precision, recall, images in zip(
                head.class_names, head.precision, head.recall, head.labelled, strict=True
            )
        ]
        names = ["perturbation", "severity", "head", "class", "precision", "recall", "images"]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def matrix(self) -> Any:
        """Accuracies as a pandas data frame, one row a perturbation, one column a severity."""
        import pandas as pd

        cells = {
            name: {line.severity: line.accuracy for line in lines}
            for name, lines in self.perturbations.items()
        }
        return pd.DataFrame(cells).sort_index().T.rename_axis("perturbation")

    @property
    def errors(self) -> Any:
        """Errors of each perturbation over all severities as a pandas data frame.

        Columns: `error` and `baseline`, mean shares of wrong images; `ratio`, the corruption error;
        and `relative`, the same of what the errors exceed those on clean images by. The last three
        are NaN without a baseline.
        """
        import pandas as pd

        found = self.corruption_errors()
        columns = list(CorruptionError.__dataclass_fields__)
        rows = [[getattr(error, key) for key in columns] for error in found.values()]
        return pd.DataFrame(rows, columns=columns, index=list(found)).rename_axis("perturbation")

    @property
    def mean_error(self) -> float:
        """Share of wrong images, averaged over severities and then over perturbations."""
        return float(
            np.mean([error.error for error in self.corruption_errors(published=True).values()])
        )

    @property
    def mce(self) -> float:
        """Mean corruption error: errors in parts of those of the baseline, averaged.

        Of each perturbation the errors of all severities are added up and divided by those of the
        baseline, as published. Without a baseline it is `mean_error`. Of the suite "photo" the 15
        families of the paper count, not the four extra ones.

        Source: D. Hendrycks and T. Dietterich, Benchmarking Neural Network Robustness to Common
            Corruptions and Perturbations, 2019.
        """
        if self.baseline is None:
            return self.mean_error
        return float(
            np.mean([error.ratio for error in self.corruption_errors(published=True).values()])
        )

    @property
    def relative_mce(self) -> float:
        """Mean of what errors exceed those on clean images by, in parts of that of the baseline.

        Perturbations on which the baseline loses nothing are left out; NaN without any other.
        """
        found = [error.relative for error in self.corruption_errors(published=True).values()]
        known = [value for value in found if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")

    def limits(self, fall: float = 0.1) -> Any:
        """Strength at which the accuracy has fallen, between severities along straight lines.

        Args:
            fall: Share of the accuracy on clean images, 0 to 1.

        Returns:
            A pandas data frame, one row for each perturbation whose measure grows with the
            severity: `strength` (NaN for never within the suite), `unit` and `text`.
        """
        import pandas as pd

        rows = {}
        for name, lines in self.perturbations.items():
            strengths = [line.strength for line in lines if line.strength is not None]
            if len(strengths) < 2 or strengths != sorted(strengths):
                continue
            at_rest = 1.0 if lines[0].unit.startswith("times") else 0.0
            found = strength_of_fall(lines, self.clean, fall, at_rest)
            told = "never within the suite" if found is None else f"{found:.3g} {lines[0].unit}"
            rows[name] = (float("nan") if found is None else found, lines[0].unit, told)
        frame = pd.DataFrame(rows.values(), columns=["strength", "unit", "text"], index=list(rows))
        return frame.rename_axis("perturbation")

    def lowest(self) -> tuple[str, float]:
        """The perturbation with the lowest accuracy, averaged over its severities.

        Returns:
            Its name and that accuracy.
        """
        means = {name: 1 - error.error for name, error in self.corruption_errors().items()}
        name = min(means, key=means.__getitem__)
        return name, means[name]

    def summary(self) -> str:
        """Accuracies, the mean error, where it falls most, and what to do first: ten lines."""
        return telling.summary(self)

    def advice(self) -> Any:
        """Augmentation that answers what the model fails on, as a pandas data frame.

        Perturbations that one layer answers make one row, what costs most accuracy first; another
        range of a layer that stands above already comes after all others. Take them one at a time,
        by `prove`, and look at the precision of each class as well as the accuracy (R62): too much
        augmentation costs what it gives. Nothing is proposed where at no severity the accuracy
        falls by 2 points, and by more than the number of images lets it differ by chance (three
        standard errors).

        Returns:
            Columns: `perturbation`, `severity` (the first at which the accuracy falls), `lost`
            (accuracy on clean images less that under the perturbation, over all severities),
            `layer` (ready for `augment=`), `code` (its text) and `why`.

        Source: Handbook 2, part 8; R62, R89 to R91, R94 to R96.
        """
        return advising.advice(self)

    def compare(self, other: StressReport) -> Comparison:
        """Say what closed, opened and is left since another report, as that of the model before.

        Args:
            other: The report before, of a test by the same suite.

        Returns:
            The comparison, with a `table`, and a `summary()` of a few lines. Two accuracies differ
            where they are more than three standard errors apart for the number of images.

        Raises:
            ValueError: The reports share no perturbation, or have no accuracies.
        """
        return comparing.compare(self, other)

    def against(self, baseline: StressReport) -> StressReport:
        """The same report with another one as the baseline of `mce` and `errors`.

        Args:
            baseline: Report of another model, by the same suite and severities.

        Returns:
            The report.

        Raises:
            ValueError: The baseline lacks some of the lines.
        """
        known = {(line.perturbation, line.severity) for line in baseline.lines}
        lacking = [
            f"{line.perturbation} {line.severity}"
            for line in self.lines
            if (line.perturbation, line.severity) not in known
        ]
        if lacking:
            raise ValueError(
                f"The baseline was not tested under {', '.join(lacking[:5])}. Test both models by "
                "one suite and the same severities."
            )
        return replace(self, baseline=baseline)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write a page with the matrix, curves, pictures and advice, which needs no network.

        Args:
            path: File to write.
        """
        page.write_page(self, path)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all counts, from which `from_json` makes the report again, without its pictures.

        Args:
            path: File to write.
        """
        storing.write(self, path)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> StressReport:
        """Read a report that `to_json` wrote.

        Args:
            path: The file.

        Returns:
            The report, without pictures, perturbations and baseline.

        Raises:
            ValueError: The file holds no report.
        """
        return cls(**storing.read(path))

    def corruption_errors(self, published: bool = False) -> dict[str, CorruptionError]:
        """Errors of each perturbation over all severities, by name.

        Args:
            published: Leave the extra families of the suite "photo" out.

        Returns:
            What `errors` is made of.
        """
        others = {} if self.baseline is None else self.baseline.perturbations
        clean = None if self.baseline is None else self.baseline.clean
        return {
            name: corruption_error(lines, self.clean, _alike(lines, others), clean)
            for name, lines in self.perturbations.items()
            if not (published and self.suite == "photo" and name in EXTRA)
        }

    def __repr__(self) -> str:
        return (
            f"StressReport({self.suite!r}: {self.clean.images} images, "
            f"{len(self.perturbations)} perturbations, clean accuracy {self.clean.accuracy:.3f})"
        )


def _alike(lines: Sequence[Line], others: Mapping[str, Sequence[Line]]) -> list[Line]:
    """Lines of another report for the same perturbation and severities."""
    severities = {line.severity for line in lines}
    found = others.get(lines[0].perturbation, ())
    return [line for line in found if line.severity in severities]
