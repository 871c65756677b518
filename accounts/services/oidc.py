"""Signing in by an OpenID provider: the way there with a state, a nonce and a PKCE verifier, and the way back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, oidc_http
from accounts.models import ExternalIdentity, Site, User, Verb
from accounts.noise import is_noise
from accounts.oidc import OidcRefused, Provider
from accounts.oidc_tokens import proved_since, verified_claims
from accounts.services.authentication import note_authentication
from accounts.services.oidc_roles import apply_roles

log = structlog.get_logger(__name__)
# Where a session keeps what must come back from the provider.
FLOW = "oidc_flow"
VIA = "signed_in_via"
GOOD_FOR = timedelta(minutes=10)


def begin(
    *, request: HttpRequest, provider: Provider, redirect_uri: str, goes_to: str = "", again: bool = False
) -> str:
    """The provider's address to send the browser to. again: a signed-in person is to prove anew who they are.

    Raises OidcRefused when the provider cannot be asked."""
    endpoint = oidc_http.description(provider)["authorization_endpoint"]
    flow = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(64),
        "redirect_uri": redirect_uri,
        "goes_to": goes_to,
        "again": again,
        "at": timezone.now().timestamp(),
    }
    request.session[FLOW] = flow
    challenge = base64.urlsafe_b64encode(hashlib.sha256(str(flow["verifier"]).encode()).digest()).rstrip(b"=")
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if again else {}),
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def finish(*, request: HttpRequest, provider: Provider, answer: Mapping[str, str]) -> tuple[User, str]:
    """Who came back, with the roles they have now, and where they wanted to go. `answer`: the query of the way back.

    They are not signed in yet. Raises OidcRefused; what is refused is audited, but for an answer nobody asked for."""
    flow = request.session.pop(FLOW, None)
    if not isinstance(flow, dict) or not hmac.compare_digest(answer.get("state", "").encode(), flow["state"].encode()):
        raise OidcRefused("state")
    try:
        claims = _claims(provider, flow, answer)
        if flow["again"]:
            return _proved(request, provider, claims, flow), str(flow["goes_to"])
        user, left = _person(provider, claims, request)
        if not left:
            raise OidcRefused("no_role")
    except OidcRefused as refusal:
        detail = {"via": "oidc", "reason": refusal.code}
        if is_noise("sign-on", request):
            raise
        audit.record(Verb.SIGN_IN_FAILED, actor=None, request=request, detail=detail, denied=True)
        raise
    request.session[VIA] = "oidc"
    return user, str(flow["goes_to"])


def link(*, user: User, issuer: str, subject: str, actor: User | None = None) -> ExternalIdentity:
    """Let somebody sign in by a provider as an account that is there. Raises ValidationError where one of the two is
    linked already."""
    identity = ExternalIdentity(user=user, issuer=issuer, subject=subject, made_at=timezone.now())
    with transaction.atomic():
        identity.full_clean()
        identity.save()
        _linked(user, actor, None)
    return identity


def _claims(provider: Provider, flow: Mapping[str, Any], answer: Mapping[str, str]) -> dict[str, Any]:
    if timezone.now() - _moment(flow) > GOOD_FOR:
        raise OidcRefused("late")
    # RFC 9207: an answer of one provider is not taken for another's.
    needs_issuer = oidc_http.description(provider).get("authorization_response_iss_parameter_supported") is True
    if answer.get("iss", "" if needs_issuer else provider.issuer) != provider.issuer:
        raise OidcRefused("issuer")
    if answer.get("error"):
        raise OidcRefused("provider_refuses")
    given = oidc_http.tokens(
        provider, code=answer.get("code", ""), verifier=flow["verifier"], redirect_uri=flow["redirect_uri"]
    )
    claims = verified_claims(
        provider,
        str(given.get("id_token", "")),
        keys=lambda again: oidc_http.keys(provider, again=again),
        nonce=flow["nonce"],
    )
    more = oidc_http.userinfo(provider, str(given.get("access_token", "")))
    # OpenID Connect Core 1.0 section 5.3.2: it may be of another person.
    if more and more.get("sub") != claims["sub"]:
        raise OidcRefused("subject")
    return {**more, **claims}


def _moment(flow: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(flow["at"], UTC)


def _proved(request: HttpRequest, provider: Provider, claims: dict[str, Any], flow: Mapping[str, Any]) -> User:
    """The signed-in person, who has just proved at the provider that it is still they."""
    user = request.user
    if not isinstance(user, User) or not _identities(provider, claims).filter(user=user).exists():
        raise OidcRefused("subject")
    if not proved_since(claims, _moment(flow)):
        raise OidcRefused("not_again")
    note_authentication(request)
    return user


def _identities(provider: Provider, claims: Mapping[str, Any]) -> Any:
    return ExternalIdentity.objects.filter(issuer=provider.issuer, subject=claims["sub"])


def _person(provider: Provider, claims: dict[str, Any], request: HttpRequest) -> tuple[User, bool]:
    """Who the claims are of, made where they have a role and are nobody yet; and whether any role is left to them."""
    wanted = _sites(provider.roles_of(claims))
    with transaction.atomic():
        identity = _identities(provider, claims).select_related("user").first()
        user = identity.user if identity else _by_email(provider, claims)
        if user is None:
            if not wanted:
                raise OidcRefused("no_role")
            user = _made(claims, request)
        # the row's lock lets two sign-ins of a person come one after the other
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active:
            raise OidcRefused("inactive")
        if identity is None:
            now = timezone.now()
            ExternalIdentity.objects.create(user=user, issuer=provider.issuer, subject=claims["sub"], made_at=now)
            _linked(user, None, request)
        apply_roles(user=user, wanted=wanted, replace_manual=provider.replace_manual, request=request)
        return user, user.memberships.filter(site__is_active=True).exists()


def _sites(given: Mapping[str, str]) -> dict[Site, str]:
    found = {site.slug: site for site in Site.objects.filter(slug__in=given, is_active=True)}
    for slug in set(given) - set(found):
        log.warning("oidc_site_unknown", site=slug)
    return {found[slug]: role for slug, role in given.items() if slug in found}


def _email(claims: Mapping[str, Any]) -> str:
    """The address, where the provider says that it has seen it to be theirs: anything else may be anybody's."""
    email = claims.get("email")
    return email[:254] if isinstance(email, str) and claims.get("email_verified") is True else ""


def _by_email(provider: Provider, claims: Mapping[str, Any]) -> User | None:
    email = _email(claims)
    if not provider.link_verified_email or not email:
        return None
    found = User.objects.filter(email__iexact=email, is_staff=False, is_superuser=False)
    people = list(found.exclude(identities__issuer=provider.issuer)[:2])
    return people[0] if len(people) == 1 else None


def _made(claims: Mapping[str, Any], request: HttpRequest) -> User:
    """A new account without a password. An account of that name or address is somebody's, and not given to another."""
    name, email = claims.get("preferred_username"), _email(claims)
    username = (
        name if isinstance(name, str) and name else f"sso-{hashlib.sha256(claims['sub'].encode()).hexdigest()[:12]}"
    )
    user = User(
        username=username,
        email=email,
        first_name=_text(claims.get("given_name")),
        last_name=_text(claims.get("family_name")),
    )
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"], validate_unique=False)
    except ValidationError:
        raise OidcRefused("claims") from None
    taken = User.objects.filter(username__iexact=username).exists()
    if taken or (email and User.objects.filter(email__iexact=email).exists()):
        raise OidcRefused("taken")
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise OidcRefused("taken") from None
    detail = {"via": "oidc"}
    audit.record(Verb.USER_CREATED, actor=user, object_type="user", object_id=user.pk, detail=detail, request=request)
    return user


def _text(value: Any) -> str:
    return value[:150] if isinstance(value, str) else ""


def _linked(user: User, actor: User | None, request: HttpRequest | None) -> None:
    detail = {"via": "oidc", "linked": True}
    audit.record(Verb.USER_CHANGED, actor=actor, object_type="user", object_id=user.pk, detail=detail, request=request)


def known_there(user: User, found: Provider | None) -> str:
    """What the provider is called at which this person can prove who they are; empty where there is none."""
    return found.name if found and ExternalIdentity.objects.filter(user=user, issuer=found.issuer).exists() else ""
