"""The lung programme's network: outline, nodule or not, and suspicion from one small patch."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class NoduleNet(nn.Module):
    """A U-Net at half resolution with lossless folding of pixels into channels, and two heads.

    Input: float32 (n, 3, 64, 64): three neighbouring slices, normalised grey (lung 0, soft tissue 1).
    Output: "mask" (n, 64, 64) probability that a pixel of the middle slice belongs to the nodule at the
    centre; "nodule" (n,) probability that there is a nodule at the centre; "suspicion" (n,) probability
    that a reader would rate it suspicious (4 or 5) rather than not (1 or 2). In training mode: logits.
    """

    def __init__(self, width: int = 20, slices: int = 3) -> None:
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        self.fold = nn.PixelUnshuffle(2)
        self.level0 = nn.Sequential(_block(4 * slices, a), _block(a, a))
        self.level1 = nn.Sequential(_block(a, b), _block(b, b))
        self.level2 = nn.Sequential(_block(b, c), _block(c, c))
        self.reduce1 = nn.Conv2d(c, b, 1)
        self.up1 = _block(2 * b, b)
        self.reduce0 = nn.Conv2d(b, a, 1)
        self.up0 = _block(2 * a, a)
        self.outline = nn.Conv2d(a, 4, 1)
        self.unfold = nn.PixelShuffle(2)
        self.features = nn.Sequential(nn.Linear(2 * c + a + b + 1, c), nn.ReLU(inplace=True), nn.Dropout(0.3))
        self.nodule = nn.Linear(c, 1)
        self.suspicion = nn.Linear(c, 1)

    def forward(self, patches: torch.Tensor) -> dict[str, torch.Tensor]:
        level0 = self.level0(self.fold(patches))
        level1 = self.level1(functional.max_pool2d(level0, 2))
        level2 = self.level2(functional.max_pool2d(level1, 2))
        up1 = self.up1(torch.cat([level1, self._grow(self.reduce1(level2))], 1))
        up0 = self.up0(torch.cat([level0, self._grow(self.reduce0(up1))], 1))
        folded = self.outline(up0)
        mask = self.unfold(folded)[:, 0]
        weight = torch.sigmoid(folded.float()).mean(1, keepdim=True)
        pooled = torch.cat(
            [
                level2.float().mean((2, 3)),
                level2[:, :, 3:5, 3:5].float().mean((2, 3)),
                _weighted(up0, weight),
                _weighted(up1, functional.avg_pool2d(weight, 2)),
                torch.log1p(weight.sum((2, 3))),
            ],
            1,
        )
        features = self.features(pooled)
        nodule, suspicion = self.nodule(features)[:, 0], self.suspicion(features)[:, 0]
        if self.training:
            return {"mask": mask, "nodule": nodule, "suspicion": suspicion}
        return {
            "mask": torch.sigmoid(mask),
            "nodule": torch.sigmoid(nodule),
            "suspicion": torch.sigmoid(suspicion),
        }

    @staticmethod
    def _grow(features: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(features, scale_factor=2.0, mode="nearest")


def _weighted(features: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The mean of every channel under a soft mask."""
    return (features.float() * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1.0)
