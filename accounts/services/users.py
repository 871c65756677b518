"""Writes on sites and users. Every act is audited in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Membership, Site, User, Verb
from accounts.roles import Action, roles_with
from accounts.selectors import administered_sites, answers_for, is_last_administrator, sessions_of
from accounts.services.tokens import revoke_all

# Role before and after, by site.
Changes = dict[Site, tuple[str, str]]


class LastAdministrator(Exception):
    """A site would be left without an active administrator; `str` is the sentence for people."""

    def __init__(self, site: Site) -> None:
        super().__init__(_("%(site)s would be left without an active administrator.") % {"site": site.name})


def ensure_site(*, slug: str, name: str) -> Site:
    """The site of that slug, made when there is none; an existing one keeps its name."""
    return Site.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def ensure_demo_user(
    *, username: str, first_name: str, last_name: str, password: str, memberships: Mapping[Site, str]
) -> User:
    """A demo account with a role per site, made when there is none; an existing one is left as it is."""
    with transaction.atomic():
        user = User.objects.filter(username=username).first()
        if user is None:
            user = User.objects.create_user(
                username, f"{username}@example.org", password, first_name=first_name, last_name=last_name
            )
            for site, role in memberships.items():
                Membership.objects.create(user=user, site=site, role=role)
    return user


def create_user(
    *,
    actor: User,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    memberships: Mapping[Site, str],
    request: HttpRequest | None = None,
) -> User:
    """A new active user with a role at sites the actor administers. Without a password nobody signs in as them until
    they have chosen one by an invitation.

    Raises ValidationError for a weak password, PermissionError for a site that is not the actor's.
    """
    with transaction.atomic():
        user = User(username=username, email=email, first_name=first_name, last_name=last_name)
        if password:
            validate_password(password, user)
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save()
        changes = _set_memberships(actor, user, memberships)
        _record(Verb.USER_CREATED, actor, user, request, changes)
    return user


def change_user(
    *,
    actor: User,
    user: User,
    email: str,
    first_name: str,
    last_name: str,
    memberships: Mapping[Site, str],
    password: str = "",
    request: HttpRequest | None = None,
) -> User:
    """Change a user, and their roles at the sites in `memberships` ("" takes the role away).

    Name, e-mail and password belong to the person at all their sites, so only someone who answers for
    them at every one may change these; one's own password is changed with the old one, not here.
    A new password ends the user's sessions and API tokens. Raises ValidationError, PermissionError, LastAdministrator.
    """
    with transaction.atomic():
        stored = User.objects.get(pk=user.pk)
        wanted = {"email": email, "first_name": first_name, "last_name": last_name}
        fields = [name for name, value in wanted.items() if getattr(stored, name) != value]
        if password:
            if user.pk == actor.pk:
                raise PermissionError(_("Change your own password with the old one."))
            fields.append("password")
        if fields and not answers_for(actor, user):
            raise PermissionError(_("This person also works at a site that you do not administer."))
        for name in fields:
            if name != "password":
                setattr(user, name, wanted[name])
        if password:
            validate_password(password, user)
            user.set_password(password)
        if fields:
            user.save(update_fields=fields)
        if password:
            revoke_all(user=user, actor=actor, request=request)
        changes = _set_memberships(actor, user, memberships)
        if fields or changes:
            _record(Verb.USER_CHANGED, actor, user, request, changes, fields=fields)
    if password:
        end_sessions(user)
    return user


def set_active(*, actor: User, user: User, active: bool, request: HttpRequest | None = None) -> None:
    """Let a user in again, or shut them out at once: sessions and API tokens end.

    Raises PermissionError for oneself and for somebody who also works at a site of others, and
    LastAdministrator where a site would lose its last one.
    """
    if user.pk == actor.pk:
        raise PermissionError(_("Nobody can deactivate themselves."))
    with transaction.atomic():
        sites = _locked(list(user.memberships.values_list("site", flat=True)))
        if not active:
            for site in sites:
                if is_last_administrator(user, site):
                    raise LastAdministrator(site)
        if not answers_for(actor, user):
            raise PermissionError(_("This person also works at a site that you do not administer."))
        User.objects.filter(pk=user.pk).update(is_active=active)
        user.is_active = active
        verb = Verb.USER_CHANGED if active else Verb.USER_DEACTIVATED
        _record(verb, actor, user, request, {}, active=active)
        if not active:
            revoke_all(user=user, actor=actor, request=request)
            user.invitations.filter(used_at__isnull=True, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
    if not active:
        end_sessions(user)


def end_sessions(user: User) -> None:
    """Sign the user out everywhere."""
    for session in Session.objects.filter(expire_date__gte=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def end_session(*, actor: User, user: User, name: str = "", request: HttpRequest | None = None) -> int:
    """End one session of the person by its `SignIn.name`, or all of them; answers how many. Raises PermissionError."""
    if not answers_for(actor, user):
        raise PermissionError(_("This person also works at a site that you do not administer."))
    keys = [each.key for each in sessions_of(user) if name in ("", each.name)]
    with transaction.atomic():
        Session.objects.filter(session_key__in=keys).delete()
        if keys:
            _record(Verb.SIGN_INS_ENDED, actor, user, request, {}, sessions=len(keys))
    return len(keys)


def _locked(sites: list[int]) -> list[Site]:
    """Those sites, held until the transaction ends, so that two administrators cannot remove each other at once."""
    return list(Site.objects.select_for_update().filter(pk__in=sites).order_by("pk"))


def _set_memberships(actor: User, user: User, memberships: Mapping[Site, str]) -> Changes:
    """Make the roles those of `memberships`; answers what became different."""
    allowed = set(administered_sites(actor).values_list("pk", flat=True))
    held = dict(user.memberships.values_list("site", "role"))
    changes: Changes = {}
    _locked([site.pk for site in memberships])
    for site, role in memberships.items():
        was = held.get(site.pk, "")
        if role == was:
            continue
        if site.pk not in allowed:
            raise PermissionError(_("You do not administer this site."))
        if role not in roles_with(Action.MANAGE_USERS) and is_last_administrator(user, site):
            raise LastAdministrator(site)
        if role:
            Membership.objects.update_or_create(user=user, site=site, defaults={"role": role})
        else:
            Membership.objects.filter(user=user, site=site).delete()
        changes[site] = (was, role)
    return changes


def _record(
    verb: Verb,
    actor: User | None,
    user: User,
    request: HttpRequest | None,
    changes: Changes,
    **detail: Any,
) -> None:
    """One event at each site where a role changed; what concerns the person alone is told at all of theirs."""
    sites: list[Site | None] = list(changes)
    if not sites:
        sites = [*Site.objects.filter(memberships__user=user).order_by("pk")] or [None]
    for site in sites:
        was, now = changes.get(site, ("", "")) if site else ("", "")
        audit.record(
            verb,
            actor=actor,
            site=site,
            object_type="user",
            object_id=user.pk,
            detail={**detail, **({"was": was, "role": now} if site in changes else {})},
            request=request,
        )
