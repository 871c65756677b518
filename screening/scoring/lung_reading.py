"""From candidates to measured nodules: the network, outlines through the slices, shape, the second stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from screening.dicom.volume import Volume
from screening.rules.lung_rads import NoduleMeasure, mean_diameter
from screening.scoring.lung_candidates import Candidate, Lungs
from screening.scoring.lung_measure import Outline, axes_mm, lobe_of, nodule_type, outline_of, with_halo
from screening.scoring.lung_patches import scan_patches
from screening.scoring.lung_shape import Shape, shape_of
from screening.scoring.runtime import Engine

BATCH = 32
CHUNK = 128
CHAIN_MM = 2.0
LEAST_REACH_MM = 6.0
IN_CHAIN = 0.2
MOST_GROWTH = 1.3
SMALLEST_MM = 3.0
SLACK_MM = 1.5
FEATURES = (
    "nodule",
    "nodule_near",
    "suspicion",
    "size",
    "slimness",
    "volume",
    "height",
    "outside",
    "attached",
    "arms",
    "fullness",
    "inscribed",
    "flatness",
    "elongation",
    "ground_glass",
    "roundness",
    "response",
)


@dataclass(frozen=True, eq=False)
class Nodule:
    """A candidate that the network calls a nodule, measured in its best slice.

    nodule: the network's probability at the candidate. suspicion: calibrated, in the best slice. mark: the second
    stage's probability (0–1) that it is worth a mark. features: by name, as the second stage reads them.
    """

    slice: int
    outline: Outline
    nodule: float
    suspicion: float
    long_mm: float
    short_mm: float
    measure: NoduleMeasure
    volume_mm3: float
    lobe: str
    shape: Shape
    features: dict[str, float]
    mark: float


@dataclass(frozen=True)
class _Chain:
    """One candidate's slices: the network's answers by slice (mask: only where there may be an outline), and the
    distance between slices."""

    masks: dict[int, np.ndarray]
    nodule: dict[int, float]
    suspicion: dict[int, float]
    step: int


def read_nodules(
    volume: Volume,
    lungs: Lungs,
    candidates: Sequence[Candidate],
    engine: Engine,
    points: Mapping[str, float],
    second_stage: Mapping[str, Any],
    between: Callable[[float], None] = lambda _done: None,
) -> tuple[list[Nodule], float]:
    """Everything that the network calls a nodule, measured, most probable mark first, each place once.

    points: `nodule` (probability from which a candidate is looked at) and `outline`. second_stage: see `mark_of`.
    Also the network's most suspicious answer below `nodule` (0–1).
    """
    if not candidates:
        return [], 0.0
    planes: list[dict[int, np.ndarray]] = [{} for _ in candidates]
    answers = _first_look(volume, candidates, planes, engine, lambda done: between(0.5 * done))
    looked_at = np.flatnonzero(answers["nodule"] >= points["nodule"])
    rest = np.delete(answers["nodule"] * answers["suspicion"], looked_at)
    chosen = [candidates[index] for index in looked_at.tolist()]
    found = []
    for index, chain in enumerate(_chains(volume, chosen, [planes[index] for index in looked_at], engine)):
        between(0.5 + 0.5 * index / len(chosen))
        nodule = _measured(volume, lungs, chosen[index], chain, points, second_stage)
        if nodule is not None:
            found.append(nodule)
    found.sort(key=lambda nodule: (-nodule.mark, nodule.slice, nodule.outline.box))
    kept: list[Nodule] = []
    for nodule in found:
        if not any(_same(nodule, other, volume) for other in kept):
            kept.append(nodule)
    return kept, float(rest.max(initial=0.0))


def mark_of(features: Mapping[str, float], second_stage: Mapping[str, Any]) -> float:
    """The second stage: a logistic line through the features and their products with ground glass.

    second_stage: `features` (names), `middle` and `spread` (of each), `weights` (two for each) and `intercept`.
    """
    values = np.array([features[name] for name in second_stage["features"]])
    row = expanded(values[None], np.array(second_stage["middle"]), np.array(second_stage["spread"]))
    reach = float(row[0] @ np.array(second_stage["weights"])) + float(second_stage["intercept"])
    return float(1.0 / (1.0 + np.exp(-np.clip(reach, -40.0, 40.0))))


def expanded(values: np.ndarray, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Standardised features (n, k) and their products with ground glass, float (n, 2k)."""
    glass = values[:, FEATURES.index("ground_glass")][:, None]
    standard = np.clip((values - middle) / spread, -3.0, 3.0)
    return np.concatenate([standard, standard * glass], axis=1)


def suspicion_line(points: Mapping[str, float]) -> dict[str, float]:
    """The line from the network's log odds of suspicion to calibrated ones: {"slope", "intercept"}."""
    return {"slope": points.get("suspicion_slope", 1.0), "intercept": points.get("suspicion_intercept", 0.0)}


def calibrated(suspicion: float, points: Mapping[str, float]) -> float:
    """The network's suspicion (0–1) as a probability: out of fold it holds what it says."""
    line = suspicion_line(points)
    kept = float(np.clip(suspicion, 1e-6, 1 - 1e-6))
    return float(1.0 / (1.0 + np.exp(-(line["slope"] * np.log(kept / (1 - kept)) + line["intercept"]))))


def _first_look(
    volume: Volume,
    candidates: Sequence[Candidate],
    planes: Sequence[dict[int, np.ndarray]],
    engine: Engine,
    between: Callable[[float], None],
) -> dict[str, np.ndarray]:
    """The network's answers at every candidate. planes: of each, filled with what `scan_patches` made."""
    parts: list[dict[str, np.ndarray]] = []
    for start in range(0, len(candidates), CHUNK):
        patches = [
            scan_patches(volume.hu, item.voxel[:1], item.voxel[1:], volume.spacing, known)
            for item, known in zip(candidates[start : start + CHUNK], planes[start : start + CHUNK], strict=True)
        ]
        output = engine(np.concatenate(patches), BATCH)
        parts.append({name: output[name] for name in ("nodule", "suspicion")})
        between((start + len(patches)) / len(candidates))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chains(
    volume: Volume, candidates: Sequence[Candidate], planes: Sequence[dict[int, np.ndarray]], engine: Engine
) -> list[_Chain]:
    """The network's answers for each candidate in the slices around it, about 2 mm apart."""
    step = max(1, round(CHAIN_MM / volume.spacing[0]))
    chains = [_Chain({}, {}, {}, step) for _ in candidates]
    waiting: list[tuple[_Chain, int]] = []
    patches: list[np.ndarray] = []
    for number, (candidate, known) in enumerate(zip(candidates, planes, strict=True)):
        reach = max(LEAST_REACH_MM, 0.6 * candidate.width_mm)
        count = int(reach / (step * volume.spacing[0]))
        middle = candidate.voxel[0]
        around = range(middle - count * step, middle + count * step + 1, step)
        slices = [index for index in around if 0 <= index < len(volume.hu)]
        patches.append(scan_patches(volume.hu, slices, candidate.voxel[1:], volume.spacing, known))
        known.clear()
        waiting += [(chains[number], index) for index in slices]
        if len(waiting) >= CHUNK or number == len(candidates) - 1:
            output = engine(np.concatenate(patches), BATCH)
            for row, (chain, index) in enumerate(waiting):
                chain.nodule[index] = float(output["nodule"][row])
                chain.suspicion[index] = float(output["suspicion"][row])
                if chain.nodule[index] >= IN_CHAIN:
                    chain.masks[index] = output["mask"][row]
            waiting, patches = [], []
    return chains


def _measured(
    volume: Volume,
    lungs: Lungs,
    candidate: Candidate,
    chain: _Chain,
    points: Mapping[str, float],
    second_stage: Mapping[str, Any],
) -> Nodule | None:
    """The nodule measured where it is largest; None where there is no outline at the candidate, or nearly none."""
    start = candidate.voxel[0]
    outlines = _unbroken(chain, candidate, volume, float(points["outline"]))
    if not outlines:
        return None
    best = _largest(outlines, start, volume)
    if any(with_halo(outlines[index], volume, lungs, index) for index in {best, start}):
        outlines = {index: with_halo(part, volume, lungs, index) or part for index, part in outlines.items()}
        best = _largest(outlines, start, volume)
    outline = outlines[best]
    long, short = axes_mm(outline.polygon, volume.spacing)
    size = mean_diameter(long, short)
    if size < SMALLEST_MM:
        return None
    rows, columns = outline.inside
    middle = (best, round(float(rows.mean())), round(float(columns.mean())))
    shape = shape_of(volume, lungs, middle, size)
    kind, solid = nodule_type(volume, outlines)
    cell = volume.spacing[0] * volume.spacing[1] * volume.spacing[2] * chain.step
    cubic = sum(len(part.inside[0]) for part in outlines.values()) * cell
    near = [chain.nodule[index] for index in (start - chain.step, start + chain.step) if index in chain.nodule]
    features = {
        "nodule": _log_odds(chain.nodule[start]),
        "nodule_near": _log_odds(float(np.mean(near))) if near else 0.0,
        "suspicion": _log_odds(chain.suspicion[best]),
        "size": float(np.log(size)),
        "slimness": float(min(long / max(short, 1e-6), 3.0)),
        "volume": float(min(cubic / (np.pi / 6 * size**3), 2.5)),
        "height": float(min(len(outlines) * chain.step * volume.spacing[0] / size, 2.5)),
        "outside": shape.outside,
        "attached": shape.attached,
        "arms": float(min(shape.arms, 4)),
        "fullness": float(np.log(shape.fullness + 0.1)),
        "inscribed": min(shape.inscribed, 2.0),
        "flatness": shape.flatness,
        "elongation": shape.elongation,
        "ground_glass": float(shape.middle_hu < -350.0),
        "roundness": candidate.roundness,
        "response": float(np.log(candidate.response)),
    }
    return Nodule(
        slice=best,
        outline=outline,
        nodule=chain.nodule[start],
        suspicion=calibrated(chain.suspicion[best], points),
        long_mm=long,
        short_mm=short,
        measure=NoduleMeasure(kind, size, solid),
        volume_mm3=cubic,
        lobe=lobe_of(volume, lungs, middle),
        shape=shape,
        features=features,
        mark=mark_of(features, second_stage),
    )


def _largest(outlines: Mapping[int, Outline], start: int, volume: Volume) -> int:
    """The slice with the largest outline among those within its own radius, and `SLACK_MM`, of where it was found.

    What grows farther away is a vessel or wall that the nodule hangs on.
    """

    def reaches(index: int) -> bool:
        area = len(outlines[index].inside[0]) * volume.spacing[1] * volume.spacing[2]
        return abs(index - start) * volume.spacing[0] <= float(np.sqrt(area / np.pi)) + SLACK_MM

    near = [index for index in outlines if reaches(index)]
    return max(near, key=lambda index: (len(outlines[index].inside[0]), -abs(index - start)))


def _log_odds(probability: float) -> float:
    kept = float(np.clip(probability, 5e-4, 1 - 5e-4))
    return float(np.log(kept / (1 - kept)))


def _unbroken(chain: _Chain, candidate: Candidate, volume: Volume, threshold: float) -> dict[int, Outline]:
    """Outlines in unbroken succession from the slice where the nodule was found, overlapping their neighbour.

    One that is much larger than where it was found has run into a vessel or the pleura, and ends the succession.
    """

    def outline_in(index: int) -> Outline | None:
        if index not in chain.masks:
            return None
        return outline_of(chain.masks[index], threshold, candidate.voxel[1:], volume)

    start = candidate.voxel[0]
    first = outline_in(start)
    if first is None:
        return {}
    kept = {start: first}
    for step in (-chain.step, chain.step):
        index, last = start + step, first
        while (outline := outline_in(index)) is not None and _overlap(last.box, outline.box):
            if len(outline.inside[0]) > MOST_GROWTH * len(first.inside[0]):
                break
            kept[index] = last = outline
            index += step
    return kept


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _same(a: Nodule, b: Nodule, volume: Volume) -> bool:
    """Whether their outlines overlap as seen from above and balls of their sizes would touch along the slices."""
    near = max(4.0, 0.5 * (a.measure.diameter_mm + b.measure.diameter_mm))
    return abs(a.slice - b.slice) * volume.spacing[0] <= near and _overlap(a.outline.box, b.outline.box)
