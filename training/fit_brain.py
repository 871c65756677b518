"""How one member of the brain network is trained, and what it says of a study."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from screening.scoring.networks.brain import HaemorrhageMember
from training.datasets_brain import BrainStudy

PICTURES = (0, 2, 3)  # the channels that are grey pictures: the slice, the one below, the one above


@dataclass(frozen=True)
class Recipe:
    """All that decides what a member becomes, beside its studies and its seed.

    epochs: of one cycle of the learning rate; averaging: of the running mean of the weights, one for each cycle, which
    the next cycle starts from; types_weight: of the five types' loss against that of any blood.
    """

    width: int = 32
    epochs: int = 14
    batch: int = 32
    negatives_per_positive: float = 2.5
    rate: float = 3e-3
    decay: float = 0.05
    smoothing: float = 0.03
    averaging: tuple[float, ...] = (0.99, 0.97)
    types_weight: float = 0.3


def augment(inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Prepared slices [n, 5, h, w] as another scanner, window and position would have given them."""
    moved = _moved(inputs, generator)
    _coarsened(moved, generator)
    brain = (moved[:, 4:5] > 0.5).float()
    count = len(inputs)

    def draw(low: float, high: float) -> torch.Tensor:
        return (torch.rand(count, generator=generator) * (high - low) + low)[:, None, None, None]

    moved[:, :4] *= torch.exp(draw(-0.35, 0.35))
    grey = moved[:, PICTURES]
    # another window's shape: what is brighter than brain is stretched or squeezed by itself
    grey = torch.where(grey > 0, grey * torch.exp(draw(-0.25, 0.25)), grey)
    along = torch.linspace(-1.0, 1.0, inputs.shape[-1])
    shading = draw(-0.25, 0.25) * along[None, None, :, None] + draw(-0.25, 0.25) * along[None, None, None, :]
    grey = grey + (draw(-0.3, 0.3) + shading) * brain
    grain = torch.randn(brain.shape, generator=generator) * (0.6 * draw(0.0, 1.0) ** 2) * brain
    # the same grain from three places in place of three drawings
    moved[:, PICTURES] = grey + torch.cat([grain, grain.roll(7, -1), grain.roll(11, -2)], 1)
    absent = draw(0.0, 1.0).flatten()
    moved[absent < 0.12, 2] = moved[absent < 0.12, 0]
    moved[absent > 0.88, 3] = moved[absent > 0.88, 0]
    # not every head can be compared with its mirror image
    moved[(absent > 0.4) & (absent < 0.52), 1] = 0.0
    return moved


def _moved(inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turned, scaled, squeezed, shifted, mirrored; neighbours sometimes swapped."""
    count = len(inputs)

    def draw(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    turn, scale, squeeze = draw(-0.26, 0.26), draw(0.85, 1.15), torch.exp(draw(-0.06, 0.06))
    mirror = torch.where(draw(0.0, 1.0) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = torch.cos(turn) * scale * squeeze * mirror, -torch.sin(turn) * scale / squeeze
    theta[:, 1, 0], theta[:, 1, 1] = torch.sin(turn) * scale * squeeze * mirror, torch.cos(turn) * scale / squeeze
    theta[:, 0, 2], theta[:, 1, 2] = draw(-0.07, 0.07), draw(-0.07, 0.07)
    moved = F.grid_sample(inputs, F.affine_grid(theta, list(inputs.shape), align_corners=False), align_corners=False)
    swapped = draw(0.0, 1.0) < 0.5
    moved[swapped] = moved[swapped][:, [0, 1, 3, 2, 4]]
    return moved


def _coarsened(inputs: torch.Tensor, generator: torch.Generator) -> None:
    """In place: a quarter of the pictures smoothed, a sixth taken through a coarser grid."""
    drawn = torch.rand(len(inputs), generator=generator)
    factor = float(torch.rand(1, generator=generator)) * 0.4 + 0.45
    kernel = torch.tensor([1.0, 2.0, 1.0])
    kernel = (kernel[:, None] * kernel[None] / 16.0).expand(len(PICTURES), 1, 3, 3)
    for chosen, coarse in ((drawn < 0.25, False), (drawn > 0.85, True)):
        where = torch.nonzero(chosen).flatten()
        if not len(where):
            continue
        part = inputs[where]
        grey = part[:, PICTURES]
        if coarse:
            small = F.interpolate(grey, scale_factor=factor, mode="bilinear", align_corners=False, antialias=True)
            grey = F.interpolate(small, size=grey.shape[-2:], mode="bilinear", align_corners=False)
        else:
            grey = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), kernel, groups=len(PICTURES))
        part[:, PICTURES] = grey
        inputs[where] = part


class _Slices:
    """The slices of some studies in one row, and which of them to show next."""

    def __init__(self, studies: Sequence[BrainStudy], seed: int) -> None:
        self.inputs = torch.from_numpy(np.concatenate([study.inputs for study in studies]))
        self.truth = np.concatenate([np.c_[study.labels, study.types] for study in studies]).astype(np.float32)
        areas = np.concatenate([study.areas for study in studies])
        self._positives = np.flatnonzero(self.truth[:, 0] == 1)
        self._negatives = np.flatnonzero(self.truth[:, 0] == 0)
        # patients with many bloody slices count more, but not in proportion
        bloody = np.concatenate([np.full(len(study.labels), max(1, study.labels.sum())) for study in studies])
        self._share = 1.0 / np.sqrt(bloody[self._positives])
        self._calm = np.where(areas[self._negatives] > 3000.0, 1.0, 0.25)
        self.guess = np.full(len(self.truth), 0.5)
        self._random = np.random.default_rng(seed)

    def wanted_negatives(self, recipe: Recipe) -> int:
        return min(len(self._negatives), int(len(self._positives) * recipe.negatives_per_positive))

    def batches(self, recipe: Recipe) -> int:
        """Whole batches in an epoch, at least one."""
        return max(1, (len(self._positives) + self.wanted_negatives(recipe)) // recipe.batch)

    def epoch(self, recipe: Recipe) -> np.ndarray:
        """Positives as often as negatives are worth; negatives that look bloody come back sooner."""
        weight = self._calm * (0.3 + self.guess[self._negatives])
        count = len(self._positives)
        positives = self._random.choice(self._positives, count, p=self._share / self._share.sum())
        negatives = self._random.choice(
            self._negatives, self.wanted_negatives(recipe), replace=False, p=weight / weight.sum()
        )
        return self._random.permutation(np.concatenate([positives, negatives]))


def train_cycle(
    studies: Sequence[BrainStudy],
    recipe: Recipe,
    cycle: int,
    seed: int,
    device: str = "cpu",
    start: HaemorrhageMember | None = None,
) -> HaemorrhageMember:
    """One cycle (from 0) of a member's training on these studies, from `start` or from scratch.

    The running average of its weights is given, on the CPU. The cycle draws its own random numbers, so that a
    training taken up again after a whole cycle goes on as it would have.
    """
    seed += 1000 * cycle
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    slices = _Slices(studies, seed)
    member = (deepcopy(start) if start else HaemorrhageMember(width=recipe.width)).to(device)
    member = member.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = deepcopy(member)
    batches = slices.batches(recipe)
    optimiser = torch.optim.AdamW(member.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=batches * recipe.epochs, pct_start=0.15
    )
    started = time.monotonic()
    for epoch in range(recipe.epochs):
        member.train()
        total, order = 0.0, slices.epoch(recipe)
        for cases in np.array_split(order[: batches * recipe.batch], batches):
            target = torch.from_numpy(slices.truth[cases]).to(device) * (1.0 - 2.0 * recipe.smoothing)
            target += recipe.smoothing
            shown = augment(slices.inputs[cases].float(), generator)
            shown = shown.to(device).contiguous(memory_format=torch.channels_last)
            # bf16 halves the time; the evidence and its pooling stay float32
            with torch.autocast(device, torch.bfloat16):
                logits, _evidence = member(shown)
            loss = F.binary_cross_entropy_with_logits(logits[:, 0], target[:, 0])
            loss = loss + recipe.types_weight * F.binary_cross_entropy_with_logits(logits[:, 1:], target[:, 1:])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
            slices.guess[cases] = torch.sigmoid(logits[:, 0].detach()).cpu().numpy()
            _follow(average, member, recipe.averaging[cycle])
        if epoch % 4 == 3 or epoch + 1 == recipe.epochs:
            spent = time.monotonic() - started
            sys.stdout.write(f"  epoch {epoch + 1}/{recipe.epochs} loss {total / batches:.3f} {spent:.0f} s\n")
            sys.stdout.flush()
    return average.cpu().eval()


@torch.no_grad()
def _follow(average: HaemorrhageMember, member: HaemorrhageMember, averaging: float) -> None:
    for kept, value in zip(average.state_dict().values(), member.state_dict().values(), strict=True):
        if value.is_floating_point():
            kept.mul_(averaging).add_(value, alpha=1.0 - averaging)
        else:
            kept.copy_(value)


@torch.inference_mode()
def outputs_of(members: Sequence[HaemorrhageMember], inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(logits [n, 6], evidence [n, h/4, w/4]) of prepared slices, both float32: members and mirror images averaged."""
    logits, maps = [], []
    for start in range(0, len(inputs), 16):
        part = torch.from_numpy(inputs[start : start + 16]).float().contiguous(memory_format=torch.channels_last)
        seen = [(member(part), member(part.flip(-1))) for member in members]
        logits.append(torch.stack([(plain[0] + turned[0]) / 2 for plain, turned in seen]).mean(0))
        maps.append(torch.stack([(p[1][:, 0] + t[1][:, 0].flip(-1)) / 2 for p, t in seen]).mean(0))
    return np.asarray(torch.cat(logits).numpy()), np.asarray(torch.cat(maps).numpy())
