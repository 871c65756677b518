"""A real browser on the real pages: phantoms taken in, a result recorded, a reader signed in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.services.authentication import SESSION_KEY
from screening.models import Finding, ScoreRun, Study
from screening.services.ingest import ingest_instance
from screening.services.reading import claim_study
from screening.states import AiState, RunStatus, StudyStatus
from tests.chromium import Room


@pytest.fixture
def open_room(browser, live_server) -> Iterator[Callable[..., Room]]:
    contexts = []

    def open_(user: Any, study: Study, query: str = "", spoilt: str = "", recent: bool = False) -> Room:
        """`spoilt`: the SOP Instance UID of an image whose bytes arrive damaged. `recent`: the password was just given."""
        client = Client()
        client.force_login(user)
        if recent:
            session = client.session
            session[SESSION_KEY] = timezone.now().isoformat()
            session.save()
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        room = Room(context.new_page())
        if spoilt:
            damaged = b"\0" * 128 + b"DICM and nothing that could be read"
            room.page.route(f"**/api/instances/{spoilt}/file/**", lambda route: route.fulfill(body=damaged))
        room.page.goto(f"{live_server.url}/studies/{study.study_uid}/{query}")
        room.wait(lambda data: data.get("viewer") in ("ready", "error"))
        return room

    yield open_
    for context in contexts:
        context.close()


def part10(dataset: Any) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def take_in(north) -> Callable[..., Study]:
    """Ingest the datasets of one study; `spoil(data, number)` may damage a file's bytes afterwards."""

    def take(datasets: Any, programme: str, **fields: Any) -> Study:
        for dataset in datasets:
            result = ingest_instance(data=part10(dataset), source="test", site=north, actor=None)
            assert result.result == "stored", result.reason
        study = Study.objects.get(study_uid=str(datasets[0].StudyInstanceUID))
        study.programme, study.status = programme, StudyStatus.TO_READ
        for name, value in fields.items():
            setattr(study, name, value)
        study.save()
        return study

    return take


@pytest.fixture
def give_result() -> Callable[..., ScoreRun]:
    """Record what a model found: `findings` are keyword fields of Finding rows."""

    def give(study: Study, findings: list[dict[str, Any]], **result: Any) -> ScoreRun:
        whole = {
            "state": "scored",
            "score": 0.8 if findings else 0.1,
            "above_threshold": bool(findings),
            "limitations": [],
            "category": None,
            "category_rule": "",
            "band": None,
            "tier": "routine",
            "tier_rule": "",
            "attributes": {},
            "findings": [{"id": f"f{number}", **finding} for number, finding in enumerate(findings, start=1)],
            **result,
        }
        run = ScoreRun.objects.create(
            study=study,
            programme=study.programme,
            inputs_sha256="0" * 64,
            model_name="phantom-model",
            model_version="1.0",
            model_sha256="a" * 64,
            status=RunStatus.SUCCEEDED,
            attempt=1,
            requested_at=study.received_at,
            result=whole,
        )
        for number, finding in enumerate(findings, start=1):
            row = {name: value for name, value in finding.items() if name != "heat_map"}
            Finding.objects.create(run=run, number=number, key=f"f{number}", **row)
        study.ai_state, study.score = AiState.SCORED, whole["score"]
        study.save()
        return run

    return give


@pytest.fixture
def claimed_by(reader) -> Callable[[Study], Study]:
    def claim(study: Study) -> Study:
        claim_study(study=study, reader=reader)
        study.refresh_from_db()
        return study

    return claim
