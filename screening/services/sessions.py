"""Reading sessions: a batch is chosen at once, claimed one study at a time, and ended by its reader."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from screening.models import ReadingSession, SessionStudy, Study
from screening.programmes import PROGRAMMES
from screening.selectors.queue import free_studies, scope_of
from screening.selectors.sessions import open_session

USUAL = 25
MOST = 200


def start_session(
    *, reader: User, programme: str = "", wanted: int = USUAL, request: HttpRequest | None = None
) -> ReadingSession | None:
    """The next `wanted` (1 to 200) free studies of a programme, in the order in which they are due now.

    programme: a programme's name, "none", or empty for all. An open session of the reader's is ended first.
    None, and nothing changed, when no study is free. Nothing is claimed.
    """
    chosen = programme if programme in PROGRAMMES or programme == "none" else ""
    try:
        with transaction.atomic():
            studies = free_studies(scope_of(reader), chosen)[: min(MOST, max(1, wanted))]
            ids = list(studies.values_list("pk", flat=True))
            if not ids:
                return None
            end_session(reader=reader, request=request)
            session = ReadingSession.objects.create(reader=reader, programme=chosen, started_at=timezone.now())
            SessionStudy.objects.bulk_create(
                [SessionStudy(session=session, study_id=pk, position=at) for at, pk in enumerate(ids, start=1)]
            )
            _record(Verb.SESSION_STARTED, session, request, studies=len(ids), programme=chosen)
    except IntegrityError:
        return open_session(reader)  # pressed twice: the first press made it
    return session


def end_session(*, reader: User, request: HttpRequest | None = None) -> ReadingSession | None:
    """End the reader's open session, if any. Its studies stay what and where they are."""
    with transaction.atomic():
        session = open_session(reader)
        if session is None:
            return None
        session.ended_at = timezone.now()
        if not ReadingSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=session.ended_at):
            return None
        _record(Verb.SESSION_ENDED, session, request)
    return session


def pass_over(*, study: Study, reader: User) -> None:
    """The reader is done with the study without having reported it: their session goes on behind it."""
    _in_session(study, reader).update(passed=True)


def take_up(*, study: Study, reader: User) -> None:
    """The reader has the study (again): in their session it counts as not passed."""
    _in_session(study, reader).filter(passed=True).update(passed=False)


def _in_session(study: Study, reader: User) -> QuerySet[SessionStudy]:
    return SessionStudy.objects.filter(study=study, session__reader=reader, session__ended_at=None)


def _record(verb: Verb, session: ReadingSession, request: HttpRequest | None, **detail: str | int) -> None:
    audit.record(
        verb,
        actor=session.reader,
        object_type="session",
        object_id=session.pk,
        detail=detail,
        request=request,
    )
