"""The settings as the clients take them: whom one may speak to, and the secrets of targets."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from accounts.models import Site
from config.env import env
from reports.models import Target
from reports.targets.reach import AllowList, Limits, Reach, tls_context
from reports.targets.results import NotSent
from reports.targets.secrets import KEY_BYTES, WrongKey, seal, unseal

# Only such variables: an administrator who could name any would send SECRET_KEY to a machine of theirs.
PREFIX = "TARGET_SECRET_"
LIMITS = Limits()


def reach() -> Reach:
    return _reach(
        tuple(settings.OUTGOING_HOSTS), settings.OUTGOING_CA, settings.OUTGOING_CERTIFICATE, settings.OUTGOING_KEY
    )


@lru_cache(maxsize=8)
def _reach(hosts: tuple[str, ...], ca_file: str, certificate: str, key: str) -> Reach:
    return Reach(AllowList(hosts), tls_context(ca_file, certificate, key), LIMITS)


def prefix_of(site: Site) -> str:
    """How the variables of a site's secrets begin: one site's administrator names no other site's secret."""
    return f"{PREFIX}{site.pk}_"


def sealed_secret(target: Target, text: str) -> str:
    """`text` as the database keeps it for this target, which has its row number already."""
    return seal(_key(create=True), text, f"target:{target.pk}")


def secret_of(target: Target) -> str:
    """The target's secret, "" for none. Raises `NotSent` where it cannot be had."""
    if target.secret_name:
        if not target.secret_name.startswith(prefix_of(target.site)):
            raise NotSent("no_secret", final=True)
        found = env.str(target.secret_name, default="")
        if not found:
            raise NotSent("no_secret", unreachable=True)
        return found.strip()
    if not target.secret:
        return ""
    try:
        return unseal(_key(), target.secret, f"target:{target.pk}")
    except WrongKey as error:
        raise NotSent("no_secret", unreachable=True) from error


def _key(*, create: bool = False) -> bytes:
    """The key of the secrets. Raises WrongKey where it is missing or none."""
    path: Path = settings.TARGET_KEY
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _key()
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    try:
        key = path.read_bytes()
    except OSError as error:
        raise WrongKey from error
    if len(key) != KEY_BYTES:
        raise WrongKey
    return key
