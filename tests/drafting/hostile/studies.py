"""Inputs for the bank: invented studies as `score --json` gives them, with the facts a draft may state."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

PROGRAMMES = ("lung", "breast", "brain")
LUNG_PLACES = ("right upper lobe", "right middle lobe", "right lower lobe", "left upper lobe", "left lower lobe")
BREAST_PLACES = tuple(f"{side} breast, {half}" for side in ("left", "right") for half in ("upper", "lower"))
QUADRANTS = tuple(f"{side} breast, {half}" for side in ("left", "right") for half in ("upper outer", "lower inner"))
LEVELS = ("above the ventricles", "level of the ventricles and basal ganglia", "level of the skull base")
BRAIN_PLACES = tuple(f"{side} hemisphere, {level}" for side in ("left", "right") for level in LEVELS)
PLACES = {"lung": LUNG_PLACES, "breast": BREAST_PLACES + QUADRANTS, "brain": BRAIN_PLACES}
TYPES = {
    "lung": ("solid_nodule", "part_solid_nodule", "ground_glass_nodule"),
    "breast": ("mass", "calcifications", "asymmetry", "architectural_distortion"),
    "brain": (
        "subdural_haemorrhage",
        "epidural_haemorrhage",
        "subarachnoid_haemorrhage",
        "intraparenchymal_haemorrhage",
        "intraventricular_haemorrhage",
    ),
}
LIMITATIONS = {
    "lung": ("4 slices are missing", "the lung bases are not covered"),
    "breast": ("left CC view is missing", "right MLO view is missing", "breast implant is present"),
    "brain": ("the top of the head is not covered", "the slices are unevenly spaced"),
}
REASONS = {
    "lung": "The slices are 10 mm apart.",
    "breast": "The images are for processing only.",
    "brain": "The scan was made with contrast medium.",
}


@dataclass(frozen=True)
class Case:
    """result and prior as `check_report` takes them; facts: finding id → fact name → canonical value.

    Facts: type, place (as in the result), size, long, short, solid, prior (mm), volume (lung mm3, brain ml), slice,
    extent, view, change (larger, smaller, stable).
    """

    programme: str
    result: dict[str, Any]
    prior: dict[str, Any] | None
    facts: dict[str, dict[str, Any]]


def _change(size: float, before: float) -> str:
    # far beyond any rule's threshold on either side, so that no definition of growth disagrees
    return "larger" if size >= before + 3.0 else "smaller" if size <= before - 3.0 else "stable"


def _finding(rng: Random, programme: str, number: int, place: str) -> tuple[dict[str, Any], dict[str, Any]]:
    kind = rng.choice(TYPES[programme])
    low, high = {"lung": (42, 186), "breast": (51, 342), "brain": (83, 712)}[programme]
    longest = rng.randint(low, high) / 10
    shortest = round(longest * rng.uniform(0.55, 0.9), 1)
    size = round((longest + shortest) / 2, 1) if programme == "lung" else longest
    attributes: dict[str, Any] = {
        "long_axis_mm": longest,
        "short_axis_mm": shortest,
        "side": place.split()[0],
    }
    facts: dict[str, Any] = {"type": kind, "place": place, "size": size, "long": longest, "short": shortest}
    if programme == "lung":
        facts |= {"volume": round(0.52 * size**3), "slice": rng.randint(12, 290)}
        attributes |= {"volume_mm3": facts["volume"], "slice": facts["slice"], "lobe": place}
        if kind == "part_solid_nodule":
            facts["solid"] = attributes["solid_component_mm"] = round(size * rng.uniform(0.3, 0.6), 1)
    elif programme == "brain":
        facts |= {"slice": rng.randint(8, 30), "extent": rng.randint(3, 9)}
        facts["volume"] = attributes["volume_ml"] = round(rng.uniform(3, 70), 1)
        attributes |= {
            "slice": facts["slice"],
            "positive_slices": facts["extent"],
            "first_slice": facts["slice"],
            "last_slice": facts["slice"] + facts["extent"] - 1,
        }
    else:
        facts["view"] = attributes["view"] = rng.choice(("CC", "MLO"))
        attributes |= {"depth": "middle", "from_nipple_mm": rng.randint(20, 90)}
    given = {
        "id": f"f{number}",
        "type": kind,
        "location": place,
        "size_mm": size,
        "probability": round(rng.uniform(0.4, 0.98), 3),
        "series_uid": f"1.2.826.0.1.{rng.randint(1000, 9999)}.2",
        "sop_uid": f"1.2.826.0.1.{rng.randint(1000, 9999)}.3",
        "frame": 1,
        "box": [40.0, 60.0, 71.0, 88.0],
        "attributes": attributes,
        "contour": None,
        "heat_map": None,
    }
    return given, facts


def make_case(
    rng: Random,
    programme: str,
    *,
    findings: int,
    state: str = "scored",
    limited: bool = False,
    with_prior: bool = False,
) -> Case:
    """One invented study. `with_prior` gives it an earlier study whose findings pair by type and place.

    Only lung has a rule for growth, so that elsewhere no draft may say larger or smaller.
    """
    places = rng.sample(PLACES[programme], k=findings)
    made = [_finding(rng, programme, number, place) for number, place in enumerate(places, start=1)]
    facts = {given["id"]: known for given, known in made}
    scored = state == "scored"
    category = None
    if programme == "lung" and scored:
        category = rng.choice(("3", "4A", "4B")) if findings else ("0" if limited else "1")
    attributes: dict[str, Any] = {"density": rng.choice("abcd")} if programme == "breast" and scored else {}
    result = {
        "study_uid": f"1.2.826.0.1.{rng.randint(10**6, 10**7)}",
        "programme": programme,
        "state": state,
        "reason": None if scored else REASONS[programme],
        "limitations": [rng.choice(LIMITATIONS[programme])] if limited and scored else [],
        "score": round(rng.uniform(0.6, 0.99) if findings else rng.uniform(0.01, 0.1), 3) if scored else None,
        "above_threshold": bool(findings) if scored else None,
        "category": category,
        "category_rule": "",
        "band": (rng.randint(8, 10) if findings else rng.randint(1, 4)) if programme == "breast" and scored else None,
        "tier": "soon" if findings else "routine",
        "tier_rule": "",
        "findings": [given for given, _ in made],
        "model": {"name": f"{programme}-model", "version": "1.0.0", "sha256": "ab" * 32},
        "attributes": attributes,
        "seconds": 1.0,
    }
    prior = None
    if with_prior and findings:
        prior = {"study_date": f"2025-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}", "findings": []}
        for given, known in made:
            step = rng.choice((-3.4, -3.0, 0.0, 0.0, 3.1, 3.6))
            before = round(known["size"] + step, 1)
            if before < 3.5:
                before = known["size"]
            known |= {"prior": before, "change": _change(known["size"], before)}
            prior["findings"].append({key: given[key] for key in ("id", "type", "location")} | {"size_mm": before})
    return Case(programme, result, prior, facts)
