"""What a browser may send as the text of a report."""

from __future__ import annotations

import pytest

from reports.content import content_for
from reports.sections import SectionsError, checked_sections, drafted_sections, normal_sentences
from tests.reports.conftest import sentence

LUNG = content_for("lung")
AI = sentence("A nodule.", "a1", origin="model:x@1", evidence=["f1"], state="ai")


def check(sections, originals=(AI,), evidence=("f1", "f2")):
    return checked_sections(LUNG, sections, originals={each["id"]: each for each in originals}, evidence=evidence)


def test_every_section_is_present_whatever_was_sent():
    assert list(check({})) == [section.name for section in LUNG.sections]


def test_an_untouched_sentence_of_the_ai_stays_the_ais():
    assert check({"nodules": [AI]})["nodules"] == [AI]


def test_a_changed_sentence_of_the_ai_is_edited_and_keeps_its_origin():
    [kept] = check({"nodules": [{**AI, "text": "A larger nodule.", "origin": "human", "state": "ai"}]})["nodules"]
    assert (kept["state"], kept["origin"]) == ("edited", "model:x@1")


def test_nobody_can_pass_their_own_words_off_as_the_ais():
    [kept] = check({"nodules": [sentence("Mine.", "h9", state="ai", origin="model:x@1")]})["nodules"]
    assert (kept["state"], kept["origin"]) == ("human", "human")


def test_nobody_can_take_the_evidence_from_an_untouched_sentence_of_the_ai():
    [kept] = check({"nodules": [{**AI, "evidence": []}]})["nodules"]
    assert kept["evidence"] == ["f1"]


def test_an_empty_sentence_is_dropped():
    assert check({"nodules": [sentence("  \n ")]})["nodules"] == []


def test_control_and_direction_characters_never_enter_a_report():
    [kept] = check({"nodules": [sentence("No\u202e nodule\x00.\nClear.")]})["nodules"]
    assert kept["text"] == "No nodule. Clear."


def test_names_in_any_script_are_kept():
    [kept] = check({"nodules": [sentence("王芳 Łukasz René")]})["nodules"]
    assert kept["text"] == "王芳 Łukasz René"


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (None, "not a JSON object"),
        ([], "not a JSON object"),
        ({"secrets": []}, "not one of this report's"),
        ({"nodules": {}}, "not a list"),
        ({"nodules": [sentence(str(n), f"h{n}") for n in range(101)]}, "at most 100"),
        ({"nodules": ["text"]}, "not a JSON object"),
        ({"nodules": [{"text": "x"}]}, "no usable id"),
        ({"nodules": [sentence("x", "a b")]}, "no usable id"),
        ({"nodules": [sentence("x", "a" * 41)]}, "no usable id"),
        ({"nodules": [{"id": "h1"}]}, "no text"),
        ({"nodules": [sentence("x" * 2001)]}, "longer than 2000"),
        ({"nodules": [sentence("x", evidence=["f9"])]}, "does not have"),
        ({"nodules": [sentence("x", evidence=[{}])]}, "does not have"),
        ({"nodules": [sentence("x", evidence="f1")]}, "does not have"),
        ({"nodules": [sentence("x")], "technique": [sentence("y")]}, "same id"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(sections, words):
    with pytest.raises(SectionsError, match=words):
        check(sections)


def test_a_normal_text_comes_sentence_by_sentence():
    texts = {"assessment": "Lung-RADS 1: negative. Size 1.5 mm at most.", "technique": " "}
    assert normal_sentences(texts) == {"assessment": ["Lung-RADS 1: negative.", "Size 1.5 mm at most."]}


def test_text_begun_before_the_study_was_routed_is_kept_under_the_findings():
    kept = check({"impression": [sentence("Something.", "h5")], "nodules": [sentence("A nodule.", "h6")]})["nodules"]
    assert {each["text"] for each in kept} == {"Something.", "A nodule."}


def test_a_draft_of_another_programme_loses_no_sentence():
    drafted = {"nodules": [{"text": "A nodule.", "origin": "model:x@1", "evidence": ["f1"]}], "technique": []}
    sections = drafted_sections(content_for(None), drafted)
    assert [each["text"] for each in sections["findings"]] == ["A nodule."]
