"""The audit trail taken elsewhere: the same events as on the page, in CSV and as FHIR AuditEvent."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.urls import reverse
from fhir.resources.R4B.auditevent import AuditEvent as FhirAuditEvent

from accounts.audit import record
from accounts.audit_formats import KINDS, fhir_event
from accounts.models import AuditEvent, Verb

pytestmark = pytest.mark.django_db


def saved(client, form: str, **asked: str) -> str:
    answer = client.get(reverse("audit-export", args=[form]), asked)
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="audit.{form}"'
    return answer.getvalue().decode()


@pytest.fixture
def events(reader, stranger, north, south, client, auditor):
    client.force_login(auditor)
    for number in range(3):
        record(Verb.STUDY_OPENED, actor=reader, site=north, object_type="study", object_id=f"1.2.{number}")
    record(Verb.REPORT_SIGNED, actor=reader, site=north, object_type="report", object_id="5", detail={"number": 1})
    record(Verb.STUDY_OPENED, actor=stranger, site=south, object_type="study", object_id="1.2.south")
    return client


def test_csv_holds_what_the_list_would_show_oldest_first_and_nothing_of_another_site(events):
    rows = list(csv.DictReader(io.StringIO(saved(events, "csv", verb="study_opened"))))
    assert [row["object_id"] for row in rows] == ["1.2.0", "1.2.1", "1.2.2"]
    assert {row["actor"] for row in rows} == {"reader"} and {row["site"] for row in rows} == {"north"}


def test_a_cell_that_a_spreadsheet_would_run_is_text(events, reader, north):
    record(Verb.STUDY_OPENED, actor=reader, site=north, object_type="=HYPERLINK(1)", object_id="@sum")
    last = list(csv.DictReader(io.StringIO(saved(events, "csv", verb="study_opened"))))[-1]
    assert (last["object_type"], last["object_id"]) == ("'=HYPERLINK(1)", "'@sum")


def test_each_line_is_a_valid_fhir_auditevent(events):
    lines = [json.loads(line) for line in saved(events, "ndjson").splitlines()]
    kept = [FhirAuditEvent.model_validate(line) for line in lines]
    assert len(kept) == 5, "a sign-in, three looks and a signature; this export itself is told by the next one"
    opened = next(line for line in lines if line["subtype"][0]["code"] == "study_opened")
    assert (opened["type"]["code"], opened["action"], opened["outcome"]) == ("110103", "R", "0")
    assert opened["entity"][0]["what"]["identifier"] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.0"}


def test_a_refused_try_has_the_outcome_of_a_failure(reader, north):
    event = record(Verb.ACCESS_DENIED, actor=reader, site=north, object_type="study", object_id="1.2", denied=True)
    assert fhir_event(event)["outcome"] == "4"
    assert fhir_event(event)["type"]["code"] == "110113"


@pytest.mark.parametrize("verb", Verb.values)
def test_every_verb_can_be_told(verb, reader, north):
    event = record(Verb(verb), actor=reader, site=north, object_type="study", object_id="1.2", detail={"n": 1})
    assert FhirAuditEvent.model_validate(fhir_event(event)).recorded == event.at.replace(
        microsecond=event.at.microsecond // 1000 * 1000
    )


def test_only_verbs_that_exist_have_a_kind():
    assert set(KINDS) <= set(Verb.values)


def test_taking_it_away_is_an_event_and_an_unknown_format_is_not_found(events):
    saved(events, "csv")
    assert AuditEvent.objects.get(verb=Verb.AUDIT_VIEWED).detail["export"] == "csv"
    assert events.get(reverse("audit-export", args=["xlsx"])).status_code == 404


def test_the_page_offers_what_it_lists(events):
    page = events.get(reverse("audit"), {"verb": "study_opened", "actor": "read"}).content.decode()
    assert f"{reverse('audit-export', args=['csv'])}?verb=study_opened&amp;actor=read" in page
