"""Is an ID token the provider's word about this sign-in, to us, now? (OpenID Connect Core 1.0 section 3.1.3.7)"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import jwt

from accounts.oidc import OidcRefused, Provider

# Of a key pair only: with a shared secret, or with "none", whoever knows our public facts could write a token.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KINDS = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}
# Two machines' clocks are never the same.
LEEWAY_S = 60
Keys = Callable[[bool], Sequence[dict[str, Any]]]


def verified_claims(provider: Provider, token: str, *, keys: Keys, nonce: str) -> dict[str, Any]:
    """The claims of a good ID token. keys(again): the provider's public keys. Raises OidcRefused."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise OidcRefused("algorithm")
        key = _key(header.get("kid"), algorithm, keys(False)) or _key(header.get("kid"), algorithm, keys(True))
        if key is None:
            raise OidcRefused("key")
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key, algorithm).key,
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise OidcRefused("expired") from None
    except jwt.InvalidAudienceError:
        raise OidcRefused("audience") from None
    except jwt.InvalidIssuerError:
        raise OidcRefused("issuer") from None
    except jwt.PyJWTError:
        raise OidcRefused("id_token") from None
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", provider.client_id) != provider.client_id or (len(audiences) > 1 and "azp" not in claims):
        raise OidcRefused("audience")
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise OidcRefused("nonce")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise OidcRefused("subject")
    return claims


def proved_since(claims: dict[str, Any], moment: datetime) -> bool:
    """Did the person prove at the provider who they are after `moment`, by its word?"""
    at = claims.get("auth_time")
    return isinstance(at, int | float) and at >= moment.timestamp() - LEEWAY_S


def _key(kid: Any, algorithm: str, listed: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one key that fits; without a name only where there is no choice."""
    kind = next(kty for begins, kty in KINDS.items() if algorithm.startswith(begins))
    fitting = [
        key
        for key in listed
        if key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    return fitting[0] if len(fitting) == 1 else None
