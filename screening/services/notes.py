"""Questions to the technologist and their answers, on the study they are about."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.models import Study, StudyNote

LONGEST = 500


class EmptyNote(Exception):
    """There is nothing to keep; `str(error)` says so."""


def write_note(*, study: Study, author: User, text: str, request: HttpRequest | None = None) -> StudyNote:
    """Add a note. Who reads asks; who sends the images answers. The words stay out of the audit trail.

    Raises `EmptyNote` for no words and for more than 500 characters.
    """
    text = " ".join(text.split())
    if not text:
        raise EmptyNote(_("Write the note first."))
    if len(text) > LONGEST:
        raise EmptyNote(_("A note has at most %(n)d characters.") % {"n": LONGEST})
    with transaction.atomic():
        note = StudyNote.objects.create(
            study=study,
            author=author,
            asks=can(author, Action.CLAIM_STUDY, study.site),
            text=text,
            at=timezone.now(),
        )
        audit.record(
            Verb.NOTE_WRITTEN,
            actor=author,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"note": note.pk, "asks": note.asks},
            request=request,
        )
    return note
