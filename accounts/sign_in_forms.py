"""allauth's forms of signing in and of second factors, as they must be here."""

from __future__ import annotations

import struct
from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as FactorForm
from allauth.mfa.base.forms import ReauthenticateForm as FactorAgainForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import audit
from accounts.factors import FactorUnreadable, seal, unseal
from accounts.models import User, Verb
from accounts.services.authentication import password_is_right

# A code is good for its half minute and the ones beside it.
CODE_LIVES_S = 120
NAME_LENGTH = 60


class _CodeMixin(forms.Form):
    user: User
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = gettext_lazy("Code of your app, or a recovery code")
        field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except FactorUnreadable:
            raise ValidationError(
                _("Your second factor cannot be read any more. Ask an administrator to reset it.")
            ) from None
        if self.authenticator.type == Authenticator.Type.TOTP:
            # allauth remembers a used code for one half minute, and it is taken for three
            used = f"code-used:{self.user.pk}:{code.strip()}"
            if not cache.add(used, True, timeout=CODE_LIVES_S):
                raise get_adapter().validation_error("incorrect_code")
        return code


class SecondStepForm(_CodeMixin, FactorForm):  # type: ignore[misc]
    """The code after the password."""


class CodeAgainForm(_CodeMixin, FactorAgainForm):  # type: ignore[misc]
    """The code of somebody who is signed in."""


class SetUpAppForm(ActivateTOTPForm):  # type: ignore[misc]
    """The secret waits in the session until its first code is typed: sealed, for sessions are in the database."""

    WAITING = "waiting_app_secret"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        session = context.request.session
        waiting = session.get(self.WAITING) if self.is_bound else None
        if waiting:
            self.secret = unseal(waiting)
        else:
            session[self.WAITING] = seal(self.secret)
        session.pop(SECRET_SESSION_KEY, None)
        self.fields["code"].label = gettext_lazy("The six digits that the app shows")
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}

    def clean_code(self) -> str:
        code: str = super().clean_code()
        context.request.session.pop(self.WAITING, None)
        return code


# What reading a passkey's answer may raise when it is no such thing: anybody can send anything.
UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, struct.error)


class _PasskeyMixin(forms.Form):
    """A passkey that proves nothing is on record, as a wrong code is."""

    user: User | None

    def clean_credential(self) -> Authenticator:
        try:
            try:
                return super().clean_credential()  # type: ignore[misc]
            except UNREADABLE:
                raise get_adapter().validation_error("incorrect_code") from None
        except ValidationError:
            detail = {"kind": Authenticator.Type.WEBAUTHN.value}
            audit.record(Verb.FACTOR_USED, actor=self.user, detail=detail, request=context.request, denied=True)
            raise


class PasskeyStepForm(_PasskeyMixin, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey after the password."""


class PasskeyAloneForm(_PasskeyMixin, LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey and nothing else."""


class PasskeyAgainForm(_PasskeyMixin, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey of somebody who is signed in."""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except UNREADABLE:
            raise get_adapter().validation_error("incorrect_code") from None
        return cleaned

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=pgettext_lazy("of a thing", "Name"), max_length=NAME_LENGTH, required=False
        )
        self.fields["passwordless"].label = gettext_lazy("Sign in with it alone, without a password")
        self.fields["passwordless"].help_text = gettext_lazy("The key then asks for its PIN, a finger or a face.")


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=NAME_LENGTH)


class PasswordAgainForm(ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not password_is_right(self.user, password):
            audit.record(Verb.IDENTITY_CONFIRMED, actor=self.user, request=context.request, denied=True)
            raise ValidationError(_("The password is not right."))
        return password
