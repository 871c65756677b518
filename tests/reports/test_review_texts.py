"""The hand-written reports with planted errors: complete, balanced and frozen."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from reports.content import content_for

HERE = Path(__file__).parent / "review_texts"
# lengths that a clean report may name as a limit, as in "no nodule of 4 mm or more" or "growth exceeds 1.5 mm"
THRESHOLDS = {1.5, 4}
KINDS = {
    "missing_section",
    "side_contradiction",
    "level_contradiction",
    "measurement_unmatched",
    "category_mismatch",
    "recommendation_missing",
    "recommendation_wrong",
    "prior_claimed",
    "sex_terms",
    "finding_unreported",
    "ai_unresolved",
    "rejected_reported",
    "impossible_number",
}
FROZEN = {
    "brain_1.json": "31b9faf336d54613a24594e1fc3074dcf76102f3faf58cddf3fbde04a4a96068",
    "brain_2.json": "259ecf737af0b8f123a145ff9a7533ff0b125e13c1958fea8e05033a2d5101e5",
    "breast_1.json": "5a85db10b6f66ba8b45cbc7e42958b43d315a139dec239031a1a862392613e29",
    "breast_2.json": "4d7d3ba554ca1bee3004b133b714ee74eacee50f76e20c1ab6ece6f745854095",
    "breast_3.json": "14177b93451759f19236ba46b22711ed1a293cac6b842d68ebab164f08e00a3a",
    "general.json": "ffcf685c9dc1647486c773b18c08bbf921413718e76b400a8a076e31b74f47f9",
    "lung_1.json": "8c5fd819a97ee6a415fc6bb60ebf36822b678d5c131eea9879b1660f16206f20",
    "lung_2.json": "e5d37897496222816aab2ed9ed2ca1983951b51572835edad7c27f067d133225",
    "lung_3.json": "5afb27722c9fadc9f132822ebabea168613ec6e2e276f1484ece4d3615410353",
}


def review_texts() -> list[dict]:
    """Every case, in the order of its files."""
    return [case for path in sorted(HERE.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def cases() -> list[dict]:
    return review_texts()


def lacking(case: dict) -> list[str]:
    """Required sections that are empty or absent."""
    sections = content_for(case["programme"]).sections
    return [each.name for each in sections if each.required and not case["sections"].get(each.name, "").strip()]


def numbers(text: str) -> set[float]:
    """Every length of a text in mm."""
    found = re.findall(r"(\d+(?:\.\d+)?)\s*(mm|cm)\b", text)
    return {float(value) * (10 if unit == "cm" else 1) for value, unit in found}


def test_there_are_200_reports_of_which_80_are_clean_and_a_fifth_chinese(cases):
    assert len(cases) >= 200
    assert len({case["id"] for case in cases}) == len(cases)
    counts = Counter(case["kind"] for case in cases)
    assert set(counts) == KINDS | {"clean"}
    assert counts["clean"] == 80
    assert min(counts.values()) >= 6
    assert 0.18 <= sum(case["language"] == "zh" for case in cases) / len(cases) <= 0.3
    assert len({json.dumps(case["sections"], sort_keys=True) for case in cases}) == len(cases)


def test_both_halves_hold_the_same_share_of_every_kind(cases):
    for kind in KINDS | {"clean"}:
        halves = Counter(case["split"] for case in cases if case["kind"] == kind)
        assert abs(halves["tune"] - halves["held"]) <= 1, kind


def test_every_text_stands_in_a_section_that_its_programme_has(cases):
    for case in cases:
        names = {section.name for section in content_for(case["programme"]).sections}
        assert set(case["sections"]) <= names, case["id"]


def test_an_error_is_named_and_placed_and_a_clean_report_names_none(cases):
    for case in cases:
        names = {section.name for section in content_for(case["programme"]).sections}
        if case["kind"] == "clean":
            assert case["where"] is None, case["id"]
            assert case["what"] == "", case["id"]
        else:
            assert case["where"] in names, case["id"]
            assert case["what"], case["id"]


def test_a_required_section_lacks_only_where_that_is_planted(cases):
    for case in cases:
        if case["kind"] == "missing_section":
            assert lacking(case) == [case["where"]], case["id"]
        elif case["kind"] == "recommendation_missing":
            assert set(lacking(case)) <= {"recommendation"}, case["id"]
        else:
            assert lacking(case) == [], case["id"]


def test_ai_sentences_are_unresolved_only_where_that_is_planted(cases):
    for case in cases:
        assert bool(case["unresolved"]) == (case["kind"] == "ai_unresolved"), case["id"]
        for each in case["unresolved"]:
            assert each["text"] in case["sections"][each["section"]], case["id"]


def test_no_prior_is_known_where_one_is_claimed(cases):
    for case in cases:
        if case["kind"] == "prior_claimed":
            assert case["study"]["prior"] is None, case["id"]


def test_there_is_a_rejected_finding_to_report_and_an_accepted_one_to_leave_out(cases):
    for case in cases:
        statuses = [finding["status"] for finding in case["study"]["findings"]]
        if case["kind"] == "rejected_reported":
            assert "rejected" in statuses, case["id"]
        if case["kind"] == "finding_unreported":
            assert "accepted" in statuses, case["id"]


def known_lengths(study: dict) -> set[float]:
    """Every length in mm that the product knows of a study."""
    earlier = (study["prior"] or {}).get("findings", [])
    found = {each[key] for each in study["findings"] for key in ("size_mm", "long_mm", "short_mm") if each.get(key)}
    found |= {each["solid_mm"] for each in study["findings"] if each.get("solid_mm")}
    return found | {each["mm"] for each in study["measurements"]} | {each["size_mm"] for each in earlier}


def test_every_size_in_the_findings_of_a_clean_report_is_one_that_is_known(cases):
    for case in cases:
        section = content_for(case["programme"]).findings_section
        if case["kind"] == "clean":
            for length in numbers(case["sections"][section]):
                near = [known for known in known_lengths(case["study"]) if abs(known - length) <= max(0.5, known / 10)]
                assert near or length in THRESHOLDS, (case["id"], length)


def test_a_planted_measurement_is_none_that_is_known(cases):
    for case in cases:
        if case["kind"] == "measurement_unmatched":
            text = case["sections"][case["where"]]
            known = known_lengths(case["study"])
            assert [size for size in numbers(text) if all(abs(size - each) > 1.4 for each in known)], case["id"]


def test_the_texts_are_frozen():
    """A change of any of these files needs new figures of the review; it is never made because the review fails one."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(HERE.glob("*.json"))}
    assert found == FROZEN
