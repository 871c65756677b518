"""Where the brain network's heat map points, judged without masks: inside the brain, on the brighter side, and by hiding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from screening.scoring.brain_findings import HOT_DROP
from screening.scoring.brain_slices import CHANNELS
from screening.scoring.networks.brain import HaemorrhageMember
from training.datasets_brain import BrainStudy
from training.fit_brain import outputs_of

DARKER = -0.2  # of the mirrored difference, in its own unit (25 greys, about 12 HU): clearly the darker side
COVER = 11  # pixels (about 11 mm) of what is hidden around the strongest place
SMEAR = 3.0
ELSEWHERE = 4


@dataclass(frozen=True)
class Looked:
    """One positive slice. logit: the network's; peak_inside: the strongest place is brain; hot_inside: the share of the
    hot region that is brain; darker: the strongest place lies on the darker of two mirrored places; hidden,
    hidden_elsewhere: how far the logit falls with the strongest place, or others, hidden."""

    logit: float
    peak_inside: bool
    hot_inside: float
    darker: bool
    hidden: float
    hidden_elsewhere: float


def places_of(study: BrainStudy, members: Sequence[HaemorrhageMember]) -> list[Looked]:
    """The positive slices of one study, looked at by members that never saw it."""
    chosen = np.flatnonzero(study.labels == 1)
    inputs = study.inputs[chosen]
    logits, maps = outputs_of(members, inputs)
    random = np.random.default_rng(len(chosen))
    looked = []
    for plane, logit, evidence in zip(inputs, logits[:, 0], maps, strict=True):
        cell = plane.shape[-1] // evidence.shape[0]
        brain = pooled(plane[CHANNELS.index("brain")], cell)
        # the difference is smooth; a cell alone is as good as its surroundings
        difference = pooled(plane[CHANNELS.index("mirrored_difference")], cell)
        peak = np.unravel_index(int(evidence.argmax()), evidence.shape)
        hot = evidence > evidence.max() - HOT_DROP
        others = np.argwhere(
            (brain > 0.5) & (ndimage.distance_transform_edt(~_at(peak, brain.shape)) * cell > 3 * COVER)
        )
        places = [peak, *(tuple(others[i]) for i in random.choice(len(others), min(ELSEWHERE, len(others)), False))]
        covered = np.stack([hide(plane, (np.array(place) + 0.5) * cell) for place in places])
        falls = logit - outputs_of(members, covered)[0][:, 0]
        looked.append(
            Looked(
                logit=float(logit),
                peak_inside=bool(brain[peak] >= 0.5),
                hot_inside=float((brain[hot] >= 0.5).mean()),
                darker=bool(difference[peak] < DARKER),
                hidden=float(falls[0]),
                hidden_elsewhere=float(falls[1:].mean()) if len(falls) > 1 else 0.0,
            )
        )
    return looked


def pooled(plane: np.ndarray, cell: int) -> np.ndarray:
    """Means over cells of `cell` pixels a side."""
    rows, columns = plane.shape
    means: np.ndarray = plane.astype(np.float32).reshape(rows // cell, cell, columns // cell, cell).mean(axis=(1, 3))
    return means


def hide(plane: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """The prepared slice [channels, h, w] with usual brain in place of what lies around `centre` (row, column)."""
    rows, columns = np.mgrid[: plane.shape[1], : plane.shape[2]]
    away = np.hypot(rows - centre[0], columns - centre[1])
    cover = 1.0 / (1.0 + np.exp((away - COVER) / SMEAR * 2.0))
    hidden = plane.astype(np.float32)
    hidden[:4] *= 1.0 - cover
    # what is hidden no longer stands out against its mirror image, nor that against it
    hidden[1] *= 1.0 - cover[:, ::-1]
    return hidden.astype(plane.dtype)


def _at(place: tuple[Any, ...], shape: tuple[int, ...]) -> np.ndarray:
    alone = np.zeros(shape, bool)
    alone[place] = True
    return alone


def summed(looked: Sequence[Looked]) -> dict[str, Any]:
    """places.json: shares over all positive slices, and their rows for the card."""
    found = [item for item in looked if item.logit >= float(np.median([other.logit for other in looked]))]

    def share(items: Sequence[Looked], values: Sequence[bool]) -> str:
        return f"{sum(values)} of {len(items)} ({sum(values) / len(items):.1%})".replace("%", " %")

    def rows(items: Sequence[Looked], which: str) -> dict[str, str]:
        return {
            f"strongest place inside the brain, {which}": share(items, [i.peak_inside for i in items]),
            f"nine tenths of the hot region inside the brain, {which}": share(
                items, [i.hot_inside >= 0.9 for i in items]
            ),
            f"strongest place on the darker of two mirrored places, {which}": share(items, [i.darker for i in items]),
            f"hiding the strongest place lowers the logit more than hiding elsewhere, {which}": share(
                items, [i.hidden > i.hidden_elsewhere for i in items]
            ),
        }

    return {
        "slices": len(looked),
        "peak_inside": round(float(np.mean([i.peak_inside for i in looked])), 4),
        "darker": round(float(np.mean([i.darker for i in looked])), 4),
        "rows": {**rows(looked, "all positive slices"), **rows(found, "the stronger half of them")},
    }
