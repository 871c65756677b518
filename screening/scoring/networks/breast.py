"""The breast networks: a detector of masses and a grader of density.

`BreastNet` holds several of each, trained on different women, and averages what they say.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

STRIDE = 4


class MassDetector(nn.Module):
    """Where masses are centred: reads prepared films (N, 2, H, W), H and W multiples of 32, at 1 mm.

    A small U-shaped network (after Zhou 2019, "Objects as Points") with one cell for 4 × 4 mm.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        w = width
        self.stem = nn.Sequential(_unit(2, w // 2, 2), _unit(w // 2, w // 2, 1))
        self.fine = nn.Sequential(_unit(w // 2, w, 2), _Block(w), _Block(w))
        self.middle = nn.Sequential(_unit(w, 2 * w, 2), _Block(2 * w), _Block(2 * w))
        self.deep = nn.Sequential(_unit(2 * w, 3 * w, 2), _Block(3 * w))
        self.deep_up = nn.Conv2d(3 * w, 2 * w, 1)
        self.middle_up = nn.Conv2d(2 * w, w, 1)
        self.fuse_middle = _unit(2 * w, 2 * w, 1)
        self.fuse_fine = _unit(w, w, 1)
        self.head = nn.Sequential(_unit(w, w, 1), nn.Conv2d(w, 5, 1))
        nn.init.constant_(self.head[1].bias, 0.0)  # type: ignore[arg-type]
        nn.init.constant_(self.head[1].bias[:1], -4.0)  # type: ignore[index]

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """(N, 5, H/4, W/4): logit of a mass, log of width and height / 16 px, and how far the centre
        lies from the cell's, in cells, to the right and down. All in the pixels it reads."""
        fine = self.fine(self.stem(films))
        middle = self.middle(fine)
        deep = functional.interpolate(self.deep_up(self.deep(middle)), size=middle.shape[2:], mode="nearest")
        middle = self.fuse_middle(middle + deep)
        up = functional.interpolate(self.middle_up(middle), size=fine.shape[2:], mode="nearest")
        cells: torch.Tensor = self.head(self.fuse_fine(fine + up))
        return cells


class DensityGrader(nn.Module):
    """Density by two scales: reads films (N, 2, H, W) at 2 mm and gives (N, 5) logits: of a grade
    above a, above b, above c (BI-RADS), and of tissue above F, above G (mini-MIAS)."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        w = width
        self.layers = nn.Sequential(
            _unit(2, w, 2), _unit(w, 2 * w, 2), _Block(2 * w), _unit(2 * w, 3 * w, 2), _Block(3 * w), nn.Dropout2d(0.15)
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(9 * w, 5))

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        features = self.layers(films)
        spread = features.flatten(2).std(dim=2)
        logits: torch.Tensor = self.head(torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3)), spread], 1))
        return logits


class BreastNet(nn.Module):
    """`members` detectors and graders, each pair trained on other women; every output is their mean."""

    def __init__(self, members: int = 1) -> None:
        super().__init__()
        self.detectors = nn.ModuleList(MassDetector() for _ in range(members))
        self.graders = nn.ModuleList(DensityGrader() for _ in range(members))

    def forward(self, films: torch.Tensor) -> dict[str, torch.Tensor]:
        """Of prepared films (N, 2, H, W), 0.5 mm pixels, H and W multiples of 32: heat (N, H/8, W/8) 0–1;
        size and offset of a mass (N, 2, H/8, W/8) pixels; grades (N, 5) logits of `DensityGrader`."""
        halved = functional.avg_pool2d(films, 2)
        quartered = functional.avg_pool2d(halved, 2)
        cells = torch.stack([detector(halved) for detector in self.detectors])
        return {
            "heat": cells[:, :, 0].sigmoid().mean(dim=0),
            "size": (32.0 * cells[:, :, 1:3].clamp(-2.5, 2.5).exp()).mean(dim=0),
            "offset": (8.0 * cells[:, :, 3:].clamp(-1.0, 1.0)).mean(dim=0),
            "grades": torch.stack([grader(quartered) for grader in self.graders]).mean(dim=0),
        }


def _unit(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class _Block(nn.Module):
    """A residual pair of 3 × 3 convolutions (He 2016)."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = functional.relu(self.first_norm(self.first(inputs)), inplace=True)
        return functional.relu(inputs + self.second_norm(self.second(hidden)))
