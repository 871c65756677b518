"""Figures are computed as their names say, and the shipped bundle can be measured on anyone's crops."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.evaluate import main
from training.out_of_fold_lung import dice
from training.statistics import auc, auc_interval, bootstrap_interval, calibration, patient_folds


def write_crops(folder: Path, count: int = 6) -> None:
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:128, :128]
    records = []
    for index in range(count):
        radius = 4 + 2 * index
        disc = (rows - 64) ** 2 + (columns - 64) ** 2 <= radius**2
        grey = rng.normal(30, 4, (3, 128, 128))
        grey[:, :, 105:] = 130
        grey[:, disc] = 130
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8).reshape(384, 128)).save(
            folder / "images" / f"{index}.png"
        )
        Image.fromarray((np.stack([disc] * 3) * 3).astype(np.uint8).reshape(384, 128)).save(
            folder / "masks" / f"{index}.png"
        )
        records.append((f"P{index // 2}", index, f"{index}.png", f"{index}.png", 3, 9, 3, 1 if index < 3 else 5))
    with (folder / "nodules.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["patient", "nodule", "image", "mask", "slices", "slices_in_series", "max_readers", "median_malignancy"]
        )
        writer.writerows(records)


@pytest.mark.parametrize("inner", ["", "lung_nodules"])
def test_the_bundle_is_measured_on_a_folder_or_its_parent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], inner: str
) -> None:
    write_crops(tmp_path / inner if inner else tmp_path / "crops")
    data = tmp_path if inner else tmp_path / "crops"
    assert main(["--programme", "lung", "--data", str(data), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["dice"] > 0.6
    assert figures["n_patients"] == 3
    assert figures["seen_in_training"] == 0
    assert set(figures["ci"]) == {"dice", "suspicion_auc"}
    assert figures["suspicion_auc"] > 0.8
    assert set(figures["calibration"]) == {"ece", "bins"}


def test_a_folder_without_nodules_is_said_and_not_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--programme", "lung", "--data", str(tmp_path), "--json"]) == 2
    assert "nodules.csv" in capsys.readouterr().err


def test_auc_counts_ties_half_and_is_undefined_for_one_class() -> None:
    assert auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert auc(np.array([0, 1]), np.array([0.5, 0.5])) == 0.5
    assert math.isnan(auc(np.array([1, 1]), np.array([0.5, 0.6])))


def test_the_interval_is_drawn_over_patients_and_not_over_cases() -> None:
    values = np.repeat(np.random.default_rng(2).normal(size=20), 50)
    by_patient = bootstrap_interval(np.repeat(np.arange(20), 50), lambda chosen: float(values[chosen].mean()))
    by_case = bootstrap_interval(np.arange(1000), lambda chosen: float(values[chosen].mean()))
    assert by_patient[1] - by_patient[0] > 3 * (by_case[1] - by_case[0])


def test_an_interval_contains_its_auc() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 200)
    scores = labels + rng.normal(0, 1, 200)
    low, high = auc_interval(labels, scores, np.arange(200) // 2)
    assert low < auc(labels, scores) < high


def test_calibration_is_zero_for_honest_and_large_for_boastful_probabilities() -> None:
    labels = np.tile([1, 0, 0, 0], 100)
    assert calibration(labels, np.full(400, 0.25))["ece"] == 0.0
    assert calibration(labels, np.full(400, 0.95))["ece"] == pytest.approx(0.7)


def test_a_patient_is_never_in_two_folds() -> None:
    patients = np.repeat([f"p{number}" for number in range(23)], 3)
    folds = patient_folds(patients, 5)
    assert all(len(set(folds[patients == patient])) == 1 for patient in set(patients))
    assert set(folds) == {0, 1, 2, 3, 4}


def test_dice_is_one_for_the_same_mask_and_undefined_without_truth() -> None:
    mask = np.zeros((4, 4), bool)
    assert math.isnan(dice(mask, mask))
    mask[1:3, 1:3] = True
    assert dice(mask, mask) == 1.0
