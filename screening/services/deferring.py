"""Setting a study aside with a reason and a time, and bringing it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from screening.models import Deferral, DeferReason, Study
from screening.selectors import open_reading
from screening.selectors.deferrals import needs_note, standing_deferral
from screening.selectors.holding import is_held_back
from screening.services.reading import give_back
from screening.states import STUDY_TABLE, LostRace, next_status

LONGEST = timedelta(days=90)


class CannotDefer(Exception):
    """The reason or the time will not do; `str(error)` says why."""


def defer_study(
    *,
    study: Study,
    reader: User,
    reason: str,
    until: datetime,
    note: str = "",
    request: HttpRequest | None = None,
) -> Deferral:
    """Set the study aside until a time. Its due time stays as it is.

    Before: free (RECEIVING, QUEUED, SCORING, TO_READ), or READING by `reader`. After: free, with one open
    Deferral; a reading of the reader's is released. A study whose AI is held back from the reader, and a critical one
    past its due time, need a note. Raises `CannotDefer` (no usable reason or time),
    `LostRace` (another reads it, or it is set aside already), `InvalidTransition` (reported).
    """
    now = timezone.now()
    note = note.strip()[:200]
    if reason not in DeferReason.values or (reason == DeferReason.OTHER and not note):
        raise CannotDefer(_("Say why the study is set aside."))
    if not now < until <= now + LONGEST:
        raise CannotDefer(_("Choose a time between now and %(n)d days from now.") % {"n": LONGEST.days})
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        if not note and is_held_back(reader, study):
            # Asked of every such study: to ask of the critical ones alone would tell which those are.
            raise CannotDefer(_("Say why the study is set aside."))
        if needs_note(study, until) and not note:
            raise CannotDefer(_("The study is critical and due before that. Write the reason out."))
        reading = open_reading(study)
        if reading is not None:
            if reading.reader_id != reader.pk:
                raise LostRace(f"Study {study.pk} is being read.")
            give_back(study=study, reading=reading, at=now)
        else:
            next_status(STUDY_TABLE, study.status, "claim")  # what cannot be claimed cannot wait either
        if standing_deferral(study) is not None:
            raise LostRace(f"Study {study.pk} is set aside already.")
        # One whose time is over, or that ended by itself, was never closed.
        Deferral.objects.filter(study=study, ended_at__isnull=True).update(ended_at=now)
        deferral = Deferral.objects.create(
            study=study,
            by=reader,
            reason=reason,
            note=note,
            at=now,
            until=until,
            due_at=study.due_at,
            images=study.instance_count,
        )
        _record(Verb.STUDY_DEFERRED, study, reader, request, reason=reason, until=until.isoformat())
    return deferral


def bring_back(*, study: Study, reader: User, request: HttpRequest | None = None) -> None:
    """End a deferral before its time. After: the study stands in the list where its due time says.

    Raises `LostRace` when it is not set aside (any more).
    """
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        deferral = standing_deferral(study)
        if deferral is None:
            raise LostRace(f"Study {study.pk} is not set aside.")
        Deferral.objects.filter(pk=deferral.pk, ended_at__isnull=True).update(ended_at=timezone.now())
        _record(Verb.STUDY_BROUGHT_BACK, study, reader, request, by=deferral.by_id)


def _record(verb: Verb, study: Study, actor: User, request: HttpRequest | None, **detail: str | int) -> None:
    audit.record(
        verb,
        actor=actor,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=detail,
        request=request,
    )
