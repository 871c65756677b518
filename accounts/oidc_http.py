"""Talking to the OpenID provider: its description, its keys, a code for tokens, who a token is of.

Nothing is followed elsewhere, read without bound, or waited for long; what the provider writes is kept in no log.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from django.core.exceptions import ImproperlyConfigured

from accounts.oidc import OidcRefused, Provider, safe_address

TIMEOUT_S = 10
MOST_BYTES = 1 << 20
# A provider changes its keys now and then; one that signs with a key we do not know is asked again, but seldom.
DESCRIPTION_S, KEYS_S, AGAIN_S = 3600, 3600, 30
AWAY_S = 5
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_given: Any, **_named: Any) -> None:
        return None


_opener = build_opener(_NoRedirects, ProxyHandler({}))
# What was read, and when. In this process: a cache that others can write to is no place for keys to trust.
_read: dict[tuple[str, str], tuple[float, Any]] = {}


def forget() -> None:
    """Read everything of the providers anew."""
    _read.clear()


def _remembered(what: str, provider: Provider, seconds: float) -> Any:
    at, found = _read.get((what, provider.issuer), (0.0, None))
    return found if time.monotonic() - at < seconds else None


def _remember(what: str, provider: Provider, found: Any) -> None:
    _read[what, provider.issuer] = (time.monotonic(), found)


def description(provider: Provider) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0 section 4). Raises OidcRefused."""
    found: dict[str, Any] | None = _remembered("description", provider, DESCRIPTION_S)
    if found is None:
        # A provider that is away must not keep a thread for everybody who presses the button.
        if _remembered("away", provider, AWAY_S):
            raise OidcRefused("provider_away")
        try:
            found = _json(Request(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"))
        except OidcRefused:
            _remember("away", provider, True)
            raise
        # Another's description would send our secret to another.
        if found.get("issuer") != provider.issuer:
            raise OidcRefused("issuer")
        for name in ENDPOINTS:
            try:
                safe_address(str(found.get(name, "")))
            except ImproperlyConfigured:
                raise OidcRefused("description") from None
        _remember("description", provider, found)
    return found


def keys(provider: Provider, *, again: bool = False) -> list[dict[str, Any]]:
    """Its public keys (RFC 7517). again: there was none that fits, so look whether there are new ones."""
    found: list[dict[str, Any]] | None = _remembered("keys", provider, AGAIN_S if again else KEYS_S)
    if found is None:
        listed = _json(Request(description(provider)["jwks_uri"])).get("keys")
        found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        _remember("keys", provider, found)
    return found


def tokens(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
    """What the provider gives for a code (RFC 6749 section 4.1.3 with PKCE, RFC 7636). Raises OidcRefused."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return _json(Request(description(provider)["token_endpoint"], urlencode(fields).encode(), headers))


def userinfo(provider: Provider, access_token: str) -> Mapping[str, Any]:
    """The claims that the provider keeps out of its ID token; none where it has no such endpoint."""
    address = description(provider).get("userinfo_endpoint")
    if not address or not access_token:
        return {}
    try:
        safe_address(str(address))
    except ImproperlyConfigured:
        raise OidcRefused("description") from None
    return _json(Request(str(address), headers={"Authorization": f"Bearer {access_token}"}))


def _json(request: Request) -> dict[str, Any]:
    request.add_header("Accept", "application/json")
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as answer:
            body = answer.read(MOST_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise OidcRefused("provider_refuses") from None
    except (URLError, OSError, http.client.HTTPException):
        raise OidcRefused("provider_away") from None
    try:
        content = json.loads(body) if len(body) <= MOST_BYTES else None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise OidcRefused("provider_answer")
    return content
