"""Model bundles: `bundles/<name>/{model.json, weights.safetensors, CARD.md}`.

Torch-free. A bundle is data only: nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from screening.scoring.types import ModelInfo

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
WEIGHTS = "weights.safetensors"
REQUIRED = ("name", "version", "programme", "network", "intended_use", "preprocessing", "sha256")


class BundleError(Exception):
    """The bundle is missing, incomplete, or its weights are not the ones its metadata names."""


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. `metadata` is model.json; `weights` the path of the safetensors file."""

    folder: Path
    metadata: dict[str, Any]

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self.metadata["name"], self.metadata["version"], self.metadata["sha256"])

    @property
    def preprocessing(self) -> dict[str, Any]:
        values: dict[str, Any] = self.metadata["preprocessing"]
        return values

    @property
    def operating_points(self) -> dict[str, Any]:
        values: dict[str, Any] = self.metadata.get("operating_points", {})
        return values


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def load_bundle(name: str, root: Path = BUNDLES) -> Bundle:
    """Read and check one bundle of a folder of bundles, the shipped ones unless `root` says otherwise.

    Raises `BundleError` when a file or key is missing or the weights' sha256 differs.
    """
    return load_folder(root / name)


def load_folder(folder: Path) -> Bundle:
    """Read and check the bundle in this folder; once, until a file changes. Raises `BundleError`.

    Asks only for what running it needs; `bundle_schema` asks for all that a bundle should say.
    """
    stamps = []
    for file, words in (("model.json", "There is no bundle named {}."), (WEIGHTS, f"Bundle {{}} has no {WEIGHTS}.")):
        try:
            found = (folder / file).stat()
        except OSError as error:
            raise BundleError(words.format(folder.name)) from error
        stamps += [found.st_mtime_ns, found.st_size]
    return _load(folder, *stamps)


@lru_cache(maxsize=32)
def _load(folder: Path, *_stamps: int) -> Bundle:
    name = folder.name
    try:
        # A figure that could not be measured may be NaN, which no database takes.
        metadata = json.loads((folder / "model.json").read_text(encoding="utf-8"), parse_constant=lambda _name: None)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"model.json of bundle {name} is not valid JSON.") from error
    missing = [key for key in REQUIRED if key not in metadata]
    if missing:
        raise BundleError(f"model.json of bundle {name} lacks {', '.join(missing)}.")
    bundle = Bundle(folder, metadata)
    if file_sha256(bundle.weights) != metadata["sha256"]:
        raise BundleError(f"The weights of bundle {name} are not the ones its model.json names.")
    return bundle
