"""Studies as the AI leaves them, and reports in every stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone

from reports.models import Addendum, Report, Signature
from reports.services import drafting, editing
from reports.services.addenda import add_addendum
from reports.services.amending import amend_report
from reports.services.cosigning import cosign_report
from reports.services.signing import sign_report
from screening.models import Finding, ScoreRun, Study
from screening.services.reading import claim_study
from screening.states import AiState, RunStatus, StudyStatus
from tests.conftest import PASSWORD

NODULE = {
    "id": "f1",
    "type": "solid_nodule",
    "location": "right upper lobe",
    "size_mm": 8.2,
    "probability": 0.8,
    "series_uid": "1.2.3",
    "sop_uid": "1.2.3.4",
    "frame": 1,
    "box": [1, 2, 5, 6],
    "attributes": {"long_axis_mm": 9.1, "short_axis_mm": 7.3},
    "contour": None,
}


def result_of(study: Study, **changes: Any) -> dict[str, Any]:
    return {
        "study_uid": study.study_uid,
        "programme": "lung",
        "state": "scored",
        "reason": None,
        "limitations": [],
        "score": 0.8,
        "above_threshold": True,
        "category": "4A",
        "category_rule": "Lung-RADS 4A: solid nodule of 8 mm or more",
        "band": None,
        "tier": "urgent",
        "tier_rule": "Lung-RADS 4A",
        "findings": [NODULE],
        "model": {"name": "lung-nodule", "version": "1.0", "sha256": "a" * 64},
        "attributes": {},
        "seconds": 1.0,
        **changes,
    }


# What a reader answers who finds nothing, where no rule can say so for them.
NOTHING_FOUND = {"values": {"nodules": {"value": "no"}, "category": {"value": "1"}}}


@pytest.fixture(autouse=True)
def own_heads(settings, tmp_path):
    settings.SIGNATURE_HEADS = tmp_path / "heads" / "signatures.log"


@pytest.fixture
def score() -> Callable[..., ScoreRun]:
    """Give a study an AI outcome, as the scoring service leaves it. One call more is one run more."""

    def make(study: Study, state: str = "scored", **changes: Any) -> ScoreRun:
        status = {"scored": RunStatus.SUCCEEDED, "refused": RunStatus.REFUSED, "failed": RunStatus.FAILED}[state]
        result = result_of(study, **changes) if state == "scored" else {}
        reason = "" if state == "scored" else "The slices are too thick."
        run = ScoreRun.objects.create(
            study=study,
            programme="lung",
            inputs_sha256=f"{ScoreRun.objects.count():064x}",
            model_name="lung-nodule",
            model_version="1.0",
            model_sha256="a" * 64,
            status=status,
            attempt=1,
            requested_at=timezone.now(),
            reason=reason,
            result=result,
        )
        for number, finding in enumerate(result.get("findings", []), start=1):
            named = {name: finding[name] for name in finding if name != "id"}
            Finding.objects.create(run=run, number=number, key=finding["id"], **named)
        study.programme = "lung"
        study.ai_state, study.ai_reason = AiState(state), reason
        study.score = result.get("score") or 0.0
        study.tier = result.get("tier", "routine")
        if study.status == StudyStatus.RECEIVING:
            study.status = StudyStatus.TO_READ
        study.closed_at = timezone.now()
        study.save()
        return run

    return make


@pytest.fixture
def scored_study(make_study, north, score) -> Study:
    study = make_study(north)
    score(study)
    return study


def by_template(study: Study) -> Report:
    """Request, claim and record a draft; the words are the fixed ones, worked out from the input."""
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    assert claim is not None
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    report.refresh_from_db()
    return report


@pytest.fixture
def drafted(scored_study) -> Report:
    return by_template(scored_study)


@pytest.fixture
def claimed(drafted, reader) -> Report:
    """A drafted report whose study the reader has claimed."""
    claim_study(study=drafted.study, reader=reader)
    return drafted


def sentence(text: str, identity: str = "h1", **changes: Any) -> dict[str, Any]:
    return {"id": identity, "text": text, "origin": "human", "evidence": [], "state": "human", **changes}


def full_text(report: Report) -> dict[str, list[dict[str, Any]]]:
    """The draft with a person's sentence in every section that has none."""
    current = report.revisions.order_by("number").last()
    sections = {name: [dict(each) for each in listed] for name, listed in current.sections.items()}
    for name, listed in sections.items():
        if not listed:
            listed.append(sentence(f"Nothing to add on {name}.", f"h-{name}"))
    return sections


@pytest.fixture
def ready(claimed, reader) -> Report:
    """A report that only needs its signature."""
    editing.save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed))
    return claimed


@pytest.fixture
def request_by() -> Callable[..., Any]:
    def make(user: Any) -> Any:
        request = RequestFactory().get("/")
        request.user = user
        request.session = {}
        return request

    return make


@pytest.fixture
def signed(ready, reader, request_by) -> Report:
    """A report that its reader has signed as final."""
    request = request_by(reader)
    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request)
    ready.refresh_from_db()
    return ready


def changed_text(report: Report, text: str, section: str = "recommendation") -> dict[str, list[dict[str, Any]]]:
    """The signed text with one section rewritten."""
    current = report.revisions.order_by("number").last()
    return {**current.sections, section: [sentence(text, f"h-{section}-2")]}


@pytest.fixture
def amend(signed, second_reader, request_by) -> Callable[..., Signature]:
    """Amend the signed report, as the second reader unless told otherwise."""

    def act(text: str = "Low-dose CT in 3 months.", **changes: Any) -> Signature:
        asked = {
            "report": signed,
            "signer": second_reader,
            "revision": signed.revisions.order_by("number").last().number,
            "after": signed.addenda.count(),
            "sections": changed_text(signed, text),
            "reason": "The interval was wrong",
            "password": PASSWORD,
            "images": None,
            **changes,
        }
        return amend_report(request=asked.pop("request", None) or request_by(asked["signer"]), **asked)

    return act


@pytest.fixture
def cosign(signed, second_reader, request_by) -> Callable[..., Signature]:
    def act(**changes: Any) -> Signature:
        asked = {
            "report": signed,
            "signer": second_reader,
            "revision": signed.revisions.order_by("number").last().number,
            "after": signed.addenda.count(),
            "password": PASSWORD,
            **changes,
        }
        return cosign_report(request=asked.pop("request", None) or request_by(asked["signer"]), **asked)

    return act


@pytest.fixture
def add(signed, second_reader, request_by) -> Callable[..., Addendum]:
    def act(**changes: Any) -> Addendum:
        asked = {
            "report": signed,
            "signer": second_reader,
            "after": signed.addenda.count(),
            "reason": "An earlier study has turned up",
            "text": "The nodule was also there in 2021, at the same size.",
            "password": PASSWORD,
            "images": None,
            **changes,
        }
        return add_addendum(request=request_by(asked["signer"]), **asked)

    return act
