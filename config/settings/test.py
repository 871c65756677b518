"""Tests: a throw-away home, fast password hashing, mail and Celery in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("FIRSTREAD_HOME", tempfile.mkdtemp(prefix="firstread-test-"))
os.environ.pop("CELERY_BROKER_URL", None)

from config.settings.base import *  # noqa: E402, F403

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
STORAGE_ROOT = Path(os.environ["FIRSTREAD_HOME"]) / "objects"
STATIC_ROOT = Path(os.environ["FIRSTREAD_HOME"]) / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
ACCOUNT_RATE_LIMITS = False
# A test presses faster than a person; the lock-out has a test of its own.
LOCK_OUT_SECONDS = 0.0

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # Threads wait for one another on a file, as in production; on a database in memory they fail at once.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["FIRSTREAD_HOME"]) / "test.sqlite3")}  # noqa: F405
