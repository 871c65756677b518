"""A person's second factors: allauth's views under our addresses, and which of them there are."""

from __future__ import annotations

from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from django.urls import path
from django.views.decorators.cache import never_cache

from accounts.views import factors

urlpatterns = [
    path("", factors.SignInPage.as_view(), name="mfa_index"),
    path("second-step/", never_cache(base.authenticate), name="mfa_authenticate"),
    path("again/", never_cache(base.reauthenticate), name="mfa_reauthenticate"),
    path("app/", never_cache(app.activate_totp), name="mfa_activate_totp"),
    path("app/remove/", app.deactivate_totp, name="mfa_deactivate_totp"),
    path("recovery-codes/", never_cache(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("passkeys/", factors.to_sign_in_page, name="mfa_list_webauthn"),
    path("passkeys/new/", never_cache(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("passkeys/again/", never_cache(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("passkeys/sign-in/", never_cache(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("passkeys/<int:pk>/name/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
]
