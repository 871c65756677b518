"""The network that looks at one head CT slice for fresh blood."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

DIFFERENCE, BRAIN = 1, 4  # channels: against the mirror image, and where brain is; see brain_slices.CHANNELS
AWAY = -8.0  # evidence where there is no brain


def _step(inside: int, outside: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _step(width, width, dilation=dilation)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return F.relu(inputs + self.second(self.first(inputs)))


class HaemorrhageMember(nn.Module):
    """One member: evidence at every fourth pixel for any blood and for each type, pooled by a soft maximum.

    Coarse features say what a place is part of, fine ones where it is. The receptive field is less than half
    the head, so the slice's level in the head cannot carry the answer by itself. Being darker than the
    mirror image is withheld: with it a network answers as well on the wrong side.
    """

    def __init__(
        self, channels: int = 5, width: int = 32, outputs: int = 6, sharpness: float = 3.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        early, late = width, 3 * width // 2
        self.sharpness = sharpness
        stem = nn.Conv2d(channels, early, 7, 4, padding=3, bias=False)
        self.early = nn.Sequential(stem, nn.BatchNorm2d(early), nn.ReLU(inplace=True), _Residual(early))
        self.late = nn.Sequential(
            _step(early, late, 2), _Residual(late), nn.Dropout2d(dropout), _Residual(late, dilation=2)
        )
        self.across = nn.Conv2d(early, late, 1, bias=False)
        self.joined = nn.BatchNorm2d(late)
        self.evidence = nn.Conv2d(late, outputs, 1)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """inputs [n, channels, h, w], h and w multiples of 8 → (logits [n, outputs], evidence [n, outputs, h/4, w/4])."""
        brighter = F.relu(inputs[:, DIFFERENCE : DIFFERENCE + 1])
        seen = torch.cat([inputs[:, :DIFFERENCE], brighter, inputs[:, DIFFERENCE + 1 :]], 1)
        early = self.early(seen)
        late = F.interpolate(self.late(early), scale_factor=2.0, mode="bilinear", align_corners=False)
        evidence = self.evidence(F.relu(self.joined(late + self.across(early)))).float()
        brain = F.max_pool2d(inputs[:, BRAIN : BRAIN + 1], 4) > 0.5
        evidence = torch.where(brain, evidence, torch.full_like(evidence, AWAY))
        flat = self.sharpness * evidence.flatten(2)
        return (torch.logsumexp(flat, 2) - math.log(flat.shape[2])) / self.sharpness, evidence


class HaemorrhageNet(nn.Module):
    """Members trained on different patients, averaged, each over the slice and its mirror image.

    forward(inputs [n, channels, h, w]) → {"logit": [n], "types": [n, 5] logits, "evidence": [n, h/4, w/4]}.
    """

    def __init__(self, members: int = 5, channels: int = 5, width: int = 32, outputs: int = 6) -> None:
        super().__init__()
        self.members = nn.ModuleList(HaemorrhageMember(channels, width, outputs) for _ in range(members))

    def forward(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        logits, maps = [], []
        mirrored = inputs.flip(-1)
        for member in self.members:
            logit, evidence = member(inputs)
            mirrored_logit, mirrored_evidence = member(mirrored)
            logits.append((logit + mirrored_logit) / 2)
            maps.append((evidence[:, 0] + mirrored_evidence[:, 0].flip(-1)) / 2)
        logit = torch.stack(logits).mean(0)
        return {"logit": logit[:, 0], "types": logit[:, 1:], "evidence": torch.stack(maps).mean(0)}
