"""Training of the density grader: whole films at 2 mm, both sources, each class of each as often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from screening.scoring.networks.breast import DensityGrader
from training.datasets_breast import Case
from training.fit_breast import Batch, Report, fit

BATCH = 32
STEPS = 500
SCALES = (("density", 3), ("tissue", 2))


def train_grader(cases: Sequence[Case], steps: int, seed: int, report: Report) -> DensityGrader:
    """Train a density grader on `cases`."""
    torch.manual_seed(seed)
    sampler = _Sampler(cases, np.random.default_rng(seed))
    return fit(DensityGrader(), lambda: sampler.batch(BATCH), _loss, steps, 3e-3, report)


class _Sampler:
    """Shifted, scaled and mirrored films. An answer is asked only of films whose source gives it, so
    no output is taught to tell the sources apart."""

    def __init__(self, cases: Sequence[Case], rng: np.random.Generator) -> None:
        self._rng = rng
        self._images = torch.stack([functional.avg_pool2d(torch.from_numpy(case.film.image), 4) for case in cases])
        self._wanted = torch.full((len(cases), 5), -1.0)
        self._pools = []
        start = 0
        for scale, limits in SCALES:
            values = np.array([getattr(case, scale) for case in cases])
            for place in np.flatnonzero(values >= 0):
                above = torch.arange(limits) < int(values[place])
                self._wanted[place, start : start + limits] = above.float()
            start += limits
            self._pools += [pool for value in range(limits + 1) if len(pool := np.flatnonzero(values == value))]

    def batch(self, count: int) -> Batch:
        chosen = self._rng.integers(len(self._pools), size=count)
        picks = torch.tensor([int(self._rng.choice(self._pools[pool])) for pool in chosen])
        turn = np.zeros((count, 2, 3), np.float32)
        turn[:, 0, 0] = self._rng.uniform(0.85, 1.18, count)
        turn[:, 1, 1] = self._rng.uniform(0.85, 1.18, count) * self._rng.choice([-1, 1], count)
        turn[:, 0, 1], turn[:, 1, 0] = self._rng.uniform(-0.15, 0.15, (2, count))
        turn[:, :, 2] = self._rng.uniform(-0.1, 0.1, (count, 2))
        images = self._images[picks]
        grid = functional.affine_grid(torch.from_numpy(turn), list(images.shape), align_corners=False)
        images = functional.grid_sample(images, grid, align_corners=False)
        gamma = torch.from_numpy(np.exp(self._rng.uniform(-0.15, 0.15, (count, 1, 1))).astype(np.float32))
        images[:, 0] = images[:, 0].clamp(min=0.0) ** gamma
        return {"inputs": images, "wanted": self._wanted[picks]}


def _loss(logits: torch.Tensor, given: Batch) -> torch.Tensor:
    """Cross entropy of "denser than this limit", of the limits that are known (Frank & Hall 2001)."""
    known = (given["wanted"] >= 0).float()
    smooth = given["wanted"].clamp(min=0.0) * 0.9 + 0.05
    each = functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none") * known
    return each.sum() / known.sum().clamp(min=1.0)
