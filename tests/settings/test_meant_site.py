"""A change of a site's settings says for which site, where its sender administers several."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Site
from reports.models import DraftStyle, ReadingRule
from screening.models import ProgrammeSetting
from tests.reports.test_tasks_pages import rule_form
from tests.settings.test_programme_pages import body

STYLE = {"language": "zh", "register": "terse", "negatives": "1", "model": "", "after": "0"}
LIMITS = {
    "programme": "lung",
    "minutes-critical": "30",
    "minutes-urgent": "",
    "minutes-soon": "",
    "escalate-critical": "",
}
CHANGES: dict[str, dict[str, Any]] = {
    "programme-set": body(),
    "house-style-set": STYLE,
    "reading-rule-set": rule_form(reason="Board", after="0"),
    "reading-rule-try": rule_form(),
    "time-limits": LIMITS,
    "review-rules-set": {"reason": "Board of March", "after": "0", "rule-measurement": "blocking"},
    "retention-set": {
        "programme": "lung",
        "keep": "1",
        "after": "0",
        "previewed": "0",
        "study_years": "",
        "report_years": "",
    },
}


@pytest.fixture
def of_two(client: Client, administrator, north: Site, south: Site) -> Client:
    administrator.memberships.create(site=south, role=Role.ADMINISTRATOR)
    client.force_login(administrator)
    return client


def nothing_changed() -> bool:
    kinds = (DraftStyle, ReadingRule, ProgrammeSetting)
    return not any(kind.objects.exists() for kind in kinds)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_without_a_site_is_refused_in_words_where_there_are_two(of_two, name):
    sent = {key: value for key, value in CHANGES[name].items() if key != "site"}
    for blank in ({}, {"site": ""}):
        answer = of_two.post(reverse(name), {**sent, **blank})
        assert answer.status_code == 400
        assert "Say which site this is for: you administer several." in answer.content.decode()
    assert nothing_changed()


@pytest.mark.parametrize("name", CHANGES)
def test_of_one_site_it_need_not_be_said(client, administrator, north, name):
    client.force_login(administrator)
    sent = {key: value for key, value in CHANGES[name].items() if key != "site"}
    answer = client.post(reverse(name), sent)
    # Retention asks for a password besides.
    assert answer.status_code in ((400,) if name == "retention-set" else (200, 302))
    assert "Say which site" not in answer.content.decode()


@pytest.mark.parametrize("name", ["programme-set", "reading-rule-set", "reading-rule-try", "time-limits"])
def test_a_change_without_a_programme_is_refused_in_words(of_two, name):
    sent = {key: value for key, value in CHANGES[name].items() if key != "programme"} | {"site": "north"}
    answer = of_two.post(reverse(name), sent)
    assert (answer.status_code, "Say which programme this is for." in answer.content.decode()) == (400, True)
    assert nothing_changed()


@pytest.mark.parametrize("name", ["programmes", "house-style", "reading-rules"])
def test_a_page_that_is_only_looked_at_begins_with_the_first_site(of_two, name):
    assert of_two.get(reverse(name)).status_code == 200


def test_a_suspicious_request_is_told_nothing_of_why(client, settings):
    settings.ALLOWED_HOSTS = ["firstread.example"]
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400 and "evil.example" not in answer.content.decode()
