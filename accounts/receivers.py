"""Django's own signals of signing in and out, written to the audit trail. A typed name is never kept."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed, password_changed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit
from accounts.models import User, Verb
from accounts.services.authentication import begin_session, note_authentication
from accounts.services.oidc import VIA


@receiver(user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(sender: type, request: HttpRequest, user: User, **_kwargs: Any) -> None:
    begin_session(request, user)
    via = request.session.pop(VIA, "")
    audit.record(Verb.SIGNED_IN, actor=user, request=request, detail={"via": via} if via else None)


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(sender: type, request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        audit.record(Verb.SIGNED_OUT, actor=user, request=request)


@receiver(user_login_failed, dispatch_uid="accounts.sign_in_failed")
def sign_in_failed(sender: type, request: HttpRequest | None = None, **_kwargs: Any) -> None:
    audit.record(Verb.SIGN_IN_FAILED, actor=None, request=request, denied=True)


@receiver(authentication_step_completed, dispatch_uid="accounts.reauthenticated")
def reauthenticated(sender: type, request: HttpRequest, **kwargs: Any) -> None:
    if kwargs.get("reauthenticated"):
        note_authentication(request)


@receiver(password_changed, dispatch_uid="accounts.password_changed")
def own_password_changed(sender: type, request: HttpRequest, user: User, **_kwargs: Any) -> None:
    note_authentication(request)
    audit.record(
        Verb.USER_CHANGED,
        actor=user,
        object_type="user",
        object_id=user.pk,
        detail={"fields": ["password"]},
        request=request,
    )


@receiver(post_save, sender=Authenticator, dispatch_uid="accounts.factor_set_up")
def factor_set_up(sender: type, instance: Authenticator, created: bool, **_kwargs: Any) -> None:
    """In the transaction that sets it up; allauth's own signal comes after it."""
    if created:
        _factor_changed(Verb.FACTOR_SET_UP, instance)


@receiver(post_delete, sender=Authenticator, dispatch_uid="accounts.factor_removed")
def factor_removed(sender: type, instance: Authenticator, **_kwargs: Any) -> None:
    _factor_changed(Verb.FACTOR_REMOVED, instance)


def _factor_changed(verb: Verb, factor: Authenticator) -> None:
    request = context.request
    actor = request.user if request is not None and isinstance(request.user, User) else None
    detail = {"kind": factor.type}
    audit.record(verb, actor=actor, object_type="user", object_id=factor.user_id, detail=detail, request=request)


@receiver(authenticator_used, dispatch_uid="accounts.factor_used")
def factor_used(sender: type, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    detail = {"kind": authenticator.type, "again": bool(kwargs.get("reauthenticated"))}
    audit.record(Verb.FACTOR_USED, actor=user, detail=detail, request=request)


@receiver(authentication_failed, dispatch_uid="accounts.factor_failed")
def factor_failed(sender: type, request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    detail = {"kind": authenticator.type}
    audit.record(Verb.FACTOR_USED, actor=user, detail=detail, request=request, denied=True)
