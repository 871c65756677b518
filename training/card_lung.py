"""model.json and the words of CARD.md of the lung bundle; the figures in it come from `training.make_cards`.

`python -m training.card_lung` writes the words again, with empty sections for the figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from screening.scoring.bundle import BUNDLES, file_sha256
from screening.scoring.lung_patches import CONTEXT, GREY_RANGE, PATCH, PATCH_SPACING_MM, SLICES
from training.bundle_facts import described
from training.calibration import fit_platt, logit
from training.datasets_lung import Nodule
from training.figures import empty_section
from training.fit_lung import ARGUMENTS
from training.out_of_fold import read_out_of_fold
from training.second_stage_lung import UNFITTED

VERSION = "0.3.0"
WORDS = Path(__file__).with_name("card_lung.md")
LICENCE = "LIDC-IDRI (The Cancer Imaging Archive), CC BY 3.0; Armato et al., Med Phys 2011;38:915-931"
CONSTANT: dict[str, Any] = {
    "name": "lung-nodule",
    "version": VERSION,
    "programme": "lung",
    "intended_use": (
        "Research. Marks possible lung nodules of 4 mm and more on non-contrast low-dose screening CT of adults, "
        "for a radiologist who reads the whole scan. Not for diagnosis, not for other examinations."
    ),
    "preprocessing": {
        "patch_pixels": PATCH,
        "context_pixels": CONTEXT,
        "pixel_spacing_mm": PATCH_SPACING_MM,
        "slices": SLICES,
        "grey": "each slice of the context stretched to 0-255, Otsu cluster medians to 0 and 1",
        "grey_range": list(GREY_RANGE),
    },
}
OUTLINE = {"outline": 0.5, "smallest_mm": 4.0}
# until the second stage is fitted
THRESHOLDS = {"nodule": 0.2, "mark": 0.5, "mark_below_6_mm": 0.5}
SECTIONS = ("nodules", "suspicion", "phantoms")


def write_model(folder: Path, nodules: Sequence[Nodule], folds: int, epochs: int) -> None:
    """model.json from the weights and scores that lie in the folder; what others wrote into it (second stage, figures)
    stays. The line that calibrates suspicion is fitted on all out-of-fold scores."""
    path = folder / "model.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    columns = read_out_of_fold(folder)
    rated = columns["label"] >= 0
    line = fit_platt(logit(columns["suspicion"][rated]), columns["label"][rated])
    model = {
        **before,
        **CONSTANT,
        "network": {"name": "lung-nodule-net", "arguments": ARGUMENTS},
        "operating_points": {
            **{name: before.get("operating_points", {}).get(name, value) for name, value in THRESHOLDS.items()},
            **OUTLINE,
            "suspicion_slope": round(line["slope"], 4),
            "suspicion_intercept": round(line["intercept"], 4),
        },
        "training": {
            "data": "LIDC-IDRI nodule crops, the training part; second stage: synthetic chests and one real scan",
            "licence": LICENCE,
            "n_nodules": len(nodules),
            "n_patients": len({nodule.patient for nodule in nodules}),
            "epochs": epochs,
            "folds": folds,
            "seen": "seen.json",
        },
        "sha256": file_sha256(folder / "weights.safetensors"),
    }
    model.pop("code_version", None)
    model.setdefault("second_stage", UNFITTED)
    path.write_text(json.dumps(described(model), indent=1) + "\n", encoding="utf-8")


def write_words(folder: Path) -> None:
    """CARD.md with empty sections."""
    text = WORDS.read_text(encoding="utf-8").replace("{version}", VERSION).replace("{licence}", LICENCE)
    for name in SECTIONS:
        text = text.replace(f"{{{name}}}", empty_section(name))
    (folder / "CARD.md").write_text(text, encoding="utf-8")


def main() -> int:
    write_words(BUNDLES / "lung-nodule")
    return 0


if __name__ == "__main__":
    sys.exit(main())
