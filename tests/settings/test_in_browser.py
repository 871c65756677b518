"""What administrators do under Settings and Users, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from screening.models import ScoreRun, Study
from tests.browser.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GOOD = "a long enough phrase 7"


@pytest.fixture
def sit_down(browser, live_server) -> Iterator[Callable[..., Person]]:
    """Somebody at a browser of their own, signed in where a name is given."""
    contexts = []

    def sit(username: str = "") -> Person:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}))
        person = Person(contexts[-1].new_page(), live_server.url)
        if username:
            person.sign_in(username)
        return person

    yield sit
    for context in contexts:
        context.close()


def test_a_new_reader_is_invited_by_link_chooses_a_password_and_sees_the_worklist(sit_down, north, administrator):
    page = sit_down("administrator").page
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("link", name="New user").click()
    page.fill("input[name=username]", "nova")
    page.select_option("select[name=role-north]", "reader")
    page.get_by_role("button", name="Create").click()
    link = page.locator("#link").input_value()
    nova = sit_down()
    nova.page.goto(link)
    assert link.rsplit("/", 2)[1] not in nova.page.url
    nova.page.fill("input[name=password]", GOOD)
    nova.page.fill("input[name=again]", GOOD)
    nova.page.get_by_role("button", name="Set it").click()
    expect(nova.page.get_by_text("Your password is set. Sign in with it now.")).to_be_visible()
    nova.sign_in("nova", GOOD)
    expect(nova.page.get_by_role("link", name="Worklist")).to_be_visible()


def test_windows_are_put_into_force_with_a_reason_and_a_failed_study_is_tried_again(
    sit_down, north, administrator, make_study
):
    study = make_study(north, programme="lung", status="TO_READ", ai_state="failed", ai_reason="Out of memory.")
    Study.objects.filter(pk=study.pk).update(closed_at=study.received_at)
    page = sit_down("administrator").page
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Programmes", exact=True).first.click()
    page.get_by_label("Routine and without AI").fill("1440")
    page.get_by_label("Soon").fill("600")
    page.get_by_label("Hold AI back until the reader has given a first opinion").check()
    page.get_by_label("Reason").fill("One reader at night")
    page.get_by_role("button", name="Put into force").click()
    expect(page.locator("tr[data-version='1']")).to_contain_text("One reader at night")
    expect(page.get_by_label("Routine and without AI")).to_have_value("1440")
    page.get_by_role("link", name="Workers and queues").click()
    page.get_by_role("button", name=f"Try again: {study.study_uid}").click()
    expect(page.get_by_text("The study is scored again.")).to_be_visible()
    expect(page.get_by_text("1 waiting, 0 running.")).to_be_visible()
    assert ScoreRun.objects.filter(study=study, status="PENDING").count() == 1
