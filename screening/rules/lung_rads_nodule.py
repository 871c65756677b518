"""ACR Lung-RADS v2022 by rule from measurements: nodules at baseline, new, growing and followed up.

Diameters are means of long and short axis to 0.1 mm, never rounded to whole millimetres before they are
compared; volumes to whole mm³. One or the other decides, never one converted into the other. Airway nodules
and atypical cysts are in `lung_rads_other`, the whole examination in `lung_rads`.

Where the table leaves a gap the higher category stands:
- a new part-solid nodule of 6 mm or more is graded by its solid component; below 6 mm it is category 3;
- a part-solid nodule that grew is graded by its solid component as growing, unless that is known to be stable;
- a ground-glass nodule of 30 mm or more that grew quickly stays category 3;
- larger by more than 1.5 mm, but over more than 12 months, is no growth; it bars a step down;
- a stable nodule that crosses a size limit is graded by its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from screening.rules.growth import tenths
from screening.rules.reasons import Reason

VERSION = "Lung-RADS v2022"
NoduleType = Literal["solid_nodule", "part_solid_nodule", "ground_glass_nodule"]
WORDS = {"solid_nodule": "solid", "part_solid_nodule": "part-solid", "ground_glass_nodule": "ground-glass"}
ORDER = ("1", "2", "3", "4A", "4B", "4X")
Change = Literal["baseline", "new", "growing", "slow_growth", "increased", "stable", "decreased"]
CHANGE_WORDS = {
    "baseline": "baseline",
    "new": "new",
    "growing": "growing",
    "slow_growth": "slowly growing over several examinations",
    "increased": "larger over more than 12 months",
    "stable": "stable",
    "decreased": "smaller",
}
# Volume limits of the table, mm³ for mm.
VOLUME_OF = {4: 34, 6: 113, 8: 268, 10: 524, 15: 1767, 30: 14137}
FLAT_SHAPES = ("oval", "lentiform", "triangular")
# Category → (whole months after which it steps down when stable or smaller, the category it steps down to).
STEPS = {"3": (6, "2"), "4A": (3, "3")}


@dataclass(frozen=True)
class Before:
    """A nodule on the earlier examination: its category, sizes in mm, and whole months since then."""

    category: str | None
    diameter_mm: float | None
    months: int
    type: NoduleType | None = None
    solid_mm: float | None = None


@dataclass(frozen=True)
class NoduleMeasure:
    """One nodule.

    diameter_mm: mean diameter; solid_mm: of a part-solid one, the solid component's. volumes_mm3: (whole,
    solid component or None), which then decide in place of the diameters. change: since the earlier examination;
    solid_change: of the solid component, None when unknown. before: the nodule then.

    From a reader only: benign (complete, central, popcorn or concentric calcification, or fat), juxtapleural
    and smooth with a shape, suspicious (extra features that raise suspicion), proven_benign after work-up.
    """

    type: NoduleType
    diameter_mm: float
    solid_mm: float | None = None
    volumes_mm3: tuple[float, float | None] | None = None
    change: Change = "baseline"
    solid_change: Change | None = None
    before: Before | None = None
    benign: Literal["complete", "central", "popcorn", "concentric", "fat"] | None = None
    juxtapleural: bool = False
    smooth: bool = False
    shape: Literal["oval", "lentiform", "triangular", "round", "irregular"] | None = None
    suspicious: tuple[str, ...] = ()
    proven_benign: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """A category and the row of the table it comes from. category: None for what is not classified."""

    category: str | None
    row: str
    reasons: tuple[Reason, ...] = ()


def mean_diameter(long_mm: float, short_mm: float) -> float:
    """The mean of both axes to 0.1 mm, halves up: the axes first, as they are printed, then the mean."""
    mean = (tenths(long_mm) + tenths(short_mm)) / 2
    return float(mean.quantize(Decimal("0.1"), ROUND_HALF_UP))


def nodule_category(nodule: NoduleMeasure) -> str:
    """Category 1, 2, 3, 4A, 4B or 4X of one nodule. A part-solid one of 6 mm or more needs its solid component."""
    return grade_nodule(nodule).category or "1"


def grade_nodule(nodule: NoduleMeasure) -> Grade:
    """The nodule's category with the row and the measurements that led to it.

    Raises ValueError when the row asks for the size of a solid component that was not given.
    """
    if nodule.proven_benign:
        return Grade("2", "4B lesion proven benign after work-up", _sizes(nodule))
    if nodule.benign:
        pattern = "fat" if nodule.benign == "fat" else f"{nodule.benign} calcification"
        return Grade("1", f"nodule with benign features: {pattern}", _sizes(nodule))
    grade = _juxtapleural(nodule) or _by_change(nodule)
    if nodule.suspicious and grade.category in ("3", "4A", "4B"):
        extra = Reason("suspicious", ", ".join(nodule.suspicious), "", "Features that raise suspicion.")
        return Grade("4X", f"{grade.row}, with features that raise suspicion", (*grade.reasons, extra))
    return grade


def described(nodule: NoduleMeasure) -> str:
    """ "a part-solid nodule of 8.4 mm with a solid component of 3.0 mm"."""
    kind = WORDS[nodule.type]
    if nodule.volumes_mm3 is not None:
        whole, solid = nodule.volumes_mm3
        size, part, unit = _whole(whole), None if solid is None else _whole(solid), "mm³"
    else:
        size, part, unit = (
            tenths(nodule.diameter_mm),
            None if nodule.solid_mm is None else tenths(nodule.solid_mm),
            "mm",
        )
    text = f"a {kind} nodule of {size} {unit}"
    if _is_flat_at_the_pleura(nodule):
        text += f", juxtapleural, smooth and {nodule.shape}"
    if nodule.type == "part_solid_nodule" and part is not None:
        text += f" with a solid component of {part} {unit}"
    if nodule.change == "baseline":
        return text
    return f"{text}, {CHANGE_WORDS[nodule.change]}"


def highest(grades: Sequence[Grade]) -> Grade:
    """The grade of the highest category, the first of equals. Raises ValueError for none."""
    return max(grades, key=lambda grade: rank(grade.category))


def rank(category: str | None) -> int:
    """A category's place from low to high; what is not classified lies lowest."""
    return -1 if category is None else ORDER.index(category)


def _whole(volume: float) -> Decimal:
    return Decimal(repr(float(volume))).quantize(Decimal(1), ROUND_HALF_UP)


def _below(nodule: NoduleMeasure, limit_mm: int, solid: bool = False) -> bool:
    """Is the nodule, or its solid component, smaller than a limit of the table?"""
    if nodule.volumes_mm3 is not None:
        size, limit = nodule.volumes_mm3[1 if solid else 0], VOLUME_OF[limit_mm]
    else:
        size, limit = nodule.solid_mm if solid else nodule.diameter_mm, limit_mm
    if size is None:
        raise ValueError("A part-solid nodule of 6 mm or more needs the size of its solid component.")
    return (_whole(size) if nodule.volumes_mm3 is not None else tenths(size)) < limit


def _sizes(nodule: NoduleMeasure, limit_mm: int | None = None, solid: bool = False) -> tuple[Reason, ...]:
    """The sizes as reasons, the one that decided with the limit it was held against."""
    volumes = nodule.volumes_mm3
    unit = "mm" if volumes is None else "mm3"
    given = (nodule.diameter_mm, nodule.solid_mm) if volumes is None else volumes
    found = []
    for name, words, size, decided in (
        ("mean_diameter" if volumes is None else "volume", "The nodule", given[0], not solid),
        ("solid_component", "Its solid component", given[1], solid),
    ):
        if size is None or (name == "solid_component" and nodule.type != "part_solid_nodule"):
            continue
        value = tenths(size) if volumes is None else _whole(size)
        threshold = None
        text = f"{words} measures {value} {'mm' if volumes is None else 'mm³'}"
        if limit_mm is not None and decided:
            threshold = float(limit_mm if volumes is None else VOLUME_OF[limit_mm])
            text += f", {'below' if _below(nodule, limit_mm, solid) else 'at or above'} the limit of {threshold:g}"
        found.append(Reason(name, float(value), unit, f"{text}.", threshold=threshold))
    return tuple(found)


def _graded(
    nodule: NoduleMeasure, when: str, limits: Sequence[tuple[int, str]], top: str, solid: bool = False
) -> Grade:
    """The category below the first limit that is not reached, else `top`; limits: (mm, category) rising."""
    part = "solid component" if solid else WORDS[nodule.type]
    unit = "mm" if nodule.volumes_mm3 is None else "mm³"
    shown = {mm: mm if nodule.volumes_mm3 is None else VOLUME_OF[mm] for mm, _category in limits}
    last = None
    for limit, category in limits:
        if _below(nodule, limit, solid):
            lower = f"{shown[last]} to " if last is not None else ""
            words = f"{lower}less than {shown[limit]} {unit}"
            return Grade(category, f"{part} {words}, {when}", _sizes(nodule, limit, solid))
        last = limit
    assert last is not None
    return Grade(top, f"{part} {shown[last]} {unit} or more, {when}", _sizes(nodule, last, solid))


def _at_baseline(nodule: NoduleMeasure, when: str = "at baseline") -> Grade:
    if nodule.type == "ground_glass_nodule":
        return _graded(nodule, when, ((30, "2"),), "3")
    if nodule.type == "solid_nodule":
        return _graded(nodule, when, ((6, "2"), (8, "3"), (15, "4A")), "4B")
    if _below(nodule, 6):
        return _graded(nodule, when, ((6, "2"),), "2")
    return _graded(nodule, when, ((6, "3"), (8, "4A")), "4B", solid=True)


def _new(nodule: NoduleMeasure) -> Grade:
    if nodule.type == "ground_glass_nodule":
        return _graded(nodule, "new", ((30, "2"),), "3")
    if nodule.type == "solid_nodule":
        return _graded(nodule, "new", ((4, "2"), (6, "3"), (8, "4A")), "4B")
    if _below(nodule, 6):
        return _graded(nodule, "new", ((6, "3"),), "3")
    return _graded(nodule, "new", ((4, "4A"),), "4B", solid=True)


def _by_change(nodule: NoduleMeasure) -> Grade:
    change = nodule.change
    if change == "baseline":
        return _at_baseline(nodule)
    if change == "new":
        return _new(nodule)
    grade = _growing(nodule) if change == "growing" else _followed(nodule)
    if nodule.type == "part_solid_nodule" and nodule.solid_change in ("new", "growing"):
        when = f"{nodule.solid_change} solid component"
        grade = highest([_graded(nodule, when, ((4, "4A"),), "4B", solid=True), grade])
    return grade


def _growing(nodule: NoduleMeasure) -> Grade:
    by_size = _at_baseline(nodule, "by its size")
    if nodule.type == "ground_glass_nodule":
        return _graded(nodule, "growing", ((30, "2"),), "3")
    if nodule.type == "solid_nodule":
        return _graded(nodule, "growing", ((8, "4A"),), "4B")
    if nodule.solid_change in (None, "growing", "new"):
        return highest([_graded(nodule, "growing", ((4, "4A"),), "4B", solid=True), by_size])
    return by_size


def _followed(nodule: NoduleMeasure) -> Grade:
    """Stable, smaller, or larger without growth by definition."""
    change = nodule.change
    sizes = _sizes(nodule)
    if nodule.type == "ground_glass_nodule":
        return Grade("2", f"ground-glass, {CHANGE_WORDS[change]}", sizes)
    if change == "slow_growth":
        return Grade("4B", f"{WORDS[nodule.type]}, {CHANGE_WORDS[change]}", sizes)
    by_size = _at_baseline(nodule, "by its size")
    before = nodule.before
    if before is None or before.category not in ORDER:
        return by_size
    earlier = Grade(before.category, f"{CHANGE_WORDS[change]}, as on the earlier examination", sizes)
    if change == "increased":
        return highest([by_size, earlier])
    if _crossed(nodule, before, by_size):
        return Grade(by_size.category, f"{by_size.row}, over a limit since the earlier examination", by_size.reasons)
    months, stepped = STEPS.get(before.category, (0, before.category))
    if stepped == before.category:
        return earlier
    wait = Reason(
        "months",
        before.months,
        "months",
        f"{CHANGE_WORDS[change].capitalize()} after {before.months} months; a step down takes {months}.",
        threshold=float(months),
    )
    if before.months < months:
        return Grade(earlier.category, earlier.row, (*sizes, wait))
    return Grade(stepped, f"{CHANGE_WORDS[change]} at the {months}-month CT, one step down", (*sizes, wait))


def _crossed(nodule: NoduleMeasure, before: Before, by_size: Grade) -> bool:
    """Does the size alone give a higher category than it gave on the earlier examination?"""
    if before.diameter_mm is None or nodule.volumes_mm3 is not None:
        return False
    earlier = NoduleMeasure(before.type or nodule.type, before.diameter_mm, before.solid_mm)
    if earlier.type == "part_solid_nodule" and earlier.solid_mm is None and not _below(earlier, 6):
        return False
    return rank(by_size.category) > rank(_at_baseline(earlier).category)


def _juxtapleural(nodule: NoduleMeasure) -> Grade | None:
    """The row for juxtapleural nodules, when all its conditions hold: solid, smooth, flat, less than 10 mm."""
    if nodule.change not in ("baseline", "new") or not _is_flat_at_the_pleura(nodule) or not _below(nodule, 10):
        return None
    row = f"juxtapleural, smooth and {nodule.shape}, less than 10 mm, {CHANGE_WORDS[nodule.change]}"
    return Grade("2", row, _sizes(nodule, 10))


def _is_flat_at_the_pleura(nodule: NoduleMeasure) -> bool:
    return nodule.juxtapleural and nodule.type == "solid_nodule" and nodule.smooth and nodule.shape in FLAT_SHAPES
