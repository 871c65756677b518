"""A small cast of results, in the form `score --json` writes."""

from __future__ import annotations

from typing import Any


def finding(**changes: Any) -> dict[str, Any]:
    """A lung nodule."""
    return {
        "id": "f1",
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 8.1,
        "probability": 0.87,
        "series_uid": "1.2.3",
        "sop_uid": "1.2.3.4",
        "frame": 1,
        "box": [10, 10, 20, 20],
        "attributes": {"long_axis_mm": 9.0, "short_axis_mm": 7.2, "slice": 80},
        "contour": None,
    } | changes


def result(**changes: Any) -> dict[str, Any]:
    """A lung study with one nodule."""
    return {
        "study_uid": "1.2",
        "programme": "lung",
        "state": "scored",
        "reason": None,
        "limitations": [],
        "score": 0.87,
        "above_threshold": True,
        "category": "4A",
        "category_rule": "Solid nodule of 8.1 mm at baseline: 8 to < 15 mm is category 4A",
        "band": None,
        "tier": "soon",
        "tier_rule": "",
        "findings": [finding()],
        "model": {"name": "lung", "version": "1", "sha256": "0" * 64},
        "attributes": {},
        "seconds": 1.0,
    } | changes
