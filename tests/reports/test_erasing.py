"""Erasing on request: the content is gone from every table and file, the tombstone stays, every chain still holds."""

# ruff: noqa: F811  fixtures of the cast are asked for by name

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.models import (
    CommunicationStep,
    CommunicationTask,
    Delivery,
    Document,
    FollowUp,
    LesionMatch,
    Moment,
    Opinion,
    Recommendation,
    Report,
    Revision,
    Signature,
    Target,
    TargetKind,
)
from reports.selectors import report_document
from reports.selectors.export import exported_report
from reports.services.addenda import add_addendum
from reports.services.sending import queue_signed
from reports.services.signing import SigningConflict
from reports.states import REPORT_TABLE, ReportStatus
from reports.verify.verify_reports import Head, verify_export
from screening.models import Finding, FindingDecision, Instance, LegalHold, Patient, ScoreRun, Study, StudyNote
from screening.phantoms.headers import as_bytes
from screening.services.erasing import NotErasable, lift_hold, set_hold
from screening.services.ingest import ingest_instance
from screening.services.scoring import record_result
from screening.states import RunStatus, StudyStatus
from screening.storage import storage
from tests.conftest import PASSWORD
from tests.reports.erasing_cast import NAME, NUMBER, REASON, SECRET, erase, everything_kept, written  # noqa: F401  fixtures
from tests.reports.exports import ct_headers
from tests.reports.test_chain import verified


def test_after_a_study_is_erased_no_word_name_or_pixel_of_it_is_kept_anywhere(written, erase, settings):
    before = everything_kept(settings)
    for text in (SECRET, NAME, NUMBER, "ERASEME"):
        assert text.encode() in before, "the test plants what it looks for"
    erasure = erase(written.study)
    after = everything_kept(settings)
    for text in (SECRET, NAME, NUMBER, "ERASEME", "Ottilie", "8.2 mm", "right upper lobe"):
        kept = [line[:300] for line in after.split(b"\n") if text.encode() in line]
        assert not kept, text
    assert not [path for path in settings.STORAGE_ROOT.rglob("*") if path.is_file() and path.stat().st_size]
    assert (erasure.scope, erasure.objects_gone, Instance.objects.count()) == ("study", 2, 0)
    study = Study.objects.get()
    assert (study.status, study.erased_at, study.instance_count) == (StudyStatus.REPORTED, erasure.at, 0)
    assert (Patient.objects.get().name, Patient.objects.get().patient_id) == ("", "")
    assert FollowUp.objects.get().patient == Patient.objects.get()


def test_every_chain_reads_erased_and_not_broken(written, erase, settings, tmp_path):
    digests = list(Signature.objects.values_list("sequence", "content_sha256", "chain_sha256", "signer_name"))
    erase(written.study)
    code, [site] = verified()
    assert (code, site["faults"], site["erased"]) == (0, [], [1, 2, 3])
    kept = list(Signature.objects.values_list("sequence", "content_sha256", "chain_sha256", "signer_name"))
    assert kept[:3] == digests
    settings.AUDIT_KEY, settings.AUDIT_HEAD = tmp_path / "audit.key", tmp_path / "audit.head"
    call_command("verify_audit", stdout=StringIO())


def test_the_record_of_an_erasure_is_in_the_chain_names_the_digests_and_leads_to_nobody(written, erase):
    study = written.study
    digests = list(Signature.objects.values_list("sequence", "content_sha256"))
    erase(study)
    record = Signature.objects.order_by("sequence").last()
    content = json.loads(record.canonical)
    assert (record.meaning, content["reason"], content["signer"]["username"]) == ("erased", REASON, "administrator")
    assert [(each["sequence"], each["content_sha256"]) for each in content["erases"]] == digests
    for left_out in ("study_uid", "accession_number", "patient_sha256"):
        assert left_out not in content
    assert study.study_uid not in record.canonical


def test_an_erased_report_leaves_images_and_ai_result_and_takes_nothing_more(written, erase, settings, reader, client):
    erase(written)
    after = everything_kept(settings)
    study = Study.objects.get()
    run = study.score_runs.get()
    assert (study.erased_at, Instance.objects.count(), run.result["category"]) == (None, 2, "4A")
    written.refresh_from_db()
    assert written.status == ReportStatus.ERASED
    assert after.count(SECRET.encode()) > 0, "the AI's own words and the study's description stay"
    words = [
        Revision,
        Signature,
        Recommendation,
        CommunicationTask,
        CommunicationStep,
        Opinion,
        StudyNote,
        FindingDecision,
    ]
    for model in words:
        fields = [field.name for field in model._meta.concrete_fields if field.name != "values"]
        assert SECRET not in str(list(model._base_manager.values(*fields))), model
    assert exported_report(written) is None
    assert report_document(written) is None
    with pytest.raises(SigningConflict, match="Only a signed report"):
        add_addendum(
            report=written, signer=reader, after=1, reason="x", text="y", password=PASSWORD, images=None, request=None
        )
    client.force_login(reader)
    told = client.get(reverse("report-print", args=(written.pk,)))
    assert (told.status_code, "erased on request" in told.content.decode()) == (409, True)
    shown = client.get(reverse("reading-room", args=(study.study_uid,))).content.decode()
    assert SECRET not in shown.partition('id="room"')[2].partition('"report":')[2].partition('"reader":')[0]


def test_a_report_that_is_not_signed_goes_with_its_study_only(drafted, erase):
    with pytest.raises(NotErasable, match="not signed as final"):
        erase(drafted)
    erase(drafted.study)
    assert Report.objects.get().status == ReportStatus.ERASED
    assert verified()[0] == 0


def test_a_study_is_erased_after_its_report_was(written, erase):
    erase(written)
    erase(written.study)
    assert Study.objects.get().erased_at
    code, [site] = verified()
    assert (code, site["erased"], site["signatures"]) == (0, [1, 2, 3], 4)
    with pytest.raises(NotErasable, match="erased already"):
        erase(written.study)


def test_a_study_that_was_never_read_is_erased_without_a_record_in_the_chain(make_study, north, score, erase):
    study = make_study(north)
    score(study)
    erase(study)
    study.refresh_from_db()
    assert (study.status, study.erased_at is not None, Signature.objects.count()) == ("REPORTED", True, 0)


def test_the_sizes_that_words_on_lesions_copied_go_with_the_study_they_are_of(make_study, north, erase, reader):
    study, prior = make_study(north), make_study(north)
    keys = {"finding_key": "r1", "prior_finding_key": "r1", "verdict": "confirmed", "by": reader, "at": timezone.now()}
    LesionMatch.objects.create(study=study, prior=prior, size_mm=8.2, prior_size_mm=6.1, **keys)
    sizes = LesionMatch.objects.values_list("size_mm", "prior_size_mm")
    refused("UPDATE reports_lesionmatch SET size_mm = NULL")
    erase(prior)
    assert list(sizes.all()) == [(8.2, None)]
    refused("UPDATE reports_lesionmatch SET size_mm = 9")
    refused("UPDATE reports_lesionmatch SET verdict = 'rejected'")
    refused("DELETE FROM reports_lesionmatch")
    erase(study)
    assert list(sizes.all()) == [(None, None)]


def test_a_score_that_is_being_made_brings_nothing_back(make_study, north, score, erase):
    study = make_study(north)
    run = score(study)
    line = {**run.result, "reason": None}
    Finding.objects.all().delete()
    ScoreRun.objects.update(status=RunStatus.RUNNING, result={}, lease_until=timezone.now())
    waiting = score(study)
    Finding.objects.all().delete()
    ScoreRun.objects.filter(pk=waiting.pk).update(status=RunStatus.PENDING, result={})
    erase(study)
    assert set(ScoreRun.objects.values_list("status", flat=True)) == {RunStatus.FAILED}
    assert not record_result(run_id=run.pk, attempt=1, result=line)
    assert (Finding.objects.count(), list(ScoreRun.objects.values_list("result", flat=True))) == (0, [{}, {}])


@pytest.mark.parametrize("status", ReportStatus.values)
def test_a_report_is_erased_from_every_state_but_erased_and_nothing_leads_back(status):
    assert ((status, "erase") in REPORT_TABLE) == (status != ReportStatus.ERASED)
    assert not [state for state, _event in REPORT_TABLE if state == ReportStatus.ERASED]


# What stands in the way


def test_a_legal_hold_forbids_it_until_it_is_lifted(written, erase, administrator):
    set_hold(study=written.study, actor=administrator, reason="Court order 7")
    for target in (written, written.study):
        with pytest.raises(NotErasable, match="legal hold"):
            erase(target)
    assert SECRET in Signature.objects.first().canonical
    lift_hold(study=written.study, actor=administrator)
    erase(written)
    assert [event.detail["on"] for event in AuditEvent.objects.filter(verb=Verb.LEGAL_HOLD_CHANGED).order_by("id")] == [
        True,
        False,
    ]
    assert LegalHold.objects.get().lifted_by == administrator


@pytest.mark.parametrize("reason", ["", "    ", "no", "x" * 301, "Ottilie asked", "eraseme asked us", f"for {NUMBER}"])
def test_a_reason_is_asked_for_and_must_not_name_the_patient(written, erase, reason):
    with pytest.raises(NotErasable):
        erase(written, reason=reason)
    assert SECRET in Signature.objects.first().canonical


@pytest.mark.parametrize("who", ["reader", "trainee", "technologist", "auditor", "stranger"])
def test_only_administrators_of_the_site_erase_or_hold(written, erase, request, who):
    actor = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        erase(written, actor=actor)
    with pytest.raises(PermissionDenied):
        erase(written.study, actor=actor)
    with pytest.raises(PermissionDenied):
        set_hold(study=written.study, actor=actor, reason="Court order 7")


def test_what_somebody_reads_or_must_still_be_told_of_is_not_erased(written, erase):
    CommunicationTask.objects.update(status="OPEN", closed_at=None)
    with pytest.raises(NotErasable, match="still to be told"):
        erase(written)
    CommunicationTask.objects.update(status="ACKNOWLEDGED", closed_at=timezone.now())
    Study.objects.update(status=StudyStatus.READING)
    with pytest.raises(NotErasable, match="is reading"):
        erase(written.study)


def test_a_file_that_another_study_has_too_stays(written, erase, make_study, north):
    shared = Instance.objects.first().sha256
    other = make_study(north, images=1)
    Instance.objects.filter(series__study=other).update(sha256=shared)
    erasure = erase(written.study)
    assert erasure.objects_gone == 1
    assert storage().exists(shared)


# Afterwards


def test_no_door_leads_to_an_erased_study_and_it_is_not_taken_in_again(written, erase, client, reader, north):
    uid = written.study.study_uid
    header = next(iter(ct_headers(2).values()))
    erase(written.study)
    client.force_login(reader)
    for address in (
        reverse("reading-room", args=(uid,)),
        reverse("api-study", args=(uid,)),
        reverse("report-print", args=(written.pk,)),
        reverse("report-pdf", args=(written.pk,)),
    ):
        assert client.get(address).status_code == 404, address
    assert uid not in client.get(reverse("worklist"), {"view": "reported"}).content.decode()
    header.PixelData = bytes(2 * 48 * 48)
    result = ingest_instance(data=as_bytes(header), source="test", site=north, actor=None)
    assert (result.result, result.code) == ("rejected", "erased")


def test_the_triggers_let_exactly_the_content_be_emptied_and_only_of_rows_with_a_tombstone(written, erase):
    """Before the erasure nothing; after it nothing but the empty content, in every column of every such table."""
    tables = {
        "reports_signature": ("canonical", "''"),
        "reports_revision": ("sections", "'{}'"),
        "reports_addendum": ("text", "''"),
        "reports_recommendation": ("what", "''"),
        "reports_opinion": ("note", "''"),
        "reports_communicationstep": ("whom", "''"),
        "screening_measurement": ("text", "''"),
        "screening_findingdecision": ("note", "''"),
        "screening_studynote": ("text", "''"),
    }
    for table, (column, blank) in tables.items():
        refused(f'UPDATE {table} SET "{column}" = {blank}')
    erase(written.study)
    models = {model._meta.db_table: model for model in apps.get_models()}
    for table, (column, blank) in tables.items():
        with connection.cursor() as cursor:
            cursor.execute(f'UPDATE {table} SET "{column}" = {blank} WHERE id = (SELECT min(id) FROM {table})')
        refused(f"DELETE FROM {table}")
        for field in models[table]._meta.concrete_fields:
            refused(
                f'UPDATE {table} SET "{field.column}" = {other_value(field)} WHERE id = (SELECT min(id) FROM {table})'
            )


def other_value(field) -> str:
    """SQL of a value that the row does not have and the column would take."""
    kind = field.get_internal_type()
    if kind == "JSONField":
        return "'[7]'"
    if kind in ("CharField", "TextField"):
        return "'Z'"
    if kind in ("DateTimeField", "DateField"):
        return "'1999-01-01'"
    if kind == "UUIDField":
        return "'00000000000000000000000000000009'"
    if kind == "BooleanField":
        return f'COALESCE(NOT "{field.column}", TRUE)'
    return f'COALESCE("{field.column}", 0) + 1000'


def refused(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed or removed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_stand_alone_script_says_erased_with_the_head(written, erase, tmp_path):
    erase(written.study)
    path = tmp_path / "north.jsonl"
    call_command("verify_reports", "--site", "north", "--export", str(path), stdout=StringIO())
    last = Signature.objects.order_by("sequence").last()

    verdict = verify_export(path.read_bytes(), Head(last.sequence, last.chain_sha256))
    assert (verdict.faults, verdict.erased) == ([], [1, 2, 3])
    assert SECRET.encode() not in path.read_bytes()
    # Without its record the same tombstones are a fault.
    lines = path.read_bytes().splitlines(keepends=True)
    reasons = {fault.reason for fault in verify_export(b"".join(lines[:-1])).faults}
    assert "Its content is gone, and nothing says that it was erased." in reasons


def test_the_commands_erase_in_an_administrators_name_or_say_why_not(
    written, administrator, reader, django_capture_on_commit_callbacks
):
    uid = written.study.study_uid
    said = ("--by", "administrator", "--reason", REASON)
    with pytest.raises(CommandError, match="role"):
        call_command("erase_report", str(written.pk), "--by", "reader", "--reason", REASON)
    with pytest.raises(CommandError, match="no such"):
        call_command("erase_report", "999", *said)
    with pytest.raises(CommandError, match="no such"):
        call_command("erase_study", uid, "--site", "south", *said)
    call_command("erase_report", str(written.pk), *said, stdout=StringIO())
    out = StringIO()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_study", uid, "--site", "north", *said, stdout=out)
    assert "2 files" in out.getvalue()
    assert AuditEvent.objects.filter(verb=Verb.CONTENT_ERASED, actor=administrator).count() == 2
    with pytest.raises(CommandError, match="erased already"):
        call_command("erase_study", uid, "--site", "north", *said)


def test_what_waits_to_be_sent_is_given_up_and_the_erasure_itself_is_not_sent(written, erase, administrator):
    target = Target.objects.create(
        site=written.study.site,
        name="RIS",
        kind=TargetKind.MLLP,
        address="ris.example.org:2575",
        documents=[Document.HL7],
        moments=[Moment.FINAL, Moment.CORRECTED],
        changed_by=administrator,
        changed_at=timezone.now(),
    )
    last = written.signatures.order_by("sequence").last()
    assert queue_signed(last) == 1
    erase(written)
    row = Delivery.objects.get(target=target)
    assert (row.signature, row.status) == (last, "GIVEN_UP")
