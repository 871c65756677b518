"""Synthetic studies as a technologist has them: one zip archive each."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from screening.phantoms.headers import as_bytes

COARSE = 256


def zipped(path: Path, datasets: Iterable[Any]) -> Path:
    """`datasets` as files of an archive at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, dataset in enumerate(datasets, start=1):
            archive.writestr(f"study/{number:04d}.dcm", as_bytes(dataset))
    return path


def zipped_folder(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return path


def text_of(pdf: bytes) -> str:
    """The words of a PDF, spaces made single; empty where pdftotext is not installed."""
    if shutil.which("pdftotext") is None:
        return ""
    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(io.StringIO(run.stdout.decode("utf-8")).read().split())
