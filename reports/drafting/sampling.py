"""Random findings of each programme: what the drafter learns and is measured on. Synthetic, from a seed."""

from __future__ import annotations

import random
from typing import Any

from reports.content import ReportContent

DROP_OUT = 0.35
_LUNG = (
    "right upper lobe",
    "right middle lobe",
    "right lower lobe",
    "left upper lobe",
    "left lower lobe",
    "lingula",
    "right lung",
    "left lung",
)
_DETAIL = ("", "", "", ", posterior", ", apical segment", ", subpleural", ", perifissural", ", anterior segment")
_BREAST = (
    "",
    ", upper",
    ", lower",
    ", central",
    ", upper outer quadrant",
    ", upper inner quadrant",
    ", lower outer quadrant",
    ", lower inner quadrant",
    ", retroareolar",
    ", axillary tail",
)
_BRAIN = (
    "right hemisphere", "left hemisphere", "both hemispheres", "midline", "right frontal lobe", "left temporal lobe", "cerebellum",
    "left parietal region", "right basal ganglia", "left frontal convexity", "right occipital lobe", "brainstem",
    "right hemisphere, level of the ventricles and basal ganglia", "left hemisphere, level of the skull base",
)  # fmt: skip


def _location(programme: str | None, chance: random.Random) -> str:
    if programme == "lung":
        return chance.choice(_LUNG) + chance.choice(_DETAIL)
    if programme == "breast":
        return f"{chance.choice(('left', 'right'))} breast{chance.choice(_BREAST)}"
    return chance.choice(_BRAIN)


def sample_finding(content: ReportContent, chance: random.Random, position: int = 1) -> dict[str, Any]:
    """A random finding of a programme with every fact it can have, as `FindingResult.as_json` writes it."""
    size = round(chance.uniform(2, 60), 1)
    attributes: dict[str, Any] = {}
    if content.programme == "brain":
        attributes |= {"volume_ml": round(chance.uniform(0.1, 90), 1), "slices": chance.randint(1, 30)}
        attributes |= {"slice": chance.randint(1, 60), "volume_is_exploratory": chance.random() < 0.5}
    elif content.programme == "breast":
        attributes |= {"views": chance.choice((["CC"], ["MLO"], ["CC", "MLO"])), "side": None}
        attributes["clock"] = chance.choice((None, None, chance.randint(1, 12)))
    else:
        attributes |= {"volume_mm3": chance.randint(20, 15000), "slice": chance.randint(1, 500)}
        if content.programme == "lung" and chance.random() < 0.7:
            attributes["solid_mm"] = round(chance.uniform(1, size), 1)
    attributes |= {"long_axis_mm": round(size * 1.1, 1), "short_axis_mm": round(size * 0.9, 1)}
    attributes["prior_size_mm"] = round(max(1.0, size + chance.choice((-4, -1, 0, 1, 4)) * chance.random() * 2), 1)
    return {
        "id": f"f{position}",
        "type": chance.choice(sorted(content.types) or ["unknown"]),
        "location": _location(content.programme, chance),
        "size_mm": size,
        "probability": round(chance.random(), 3),
        "attributes": attributes,
    }


def drop_out(finding: dict[str, Any], chance: random.Random, rate: float = DROP_OUT) -> dict[str, Any]:
    """The finding with each fact but its id and type left out at `rate`: unknown must stay unknown."""
    kept = {
        key: value for key, value in finding.items() if key not in ("location", "size_mm") or chance.random() >= rate
    }
    kept["attributes"] = {key: value for key, value in finding["attributes"].items() if chance.random() >= rate}
    return kept
