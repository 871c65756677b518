"""The worklist in a real browser: a session by keys, setting aside and coming back, presses that were not meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import SignWith
from accounts.services.authentication import SESSION_KEY
from reports.models import Revision, Signature
from screening.models import Deferral, Instance, Reading, ReadingSession, Study
from screening.phantoms.headers import as_bytes
from screening.services.reading import claim_study
from screening.states import StudyStatus
from screening.storage import storage
from tests.chromium import Room
from tests.ingest.images import ct

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_list(browser, live_server) -> Iterator[Callable[..., Room]]:
    """The worklist as somebody sees it who has just signed in."""
    contexts = []

    def open_(user: Any, path: str = "/worklist/") -> Room:
        client = Client()
        client.force_login(user)
        session = client.session
        session[SESSION_KEY] = timezone.now().isoformat()
        session.save()
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        cookie = client.cookies[configured.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": configured.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        room = Room(context.new_page())
        room.page.goto(f"{live_server.url}{path}")
        return room

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def three(north, make_study) -> list[Study]:
    """Three lung studies of one image each, due one after another."""
    north.sign_with = SignWith.RECENT
    north.save()
    data = as_bytes(ct())
    kept = {"sha256": storage().put(data), "size": len(data)}
    studies = []
    for hour in range(1, 4):
        due = timezone.now() + dt.timedelta(hours=10 + hour)
        fields = {"due_at": due, "base_due_at": due, "closed_at": timezone.now()}
        studies.append(make_study(north, images=1, status=StudyStatus.TO_READ, programme="lung", **fields))
    Instance.objects.update(**kept)
    return studies


def ready(room: Room, study: Study) -> None:
    room.page.wait_for_url(f"**/studies/{study.study_uid}/**")
    room.wait(lambda data: data.get("viewer") in ("ready", "error"))


def test_a_session_of_three_is_read_by_keys_alone(open_list, three, reader, north, make_study):
    room = open_list(reader)
    page = room.page
    page.locator("#wanted").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    room.press("Enter")
    expect(page.locator("#session")).to_contain_text("0 of 3 done")
    room.wait(lambda data: data.get("worklist") == "ready")
    page.locator("#list").focus()
    room.press("j")
    for number, study in enumerate(three, start=1):
        ready(room, study)
        expect(page.locator("[data-standing=session]")).to_have_text(f"{number} of 3")
        room.press("n", "Control+Enter")
        room.wait(lambda data: data.get("signed") == "yes")
        room.press("j")
    page.wait_for_url("**/worklist/?view=session")
    expect(page.locator("#session")).to_contain_text("3 of 3 done")
    expect(page.locator("#session")).to_contain_text("Nothing is left in it.")
    assert Signature.objects.count() == 3
    page.get_by_role("button", name="End the session").click()
    expect(page.locator("#session .sitting")).to_have_count(0)
    assert ReadingSession.objects.get().ended_at is not None
    assert room.complaints == []


def test_a_study_is_set_aside_by_keys_and_comes_back_by_itself(open_list, three, reader, settings):
    settings.SESSION_IDLE_SECONDS = 2 * 3600
    with time_machine.travel(timezone.now(), tick=True):
        room = open_list(reader)
        page = room.page
        room.wait(lambda data: data.get("worklist") == "ready")
        room.press("d")
        expect(page.locator("#acts select[name=reason]")).to_be_focused()
        page.locator("#acts select[name=until]").select_option("1h")
        page.locator("#acts").get_by_role("button", name="Set aside").press("Enter")
        expect(page.locator("#undo")).to_contain_text("TESTPATIENT, Number1 is set aside until")
        expect(page.locator("tr[data-uid]")).to_have_count(2)
        expect(page.locator("[data-count=view-deferred]")).to_have_text("1")
        due = Study.objects.get(pk=three[0].pk).due_at
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61), tick=True):
        expect(page.locator("tr[data-uid]")).to_have_count(3, timeout=20_000)
        expect(page.locator("tr[data-uid]").first).to_have_attribute("data-uid", three[0].study_uid)
    assert Study.objects.get(pk=three[0].pk).due_at == due == three[0].due_at
    assert room.complaints == []


def test_a_deferral_is_undone_by_a_key(open_list, three, reader):
    room = open_list(reader)
    page = room.page
    room.wait(lambda data: data.get("worklist") == "ready")
    room.press("d")
    page.locator("#acts").get_by_role("button", name="Set aside").click()
    expect(page.locator("tr[data-uid]")).to_have_count(2)
    room.wait(lambda data: data.get("worklist") == "ready")
    room.press("z")
    expect(page.locator("tr[data-uid]")).to_have_count(3)
    assert Deferral.objects.get().ended_at is not None


def test_a_press_right_after_a_study_was_opened_does_nothing(open_list, three, reader, settings):
    settings.LOCK_OUT_SECONDS = 600.0
    room = open_list(reader)
    page = room.page
    room.wait(lambda data: data.get("worklist") == "ready")
    room.press("j", "j")
    ready(room, three[0])
    room.press("n", "Control+Enter", "j")
    expect(page.get_by_text("Pressed too soon: this study has only just opened.")).to_be_visible()
    page.locator("[data-part=sign]").click()
    page.locator("[data-part=next]").click()
    assert three[0].study_uid in page.url
    assert not Signature.objects.exists()
    assert Reading.objects.get().study == three[0]


def test_the_normal_text_is_taken_out_again_but_for_what_was_changed(open_list, three, reader):
    claim_study(study=three[0], reader=reader)
    room = open_list(reader, f"/studies/{three[0].study_uid}/")
    ready(room, three[0])
    sentences = room.page.locator("[data-part=sections] .s")
    room.press("n")
    expect(sentences).not_to_have_count(0)
    room.press("Shift+N")
    expect(sentences).to_have_count(0)


def test_what_became_urgent_is_announced_without_taking_the_focus(open_list, three, reader, north, make_study):
    room = open_list(reader)
    page = room.page
    room.wait(lambda data: data.get("worklist") == "ready")
    page.locator("#sit button").click()
    expect(page.locator("#session")).to_contain_text("0 of 3 done")
    room.wait(lambda data: data.get("worklist") == "ready")
    page.locator("#text").focus()
    soon = timezone.now() + dt.timedelta(minutes=9, seconds=30)
    stat = make_study(north, images=1, status=StudyStatus.TO_READ, order_priority="stat", description="CT head")
    Study.objects.filter(pk=stat.pk).update(due_at=soon)
    expect(page.locator("#urgent")).to_contain_text("More urgent than your session: CT head", timeout=20_000)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Escape")
    room.press("u")
    page.wait_for_url(f"**/studies/{stat.study_uid}/**")


def test_what_was_just_written_is_kept_when_the_study_is_set_aside_at_once(open_list, three, reader):
    claim_study(study=three[0], reader=reader)
    room = open_list(reader, f"/studies/{three[0].study_uid}/")
    ready(room, three[0])
    page = room.page
    room.press("e")
    page.keyboard.type("Compared with the films of last year")
    page.locator("[data-standing=open]").click()
    page.locator("#acts").get_by_role("button", name="Set aside").click()
    page.wait_for_url("**/worklist/**")
    assert "films of last year" in str(Revision.objects.latest("id").sections)
    assert Deferral.objects.get().study == three[0]
