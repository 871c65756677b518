"""Chinese drafts: worded like a radiologist's, and read by the guard as strictly as English ones."""

from __future__ import annotations

import random

import pytest

from reports.content import all_contents, content_for
from reports.drafting import chinese
from reports.drafting.assemble import as_json, assemble
from reports.drafting.corpus import drop_out, fill, programmes, sample_finding, target_of
from reports.drafting.facts import finding_facts, study_facts
from reports.drafting.grammar import GRAMMARS
from reports.drafting.guard import check_report, check_sentence
from reports.drafting.language import looks_negative
from reports.drafting.lexicon import english
from reports.drafting.lexicon_zh import chinese as dictionary
from reports.drafting.reading import read, tokens_of
from reports.drafting.template import template_sentence
from reports.drafting.types import REGISTERS, STYLES, HouseStyle
from tests.drafting.cast import finding, result

LUNG = content_for("lung")
ZH = HouseStyle(language="zh")
TRUE = "右肺上叶见实性结节，平均直径8.1 mm（9.0 × 7.2 mm），位于第80层；较前增大，前次为6.1 mm。"


def facts(**changes):
    known = finding(**changes)
    known["attributes"] = known["attributes"] | {"prior_size_mm": 6.1}
    return finding_facts(known, LUNG, language="zh")


HOSTILE = [
    ("右肺", "左肺", "Invented place: left"),
    ("右肺", "双肺", "Invented place: both"),
    ("上叶", "下叶", "Invented place: lower"),
    ("上叶", "中叶", "Left out place: upper"),
    ("右肺上叶", "", "place is not said"),
    ("上叶", "上叶后段", "Invented place: posterior"),
    ("实性结节", "磨玻璃结节", "Invented type: ground-glass"),
    ("实性结节", "部分实性结节", "Invented type: part-solid"),
    ("实性结节", "结节", "Left out type: solid"),
    ("实性结节", "肿块", "Invented type: mass"),
    ("实性结节", "实性结节伴钙化", "Invented type: calcification"),
    ("实性结节", "毛刺状实性结节", "Unsupported word"),
    ("实性结节", "两枚实性结节", "Number written as a word: 两"),
    ("实性结节", "多发实性结节", "Number written as a word: 多"),
    ("见实性", "未见实性", "negation"),
    ("见实性结节", "无实性结节", "negation"),
    ("8.1 mm", "8.2 mm", "Invented number: 8.2 mm (size)"),
    ("8.1 mm", "8.1 cm", "Invented number: 8.1 cm"),
    ("8.1 mm", "8.1厘米", "Invented number: 8.1 cm"),
    ("8.1 mm", "八毫米", "Number written as a word: 八"),
    ("8.1 mm", "大于8.1 mm", "another number"),
    ("平均直径", "长径", "meaning of the size: long axis"),
    ("9.0 × 7.2", "9.0 × 7.3", "Invented number: 7.3 mm (axes)"),
    ("第80层", "第81层", "Invented number: 81 (slice)"),
    ("第80层", "80个层面", "80 (extent)"),
    ("较前增大", "较前缩小", "Invented comparison: smaller"),
    ("较前增大", "较前相仿", "Invented comparison: stable"),
    ("较前增大，", "", "Left out comparison: larger"),
    ("较前增大", "新发", "Invented comparison: new"),
    ("6.1 mm", "8.1 mm", "Invented number: 8.1 mm (prior)"),
    ("；较前增大，前次为6.1 mm", "", "Left out number: 6.1 mm (prior)"),
    ("位于第80层", "位于第80层，10点钟方向", "Invented number: 10"),
    ("。", "，Lung-RADS 4A类。", "names a category"),
    ("。", "，考虑恶性。", "Unsupported word"),
    ("。", "，建议随访。", "Unsupported word"),
    ("，位于第80层", "，CC位可见，位于第80层", "Invented view: CC"),
    ("（9.0", "，实性成分5.0 mm（9.0", "Invented solid component"),
    ("平均直径8.1 mm", "大小未测量", "size is unknown, but it is known"),
]  # fmt: skip


def test_the_true_sentence_passes_and_also_in_english_words_for_the_same_finding():
    assert check_sentence(TRUE, facts()) == []
    english_facts = finding_facts(finding(attributes=finding()["attributes"] | {"prior_size_mm": 6.1}), LUNG)
    assert check_sentence(TRUE, english_facts) == []


@pytest.mark.parametrize(("old", "new", "reason"), HOSTILE, ids=[f"{old}->{new}" for old, new, _ in HOSTILE])
def test_a_hostile_chinese_sentence_is_refused_with_its_reason(old, new, reason):
    changed = TRUE[:-1] + new if old == "。" else TRUE.replace(old, new, 1)
    assert changed != TRUE
    reasons = check_sentence(changed, facts())
    assert any(reason in each for each in reasons), reasons


def test_a_quadrant_and_the_clock_face_are_read():
    breast = content_for("breast")
    known = finding_facts(
        {
            "type": "mass",
            "location": "left breast, upper outer quadrant",
            "size_mm": 12.0,
            "attributes": {"clock": 2, "views": ["CC", "MLO"]},
        },
        breast,
        language="zh",
    )
    true = "左乳外上象限2点钟方向见肿块，长径12.0 mm，见于CC位和MLO位。"
    assert check_sentence(true, known) == []
    in_english = "There is a mass in the left breast, upper outer quadrant, at 2 o'clock, long axis 12.0 mm, seen on the CC and MLO views."
    assert check_sentence(in_english, known) == []
    for old, new in (
        ("外上", "内上"),
        ("外上", "外下"),
        ("2点", "3点"),
        ("左乳", "右乳"),
        ("和MLO位", ""),
        ("2点钟方向", ""),
    ):
        assert check_sentence(true.replace(old, new), known), new
    for old, new in (
        ("2 o'clock", "10 o'clock"),
        (", at 2 o'clock", ""),
        ("upper outer", "upper inner"),
        ("CC and MLO", "MLO"),
    ):
        assert check_sentence(in_english.replace(old, new), known), new


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_style_of_the_grammar_passes_for_its_own_facts_and_for_no_others(language, register):
    chance = random.Random(7)
    for number in range(300):
        content = content_for(programmes()[number % len(programmes())])
        given = drop_out(sample_finding(content, chance), chance)
        known = finding_facts(given, content, language=language)
        text = fill(target_of(known, chance.randrange(STYLES), register), known)
        assert check_sentence(text, known) == [], text
        assert check_sentence(template_sentence(known), known) == []
        if "size_mm" in given:
            other = finding_facts(given | {"size_mm": given["size_mm"] + 0.1}, content, language=language)
            assert check_sentence(text, other), text


def test_every_style_is_worded_in_its_own_way():
    known = finding_facts(sample_finding(LUNG, random.Random(1)), LUNG)
    for language, register in GRAMMARS:
        said = finding_facts(sample_finding(LUNG, random.Random(1)), LUNG, language=language)
        assert len({target_of(said, style, register) for style in range(STYLES)}) == STYLES
    assert known.slots["type"]


def test_every_kind_of_finding_has_chinese_words_that_state_the_same():
    for content in all_contents().values():
        for phrase in content.types.values():
            words = chinese.kind(phrase)
            assert words and read(words).codes == read(phrase).codes and not read(words).problems, phrase


@pytest.mark.parametrize(
    "place",
    ["in the right upper lobe", "in the left lower lobe, posterior segment", "in the right hemisphere, level of the skull base", "in both hemispheres",
     "in the midline, level of the ventricles and basal ganglia", "in the left breast, upper", "in the right lung, apical segment", "on the left side"],
)  # fmt: skip
def test_a_place_is_said_in_chinese_and_states_the_same(place):
    words = chinese.place(place)
    assert words is not None and not any(char.isascii() and char.isalpha() for char in words)


def test_a_place_without_chinese_words_is_said_in_english_and_told():
    known = finding_facts(finding(location="right upper lobe, superior cistern"), LUNG, language="zh")
    assert known.language == "en" and any("Chinese" in each for each in known.problems)


@pytest.mark.parametrize("programme", ["lung", "breast", "brain", None])
@pytest.mark.parametrize(
    "changes",
    [
        {"findings": [], "above_threshold": False, "category": None},
        {"findings": [], "above_threshold": True, "category": None},
        {"findings": [], "above_threshold": False, "limitations": ["left CC view is missing"]},
        {"state": "refused", "reason": "the series is a scout view", "findings": []},
        {"state": "pending", "findings": []},
    ],
)
def test_a_whole_chinese_draft_passes_its_guard_and_is_negative_only_when_it_may_be(programme, changes):
    given = result(programme=programme, **changes)
    study = study_facts(given, None, ZH)
    sections, verdict = assemble(study, [None] * len(study.findings))
    draft = as_json(sections)
    assert verdict.passed, verdict.reasons
    assert check_report({"sections": draft}, given).passed
    text = "".join(str(each["text"]) for listed in draft.values() for each in listed)
    assert ("未见" in text) == study.may_look_negative
    assert study.may_look_negative or not looks_negative(text)
    for listed in draft.values():
        for sentence in listed:
            changed = {name: [each for each in kept if each is not sentence] for name, kept in draft.items()}
            # The sentence of what was not found and the rule's own words are left out by some house styles.
            optional = sentence["origin"] == "rule:below-threshold" or str(sentence["text"]).startswith("规则")
            if not optional:
                assert not check_report({"sections": changed}, given).passed, sentence


@pytest.mark.parametrize(
    ("old", "new"),
    [("4A类", "2类"), ("3个月", "12个月"), ("高于", "低于"), ("胸部CT", "未见异常"), ("须由", "无须由")],
)
def test_a_changed_sentence_about_the_study_is_refused(old, new):
    given = result()
    study = study_facts(given, None, ZH)
    sections, _verdict = assemble(study, [None])
    draft = {"sections": as_json(sections)}
    assert old in str(draft)
    changed = {
        "sections": {
            name: [{**each, "text": str(each["text"]).replace(old, new)} for each in listed]
            for name, listed in draft["sections"].items()
        }
    }
    assert not check_report(changed, given).passed


def test_the_dictionaries_name_only_facts_that_the_other_knows():
    def codes(lexicon):
        return {
            tag for tags in lexicon.values() for tag in tags if tag.startswith(("is:", "view:", "change:", "kind:"))
        }

    assert codes(dictionary()) <= codes(english())


def test_the_longest_phrase_wins_so_that_a_part_solid_nodule_is_none_that_is_solid():
    assert read("部分实性结节").codes == {"part-solid", "nodule"}
    assert [token.text for token in tokens_of("较前大小相仿")] == ["较前", "大小相仿"]
