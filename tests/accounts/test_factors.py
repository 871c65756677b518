"""Second factors: set up, used, lost and reset; who must have one."""

from __future__ import annotations

import json
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.factors import FactorUnreadable, seal, unseal
from accounts.models import AuditEvent, Membership, User, Verb
from accounts.roles import Role
from accounts.standing import needs_factor
from tests.conftest import PASSWORD

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def frozen():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
    cache.clear()


def code_of(secret: str, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, (NOW + later) // 30))


def set_up(client: Client) -> str:
    """An app for whoever is signed in; answers its secret."""
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert answer.status_code == 302
    return secret


def sign_in(user: User) -> Client:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


@pytest.fixture
def secret(client, reader, frozen) -> str:
    """The reader's app, set up a while ago."""
    client.force_login(reader)
    made = set_up(client)
    cache.clear()
    return made


def test_with_an_app_the_password_alone_signs_nobody_in(reader, secret):
    client = sign_in(reader)
    assert not is_in(client)
    answer = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert (answer.status_code, is_in(client)) == (302, True)


def test_a_wrong_code_signs_nobody_in_and_is_on_record(reader, secret):
    client = sign_in(reader)
    wrong = f"{(int(code_of(secret)) + 1) % 1_000_000:06d}"
    answer = client.post(reverse("mfa_authenticate"), {"code": wrong})
    assert (answer.status_code, is_in(client)) == (200, False)
    event = AuditEvent.objects.get(verb=Verb.FACTOR_USED, outcome="denied")
    assert (event.actor, event.detail) == (reader, {"kind": "totp"})


@pytest.mark.parametrize("later", [0, 29, 59])
def test_a_code_is_good_once_even_while_its_time_lasts(reader, secret, frozen, later):
    first = sign_in(reader)
    first.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    frozen.move_to(NOW // 30 * 30 + later)
    second = sign_in(reader)
    second.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize(("later", "good"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_a_clock_may_be_off_by_half_a_minute_and_no_more(reader, secret, later, good):
    client = sign_in(reader)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret, later)})
    assert is_in(client) is good


def test_codes_cannot_be_tried_for_ever(settings, reader, secret):
    settings.ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip,5/300s/key"}
    client = sign_in(reader)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert not is_in(client)


def test_the_secret_lies_nowhere_as_it_is(client, reader):
    client.force_login(reader)
    shown = client.get(reverse("mfa_activate_totp")).context["form"].secret
    assert shown not in json.dumps(Session.objects.get(session_key=client.session.session_key).get_decoded())
    client.post(reverse("mfa_activate_totp"), {"code": code_of(shown)})
    row = Authenticator.objects.get(user=reader, type="totp")
    assert shown not in json.dumps(row.data) and unseal(row.data["secret"]) == shown
    seed = Authenticator.objects.get(user=reader, type="recovery_codes").data["seed"]
    assert re.fullmatch(r"v1:[A-Za-z0-9+/=]+", seed)


def test_a_sealed_text_that_was_changed_or_has_lost_its_key_is_not_read(settings):
    sealed = seal("text")
    with pytest.raises(FactorUnreadable):
        unseal(sealed[:-6] + ("AAAAA=" if not sealed.endswith("AAAAA=") else "BBBBB="))
    with pytest.raises(FactorUnreadable):
        unseal("text")
    settings.SECRET_KEY = "another"
    with pytest.raises(FactorUnreadable):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests"]
    assert unseal(sealed) == "text"
    settings.FACTOR_KEY = "its own"
    assert unseal(sealed) == "text"
    own = seal("text")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "yet another", []
    assert unseal(own) == "text"


def test_a_factor_whose_key_is_lost_is_a_sentence(settings, reader, secret):
    settings.FACTOR_KEY = ""
    client = sign_in(reader)
    Authenticator.objects.filter(user=reader).update(data={"secret": "v1:AAAA", "seed": "v1:AAAA", "used_mask": 0})
    answer = client.post(reverse("mfa_authenticate"), {"code": "123456"})
    assert answer.status_code == 200 and "cannot be read any more" in answer.content.decode()


def recovery_codes(client: Client) -> list[str]:
    return list(client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"])


def test_a_recovery_code_signs_in_once(client, reader, secret):
    codes = recovery_codes(client)
    assert len(set(codes)) == 10
    first = sign_in(reader)
    first.post(reverse("mfa_authenticate"), {"code": codes[0]})
    second = sign_in(reader)
    second.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert (is_in(first), is_in(second)) == (True, False)
    assert "9 codes are left" in first.get(reverse("mfa_index")).content.decode()


def test_recovery_codes_are_shown_once(client, secret):
    codes = recovery_codes(client)
    again = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert not any(code in again for code in codes)


def test_new_recovery_codes_end_the_old_ones(client, reader, secret):
    old = recovery_codes(client)
    client.post(reverse("mfa_generate_recovery_codes"))
    other = sign_in(reader)
    other.post(reverse("mfa_authenticate"), {"code": old[0]})
    assert not is_in(other)


def test_setting_up_using_and_removing_are_on_record(client, reader, secret):
    other = sign_in(reader)
    other.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    client.post(reverse("mfa_deactivate_totp"))
    told = AuditEvent.objects.filter(verb__in=[Verb.FACTOR_SET_UP, Verb.FACTOR_USED, Verb.FACTOR_REMOVED])
    assert [(event.verb, event.actor, event.detail["kind"], event.outcome) for event in told.order_by("pk")] == [
        ("factor_set_up", reader, "totp", "ok"),
        ("factor_set_up", reader, "recovery_codes", "ok"),
        ("factor_used", reader, "totp", "ok"),
        ("factor_removed", reader, "totp", "ok"),
        ("factor_removed", reader, "recovery_codes", "ok"),
    ]


def test_who_has_not_given_a_password_lately_gives_it_before_a_factor_changes(client, reader, secret, frozen):
    frozen.shift(16 * 60)
    for name in ("mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_add_webauthn"):
        answer = client.get(reverse(name))
        assert answer["Location"].startswith(reverse("account_reauthenticate"))
        assert client.post(reverse(name), {}).status_code == 302
    assert Authenticator.objects.filter(user=reader, type="totp").exists()


def test_nobody_touches_anothers_passkey(client, reader, trainee):
    theirs = Authenticator.objects.create(user=trainee, type="webauthn", data={"name": "Stick"})
    client.force_login(reader)
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert client.post(reverse(name, args=[theirs.pk]), {"name": "Mine"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.data == {"name": "Stick"}


# Who must have one


@pytest.mark.parametrize(
    ("asked", "role", "needs"),
    [
        ("nobody", "administrator", False),
        ("administrators", "administrator", True),
        ("administrators", "reader", False),
        ("signing", "reader", True),
        ("signing", "trainee", False),
        ("everybody", "trainee", True),
    ],
)
def test_a_site_asks_it_of_roles(make_user, north, asked, role, needs):
    north.second_factor = asked
    north.save()
    assert needs_factor(make_user("somebody", role, north)) is needs


def test_the_installation_asks_it_of_roles_at_every_site(settings, reader, administrator):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    assert (needs_factor(reader), needs_factor(administrator)) == (False, True)


def test_who_must_have_one_and_has_none_is_led_to_set_one_up_first(settings, administrator):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    client = sign_in(administrator)
    for name in ("worklist", "users", "preferences", "home"):
        assert client.get(reverse(name))["Location"] == reverse("mfa_index")
    answer = client.get(reverse("api-worklist"), headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert client.post(reverse("user-new"), {"username": "x"}).status_code == 302
    assert "Your role needs a second factor" in client.get(reverse("mfa_index")).content.decode()
    set_up(client)
    assert client.get(reverse("users")).status_code == 200


def test_it_is_asked_of_who_is_signed_in_already_within_a_minute(client, administrator, north, frozen):
    client.force_login(administrator)
    assert client.get(reverse("users")).status_code == 200
    north.second_factor = "administrators"
    north.save()
    frozen.shift(61)
    assert client.get(reverse("users"))["Location"] == reverse("mfa_index")


def test_the_last_factor_stays_where_one_is_asked(settings, client, reader, secret):
    settings.SECOND_FACTOR_ROLES = ["reader"]
    page = client.get(reverse("mfa_deactivate_totp")).content.decode()
    assert "this is your last" in page
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=reader, type="totp").exists()


def test_a_site_says_so_on_its_page_and_it_is_on_record(client, administrator, north):
    client.force_login(administrator)
    body = {"name": north.name, "sign_with": "each", "hold_back_ai": "programme", "second_factor": "signing"}
    seen = {"seen-name": north.name, "seen-sign_with": "each", "seen-hold_back_ai": "programme"}
    seen |= {"seen-break_glass_minutes": "0", "seen-second_factor": "nobody"}
    assert client.post(reverse("site-change", args=["north"]), {**body, **seen}).status_code == 302
    north.refresh_from_db()
    assert north.second_factor == "signing"
    event = AuditEvent.objects.get(verb=Verb.SITE_CHANGED)
    assert event.detail == {"second_factor": {"was": "nobody", "now": "signing"}}


# Reset by an administrator


def reset(administrator: User, user: User) -> int:
    client = Client()
    client.force_login(administrator)
    return client.post(reverse("user-factors-reset", args=[user.pk])).status_code


def test_an_administrator_resets_it_and_the_person_is_signed_out(client, administrator, reader, secret):
    assert is_in(client)
    assert reset(administrator, reader) == 302
    assert not Authenticator.objects.filter(user=reader).exists()
    assert not is_in(client)
    assert is_in(sign_in(reader))
    event = AuditEvent.objects.get(verb=Verb.FACTORS_RESET)
    assert (event.actor, event.object_id, event.site.slug) == (administrator, str(reader.pk), "north")
    assert event.detail == {"kinds": ["recovery_codes", "totp"]}


def test_nobody_resets_their_own_nor_of_who_also_works_elsewhere(administrator, reader, secret, south):
    Authenticator.objects.create(user=administrator, type="totp", data={"secret": seal("A" * 32)})
    reset(administrator, administrator)
    Membership.objects.create(user=reader, site=south, role=Role.READER)
    reset(administrator, reader)
    assert Authenticator.objects.filter(type="totp").count() == 2
    assert not AuditEvent.objects.filter(verb=Verb.FACTORS_RESET).exists()


def test_the_administrators_page_names_what_the_person_has(client, administrator, reader, secret):
    client.force_login(administrator)
    page = client.get(reverse("user-change", args=[reader.pk])).content.decode()
    assert "Reset the second factor" in page and "TOTP" in page


# What a passkey's page may be sent


def of_id(**response: str) -> str:
    """An answer of a passkey with parts that are none."""
    parts = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA", "attestationObject": "AA"}
    told = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "clientExtensionResults": {}}
    return json.dumps({**told, "response": {**parts, **response}})


NONSENSE = [
    "{}", "[]", "null", "x", "3", '"AAAA"', '{"id": 3, "rawId": [], "response": {}}', of_id(), of_id(userHandle="!!"),
    of_id(userHandle="MQ"), of_id(authenticatorData="A" * 60), of_id(attestationObject="oA"), of_id(clientDataJSON="W10"),
]  # fmt: skip


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_for_a_passkey_signs_nobody_in_and_breaks_nothing(client, reader, secret, credential):
    stranger = Client()
    stranger.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    assert stranger.post(reverse("mfa_login_webauthn"), {"credential": credential}).status_code == 302
    assert not is_in(stranger)
    other = sign_in(reader)
    other.get(reverse("mfa_authenticate"))
    assert other.post(reverse("mfa_authenticate"), {"credential": credential}).status_code == 200
    assert not is_in(other)
    client.get(reverse("mfa_add_webauthn"))
    assert client.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": credential}).status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_a_passkey_that_proves_nothing_is_on_record(reader, secret):
    Client().post(reverse("mfa_login_webauthn"), {"credential": of_id()})
    other = sign_in(reader)
    other.post(reverse("mfa_authenticate"), {"credential": of_id()})
    told = AuditEvent.objects.filter(verb=Verb.FACTOR_USED, outcome="denied").order_by("pk")
    assert [(event.actor, event.detail) for event in told] == [
        (None, {"kind": "webauthn"}),
        (reader, {"kind": "webauthn"}),
    ]
