"""A real OpenID provider (npm oidc-provider) on a free port, and a browser's way through it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts import oidc_http
from tests.servers import free_port

HERE = Path(__file__).parent
PEOPLE: dict[str, dict[str, object]] = {
    "sub-mara": {
        "preferred_username": "mara",
        "given_name": "Mara",
        "family_name": "Osei",
        "email": "mara@example.org",
        "email_verified": True,
        "groups": ["radiology", "everybody"],
    },
    "sub-guest": {"preferred_username": "guest", "email": "guest@example.org", "groups": ["everybody"]},
    "sub-unverified": {
        "preferred_username": "other",
        "email": "reader@example.org",
        "email_verified": False,
        "groups": ["radiology"],
    },
    "sub-verified": {
        "preferred_username": "other",
        "email": "reader@example.org",
        "email_verified": True,
        "groups": ["radiology"],
    },
    "sub-namesake": {"preferred_username": "READER", "groups": ["radiology"]},
    "sub-chief": {"preferred_username": "chief", "groups": ["it"]},
}
ROLES = {
    "claim": "groups",
    "roles": [
        {"value": "radiology", "site": "north", "role": "reader"},
        {"value": "it", "site": "north", "role": "administrator"},
        {"value": "radiology", "site": "nowhere", "role": "reader"},
    ],
}
CLIENT = {
    "client_id": "firstread",
    "client_secret": "a secret: with signs",
    "token_endpoint_auth_method": "client_secret_basic",
}


def why_no_provider() -> str:
    """A sentence, or nothing once what npm installs is there."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node and npm are not installed on this machine."
    with (Path(tempfile.gettempdir()) / "firstread-test-provider.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of a run would install into one folder at once
        return _why_not_installed()


def _why_not_installed() -> str:
    # npm writes this file when all the rest is there.
    if (HERE / "node_modules" / ".package-lock.json").is_file():
        return ""
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True, timeout=300, check=False
    )
    return "" if done.returncode == 0 else f"npm cannot install the provider: {done.stderr.strip()[-200:]}"


@pytest.fixture(scope="session")
def issuer(tmp_path_factory) -> Iterator[str]:
    lacking = why_no_provider()
    if lacking:
        pytest.skip(lacking)
    port = free_port()
    address = "http://testserver/accounts/oidc/callback/"
    other = {**CLIENT, "client_id": "another", "client_secret": "another secret"}
    clients = [{**each, "redirect_uris": [address]} for each in (CLIENT, other)]
    wanted = {"port": port, "clients": clients, "people": PEOPLE}
    log = tmp_path_factory.mktemp("provider") / "log"
    with log.open("w") as noise:
        process = subprocess.Popen(
            ["node", "provider.mjs"],
            cwd=HERE,
            env={**os.environ, "PROVIDER": json.dumps(wanted)},
            stdout=subprocess.PIPE,
            stderr=noise,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n", log.read_text()
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()


@pytest.fixture
def sso(issuer, settings, north):
    """The provider set up here, as an operator does it."""
    settings.OIDC_ISSUER = issuer
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT["client_id"], CLIENT["client_secret"]
    settings.OIDC_NAME, settings.OIDC_ROLES = "Clinic account", json.dumps(ROLES)
    oidc_http.forget()
    yield settings
    oidc_http.forget()


@dataclass
class Browser:
    """A person's browser: our pages by Django's client, the provider's by HTTP."""

    here: Client = field(default_factory=Client)
    there: requests.Session = field(default_factory=requests.Session)

    def start(self, url: str = "") -> str:
        """The provider's address that the button leads to."""
        answer = self.here.get(url or reverse("oidc-start"))
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def through(self, address: str, person: str) -> str:
        """Sign in at the provider, agree, and come back: the address that the provider sends the browser to."""
        answer = self.there.get(address, allow_redirects=False, timeout=20)
        for _step in range(20):
            if answer.status_code in (302, 303):
                address = urljoin(address, answer.headers["Location"])
                if urlsplit(address).netloc == "testserver":
                    return address
                answer = self.there.get(address, allow_redirects=False, timeout=20)
                continue
            assert answer.status_code == 200, answer.text
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
            if 'name="login"' in answer.text:
                fields |= {"login": person, "password": "any"}
            address = urljoin(address, unescape(form[1]))
            answer = self.there.post(address, fields, allow_redirects=False, timeout=20)
        raise AssertionError("The provider sends the browser in circles.")

    def back(self, address: str):
        parts = urlsplit(address)
        return self.here.get(f"{parts.path}?{parts.query}")

    def sign_in(self, person: str, url: str = ""):
        return self.back(self.through(self.start(url), person))

    @property
    def is_signed_in(self) -> bool:
        return "_auth_user_id" in self.here.session


@pytest.fixture
def browser_of() -> Iterator[Callable[[], Browser]]:
    made: list[Browser] = []

    def make() -> Browser:
        made.append(Browser())
        made[-1].there.trust_env = False
        return made[-1]

    yield make
    for each in made:
        each.there.close()
