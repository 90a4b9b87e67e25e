"""Does one piece of advice close the gap? Trains with and without it, and tests both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.layers.augment_argument import parse_augment
from keras_cvdata.out_of_fold import new_model, seeded
from keras_cvdata.progress import say
from keras_cvdata.sequences import Sequence
from keras_cvdata.stress import advising
from keras_cvdata.stress.comparing import GAP, compare
from keras_cvdata.stress.errors import noise_of
from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.run import stress_test

COST = 0.015  # accuracy on clean images that a piece of advice may cost


@dataclass(frozen=True)
class Run:
    """Stress tests of two models of one seed, trained without and with the advice."""

    seed: int
    before: StressReport
    after: StressReport


@dataclass(frozen=True, eq=False, repr=False)
class Proof:
    """What a piece of advice did.

    Args:
        code: Text of the advice.
        answered: Perturbations that it is to answer.
        runs: Stress tests without and with it, for each seed.
    """

    code: str
    answered: tuple[str, ...]
    runs: tuple[Run, ...]

    @cached_property
    def table(self) -> Any:
        """One row for each seed, and their mean, as a pandas data frame.

        Columns: `clean_before`, `clean_after`, `answered_before` and `answered_after` (accuracy
        under the perturbations that are answered, over all severities), `gap_before` and
        `gap_after` (what these lack to the accuracy on clean images), `precision_before` and
        `precision_after` (the lowest of a class on clean images, R62), `opened` (perturbations
        under which the accuracy fell).
        """
        import pandas as pd

        rows = {str(run.seed): self._row(run) for run in self.runs}
        frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed")
        numbers = frame.drop(columns="opened").mean()
        frame.loc["mean"] = {**numbers, "opened": ", ".join(self.opened)}
        return frame

    @property
    def opened(self) -> tuple[str, ...]:
        """Perturbations under which accuracy fell beyond noise, in more than half of the runs."""
        found = [name for run in self.runs for name in compare(run.after, run.before).of("opened")]
        return tuple(
            name for name in dict.fromkeys(found) if 2 * found.count(name) > len(self.runs)
        )

    @property
    def verdict(self) -> str:
        """What became of the gap on the mean of the seeds: "closed", "narrowed" or "not closed".

        A gap is closed where less than 2 points of accuracy, or than the number of images lets it
        differ by chance, are left, and narrowed where it became smaller beyond that; "no gap" says
        that there was none before. Where more
        than 1.5 points of the accuracy on clean images are lost, too, ", costs" is added.
        """
        mean, noise = self.table.loc["mean"], self._noise
        if mean["gap_before"] <= max(GAP, noise):
            word = "no gap"
        elif mean["gap_after"] <= max(GAP, noise):
            word = "closed"
        elif mean["gap_after"] < mean["gap_before"] - noise:
            word = "narrowed"
        else:
            word = "not closed"
        costs = mean["clean_before"] - mean["clean_after"] > COST
        return f"{word}, costs" if costs else word

    def summary(self) -> str:
        """The verdict with its figures."""
        mean = self.table.loc["mean"]
        seeds = f"{len(self.runs)} seed{'s' * (len(self.runs) != 1)}"
        lines = [
            f"{self.code}: {self.verdict} ({seeds})",
            f"  {', '.join(self.answered)}: {mean['answered_before']:.3f} to "
            f"{mean['answered_after']:.3f}, the gap {mean['gap_before']:.3f} to "
            f"{mean['gap_after']:.3f}",
            f"  clean images: {mean['clean_before']:.3f} to {mean['clean_after']:.3f}, the lowest "
            f"precision of a class {mean['precision_before']:.3f} to {mean['precision_after']:.3f}",
            f"  opened: {', '.join(self.opened) or 'nothing'}",
        ]
        return "\n".join(lines)

    @property
    def _noise(self) -> float:
        """What a gap may differ by for the number of images alone; the answered ones share them."""
        first = self.runs[0].before
        lines = [line for name in self.answered for line in first.perturbations[name]]
        return float(np.mean([noise_of(line, first.clean) for line in lines]))

    def _row(self, run: Run) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for word, report in (("before", run.before), ("after", run.after)):
            row[f"clean_{word}"] = report.clean.accuracy
            row[f"answered_{word}"] = self._accuracy(report)
            row[f"gap_{word}"] = report.clean.accuracy - row[f"answered_{word}"]
            precisions = np.concatenate([head.precision for head in report.clean.heads])
            known = precisions[np.isfinite(precisions)]
            row[f"precision_{word}"] = float(known.min()) if len(known) else float("nan")
        opened = compare(run.after, run.before).of("opened")
        names = ("clean", "answered", "gap", "precision")
        ordered = {f"{n}_{w}": row[f"{n}_{w}"] for n in names for w in ("before", "after")}
        return {**ordered, "opened": ", ".join(opened)}

    def _accuracy(self, report: StressReport) -> float:
        """Mean accuracy under the answered perturbations."""
        each = [[line.accuracy for line in report.perturbations[name]] for name in self.answered]
        return float(np.mean([np.mean(accuracies) for accuracies in each]))

    def __repr__(self) -> str:
        return f"Proof({self.code}: {self.verdict})"


def prove(  # noqa: PLR0913 # the arguments of a public function
    model_fn: Callable[[], Any],
    train: Sequence,
    validation: Any,
    advice: Any,
    epochs: int,
    *,
    suite: str | Mapping[str, Any] = "handbook",
    severities: Iterable[int] = range(1, 6),
    seeds: Iterable[int] = (0,),
    verbose: int = 1,
) -> Proof:
    """Train with and without one piece of advice, stress-test both, and say what it did.

    Both models of a seed begin with the same weights and see the images in the same order; the
    advice stands behind the other augmentation of the training sequence, before what mixes or
    scales images.

    Args:
        model_fn: Makes a new, compiled model. It is called without arguments, twice a seed.
        train: Images to train on, with their augmentation.
        validation: Images to test on, as `stress_test` takes them.
        advice: A layer, a list of layers, or a row of `StressReport.advice()`, such as
            `report.advice().iloc[0]`. Of a row the perturbations that it names count as answered;
            else those under which the model without the advice loses accuracy and a layer of this
            kind is proposed, or all where none is.
        epochs: Epochs that each model trains for.
        suite: As of `stress_test`.
        severities: Likewise.
        seeds: Seeds of weights, orders and draws; one pair of models for each.
        verbose: 0 says nothing, 1 a line for each training and the summary, 2 also what `fit`
            shows.

    Returns:
        The proof.

    Raises:
        TypeError: `model_fn` makes no Keras model, `train` is no sequence, or `advice` is none.
        ValueError: There are no seeds, the advice answers none of the suite, or the model gives no
            classes.

    Source: Handbook 2, part 8; R62, R89, R90.
    """
    integer("epochs", epochs, 1)
    chosen, severities = [integer("seeds", seed, 0) for seed in seeds], list(severities)
    if not chosen:
        raise ValueError("seeds is empty; give at least one, such as (0,).")
    if not isinstance(train, Sequence):
        raise TypeError(f"train must be a sequence of keras_cvdata; got a {type(train).__name__}.")
    layers, code, answers = _read(advice)
    runs, model = [], None
    for seed in chosen:
        reports = []
        for told, added in (("without", []), ("with", layers)):
            with seeded(seed):
                model = new_model(model_fn, model)
                data = _trained_on(train, added, seed)
                model.fit(data, epochs=epochs, verbose="auto" if verbose > 1 else 0)
            reports.append(stress_test(model, validation, suite, severities, seed=seed, verbose=0))
            if verbose:
                say(f"Seed {seed}, trained {told} {code}: {reports[-1]!r}")
        runs.append(Run(seed, *reports))
    proof = Proof(code, _answered(answers, layers, runs[0].before), tuple(runs))
    if verbose:
        say(proof.summary())
    return proof


def _trained_on(train: Sequence, added: list[Any], seed: int) -> Sequence:
    """The training sequence with further layers, behind its own and before what ends a chain."""
    layers, mixers = parse_augment(train.augment)
    end = len(layers)
    while end and any(part.form == "output" for part in layers[end - 1].flatten()):
        end -= 1
    augment = [*layers[:end], *added, *layers[end:], *mixers]
    return train._with(train.source, augment=augment or None, seed=seed)


def _read(advice: Any) -> tuple[list[Any], str, tuple[str, ...]]:
    """Layers of a piece of advice, their text, and what they are to answer."""
    code, answers = "", ()
    if getattr(advice, "ndim", 0) == 2:
        raise TypeError(
            f"advice is a table of {len(advice)} rows, and is tried one at a time. Give a row, "
            "such as advice.iloc[0]."
        )
    if isinstance(getattr(advice, "index", None), Iterable) and "layer" in advice:
        code, answers = advice["code"], tuple(advice["perturbation"].split(", "))
        advice = advice["layer"]
    layers, mixers = parse_augment(advice)
    if mixers or not layers:
        raise TypeError(f"advice must be a layer that changes single images; got {advice!r}.")
    return list(layers), code or ", ".join(map(repr, layers)), answers


def _answered(answers: tuple[str, ...], layers: list[Any], before: StressReport) -> tuple[str, ...]:
    """Perturbations of the suite that the advice is to answer."""
    if np.isnan(before.clean.accuracy):
        raise ValueError("The model gives numbers, which have no accuracy; prove needs classes.")
    found = tuple(name for name in answers if name in before.perturbations)
    if answers and not found:
        raise ValueError(
            f"The advice answers {', '.join(answers)}, and the suite holds "
            f"{', '.join(before.perturbations)}. Give the suite that the advice comes from."
        )
    if found:
        return found
    kinds = {f"layers.{type(layer).__name__}" for layer in layers}
    proposals = advising.proposals(before)
    fitting = [one for one in proposals if one.layer in kinds] or proposals
    named = tuple(name for one in fitting for name in one.perturbation.split(", "))
    return named or tuple(before.perturbations)
