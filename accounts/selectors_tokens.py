"""Reads on API tokens: one's own, and those of the people of an administrator's sites."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiToken, Site, User
from accounts.roles import ROLE_ACTIONS
from accounts.selectors import administered_sites
from accounts.tokens import SCOPE_ACTIONS, Scope


def live_tokens(user: User) -> QuerySet[ApiToken]:
    """Neither over nor revoked, the newest first."""
    tokens = ApiToken.objects.filter(user=user, revoked_at__isnull=True, expires_at__gt=timezone.now())
    return tokens.select_related("site").order_by("-id")


def own_token(user: User, token_id: int) -> ApiToken:
    """Raises Http404 for another's and for none."""
    return _the(ApiToken.objects.filter(user=user), token_id)


def scopes_for(user: User) -> list[Scope]:
    """The scopes that would let a token of this person do something now."""
    roles = user.memberships.filter(site__is_active=True).values_list("role", flat=True)
    actions = frozenset().union(*(ROLE_ACTIONS[role] for role in roles))
    return [scope for scope in Scope if SCOPE_ACTIONS[scope] & actions]


def reaches_sites_of(token: ApiToken) -> QuerySet[Site]:
    sites = Site.objects.filter(memberships__user=token.user_id).order_by("pk")
    return sites.filter(pk=token.site_id) if token.site_id else sites


def administered_tokens(administrator: User, *, text: str = "") -> QuerySet[ApiToken]:
    """Live tokens that reach a site of the administrator, of whomever; `text` narrows by person and name."""
    sites = administered_sites(administrator).values("pk")
    people = User.objects.filter(memberships__site__in=sites).values("pk")
    reaching = Q(site__isnull=True, user__in=people) | Q(site__in=sites, user__in=people)
    tokens = ApiToken.objects.filter(reaching, revoked_at__isnull=True, expires_at__gt=timezone.now())
    for word in text.split():
        tokens = tokens.filter(
            Q(name__icontains=word)
            | Q(prefix__icontains=word)
            | Q(user__username__icontains=word)
            | Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
        )
    return tokens.select_related("user", "site").order_by("user__username", "-id")


def administered_token(administrator: User, token_id: int) -> ApiToken:
    """Raises Http404 for one that reaches no site of theirs."""
    return _the(administered_tokens(administrator), token_id)


def _the(tokens: QuerySet[ApiToken], token_id: int) -> ApiToken:
    token = tokens.filter(pk=token_id).select_related("user").first()
    if token is None:
        raise Http404(_("There is no such token."))
    return token
