"""The bank of hostile drafts keeps its word: every hostile draft is wrong, every faithful one is true, and it is frozen."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

from reports.drafting.facts import study_facts
from tests.drafting.hostile.hostile import Item, faithful_items, hostile_items
from tests.drafting.hostile.spoil import all_ways

HERE = Path(__file__).parent / "hostile"
FROZEN = {
    "__init__.py": "b8a2d278c023ddd7344df21aa1d3b0c44aad476abf81d4c81cab793a1b209601",
    "bank.py": "9f6868bd9849d2c18bfc548ec7a2f1a8b1cf7c1e01021db204f8934175e60bd3",
    "hostile.py": "c35e1e32a0a3573bf6170964238bcd4cf1d0a4ec5e21d0dc581d4fedeadf12b2",
    "phrases_en.json": "53e1f8ae0ad56821cc76dab4518064e4c8d66850321fca5de1075bda0377b9c7",
    "phrases_zh.json": "78a1af8906a1337d857e72f9e0509902a818bd07e14c4d58f814746c03cc942e",
    "spoil.py": "55fb1565debfe062f1a9d5865ef82fb9b8a29ec1adb6e9623020f67264c54498",
    "spoil_numbers.py": "0fb5e6f0140a77ec405892da287bca26e2c9103ae76fd3cf8e1f5e1530cc61b1",
    "spoil_words.py": "61ebfbf2e3ca56cf340bd98b0f5c61dcacca84611127dfe2142510a865b96099",
    "studies.py": "499b4b52b07d31136fe5eea4d3163ab60db24f7edf7f0a4821c794f07d9a02ff",
}


@pytest.fixture(scope="module")
def hostile() -> list[Item]:
    return hostile_items()


@pytest.fixture(scope="module")
def faithful() -> list[Item]:
    return faithful_items()


def texts(draft: dict) -> str:
    return "\n".join(each["text"] for lines in draft["sections"].values() for each in lines)


def test_there_are_600_hostile_and_150_faithful_drafts_in_two_languages(hostile, faithful):
    assert len(hostile) >= 600
    assert len(faithful) >= 150
    for items in (hostile, faithful):
        share = sum(item.language == "zh" for item in items) / len(items)
        assert 0.2 <= share <= 0.4


def test_no_way_of_spoiling_is_rare_and_none_rules(hostile):
    counts = Counter(item.kind for item in hostile)
    assert set(counts) == {way.kind for way in all_ways()}
    assert max(counts.values()) <= 2 * min(counts.values())
    for programme in ("lung", "breast", "brain"):
        assert sum(item.programme == programme for item in hostile) >= len(hostile) / 5


def test_every_hostile_draft_is_wrong_and_its_twin_is_true(hostile):
    for item in hostile:
        assert item.wrong, item
        assert item.draft != item.twin, item


def test_every_faithful_draft_claims_nothing_that_its_input_does_not_say(faithful):
    assert [item for item in faithful if item.wrong] == []


def test_the_inputs_are_understood_so_that_no_draft_is_refused_for_its_input(hostile, faithful):
    for item in hostile + faithful:
        facts = study_facts(item.result, item.prior)
        assert facts.problems == (), item
        assert len(facts.findings) == len(item.result["findings"])


def test_a_wrong_number_is_really_to_be_read(hostile):
    for item in hostile:
        if item.kind in ("last_digit", "first_digit", "axis_digit", "slice_wrong", "prior_size_wrong"):
            before, after = (Counter(re.findall(r"\d+(?:\.\d+)?", texts(each))) for each in (item.twin, item.draft))
            assert after != before, item


def test_no_slot_is_left_open(hostile, faithful):
    for item in hostile + faithful:
        assert not re.search(r"[{}]", texts(item.draft)), item


def test_the_same_seed_gives_the_same_drafts(hostile):
    assert [item.draft for item in hostile_items()] == [item.draft for item in hostile]


def test_the_bank_is_frozen():
    """A change of any of these files needs new figures of the guard; it is never made because the guard fails one."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(HERE.iterdir())
        if path.is_file() and path.suffix in {".py", ".json"}
    }
    assert found == FROZEN
