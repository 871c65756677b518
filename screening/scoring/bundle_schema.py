"""What a bundle must be: model.json, weights.safetensors, CARD.md, and data files beside them, nothing else.

Torch-free and free of any parser that executes. Every fault is one plain sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from screening.scoring.bundle import file_sha256
from screening.scoring.network_table import NETWORKS
from screening.scoring.safetensors_header import HeaderError, read_header

PROGRAMMES = frozenset(entry.programme for entry in NETWORKS.values())
# The drafter is shipped, listed and checked as bundles are; only scoring models can be installed.
SHIPPED_ONLY = {"t5": "report drafting"}
TRIAGE_BAR = 0.70
NEEDED_FILES = ("model.json", "weights.safetensors", "CARD.md")
DATA_ENDINGS = (".json", ".csv", ".png", ".svg")
MOST_FILES = 40
LARGEST_WEIGHTS = 512 << 20
LARGEST_FILE = 8 << 20
LARGEST_JSON = 1 << 20
LARGEST_CARD = 200_000
LARGEST_ARGUMENT = 4096

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}(?:[-+][0-9A-Za-z][0-9A-Za-z.-]{0,15})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_DRAWN = re.compile(r"phantom|synthetic|drawn", re.IGNORECASE)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# A drawing may hold no document type (entities), script, foreign content, handler or address outside itself.
_SVG_TRICK = re.compile(
    r"<!DOCTYPE|<!ENTITY|<\?xml-stylesheet|<\s*(?:\w+:)?(?:script|foreignObject|iframe|object|embed|image|a)\b"
    r"|\son\w+\s*=|javascript:|@import|url\(\s*['\"]?(?!#)",
    re.IGNORECASE,
)


def parse_model_json(raw: bytes) -> Any:
    """The content of a model.json. Raises ValueError for NaN and infinity, for a key that stands
    twice, for text that no database or page takes (NUL, half a surrogate pair) and for whatever else is not JSON."""
    try:
        content = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
        written = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    written.encode("utf-8")
    if "\\u0000" in written:
        raise ValueError("a text holds NUL")
    return content


def folder_faults(folder: Path, *, installing: bool = True) -> list[str]:
    """Everything that is wrong with a bundle's folder; empty for a good one. installing: not the shipped drafter."""
    faults = list(_file_faults(folder))
    there = {
        path.name
        for path in folder.iterdir()
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= largest(path.name)
    }
    metadata: Any = None
    if "model.json" in there:
        try:
            metadata = parse_model_json((folder / "model.json").read_bytes())
            faults += metadata_faults(metadata, installing=installing)
        except ValueError:
            faults.append("model.json is not valid JSON (in UTF-8, no key twice, no NaN).")
    if "weights.safetensors" in there:
        faults += _weights_faults(folder / "weights.safetensors", metadata)
    return faults


def _weights_faults(weights: Path, metadata: Any) -> Iterator[str]:
    try:
        read_header(weights)
    except HeaderError as error:
        yield str(error)
    wanted = metadata.get("sha256") if isinstance(metadata, dict) else None
    if isinstance(wanted, str) and _SHA256.fullmatch(wanted) and file_sha256(weights) != wanted:
        yield "The weights are not the ones model.json names: their SHA-256 differs."


def _file_faults(folder: Path) -> Iterator[str]:
    paths = sorted(folder.iterdir())
    names = {path.name for path in paths}
    yield from (f"{name} is missing." for name in NEEDED_FILES if name not in names)
    if len(paths) > MOST_FILES:
        yield f"The bundle holds more than {MOST_FILES} files."
        return
    for path in paths:
        shown = _shown(path.name)
        if path.is_symlink() or not path.is_file():
            yield f"{shown} is not a plain file; a bundle holds no folders and no links."
        elif path.name not in NEEDED_FILES and not (_FILE.fullmatch(path.name) and path.suffix in DATA_ENDINGS):
            yield f"{shown} has no place in a bundle: beside {', '.join(NEEDED_FILES)} only {', '.join(DATA_ENDINGS)}."
        elif path.stat().st_size > largest(path.name):
            yield f"{shown} is larger than {largest(path.name) / 1e6:.1f} MB."
        elif path.name != "weights.safetensors" and not _reads_as(path):
            yield f"{shown} is not what its name says, or holds what a bundle may not."


def largest(name: str) -> int:
    """The most bytes a file of this name may have."""
    special = {"weights.safetensors": LARGEST_WEIGHTS, "model.json": LARGEST_JSON, "CARD.md": LARGEST_CARD}
    return special.get(name, LARGEST_FILE)


def _reads_as(path: Path) -> bool:
    """Is the content of this kind? model.json has an answer of its own."""
    raw = path.read_bytes()
    if path.suffix == ".png":
        return raw.startswith(b"\x89PNG\r\n\x1a\n")
    try:
        text = raw.decode("utf-8")
        if path.suffix == ".json" and path.name != "model.json":
            json.loads(text)
    except (ValueError, RecursionError):
        return path.name == "model.json"
    if path.suffix == ".svg":
        return "<svg" in text and _SVG_TRICK.search(text) is None
    return bool(text.strip()) and "\0" not in text


def metadata_faults(metadata: Any, *, installing: bool = True) -> list[str]:
    """Everything that is wrong with the content of a model.json."""
    if not isinstance(metadata, dict):
        return ["model.json is no JSON object."]
    missing = [key for key in _KEYS if key not in metadata]
    faults = [f"model.json lacks {', '.join(missing)}."] if missing else []
    faults += [words for key, (good, words) in _KEYS.items() if key in metadata and not good(metadata[key])]
    faults += _network_faults(metadata, installing)
    if not isinstance(metadata.get("figures", {}), dict):
        faults.append("figures in model.json must be an object.")
    triage = metadata.get("triage", False)
    if not isinstance(triage, bool):
        faults.append("triage in model.json must be true or false.")
    elif triage and not has_earned_triage(metadata):
        faults.append(
            "model.json claims the triage right, but its figures hold no study_auc whose lower 95 % bound "
            f"is at least {TRIAGE_BAR:.2f}."
        )
    return faults


def _network_faults(metadata: dict[str, Any], installing: bool) -> Iterator[str]:
    network, programme = metadata.get("network"), metadata.get("programme")
    known = {name: entry.programme for name, entry in NETWORKS.items()} | ({} if installing else SHIPPED_ONLY)
    if "programme" in metadata and programme not in known.values():
        yield f"programme in model.json must be one of {', '.join(sorted(set(known.values())))}."
    if "network" not in metadata:
        return
    if not isinstance(network, dict) or not isinstance(network.get("name"), str) or network["name"] not in known:
        yield f"network in model.json must name one of {', '.join(sorted(known))}."
        return
    if programme in known.values() and known[network["name"]] != programme:
        yield f"The network {network['name']} does not belong to the programme {programme}."
    arguments = network.get("arguments", {})
    if not isinstance(arguments, dict) or not all(_is_argument(value) for value in arguments.values()):
        yield f"The network's arguments must be numbers up to {LARGEST_ARGUMENT}, short words, or lists of numbers."


def _is_argument(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 64 and all(isinstance(item, int | float) and _is_argument(item) for item in value)
    if isinstance(value, str):
        return len(value) <= 40
    return isinstance(value, int | float) and abs(value) <= LARGEST_ARGUMENT


def intervals(metadata: dict[str, Any]) -> list[tuple[str, float, float, float]]:
    """(name, value, low, high) of every figure that has a 95 % interval: `{name: value, "ci": {name: [low, high]}}`
    at any depth of `figures`, outer ones first; figures on phantoms are no figures of patients and left out."""
    found: list[tuple[str, float, float, float]] = []
    level = [metadata.get("figures")]
    while level:
        deeper: list[Any] = []
        for node in level:
            if not isinstance(node, dict):
                continue
            bounds = node.get("ci")
            for name, pair in bounds.items() if isinstance(bounds, dict) else ():
                value = node.get(name)
                if _number(value) and isinstance(pair, list) and len(pair) == 2 and all(map(_number, pair)):
                    found.append((str(name), float(value), float(pair[0]), float(pair[1])))  # type: ignore[arg-type]
            deeper += [child for key, child in node.items() if key != "ci" and not _DRAWN.search(key)]
        level = deeper
    return found


def has_earned_triage(metadata: dict[str, Any]) -> bool:
    """Is the lower 95 % bound of its study AUC on held-out patients at least `TRIAGE_BAR`?"""
    found = [figure for figure in intervals(metadata) if figure[0] == "study_auc"]
    if not found:
        return False
    _name, value, low, high = found[0]
    return TRIAGE_BAR <= low <= value <= high <= 1.0


def _number(value: Any) -> bool:
    # JSON has no largest number; a float has.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e15


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:80]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _text(shortest: int, longest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and shortest <= len(value.strip()) <= longest


def _matches(pattern: re.Pattern[str], longest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= longest and pattern.fullmatch(value) is not None


def _sentences(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 40 and all(_text(3, 500)(item) for item in value)


def _object(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _training(value: Any) -> bool:
    return _object(value) and (_text(3, 2000)(value.get("data")) or _sentences(value.get("data")))


_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_matches(_NAME, 64), "name in model.json must be small letters, digits and single hyphens."),
    "version": (_matches(_VERSION, 32), "version in model.json must be three numbers, as in 1.2.0."),
    "programme": (_text(1, 40), "programme in model.json must be a word."),
    "intended_use": (_text(20, 2000), "intended_use in model.json must be a text of 20 to 2,000 letters."),
    "inputs": (_sentences, "inputs in model.json must be a list of sentences: what the model reads."),
    "outputs": (_sentences, "outputs in model.json must be a list of sentences: what the model gives."),
    "network": (_object, "network in model.json must be an object with name and arguments."),
    "preprocessing": (_object, "preprocessing in model.json must be an object."),
    "operating_points": (_object, "operating_points in model.json must be an object."),
    "training": (_training, "training in model.json must be an object that names the training data under data."),
    "licence": (_text(2, 1000), "licence in model.json must be a text."),
    "sha256": (_matches(_SHA256, 64), "sha256 in model.json must be the SHA-256 of the weights in small hex digits."),
    "code_version": (
        _matches(_CODE, 64),
        "code_version in model.json must name the version of the code that made it, as in 0.1.0.",
    ),
}
