"""A draft of an AI result that no longer stands: late images, or a programme that changed."""

from __future__ import annotations

import pytest

from reports.selectors import report_json
from reports.selectors.report import text_state
from reports.services import drafting, editing
from reports.services.opening import open_for_reading
from screening.models import Study
from screening.services.reading import claim_study
from screening.states import AiState
from tests.reports.conftest import full_text, sentence


def late_image(study: Study, ai_state: str = AiState.PENDING, reason: str = "") -> Study:
    """The study as ingest and closing leave it when one image more has come."""
    Study.objects.filter(pk=study.pk).update(
        instance_count=study.instance_count + 1, ai_state=ai_state, ai_reason=reason, score=0.0, closed_at=None
    )
    return Study.objects.get(pk=study.pk)


def words(sections: list[dict]) -> str:
    return " ".join(each["text"] for section in sections for each in section["sentences"])


def test_a_draft_of_fewer_images_is_not_shown_as_the_text(drafted):
    assert "8.2 mm" in words(report_json(drafted)["sections"])
    drafted.study = late_image(drafted.study)
    assert words(report_json(drafted)["sections"]) == ""


@pytest.mark.parametrize(
    ("ai_state", "reason", "said"),
    [
        (AiState.PENDING, "", "has yet to read"),
        (AiState.OUT_OF_SCOPE, "No model reads MR yet.", "outside its programmes"),
        (AiState.FAILED, "There is no bundle.", "could not finish"),
    ],
)
def test_who_opens_the_study_then_finds_what_is_true_now(drafted, reader, ai_state, reason, said):
    study = late_image(drafted.study, ai_state, reason)
    claim_study(study=study, reader=reader)
    open_for_reading(study=study, user=reader)
    drafted.study = study
    text = words(report_json(drafted)["sections"])
    assert said in text
    assert "8.2 mm" not in text
    open_for_reading(study=study, user=reader)
    assert drafted.revisions.count() == 2


def test_what_a_person_wrote_stays_theirs(claimed, reader):
    editing.save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed))
    study = late_image(claimed.study)
    open_for_reading(study=study, user=reader)
    claimed.study = study
    assert "8.2 mm" in words(report_json(claimed)["sections"])
    assert claimed.revisions.count() == 2


def test_a_reader_who_has_the_earlier_text_open_can_still_save_it(claimed, reader):
    text = full_text(claimed)
    next(iter(text.values())).append(sentence("Seen by me.", "h9"))
    claimed.study = late_image(claimed.study)
    assert editing.save_revision(report=claimed, author=reader, parent=0, sections=text).number == 1


def test_a_draft_begun_before_an_image_came_is_not_kept(scored_study):
    report = drafting.request_draft(study=scored_study)
    claim = drafting.claim_draft(report_id=report.pk)
    late_image(scored_study)
    assert drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, "")) is None
    assert text_state(report).current is None


def test_the_outcome_of_the_new_run_brings_its_own_draft(drafted, reader, score):
    study = late_image(drafted.study)
    claim_study(study=study, reader=reader)
    open_for_reading(study=study, user=reader)
    score(study, state="refused")
    report = drafting.request_draft(study=Study.objects.get(pk=study.pk))
    claim = drafting.claim_draft(report_id=report.pk)
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    offered = text_state(report).offered
    assert offered is not None
    assert "too thick" in str(offered.sections)
