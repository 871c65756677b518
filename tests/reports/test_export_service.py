"""From the database to the file: what is exported is what was signed, and the findings it rests on."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import replace

import pytest
from django.urls import reverse
from highdicom.seg import segread
from highdicom.sr import srread
from hl7apy.parser import parse_message

from accounts.models import AuditEvent, Verb
from reports.export.dicom_sr import comprehensive_sr
from reports.export.fhir import bundle_json
from reports.export.hl7 import oru_r01
from reports.models import Signature
from reports.selectors.export import exported_after, exported_report
from reports.services import editing
from reports.services.export import FORMS, export_file, forms_of
from reports.services.signing import sign_report
from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.services.reading import claim_study
from screening.storage import storage
from tests.conftest import PASSWORD
from tests.reports.conftest import NODULE, NOTHING_FOUND, by_template, full_text, sentence
from tests.reports.exports import TRIANGLE, ct_headers
from tests.reports.exports import report as sr_report
from tests.reports.test_house_style import order_with_assessment_first, style

CONTOUR = [list(point) for point in TRIANGLE]


@pytest.fixture
def signed(make_study, north, score, reader, request_by):
    """A signed lung report whose nodule has an outline on a stored slice."""
    headers = ct_headers(2)
    first = next(iter(headers.values()))
    study = make_study(
        north, study_uid=str(first.StudyInstanceUID), accession_number="A100", description="CT CHEST LOW DOSE"
    )
    series = study.series.get()
    series.series_uid = str(first.SeriesInstanceUID)
    series.save()
    for row, (uid, header) in zip(study.series.get().instances.all(), headers.items(), strict=True):
        data = as_bytes(header)
        Instance.objects.filter(pk=row.pk).update(sop_uid=uid, sha256=storage().put(data), size=len(data))
    uids = list(headers)
    one = {**NODULE, "series_uid": series.series_uid, "sop_uid": uids[1], "contour": CONTOUR}
    two = {**one, "id": "f2", "type": "part_solid_nodule", "size_mm": 6.4, "sop_uid": uids[0], "contour": None}
    score(study, findings=[one, two])
    report = by_template(study)
    claim_study(study=study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    sign(report, reader, request_by)
    return report


def sign(report, signer, request_by, meaning="final", revision=1):
    report.refresh_from_db()
    request = request_by(signer)
    return sign_report(
        report=report, signer=signer, revision=revision, meaning=meaning, password=PASSWORD, request=request
    )


def url(report, form):
    return reverse("report-export", args=(report.pk, form))


def test_what_is_exported_is_the_signed_text_with_its_findings_and_category(signed):
    made = exported_report(signed)
    stored = json.loads(signed.signatures.get().canonical)
    texts = {section["name"]: " ".join(each["text"] for each in section["sentences"]) for section in stored["sections"]}
    assert {each.name: each.text for each in made.sections} == {name: text for name, text in texts.items() if text}
    assert [(each.key, each.size_mm, each.edited) for each in made.findings] == [("f1", 8.2, False), ("f2", 6.4, False)]
    assert (made.category.scheme, made.category.value) == ("Lung-RADS", "4A")
    assert (made.state, made.ai_state) == ("final", "scored")
    assert made.signer.components == ("Osei", "Mara")
    assert made.series[0].instances == 2


def test_a_finding_whose_sentences_were_dropped_is_not_told_on(make_study, north, score, reader, request_by):
    study = make_study(north)
    score(study, findings=[NODULE, {**NODULE, "id": "f2", "size_mm": 6.4}])
    report = by_template(study)
    claim_study(study=study, reader=reader)
    sections = {
        name: [each for each in listed if "f2" not in each["evidence"]] or [sentence("Nothing.", f"h-{name}")]
        for name, listed in full_text(report).items()
    }
    editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    sign(report, reader, request_by)
    assert [each.key for each in exported_report(report).findings] == ["f1"]


def test_an_edited_sentence_marks_its_finding(make_study, north, score, reader, request_by):
    study = make_study(north)
    score(study)
    report = by_template(study)
    claim_study(study=study, reader=reader)
    sections = full_text(report)
    touched = next(each for each in sections["nodules"] if each["evidence"])
    touched["text"] = "A solid nodule of 9.0 mm."
    editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    sign(report, reader, request_by)
    assert exported_report(report).findings[0].edited


def test_a_later_score_changes_nothing_of_a_signed_report(signed, score):
    before = exported_report(signed)
    score(signed.study, findings=[{**NODULE, "size_mm": 30.0}], limitations=["slices are missing"])
    signed.refresh_from_db()
    assert exported_report(signed) == before


def test_a_reading_with_limitations_is_exported_as_incomplete(make_study, north, score, reader, request_by):
    study = make_study(north)
    score(study, limitations=["2 slices are missing"])
    report = by_template(study)
    claim_study(study=study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    sign(report, reader, request_by)
    assert exported_report(report).ai_state == "incomplete"


def test_a_refused_study_is_exported_as_refused_without_findings(make_study, north, score, reader, request_by):
    study = make_study(north)
    score(study, "refused")
    report = by_template(study)
    claim_study(study=study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report), answers=NOTHING_FOUND)
    sign(report, reader, request_by)
    made = exported_report(report)
    assert (made.ai_state, made.findings) == ("refused", ())
    assert b"ai-refused" in export_file(report, "hl7", fonts=None).data


def test_a_trainees_preliminary_is_exported_as_such_and_the_final_one_follows_it(
    make_study, north, score, trainee, reader, request_by
):
    study = make_study(north)
    score(study)
    report = by_template(study)
    claim_study(study=study, reader=trainee)
    editing.save_revision(report=report, author=trainee, parent=0, sections=full_text(report))
    first = sign(report, trainee, request_by, "preliminary")
    assert exported_report(report).state == "preliminary"
    study.refresh_from_db()
    claim_study(study=study, reader=reader)
    sign(report, reader, request_by)
    made = exported_report(report)
    assert (made.state, made.previous_sha256, made.replaced) == ("final", first.content_sha256, None)


def test_a_signature_after_a_final_one_is_a_correction_with_what_it_replaces(signed):
    final = signed.signatures.get()
    second = Signature(**{field.attname: getattr(final, field.attname) for field in Signature._meta.fields})
    changed = json.loads(final.canonical)
    changed["sections"][-1]["sentences"] = [sentence("Low-dose CT in 6 months.")]
    changed |= {"reason": "A slip", "amends": {"sequence": 1, "content_sha256": final.content_sha256}}
    second.canonical, second.sequence, second.content_sha256 = json.dumps(changed), 2, "e" * 64
    second.meaning = "amended"
    made = exported_after(signed, [final, second])
    assert (made.state, made.previous_sha256) == ("amended", final.content_sha256)
    assert made.replaced == {each.name: each.text for each in exported_report(signed).sections}
    assert [each.text for each in made.sections if each.name == "recommendation"] == ["Low-dose CT in 6 months."]


def test_an_addendum_is_exported_with_its_reason_and_its_own_signature_after_the_text(signed, second_reader):
    final = signed.signatures.get()
    added = Signature(**{field.attname: getattr(final, field.attname) for field in Signature._meta.fields})
    stored = {"number": 1, "reason": "A prior came.", "text": "Unchanged since 2024.", "format": "firstread-addendum-1"}
    added.canonical, added.sequence, added.content_sha256 = json.dumps(stored), 2, "f" * 64
    added.meaning, added.signer, added.signer_name = "addendum", second_reader, "second"
    plain, made = exported_report(signed), exported_after(signed, [final, added])
    assert (made.state, made.category, made.findings) == ("appended", plain.category, plain.findings)
    assert (made.content_sha256, made.newest_sha256, made.previous_sha256) == (
        final.content_sha256,
        "f" * 64,
        final.content_sha256,
    )
    *before, addendum = made.sections
    assert tuple(before) == plain.sections and made.replaced == {each.name: each.text for each in before}
    assert addendum.name == "addendum-1"
    lines = addendum.text.splitlines()
    assert lines[:2] == ["Unchanged since 2024.", "Reason: A prior came."] and lines[2].startswith("Signed by second, ")


@pytest.mark.parametrize("form", FORMS)
def test_an_unsigned_report_is_not_exported(client, reader, ready, form):
    client.force_login(reader)
    answer = client.get(url(ready, form))
    assert answer.status_code == 409
    assert "not signed" in answer.content.decode()
    assert not AuditEvent.objects.filter(verb=Verb.REPORT_EXPORTED).exists()


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [
        ("sr", "application/dicom", "-sr.dcm"),
        ("seg", "application/dicom", "-seg.dcm"),
        ("dicom-pdf", "application/dicom", "-pdf.dcm"),
        ("fhir", "application/fhir+json", ".fhir.json"),
        ("hl7", "x-application/hl7-v2+er7; charset=utf-8", ".hl7"),
    ],
)
def test_each_form_is_a_download_on_record_named_without_the_patient(client, trainee, signed, form, kind, name):
    client.force_login(trainee)
    answer = client.get(url(signed, form))
    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert answer["Content-Disposition"] == f'attachment; filename="report-{signed.pk}{name}"'
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get(verb=Verb.REPORT_EXPORTED)
    assert (event.detail, event.object_id, event.actor) == ({"form": form}, str(signed.pk), trainee)


def test_the_files_hold_the_same_report(signed):
    content = srread(io.BytesIO(export_file(signed, "sr", fonts=None).data)).content
    groups = content.get_planar_roi_measurement_groups()
    assert [group.get_measurements()[0].value for group in groups] == [8.2, 6.4]
    segments = segread(io.BytesIO(export_file(signed, "seg", fonts=None).data)).SegmentSequence
    assert [segment.TrackingUID for segment in segments] == [groups[0].tracking_uid]
    bundle = json.loads(export_file(signed, "fhir", fonts=None).data)
    assert bundle["entry"][0]["resource"]["status"] == "final"
    message = parse_message(export_file(signed, "hl7", fonts=None).data.decode())
    assert message.oru_r01_patient_result.oru_r01_order_observation.obr.obr_25.to_er7() == "F"


def test_findings_on_two_series_come_as_an_archive(signed):
    finding = exported_report(signed).findings[1]
    later = ct_headers(3)
    header = list(later.values())[2]
    header.SeriesInstanceUID = "1.2.3.9"
    data = as_bytes(header)
    run = signed.study.score_runs.get()
    Instance.objects.filter(sop_uid=finding.sop_uid).update(sha256=storage().put(data))
    run.findings.filter(key="f2").update(contour=CONTOUR)
    file = export_file(signed, "seg", fonts=None)
    assert file.name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert len(archive.namelist()) == 2


def test_without_an_outline_no_segmentation_is_offered(client, reader, ready, request_by):
    sign(ready, reader, request_by)
    assert forms_of(ready) == ["sr", "dicom-pdf", "fhir", "hl7"]
    client.force_login(reader)
    page = client.get(reverse("report-print", args=(ready.pk,))).content.decode()
    assert url(ready, "fhir") in page and url(ready, "seg") not in page


def test_a_segmentation_of_nothing_and_a_study_without_images_are_answered_with_a_sentence(
    client, reader, ready, request_by
):
    sign(ready, reader, request_by)
    client.force_login(reader)
    # The images of this study were never stored.
    for form in ("seg", "sr", "dicom-pdf"):
        answer = client.get(url(ready, form))
        assert answer.status_code == 409
        assert answer.content.decode().endswith(".")
    assert not AuditEvent.objects.filter(verb=Verb.REPORT_EXPORTED).exists()


def test_the_signed_page_offers_every_form_in_one_row(client, reader, signed):
    client.force_login(reader)
    page = client.get(reverse("report-print", args=(signed.pk,))).content.decode()
    places = [page.index(url(signed, form)) for form in ("sr", "seg", "dicom-pdf", "fhir", "hl7")]
    assert places == sorted(places)


def test_there_is_no_other_form(client, reader, signed):
    client.force_login(reader)
    assert client.get(url(signed, "docx")).status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_another_site_does_not_learn_that_there_is_a_report(client, stranger, signed, form):
    client.force_login(stranger)
    assert client.get(url(signed, form)).status_code == 404


def test_the_sections_stand_in_the_order_of_the_site_when_it_was_signed(ready, reader, administrator, request_by):
    site = ready.study.site
    first = order_with_assessment_first()
    style(site, administrator, language="en", register="full", orders={"lung": first})
    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader))
    ready.refresh_from_db()
    made = exported_report(ready)
    assert [each.name for each in made.sections] == first
    titles = [each.title for each in made.sections]
    message = oru_r01(made).decode()
    assert [fields[4] for fields in (line.split("|") for line in message.split("\r")) if fields[2:3] == ["FT"]] == first
    (page,) = [
        each["resource"]["presentedForm"][0]["data"]
        for each in json.loads(bundle_json(made))["entry"]
        if each["resource"]["resourceType"] == "DiagnosticReport"
    ]
    text = base64.b64decode(page).decode()
    assert sorted(titles, key=lambda title: f"\n\n{text}".index(f"\n\n{title}\n")) == titles
    headers = ct_headers()
    written = srread(io.BytesIO(comprehensive_sr(replace(sr_report(headers), sections=made.sections), headers)))
    told = [item.ContentSequence[0].TextValue for item in written.ContentSequence[-len(titles) :]]
    assert told == [each.text for each in made.sections]
    # Another order later changes nothing of what is signed.
    style(site, administrator, language="en", register="full", after=1)
    assert exported_report(ready) == made
