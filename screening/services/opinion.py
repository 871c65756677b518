"""The first opinion: what a reader says of a study before the AI's marks and draft are shown."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from screening.dicom.elements import clean
from screening.models import Reading, Study
from screening.selectors import open_reading
from screening.selectors.holding import holds_back
from screening.states import LostRace, ReadingStatus

OPINIONS = ("normal", "abnormal")


class OpinionError(ValueError):
    """What was sent is no opinion; `str(error)` is one plain sentence."""


def commit_first_opinion(
    *, study: Study, reader: User, opinion: str, text: str = "", request: HttpRequest | None = None
) -> Reading:
    """Commit the reader's first opinion, "normal" or "abnormal", with up to 1,000 characters of text.

    Before: the study is being read by `reader` and the AI held back. After: the opinion stands for good, with its
    time, and the AI's view may be shown to this reader. What they change then is kept beside it, in decisions and
    revisions. Raises `OpinionError`, PermissionDenied, and `LostRace` where one is committed already.
    """
    if opinion not in OPINIONS:
        raise OpinionError(_("A first opinion is normal or abnormal."))
    reading = open_reading(study)
    if not can(reader, Action.EDIT_REPORT, study.site) or reading is None or reading.reader_id != reader.pk:
        raise PermissionDenied(_("Claim the study first: only its reader commits an opinion."))
    if not holds_back(study):
        raise OpinionError(_("Nothing is held back on this study."))
    values = {
        "first_opinion": opinion,
        "first_opinion_text": clean(text, 1000),
        "first_opinion_at": timezone.now(),
    }
    with transaction.atomic():
        mine = Reading.objects.filter(pk=reading.pk, status=ReadingStatus.OPEN, first_opinion="")
        if mine.update(**values) != 1:
            raise LostRace(f"Reading {reading.pk} has its first opinion.")
        audit.record(
            Verb.FIRST_OPINION,
            actor=reader,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"opinion": opinion},
            request=request,
        )
    reading.refresh_from_db()
    return reading
