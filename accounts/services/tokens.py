"""Making, ending and recognising API tokens. Making and ending are audited; so are tokens that are refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import ApiToken, Site, User, Verb
from accounts.noise import is_noise
from accounts.selectors_tokens import live_tokens, reaches_sites_of
from accounts.tokens import (
    LONGEST,
    MOST_TOKENS,
    NAME_LENGTH,
    PREFIX_LENGTH,
    Scope,
    digest_of,
    is_token,
    new_token,
    prefix_of,
)

COMMAND_NAME = "command line"
# When it was last used is told to the hour: nobody's work is watched by the minute, and no read becomes a write.
COARSE = timedelta(hours=1)


class TooManyFailures(Exception):
    """So many tokens from this address were refused within a minute that no more are looked at or written down."""


def make_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    site: Site | None = None,
    actor: User | None = None,
    request: HttpRequest | None = None,
) -> tuple[ApiToken, str]:
    """A new token and what it is, which nobody can show again. actor: who makes it, None for a command.

    Raises ValidationError with a sentence, PermissionError for a person who cannot sign in.
    """
    name, wanted = name.strip(), [scope for scope in Scope.values if scope in set(scopes)]
    now = timezone.now()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise ValidationError(_("Give the token a name of 1 to 60 characters."))
    if not wanted:
        raise ValidationError(_("Choose what the token may do."))
    if not now < expires_at <= now + LONGEST:
        raise ValidationError(_("A token ends within a year."))
    with transaction.atomic():
        # the row's lock lets two requests count one after the other
        locked = User.objects.select_for_update().get(pk=user.pk)
        if not locked.is_active:
            raise PermissionError(_("An inactive user gets no token."))
        if site is not None and not user.memberships.filter(site=site, site__is_active=True).exists():
            raise ValidationError(_("There is no such site."))
        ApiToken.objects.filter(user=user, revoked_at__isnull=True, expires_at__lte=now).update(revoked_at=now)
        live = live_tokens(user)
        if live.filter(name=name).exists():
            raise ValidationError(_("You have a token of this name already."))
        if live.count() >= MOST_TOKENS:
            raise ValidationError(_("Nobody has more than %(n)d tokens. Revoke one first.") % {"n": MOST_TOKENS})
        text = new_token()
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=text[:PREFIX_LENGTH],
            digest=digest_of(text),
            scopes=wanted,
            site=site,
            made_at=now,
            expires_at=expires_at,
        )
        _record(Verb.TOKEN_MADE, actor, token, request)
    return token, text


def command_token(*, user: User, scopes: Iterable[str] = tuple(Scope.values), days: int = LONGEST.days) -> str:
    """A token for whoever runs commands here, in place of the one made so before: it cannot be shown again.

    Raises ValidationError, PermissionError.
    """
    with transaction.atomic():
        for earlier in live_tokens(user).filter(name=COMMAND_NAME):
            revoke_token(token=earlier, actor=None)
        end = timezone.now() + timedelta(days=days)
        return make_token(user=user, name=COMMAND_NAME, scopes=scopes, expires_at=end)[1]


def revoke_token(*, token: ApiToken, actor: User | None, request: HttpRequest | None = None) -> bool:
    """End a token now, for ever; False when it had ended."""
    with transaction.atomic():
        open_ = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
        if not open_.update(revoked_at=timezone.now(), revoked_by=actor):
            return False
        _record(Verb.TOKEN_REVOKED, actor, token, request)
    return True


def revoke_all(*, user: User, actor: User | None, request: HttpRequest | None = None) -> int:
    """End every token of a person; answers how many. Inside the transaction of what ends them."""
    tokens = list(ApiToken.objects.filter(user=user, revoked_at__isnull=True))
    return sum(revoke_token(token=token, actor=actor, request=request) for token in tokens)


def person_of(text: str, *, request: HttpRequest) -> User | None:
    """The person a token speaks for, with its `grant`; None for one that is unknown, over, revoked, or of a person who
    may not come in. A refused one is an event. Raises TooManyFailures, which stops nobody whose token is good."""
    prefix, now = prefix_of(text), timezone.now()
    found = ApiToken.objects.filter(prefix=prefix).select_related("user").first() if prefix else None
    known = found is not None and is_token(text, found.digest)
    if found is not None and known and found.revoked_at is None and now < found.expires_at and found.user.is_active:
        _used(found, now)
        user = found.user
        user.grant = found.grant()
        return user
    _refused(found if known else None, request)
    return None


def _used(token: ApiToken, now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    if token.last_used_at is None or token.last_used_at < hour:
        older = Q(last_used_at__isnull=True) | Q(last_used_at__lt=hour)
        ApiToken.objects.filter(older, pk=token.pk).update(last_used_at=hour)


def _refused(token: ApiToken | None, request: HttpRequest) -> None:
    """Write it down, unless this address has been refused so often that its noise would bury the trail."""
    if is_noise("token", request):
        raise TooManyFailures
    detail = {"token": token.name, "token_id": token.pk} if token else {}
    audit.record(
        Verb.TOKEN_REFUSED,
        actor=token.user if token else None,
        object_type="token",
        object_id=token.prefix if token else "",
        detail=detail,
        request=request,
        denied=True,
    )


def _record(verb: Verb, actor: User | None, token: ApiToken, request: HttpRequest | None) -> None:
    """One event at each site the token reaches; of no site where its person has none."""
    detail = {"name": token.name, "user": token.user_id, "scopes": token.scopes}
    detail |= {"expires_at": token.expires_at.isoformat()} if verb == Verb.TOKEN_MADE else {}
    sites: list[Site | None] = [*reaches_sites_of(token)] or [None]
    for site in sites:
        audit.record(
            verb, actor=actor, site=site, object_type="token", object_id=token.prefix, detail=detail, request=request
        )
