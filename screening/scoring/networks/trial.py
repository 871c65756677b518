"""`python -m screening.scoring.networks.trial FOLDER`: builds the network a bundle names, without memory for its
weights, and prints a JSON list of what does not fit. Limits itself before it looks at anything."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from screening.scoring.networks import build_network
from screening.scoring.safetensors_header import TensorFacts, read_header

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 60
MOST_NAMED = 3
FLOATING = {"F64", "F32", "F16", "BF16"}


def limit(memory: int = MEMORY_BYTES, seconds: int = CPU_SECONDS, written: int = 0) -> None:
    """Bound this process: address space beyond what it has, CPU time, size of a written file, no core dump."""
    # A CUDA build of torch maps several GiB of libraries before anything is done with it.
    most = memory + int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def expected(name: str, arguments: dict[str, Any]) -> dict[str, TensorFacts]:
    """The tensors a network has, by name; built on torch's `meta` device, which allocates nothing.

    Raises ValueError with a sentence when it cannot be built with these arguments.
    """
    try:
        with torch.device("meta"):
            state = build_network(name, **arguments).state_dict()
    except (TypeError, ValueError, RuntimeError, KeyError, ArithmeticError) as error:
        raise ValueError("The network cannot be built with the arguments that model.json gives.") from error
    return {
        key: TensorFacts("F32" if value.is_floating_point() else "I64", tuple(value.shape))
        for key, value in state.items()
    }


def misfits(wanted: Mapping[str, TensorFacts], given: Mapping[str, TensorFacts]) -> list[str]:
    """Sentences on missing, unknown and differently shaped tensors; the first few are named."""
    faults = []
    for names, words in (
        (sorted(wanted.keys() - given.keys()), "The weights lack"),
        (sorted(given.keys() - wanted.keys()), "The network has no place for"),
    ):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            faults.append(f"{words} {', '.join(name[:80] for name in names[:MOST_NAMED])}{more}.")
    shapes = [name for name in sorted(wanted.keys() & given.keys()) if wanted[name].shape != given[name].shape]
    for name in shapes[:MOST_NAMED]:
        faults.append(
            f"{name[:80]} has the shape {list(given[name].shape)}; the network needs {list(wanted[name].shape)}."
        )
    kinds = [
        name
        for name in sorted(wanted.keys() & given.keys())
        if (wanted[name].dtype in FLOATING) != (given[name].dtype in FLOATING)
    ]
    faults += [f"{name[:80]} has whole numbers where the network needs others, or the reverse." for name in kinds[:1]]
    return faults


def main() -> int:
    limit()
    folder = Path(sys.argv[1])
    network = json.loads((folder / "model.json").read_text(encoding="utf-8"))["network"]
    try:
        faults = misfits(
            expected(network["name"], network.get("arguments", {})), read_header(folder / "weights.safetensors")
        )
    except ValueError as error:
        faults = [str(error)]
    sys.stdout.write(json.dumps(faults) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
