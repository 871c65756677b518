"""The only doors from a URL to a study or an image: out of sight is 404, not allowed is 403."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import Site, User
from accounts.roles import Action, can, in_reach, roles_for, roles_with
from screening.models import Instance, Study


def sites_where(user: User, action: str) -> QuerySet[Site]:
    """The active sites at which `user` may do `action`."""
    if not user.is_active:
        return Site.objects.none()
    return Site.objects.filter(memberships__in=in_reach(user).filter(role__in=roles_for(user, action)))


def visible_studies(user: User) -> QuerySet[Study]:
    """Studies of the sites whose worklist or images the user may see; to what was erased no door leads."""
    if not user.is_active:
        return Study.objects.none()
    roles = {*roles_with(Action.VIEW_WORKLIST), *roles_with(Action.VIEW_IMAGES)}
    sites = in_reach(user).filter(role__in=roles).values("site")
    return Study.objects.filter(site__in=sites, erased_at__isnull=True).select_related("site", "patient")


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
    if not can(user, action, study.site):
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
    images = Instance.objects.filter(sop_uid=sop_uid, site__in=memberships.filter(role__in=seeing).values("site"))
    if site_slug:
        images = images.filter(site__slug=site_slug)
    if above:
        names = {"study_uid": "series__study__study_uid", "series_uid": "series__series_uid"}
        images = images.filter(**{names[level]: uid for level, uid in above.items()})
    allowed = Exists(memberships.filter(site=OuterRef("site"), role__in=roles_for(user, action)))
    fields = ("sop_uid", "sha256", "transfer_syntax_uid", "frames", "series__study__study_uid", "site_id")
    found = images.order_by("id").values_list(allowed, *fields).first() if user.is_active else None
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
    if not can(user, action, instance.site):
        raise PermissionDenied(_("Your role does not allow this."))
    return instance
