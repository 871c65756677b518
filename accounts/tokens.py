"""API tokens: THE table of scopes and actions, what a token looks like, and what one grants.

A token never does more than its person's role at that moment and its scopes, whichever is less: `accounts.roles`
asks `Grant` beside the role. No scope holds an act of signing, writing or administering, so no token does them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action

LONGEST = timedelta(days=365)
# A person with more has lost sight of them.
MOST_TOKENS = 20
NAME_LENGTH = 60
# "frd_" is what a scanner of secrets looks for; the eight after it find the row, the rest is the secret.
MARK = "frd_"
PREFIX_LENGTH = len(MARK) + 8
ALPHABET = string.ascii_letters + string.digits
# 62 signs are 5.95 bits each: 43 of them are 256.
SECRET_LENGTH = 43
TOKEN_LENGTH = PREFIX_LENGTH + 1 + SECRET_LENGTH


class Scope(models.TextChoices):
    STUDIES_READ = "studies.read", _("Studies and the worklist")
    RESULTS_READ = "results.read", _("AI results")
    REPORTS_READ = "reports.read", _("Reports")
    DICOMWEB_READ = "dicomweb.read", _("Images, by DICOMweb and one by one")
    DICOMWEB_STORE = "dicomweb.store", _("Store images")


SCOPE_ACTIONS: dict[str, frozenset[str]] = {
    Scope.STUDIES_READ: frozenset({Action.VIEW_WORKLIST}),
    Scope.RESULTS_READ: frozenset({Action.VIEW_SCORES}),
    Scope.REPORTS_READ: frozenset({Action.VIEW_REPORT}),
    Scope.DICOMWEB_READ: frozenset({Action.VIEW_IMAGES}),
    Scope.DICOMWEB_STORE: frozenset({Action.UPLOAD}),
}


def actions_of(scopes: Iterable[str]) -> frozenset[str]:
    """What the scopes allow together; a scope that this version does not know allows nothing."""
    return frozenset().union(*(SCOPE_ACTIONS.get(scope, frozenset()) for scope in scopes))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request by token may do at most. site_id: the only site it reaches, None for all of its person's."""

    token_id: int
    name: str
    actions: frozenset[str]
    site_id: int | None = None


def new_token() -> str:
    """A fresh token: MARK, eight signs that find it, "_", and 256 random bits."""
    find, secret = (_signs(PREFIX_LENGTH - len(MARK)), _signs(SECRET_LENGTH))
    return f"{MARK}{find}_{secret}"


def prefix_of(token: str) -> str:
    """The part that finds a token; "" where this is none by its shape, which costs no query."""
    parts = token.split("_")
    if len(token) != TOKEN_LENGTH or len(parts) != 3 or parts[0] != MARK[:-1]:
        return ""
    if not all(sign in ALPHABET for part in parts[1:] for sign in part):
        return ""
    return token[:PREFIX_LENGTH] if token[PREFIX_LENGTH] == "_" else ""


def digest_of(token: str) -> str:
    """SHA-256, hex. A slow password hash would protect nothing: nobody tries 2^256 tokens, however fast each try is."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def is_token(token: str, digest: str) -> bool:
    return hmac.compare_digest(digest_of(token), digest)


def _signs(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _each in range(count))
