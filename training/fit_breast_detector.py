"""Training of the mass detector: crops of films at 1 mm, most of them around a mass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from screening.scoring.networks.breast import MassDetector
from training.datasets_breast import CBIS, MIAS, Case
from training.fit_breast import Batch, Report, fit, random_turn, sample

CROP = 96
STRIDE = 4
BATCH = 12
STEPS = 2000
NEAR_A_MASS = {CBIS: 0.70, MIAS: 0.12}


def train_detector(cases: Sequence[Case], steps: int, seed: int, report: Report) -> MassDetector:
    """Train a detector of masses on `cases`."""
    torch.manual_seed(seed)
    sampler = _Sampler(cases, np.random.default_rng(seed))
    return fit(MassDetector(), lambda: sampler.batch(BATCH), _loss, steps, 2e-3, report)


class _Sampler:
    """Turned, scaled and mirrored crops; the rest of them from mini-MIAS, where films may be normal."""

    def __init__(self, cases: Sequence[Case], rng: np.random.Generator) -> None:
        self._cases, self._rng = cases, rng
        self._films = [functional.avg_pool2d(torch.from_numpy(case.film.image), 2).half() for case in cases]
        self._with_mass = {
            name: [i for i, c in enumerate(cases) if c.source == name and any(not m.ignored for m in c.lesions)]
            for name in NEAR_A_MASS
        }
        self._anywhere = [i for i, c in enumerate(cases) if c.source == MIAS] or list(range(len(cases)))
        self._places = [np.argwhere(case.film.mask[::8, ::8])[:, ::-1] * 4.0 for case in cases]

    def batch(self, count: int) -> Batch:
        inputs, targets = [], []
        for _ in range(count):
            index, centre = self._pick()
            turn = random_turn(self._rng, 30.0, 0.22)
            inputs.append(sample(self._films[index], turn, centre, CROP))
            targets.append(_target(self._cases[index], turn, centre))
        images = torch.stack(inputs)
        gain, gamma, contrast = (
            torch.from_numpy(np.exp(self._rng.uniform(-0.25, 0.25, (count, 1, 1))).astype(np.float32)) for _ in range(3)
        )
        images[:, 0] = gain * images[:, 0].clamp(min=0.0) ** gamma
        images[:, 1] *= contrast
        arrays = {name: torch.from_numpy(np.stack([target[name] for target in targets])) for name in targets[0]}
        return {"inputs": images, **arrays}

    def _pick(self) -> tuple[int, np.ndarray]:
        draw = self._rng.random()
        for name, share in NEAR_A_MASS.items():
            pool = self._with_mass[name]
            if draw < share and pool:
                index = pool[int(self._rng.integers(len(pool)))]
                masses = [mass for mass in self._cases[index].lesions if not mass.ignored]
                box = np.array(masses[int(self._rng.integers(len(masses)))].box) / 2.0
                return index, (box[:2] + box[2:]) / 2.0 + self._rng.uniform(-36.0, 36.0, 2)
            draw -= share
        index = self._anywhere[int(self._rng.integers(len(self._anywhere)))]
        return index, self._places[index][int(self._rng.integers(len(self._places[index])))]


def _target(case: Case, turn: np.ndarray, centre: np.ndarray) -> dict[str, np.ndarray]:
    """heat 0–1 (1 at a mass's cell), weight, and at masses' cells size and offset, as the network gives them."""
    side = CROP // STRIDE
    heat, weight = np.zeros((side, side), np.float32), np.ones((side, side), np.float32)
    shape, known = np.zeros((4, side, side), np.float32), np.zeros((side, side), bool)
    ys, xs = (np.mgrid[:side, :side] + 0.5) * STRIDE
    back = np.linalg.inv(turn)
    zoom = float(np.sqrt(abs(np.linalg.det(back))))
    for lesion in case.lesions:
        box = np.array(lesion.box) / 2.0
        cx, cy = back @ ((box[:2] + box[2:]) / 2.0 - centre) + CROP / 2
        width, height = (box[2:] - box[:2]) * zoom
        if lesion.ignored:
            weight[((xs - cx) / (width / 2)) ** 2 + ((ys - cy) / (height / 2)) ** 2 < 1.5] = 0.0
            continue
        sigma = max(2.5, min(width, height) / 5.0)
        heat = np.maximum(heat, np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / (2 * sigma**2)))
        row, column = int(cy // STRIDE), int(cx // STRIDE)
        if not (0 <= row < side and 0 <= column < side):
            continue
        heat[row, column] = 1.0
        near = np.s_[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        known[near] = True
        shape[(0, *near)], shape[(1, *near)] = np.log(max(width, 3.0) / 16.0), np.log(max(height, 3.0) / 16.0)
        shape[(2, *near)], shape[(3, *near)] = (cx - xs[near]) / STRIDE, (cy - ys[near]) / STRIDE
    return {"heat": heat.astype(np.float32), "weight": weight, "shape": shape, "known": known}


def _loss(cells: torch.Tensor, given: Batch) -> torch.Tensor:
    """Focal loss on the heat map (Law 2018, α 2, β 4), and distance of size and offset at masses."""
    logit, heat, known = cells[:, 0], given["heat"], given["known"]
    probability = logit.sigmoid()
    centre = heat >= 1.0
    found = functional.logsigmoid(logit) * (1 - probability) ** 2 * centre
    quiet = functional.logsigmoid(-logit) * probability**2 * (1 - heat) ** 4 * ~centre
    marks = -((found + quiet) * given["weight"]).sum() / centre.sum().clamp(min=1)
    if not bool(known.any()):
        return marks
    gap = (cells[:, 1:] - given["shape"]).abs() * torch.tensor([0.2, 0.2, 0.1, 0.1])[:, None, None]
    return marks + gap.sum(dim=1)[known].mean()
