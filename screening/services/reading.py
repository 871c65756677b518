"""Claiming, releasing and completing a reading. One wins, the other is told."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from screening.models import Reading, Study
from screening.selectors import late_after_report, open_reading
from screening.states import READING_TABLE, STUDY_TABLE, LostRace, ReadingStatus, advance


def claim_study(*, study: Study, reader: User, request: HttpRequest | None = None) -> Reading:
    """Give the study to one reader. Claiming one's own again changes nothing.

    Before: RECEIVING, QUEUED, SCORING or TO_READ: reading never waits for AI. After: READING
    with one open Reading. Raises `LostRace` when another reader has it, `InvalidTransition` when
    it is reported.
    """
    try:
        with transaction.atomic():
            existing = open_reading(study)
            if existing is not None:
                if existing.reader_id == reader.pk:
                    return existing
                raise LostRace(f"Study {study.pk} is being read.")
            advance(study, STUDY_TABLE, "claim")
            reading = Reading.objects.create(
                study=study, reader=reader, claimed_at=timezone.now(), instances_seen=study.instance_count
            )
            _record(Verb.STUDY_CLAIMED, study, reader, request)
    except IntegrityError as error:
        raise LostRace(f"Study {study.pk} was claimed first by somebody else.") from error
    return reading


def release_study(*, study: Study, reader: User, request: HttpRequest | None = None) -> None:
    """Put one's study back on the list. Before: READING by `reader`. After: TO_READ, or RECEIVING
    while images still come. Raises `LostRace` when it is not theirs (any more)."""
    with transaction.atomic():
        # An image may have come since the study was read; it decides where the study goes back to.
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        reading = open_reading(study)
        if reading is None or reading.reader_id != reader.pk:
            raise LostRace(f"Study {study.pk} is not being read by this reader.")
        advance(reading, READING_TABLE, "release", closed_at=timezone.now())
        advance(study, STUDY_TABLE, "release" if study.closed_at else "release_unclosed")
        _record(Verb.STUDY_RELEASED, study, reader, request)


def complete_reading(*, study: Study, reader: User) -> None:
    """The report is signed. Called inside the signing transaction. Before: READING by `reader`.
    After: REPORTED, the reading COMPLETED. Raises `LostRace` otherwise."""
    reading = open_reading(study)
    if reading is None or reading.reader_id != reader.pk:
        raise LostRace(f"Study {study.pk} is not being read by this reader.")
    now = timezone.now()
    advance(reading, READING_TABLE, "complete", closed_at=now)
    advance(study, STUDY_TABLE, "report", reported_at=now)


def see_late_images(*, study: Study, reader: User, images: int, request: HttpRequest | None = None) -> None:
    """A reader was shown `images` images of a reported study: those that came after its report count as seen.

    Images that came since are not among them. Audited when it changes something.
    """
    with transaction.atomic():
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        late = late_after_report(study)
        shown = min(images, study.instance_count)
        behind = study.readings.filter(status=ReadingStatus.COMPLETED, instances_seen__lt=shown)
        if not late or not behind.update(instances_seen=shown):
            return
        detail = {"late": late, "left": late_after_report(study), "images": shown}
        _record(Verb.LATE_IMAGES_SEEN, study, reader, request, **detail)


def _record(verb: Verb, study: Study, reader: User, request: HttpRequest | None, **detail: int) -> None:
    audit.record(
        verb,
        actor=reader,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail=detail,
        request=request,
    )
