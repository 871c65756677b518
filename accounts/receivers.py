"""Django's own signals of signing in and out, written to the audit trail. A typed name is never kept."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed, password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit
from accounts.models import User, Verb
from accounts.services.authentication import note_authentication


@receiver(user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(sender: type, request: HttpRequest, user: User, **_kwargs: Any) -> None:
    note_authentication(request)
    audit.record(Verb.SIGNED_IN, actor=user, request=request)


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
