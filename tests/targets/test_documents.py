"""What arrives: DICOM objects, bundles and messages of real signed reports and of unsigned AI results, whole and once."""

from __future__ import annotations

import datetime as dt
import email
import io
import json
import shutil

import pytest
import time_machine
from fhir.resources.R4B.bundle import Bundle
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import dcmread

from accounts.models import AuditEvent, Verb
from reports.models import Delivery, Moment
from reports.services import delivering, editing
from reports.services.export import result_files
from reports.services.sending import queue_result, sweep_deliveries
from reports.states import DeliveryStatus
from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.services.reading import claim_study
from screening.signals import study_scored
from screening.states import RunStatus
from screening.storage import storage
from tests.reports.conftest import NODULE, by_template, full_text
from tests.reports.exports import TRIANGLE, ct_headers
from tests.reports.test_export_pdf import faults_of
from tests.targets.servers import HERE, pacs, web
from tests.targets.test_clients import FhirServer, answer

S = DeliveryStatus
UNVERIFIED = [Moment.UNVERIFIED]


@pytest.fixture
def scored(make_study, north, score):  # noqa: F811
    """(study, run) of a lung study whose nodule has an outline on a stored slice."""
    headers = ct_headers(2)
    first = next(iter(headers.values()))
    study = make_study(north, study_uid=str(first.StudyInstanceUID), accession_number="A100")
    series = study.series.get()
    series.series_uid = str(first.SeriesInstanceUID)
    series.save()
    for row, (uid, header) in zip(series.instances.all(), headers.items(), strict=True):
        data = as_bytes(header)
        Instance.objects.filter(pk=row.pk).update(sop_uid=uid, sha256=storage().put(data), size=len(data))
    outline = [list(point) for point in TRIANGLE]
    nodule = {**NODULE, "series_uid": series.series_uid, "sop_uid": list(headers)[1], "contour": outline}
    return study, score(study, findings=[nodule])


@pytest.fixture
def with_images(scored, reader):
    """Its report, which only needs a signature."""
    report = by_template(scored[0])
    claim_study(study=report.study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    return report


def parts(said) -> list[bytes]:
    """The bytes of each part of a multipart request."""
    message = email.message_from_bytes(
        b"Content-Type: " + said.headers["content-type"].encode() + b"\r\n\r\n" + said.body
    )
    return [part.get_payload(decode=True) for part in message.get_payload()]


def has_no_fault(data: bytes, folder) -> None:
    if shutil.which("dciodvfy"):
        assert faults_of(data, folder) == []


def test_an_archive_is_sent_report_outlines_and_pdf_of_its_own_study(with_images, sign, make_target, tmp_path):
    with web((200, {}, b"")) as server:
        make_target("stow", f"{server.url}/dicom-web")
        sign(with_images)
        assert sweep_deliveries() == 3
        files = {}
        for said in server.said:
            (data,) = parts(said)
            files[str(dcmread(io.BytesIO(data)).Modality)] = data
    assert set(files) == {"SR", "SEG", "DOC"}
    for data in files.values():
        assert dcmread(io.BytesIO(data)).StudyInstanceUID == with_images.study.study_uid
        has_no_fault(data, tmp_path)
    report = srread(io.BytesIO(files["SR"]))
    assert report.VerificationFlag == "VERIFIED"
    sizes = [
        measured.value
        for group in report.content.get_planar_roi_measurement_groups()
        for measured in group.get_measurements()
    ]
    assert pytest.approx(8.2) in sizes
    assert segread(io.BytesIO(files["SEG"])).number_of_segments == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {S.SENT}


def test_the_archives_that_speak_dicom_get_the_same_objects(with_images, sign, make_target):
    with pacs() as first, pacs(0xB000) as second:
        make_target("cstore", f"dicom://ARCHIVE@{HERE}:{first.port}")
        make_target("cstore", f"dicom://ARCHIVE@{HERE}:{second.port}")
        sign(with_images)
        sweep_deliveries()
        assert sorted(first.stored) == sorted(second.stored) and len(first.stored) == 3
    assert set(Delivery.objects.values_list("status", flat=True)) == {S.SENT}


def test_sent_again_the_objects_have_the_same_names_and_bytes(with_images, sign, make_target, administrator):
    with web((500, {}, b""), (200, {}, b"")) as server:
        make_target("stow", server.url, documents=["sr"])
        with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
            sign(with_images)
            sweep_deliveries()
            clock.shift(dt.timedelta(minutes=10))
            sweep_deliveries()
        assert len(server.said) == 2 and server.said[0].body == server.said[1].body


def test_of_several_objects_only_those_that_were_not_taken_are_sent_again(with_images, sign, make_target, monkeypatch):
    two = [(uid, data) for uid, data in (("1.2.1", b"one"), ("1.2.2", b"two"))]
    monkeypatch.setattr(delivering, "dicom_files", lambda *_given, **_also: two)
    kind = {"Content-Type": "application/dicom+json"}
    partly = (202, kind, answer(["1.2.1"], [("1.2.2", 0xA700)]))
    with web(partly, (200, kind, answer(["1.2.2"]))) as server, time_machine.travel(0, tick=False) as clock:
        make_target("stow", server.url, documents=["seg"])
        sign(with_images)
        sweep_deliveries()
        row = Delivery.objects.get()
        assert (row.status, row.stored, row.detail) == (S.WAITING, ["1.2.1"], "A700")
        clock.shift(dt.timedelta(minutes=1))
        sweep_deliveries()
        assert [parts(said) for said in server.said] == [[b"one", b"two"], [b"two"]]
    assert Delivery.objects.get().status == S.SENT


def test_a_report_without_an_outline_has_no_segmentation_to_send(ready, sign, make_target):
    with web((200, {}, b"")) as server:
        make_target("stow", server.url, documents=["seg"])
        sign(ready)
        sweep_deliveries()
        assert not server.said
    assert Delivery.objects.get().status in (S.EMPTY, S.FAILED)


def test_images_that_are_gone_are_a_reason_and_no_endless_loop(ready, sign, make_target):
    make_target("stow", f"http://{HERE}:1", documents=["sr"])
    sign(ready)
    sweep_deliveries()
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) in {
        (S.FAILED, "no_images"),
        (S.FAILED, "image_gone"),
    }


def test_a_bundle_is_valid_fhir_and_there_once_though_the_server_fails_after_keeping_it(with_images, sign, make_target):
    there = FhirServer()

    def keeps_and_fails(said):
        return (503 if len(there.kept) == 0 else 200, {}, there_after(said))

    def there_after(said):
        there(type(said)(said.method, "/dicom-web/Bundle", said.headers, said.body))
        return b""

    with web(keeps_and_fails) as server, time_machine.travel(0, tick=False) as clock:
        make_target("fhir", f"{server.url}/r4")
        sign(with_images)
        sweep_deliveries()
        clock.shift(dt.timedelta(minutes=1))
        sweep_deliveries()
        assert [said.path for said in server.said] == ["/r4/Bundle"] * 2
    assert len(there.kept) == 1 and Delivery.objects.get().status == S.SENT
    (kept,) = there.kept.values()
    assert Bundle.model_validate_json(json.dumps(kept)).type == "collection"


def test_while_opinions_are_blind_a_preliminary_text_stays_here(ready, sign, make_target, monkeypatch):
    blind = [True]
    monkeypatch.setattr(delivering, "is_blind", lambda _study: blind[0])
    with web((201, {}, b"")) as server, time_machine.travel(0, tick=False) as clock:
        make_target("fhir", server.url)
        sign(ready, "preliminary")
        for _turn in range(50):
            sweep_deliveries()
            clock.shift(dt.timedelta(minutes=5))
        assert not server.said and Delivery.objects.get().tries == 0
        blind[0] = False
        sweep_deliveries()
        assert len(server.said) == 1
    assert Delivery.objects.get().status == S.SENT


def test_an_ai_result_goes_out_marked_as_unverified_where_a_site_wants_it(scored, make_target, tmp_path):
    _study, run = scored
    with pacs() as archive, pacs() as other:
        make_target("cstore", f"dicom://ARCHIVE@{HERE}:{archive.port}", moments=UNVERIFIED)
        make_target("cstore", f"dicom://ARCHIVE@{HERE}:{other.port}")
        study_scored.send(sender=type(run), run=run)
        assert sorted(Delivery.objects.values_list("document", "moment")) == [
            ("seg", "unverified"),
            ("sr", "unverified"),
        ]
        sweep_deliveries()
        assert not other.came
        kinds = {dataset.Modality: dataset for dataset in archive.stored.values()}
    assert (kinds["SR"].VerificationFlag, kinds["SR"].PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in kinds["SR"] and "not verified" in kinds["SR"].SeriesDescription
    for document in ("sr", "seg"):
        ((uid, data),) = result_files(run, document)
        assert uid in archive.stored
        has_no_fault(data, tmp_path)
    report = srread(io.BytesIO(result_files(run, "sr")[0][1]))
    (group,) = report.content.get_planar_roi_measurement_groups()
    said = {item.ConceptNameCodeSequence[0].CodeValue: item for item in group[0].ContentSequence}
    # DCM 111001 and 111003: which algorithm, which version.
    assert (said["111001"].TextValue, said["111003"].TextValue) == ("lung-nodule", "1.0")
    observers = [item for item in report.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "121005"]
    assert [item.ConceptCodeSequence[0].CodeMeaning for item in observers] == ["Device"]
    segments = kinds["SEG"].SegmentSequence
    assert segments[0].SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "lung-nodule"


def test_the_signed_report_is_another_object_than_the_result(with_images, scored, sign, make_target):
    with pacs() as archive:
        make_target("cstore", f"dicom://ARCHIVE@{HERE}:{archive.port}", moments=[Moment.UNVERIFIED, Moment.FINAL])
        queue_result(scored[1])
        sign(with_images)
        sweep_deliveries()
        flags = sorted(each.VerificationFlag for each in archive.stored.values() if each.Modality == "SR")
        series = {each.SeriesInstanceUID for each in archive.stored.values()}
    assert flags == ["UNVERIFIED", "VERIFIED"] and len(series) == 5


@pytest.mark.parametrize("status", [RunStatus.REFUSED, RunStatus.FAILED])
def test_what_gave_no_result_is_not_told_as_one(scored, make_target, status):
    make_target("stow", f"http://{HERE}:1", moments=UNVERIFIED)
    run = scored[1]
    run.status = status
    run.save()
    study_scored.send(sender=type(run), run=run)
    assert not Delivery.objects.exists()


def test_no_log_event_or_row_of_the_outbox_names_the_patient(with_images, sign, make_target, caplog):
    patient = with_images.study.patient
    with web((500, {}, str(patient.name).encode())) as server:
        make_target("fhir", server.url)
        sign(with_images)
        sweep_deliveries()
    row = Delivery.objects.get()
    told = f"{row.reason} {row.detail} {caplog.text} {list(AuditEvent.objects.values_list('detail', flat=True))}"
    assert str(patient.name) not in told and patient.patient_id not in told
    assert (row.reason, row.detail) == ("web_status", "500")
    assert not AuditEvent.objects.filter(verb=Verb.DOCUMENT_SENT).exists()
