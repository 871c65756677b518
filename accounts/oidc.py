"""Single sign-on with an OpenID provider: what the operator set, and which roles its claims give.

Settings OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_ROLES; without an issuer there is none of it.
OIDC_ROLES is a JSON object:

    {"claim": "groups",                                           or a path: ["realm_access", "roles"]
     "roles": [{"value": "radiology", "site": "north", "role": "reader"}],
     "replace_manual": false, "link_verified_email": false}

Of several entries for a site the first that fits counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.roles import Role

HERE = ("localhost", "127.0.0.1", "::1")
_KNOWN = {"claim", "roles", "replace_manual", "link_verified_email"}


class OidcRefused(Exception):
    """Nobody is signed in. code: for the audit trail, never what the provider wrote."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class RoleRule:
    value: str
    site: str
    role: str


@dataclass(frozen=True, slots=True)
class Provider:
    """replace_manual: a role given by hand gives way to the provider's. link_verified_email: whoever the provider says
    owns the address of an account here is taken for its person."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    claim: tuple[str, ...]
    rules: tuple[RoleRule, ...]
    replace_manual: bool = False
    link_verified_email: bool = False

    def roles_of(self, claims: Mapping[str, Any]) -> dict[str, str]:
        """Site's short name → role, by the claim's values; a claim that is missing or of another form gives none."""
        found: Any = claims
        for name in self.claim:
            found = found.get(name) if isinstance(found, Mapping) else None
        values = {found} if isinstance(found, str) else {each for each in found or () if isinstance(each, str)}
        given: dict[str, str] = {}
        for rule in self.rules:
            if rule.value in values:
                given.setdefault(rule.site, rule.role)
        return given


def provider() -> Provider | None:
    """The provider of this installation, None where there is none. Raises ImproperlyConfigured with a sentence."""
    if not settings.OIDC_ISSUER:
        return None
    if not settings.OIDC_CLIENT_ID or not settings.OIDC_CLIENT_SECRET:
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it.")
    safe_address(settings.OIDC_ISSUER)
    wanted = _object(settings.OIDC_ROLES)
    claim = wanted.get("claim", "groups")
    path = (claim,) if isinstance(claim, str) else tuple(claim) if isinstance(claim, list) else ()
    if not path or not all(isinstance(name, str) and name for name in path):
        raise ImproperlyConfigured("OIDC_ROLES: claim is a name, or a list of names that lead to it.")
    flags = {name: wanted.get(name, False) for name in ("replace_manual", "link_verified_email")}
    if not all(isinstance(value, bool) for value in flags.values()):
        raise ImproperlyConfigured("OIDC_ROLES: replace_manual and link_verified_email are true or false.")
    return Provider(
        issuer=settings.OIDC_ISSUER,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        name=settings.OIDC_NAME,
        scopes=tuple(dict.fromkeys(["openid", *settings.OIDC_SCOPES])),
        claim=path,
        rules=_rules(wanted.get("roles", [])),
        **flags,
    )


def safe_address(url: str) -> str:
    """The address, where secrets may go there: by TLS, or to this machine. Raises ImproperlyConfigured."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return url
    if parts.scheme == "http" and parts.hostname in HERE:
        return url
    raise ImproperlyConfigured("Addresses of an OpenID provider begin with https://.")


def _object(text: str) -> dict[str, Any]:
    try:
        wanted = json.loads(text or "{}")
    except ValueError as error:
        raise ImproperlyConfigured("OIDC_ROLES is no JSON.") from error
    if not isinstance(wanted, dict) or set(wanted) - _KNOWN:
        raise ImproperlyConfigured(f"OIDC_ROLES is an object of {', '.join(sorted(_KNOWN))}.")
    return wanted


def _rules(entries: Any) -> tuple[RoleRule, ...]:
    if not isinstance(entries, list):
        raise ImproperlyConfigured("OIDC_ROLES: roles is a list.")
    rules = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"value", "site", "role"}:
            raise ImproperlyConfigured("OIDC_ROLES: each of the roles has value, site and role.")
        if not all(isinstance(each, str) and each for each in entry.values()) or entry["role"] not in Role.values:
            raise ImproperlyConfigured(f"OIDC_ROLES: a role is one of {', '.join(Role.values)}.")
        rules.append(RoleRule(**entry))
    return tuple(rules)
