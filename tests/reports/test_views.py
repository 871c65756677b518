"""Pages and API of a report, through the front door."""

from __future__ import annotations

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import AuditEvent, SignWith, Verb
from reports.models import Report
from reports.services import editing
from screening.models import Reading, Study
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.conftest import full_text, sentence

HTML = {"HTTP_SEC_FETCH_DEST": "document"}


@pytest.fixture
def as_reader(client, reader):
    client.force_login(reader)
    return client


def save(client, report, parent, sections):
    return client.post(
        reverse("report-save", args=(report.pk,)), {"parent": parent, "sections": sections}, "application/json"
    )


def sign(client, report, **changes):
    body = {"password": PASSWORD, "meaning": "final", "revision": 1, **changes}
    return client.post(reverse("report-sign", args=(report.pk,)), body, "application/json")


def room_url(study):
    return reverse("reading-room", args=(study.study_uid,))


def test_the_reading_room_opens_and_the_look_is_on_record(as_reader, drafted):
    answer = as_reader.get(room_url(drafted.study))
    assert answer.status_code == 200
    assert answer.context["room"]["study"]["uid"] == drafted.study.study_uid
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.get(verb=Verb.STUDY_OPENED).object_id == drafted.study.study_uid


def test_looking_without_a_claim_begins_no_report(as_reader, make_study, north):
    assert as_reader.get(room_url(make_study(north))).status_code == 200
    assert not Report.objects.exists()


def test_a_reader_who_claimed_before_the_score_finds_a_report_to_write(as_reader, reader, make_study, north):
    study = make_study(north, programme="lung")
    claim_study(study=study, reader=reader)
    shown = as_reader.get(room_url(study)).context["room"]
    assert shown["report"]["id"] == Report.objects.get().pk
    assert shown["can"]["edit"]


def test_opening_the_page_counts_the_late_images_as_seen_but_the_scripts_own_look_does_not(as_reader, claimed):
    Study.objects.update(instance_count=5)
    as_reader.get(room_url(claimed.study), HTTP_SEC_FETCH_DEST="empty")
    assert Reading.objects.get().instances_seen == 2
    assert as_reader.get(room_url(claimed.study), **HTML).context["room"]["late_images"] == 0
    assert Reading.objects.get().instances_seen == 5


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("reader", 200),
        ("trainee", 200),
        ("technologist", 200),
        ("administrator", 403),
        ("auditor", 404),
        ("stranger", 404),
    ],
)
def test_who_may_enter_the_reading_room(client, request, drafted, who, status):
    client.force_login(request.getfixturevalue(who))
    assert client.get(room_url(drafted.study)).status_code == status
    assert client.get(reverse("reading-room-state", args=(drafted.study.study_uid,))).status_code == status


@pytest.mark.parametrize("who", ["technologist", "administrator"])
@pytest.mark.parametrize("name", ["report-print", "report-pdf", "api-report"])
def test_roles_without_reports_get_none(client, request, ready, as_signed, who, name):
    client.force_login(request.getfixturevalue(who))
    assert client.get(reverse(name, args=(ready.pk,))).status_code == 403


@pytest.mark.parametrize("name", ["report-print", "report-pdf", "api-report"])
def test_another_site_does_not_even_learn_that_a_report_exists(client, stranger, ready, as_signed, name):
    client.force_login(stranger)
    assert client.get(reverse(name, args=(ready.pk,))).status_code == 404
    assert save(client, ready, 1, {}).status_code == 404
    assert sign(client, ready).status_code == 404


@pytest.mark.parametrize("name", ["report-print", "report-pdf"])
def test_nobody_signed_out_sees_anything(client, ready, name):
    assert client.get(reverse(name, args=(ready.pk,))).status_code == 302
    assert client.get(room_url(ready.study)).status_code == 302
    assert sign(client, ready).status_code == 302
    assert APIClient().get(reverse("api-report", args=(ready.pk,))).status_code in (401, 403)


def test_a_save_answers_with_the_new_revision(as_reader, claimed):
    answer = save(as_reader, claimed, 0, {"nodules": [sentence("None.")]})
    assert answer.status_code == 200
    assert answer.json()["revision"] == 1
    assert answer.json()["sections"]["nodules"][0]["state"] == "human"
    assert answer.json()["saved_at"]


def test_a_lost_race_answers_409_with_both_texts(as_reader, ready):
    answer = save(as_reader, ready, 0, {"nodules": [sentence("Mine.")]})
    assert answer.status_code == 409
    told = answer.json()
    assert told["yours"]["nodules"][0]["text"] == "Mine."
    assert (told["theirs"]["revision"], told["theirs"]["author"]) == (1, "Mara Osei")
    assert "8.2 mm" in told["theirs"]["sections"]["nodules"][0]["text"]


@pytest.mark.parametrize(
    "body",
    ["", "no json", "[]", "7", '{"sections": {}}', '{"parent": "x", "sections": {}}', '{"parent": 0}', "[" * 100_000]
    + ['{"parent": 0, "sections": {"secrets": []}}', '{"parent": -1, "sections": {}}'],
    ids=lambda body: body[:20],
)
def test_a_save_that_is_no_report_text_answers_400_with_a_sentence(as_reader, claimed, body):
    answer = as_reader.post(reverse("report-save", args=(claimed.pk,)), body, "application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")
    assert claimed.revisions.count() == 1


def test_a_save_by_somebody_else_answers_403(client, second_reader, claimed):
    client.force_login(second_reader)
    answer = save(client, claimed, 0, {})
    assert answer.status_code == 403
    assert answer.json()["detail"]


def test_a_signature_answers_with_the_way_on(as_reader, ready):
    answer = sign(as_reader, ready)
    assert answer.status_code == 200
    assert answer.json()["signer"] == "Mara Osei"
    assert answer.json()["pdf"] == f"/reports/{ready.pk}/report.pdf"
    assert answer.json()["next"] == "/worklist/next/"


def test_a_wrong_password_answers_400_and_asks_for_it(as_reader, ready):
    answer = sign(as_reader, ready, password="wrong")
    assert (answer.status_code, answer.json()["needs_password"]) == (400, True)


def test_a_missing_section_answers_400_with_its_name(as_reader, ready, reader):
    sections = {**full_text(ready), "technique": []}
    editing.save_revision(report=ready, author=reader, parent=1, sections=sections)
    answer = sign(as_reader, ready, revision=2)
    assert answer.status_code == 400
    assert "Technique" in answer.json()["detail"]


def test_a_stale_revision_answers_409_and_so_does_a_second_signature(as_reader, ready):
    assert sign(as_reader, ready, revision=0).status_code == 409
    assert sign(as_reader, ready).status_code == 200
    assert sign(as_reader, ready).status_code == 409


def test_late_images_answer_409(as_reader, ready):
    Study.objects.update(instance_count=9)
    assert sign(as_reader, ready).status_code == 409


def test_a_save_after_the_signature_answers_409_with_the_signed_text(as_reader, ready):
    sign(as_reader, ready)
    answer = save(as_reader, ready, 1, {"nodules": [sentence("Changed.")]})
    assert answer.status_code == 409
    assert answer.json()["theirs"]["revision"] == 1


@pytest.mark.parametrize("body", [{"meaning": "maybe"}, {"revision": None}, {"revision": "one"}, {"password": ["x"]}])
def test_a_signing_request_of_the_wrong_shape_answers_400(as_reader, ready, body):
    assert sign(as_reader, ready, **body).status_code == 400


@pytest.fixture
def as_signed(ready, reader, request_by):
    from reports.services.signing import sign_report

    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader))
    return ready


def test_the_pdf_of_a_signed_report_is_shown_in_the_browser_and_on_record(as_reader, as_signed):
    answer = as_reader.get(reverse("report-pdf", args=(as_signed.pk,)))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer.content.startswith(b"%PDF-")
    assert AuditEvent.objects.get(verb=Verb.REPORT_EXPORTED).detail == {"form": "pdf"}


def test_the_printed_page_holds_the_signed_text_and_its_signature(as_reader, as_signed):
    page = as_reader.get(reverse("report-print", args=(as_signed.pk,))).content.decode()
    for words in ("8.2 mm", "Mara Osei", "Research software", as_signed.signatures.get().content_sha256[:16]):
        assert words in page
    assert "<script" not in page and "style=" not in page


@pytest.mark.parametrize("name", ["report-print", "report-pdf"])
def test_an_unsigned_report_is_never_printed(as_reader, ready, name):
    answer = as_reader.get(reverse(name, args=(ready.pk,)))
    assert answer.status_code == 409
    assert "not signed" in answer.content.decode()
    assert not AuditEvent.objects.filter(verb=Verb.REPORT_EXPORTED).exists()


def test_hostile_text_is_shown_as_text(as_reader, claimed, reader):
    claimed.study.patient.name = "<script>alert(1)</script>"
    claimed.study.patient.save()
    sections = {**full_text(claimed), "technique": [sentence("</script><img src=x>")]}
    editing.save_revision(report=claimed, author=reader, parent=0, sections=sections)
    assert b"<script>alert" not in as_reader.get(room_url(claimed.study)).content
    sign(as_reader, claimed)
    page = as_reader.get(reverse("report-print", args=(claimed.pk,))).content
    assert b"<script>" not in page and b"<img" not in page
    assert as_reader.get(reverse("report-pdf", args=(claimed.pk,))).status_code == 200


def test_the_api_shows_and_signs_the_same_report(reader, ready, north):
    north.sign_with = SignWith.RECENT
    north.save()
    api = APIClient()
    api.force_authenticate(reader)
    shown = api.get(f"/api/reports/{ready.pk}/").json()
    assert (shown["status"], shown["revision"]) == ("IN_REVIEW", 1)
    url = f"/api/reports/{ready.pk}/sign/"
    assert api.post(url, {"meaning": "final", "revision": 1}, format="json").status_code == 400
    body = {"password": PASSWORD, "meaning": "final", "revision": 1}
    assert api.post(url, body, format="json").status_code == 200
    assert api.post(url, body, format="json").status_code == 409
    assert api.get(f"/api/reports/{ready.pk}/").json()["signatures"][0]["signer"] == "Mara Osei"


def test_the_api_tells_a_trainee_that_a_final_signature_is_not_theirs(trainee, drafted):
    claim_study(study=drafted.study, reader=trainee)
    api = APIClient()
    api.force_authenticate(trainee)
    body = {"password": PASSWORD, "meaning": "final", "revision": 0}
    assert api.post(f"/api/reports/{drafted.pk}/sign/", body, format="json").status_code == 403
