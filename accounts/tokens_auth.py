"""`Authorization: Bearer frd_…` at the REST interface and DICOMweb (RFC 6750). The pages take no token."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from accounts.models import User
from accounts.noise import FORGET_S
from accounts.services.tokens import TooManyFailures, person_of

# "Token" is what programs of earlier versions and Django REST framework say.
KEYWORDS = ("bearer", "token")
REALM = 'Bearer realm="firstread"'
# Mark on the request: what was wrong, for the header of the answer.
PROBLEM = "token_problem"


class TokenAuthentication(BaseAuthentication):
    """Who sends a token is who it says, for this request alone: no session is made, and a cookie beside it is not
    looked at. A bad token is refused even where a session would have done."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower().decode("ascii", "replace") not in KEYWORDS:
            return None
        text = parts[1].decode("ascii", "replace") if len(parts) == 2 else ""
        try:
            user = person_of(text, request=request._request)
        except TooManyFailures:
            raise Throttled(FORGET_S) from None
        if user is None:
            setattr(request._request, PROBLEM, "invalid_token")
            raise AuthenticationFailed(_("This token is none, or no longer good."))
        return user, user.grant

    def authenticate_header(self, request: Request) -> str:
        problem = getattr(request._request, PROBLEM, "")
        return f'{REALM}, error="{problem}"' if problem else REALM


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema tells of it."""

    target_class = "accounts.tokens_auth.TokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "frd_…"}
