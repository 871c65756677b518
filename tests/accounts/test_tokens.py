"""API tokens: never more than their person and their scope, and over when they should be."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.audit_formats import fhir_event
from accounts.models import ApiToken, AuditEvent, Membership, User, Verb
from accounts.noise import FAILURES
from accounts.roles import Action, Role
from accounts.services import tokens as service
from accounts.tokens import (
    ALPHABET,
    LONGEST,
    MOST_TOKENS,
    SCOPE_ACTIONS,
    SECRET_LENGTH,
    TOKEN_LENGTH,
    Scope,
    new_token,
    prefix_of,
)
from tests.conftest import PASSWORD

WORKLIST = "/api/worklist/"
START = "2026-03-01T08:20:00Z"


def token_for(user: User, *scopes: str, days: float = 30, **fields: object) -> str:
    end = timezone.now() + dt.timedelta(days=days)
    wanted = {"name": "archive", "scopes": scopes or Scope.values, "expires_at": end, "actor": user} | fields
    return service.make_token(user=user, **wanted)[1]


def ask(text: str, url: str = WORKLIST, keyword: str = "Bearer", client: Client | None = None, **extra: object):
    return (client or Client()).get(url, headers={"Authorization": f"{keyword} {text}"}, **extra)


def test_no_scope_holds_an_act_of_signing_writing_or_administering():
    held = frozenset().union(*SCOPE_ACTIONS.values())
    assert set(SCOPE_ACTIONS) == set(Scope)
    assert held == {
        Action.VIEW_WORKLIST, Action.VIEW_SCORES, Action.VIEW_REPORT, Action.VIEW_IMAGES, Action.UPLOAD
    }  # fmt: skip


def test_the_database_keeps_the_digest_and_the_first_signs_and_nothing_of_the_secret(reader):
    text = token_for(reader)
    (row,) = ApiToken.objects.values()
    assert row["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert (text.startswith("frd_"), row["prefix"], len(text)) == (True, text[:12], TOKEN_LENGTH)
    assert text[13:] not in repr(row) + repr(list(AuditEvent.objects.values()))


def test_the_secret_has_256_random_bits_and_no_two_are_alike():
    many = {new_token() for _each in range(200)}
    assert len(many) == 200 and all(prefix_of(each) for each in many)
    assert SECRET_LENGTH * math.log2(len(ALPHABET)) >= 256


@pytest.mark.parametrize(
    "text", ["", "frd_", "x" * 56, "frd_" + "a" * 52, "frd_aaaaaaaa_" + "é" * 43, "FRD_aaaaaaaa_" + "a" * 43]
)
def test_what_is_no_token_by_its_shape_costs_no_query(text):
    assert prefix_of(text) == ""


@pytest.mark.parametrize("keyword", ["Bearer", "bearer", "Token"])
def test_a_token_is_enough_and_leaves_no_session_and_no_cookie(reader, keyword):
    client = Client(enforce_csrf_checks=True)
    answer = ask(token_for(reader), keyword=keyword, client=client)
    assert answer.status_code == 200
    assert not answer.cookies and not Session.objects.exists()


@pytest.mark.parametrize("spoilt", ["", "nonsense", "frd_aaaaaaaa_" + "a" * 43, "two words"])
def test_a_bad_token_is_401_and_says_how_to_come_in(reader, spoilt):
    answer = ask(spoilt)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="firstread", error="invalid_token"')


def test_without_a_token_the_answer_names_the_way_and_no_error(db):
    answer = Client().get(WORKLIST)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="firstread"')


def test_one_changed_sign_of_the_secret_is_refused(reader):
    text = token_for(reader)
    assert ask(text[:-1] + ("a" if text[-1] != "a" else "b")).status_code == 401


def test_a_bad_token_is_refused_even_where_a_session_would_do(reader):
    client = Client()
    client.force_login(reader)
    assert ask("nonsense", client=client).status_code == 401


def test_a_page_takes_no_token(reader):
    answer = ask(token_for(reader), "/worklist/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/worklist/")


def test_a_token_ends_to_the_second(reader):
    with time_machine.travel(START, tick=False) as clock:
        text = token_for(reader, days=1)
        clock.shift(dt.timedelta(days=1, seconds=-1))
        assert ask(text).status_code == 200
        clock.shift(dt.timedelta(seconds=1))
        assert ask(text).status_code == 401


def test_when_it_was_last_used_is_told_to_the_hour(reader):
    with time_machine.travel(START, tick=False) as clock:
        text = token_for(reader)
        for minutes, hour in ((0, 8), (30, 8), (30, 9)):
            clock.shift(dt.timedelta(minutes=minutes))
            ask(text)
            assert ApiToken.objects.get().last_used_at == dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC)


def test_using_it_again_within_the_hour_writes_nothing_of_it(reader, django_assert_max_num_queries):
    text = token_for(reader)
    ask(text)
    before = ApiToken.objects.get().last_used_at
    with django_assert_max_num_queries(1):
        assert service.person_of(text, request=None).pk == reader.pk  # one read, no write
    assert ApiToken.objects.get().last_used_at == before


def test_a_scope_that_is_missing_is_403_and_the_role_counts_at_that_moment(reader, make_study, north):
    study = make_study(north)
    findings = reverse("api-findings", args=[study.study_uid])
    text = token_for(reader, Scope.STUDIES_READ)
    assert (ask(text).status_code, ask(text, findings).status_code) == (200, 403)
    whole = token_for(reader, name="whole")
    assert ask(whole, findings).status_code == 200
    Membership.objects.filter(user=reader).update(role=Role.TECHNOLOGIST)
    assert (ask(whole).status_code, ask(whole, findings).status_code) == (200, 403)
    Membership.objects.filter(user=reader).delete()
    assert ask(whole, findings).status_code == 404


def test_a_study_shows_no_score_and_no_report_to_a_token_without_their_scopes(reader, make_study, north):
    from reports.services import drafting

    study = make_study(north, programme="lung")
    drafting.ensure_report(study=study)
    url = reverse("api-study", args=[study.study_uid])
    narrow = ask(token_for(reader, Scope.STUDIES_READ), url).json()
    assert (narrow["report_id"], narrow["ai_state"]) == (None, None)
    whole = ask(token_for(reader, name="whole"), url).json()
    assert whole["report_id"] is not None and whole["ai_state"] is not None


@pytest.fixture
def far_and_wide(make_user, north, south):
    """Somebody who reads at two sites."""
    person = make_user("wide", Role.READER, north)
    Membership.objects.create(user=person, site=south, role=Role.READER)
    return person


def test_a_token_of_one_site_sees_nothing_of_the_others(far_and_wide, make_study, north, south):
    here, there = make_study(north), make_study(south)
    text = token_for(far_and_wide, site=north)
    assert [row["study_uid"] for row in ask(text).json()["results"]] == [here.study_uid]
    assert [row["study_uid"] for row in ask(text, "/api/studies/").json()["results"]] == [here.study_uid]
    found = ask(text, "/dicomweb/studies").json()
    assert [row["0020000D"]["Value"] for row in found] == [[here.study_uid]]
    for name in ("api-study", "api-findings", "dicomweb-study", "dicomweb-study-metadata", "dicomweb-study-series"):
        assert ask(text, reverse(name, args=[there.study_uid])).status_code == 404
    image = f"{there.study_uid}.1.1"
    assert ask(text, reverse("api-instance-file", args=[image])).status_code == 404
    whole = token_for(far_and_wide, name="whole")
    assert {row["study_uid"] for row in ask(whole).json()["results"]} == {here.study_uid, there.study_uid}


def test_a_token_of_a_site_that_was_left_opens_nothing(far_and_wide, make_study, north, south):
    study = make_study(south)
    text = token_for(far_and_wide, site=south)
    url = reverse("api-study", args=[study.study_uid])
    assert ask(text, url).status_code == 200
    Membership.objects.filter(user=far_and_wide, site=south).delete()
    assert (ask(text, url).status_code, ask(text).status_code) == (403, 403)


def test_nobody_signs_by_token_though_the_password_is_right(reader, make_study, north):
    from reports.services import drafting

    report = drafting.ensure_report(study=make_study(north, programme="lung"))
    answer = Client().post(
        reverse("api-report-sign", args=[report.pk]),
        {"password": PASSWORD, "meaning": "final", "revision": 1},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token_for(reader)}"},
    )
    assert answer.status_code == 403
    report.refresh_from_db()
    assert not report.signatures.exists()


def test_a_token_dies_with_its_persons_account_and_stays_dead(administrator, reader):
    text = token_for(reader)
    services.set_active(actor=administrator, user=reader, active=False)
    assert ask(text).status_code == 401
    services.set_active(actor=administrator, user=reader, active=True)
    assert ask(text).status_code == 401
    assert ApiToken.objects.get().revoked_by == administrator


def test_an_account_that_is_closed_behind_the_services_back_is_closed_to_its_tokens(reader):
    text = token_for(reader)
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert ask(text).status_code == 401


def test_what_is_done_by_token_says_so_in_the_trail_and_in_its_exports(reader, make_study, north):
    study = make_study(north)
    ask(token_for(reader), reverse("api-study", args=[study.study_uid]))
    event = AuditEvent.objects.get(verb=Verb.STUDY_OPENED)
    assert (event.actor, event.detail["token"], event.detail["token_id"]) == (
        reader,
        "archive",
        ApiToken.objects.get().pk,
    )
    assert fhir_event(event)["agent"][0]["name"] == "by token archive"


def test_the_auditors_page_says_by_which_token(reader, auditor):
    ask(token_for(reader))
    client = Client()
    client.force_login(auditor)
    assert "by token archive" in client.get(reverse("audit")).content.decode()


def test_a_programs_look_does_not_stand_for_its_persons(reader, make_study, north):
    study = make_study(north)
    url = reverse("dicomweb-study-series", args=[study.study_uid])
    session = Client()
    session.force_login(reader)
    for _each in range(2):
        assert ask(token_for(reader, name=f"token {_each}"), url).status_code == 200
        assert session.get(url).status_code == 200
    looks = AuditEvent.objects.filter(verb=Verb.STUDY_OPENED).order_by("pk")
    assert [event.detail.get("token") for event in looks] == ["token 0", None, "token 1"]


def test_a_refused_token_is_on_record_and_one_that_was_known_by_its_name(reader, north):
    text = token_for(reader)
    service.revoke_token(token=ApiToken.objects.get(), actor=reader)
    ask(text)
    ask("nonsense")
    known, unknown = AuditEvent.objects.filter(verb=Verb.TOKEN_REFUSED).order_by("pk")
    assert (known.actor, known.detail["token"], known.outcome) == (reader, "archive", "denied")
    assert (unknown.actor, unknown.object_id, unknown.detail) == (None, "", {})


def test_tries_from_one_address_are_limited_and_lock_nobody_out(reader):
    text = token_for(reader)
    answers = [ask("nonsense", REMOTE_ADDR="10.0.0.1").status_code for _each in range(FAILURES + 2)]
    assert answers == [401] * FAILURES + [429] * 2
    assert AuditEvent.objects.filter(verb=Verb.TOKEN_REFUSED).count() == FAILURES
    assert ask(text, REMOTE_ADDR="10.0.0.1").status_code == 200
    assert ask("nonsense", REMOTE_ADDR="10.0.0.2").status_code == 401


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "may do"),
        ({"scopes": ["reports.sign", "admin"]}, "may do"),
        ({"expires_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "year"),
        ({"expires_at": dt.datetime.now(dt.UTC) + LONGEST + dt.timedelta(days=1)}, "year"),
    ],
)
def test_a_token_without_name_scope_or_end_is_not_made(reader, wrong, sentence):
    with pytest.raises(ValidationError, match=sentence):
        token_for(reader, **wrong)
    assert not ApiToken.objects.exists()


def test_a_site_where_one_has_no_role_is_none_to_limit_a_token_to(reader, south):
    with pytest.raises(ValidationError, match="no such site"):
        token_for(reader, site=south)


def test_two_tokens_of_a_name_are_not_there_at_once_and_nobody_has_many(reader):
    token_for(reader)
    with pytest.raises(ValidationError, match="of this name"):
        token_for(reader)
    for number in range(1, MOST_TOKENS):
        token_for(reader, name=f"n{number}")
    with pytest.raises(ValidationError, match="Revoke one"):
        token_for(reader, name="one more")


def test_a_name_is_free_again_when_its_token_is_over(reader):
    with time_machine.travel(START, tick=False) as clock:
        token_for(reader, days=1)
        clock.shift(dt.timedelta(days=2))
        assert ask(token_for(reader)).status_code == 200


@pytest.fixture
def page(reader):
    client = Client()
    client.post(reverse("account_login"), {"login": "reader", "password": PASSWORD})
    return client


WANTED = {"name": "viewer", "scopes": ["dicomweb.read", "studies.read"], "days": "30", "site": ""}


def test_a_token_is_shown_once_and_works(page):
    made = page.post(reverse("tokens"), WANTED)
    text = made.context["text"]
    assert (made.status_code, made["Cache-Control"]) == (200, "no-store")
    assert text in made.content.decode() and ask(text).status_code == 200
    later = page.get(reverse("tokens")).content.decode()
    assert text[:12] in later and text not in later


@pytest.mark.parametrize(
    "wrong", [{"scopes": ["dicomweb.store"]}, {"scopes": []}, {"days": "366"}, {"site": "999"}, {"name": ""}]
)
def test_the_page_offers_no_more_than_the_person_may(page, wrong):
    assert page.post(reverse("tokens"), WANTED | wrong).status_code == 400
    assert not ApiToken.objects.exists()


def test_a_token_is_made_only_by_who_gave_a_password_lately(reader):
    with time_machine.travel(START, tick=False) as clock:
        client = Client()
        client.post(reverse("account_login"), {"login": "reader", "password": PASSWORD})
        clock.shift(dt.timedelta(minutes=16))
        client.post(reverse("tokens"), WANTED)
    assert not ApiToken.objects.exists()


def test_one_revokes_ones_own_and_it_is_over_at_once(page, reader):
    text = token_for(reader)
    page.post(reverse("token-revoke", args=[ApiToken.objects.get().pk]))
    assert ask(text).status_code == 401
    assert AuditEvent.objects.get(verb=Verb.TOKEN_REVOKED).actor == reader


@pytest.fixture
def as_administrator(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def test_an_administrator_sees_and_revokes_what_reaches_their_site_and_nothing_else(
    as_administrator, administrator, far_and_wide, stranger, north, south
):
    all_over = token_for(far_and_wide, name="all over")
    token_for(far_and_wide, name="only south", site=south)
    token_for(stranger, name="strange")
    rows = as_administrator.get(reverse("people-tokens")).context["page"].object_list
    assert [token.name for token in rows] == ["all over"]
    for token in ApiToken.objects.exclude(name="all over"):
        assert as_administrator.post(reverse("people-token-revoke", args=[token.pk])).status_code == 404
    as_administrator.post(reverse("people-token-revoke", args=[rows[0].pk]))
    assert ask(all_over).status_code == 401
    events = AuditEvent.objects.filter(verb=Verb.TOKEN_REVOKED)
    assert {(event.actor, event.site) for event in events} == {(administrator, north), (administrator, south)}


@pytest.mark.parametrize(("text", "found"), [("reader", 1), ("archive", 1), ("frd_", 1), ("nobody", 0)])
def test_tokens_are_found_by_person_and_name(as_administrator, reader, text, found):
    token_for(reader)
    assert len(as_administrator.get(reverse("people-tokens"), {"text": text}).context["page"].object_list) == found
