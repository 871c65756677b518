"""`python -m training.convert_state_dict WEIGHTS --model model.json --card CARD.md --out FOLDER`

Makes a bundle of a published state_dict (.pt, .pth) of a network of the closed list, offline. The file is read with
`weights_only=True`, which builds tensors and plain containers alone, in a child process with limits on memory,
time and files, without the surroundings' secrets. The product itself reads safetensors only.

model.json: as in a bundle, `sha256` left out; it names the network and its arguments.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from screening.scoring.bundle import file_sha256
from screening.scoring.bundle_schema import LARGEST_WEIGHTS, folder_faults, metadata_faults, parse_model_json
from screening.scoring.network_trial import ROOT, bare_environment

CHILD = "training.convert_child"
SECONDS = 300


class NotConverted(Exception):
    """What stands in the way, as sentences."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def convert(weights: Path, model: Path, card: Path, out: Path) -> Path:
    """Write the bundle into the folder `out`, which must not exist, all at once. Raises `NotConverted`."""
    if out.exists():
        raise NotConverted([f"{out} is there already."])
    for path in (weights, model, card):
        if not path.is_file():
            raise NotConverted([f"There is no file {path}."])
    if weights.stat().st_size > 2 * LARGEST_WEIGHTS:
        raise NotConverted([f"{weights.name} is larger than {2 * LARGEST_WEIGHTS >> 20} MB."])
    try:
        metadata = parse_model_json(model.read_bytes())
    except ValueError as error:
        raise NotConverted([f"{model.name} is not valid JSON."]) from error
    if isinstance(metadata, dict):
        metadata["sha256"] = "0" * 64  # stands in until the weights are there
    faults = metadata_faults(metadata)
    if faults:
        raise NotConverted(faults)
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".converting-", dir=out.parent))
    try:
        folder.chmod(0o755)
        _convert_weights(weights.resolve(), metadata["network"], folder / "weights.safetensors")
        metadata["sha256"] = file_sha256(folder / "weights.safetensors")
        (folder / "model.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
        shutil.copyfile(card, folder / "CARD.md")
        faults = folder_faults(folder)
        if faults:
            raise NotConverted(faults)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out


def _convert_weights(weights: Path, network: dict[str, object], target: Path) -> None:
    try:
        run = subprocess.run(
            [sys.executable, "-m", CHILD, str(weights), json.dumps(network), str(target.resolve())],
            cwd=ROOT,
            env=bare_environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        faults = json.loads(run.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise NotConverted(
            ["Reading the weights took more time or memory than is given, or ended in an error."]
        ) from error
    if faults:
        raise NotConverted([str(fault) for fault in faults])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.convert_state_dict", description=__doc__)
    parser.add_argument("weights", type=Path, help="the published state_dict (.pt, .pth)")
    parser.add_argument("--model", type=Path, required=True, help="model.json of the bundle to be, without sha256")
    parser.add_argument("--card", type=Path, required=True, help="CARD.md")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle; must not exist")
    options = parser.parse_args(arguments)
    try:
        out = convert(options.weights, options.model, options.card, options.out)
    except NotConverted as refusal:
        sys.stderr.write("\n".join(refusal.faults) + "\n")
        return 1
    sys.stdout.write(f"{out}: install it with manage.py models install {out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
