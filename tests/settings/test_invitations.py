"""Inviting by a link that is good once, ending sessions, and the list of users as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, Invitation, Membership, User, Verb
from accounts.services import command_token
from accounts.services.invitations import InvitationError, accept, digest_of, invite, withdraw
from accounts.user_table import plain

GOOD = "a long enough phrase 7"


def new_user(**fields: str) -> dict[str, str]:
    return {
        "username": "nova",
        "email": "",
        "first_name": "Nova",
        "last_name": "Lind",
        "role-north": "reader",
        **fields,
    }


def link_of(page: str) -> str:
    return re.search(r'value="http://testserver(/accounts/invitation/[^"]+)"', page).group(1)


@pytest.fixture
def invited(north, administrator, make_user) -> tuple[User, str]:
    user = make_user("nova", "reader", north)
    return user, invite(actor=administrator, user=user)


def test_a_new_user_without_a_password_chooses_one_by_the_link_and_signs_in(client, north, administrator):
    client.force_login(administrator)
    page = client.post("/accounts/users/new/", new_user()).content.decode()
    user = User.objects.get(username="nova")
    assert not user.has_usable_password()
    visitor = Client()
    answer = visitor.get(link_of(page))
    assert answer.url == "/accounts/invitation/"
    assert "Nova Lind" in visitor.get(answer.url).content.decode()
    answer = visitor.post(answer.url, {"password": GOOD, "again": GOOD})
    assert answer.url == "/accounts/login/"
    assert visitor.post("/accounts/login/", {"login": "nova", "password": GOOD}).status_code == 302
    verbs = list(AuditEvent.objects.filter(object_type="user").order_by("id").values_list("verb", "actor_name"))
    assert verbs == [
        (Verb.USER_CREATED, "administrator"),
        (Verb.USER_INVITED, "administrator"),
        (Verb.INVITATION_USED, "nova"),
    ]


def test_the_database_and_the_audit_trail_hold_no_token(invited):
    user, token = invited
    assert Invitation.objects.get().digest == digest_of(token)
    assert token not in str(list(Invitation.objects.values())) + str(list(AuditEvent.objects.values()))


def test_a_link_is_good_once(invited):
    user, token = invited
    accept(token=token, password=GOOD)
    with pytest.raises(InvitationError):
        accept(token=token, password="another good phrase 8")
    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert Client().get(f"/accounts/invitation/{token}/").status_code == 404


def test_using_a_link_ends_the_sessions_and_the_token_there_were(client, invited):
    user, token = invited
    command_token(user=user)
    client.force_login(user)
    accept(token=token, password=GOOD)
    assert client.get("/worklist/").status_code == 302
    assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()


@pytest.mark.parametrize("how", ["late", "withdrawn", "replaced", "inactive", "none"])
def test_a_link_that_is_no_longer_good_says_so_and_changes_nothing(client, north, administrator, invited, how):
    user, token = invited
    visitor = Client()
    visitor.get(f"/accounts/invitation/{token}/")
    if how == "late":
        Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    elif how == "withdrawn":
        assert withdraw(actor=administrator, user=user)
    elif how == "replaced":
        invite(actor=administrator, user=user)
    elif how == "inactive":
        client.force_login(administrator)
        client.post(f"/accounts/users/{user.pk}/active/", {"active": "0"})
        client.post(f"/accounts/users/{user.pk}/active/", {"active": "1"})
    else:
        token = "x" * 43
        visitor = Client()
    answer = visitor.post("/accounts/invitation/", {"password": GOOD, "again": GOOD})
    assert answer.status_code == 404
    assert "Ask your administrator" in answer.content.decode()
    assert Client().get(f"/accounts/invitation/{token}/").status_code == 404
    user.refresh_from_db()
    assert not user.check_password(GOOD)


@pytest.mark.parametrize(
    ("password", "again"), [("short", "short"), (GOOD, "another"), ("1234567890123", "1234567890123")]
)
def test_a_weak_or_mistyped_password_leaves_the_link_good(invited, password, again):
    user, token = invited
    visitor = Client()
    visitor.get(f"/accounts/invitation/{token}/")
    assert visitor.post("/accounts/invitation/", {"password": password, "again": again}).status_code == 400
    assert Invitation.objects.get().used_at is None
    assert visitor.post("/accounts/invitation/", {"password": GOOD, "again": GOOD}).status_code == 302


def test_nobody_is_invited_by_who_may_not_give_them_a_password(client, north, south, administrator, reader, stranger):
    client.force_login(administrator)
    assert client.post(f"/accounts/users/{stranger.pk}/invite/").status_code == 404
    Membership.objects.create(user=reader, site=south, role="reader")
    for user in (reader, administrator):
        client.post(f"/accounts/users/{user.pk}/invite/")
    client.force_login(reader)
    assert client.post(f"/accounts/users/{administrator.pk}/invite/").status_code == 403
    assert not Invitation.objects.exists()


def test_the_link_goes_by_mail_where_mail_is_set_up(client, north, administrator, settings):
    settings.EMAIL_HOST = "mail.example.org"
    client.force_login(administrator)
    page = client.post("/accounts/users/new/", new_user(email="nova@example.org")).content.decode()
    assert "It was sent to nova@example.org." in page
    assert mail.outbox[0].to == ["nova@example.org"]
    assert link_of(page) in mail.outbox[0].body


def test_a_mail_server_that_fails_leaves_the_link_to_be_passed_on(client, north, administrator, settings, monkeypatch):
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ConnectionRefusedError

    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr("accounts.services.invitations.send_mail", refuse)
    client.force_login(administrator)
    page = client.post("/accounts/users/new/", new_user(email="nova@example.org")).content.decode()
    assert "did not take the message" in page
    assert Invitation.objects.filter(used_at__isnull=True).count() == 1
    assert link_of(page)


def test_a_session_of_a_person_is_listed_and_ended_alone_or_with_all(client, north, administrator, reader):
    for _ in range(2):
        Client().force_login(reader)
    client.force_login(administrator)
    address = f"/accounts/users/{reader.pk}/"
    names = re.findall(r'name="session" value="([0-9a-f]{16})"', client.get(address).content.decode())
    assert len(names) == 2
    assert not any(Session.objects.filter(session_key=name).exists() for name in names)
    client.post(f"{address}sign-out/", {"session": names[0]})
    assert re.findall(r'name="session" value="([0-9a-f]{16})"', client.get(address).content.decode()) == names[1:]
    client.post(f"{address}sign-out/")
    assert "Nowhere." in client.get(address).content.decode()
    assert [event.detail["sessions"] for event in AuditEvent.objects.filter(verb=Verb.SIGN_INS_ENDED)] == [1, 1]
    assert client.get(address).status_code == 200


def test_sessions_of_another_site_cannot_be_ended(client, north, administrator, stranger):
    theirs = Client()
    theirs.force_login(stranger)
    client.force_login(administrator)
    assert client.post(f"/accounts/users/{stranger.pk}/sign-out/").status_code == 404
    assert theirs.get("/worklist/").status_code == 200


def table(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/accounts/users/export/{query}")
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_the_list_as_csv_holds_the_users_of_ones_sites_and_their_roles_there(
    client, north, south, administrator, reader, stranger
):
    Membership.objects.create(user=reader, site=south, role="auditor")
    client.force_login(administrator)
    assert {(row["username"], row["roles"]) for row in table(client)} == {
        ("administrator", "north: administrator"),
        ("reader", "north: reader"),
    }
    assert [row["username"] for row in table(client, "?role=reader")] == ["reader"]
    details = [event.detail for event in AuditEvent.objects.filter(verb=Verb.USERS_EXPORTED).order_by("id")]
    assert details == [{"users": 2, "filters": []}, {"users": 1, "filters": ["role"]}]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r", " =", "=", "-", "\n="])
def test_no_cell_is_a_formula(client, north, administrator, make_user, begin):
    make_user("sly", "reader", north, first_name=f"{begin}cmd()")
    client.force_login(administrator)
    cells = [cell for row in table(client) for cell in row.values()]
    assert [cell[:1] for cell in cells if "cmd()" in cell] == ["'"]
    assert plain("Anne-Marie =1") == "Anne-Marie =1"
