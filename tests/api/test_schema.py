"""The description of the REST interface is whole, and says what the answers say."""

from __future__ import annotations

import json

from django.core.management import call_command
from django.urls import reverse

from config.limits import Pages


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path):
    target = tmp_path / "schema.json"
    call_command("spectacular", fail_on_warn=True, validate=True, format="openapi-json", file=str(target))
    described = json.loads(target.read_text())
    asked = described["components"]["schemas"]["SignRequest"]["properties"]
    assert set(asked) == {"password", "meaning", "revision", "signed_over", "reason"}
    assert "/api/studies/{study_uid}/findings/" in described["paths"]


def test_the_score_is_described_as_something_that_may_be_missing(tmp_path):
    target = tmp_path / "schema.json"
    call_command("spectacular", format="openapi-json", file=str(target))
    study = json.loads(target.read_text())["components"]["schemas"]["Study"]["properties"]
    for name in ("score", "due_at", "tier_rule", "due_rule"):
        assert study[name].get("nullable"), name


def test_no_page_is_longer_than_the_longest(client, reader, north, make_study, monkeypatch):
    for _ in range(3):
        make_study(north)
    client.force_login(reader)
    monkeypatch.setattr(Pages, "max_limit", 2)
    answer = client.get(reverse("api-studies"), {"limit": 10**9}).json()
    assert (answer["count"], len(answer["results"])) == (3, 2)
