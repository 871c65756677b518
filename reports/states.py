"""The state table of a report."""

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


P = ReportStatus

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
    (P.SIGNED, "amend"): P.AMENDED,
    (P.AMENDED, "amend"): P.AMENDED,
}
