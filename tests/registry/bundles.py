"""Bundles made for tests: whole and good, but for what a test changes. Their weights fit no network."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from math import prod
from pathlib import Path
from typing import Any

CARD = "# A model of the tests\n\nResearch only. It reads nothing.\n"


def safetensors(
    shapes: dict[str, tuple[int, ...]] | None = None, header: Any = None, data: bytes | None = None
) -> bytes:
    """A safetensors file of F32 zeros; `header` and `data` take the place of what would be right."""
    shapes = shapes or {"first.weight": (2, 3), "first.bias": (2,)}
    entries, reached = {}, 0
    for name, shape in shapes.items():
        size = 4 * prod(shape)
        entries[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [reached, reached + size]}
        reached += size
    raw = header if isinstance(header, bytes) else json.dumps(entries if header is None else header).encode()
    return struct.pack("<Q", len(raw)) + raw + (bytes(reached) if data is None else data)


def description(weights: bytes, **changes: Any) -> dict[str, Any]:
    """A model.json. A change to None takes the key away."""
    told = {
        "name": "lung-nodule",
        "version": "9.0.0",
        "programme": "lung",
        "network": {"name": "lung-nodule-net", "arguments": {"width": 20, "slices": 3}},
        "intended_use": "Research. Made by a test to be installed, chosen and given up again.",
        "inputs": ["CT of the chest."],
        "outputs": ["Nodules."],
        "preprocessing": {"pixel_spacing_mm": 0.7},
        "operating_points": {"nodule": 0.5},
        "training": {"data": "nothing at all"},
        "licence": "Apache-2.0",
        "code_version": "0.1.0",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "figures": {"study_auc": 0.81, "ci": {"study_auc": [0.75, 0.86]}},
        **changes,
    }
    return {key: value for key, value in told.items() if value is not None}


def write(folder: Path, *, weights: bytes | None = None, files: dict[str, bytes] | None = None, **changes: Any) -> Path:
    """A bundle's folder. files: more files, or others in place of the right ones; b"" leaves one out."""
    weights = safetensors() if weights is None else weights
    contents = {
        "weights.safetensors": weights,
        "model.json": json.dumps(description(weights, **changes)).encode(),
        "CARD.md": CARD.encode(),
        **(files or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if content:
            (folder / name).write_bytes(content)
    return folder


def zipped(folder: Path, around: str = "") -> io.BytesIO:
    """The folder's files as a zip archive, inside a folder of that name if one is given."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.iterdir()):
            opened.write(path, f"{around}/{path.name}" if around else path.name)
    archive.seek(0)
    archive.name = "model.zip"
    return archive
