"""A reader's own findings are matched between dates like the AI's, also where no AI has found anything."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from reports.models import LesionMatch, MatchVerdict
from reports.rules.reading import Kind, Rule
from reports.selectors.priors import pairs_json
from reports.services.comparing import MatchConflict, judge_match
from reports.services.double_reading import set_rule
from screening.models import Instance, Study
from screening.services.deciding import decide
from screening.services.reading import claim_study
from tests.reports.test_priors import FRAME, LOWER, MOVED, NOW, THEN, UPPER, elsewhere, nodule


@pytest.fixture
def two_dates(make_study, north, score) -> tuple[Study, Study]:
    """Today the AI finds the lower nodule alone; a year ago it found both."""
    prior, study = make_study(north, study_at=THEN), make_study(north, study_at=NOW)
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)
    prior.refresh_from_db()
    before = [nodule("f1", 6.0, elsewhere(LOWER)), nodule("f2", 6.0, elsewhere(UPPER))]
    score(prior, findings=before, attributes={"place_frame_mm": MOVED})
    score(study, findings=[nodule("f1", 6.0, LOWER)], attributes={"place_frame_mm": FRAME})
    study.refresh_from_db()
    return study, prior


@pytest.fixture
def draw(reader, request_by):
    """A finding of the reader's own whose middle lies at `place` (x, y, z in mm)."""

    def act(study: Study, place: tuple[float, float, float], **values) -> str:
        image = Instance.objects.filter(series__study=study).first()
        image.rows = image.columns = 512
        x, y, z = place
        image.header = {
            "image_position": [x - 99.5, y - 99.5, z], "image_orientation": [1, 0, 0, 0, 1, 0], "pixel_spacing": [1, 1],
        }  # fmt: skip
        image.save()
        sent = {
            "type": "solid_nodule", "location": "Right upper lobe", "size_mm": 9.0, "sop_uid": image.sop_uid,
            "frame": 1, "box": [95, 95, 105, 105], **values,
        }  # fmt: skip
        row = decide(
            study=study, author=reader, key="", version=0, event="add", sent={"values": sent},
            request=request_by(reader),
        )  # fmt: skip
        return row.key

    return act


def test_a_nodule_that_only_the_reader_saw_is_met_by_its_place_with_growth_and_can_be_confirmed(
    two_dates, reader, draw
):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    key = draw(study, UPPER)
    pairs = {pair["finding"]: pair for pair in pairs_json(study, prior)}
    own = pairs[key]
    assert (own["number"], own["prior"], own["prior_number"], own["basis"], own["state"]) == (
        "R1", "f2", 2, "position", "proposed",
    )  # fmt: skip
    assert (own["difference_mm"], own["growth"], own["days"]) == (3.0, "growing", 365)
    assert pairs["f1"]["prior"] == "f1"
    judge_match(
        study=study, prior=prior, reader=reader, finding=key, prior_finding="f2", verdict=MatchVerdict.CONFIRMED
    )
    kept = LesionMatch.objects.get()
    assert (kept.finding, kept.finding_key, kept.prior_finding.key, kept.size_mm) == (None, key, "f2", 9.0)
    assert [pair["state"] for pair in pairs_json(study, prior) if pair["finding"] == key] == ["confirmed"]
    with pytest.raises(MatchConflict, match="already confirmed"):
        judge_match(
            study=study, prior=prior, reader=reader, finding="f1", prior_finding="f2", verdict=MatchVerdict.CONFIRMED
        )


def test_two_findings_of_readers_are_matched_where_no_ai_has_read_either_study(make_study, north, reader, draw):
    prior, study = make_study(north, study_at=THEN), make_study(north, study_at=NOW)
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)
    prior.refresh_from_db()
    for each in (prior, study):
        claim_study(study=each, reader=reader)
        draw(each, UPPER, size_mm=6.0 if each is prior else 9.0)
    [pair] = pairs_json(study, prior)
    assert (pair["finding"], pair["prior"], pair["basis"], pair["difference_mm"]) == ("r1", "r1", "place", 3.0)


def test_a_removed_or_rejected_finding_is_matched_with_nothing(two_dates, reader, draw, request_by):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    key = draw(study, UPPER)
    decide(study=study, author=reader, key=key, version=1, event="remove", sent={}, request=request_by(reader))
    assert [pair["finding"] for pair in pairs_json(study, prior)] == ["f1"]
    with pytest.raises(MatchConflict):
        judge_match(
            study=study, prior=prior, reader=reader, finding=key, prior_finding="f2", verdict=MatchVerdict.CONFIRMED
        )


def test_a_box_that_the_reader_moved_is_met_where_it_stands_now(two_dates, reader, draw, request_by):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    image = Instance.objects.filter(series__study=study).first()
    decide(study=study, author=reader, key=draw(study, UPPER), version=1, event="remove", sent={},
           request=request_by(reader))  # fmt: skip
    moved = {"sop_uid": image.sop_uid, "frame": 1, "box": [95, 95, 105, 105]}
    decide(
        study=study, author=reader, key="f1", version=0, event="edit", sent={"values": moved},
        request=request_by(reader),
    )  # fmt: skip
    assert [(pair["finding"], pair["prior"]) for pair in pairs_json(study, prior)] == [("f1", "f2")]


def test_while_opinions_are_blind_nobodys_own_finding_is_proposed_or_judged(
    two_dates, reader, draw, north, administrator
):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    draw(study, UPPER)
    set_rule(site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="As agreed", actor=administrator)
    assert [pair["finding"] for pair in pairs_json(study, prior)] == ["f1"]
    with pytest.raises(PermissionDenied):
        judge_match(
            study=study, prior=prior, reader=reader, finding="r1", prior_finding="f2", verdict=MatchVerdict.CONFIRMED
        )
