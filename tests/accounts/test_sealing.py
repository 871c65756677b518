"""The sealed audit trail: whoever owns the database can change it, but not unseen."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.audit import record
from accounts.models import AuditEvent, AuditSeal, Verb
from accounts.sealing import Head
from accounts.services.sealing import KeyMissing, kept_head, seal_events
from accounts.tasks import seal_audit

TABLES = ("accounts_auditevent", "accounts_auditseal")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_key(settings, tmp_path):
    settings.AUDIT_KEY = tmp_path / "keys" / "audit.key"
    settings.AUDIT_HEAD = tmp_path / "heads" / "audit.txt"


@pytest.fixture
def trail(reader, north):
    """Nine events under three seals; the list of their numbers."""
    numbers = []
    for batch in range(3):
        for place in range(3):
            event = record(
                Verb.STUDY_OPENED,
                actor=reader,
                site=north,
                object_type="study",
                object_id=f"1.2.{batch}.{place}",
                detail={"images": place, "share": 0.5},
            )
            numbers.append(event.pk)
        assert seal_events() is not None
    return numbers


@pytest.fixture
def as_owner():
    """SQL as whoever owns the database, with the triggers off."""

    def run(sql: str, *values: object) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table in TABLES:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'accounts_audit%%'"
                )
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(sql, values)

    return run


def told(*arguments: str) -> tuple[int, dict]:
    """The exit status and the one JSON line of `verify_audit`."""
    out = StringIO()
    status = 0
    try:
        call_command("verify_audit", "--json", *arguments, stdout=out)
    except SystemExit as left:
        status = int(left.code)
    return status, json.loads(out.getvalue())


def faults(*arguments: str) -> list[tuple[int | None, int | None]]:
    status, verdict = told(*arguments)
    assert status == (1 if verdict["faults"] else 0)
    return [(fault["event"], fault["seal"]) for fault in verdict["faults"]]


def test_an_untouched_trail_holds_and_the_head_is_its_last_seal(trail):
    status, verdict = told()
    assert (status, verdict["faults"], verdict["waiting"]) == (0, [], 0)
    assert (verdict["events"], verdict["seals"]) == (9, 3)
    assert kept_head() == Head(3, AuditSeal.objects.get(number=3).digest)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_name", "somebody"),
        ("object_id", "1.2.9"),
        ("outcome", "denied"),
        ("verb", "report_signed"),
        ("at", "2020-01-01 00:00:00"),
        ("detail", '{"images": 7, "share": 0.5}'),
        ("address", "10.0.0.9"),
        ("request_id", "other"),
        ("site_id", None),
        ("actor_id", None),
    ],
)
def test_a_changed_column_names_the_event(trail, as_owner, column, value):
    as_owner(f"UPDATE accounts_auditevent SET {column} = %s WHERE id = %s", value, trail[4])
    assert faults() == [(trail[4], None)]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL refuses such values by their type")
@pytest.mark.parametrize(("column", "value"), [("at", "not a time"), ("detail", "not JSON")])
def test_what_is_no_longer_a_value_of_its_column_is_named_as_well(trail, as_owner, column, value):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
    try:
        as_owner(f"UPDATE accounts_auditevent SET {column} = %s WHERE id = %s", value, trail[0])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert faults() == [(trail[0], None)]
    as_owner("DELETE FROM accounts_auditevent WHERE id = %s", trail[0])


def test_a_removed_event_is_named(trail, as_owner):
    as_owner("DELETE FROM accounts_auditevent WHERE id = %s", trail[7])
    assert faults() == [(trail[7], None)]


def test_an_event_slipped_in_among_sealed_ones_is_named(trail, as_owner):
    as_owner("DELETE FROM accounts_auditevent WHERE id = %s", trail[3])
    as_owner(
        "INSERT INTO accounts_auditevent (id, at, verb, outcome, actor_name, object_type, object_id, detail, request_id)"
        " VALUES (%s, %s, 'study_opened', 'ok', 'x', '', '', '{}', '')",
        trail[3],
        timezone.now(),
    )
    assert faults() == [(trail[3], None)]
    as_owner("UPDATE accounts_auditevent SET id = %s WHERE id = %s", trail[0] - 1000, trail[3])
    assert faults() == [(trail[0] - 1000, None), (trail[3], None)]


def test_a_cut_tail_is_named_by_the_head_kept_outside(trail, as_owner):
    as_owner("DELETE FROM accounts_auditevent WHERE id > %s", trail[5])
    as_owner("DELETE FROM accounts_auditseal WHERE number = 3")
    assert faults() == [(None, 3)]


def test_without_a_head_it_says_that_a_cut_tail_cannot_be_excluded(trail, as_owner, settings):
    as_owner("DELETE FROM accounts_auditevent WHERE id > %s", trail[5])
    as_owner("DELETE FROM accounts_auditseal WHERE number = 3")
    settings.AUDIT_HEAD.unlink()
    status, verdict = told()
    assert status == 0
    assert verdict["notes"] == ["Without the head a cut tail cannot be excluded."]


def test_a_cut_tail_that_was_sealed_anew_is_named(trail, as_owner, settings, reader):
    head = str(kept_head())
    as_owner("DELETE FROM accounts_auditevent WHERE id > %s", trail[5])
    as_owner("DELETE FROM accounts_auditseal WHERE number = 3")
    record(Verb.SIGNED_IN, actor=reader)
    assert seal_events() is not None
    assert faults("--head", head) == [(None, 3)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_auditseal SET digest = 'g' || substr(digest, 2) WHERE number = 2",
        "UPDATE accounts_auditseal SET rows = '[]' WHERE number = 2",
        "UPDATE accounts_auditseal SET gaps = '[[1, \"\"]]' WHERE number = 2",
        "UPDATE accounts_auditseal SET previous = 'g' || substr(previous, 2) WHERE number = 2",
        "DELETE FROM accounts_auditseal WHERE number = 2",
    ],
)
def test_a_changed_or_removed_seal_is_named(trail, as_owner, change):
    as_owner(change)
    assert 2 in [seal for _event, seal in faults()]


def test_a_trail_sealed_with_another_key_does_not_pass(trail, settings):
    settings.AUDIT_KEY.write_bytes(b"k" * 32)
    assert {seal for _event, seal in faults()} >= {1, 2, 3}


def test_with_the_key_gone_nothing_is_sealed_with_a_new_one(trail, settings, reader):
    settings.AUDIT_KEY.unlink()
    record(Verb.SIGNED_IN, actor=reader)
    with pytest.raises(KeyMissing):
        seal_events()
    assert not settings.AUDIT_KEY.exists()
    with pytest.raises(CommandError, match="key of the audit trail"):
        call_command("verify_audit")


def test_the_key_is_for_its_owner_only(trail, settings):
    assert stat.S_IMODE(settings.AUDIT_KEY.stat().st_mode) == 0o600
    assert len(settings.AUDIT_KEY.read_bytes()) == 32


def test_new_events_wait_for_their_seal_and_are_no_fault(trail, reader):
    record(Verb.SIGNED_IN, actor=reader)
    status, verdict = told()
    assert (status, verdict["waiting"]) == (0, 1)
    seal_audit()
    assert told()[1]["waiting"] == 0
    assert seal_events() is None


def slow(reader, number: int) -> None:
    AuditEvent.objects.bulk_create(
        [AuditEvent(id=number, at=timezone.now(), verb=Verb.SIGNED_IN, actor=reader, actor_name=reader.username)]
    )


def test_an_event_whose_transaction_was_slow_is_sealed_later(trail, reader):
    slow(reader, trail[-1] + 2)
    seal_events()
    slow(reader, trail[-1] + 1)
    assert told()[1]["waiting"] == 1
    assert seal_events() is not None
    assert faults() == []
    assert told()[1]["waiting"] == 0


def test_a_gap_does_not_stay_open_for_ever(trail, reader, monkeypatch):
    slow(reader, trail[-1] + 2)
    seal_events()
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    slow(reader, trail[-1] + 3)
    seal_events()
    slow(reader, trail[-1] + 1)
    assert faults() == [(trail[-1] + 1, None)]


def test_a_head_that_cannot_be_written_stops_no_sealing(settings, tmp_path, reader, caplog):
    (tmp_path / "file").write_text("")
    settings.AUDIT_HEAD = tmp_path / "file" / "audit.txt"
    record(Verb.SIGNED_IN, actor=reader)
    assert seal_events() is not None
    assert any("audit_head_not_written" in line.getMessage() for line in caplog.records)


def test_a_seal_is_never_changed_or_removed(trail):
    seal = AuditSeal.objects.get(number=1)
    with pytest.raises(TypeError):
        seal.save()
    with pytest.raises(TypeError):
        seal.delete()


@pytest.mark.parametrize("text", ["", "3", "3:abc", "x:" + "0" * 64])
def test_what_is_no_head_is_said(trail, text):
    with pytest.raises((CommandError, SystemExit)):
        call_command("verify_audit", "--head", text or "-")
