"""What networks that had not seen a patient said of the patient's nodules, as the columns that the bundle stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from training.datasets_lung import Nodule

DISC_PIXELS = 4.0
MOST_LOOKALIKES = 3
LABELS = {1: 0, 2: 0, 4: 1, 5: 1}


def dice(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Overlap of two masks, 0–1 (Dice 1945); NaN when the truth is empty."""
    if not truth.any():
        return float("nan")
    return float(2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()))


@dataclass(frozen=True)
class FoldScores:
    """One fold's held-out nodules: their indices, outlines (n, 128, 128), suspicion and nodule probabilities.

    lookalikes: nodule probabilities (m,) of vessel-like places; lookalike_of: the nodule in whose crop each lies.
    """

    held_out: np.ndarray
    outlines: np.ndarray
    suspicion: np.ndarray
    nodule: np.ndarray
    lookalike_of: np.ndarray
    lookalikes: np.ndarray

    def tensors(self) -> dict[str, torch.Tensor]:
        return {item.name: torch.from_numpy(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> FoldScores:
        return cls(**{item.name: tensors[item.name].numpy() for item in fields(cls)})


def columns_of(nodules: Sequence[Nodule], found: Sequence[FoldScores], fold_of: np.ndarray) -> dict[str, np.ndarray]:
    """One row a nodule, in the order of `nodules`, as `training.out_of_fold` stores and returns them.

    label: 1 for a median rating of 4 or 5, 0 for 1 or 2, −1 for 3 or no rating. dice: against the readers' majority on the
    middle slice, NaN where that is empty. area: outlined pixels. disc_dice: of a fixed disc of 8 pixels, the control.
    lookalike_1 … 3: nodule probabilities of vessel-like places in the same crop, NaN where there are fewer.
    """
    grid_rows, grid_columns = np.mgrid[:128, :128]
    disc = (grid_rows - 63.5) ** 2 + (grid_columns - 63.5) ** 2 <= DISC_PIXELS**2
    count = len(nodules)
    suspicion, nodule, overlap, area = (np.full(count, np.nan) for _ in range(4))
    lures = np.full((count, MOST_LOOKALIKES), np.nan)
    for part in found:
        for place, index in enumerate(part.held_out.tolist()):
            suspicion[index], nodule[index] = part.suspicion[place], part.nodule[place]
            overlap[index] = dice(part.outlines[place], nodules[index].majority)
            area[index] = part.outlines[place].sum()
            own = part.lookalikes[part.lookalike_of == index][:MOST_LOOKALIKES]
            lures[index, : len(own)] = own
    return {
        "patient": np.array([item.patient for item in nodules]),
        "case": np.array([item.name for item in nodules]),
        "fold": np.asarray(fold_of),
        "label": np.array([LABELS.get(item.rating or 0, -1) for item in nodules]),
        "readers": np.array([item.readers for item in nodules]),
        "suspicion": suspicion,
        "dice": overlap,
        "nodule": nodule,
        "area": area,
        "disc_dice": np.array([dice(disc, item.majority) for item in nodules]),
        **{f"lookalike_{number + 1}": lures[:, number] for number in range(MOST_LOOKALIKES)},
    }
