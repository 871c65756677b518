"""Studies taken away without their persons by an administrator: made in the background, kept for a time, told of."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone
from pydicom import dcmread

from accounts.models import AuditEvent, Verb
from accounts.services import note_authentication
from screening.models import Export, ExportFile, Patient, Study
from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import as_bytes
from screening.services import exporting
from screening.services.export_documents import documents_of, sign_up_documents
from screening.services.exporting import ExportError, ask_export, remove_export, run_export, sweep_exports
from screening.services.ingest import ingest_instance
from screening.states import ExportStatus
from screening.storage import storage

pytestmark = pytest.mark.django_db
WORDS = {"project": "trial", "reason": "A study of readers", "recipient": "University X"}


@pytest.fixture(autouse=True)
def own_key(settings, tmp_path):
    settings.DEIDENTIFY_KEY = tmp_path / "deidentify.key"
    settings.DEIDENTIFY_KEY.write_bytes(b"k" * 32)


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """Two studies of two images, of which one says that text is burned in."""
    made = []
    for key in (4, 5):
        datasets = chest_ct(key, nodules=None, slices=2, size=32).datasets
        datasets[1].BurnedInAnnotation = "YES"
        made += [as_bytes(dataset) for dataset in datasets]
    return made


@pytest.fixture
def studies(north, files) -> list[Study]:
    for data in files:
        assert ingest_instance(data=data, source="test", site=north, actor=None).result == "stored"
    Study.objects.update(programme="lung")
    return list(Study.objects.order_by("id"))


@pytest.fixture
def signed_in(client, administrator):
    client.force_login(administrator)
    request = type("Request", (), {"session": client.session})()
    note_authentication(request)
    request.session.save()
    return client


def asked(north, studies, administrator, **changes) -> Export:
    return ask_export(site=north, studies=studies, actor=administrator, **(WORDS | {"with_reports": False} | changes))


def unpacked(client, export: Export) -> dict[str, bytes]:
    answer = client.get(f"/settings/exports/{export.pk}/export.zip")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_cohort_is_asked_for_made_fetched_and_names_nobody_anywhere_in_the_zip(signed_in, north, studies):
    body = WORDS | {"site": "north", "programme": "lung", "studies": ""}
    answer = signed_in.post("/settings/exports/ask/", body)
    export = Export.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/settings/exports/{export.pk}/")
    assert "0 / 2" in signed_in.get(answer["Location"]).content.decode()
    assert signed_in.get(f"/settings/exports/{export.pk}/export.zip").status_code == 409
    assert run_export(export.pk)
    page = signed_in.get(answer["Location"]).content.decode()
    assert "2 / 2" in page and "Its pixels carry text" in page
    files = unpacked(signed_in, export)
    images = {name: data for name, data in files.items() if name.endswith(".dcm")}
    assert len(images) == 2 and {"manifest.json", "report.json", "report.html"} < set(files)
    whole = b"\0".join([name.encode() for name in files] + [*files.values()])
    for study in studies:
        patient = study.patient
        for secret in (patient.patient_id, patient.name.split("^")[0], study.study_uid, study.accession_number):
            assert len(secret) > 2 and secret.encode() not in whole
    assert WORDS["reason"].encode() not in whole
    manifest = json.loads(files["manifest.json"])
    assert {each["path"] for each in manifest["files"]} == set(images)
    assert manifest["recipient"] == "University X"
    assert {dcmread(io.BytesIO(data)).StudyInstanceUID for data in images.values()} == {
        each["study"] for each in manifest["studies"]
    }


def test_the_report_counts_by_object_what_went_and_never_a_value(signed_in, north, studies, administrator):
    export = asked(north, studies, administrator)
    run_export(export.pk)
    told = json.loads(unpacked(signed_in, export)["report.json"])
    assert told["left_out"] == {"Its pixels carry text, as the file itself says.": 2}
    assert len(told["per_object"]) == 2
    assert all(each["removed"] > 0 and each["changed"] > 0 and each["masked"] == 0 for each in told["per_object"])
    assert told["removed"]["PatientName"] == 2


def test_every_step_is_audited_with_counts_and_ids_alone(signed_in, north, studies, administrator):
    export = asked(north, studies, administrator)
    run_export(export.pk)
    unpacked(signed_in, export)
    signed_in.post(f"/settings/exports/{export.pk}/key/")
    signed_in.post(f"/settings/exports/{export.pk}/remove/")
    for verb in (Verb.EXPORT_ASKED, Verb.EXPORT_FETCHED, Verb.KEY_TABLE_FETCHED, Verb.EXPORT_REMOVED):
        event = AuditEvent.objects.get(verb=verb)
        assert (event.actor, event.site, event.object_id) == (administrator, north, str(export.pk))
    of_studies = AuditEvent.objects.filter(verb=Verb.STUDY_DEIDENTIFIED, actor=administrator)
    assert {event.object_id for event in of_studies} == {study.study_uid for study in studies}
    told = json.dumps(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert studies[0].patient.patient_id not in told and WORDS["reason"] not in told


def test_the_key_table_is_apart_and_leads_back(signed_in, north, studies, administrator):
    export = asked(north, studies, administrator)
    run_export(export.pk)
    table = signed_in.post(f"/settings/exports/{export.pk}/key/").content.decode()
    row = export.studies.first()
    assert f"{row.study.study_uid},{row.new_uid},{row.study.patient.patient_id}" in table
    image = next(data for name, data in unpacked(signed_in, export).items() if row.new_uid in name and ".dcm" in name)
    assert str(dcmread(io.BytesIO(image)).PatientID) in table


def test_two_studies_of_one_patient_have_one_new_name_also_after_a_merge(signed_in, north, studies, administrator):
    Study.objects.update(patient=studies[0].patient)
    export = asked(north, studies, administrator)
    run_export(export.pk)
    images = [data for name, data in unpacked(signed_in, export).items() if name.endswith(".dcm")]
    assert len({dcmread(io.BytesIO(data)).PatientID for data in images}) == 1 and len(images) == 2


def test_what_reports_sign_up_goes_along_freed_only_where_asked_for(
    signed_in, north, studies, administrator, monkeypatch
):
    monkeypatch.setattr("screening.services.export_documents._SIGNED_UP", {})
    extra = chest_ct(9, nodules=None, slices=1, size=32).datasets[0]
    sign_up_documents("test", lambda study: [as_bytes(extra)] if study.pk == studies[0].pk else [])
    assert len(documents_of(studies[0])) == 1
    without, along = (
        asked(north, studies[:1], administrator),
        asked(north, studies[:1], administrator, with_reports=True),
    )
    run_export(without.pk), run_export(along.pk)
    assert [len([name for name in unpacked(signed_in, each) if ".dcm" in name]) for each in (without, along)] == [1, 2]
    assert str(extra.PatientID).encode() not in b"".join(unpacked(signed_in, along).values())


def test_it_is_kept_for_a_limited_time_and_its_files_go_with_it(north, studies, administrator, signed_in):
    first, second = (asked(north, studies[:1], administrator) for _each in range(2))
    run_export(first.pk), run_export(second.pk)
    key = ExportFile.objects.filter(of__export=first).get().sha256
    assert storage().exists(key) and ExportFile.objects.filter(sha256=key).count() == 2
    remove_export(export=first, actor=administrator)
    assert not remove_export(export=first, actor=administrator), "once is enough"
    Export.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep_exports() == 1
    assert set(Export.objects.values_list("status", flat=True)) == {ExportStatus.REMOVED}
    assert not ExportFile.objects.exists()
    assert signed_in.get(f"/settings/exports/{second.pk}/export.zip").status_code == 409


def test_files_are_erased_from_the_store_when_the_last_export_of_them_goes(
    north, studies, administrator, django_capture_on_commit_callbacks
):
    first, second = (asked(north, studies[:1], administrator) for _each in range(2))
    run_export(first.pk), run_export(second.pk)
    key = ExportFile.objects.filter(of__export=first).get().sha256
    with django_capture_on_commit_callbacks(execute=True):
        remove_export(export=first, actor=administrator)
    assert storage().exists(key), "the other export still has it"
    with django_capture_on_commit_callbacks(execute=True):
        remove_export(export=second, actor=administrator)
    assert not storage().exists(key)


def test_a_lost_workers_export_is_taken_up_where_it_stood(north, studies, administrator, monkeypatch):
    export = asked(north, studies, administrator)
    freed, calls = exporting.freed_objects, []

    def dies_at_the_second(study, names, **ways):
        calls.append(study.pk)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return freed(study, names, **ways)

    monkeypatch.setattr(exporting, "freed_objects", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_export(export.pk)
    assert not run_export(export.pk), "its lease still holds"
    Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run_export(export.pk)
    export.refresh_from_db()
    assert (export.status, calls) == (ExportStatus.READY, [studies[0].pk, studies[1].pk, studies[1].pk])


def test_a_long_export_gives_its_queue_back_after_each_turn(north, studies, administrator, monkeypatch):
    monkeypatch.setattr(exporting, "TURN_S", 0.0)
    export = asked(north, studies, administrator)
    turns = 0
    while Export.objects.get().status != ExportStatus.READY:
        assert run_export(export.pk)
        turns += 1
        assert turns < 5
    assert turns == 2 and Export.objects.get().lost == 0


def test_what_was_removed_while_it_was_made_stays_removed(north, studies, administrator, monkeypatch):
    export = asked(north, studies, administrator)
    freed = exporting.freed_objects

    def removed_meanwhile(study, names, **ways):
        remove_export(export=export, actor=administrator)
        return freed(study, names, **ways)

    monkeypatch.setattr(exporting, "freed_objects", removed_meanwhile)
    run_export(export.pk)
    assert Export.objects.get().status == ExportStatus.REMOVED
    assert not ExportFile.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"project": ""}, "project"),
        ({"reason": "no"}, "reason"),
        ({"recipient": ""}, "receives"),
        ({"programme": "", "studies": ""}, "Choose studies"),
        ({"studies": "1.2.3.4"}, "not at this site"),
        ({"studies": "../etc"}, "digits and dots"),
        ({"programme": "heart"}, "no such programme"),
        ({"programme": "", "since": "yesterday"}, "Write days"),
    ],
)
def test_what_cannot_be_exported_is_said(signed_in, north, studies, change, words):
    answer = signed_in.post("/settings/exports/ask/", WORDS | {"site": "north", "programme": "lung"} | change)
    assert answer.status_code == 400 and words in answer.content.decode()
    assert not Export.objects.exists()


def test_no_study_of_another_site_leaves_by_any_way(signed_in, north, south, studies, make_study, administrator):
    other = make_study(south)
    body = WORDS | {"studies": other.study_uid}
    assert signed_in.post("/settings/exports/ask/", body | {"site": "north"}).status_code == 400
    assert signed_in.post("/settings/exports/ask/", body | {"site": "south"}).status_code == 404
    with pytest.raises(ExportError):
        asked(north, [other], administrator)
    theirs = Export.objects.create(site=south, asked_by=administrator, asked_at=timezone.now(), **WORDS)
    for path in ("", "export.zip"):
        assert signed_in.get(f"/settings/exports/{theirs.pk}/{path}").status_code == 404
    for path in ("key", "remove"):
        assert signed_in.post(f"/settings/exports/{theirs.pk}/{path}/").status_code == 404


def test_without_a_key_nothing_is_begun(north, studies, administrator, settings):
    settings.DEIDENTIFY_KEY.unlink()
    with pytest.raises(ExportError, match="no key"):
        asked(north, studies, administrator)


def test_a_patient_without_an_id_is_nobody_elses(north, studies, administrator, signed_in):
    for study in studies:
        Patient.objects.filter(pk=study.patient_id).update(patient_id="", unidentified_study_uid=study.study_uid)
    export = asked(north, studies, administrator)
    run_export(export.pk)
    images = [data for name, data in unpacked(signed_in, export).items() if name.endswith(".dcm")]
    assert len({dcmread(io.BytesIO(data)).PatientID for data in images}) == 2
