"""The one engine that runs every scoring network: numpy in, numpy out.

Only this module and `networks` import torch; nothing a web process loads may import them.

A network is prepared once for each shape of input: batch normalisation folded into the convolutions
(Jacob 2018, section 3.2), channels last, and bfloat16 in the wide convolutions where the processor has it. Each of
these counts only if it agrees with the network as it was trained, in float32 on the processor, over a
fixed probe; what does not agree is not used. A bundle keeps its network in float32 by
`"precision": "float32"` in the `network` of its model.json.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

from collections.abc import Callable  # noqa: E402
from copy import deepcopy  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils.fusion import fuse_conv_bn_eval  # noqa: E402

from screening.scoring.bundle import Bundle  # noqa: E402
from screening.scoring.networks import build_network  # noqa: E402

# How far an output may be from the float32 network's on the probe: (root mean square, any one value), in
# parts of the output's own size, at least 1; so in probability or log odds for most.
SAME = (1e-4, 1e-3)
AGREES = (0.01, 0.05)
# Between two devices, probabilities of the same input differ by no more.
DEVICE_TOLERANCE = 0.01
PROBES = 4
# Layers of so few outputs speak the answer: they cost nothing and stay in float32.
HEAD_CHANNELS = 8
# Numbers in one batch: enough to keep the device busy, little enough for its caches.
BATCH_NUMBERS = {"cpu": 1 << 20, "cuda": 1 << 25}
MOST_IN_BATCH = {"cpu": 64, "cuda": 512}
MOST_ENGINES = 8

Outputs = dict[str, torch.Tensor]
_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)
_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


class Engine:
    """A bundle's network, ready on a device. Evaluation mode, no gradients.

    Deterministic: the same input and batch size give the same bits on the same device. plain: the network as
    it was trained, float32, one layer after another, for comparison.
    """

    def __init__(self, bundle: Bundle, device: str, *, plain: bool = False) -> None:
        spec = bundle.metadata["network"]
        network = build_network(spec["name"], **spec.get("arguments", {}))
        network.load_state_dict(load_file(str(bundle.weights)))
        self._trained = network.eval()
        self._device = device
        self._plain = plain
        self._may_halve = spec.get("precision", "bfloat16") == "bfloat16" and has_bfloat16(device)
        self._ready: dict[tuple[int, ...], tuple[str, nn.Module]] = {}
        if device == "cuda":
            _make_cuda_repeatable()

    def __call__(
        self,
        inputs: np.ndarray,
        batch_size: int | None = None,
        between: Callable[[float], None] = lambda _done: None,
    ) -> dict[str, np.ndarray]:
        """Run the network over axis 0 of `inputs` (float), `batch_size` at a time (None: what suits the device).

        Returns each of the network's named outputs, float32, joined along axis 0. `between` is
        called with the part done (0–1) after every batch and may raise to stop.
        """
        parts: dict[str, list[np.ndarray]] = {}
        if not len(inputs):
            return {}
        shape = inputs.shape[1:]
        size = batch_size or batch_size_for(shape, self._device)
        _precision, network = self._prepared(shape)
        for start in range(0, len(inputs), size):
            batch = torch.from_numpy(np.ascontiguousarray(inputs[start : start + size], dtype=np.float32))
            for name, value in self._run(network, batch).items():
                parts.setdefault(name, []).append(value.numpy())
            between(min(1.0, (start + size) / len(inputs)))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def precision(self, shape: tuple[int, ...]) -> str:
        """ "bfloat16", "float32", or "plain float32": how inputs of this shape (one item's) are computed."""
        return self._prepared(shape)[0]

    def _run(self, network: nn.Module, batch: torch.Tensor) -> Outputs:
        if not self._plain:
            batch = batch.contiguous(memory_format=_layout(batch.dim()))
        with torch.inference_mode():
            return {name: value.float().cpu() for name, value in network(batch.to(self._device)).items()}

    def _prepared(self, shape: tuple[int, ...]) -> tuple[str, nn.Module]:
        if shape not in self._ready:
            self._ready[shape] = self._prepare(shape)
        return self._ready[shape]

    def _prepare(self, shape: tuple[int, ...]) -> tuple[str, nn.Module]:
        """The quickest form of the network that agrees with the trained one on the probe."""
        if self._plain:
            return "plain float32", self._trained.to(self._device)
        probe = probe_inputs(shape)
        with torch.inference_mode():
            wanted = {name: value.float() for name, value in self._trained(probe).items()}
        fused = fused_copy(self._trained, probe[:1])
        if self._may_halve:
            halved = halved_copy(fused).to(self._device)
            if self._agrees(halved, probe, wanted, AGREES):
                return "bfloat16", halved
        fused = fused.to(self._device)
        # Another device's float32 sums in another order.
        if self._agrees(fused, probe, wanted, SAME if self._device == "cpu" else AGREES):
            return "float32", fused
        return "plain float32", deepcopy(self._trained).to(self._device)

    def _agrees(self, network: nn.Module, probe: torch.Tensor, wanted: Outputs, within: tuple[float, float]) -> bool:
        try:
            given = self._run(network, probe)
        except RuntimeError:
            return False  # a layer that this form or this device cannot compute
        typical, largest = deviation(given, wanted)
        return typical <= within[0] and largest <= within[1]


def deviation(given: Outputs, wanted: Outputs) -> tuple[float, float]:
    """(root mean square difference, largest difference), each the worst over the outputs, in parts of the
    output's own root mean square, at least 1. Infinite for other names or shapes and for what is no number."""
    if given.keys() != wanted.keys():
        return np.inf, np.inf
    worst = [0.0, 0.0]
    for name, right in wanted.items():
        if given[name].shape != right.shape or not bool(torch.isfinite(given[name]).all()):
            return np.inf, np.inf
        away = (given[name] - right).abs().double()
        scale = max(1.0, float(right.double().square().mean().sqrt()))
        worst[0] = max(worst[0], float(away.square().mean().sqrt()) / scale)
        worst[1] = max(worst[1], float(away.max()) / scale)
    return worst[0], worst[1]


def probe_inputs(shape: tuple[int, ...]) -> torch.Tensor:
    """The fixed inputs of the comparison: (PROBES, *shape), float32, smooth patches with grain, -0.5 to 2."""
    rng = np.random.default_rng(20260)
    full = (PROBES, *shape)
    inputs = torch.from_numpy(rng.normal(0.0, 0.15, full).astype(np.float32)) + 0.5
    if len(shape) in (3, 4):
        coarse = (*full[:2], *(max(1, length // 8) for length in shape[1:]))
        rough = torch.from_numpy(rng.normal(0.0, 0.6, coarse).astype(np.float32))
        mode = "bilinear" if len(shape) == 3 else "trilinear"
        inputs += nn.functional.interpolate(rough, size=shape[1:], mode=mode, align_corners=False)
    return inputs.clamp(-0.5, 2.0)


def fused_copy(network: nn.Module, example: torch.Tensor) -> nn.Module:
    """A copy, channels last, with every batch normalisation folded into the convolution whose output it reads,
    as found by watching one run."""
    copy = deepcopy(network)
    made: dict[int, tuple[str, int, torch.Tensor]] = {}
    read: dict[str, set[str]] = {}

    def note_output(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            # Kept, so that its id stays its own; the version tells what was changed in place.
            made[id(output)] = (name, output._version, output)

        return hook

    def note_input(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            source, version, _output = made.get(id(inputs[0]), ("", 0, None))
            read.setdefault(name, set()).add(source if version == inputs[0]._version else "")

        return hook

    hooks = []
    for name, module in copy.named_modules():
        if isinstance(module, _CONVOLUTIONS):
            hooks.append(module.register_forward_hook(note_output(name)))
        elif isinstance(module, _NORMS):
            hooks.append(module.register_forward_pre_hook(note_input(name)))
    with torch.no_grad():
        copy(example)
    for hook in hooks:
        hook.remove()
    sources = [source for found in read.values() for source in found]
    for norm, found in read.items():
        source = next(iter(found))
        if len(found) == 1 and source and sources.count(source) == 1:
            fused = fuse_conv_bn_eval(copy.get_submodule(source), copy.get_submodule(norm))  # type: ignore[type-var,arg-type]
            copy.set_submodule(source, fused)
            copy.set_submodule(norm, nn.Identity())
    for weight in copy.parameters():
        weight.data = weight.data.contiguous(memory_format=_layout(weight.dim()))
    return copy


def halved_copy(network: nn.Module) -> nn.Module:
    """A copy whose wide convolutions compute in bfloat16; every other layer with weights in float32."""
    copy = deepcopy(network)
    for module in copy.modules():
        if isinstance(module, _CONVOLUTIONS) and module.out_channels > HEAD_CHANNELS:
            module.to(torch.bfloat16)
        if isinstance(getattr(module, "weight", None), torch.Tensor):
            module.register_forward_pre_hook(_to_own_type)
    return copy


def _to_own_type(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    return tuple(value.to(weight.dtype) for value in inputs)


def _layout(dimensions: int) -> torch.memory_format:
    return _LAYOUTS.get(dimensions, torch.contiguous_format)


def batch_size_for(shape: tuple[int, ...], device: str) -> int:
    """How many items of this shape make a batch: a power of two, 1 to 64 (CPU) or 512 (CUDA)."""
    fitting = max(1, BATCH_NUMBERS[device] // max(1, int(np.prod(shape))))
    return int(min(1 << (fitting.bit_length() - 1), MOST_IN_BATCH[device]))


def has_bfloat16(device: str) -> bool:
    """Does the device compute in bfloat16 by itself? Elsewhere it is slower than float32."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _make_cuda_repeatable() -> None:
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def usable_cores() -> int:
    """The cores this process may use: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, -(-int(quota) // int(period))))


# More threads than cores, as in a container with a small share of a large machine, slow each other down.
if usable_cores() < torch.get_num_threads():
    torch.set_num_threads(usable_cores())

_ENGINES: dict[tuple[str, str, str], Engine] = {}


def engine_for(bundle: Bundle, device: str = "cpu") -> Engine:
    """The engine of a bundle on a device, kept in memory between studies; of many bundles the latest eight."""
    key = (str(bundle.folder), bundle.metadata["sha256"], device)
    engine = _ENGINES.pop(key, None) or Engine(bundle, device)
    _ENGINES[key] = engine
    while len(_ENGINES) > MOST_ENGINES:
        del _ENGINES[next(iter(_ENGINES))]
    return engine


def choose_device(wanted: str = "auto") -> str:
    """ "cuda" when wanted or automatic and present, else "cpu". Raises RuntimeError when CUDA
    was asked for by name and is not there: a silent fall-back would hide a broken driver."""
    if wanted == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise RuntimeError("FIRSTREAD_DEVICE is cuda, but no CUDA device answers.")
    return "cpu"
