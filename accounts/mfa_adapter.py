"""How allauth's second factors behave here."""

from __future__ import annotations

from typing import ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.factors import seal, unseal
from accounts.models import User
from accounts.standing import FIRST_CLASS, factor_required


class FactorAdapter(DefaultMFAAdapter):
    error_messages: ClassVar[dict[str, str | Promise]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This is not right, or it was used before."),
        "cannot_delete_authenticator": gettext_lazy(
            "Your role needs a second factor, and this is your last. Set up another first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=FIRST_CLASS)
        return others.exclude(pk=authenticator.pk).exists() or not factor_required(authenticator.user)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002  allauth's name
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}

    def _get_user_identifier(self, user: User) -> str:
        # allauth takes the e-mail address, which an app would show on a telephone
        return user.username

    def _get_site_name(self) -> str:
        return "Firstread"
