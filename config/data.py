"""Where the real images for training and testing are: the only place that names the folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """`FIRSTREAD_DATA`, or `../shared/data` beside the project. It may not exist."""
    return Path(os.environ.get("FIRSTREAD_DATA") or ROOT.parent / "shared" / "data")
