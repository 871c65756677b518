"""Training that can be stopped and taken up again: one safetensors file and one JSON state for each part.

    kept = Checkpoints(work / "brain", {"epochs": 9, "seed": 0, "data": digest_of_files(paths)})
    for fold in range(5):
        found = kept.load(f"fold-{fold}")
        if found is None or not found.done:
            member, figures = train(...)          # may save(..., done=False) after every epoch
            kept.save(f"fold-{fold}", member.state_dict(), figures)

The folder's name holds a digest of the configuration: what was made by other settings, or from other data, is
never taken up. Nothing is executed on load.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors


@dataclass(frozen=True)
class Checkpoint:
    """tensors as saved, on the CPU; state: plain JSON values; done: nothing is left to train in this part."""

    tensors: dict[str, torch.Tensor]
    state: dict[str, Any]
    done: bool


class Checkpoints:
    """The parts of one training, under `folder`/<digest of config>. config: plain JSON values, all that decides the result."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.config = json.loads(json.dumps(config))
        text = json.dumps(self.config, sort_keys=True, separators=(",", ":"))
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.folder = folder / self.digest[:12]
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(self.folder / "config.json", (json.dumps(self.config, indent=1, sort_keys=True) + "\n").encode())

    def done(self, name: str) -> bool:
        """Whether this part was finished and its tensors are whole."""
        found = self.load(name)
        return found is not None and found.done

    def save(
        self, name: str, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any] | None = None, done: bool = True
    ) -> None:
        """Keep a part. The state is written last and names its tensors' file, so a stop in between leaves the older pair."""
        data = dump_tensors({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()})
        sha256 = hashlib.sha256(data).hexdigest()
        file = f"{name}.{sha256[:12]}.safetensors"
        _replace(self.folder / file, data)
        record = {"config": self.digest, "file": file, "sha256": sha256, "done": done, "state": dict(state or {})}
        _replace(self.folder / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())
        for other in self.folder.glob(f"{name}.*.safetensors"):
            if other.name != file:
                other.unlink()

    def load(self, name: str) -> Checkpoint | None:
        """The part as last saved; None when there is none, or its files are not those that were written."""
        try:
            record = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            data = (self.folder / record["file"]).read_bytes()
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        if record["config"] != self.digest or hashlib.sha256(data).hexdigest() != record["sha256"]:
            return None
        return Checkpoint(load_tensors(data), record["state"], bool(record["done"]))


def digest_of_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and bytes of files, in order of their paths: the data's part of a configuration."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
