"""A session that ends while a report is being written: the text is offered again after signing in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import AuditEvent, Verb
from accounts.sessions import SEEN_AT
from reports.models import Report
from reports.services import drafting
from screening.models import Study
from screening.phantoms.chest import chest_ct
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def study(take_in, give_result, claimed_by) -> Study:
    study = take_in(chest_ct(5, nodules=None, slices=8, size=64).datasets, "lung")
    give_result(study, [])
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    return claimed_by(study)


def leave_for_an_hour(room: Any) -> None:
    """What the server would find, had nobody worked for an hour."""
    row = Session.objects.get()
    data = row.get_decoded()
    data[SEEN_AT] = (timezone.now() - timedelta(minutes=61)).timestamp()
    row.session_data = Session.get_session_store_class()().encode(data)
    row.save()


def test_what_was_written_when_the_session_ended_is_saved_after_signing_in(open_room, reader, study):
    room = open_room(reader, study)
    leave_for_an_hour(room)
    room.page.locator(".sections .add").first.click()
    room.page.keyboard.type("Typed when the session was over.")
    room.wait(lambda data: data["save"] == "ended")
    status = room.page.locator("[data-part=save-state]")
    expect(status).to_contain_text("Your session has ended. What you wrote is kept in this tab.")
    assert "Typed" not in json.dumps(room.page.evaluate("() => Object.values(sessionStorage)"))
    room.page.wait_for_function("() => Object.keys(sessionStorage).some((name) => name.startsWith('firstread-kept'))")
    assert AuditEvent.objects.filter(verb=Verb.SESSION_LAPSED, actor=reader).count() == 1

    status.get_by_role("link", name="Sign in again").click()
    expect(room.page.locator("main .notice[role=status]")).to_contain_text(
        "You were signed out after 60 minutes without work."
    )
    room.page.fill("input[name=login]", reader.username)
    room.page.fill("input[name=password]", PASSWORD)
    room.page.locator("form:has(input[name=password]) button").click()
    room.wait(lambda data: data.get("kept") == "restored")
    room.wait(lambda data: data["save"] == "saved" and "revision" in data)
    newest = Report.objects.get(study=study).revisions.order_by("-number").first()
    assert "Typed when the session was over." in json.dumps(newest.sections)
