"""Claiming, releasing and completing a reading. One wins, the other is told."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from screening.models import Deferral, Reading, Study
from screening.selectors import late_after_report, open_reading
from screening.services.scoring import withdraw_rescoring
from screening.services.sessions import pass_over, take_up
from screening.states import READING_TABLE, STUDY_TABLE, LostRace, ReadingStatus, advance


def claim_study(*, study: Study, reader: User, request: HttpRequest | None = None) -> Reading:
    """Give the study to one reader. Claiming one's own again changes nothing.

    Before: RECEIVING, QUEUED, SCORING or TO_READ: reading never waits for AI. After: READING
    with one open Reading; it is no longer set aside. Raises `LostRace` when another reader has it,
    `InvalidTransition` when it is reported. Who has completed a reading of the study never reads it again: another does.
    """
    try:
        with transaction.atomic():
            existing = open_reading(study)
            if existing is not None:
                if existing.reader_id == reader.pk:
                    return existing
                raise LostRace(f"Study {study.pk} is being read.")
            advance(study, STUDY_TABLE, "claim")
            earlier = list(study.readings.filter(status=ReadingStatus.COMPLETED).values_list("reader", flat=True))
            if reader.pk in earlier:
                raise LostRace(f"Study {study.pk} waits for another reader than this one.")
            reading = Reading.objects.create(
                study=study,
                ordinal=len(earlier) + 1,
                reader=reader,
                claimed_at=timezone.now(),
                instances_seen=study.instance_count,
            )
            Deferral.objects.filter(study=study, ended_at__isnull=True).update(ended_at=reading.claimed_at)
            take_up(study=study, reader=reader)
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
        give_back(study=study, reading=reading, at=timezone.now())
        pass_over(study=study, reader=reader)
        _record(Verb.STUDY_RELEASED, study, reader, request)


def give_back(*, study: Study, reading: Reading, at: datetime) -> None:
    """End an open reading without an outcome, inside the caller's transaction. After: the study is TO_READ, or
    RECEIVING while images still come."""
    advance(reading, READING_TABLE, "release", closed_at=at)
    advance(study, STUDY_TABLE, "release" if study.closed_at else "release_unclosed")


def pass_on(*, study: Study, reader: User, request: HttpRequest | None = None) -> None:
    """A reading is over and another person's is wanted: the next blind reader's, or an arbiter's.

    Before: READING by `reader`. After: the reading COMPLETED, the study TO_READ (RECEIVING while images still come),
    free for anybody but those who have read it. Raises `LostRace` otherwise.
    """
    reading = open_reading(study)
    if reading is None or reading.reader_id != reader.pk:
        raise LostRace(f"Study {study.pk} is not being read by this reader.")
    advance(reading, READING_TABLE, "complete", closed_at=timezone.now())
    advance(study, STUDY_TABLE, "release" if study.closed_at else "release_unclosed")
    pass_over(study=study, reader=reader)
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
    withdraw_rescoring(study=study)


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
