"""The state tables of a report, of a critical result to communicate and of a follow-up."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from screening.states import Table


class ReportStatus(models.TextChoices):
    DRAFTING = "DRAFTING", _("Being drafted")
    DRAFT = "DRAFT", _("Draft")
    IN_REVIEW = "IN_REVIEW", _("In review")
    PRELIMINARY = "PRELIMINARY", _("Preliminary")
    SIGNED = "SIGNED", _("Signed")
    AMENDED = "AMENDED", _("Amended")
    ERASED = "ERASED", _("Erased on request")


class CommunicationStatus(models.TextChoices):
    OPEN = "OPEN", _("Nobody told yet")
    TOLD = "TOLD", _("Told, not acknowledged")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged")
    NOT_CONFIRMED = "NOT_CONFIRMED", _("Not confirmed by the reader")


class FollowUpStatus(models.TextChoices):
    DUE = "DUE", _("Due")
    CLOSED = "CLOSED", _("Closed")


class DeliveryStatus(models.TextChoices):
    WAITING = "WAITING", _("Waiting")
    SENDING = "SENDING", _("Being sent")
    SENT = "SENT", _("Sent")
    FAILED = "FAILED", _("Could not be sent")
    GIVEN_UP = "GIVEN_UP", _("Given up")
    SUPERSEDED = "SUPERSEDED", _("A newer state went instead")
    EMPTY = "EMPTY", _("Nothing to send")


D = DeliveryStatus
P, C, F = ReportStatus, CommunicationStatus, FollowUpStatus

COMMUNICATION_TABLE: Table = {
    (C.OPEN, "tell"): C.TOLD,
    # Told and said back: nothing is left to wait for.
    (C.OPEN, "tell_and_close"): C.ACKNOWLEDGED,
    # A message that nobody answers is followed by a call.
    (C.TOLD, "tell"): C.TOLD,
    (C.TOLD, "tell_and_close"): C.ACKNOWLEDGED,
    (C.TOLD, "acknowledge"): C.ACKNOWLEDGED,
    (C.OPEN, "escalate"): C.OPEN,
    (C.TOLD, "escalate"): C.TOLD,
    (C.OPEN, "not_confirmed"): C.NOT_CONFIRMED,
}

FOLLOW_UP_TABLE: Table = {(F.DUE, "close"): F.CLOSED}

DELIVERY_TABLE: Table = {
    (D.WAITING, "claim"): D.SENDING,
    # Its worker was lost: somebody else sends it once more.
    (D.SENDING, "claim"): D.SENDING,
    (D.SENDING, "sent"): D.SENT,
    (D.SENDING, "retry"): D.WAITING,
    (D.SENDING, "fail"): D.FAILED,
    (D.SENDING, "empty"): D.EMPTY,
    (D.SENDING, "supersede"): D.SUPERSEDED,
    (D.FAILED, "again"): D.WAITING,
    (D.FAILED, "give_up"): D.GIVEN_UP,
    (D.WAITING, "give_up"): D.GIVEN_UP,
    (D.GIVEN_UP, "again"): D.WAITING,
}

REPORT_TABLE: Table = {
    (P.DRAFTING, "drafted"): P.DRAFT,
    (P.DRAFTING, "save"): P.IN_REVIEW,
    (P.DRAFT, "drafted"): P.DRAFT,
    (P.DRAFT, "save"): P.IN_REVIEW,
    (P.DRAFT, "sign"): P.SIGNED,
    (P.IN_REVIEW, "save"): P.IN_REVIEW,
    # A draft that arrives after a person's first revision is offered beside it, never laid over it.
    (P.IN_REVIEW, "drafted"): P.IN_REVIEW,
    (P.IN_REVIEW, "sign_preliminary"): P.PRELIMINARY,
    (P.IN_REVIEW, "sign"): P.SIGNED,
    (P.DRAFT, "sign_preliminary"): P.PRELIMINARY,
    (P.PRELIMINARY, "save"): P.PRELIMINARY,
    (P.PRELIMINARY, "drafted"): P.PRELIMINARY,
    (P.PRELIMINARY, "sign"): P.SIGNED,
    # An addendum leaves the signed text as it is.
    (P.SIGNED, "add"): P.SIGNED,
    (P.AMENDED, "add"): P.AMENDED,
    # Neither does a second reader's agreement.
    (P.SIGNED, "cosign"): P.SIGNED,
    (P.AMENDED, "cosign"): P.AMENDED,
    (P.SIGNED, "amend"): P.AMENDED,
    (P.AMENDED, "amend"): P.AMENDED,
    # On request: nothing leads back.
    **{(state, "erase"): P.ERASED for state in P if state != P.ERASED},
}
