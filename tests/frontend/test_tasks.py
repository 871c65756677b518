"""Tasks in a real browser: a critical result escalated by the clock, and a double-blind read that is arbitrated."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from playwright.sync_api import expect

from reports.models import CommunicationTask, Opinion
from reports.rules.reading import Kind, Rule
from reports.services.double_reading import set_rule
from reports.tasks import sweep_communications
from screening.models import Study
from screening.phantoms.chest import chest_ct
from screening.services.reading import claim_study
from tests.chromium import Room
from tests.frontend.test_addenda import sign_report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECRET = "A spiculated nodule behind the hilum"


@pytest.fixture
def study(take_in, give_result) -> Study:
    study = take_in(chest_ct(6, nodules=None, slices=8, size=96).datasets, "lung")
    give_result(study, [], tier="critical")
    return study


def test_a_critical_result_is_never_signed_off_silently_and_is_escalated_by_the_clock(
    open_room, reader, study, claimed_by, live_server
):
    claimed_by(study)
    room = open_room(reader, study)
    untold = room.page.locator("div[data-untold]")
    expect(untold).to_contain_text("Nobody has been told. Signing starts the clock.")
    sign_report(room)
    room.wait(lambda data: data.get("communications") == "OPEN")
    task = CommunicationTask.objects.get()
    with time_machine.travel(task.due_at + dt.timedelta(minutes=1), tick=False):
        assert sweep_communications() == 1
        page = room.page.context.new_page()
        page.goto(f"{live_server.url}/studies/{study.study_uid}/tasks/")
        expect(page.locator("[data-communication]")).to_contain_text("escalated once")
        page.goto(f"{live_server.url}/tasks/")
        expect(page.locator(".counts")).to_have_attribute("data-told-late", "1")
        expect(page.locator("nav .late-count")).to_have_text("1")
    # One key opens the form; the telephone and the read-back close the loop.
    room.page.evaluate("document.activeElement.blur()")
    room.press("w")
    form = room.page.locator("form[data-form^=tell-]:not([hidden])")
    expect(form.locator("[name=whom]")).to_be_focused()
    room.page.keyboard.type("Dr Lin, emergency department")
    form.locator("[name=read_back_by]").fill("Dr Lin")
    room.press("Enter")
    room.wait(lambda data: data.get("communications") == "ACKNOWLEDGED")
    assert room.complaints == []


def give(room: Any, verdict: str, note: str = "") -> None:
    form = room.page.locator("form[data-form=opinion]")
    form.locator("[name=note]").fill(note)
    form.get_by_role("button", name=verdict).click()


def test_a_double_blind_read_that_disagrees_is_arbitrated(
    open_room, reader, second_reader, make_user, administrator, north, study
):
    third = make_user("third", "reader", north)
    set_rule(site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="As agreed", actor=administrator)

    def sit_down(person: Any) -> Room:
        claim_study(study=Study.objects.get(), reader=person)
        return open_room(person, study)

    first = sit_down(reader)
    expect(first.page.locator("[data-part=sign]")).to_be_hidden()
    give(first, "Recall", SECRET)
    expect(first.page.locator("[data-opinions=read]")).to_contain_text("Another reader is wanted.")

    second = sit_down(second_reader)
    assert SECRET not in second.page.content() and "Mara Osei" not in second.page.content()
    expect(second.page.locator("[data-opinions]")).to_have_attribute("data-given", "1")
    give(second, "Normal")
    expect(second.page.locator("[data-opinions=arbitrate]")).to_contain_text(SECRET)

    arbiter = sit_down(third)
    expect(arbiter.page.locator("[data-opinions=arbitrate]")).to_contain_text(SECRET)
    give(arbiter, "Recall")
    expect(arbiter.page.locator("[data-opinions=done]")).to_contain_text("Opinions are in")
    arbiter.wait(lambda data: data.get("viewer") in ("ready", "error"))
    sign_report(arbiter)
    assert [(each.ordinal, each.verdict) for each in Opinion.objects.all()] == [
        (1, "recall"),
        (2, "normal"),
        (3, "recall"),
    ]
    assert Study.objects.get().status == "REPORTED"
    assert arbiter.complaints == []
