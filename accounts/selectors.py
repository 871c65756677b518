"""Reads on users and the audit trail, each limited to what the asking person administers or audits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Invitation, Membership, Site, User
from accounts.roles import Action, Role, roles_with
from accounts.sessions import end_of, until

# Where a session keeps when its person last gave a password (written by `services.authentication`).
AUTHENTICATED_AT = "authenticated_at"


def administered_sites(user: User) -> QuerySet[Site]:
    """The active sites whose users this person manages."""
    return Site.objects.filter(
        is_active=True, memberships__user=user, memberships__role__in=roles_with(Action.MANAGE_USERS)
    )


def managed_sites(user: User) -> QuerySet[Site]:
    """The active sites this person sets up."""
    if not user.is_active:
        return Site.objects.none()
    return Site.objects.filter(
        is_active=True, memberships__user=user, memberships__role__in=roles_with(Action.MANAGE_SITES)
    )


def managed_site(user: User, slug: str) -> Site:
    """One of them. Raises Http404 for any other."""
    site = managed_sites(user).filter(slug=slug).first()
    if site is None:
        raise Http404(_("There is no such site."))
    return site


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


def open_invitation(user: User) -> Invitation | None:
    """The person's link that is still good."""
    links = Invitation.objects.filter(user=user, used_at__isnull=True, withdrawn_at__isnull=True)
    return links.filter(expires_at__gt=timezone.now()).select_related("made_by").first()


@dataclass(frozen=True, slots=True)
class SignIn:
    """One session of a person. name: stands for the session's key, which is never told. since: last password given."""

    name: str
    key: str = field(repr=False)
    since: datetime | None
    until: datetime


def sessions_of(user: User) -> list[SignIn]:
    """Where the person is signed in now, the newest first. Looks at every session there is."""
    found, now = [], timezone.now()
    for session in Session.objects.filter(expire_date__gte=now).iterator():
        data = session.get_decoded()
        if data.get("_auth_user_id") == str(user.pk) and not end_of(data, now):
            stamp = data.get(AUTHENTICATED_AT)
            since = datetime.fromisoformat(stamp) if stamp else None
            name = hashlib.sha256(session.session_key.encode()).hexdigest()[:16]
            found.append(SignIn(name, session.session_key, since, until(data) or session.expire_date))
    return sorted(found, key=lambda each: each.until, reverse=True)


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
