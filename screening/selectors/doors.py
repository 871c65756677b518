"""The only doors from a URL to a study or an image: out of sight is 404, not allowed is 403.

A study is seen by a role at its site, or, for a limited time, by an emergency access to that one study: everything that
leads to a study asks here, so all of it opens together and ends together.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.roles import Action, can, in_reach, roles_for, roles_with
from screening.models import GlassBreak, Instance, Study

# What an emergency access shows: images, the report and what the AI said of them. It lets nothing be done.
GLASS_SHOWS = frozenset({Action.VIEW_IMAGES, Action.VIEW_REPORT, Action.VIEW_SCORES})


def sites_where(user: User, action: str) -> QuerySet[Site]:
    """The active sites at which `user` may do `action`."""
    if not user.is_active:
        return Site.objects.none()
    return Site.objects.filter(memberships__in=in_reach(user).filter(role__in=roles_for(user, action)))


def open_glass(user: User) -> QuerySet[GlassBreak]:
    """The emergency accesses of `user` that hold now. None for an API token, nor once their site allows none or the
    person is a reader nowhere any more."""
    if not user.is_active or user.grant is not None:
        return GlassBreak.objects.none()
    return GlassBreak.objects.filter(
        Exists(in_reach(user).filter(role__in=roles_for(user, Action.BREAK_GLASS))),
        user=user,
        ended_at__isnull=True,
        expires_at__gt=timezone.now(),
        study__site__is_active=True,
        study__site__break_glass_minutes__gt=0,
        study__erased_at__isnull=True,
    )


def may(user: User, action: str, study: Study) -> bool:
    """May `user` do `action` with this study: by a role at its site, or, to look, in an emergency?"""
    return can(user, action, study.site) or (action in GLASS_SHOWS and open_glass(user).filter(study=study.pk).exists())


def visible_studies(user: User, *, by_role: bool = False) -> QuerySet[Study]:
    """Studies of the sites whose worklist or images the user may see; to what was erased no door leads.

    by_role: without what they see in an emergency.
    """
    if not user.is_active:
        return Study.objects.none()
    roles = {*roles_with(Action.VIEW_WORKLIST), *roles_with(Action.VIEW_IMAGES)}
    seen = Q(site__in=in_reach(user).filter(role__in=roles).values("site"))
    if not by_role:
        seen |= Q(pk__in=open_glass(user).values("study"))
    return Study.objects.filter(seen, erased_at__isnull=True).select_related("site", "patient")


def study_for(user: User, study_uid: str, action: str, site_slug: str | None = None) -> Study:
    """One study by UID. The same UID at two of the user's sites needs `site_slug`, else the older counts.

    Raises Http404 when the user may not even know of it, PermissionDenied when they may not do `action`.
    """
    studies = visible_studies(user).filter(study_uid=study_uid).order_by("id")
    if site_slug:
        studies = studies.filter(site__slug=site_slug)
    study = studies.first()
    if study is None:
        raise Http404(_("There is no such study."))
    if not may(user, action, study):
        raise PermissionDenied(_("Your role does not allow this."))
    return study


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Where an image's bytes are, what they are, and whose."""

    sop_uid: str
    sha256: str
    transfer_syntax_uid: str
    frames: int
    study_uid: str
    site_id: int


def image_for(user: User, sop_uid: str, action: str, site_slug: str | None = None, **above: str) -> StoredImage:
    """The bytes of one image, by the same rule as `instance_for`, in one query: a viewer asks for a thousand slices.

    above: study_uid and series_uid, where the image must be in them.
    """
    memberships = in_reach(user)
    seeing = {*roles_with(Action.VIEW_WORKLIST), *roles_with(Action.VIEW_IMAGES)}
    images = Instance.objects.filter(sop_uid=sop_uid).order_by("id")
    if site_slug:
        images = images.filter(site__slug=site_slug)
    if above:
        names = {"study_uid": "series__study__study_uid", "series_uid": "series__series_uid"}
        images = images.filter(**{names[level]: uid for level, uid in above.items()})
    allowed = Exists(memberships.filter(site=OuterRef("site"), role__in=roles_for(user, action)))
    fields = ("sop_uid", "sha256", "transfer_syntax_uid", "frames", "series__study__study_uid", "site_id")
    by_role = images.filter(site__in=memberships.filter(role__in=seeing).values("site"))
    found = by_role.values_list(allowed, *fields).first() if user.is_active else None
    if found is None and action in GLASS_SHOWS:
        in_emergency = images.filter(series__study__in=open_glass(user).values("study"))
        found = in_emergency.values_list(Value(True), *fields).first()
    if found is None:
        raise Http404(_("There is no such image."))
    if not found[0]:
        raise PermissionDenied(_("Your role does not allow this."))
    return StoredImage(*found[1:])


def instance_for(user: User, sop_uid: str, action: str, site_slug: str | None = None) -> Instance:
    """One image by SOPInstanceUID, by the same rule."""
    instances = (
        Instance.objects.filter(sop_uid=sop_uid, series__study__in=visible_studies(user))
        .select_related("series__study__site", "site")
        .order_by("id")
    )
    if site_slug:
        instances = instances.filter(site__slug=site_slug)
    instance = instances.first()
    if instance is None:
        raise Http404(_("There is no such image."))
    if not may(user, action, instance.series.study):
        raise PermissionDenied(_("Your role does not allow this."))
    return instance
