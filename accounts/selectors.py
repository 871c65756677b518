"""Reads on users and the audit trail, each limited to what the asking person administers or audits."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Membership, Site, User
from accounts.roles import Action, Role, roles_with


def administered_sites(user: User) -> QuerySet[Site]:
    """The active sites whose users this person manages."""
    return Site.objects.filter(
        is_active=True, memberships__user=user, memberships__role__in=roles_with(Action.MANAGE_USERS)
    )


def manageable_users(administrator: User) -> QuerySet[User]:
    """Everybody with a role at a site this administrator answers for."""
    return (
        User.objects.filter(memberships__site__in=administered_sites(administrator))
        .distinct()
        .prefetch_related("memberships__site")
        .order_by("last_name", "first_name", "username")
    )


def user_for(administrator: User, user_id: int) -> User:
    """One user of the administrator's sites. Raises Http404 for anybody else."""
    user = manageable_users(administrator).filter(pk=user_id).first()
    if user is None:
        raise Http404(_("There is no such user."))
    return user


def find_users(
    administrator: User, *, text: str = "", role: str = "", site: str = "", state: str = ""
) -> QuerySet[User]:
    """The administrator's users, narrowed by name, role, site and state ("active", "inactive")."""
    users = manageable_users(administrator)
    for word in text.split():
        users = users.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    held = Membership.objects.filter(site__in=administered_sites(administrator))
    if role in Role.values:
        held = held.filter(role=role)
    if site:
        held = held.filter(site__slug=site)
    if role in Role.values or site:
        users = users.filter(memberships__in=held)
    if state in ("active", "inactive"):
        users = users.filter(is_active=state == "active")
    return users


def answers_for(administrator: User, user: User) -> bool:
    """Does the administrator manage every active site of this person, and is it no superuser (unless themselves)?"""
    if user.pk == administrator.pk:
        return True
    elsewhere = user.memberships.filter(site__is_active=True).exclude(site__in=administered_sites(administrator))
    return not (user.is_superuser or user.is_staff or elsewhere.exists())


def is_last_administrator(user: User, site: Site) -> bool:
    """Would the site have no active administrator without this one?"""
    managing = Membership.objects.filter(site=site, role__in=roles_with(Action.MANAGE_USERS), user__is_active=True)
    return managing.filter(user=user).exists() and not managing.exclude(user=user).exists()


def audit_events(auditor: User, *, verb: str = "", actor: str = "", day: str = "") -> QuerySet[AuditEvent]:
    """Events of the auditor's sites, newest first.

    Events of no site (signing in, lists) are shown when their actor has or had to do with one of these
    sites, or is nobody: what happens at one site is invisible to another.
    """
    sites = Site.objects.filter(
        is_active=True, memberships__user=auditor, memberships__role__in=roles_with(Action.VIEW_AUDIT)
    )
    acted_here = AuditEvent.objects.filter(actor=OuterRef("actor"), site__in=sites)
    belongs_here = Membership.objects.filter(user=OuterRef("actor"), site__in=sites)
    ours = Q(actor__isnull=True) | Exists(belongs_here) | Exists(acted_here)
    events = AuditEvent.objects.filter(Q(site__in=sites) | Q(site__isnull=True) & ours).order_by("-id")
    if verb:
        events = events.filter(verb=verb)
    if actor:
        events = events.filter(actor_name__icontains=actor)
    if day:
        events = events.filter(at__date=day)
    return events
