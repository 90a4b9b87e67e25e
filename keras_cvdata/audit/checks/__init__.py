"""What an audit looks for, one subject in a file."""

from __future__ import annotations

from keras_cvdata.audit.checks.base import Check
from keras_cvdata.audit.checks.files import Files
from keras_cvdata.audit.checks.pictures import Pictures

CHECKS: tuple[type[Check], ...] = (Files, Pictures)

__all__ = ["CHECKS", "Files", "Pictures"]
