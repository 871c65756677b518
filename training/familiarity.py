"""Learn what right inputs look like and write it beside a bundle's weights.

`python -m training.familiarity --programme lung|breast|brain [--data DIR] [--refit]`

Writes `familiarity.json` into the bundle: for each measure its middle, spread and limits, and the distance beyond
which all of them together are strange. Limits: the 0.05th and 99.95th percentile of everything seen, widened by
`MARGIN` spreads; the distance: the 99.9th percentile of the distances of patients who were left out of the fit (5
folds), times `ROOM`. Prints how many left-out right inputs would be refused. The measured values are kept in
var/familiarity-<programme>.json, from which `--refit` starts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from config.data import ROOT, data_folder
from screening.programmes import PROGRAMMES
from screening.scoring.bundle import BUNDLES
from screening.scoring.familiarity import FILE, Familiarity
from training.familiarity_sources import SOURCES, Seen

# Few sources mean wide margins: one real chest CT, three kinds of heads, four of films.
MARGIN = {"lung": 5.0, "breast": 2.0, "brain": 3.0}
ROOM = {"lung": 3.0, "breast": 1.5, "brain": 1.5}
# One real chest cannot teach how chests differ. These limits come from what bodies and scanners are like instead:
# lean and stout adults, emphysema, soft and sharp kernels, slices of 0.6 to 5 mm, any field of view.
BY_HAND: dict[str, dict[str, tuple[float, float]]] = {
    "lung": {
        "body": (0.12, 0.99),
        "soft_tissue": (-140.0, 120.0),
        "lung": (-1005.0, -700.0),
        "lung_share": (0.30, 0.80),
        "soft_share": (0.25, 0.85),
        "bone_share": (0.07, 0.42),
        "metal_share": (-0.05, 0.12),
        "between_share": (0.03, 0.55),
        "noise": (0.05, 5.3),
        "edges": (-5.0, -1.2),
        "sharpness": (3.9, 6.8),
        "kinship": (0.80, 1.0),
        "order": (0.006, 0.35),
        "symmetry": (0.35, 1.05),
        "width": (5.2, 6.3),
    },
    # no scanner's picture has a grain of less than a twentieth of a Hounsfield unit
    "brain": {"noise": (-1.2, 4.0)},
    # the spacing of a film is often a guess, and with it its area: 8 to 700 cm²
    "breast": {"area": (6.7, 11.15)},
}
FOLDS = 5
LONE = -1
# No measure is trusted to be steadier than a tenth of its own range, or this.
LEAST_SPREAD = 0.01
SHRINK = 0.1


def fitted(seen: list[Seen], programme: str) -> dict[str, Any]:
    """The content of `familiarity.json` without its distance limit (see `limit_of`)."""
    names = list(seen[0].measures)
    rows = np.array([[one.measures.get(name, np.nan) for name in names] for one in seen])
    rows = rows[np.isfinite(rows).all(axis=1)]
    low, centre, high = np.percentile(rows, [0.05, 50.0, 99.95], axis=0)
    spread = 1.4826 * np.median(np.abs(rows - centre), axis=0)
    spread = np.maximum(np.maximum(spread, 0.1 * (high - low)), LEAST_SPREAD)
    mean = rows.mean(axis=0)
    scaled = (rows - mean) / spread
    covariance = np.cov(scaled.T)
    covariance = (1 - SHRINK) * covariance + SHRINK * np.eye(len(names))
    precision = np.linalg.inv(covariance) / np.outer(spread, spread)
    margin = MARGIN[programme] * spread
    low, high = low - margin, high + margin
    for name, limits in BY_HAND.get(programme, {}).items():
        low[names.index(name)], high[names.index(name)] = limits
    columns = (centre, spread, low, high, mean)
    keys = ("centre", "spread", "low", "high", "mean")
    measures = [
        {"name": name, **{key: _short(column[place]) for key, column in zip(keys, columns, strict=True)}}
        for place, name in enumerate(names)
    ]
    return {"measures": measures, "precision": [[_short(value) for value in row] for row in precision]}


def limit_of(seen: list[Seen], programme: str) -> tuple[float, list[Seen]]:
    """The distance limit, and the left-out pictures that lay beyond it or beyond a measure's own limits."""
    patients = sorted({(one.source, one.patient) for one in seen})
    several = Counter(source for source, _patient in patients)
    # the only patient of a source stays in every fit: without it nothing is known of the source
    fold_of = {patient: place % FOLDS if several[patient[0]] > 1 else LONE for place, patient in enumerate(patients)}
    left_out = []
    for fold in (*range(FOLDS), LONE):
        others = [one for one in seen if fold == LONE or fold_of[(one.source, one.patient)] != fold]
        known = Familiarity.of({**fitted(others, programme), "limit": float("inf")})
        for one in seen:
            if fold_of[(one.source, one.patient)] == fold:
                left_out.append((known.distance(one.measures), known.strangest(one.measures) is not None, one))
    finite = np.array([distance for distance, _beyond, _one in left_out if np.isfinite(distance)])
    limit = float(np.percentile(finite, 99.9)) * ROOM[programme]
    return limit, [one for distance, beyond, one in left_out if beyond or distance > limit]


def learned(seen: list[Seen], programme: str) -> tuple[dict[str, Any], list[Seen]]:
    """The content of `familiarity.json`, and the left-out right inputs it would have refused."""
    limit, refused = limit_of(seen, programme)
    plain = [one for one in seen if one.variant == "plain"]
    content = {
        "made_by": "training.familiarity",
        "sources": dict(Counter(one.source for one in plain)),
        "patients": len({(one.source, one.patient) for one in seen}),
        "pictures": len(plain),
        "with_variants": len(seen),
        "left_out_refused": {
            "plain": sum(one.variant == "plain" for one in refused),
            "with_variants": len(refused),
        },
        "limits_by_hand": sorted(BY_HAND.get(programme, {})),
        "limit": round(limit, 4),
        **fitted(seen, programme),
    }
    return content, refused


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.familiarity", description=__doc__)
    parser.add_argument("--programme", required=True, choices=sorted(SOURCES))
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--refit", action="store_true", help="from the values measured before")
    chosen = parser.parse_args(arguments)
    kept = ROOT / "var" / f"familiarity-{chosen.programme}.json"
    if chosen.refit:
        seen = [Seen(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    else:
        seen = list(SOURCES[chosen.programme](chosen.data or data_folder(), _say))
        kept.parent.mkdir(exist_ok=True)
        rows = [vars_of(one) for one in seen]
        kept.write_text(json.dumps(rows), encoding="utf-8")
    content, refused = learned(seen, chosen.programme)
    path = BUNDLES / PROGRAMMES[chosen.programme].bundle / FILE
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for one in refused:
        _say(f"left out and refused: {one.source} {one.patient} {one.variant}")
    _say(json.dumps({key: content[key] for key in ("sources", "pictures", "left_out_refused", "limit")}))
    return 0


def vars_of(one: Seen) -> dict[str, Any]:
    return {"source": one.source, "patient": one.patient, "variant": one.variant, "measures": one.measures}


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
