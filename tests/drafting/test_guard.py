"""The guard against hostile drafts: every wrong sentence is refused for the reason that makes it wrong."""

from __future__ import annotations

import copy
import random

import pytest

from reports.content import content_for
from reports.drafting.assemble import as_json, assemble
from reports.drafting.corpus import drop_out, fill, programmes, sample_finding, target_of
from reports.drafting.facts import finding_facts, study_facts
from reports.drafting.guard import check_report, check_sentence, quantities_in
from reports.drafting.language import is_quotable, looks_negative
from reports.drafting.template import template_sentence
from tests.drafting.cast import finding, result

LUNG = content_for("lung")
TRUE = (
    "There is a solid nodule in the right upper lobe with a mean diameter of 8.1 mm (9.0 × 7.2 mm), shown on slice 80."
)
GREW = TRUE[:-1] + "; larger than on the prior study, where it measured 6.1 mm."


def facts(**changes):
    return finding_facts(finding(**changes), LUNG)


HOSTILE = [
    ("right", "left", "Invented place: left"),
    ("upper", "lower", "Invented place: lower"),
    ("upper", "middle", "Left out place: upper"),
    (" in the right upper lobe", "", "place is not said"),
    ("right upper lobe", "right upper lobe, posterior", "Invented place: posterior"),
    ("right upper lobe", "right and left upper lobe", "Invented place: left"),
    ("solid nodule", "part-solid nodule", "Invented type: part-solid"),
    ("solid nodule", "ground-glass nodule", "Invented type: ground-glass"),
    ("solid nodule", "solid mass", "Invented type: mass"),
    ("a solid nodule", "a nodule", "Left out type: solid"),
    ("a solid nodule", "a spiculated solid nodule", "Unsupported word: spiculated"),
    ("a solid nodule", "a calcified solid nodule", "Unsupported word: calcified"),
    ("a solid nodule", "two solid nodules", "Number written as a word: two"),
    ("a solid nodule", "several solid nodules", "Number written as a word: several"),
    ("8.1 mm", "81 mm", "Invented number: 81 mm"),
    ("8.1 mm", "8.2 mm", "Invented number: 8.2 mm"),
    ("8.1 mm", "8 mm", "Invented number: 8 mm"),
    ("8.1 mm", "8,1 mm", "not a plain number"),
    ("8.1 mm", "-8.1 mm", "not a plain number"),
    ("8.1 mm", "18.1 mm", "Invented number: 18.1 mm"),
    ("8.1 mm", "8.1 cm", "Invented number: 8.1 cm"),
    ("8.1 mm", "8.1 mm³", "Invented number: 8.1 mm3"),
    ("8.1 mm", "8.1", "Invented number: 8.1"),
    ("8.1 mm", "eight mm", "Number written as a word: eight"),
    ("8.1 mm", "٨.١ mm", "plain digits"),
    ("8.1 mm", "８.２ mm", "Invented number: 8.2 mm"),
    ("of 8.1 mm", "of 8.1 mm and 3.3 mm", "Invented number: 3.3 mm"),
    ("mean diameter of 8.1 mm", "mean diameter", "Left out number: 8.1 mm"),
    ("9.0 × 7.2 mm", "7.2 mm", "Left out number: 9.0 mm"),
    ("9.0 × 7.2 mm", "9.0 × 7.2 cm", "Invented number: 7.2 cm"),
    ("9.0 × 7.2 mm", "8.1 × 7.2 mm", "Invented number: 8.1 mm (axes)"),
    ("8.1 mm (9.0 × 7.2 mm)", "9.0 mm (8.1 × 7.2 mm)", "Invented number: 9.0 mm (size)"),
    ("slice 80", "slice 81", "Invented number: 81"),
    ("slice 80", "80 slices", "80 (extent)"),
    (", shown on slice 80", "", "Left out number: 80"),
    ("mean diameter", "long axis", "Invented meaning of the size"),
    ("There is", "There is no", "negation"),
    ("There is", "There was not", "negation"),
    ("There is a solid nodule", "There is no evidence of a solid nodule", "negation"),
    (".", ", probably benign.", "negation"),
    (" (9.0", " with a solid component of 5.0 mm (9.0", "Invented solid component"),
    ("shown on slice", "seen on the MLO view, shown on slice", "Invented view: MLO"),
    (".", "; larger than on the prior study.", "Invented comparison: larger"),
    (".", "; unchanged.", "Invented comparison: stable"),
    (".", "; new since the prior study.", "prior study that is not known"),
    (".", ", Lung-RADS 4A.", "names a category"),
    (".", ", category 2.", "names a category"),
    (".", ", suspicious for malignancy.", "Unsupported word: malignancy"),
    (".", ". The patient should be discharged.", "Unsupported word: discharged"),
    ("8.1 mm", "<size>", "slot was left open"),
    ("There is", "<b>There</b> is", "markup"),
    (TRUE, "", "Left out type"),
    (TRUE, "No nodule.", "negation"),
    (TRUE, "A finding is marked on the image.", "place is not said"),
    ("with a mean diameter of 8.1 mm", "whose size could not be measured", "size is unknown, but it is known"),
]


def _altered(text, old, new):
    if old == ".":
        return text[:-1] + new
    assert old in text
    return text.replace(old, new, 1)


def test_the_true_sentence_passes():
    assert check_sentence(TRUE, facts()) == []


@pytest.mark.parametrize(("old", "new", "reason"), HOSTILE, ids=[f"{old}->{new}"[:60] for old, new, _ in HOSTILE])
def test_a_hostile_sentence_is_refused_with_its_reason(old, new, reason):
    reasons = check_sentence(_altered(TRUE, old, new), facts())
    assert any(reason in each for each in reasons), reasons


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("6.1 mm", "61 mm", "Invented number: 61 mm (prior)"),
        ("larger than", "smaller than", "Invented comparison: smaller"),
        ("larger than on", "about as large as on", "Left out comparison: larger"),
        ("8.1 mm", "6.1 mm", "Invented number: 6.1 mm (size)"),
        ("measured 6.1 mm", "measured 8.1 mm", "Invented number: 8.1 mm (prior)"),
        ("; larger than on the prior study, where it measured 6.1 mm", "", "Left out number: 6.1 mm (prior)"),
        ("larger than on the prior study", "new since the prior study", "Invented comparison: new"),
    ],
)
def test_a_hostile_comparison_is_refused(old, new, reason):
    grown = facts(attributes=finding()["attributes"] | {"prior_size_mm": 6.1})
    assert check_sentence(GREW, grown) == []
    reasons = check_sentence(_altered(GREW, old, new), grown)
    assert any(reason in each for each in reasons), reasons


def test_every_sentence_of_the_grammar_and_every_fixed_sentence_passes_for_its_own_facts_and_no_other_size():
    chance = random.Random(5)
    for number in range(400):
        content = content_for(programmes()[number % len(programmes())])
        one = drop_out(sample_finding(content, chance), chance)
        known = finding_facts(one, content)
        for text in [*(fill(target_of(known, style), known) for style in range(4)), template_sentence(known)]:
            assert check_sentence(text, known) == [], text
            if "size_mm" in one:
                other = finding_facts(one | {"size_mm": one["size_mm"] + 0.5}, content)
                assert check_sentence(text, other), text


def test_numbers_are_read_with_unit_and_part():
    found = {(str(each.value), each.unit, each.role) for each in quantities_in(GREW)}
    assert found == {
        ("8.1", "mm", "size"), ("9.0", "mm", "axes"), ("7.2", "mm", "axes"), ("80", "", "slice"), ("6.1", "mm", "prior"),
    }  # fmt: skip


def _draft(given):
    study = study_facts(given, given.get("prior"))
    sections, verdict = assemble(study, [None] * len(study.findings))
    return {"sections": as_json(sections)}, verdict


TWO = result(findings=[finding(), finding(id="f2", location="left lower lobe", size_mm=5.5, attributes={})])


def _say(section, text, origin="model:drafter@1.0.0", evidence=()):
    return lambda draft: (
        draft["sections"].setdefault(section, []).append({"text": text, "origin": origin, "evidence": list(evidence)})
    )


def _replace(section, old, new):
    def change(draft):
        before = [sentence["text"] for sentence in draft["sections"][section]]
        for sentence in draft["sections"][section]:
            sentence["text"] = sentence["text"].replace(old, new)
        assert before != [sentence["text"] for sentence in draft["sections"][section]]

    return change


def _swap_evidence(draft):
    one, two = draft["sections"]["nodules"]
    one["evidence"], two["evidence"] = two["evidence"], one["evidence"]


WRONG_REPORTS = [
    (lambda draft: draft["sections"]["nodules"].pop(), "Finding f2 has 0 sentences"),
    (lambda draft: draft["sections"]["nodules"].clear(), "Finding f1 has 0 sentences"),
    (lambda draft: draft["sections"]["nodules"].append(draft["sections"]["nodules"][0]), "2 sentences instead of 1"),
    (_swap_evidence, "Invented place"),
    (_say("nodules", "No nodule was found."), "Looks negative"),
    (_say("assessment", "The lungs are clear."), "Looks negative"),
    (_say("lungs_and_pleura", "Normal."), "Looks negative"),
    (_say("other_findings", "A mass in the liver."), "Unsupported word: liver"),
    (_say("nodules", "A solid nodule.", evidence=["f9"]), "not in the input"),
    (_say("invented", "Rule."), "no section named invented"),
    (_say("assessment", "The score of the study is below the model's threshold."), "threshold is not as in the input"),
    (_say("assessment", "Lung-RADS category 2, by rule.", "rule:x"), "Category 2 is not the one"),
    (_say("assessment", "Rule.", ""), "no origin"),
    (_say("assessment", "The model marked no place in what it could read."), "nothing was marked"),
    (_say("assessment", "The AI did not read this study."), "a study that it read"),
    (_replace("assessment", "category 4A", "category 3"), "Category 3 is not the one"),
    (_replace("assessment", "Lung-RADS category 4A, by rule from the measurements.", "Rule."), "Left out the category"),
    (_replace("recommendation", "3 months", "12 months"), "Invented number: 12"),
    (_replace("recommendation", "Low-dose CT in 3 months;", "PET/CT in 3 months;"), "recommendation is not the one"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG_REPORTS)
def test_a_hostile_report_is_refused_with_its_reason(change, reason):
    draft, verdict = _draft(TWO)
    assert verdict.passed and check_report(draft, TWO).passed
    altered = copy.deepcopy(draft)
    change(altered)
    judged = check_report(altered, TWO)
    assert not judged.passed and any(reason in each for each in judged.reasons), judged.reasons


@pytest.mark.parametrize("state", ["refused", "failed", "pending", "out_of_scope"])
@pytest.mark.parametrize("text", ["No nodule above the model's threshold was found.", "Lung-RADS category 1, by rule."])
def test_a_study_that_was_not_read_may_not_be_called_negative(state, text):
    given = result(state=state, reason="slices are uneven", findings=[], category=None)
    draft, _verdict = _draft(given)
    draft["sections"]["assessment"].append({"text": text, "origin": "rule:x", "evidence": []})
    assert not check_report(draft, given).passed


def test_a_left_out_limitation_is_noticed():
    given = result(limitations=["upper slices are missing", "slices are uneven"])
    draft, verdict = _draft(given)
    assert verdict.passed
    _replace("assessment", "; slices are uneven", "")(draft)
    assert "Left out limitation 2." in check_report(draft, given).reasons


def test_a_swapped_breast_composition_is_noticed():
    given = result(programme="breast", findings=[], category=None, band=7, attributes={"density": "c"})
    draft, verdict = _draft(given)
    assert verdict.passed
    _replace("breast_composition", "c, heterogeneously dense", "a, heterogeneously dense")(draft)
    assert "The breast composition is not the one in the input." in check_report(draft, given).reasons


@pytest.mark.parametrize(
    "text",
    ["No nodule.", "Nodules: none seen, no lesion", "Unremarkable study", "no evidence of haemorrhage", "A mass was not seen",
     "Without suspicious findings", "we did not see any", "Lung-RADS 1", "BI-RADS category 2", "nothing to report", "bleeding is excluded", "NO  NODULE",
     "Ｎｏ nodule", "no\u200b nodule"],
)  # fmt: skip
def test_reassuring_words_look_negative(text):
    assert looks_negative(text)


@pytest.mark.parametrize("text", [TRUE, GREW, "left CC view is missing", "Assessment incomplete: slices are uneven."])
def test_plain_statements_do_not_look_negative(text):
    assert not looks_negative(text)


@pytest.mark.parametrize(
    "text",
    [
        "The images do not show the lungs of an adult.", "The images show no brain within a skull.",
        "The scanner was tilted, which a chest CT never is.", "There is no mammogram in this study.",
        "The axial series has only 5 slices; the brain model needs at least 12.", "no breast is found in the left MLO view",
        "The images are not in Hounsfield units.", "slices lie 3.0 mm apart, small nodules can be missed",
        "the images state no rescale intercept, so their densities are uncertain", "the lungs are cut off at the lower end",
        "The study has no CT images; the brain model reads non-contrast head CT only.", "right MLO view is missing",
        "An image does not say where in the body it lies.", "the slices are tilted by 12 degrees",
    ],
)  # fmt: skip
def test_a_plain_reason_may_be_repeated(text):
    assert is_quotable(text)
