"""Single sign-on, with a real provider: who comes in, as whom, with which roles, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import oidc_http, services
from accounts.models import AuditEvent, ExternalIdentity, Membership, ProviderRole, User, Verb
from accounts.noise import FAILURES
from accounts.oidc import OidcRefused, provider
from accounts.oidc_tokens import verified_claims
from accounts.services import oidc as service
from tests.conftest import PASSWORD
from tests.oidc.conftest import CLIENT

pytestmark = pytest.mark.django_db


def reasons() -> list[str]:
    events = AuditEvent.objects.filter(verb=Verb.SIGN_IN_FAILED).order_by("pk")
    return [event.detail["reason"] for event in events]


def roles_of(user: User) -> list[tuple[str, str]]:
    return list(user.memberships.order_by("site__slug").values_list("site__slug", "role"))


def with_roles(settings, *entries: tuple[str, str, str], **more: object) -> None:
    roles = [{"value": value, "site": site, "role": role} for value, site, role in entries]
    settings.OIDC_ROLES = json.dumps({"claim": "groups", "roles": roles, **more})


def test_a_new_person_with_a_role_gets_an_account_without_a_password(sso, browser_of):
    browser = browser_of()
    answer = browser.sign_in("sub-mara")
    assert (answer.status_code, answer["Location"]) == (302, "/worklist/")
    user = User.objects.get(username="mara")
    assert (user.first_name, user.last_name, user.email) == ("Mara", "Osei", "mara@example.org")
    assert not user.has_usable_password() and not user.is_staff and not user.is_superuser
    assert roles_of(user) == [("north", "reader")]
    assert browser.here.get("/worklist/").status_code == 200
    signed_in = AuditEvent.objects.get(verb=Verb.SIGNED_IN)
    assert (signed_in.actor, signed_in.detail) == (user, {"via": "oidc"})
    assert AuditEvent.objects.get(verb=Verb.USER_CREATED).detail == {"via": "oidc"}


def test_the_way_there_has_a_state_a_nonce_and_a_pkce_challenge(sso, browser_of):
    browser = browser_of()
    asked = parse_qs(urlsplit(browser.start()).query)
    flow = browser.here.session[service.FLOW]
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/accounts/oidc/callback/"]
    assert (asked["state"], asked["nonce"]) == ([flow["state"]], [flow["nonce"]])
    assert flow["verifier"] not in str(asked) and CLIENT["client_secret"] not in str(asked)


def test_the_sign_in_page_offers_it_only_where_it_is_set_up(sso):
    page = Client().get(reverse("account_login"), {"next": "/tasks/?a=1&b=2"}).content.decode()
    assert "Sign in with Clinic account" in page
    assert "/accounts/oidc/?next=%2Ftasks%2F%3Fa%3D1%26b%3D2" in page
    sso.OIDC_ISSUER = ""
    assert "oidc" not in Client().get(reverse("account_login")).content.decode()


def test_the_second_time_it_is_the_same_person_whatever_their_name_is_now(sso, browser_of):
    browser_of().sign_in("sub-mara")
    User.objects.update(username="renamed", email="elsewhere@example.org")
    browser_of().sign_in("sub-mara")
    assert User.objects.count() == ExternalIdentity.objects.count() == 1


def test_a_person_without_a_role_gets_a_sentence_and_no_account(sso, browser_of):
    browser = browser_of()
    answer = browser.sign_in("sub-guest")
    assert answer.status_code == 403 and "no account was made" in answer.content.decode()
    assert not User.objects.exists() and not browser.is_signed_in
    assert reasons() == ["no_role"]


def test_one_is_led_where_one_wanted_to_go_and_nowhere_else(sso, browser_of):
    assert browser_of().sign_in("sub-mara", "/accounts/oidc/?next=/tasks/")["Location"] == "/tasks/"
    assert browser_of().sign_in("sub-mara", "/accounts/oidc/?next=//elsewhere.example/")["Location"] == "/worklist/"


def test_signing_out_ends_the_session_here(sso, browser_of):
    browser = browser_of()
    browser.sign_in("sub-mara")
    browser.here.post(reverse("account_logout"))
    assert not browser.is_signed_in
    assert browser.here.get("/worklist/").status_code == 302


# Roles


def test_roles_follow_the_provider_at_each_sign_in(sso, browser_of, south):
    browser_of().sign_in("sub-mara")
    user = User.objects.get()
    with_roles(sso, ("radiology", "south", "trainee"))
    browser_of().sign_in("sub-mara")
    assert roles_of(user) == [("south", "trainee")]
    told = AuditEvent.objects.filter(verb=Verb.USER_CHANGED, detail__has_key="role").order_by("pk")
    changes = [(event.site.slug, event.detail["was"], event.detail["role"]) for event in told]
    assert changes == [("north", "", "reader"), ("north", "reader", ""), ("south", "", "trainee")]


def test_who_has_lost_every_role_there_has_none_here_and_stays_out(sso, browser_of):
    browser_of().sign_in("sub-mara")
    with_roles(sso, ("nobody", "north", "reader"))
    browser = browser_of()
    assert browser.sign_in("sub-mara").status_code == 403
    assert roles_of(User.objects.get()) == [] and not browser.is_signed_in
    assert reasons() == ["no_role"]


def test_a_role_given_by_hand_stays_unless_the_operator_says_otherwise(sso, browser_of, south, north):
    browser_of().sign_in("sub-mara")
    user = User.objects.get()
    Membership.objects.create(user=user, site=south, role="auditor")
    Membership.objects.filter(user=user, site=north).update(role="trainee")
    with_roles(sso, ("radiology", "north", "reader"), ("radiology", "south", "reader"))
    browser_of().sign_in("sub-mara")
    assert roles_of(user) == [("north", "trainee"), ("south", "auditor")]
    with_roles(sso, ("nobody", "north", "reader"))
    browser_of().sign_in("sub-mara")
    assert roles_of(user) == [("north", "trainee"), ("south", "auditor")]
    with_roles(sso, ("radiology", "north", "reader"), replace_manual=True)
    browser_of().sign_in("sub-mara")
    assert roles_of(user) == [("north", "reader"), ("south", "auditor")]


def test_of_two_roles_for_a_site_the_first_of_the_list_counts(sso, browser_of):
    with_roles(sso, ("everybody", "north", "technologist"), ("radiology", "north", "reader"))
    browser_of().sign_in("sub-mara")
    assert roles_of(User.objects.get()) == [("north", "technologist")]


def test_the_last_administrator_of_a_site_stays_one(sso, browser_of):
    browser_of().sign_in("sub-chief")
    with_roles(sso, ("it", "north", "auditor"))
    browser_of().sign_in("sub-chief")
    assert roles_of(User.objects.get()) == [("north", "administrator")]
    assert AuditEvent.objects.filter(detail__kept="last administrator").count() == 1
    assert ProviderRole.objects.get().role == "administrator"


# Accounts that are there


@pytest.mark.parametrize("person", ["sub-unverified", "sub-verified"])
def test_an_account_is_not_taken_over_by_its_e_mail_address(sso, browser_of, reader, person):
    """An unverified address is nobody's, so it is not even kept; a verified one needs the operator's word."""
    browser = browser_of()
    answer = browser.sign_in(person)
    assert not reader.identities.exists()
    if person == "sub-verified":
        assert answer.status_code == 403 and reasons() == ["taken"] and not browser.is_signed_in
    else:
        assert User.objects.get(username="other").email == ""


def test_a_verified_address_links_where_the_operator_says_so_and_an_unverified_one_never(sso, browser_of, reader):
    with_roles(sso, ("radiology", "north", "reader"), link_verified_email=True)
    browser_of().sign_in("sub-unverified")
    assert not reader.identities.exists()
    browser_of().sign_in("sub-verified")
    assert reader.identities.get().subject == "sub-verified"


def test_nobody_becomes_a_superuser_by_an_address(sso, browser_of, make_user):
    root = make_user("reader", is_staff=True, is_superuser=True)
    with_roles(sso, ("radiology", "north", "reader"), link_verified_email=True)
    assert browser_of().sign_in("sub-verified").status_code == 403
    assert not root.identities.exists() and reasons() == ["taken"]


def test_a_namesake_does_not_become_the_person_here(sso, browser_of, reader):
    assert browser_of().sign_in("sub-namesake").status_code == 403
    assert not reader.identities.exists() and reasons() == ["taken"]


def test_an_operator_links_an_account_by_command(sso, browser_of, reader):
    call_command("link_identity", "reader", "sub-namesake")
    browser = browser_of()
    browser.sign_in("sub-namesake")
    assert browser.here.session["_auth_user_id"] == str(reader.pk)
    assert reader.check_password(PASSWORD)
    for arguments in (("nobody", "x"), ("reader", "another")):
        with pytest.raises(CommandError):
            call_command("link_identity", *arguments)


def test_who_was_deactivated_stays_out_and_keeps_no_new_role(sso, browser_of, administrator):
    browser_of().sign_in("sub-mara")
    user = User.objects.get(username="mara")
    services.set_active(actor=administrator, user=user, active=False)
    browser = browser_of()
    answer = browser.sign_in("sub-mara")
    assert answer.status_code == 403 and "closed" in answer.content.decode()
    assert not browser.is_signed_in and reasons() == ["inactive"]


# What is refused


def test_an_answer_with_another_state_is_refused_and_its_flow_is_over(sso, browser_of):
    browser = browser_of()
    good = browser.through(browser.start(), "sub-mara")
    query = {name: values[0] for name, values in parse_qs(urlsplit(good).query).items()}
    bad = f"{reverse('oidc-callback')}?{urlencode({**query, 'state': 'another'})}"
    assert browser.here.get(bad).status_code == 403
    assert browser.back(good).status_code == 403  # the right one, too late
    assert not User.objects.exists() and not browser.is_signed_in


def test_an_answer_is_no_good_in_another_browser_nor_twice(sso, browser_of):
    browser, thief = browser_of(), browser_of()
    good = browser.through(browser.start(), "sub-mara")
    assert thief.back(good).status_code == 403
    thief.start()
    assert thief.back(good).status_code == 403
    assert browser.back(good).status_code == 302
    assert browser.back(good).status_code == 403


def changed_flow(browser, **changes: object) -> None:
    session = browser.here.session
    session[service.FLOW] = session[service.FLOW] | changes
    session.save()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"verifier": "a" * 64}, "provider_refuses"),
        ({"redirect_uri": "http://testserver/elsewhere/"}, "provider_refuses"),
    ],
)
def test_a_token_for_another_sign_in_is_refused(sso, browser_of, changes, reason):
    browser = browser_of()
    good = browser.through(browser.start(), "sub-mara")
    changed_flow(browser, **changes)
    assert browser.back(good).status_code == 403
    assert reasons() == [reason] and not User.objects.exists() and not browser.is_signed_in


def test_an_answer_after_ten_minutes_is_refused(sso, browser_of):
    browser = browser_of()
    good = browser.through(browser.start(), "sub-mara")
    changed_flow(browser, at=(timezone.now() - timedelta(minutes=11)).timestamp())
    assert browser.back(good).status_code == 403 and reasons() == ["late"]


def test_an_answer_of_another_provider_is_refused(sso, browser_of):
    browser = browser_of()
    good = browser.through(browser.start(), "sub-mara")
    query = {name: values[0] for name, values in parse_qs(urlsplit(good).query).items()}
    assert query["iss"] == sso.OIDC_ISSUER
    for iss in ({"iss": "https://evil.example"}, {}):
        answer = {name: value for name, value in query.items() if name != "iss"} | iss
        session = browser.here.session
        flow = session[service.FLOW]
        assert browser.here.get(f"{reverse('oidc-callback')}?{urlencode(answer)}").status_code == 403
        session[service.FLOW] = flow
        session.save()
    assert reasons() == ["issuer", "issuer"]


@pytest.mark.parametrize("problem", ["access_denied", "<script>alert(1)</script>"])
def test_what_the_provider_refuses_is_refused_without_its_words(sso, browser_of, problem):
    browser = browser_of()
    state = parse_qs(urlsplit(browser.start()).query)["state"][0]
    answer = {"state": state, "iss": sso.OIDC_ISSUER, "error": problem, "error_description": problem}
    page = browser.here.get(f"{reverse('oidc-callback')}?{urlencode(answer)}")
    assert page.status_code == 403 and problem not in page.content.decode()
    assert problem not in str(list(AuditEvent.objects.values()))


def test_a_provider_that_does_not_answer_is_said_so(sso):
    sso.OIDC_ISSUER = "http://localhost:1"
    answer = Client().get(reverse("oidc-start"))
    assert answer.status_code == 502 and "does not answer" in answer.content.decode()


def test_refusals_from_one_address_do_not_bury_the_trail_and_stop_nobody(sso, browser_of):
    browser = browser_of()
    for _each in range(FAILURES + 3):
        state = parse_qs(urlsplit(browser.start()).query)["state"][0]
        answer = {"state": state, "iss": sso.OIDC_ISSUER, "error": "access_denied"}
        assert browser.here.get(f"{reverse('oidc-callback')}?{urlencode(answer)}").status_code == 403
    assert len(reasons()) == FAILURES
    assert browser.sign_in("sub-mara").status_code == 302


@pytest.fixture
def real_token(sso, browser_of, monkeypatch) -> tuple[str, str]:
    """An ID token that the provider signed, and the nonce it was asked with."""
    seen: list[str] = []
    plain = oidc_http.tokens
    monkeypatch.setattr(oidc_http, "tokens", lambda *a, **k: seen.append((got := plain(*a, **k))["id_token"]) or got)
    browser = browser_of()
    address = browser.start()
    nonce = browser.here.session[service.FLOW]["nonce"]
    browser.back(browser.through(address, "sub-mara"))
    return seen[0], nonce


def verify(text: str, nonce: str, **changes: object):
    ours = provider()
    changed = type(ours)(**{name: getattr(ours, name) for name in ours.__slots__} | changes)
    return verified_claims(changed, text, keys=lambda again: oidc_http.keys(ours, again=again), nonce=nonce)


def test_the_providers_own_token_is_good_for_us_now_and_for_nobody_else_and_not_later(real_token, sso):
    text, nonce = real_token
    assert verify(text, nonce)["sub"] == "sub-mara"
    for changes, wrong_nonce, code in (
        ({"client_id": "another"}, nonce, "audience"),
        ({"issuer": "https://evil.example"}, nonce, "issuer"),
        ({}, "another", "nonce"),
        ({}, "", "nonce"),
    ):
        with pytest.raises(OidcRefused, match=f"^{code}$"):
            verify(text, wrong_nonce, **changes)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        with pytest.raises(OidcRefused, match="^expired$"):
            verify(text, nonce)


def test_a_token_that_was_changed_or_signed_by_another_is_refused(real_token):
    text, nonce = real_token
    head, body, signature = text.split(".")
    claims = jwt.decode(text, options={"verify_signature": False})
    forged = jwt.encode(claims | {"sub": "sub-chief"}, CLIENT["client_secret"].ljust(32), algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    for wrong, code in (
        (f"{head}.{forged.split('.')[1]}.{signature}", "id_token"),
        (forged, "algorithm"),
        (unsigned, "algorithm"),
        ("", "id_token"),
        (f"{head}.{body}", "id_token"),
    ):
        with pytest.raises(OidcRefused, match=f"^{code}$"):
            verify(wrong, nonce)


# Proving it once more


def test_one_proves_anew_at_the_provider_who_one_is(sso, browser_of):
    browser = browser_of()
    browser.sign_in("sub-mara")
    session = browser.here.session
    session["authenticated_at"] = (timezone.now() - timedelta(minutes=20)).isoformat()
    session.save()
    wanted = {"name": "viewer", "scopes": ["studies.read"], "days": "30", "site": ""}
    held = browser.here.post(reverse("tokens"), wanted).content.decode()
    assert "Prove it with Clinic account" in held and "frd_" not in held
    address = browser.start(reverse("oidc-again") + "?next=/accounts/tokens/")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
    assert browser.back(browser.through(address, "sub-mara"))["Location"] == "/accounts/tokens/"
    assert "frd_" in browser.here.post(reverse("tokens"), wanted).content.decode()


def test_nobody_proves_it_for_another(sso, browser_of):
    browser = browser_of()
    browser.sign_in("sub-mara")
    before = browser.here.session["authenticated_at"]
    address = browser.start(reverse("oidc-again"))
    browser.there.cookies.clear()
    assert browser.back(browser.through(address, "sub-chief")).status_code == 403
    assert browser.here.session["authenticated_at"] == before and reasons() == ["subject"]


def test_a_person_is_linked_once(sso, reader, trainee):
    service.link(user=reader, issuer="https://a.example", subject="1")
    for user, subject in ((reader, "2"), (trainee, "1")):
        with pytest.raises(ValidationError):
            service.link(user=user, issuer="https://a.example", subject=subject)
