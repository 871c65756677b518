"""Do a bundle's weights fit the network it names? Asked of a process of its own, which may load torch and has limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRIAL = "screening.scoring.networks.trial"
SECONDS = 120
# Nothing else of the surroundings: no key, no database, no proxy.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")


def bare_environment() -> dict[str, str]:
    """For a process that looks at a file from outside: no secrets, no device, one thread."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def network_faults(folder: Path) -> list[str]:
    """Sentences on what does not fit; empty when the network takes the weights. Costs a process and some seconds."""
    try:
        run = subprocess.run(
            [sys.executable, "-m", TRIAL, str(folder)],
            cwd=ROOT,
            env=bare_environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        answer = json.loads(run.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, OSError, ValueError, IndexError):
        return ["The network could not be tried: building it took more time or memory than is given."]
    return [str(fault) for fault in answer]
