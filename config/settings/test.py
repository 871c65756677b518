"""Tests: a throw-away home, fast password hashing, mail and Celery in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("FIRSTREAD_HOME", tempfile.mkdtemp(prefix="firstread-test-"))
os.environ.pop("CELERY_BROKER_URL", None)
# A Redis server with two numbered databases for each process of the run (tests.servers); without it, memory.
REDIS = os.environ.get("TEST_BROKER_URL", "").rpartition("/")[0]
OWN_NUMBER = 2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
if REDIS:
    os.environ["CELERY_BROKER_URL"] = f"{REDIS}/{OWN_NUMBER}"

from config.settings.base import *  # noqa: E402, F403

os.environ.pop("CELERY_BROKER_URL", None)

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if REDIS:
    CACHES = {"default": {"BACKEND": "config.cache.SharedCache", "LOCATION": f"{REDIS}/{OWN_NUMBER + 1}"}}
else:
    CELERY_BROKER_URL = "memory://"
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGE_KEY = ""
STORAGE_ROOT = Path(os.environ["FIRSTREAD_HOME"]) / "objects"
STATIC_ROOT = Path(os.environ["FIRSTREAD_HOME"]) / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
ACCOUNT_RATE_LIMITS = False
# A test presses faster than a person; the lock-out has a test of its own.
LOCK_OUT_SECONDS = 0.0

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # Threads wait for one another on a file, as in production; on a database in memory they fail at once.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["FIRSTREAD_HOME"]) / "test.sqlite3")}  # noqa: F405
