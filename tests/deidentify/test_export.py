"""A study taken away without its person: files, a report of what went, an entry in the audit trail."""

from __future__ import annotations

import io
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pydicom import dcmread

from accounts.models import AuditEvent, Verb
from screening.models import Study
from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import as_bytes
from screening.services.deidentifying import export_deidentified
from screening.services.ingest import ingest_instance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_key(settings, tmp_path):
    settings.DEIDENTIFY_KEY = tmp_path / "deidentify.key"
    settings.DEIDENTIFY_KEY.write_bytes(b"k" * 32)


@pytest.fixture
def study(north) -> Study:
    datasets = chest_ct(4, nodules=None, slices=3, size=64).datasets
    datasets[2].BurnedInAnnotation = "YES"
    for dataset in datasets:
        assert ingest_instance(data=as_bytes(dataset), source="test", site=north, actor=None).result == "stored"
    return Study.objects.get()


def test_each_image_is_written_and_what_cannot_be_is_counted_with_its_reason(study, tmp_path, reader):
    done = export_deidentified(study=study, project="trial", folder=tmp_path / "out", actor=reader)
    files = sorted(done.folder.glob("*.dcm"))
    assert (done.written, len(files)) == (2, 2)
    assert done.refused == {"Its pixels carry text, as the file itself says.": 1}
    whole = b"".join(path.read_bytes() for path in done.folder.iterdir())
    for secret in (study.patient.patient_id, study.patient.name.split("^")[0], study.study_uid, study.accession_number):
        assert secret and secret.encode() not in whole
    assert {dcmread(io.BytesIO(path.read_bytes())).StudyInstanceUID for path in files} == {done.folder.name}


def test_the_report_names_what_went_and_never_a_value(study, tmp_path, reader):
    done = export_deidentified(study=study, project="trial", folder=tmp_path / "out", actor=reader)
    told = json.loads((done.folder / "report.json").read_text())
    assert told["written"] == 2 and told["changed"]["StudyInstanceUID"] == 2
    assert told["removed"]["PatientName"] == 2, "a new one is put in its place"
    assert "Basic Application Confidentiality Profile" in told["options"]
    assert set(told["removed"].values()) <= {1, 2}


def test_taking_a_study_away_is_audited_without_the_new_names(study, tmp_path, reader):
    done = export_deidentified(study=study, project="trial", folder=tmp_path / "out", actor=reader)
    event = AuditEvent.objects.get(verb=Verb.STUDY_DEIDENTIFIED)
    assert (event.actor, event.object_id, event.detail) == (reader, study.study_uid, {"project": "trial", "images": 3})
    assert done.folder.name not in json.dumps(event.detail)


def test_the_command_writes_studies_and_says_when_an_image_was_left_out(study, tmp_path):
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command(
            "deidentify", study.study_uid, "--out", str(tmp_path), "--project", "p", "--site", "north", stdout=out
        )
    assert left.value.code == 1
    assert json.loads(out.getvalue())["written"] == 2


def test_without_a_key_or_a_study_nothing_is_written_and_it_is_said(study, tmp_path, settings):
    folder = tmp_path / "out"
    with pytest.raises(CommandError, match="no such study"):
        call_command("deidentify", "1.2.3", "--out", str(folder), "--project", "p", "--site", "north")
    settings.DEIDENTIFY_KEY.write_bytes(b"short")
    with pytest.raises(CommandError, match="at least 32 random bytes"):
        call_command("deidentify", study.study_uid, "--out", str(folder), "--project", "p", "--site", "north")
    assert not folder.exists() and not AuditEvent.objects.filter(verb=Verb.STUDY_DEIDENTIFIED).exists()
