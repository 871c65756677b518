"""Administrators manage the users of their sites, and of no other; no site is left without one."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts import services
from accounts.audit import record
from accounts.models import AuditEvent, Membership, User, Verb
from accounts.roles import ROLE_ACTIONS, Action, Role, can
from tests.conftest import PASSWORD

NEW = {
    "username": "newcomer",
    "first_name": "Nina",
    "last_name": "Brandt",
    "email": "nina@example.org",
    "password": "a long enough secret",
    "role-north": "reader",
}


@pytest.fixture
def as_administrator(client, administrator):
    client.force_login(administrator)
    return client


def test_an_administrator_makes_a_reader_who_can_sign_in(as_administrator, client, north):
    assert as_administrator.post(reverse("user-new"), NEW).status_code == 302
    user = User.objects.get(username="newcomer")
    assert can(user, Action.SIGN_REPORT, north)
    client.logout()
    answer = client.post(reverse("account_login"), {"login": "newcomer", "password": NEW["password"]})
    assert (answer.status_code, answer["Location"]) == (302, "/worklist/")


WRONG = {
    "a weak password": ({"password": "1234567890"}, "password"),
    "a user name that is taken": ({"username": "Administrator"}, "taken"),
    "no role anywhere": ({"role-north": ""}, "role"),
    "an unknown role": ({"role-north": "owner"}, "owner"),
    "a broken e-mail": ({"email": "nina"}, "mail"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_form_that_is_wrong_says_why_and_changes_nothing(as_administrator, name):
    change, word = WRONG[name]
    before = User.objects.count()
    answer = as_administrator.post(reverse("user-new"), {**NEW, **change})
    assert answer.status_code == 400
    assert word in answer.content.decode()
    assert User.objects.count() == before


def test_a_role_can_be_changed_and_taken_away(as_administrator, reader, north):
    url = reverse("user-change", args=[reader.pk])
    as_administrator.post(url, {"first_name": "Mara", "last_name": "Osei", "email": "", "role-north": "trainee"})
    assert not can(reader, Action.SIGN_REPORT, north) and can(reader, Action.EDIT_REPORT, north)
    as_administrator.post(url, {"first_name": "Mara", "last_name": "Osei", "email": "", "role-north": ""})
    assert not Membership.objects.filter(user=reader).exists()


def test_a_deactivated_user_is_out_at_the_next_request(as_administrator, reader):
    theirs = type(as_administrator)()
    theirs.force_login(reader)
    assert theirs.get(reverse("worklist")).status_code == 200
    as_administrator.post(reverse("user-active", args=[reader.pk]), {"active": "0"})
    assert theirs.get(reverse("worklist")).status_code == 302
    as_administrator.post(reverse("user-active", args=[reader.pk]), {"active": "1"})
    theirs.force_login(User.objects.get(pk=reader.pk))
    assert theirs.get(reverse("worklist")).status_code == 200


def test_nobody_deactivates_themselves(administrator):
    with pytest.raises(PermissionError):
        services.set_active(actor=administrator, user=administrator, active=False)


def test_the_last_administrator_of_a_site_cannot_give_up_the_role(as_administrator, administrator):
    answer = as_administrator.post(reverse("user-change", args=[administrator.pk]), {"role-north": "reader"})
    assert answer.status_code == 400
    assert "without an active administrator" in answer.content.decode()
    assert Membership.objects.get(user=administrator).role == Role.ADMINISTRATOR


def test_the_last_administrator_of_another_site_cannot_be_deactivated(make_user, administrator, north, south):
    other = make_user("other", Role.ADMINISTRATOR, south)
    Membership.objects.create(user=other, site=north, role=Role.READER)
    with pytest.raises(services.LastAdministrator):
        services.set_active(actor=administrator, user=other, active=False)
    assert User.objects.get(pk=other.pk).is_active


def test_users_of_another_site_are_out_of_sight(as_administrator, stranger):
    assert as_administrator.get(reverse("user-change", args=[stranger.pk])).status_code == 404
    assert stranger.username not in as_administrator.get(reverse("users")).content.decode()


def test_an_administrator_gives_no_role_at_a_site_of_others(administrator, reader, south):
    with pytest.raises(PermissionError):
        services.change_user(
            actor=administrator, user=reader, email="", first_name="", last_name="", memberships={south: "reader"}
        )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"text": "osei"}, True),
        ({"text": "nobody"}, False),
        ({"role": "trainee"}, False),
        ({"state": "inactive"}, False),
    ],
)
def test_the_list_can_be_searched_and_filtered(as_administrator, reader, query, found):
    page = as_administrator.get(reverse("users"), query).content.decode()
    assert (f">{reader}<" in page) is found


def test_every_act_is_audited_with_its_actor(as_administrator, administrator, reader):
    as_administrator.post(reverse("user-new"), NEW)
    as_administrator.post(reverse("user-active", args=[reader.pk]), {"active": "0"})
    events = AuditEvent.objects.filter(actor=administrator, object_type="user")
    assert {event.verb for event in events} == {Verb.USER_CREATED, Verb.USER_DEACTIVATED}


def test_signing_in_out_and_failing_is_audited_without_the_typed_name(client, reader):
    client.post(reverse("account_login"), {"login": "reader", "password": "typed by mistake"})
    client.post(reverse("account_login"), {"login": "reader", "password": PASSWORD})
    client.post(reverse("account_logout"))
    events = list(AuditEvent.objects.order_by("id"))
    assert [event.verb for event in events] == [Verb.SIGN_IN_FAILED, Verb.SIGNED_IN, Verb.SIGNED_OUT]
    assert events[0].actor_name == "" and "reader" not in str(events[0].detail)


def test_an_audit_event_is_never_changed_or_removed_not_even_in_sql(db):
    event = record(Verb.SIGNED_IN, actor=None)
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()
    for act in (
        lambda: AuditEvent.objects.filter(pk=event.pk).update(actor_name="x"),
        lambda: AuditEvent.objects.filter(pk=event.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_the_auditor_sees_events_of_their_sites_only(client, auditor, north, south):
    record(Verb.STUDY_OPENED, actor=None, site=north, object_id="1.2.north")
    record(Verb.STUDY_OPENED, actor=None, site=south, object_id="1.2.south")
    client.force_login(auditor)
    page = client.get(reverse("audit")).content.decode()
    assert "1.2.north" in page and "1.2.south" not in page
    assert AuditEvent.objects.filter(verb=Verb.AUDIT_VIEWED).count() == 1


def test_the_table_knows_every_role_and_only_known_actions():
    assert set(ROLE_ACTIONS) == set(Role.values)
    assert frozenset().union(*ROLE_ACTIONS.values()) == set(Action.values)


def test_only_a_reader_signs_and_only_an_auditor_reads_the_trail():
    assert [role for role, actions in ROLE_ACTIONS.items() if Action.SIGN_REPORT in actions] == [Role.READER]
    assert [role for role, actions in ROLE_ACTIONS.items() if Action.VIEW_AUDIT in actions] == [Role.AUDITOR]


def test_ten_wrong_passwords_stop_signing_for_a_while_but_not_signing_in(client, reader):
    for _ in range(10):
        assert not services.password_is_right(reader, "wrong")
    assert not services.password_is_right(reader, PASSWORD)
    assert client.post(reverse("account_login"), {"login": "reader", "password": PASSWORD}).status_code == 302
