"""A site's house style: set by an administrator, kept as versions, and the words of the next draft."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.content import content_for
from reports.drafting.types import HouseStyle
from reports.models import DraftStyle, Revision
from reports.selectors.house_style import house_style, ordered_sections, own_models
from reports.selectors.report import report_document, report_json
from reports.services import drafting
from reports.services.house_style import StyleConflict, StyleError, set_house_style

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def as_administrator(client: Client, administrator) -> Client:
    client.force_login(administrator)
    return client


def style(site, actor, **changes: Any) -> DraftStyle:
    given = {"language": "zh", "register": "terse", "negatives": True, "orders": {}, "model": "", "after": 0} | changes
    return set_house_style(site=site, actor=actor, **given)


def order_with_assessment_first() -> list[str]:
    names = [section.name for section in content_for("lung").sections]
    return ["assessment", *(name for name in names if name != "assessment")]


def test_without_a_record_drafts_are_full_english(north):
    assert house_style(north) == HouseStyle()


def test_a_style_is_a_version_that_is_audited_and_worded_by_the_next_draft(north, administrator, scored_study, score):
    row = style(north, administrator)
    assert (row.version, house_style(north).language) == (1, "zh")
    event = AuditEvent.objects.get(verb=Verb.HOUSE_STYLE_SET)
    assert event.detail["version"] == 1 and event.actor == administrator
    report = drafting.request_draft(study=scored_study)
    claim = drafting.claim_draft(report_id=report.pk)
    assert claim is not None and claim.style.register == "terse"
    draft = drafting.fixed_draft(claim.result, "", claim.style)
    revision = drafting.record_draft(claim=claim, draft=draft)
    assert revision is not None
    texts = [each["text"] for listed in revision.sections.values() for each in listed]
    assert texts and all(CHINESE.search(text) for text in texts)
    assert AuditEvent.objects.get(verb=Verb.REPORT_DRAFTED).detail["style"] == 1


def test_the_order_is_shown_and_a_signed_report_keeps_the_one_it_was_signed_in(signed, administrator, north):
    def shown(report) -> list[str]:
        return [section["name"] for section in report_json(report)["sections"]]

    before = report_document(signed)
    usual = shown(signed)
    style(north, administrator, language="en", orders={"lung": order_with_assessment_first()})
    assert shown(signed) == order_with_assessment_first() != usual
    after = report_document(signed)
    assert before is not None and after is not None
    assert [section.title for section in after.sections] == [section.title for section in before.sections]


def test_a_section_that_an_old_order_lacks_comes_last(north, administrator):
    row = style(north, administrator, orders={"lung": order_with_assessment_first()})
    row.orders = {"lung": ["assessment"]}
    assert [section.name for section in ordered_sections(content_for("lung"), north)][0] == "assessment"
    assert len(ordered_sections(content_for("lung"), north)) == len(content_for("lung").sections)


@pytest.mark.parametrize(
    "changes",
    [
        {"language": "fr"},
        {"register": "loud"},
        {"model": "elsewhere"},
        {"model": "../../etc"},
        {"orders": {"lung": ["assessment"]}},
        {"orders": {"lung": [*order_with_assessment_first(), "assessment"]}},
        {"orders": {"heart": []}},
    ],
)
def test_what_is_no_style_is_refused(north, administrator, changes):
    with pytest.raises(StyleError):
        style(north, administrator, **changes)
    assert not DraftStyle.objects.exists() and not AuditEvent.objects.filter(verb=Verb.HOUSE_STYLE_SET).exists()


def test_two_administrators_do_not_overwrite_each_other(north, administrator):
    style(north, administrator)
    with pytest.raises(StyleConflict):
        style(north, administrator, language="en")
    assert style(north, administrator, language="en", after=1).version == 2


def test_only_an_administrator_of_the_site_sets_it(north, south, administrator, reader):
    for site, actor in ((north, reader), (south, administrator)):
        with pytest.raises(PermissionDenied):
            style(site, actor)


def test_a_model_of_the_sites_own_is_one_that_lies_in_the_folder(north, administrator, settings, tmp_path):
    settings.FIRSTREAD_HOME = tmp_path
    assert own_models() == []
    folder = tmp_path / "drafters" / "larger"
    folder.mkdir(parents=True)
    assert own_models() == []
    (folder / "model.safetensors").write_bytes(b"")
    assert own_models() == ["larger"]
    style(north, administrator, model="larger")
    assert house_style(north).model == str(folder)


def test_the_page_sets_a_style_and_shows_its_versions(as_administrator, north):
    page = as_administrator.get(reverse("house-style")).content.decode()
    assert "There is a solid nodule in the right upper lobe" in page
    places = {f"place-lung-{name}": n for n, name in enumerate(order_with_assessment_first(), 1)}
    form = {
        "site": "north",
        "language": "zh",
        "register": "terse",
        "negatives": "1",
        "model": "",
        "after": "0",
        **places,
    }
    answer = as_administrator.post(reverse("house-style-set"), form, follow=True)
    assert answer.status_code == 200 and 'data-version="1"' in answer.content.decode()
    row = DraftStyle.objects.get()
    assert (row.language, row.register, row.orders) == ("zh", "terse", {"lung": order_with_assessment_first()})
    assert as_administrator.post(reverse("house-style-set"), form).status_code == 409
    assert as_administrator.post(reverse("house-style-set"), {**form, "after": "1", "language": "x"}).status_code == 400
    assert "右肺上叶" in as_administrator.get(reverse("house-style")).content.decode()


def test_another_sites_style_is_out_of_sight(as_administrator, south):
    assert as_administrator.get(reverse("house-style") + "?site=south").status_code == 404
    form = {"site": "south", "language": "zh", "register": "full", "after": "0"}
    assert as_administrator.post(reverse("house-style-set"), form).status_code == 404
    assert not Revision.objects.exists()
