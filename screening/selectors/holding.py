"""Who may not see the AI's view of a study yet: programmes and sites may hold it back until a first opinion."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import HoldBack, User
from screening.models import Reading, Study
from screening.selectors.programmes import holds_by_programme
from screening.states import StudyStatus

UNREPORTED = tuple(status for status in StudyStatus.values if status != StudyStatus.REPORTED)


def holds_back(study: Study) -> bool:
    """Does the study's site, or its programme where the site leaves it to that, hold the AI back?

    A reported study holds nothing back: its reading is over.
    """
    if study.status == StudyStatus.REPORTED or study.site.hold_back_ai == HoldBack.NEVER:
        return False
    return study.site.hold_back_ai == HoldBack.ALWAYS or holds_by_programme(study.site, study.programme)


def held_back(user: User, studies: Iterable[Study]) -> set[int]:
    """Ids of the `studies` whose AI marks, draft, score and tier this user may not be told yet: those that hold it
    back and of which the user has not committed a first opinion. One query, none where nothing is held back."""
    holding = {study.pk for study in studies if holds_back(study)}
    if not holding:
        return holding
    said = Reading.objects.filter(study__in=holding, reader=user).exclude(first_opinion="")
    return holding - set(said.values_list("study", flat=True))


def first_said(user: User) -> set[int]:
    """Ids of the unreported studies of which the user has committed a first opinion; one query."""
    said = Reading.objects.filter(reader=user, study__status__in=UNREPORTED).exclude(first_opinion="")
    return set(said.values_list("study", flat=True))


def is_held_back(user: User, study: Study) -> bool:
    """The same of one study."""
    return bool(held_back(user, [study]))
