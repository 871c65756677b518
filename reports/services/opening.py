"""What opening a study means for the person who reads it."""

from __future__ import annotations

from accounts.models import User
from accounts.roles import Action, can
from reports.services.drafting import ensure_report
from screening.models import Reading, Study
from screening.selectors import open_reading


def open_for_reading(*, study: Study, user: User) -> None:
    """For the holder of the open reading: the report exists, and the images up to now count as seen.

    `study` must have been read before its images are listed, so that none is counted unseen.
    For anybody else nothing changes.
    """
    reading = open_reading(study)
    if reading is None or reading.reader_id != user.pk or not can(user, Action.EDIT_REPORT, study.site):
        return
    Reading.objects.filter(pk=reading.pk, instances_seen__lt=study.instance_count).update(
        instances_seen=study.instance_count
    )
    ensure_report(study=study)
