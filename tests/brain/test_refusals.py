from copy import deepcopy

import numpy as np
import pytest

from screening.phantoms.headers import ct_datasets, fictional_patient
from screening.scoring.brain import BrainScorer
from screening.scoring.types import InstanceInput, Refusal, RunContext, StudyInput
from tests.brain.cast import head, study_of


def changed(**tags):
    datasets = [deepcopy(item) for item in head("normal").datasets]
    for item in datasets:
        for name, value in tags.items():
            setattr(item, name, value)
    return datasets


def refusal_of(study):
    with pytest.raises(Refusal) as caught:
        BrainScorer().score(study, RunContext())
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


def test_an_mr_study_is_refused():
    assert "no CT images" in refusal_of(study_of(changed(Modality="MR")))


def test_a_head_ct_with_contrast_is_refused():
    assert "contrast" in refusal_of(study_of(changed(ContrastBolusAgent="Iohexol 350")))


def test_coronal_slices_are_refused():
    assert "axial" in refusal_of(study_of(changed(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])))


def test_too_few_slices_are_refused_with_their_number():
    assert "only 5 slices" in refusal_of(study_of(head("normal").datasets[10:15]))


def test_slices_that_cover_too_little_brain_are_refused():
    datasets = [deepcopy(item) for item in head("normal").datasets[12:22]]
    assert "too little of the brain" in refusal_of(study_of(datasets))


def test_a_damaged_file_is_refused():
    datasets = head("normal").datasets
    whole = study_of(datasets)
    broken = InstanceInput(datasets[3], lambda: b"\0" * 200)
    instances = [*whole.instances[:3], broken, *whole.instances[4:]]
    assert "No stack of slices" in refusal_of(StudyInput(whole.study_uid, instances))


def test_a_slice_without_a_picture_is_refused():
    datasets = [deepcopy(item) for item in head("normal").datasets]
    datasets[9].PixelData = bytes(len(datasets[9].PixelData))
    assert "Slice 10" in refusal_of(study_of(datasets))


def test_a_stack_with_most_slices_missing_is_refused():
    datasets = head("normal").datasets
    assert "lacks" in refusal_of(study_of([*datasets[4:12], *datasets[20:26]]))


def test_a_body_without_a_skull_is_refused():
    down, across = np.mgrid[-128:128, -128:128]
    body = np.where((down / 80.0) ** 2 + (across / 115.0) ** 2 < 1.0, 40.0, -1000.0)
    lungs = ((np.abs(across) - 55.0) / 35.0) ** 2 + (down / 50.0) ** 2 < 1.0
    body[lungs] = -850.0
    body[(down - 55) ** 2 + across**2 < 15**2] = 600.0
    volume = np.repeat(body[None], 40, axis=0)
    datasets = ct_datasets(volume, (5.0, 1.5, 1.5), fictional_patient(3), key="chest")
    assert "no brain within a skull" in refusal_of(study_of(datasets))
