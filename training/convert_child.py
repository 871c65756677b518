"""The process that opens a foreign state_dict: `python -m training.convert_child WEIGHTS NETWORK TARGET`.

Limits itself before it reads a byte of it. NETWORK: the network of a model.json, as JSON. Writes TARGET
(safetensors) and prints a JSON list of sentences, empty when all is well.
"""

from __future__ import annotations

import json
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from screening.scoring.bundle_schema import LARGEST_WEIGHTS
from screening.scoring.networks.trial import expected, limit, misfits
from screening.scoring.safetensors_header import TensorFacts

CPU_SECONDS = 240
# Where publishers put the state_dict inside their file, and what wrappers put before each name.
INSIDE = ("state_dict", "model_state_dict", "model", "net")
BEFORE = ("module.", "_orig_mod.", "model.")


def state_dict_of(loaded: Any) -> dict[str, torch.Tensor]:
    """The tensors by name, out of the usual wrappings. Raises ValueError with a sentence."""
    for name in INSIDE:
        if isinstance(loaded, dict) and isinstance(loaded.get(name), dict):
            loaded = loaded[name]
    if not isinstance(loaded, dict) or not loaded:
        raise ValueError("The file holds no state_dict.")
    if not all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in loaded.items()):
        raise ValueError("The file holds more than tensors by name.")
    for prefix in BEFORE:
        if all(name.startswith(prefix) for name in loaded):
            loaded = {name.removeprefix(prefix): value for name, value in loaded.items()}
    return dict(loaded)


def converted(source: Path, network: dict[str, Any], target: Path) -> list[str]:
    """Write the weights as safetensors; sentences on why not."""
    try:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        return ["The file holds more than weights, or none: it was not opened any further, and nothing of it was run."]
    except (RuntimeError, ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile, AttributeError, TypeError):
        return ["The file is no PyTorch file, or a damaged one."]
    try:
        state = state_dict_of(loaded)
        wanted = expected(network["name"], network.get("arguments", {}))
    except ValueError as error:
        return [str(error)]
    given = {
        name: TensorFacts("F32" if value.is_floating_point() else "I64", tuple(value.shape))
        for name, value in state.items()
    }
    faults = misfits(wanted, given)
    if not faults:
        plain = {name: value.detach().clone().contiguous() for name, value in state.items()}
        if not all(bool(torch.isfinite(value).all()) for value in plain.values() if value.is_floating_point()):
            return ["Some weights are not finite numbers."]
        save_file(plain, str(target))
    return faults


def main() -> int:
    limit(seconds=CPU_SECONDS, written=LARGEST_WEIGHTS)
    source, network, target = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
    sys.stdout.write(json.dumps(converted(source, network, target)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
