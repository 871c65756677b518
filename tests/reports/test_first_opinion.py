"""Held back: until the first opinion no answer of the server tells what the AI made of the study."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, HoldBack, Site, Verb
from reports.models import MatchVerdict
from reports.services import editing
from reports.services.comparing import judge_match
from screening import programmes
from screening.models import Reading, Study
from screening.selectors.holding import held_back, is_held_back
from screening.services.deciding import decide
from screening.services.opinion import OpinionError, commit_first_opinion
from screening.services.reading import claim_study, release_study
from screening.states import LostRace, StudyStatus
from tests.reports.conftest import full_text

SECRETS = ("4A", "8.2", "solid_nodule", "urgent", "right upper lobe", "f1")


@pytest.fixture
def held(claimed):
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    claimed.study.site.refresh_from_db()
    claimed.refresh_from_db()
    return claimed


@pytest.fixture
def commit(held, reader):
    def act(opinion="abnormal", text="", by=reader):
        study = Study.objects.get(pk=held.study.pk)
        return commit_first_opinion(study=study, reader=by, opinion=opinion, text=text)

    return act


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def told(client: Client, held) -> dict[str, str]:
    """Every answer about the study, by the name of its address."""
    uid = held.study.study_uid
    addresses = {
        name: reverse(name, args=(uid,)) for name in ("reading-room", "reading-room-state", "api-study", "api-findings")
    }
    addresses |= {"api-report": reverse("api-report", args=(held.pk,))}
    addresses |= {name: reverse(name) for name in ("worklist", "worklist-rows", "api-worklist", "api-studies")}
    return {name: client.get(address).content.decode() for name, address in addresses.items()}


def room_of(content: str) -> dict:
    start = content.index('<script id="room" type="application/json">') + len(
        '<script id="room" type="application/json">'
    )
    return json.loads(content[start : content.index("</script>", start)])


def test_nothing_of_the_ais_view_leaves_the_server_before_the_first_opinion(held, reader):
    Study.objects.update(tier="urgent")
    answers = told(client_of(reader), held)
    room = room_of(answers.pop("reading-room"))
    assert (room["ai"], room["findings"], room["report"]) == ({"state": "held_back"}, [], None)
    assert (room["study"]["tier"], room["study"]["tier_label"]) == ("routine", "")
    assert room["opinion"] == {"held": True, "needed": True, "first": None}
    assert not room["can"]["edit"] and not room["can"]["sign"] and room["can"]["release"]
    assert room["form"] is None
    shown = json.dumps({**room, "strings": {}, "series": [], "finding_types": {}})
    assert not [secret for secret in SECRETS if secret in shown]
    state = json.loads(answers["reading-room-state"])
    assert (state["ai"], state["decisions"], state["revision"]) == ({"state": "held_back"}, {}, None)
    assert json.loads(answers["api-study"])["score"] is None and json.loads(answers["api-study"])["tier"] is None
    for name in ("reading-room-state", "api-study", "api-findings", "api-report", "api-worklist", "api-studies"):
        assert not [secret for secret in SECRETS if secret in answers[name]], name
    for name in ("worklist", "worklist-rows"):
        assert "4A" not in answers[name] and "8.2 mm" not in answers[name], name


def test_the_report_can_be_neither_seen_nor_saved_nor_signed_before(held, reader):
    client = client_of(reader)
    for name in ("report-save", "report-sign"):
        answer = client.post(reverse(name, args=(held.pk,)), {}, content_type="application/json")
        assert answer.status_code == 403 and "first opinion" in answer.json()["detail"]
    with pytest.raises(PermissionDenied):
        editing.save_revision(report=held, author=reader, parent=0, sections=full_text(held))


def test_no_finding_can_be_decided_before(held, reader, request_by):
    with pytest.raises(PermissionDenied, match="first opinion"):
        decide(
            study=held.study, author=reader, key="f1", version=0, event="accept", sent={}, request=request_by(reader)
        )


def test_no_lesion_can_be_matched_before(held, reader, make_study):
    prior = make_study(held.study.site)
    with pytest.raises(PermissionDenied, match="first opinion"):
        judge_match(
            study=held.study,
            prior=prior,
            reader=reader,
            finding="f1",
            prior_finding="f1",
            verdict=MatchVerdict.CONFIRMED,
        )


def test_with_the_first_opinion_marks_draft_and_tier_appear(held, reader, commit):
    reading = commit(text="spiculated,\nupper lobe")
    assert (reading.first_opinion, reading.first_opinion_text) == ("abnormal", "spiculated, upper lobe")
    room = room_of(told(client_of(reader), held)["reading-room"])
    assert room["ai"]["state"] == "scored" and room["findings"][0]["key"] == "f1"
    assert room["report"]["sections"] and room["can"]["sign"]
    assert room["opinion"]["held"] is False and room["opinion"]["first"]["opinion"] == "abnormal"


def test_the_first_opinion_is_committed_once_and_audited(commit):
    commit("normal")
    with pytest.raises(LostRace), transaction.atomic():
        commit("abnormal")
    assert Reading.objects.get().first_opinion == "normal"
    assert AuditEvent.objects.get(verb=Verb.FIRST_OPINION).detail == {"opinion": "normal"}


def test_a_first_opinion_is_normal_or_abnormal_and_the_readers_own(commit, second_reader, technologist):
    for other in (second_reader, technologist):
        with pytest.raises(PermissionDenied):
            commit(by=other)
    for opinion in ("", "perhaps"):
        with pytest.raises(OpinionError):
            commit(opinion)


def test_over_the_door(held, reader, second_reader):
    url = reverse("first-opinion", args=(held.study.study_uid,))

    def post(user, opinion):
        return client_of(user).post(url, {"opinion": opinion}, content_type="application/json").status_code

    assert [post(reader, "perhaps"), post(second_reader, "normal")] == [400, 403]
    assert [post(reader, "normal"), post(reader, "abnormal")] == [200, 409]


def test_each_reader_waits_for_their_own_opinion(held, commit, second_reader):
    commit()
    assert is_held_back(second_reader, held.study)
    room = room_of(told(client_of(second_reader), held)["reading-room"])
    assert room["opinion"] == {"held": True, "needed": False, "first": None}


def test_an_opinion_stands_when_the_study_is_given_back_and_taken_again(held, commit, reader):
    commit()
    held.study.refresh_from_db()
    release_study(study=held.study, reader=reader)
    claim_study(study=held.study, reader=reader)
    assert not is_held_back(reader, held.study)


def test_a_reported_study_holds_nothing_back(held, second_reader):
    held.study.status = StudyStatus.REPORTED
    assert not is_held_back(second_reader, held.study)


@pytest.mark.parametrize(
    ("site", "programme", "holds"),
    [
        (HoldBack.PROGRAMME, False, False),
        (HoldBack.PROGRAMME, True, True),
        (HoldBack.ALWAYS, False, True),
        (HoldBack.ALWAYS, True, True),
        (HoldBack.NEVER, False, False),
        (HoldBack.NEVER, True, False),
    ],
)
def test_the_site_decides_over_its_programmes(scored_study, reader, monkeypatch, site, programme, holds):
    entry = replace(programmes.PROGRAMMES["lung"], hold_back_ai=programme)
    monkeypatch.setitem(programmes.PROGRAMMES, "lung", entry)
    scored_study.site.hold_back_ai = site
    assert is_held_back(reader, scored_study) is holds


def test_where_nothing_is_held_back_nothing_is_asked_of_the_database(
    scored_study, reader, django_assert_num_queries, request_by
):
    with django_assert_num_queries(0):
        assert held_back(reader, [scored_study]) == set()
    with pytest.raises(PermissionDenied):
        commit_first_opinion(study=scored_study, reader=reader, opinion="normal")
    claim_study(study=scored_study, reader=reader)
    with pytest.raises(OpinionError):
        commit_first_opinion(study=scored_study, reader=reader, opinion="normal")
