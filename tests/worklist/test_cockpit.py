"""What the list counts, keeps, announces and explains."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import HoldBack
from screening.models import SavedFilter, Study, Tier
from screening.selectors.worklist import Filters, next_free, worklist_page
from screening.services.deferring import defer_study
from screening.services.handing_over import CannotHandOver, hand_over
from screening.services.notes import write_note
from screening.services.reading import claim_study, complete_reading, pass_on
from screening.services.saved_filters import CannotSave, save_filter
from screening.services.sessions import start_session
from screening.states import StudyStatus
from tests.worklist.test_worklist import row_of, scored


def busy_list(north, make_study, reader, technologist, studies):
    """So many studies of every kind: scored, set aside, asked about, read by somebody, with a prior."""
    now = timezone.now()
    for number in range(studies):
        study = make_study(north, status=StudyStatus.TO_READ, programme="lung", closed_at=now, study_at=now)
        prior = make_study(north, status=StudyStatus.REPORTED, study_at=now - dt.timedelta(days=300))
        Study.objects.filter(pk=prior.pk).update(patient=study.patient)
        scored(study, category="2", findings=[{"type": "solid_nodule", "size_mm": 5.0, "probability": 0.5}])
        study.refresh_from_db()
        if number % 4 == 0:
            defer_study(study=study, reader=reader, reason="priors", until=now + dt.timedelta(hours=1))
        elif number % 4 == 1:
            write_note(study=study, author=reader, text="Which side?")
        elif number % 4 == 2:
            claim_study(study=study, reader=reader)


@pytest.mark.parametrize(
    "address", ["/worklist/", "/worklist/rows/", "/worklist/rows/?view=session", "/worklist/?view=deferred"]
)
def test_a_page_asks_the_same_number_of_questions_for_four_studies_as_for_forty(
    client, north, make_study, reader, technologist, address
):
    client.force_login(reader)
    asked = []
    for studies in (4, 36):
        busy_list(north, make_study, reader, technologist, studies)
        start_session(reader=reader, wanted=25)
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 40


def test_the_list_counts_its_views_and_tiers(north, make_study, reader, technologist):
    busy_list(north, make_study, reader, technologist, 8)
    urgent = make_study(north, status=StudyStatus.TO_READ, tier=Tier.URGENT)
    claim_study(study=urgent, reader=reader)
    complete_reading(study=urgent, reader=reader)
    page = worklist_page(reader, Filters())
    assert page.views == {"": 6, "mine": 2, "second": 0, "deferred": 2, "questions": 2, "signed": 1, "session": 0}
    assert page.tiers == {"critical": 0, "urgent": 0, "soon": 0, "routine": 6}


def test_the_programme_tabs_and_tiers_count_what_the_view_shows(
    client, north, make_study, reader, second_reader, django_assert_max_num_queries
):
    """A tab that says 3 shows three rows when it is pressed."""
    for programme, mine in [("lung", True), ("lung", False), ("brain", True), ("breast", False)]:
        study = make_study(north, status=StudyStatus.TO_READ, programme=programme, tier=Tier.SOON)
        claim_study(study=study, reader=reader if mine else second_reader)
    mine = worklist_page(reader, Filters(view="mine"))
    assert {name: mine.counts[name] for name in ("", "lung", "brain", "breast")} == {
        "": 2, "lung": 1, "brain": 1, "breast": 0,
    }  # fmt: skip
    assert (mine.tiers["soon"], mine.views[""], mine.views["mine"], mine.being_read) == (2, 4, 2, 4)
    for name, count in mine.counts.items():
        assert worklist_page(reader, Filters(view="mine", programme=name)).total == count
    done = worklist_page(reader, Filters(state="reported"))
    assert (done.counts[""], done.views[""]) == (0, 4)
    client.force_login(reader)
    with django_assert_max_num_queries(40):
        page = client.get("/worklist/?view=mine&programme=lung").content.decode()
    assert '<b data-count="lung">1</b>' in page and '<b data-count="breast" class="none">0</b>' in page


def test_what_i_signed_yesterday_is_not_signed_today(north, make_study, reader, second_reader):
    mine, theirs, old = (make_study(north, status=StudyStatus.TO_READ) for _ in range(3))
    for study, who in ((mine, reader), (theirs, second_reader), (old, reader)):
        claim_study(study=study, reader=who)
        complete_reading(study=study, reader=who)
    old.readings.update(closed_at=timezone.now() - dt.timedelta(days=1, minutes=1))
    assert [row.study for row in worklist_page(reader, Filters(view="signed")).rows] == [mine]


def test_a_role_without_scores_learns_no_tier_from_a_filter_or_a_count(north, make_study, technologist):
    make_study(north, status=StudyStatus.TO_READ, tier=Tier.CRITICAL)
    page = worklist_page(technologist, Filters(tier="critical"))
    assert (page.total, set(page.tiers.values())) == (0, {0})
    row = worklist_page(technologist, Filters()).rows[0]
    assert (row.tier_label, [reason.name for reason in row.reasons]) == ("", ["due", "waiting"])


def test_a_tier_that_is_held_back_is_told_to_nobody_before_their_opinion(north, make_study, reader):
    north.hold_back_ai = HoldBack.ALWAYS
    north.save()
    scored(make_study(north, programme="brain", tier=Tier.CRITICAL))
    page = worklist_page(reader, Filters())
    assert (page.rows[0].ai, page.rows[0].tier_label, page.tiers["critical"]) == ("Held back", "", 0)
    assert worklist_page(reader, Filters(tier="critical")).total == 0


@pytest.mark.parametrize("view", ["mine", "second", "deferred", "questions", "signed", "session", ""])
def test_an_empty_view_says_what_it_is_for(client, north, reader, view):
    client.force_login(reader)
    page = client.get(reverse("worklist"), {"view": view}).content.decode()
    empty = page[page.index('<tr class="none">') :].partition("</tr>")[0]
    sentences = {
        "mine": "what a colleague hands over to you appears here",
        "deferred": "comes back by itself",
        "questions": "No question to the technologist is open",
        "signed": "signed nothing yet today",
        "session": "then start one",
        "": "The list is empty",
    }
    assert sentences.get(view, "second") in empty


def test_a_list_narrowed_to_nothing_offers_the_whole(client, north, make_study, reader):
    make_study(north, programme="lung")
    client.force_login(reader)
    page = client.get(reverse("worklist"), {"programme": "brain", "view": "mine"}).content.decode()
    assert '<a href="/worklist/?view=mine">Show all</a>' in page


# Late images and new priors


def test_images_that_came_since_the_reading_began_are_a_badge_and_news(north, make_study, reader):
    study = make_study(north, status=StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    assert row_of(reader, study).news == ""
    Study.objects.filter(pk=study.pk).update(instance_count=4)
    row = row_of(reader, study)
    assert [badge.words for badge in row.badges] == ["2 images came later"]
    assert row.news == "TESTPATIENT, Number1: 2 images came later."


def test_a_prior_that_came_after_the_study_is_new(north, make_study, reader):
    now = timezone.now()
    study = make_study(north, status=StudyStatus.TO_READ, study_at=now)
    earlier = make_study(north, study_at=now - dt.timedelta(days=365), received_at=now - dt.timedelta(days=365))
    Study.objects.filter(pk=earlier.pk).update(patient=study.patient)
    assert [badge.words for badge in row_of(reader, study).badges] == ["1 prior"]
    Study.objects.filter(pk=earlier.pk).update(received_at=now + dt.timedelta(minutes=1))
    assert [badge.words for badge in row_of(reader, study).badges] == ["new prior"]


@pytest.mark.parametrize("unsure", [{"patient_id": ""}, {"mismatch": True}])
def test_nobody_is_given_a_prior_of_somebody_else(north, make_study, reader, unsure):
    now = timezone.now()
    study = make_study(north, status=StudyStatus.TO_READ, study_at=now)
    earlier = make_study(north, study_at=now - dt.timedelta(days=365))
    Study.objects.filter(pk=earlier.pk).update(patient=study.patient)
    type(study.patient).objects.filter(pk=study.patient_id).update(**unsure)
    assert row_of(reader, study).badges == ()


# Why here


def test_the_panel_tells_rule_due_waiting_place_and_right(north, make_study, reader):
    make_study(north, status=StudyStatus.TO_READ)
    study = make_study(north, programme="brain")
    scored(study)
    Study.objects.filter(pk=study.pk).update(due_at=timezone.now(), due_rule="Critical: haemorrhage (window 10 min)")
    reasons = {reason.name: reason.text for reason in row_of(reader, study).reasons}
    assert list(reasons) == ["rule", "due", "waiting", "place", "right"]
    assert reasons["rule"] == "Critical: haemorrhage (window 10 min)"
    assert reasons["place"] == "place 1; without AI it would be 2"


LIMITS = {
    "pending": "no AI result yet; the order and the programme alone decide",
    "refused": "no AI result; the order and the programme alone decide",
}


@pytest.mark.parametrize("state", LIMITS)
def test_the_panel_says_what_keeps_ai_from_moving_a_study(north, make_study, reader, state):
    study = make_study(north, status=StudyStatus.TO_READ, programme="lung", ai_state=state)
    reasons = {reason.name: reason.text for reason in row_of(reader, study).reasons}
    assert reasons["limits"] == LIMITS[state]


def test_the_panel_says_that_an_incomplete_result_reassures_nobody(north, make_study, reader):
    study = make_study(north, programme="breast")
    scored(study, limitations=["left CC view is missing"])
    reasons = {reason.name: reason.text for reason in row_of(reader, study).reasons}
    assert reasons["limits"] == "the AI result is incomplete and counts as no reassurance"


# Saved filters


def test_a_filter_is_kept_by_name_without_a_searched_text(client, north, make_study, reader, second_reader):
    client.force_login(reader)
    fields = {"name": "Lung, free", "programme": "lung", "state": "free", "text": "OSEI"}
    answer = client.post(reverse("filter-save"), fields)
    assert answer["Location"] == "/worklist/?programme=lung&state=free"
    assert SavedFilter.objects.get().values == {"programme": "lung", "state": "free"}
    client.post(reverse("filter-save"), {"name": "Lung, free", "programme": "brain"})
    assert SavedFilter.objects.get().values == {"programme": "brain"}
    assert "?programme=brain&amp;" in client.get(reverse("worklist")).content.decode()
    client.force_login(second_reader)
    assert "Lung, free" not in client.get(reverse("worklist")).content.decode()
    taken = client.post(reverse("filter-remove"), {"filter": SavedFilter.objects.get().pk})
    assert (taken.status_code, SavedFilter.objects.count()) == (404, 1)


def test_twenty_filters_are_enough(reader):
    for number in range(20):
        save_filter(user=reader, name=f"filter {number}", values={})
    save_filter(user=reader, name="filter 3", values={"tier": "soon"})
    with pytest.raises(CannotSave):
        save_filter(user=reader, name="one more", values={})


# More than one reader


def test_a_study_whose_first_reading_is_over_waits_for_somebody_else(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ, closed_at=timezone.now())
    claim_study(study=study, reader=reader)
    pass_on(study=study, reader=reader)
    mine, theirs = (worklist_page(who, Filters(view="second")) for who in (reader, second_reader))
    assert (mine.views["second"], mine.rows[0].claimable, theirs.rows[0].claimable) == (1, False, True)
    assert (next_free(reader), next_free(second_reader)) == (None, study)
    assert start_session(reader=reader) is None
    assert worklist_page(reader, Filters(view="signed")).total == 0


def test_nobody_is_handed_a_study_they_have_read(north, make_study, reader, second_reader):
    study = make_study(north, status=StudyStatus.TO_READ, closed_at=timezone.now())
    claim_study(study=study, reader=reader)
    pass_on(study=study, reader=reader)
    claim_study(study=study, reader=second_reader)
    with pytest.raises(CannotHandOver):
        hand_over(study=study, reader=second_reader, colleague=reader)
