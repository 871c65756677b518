"""The shipped breast bundle's figures on a folder of labelled mammograms; fits nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from screening.scoring.breast_reading import calibrated, film_features, graded, judged, read_films
from screening.scoring.bundle import Bundle, load_bundle
from screening.scoring.runtime import engine_for
from training.datasets_breast import CBIS, Case, folder_kind, load_folder
from training.figures_breast import figures, films_of


def evaluate(data: Path) -> dict[str, Any]:
    """The figures of a folder laid out like `mammograms` or `mammogram_masses`, or, of a folder
    that holds such folders, theirs by name. Raises FileNotFoundError when there is none."""
    bundle = load_bundle("breast-film")
    if folder_kind(data) is not None:
        return _of_folder(bundle, data)
    inside = [folder for folder in sorted(data.iterdir()) if folder.is_dir() and folder_kind(folder) is not None]
    if not inside:
        raise FileNotFoundError(f"{data} holds no images.csv of mammograms.")
    return {folder.name: _of_folder(bundle, folder) for folder in inside}


def _of_folder(bundle: Bundle, folder: Path) -> dict[str, Any]:
    cases = load_folder(folder)
    if not cases:
        raise FileNotFoundError(f"{folder} holds no readable mammograms.")
    points = bundle.operating_points
    kind, scale = ("malignant", "density") if cases[0].source == CBIS else ("abnormal", "tissue")
    read = read_films(engine_for(bundle), [case.film for case in cases])
    readings = [judged(reading, points) for reading in read]
    features = [film_features(reading, graded(reading.grades, points["density"])) for reading in readings]
    density = np.stack([graded(reading.grades, points[scale]) for reading in readings])
    return {
        "model": bundle.model.as_json(),
        **figures(films_of(cases, readings, calibrated(np.stack(features), points[kind]), density)),
        "seen_in_training": _seen(bundle, cases),
    }


def _seen(bundle: Bundle, cases: list[Case]) -> int:
    listed = set(json.loads((bundle.folder / bundle.metadata["training"]["seen"]).read_text(encoding="utf-8")))
    return sum(case.digest in listed for case in cases)
