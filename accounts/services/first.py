"""How an installation gets its first administrator, who then adds everybody else."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Invitation, Membership, Site, User, Verb
from accounts.roles import Role
from accounts.services.invitations import GOOD_FOR, TOKEN_BYTES, digest_of
from accounts.services.users import ensure_site


def first_administrator(*, slug: str, name: str, username: str, email: str) -> tuple[User, str]:
    """A site (made where there is none of that slug), a new person who administers it, and the token of their invitation.

    Raises PermissionError where somebody administers the site already or the name is taken: from then on it is
    administrators who add people, and no command gives anybody rights. Whoever can run commands can write the database
    anyhow; the audit trail says that it was nobody who had signed in.
    """
    now, token = timezone.now(), secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        site = Site.objects.select_for_update().get(pk=ensure_site(slug=slug, name=name).pk)
        if Membership.objects.filter(site=site, role=Role.ADMINISTRATOR, user__is_active=True).exists():
            raise PermissionError(_("This site has an administrator, who adds other people."))
        if User.objects.filter(username__iexact=username).exists():
            raise PermissionError(_("There is a user of this name."))
        user = User.objects.create_user(username, email)
        Membership.objects.create(user=user, site=site, role=Role.ADMINISTRATOR)
        invitation = Invitation.objects.create(
            user=user, digest=digest_of(token), made_by=user, made_at=now, expires_at=now + GOOD_FOR
        )
        made: tuple[tuple[Verb, dict[str, Any]], ...] = (
            (Verb.USER_CREATED, {"role": Role.ADMINISTRATOR.value}),
            (Verb.USER_INVITED, {"invitation": invitation.pk}),
        )
        for verb, detail in made:
            audit.record(verb, actor=None, site=site, object_type="user", object_id=user.pk, detail=detail)
    return user, token
