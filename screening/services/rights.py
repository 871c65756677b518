"""The right to move the queue, granted to or taken from one version of a model at one site."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Site, User, Verb
from screening.models import ModelBundle, TriageGrant
from screening.scoring.bundle_schema import PROGRAMMES
from screening.selectors.registry import active_row, allows_triage, triage_basis

FOR_SHOW_REASON = "The demonstration shows how the queue behaves."


def set_triage(
    *,
    row: ModelBundle,
    site: Site,
    granted: bool,
    reason: str,
    actor: User | None,
    request: HttpRequest | None = None,
    for_show: bool = False,
) -> TriageGrant:
    """From now on this version may (or may not) bring due times forward at the site, whatever its figures earned.

    Results there are keep the right they were recorded with; a run that waits gets the one of when it ends.
    Audited with the reason.
    """
    with transaction.atomic():
        grant = TriageGrant.objects.create(
            bundle=row,
            site=site,
            granted=granted,
            for_show=for_show and granted,
            at=timezone.now(),
            by=actor,
            reason=reason.strip()[:400],
        )
        audit.record(
            Verb.TRIAGE_GRANTED if granted else Verb.TRIAGE_TAKEN,
            actor=actor,
            site=site,
            object_type="model",
            object_id=row.folder_name,
            detail={"reason": grant.reason},
            request=request,
        )
    return grant


def grant_for_show(*, sites: Iterable[Site]) -> int:
    """Grant the right at these sites to every model that reads now and has it not; idempotent, says how many.

    For the demonstration. What an administrator has taken there stays taken.
    """
    made = 0
    for site in sites:
        for programme in sorted(PROGRAMMES):
            row = active_row(programme)
            if row is None or allows_triage(triage_basis(row, site)):
                continue
            if TriageGrant.objects.filter(bundle=row, site=site).exists():
                continue
            set_triage(row=row, site=site, granted=True, reason=FOR_SHOW_REASON, actor=None, for_show=True)
            made += 1
    return made
