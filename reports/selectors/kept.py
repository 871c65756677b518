"""The key under which a browser may keep a text that it could not send yet."""

from __future__ import annotations

import base64
from typing import Any

from django.utils.crypto import salted_hmac

from accounts.models import User
from reports.models import Report

SALT = "firstread.reports.kept-text"


def keep_json(user: User, report: Report | None) -> dict[str, Any] | None:
    """Name and AES-256 key, the same for this person and this report whenever they open it, and no use to others.

    It never leaves the page: what is kept in the browser's session storage can be read only by whom the server shows
    the report to once more. It changes with the secret key of the installation.
    """
    if report is None:
        return None
    key = salted_hmac(SALT, f"{user.pk}:{report.pk}", algorithm="sha256").digest()
    return {"name": f"firstread-kept-{report.pk}-{user.pk}", "key": base64.b64encode(key).decode("ascii")}
