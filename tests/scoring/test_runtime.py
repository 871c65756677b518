"""The engine gives what the trained network gives, sooner, and the same every time."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from screening.scoring import runtime
from screening.scoring.bundle import Bundle
from screening.scoring.networks import build_network
from screening.scoring.runtime import Engine, batch_size_for, deviation, engine_for, fused_copy, probe_inputs
from screening.scoring.types import Cancelled

NETWORKS = {
    "lung-nodule-net": ({"width": 12}, (3, 64, 64)),
    "brain-haemorrhage-net": ({"members": 2, "width": 12}, (5, 80, 80)),
}


def lively(network: nn.Module) -> nn.Module:
    """The network as if it had been trained: normalisations that shift and scale, by a fixed draw."""
    draw = torch.Generator().manual_seed(5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.3, generator=draw)
            module.running_var.uniform_(0.5, 1.5, generator=draw)
            nn.init.uniform_(module.weight, 0.6, 1.4, generator=draw)
            nn.init.normal_(module.bias, 0.0, 0.2, generator=draw)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, generator=draw)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network.eval()


@pytest.fixture
def make_bundle(tmp_path):
    """Writes a bundle of a network's weights; `network` entries of model.json may be added."""

    def make(name: str = "lung-nodule-net", **more: object) -> Bundle:
        arguments, _shape = NETWORKS[name]
        folder = tmp_path / f"{name}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        weights = lively(build_network(name, **arguments)).state_dict()
        save_file({key: value.contiguous() for key, value in weights.items()}, str(folder / "weights.safetensors"))
        return Bundle(folder, {"network": {"name": name, "arguments": arguments, **more}, "sha256": folder.name})

    return make


def inputs_for(name: str, count: int, seed: int = 3) -> np.ndarray:
    shape = NETWORKS[name][1]
    return np.random.default_rng(seed).normal(0.5, 0.5, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_quick_agrees_with_the_network_as_it_was_trained(name, make_bundle):
    bundle, inputs = make_bundle(name), inputs_for(name, 6)
    quick, plain = Engine(bundle, "cpu")(inputs), Engine(bundle, "cpu", plain=True)(inputs, 1)
    assert quick.keys() == plain.keys()
    typical, largest = deviation(tensors(quick), tensors(plain))
    assert typical <= runtime.AGREES[0]
    assert largest <= runtime.AGREES[1]


def tensors(outputs: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in outputs.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_normalisation_is_folded_away_and_the_answer_stays(name):
    network = lively(build_network(name, **NETWORKS[name][0]))
    probe = probe_inputs(NETWORKS[name][1])
    with torch.no_grad():
        fused = fused_copy(network, probe[:1])
        left = [part for part, module in fused.named_modules() if isinstance(module, nn.BatchNorm2d)]
        # what normalises a sum of two convolutions belongs to neither
        assert all(part.endswith(".joined") for part in left)
        assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
        assert deviation(fused(probe), network(probe))[1] < 1e-4


class Tangled(nn.Module):
    """Normalisations that may not be folded: one after a layer changed in place, two after one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.first_norm = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16)
        self.second, self.left, self.right = nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16), nn.BatchNorm2d(16)

    def forward(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        hidden = self.second(self.first_norm(nn.functional.relu(self.first(inputs), inplace=True)))
        return {"out": self.left(hidden) - 0.5 * self.right(hidden)}


def test_a_normalisation_that_cannot_be_folded_stays():
    network, probe = lively(Tangled()), probe_inputs((3, 16, 16))
    with torch.no_grad():
        fused = fused_copy(network, probe[:1])
        assert sum(isinstance(module, nn.BatchNorm2d) for module in fused.modules()) == 3
        assert deviation(fused(probe), network(probe))[1] < 1e-4


def test_a_form_that_does_not_agree_on_the_probe_is_not_used(make_bundle, monkeypatch):
    monkeypatch.setattr(runtime, "has_bfloat16", lambda _device: True)
    spoilt = lambda network: lively(runtime.deepcopy(network)).apply(  # noqa: E731
        lambda module: nn.init.zeros_(module.weight) if isinstance(module, nn.Linear) else None
    )
    monkeypatch.setattr(runtime, "halved_copy", spoilt)
    engine = Engine(make_bundle(), "cpu")
    assert engine.precision((3, 64, 64)) == "float32"
    monkeypatch.setattr(runtime, "fused_copy", lambda network, _example: spoilt(network))
    assert Engine(make_bundle(), "cpu").precision((3, 64, 64)) == "plain float32"


def test_a_bundle_can_keep_its_network_in_float32(make_bundle, monkeypatch):
    monkeypatch.setattr(runtime, "has_bfloat16", lambda _device: True)
    assert Engine(make_bundle(), "cpu").precision((3, 64, 64)) == "bfloat16"
    assert Engine(make_bundle(precision="float32"), "cpu").precision((3, 64, 64)) == "float32"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_input_gives_the_same_bits_again_and_in_another_engine(name, make_bundle):
    bundle, inputs = make_bundle(name), inputs_for(name, 10)
    engine = Engine(bundle, "cpu")
    first, second, other = (one(inputs, 4) for one in (engine, engine, Engine(bundle, "cpu")))
    for key, value in first.items():
        assert value.tobytes() == second[key].tobytes() == other[key].tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_gpu_gives_what_the_processor_gives(name, make_bundle):
    bundle, inputs = make_bundle(name), inputs_for(name, 6)
    there, here = Engine(bundle, "cuda"), Engine(bundle, "cpu", plain=True)(inputs)
    given = there(inputs)
    assert all(value.tobytes() == there(inputs)[key].tobytes() for key, value in given.items())
    for key, value in given.items():
        if key in ("mask", "nodule", "suspicion"):
            assert np.abs(value - here[key]).max() <= runtime.DEVICE_TOLERANCE
        else:
            chance = [1.0 / (1.0 + np.exp(-one)) for one in (value, here[key])]
            assert np.abs(chance[0] - chance[1]).max() <= runtime.DEVICE_TOLERANCE


def test_a_cancelled_run_stops_after_the_batch_it_is_in(make_bundle, monkeypatch):
    engine, heard = Engine(make_bundle(), "cpu"), []
    engine.precision((3, 64, 64))
    batches = []
    run = engine._run
    monkeypatch.setattr(engine, "_run", lambda network, batch: (batches.append(len(batch)), run(network, batch))[1])

    def between(done: float) -> None:
        heard.append(done)
        if len(heard) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine(inputs_for("lung-nodule-net", 10), 2, between)
    assert (heard, batches) == ([0.2, 0.4], [2, 2])


def test_progress_ends_at_one_and_odd_batches_lose_nothing(make_bundle):
    engine, heard = Engine(make_bundle(), "cpu"), []
    inputs = inputs_for("lung-nodule-net", 5)
    assert engine(inputs, 2, heard.append)["nodule"].shape == (5,)
    assert heard == [0.4, 0.8, 1.0]
    assert engine(inputs[:0]) == {}


def test_a_batch_holds_what_suits_the_device():
    assert batch_size_for((3, 64, 64), "cpu") == 64
    assert batch_size_for((5, 160, 160), "cpu") == 8
    assert batch_size_for((1, 128, 128, 128), "cpu") == 1
    assert batch_size_for((3, 64, 64), "cuda") == 512


def test_outputs_that_are_no_numbers_or_of_another_form_never_agree():
    right = {"a": torch.zeros(3)}
    assert deviation({"a": torch.zeros(3)}, right) == (0.0, 0.0)
    for wrong in ({"a": torch.full((3,), torch.nan)}, {"a": torch.zeros(2)}, {"b": torch.zeros(3)}):
        assert deviation(wrong, right) == (np.inf, np.inf)


def test_engines_are_kept_but_not_without_end(make_bundle, monkeypatch):
    monkeypatch.setattr(runtime, "_ENGINES", {})
    bundles = [make_bundle() for _ in range(3)]
    monkeypatch.setattr(runtime, "MOST_ENGINES", 2)
    first = engine_for(bundles[0])
    assert engine_for(bundles[0]) is first
    engine_for(bundles[1])
    engine_for(bundles[2])
    assert len(runtime._ENGINES) == 2
    assert engine_for(bundles[0]) is not first


def test_no_more_threads_than_cores_are_used():
    assert torch.get_num_threads() <= runtime.usable_cores()


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1)])
def test_a_share_of_a_machine_counts_as_its_cores(quota, cores, monkeypatch):
    monkeypatch.setattr(runtime.os, "sched_getaffinity", lambda _pid: set(range(8)))
    monkeypatch.setattr(runtime.Path, "read_text", lambda _path, encoding: quota)
    assert runtime.usable_cores() == cores
