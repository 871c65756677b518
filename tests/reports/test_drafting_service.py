"""Drafts are asked for, claimed, recorded once, and never laid over a person's text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.models import Report, Revision
from reports.sections import sentences_of
from reports.selectors import text_state
from reports.services import drafting, editing, signing
from reports.states import ReportStatus
from screening.models import Patient, ScoreRun
from screening.services.reading import claim_study
from screening.signals import study_scored
from screening.states import AiState
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text, result_of, sentence


def texts(revision: Revision) -> str:
    return " ".join(each["text"] for each in sentences_of(revision.sections))


def test_a_score_asks_for_a_draft(scored_study, score):
    run = score(scored_study)
    study_scored.send(sender=ScoreRun, run=run)
    report = Report.objects.get(study=scored_study)
    assert report.status == ReportStatus.DRAFTING
    assert report.programme == "lung"
    assert report.draft_lease_until is not None


def test_a_request_is_sent_to_the_scoring_queue_on_commit(
    scored_study, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("celery.Celery.send_task", lambda self, name, **options: sent.append((name, options)))
    with django_capture_on_commit_callbacks(execute=True):
        report = drafting.request_draft(study=scored_study)
        assert sent == []
    assert sent == [("reports.gpu_tasks.draft_report", {"args": [report.pk], "queue": "scoring"})]


def test_a_draft_becomes_revision_0_with_origin_and_evidence_on_every_sentence(drafted):
    revision = drafted.revisions.get()
    assert (revision.number, revision.author, revision.offered) == (0, None, False)
    assert drafted.status == ReportStatus.DRAFT
    sentences = list(sentences_of(revision.sections))
    assert sentences and all(each["origin"] and each["id"] and each["state"] == "ai" for each in sentences)
    assert len({each["id"] for each in sentences}) == len(sentences)
    assert any(each["evidence"] == ["f1"] and "8.2 mm" in each["text"] for each in sentences)
    assert AuditEvent.objects.filter(verb=Verb.REPORT_DRAFTED).count() == 1


def test_a_claimed_draft_cannot_be_claimed_again_before_its_lease_ends(scored_study, time_machine):
    time_machine.move_to("2026-11-21 10:00:00+00:00", tick=False)
    report = drafting.request_draft(study=scored_study)
    assert drafting.claim_draft(report_id=report.pk).attempt == 1
    assert drafting.claim_draft(report_id=report.pk) is None
    time_machine.shift(timedelta(seconds=61))
    assert drafting.claim_draft(report_id=report.pk).attempt == 2


def test_an_attempt_that_lost_its_lease_records_nothing(scored_study, time_machine):
    time_machine.move_to("2026-11-21 10:00:00+00:00", tick=False)
    report = drafting.request_draft(study=scored_study)
    first = drafting.claim_draft(report_id=report.pk)
    time_machine.shift(timedelta(seconds=61))
    second = drafting.claim_draft(report_id=report.pk)
    draft = drafting.fixed_draft(second.result, "")
    assert drafting.record_draft(claim=first, draft=draft) is None
    assert drafting.record_draft(claim=second, draft=draft) is not None
    assert drafting.record_draft(claim=second, draft=draft) is None
    assert report.revisions.count() == 1


def test_a_draft_of_an_earlier_result_is_dropped(scored_study, score):
    report = drafting.request_draft(study=scored_study)
    old = drafting.claim_draft(report_id=report.pk)
    score(scored_study, findings=[], category="1", above_threshold=False, score=0.1)
    drafting.request_draft(study=scored_study)
    new = drafting.claim_draft(report_id=report.pk)
    assert drafting.record_draft(claim=old, draft=drafting.fixed_draft(old.result, "")) is None
    kept = drafting.record_draft(claim=new, draft=drafting.fixed_draft(new.result, ""))
    assert "8.2" not in texts(kept)


def test_no_draft_is_made_while_the_ai_has_yet_to_speak_again(drafted):
    drafting.request_draft(study=drafted.study)
    drafted.study.ai_state = AiState.PENDING
    drafted.study.save()
    assert drafting.claim_draft(report_id=drafted.pk) is None
    assert drafted.revisions.count() == 1


def test_a_draft_that_comes_after_a_persons_text_is_offered_beside_it(claimed, reader, score):
    first = editing.save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed))
    score(claimed.study, findings=[])
    by_template(claimed.study)
    state = text_state(claimed)
    assert state.current == first
    assert state.offered is not None and state.offered.number == 2
    later = editing.save_revision(
        report=claimed, author=reader, parent=1, sections={"technique": [sentence("Low-dose CT.")]}
    )
    assert (later.number, later.parent) == (3, 1)
    assert text_state(claimed).current == later


def test_a_draft_that_comes_while_a_reader_looks_at_the_first_one_is_offered(claimed, score):
    score(claimed.study, findings=[])
    by_template(claimed.study)
    state = text_state(claimed)
    assert state.current.number == 0
    assert state.offered.number == 1


def test_a_new_draft_replaces_the_old_one_while_nobody_has_the_study(drafted, score):
    score(drafted.study, findings=[])
    by_template(drafted.study)
    assert text_state(drafted).current.number == 1
    assert text_state(drafted).offered is None


def test_an_offer_of_which_something_was_taken_over_is_no_longer_offered(ready, reader, score):
    score(ready.study, findings=[])
    by_template(ready.study)
    offered = text_state(ready).offered
    taken = next(each for each in sentences_of(offered.sections))
    editing.save_revision(report=ready, author=reader, parent=1, sections={"assessment": [taken]})
    state = text_state(ready)
    assert state.offered is None
    assert state.current.sections["assessment"][0]["state"] == "ai"


def test_a_first_text_begun_before_the_draft_wins_and_the_draft_is_offered(scored_study, reader):
    claim_study(study=scored_study, reader=reader)
    report = drafting.ensure_report(study=scored_study)
    by_template(scored_study)
    mine = editing.save_revision(report=report, author=reader, parent=None, sections={"nodules": [sentence("None.")]})
    state = text_state(report)
    assert state.current == mine
    assert state.offered.number == 0


def test_a_reader_can_start_while_the_ai_has_yet_to_read(make_study, north, reader):
    study = make_study(north, programme="lung")
    claim_study(study=study, reader=reader)
    report = drafting.ensure_report(study=study)
    assert report.status == ReportStatus.DRAFTING
    assert text_state(report).current is None
    saved = editing.save_revision(report=report, author=reader, parent=None, sections={"nodules": [sentence("None.")]})
    assert (saved.number, saved.parent) == (1, None)


@pytest.mark.parametrize("state", [AiState.OUT_OF_SCOPE, AiState.REFUSED, AiState.FAILED])
def test_a_study_the_ai_did_not_read_gets_a_report_that_says_so(make_study, north, state):
    study = make_study(north, ai_state=state, ai_reason="The slices are too thick.")
    report = drafting.ensure_report(study=study)
    said = texts(report.revisions.get())
    assert "AI" in said and "slices are too thick" in said
    assert "No " not in said


def test_asking_twice_for_a_report_makes_one(make_study, north):
    study = make_study(north, ai_state=AiState.REFUSED)
    assert drafting.ensure_report(study=study) == drafting.ensure_report(study=study)
    assert Revision.objects.count() == 1


def test_a_refused_study_is_drafted_without_any_finding(make_study, north, score):
    study = make_study(north)
    score(study, "refused")
    report = by_template(study)
    assert all(not each["evidence"] for each in sentences_of(report.revisions.get().sections))
    assert "did not read" in texts(report.revisions.get())


def test_after_three_lost_attempts_the_fixed_sentences_stand_in(scored_study, time_machine):
    time_machine.move_to("2026-11-21 10:00:00+00:00", tick=False)
    report = drafting.request_draft(study=scored_study)
    for _attempt in range(3):
        assert drafting.claim_draft(report_id=report.pk) is not None
        time_machine.shift(timedelta(seconds=61))
        if _attempt < 2:
            assert drafting.sweep_drafts() == 1
            time_machine.shift(timedelta(seconds=1))
    assert drafting.sweep_drafts() == 1
    revision = report.revisions.get()
    assert revision.origin == "fixed sentences"
    assert not revision.guard["passed"]
    assert "8.2 mm" in texts(revision)
    assert drafting.sweep_drafts() == 0


def test_a_lost_message_is_sent_again_at_most_once_a_minute(scored_study, time_machine):
    time_machine.move_to("2026-11-21 10:00:00+00:00", tick=False)
    drafting.request_draft(study=scored_study)
    swept = []
    for _quarter in range(12):
        time_machine.shift(timedelta(seconds=15))
        swept.append(drafting.sweep_drafts())
    assert sum(swept) == 3


def test_an_unusable_result_still_gives_a_report(scored_study, score):
    score(scored_study)
    run = ScoreRun.objects.latest("pk")
    run.result = {**run.result, "findings": "nonsense"}
    run.save()
    report = drafting.request_draft(study=scored_study)
    Report.objects.filter(pk=report.pk).update(draft_attempt=3, draft_lease_until=timezone.now())
    assert drafting.claim_draft(report_id=report.pk) is None
    assert report.revisions.get().guard["passed"] is False


def test_the_prior_is_the_newest_earlier_result_of_the_same_patient(make_study, north, score):
    now = timezone.now()
    studies = [make_study(north, study_at=now - timedelta(days=days)) for days in (700, 350, 0)]
    for study in studies[1:]:
        study.patient = studies[0].patient
        study.save()
    for study in studies:
        score(study, category="2" if study is studies[1] else "1")
    prior = drafting.prior_result(studies[2])
    assert prior["category"] == "2"
    assert prior["study_date"] == timezone.localtime(studies[1].study_at).date().isoformat()
    assert drafting.prior_result(studies[0]) is None


@pytest.mark.parametrize("doubt", [{"patient_id": ""}, {"mismatch": True}])
def test_a_patient_of_whom_it_is_not_known_who_it_is_has_no_prior(make_study, north, score, doubt):
    now = timezone.now()
    older, newer = (make_study(north, study_at=now - timedelta(days=days)) for days in (10, 0))
    Patient.objects.filter(pk=older.patient_id).update(**doubt)
    older.patient.refresh_from_db()
    newer.patient = older.patient
    newer.save()
    score(older)
    score(newer)
    assert drafting.prior_result(newer) is None


def test_a_signed_report_is_left_alone_by_later_scores(ready, reader, request_by, score):
    signing.sign_report(
        report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    score(ready.study)
    report = drafting.request_draft(study=ready.study)
    assert report.status == ReportStatus.SIGNED
    assert drafting.claim_draft(report_id=report.pk) is None
    assert report.revisions.count() == 2


def test_the_line_drafted_from_never_calls_an_unread_study_scored(make_study, north):
    study = make_study(north, ai_state=AiState.SCORED)
    assert drafting.draft_input(study, None)["state"] == "pending"
    assert result_of(study)["state"] == "scored"


def test_a_text_begun_before_routing_keeps_its_sections_and_the_draft_is_offered_in_them(
    make_study, north, reader, score
):
    study = make_study(north)
    claim_study(study=study, reader=reader)
    report = drafting.ensure_report(study=study)
    editing.save_revision(report=report, author=reader, parent=None, sections={"findings": [sentence("A nodule.")]})
    score(study)
    by_template(study)
    report.refresh_from_db()
    state = text_state(report)
    assert state.current.sections["findings"][0]["text"] == "A nodule."
    assert any("8.2 mm" in each["text"] for each in state.offered.sections["findings"])
