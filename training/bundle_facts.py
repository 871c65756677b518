"""What every model.json says of its bundle beside its figures: what goes in, what comes out, licence, code.

The writers of bundles call `described`. `python -m training.bundle_facts` brings the shipped ones up to date.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from screening.scoring.bundle import BUNDLES
from screening.scoring.bundle_schema import folder_faults

ROOT = Path(__file__).resolve().parents[1]
FACTS: dict[str, dict[str, Any]] = {
    "lung-nodule": {
        "inputs": [
            "CT of the chest without contrast medium, axial, in Hounsfield units, slices at most 5 mm apart "
            "(2.5 mm for small nodules), at least 30 of them.",
        ],
        "outputs": [
            "Nodules: slice, outline, long and short axis and mean diameter in mm, volume, type, lobe, suspicion 0 to 1.",
            "Lung-RADS v2022 category by rule from the measurements, and the tier that follows from it.",
        ],
        "licence": "Apache-2.0; trained on LIDC-IDRI (CC BY 3.0), which must be named.",
    },
    "breast-film": {
        "inputs": ["Mammograms for presentation, the views CC and MLO of one or both breasts."],
        "outputs": [
            "Marks: box in the view, probability of a mass, long axis in mm where the pixel size is known.",
            "Study score 0 to 1, band 1 to 10, breast density a to d, a suggested opinion (normal or recall).",
        ],
    },
    "brain-haemorrhage": {
        "inputs": ["CT of the head without contrast medium, axial, in Hounsfield units, slices at most 10 mm apart."],
        "outputs": [
            "Probability of fresh blood for the study and for each slice, with a heat map.",
            "Marks: slice, box, side and level, long axis in mm.",
        ],
        "licence": "Apache-2.0; trained on CT-ICH (CC BY 4.0), which must be named.",
    },
    "drafter": {
        "inputs": [
            "Which facts of one finding are known, the language and the style, as words of a closed vocabulary."
        ],
        "outputs": ["One sentence in English or Chinese with a slot for each fact."],
        "operating_points": {"decoding": "greedy, only words the guard can check"},
        "licence": "Apache-2.0; trained on generated sentences alone.",
    },
}
# The code a bundle's figures depend on.
SOURCES = {
    "lung": ("screening/scoring/lung*.py", "screening/scoring/networks/lung*.py"),
    "breast": ("screening/scoring/breast*.py", "screening/scoring/networks/breast*.py"),
    "brain": ("screening/scoring/brain*.py", "screening/scoring/networks/brain*.py"),
    "report drafting": ("reports/drafting/*.py",),
}


def code_version(programme: str) -> str:
    """Firstread's version, and the first 12 hex digits of a digest over the programme's scorer and networks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    digest = hashlib.sha256()
    for pattern in SOURCES[programme]:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{project}+{digest.hexdigest()[:12]}"


def described(metadata: dict[str, Any]) -> dict[str, Any]:
    """`metadata` with what it does not say itself: inputs, outputs, licence, and the code that makes it now."""
    return {"code_version": code_version(metadata["programme"]), **FACTS.get(metadata["name"], {}), **metadata}


def main() -> int:
    """Complete the shipped bundles, but for the code that made them: that only their writers know.

    Prints what is still wrong with them, and ends with 1 if anything is.
    """
    wrong = 0
    for path in sorted(BUNDLES.glob("*/model.json")):
        text = path.read_text(encoding="utf-8")
        metadata = json.loads(text)
        missing = {key: value for key, value in FACTS.get(metadata["name"], {}).items() if key not in metadata}
        if missing:
            indent = len(text.splitlines()[1]) - len(text.splitlines()[1].lstrip())
            path.write_text(json.dumps({**metadata, **missing}, indent=indent) + "\n", encoding="utf-8")
        for fault in folder_faults(path.parent, installing=False):
            sys.stdout.write(f"{path.parent.name}: {fault}\n")
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
