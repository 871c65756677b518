"""Live while the process answers; ready only while everything it needs does."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from config import health


def test_live_asks_nothing_of_the_database(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/health/live").json() == {"status": "live"}


def test_ready_names_every_part(client, db):
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "broker": "ok", "storage": "ok", "bundles": "ok"}


@pytest.mark.parametrize("part", sorted(health.CHECKS))
def test_a_part_that_fails_makes_it_not_ready_and_is_named_without_details(client, db, monkeypatch, part):
    def broken():
        raise (DatabaseError if part == "database" else OSError)("secret detail")

    monkeypatch.setitem(health.CHECKS, part, broken)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"][part] in ("DatabaseError", "OSError")
    assert "secret" not in answer.content.decode()


def test_a_bundle_whose_weights_were_changed_is_not_ready(tmp_path, monkeypatch):
    folder = tmp_path / "bundles" / "x"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text('{"sha256": "0"}')
    (folder / "weights.safetensors").write_bytes(b"other")
    monkeypatch.setattr(health, "ROOT", tmp_path)
    with pytest.raises(OSError, match="weights of x"):
        health.bundles()
