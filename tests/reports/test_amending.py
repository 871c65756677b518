"""Amending a signed report: a new text on top, the old one kept, everything chained, every export says so."""

from __future__ import annotations

import base64
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.export.pdf import report_pdf
from reports.management.commands.verify_reports import _link
from reports.models import Meaning, Report, Revision, Signature
from reports.sections import SectionsError
from reports.selectors import report_document, report_json, room
from reports.selectors.export import exported_report
from reports.services.editing import ReportClosed, save_revision
from reports.services.export import export_file
from reports.services.signing import IdentityNotProved, NotSignable, SigningConflict
from reports.states import REPORT_TABLE, ReportStatus
from reports.verify.verify_reports import verify
from screening.models import Study
from screening.states import StudyStatus
from tests.conftest import PASSWORD
from tests.reports.conftest import changed_text
from tests.reports.test_chain import tamper, verified
from tests.reports.test_pdf import FONTS, needs_pdftotext, read_back

NEW = "Low-dose CT in 3 months."
REASON = "The interval was wrong"
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")


def segments(message: bytes) -> list[list[str]]:
    return [line.split("|") for line in message.decode().split("\r") if line]


def test_an_amendment_is_a_new_revision_on_top_of_the_signed_one_which_stays(amend, signed, second_reader):
    old = signed.signatures.get()
    before = (old.canonical, signed.revisions.get(number=1).sections)
    signature = amend()
    signed.refresh_from_db()
    assert (signed.status, Study.objects.get().status) == (ReportStatus.AMENDED, StudyStatus.REPORTED)
    revision = signature.revision
    assert (revision.number, revision.parent, revision.author) == (2, 1, second_reader)
    kept = Signature.objects.get(pk=old.pk)
    assert (kept.canonical, signed.revisions.get(number=1).sections) == before


def test_the_signed_bytes_of_an_amendment_name_its_text_its_reason_and_what_it_amends(amend, signed):
    old = signed.signatures.get()
    signature = amend(reason=f"  {REASON} ")
    bytes_signed = json.loads(signature.canonical)
    assert (bytes_signed["format"], bytes_signed["meaning"]) == ("firstread-amendment-2", "amended")
    assert bytes_signed["reason"] == REASON
    assert bytes_signed["amends"] == {"sequence": 1, "content_sha256": old.content_sha256}
    assert bytes_signed["sections"][-1]["sentences"][0]["text"] == NEW
    assert signature.previous_sha256 == old.chain_sha256
    patient = signed.study.patient
    assert patient.name not in signature.canonical
    assert patient.patient_id not in signature.canonical


def test_an_amended_report_is_amended_again_and_each_version_can_be_compared_with_the_one_before(amend, signed, reader):
    amend()
    amend("Low-dose CT in 6 months.", signer=reader, reason="A prior turned up")
    versions = report_json(signed)["versions"]
    assert [(each["number"], each["meaning"], each["reason"]) for each in versions] == [
        (1, "final", ""),
        (2, "amended", REASON),
        (3, "amended", "A prior turned up"),
    ]
    [change] = versions[2]["changes"]
    assert change["name"] == "recommendation"
    assert [tuple(piece) for piece in change["pieces"]] == [
        ("same", "Low-dose CT in "),
        ("gone", "3 "),
        ("new", "6 "),
        ("same", "months."),
    ]
    assert verified()[0] == 0


@pytest.mark.parametrize("status", ReportStatus.values)
def test_an_amendment_is_possible_in_the_states_of_the_table_and_in_no_other(amend, status):
    Report.objects.update(status=status)
    if (status, "amend") in REPORT_TABLE:
        amend()
        assert Report.objects.get().status == ReportStatus.AMENDED
    else:
        with pytest.raises(SigningConflict, match="Only a signed report"):
            amend()
        assert Revision.objects.filter(number=2).count() == 0


def test_only_what_is_signed_as_final_is_amended_and_no_event_leads_out_of_amended_but_to_itself():
    assert {state for state, event in REPORT_TABLE if event == "amend"} == {ReportStatus.SIGNED, ReportStatus.AMENDED}
    assert {after for (state, _event), after in REPORT_TABLE.items() if state == ReportStatus.AMENDED} <= {
        ReportStatus.AMENDED,
        "ERASED",
    }


def test_an_amendment_never_loses_an_addendum(add, amend, signed, reader):
    first = add()
    amend()
    second = add(signer=reader, text="Seen again.")
    assert [(each["number"], each["text"]) for each in report_json(signed)["addenda"]] == [
        (1, first.text),
        (2, "Seen again."),
    ]
    assert (first.adds_to.meaning, second.adds_to.meaning) == (Meaning.FINAL, Meaning.AMENDED)
    document = report_document(signed)
    assert [each.text for each in document.addenda] == [first.text, "Seen again."]
    made = exported_report(signed)
    assert [each.name for each in made.sections[-3:]] == ["amendment", "addendum-1", "addendum-2"]
    assert verified()[0] == 0


def test_who_did_not_see_what_came_meanwhile_is_told_and_signs_nothing(amend, add, signed):
    amend()
    with pytest.raises(SigningConflict, match="Somebody has added"):
        amend("Another text.", revision=1)
    add()
    with pytest.raises(SigningConflict, match="Somebody has added"):
        amend("Another text.", after=0)
    assert signed.revisions.order_by("number").last().number == 2


def test_an_amendment_needs_a_reason_a_change_and_every_required_section(amend, signed):
    with pytest.raises(NotSignable, match="needs a reason"):
        amend(reason=" \n")
    with pytest.raises(NotSignable, match="Nothing of the report was changed"):
        amend(sections=signed.revisions.get(number=1).sections)
    with pytest.raises(NotSignable, match="Recommendation"):
        amend(sections={**changed_text(signed, NEW), "recommendation": []})
    with pytest.raises(SectionsError):
        amend(sections={"nodules": "no list"})
    assert signed.revisions.order_by("number").last().number == 1
    signed.refresh_from_db()
    assert signed.status == ReportStatus.SIGNED


def test_a_wrong_password_amends_nothing_and_is_on_record(amend, signed):
    for password in ("wrong", ""):
        with pytest.raises(IdentityNotProved):
            amend(password=password)
    assert signed.signatures.count() == 1
    assert AuditEvent.objects.filter(verb=Verb.REPORT_AMENDED, outcome="denied").count() == 2


@pytest.mark.parametrize("who", ["trainee", "technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_sign_do_not_amend(amend, request, who):
    with pytest.raises(PermissionDenied):
        amend(signer=request.getfixturevalue(who))


def test_an_amendment_is_on_record(amend):
    amend()
    event = AuditEvent.objects.get(verb=Verb.REPORT_AMENDED)
    assert event.outcome == "ok"
    # The review had a word on the drafted sentence that nobody decided.
    assert event.detail == {"revision": 2, "sequence": 2, "amends": 1, "warned": ["ai-undecided"]}


def test_an_amended_report_takes_no_save(amend, signed, reader):
    amend()
    with pytest.raises(ReportClosed) as closed:
        save_revision(report=signed, author=reader, parent=2, sections=changed_text(signed, "No."))
    assert closed.value.revision.number == 2


# Verification


@on_sqlite
def test_a_changed_byte_of_either_text_is_found(amend, signed):
    amend()
    changed = json.dumps(signed.revisions.get(number=2).sections, ensure_ascii=False).replace("3 months", "9 months")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER reports_revision_no_update")
        cursor.execute("UPDATE reports_revision SET sections = %s WHERE number = 2", [changed])
    code, [site] = verified()
    assert (code, [fault["sequence"] for fault in site["faults"]]) == (1, [2])


def test_an_amendment_dropped_or_without_what_it_amends_is_found(amend):
    amend()
    amend("Low-dose CT in 6 months.")
    first, second, third = (_link(signature) for signature in Signature.objects.order_by("sequence"))
    assert verify([first, second, third]) == []
    assert "Signature 2 is missing." in [fault.reason for fault in verify([first, third])]
    assert "It amends a signature that is not before it." in [fault.reason for fault in verify([second, third])]


@on_sqlite
def test_an_amendment_passed_off_as_a_first_report_is_found(amend):
    amend()
    tamper("reports_signature", "meaning", "preliminary")
    code, [site] = verified()
    assert (code, {fault["sequence"] for fault in site["faults"]}) == (1, {1, 2})


# What others are told


def test_exports_say_amended_with_the_reason_and_what_is_replaced(amend, signed):
    before = exported_report(signed)
    signature = amend()
    made = exported_report(signed)
    assert (made.state, made.content_sha256, made.previous_sha256) == (
        "amended",
        signature.content_sha256,
        before.content_sha256,
    )
    assert made.replaced == {each.name: each.text for each in before.sections}
    told = next(each.text for each in made.sections if each.name == "amendment")
    assert REASON in told and "Mara Osei" in told


def test_hl7_marks_the_report_and_the_changed_sections_as_corrected(amend, signed):
    amend()
    message = segments(export_file(signed, "hl7", fonts=None).data)
    obr = next(each for each in message if each[0] == "OBR")
    assert obr[25] == "C"
    texts = {each[4]: each[11] for each in message if each[0] == "OBX" and each[2] == "FT"}
    assert (texts["recommendation"], texts["amendment"], texts["nodules"]) == ("C", "C", "F")


def test_fhir_says_amended_why_and_of_which_bytes_it_is_a_revision(amend, signed):
    old = signed.signatures.get().content_sha256
    amend()
    bundle = json.loads(export_file(signed, "fhir", fonts=None).data)
    resources = [each["resource"] for each in bundle["entry"]]
    report = next(each for each in resources if each["resourceType"] == "DiagnosticReport")
    assert report["status"] == "amended"
    assert NEW in base64.b64decode(report["presentedForm"][0]["data"]).decode()
    [signing] = [each for each in resources if each["resourceType"] == "Provenance" and "activity" in each]
    assert signing["reason"] == [{"text": REASON}]
    assert {"role": "revision", "what": {"identifier": {"value": f"sha256:{old}"}, "display": "Amended content"}} in (
        signing["entity"]
    )


@needs_pdftotext
def test_the_pdf_says_that_it_is_amended_why_and_what_it_replaces(amend, signed, tmp_path):
    amend()
    text = read_back(report_pdf(report_document(signed), FONTS), tmp_path)
    for words in (
        "Amended report. It replaces the one signed by Mara Osei",
        NEW,
        REASON,
        "I have corrected the signed",
    ):
        assert words in text
    old = read_back(report_pdf(report_document(signed, 1), FONTS), tmp_path)
    assert "Version 1, replaced on" in old and "It no longer counts" in old and NEW not in old


def test_the_page_and_the_print_show_the_old_text_to_another_reader(amend, signed, client, trainee, request_by):
    old = signed.revisions.get(number=1).sections["recommendation"][0]["text"]
    amend()
    client.force_login(trainee)
    page = client.get(reverse("report-print", args=(signed.pk,))).content.decode()
    assert "Amended report" in page and NEW in page and "?version=1" in page
    earlier = client.get(reverse("report-print", args=(signed.pk,)), {"version": "1"}).content.decode()
    assert old in earlier and NEW not in earlier and "It no longer counts" in earlier
    shown = room(Study.objects.get(), trainee, request_by(trainee))
    assert old in [each["text"] for each in shown["report"]["versions"][0]["sections"]]
    assert (shown["can"]["amend"], shown["can"]["cosign"]) == (False, False)
    assert client.get(reverse("report-print", args=(signed.pk,)), {"version": "9"}).status_code == 409
    for odd in ("x", "-1", "9" * 30, "²"):
        assert NEW in client.get(reverse("report-print", args=(signed.pk,)), {"version": odd}).content.decode()


def test_the_page_sends_an_amendment_and_gets_back_what_now_stands(signed, client, second_reader):
    client.force_login(second_reader)
    url = reverse("report-amend", args=(signed.pk,))
    body = {"revision": 1, "after": 0, "reason": REASON, "sections": changed_text(signed, NEW), "password": "wrong"}
    refused = client.post(url, body, "application/json")
    assert (refused.status_code, refused.json()["needs_password"]) == (400, True)
    sent = client.post(url, {**body, "password": PASSWORD}, "application/json")
    assert (sent.status_code, sent.json()["status"]) == (200, "AMENDED")
    assert [each["number"] for each in sent.json()["versions"]] == [1, 2]
    again = client.post(url, {**body, "password": PASSWORD}, "application/json")
    assert again.status_code == 409
    assert client.post(url, {**body, "sections": 7, "password": PASSWORD}, "application/json").status_code == 400
