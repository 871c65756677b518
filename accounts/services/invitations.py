"""Invitations: a link, good once and for a week, by which a person chooses their password.

The link's token is shown once and sent where mail is set up; the database keeps its SHA-256 alone.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Invitation, Site, User, Verb
from accounts.selectors import answers_for
from accounts.services.tokens import revoke_all
from accounts.services.users import end_sessions

GOOD_FOR = timedelta(days=7)
TOKEN_BYTES = 32


class InvitationError(Exception):
    """The link is none, or no longer good; `str(error)` is one sentence."""


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def invite(*, actor: User, user: User, request: HttpRequest | None = None) -> str:
    """A new link's token, in place of an earlier one that was not used. The person's password, if any, works until
    the link is used.

    Raises PermissionError for oneself, for an inactive person, and for one who also works at a site of others: it is
    the same right as giving them a password.
    """
    if user.pk == actor.pk:
        raise PermissionError(_("Change your own password with the old one."))
    if not answers_for(actor, user):
        raise PermissionError(_("This person also works at a site that you do not administer."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    with transaction.atomic():
        # the row's lock lets two administrators make one link after the other
        if not User.objects.select_for_update().get(pk=user.pk).is_active:
            raise PermissionError(_("This person cannot sign in: let them in again first."))
        _open(user).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            user=user, digest=digest_of(token), made_by=actor, made_at=now, expires_at=now + GOOD_FOR
        )
        _record(Verb.USER_INVITED, actor, user, request, invitation)
    return token


def withdraw(*, actor: User, user: User, request: HttpRequest | None = None) -> bool:
    """End the person's open link. False when there is none. Raises PermissionError."""
    if not answers_for(actor, user):
        raise PermissionError(_("This person also works at a site that you do not administer."))
    with transaction.atomic():
        invitation = _open(user).select_for_update().first()
        if invitation is None:
            return False
        _open(user).update(withdrawn_at=timezone.now())
        _record(Verb.INVITATION_WITHDRAWN, actor, user, request, invitation)
    return True


def invitation_for(token: str) -> Invitation:
    """The open invitation of a token. Raises `InvitationError`, in the same words whatever is wrong."""
    found = (
        Invitation.objects.filter(
            digest=digest_of(token),
            used_at__isnull=True,
            withdrawn_at__isnull=True,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )
    if found is None:
        raise InvitationError(_("This link was used, withdrawn, or is over. Ask your administrator for another."))
    return found


def accept(*, token: str, password: str, request: HttpRequest | None = None) -> User:
    """Give the invited person their password: the link is used up, their sessions and API tokens end.

    Raises `InvitationError`, ValidationError for a weak password, which leaves the link good.
    """
    with transaction.atomic():
        invitation = invitation_for(token)
        user = invitation.user
        validate_password(password, user)
        now = timezone.now()
        mine = Invitation.objects.filter(pk=invitation.pk, used_at__isnull=True, withdrawn_at__isnull=True)
        if mine.filter(expires_at__gt=now).update(used_at=now) != 1:
            raise InvitationError(_("This link was used, withdrawn, or is over. Ask your administrator for another."))
        user.set_password(password)
        user.save(update_fields=["password"])
        revoke_all(user=user, actor=user, request=request)
        _record(Verb.INVITATION_USED, user, user, request, invitation)
    end_sessions(user)
    return user


def send_by_mail(*, user: User, link: str) -> bool:
    """Send the link where mail is set up and the person has an address. Raises OSError (with SMTP's own errors) where
    the mail server does not take it."""
    if not settings.EMAIL_HOST or not user.email:
        return False
    words = _("Choose your password for Firstread here: %(link)s\n\nThe link is good once, for %(n)d days.")
    send_mail(_("Your account at Firstread"), words % {"link": link, "n": GOOD_FOR.days}, None, [user.email])
    return True


def _open(user: User) -> QuerySet[Invitation]:
    return Invitation.objects.filter(user=user, used_at__isnull=True, withdrawn_at__isnull=True)


def _record(verb: Verb, actor: User, user: User, request: HttpRequest | None, invitation: Invitation) -> None:
    """One event at each of the person's sites."""
    sites: list[Site | None] = [*Site.objects.filter(memberships__user=user).order_by("pk")] or [None]
    for site in sites:
        audit.record(
            verb,
            actor=actor,
            site=site,
            object_type="user",
            object_id=user.pk,
            detail={"invitation": invitation.pk, "expires_at": invitation.expires_at.isoformat()},
            request=request,
        )
