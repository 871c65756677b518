"""Co-signing: a second reader's name under the same text."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from accounts.roles import Role
from reports.export.dicom_sr import comprehensive_sr
from reports.models import Report, Signature
from reports.selectors import report_document, report_json, room
from reports.selectors.export import exported_report
from reports.services.export import export_file
from reports.services.signing import IdentityNotProved, NotSignable, SigningConflict
from reports.states import REPORT_TABLE, ReportStatus
from reports.verify.verify_reports import sha256_hex
from screening.models import Study
from tests.conftest import PASSWORD
from tests.reports.exports import ct_headers, read
from tests.reports.test_chain import verified


def test_a_cosignature_is_bound_to_the_text_and_its_addenda_and_changes_neither(cosign, add, signed):
    final = signed.signatures.get()
    addendum = add()
    signature = cosign()
    signed.refresh_from_db()
    assert (signed.status, signature.revision) == (ReportStatus.SIGNED, final.revision)
    content = json.loads(signature.canonical)
    assert (content["meaning"], content["signer"]["username"]) == ("cosigned", "second")
    assert content["cosigns"] == {"sequence": 1, "content_sha256": final.content_sha256}
    assert content["with_addenda"] == [{"sequence": 2, "content_sha256": addendum.signature.content_sha256}]
    assert signature.content_sha256 == sha256_hex(signature.canonical)
    assert (signature.sequence, signature.previous_sha256) == (3, addendum.signature.chain_sha256)
    assert verified()[0] == 0


def test_nobody_cosigns_their_own_text_and_nobody_twice(cosign, reader):
    with pytest.raises(NotSignable, match="second reader"):
        cosign(signer=reader)
    cosign()
    with pytest.raises(NotSignable):
        cosign()
    assert Signature.objects.count() == 2


def test_an_amendment_is_a_new_text_with_cosignatures_of_its_own(cosign, amend, signed, reader):
    cosign()
    amend()
    versions = report_json(signed)["versions"]
    assert [len(each["cosigned"]) for each in versions] == [1, 0]
    with pytest.raises(NotSignable):
        cosign()  # who amended it is its signer
    cosign(signer=reader)
    assert [len(each["cosigned"]) for each in report_json(signed)["versions"]] == [1, 1]
    assert verified()[0] == 0


@pytest.mark.parametrize("status", ReportStatus.values)
def test_a_cosignature_is_possible_in_the_states_of_the_table_and_in_no_other(cosign, status):
    Report.objects.update(status=status)
    if (status, "cosign") in REPORT_TABLE:
        cosign()
        assert Report.objects.get().status == status
    else:
        with pytest.raises(SigningConflict, match="Only a signed report"):
            cosign()


def test_who_did_not_see_what_came_meanwhile_is_told(cosign, add):
    add()
    with pytest.raises(SigningConflict, match="Somebody has added"):
        cosign(after=0)
    with pytest.raises(SigningConflict, match="Somebody has added"):
        cosign(revision=0)


@pytest.mark.parametrize("who", ["trainee", "technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_sign_do_not_cosign(cosign, request, who):
    with pytest.raises(PermissionDenied):
        cosign(signer=request.getfixturevalue(who))


def test_a_wrong_password_cosigns_nothing_and_is_on_record(cosign):
    with pytest.raises(IdentityNotProved):
        cosign(password="wrong")
    assert Signature.objects.count() == 1
    assert AuditEvent.objects.get(verb=Verb.REPORT_COSIGNED).outcome == "denied"
    cosign()
    assert AuditEvent.objects.filter(verb=Verb.REPORT_COSIGNED, outcome="ok").get().detail == {
        "sequence": 2,
        "cosigns": 1,
    }


def test_the_report_the_document_and_every_export_show_who_cosigned(cosign, signed, client, second_reader):
    before = exported_report(signed)
    signature = cosign()
    [version] = report_json(signed)["versions"]
    assert [each["signer"] for each in version["cosigned"]] == ["second"]
    document = report_document(signed)
    [block] = document.cosignatures
    assert dict(block)["Co-signed by"] == "second"
    assert dict(block)["Meaning"] == "I have read this report and agree with it"
    client.force_login(second_reader)
    page = client.get(reverse("report-print", args=(signed.pk,))).content.decode()
    assert "Co-signed by" in page and "I have read this report and agree with it" in page
    made = exported_report(signed)
    # Agreement changes no text: receivers are told the same state, under the newest signature.
    assert (made.state, made.replaced, made.newest_sha256) == ("final", None, signature.content_sha256)
    assert made.previous_sha256 == before.content_sha256
    hl7 = [line.split("|") for line in export_file(signed, "hl7", fonts=None).data.decode().split("\r")]
    obr = next(each for each in hl7 if each[0] == "OBR")
    assert (obr[25], obr[33].split("&")[0]) == ("F", "second")
    assert any(each[0] == "OBX" and "Co-signed by second" in each[5] for each in hl7)
    bundle = json.loads(export_file(signed, "fhir", fonts=None).data)
    resources = [each["resource"] for each in bundle["entry"]]
    report = next(each for each in resources if each["resourceType"] == "DiagnosticReport")
    assert [each["display"] for each in report["resultsInterpreter"]] == ["Mara Osei", "second"]
    assert len([each for each in resources if each["resourceType"] == "Provenance" and "activity" in each]) == 2


def test_the_sr_names_both_as_verifying_observers_and_the_document_before_it(cosign, signed):
    cosign()
    headers = ct_headers()
    made = exported_report(signed)
    moved = type(made)(**{**made.__dict__, "findings": ()})
    document = read(comprehensive_sr(moved, headers))
    assert [str(each.VerifyingObserverName) for each in document.VerifyingObserverSequence] == [
        "Osei^Mara",
        "second^",
    ]
    assert document.PredecessorDocumentsSequence


def test_the_room_offers_a_cosignature_to_a_second_reader_only(
    signed, reader, second_reader, make_user, north, request_by
):
    third = make_user("third", Role.READER, north)

    def offered(user):
        return room(Study.objects.get(), user, request_by(user))["can"]["cosign"]

    assert [offered(user) for user in (reader, second_reader, third)] == [False, True, True]


def test_the_page_sends_a_cosignature(signed, client, second_reader):
    client.force_login(second_reader)
    url = reverse("report-cosign", args=(signed.pk,))
    sent = client.post(url, {"revision": 1, "after": 0, "password": PASSWORD}, "application/json")
    assert sent.status_code == 200
    assert [each["signer"] for each in sent.json()["versions"][0]["cosigned"]] == ["second"]
    assert client.post(url, {"revision": 1, "after": 0, "password": PASSWORD}, "application/json").status_code == 400
