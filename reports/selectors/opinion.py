"""The first opinion as the page asks for it and shows it."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.roles import Action, can
from screening.models import Reading, Study
from screening.selectors.doors import may
from screening.selectors.holding import is_held_back
from screening.states import StudyStatus


def sight(study: Study, user: User) -> tuple[bool, bool, bool]:
    """May the user see the AI's view, may they see the report, and is either only held back until a first opinion?"""
    sees_ai, sees_report = may(user, Action.VIEW_SCORES, study), may(user, Action.VIEW_REPORT, study)
    held = (sees_ai or sees_report) and is_held_back(user, study)
    return sees_ai and not held, sees_report and not held, held


def opinion_json(study: Study, user: User, reading: Reading | None, held: bool) -> dict[str, Any]:
    """held: the AI is held back from this user; needed: their first opinion is what is waited for; first: what was
    said first, the reader's own while the study is read, everybody's once it is reported."""
    mine = reading is not None and reading.reader_id == user.pk
    said = study.readings.exclude(first_opinion="").select_related("reader").order_by("-first_opinion_at")
    if study.status != StudyStatus.REPORTED:
        said = said.filter(reader=user)
    first = None if held else said.first()
    return {
        "held": held,
        "needed": held and mine and can(user, Action.EDIT_REPORT, study.site),
        "first": first_json(first) if first else None,
    }


def first_json(reading: Reading) -> dict[str, Any]:
    return {
        "opinion": reading.first_opinion,
        "text": reading.first_opinion_text,
        "at": reading.first_opinion_at.isoformat() if reading.first_opinion_at else None,
        "reader": str(reading.reader),
    }
