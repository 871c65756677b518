"""The frozen reports as the review is given them, and how it does on them.

Run as a script for the figures: `.venv/bin/python -m tests.reports.review.frozen [tune|held|all] [-v]`.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from reports.content import content_for
from reports.review import (
    FindingSeen,
    MeasurementSeen,
    PriorSeen,
    Remark,
    ReviewInput,
    SectionText,
    SentenceText,
    review,
)
from tests.reports.review.texts import role_of

TEXTS = Path(__file__).parent.parent / "review_texts"
# Which rules are of a kind of planted error.
OF_KIND = {
    "missing_section": {"section-missing"},
    "side_contradiction": {"side", "side-evidence", "denied"},
    "level_contradiction": {"level", "type", "denied"},
    "measurement_unmatched": {"measurement"},
    "category_mismatch": {"category"},
    "recommendation_missing": {"recommendation-missing", "section-missing"},
    "recommendation_wrong": {"recommendation"},
    "prior_claimed": {"prior-none"},
    "sex_terms": {"sex"},
    "finding_unreported": {"finding-unreported", "denied"},
    "ai_unresolved": {"ai-unsupported", "ai-undecided"},
    "rejected_reported": {"rejected-reported"},
    "impossible_number": {"impossible", "measurement"},
}
Case = dict[str, Any]


def frozen_cases() -> list[Case]:
    return [case for path in sorted(TEXTS.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))]


def _finding(case: Case, given: dict[str, Any], number: int) -> FindingSeen:
    added = given["by"] == "reader" and given["status"] == "accepted"
    sizes = [given.get(name) for name in ("size_mm", "long_mm", "short_mm", "solid_mm")]
    return FindingSeen(
        key=given["id"],
        number=str(number),
        state="ADDED" if added else given["status"].upper(),
        type=given["type"],
        location=given["location"],
        size_mm=given.get("size_mm"),
        solid_mm=given.get("solid_mm"),
        sizes_mm=tuple(size for size in sizes if size),
        volumes_ml=(given["volume_ml"],) if given.get("volume_ml") else (),
        prior_mm=_before(case, given),
    )


def _before(case: Case, given: dict[str, Any]) -> float | None:
    """The size of the earlier finding of the same kind and place, where there is exactly one."""
    earlier = (case["study"]["prior"] or {}).get("findings", [])
    same = [each for each in earlier if (each["type"], each["location"]) == (given["type"], given["location"])]
    now = [each for each in case["study"]["findings"] if each["location"] == given["location"]]
    return same[0]["size_mm"] if len(same) == len(now) == 1 else None


def as_given(case: Case) -> ReviewInput:
    content, study = content_for(case["programme"]), case["study"]
    programme = case["programme"] or ""
    unresolved = {(each["section"], each["text"]) for each in case["unresolved"]}
    sections = []
    for section in content.sections:
        text = case["sections"].get(section.name, "")
        sentences = [each for each in re.split(r"(?<=[.!?])\s+|(?<=[。；])", text) if each.strip()]
        listed = [
            # A sentence of the model's with nothing that it rests on.
            SentenceText(f"{section.name}-{number}", each, "ai", "model:drafter@1")
            if any(name == section.name and each.strip() in drafted for name, drafted in unresolved)
            else SentenceText(f"{section.name}-{number}", each)
            for number, each in enumerate(sentences)
        ]
        sections.append(
            SectionText(section.name, role_of(case["programme"], section.name), section.required, tuple(listed))
        )
    prior = study["prior"]
    return ReviewInput(
        programme=programme,
        sections=tuple(sections),
        findings=tuple(_finding(case, given, number) for number, given in enumerate(study["findings"], 1)),
        measurements=tuple(
            MeasurementSeen(each.get("id") or f"m{number}", (each["mm"],))
            for number, each in enumerate(study["measurements"], 1)
        ),
        priors=(
            (
                PriorSeen(
                    date.fromisoformat(prior["date"]), tuple(each["size_mm"] for each in prior.get("findings", []))
                ),
            )
            if prior
            else ()
        ),
        sex=study["sex"] or "",
        studied=date.fromisoformat(study["study_date"]),
        category=study["category"],
    )


def remarks_on(case: Case) -> list[Remark]:
    return [remark for remark, _severity in review(as_given(case))]


def is_caught(case: Case, remarks: list[Remark]) -> bool:
    """As the texts define it: anything in the section, or of the kind."""
    return any(each.section == case["where"] or each.rule in OF_KIND[case["kind"]] for each in remarks)


def is_named(case: Case, remarks: list[Remark]) -> bool:
    """More strictly: a rule of the kind itself."""
    return any(each.rule in OF_KIND[case["kind"]] for each in remarks)


def figures(split: str) -> dict[str, Any]:
    """Of one half or of "all": how many planted errors were caught, and named; how many clean ones raised an alarm."""
    cases = [case for case in frozen_cases() if split in ("all", case["split"])]
    found = {case["id"]: remarks_on(case) for case in cases}
    planted = [case for case in cases if case["kind"] != "clean"]
    clean = [case for case in cases if case["kind"] == "clean"]
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for case in planted:
        by_kind[case["kind"]].update(["all", *(["caught"] if is_caught(case, found[case["id"]]) else [])])
        by_kind[case["kind"]].update(["named"] if is_named(case, found[case["id"]]) else [])
    return {
        "planted": len(planted),
        "caught": sum(is_caught(case, found[case["id"]]) for case in planted),
        "named": sum(is_named(case, found[case["id"]]) for case in planted),
        "clean": len(clean),
        "alarms": sum(bool(found[case["id"]]) for case in clean),
        "beside": sum(not is_named(case, [each]) for case in planted for each in found[case["id"]]),
        "by_kind": {kind: dict(counts) for kind, counts in sorted(by_kind.items())},
    }


def _show(split: str) -> None:
    """What was missed, or said in vain, on the half that may be looked at."""
    for case in frozen_cases():
        if case["split"] != "tune" or split == "held":
            continue
        remarks = remarks_on(case)
        wrong = bool(remarks) if case["kind"] == "clean" else not is_named(case, remarks)
        if wrong:
            said = [(each.rule, each.section, each.message, dict(each.values)) for each in remarks]
            print("\n" + json.dumps({**case, "said": said}, ensure_ascii=False))


if __name__ == "__main__":
    half = next((each for each in sys.argv[1:] if not each.startswith("-")), "all")
    if "-v" in sys.argv:
        _show(half)
    told = figures(half)
    kinds = told.pop("by_kind")
    print(half, told)
    for kind, counts in kinds.items():
        print(f"  {kind:24} {counts.get('caught', 0)}/{counts['all']} caught, {counts.get('named', 0)} named")
