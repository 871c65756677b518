"""Second factors of somebody else: an administrator takes them away, so that the person can set up new ones."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.selectors import answers_for
from accounts.services.users import end_sessions


def reset_factors(*, actor: User, user: User, request: HttpRequest | None = None) -> int:
    """Remove all of the person's factors and end their sessions; answers how many factors there were.

    The person then signs in by password alone, and where their role needs a factor sets one up first. Raises
    PermissionError for oneself and for somebody who also works at a site of others.
    """
    if user.pk == actor.pk:
        raise PermissionError(_("Change your own second factor on your page “Sign-in”."))
    if not answers_for(actor, user):
        raise PermissionError(_("This person also works at a site that you do not administer."))
    with transaction.atomic():
        held = Authenticator.objects.filter(user=user)
        kinds = sorted(held.values_list("type", flat=True))
        if not kinds:
            return 0
        held.delete()
        sites: list[Site | None] = [*Site.objects.filter(memberships__user=user).order_by("pk")] or [None]
        for site in sites:
            audit.record(
                Verb.FACTORS_RESET,
                actor=actor,
                site=site,
                object_type="user",
                object_id=user.pk,
                detail={"kinds": kinds},
                request=request,
            )
        end_sessions(user)
    return len(kinds)
