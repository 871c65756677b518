"""The scores that figures come from: `out_of_fold.csv` of a bundle, one row a case scored by a model that never saw it.

Every figure of a card is computed from the file as it was written, so that anyone can compute it again. Patients are
the publishers' own pseudonyms. Columns: patient, fold, and
brain: case, label, score, probability; breast: source, case, target, label, score, probability; lung: case,
label, readers, suspicion, dice. More may follow.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.statistics import require_whole_patients

NAME = "out_of_fold.csv"
WHOLE = {"fold", "label", "readers"}
WORDS = {"patient", "case", "source", "target"}
REQUIRED = {"patient", "fold"}


def write_out_of_fold(folder: Path, columns: Mapping[str, Any]) -> None:
    """Write columns of one length; fractions keep six digits, NaN and None become empty.

    ValueError when patient or fold is absent, a length differs, or a patient lies in two folds.
    """
    _check(columns)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell(name, value) for name, value in zip(columns, row, strict=True)])
    (folder / NAME).write_text(text.getvalue(), encoding="utf-8")


def read_out_of_fold(folder: Path) -> dict[str, np.ndarray]:
    """The columns as arrays (n,): names as text, fold, label and readers as int (−1 where empty), the rest as float (NaN
    where empty). FileNotFoundError without the file, ValueError as in `write_out_of_fold`."""
    with (folder / NAME).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{NAME} has no rows.")
    columns = {name: _column(name, [row[name] for row in rows]) for name in rows[0]}
    _check(columns)
    return columns


def _check(columns: Mapping[str, Any]) -> None:
    if not set(columns) >= REQUIRED:
        raise ValueError("Out-of-fold scores need the columns patient and fold.")
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("The columns of the out-of-fold scores differ in length.")
    sources = columns.get("source", [""] * len(columns["patient"]))
    require_whole_patients([*zip(map(str, sources), map(str, columns["patient"]), strict=True)], columns["fold"])


def _cell(name: str, value: Any) -> str:
    if name in WORDS:
        return str(value)
    if value is None or not np.isfinite(value):
        return ""
    return str(int(value)) if name in WHOLE else f"{float(value):.6g}"


def _column(name: str, cells: list[str]) -> np.ndarray:
    if name in WORDS:
        return np.array(cells)
    if name in WHOLE:
        return np.array([int(cell) if cell else -1 for cell in cells])
    return np.array([float(cell) if cell else np.nan for cell in cells])
