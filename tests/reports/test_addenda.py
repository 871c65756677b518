"""Adding to a signed report: what was signed stays, what is added is signed, chained and shown."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, SignWith, Verb
from accounts.services.authentication import SESSION_KEY
from reports.export.pdf import report_pdf
from reports.management.commands.verify_reports import _link
from reports.models import Addendum, Meaning, Report, Signature
from reports.selectors import report_document, report_json, room
from reports.selectors.export import exported_report
from reports.services.addenda import add_addendum
from reports.services.signing import IdentityNotProved, NotSignable, SigningConflict, sign_report
from reports.states import REPORT_TABLE, ReportStatus
from reports.verify.verify_reports import verify
from screening.models import Reading, Study
from screening.states import StudyStatus
from tests.conftest import PASSWORD
from tests.reports.test_chain import tamper, verified
from tests.reports.test_pdf import FONTS, needs_pdftotext, read_back

TEXT = "The nodule was also there in 2021, at the same size."
REASON = "An earlier study has turned up"
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")


@pytest.fixture
def signature(ready, reader, request_by) -> Signature:
    return sign_report(
        report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )


@pytest.fixture
def signed(signature, ready) -> Report:
    ready.refresh_from_db()
    return ready


@pytest.fixture
def add(signed, second_reader, request_by):
    def act(**changes):
        asked = {
            "report": signed,
            "signer": second_reader,
            "after": Addendum.objects.count(),
            "reason": REASON,
            "text": TEXT,
            "password": PASSWORD,
            "images": None,
            **changes,
        }
        return add_addendum(request=asked.pop("request", None) or request_by(asked["signer"]), **asked)

    return act


def test_an_addendum_leaves_report_study_and_old_text_as_they_were(add, signed, signature):
    before = (signature.canonical, signed.revisions.get(number=1).sections, signed.revisions.count())
    add()
    signed.refresh_from_db()
    assert signed.status == ReportStatus.SIGNED
    assert Study.objects.get().status == StudyStatus.REPORTED
    kept = Signature.objects.get(pk=signature.pk)
    assert (kept.canonical, signed.revisions.get(number=1).sections, signed.revisions.count()) == before


def test_the_signed_bytes_of_an_addendum_name_its_text_its_reason_and_what_it_adds_to(add, signature):
    addendum = add(reason=f"  {REASON} ", text=f"{TEXT}\n")
    bytes_signed = json.loads(addendum.signature.canonical)
    assert (bytes_signed["format"], bytes_signed["meaning"]) == ("firstread-addendum-1", "addendum")
    assert (bytes_signed["number"], bytes_signed["text"], bytes_signed["reason"]) == (1, TEXT, REASON)
    assert bytes_signed["adds_to"] == {"sequence": 1, "content_sha256": signature.content_sha256}
    assert bytes_signed["signer"]["username"] == "second"
    assert addendum.signature.previous_sha256 == signature.chain_sha256
    patient = addendum.report.study.patient
    assert patient.name not in addendum.signature.canonical
    assert patient.patient_id not in addendum.signature.canonical


def test_several_addenda_stand_in_order_and_all_add_to_the_report(add, signed, signature, reader):
    add()
    add(signer=reader, text="A third look changes nothing.")
    listed = report_json(signed)["addenda"]
    assert [(each["number"], each["signer"], each["text"]) for each in listed] == [
        (1, str(Addendum.objects.get(number=1).signature.signer), TEXT),
        (2, "Mara Osei", "A third look changes nothing."),
    ]
    assert {each["adds_to_sha256"] for each in listed} == {signature.content_sha256}
    assert list(Signature.objects.values_list("sequence", "meaning")) == [
        (1, "final"),
        (2, "addendum"),
        (3, "addendum"),
    ]


def test_who_did_not_see_the_last_addendum_is_told_and_nothing_is_signed_twice(add):
    add()
    with pytest.raises(SigningConflict, match="Somebody has added"):
        add(after=0)
    assert Addendum.objects.count() == 1
    assert Signature.objects.count() == 2


@pytest.mark.parametrize("status", ReportStatus.values)
def test_an_addendum_is_possible_in_the_states_of_the_table_and_in_no_other(add, signed, status):
    Report.objects.update(status=status)
    if (status, "add") in REPORT_TABLE:
        add()
        assert Report.objects.get().status == status
    else:
        with pytest.raises(SigningConflict, match="Only a signed report"):
            add()
        assert not Addendum.objects.exists()


def test_only_what_is_signed_as_final_takes_an_addendum():
    assert {state for state, event in REPORT_TABLE if event == "add"} == {ReportStatus.SIGNED, ReportStatus.AMENDED}


@pytest.mark.parametrize("missing", ["reason", "text"])
def test_an_addendum_needs_a_text_and_a_reason(add, missing):
    with pytest.raises(NotSignable, match="a text and a reason"):
        add(**{missing: " \n"})


def test_a_wrong_password_adds_nothing_and_is_on_record(add):
    for password in ("wrong", ""):
        with pytest.raises(IdentityNotProved):
            add(password=password)
    assert not Addendum.objects.exists()
    assert AuditEvent.objects.filter(verb=Verb.ADDENDUM_SIGNED, outcome="denied").count() == 2


def test_a_site_that_takes_a_recent_sign_in_takes_it_for_an_addendum_too(add, north, second_reader, request_by):
    request = request_by(second_reader)
    request.session[SESSION_KEY] = timezone.now().isoformat()
    with pytest.raises(IdentityNotProved):
        add(password="", request=request)
    north.sign_with = SignWith.RECENT
    north.save()
    assert add(password="", request=request)
    request.session[SESSION_KEY] = (timezone.now() - timedelta(minutes=16)).isoformat()
    with pytest.raises(IdentityNotProved):
        add(password="", request=request)


@pytest.mark.parametrize("who", ["trainee", "technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_sign_do_not_add(add, request, who):
    with pytest.raises(PermissionDenied):
        add(signer=request.getfixturevalue(who))


def test_an_addendum_is_on_record(add):
    add()
    event = AuditEvent.objects.get(verb=Verb.ADDENDUM_SIGNED)
    assert (event.outcome, event.detail) == ("ok", {"number": 1, "sequence": 2, "adds_to": 1})


def test_the_database_itself_refuses_to_change_or_remove_an_addendum(add):
    addendum = add()
    for statement in (
        "UPDATE reports_addendum SET text = 'X'",
        "DELETE FROM reports_addendum",
        "UPDATE reports_signature SET signer_name = 'X'",
        "DELETE FROM reports_signature",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(TypeError):
        addendum.save()
    with pytest.raises(TypeError):
        addendum.delete()


def test_a_report_with_addenda_verifies(add):
    add()
    add()
    code, [site] = verified()
    assert (code, site["signatures"], site["faults"]) == (0, 3, [])


@on_sqlite
@pytest.mark.parametrize(
    ("column", "value"), [("text", TEXT.replace("2021", "2012")), ("reason", "None"), ("number", "7")]
)
def test_a_changed_byte_of_an_addendum_is_found(add, column, value):
    add()
    tamper("reports_addendum", column, value)
    code, [site] = verified()
    assert code == 1
    assert [fault["sequence"] for fault in site["faults"]] == [2]


@on_sqlite
def test_the_first_changed_byte_of_an_addendum_is_named(add):
    addendum = add()
    tamper("reports_addendum", "text", TEXT.replace("2021", "2921"))
    _code, [site] = verified()
    [fault] = site["faults"]
    assert addendum.signature.canonical.encode()[fault["byte"] :].startswith(b"021, at")


@on_sqlite
def test_an_addendum_that_was_taken_out_of_the_database_is_found(add):
    add()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER reports_addendum_no_delete")
        cursor.execute("DELETE FROM reports_addendum")
    code, [site] = verified()
    assert code == 1
    assert [fault["sequence"] for fault in site["faults"]] == [2]


def test_an_addendum_dropped_from_an_export_or_without_its_report_is_found(add):
    add()
    add()
    report, first, second = (_link(signature) for signature in Signature.objects.order_by("sequence"))
    assert verify([report, first, second]) == []
    assert "Signature 2 is missing." in [fault.reason for fault in verify([report, second])]
    assert "It adds to a signature that is not before it." in [fault.reason for fault in verify([first, second])]


def test_print_page_and_pdf_show_the_addendum_after_the_report_it_adds_to(add, signed, client, second_reader):
    add(text=f"{TEXT}\n<b>Second</b> line.")
    client.force_login(second_reader)
    page = client.get(reverse("report-print", args=(signed.pk,))).content.decode()
    for words in ("1 addendum follows", "Addendum 1", TEXT, "&lt;b&gt;Second", REASON, "I add this to the signed"):
        assert words in page
    assert page.index("I have read the study") < page.index(TEXT)


@needs_pdftotext
def test_the_pdf_shows_text_reason_signer_and_meaning_of_each_addendum(add, signed, second_reader, tmp_path):
    add(text=f"{TEXT}\n<b>Second</b> line.")
    text = read_back(report_pdf(report_document(signed), FONTS), tmp_path)
    words = ("1 addendum follows", "Addendum 1", TEXT, "<b>Second</b> line.", REASON, str(second_reader), "I add this")
    for each in words:
        assert each in text


def test_a_document_without_addenda_says_nothing_of_them(signed):
    document = report_document(signed)
    assert (document.addenda, document.appended) == ((), "")


def test_the_room_offers_an_addendum_to_readers_once_the_report_is_signed(
    claimed, reader, second_reader, trainee, technologist, request_by
):
    def offered(user):
        return room(Study.objects.get(), user, request_by(user))["can"]["add"]

    assert not offered(reader)
    Report.objects.update(status=ReportStatus.SIGNED)
    assert [offered(user) for user in (reader, second_reader, trainee, technologist)] == [True, True, False, False]


def test_the_page_sends_an_addendum_and_gets_back_what_now_stands(add, signed, client, second_reader):
    client.force_login(second_reader)
    url = reverse("report-addendum", args=(signed.pk,))
    body = {"after": 0, "reason": REASON, "text": TEXT, "password": "wrong"}
    refused = client.post(url, body, "application/json")
    assert (refused.status_code, refused.json()["needs_password"]) == (400, True)
    sent = client.post(url, {**body, "password": PASSWORD}, "application/json")
    assert sent.status_code == 200
    assert [each["text"] for each in sent.json()["addenda"]] == [TEXT]
    again = client.post(url, {**body, "password": PASSWORD}, "application/json")
    assert again.status_code == 409


def test_no_report_is_signed_with_the_meaning_of_an_addendum(ready, client, reader):
    client.force_login(reader)
    body = {"password": PASSWORD, "meaning": "addendum", "revision": 1}
    assert client.post(reverse("report-sign", args=(ready.pk,)), body, "application/json").status_code == 400
    assert not Signature.objects.filter(meaning=Meaning.ADDENDUM).exists()


# Images that came after the report


def came_late(user, request_by):
    return room(Study.objects.get(), user, request_by(user))["came_late"]


def test_images_that_came_after_the_signature_are_told_to_everybody_who_sees_the_report(
    signed, reader, trainee, technologist, request_by
):
    assert came_late(reader, request_by) == {"count": 0, "images": 2, "text": ""}
    Study.objects.update(instance_count=4)
    for user in (reader, trainee):
        told = came_late(user, request_by)
        assert told["text"] == "2 images came after this report was signed; they are not in it."
    assert came_late(technologist, request_by) is None


def test_a_reader_has_seen_the_late_images_they_were_shown_and_no_others(signed, client, second_reader, request_by):
    Study.objects.update(instance_count=5)
    client.force_login(second_reader)
    answer = client.post(reverse("report-late-images-seen", args=(signed.pk,)), {"images": 4}, "application/json")
    assert answer.json()["came_late"]["count"] == 1
    event = AuditEvent.objects.get(verb=Verb.LATE_IMAGES_SEEN)
    assert (event.actor, event.detail) == (second_reader, {"late": 3, "left": 1, "images": 4})
    client.post(reverse("report-late-images-seen", args=(signed.pk,)), {"images": 900}, "application/json")
    assert came_late(second_reader, request_by)["count"] == 0
    assert Reading.objects.get().instances_seen == 5


def test_seeing_nothing_new_leaves_no_trace(signed, client, reader):
    client.force_login(reader)
    for images in (1, 2):
        client.post(reverse("report-late-images-seen", args=(signed.pk,)), {"images": images}, "application/json")
    assert not AuditEvent.objects.filter(verb=Verb.LATE_IMAGES_SEEN).exists()
    assert Reading.objects.get().instances_seen == 2


def test_an_unfinished_reading_is_not_touched_by_it(ready, client, reader):
    Study.objects.update(instance_count=5)
    client.force_login(reader)
    client.post(reverse("report-late-images-seen", args=(ready.pk,)), {"images": 5}, "application/json")
    assert Reading.objects.get().instances_seen == 2


def test_an_addendum_answers_the_late_images_its_author_was_shown(add, request_by, second_reader):
    Study.objects.update(instance_count=4)
    add(images=4)
    assert came_late(second_reader, request_by)["count"] == 0
    assert AuditEvent.objects.filter(verb=Verb.LATE_IMAGES_SEEN).count() == 1


def test_other_systems_get_the_report_with_its_addenda_as_appended(add, signed, signature):
    add()
    last = add(text="A third look changes nothing.").signature
    found = exported_report(signed)
    assert (found.state, found.content_sha256) == ("appended", signature.content_sha256)
    assert (found.newest_sha256, len(found.addenda)) == (last.content_sha256, 2)
    assert [TEXT in each.text for each in found.sections[-2:]] == [True, False]


@pytest.mark.parametrize("form", ["fhir", "hl7"])
def test_a_report_with_an_addendum_is_downloaded_with_it(add, signed, client, reader, form):
    add()
    client.force_login(reader)
    answer = client.get(reverse("report-export", args=(signed.pk, form)))
    assert answer.status_code == 200
    text = answer.content.decode()
    if form == "hl7":
        assert TEXT in text and "55107-7" in text
    else:
        [found] = [
            e["resource"] for e in json.loads(text)["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"
        ]
        assert found["status"] == "appended"
        assert TEXT in base64.b64decode(found["presentedForm"][0]["data"]).decode()


def test_the_studys_lock_is_taken_before_the_reports_as_an_amendment_takes_them(add):
    """In the other order an addendum and an amendment of one report would wait for each other."""
    with CaptureQueriesContext(connection) as seen:
        add(images=1)
    sql = [each["sql"] for each in seen.captured_queries]
    begun = next(n for n, each in enumerate(sql) if each.startswith('UPDATE "reports_report"'))
    before = next(n for n in range(begun - 1, -1, -1) if sql[n].startswith("SELECT"))
    assert sql[before].partition(" FROM ")[2].startswith('"screening_study"')
