"""Every role of the image with production's settings, PostgreSQL, Redis and TLS, outside a container."""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from config.env import ROOT
from config.supervisor import Process, Supervisor
from tests.servers import PostgreSQL, Redis, free_port, missing, running

pytestmark = pytest.mark.soak
NAME = "firstread.example.org"
RUN = str(ROOT / "docker" / "run.sh")


class Installation:
    def __init__(self, home: Path, env: dict[str, str], port: int, receiver: int, database: PostgreSQL) -> None:
        self.home, self.env, self.port, self.receiver, self.database = home, env, port, receiver, database

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RUN, *words], env=self.env, cwd="/", capture_output=True, text=True, check=False, timeout=180
        )

    def rows(self, question: str) -> list[tuple]:
        with psycopg.connect(self.env["DATABASE_URL"]) as link:
            return link.execute(question).fetchall()


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    if lacking := missing():
        pytest.skip(lacking)
    home = tmp_path_factory.mktemp("production")
    secrets = home / "docker"
    secrets.mkdir()
    shutil.copy(ROOT / "docker" / "secrets.sh", secrets)
    subprocess.run(["bash", str(secrets / "secrets.sh"), NAME], check=True, capture_output=True)
    port, receiver = free_port(), free_port()
    with running(PostgreSQL, durable=True) as database, running(Redis, durable=True) as broker:
        ours = ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "PYTHONWARNINGS", "DJANGO_SETTINGS_MODULE")
        env = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "FIRSTREAD_HOME": str(home / "data"), "ALLOWED_HOSTS": NAME, "PUBLIC_URL": f"https://{NAME}",
            "SECRET_KEY_FILE": str(secrets / "secrets" / "secret_key"), "DATABASE_URL": database.url(database.create()),
            "CELERY_BROKER_URL": broker.url(), "WEB_BIND": f"127.0.0.1:{port}", "BEAT_SCHEDULE": str(home / "beat"),
        }  # fmt: skip
        place = Installation(home, env, port, receiver, database)
        migrated = place.run("manage", "migrate", "--noinput", "-v", "0")
        assert migrated.returncode == 0, migrated.stderr
        first = place.run("manage", "first_administrator", "north", "North", "mara", "mara@example.org")
        assert first.stdout.startswith(f"https://{NAME}/accounts/invitation/"), first.stderr
        listen = ["receiver", "--port", str(receiver), "--site", "north", "--allow", "CT1@127.0.0.1"]
        roles = {
            "web": ["web"], "default": ["worker", "default"], "sending": ["worker", "sending"],
            "scoring": ["worker", "scoring"], "beat": ["beat"], "receiver": listen,
        }  # fmt: skip
        processes = [Process(role, [RUN, *words]) for role, words in roles.items()]
        with Supervisor(processes, logs=home / "logs", env=env):
            until = time.monotonic() + 120
            while place.run("healthy").returncode != 0 and time.monotonic() < until:
                time.sleep(0.5)
            yield place


def wait(condition, seconds: float, words: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, words
        time.sleep(0.5)


def test_every_health_check_says_that_its_role_is_well(installation):
    assert installation.run("healthy").returncode == 0
    for worker in ("default", "sending", "scoring"):
        wait(lambda name=worker: installation.run("answering", name).returncode == 0, 120, f"{worker} answers")
    wait(lambda: installation.run("listening", str(installation.receiver)).returncode == 0, 60, "the receiver listens")
    wait(lambda: installation.run("beating").returncode == 0, 60, "beat has its file")
    assert installation.run("listening", str(free_port())).returncode != 0
    assert installation.run("answering", "nobody").returncode != 0


def test_beat_and_worker_seal_what_the_command_that_began_it_all_wrote(installation):
    wait(
        lambda: (
            not installation.rows(
                "SELECT e.id FROM accounts_auditevent e WHERE e.id > (SELECT coalesce(max(last_event), 0) FROM accounts_auditseal)"
            )
        ),
        90,
        "every event is sealed",
    )
    told = installation.run("manage", "verify_audit")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_deployment_check_says_nothing(installation):
    told = installation.run("manage", "check", "--deploy", "--fail-level", "WARNING")
    assert told.returncode == 0, told.stderr


def test_without_tls_nothing_is_answered_but_whether_it_lives(installation):
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=20)) as link:
        link.request("GET", "/accounts/login/", headers={"Host": NAME})
        answer = link.getresponse()
        answer.read()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/accounts/login/")
    with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=20)) as link:
        link.request("GET", "/health/live", headers={"Host": "elsewhere.example.org"})
        answer = link.getresponse()
        answer.read()
    assert answer.status == 400


@pytest.fixture
def proxy(installation, tmp_path) -> Iterator[int]:
    program = os.environ.get("CADDY") or shutil.which("caddy")
    if not program:
        pytest.skip("no Caddy on this machine (set CADDY to its path)")
    port = free_port()
    made = installation.home / "docker" / "secrets"
    own = (
        (ROOT / "docker" / "Caddyfile")
        .read_text(encoding="utf-8")
        .replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n", 1)
    )
    (tmp_path / "Caddyfile").write_text(own)
    env = {
        **os.environ, "SITE_ADDRESS": f"https://{NAME}:{port}", "UPSTREAM": f"127.0.0.1:{installation.port}",
        "TLS": f"{made / 'tls_certificate.pem'} {made / 'tls_key.pem'}", "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path),
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(
            [program, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"], env=env, stderr=log
        )
    try:
        wait(lambda: installation.run("listening", str(port)).returncode == 0, 30, (tmp_path / "log").read_text())
        yield port
    finally:
        child.terminate()
        child.wait(20)
    told = (tmp_path / "log").read_text()
    assert "secret-uid" not in told and "a-cookie" not in told


def test_through_the_proxy_the_page_of_signing_in_comes_over_tls(installation, proxy):
    trusted = ssl.create_default_context(cafile=str(installation.home / "docker" / "secrets" / "tls_certificate.pem"))

    class Named(http.client.HTTPSConnection):
        """Connects to this machine and asks for the name."""

        def connect(self) -> None:
            http.client.HTTPConnection.connect(self)
            self.sock = trusted.wrap_socket(self.sock, server_hostname=NAME)

    asked = {"Host": f"{NAME}:{proxy}", "Cookie": "x=a-cookie", "X-Forwarded-Proto": "http"}
    with closing(Named("127.0.0.1", proxy, timeout=30, context=trusted)) as link:
        link.request("GET", "/accounts/login/?study=secret-uid", headers=asked)
        answer = link.getresponse()
        page = answer.read().decode()
    assert answer.status == 200, page
    assert 'name="password"' in page
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert cookies and all("Secure" in cookie for cookie in cookies)
