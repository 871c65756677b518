"""How a person has their pages: theme, size of type, keys. Every change is audited, without its content."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.keymap import BY_NAME, KeymapError, effective, own_keys
from accounts.models import TextSize, Theme, User, Verb

FORMAT = "firstread-keymap-1"
# A whole map is below 4 KiB.
FILE_BYTES = 64 * 1024


def set_appearance(*, user: User, theme: str, text_size: int, request: HttpRequest | None = None) -> None:
    """Raises ValueError for what is none of the choices."""
    user.theme, user.text_size = Theme(theme), TextSize(text_size)
    _save(user, ["theme", "text_size"], request)


def set_keys(*, user: User, keys: Any, request: HttpRequest | None = None) -> None:
    """`keys`: act → keys; an act that is absent gets its default. Raises KeymapError, and keeps the map there was."""
    user.keys = own_keys(keys)
    _save(user, ["keys"], request)


def reset_keys(*, user: User, request: HttpRequest | None = None) -> None:
    user.keys = {}
    _save(user, ["keys"], request)


def exported_keys(user: User) -> dict[str, Any]:
    """The whole map of a person, for a file that `import_keys` takes."""
    return {"format": FORMAT, "keys": {name: list(keys) for name, keys in effective(user.keys).items()}}


def import_keys(*, user: User, data: bytes, request: HttpRequest | None = None) -> list[str]:
    """Take the map of a file in place of the person's. Returns the acts of the file that this version has not:
    they are left out. Raises KeymapError with a sentence, and keeps the map there was."""
    if len(data) > FILE_BYTES:
        raise KeymapError(_("The file is too large for a map of keys."))
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise KeymapError(_("The file is no JSON.")) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("keys"), dict):
        raise KeymapError(_("This is not a map of keys."))
    known = {name: keys for name, keys in content["keys"].items() if name in BY_NAME}
    set_keys(user=user, keys=known, request=request)
    return sorted(str(name)[:40] for name in content["keys"].keys() - known.keys())


def _save(user: User, fields: list[str], request: HttpRequest | None) -> None:
    with transaction.atomic():
        user.save(update_fields=fields)
        audit.record(
            Verb.USER_CHANGED,
            actor=user,
            object_type="user",
            object_id=user.pk,
            detail={"preferences": fields},
            request=request,
        )
