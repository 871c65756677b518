"""Which study a number means to somebody who may not see it: one, exactly named, of a site that allows emergencies."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import User
from accounts.roles import Action
from screening.models import GlassBreak, Study
from screening.selectors.doors import open_glass, sites_where, visible_studies


def closed_study(user: User, number: str) -> Study | None:
    """The one study with this accession number or StudyInstanceUID that the user does not see by their role. None where
    there is none, more than one, or its site has no emergency access."""
    if not number or len(number) > 64:
        return None
    allowed = Study.objects.filter(
        Q(study_uid=number) | Q(accession_number=number),
        site__is_active=True,
        site__break_glass_minutes__gt=0,
        erased_at__isnull=True,
    )
    found = list(allowed.exclude(pk__in=visible_studies(user, by_role=True)).select_related("site")[:2])
    return found[0] if len(found) == 1 else None


def glass_of(user: User, study: Study) -> GlassBreak | None:
    """The emergency access by which the user sees the study now; None where they see it by their role."""
    return open_glass(user).filter(study=study).order_by("-expires_at").first()


def watched_accesses(user: User) -> list[GlassBreak]:
    """Those to studies of the sites whose audit trail the user reads, the newest first, with their reasons."""
    sites = sites_where(user, Action.VIEW_AUDIT)
    rows = GlassBreak.objects.filter(study__site__in=sites).select_related("study__site", "user")
    return list(rows.order_by("-id")[:200])


def accesses_of(user: User) -> list[GlassBreak]:
    """The user's own, the newest first, for their page."""
    return list(GlassBreak.objects.filter(user=user).select_related("study__site").order_by("-id")[:20])
