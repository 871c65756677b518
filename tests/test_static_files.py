"""The built scripts: sent compressed, kept by the browser for good, under names that change with their bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings

# The database is not asked; but an answer that is closed looks after connections that earlier tests left open.
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not Path(settings.FRONTEND_MANIFEST).exists(), reason="The front end is not built: run make setup."
    ),
]


@pytest.fixture
def script() -> str:
    manifest = json.loads(Path(settings.FRONTEND_MANIFEST).read_text(encoding="utf-8"))
    return f"/static/dist/{manifest['src/reading-room/main.js']['file']}"


@pytest.mark.parametrize(("accepted", "sent"), [("gzip, br", "br"), ("gzip", "gzip"), ("", None)])
def test_a_script_comes_compressed_as_the_browser_takes_it(client, script, accepted, sent):
    answer = client.get(script, headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == sent
    assert "Accept-Encoding" in answer["Vary"]
    answer.close()


def test_a_script_is_kept_for_good(client, script):
    answer = client.get(script)
    assert "immutable" in answer["Cache-Control"]
    assert int(answer["Cache-Control"].partition("max-age=")[2].partition(",")[0]) >= 10 * 365 * 24 * 3600
    answer.close()
