"""Where one site's administrator ends, and what happens to somebody who tries."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import ApiToken, AuditEvent, Membership, User, Verb
from accounts.roles import Role
from accounts.selectors import audit_events
from tests.conftest import PASSWORD

NEW_PASSWORD = "another long secret"


@pytest.fixture
def as_administrator(administrator):
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def shared(reader, south):
    """The north reader, who reads at the south as well."""
    Membership.objects.create(user=reader, site=south, role=Role.READER)
    return reader


def form_of(user: User, **changes: str) -> dict[str, str]:
    names = ("first_name", "last_name", "email")
    return {**{name: getattr(user, name) for name in names}, "role-north": Role.READER, **changes}


def sign_in(name: str, password: str, address: str = "10.0.0.1"):
    client = Client(REMOTE_ADDR=address)
    return client.post(reverse("account_login"), {"login": name, "password": password})


@pytest.mark.parametrize("change", [{"password": NEW_PASSWORD}, {"email": "other@example.org"}, {"last_name": "Other"}])
def test_who_also_works_elsewhere_is_changed_in_their_role_here_alone(as_administrator, shared, change):
    before = User.objects.filter(pk=shared.pk).values("password", "email", "last_name").get()
    as_administrator.post(
        reverse("user-change", args=[shared.pk]), form_of(shared, **{**change, "role-north": "trainee"})
    )
    assert User.objects.filter(pk=shared.pk).values("password", "email", "last_name").get() == before
    assert Membership.objects.get(user=shared, site__slug="north").role == Role.TRAINEE
    assert Membership.objects.get(user=shared, site__slug="south").role == Role.READER


def test_the_service_refuses_it_too(administrator, shared):
    with pytest.raises(PermissionError):
        services.change_user(
            actor=administrator, user=shared, memberships={}, password=NEW_PASSWORD,
            email=shared.email, first_name=shared.first_name, last_name=shared.last_name,
        )  # fmt: skip
    assert User.objects.get(pk=shared.pk).check_password(PASSWORD)


def test_their_page_offers_no_password_and_no_deactivation(as_administrator, shared, reader, trainee):
    page = as_administrator.get(reverse("user-change", args=[shared.pk])).content.decode()
    assert 'name="role-north"' in page and 'name="role-south"' not in page
    assert 'name="password"' not in page and 'name="active"' not in page
    page = as_administrator.get(reverse("user-change", args=[trainee.pk])).content.decode()
    assert 'name="password"' in page and 'name="active"' in page


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMINISTRATOR])
@pytest.mark.parametrize("name", ["user-new", "user-change", "user-active"])
def test_no_other_role_changes_a_user_by_post(make_user, north, reader, name, role):
    client = Client()
    client.force_login(make_user("somebody", role, north))
    count = User.objects.count()
    data = form_of(reader, username="newcomer", password=NEW_PASSWORD, active="0", **{"role-north": "administrator"})
    answer = client.post(reverse(name, args=[] if name == "user-new" else [reader.pk]), data)
    assert answer.status_code == 403
    reader.refresh_from_db()
    assert (User.objects.count(), reader.is_active, reader.check_password(PASSWORD)) == (count, True, True)
    assert Membership.objects.get(user=reader).role == Role.READER


def test_who_also_works_elsewhere_is_not_shut_out_there(as_administrator, shared):
    as_administrator.post(reverse("user-active", args=[shared.pk]), {"active": "0"})
    assert User.objects.get(pk=shared.pk).is_active


def test_an_administrator_of_both_sites_may(administrator, shared, south):
    Membership.objects.create(user=administrator, site=south, role=Role.ADMINISTRATOR)
    services.set_active(actor=administrator, user=shared, active=False)
    assert not User.objects.get(pk=shared.pk).is_active


def test_no_administrator_takes_over_a_superuser(as_administrator, make_user, north):
    root = make_user("root", Role.READER, north, is_staff=True, is_superuser=True)
    as_administrator.post(reverse("user-change", args=[root.pk]), form_of(root, password=NEW_PASSWORD))
    as_administrator.post(reverse("user-active", args=[root.pk]), {"active": "0"})
    root.refresh_from_db()
    assert root.check_password(PASSWORD) and root.is_active


def test_ones_own_password_is_changed_with_the_old_one_only(as_administrator, administrator):
    url = reverse("user-change", args=[administrator.pk])
    as_administrator.post(url, form_of(administrator, password=NEW_PASSWORD, **{"role-north": "administrator"}))
    assert User.objects.get(pk=administrator.pk).check_password(PASSWORD)
    with pytest.raises(PermissionError):
        services.change_user(
            actor=administrator, user=administrator, memberships={}, password=NEW_PASSWORD,
            email="", first_name="", last_name="",
        )  # fmt: skip


def test_a_new_password_ends_sessions_and_the_token(as_administrator, reader):
    theirs = Client()
    theirs.force_login(reader)
    services.command_token(user=reader)
    as_administrator.post(reverse("user-change", args=[reader.pk]), form_of(reader, password=NEW_PASSWORD))
    assert theirs.get(reverse("worklist")).status_code == 302
    assert not ApiToken.objects.filter(user=reader, revoked_at__isnull=True).exists()
    assert sign_in("reader", NEW_PASSWORD).status_code == 302


def test_an_e_mail_address_belongs_to_one_person(as_administrator, reader, trainee):
    answer = as_administrator.post(
        reverse("user-change", args=[reader.pk]), form_of(reader, email="TRAINEE@example.org")
    )
    assert answer.status_code == 400
    assert User.objects.get(pk=reader.pk).email == "reader@example.org"


def test_a_role_that_changed_is_told_with_what_it_was(as_administrator, reader):
    as_administrator.post(reverse("user-change", args=[reader.pk]), form_of(reader, **{"role-north": "trainee"}))
    event = AuditEvent.objects.get(verb=Verb.USER_CHANGED)
    assert (event.site.slug, event.object_id) == ("north", str(reader.pk))
    assert event.detail == {"fields": [], "was": "reader", "role": "trainee"}


def test_saving_a_form_unchanged_is_no_event(as_administrator, reader):
    as_administrator.post(reverse("user-change", args=[reader.pk]), form_of(reader))
    assert not AuditEvent.objects.filter(verb=Verb.USER_CHANGED).exists()


def test_an_auditor_sees_no_sign_in_of_another_sites_people(auditor, reader, stranger):
    sign_in("stranger", PASSWORD)
    sign_in("reader", PASSWORD)
    seen = audit_events(auditor, verb=Verb.SIGNED_IN)
    assert [event.actor_name for event in seen] == ["reader"]


def test_an_auditor_still_sees_who_has_left_the_site(auditor, administrator, reader, north):
    sign_in("reader", PASSWORD)
    Client().force_login(reader)
    services.change_user(
        actor=administrator, user=reader, memberships={north: ""},
        email=reader.email, first_name=reader.first_name, last_name=reader.last_name,
    )  # fmt: skip
    gone = audit_events(auditor, verb=Verb.USER_CHANGED).get()
    assert gone.detail["was"] == "reader" and gone.object_id == str(reader.pk)


def test_a_refused_try_is_an_event(trainee):
    client = Client()
    client.force_login(trainee)
    assert client.get(reverse("audit")).status_code == 403
    event = AuditEvent.objects.get(verb=Verb.ACCESS_DENIED)
    assert (event.actor, event.outcome, event.detail) == (trainee, "denied", {"address": "audit", "method": "GET"})


def test_a_refused_try_over_rest_names_its_object(technologist, make_study, north):
    study = make_study(north)
    client = Client()
    token = services.command_token(user=technologist)
    answer = client.get(reverse("api-findings", args=[study.study_uid]), headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 403
    event = AuditEvent.objects.get(verb=Verb.ACCESS_DENIED)
    assert (event.actor, event.object_type, event.object_id) == (technologist, "study", study.study_uid)


@pytest.fixture
def limits(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip,5/300s/key"}


def test_guessing_from_one_address_stops_there_and_locks_nobody_out(limits, reader):
    for _ in range(5):
        sign_in("reader", "wrong", "10.0.0.1")
    assert sign_in("reader", PASSWORD, "10.0.0.1").status_code == 200
    assert sign_in("reader", PASSWORD, "10.0.0.2").status_code == 302


def test_a_colleague_behind_the_same_address_is_not_locked_out(limits, reader, trainee):
    for _ in range(8):
        sign_in("trainee", "wrong", "10.0.0.1")
    assert sign_in("reader", PASSWORD, "10.0.0.1").status_code == 302


def test_many_names_tried_from_one_address_are_stopped(limits, reader):
    for number in range(60):
        sign_in(f"name{number}", "wrong", "10.0.0.1")
    assert sign_in("reader", PASSWORD, "10.0.0.1").status_code == 200


def test_the_admins_own_sign_in_is_no_way_around_the_limits(make_user):
    make_user("root", is_staff=True, is_superuser=True)
    client = Client()
    answer = client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_a_superuser_who_signed_in_can_open_the_admin_and_a_reader_cannot(make_user, reader):
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert client.get("/admin/").status_code == 200
    client.force_login(reader)
    assert client.get("/admin/login/").status_code == 403


def test_the_quarter_of_an_hour_begins_again_with_the_password(reader):
    client = Client()
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False) as clock:
        client.post(reverse("account_login"), {"login": "reader", "password": PASSWORD})
        request = type("Request", (), {"session": client.session})()
        clock.shift(dt.timedelta(minutes=15))
        assert services.recently_authenticated(request)
        clock.shift(dt.timedelta(seconds=1))
        assert not services.recently_authenticated(request)
        client.post(reverse("account_reauthenticate"), {"password": "wrong"})
        assert not services.recently_authenticated(type("Request", (), {"session": client.session})())
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        assert services.recently_authenticated(type("Request", (), {"session": client.session})())


def test_changing_ones_own_password_is_audited_and_ends_other_sessions(reader):
    here, there = Client(), Client()
    here.force_login(reader)
    there.force_login(reader)
    answer = here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert answer.status_code == 302
    assert here.get(reverse("worklist")).status_code == 200
    assert there.get(reverse("worklist")).status_code == 302
    assert AuditEvent.objects.get(verb=Verb.USER_CHANGED).detail == {"fields": ["password"]}


def test_sign_in_by_e_mail_works_and_by_another_case_of_the_name_too(reader):
    assert sign_in("reader@example.org", PASSWORD).status_code == 302


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_sign_in_sends_nobody_to_another_host(reader, target):
    answer = Client().post(reverse("account_login"), {"login": "reader", "password": PASSWORD, "next": target})
    assert answer["Location"] == "/worklist/"


def test_everybody_begins_where_their_role_lets_them(technologist, auditor):
    for person, first in ((technologist, "/worklist/"), (auditor, "/accounts/audit/")):
        client = Client()
        answer = client.post(reverse("account_login"), {"login": person.username, "password": PASSWORD}, follow=True)
        assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, first)
        assert client.get("/")["Location"] == first
    assert not AuditEvent.objects.filter(verb=Verb.ACCESS_DENIED).exists()


def test_signing_out_takes_a_post(reader):
    client = Client()
    client.force_login(reader)
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.get(reverse("worklist")).status_code == 200


def test_a_large_form_is_refused_before_it_is_read(db):
    body = b"login=" + b"a" * (6 * 1024 * 1024)
    answer = Client(raise_request_exception=False).generic(
        "POST", reverse("account_login"), body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413


def test_the_token_command_prints_a_new_token_in_place_of_the_one_before_and_audits_both(reader, capsys):
    call_command("api_token", "reader")
    call_command("api_token", "reader")
    first, second = capsys.readouterr().out.split()
    assert first != second
    for text, status in ((first, 401), (second, 200)):
        assert Client().get(reverse("api-worklist"), headers={"Authorization": f"Bearer {text}"}).status_code == status
    made = [Verb.TOKEN_MADE, Verb.TOKEN_REVOKED, Verb.TOKEN_MADE]
    assert (
        list(AuditEvent.objects.filter(object_type="token", outcome="ok").order_by("pk").values_list("verb", flat=True))
        == made
    )


def test_the_token_command_knows_nobody_inactive_and_nobody_unknown(make_user):
    make_user("gone", is_active=False)
    for name in ("gone", "nobody"):
        with pytest.raises(CommandError):
            call_command("api_token", name)
    assert not ApiToken.objects.exists()


def test_a_token_dies_with_its_account(administrator, reader):
    token = services.command_token(user=reader)
    services.set_active(actor=administrator, user=reader, active=False)
    answer = Client().get(reverse("api-worklist"), headers={"Authorization": f"Token {token}"})
    assert answer.status_code in (401, 403)
    services.set_active(actor=administrator, user=reader, active=True)
    answer = Client().get(reverse("api-worklist"), headers={"Authorization": f"Token {token}"})
    assert answer.status_code in (401, 403)


def test_behind_a_trusted_proxy_the_address_is_the_callers(settings, reader):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    Client().post(
        reverse("account_login"),
        {"login": "reader", "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"},
    )
    assert AuditEvent.objects.get(verb=Verb.SIGNED_IN).address == "198.51.100.7"


def test_without_a_trusted_proxy_nobody_writes_their_own_address(reader):
    Client(REMOTE_ADDR="10.0.0.9").post(
        reverse("account_login"),
        {"login": "reader", "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    assert AuditEvent.objects.get(verb=Verb.SIGNED_IN).address == "10.0.0.9"
