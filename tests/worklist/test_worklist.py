"""The list orders itself, explains itself, and shows each role what it may see."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Verb
from screening.models import Finding, ScoreRun, Study
from screening.selectors.worklist import Filters, queue, worklist_page
from screening.services.reading import claim_study
from screening.states import AiState, RunStatus, StudyStatus

NOON = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


def scored(study, *, score=0.9, limitations=(), above=True, findings=(), **result):
    run = ScoreRun.objects.create(
        study=study,
        programme=study.programme or "lung",
        inputs_sha256="0" * 64,
        model_name="lung-nodule",
        model_version="1.0",
        model_sha256="0" * 64,
        requested_at=timezone.now(),
        status=RunStatus.SUCCEEDED,
        result={"score": score, "limitations": list(limitations), "above_threshold": above, **result},
    )
    for number, fields in enumerate(findings, start=1):
        Finding.objects.create(
            run=run, number=number, key=f"f{number}", series_uid="1", sop_uid="1", box=[0, 0, 1, 1], **fields
        )
    Study.objects.filter(pk=study.pk).update(ai_state=AiState.SCORED, score=score, status=StudyStatus.TO_READ)
    return run


def row_of(user, study):
    return next(row for row in worklist_page(user, Filters()).rows if row.study.pk == study.pk)


def test_rows_stand_in_due_order_and_the_score_only_breaks_ties(north, make_study, reader):
    with time_machine.travel(NOON, tick=False):
        late, low, high = make_study(north), make_study(north), make_study(north)
        Study.objects.filter(pk=late.pk).update(
            due_at=NOON + dt.timedelta(hours=80), base_due_at=NOON + dt.timedelta(hours=80)
        )
        Study.objects.filter(pk=late.pk).update(score=1.0)
        Study.objects.filter(pk=high.pk).update(score=0.7)
    assert [study.pk for study in queue(reader)] == [high.pk, low.pk, late.pk]


def test_the_other_sites_studies_are_not_on_the_list(north, south, make_study, reader, stranger):
    here, there = make_study(north), make_study(south)
    assert [study.pk for study in queue(reader)] == [here.pk]
    assert [study.pk for study in queue(stranger)] == [there.pk]


def test_a_reader_at_two_sites_has_one_list(north, south, make_study, reader):
    studies = {make_study(north).pk, make_study(south).pk}
    Membership.objects.create(user=reader, site=south, role="reader")
    assert {study.pk for study in queue(reader)} == studies


HONEST = {
    AiState.PENDING: ("Waiting to be scored", "state"),
    AiState.REFUSED: ("Refused · Too few slices.", "refused"),
    AiState.FAILED: ("Failed · Too few slices.", "refused"),
    AiState.OUT_OF_SCOPE: ("Out of scope · Too few slices.", "state"),
}


@pytest.mark.parametrize("state", HONEST)
def test_what_was_not_scored_says_so_and_never_looks_negative(north, make_study, reader, state):
    study = make_study(north, status=StudyStatus.TO_READ, ai_state=state, ai_reason="Too few slices.")
    row = row_of(reader, study)
    assert (row.ai, row.ai_class) == HONEST[state]
    assert "below threshold" not in row.ai + row.ai_detail


def test_scored_below_threshold_is_the_only_row_that_says_so(north, make_study, reader):
    study = make_study(north, programme="lung")
    scored(study, score=0.1, above=False, category="1")
    assert row_of(reader, study).ai == "Lung-RADS 1 · below threshold"


def test_a_result_with_limitations_is_incomplete_and_not_below_threshold(north, make_study, reader):
    study = make_study(north, programme="breast")
    scored(study, score=0.1, above=False, band=2, limitations=["left CC view is missing"])
    row = row_of(reader, study)
    assert row.ai.startswith("Incomplete")
    assert "below" not in row.ai
    assert row.ai_detail == "left CC view is missing"


def test_the_first_finding_stands_on_the_row(north, make_study, reader):
    study = make_study(north, programme="lung")
    finding = {"type": "solid_nodule", "location": "right upper lobe", "size_mm": 16.2, "probability": 0.91}
    scored(study, category="4B", findings=[finding])
    assert row_of(reader, study).ai == "Lung-RADS 4B · solid nodule 16.2 mm, right upper lobe"


def test_a_row_says_where_it_would_stand_without_ai(north, make_study, reader):
    for _ in range(3):
        make_study(north, status=StudyStatus.TO_READ)
    urgent = make_study(north, programme="brain")
    scored(urgent)
    Study.objects.filter(pk=urgent.pk).update(due_at=timezone.now(), due_rule="critical: haemorrhage (window 10 min)")
    why = row_of(reader, urgent).why
    assert why[0] == "Critical: haemorrhage (window 10 min)"
    assert why[-2:] == (
        "place 1; without AI it would be 4",
        "Advisory: does not move the queue. Its figures have not earned the right.",
    )


def test_a_late_study_is_marked_late(north, make_study, reader):
    study = make_study(north)
    with time_machine.travel(study.due_at + dt.timedelta(minutes=4, seconds=1), tick=False):
        row = row_of(reader, study)
    assert (row.due, row.late) == ("late 4 min", True)


def test_a_technologist_sees_the_row_but_no_score(client, north, make_study, technologist):
    study = make_study(north, programme="lung")
    scored(study, category="4B")
    client.force_login(technologist)
    page = client.get(reverse("worklist")).content.decode()
    row = page[page.index(f'data-uid="{study.study_uid}"') :].partition("<template>")[0]
    assert "4B" not in row and "Not shown to this role" in row


FILTERS = {
    "programme": ("lung", "brain"),
    "tier": ("urgent", "critical"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_keeps_what_fits(north, make_study, reader, name):
    fits, other = FILTERS[name]
    wanted = make_study(north, **{name: fits})
    make_study(north, **{name: other})
    rows = worklist_page(reader, Filters.of({name: fits})).rows
    assert [row.study.pk for row in rows] == [wanted.pk]


def test_mine_shows_only_what_i_am_reading(north, make_study, reader, second_reader):
    mine, theirs = make_study(north), make_study(north)
    claim_study(study=mine, reader=reader)
    claim_study(study=theirs, reader=second_reader)
    assert [row.study.pk for row in worklist_page(reader, Filters.of({"mine": "1"})).rows] == [mine.pk]


def test_unknown_filter_values_are_ignored(north, make_study, reader):
    make_study(north)
    strange = {"tier": "x", "state": "'; --", "programme": "<b>", "shown": "many"}
    assert worklist_page(reader, Filters.of(strange)).total == 1


@pytest.mark.parametrize("text", ["number1", "TESTPATIENT", "testpatient, number1", "P-0001", "ACC7"])
def test_search_finds_by_name_id_or_accession(client, north, make_study, reader, text):
    study = make_study(north, accession_number="ACC7")
    client.force_login(reader)
    page = client.post(reverse("worklist-search"), {"text": text}).content.decode()
    assert study.study_uid in page


def test_a_search_is_by_post_only_and_audited_without_its_words(client, north, make_study, reader):
    make_study(north)
    client.force_login(reader)
    assert client.get(reverse("worklist-search")).status_code == 405
    client.post(reverse("worklist-search"), {"text": "TESTPATIENT"})
    event = AuditEvent.objects.get(verb=Verb.PATIENTS_SEARCHED)
    assert "TESTPATIENT" not in str(event.detail)


def test_the_list_costs_the_same_number_of_queries_for_any_number_of_rows(
    client, north, make_study, reader, django_assert_max_num_queries
):
    for _ in range(12):
        scored(make_study(north, programme="lung"), category="2")
    client.force_login(reader)
    with django_assert_max_num_queries(32):
        client.get(reverse("worklist-rows"))


def test_the_list_reads_no_heat_map(north, make_study, reader, django_assert_max_num_queries):
    """They lie in the result and weigh more than all that a row shows."""
    study = make_study(north, programme="lung")
    scored(study, category="2", above=False, score=0.125, limitations=["one gap"], attributes={"secret": "map" * 9})
    with django_assert_max_num_queries(32) as asked:
        row = row_of(reader, study)
    assert (row.ai, row.ai_detail) == ("Incomplete · Lung-RADS 2", "one gap")
    assert not any(', "screening_scorerun"."result"' in query["sql"] for query in asked.captured_queries)


@pytest.mark.parametrize("category", ["0", "1", "4A"])
def test_a_category_is_shown_as_it_was_given_even_where_it_looks_like_a_number(north, make_study, reader, category):
    study = make_study(north, programme="lung")
    scored(study, category=category, above=None)
    assert row_of(reader, study).ai == f"Lung-RADS {category}"


def test_a_name_out_of_a_tag_is_shown_as_text(client, north, make_study, reader):
    study = make_study(north, description="<script>alert(1)</script>")
    study.patient.name = "<img src=x>^Mara"
    study.patient.save()
    client.force_login(reader)
    page = client.get(reverse("worklist")).content.decode()
    assert "<script>alert" not in page and "<img src=x>" not in page


def test_an_empty_list_says_what_to_expect(client, north, reader):
    client.force_login(reader)
    assert "The list is empty." in client.get(reverse("worklist")).content.decode()
