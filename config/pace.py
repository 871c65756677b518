"""How often one person may search and send: far above what people and scanners do, far below what a machine could."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

WINDOW_S = 60


def is_too_often(what: str, person: int, most: int) -> bool:
    """Count one more act of `person` in the running minute; True beyond `most` (0: never)."""
    if not most:
        return False
    key = f"pace:{what}:{person}:{int(time.time()) // WINDOW_S}"
    cache.add(key, 0, 2 * WINDOW_S)
    try:
        return cache.incr(key) > most
    except ValueError:  # it went out of the cache in this moment
        return False


class Pace(BaseThrottle):
    """One kind of act, counted for each person; beyond its setting, 429 with Retry-After."""

    what, method, setting = "", "", ""

    def allow_request(self, request: Request, view: APIView) -> bool:
        person = getattr(request.user, "pk", None)
        if person is None or request.method != self.method:
            return True  # nobody is refused anyway
        return not is_too_often(self.what, person, getattr(settings, self.setting))

    def wait(self) -> float:
        return WINDOW_S - time.time() % WINDOW_S


class Searches(Pace):
    what, method, setting = "search", "GET", "SEARCHES_PER_MINUTE"


class Uploads(Pace):
    what, method, setting = "upload", "POST", "UPLOADS_PER_MINUTE"
