"""Answers follow what a reader made of the findings: a "yes" without a nodule, growth without its pair, hold no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.models import HoldBack, Site
from reports.coded import checked_answers, drafted_answers
from reports.content import content_for
from reports.drafting.types import HouseStyle
from reports.models import LesionMatch, Report, Signature
from reports.sections import drafted_sections
from reports.selectors.coded import computed_for, missing_answers, rule_findings
from reports.selectors.review import review_input, reviewed
from reports.services.comparing import judge_match
from reports.services.drafting import fixed_draft, prior_result
from reports.services.editing import save_revision
from reports.services.signing import NotSignable, sign_report
from screening.models import Study
from screening.services.deciding import decide
from screening.services.opinion import commit_first_opinion
from screening.services.reading import claim_study, release_study
from screening.states import StudyStatus
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text, result_of
from tests.reports.test_priors import FRAME, MOVED, UPPER, elsewhere, nodule

AI_YES = {"nodules": {"value": "yes", "origin": "ai"}}


@pytest.fixture
def reject(claimed, reader, request_by):
    def act(event="reject", version=0):
        sent = {"reason": "vessel"} if event == "reject" else {}
        decide(
            study=claimed.study,
            author=reader,
            key="f1",
            version=version,
            event=event,
            sent=sent,
            request=request_by(reader),
        )

    return act


def of(report: Report, answers) -> str | None:
    return computed_for(report, answers)["nodules"].value


def test_the_ais_yes_goes_with_the_only_nodule_it_had(claimed, reader, reject):
    answers = claimed.revisions.get().answers
    assert answers["values"]["nodules"] == AI_YES["nodules"]
    reject()
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=answers)
    assert "nodules" not in saved.answers["values"]
    assert [key for key, _asked in missing_answers(claimed, saved.answers)] == ["nodules"]


def test_a_rejection_that_is_taken_back_answers_yes_again(claimed, reject):
    reject()
    computed = computed_for(claimed, {"values": {}})["nodules"]
    assert (computed.value, computed.withdraws) == (None, True)
    assert computed.reason == "Every nodule that was marked was rejected."
    reject(event="withdraw", version=1)
    assert of(claimed, {"values": {}}) == "yes"


def test_a_persons_own_yes_stands_without_a_mark(claimed, reader, reject):
    reject()
    mine = {"values": {"nodules": {"value": "yes", "origin": "human"}}}
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=mine)
    assert saved.answers["values"]["nodules"]["origin"] == "human"
    assert "nodules" not in [key for key, _asked in missing_answers(claimed, saved.answers)]


def test_a_text_saved_before_the_rejection_is_not_signed_with_the_ais_yes(claimed, reader, reject, request_by):
    answers = claimed.revisions.get().answers
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=answers)
    reject()
    assert "nodules" in [remark.answer for remark, _severity in reviewed(claimed, saved.sections, saved.answers)]
    with pytest.raises(NotSignable):
        sign_report(
            report=claimed, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
        )
    assert not Signature.objects.exists()


def test_the_page_is_told_what_is_withdrawn(claimed, reader, client, reject):
    reject()
    client.force_login(reader)
    answer = client.post(
        reverse("report-answers", args=[claimed.pk]),
        {"answers": {"values": AI_YES}},
        content_type="application/json",
    )
    assert answer.json()["computed"]["nodules"] == {
        "value": None,
        "reason": "Every nodule that was marked was rejected.",
        "withdraws": True,
    }
    assert json.loads(json.dumps(answer.json()["computed"]["category"]))["withdraws"] is False


def test_a_haemorrhage_that_was_rejected_is_withdrawn_with_what_was_said_of_it():
    brain = content_for("brain")
    bleed = {"key": "f1", "number": 1, "type": "subdural_haemorrhage", "size_mm": 9.0, "attributes": {}, "gone": True}
    assert brain.compute({}, [bleed], {})["haemorrhage"].withdraws
    assert brain.compute({}, [{**bleed, "gone": False}], {}) == {}
    told = {"haemorrhage": "yes", "type": ["subdural"], "side": "left"}
    sent = {"values": {key: {"value": value, "origin": "ai"} for key, value in told.items()}}
    withdrawn = brain.compute({}, [bleed], {})
    assert checked_answers(brain, sent, findings=(), stated=told.items(), computed=withdrawn)["values"] == {}
    assert set(checked_answers(brain, sent, findings=(), stated=told.items())["values"]) == set(told)


# Growth


THEN, NOW = datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2025, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def followed(make_study, north, score, reader):
    """A 7 mm nodule that the AI holds for one of 5 mm a year before: growing, 4A; beside that one another of 6.8 mm."""

    def make(complete: bool = True) -> tuple[Report, Study]:
        prior, study = make_study(north, study_at=THEN), make_study(north, study_at=NOW)
        Study.objects.filter(pk=prior.pk).update(patient=study.patient)
        prior.refresh_from_db()
        before = [nodule("f1", 5.0, elsewhere(UPPER), category="2"), nodule("f2", 6.8, elsewhere(UPPER), category="3")]
        score(prior, findings=before, category="3", attributes={"place_frame_mm": MOVED, "study_date": "2024-03-01"})
        history = {
            "status": "growing",
            "prior_study_uid": prior.study_uid,
            "prior_id": "f1",
            "prior_category": "2",
            "days": 365,
            "confirmed": False,
        }
        grown = nodule("f1", 7.0, UPPER, history=history, prior_size_mm=5.0, growth_mm=2.0, category="4A")
        compared = {"study_uid": prior.study_uid, "complete": complete}
        attributes = {"place_frame_mm": FRAME, "study_date": "2025-03-01", "compared_with": compared}
        score(study, findings=[grown], category="4A", attributes=attributes)
        study.refresh_from_db()
        report = by_template(study)
        claim_study(study=study, reader=reader)
        return report, prior

    return make


def judged(report, prior, reader, verdict, then="f1"):
    judge_match(study=report.study, prior=prior, reader=reader, finding="f1", prior_finding=then, verdict=verdict)


def category_of(report):
    return computed_for(report, None)["category"]


def test_growth_counts_while_nobody_has_rejected_the_pair(followed, reader):
    report, prior = followed()
    assert category_of(report).value == "4A" and "growing" in category_of(report).reason
    judged(report, prior, reader, "confirmed")
    assert category_of(report).value == "4A"


def test_growth_is_not_counted_from_a_pair_that_the_reader_rejected(followed, reader):
    report, prior = followed(complete=False)
    judged(report, prior, reader, "rejected")
    # 7 mm at baseline; what the earlier study did not show, nobody knows.
    assert category_of(report).value == "3" and "growing" not in category_of(report).reason


def test_a_nodule_parted_from_a_wholly_read_study_is_new(followed, reader):
    report, prior = followed()
    judged(report, prior, reader, "rejected")
    assert category_of(report).value == "4A" and "new" in category_of(report).reason
    assert "growing" not in category_of(report).reason


def test_a_pair_rejected_and_confirmed_again_grows_again(followed, reader):
    report, prior = followed(complete=False)
    judged(report, prior, reader, "rejected")
    judged(report, prior, reader, "confirmed")
    assert category_of(report).value == "4A" and LesionMatch.objects.count() == 2


def test_another_earlier_nodule_that_the_reader_named_is_what_it_grew_from(followed, reader):
    report, prior = followed()
    judged(report, prior, reader, "confirmed", then="f2")
    # From 6.8 to 7.0 mm: stable after twelve months, one step down from 3.
    assert category_of(report).value == "2" and "stable" in category_of(report).reason
    (seen,) = rule_findings(report.study)
    assert (seen["pair"].prior_mm, seen["pair"].days) == (6.8, 365)


def test_a_rejection_of_some_other_pair_changes_nothing(followed, reader):
    report, prior = followed()
    judged(report, prior, reader, "rejected", then="f2")
    assert category_of(report).value == "4A" and "growing" in category_of(report).reason


def test_the_review_holds_no_growth_against_the_text_that_the_reader_took_back(followed, reader):
    report, prior = followed(complete=False)
    sections = full_text(report)
    sections["assessment"] = [
        {**sections["assessment"][0], "text": "Lung-RADS 3.", "state": "human", "origin": "human"}
    ]
    before = [remark.message for remark, _severity in reviewed(report, sections) if remark.rule == "category"]
    judged(report, prior, reader, "rejected")
    after = [remark.message for remark, _severity in reviewed(report, sections) if remark.rule == "category"]
    assert (before, after) == (["category"], [])


# What a reader measured without a mark


def test_the_text_may_name_a_size_that_was_answered_and_no_other(claimed):
    sections = full_text(claimed)
    words = {"id": "h-air", "text": "Subsegmental airway nodule of 7.0 mm, growing.", "origin": "human"}
    sections["nodules"] = [*sections["nodules"], {**words, "state": "human", "evidence": []}]

    def faults(**answers):
        values = {key: {"value": value, "origin": "human"} for key, value in answers.items()}
        found = reviewed(claimed, sections, {"values": values} if values else None)
        return [remark.values["number"] for remark, _severity in found if remark.rule == "measurement"]

    asked = {"nodules": "yes", "airway": "subsegmental", "airway_change": "growing"}
    assert faults(**asked) == ["7.0 mm"]
    assert faults(**asked, airway_mm=7.0) == []
    assert faults(**asked, airway_mm=9.0) == ["7.0 mm"]


# Sentences of a draft


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("register", ["full", "terse"])
def test_the_drafts_own_sentences_are_known_in_every_house_style(scored_study, language, register):
    result, lung = result_of(scored_study), content_for("lung")
    draft = fixed_draft(result, "", HouseStyle(language=language, register=register))
    sections = drafted_sections(lung, draft["sections"])
    # The worker that drafts runs in the language of the server, whatever the site words its drafts in.
    lines = drafted_answers(lung, result, sections, "en")["lines"]
    assert lines["category"]["sentence"] == sections["assessment"][0]["id"]
    assert "Lung-RADS" in lines["category"]["text"] and "4A" in lines["category"]["text"]
    assert lines["advice"]["sentence"] == sections["recommendation"][0]["id"]


def test_a_suggested_density_is_known_in_chinese_too():
    breast = content_for("breast")
    result = {"study_uid": "1.2", "programme": "breast", "state": "scored", "attributes": {"density": "b"}}
    draft = fixed_draft({**result, "findings": [], "limitations": []}, "", HouseStyle(language="zh"))
    sections = drafted_sections(breast, draft["sections"])
    lines = drafted_answers(breast, result, sections, "en")["lines"]
    assert lines["density"]["sentence"] == sections["breast_composition"][0]["id"]


# Earlier studies whose AI result is held back


@pytest.fixture
def held_back_prior(followed):
    """Both studies of a site that holds the AI back until a first opinion; the earlier one nobody has read."""
    report, prior = followed()
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    report.study.site.refresh_from_db()
    return report, Study.objects.get(pk=prior.pk)


def sizes_of_priors(report: Report) -> list[tuple[float, ...]]:
    given = review_input(Report.objects.get(pk=report.pk), full_text(report))
    return [each.sizes_mm for each in given.priors]


def test_the_review_knows_no_size_of_a_prior_that_is_held_back_from_the_reader(held_back_prior, reader):
    report, prior = held_back_prior
    assert sizes_of_priors(report) == [()]
    release_study(study=report.study, reader=reader)
    claim_study(study=prior, reader=reader)
    commit_first_opinion(study=prior, reader=reader, opinion="abnormal")
    release_study(study=prior, reader=reader)
    claim_study(study=Study.objects.get(pk=report.study_id), reader=reader)
    assert sizes_of_priors(report) == [(5.0, 6.8)]


def test_where_nothing_is_held_back_the_review_knows_them(followed):
    report, _prior = followed()
    assert sizes_of_priors(report) == [(5.0, 6.8)]


def test_a_draft_does_not_quote_what_the_score_was_compared_with_while_that_is_held_back(held_back_prior):
    report, prior = held_back_prior
    quoted = "5.0 mm"
    assert quoted in json.dumps(report.revisions.get().sections), "drafted before anything was held back"
    anew = by_template(Study.objects.get(pk=report.study_id)).revisions.order_by("number").last()
    assert anew.number == 1 and quoted not in json.dumps(anew.sections) and "7.0 mm" in json.dumps(anew.sections)
    Study.objects.filter(pk=prior.pk).update(status=StudyStatus.REPORTED)
    anew = by_template(Study.objects.get(pk=report.study_id)).revisions.order_by("number").last()
    assert quoted in json.dumps(anew.sections)


def test_a_draft_is_made_without_the_result_of_a_prior_that_is_held_back(held_back_prior):
    report, prior = held_back_prior
    assert prior_result(Study.objects.get(pk=report.study_id)) is None
    Study.objects.filter(pk=prior.pk).update(status=StudyStatus.REPORTED)
    found = prior_result(Study.objects.get(pk=report.study_id))
    assert [each["size_mm"] for each in found["findings"]] == [5.0, 6.8]
