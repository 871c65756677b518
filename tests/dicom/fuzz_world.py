"""One site with one reader, and what the product does with a file that was stored there."""

from __future__ import annotations

from django.test import Client

from accounts.models import Membership, Site, User
from accounts.roles import Role
from screening.dicom.pixels import PixelError
from screening.dicom.volume import VolumeError, build_volume
from screening.models import Study
from screening.scoring.gates import DOORS, admit
from screening.scoring.types import Refusal
from screening.services.ingest import ingest_instance
from screening.services.inputs import study_input
from screening.services.metadata import prepare_metadata
from screening.services.studies import close_study

ANSWERED = (200, 204, 206)
# Not offered, not there: always with a sentence.
REFUSED = (404, 406)
PLAIN = "1.2.840.10008.1.2.1"
ADDRESSES = (
    ("{image}/metadata", ""),
    ("{image}/rendered", "image/png"),
    ("{image}/thumbnail", ""),
    ("{image}/frames/1", ""),
    ("{image}/frames/1", f'multipart/related; type="application/octet-stream"; transfer-syntax={PLAIN}'),
    ("{image}/frames/2,1/rendered", ""),
    ("{image}/frames/1/thumbnail?viewport=8192,8192", "image/png"),
    ("{image}", ""),
    ("{image}", f"application/dicom; transfer-syntax={PLAIN}"),
    ("{study}/metadata", ""),
    ("{study}/instances?includefield=all", ""),
    ("{study}/thumbnail", ""),
    ("/api/studies/{uid}/", ""),
    ("/studies/{uid}/", ""),
    ("/upload/arrived/?study={uid}", ""),
)


class World:
    """take: the file through the door and, when it was stored, through web and worker."""

    def __init__(self) -> None:
        self.site = Site.objects.create(slug="fuzz", name="Fuzz")
        self.web, self.upload = Client(), Client()
        for role in (Role.READER, Role.TECHNOLOGIST):
            user = User.objects.create_user(role, f"{role}@example.org", "correct horse battery")
            Membership.objects.create(user=user, site=self.site, role=role)
            (self.web if role == Role.READER else self.upload).force_login(user)

    def take(self, number: int, data: bytes) -> dict[str, object]:
        result = ingest_instance(data=data, source="fuzz", site=self.site, actor=None)
        told: dict[str, object] = {"result": result.result, "code": result.code, "reason": result.reason}
        if result.result == "stored":
            study = Study.objects.get(site=self.site, study_uid=result.study_uid)
            told["web"] = self._web(study, number)
            told["worker"] = _worker(study)
        return told

    def _web(self, study: Study, number: int) -> list[list[object]]:
        """(address, status, body when refused) of every address, a sixth of them for each file."""
        series = study.series.get()
        image = series.instances.get()
        path = f"/dicomweb/studies/{study.study_uid}"
        places = {"study": path, "uid": study.study_uid}
        places["image"] = f"{path}/series/{series.series_uid}/instances/{image.sop_uid}"
        found: list[list[object]] = []
        for place, (address, accept) in enumerate(ADDRESSES):
            if place % 6 == number % 6:
                headers = {"Accept": accept} if accept else {}
                web = self.upload if address.startswith("/upload") else self.web
                answer = web.get(address.format(**places), headers=headers)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                answer.close()
                said = body[:500].decode("utf-8", "replace") if answer.status_code not in ANSWERED else ""
                found.append([f"{address} {accept}", answer.status_code, said])
        return found


def _worker(study: Study) -> dict[str, str]:
    """What each step of the worker said: "" when it went through, else its sentence."""
    close_study(study=study)
    prepare_metadata(study.pk)
    given = study_input(study)
    said = {}
    for programme in DOORS:
        try:
            admit(programme, given)
            said[programme] = ""
        except Refusal as refusal:
            said[programme] = str(refusal)
    try:
        build_volume(given.instances)
        said["volume"] = ""
    except (VolumeError, PixelError) as error:
        said["volume"] = str(error)
    return said
