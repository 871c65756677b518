"""`/health/live`: the process answers. `/health/ready`: everything it needs answers, each part named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from config.env import ROOT


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def broker() -> None:
    with current_app.connection_for_write(connect_timeout=2) as link:
        link.ensure_connection(max_retries=1, timeout=3)


def storage() -> None:
    folder = Path(settings.STORAGE_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".ready"
    probe.write_bytes(b"")
    probe.unlink(missing_ok=True)


@lru_cache(maxsize=64)
def _sha256(file: str, _changed: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def bundles() -> None:
    described = sorted((ROOT / "bundles").glob("*/model.json"))
    if not described:
        raise OSError("there is no bundle")
    for metadata in described:
        weights = metadata.with_name("weights.safetensors")
        wanted = json.loads(metadata.read_text(encoding="utf-8"))["sha256"]
        if _sha256(str(weights), weights.stat().st_mtime_ns) != wanted:
            raise OSError(f"the weights of {metadata.parent.name} are not the ones it names")


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "broker": broker,
    "storage": storage,
    "bundles": bundles,
}


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503. A failed check is named by its kind of error alone."""
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check()
            found[name] = "ok"
        except (DatabaseError, OSError, KeyError, ValueError, OperationalError) as error:
            found[name] = type(error).__name__
    good = all(state == "ok" for state in found.values())
    return JsonResponse({"status": "ready" if good else "not ready", "checks": found}, status=200 if good else 503)


urlpatterns = [
    path("live", live, name="health-live"),
    path("ready", ready, name="health-ready"),
]
