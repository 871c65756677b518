"""Report content: what the editor, the drafter and the exports rely on."""

from __future__ import annotations

import pytest

from reports.content import Section, all_contents, all_titles, content_for, normal_template
from reports.content.schema import ReportContent
from reports.drafting.guard import check_sentence
from reports.drafting.types import FindingFacts

PROGRAMMES = ("lung", "breast", "brain", None)


def test_every_programme_has_content_found_by_its_file_alone():
    assert set(all_contents()) == set(PROGRAMMES)


@pytest.mark.parametrize("programme", ["", "heart", "../lung", "general", "schema", 7, [], None])
def test_an_unknown_programme_gets_the_general_report(programme):
    assert content_for(programme).programme is None


def test_the_lung_report_has_the_sections_of_the_lung_rads_structure_in_order():
    names = [section.name for section in content_for("lung").sections]
    assert names == [
        "technique", "comparison", "nodules", "lungs_and_pleura", "other_findings", "assessment", "recommendation",
    ]  # fmt: skip


def test_every_lung_rads_category_has_its_interval_from_the_2022_table():
    management = content_for("lung").management
    assert set(management) == {"0", "1", "2", "3", "4A", "4B", "4X"}
    assert "12 months" in management["1"] and "12 months" in management["2"]
    assert "6 months" in management["3"] and "3 months" in management["4A"] and "1 to 3 months" in management["0"]
    assert "months" not in management["4B"] and management["4B"] == management["4X"]


def test_the_breast_report_offers_no_category_from_the_model():
    assert content_for("breast").category_scheme == "" and not content_for("breast").management


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_the_normal_template_fills_only_sections_of_its_programme_and_answers_the_findings(programme):
    content = content_for(programme)
    template = normal_template(programme)
    assert set(template) <= {section.name for section in content.sections}
    assert template[content.findings_section] and template[content.assessment_section]


def test_changing_a_template_changes_no_other_report():
    normal_template("lung")["nodules"] = "changed"
    assert normal_template("lung")["nodules"] != "changed"


def test_the_titles_for_the_catalogue_hold_every_section_title_once():
    titles = all_titles()
    assert len(titles) == len(set(titles))
    assert {section.title for section in content_for("brain").sections} <= set(titles)


def test_content_that_names_a_section_it_lacks_is_refused():
    with pytest.raises(ValueError, match="does not have: elsewhere"):
        ReportContent(None, "T", (Section("technique", "T"),), "elsewhere", "technique", "x", {}, "long axis", {})


def test_two_sections_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        ReportContent(None, "T", (Section("a", "A"), Section("a", "B")), "a", "a", "x", {}, "long axis", {})


@pytest.mark.parametrize(
    ("programme", "kind"), [(content.programme, kind) for content in all_contents().values() for kind in content.types]
)
def test_the_guard_knows_every_finding_type_and_tells_it_from_its_absence(programme, kind):
    content = content_for(programme)
    phrase = content.types[kind]
    facts = FindingFacts("f1", str(programme), content.size_kind, {"type": phrase})
    said = f"There is {phrase} at the position marked on the image whose size could not be measured."
    assert check_sentence(said, facts) == []
    assert check_sentence(said, FindingFacts("f1", str(programme), content.size_kind, {"type": "a finding"}))
