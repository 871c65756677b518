"""The rules as data, the drafted sentences, and how much time a report takes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

import reports.review
from reports.review import RULES, SentenceText, Severity, review
from reports.review_strings import SENTENCES, said
from tests.reports.review.frozen import as_given, frozen_cases
from tests.reports.review.texts import given, nodule, rules

SOURCE = "".join(path.read_text(encoding="utf-8") for path in Path(reports.review.__file__).parent.glob("*.py"))
TEXT = "Solid nodule in the right upper lobe, 8.2 mm."


def drafted(text: str = TEXT, state: str = "ai", **more):
    return SentenceText("a1", text, state, more.pop("origin", "model:drafter@1"), more.pop("evidence", ("f1",)), **more)


def of(sentence, *findings):
    advice = {"assessment": "Lung-RADS 4A.", "recommendation": "Low-dose CT in 3 months."}
    return given("lung", {"nodules": [sentence], **advice}, findings, category="4A")


def test_every_message_has_its_sentence_and_every_rule_is_used():
    for name in RULES:
        assert f'"{name}"' in SOURCE.replace(f'Rule("{name}"', ""), name
    messages = set(re.findall(r'message="([\w-]+)"', SOURCE)) | set(RULES) - {"side-evidence", "sex"}
    assert messages <= set(SENTENCES)


def test_a_site_may_weigh_a_rule_otherwise_unless_it_is_fixed():
    text = of(SentenceText("h1", TEXT.replace("right", "left")), nodule())
    assert [severity for remark, severity in review(text) if remark.rule == "side"] == [Severity.WARNING]
    assert [severity for _remark, severity in review(text, {"side": "blocking"})][0] == Severity.BLOCKING
    # What can harm a patient is never left out.
    assert {severity for remark, severity in review(text, {"side": "off"}) if remark.rule == "side"} == {
        Severity.WARNING
    }
    lost = of(drafted(evidence=("f9",)), nodule())
    assert [severity for remark, severity in review(lost, {"ai-unsupported": "off"}) if remark.rule == "ai-unsupported"]
    assert {remark.rule for remark, _severity in review(text, {"side": "nonsense"})} == {"side"}


@pytest.mark.parametrize(
    ("sentence", "finding", "rule"),
    [
        (drafted(), nodule(), None),
        (drafted(), nodule(state="OPEN"), "ai-undecided"),
        (drafted(accepted=True), nodule(state="OPEN"), None),
        (drafted(), nodule(state="REJECTED"), "ai-rejected"),
        (drafted(), nodule(state="EDITED", corrected=True), "ai-unsupported"),
        (drafted(evidence=("f9",)), nodule(), "ai-unsupported"),
        (drafted(evidence=()), nodule(), "ai-unsupported"),
        (drafted(evidence=(), origin="rule:threshold"), nodule(), None),
        (drafted(evidence=("f9",), state="edited"), nodule(), None),
    ],
)
def test_a_drafted_sentence_stands_on_what_supports_it(sentence, finding, rule):
    found = {each for each in rules(of(sentence, finding)) if each.startswith("ai-")}
    assert found == ({rule} if rule else set())


def test_a_remark_points_at_its_words_and_fills_its_sentence():
    text = "There is a solid nodule of 8 mm in the left upper lobe."
    ((remark, _severity),) = review(of(SentenceText("h1", text), nodule()))
    assert text[remark.start : remark.end] == "left"
    assert (remark.section, remark.sentence, remark.finding) == ("nodules", "h1", "f1")
    assert said(remark.message, remark.values) == "The side differs from finding 1 (right upper lobe)."
    wrong = of(SentenceText("h1", TEXT.replace("right", "left")), nodule())
    assert review(wrong)[0][0].key == remark.key


def test_it_says_nothing_wrong_of_any_text_and_takes_no_time():
    cases = [as_given(case) for case in frozen_cases()]
    began = time.perf_counter()
    for case in cases:
        review(case)
    assert (time.perf_counter() - began) / len(cases) < 0.05
    for hostile in (
        "",
        "(" * 2000,
        "no " * 600,
        "8 mm " * 400,
        "左右" * 900,
        "\u202e8 mm",
        "1" * 2000 + " mm",
        "x × " * 500,
    ):
        began = time.perf_counter()
        review(of(SentenceText("h1", hostile[:2000]), nodule()))
        assert time.perf_counter() - began < 1.0
