"""What a held-back AI or a blind first reader said reaches nobody by a side door: earlier studies, tasks, rules."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.models import HoldBack, Site
from reports.models import CommunicationLimit, CommunicationTask, MatchVerdict, ReadingRule
from reports.rules.reading import Kind, Rule
from reports.selectors import room
from reports.selectors.beside import beside_json
from reports.selectors.double_reading import opinions_json
from reports.selectors.tasks import listed_tasks, tasks_of
from reports.services.communication import dismiss, open_task
from reports.services.comparing import judge_match
from reports.services.double_reading import give_opinion, set_rule
from reports.services.follow_up import recommend
from reports.services.signing import sign_report
from screening.models import Study
from screening.services.handing_over import hand_over
from screening.services.reading import claim_study
from screening.states import StudyStatus
from tests.conftest import PASSWORD
from tests.reports.test_double_reading import read
from tests.reports.test_priors import two_dates  # noqa: F401  (a fixture)

WORDS = "Spiculated mass, left upper lobe"


def fresh(study: Study) -> Study:
    return Study.objects.select_related("site", "patient").get(pk=study.pk)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rule(north, administrator):
    def put(kind: Kind) -> None:
        set_rule(site=north, programme="lung", rule=Rule(kind), reason="As agreed", actor=administrator, after=0)

    return put


def test_an_earlier_study_that_is_still_held_back_shows_no_finding_beside_a_reported_one(two_dates, reader):  # noqa: F811
    study, prior = two_dates
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    Study.objects.filter(pk=study.pk).update(status=StudyStatus.REPORTED)
    shown = beside_json(fresh(study), fresh(prior), reader)
    assert (shown["findings"], shown["pairs"], shown["organ_shift_mm"]) == ([], [], None)


def test_a_blind_second_reader_is_told_no_match_and_none_is_kept_before_the_opinions(
    two_dates,  # noqa: F811
    reader,
    second_reader,
    rule,
):
    study, prior = two_dates
    claim_study(study=study, reader=reader)
    named = {"study": fresh(study), "prior": prior, "reader": reader, "finding": "f1", "prior_finding": "f2"}
    judge_match(**named, verdict=MatchVerdict.CONFIRMED)
    rule(Kind.DOUBLE)
    pairs = beside_json(fresh(study), fresh(prior), second_reader)["pairs"]
    assert pairs and {pair["state"] for pair in pairs} == {"proposed"}
    with pytest.raises(PermissionDenied, match="opinion"):
        judge_match(**named, verdict=MatchVerdict.REJECTED)


def test_what_another_reader_told_somebody_is_not_told_to_a_blind_second_reader(
    make_study, north, score, reader, second_reader, rule
):
    study = make_study(north)
    score(study)
    rule(Kind.DOUBLE)
    open_task(study=fresh(study), actor=reader, tier="urgent", finding=WORDS)
    read(study, reader, "recall")
    study = fresh(study)
    claim_study(study=study, reader=second_reader)
    assert [row.task.finding for row in tasks_of(study, reader)["tellings"]] == [WORDS]
    assert tasks_of(study, second_reader)["tellings"] == []
    client = client_of(second_reader)
    panel = client.get(reverse("study-tasks", args=(study.study_uid,))).content.decode()
    page = client.get(reverse("tasks")).content.decode()
    assert WORDS not in panel and WORDS not in page
    # The clock is everybody's: that there is something to tell stays in sight.
    assert 'data-communication="' in page
    give_opinion(study=study, reader=second_reader, verdict="recall")
    assert [row.task.finding for row in tasks_of(fresh(study), second_reader)["tellings"]] == [WORDS]


def test_tasks_drawn_from_the_ai_wait_for_the_first_opinion(make_study, north, score, reader, second_reader):
    study = make_study(north)
    score(study)
    dismissed = open_task(study=fresh(study), actor=reader, tier="urgent", finding=WORDS)
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    assert tasks_of(fresh(study), second_reader)["tellings"] == []
    (row,) = listed_tasks(second_reader)["tellings"]
    assert row.task == dismissed and row.finding != WORDS and not row.may_unconfirm


def test_the_ais_critical_result_cannot_be_dismissed_nor_asked_after_while_it_is_held_back(
    make_study, north, score, reader
):
    study = make_study(north)
    score(study)
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    claim_study(study=study, reader=reader)
    with pytest.raises(PermissionDenied, match="first opinion"):
        dismiss(study=fresh(study), actor=reader, note="Not there")
    assert not CommunicationTask.objects.exists()


def test_an_arbiter_from_whom_the_ai_is_held_back_is_not_told_that_it_differs(
    make_study, north, score, reader, second_reader, rule
):
    study = make_study(north)
    score(study)
    rule(Kind.AI_READER)
    read(study, reader, "normal")
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    study = fresh(study)
    claim_study(study=study, reader=second_reader)
    assert opinions_json(study, second_reader) is None
    answer = client_of(second_reader).post(
        reverse("opinion-give", args=(study.study_uid,)), {"verdict": "normal", "note": ""}
    )
    assert answer.status_code == 403
    assert "waits for an arbiter" not in client_of(second_reader).get(reverse("worklist")).content.decode()


def test_how_many_readers_the_ais_band_asks_for_is_not_told_before_the_first_opinion(
    make_study, north, score, reader, rule, rf
):
    study = make_study(north)
    score(study)
    rule(Kind.AI_READER)
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    study = fresh(study)
    claim_study(study=study, reader=reader)
    request = rf.get("/")
    request.user, request.session = reader, {}
    assert room(fresh(study), reader, request)["awaits_opinion"] is False
    assert tasks_of(fresh(study), reader)["opinions"] is None


def test_what_was_written_before_a_rule_of_two_is_in_no_export_and_no_panel_until_both_have_said(
    ready, trainee, reader, second_reader, rule, request_by
):
    study = ready.study
    recommend(report=ready, actor=reader, kind="imaging", what=WORDS, number=3, unit="months", owner="site")
    hand_over(study=fresh(study), reader=reader, colleague=trainee)
    sign_report(
        report=ready, signer=trainee, revision=1, meaning="preliminary", password=PASSWORD, request=request_by(trainee)
    )
    client = client_of(second_reader)
    addresses = [reverse(name, args=(ready.pk,)) for name in ("report-pdf", "report-print")]
    addresses.append(reverse("report-export", args=(ready.pk, "fhir")))
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    rule(Kind.DOUBLE)
    assert [client.get(address).status_code for address in addresses] == [409, 409, 409]
    assert WORDS not in client.get(reverse("study-tasks", args=(study.study_uid,))).content.decode()
    Study.objects.filter(pk=study.pk).update(status=StudyStatus.REPORTED)
    assert client.get(addresses[0]).status_code == 200


@pytest.mark.parametrize("name", ["reading-rule-try", "reading-rule-set", "time-limits", "reading-rules"])
def test_a_rule_for_a_site_one_does_not_administer_lands_at_no_other_site(south, administrator, name):
    client = client_of(administrator)
    sent = {"site": "south", "programme": "lung", "kind": "double", "reason": "As agreed", "after": "0"}
    send = client.get if name == "reading-rules" else client.post
    assert send(reverse(name), sent).status_code == 404
    assert send(reverse(name), {**sent, "site": "north", "programme": "unknown"}).status_code == 404
    assert not ReadingRule.objects.exists() and not CommunicationLimit.objects.exists()


def test_lists_over_rest_ask_no_query_for_each_study_that_is_held_back(
    make_study, north, reader, django_assert_max_num_queries
):
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    for _each in range(12):
        make_study(north)
    client = client_of(reader)
    for name in ("api-studies", "api-worklist"):
        with django_assert_max_num_queries(16):
            assert len(client.get(reverse(name)).json()["results"]) == 12


@pytest.mark.parametrize("name", ["study-hand-over", "filter-remove"])
def test_an_id_of_thousands_of_digits_is_no_id(claimed, reader, name):
    address = reverse(name, args=(claimed.study.study_uid,)) if name == "study-hand-over" else reverse(name)
    field = "to" if name == "study-hand-over" else "filter"
    assert client_of(reader).post(address, {field: "9" * 5000}).status_code in (400, 404)
