"""What every answer tells the browser to keep, to refuse and to forget."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.urls import reverse

from config.env import ROOT
from tests.conftest import PASSWORD

ASKED = [
    "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_SAMESITE",
    "SESSION_COOKIE_PATH",
    "CSRF_COOKIE_PATH",
    "SESSION_COOKIE_DOMAIN",
    "LANGUAGE_COOKIE_SECURE",
    "LANGUAGE_COOKIE_NAME",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "MESSAGE_STORAGE",
]


@pytest.fixture(scope="module")
def production(tmp_path_factory) -> dict[str, object]:
    """The values of production, as a process of its own reads them."""
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": "k7Jq2zPw9Xv4Rt6Ym1Hs8Bd3Lc5Ng0FaUeOiTxWrQk3Zv8Np5Gt",
        "ALLOWED_HOSTS": "firstread.example.org",
        "DATABASE_URL": "postgres://firstread@localhost/firstread",
        "CELERY_BROKER_URL": "redis://localhost:6379/0",
        "FIRSTREAD_HOME": str(tmp_path_factory.mktemp("home")),
    }
    code = (
        "import json; from django.conf import settings; "
        f"print(json.dumps({{name: getattr(settings, name) for name in {ASKED!r}}}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **env},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def test_cookies_of_production_are_of_this_host_and_of_tls_alone(production):
    for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"):
        assert production[name].startswith("__Host-")
    assert production["SESSION_COOKIE_SECURE"] and production["CSRF_COOKIE_SECURE"]
    assert production["LANGUAGE_COOKIE_SECURE"]
    assert production["SESSION_COOKIE_PATH"] == production["CSRF_COOKIE_PATH"] == "/"
    assert production["SESSION_COOKIE_DOMAIN"] is None
    assert production["SESSION_COOKIE_SAMESITE"] == production["CSRF_COOKIE_SAMESITE"] == "Lax"
    assert production["MESSAGE_STORAGE"].endswith("SessionStorage"), "messages set no cookie of another name"


def test_no_script_reads_the_session(production, client, reader):
    assert production["SESSION_COOKIE_HTTPONLY"]
    client.post(reverse("account_login"), {"login": reader.username, "password": PASSWORD})
    assert client.cookies["sessionid"]["httponly"]


def test_tls_is_remembered_for_a_year_and_for_all_below(production):
    assert production["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert production["SECURE_HSTS_INCLUDE_SUBDOMAINS"]


@pytest.mark.parametrize("method", ["get", "options"])
def test_no_other_origin_is_let_in(client, reader, method):
    client.force_login(reader)
    answer = getattr(client, method)("/api/studies/", headers={"origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_request_is_never_sent_back_to_its_sender(client, reader):
    client.force_login(reader)
    answer = client.generic("TRACE", reverse("worklist"), headers={"x-own": "sent-along"})
    assert b"sent-along" not in answer.content


def test_signing_out_makes_the_browser_forget(client, reader):
    client.force_login(reader)
    answer = client.post(reverse("account_logout"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


def test_a_session_that_is_over_drops_images_and_keeps_what_was_not_sent(client, reader):
    client.force_login(reader)
    client.session.flush()
    answer = client.get(reverse("worklist"))
    assert answer.status_code == 302
    assert answer["Clear-Site-Data"] == '"cache"'


def test_an_ordinary_answer_makes_nothing_forgotten(client, reader):
    client.force_login(reader)
    assert "Clear-Site-Data" not in client.get(reverse("worklist"))
