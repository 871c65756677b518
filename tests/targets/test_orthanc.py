"""Reports stored in a real archive, by C-STORE and by STOW-RS: as sent, once, and read back from there."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.models import Delivery
from reports.services.reaching import sealed_secret
from reports.services.sending import send_again, sweep_deliveries
from reports.services.targets import try_target
from reports.states import DeliveryStatus
from tests.targets.servers import HERE
from tests.targets.test_documents import faults_of, scored, with_images  # noqa: F401  its fixtures

PLUGIN = next(Path("/usr").glob("**/libOrthancDicomWeb.so*"), None) if shutil.which("Orthanc") else None
pytestmark = pytest.mark.skipif(
    PLUGIN is None,
    reason="Orthanc with DICOMweb is not installed (Debian and Ubuntu: apt install orthanc orthanc-dicomweb)",
)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        return bound.getsockname()[1]


@dataclass
class Orthanc:
    web: int
    dicom: int

    def get(self, path: str) -> bytes:
        headers = {"Authorization": "Basic " + b64encode(b"reader:word").decode()}
        request = urllib.request.Request(f"http://{HERE}:{self.web}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def objects(self) -> dict[str, bytes]:
        """Modality → file of every stored object."""
        found = {}
        for name in json.loads(self.get("/instances")):
            tags = json.loads(self.get(f"/instances/{name}/simplified-tags"))
            found[tags["Modality"]] = self.get(f"/instances/{name}/file")
        return found


@pytest.fixture
def orthanc(tmp_path) -> Iterator[Orthanc]:
    there = Orthanc(free_port(), free_port())
    folder = tmp_path / "orthanc"
    folder.mkdir()
    config = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": there.web,
        "DicomPort": there.dicom,
        "DicomAet": "ARCHIVE",
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowStore": True,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"reader": "word"},
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(config))
    process = subprocess.Popen(
        ["Orthanc", str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                there.get("/system")
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, "Orthanc did not start"
                time.sleep(0.2)
        yield there
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("kind", ["cstore", "stow"])
def test_an_archive_holds_the_report_once_and_gives_it_back_whole(
    orthanc,
    with_images,  # noqa: F811
    sign,
    make_target,
    administrator,
    tmp_path,
    kind,
):
    places = {
        "cstore": f"dicom://ARCHIVE@{HERE}:{orthanc.dicom}",
        "stow": f"http://{HERE}:{orthanc.web}/dicom-web",
    }
    target = make_target(kind, places[kind])
    if kind == "stow":
        target.secret = sealed_secret(target, "reader:word")
        target.save()
    assert try_target(target=target, actor=administrator)
    assert orthanc.objects() == {}
    sign(with_images)
    assert sweep_deliveries() == 3
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SENT}
    stored = orthanc.objects()
    assert set(stored) == {"SR", "SEG", "DOC"}
    for data in stored.values():
        assert faults_of(data, tmp_path) == [] if shutil.which("dciodvfy") else True
    # An acknowledgement that was lost: the same objects come again.
    Delivery.objects.update(status=DeliveryStatus.FAILED)
    for row in Delivery.objects.all():
        send_again(delivery=row, actor=administrator)
    sweep_deliveries()
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SENT}
    assert len(json.loads(orthanc.get("/instances"))) == 3
