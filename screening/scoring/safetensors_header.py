"""The header of a safetensors file, read and checked without loading a tensor and without torch.

Format: 8 bytes, little endian: the length N of the header; N bytes of JSON; the tensors' bytes
(https://github.com/huggingface/safetensors, "Format"). The file can hold nothing that is executed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

# bytes of one element
DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
LONGEST_HEADER = 4 << 20
MOST_TENSORS = 20_000
MOST_AXES = 8


class HeaderError(Exception):
    """The file is no safetensors file, or its header does not fit its bytes; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class TensorFacts:
    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, TensorFacts]:
    """Every tensor of the file by name. Raises `HeaderError` unless the tensors lie one after the
    other, without gap or overlap, from the header's end to the file's end."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        first = stream.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or length < 2 or length > LONGEST_HEADER or 8 + length > size:
            raise HeaderError("weights.safetensors is not a safetensors file: its header has no possible length.")
        raw = stream.read(length)
    described = _parsed(raw)
    described.pop("__metadata__", None)
    if not described:
        raise HeaderError("weights.safetensors holds no tensor.")
    if len(described) > MOST_TENSORS:
        raise HeaderError(f"weights.safetensors holds more than {MOST_TENSORS} tensors.")
    tensors: dict[str, TensorFacts] = {}
    places: list[tuple[int, int, str]] = []
    for name, entry in described.items():
        facts, (begin, end) = _entry(name, entry)
        tensors[name] = facts
        places.append((begin, end, name))
    _check_places(places, size - 8 - length)
    return tensors


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        described = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise HeaderError("weights.safetensors is not a safetensors file: its header is not valid JSON.") from error
    if not isinstance(described, dict) or raw[:1] != b"{":
        raise HeaderError("weights.safetensors is not a safetensors file: its header is no list of tensors.")
    return described


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _entry(name: str, entry: Any) -> tuple[TensorFacts, tuple[int, int]]:
    shown = name[:80]
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise HeaderError(f"Tensor {shown} is not described by dtype, shape and data_offsets alone.")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise HeaderError(f"Tensor {shown} has a number type that is not known.")
    if not _naturals(shape) or len(shape) > MOST_AXES:
        raise HeaderError(f"Tensor {shown} has an impossible shape.")
    if not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise HeaderError(f"Tensor {shown} has an impossible place in the file.")
    if offsets[1] - offsets[0] != prod(shape) * DTYPES[dtype]:
        raise HeaderError(f"Tensor {shown} does not have as many bytes as its shape and type need.")
    return TensorFacts(dtype, tuple(shape)), (offsets[0], offsets[1])


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 40 for value in values)


def _check_places(places: list[tuple[int, int, str]], data: int) -> None:
    reached = 0
    for begin, end, name in sorted(places):
        if begin != reached:
            raise HeaderError(f"Tensor {name[:80]} leaves a gap in the file, or lies over another.")
        reached = end
    if reached != data:
        raise HeaderError("The length of weights.safetensors is not the one its header gives.")
