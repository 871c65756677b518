"""Administration that matters asks who is there, once 15 minutes have gone since a password was given."""

from __future__ import annotations

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.confirming import ASK_THEMSELVES, CONFIRMED
from accounts.factors import seal
from accounts.models import AuditEvent, User, Verb
from tests.conftest import PASSWORD
from tests.test_permissions import TABLE, url_names, world  # noqa: F401  its fixture

NOW = 1_800_000_000
SECRET = "JBSWY3DPEHPK3PXP"
# What an administrator may send and needs no such proof, with the reason.
NOT_ASKED = {
    "run-retry": "does again what was to be done",
    "reading-rule-try": "changes nothing",
    "storage-look": "looks again at what is stored, and changes nothing",
}


@pytest.fixture(autouse=True)
def frozen():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
    cache.clear()


@pytest.fixture
def later(administrator, frozen) -> Client:
    """The administrator, who signed in 16 minutes ago and worked since."""
    client = Client()
    client.force_login(administrator)
    frozen.shift(16 * 60)
    return client


WANTED = {"username": "newcomer", "first_name": "Ada & <Co>", "password": "another long secret", "role-north": "reader"}


def test_the_table_names_addresses_that_exist_and_none_twice():
    assert (CONFIRMED | ASK_THEMSELVES) - url_names() == set()
    assert set() == CONFIRMED & ASK_THEMSELVES


def test_whatever_only_an_administrator_may_send_is_in_the_table():
    alone = {name for name, row in TABLE.items() if set(row.allowed) == {"administrator"} and row.method == "post"}
    assert alone - CONFIRMED - ASK_THEMSELVES - set(NOT_ASKED) == set()


@pytest.mark.parametrize("name", sorted(CONFIRMED))
def test_every_address_of_the_table_asks(world, frozen, name):  # noqa: F811
    client = Client(raise_request_exception=False)
    client.force_login(world["people"]["administrator"])
    frozen.shift(16 * 60)
    url = reverse(name, args=world["arguments"][TABLE[name].arguments])
    page = client.post(url, {"typed": "kept"}).content.decode()
    assert 'name="confirm-password"' in page and 'name="typed" value="kept"' in page


def test_nothing_is_done_before_and_nothing_typed_is_lost(later, north):
    answer = later.post(reverse("user-new"), WANTED)
    assert not User.objects.filter(username="newcomer").exists()
    assert answer["Cache-Control"] == "no-store"
    page = answer.content.decode()
    assert "Ada &amp; &lt;Co&gt;" in page
    carried = dict(answer.context["carried"])
    assert carried == WANTED
    done = later.post(reverse("user-new"), {**carried, "confirm-password": PASSWORD})
    assert done.status_code == 302
    assert User.objects.get(username="newcomer").first_name == "Ada & <Co>"


def test_once_proved_it_is_not_asked_again_for_15_minutes(later, frozen):
    later.post(reverse("user-new"), {"confirm-password": PASSWORD})
    frozen.shift(15 * 60)
    assert later.post(reverse("user-new"), WANTED).status_code == 302
    frozen.shift(1)
    assert later.post(reverse("user-new"), WANTED).context["by_password"]


def test_pages_stay_open_to_look_at(later, reader):
    for url in (reverse("users"), reverse("user-change", args=[reader.pk]), reverse("sites"), reverse("programmes")):
        assert 'name="confirm-password"' not in later.get(url).content.decode()


def test_a_wrong_password_does_nothing_and_is_on_record(later, administrator):
    answer = later.post(reverse("user-new"), {**WANTED, "confirm-password": "wrong"})
    assert answer.status_code == 400 and "not right" in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()
    assert "wrong" not in dict(answer.context["carried"]).values()
    event = AuditEvent.objects.get(verb=Verb.IDENTITY_CONFIRMED)
    assert (event.actor, event.outcome, event.detail) == (administrator, "denied", {"for": "user-new"})


def test_passwords_cannot_be_tried_for_ever(later):
    for _ in range(10):
        later.post(reverse("user-new"), {"confirm-password": "wrong"})
    later.post(reverse("user-new"), {**WANTED, "confirm-password": PASSWORD})
    assert not User.objects.filter(username="newcomer").exists()


def test_the_code_of_an_app_proves_it_too_once(later, administrator, frozen):
    Authenticator.objects.create(user=administrator, type="totp", data={"secret": seal(SECRET)})
    code = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    assert later.post(reverse("user-new"), WANTED).context["by_code"]
    assert later.post(reverse("user-new"), {**WANTED, "confirm-code": code}).status_code == 302
    event = AuditEvent.objects.get(verb=Verb.IDENTITY_CONFIRMED)
    assert (event.outcome, event.detail) == ("ok", {"for": "user-new"})
    frozen.shift(15 * 60 + 1)
    assert later.post(reverse("user-new"), {**WANTED, "confirm-code": code}).status_code == 400


def test_a_credential_out_of_thin_air_proves_nothing(later, administrator):
    for credential in ("{}", "[]", "null", "x", '{"id": "AAAA", "rawId": "AAAA", "type": "public-key"}'):
        later.post(reverse("user-new"), {**WANTED, "confirm-credential": credential})
    assert not User.objects.filter(username="newcomer").exists()


def test_a_script_is_told_so(later):
    answer = later.post(reverse("user-new"), WANTED, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["confirm"]) == (428, True)


def test_who_is_not_allowed_is_not_allowed_with_a_password_either(reader, frozen):
    client = Client()
    client.force_login(reader)
    frozen.shift(16 * 60)
    assert client.post(reverse("user-new"), {**WANTED, "confirm-password": PASSWORD}).status_code == 403


def test_the_page_that_asks_again_counts_wrong_passwords_and_records_them(later, administrator):
    for _ in range(10):
        later.post(reverse("account_reauthenticate"), {"password": "wrong"})
    assert AuditEvent.objects.filter(verb=Verb.IDENTITY_CONFIRMED, outcome="denied", actor=administrator).count() == 10
    later.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert later.post(reverse("user-new"), WANTED).context["by_password"]
