"""Everything the description of the interface allows, asked by each role, with another site's ids among the values.

`crawl` fails for an answer that the description does not know, for a fault of the server, and for an answer in whose
body or headers anything of the other site stands.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.transport.serialization import Binary

from accounts.models import Site
from reports.models import Report, Revision
from reports.services import drafting
from screening.models import Finding, Instance, Patient, ScoreRun, Study
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from screening.states import AiState, RunStatus
from tests.ingest.images import ct_series

checks.load_all_checks()
# What only the other site has. None of these words is ever sent in a request.
SECRETS = ("QZNAME", "QZID88", "QZACC", "QZSTUDY", "QZSERIES", "QZPROTOCOL", "QZSENTENCE", "QZLOBE", "QZREASON")
CHECKS: list[Any] = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ACCEPTS = (
    *["*/*"] * 8,
    "application/json",
    "application/dicom+json",
    "application/dicom",
    "image/png",
    "text/html",
    "x",
    "",
)
PLAIN = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
CSRF = "a" * 32
Ids = dict[str, str]


@schemathesis.serializer("application/dicom", "multipart/related")
def _as_it_is(_context: object, value: Any) -> bytes:
    return value.data if isinstance(value, Binary) else value if isinstance(value, bytes) else str(value).encode()


@dataclass(frozen=True)
class World:
    """own, other: the ids of one study at the caller's site and of one at the other. uids: all of the other's."""

    own: Ids
    other: Ids
    uids: tuple[str, ...]


def make_world(north: Site, south: Site) -> World:
    own, other = _ids_at(north, "own", "OWN"), _ids_at(south, "other", "QZ")
    digests = [instance.sha256 for instance in Instance.objects.filter(site=south)]
    assert Patient.objects.filter(site=south).get().name.startswith("QZNAME")
    return World(own, other, (other["study_uid"], other["series_uid"], other["sop_uid"], *digests))


def _ids_at(site: Site, key: str, mark: str) -> Ids:
    """A stored study of the site with a score and a report, every text of it with the mark."""
    for dataset in ct_series(2, key=key):
        dataset.PatientName, dataset.PatientID = f"{mark}NAME^X", f"{mark}ID88"
        dataset.AccessionNumber, dataset.StudyDescription = f"{mark}ACC", f"{mark}STUDY"
        dataset.SeriesDescription, dataset.ProtocolName = f"{mark}SERIES", f"{mark}PROTOCOL"
        result = ingest_instance(data=as_bytes(dataset), source="api", site=site, actor=None)
        assert result.result == "stored"
    study = Study.objects.get(site=site)
    Study.objects.filter(pk=study.pk).update(
        programme="lung", status="TO_READ", ai_state=AiState.SCORED, score=0.7, closed_at=timezone.now()
    )
    run = ScoreRun.objects.create(
        study=study,
        programme="lung",
        inputs_sha256="0" * 64,
        model_name="m",
        model_version="1",
        model_sha256="0" * 64,
        requested_at=timezone.now(),
        status=RunStatus.SUCCEEDED,
        result={"score": 0.7, "limitations": [f"{mark}REASON"], "above_threshold": True},
    )
    image = Instance.objects.filter(series__study=study).order_by("number").first()
    assert image is not None
    Finding.objects.create(
        run=run, number=1, key="f1", type="solid_nodule", location=f"{mark}LOBE", size_mm=8.0, probability=0.9,
        series_uid=image.series.series_uid, sop_uid=image.sop_uid, box=[1, 2, 3, 4],
    )  # fmt: skip
    report: Report = drafting.ensure_report(study=Study.objects.get(pk=study.pk))
    sentence = {"id": "s1", "text": f"{mark}SENTENCE", "origin": "human", "evidence": [], "state": "human"}
    Revision.objects.create(report=report, number=1, sections={"findings": [sentence]}, created_at=timezone.now())
    return {
        "study_uid": study.study_uid,
        "series_uid": image.series.series_uid,
        "sop_uid": image.sop_uid,
        "report_id": str(report.pk),
        "site": site.slug,
    }


def described() -> Any:
    """The interface as it describes itself."""
    from drf_spectacular.generators import SchemaGenerator

    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    schema.app = WSGIHandler()
    return schema


def operations(schema: Any) -> list[Any]:
    return [result.ok() for result in schema.get_all_operations()]


def cookies_of(client: Client) -> dict[str, str]:
    """The session of a signed-in person (nothing for nobody), with a token against forged requests."""
    session = client.cookies.get("sessionid")
    return {"csrftoken": CSRF} | ({"sessionid": session.value} if session else {})


def crawl(world: World, client: Client, schema: Any, *, examples: int, only: str = "") -> Counter[int]:
    """Ask every operation (whose path holds `only`) so many times; the statuses, counted."""
    statuses: Counter[int] = Counter()
    for operation in operations(schema):
        if only in operation.path:
            _crawl_one(world, client, operation, examples, statuses)
    return statuses


def _crawl_one(world: World, client: Client, operation: Any, examples: int, statuses: Counter[int]) -> None:
    ids = st.sampled_from((world.other, world.other, world.own, {}))
    frames = st.sampled_from(("1", "1,1", "2", "0", "x", "9" * 7))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), ids, frames, st.sampled_from((*ACCEPTS, PLAIN)), st.booleans())
    def ask(case: Any, given_ids: Ids, frame: str, accept: str, named: bool) -> None:
        for name in case.path_parameters or ():
            if given_ids:
                case.path_parameters[name] = frame if name == "frames" else given_ids[name]
        if given_ids and case.query is not None and not named:
            case.query.clear()
        elif given_ids and case.query is not None:
            case.query.pop("accept", None)
            case.query |= {"site": given_ids["site"]}
            if "/studies/" not in operation.path and operation.path.startswith("/dicomweb/"):
                case.query |= {"StudyInstanceUID": given_ids["study_uid"]}
        headers = {"X-CSRFToken": CSRF, "Accept-Encoding": "identity"} | ({"Accept": accept} if accept else {})
        answer = case.call(headers=headers, cookies=cookies_of(client))
        case.validate_response(answer, checks=CHECKS)
        check_nothing_of_the_other_site(world, answer, sent=given_ids is world.other)
        statuses[answer.status_code] += 1

    ask()


def check_nothing_of_the_other_site(world: World, answer: Any, *, sent: bool) -> None:
    """sent: the other site's UIDs stood in the request, so that an address may repeat them."""
    said = answer.content + repr(sorted(dict(answer.headers).items())).encode()
    told = [word for word in (*SECRETS, *(() if sent else world.uids)) if word.encode() in said]
    assert not told, f"{answer.status_code} of {answer.request.url} tells {told}"
