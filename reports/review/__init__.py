"""The automatic audit of a report before it is signed: what is missing, contradicts, or follows from nothing. Pure."""

from __future__ import annotations

from reports.review.review import review
from reports.review.rules import RULES, Rule, Severity
from reports.review.types import (
    FindingSeen,
    MeasurementSeen,
    PriorSeen,
    Remark,
    ReviewInput,
    SectionText,
    SentenceText,
)

__all__ = [
    "RULES",
    "FindingSeen",
    "MeasurementSeen",
    "PriorSeen",
    "Remark",
    "ReviewInput",
    "Rule",
    "SectionText",
    "SentenceText",
    "Severity",
    "review",
]
