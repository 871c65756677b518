"""What each programme's report asks: its codes, both languages, its sentences, its rules, and the checking of answers."""

from __future__ import annotations

import re

import pytest

from reports.coded import AnswersError, checked_answers
from reports.content import all_contents, content_for
from reports.content.fields import LANGUAGES, fits, read_answer, sentence_of
from reports.sections import normal_sentences

CONTENTS = [content for content in all_contents().values() if content.schema]
EACH = pytest.mark.parametrize("content", CONTENTS, ids=[content.schema for content in CONTENTS])


def given(**values):
    return {"values": {key.replace("__", "."): {"value": value, "origin": "human"} for key, value in values.items()}}


def nodule(**changes):
    return {
        "key": "f1",
        "number": 1,
        "type": "solid_nodule",
        "size_mm": 8.2,
        "attributes": {},
        "gone": False,
        **changes,
    }


def category(values, *findings, **result):
    scored = {"state": "scored", "limitations": [], **result}
    return content_for("lung").compute(values, findings or [nodule()], scored)["category"].value


# The schemas


@EACH
def test_every_code_is_short_enough_for_dicom_and_says_whether_it_was_verified(content):
    codes = [each.code for asked in content.fields for each in (asked, *asked.options) if each.code]
    assert codes
    for code in codes:
        assert code.scheme in ("SCT", "RADLEX", "LN", "DCM")
        assert len(code.value) <= 16 and len(code.meaning) <= 64
        assert re.fullmatch(r"RID\d+" if code.scheme == "RADLEX" else r"[\d-]+", code.value), code
    # RadLex comes from published profiles alone, so none of it counts as verified.
    assert not any(code.verified for code in codes if code.scheme == "RADLEX")


@EACH
def test_both_languages_say_everything(content):
    words = [asked.label for asked in content.fields]
    words += [word for asked in content.fields for each in asked.options for word in (each.label, each.phrase) if word]
    words += [rule.text for line in content.lines for rule in line.rules]
    assert all(each.en and each.zh for each in words)
    for line in content.lines:
        for rule in line.rules:
            places = [sorted(re.findall(r"\{(\w+)", rule.text.of(language))) for language in LANGUAGES]
            assert places[0] == places[1], rule.text.en


@EACH
def test_what_is_asked_depends_on_answers_that_exist(content):
    by_id = content.by_id
    for asked in content.fields:
        for name, allowed in asked.when.items():
            known = {each.value for each in by_id[name].options}
            assert set(allowed) - {"*", ">0"} <= known
        assert (asked.kind == "number") == (asked.high > asked.low) and bool(asked.unit) == (asked.kind == "number")
        assert bool(asked.options) == (asked.kind in ("single", "multi", "computed"))


@EACH
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_normal_text_holds_the_sentences_of_the_normal_answers(content, language):
    texts = normal_sentences(content.normal_zh if language == "zh" else content.normal)
    written = {line.id: sentence_of(line, content.by_id, content.normal_answers, language) for line in content.lines}
    for line in content.lines:
        assert not written[line.id] or written[line.id] in texts[line.section], (line.id, written[line.id])
    answered = [line for line in content.lines if written[line.id]]
    assert len(answered) >= 3


@EACH
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_single_choice_gives_its_answer_back(content, language):
    for line in content.lines:
        if len(line.fields) != 1 or line.per_finding:
            continue
        asked = content.by_id[line.fields[0]]
        for option in asked.options:
            text = sentence_of(line, content.by_id, {asked.id: option.value}, language)
            read = read_answer(asked, text, language) if text else option.value
            assert read in (option.value, None), (text, read)


def test_an_unknown_programme_asks_nothing():
    assert content_for("heart").fields == () and content_for(None).schema == ""


# Sentences


def test_a_haemorrhage_is_said_with_what_is_known_of_it():
    brain = content_for("brain")
    line, by_id = brain.lines[0], brain.by_id
    values = {"haemorrhage": "yes", "type": ["subdural", "subarachnoid"], "side": "left", "volume_ml": 12.0}
    assert sentence_of(line, by_id, values, "en") == "Subdural and subarachnoid haemorrhage on the left, about 12.0 mL."
    assert sentence_of(line, by_id, values, "zh") == "左侧硬膜下、蛛网膜下腔出血，约 12.0 mL。"
    assert sentence_of(line, by_id, {"haemorrhage": "yes"}, "en") == "Intracranial haemorrhage."
    assert sentence_of(line, by_id, {"haemorrhage": "no", "side": "left"}, "en") == "No intracranial haemorrhage."
    assert sentence_of(line, by_id, {}, "en") == ""


def test_a_number_above_nought_is_not_any_number():
    assert fits(0.1, (">0",)) and not fits(0.0, (">0",)) and fits(0.0, ("*",)) and not fits(None, ("*",))


def test_a_sentence_that_gives_two_answers_gives_none():
    asked = content_for("brain").by_id["advice"]
    assert read_answer(asked, "MRI of the brain.", "en") == "mri"
    assert read_answer(asked, "CT angiography. MRI of the brain.", "en") is None


# Rules


def test_lung_rads_takes_what_only_a_reader_can_say():
    assert category({}) == "4A"
    assert category({"benign.f1": "popcorn"}) == "1"
    assert category({"suspicious.f1": ["spiculation"]}) == "4X"
    assert category({"suspicious.f2": ["spiculation"]}) == "4A"
    assert category({"airway": "segmental", "airway_change": "stable"}) == "4B"
    assert category({"airway": "air"}, nodule(size_mm=4.0)) == "2"
    assert category({"incomplete": "infection"}) == "0"


def test_a_rejected_nodule_counts_no_more_and_a_corrected_size_counts():
    assert category({"nodules": "no"}, nodule(gone=True)) == "1"
    assert category({}, nodule(size_mm=16.0)) == "4B"


def test_no_category_follows_from_what_is_not_known():
    assert category({}, nodule(size_mm=None)) is None
    assert category({}, nodule(type="part_solid_nodule")) is None, "its solid component has no size"
    assert category({}, nodule(gone=True), state="refused") is None
    assert category({"nodules": "no"}, nodule(gone=True), state="refused") == "1"


def test_what_the_ai_could_not_assess_is_incomplete_until_the_reader_says_otherwise():
    limited = {"limitations": ["the lung bases are missing"]}
    assert category({}, nodule(size_mm=4.0), **limited) == "0"
    assert category({"incomplete": "none"}, nodule(size_mm=4.0), **limited) == "2"


def test_a_category_the_reader_set_decides_the_advice():
    computed = content_for("lung").compute({"category": "2"}, [nodule()], {"state": "scored"})
    assert (computed["category"].value, computed["advice"].value) == ("4A", "months_12")


def test_the_overall_breast_assessment_is_that_of_most_concern():
    compute = content_for("breast").compute
    assert compute({"right": "0", "left": "2"}, [], {})["overall"].value == "0"
    assert compute({"right": "6", "left": "0"}, [], {})["overall"].value == "0", "not the largest number"
    assert compute({"right": "4A", "left": "0"}, [], {})["advice"].value == "tissue"
    assert compute({"right": "1"}, [], {})["overall"].value is None


# Checking


def test_answers_are_kept_in_one_form():
    brain = content_for("brain")
    sent = {"values": {"type": {"value": ["subdural", "epidural"]}, "haemorrhage": {"value": "yes", "origin": "rule"}}}
    checked = checked_answers(brain, sent, findings=())
    assert checked["values"] == {
        "haemorrhage": {"value": "yes", "origin": "human"},
        "type": {"value": ["epidural", "subdural"], "origin": "human"},
    }
    assert checked["schema"] == "brain-1"


@pytest.mark.parametrize(
    "values",
    [
        {"haemorrhage": "perhaps"},
        {"haemorrhage": ["yes"]},
        {"midline_shift": 41},
        {"midline_shift": "5"},
        {"midline_shift": True},
        {"midline_shift": float("nan")},
        {"haemorrhage": "yes", "type": ["subdural", "other"]},
        {"haemorrhage": {"x": 1}},
    ],
)
def test_what_is_no_answer_is_refused(values):
    with pytest.raises(AnswersError):
        checked_answers(content_for("brain"), given(**values), findings=())


@pytest.mark.parametrize("sent", ["x", [], {}, {"values": []}, {"values": {}, "lines": 3}, {"values": {"side": 3}}])
def test_what_is_no_set_of_answers_is_refused(sent):
    with pytest.raises(AnswersError):
        checked_answers(content_for("brain"), sent, findings=())


def test_a_line_is_refused_unless_it_names_a_sentence_with_plain_answers():
    good = {"sentence": "h1", "text": "No.", "values": {"haemorrhage": "no"}}
    for spoilt in ({"sentence": "a b"}, {"text": 3}, {"values": {"haemorrhage": {}}}, {"text": "x" * 2001}):
        with pytest.raises(AnswersError):
            checked_answers(
                content_for("brain"), {"values": {}, "lines": {"haemorrhage": {**good, **spoilt}}}, findings=()
            )


def test_what_is_not_asked_or_of_no_finding_of_this_study_is_left_out():
    brain, lung = content_for("brain"), content_for("lung")
    assert checked_answers(brain, given(haemorrhage="no", side="left"), findings=())["values"].keys() == {"haemorrhage"}
    sent = given(benign__f1="fat", benign__f9="fat", benign="fat", density="a")
    assert checked_answers(lung, sent, findings=["f1"])["values"].keys() == {"benign.f1"}


def test_only_what_the_ai_stated_is_its_answer():
    sent = {"values": {"density": {"value": "c", "origin": "ai"}}}
    breast = content_for("breast")
    assert checked_answers(breast, sent, findings=(), stated=[("density", "c")])["values"]["density"]["origin"] == "ai"
    assert (
        checked_answers(breast, sent, findings=(), stated=[("density", "b")])["values"]["density"]["origin"] == "human"
    )


# Juxtapleural nodules, airway nodules and cysts


FLAT = {"pleura.f1": "perifissural", "margin.f1": "smooth", "shape.f1": "triangular"}


@pytest.mark.parametrize(
    ("changes", "nodule_is", "expected"),
    [
        ({}, {}, "2"),
        ({}, {"size_mm": 9.9}, "2"),
        ({}, {"size_mm": 10.0}, "4A"),
        ({"pleura.f1": "no"}, {}, "4A"),
        ({"margin.f1": "lobulated"}, {}, "4A"),
        ({"shape.f1": "round"}, {}, "4A"),
        ({"shape.f1": None}, {}, "4A"),
        ({}, {"type": "ground_glass_nodule"}, "2"),
        ({}, {"type": "part_solid_nodule", "attributes": {"solid_component_mm": 6.0}}, "4A"),
        ({}, {"attributes": {"history": {"status": "new"}}}, "2"),
        ({}, {"attributes": {"history": {"status": "growing"}}}, "4B"),
        ({"pleura.f1": None, "pleura.f2": "costal"}, {}, "4A"),
    ],
)
def test_a_juxtapleural_nodule_is_benign_only_if_all_four_conditions_hold(changes, nodule_is, expected):
    assert category({**FLAT, **changes}, nodule(**nodule_is)) == expected


THICK = {"cyst": "unilocular", "cyst_wall_mm": 2.0}
MULTI = {"cyst": "multilocular"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"cyst": "none"}, "1"),
        ({"cyst": "unclassified"}, "1"),
        ({"cyst": "unilocular", "cyst_wall_mm": 1.9}, "1"),
        (THICK, "4A"),
        ({**THICK, "cyst_change": "new"}, "4A"),
        ({**THICK, "cyst_change": "growing"}, "3"),
        ({**THICK, "cyst_change": "stable", "cyst_since": ["wall"]}, "4B"),
        ({**THICK, "cyst_change": "stable"}, "4A"),
        ({**THICK, "cyst_change": "stable", "cyst_before": "4A", "cyst_months": 3.0}, "3"),
        ({**THICK, "cyst_change": "stable", "cyst_before": "4A", "cyst_months": 2.0}, "4A"),
        ({**THICK, "cyst_change": "decreased", "cyst_before": "3", "cyst_months": 6.0}, "2"),
        ({**THICK, "cyst_change": "stable", "cyst_before": "4B", "cyst_months": 12.0}, "4B"),
        (MULTI, "4A"),
        ({**MULTI, "cyst_change": "growing"}, "4B"),
        ({**MULTI, "cyst_change": "stable", "cyst_since": ["became"]}, "4A"),
        ({**MULTI, "cyst_change": "stable", "cyst_since": ["became", "loculi"]}, "4A"),
        ({**MULTI, "cyst_change": "stable", "cyst_since": ["became", "opacity"]}, "4B"),
        ({**MULTI, "cyst_change": "growing", "cyst_since": ["became"]}, "4B"),
        ({**MULTI, "cyst_change": "stable", "cyst_since": ["loculi"]}, "4B"),
        ({**MULTI, "cyst_change": "stable", "cyst_since": ["opacity"]}, "4B"),
        ({**MULTI, "cyst_change": "decreased", "cyst_since": ["wall"]}, "4B"),
    ],
)
def test_a_cyst_that_a_reader_described_is_graded(answers, expected):
    assert category({"nodules": "no", **answers}, nodule(gone=True)) == expected


def test_a_cyst_of_one_space_has_no_category_until_its_wall_is_measured():
    followed = content_for("lung").compute({"cyst": "unilocular"}, [], {"state": "scored"})["category"]
    assert followed.value is None and "thickness of its wall" in followed.reason


def test_of_a_cyst_and_its_nodule_the_more_suspicious_decides():
    assert category({**THICK, "at_cyst.f1": "inside"}, nodule(size_mm=15.0)) == "4B"
    assert category({**THICK, "at_cyst.f1": "inside"}, nodule(size_mm=4.0)) == "4A"


def test_a_thin_walled_cyst_says_nothing_of_nodules():
    assert category({"cyst": "unilocular", "cyst_wall_mm": 1.0}, nodule(gone=True), state="refused") is None


def test_a_growing_subsegmental_airway_nodule_is_graded_by_its_size():
    small = {"airway": "subsegmental", "airway_change": "growing", "airway_mm": 7.0}
    assert category(small, nodule(size_mm=3.0)) == "4A"
    assert category({**small, "airway_mm": 8.0}, nodule(size_mm=3.0)) == "4B"


def test_a_field_of_a_finding_may_depend_on_another_of_the_same_finding():
    lung = content_for("lung")
    sent = given(pleura__f1="costal", margin__f1="smooth", margin__f2="smooth", at_cyst__f1="inside")
    kept = checked_answers(lung, sent, findings=("f1", "f2"))["values"]
    assert sorted(kept) == ["margin.f1", "pleura.f1"], "f2 is not juxtapleural, and there is no cyst"
    kept = checked_answers(
        lung, {"values": {**sent["values"], **given(cyst="multilocular")["values"]}}, findings=("f1",)
    )
    assert "at_cyst.f1" in kept["values"]


def test_cysts_and_juxtapleural_nodules_are_said_in_both_languages():
    lung = content_for("lung")
    lines, by_id = {line.id: line for line in lung.lines}, lung.by_id
    pleural = {"pleura.f1": "costal", "margin.f1": "smooth", "shape.f1": "lentiform", "shape.f2": "oval"}
    said = [sentence_of(lines["pleura"], by_id, pleural, language, "f1", 1) for language in LANGUAGES]
    assert said == [
        "Nodule 1 is juxtapleural: at the costal pleura, smooth, lentiform.",
        "结节 1 为胸膜旁结节：肋胸膜旁，边缘光滑，透镜形。",
    ]
    cyst = {
        "cyst": "multilocular",
        "cyst_lobe": "LUL",
        "cyst_mm": 18.0,
        "cyst_wall_mm": 2.5,
        "cyst_change": "stable",
        "cyst_since": ["loculi", "opacity"],
    }
    said = [sentence_of(lines["cyst"], by_id, cyst, language) for language in LANGUAGES]
    assert said == [
        "Multilocular cyst in the left upper lobe, mean diameter 18.0 mm, wall up to 2.5 mm thick, stable;"
        " since the earlier CT more loculi and new or increased opacity.",
        "左肺上叶多房囊腔，平均直径 18.0 mm，囊壁最厚 2.5 mm，稳定；较前分房增多、新发或增多的密度增高影。",
    ]
    assert sentence_of(lines["pleura"], by_id, {"pleura.f1": "no"}, "en", "f1", 1) == ""
