"""Scoring again, by the model that reads now: asked for by a person, never by an activation itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.models import Site, User, Verb
from screening.models import ScoreRun, Study
from screening.scoring.bundle import BundleError
from screening.services.scoring import request_score_again
from screening.states import StudyStatus

WAITING = (StudyStatus.QUEUED, StudyStatus.SCORING, StudyStatus.TO_READ)
# As many as one request can ask for without keeping a browser waiting.
AT_ONCE = 1000


class NotRescored(Exception):
    """The study cannot be scored again; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Rescored:
    """asked: runs added. left: studies whose result would be the same. more: studies not looked at yet."""

    asked: int
    left: int
    more: int


def waiting_studies(programme: str, sites: Iterable[Site]) -> QuerySet[Study]:
    """Complete studies of the programme that nobody reads yet, the first due first."""
    return (
        Study.objects.filter(programme=programme, site__in=list(sites), status__in=WAITING, closed_at__isnull=False)
        .select_related("site")
        .order_by("due_at", "id")
    )


def rescore(*, study: Study, actor: User | None, request: HttpRequest | None = None) -> ScoreRun | None:
    """Score one study again; None when that would say nothing new. Its earlier runs stay.

    Raises `NotRescored` for a study without a programme, not complete yet, or reported (what was
    signed keeps the result it was signed with), and when no usable model reads its programme.
    """
    if not study.programme or study.closed_at is None:
        raise NotRescored("Only a complete study of a programme can be scored again.")
    if study.status == StudyStatus.REPORTED:
        raise NotRescored("The study is reported; it keeps the result it was signed with.")
    with transaction.atomic():
        try:
            run = request_score_again(study=study)
        except BundleError as error:
            raise NotRescored(str(error)) from error
        if run is not None:
            audit.record(
                Verb.STUDIES_RESCORED,
                actor=actor,
                site=study.site,
                object_type="study",
                object_id=study.study_uid,
                detail={"run": run.pk, "model": f"{run.model_name}@{run.model_version}"},
                request=request,
            )
    return run


def rescore_waiting(
    *, programme: str, sites: Iterable[Site], actor: User | None, request: HttpRequest | None = None
) -> Rescored:
    """Score again what waits to be read at these sites; at most `AT_ONCE` runs are added, so that asking once
    more goes on where this stopped.

    Raises `NotRescored` when no usable model reads the programme.
    """
    asked = left = 0
    studies = list(waiting_studies(programme, sites))
    for study in studies:
        if asked == AT_ONCE:
            break
        if rescore(study=study, actor=actor, request=request) is None:
            left += 1
        else:
            asked += 1
    return Rescored(asked, left, len(studies) - asked - left)
