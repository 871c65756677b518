"""Earlier studies of a patient, lesions of two dates, and who may say that they are one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, HoldBack, Verb
from reports.layouts import LayoutError, department_protocol
from reports.models import LesionMatch, MatchVerdict, UserHangingProtocol
from reports.selectors.beside import beside_json
from reports.selectors.hanging import hanging_json
from reports.selectors.priors import earlier_studies, pairs_json, prior_for, priors_json
from reports.services.comparing import MatchConflict, judge_match
from reports.services.layouts import reset_protocol, save_protocol
from screening.models import Study
from screening.services.reading import claim_study

THEN, NOW = datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2025, 3, 1, 9, tzinfo=UTC)
FRAME = [[-120.0, 120.0], [-90.0, 80.0], [-320.0, -60.0]]
# The same lungs on another table.
MOVED = [[-110.0, 130.0], [-60.0, 110.0], [-920.0, -660.0]]
SHIFT = (10.0, 30.0, -600.0)


def nodule(key: str, size: float, place: tuple[float, float, float], **attributes: Any) -> dict[str, Any]:
    return {
        "id": key,
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": size,
        "probability": 0.9,
        "series_uid": "1.2",
        "sop_uid": "1.2.3",
        "frame": 1,
        "box": [1, 2, 5, 6],
        "attributes": {
            "centre_mm": list(place),
            "side": "right",
            "volume_mm3": round(3.14159 / 6 * size**3),
            **attributes,
        },
    }


def elsewhere(place: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (value + step for value, step in zip(place, SHIFT, strict=True))
    return x, y, z


UPPER, LOWER = (-60.0, 0.0, -110.0), (-70.0, 30.0, -260.0)


@pytest.fixture
def two_dates(make_study, north, score) -> tuple[Study, Study]:
    """A study with two nodules and the one of a year before with the same two, on another table."""
    prior, study = make_study(north, study_at=THEN), make_study(north, study_at=NOW)
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)
    prior.refresh_from_db()
    before = [nodule("f1", 6.0, elsewhere(LOWER)), nodule("f2", 6.0, elsewhere(UPPER))]
    score(prior, findings=before, attributes={"place_frame_mm": MOVED, "study_date": "2024-03-01"})
    today = [nodule("f1", 9.0, UPPER), nodule("f2", 6.0, LOWER)]
    score(study, findings=today, attributes={"place_frame_mm": FRAME, "study_date": "2025-03-01"})
    study.refresh_from_db()
    return study, prior


def test_earlier_studies_are_listed_newest_first_and_later_ones_are_not(two_dates, make_study, north):
    study, prior = two_dates
    oldest = make_study(north, study_at=datetime(2020, 1, 1, tzinfo=UTC))
    Study.objects.filter(pk=oldest.pk).update(patient=study.patient)
    assert list(earlier_studies(study)) == [prior, oldest]
    assert list(earlier_studies(prior)) == [oldest]
    shown = priors_json(study, sees_report=True)["studies"]
    assert [(each["date"], each["days"], each["alike"]) for each in shown] == [
        ("2024-03-01", 365, True),
        ("2020-01-01", 1886, False),
    ]


def test_two_people_under_one_patient_id_are_never_mixed(two_dates):
    study, prior = two_dates
    study.patient.mismatch = True
    study.patient.save()
    assert list(earlier_studies(study)) == []
    assert "names or birth dates differ" in priors_json(study, sees_report=True)["why_none"]
    study.patient.mismatch, study.patient.patient_id = False, ""
    assert list(earlier_studies(study)) == []
    assert "no patient ID" in priors_json(study, sees_report=True)["why_none"]


def test_another_patients_or_another_sites_study_is_no_prior(two_dates, make_study, north, south, reader, make_user):
    study, prior = two_dates
    stranger = make_study(north, study_at=THEN)
    with pytest.raises(Http404):
        prior_for(reader, study, stranger.study_uid)
    abroad = make_study(south, study_at=THEN)
    with pytest.raises(Http404):
        prior_for(reader, study, abroad.study_uid)
    with pytest.raises(Http404):
        prior_for(reader, prior, study.study_uid)
    assert prior_for(reader, study, prior.study_uid) == prior


def test_lesions_are_matched_by_their_place_in_the_lungs_with_growth_and_doubling_time(two_dates):
    pairs = pairs_json(*two_dates)
    assert [(pair["finding"], pair["prior"], pair["state"], pair["basis"]) for pair in pairs] == [
        ("f1", "f2", "proposed", "position"),
        ("f2", "f1", "proposed", "position"),
    ]
    grown, same = pairs
    assert (grown["difference_mm"], grown["growth"], grown["days"]) == (3.0, "growing", 365)
    # 113 to 382 mm³ in 365 days.
    assert grown["doubling_days"] == 208
    assert "6.0 → 9.0 mm (+3.0 mm, +50 %) in 365 days" in grown["words"]
    assert "volume doubles in 208 days" in grown["words"]
    assert (same["growth"], same["doubling_days"]) == ("stable", None)


def test_how_far_the_lungs_lie_apart_in_two_studies_is_told(two_dates, reader, technologist):
    assert beside_json(*two_dates, reader)["organ_shift_mm"] == -600.0
    assert beside_json(*two_dates, technologist)["organ_shift_mm"] is None


def test_the_models_own_match_counts_before_the_position(make_study, north, score):
    prior, study = make_study(north, study_at=THEN), make_study(north, study_at=NOW)
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)
    score(prior, findings=[nodule("f1", 6.0, elsewhere(UPPER)), nodule("f2", 6.0, elsewhere(UPPER))])
    history = {"prior_study_uid": prior.study_uid, "prior_id": "f2"}
    score(study, findings=[nodule("f1", 7.0, UPPER, history=history)])
    study.refresh_from_db()
    prior.refresh_from_db()
    assert [(pair["prior"], pair["basis"]) for pair in pairs_json(study, prior)] == [("f2", "model")]


def judge(two_dates: tuple[Study, Study], reader: Any, verdict: MatchVerdict, finding: str = "f1", other: str = "f2"):
    study, prior = two_dates
    return judge_match(study=study, prior=prior, reader=reader, finding=finding, prior_finding=other, verdict=verdict)


def test_a_confirmed_match_stands_with_who_and_when_and_is_audited(two_dates, reader):
    claim_study(study=two_dates[0], reader=reader)
    judge(two_dates, reader, MatchVerdict.CONFIRMED)
    first = pairs_json(*two_dates)[0]
    assert (first["state"], first["by"]) == ("confirmed", "Mara Osei")
    event = AuditEvent.objects.get(verb=Verb.LESION_MATCHED)
    assert event.detail == {
        "prior": two_dates[1].study_uid, "finding": "f1", "prior_finding": "f2", "verdict": "confirmed",
    }  # fmt: skip


def test_a_rejected_match_is_not_proposed_again_and_the_finding_can_be_matched_otherwise(two_dates, reader):
    claim_study(study=two_dates[0], reader=reader)
    judge(two_dates, reader, MatchVerdict.REJECTED)
    first = pairs_json(*two_dates)[0]
    assert (first["state"], first["prior"]) == ("rejected", "f2")
    judge(two_dates, reader, MatchVerdict.REJECTED, "f2", "f1")
    judge(two_dates, reader, MatchVerdict.CONFIRMED, "f1", "f1")
    first = pairs_json(*two_dates)[0]
    assert (first["state"], first["prior"]) == ("confirmed", "f1")


def test_an_earlier_finding_is_one_lesion_only(two_dates, reader):
    claim_study(study=two_dates[0], reader=reader)
    judge(two_dates, reader, MatchVerdict.CONFIRMED)
    with pytest.raises(MatchConflict, match="already confirmed"):
        judge(two_dates, reader, MatchVerdict.CONFIRMED, "f2", "f2")
    assert LesionMatch.objects.count() == 1


def test_only_the_reader_of_the_study_matches_its_lesions(two_dates, reader, second_reader, technologist):
    claim_study(study=two_dates[0], reader=reader)
    for other in (second_reader, technologist):
        with pytest.raises(PermissionDenied):
            judge(two_dates, other, MatchVerdict.CONFIRMED)
    assert not LesionMatch.objects.exists()


def test_a_match_on_a_result_that_no_longer_stands_is_refused(two_dates, reader, score):
    study, _prior = two_dates
    claim_study(study=study, reader=reader)
    score(study, findings=[])
    study.refresh_from_db()
    with pytest.raises(MatchConflict, match="has changed"):
        judge(two_dates, reader, MatchVerdict.CONFIRMED)
    assert pairs_json(*two_dates) == []


def test_what_was_said_of_a_match_is_never_changed_or_removed(two_dates, reader):
    claim_study(study=two_dates[0], reader=reader)
    match = judge(two_dates, reader, MatchVerdict.CONFIRMED)
    with pytest.raises(DatabaseError), transaction.atomic():
        LesionMatch.objects.filter(pk=match.pk).update(verdict="rejected")
    with pytest.raises(DatabaseError), transaction.atomic():
        LesionMatch.objects.filter(pk=match.pk)._raw_delete("default")
    with pytest.raises(TypeError):
        match.delete()


def test_who_does_not_see_the_ai_gets_images_without_findings_and_pairs(two_dates, technologist, reader):
    study, prior = two_dates
    assert beside_json(study, prior, technologist)["findings"] == []
    assert beside_json(study, prior, technologist)["pairs"] == []
    assert len(beside_json(study, prior, technologist)["series"]) == 1
    study.site.hold_back_ai = HoldBack.ALWAYS
    study.site.save()
    assert beside_json(study, prior, reader)["pairs"] == []


def test_a_look_at_an_earlier_study_is_audited_and_a_match_survives_it(two_dates, reader, client):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    client.force_login(reader)
    url = reverse("study-prior", args=(study.study_uid, prior.study_uid))
    assert [pair["state"] for pair in client.get(url).json()["pairs"]] == ["proposed", "proposed"]
    event = AuditEvent.objects.get(verb=Verb.STUDY_OPENED)
    assert (event.object_id, event.detail) == (prior.study_uid, {"beside": study.study_uid})
    sent = {"finding": "f1", "prior_finding": "f2", "verdict": "confirmed"}
    answer = client.post(f"{url}match/", sent, "application/json")
    assert [pair["state"] for pair in answer.json()["pairs"]] == ["confirmed", "proposed"]
    assert [pair["state"] for pair in client.get(url).json()["pairs"]] == ["confirmed", "proposed"]
    taken = client.post(f"{url}match/", {**sent, "finding": "f2"}, "application/json")
    assert taken.status_code == 409
    assert "already confirmed" in taken.json()["detail"]
    for unusable in ({}, {**sent, "verdict": "perhaps"}, {**sent, "finding": 1}, []):
        assert client.post(f"{url}match/", unusable, "application/json").status_code == 400


def test_a_readers_own_way_of_hanging_is_theirs_alone_until_they_go_back(make_study, north, reader, second_reader):
    study = make_study(north, programme="lung")
    stages = department_protocol("lung")["stages"][::-1][1:]
    save_protocol(user=reader, kind="lung", protocol={"schema": 1, "kind": "lung", "stages": stages})
    assert hanging_json(study, reader)["protocol"]["stages"] == stages
    assert (hanging_json(study, reader)["own"], hanging_json(study, second_reader)["own"]) == ("yes", "no")
    reset_protocol(user=reader, kind="lung")
    assert hanging_json(study, reader)["protocol"] == department_protocol("lung")
    assert [event.detail["act"] for event in AuditEvent.objects.filter(verb=Verb.LAYOUT_CHANGED).order_by("pk")] == [
        "saved",
        "reset",
    ]


def test_a_layout_of_another_kind_or_of_no_form_is_refused(reader, auditor):
    with pytest.raises(LayoutError):
        save_protocol(user=reader, kind="brain", protocol=department_protocol("lung"))
    with pytest.raises(LayoutError):
        reset_protocol(user=reader, kind="heart")
    with pytest.raises(PermissionDenied):
        save_protocol(user=auditor, kind="lung", protocol=department_protocol("lung"))
    assert not UserHangingProtocol.objects.exists()


def test_a_layout_that_the_program_no_longer_takes_gives_way_and_says_so(make_study, north, reader):
    study = make_study(north, programme="lung")
    old = {"schema": 0, "kind": "lung", "stages": []}
    UserHangingProtocol.objects.create(
        user=reader, kind="lung", name="Old", chosen=True, protocol=old, saved_at=timezone.now()
    )
    shown = hanging_json(study, reader)
    assert (shown["own"], shown["protocol"]) == ("unusable", department_protocol("lung"))
