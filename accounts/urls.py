"""Sign-in (the few pages of django-allauth we use), users and the audit trail."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import include, path

from accounts.views import audit, factors, invitations, oidc, preferences, tokens, users

urlpatterns = [
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    # allauth links to these by name; accounts are made and mended by administrators, so both say that.
    path("signup/", users.ask_administrator, name="account_signup"),
    path("password/reset/", users.ask_administrator, name="account_reset_password"),
    path("inactive/", users.ask_administrator, name="account_inactive"),
    path("users/", users.user_list, name="users"),
    path("users/export/", users.user_export, name="user-export"),
    path("users/new/", users.user_new, name="user-new"),
    path("users/<int:user_id>/", users.user_change, name="user-change"),
    path("users/<int:user_id>/active/", users.user_active, name="user-active"),
    path("users/<int:user_id>/invite/", invitations.user_invite, name="user-invite"),
    path("users/<int:user_id>/withdraw/", invitations.user_withdraw, name="user-withdraw"),
    path("users/<int:user_id>/factors/reset/", factors.user_factors_reset, name="user-factors-reset"),
    path("sign-in/", include("accounts.factor_urls")),
    path("users/<int:user_id>/sign-out/", invitations.user_sign_out, name="user-sign-out"),
    path("invitation/", invitations.invitation_accept, name="invitation-accept"),
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("preferences/", preferences.appearance, name="preferences"),
    path("preferences/keys/", preferences.keys, name="preferences-keys"),
    path("preferences/keys/reset/", preferences.keys_reset, name="preferences-keys-reset"),
    path("preferences/keys/export/", preferences.keys_export, name="preferences-keys-export"),
    path("preferences/keys/import/", preferences.keys_import, name="preferences-keys-import"),
    path("oidc/", oidc.oidc_start, name="oidc-start"),
    path("oidc/again/", oidc.oidc_again, name="oidc-again"),
    path("oidc/callback/", oidc.oidc_callback, name="oidc-callback"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("tokens/people/", tokens.people_tokens, name="people-tokens"),
    path("tokens/people/<int:token_id>/revoke/", tokens.people_token_revoke, name="people-token-revoke"),
    path("audit/", audit.audit_list, name="audit"),
    path("audit/export/<str:form>/", audit.audit_export, name="audit-export"),
]
