"""21 CFR Part 11 as statements that can be tested, where no other test holds them; docs/security.md has the table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, SignWith, User, Verb
from accounts.services.authentication import SESSION_KEY
from config.env import ROOT
from reports.answers import AddendumRequest, AmendmentRequest, CosignRequest, SignRequest
from reports.models import Report, Signature
from reports.selectors import report_document
from reports.services.signing import IdentityNotProved, append_signature, sign_report, signed_sections
from tests.conftest import PASSWORD
from tests.reports.test_chain import verified

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")


def with_triggers_off(statement: str, *values: object) -> None:
    """As the owner of the database would."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS reports_signature_no_update")
        cursor.execute("DROP INDEX IF EXISTS signature_one_final")
        cursor.execute(statement, values)


@pytest.fixture
def two_signed(signed, make_study, north, reader, request_by) -> tuple[Signature, Signature]:
    """Two reports signed by the same reader."""
    study = make_study(north, programme="lung", status="REPORTED")
    other = Report.objects.create(study=study, programme="lung", status="SIGNED", created_at=timezone.now())
    mine = signed.signatures.get()
    revision = other.revisions.create(
        number=1, sections=mine.revision.sections, author=reader, created_at=timezone.now()
    )
    # The same text, so that only what else is signed can tell them apart.
    body = {"format": "firstread-report-1", "sections": signed_sections(revision)}
    return mine, append_signature(other, reader, revision, "final", body)


# 11.70: a signature cannot be taken off, copied or carried to another record


@on_sqlite
def test_a_signature_carried_to_another_report_is_named_though_the_texts_are_the_same(two_signed):
    mine, other = two_signed
    assert verified()[0] == 0
    with_triggers_off(
        "UPDATE reports_signature SET report_id = %s, revision_id = %s WHERE id = %s",
        other.report_id, other.revision_id, mine.pk,
    )  # fmt: skip
    code, [site] = verified()
    assert (code, [fault["sequence"] for fault in site["faults"]]) == (1, [1])


@on_sqlite
def test_a_copy_of_a_signature_under_another_report_is_named(two_signed):
    mine, other = two_signed
    columns = [
        field.column for field in Signature._meta.concrete_fields if field.name not in ("id", "sequence", "report")
    ]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX signature_one_final")
        cursor.execute(
            f"INSERT INTO reports_signature (sequence, report_id, {names})"
            f" SELECT 3, %s, {names} FROM reports_signature WHERE id = %s",
            [other.report_id, mine.pk],
        )
    code, [site] = verified()
    assert (code, {fault["sequence"] for fault in site["faults"]}) == (1, {3})


@on_sqlite
@pytest.mark.parametrize(
    ("column", "value"),
    [("signer_name", "Somebody Else"), ("meaning", "preliminary"), ("signed_at", "2020-01-01 00:00:00")],
)
def test_signer_meaning_and_time_beside_a_signature_cannot_be_changed_unseen(signed, column, value):
    with_triggers_off(f"UPDATE reports_signature SET {column} = %s", value)
    code, [site] = verified()
    assert (code, [fault["sequence"] for fault in site["faults"]]) == (1, [1])


# 11.50: name, time and meaning are part of what is signed, and stand on what is shown


def test_name_time_and_meaning_are_in_the_signed_bytes_and_on_the_document(signed):
    signature = signed.signatures.get()
    content = json.loads(signature.canonical)
    shown = dict(report_document(signed).signature)
    assert content["signer"]["name"] == shown["Signed by"] == "Mara Osei"
    assert content["meaning"] == "final" and shown["Meaning"] == "I have read the study and this is my report"
    assert content["signed_at"][:19].replace("T", " ") in shown["Signed at"]


# 11.100, 11.200: whose a signature is, and what it takes to give one


def test_two_people_never_share_a_user_name(reader):
    with pytest.raises(Exception, match=r"(?i)unique"):
        User.objects.create_user("reader", "another@example.org", PASSWORD)


def test_in_the_mode_each_every_signing_of_a_session_takes_the_password_again(ready, reader, request_by, amend, cosign):
    """The first and each later one: the session alone signs nothing, however fresh."""
    request = request_by(reader)
    request.session[SESSION_KEY] = timezone.now().isoformat()
    assert ready.study.site.sign_with == SignWith.EACH
    for act in (amend, cosign):
        for password in ("", "wrong"):
            with pytest.raises(IdentityNotProved):
                act(password=password, request=request)
    assert amend(request=request).sequence == 2
    with pytest.raises(IdentityNotProved):
        amend("Another text.", password="", request=request)


def test_in_the_mode_recent_the_first_signing_of_a_session_needs_the_password_and_a_later_one_its_quarter_of_an_hour(
    signed, north, amend, second_reader, request_by
):
    north.sign_with = SignWith.RECENT
    north.save()
    signed.study.site.refresh_from_db()
    request = request_by(second_reader)
    with pytest.raises(IdentityNotProved):
        amend(password="", request=request)
    request.session[SESSION_KEY] = timezone.now().isoformat()
    assert amend(password="", request=request).sequence == 2


def test_nobody_signs_with_anothers_password_nor_an_administrator_in_anothers_name(
    ready, reader, second_reader, administrator, request_by
):
    second_reader.set_password("quite another phrase")
    second_reader.save()
    asked = {"report": ready, "revision": 1, "meaning": "final"}
    with pytest.raises(IdentityNotProved):
        sign_report(signer=reader, password="quite another phrase", request=request_by(reader), **asked)
    # Who signs is who is signed in: what is sent names no signer.
    for asked_of in (SignRequest, AddendumRequest, AmendmentRequest, CosignRequest):
        assert "signer" not in asked_of().fields
    with pytest.raises(Exception, match="role"):
        sign_report(signer=administrator, password=PASSWORD, request=request_by(administrator), **asked)
    assert not Signature.objects.exists()


def test_a_new_password_set_by_an_administrator_ends_what_the_old_one_could_sign(ready, reader, request_by):
    reader.set_password("set by somebody else")
    reader.save()
    asked = {"report": ready, "signer": reader, "revision": 1, "meaning": "final", "request": request_by(reader)}
    with pytest.raises(IdentityNotProved):
        sign_report(password=PASSWORD, **asked)


def test_a_signature_stays_its_signers_when_the_account_gets_another_name_or_is_closed(signed, reader):
    User.objects.filter(pk=reader.pk).update(first_name="Other", last_name="Name", is_active=False)
    assert dict(report_document(signed).signature)["Signed by"] == "Mara Osei"
    assert verified()[0] == 0


# 11.300(d): misuse is noticed


def test_failed_tries_to_sign_are_on_record_and_stop_after_ten(ready, reader, request_by):
    asked = {"report": ready, "signer": reader, "revision": 1, "meaning": "final", "request": request_by(reader)}
    for _try in range(10):
        with pytest.raises(IdentityNotProved):
            sign_report(password="wrong", **asked)
    with pytest.raises(IdentityNotProved):
        sign_report(password=PASSWORD, **asked)
    assert AuditEvent.objects.filter(verb=Verb.REPORT_SIGNED, outcome="denied", actor=reader).count() == 11


# The table itself


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def test_every_test_that_the_table_names_is_there():
    page = _text(ROOT / "docs/security.md").partition("## 21 CFR Part 11")[2].partition("\n## ")[0]
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", page)
    assert len(named) > 15
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in _text(ROOT / path), test
