"""The automatic audit of a report before it is signed: what is missing, contradicts, or follows from nothing. Pure."""

from __future__ import annotations

from reports.review.review import review
from reports.review.rules import RULES, Rule, Severity
from reports.review.types import (
    ADDENDUM,
    FindingSeen,
    MeasurementSeen,
    PriorSeen,
    Remark,
    ReviewInput,
    SectionText,
    SentenceText,
    Unanswered,
)

__all__ = [
    "ADDENDUM",
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
    "Unanswered",
    "review",
]
