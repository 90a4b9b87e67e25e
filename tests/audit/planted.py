"""Reports with findings that are planted, not looked for, so that tests know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from keras_cvdata.audit import AuditReport, Collection, Finding
from keras_cvdata.audit.checks.base import Severity
from keras_cvdata.audit.parts import Parts
from keras_cvdata.sources import open_source

KINDS = (
    *("unreadable", "dark", "exact_copy", "near_copy", "label_conflict", "leakage", "few_images"),
    *("imbalance", "background_bias", "label_suspect", "label_error_rate", "odd_kind"),
)


def finding(check: str, severity: Severity = "warning", **fields: Any) -> Finding:
    """A finding whose message and action name its kind."""
    texts = {"message": f"{check} was seen", "action": f"mend {check}", **fields}
    return Finding(check, severity, **texts)


def report_of(
    data: Any, findings: Iterable[Finding] = (), kinds: Sequence[str] = KINDS, **fields: Any
) -> AuditReport:
    """A report on a collection of small pictures."""
    parts = data if isinstance(data, Parts) else Parts(open_source(data))
    size = np.full(len(parts.source), 8, np.uint32)
    read = np.ones(len(size), bool)
    whose = {"split_names": parts.split_names, "splits": parts.splits, **fields}
    collection = Collection(parts.source, size, size, read, **whose)
    measures = np.zeros(len(size), [("state", "u1")])
    return AuditReport(collection, tuple(findings), (), {}, frozenset(kinds), measures)


def arrays(labels: Sequence[Any] = ("cat", "dog", "cat", "dog")) -> tuple[Any, Any]:
    """Black pictures with labels."""
    return np.zeros((len(labels), 8, 8, 3), np.uint8), list(labels)


def write_pictures(root: Path, *names: str) -> Path:
    """Fill a folder with pictures, each of another brightness."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((8, 8, 3), 10 * number, np.uint8)
        path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return root
