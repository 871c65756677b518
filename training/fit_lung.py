"""Fit the lung network to nodule crops: the examples, their augmentation, the loss, the loop."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from screening.scoring.lung_patches import PATCH
from screening.scoring.networks.lung import NoduleNet
from training.datasets_lung import Nodule, lookalikes

BATCH = 32
ARGUMENTS = {"width": 20, "slices": 3}


@dataclass(frozen=True)
class Examples:
    """Tensors of one training set; centres as (row, column) inside the 128-pixel crop."""

    images: torch.Tensor
    masks: torch.Tensor
    suspicion: torch.Tensor
    suspicion_weight: torch.Tensor
    centroids: torch.Tensor
    lookalikes: list[tuple[int, int, int]]


def examples_of(nodules: list[Nodule]) -> Examples:
    targets, weights, centroids, negatives = [], [], [], []
    for index, nodule in enumerate(nodules):
        rating = nodule.rating
        targets.append(0.0 if rating is None else {1: 0.0, 2: 0.0, 3: 0.5}.get(rating, 1.0))
        weights.append(0.0 if rating is None else (0.3 if rating == 3 else 1.0))
        marked = np.argwhere(nodule.majority if nodule.majority.any() else nodule.counts > 0)
        centroids.append(marked.mean(0) if len(marked) else np.array([63.5, 63.5]))
        negatives += [(index, row, column) for row, column in lookalikes(nodule)]
    return Examples(
        images=torch.from_numpy(np.stack([nodule.image for nodule in nodules]).astype(np.float16)),
        masks=torch.from_numpy(np.stack([nodule.majority for nodule in nodules])),
        suspicion=torch.tensor(targets),
        suspicion_weight=torch.tensor(weights),
        centroids=torch.from_numpy(np.stack(centroids).astype(np.float32)),
        lookalikes=negatives,
    )


def augmented(
    images: torch.Tensor, masks: torch.Tensor, centres: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """64-pixel patches around `centres`, turned, mirrored, scaled 0.8–1.25, shifted and re-toned."""
    count = len(images)

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    angle = uniform(0.0, 2 * np.pi)
    scale = torch.exp(uniform(-0.22, 0.22)) * (PATCH / 128)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    shift = (centres + torch.stack([uniform(-4, 4), uniform(-4, 4)], 1) - 63.5) / 64.0
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, shift[:, 1]], 1),
            torch.stack([sine * mirror, cosine, shift[:, 0]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(theta, [count, 1, PATCH, PATCH], align_corners=False)
    patches = functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    targets = functional.grid_sample(masks[:, None].float(), grid, align_corners=False)[:, 0]
    turned = uniform(0, 1) < 0.5
    patches[turned] = patches[turned].flip(1)
    gain, offset = torch.exp(uniform(-0.15, 0.15)), uniform(-0.06, 0.06)
    patches = patches * gain[:, None, None, None] + offset[:, None, None, None]
    noise = torch.randn(patches.shape, generator=generator) * uniform(0.0, 0.05)[:, None, None, None]
    return (patches + noise).clamp(-0.5, 2.0), (targets > 0.5).float()


def train(examples: Examples, epochs: int, seed: int, report: str) -> NoduleNet:
    """A network trained on the examples: AdamW, one-cycle rate, bfloat16 activations."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network: NoduleNet = NoduleNet(**ARGUMENTS).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    negatives = torch.tensor(examples.lookalikes)
    count = len(examples.images)
    per_epoch = count + count // 2
    steps = epochs * (per_epoch // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=6e-3, total_steps=steps, pct_start=0.25)
    for epoch in range(epochs):
        network.train()
        jitter = torch.rand(count, generator=generator) < 0.5
        centres = torch.where(jitter[:, None], examples.centroids, torch.full_like(examples.centroids, 63.5))
        chosen = negatives[torch.randperm(len(negatives), generator=generator)[: count // 2]]
        index = torch.cat([torch.arange(count), chosen[:, 0]])
        centres = torch.cat([centres, chosen[:, 1:].float()])
        positive = torch.cat([torch.ones(count), torch.zeros(len(chosen))])
        order = torch.randperm(len(index), generator=generator)
        total = 0.0
        for start in range(0, per_epoch // BATCH * BATCH, BATCH):
            batch = order[start : start + BATCH]
            case = index[batch]
            patches, masks = augmented(examples.images[case], examples.masks[case], centres[batch], generator)
            with torch.autocast("cpu", torch.bfloat16):
                output = network(patches.contiguous(memory_format=torch.channels_last))
            loss = _loss(output, masks, positive[batch], examples.suspicion[case], examples.suspicion_weight[case])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        sys.stderr.write(f"{report} epoch {epoch + 1}/{epochs} loss {total / (per_epoch // BATCH):.4f}\n")
        sys.stderr.flush()
    return network.eval()


def _loss(
    output: dict[str, torch.Tensor],
    masks: torch.Tensor,
    positive: torch.Tensor,
    suspicion: torch.Tensor,
    suspicion_weight: torch.Tensor,
) -> torch.Tensor:
    """Outline (cross-entropy and soft Dice, nodules only), nodule and suspicion cross-entropies."""
    logits = output["mask"].float()
    inside = positive > 0
    probability = torch.sigmoid(logits[inside])
    overlap = (probability * masks[inside]).sum((1, 2))
    soft_dice = 1 - (2 * overlap + 1) / (probability.sum((1, 2)) + masks[inside].sum((1, 2)) + 1)
    outline = functional.binary_cross_entropy_with_logits(logits[inside], masks[inside]) * 4 + soft_dice.mean()
    nodule = functional.binary_cross_entropy_with_logits(output["nodule"].float(), positive)
    weight = suspicion_weight * positive
    rated = functional.binary_cross_entropy_with_logits(output["suspicion"].float(), suspicion, reduction="none")
    return outline + nodule + (rated * weight).sum() / weight.sum().clamp(min=1.0)


def predict(network: NoduleNet, patches: np.ndarray) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode():
        for start in range(0, len(patches), 64):
            for name, value in network(torch.from_numpy(patches[start : start + 64].astype(np.float32))).items():
                parts.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}
