"""The rules' reasons are said in the reader's language: every form that the rules make is known, and none loses a word."""

from __future__ import annotations

import itertools

import pytest
from django.utils.translation import override

from reports import reason_strings
from reports.content import content_for
from reports.reason_strings import WORDS, known_form, reason_said
from screening.rules.lung_rads import INCOMPLETE, AirwayNodule, AtypicalCyst, NoduleMeasure, grade_exam
from screening.rules.lung_rads_nodule import CHANGE_WORDS

KINDS = ("solid_nodule", "part_solid_nodule", "ground_glass_nodule")
CHANGES = ("baseline", "new", "stable")


def sentences() -> list[str]:
    """What the rule of the lung says of every kind of nodule, in every relation to the earlier study that it knows."""
    made = [grade_exam(()).sentence, grade_exam((), follow_up=True).sentence]
    for kind, change, size in itertools.product(KINDS, CHANGES, (5.0, 8.4, 30.0)):
        solid = 3.0 if kind == "part_solid_nodule" else None
        made.append(grade_exam([NoduleMeasure(kind, size, solid, change=change)], follow_up=True).sentence)
    flat = {"juxtapleural": True, "smooth": True, "shape": "oval"}
    made += [grade_exam([NoduleMeasure("solid_nodule", 7.0, change=one, **flat)]).sentence for one in CHANGES]
    cysts = [AtypicalCyst(2.5), AtypicalCyst(2.5, change="growing"), AtypicalCyst(None, multilocular=True)]
    lesions = [*cysts, AirwayNodule("segmental_or_more_proximal"), AirwayNodule("subsegmental", air_inside=True)]
    made += [grade_exam([one]).sentence for one in lesions]
    made += [grade_exam((), incomplete=[reason]).sentence for reason in INCOMPLETE]
    return made


def test_every_sentence_of_the_lungs_rule_has_a_form_and_is_said_as_it_was_in_english():
    for each in sentences():
        assert known_form(each) is not None, each
        said = reason_said(each)
        # The comma before "is category" alone is ours.
        assert said.replace(", is category", " is category") == each.replace(", is category", " is category")


def test_every_word_of_change_can_be_said():
    assert set(CHANGE_WORDS.values()) <= set(WORDS)


def test_reasons_of_breast_advice_and_standing_are_known():
    compute = content_for("breast").compute
    assert compute is not None
    for values in ({}, {"right": "1", "left": "4"}):
        for each in compute(values, [], {}).values():
            assert not each.reason or known_form(each.reason), each.reason
    unmeasured = content_for("lung").compute({"cyst": "unilocular"}, [], {"state": "scored"})["category"].reason
    assert known_form(unmeasured) and reason_said(unmeasured) == unmeasured
    for text in ("After Lung-RADS 4A.", "Nodule 2 has no type or size that the rule knows.", "No nodule is marked."):
        assert reason_said(text) == text and known_form(text)


def test_places_are_filled_in_another_language_too(monkeypatch):
    turned = tuple(
        (form, "{category} <- {rule}" if "After" in str(said) else said) for form, said in reason_strings.FORMS
    )
    monkeypatch.setattr(reason_strings, "FORMS", turned)
    assert reason_said("After BI-RADS 4.") == "4 <- BI-RADS"


@pytest.mark.parametrize("text", ["", "Something else {0}.", "{rule}", "A sentence of tomorrow's rule."])
def test_a_sentence_of_no_known_form_is_shown_as_it_is(text):
    with override("zh-hans"):
        assert reason_said(text) == text
