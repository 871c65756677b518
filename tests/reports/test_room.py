"""What the reading room is told: every AI state honestly, and nothing a role may not see."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.utils import timezone

from config.data import ROOT
from reports.selectors import room, room_state
from reports.services.drafting import ensure_report
from screening.models import Instance, Study
from screening.services.reading import claim_study
from screening.states import AiState, RunStatus
from tests.reports.conftest import by_template

SCRIPTS = ROOT / "frontend" / "src"


@pytest.fixture
def seen_by(request_by):
    def see(study, user):
        shown = room(Study.objects.get(pk=study.pk), user, request_by(user))
        json.dumps(shown)
        return shown

    return see


def test_a_scored_study_shows_its_result_findings_and_draft(drafted, reader, seen_by):
    shown = seen_by(drafted.study, reader)
    assert shown["ai"]["state"] == "scored"
    assert (shown["ai"]["category"], shown["ai"]["above_threshold"]) == ("4A", True)
    assert shown["ai"]["model"] == {"name": "lung-nodule", "version": "1.0", "sha256": "a" * 64}
    [finding] = shown["findings"]
    assert (finding["key"], finding["number"], finding["label"]) == ("f1", 1, "Solid nodule")
    assert finding["summary"] == "8.2 mm · 9.1 × 7.3 mm"
    assert shown["report"]["revision"] == 0
    assert [each["name"] for each in shown["report"]["sections"]][:2] == ["technique", "comparison"]
    evidence = {key for part in shown["report"]["sections"] for each in part["sentences"] for key in each["evidence"]}
    assert evidence == {finding["key"]}


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_a_study_the_ai_did_not_read_shows_no_result_of_any_kind(make_study, north, reader, score, seen_by, state):
    study = make_study(north)
    score(study, state)
    ai = seen_by(study, reader)["ai"]
    assert ai["state"] == state
    assert ai["reason"] == "The slices are too thick."
    assert [ai[name] for name in ("score", "above_threshold", "category", "band", "model")] == [None] * 5


@pytest.mark.parametrize("state", [AiState.PENDING, AiState.OUT_OF_SCOPE])
def test_a_study_without_a_result_yet_or_ever_is_not_shown_as_scored(make_study, north, reader, seen_by, state):
    ai = seen_by(make_study(north, ai_state=state), reader)["ai"]
    assert ai["state"] == state
    assert ai["score"] is None and ai["above_threshold"] is None


def test_a_result_that_late_images_have_overtaken_is_pending_again(drafted, reader, seen_by, score):
    run = score(drafted.study)
    run.status = RunStatus.PENDING
    run.save()
    shown = seen_by(drafted.study, reader)
    assert shown["ai"]["state"] == "pending"
    assert shown["ai"]["above_threshold"] is None
    assert shown["findings"] == []


def test_limitations_reach_the_page_with_a_result_below_the_threshold(make_study, north, reader, score, seen_by):
    study = make_study(north)
    score(study, limitations=["uneven slices"], above_threshold=False, findings=[], category=None, score=0.1)
    shown = seen_by(study, reader)
    assert shown["ai"]["limitations"] == ["uneven slices"]
    assert "ncomplete" in shown["ai"]["label"]


def test_a_technologist_sees_images_but_no_score_no_finding_and_no_report(drafted, technologist, seen_by):
    Study.objects.update(due_at=timezone.now())
    shown = seen_by(drafted.study, technologist)
    assert shown["ai"] == {"state": "hidden"}
    assert (shown["findings"], shown["report"]) == ([], None)
    assert shown["study"]["tier"] == "routine"
    assert shown["study"]["due_at"] == Study.objects.get().base_due_at.isoformat()
    assert len(shown["series"][0]["images"]) == 2
    assert not any(shown["can"].values())
    assert shown["urls"]["save"] is None
    told = json.dumps(shown)
    assert "4A" not in told and "8.2" not in told and "urgent" not in told.lower()
    state = room_state(drafted.study, technologist)
    assert (state["ai"], state["report_status"], state["revision"]) == ({"state": "hidden"}, None, None)


def test_only_the_holder_of_the_reading_may_edit_and_sign(claimed, reader, second_reader, trainee, seen_by):
    assert seen_by(claimed.study, reader)["can"] == {
        "edit": True,
        "sign": True,
        "sign_preliminary": True,
        "add": False,
        "amend": False,
        "cosign": False,
        "claim": False,
        "release": True,
    }
    for other in (second_reader, trainee):
        shown = seen_by(claimed.study, other)
        assert not any(shown["can"].values())
        assert shown["reader"] == "Mara Osei"


def test_a_trainee_may_edit_and_sign_only_as_preliminary(drafted, trainee, seen_by):
    assert seen_by(drafted.study, trainee)["can"]["claim"]
    claim_study(study=drafted.study, reader=trainee)
    can = seen_by(drafted.study, trainee)["can"]
    assert can["edit"] and can["sign_preliminary"] and not can["sign"]


def test_a_study_without_a_report_shows_the_empty_sections_of_its_programme(make_study, north, reader, seen_by):
    shown = seen_by(make_study(north, programme="breast"), reader)["report"]
    assert (shown["id"], shown["revision"]) == (None, None)
    assert "breast_composition" in {section["name"] for section in shown["sections"]}
    assert shown["normal"]["recommendation"] == ["Routine screening."]


def test_a_stack_is_sorted_by_position_not_by_number(make_study, north, reader, seen_by):
    study = make_study(north, images=3)
    for instance, z in zip(Instance.objects.order_by("number"), (10, 30, 20), strict=True):
        instance.header = {"image_position": [0, 0, z], "image_orientation": [1, 0, 0, 0, 1, 0]}
        instance.save()
    images = seen_by(study, reader)["series"][0]["images"]
    assert [image["number"] for image in images] == [2, 3, 1]
    assert [image["position_z"] for image in images] == [-30, -20, -10]


def test_localisers_come_last(make_study, north, reader, seen_by):
    study = make_study(north)
    scout = study.series.create(site=north, series_uid="1.9", number=0, modality="CT")
    Instance.objects.filter(number=1).update(series=scout, header={"image_type": ["ORIGINAL", "PRIMARY", "LOCALIZER"]})
    assert [series["uid"] for series in seen_by(study, reader)["series"]][-1] == "1.9"


def test_a_mammogram_hangs_rcc_lcc_rmlo_lmlo(make_study, north, reader, seen_by):
    study = make_study(north, images=4, modality="MG", programme="breast")
    views = [("L", "MLO"), ("R", "CC"), ("R", "MLO"), ("L", "CC")]
    for instance, (side, view) in zip(Instance.objects.order_by("number"), views, strict=True):
        instance.header = {"laterality": side, "view_position": view}
        instance.save()
    shown = seen_by(study, reader)
    assert (shown["hang"], shown["presets"]) == ("mammography", [])
    hung = [(image["laterality"], image["view"]) for image in shown["series"][0]["images"]]
    assert hung == [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]


def test_every_frame_of_a_multi_frame_image_is_one_entry(make_study, north, reader, seen_by):
    study = make_study(north, images=1)
    Instance.objects.update(frames=3)
    images = seen_by(study, reader)["series"][0]["images"]
    assert [(image["frame"], image["frames"]) for image in images] == [(1, 3), (2, 3), (3, 3)]
    assert {image["url"] for image in images} == {f"/api/instances/{study.study_uid}.1.1/file/?site=north"}


def test_an_object_without_pixels_is_not_hung(make_study, north, reader, seen_by):
    study = make_study(north, images=1)
    Instance.objects.update(rows=0, columns=0)
    assert seen_by(study, reader)["series"] == []


def test_late_images_are_counted_for_the_reader_alone(claimed, reader, second_reader, seen_by):
    Study.objects.update(instance_count=5)
    assert seen_by(claimed.study, reader)["late_images"] == 3
    assert seen_by(claimed.study, second_reader)["late_images"] == 0
    claimed.study.refresh_from_db()
    assert room_state(claimed.study, reader)["late_images"] == 3


def test_the_state_tells_when_a_draft_has_come(scored_study, reader):
    claim_study(study=scored_study, reader=reader)
    ensure_report(study=scored_study)
    assert room_state(scored_study, reader)["draft_ready"] is False
    by_template(scored_study)
    state = room_state(scored_study, reader)
    assert (state["draft_ready"], state["revision"], state["report_status"]) == (True, 0, "DRAFT")


def test_the_patient_is_as_old_as_on_the_day_of_the_study(make_study, north, reader, seen_by):
    study = make_study(north, study_at=timezone.datetime(2020, 1, 1, 12, tzinfo=timezone.get_current_timezone()))
    assert seen_by(study, reader)["study"]["patient"]["age"] == 60


def _keys_used(folder: Path) -> set[str]:
    found: set[str] = set()
    for part in ("reading-room", "report", "viewer"):
        for script in (folder / part).glob("*.js"):
            text = script.read_text("utf-8")
            found |= set(re.findall(r"\bsay\('(\w+)'", text))
            found |= set(re.findall(r"name: '(key_\w+)'", text))
    return found


def test_every_string_the_script_asks_for_is_there(scored_study, reader, seen_by):
    used = _keys_used(SCRIPTS)
    assert len(used) > 50
    assert used - set(seen_by(scored_study, reader)["strings"]) == set()
