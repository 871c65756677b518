"""The measurements of a study as a person's page shows them, and what of them that person may change."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.roles import Action, can
from reports.selectors.double_reading import is_blind, tells_of_ai
from screening.models import Study
from screening.selectors import open_reading
from screening.selectors.measuring import listed_measurements, stays_with


def opinions_come_first(study: Study, user: User) -> bool:
    """Would what is measured and decided now tell the next reader, or this one, too much? Then it is not kept yet."""
    return is_blind(study) or tells_of_ai(study, user)


def measurements_json(study: Study, user: User) -> list[dict[str, Any]]:
    """Every measurement that stands, for a caller who may see the report; none while opinions are blind of each other.

    "changeable": would the server let the user change or remove it now?
    """
    if is_blind(study):
        return []
    shown = listed_measurements(study)
    opened = bool(shown) and can(user, Action.EDIT_REPORT, study.site) and not tells_of_ai(study, user)
    reading = open_reading(study) if opened else None
    return [
        {
            **{name: value for name, value in each.items() if name != "author_id"},
            "changeable": opened and not each["frozen"] and not stays_with(each["author_id"], reading, user),
        }
        for each in shown
    ]
