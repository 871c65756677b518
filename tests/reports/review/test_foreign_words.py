"""The review on drafts in words of somebody else (the bank of `tests/drafting/hostile`), read as a person's text."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import pytest

from reports.content import content_for
from reports.review import FindingSeen, PriorSeen, ReviewInput, SectionText, SentenceText, review
from tests.drafting.hostile.hostile import Item, faithful_items, hostile_items
from tests.reports.review.texts import role_of

# True of any draft on a bleed: it advises nothing, and a person does.
EXPECTED = {"recommendation-missing"}


def before(item: Item, given: dict[str, Any]) -> float | None:
    """The size of the one earlier finding of its kind and place."""
    earlier = [each for each in (item.prior or {}).get("findings", []) if each.get("location") == given.get("location")]
    return earlier[0].get("size_mm") if len(earlier) == 1 and earlier[0].get("type") == given["type"] else None


def finding(item: Item, given: dict[str, Any], number: int) -> FindingSeen:
    attributes = given.get("attributes") or {}
    numbers = {name: value for name, value in attributes.items() if isinstance(value, int | float)}
    lengths = [value for name, value in numbers.items() if name.endswith("_mm") and name != "prior_size_mm"]
    volumes = [value for name, value in numbers.items() if name.endswith("_ml")]
    volumes += [value / 1000 for name, value in numbers.items() if name.endswith("_mm3")]
    return FindingSeen(
        given["id"],
        str(number),
        "ACCEPTED",
        given["type"],
        given.get("location") or "",
        given.get("size_mm"),
        sizes_mm=tuple(each for each in (given.get("size_mm"), *lengths) if each),
        volumes_ml=tuple(volumes),
        prior_mm=numbers.get("prior_size_mm") or before(item, given),
    )


def told(item: Item, draft: dict[str, Any]) -> frozenset[str]:
    """The rules that speak against a draft whose sentences are a person's and rest on nothing."""
    programme = item.result["programme"]
    sections = tuple(
        SectionText(
            section.name,
            role_of(programme, section.name),
            False,
            tuple(
                SentenceText(f"{section.name}{number}", each["text"])
                for number, each in enumerate(draft["sections"].get(section.name, ()))
            ),
        )
        for section in content_for(programme).sections
    )
    prior = item.prior
    earlier = tuple(each["size_mm"] for each in prior.get("findings", []) if each.get("size_mm")) if prior else ()
    given = ReviewInput(
        programme,
        sections,
        tuple(finding(item, each, number) for number, each in enumerate(item.result.get("findings") or [], 1)),
        priors=(PriorSeen(date.fromisoformat(prior["study_date"]), earlier),) if prior else (),
        category=item.result.get("category"),
        limitations=tuple(item.result.get("limitations") or ()),
    )
    return frozenset(remark.rule for remark, _severity in review(given)) - EXPECTED


@lru_cache(maxsize=1)
def spoilt() -> dict[str, list[bool]]:
    """Kind of spoiling → for each draft, whether the review speaks against it and not against its true twin."""
    found: dict[str, list[bool]] = {}
    for item in hostile_items():
        found.setdefault(item.kind, []).append(bool(told(item, item.draft) - told(item, item.twin)))
    return found


def test_true_drafts_in_foreign_words_raise_no_alarm():
    assert [(item.number, told(item, item.draft)) for item in faithful_items() if told(item, item.draft)] == []


@pytest.mark.parametrize(
    "kind",
    [
        "side_flipped",
        "place_moved",
        "finding_left_out",
        "finding_added",
        "negation_added",
        "negative_over_findings",
        "category_lowered",
        "category_raised",
        "patients_swapped",
    ],
)
def test_what_turns_a_report_into_its_opposite_is_always_seen(kind):
    assert all(spoilt()[kind])


@pytest.mark.parametrize(
    "kind",
    [
        "first_digit",
        "last_digit",
        "point_moved",
        "unit_swapped",
        "comparison_invented",
        "recommendation_wrong",
        "negation_dropped",
    ],
)
def test_wrong_numbers_and_advice_are_mostly_seen(kind):
    assert sum(spoilt()[kind]) >= 10
