"""Giving a reading to a colleague of the same site, and taking it back before they have begun."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from screening.models import HandOver, Reading, Study
from screening.selectors import open_reading
from screening.selectors.handovers import begun_by, colleagues, undoable
from screening.services.sessions import pass_over, take_up
from screening.states import READING_TABLE, LostRace, advance


class CannotHandOver(Exception):
    """There is nobody to hand it to; `str(error)` says why."""


def hand_over(
    *, study: Study, reader: User, colleague: User | None, note: str = "", request: HttpRequest | None = None
) -> Reading:
    """Give one's reading to a colleague, who need not accept it.

    Before: READING by `reader`. After: READING by `colleague`, in the same turn of the protocol; both are
    audited. Raises `CannotHandOver` for one's self, for who may not read at the site or has read the study
    already, `LostRace` when the study is not the reader's (any more).
    """
    if colleague is None or not colleagues(study, reader).filter(pk=colleague.pk).exists():
        raise CannotHandOver(_("Choose a colleague who reads at this site."))
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        reading = open_reading(study)
        if reading is None or reading.reader_id != reader.pk:
            raise LostRace(f"Study {study.pk} is not being read by this reader.")
        passed = _pass(study, reading, colleague)
        HandOver.objects.create(reading=passed, giver=reader, note=note.strip()[:200], at=passed.claimed_at)
        pass_over(study=study, reader=reader)
        take_up(study=study, reader=colleague)
        _record(Verb.STUDY_HANDED_OVER, study, reader, request, to=colleague.pk)
        # The colleague's own trail names it too, though another acted.
        _record(Verb.STUDY_TAKEN_OVER, study, colleague, request, giver=reader.pk)
    return passed


def take_back(*, study: Study, reader: User, request: HttpRequest | None = None) -> Reading:
    """Undo a hand-over while the colleague has not opened the study.

    Before: READING by the colleague. After: READING by `reader`. Raises `LostRace` when they have begun, or
    it is no longer theirs.
    """
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        given = undoable(study, reader)
        if given is None or begun_by(given):
            raise LostRace(f"Study {study.pk} cannot be taken back.")
        reading = _pass(study, given.reading, reader)
        take_up(study=study, reader=reader)
        _record(Verb.STUDY_TAKEN_BACK, study, reader, request, colleague=given.reading.reader_id)
    return reading


def _pass(study: Study, reading: Reading, to: User) -> Reading:
    now = timezone.now()
    advance(reading, READING_TABLE, "release", closed_at=now)
    try:
        with transaction.atomic():
            return Reading.objects.create(
                study=study,
                ordinal=reading.ordinal,
                reader=to,
                claimed_at=now,
                instances_seen=study.instance_count,
            )
    except IntegrityError as error:
        raise LostRace(f"Study {study.pk} was claimed by somebody else.") from error


def _record(verb: Verb, study: Study, actor: User, request: HttpRequest | None, **detail: int) -> None:
    audit.record(
        verb,
        actor=actor,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=detail,
        request=request,
    )
