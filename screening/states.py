"""The state tables of a study, a score run and a reading. One function changes a status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class StudyStatus(models.TextChoices):
    RECEIVING = "RECEIVING", _("Receiving")
    QUEUED = "QUEUED", _("Queued")
    SCORING = "SCORING", _("Scoring")
    TO_READ = "TO_READ", _("To read")
    READING = "READING", _("Being read")
    REPORTED = "REPORTED", _("Reported")


class RunStatus(models.TextChoices):
    PENDING = "PENDING", _("Pending")
    RUNNING = "RUNNING", _("Running")
    SUCCEEDED = "SUCCEEDED", _("Scored")
    REFUSED = "REFUSED", _("Refused")
    FAILED = "FAILED", _("Failed")


class AiState(models.TextChoices):
    """What the row says of the AI: never a blank that could look negative."""

    PENDING = "pending", _("Pending")
    SCORED = "scored", _("Scored")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")
    OUT_OF_SCOPE = "out_of_scope", _("Out of scope")


class ReadingStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    RELEASED = "RELEASED", _("Released")
    COMPLETED = "COMPLETED", _("Completed")


class FindingState(models.TextChoices):
    """What the reader makes of a finding: of the AI's (open, accepted, rejected, edited) or of one of their own."""

    OPEN = "OPEN", _("Not decided")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REJECTED = "REJECTED", _("Rejected")
    EDITED = "EDITED", _("Corrected")
    ADDED = "ADDED", _("Added by a reader")
    REMOVED = "REMOVED", _("Removed")


class ExportStatus(models.TextChoices):
    WAITING = "WAITING", _("Waiting")
    RUNNING = "RUNNING", _("Running")
    READY = "READY", _("Ready")
    FAILED = "FAILED", _("Failed")
    REMOVED = "REMOVED", _("Removed")


Table = Mapping[tuple[str, str], str]

S, R, G, F, E = StudyStatus, RunStatus, ReadingStatus, FindingState, ExportStatus

STUDY_TABLE: Table = {
    (S.RECEIVING, "close"): S.QUEUED,
    (S.RECEIVING, "claim"): S.READING,
    (S.QUEUED, "start_scoring"): S.SCORING,
    (S.QUEUED, "no_ai"): S.TO_READ,
    (S.QUEUED, "claim"): S.READING,
    (S.QUEUED, "late_image"): S.RECEIVING,
    (S.SCORING, "retry"): S.QUEUED,
    (S.SCORING, "scored"): S.TO_READ,
    (S.SCORING, "claim"): S.READING,
    (S.SCORING, "late_image"): S.RECEIVING,
    (S.TO_READ, "claim"): S.READING,
    (S.TO_READ, "late_image"): S.RECEIVING,
    (S.READING, "release_receiving"): S.RECEIVING,
    (S.READING, "release_queued"): S.QUEUED,
    (S.READING, "release_scoring"): S.SCORING,
    (S.READING, "release"): S.TO_READ,
    (S.READING, "release_unclosed"): S.RECEIVING,
    (S.READING, "report"): S.REPORTED,
    # A reading under way goes on; the editor is told and signing waits until the image is seen.
    (S.READING, "late_image"): S.READING,
    (S.READING, "close"): S.READING,
    # On request, and nothing is left to do for it. Who reads it gives it back first.
    (S.RECEIVING, "erase"): S.REPORTED,
    (S.QUEUED, "erase"): S.REPORTED,
    (S.SCORING, "erase"): S.REPORTED,
    (S.TO_READ, "erase"): S.REPORTED,
    (S.REPORTED, "erase"): S.REPORTED,
    (S.REPORTED, "late_image"): S.REPORTED,
    (S.REPORTED, "close"): S.REPORTED,
}

RUN_TABLE: Table = {
    (R.PENDING, "claim"): R.RUNNING,
    (R.PENDING, "fail"): R.FAILED,
    (R.RUNNING, "claim"): R.RUNNING,
    (R.RUNNING, "requeue"): R.PENDING,
    (R.RUNNING, "succeed"): R.SUCCEEDED,
    (R.RUNNING, "refuse"): R.REFUSED,
    (R.RUNNING, "fail"): R.FAILED,
}

READING_TABLE: Table = {
    (G.OPEN, "release"): G.RELEASED,
    (G.OPEN, "complete"): G.COMPLETED,
}

FINDING_TABLE: Table = {
    (F.OPEN, "accept"): F.ACCEPTED,
    (F.OPEN, "reject"): F.REJECTED,
    (F.OPEN, "edit"): F.EDITED,
    (F.ACCEPTED, "reject"): F.REJECTED,
    (F.ACCEPTED, "edit"): F.EDITED,
    (F.ACCEPTED, "withdraw"): F.OPEN,
    (F.REJECTED, "accept"): F.ACCEPTED,
    # Another reason than before.
    (F.REJECTED, "reject"): F.REJECTED,
    (F.REJECTED, "edit"): F.EDITED,
    (F.REJECTED, "withdraw"): F.OPEN,
    (F.EDITED, "accept"): F.ACCEPTED,
    (F.EDITED, "reject"): F.REJECTED,
    (F.EDITED, "edit"): F.EDITED,
    (F.EDITED, "withdraw"): F.OPEN,
    # A reader's own finding is there from its first decision on.
    (F.REMOVED, "add"): F.ADDED,
    (F.ADDED, "edit"): F.ADDED,
    (F.ADDED, "remove"): F.REMOVED,
}


EXPORT_TABLE: Table = {
    (E.WAITING, "claim"): E.RUNNING,
    # A lost worker's is taken up where it stood.
    (E.RUNNING, "claim"): E.RUNNING,
    (E.RUNNING, "finish"): E.READY,
    (E.RUNNING, "fail"): E.FAILED,
    (E.WAITING, "remove"): E.REMOVED,
    (E.RUNNING, "remove"): E.REMOVED,
    (E.READY, "remove"): E.REMOVED,
    (E.FAILED, "remove"): E.REMOVED,
}


class InvalidTransition(Exception):
    """The table knows no such event in this state."""


class LostRace(Exception):
    """Somebody else changed the row first."""


def next_status(table: Table, status: str, event: str) -> str:
    """The state after `event`. Raises `InvalidTransition` for a pair the table lacks."""
    try:
        return str(table[status, event])
    except KeyError:
        raise InvalidTransition(f"{event} is not possible in state {status}.") from None


def advance(row: models.Model, table: Table, event: str, **also: Any) -> None:
    """Change `row.status` by `event`, and the fields in `also`, if it still is what `row` says.

    One UPDATE, a compare-and-set. Before: `row.status` as read. After: the row in the database
    and `row` carry the new values. Raises `InvalidTransition`, or `LostRace` when the row has
    moved on meanwhile (nothing is changed then).
    """
    seen = row.status  # type: ignore[attr-defined]
    values = {"status": next_status(table, seen, event), **also}
    manager = type(row)._default_manager
    if manager.filter(pk=row.pk, status=seen).update(**values) != 1:
        raise LostRace(f"{type(row).__name__} {row.pk} is no longer {seen}.")
    for name, value in values.items():
        setattr(row, name, value)
