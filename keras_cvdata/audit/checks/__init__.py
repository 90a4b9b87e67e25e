"""What an audit looks for, one subject in a file."""

from __future__ import annotations

from keras_cvdata.audit.checks.background import Background
from keras_cvdata.audit.checks.base import Check
from keras_cvdata.audit.checks.classes import Classes
from keras_cvdata.audit.checks.copies import Copies
from keras_cvdata.audit.checks.coverage import Coverage
from keras_cvdata.audit.checks.definition import Definition
from keras_cvdata.audit.checks.drift import Drift
from keras_cvdata.audit.checks.files import Files
from keras_cvdata.audit.checks.labels import WrongLabels
from keras_cvdata.audit.checks.outliers import Outliers
from keras_cvdata.audit.checks.pictures import Pictures

CHECKS: tuple[type[Check], ...] = (
    Files,
    Pictures,
    Copies,
    Classes,
    Coverage,
    Background,
    WrongLabels,
    Definition,
    Drift,
    Outliers,
)

__all__ = [
    "CHECKS",
    "Background",
    "Classes",
    "Copies",
    "Coverage",
    "Definition",
    "Drift",
    "Files",
    "Outliers",
    "Pictures",
    "WrongLabels",
]
