"""Training runs of the three breast networks: one loop, three samplers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import nn

EMA = 0.995
Report = Callable[[str], None]
Batch = Mapping[str, torch.Tensor]
Net = TypeVar("Net", bound=nn.Module)


def fit(
    network: Net,
    batch: Callable[[], Batch],
    loss_of: Callable[[torch.Tensor, Batch], torch.Tensor],
    steps: int,
    rate: float,
    report: Report,
) -> Net:
    """Train `network` on `steps` batches ("inputs" and what `loss_of` asks for), one cycle of the
    learning rate up to `rate` (Smith 2018). The result holds the moving average of the weights, in
    evaluation mode. Deterministic for one thread and a seeded sampler."""
    network = network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    average = {name: value.detach().clone().float() for name, value in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.2)
    running, every = 0.0, max(1, steps // 8)
    for step in range(1, steps + 1):
        given = batch()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = network(given["inputs"].contiguous(memory_format=torch.channels_last))
        loss = loss_of(outputs.float(), given)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        keep = min(EMA, step / (10 + step))
        for name, value in network.state_dict().items():
            average[name].mul_(keep).add_(value.float(), alpha=1.0 - keep)
        running += float(loss.detach())
        if step % every == 0:
            report(f"step {step}/{steps} loss {running / every:.3f}")
            running = 0.0
    state = network.state_dict()
    network.load_state_dict({name: average[name].to(value.dtype) for name, value in state.items()})
    return network.to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload,no-any-return]


def random_turn(rng: np.random.Generator, most_degrees: float, most_log_scale: float) -> np.ndarray:
    """A 2 × 2 matrix from sample to film: rotation either way up, scale, mirror."""
    angle = np.deg2rad(rng.uniform(-most_degrees, most_degrees)) + np.pi * rng.integers(2)
    scale = np.exp(rng.uniform(-most_log_scale, most_log_scale))
    mirror = np.diag([1.0, 1.0 if rng.random() < 0.5 else -1.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(scale * turn @ mirror)


def sample(image: torch.Tensor, turn: np.ndarray, centre: np.ndarray, side: int) -> torch.Tensor:
    """A turned square (channels, side, side) of an image (channels, rows, columns) around `centre` (x, y)."""
    axis = np.arange(side) + 0.5 - side / 2
    xs, ys = np.meshgrid(axis, axis)
    points = np.stack([xs, ys], axis=-1) @ turn.T + centre
    reach = 0.75 * side * float(np.sqrt(abs(np.linalg.det(turn)))) + 2
    x0, y0 = (max(0, int(value - reach)) for value in centre)
    part = image[:, y0 : int(centre[1] + reach) + 1, x0 : int(centre[0] + reach) + 1]
    if 0 in part.shape:
        return torch.zeros(len(image), side, side)
    grid = (points - np.array([x0, y0])) / np.array([part.shape[2], part.shape[1]]) * 2.0 - 1.0
    return nn.functional.grid_sample(
        part[None].float(), torch.from_numpy(grid.astype(np.float32))[None], padding_mode="zeros", align_corners=False
    )[0]
