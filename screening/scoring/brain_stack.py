"""From what the network says of single slices to what a stack of slices says.

Bleeds run through neighbouring slices and are rare at the skull base and the vertex, where bone and
partial volume look like blood. A slice's own evidence is therefore weighed with its neighbours' and with its depth
below the top of the brain; the study's evidence is that of its three strongest slices so weighed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

TERMS = ("own", "neighbours", "depth", "depth_squared", "bias")
# for a bundle that weighs no neighbours
OWN_ALONE = {"own": 1.0, "neighbours": 0.0, "depth": 0.0, "depth_squared": 0.0, "bias": 0.0}
DEPTH_MM = 60.0  # the unit of depth: about half the height of a brain
DEEPEST = 2.5
TOP_MM2 = 1500.0
STRONGEST = 3


def below_top_mm(positions: np.ndarray, brain_mm2: np.ndarray) -> np.ndarray:
    """Depth of every slice below the highest one that shows brain, mm, (n,). positions: mm, lowest slice first."""
    shown = np.flatnonzero(brain_mm2 > TOP_MM2)
    top = int(shown[-1]) if len(shown) else len(positions) - 1
    depth: np.ndarray = np.asarray(positions, dtype=np.float64)[top] - np.asarray(positions, dtype=np.float64)
    return depth


def stack_terms(logits: np.ndarray, depth_mm: np.ndarray) -> np.ndarray:
    """What a slice is judged by, (n, len(TERMS)) in the order of `TERMS`. logits: the network's, lowest slice first."""
    logits = np.asarray(logits, dtype=np.float64)
    padded = np.pad(logits, 1, mode="edge")
    neighbours = (padded[:-2] + padded[2:]) / 2.0
    depth = np.clip(np.asarray(depth_mm, dtype=np.float64) / DEPTH_MM, -0.5, DEEPEST)
    terms: np.ndarray = np.stack([logits, neighbours, depth, depth**2, np.ones(len(logits))], axis=1)
    return terms


def stack_logits(logits: np.ndarray, depth_mm: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """The log odds of blood on every slice, (n,). weights: by the names of `TERMS`."""
    return np.asarray(stack_terms(logits, depth_mm) @ np.array([weights[name] for name in TERMS]))


def study_logit(slice_logits: Sequence[float] | np.ndarray) -> float:
    """A study's evidence: the mean of its three strongest slices."""
    return float(np.sort(np.asarray(slice_logits, dtype=np.float64))[-STRONGEST:].mean())
