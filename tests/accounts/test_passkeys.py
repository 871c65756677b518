"""A passkey in a real browser, on a key that the browser itself plays: made, signed in with, used again, removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, User, Verb
from accounts.services.authentication import SESSION_KEY
from tests.chromium import Room
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def person(browser, live_server, administrator) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    room = Room(context.new_page())
    link = context.new_cdp_session(room.page)
    link.send("WebAuthn.enable")
    link.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    # A passkey belongs to a host with a name.
    room.home = live_server.url.replace("127.0.0.1", "localhost")  # type: ignore[attr-defined]
    yield room
    context.close()


def sign_in(person: Any) -> None:
    person.page.goto(f"{person.home}/accounts/login/")
    person.page.fill("input[name=login]", "administrator")
    person.page.fill("input[name=password]", PASSWORD)
    person.page.locator("form:has(input[name=password]) button").click()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def grow_old(user: User) -> None:
    """The last password is 16 minutes old."""
    for row in Session.objects.all():
        data = row.get_decoded()
        if data.get("_auth_user_id") == str(user.pk):
            data[SESSION_KEY] = (timezone.now() - timedelta(minutes=16)).isoformat()
            row.session_data = Session.get_session_store_class()().encode(data)
            row.save()


def test_a_passkey_from_making_it_to_removing_it(person, administrator, reader):
    page = person.page
    sign_in(person)
    expect(page.locator(".brand")).to_be_visible()
    page.goto(f"{person.home}{reverse('mfa_index')}")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Stick <b>of</b> mine")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("h1")).to_have_text("Recovery codes")
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_role("row", name="Stick <b>of</b> mine")).to_contain_text("signs in alone")

    # Alone, without a password
    sign_out(page)
    page.goto(f"{person.home}/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("a.plain-link")).to_have_text("administrator")

    # As the second step
    sign_out(page)
    sign_in(person)
    expect(page.locator("h1")).to_have_text("Second step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("a.plain-link")).to_have_text("administrator")

    # Where administration asks who is there: what was typed goes on with it
    grow_old(administrator)
    page.goto(f"{person.home}{reverse('user-change', args=[reader.pk])}")
    page.fill("input[name=last_name]", "Osei-Mensah")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Who is there?")
    assert User.objects.get(pk=reader.pk).last_name == "Osei"
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".messages")).to_contain_text("was changed")
    assert User.objects.get(pk=reader.pk).last_name == "Osei-Mensah"

    page.goto(f"{person.home}{reverse('mfa_index')}")
    page.get_by_role("row", name="Stick").get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Add a passkey")).to_be_visible()
    assert not Authenticator.objects.filter(user=administrator).exists()
    told = AuditEvent.objects.filter(actor=administrator, detail__kind="webauthn").order_by("pk")
    assert [(event.verb, event.detail.get("again")) for event in told] == [
        (Verb.FACTOR_SET_UP, None),
        (Verb.FACTOR_USED, False),
        (Verb.FACTOR_USED, False),
        (Verb.FACTOR_USED, True),
        (Verb.FACTOR_REMOVED, None),
    ]
    assert person.complaints == []
