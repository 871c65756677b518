from __future__ import annotations

import io
import json
import logging
import shutil
import subprocess
import time

import pytest
from django.db import OperationalError
from pydicom import dcmread
from pydicom.uid import CTImageStorage, JPEGLSLossless, SegmentationStorage

from accounts.models import AuditEvent, Verb
from screening.dimse import server, store
from screening.dimse.statuses import _FAILURES
from screening.models import IngestProblem, Instance, Study
from screening.services.ingest import ingest_instance
from screening.storage import storage
from tests.dimse.conftest import UNANSWERED, VERIFICATION, all_ended, calling, parts, send
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, ct_series, encoded

CT = str(CTImageStorage)


def contexts(*syntaxes):
    return [(CT, [str(syntax)]) for syntax in syntaxes]


def stored(sop_uid):
    with storage().open_range(Instance.objects.get(sop_uid=sop_uid).sha256) as stream:
        return stream.read()


def test_an_echo_is_answered(receive):
    with calling(receive()) as association:
        assert association.send_c_echo().Status == 0x0000


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, *COMPRESSED])
def test_a_stored_data_set_is_byte_for_byte_what_was_sent(receive, syntax):
    file = encoded(ct(key=f"k{syntax}"), syntax)
    meta, dataset = parts(file)
    with calling(receive(), *contexts(syntax)) as association:
        assert send(association, file).Status == 0x0000
    kept_meta, kept = parts(stored(meta.MediaStorageSOPInstanceUID))
    assert kept == dataset
    assert kept_meta.TransferSyntaxUID == syntax


def test_images_of_one_association_become_one_study_from_the_network(receive, north):
    datasets = ct_series(3)
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        answers = [send(association, encoded(dataset, UNCOMPRESSED[0])).Status for dataset in datasets]
    assert answers == [0, 0, 0]
    study = Study.objects.get(site=north)
    assert study.instance_count == 3
    assert set(Instance.objects.values_list("source", flat=True)) == {"dimse"}
    event = AuditEvent.objects.get(verb=Verb.INSTANCE_STORED)
    assert (event.object_id, event.site, event.detail["source"]) == (study.study_uid, north, "dimse")
    assert event.request_id


def test_success_is_answered_only_when_the_image_is_on_disk_and_committed(receive, monkeypatch):
    """Seen from another connection in the moment of the answer."""
    seen = []
    status_of = server.status_of

    def looking(result):
        instance = Instance.objects.get(sop_uid=result.sop_uid)
        seen.append(storage().exists(instance.sha256))
        return status_of(result)

    monkeypatch.setattr(server, "status_of", looking)
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, encoded(ct(), UNCOMPRESSED[0])).Status == 0
    assert seen == [True]


def test_the_same_image_again_is_a_success_and_changes_nothing(receive):
    file = encoded(ct(), UNCOMPRESSED[0])
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert [send(association, file).Status for _ in range(2)] == [0, 0]
    assert Study.objects.get().instance_count == 1
    assert not IngestProblem.objects.exists()


def test_an_image_uploaded_as_a_file_is_known_when_it_comes_by_network(receive, north):
    """The file's own preamble and meta information differ from what the receiver would write."""
    file = b"II*\0" + encoded(ct(), UNCOMPRESSED[0])[4:]
    assert ingest_instance(data=file, source="upload", site=north, actor=None).result == "stored"
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, file).Status == 0
    assert Instance.objects.get().source == "upload"
    assert not IngestProblem.objects.exists()


def test_another_image_under_a_known_uid_is_a_conflict_and_the_first_is_kept(receive):
    first, second = ct(seed=1), ct(seed=2)
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = first.SOPInstanceUID
    second.StudyInstanceUID, second.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, encoded(first, UNCOMPRESSED[0])).Status == 0
        answer = send(association, encoded(second, UNCOMPRESSED[0]))
    assert answer.Status >> 8 == 0xA9
    assert parts(stored(first.SOPInstanceUID))[1] == parts(encoded(first, UNCOMPRESSED[0]))[1]
    assert IngestProblem.objects.get().code == "conflict"


def test_another_patient_in_a_known_study_is_refused_without_naming_either(receive):
    first, second = ct_series(2)
    second.PatientID, second.PatientName = "OTHER-77", "Elsewhere^Person"
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        send(association, encoded(first, UNCOMPRESSED[0]))
        answer = send(association, encoded(second, UNCOMPRESSED[0]))
    assert answer.Status == 0xA902
    assert "OTHER" not in answer.ErrorComment and "Elsewhere" not in answer.ErrorComment


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_broken_data_set_is_not_understood_and_the_association_goes_on(receive, keep):
    good, broken = (encoded(dataset, UNCOMPRESSED[0]) for dataset in ct_series(2))
    dataset = parts(broken)[1]
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        answer = send(association, broken, dataset=dataset[: int(len(dataset) * keep) // 2 * 2])
        assert answer.Status >> 12 == 0xC
        assert 0 < len(answer.ErrorComment) <= 64
        assert send(association, good).Status == 0
    assert Instance.objects.count() == 1
    assert IngestProblem.objects.get().source == "dimse"


def test_damaged_compressed_pixels_are_not_acknowledged(receive):
    file = bytearray(encoded(ct(), JPEGLSLossless))
    middle = file.rindex(b"\xff\xda") + 40
    file[middle : middle + 200] = b"\xff\xd8" * 100
    with calling(receive(), *contexts(JPEGLSLossless)) as association:
        assert send(association, bytes(file)).Status >> 12 == 0xC
    assert not Instance.objects.exists()


def test_an_object_other_than_the_one_named_is_refused(receive):
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, encoded(ct(), UNCOMPRESSED[0]), sop_uid="1.2.3.4").Status == 0xA900
    assert not Instance.objects.exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OperationalError("database is locked")])
def test_a_full_disk_or_an_absent_database_is_told_and_the_next_image_is_taken(receive, monkeypatch, error):
    first, second = (encoded(dataset, UNCOMPRESSED[0]) for dataset in ct_series(2))
    whole = store.ingest_instance
    told = []

    def failing(**arguments):
        if not told:
            told.append(arguments)
            raise error
        return whole(**arguments)

    monkeypatch.setattr(store, "ingest_instance", failing)
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, first).Status == 0xA700
        assert send(association, second).Status == 0
    assert Instance.objects.count() == 1


def test_every_comment_of_a_refusal_fits_its_element():
    assert all(len(comment) <= 64 and 0xA700 <= status <= 0xCFFF for status, comment in _FAILURES.values())


def test_what_carries_no_image_is_not_negotiated(receive):
    with calling(receive(), (str(SegmentationStorage), None), (VERIFICATION, None)) as association:
        assert [context.abstract_syntax for context in association.accepted_contexts] == [VERIFICATION]


def test_a_message_longer_than_a_file_may_be_ends_the_association(receive, settings, monkeypatch):
    settings.UPLOAD_MAX_BYTES = 4096
    monkeypatch.setattr(server, "_SLACK", 0)
    with calling(receive(), *contexts(UNCOMPRESSED[0])) as association:
        assert send(association, encoded(ct(side=128), UNCOMPRESSED[0])).Status == UNANSWERED
    assert not Instance.objects.exists()


def said(caplog, event):
    """The first log line of this event, or None."""
    lines = (record.msg for record in caplog.records if isinstance(record.msg, dict))
    return next((line for line in lines if line["event"] == event), None)


def test_the_log_tells_of_an_association_and_of_no_patient(receive, caplog):
    dataset = ct()
    with caplog.at_level(logging.DEBUG):
        receiver = receive()
        with calling(receiver, *contexts(UNCOMPRESSED[0])) as association:
            send(association, encoded(dataset, UNCOMPRESSED[0]))
        all_ended(receiver)
        # The line comes once the association is out of the list that `all_ended` waits for.
        until = time.monotonic() + 20
        while not (ended := said(caplog, "dimse_association")) and time.monotonic() < until:
            time.sleep(0.02)
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert ended is not None
    assert (ended["caller"], ended["stored"], ended["ended"]) == ("CT1", 1, "released")
    text = json.dumps(lines, default=str)
    assert str(dataset.PatientName) not in text and dataset.PatientID not in text


@pytest.mark.skipif(not shutil.which("storescu", path="/usr/bin"), reason="dcmtk's storescu is not installed")
def test_dcmtk_sends_a_series(receive, tmp_path):
    for number, dataset in enumerate(ct_series(4)):
        (tmp_path / f"{number}.dcm").write_bytes(encoded(dataset, UNCOMPRESSED[0]))
    receiver = receive()
    sent = subprocess.run(
        ["/usr/bin/storescu", "-aec", "FIRSTREAD", "+sd", "127.0.0.1", str(receiver.port), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr
    assert Instance.objects.count() == 4
    assert all(dcmread(io.BytesIO(stored(uid))) for uid in Instance.objects.values_list("sop_uid", flat=True))
