"""The command `keras-cvdata audit`: its options, and the exit code that makes it a gate."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_cvdata import command_options as options
from keras_cvdata.writing import write_or_keep

if TYPE_CHECKING:
    from keras_cvdata.audit import AuditReport


_ENDINGS = {
    "html": "page with the pictures to write",
    "json": "file of all findings to write",
    "csv": "table of all findings to write",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this command takes.

    Args:
        parser: The parser of the command.
    """
    parser.add_argument(
        "--splits",
        type=_names,
        metavar="NAME,...",
        help="folders of the splits, such as train,val; of a table the column that names them",
    )
    parser.add_argument(
        "--checks", type=_names, metavar="NAME,...", help="what to look for; by default everything"
    )
    parser.add_argument(
        "--lighting",
        choices=("constant",),
        help="pictures are taken under one light in use, so that it needs not vary",
    )
    for ending, text in _ENDINGS.items():
        parser.add_argument(f"--{ending}", metavar="FILE", help=text)
    parser.add_argument(
        "--cache", metavar="FILE", help="keeps what was measured, so that the next audit is quick"
    )
    parser.add_argument(
        "--jobs", type=options.count, metavar="N", help="threads; by default the cores"
    )
    parser.add_argument(
        "--fail-on",
        type=_names,
        default=(),
        metavar="NAME,...",
        help="exit with 1 where one of these was found, such as unreadable,leakage, or anything "
        "of a severity: error, warning, note",
    )


def run(args: argparse.Namespace, reading: Mapping[str, Any]) -> int:
    """Audit, print the summary, write the files that were asked for.

    Args:
        args: The parsed arguments.
        reading: Keywords of `open_source`.

    Returns:
        1 where something of `--fail-on` was found, else 0.

    Raises:
        ValueError: `--fail-on` names something that the audit cannot find.
        FileNotFoundError: There is no folder for a file to write.
    """
    from keras_cvdata.audit import audit
    from keras_cvdata.audit.answers import is_found
    from keras_cvdata.audit.run import choose
    from keras_cvdata.pages.escaping import printable

    checks = args.checks or "all"
    _check_known(args.fail_on, choose(checks, {})[1])
    written = {ending: path for ending in _ENDINGS if (path := getattr(args, ending))}
    options.check_folders(written.values())
    data, splits = _opened(args, reading)
    report = audit(
        data,
        splits=splits,
        checks=checks,
        lighting=args.lighting,
        cache=args.cache,
        n_jobs=args.jobs,
    )
    print(report.summary())
    for ending, path in written.items():
        write_or_keep(getattr(report, f"to_{ending}"), path, report)
        print(f"Wrote {printable(path)}")
    _check_given(args.fail_on, report)
    found = [kind for kind in args.fail_on if is_found(report, kind)]
    if found:
        print(f"Failed: found {', '.join(found)}", file=sys.stderr)
    return int(bool(found))


def _opened(args: argparse.Namespace, reading: Mapping[str, Any]) -> tuple[Any, Any]:
    """Data and splits as `audit` takes them."""
    from keras_cvdata.audit.parts import split_folders
    from keras_cvdata.sources import open_source

    splits = args.splits
    if splits and not Path(args.source).is_dir():
        splits = ",".join(splits)
    if not reading:
        return args.source, splits
    folders = split_folders(args.source, splits)
    if folders:
        parts = {name: open_source(args.source, split=name, **reading) for name in folders}
        return parts, None
    return open_source(args.source, **reading), splits


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _check_known(fail_on: Sequence[str], kinds: Collection[str]) -> None:
    from keras_cvdata.audit.checks.base import SEVERITIES

    unknown = [kind for kind in fail_on if kind not in {*kinds, *SEVERITIES}]
    if unknown:
        raise ValueError(
            f"--fail-on: this audit does not look for {', '.join(map(repr, unknown))}. It looks "
            f"for {', '.join(sorted(kinds))}; or name a severity, {', '.join(SEVERITIES)}."
        )


def _check_given(fail_on: Sequence[str], report: AuditReport) -> None:
    """Refuse a gate that can never close."""
    from keras_cvdata.audit.answers import what_lacks

    for kind in fail_on:
        reason = what_lacks(report, kind) if kind in report.kinds else None
        if reason:
            raise ValueError(f"--fail-on: {kind!r} cannot be found: {reason}.")
