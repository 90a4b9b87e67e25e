"""Finds what is wrong with an image collection before training; loads no Keras."""

from keras_cvdata.audit.checks import CHECKS
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.report import AuditReport
from keras_cvdata.audit.run import audit
from keras_cvdata.audit.sample import Sample

__all__ = ["CHECKS", "AuditReport", "Check", "Collection", "Finding", "Sample", "audit"]
