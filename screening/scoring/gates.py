"""What may come before a model: the doors that a study passes before anything is read from its pixels.

Each image that the model was not made for is left aside; where none is left, and where the whole study is not for it,
the answer is a `Refusal`, one plain sentence. What merely weakens a reading (a missing view, uneven slices) is no
matter for these doors: the scorers say it as a limitation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from screening.scoring.gates_breast import film_fault
from screening.scoring.gates_common import age_years, text
from screening.scoring.gates_ct import CHEST, HEAD, ct_fault, refuse_unfit_series
from screening.scoring.types import InstanceInput, Refusal, StudyInput

ADULT_YEARS = 18


@dataclass(frozen=True)
class Door:
    """One programme's doors.

    fault: why the model cannot use an image, None for one that it can. whole: raises `Refusal` for images that are
    each usable and together are not. women_only: refuse men.
    """

    fault: Callable[[Dataset], str | None]
    whole: Callable[[StudyInput], None] = lambda _study: None
    women_only: bool = False


DOORS = {
    "lung": Door(lambda dataset: ct_fault(dataset, CHEST), lambda study: refuse_unfit_series(study, CHEST)),
    "brain": Door(lambda dataset: ct_fault(dataset, HEAD), lambda study: refuse_unfit_series(study, HEAD)),
    "breast": Door(film_fault, women_only=True),
}


def admit(programme: str, study: StudyInput) -> StudyInput:
    """The study with the images that the programme's model can use.

    Raises `Refusal` when none is left, when the study is of several patients, of a child, or (breast) of a man, and
    when the images do not make one stack. A programme without doors takes everything.
    """
    if not study.instances:
        raise Refusal("The study holds no images.")
    door = DOORS.get(programme)
    if door is None:
        return study
    if len({text(item.dataset, "PatientID") for item in study.instances} - {""}) > 1:
        raise Refusal("The images belong to more than one patient.")
    faults: Counter[str] = Counter()
    kept: list[InstanceInput] = []
    for item in study.instances:
        fault = door.fault(item.dataset)
        if fault is None:
            kept.append(item)
        else:
            faults[fault] += 1
    if not kept:
        raise Refusal(faults.most_common(1)[0][0])
    _refuse_patients(kept, door)
    left = replace(study, instances=tuple(kept))
    door.whole(left)
    return left


def _refuse_patients(instances: Sequence[InstanceInput], door: Door) -> None:
    ages = [age for item in instances if (age := age_years(item.dataset)) is not None]
    if ages and min(ages) < ADULT_YEARS:
        raise Refusal("The patient is a child; the model was made for adults only.")
    if door.women_only and any(text(item.dataset, "PatientSex") == "M" for item in instances):
        raise Refusal("The patient is a man; the model was made for women's screening mammograms only.")
