"""The audit: measure each image once, ask every check, and report."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from numbers import Real
from typing import Any

import numpy as np

from keras_cvdata.audit.checks import CHECKS
from keras_cvdata.audit.checks.base import NEEDS, SEVERITIES, Check, Collection, Finding
from keras_cvdata.audit.keeping import Kept
from keras_cvdata.audit.measuring import READ, Measured, layout, measure_all
from keras_cvdata.audit.parts import Parts, open_parts
from keras_cvdata.audit.report import AuditReport
from keras_cvdata.types import Array, Ints


def audit(  # noqa: PLR0913 # what an audit may be told
    data: Any,
    *,
    splits: Any = None,
    checks: str | Sequence[str | Check] = "all",
    thresholds: Mapping[str, Mapping[str, Any]] | None = None,
    attributes: Mapping[str, str | Sequence[str]] | None = None,
    lighting: str | None = None,
    embeddings: Any = None,
    pred_probs: Array | None = None,
    n_jobs: int | None = None,
    cache: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> AuditReport:
    """Find what is wrong with an image collection before a model is trained on it.

    Each image is read and decoded once. The result depends on the collection and the arguments
    only, not on `n_jobs`, the cache, or where it ran: `joblib.parallel_config` carries the work to
    threads (the default), processes, or a cluster of Dask, Ray or Spark.

    Args:
        data: Path of a folder, CSV, JSON or HDF5 file; a source, a sequence, arrays or a data
            frame; or a mapping of names of splits to these. A folder that holds nothing but
            folders such as train and val is read as these splits.
        splits: Names of sub-folders of `data`, name of a column, or (N,) names of the split of each
            image.
        checks: "all", or names of checks or of what they find, such as `["files", "leakage"]`, and
            checks of your own, which stand in for those of the same name.
        thresholds: Arguments of checks by their names, such as `{"pictures": {"dark": 0.2}}`.
        attributes: What columns of the collection say, as names of columns: "color", "feature",
            "state", "perspective", "lighting".
        lighting: "constant" where pictures are taken under one light in use, so that it needs not
            vary (R12).
        embeddings: (N, D) floats, such as the output of a network's last layer but one, to look for
            outliers; or, for a sequence, the `keras.Model` that makes them, see `embed`.
        pred_probs: (N, K) out-of-fold probabilities of the classes, to look for wrong labels, see
            `oof_pred_probs`.
        n_jobs: Number of parallel jobs; None takes the cores, or what `joblib.parallel_config`
            says.
        cache: File that keeps what was measured, so that an interrupted or repeated audit goes on
            where it was; images are known by path, size and time of change.
        verbose: 0 shows no progress.

    Returns:
        The report.

    Raises:
        ValueError: An argument is none of the choices, arrays do not fit the collection, or nothing
            says what black and white are in float pixels beyond 0 to 1.
        TypeError: A threshold is no argument of its check, or no number, or a check is none.

    Example:
        >>> x = np.zeros((40, 96, 96, 3), np.uint8)
        >>> report = audit((x, ["cat", "dog"] * 20), checks=["pictures"], verbose=0)
        >>> report.counts()["dark"]
        40

    Source: Handbook 2, part 5; R1 to R16.
    """
    if lighting not in (None, "constant"):
        raise ValueError(f"lighting must be None or 'constant'; got {lighting!r}.")
    chosen, kinds = choose(checks, thresholds or {})
    parts = open_parts(data, splits)
    measured = _measure(parts, chosen, n_jobs, cache, verbose)
    values = measured.values
    collection = Collection(
        source=parts.source,
        height=values["height"],
        width=values["width"],
        readable=values["state"] == READ,
        reasons=measured.reasons,
        split_names=parts.split_names,
        splits=parts.splits,
        attributes=_checked_attributes(parts, attributes or {}),
        lighting=lighting,
        embeddings=_per_image(
            "embeddings", _embedded(embeddings, data, verbose), len(parts.source)
        ),
        pred_probs=_per_image("pred_probs", pred_probs, len(parts.source)),
    )
    return _report(collection, values, chosen, kinds)


def choose(
    checks: str | Sequence[str | Check], thresholds: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Check], frozenset[str]]:
    """Make the checks that are asked for.

    Args:
        checks: See `audit`.
        thresholds: See `audit`.

    Returns:
        The checks, and the kinds of findings that are asked for.

    Raises:
        ValueError: There is no such check.
        TypeError: There is no such threshold, it is no number, or a check is none.
    """
    asked = [checks] if isinstance(checks, str) else list(checks)
    wrong = [given for given in asked if not isinstance(given, str | Check)]
    if wrong:
        raise TypeError(
            f"checks must be names, or objects of checks such as MyCheck(); got {wrong[0]!r}."
        )
    own = [check for check in asked if isinstance(check, Check)]
    _check_own(own)
    names = {check for check in asked if isinstance(check, str)}
    if not names and not own:
        names = {"all"}
    known = {"all", *(c.name for c in CHECKS), *(kind for c in CHECKS for kind in c.kinds)}
    unknown_thresholds = set(thresholds) - {check.name for check in CHECKS}
    for word, unknown in (("checks", names - known), ("thresholds", unknown_thresholds)):
        if unknown:
            there = "; ".join(f"{check.name} ({', '.join(check.kinds)})" for check in CHECKS)
            raise ValueError(
                f"{word} names {min(unknown)!r}, which is no check. There are {there}."
            )
    chosen: list[Check] = []
    kinds: set[str] = {kind for check in own for kind in check.kinds}
    for check in CHECKS:
        whole = bool({"all", check.name} & names)
        found = set(check.kinds) if whole else names & set(check.kinds)
        if found and check.name not in [given.name for given in own]:
            chosen.append(_made(check, thresholds.get(check.name, {})))
            kinds |= found
    return chosen + own, frozenset(kinds)


def _check_own(checks: Sequence[Check]) -> None:
    names = [check.name for check in checks]
    for check in checks:
        if check.needs not in NEEDS:
            raise ValueError(
                f"check {check.name!r} needs {check.needs!r}; it may need {', '.join(NEEDS)}."
            )
        if names.count(check.name) > 1:
            raise ValueError(f"checks holds {check.name!r} twice. Give each another name.")


def _made(check: type[Check], thresholds: Mapping[str, Any]) -> Check:
    known = inspect.signature(check).parameters
    try:
        made = check(**thresholds)
    except TypeError as error:
        names = ", ".join(known) or "nothing"
        raise TypeError(f"thresholds of {check.name!r}: {error}. It takes {names}.") from error
    for name, value in thresholds.items():
        if isinstance(known[name].default, Real) and not isinstance(value, Real):
            raise TypeError(
                f"thresholds of {check.name!r}: {name} must be a number; got {value!r}."
            )
    return made


def _measure(
    parts: Parts,
    checks: Sequence[Check],
    n_jobs: int | None,
    cache: str | os.PathLike[str] | None,
    verbose: int,
) -> Measured:
    source = parts.source.verified()
    everything = Measured(np.zeros(len(source), layout(checks)), {})
    positions: Ints = np.arange(len(source))
    if not any(check.measures for check in checks):
        everything.values["state"] = READ
    elif cache is None:
        _fill(everything, measure_all(source, positions, checks, n_jobs, verbose))
    else:
        with Kept(cache, checks, source.max_pixels) as kept:
            missing = kept.load(source, positions, everything)
            for part, measured in measure_all(source, missing, checks, n_jobs, verbose):
                kept.store(source, part, measured)
                _fill(everything, [(part, measured)])
    return everything


def _fill(everything: Measured, parts: Iterable[tuple[Ints, Measured]]) -> None:
    for positions, measured in parts:
        everything.values[positions] = measured.values
        for place, reason in measured.reasons.items():
            everything.reasons[int(positions[place])] = reason


def _report(
    collection: Collection,
    values: Array,
    checks: Sequence[Check],
    kinds: frozenset[str],
) -> AuditReport:
    findings: list[Finding] = []
    columns: dict[str, Array] = {}
    for check in checks:
        own = {name: values[f"{check.name}.{name}"] for name in check.measures}
        seen = replace(collection, measures=own)
        findings += [finding for finding in _found(check, seen) if finding.check in kinds]
        columns.update(check.classes(seen))
    return AuditReport(collection, tuple(findings), checks, columns, kinds, values)


def _found(check: Check, collection: Collection) -> Iterator[Finding]:
    """What a check finds, if it is what it says that it finds."""
    for finding in check.findings(collection):
        if finding.check not in check.kinds or finding.severity not in SEVERITIES:
            raise ValueError(
                f"check {check.name!r} gave {finding}. A finding of it may be one of "
                f"{', '.join(check.kinds)}, with the severity {', '.join(SEVERITIES)}."
            )
        yield finding


def _checked_attributes(
    parts: Parts, attributes: Mapping[str, str | Sequence[str]]
) -> Mapping[str, str | Sequence[str]]:
    known = ("color", "feature", "state", "perspective", "lighting")
    for name, columns in attributes.items():
        if name not in known:
            raise ValueError(f"attributes may say {', '.join(known)}; got {name!r}.")
        for column in [columns] if isinstance(columns, str) else columns:
            if column not in parts.source.columns:
                raise ValueError(
                    f"attributes[{name!r}] names {column!r}, which is no column of "
                    f"{parts.source!r}; it has {list(parts.source.columns)}."
                )
    return attributes


def _embedded(embeddings: Any, data: Any, verbose: int) -> Any:
    """Let a model make the embeddings, where one is given."""
    if not hasattr(embeddings, "predict"):
        return embeddings
    if not hasattr(data, "with_source"):
        raise TypeError(
            "embeddings as a model need a sequence, which says how its images are brought to the "
            f"model; got {type(data).__name__}. Give one, or embed(model, data, rescale=...)."
        )
    # Not imported above: an audit loads no framework, but whoever has a model has loaded Keras.
    return import_module("keras_cvdata.embedding").embed(embeddings, data, verbose=verbose)


def _per_image(name: str, values: Array | None, n: int) -> Array | None:
    if values is None:
        return None
    values = np.asarray(values)
    if values.ndim != 2 or len(values) != n or values.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be numbers, (N, K) with one row for each of the {n} images, in the order "
            f"of the source; got shape {values.shape} of {values.dtype}."
        )
    return values
