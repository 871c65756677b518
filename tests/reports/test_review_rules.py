"""A site's own weights of the review: set by an administrator, kept as versions, and held to at the signature."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.models import ReviewRules, Signature
from reports.review import RULES, Severity
from reports.review.rules import severity_of
from reports.review_strings import RULE_WORDS
from reports.selectors.review import remarks_json
from reports.selectors.review_rules import severities_of
from reports.services.review import SignedOver
from reports.services.review_rules import ReviewRulesConflict, ReviewRulesError, set_review_rules
from reports.services.signing import ReviewStands, sign_report
from tests.conftest import PASSWORD

WRONG = "A solid nodule in the left upper lobe, mean diameter 8.2 mm."


@pytest.fixture
def as_administrator(client: Client, administrator) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def weigh(north, administrator):
    def act(severities: dict[str, str], **changes: Any) -> ReviewRules:
        asked = {"site": north, "actor": administrator, "reason": "As agreed", "after": ReviewRules.objects.count()}
        return set_review_rules(**(asked | {"severities": severities} | changes))

    return act


def test_without_a_record_every_rule_weighs_as_usual(north):
    assert severities_of(north) == {}
    assert all(severity_of(name, {}) == RULES[name].severity for name in RULES)


def test_every_rule_says_in_words_what_it_looks_for():
    assert set(RULE_WORDS) == set(RULES)


def test_only_what_differs_is_kept_as_a_version_and_audited(weigh, north):
    row = weigh({"side": "blocking", "level": "warning"})
    assert (row.version, row.severities, dict(severities_of(north))) == (1, {"side": "blocking"}, {"side": "blocking"})
    event = AuditEvent.objects.get(verb=Verb.REVIEW_RULES_SET)
    assert event.detail == {"version": 1, "severities": {"side": "blocking"}}
    assert weigh({}).version == 2 and severities_of(north) == {}


@pytest.mark.parametrize(
    "severities",
    [
        {"section-missing": "warning"},
        {"ai-rejected": "off"},
        {"ai-unsupported": "warning"},
        *({name: "off"} for name in RULES if RULES[name].critical),
        {"side": "loud"},
        {"no-such-rule": "warning"},
    ],
)
def test_what_can_harm_is_never_left_out_and_what_always_blocks_keeps_its_weight(weigh, severities):
    with pytest.raises(ReviewRulesError):
        weigh(severities)
    assert not ReviewRules.objects.exists() and not AuditEvent.objects.filter(verb=Verb.REVIEW_RULES_SET).exists()


def test_a_record_that_says_what_is_not_allowed_weighs_as_usual():
    """The table is data: what an older edition allowed, or a person wrote into the database, lowers nothing."""
    assert severity_of("side", {"side": "off"}) == Severity.WARNING
    assert severity_of("ai-rejected", {"ai-rejected": "off"}) == Severity.BLOCKING


def test_a_change_needs_a_reason_a_difference_and_the_version_on_the_screen(weigh):
    for changes in ({"reason": " "}, {"reason": "x" * 301}):
        with pytest.raises(ReviewRulesError):
            weigh({"side": "blocking"}, **changes)
    with pytest.raises(ReviewRulesError, match="Nothing was changed"):
        weigh({"side": "warning"})
    weigh({"side": "blocking"})
    with pytest.raises(ReviewRulesConflict):
        weigh({"side": "warning"}, after=0)


def test_only_an_administrator_of_the_site_sets_them(weigh, south, reader):
    for changes in ({"actor": reader}, {"site": south, "after": 0}):
        with pytest.raises(PermissionDenied):
            weigh({"side": "blocking"}, **changes)


def test_what_a_site_has_blocked_is_signed_only_over_a_reason_in_report_and_addendum(
    ready, weigh, reader, second_reader, request_by, add
):
    """`add` signs the report first, before the site thinks otherwise."""
    add(text=WRONG)
    weigh({"side": "blocking"})
    with pytest.raises(ReviewStands, match="Addendum: The side differs") as refused:
        add(text=f"Once more: {WRONG}")
    keys = tuple(each["key"] for each in refused.value.remarks if each["severity"] == "blocking")
    add(text=f"Once more: {WRONG}", over=SignedOver(keys, "Situs inversus"))
    kept = json.loads(Signature.objects.order_by("sequence").last().canonical)["review"]
    assert (kept["reason"], kept["site_rules"]) == ("Situs inversus", 1)
    assert [each["rule"] for each in kept["signed_over"]] == ["side"]
    assert AuditEvent.objects.filter(verb=Verb.ADDENDUM_SIGNED).order_by("pk").last().detail["signed_over"] == ["side"]


def test_what_a_site_leaves_out_is_not_told_and_what_it_blocks_is_told_first(ready, weigh):
    last = ready.revisions.order_by("number").last()
    assert [each["rule"] for each in remarks_json(ready, last.sections, last.answers)] == ["ai-undecided"]
    weigh({"ai-undecided": "blocking"})
    assert [each["severity"] for each in remarks_json(ready, last.sections, last.answers)] == ["blocking"]
    weigh({"ai-undecided": "off"})
    assert remarks_json(ready, last.sections, last.answers) == []


def test_a_rule_that_the_site_blocks_refuses_the_reports_signature(ready, weigh, reader, request_by):
    weigh({"ai-undecided": "blocking"})
    with pytest.raises(ReviewStands):
        sign_report(
            report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
        )
    assert not Signature.objects.exists()


def test_the_page_sets_weights_and_shows_its_versions(as_administrator, north):
    page = as_administrator.get(reverse("review-rules")).content.decode()
    assert 'name="rule-side"' in page and 'name="rule-section-missing"' not in page
    form = {"site": "north", "after": "0", "reason": "Wrong sides were signed", "rule-side": "blocking"}
    answer = as_administrator.post(reverse("review-rules-set"), form, follow=True)
    shown = answer.content.decode()
    assert answer.status_code == 200 and 'data-version="1"' in shown and "Wrong sides were signed" in shown
    assert as_administrator.post(reverse("review-rules-set"), form).status_code == 409
    for odd in ({"rule-side": "off"}, {"reason": ""}, {"rule-side": "blocking", "after": "1"}):
        assert as_administrator.post(reverse("review-rules-set"), {**form, "after": "1", **odd}).status_code == 400


def test_another_sites_weights_are_out_of_sight(as_administrator, south):
    assert as_administrator.get(reverse("review-rules") + "?site=south").status_code == 404
    form = {"site": "south", "after": "0", "reason": "So", "rule-side": "blocking"}
    assert as_administrator.post(reverse("review-rules-set"), form).status_code == 404
    assert not ReviewRules.objects.exists()
