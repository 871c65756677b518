"""A patient with two dates, through the real services: ingest, closing, scoring, the earlier study's result, the draft.

The engine is a stand-in that reads the pixels: a block in the lungs of d × 10 HU is a nodule of d mm.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from scipy import ndimage

from accounts.models import Site
from reports.drafting.assemble import assemble
from reports.drafting.facts import study_facts
from reports.drafting.guard import check_report
from screening import gpu_tasks
from screening.dicom.volume import build_volume, choose_axial_series
from screening.models import Finding, Patient, ScoreRun, Study
from screening.phantoms.headers import Patient as Person
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient
from screening.scoring import registry
from screening.scoring.bundle import Bundle, load_bundle
from screening.scoring.lung_history import assess, lungs_frame
from screening.scoring.types import FindingResult, ModelInfo, RunContext, ScoreResult, StudyInput
from screening.selectors.priors import prior_run_of
from screening.services import scoring
from screening.services.ingest import ingest_instance
from screening.services.studies import close_study
from screening.states import AiState

SPACING = (5.0, 3.6, 3.6)
LUNGS = {"right": (slice(2, 30), slice(30, 66), slice(20, 44)), "left": (slice(2, 30), slice(30, 66), slice(52, 76))}
PLACES = {"RUL": (24, 40, 30), "LUL": (23, 42, 64), "LLL": (7, 56, 62)}
PERSON = fictional_patient(900, "F", age=66)
THEN = PERSON.renamed(study_date="20260101", study_time="090000")
NOW = PERSON.renamed(study_date="20260701", study_time="090000")


def chest(person: Person, key: str, **nodules: float) -> list[bytes]:
    """A body with two lungs and a block for each nodule (lobe → mm), on a table of its own each time."""
    hu = np.full((32, 96, 96), -1000.0)
    hu[:, 16:80, 8:88] = 40.0
    for lung in LUNGS.values():
        hu[lung] = -850.0
    for lobe, size in nodules.items():
        z, y, x = PLACES[lobe]
        hu[z, y - 1 : y + 2, x - 1 : x + 2] = size * 10
    shift = float(len(key) * 7)
    return [as_bytes(each) for each in ct_datasets(hu, SPACING, person, key=key, origin=(-170.0, -170.0, -400 + shift))]


class StandIn:
    """Reads the blocks of a study's pixels and hands them to the real comparison and rules."""

    def __init__(self, bundle: Bundle | None = None) -> None:
        self._bundle = bundle or load_bundle("lung-nodule")

    @property
    def model(self) -> ModelInfo:
        return self._bundle.model

    def score(self, study: StudyInput, context: RunContext) -> ScoreResult:
        series = choose_axial_series(study)
        volume = build_volume(series)
        lungs = np.zeros(volume.hu.shape, bool)
        for lung in LUNGS.values():
            lungs[lung] = True
        labels, count = ndimage.label(lungs & (volume.hu > -500))
        found = []
        for number, (z, y, x) in enumerate(ndimage.center_of_mass(labels > 0, labels, range(1, count + 1)), start=1):
            size = round(float(volume.hu[labels == number].mean()) / 10, 1)
            lobe = min(PLACES, key=lambda name: abs(np.subtract(PLACES[name], (z, y, x))).sum())
            attributes = {
                "centre_mm": [round(value, 1) for value in volume.to_patient(z, y, x)],
                "lobe": lobe,
                "side": "left" if lobe.startswith("L") else "right",
                "long_axis_mm": size,
                "short_axis_mm": size,
                "volume_mm3": round(np.pi / 6 * size**3),
                "slice": int(z) + 1,
            }
            location = {"RUL": "right upper lobe", "LUL": "left upper lobe", "LLL": "left lower lobe"}[lobe]
            uids = (volume.series_uid, volume.sop_uids[int(z)])
            box = (float(x - 1), float(y - 1), float(x + 2), float(y + 2))
            found.append(FindingResult(f"f{number}", "solid_nodule", location, size, 0.9, *uids, 1, box, attributes))
        assessed = assess(found, series[0].dataset, lungs_frame(volume, lungs, 1), (), study.prior)
        return ScoreResult(
            study_uid=study.study_uid,
            programme="lung",
            state="scored",
            score=0.9 if found else 0.1,
            above_threshold=bool(found),
            category=assessed.grade.category,
            category_rule=assessed.sentence,
            findings=assessed.findings,
            model=self.model,
            attributes=assessed.attributes,
        )


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SCORERS, "lung", StandIn)


@pytest.fixture
def take_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScoreRun]:
    """Ingest, close and score one study; the run that its closing asked for."""
    monkeypatch.setattr(scoring, "enqueue", lambda *_args, **_more: None)

    def take(site: Site, files: list[bytes]) -> ScoreRun:
        results = [ingest_instance(data=data, source="upload", site=site, actor=None) for data in files]
        assert {result.result for result in results} == {"stored"}
        close_study(study=Study.objects.get(site=site, study_uid=results[0].study_uid))
        return scored(ScoreRun.objects.latest("pk"))

    return take


def scored(run: ScoreRun) -> ScoreRun:
    gpu_tasks.score_study(run.pk)
    run.refresh_from_db()
    assert run.status == "SUCCEEDED", run.reason
    return run


def finding(run: ScoreRun, location: str) -> Finding:
    return run.findings.get(location=location)


def test_a_nodule_that_grew_by_2_mm_in_6_months_a_new_and_a_stable_one(
    north: Site, take_in: Callable[..., ScoreRun]
) -> None:
    first = take_in(north, chest(THEN, "then", RUL=8.4, LUL=6.2))
    assert (first.prior_run_id, first.result["category"]) == (None, "4A")
    run = take_in(north, chest(NOW, "some months later", RUL=10.4, LUL=6.4, LLL=5.0))
    assert run.prior_run_id == first.pk

    assert run.result["category"] == "4B"
    assert "growing" in run.result["category_rule"]
    assert "It measured 8.4 mm 181 days before." in run.result["category_rule"]
    grown = finding(run, "right upper lobe").attributes
    assert (grown["prior_size_mm"], grown["growth_mm"], grown["category"]) == (8.4, 2.0, "4B")
    assert grown["doubling_days"] == pytest.approx(196, abs=1)
    assert finding(run, "left upper lobe").attributes["history"]["status"] == "stable"
    assert finding(run, "left upper lobe").attributes["category"] == "2"
    assert finding(run, "left lower lobe").attributes["history"]["status"] == "new"
    assert finding(run, "left lower lobe").attributes["category"] == "3"
    told = run.result["attributes"]["compared_with"]
    assert (told["study_uid"], told["study_date"], told["run"]) == (first.study.study_uid, "2026-01-01", first.pk)
    study = Study.objects.get(pk=run.study_id)
    assert study.ai_state == AiState.SCORED


def test_the_draft_says_the_comparison_and_the_guard_lets_it_pass(
    north: Site, take_in: Callable[..., ScoreRun]
) -> None:
    take_in(north, chest(THEN, "then", RUL=8.4, LUL=6.2))
    run = take_in(north, chest(NOW, "some months later", RUL=10.4, LUL=6.4, LLL=5.0))
    facts = study_facts(run.result)
    by_id = {each.id: each for each in facts.findings}
    assert by_id[finding(run, "right upper lobe").key].change == "larger"
    assert by_id[finding(run, "left upper lobe").key].change == "stable"
    assert by_id[finding(run, "left lower lobe").key].change is None
    sections, verdict = assemble(facts, [None] * len(facts.findings), [])
    assert verdict.reasons == ()
    draft = {"sections": {name: [each.as_json() for each in texts] for name, texts in sections.items()}}
    assert check_report(draft, run.result).reasons == ()
    nodules = " ".join(each["text"] for each in draft["sections"]["nodules"])
    assert "larger than" in nodules
    assert "8.4 mm" in nodules
    comparison = " ".join(each["text"] for each in draft["sections"]["comparison"])
    assert "2026-01-01" in comparison
    assert "unconfirmed" in comparison
    assessment = " ".join(each["text"] for each in draft["sections"]["assessment"])
    assert "growing is category 4B" in assessment


def test_a_later_study_that_came_first_is_no_prior(north: Site, take_in: Callable[..., ScoreRun]) -> None:
    later = take_in(north, chest(NOW, "some months later", RUL=10.4))
    earlier = take_in(north, chest(THEN, "then", RUL=8.4))
    assert (later.prior_run_id, earlier.prior_run_id) == (None, None)
    assert later.result["category"] == "4A"


def test_an_earlier_study_scored_since_leads_to_a_new_run_only_when_asked_again(
    north: Site, take_in: Callable[..., ScoreRun]
) -> None:
    later = take_in(north, chest(NOW, "some months later", RUL=10.4))
    assert scoring.request_score(study=later.study) == later
    earlier = take_in(north, chest(THEN, "then", RUL=8.4))
    assert ScoreRun.objects.filter(study=later.study).count() == 1

    again = scoring.request_score(study=later.study)
    assert again is not None
    assert (again.round, again.prior_run_id) == (2, earlier.pk)
    assert scoring.request_score(study=later.study) == again
    assert scored(again).result["category"] == "4B"
    assert scoring.request_score_again(study=later.study) is None
    later.refresh_from_db()
    assert later.result["category"] == "4A"


def test_another_site_and_another_issuer_share_no_past(
    north: Site, south: Site, take_in: Callable[..., ScoreRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(north, chest(THEN, "then", RUL=8.4))
    assert take_in(south, chest(NOW, "some months later", RUL=10.4)).prior_run_id is None
    run = take_in(north, chest(NOW, "some months later", RUL=10.4))
    assert run.prior_run_id is not None
    stranger = Patient.objects.create(site=north, issuer="ELSEWHERE", patient_id=PERSON.patient_id)
    Study.objects.filter(pk=run.study_id).update(patient=stranger)
    assert prior_run_of(Study.objects.get(pk=run.study_id), run.model_name) is None


def test_a_record_whose_images_differ_in_name_is_not_compared(north: Site, take_in: Callable[..., ScoreRun]) -> None:
    take_in(north, chest(THEN, "then", RUL=8.4))
    other = NOW.renamed(name="Somebody^Else")
    assert take_in(north, chest(other, "some months later", RUL=10.4)).prior_run_id is None


def test_patients_without_an_id_share_no_past(north: Site, take_in: Callable[..., ScoreRun]) -> None:
    take_in(north, chest(THEN.renamed(patient_id=""), "then", RUL=8.4))
    assert take_in(north, chest(NOW.renamed(patient_id=""), "some months later", RUL=10.4)).prior_run_id is None


def test_a_result_that_cannot_be_compared_or_no_longer_stands_is_passed_over(
    north: Site, take_in: Callable[..., ScoreRun]
) -> None:
    oldest = take_in(north, chest(THEN.renamed(study_date="20250301"), "oldest", RUL=8.0))
    middle = take_in(north, chest(THEN, "then", RUL=8.4))
    run = take_in(north, chest(NOW, "some months later", RUL=10.4))
    assert run.prior_run_id == middle.pk
    assert middle.prior_run_id == oldest.pk
    bare: dict[str, Any] = {**middle.result, "attributes": {}}
    ScoreRun.objects.filter(pk=middle.pk).update(result=bare)
    found = prior_run_of(run.study, run.model_name)
    assert found is not None
    assert found.pk == oldest.pk
    Study.objects.filter(pk=oldest.study_id).update(ai_state=AiState.PENDING)
    assert prior_run_of(run.study, run.model_name) is None


def test_an_earlier_result_that_is_gone_before_the_run_starts_leaves_a_baseline_reading(
    north: Site, take_in: Callable[..., ScoreRun]
) -> None:
    first = take_in(north, chest(THEN, "then", RUL=8.4))
    files = chest(NOW, "some months later", RUL=10.4)
    results = [ingest_instance(data=data, source="upload", site=north, actor=None) for data in files]
    close_study(study=Study.objects.get(site=north, study_uid=results[0].study_uid))
    run = ScoreRun.objects.latest("pk")
    assert run.prior_run_id == first.pk
    first.delete()
    assert scored(run).result["category"] == "4A"
    assert "compared_with" not in run.result["attributes"]


@pytest.mark.parametrize("doubt", ["two names", "more images of the earlier study"])
def test_an_earlier_result_that_came_into_doubt_before_the_run_starts_is_not_compared_with(
    north: Site, take_in: Callable[..., ScoreRun], doubt: str
) -> None:
    first = take_in(north, chest(THEN, "then", RUL=8.4))
    files = chest(NOW, "some months later", RUL=10.4)
    results = [ingest_instance(data=data, source="upload", site=north, actor=None) for data in files]
    close_study(study=Study.objects.get(site=north, study_uid=results[0].study_uid))
    run = ScoreRun.objects.latest("pk")
    assert run.prior_run_id == first.pk
    if doubt == "two names":
        Patient.objects.filter(pk=first.study.patient_id).update(mismatch=True)
    else:
        Study.objects.filter(pk=first.study_id).update(ai_state=AiState.PENDING)
    assert "compared_with" not in scored(run).result["attributes"]


def test_offline_an_earlier_study_among_the_paths_is_read_first_and_compared_with(tmp_path, capsys) -> None:
    for name, files in (
        ("a-now", chest(NOW, "some months later", RUL=10.4)),
        ("b-then", chest(THEN, "then", RUL=8.4)),
        ("c-stranger", chest(replace(NOW, name="Somebody^Else"), "somebody else", RUL=10.4)),
    ):
        (tmp_path / name).mkdir()
        for number, data in enumerate(files):
            (tmp_path / name / f"{number:03d}.dcm").write_bytes(data)
    call_command("score", str(tmp_path), "--json")
    then, now, stranger = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert now["attributes"]["compared_with"]["study_uid"] == then["study_uid"]
    assert [each["category"] for each in (then, now, stranger)] == ["4A", "4B", "4A"]
    call_command("score", str(tmp_path / "a-now"), "--json")
    alone = json.loads(capsys.readouterr().out)
    assert (alone["study_uid"], alone["category"]) == (now["study_uid"], "4A")
