"""ACR Lung-RADS v2022, rows for airway nodules and atypical cysts: what a reader describes, graded by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from screening.rules.growth import whole_months
from screening.rules.lung_rads_nodule import STEPS, Change, Grade, NoduleMeasure, grade_nodule
from screening.rules.reasons import Reason


@dataclass(frozen=True)
class AirwayNodule:
    """level: how far out. air_inside: favours secretions. diameter_mm: mean, where it could be measured."""

    level: Literal["subsegmental", "segmental_or_more_proximal"]
    change: Change = "baseline"
    air_inside: bool = False
    diameter_mm: float | None = None


@dataclass(frozen=True)
class AtypicalCyst:
    """A cyst in the lung.

    wall_mm: the wall's greatest thickness, None where it was not measured; thick from 2 mm on. multilocular: septa
    inside, whatever the wall. cavitary: wall thickening dominates, so it is graded as a solid nodule of
    `diameter_mm`. change: of the mean diameter of the cyst. wall_growing: wall thickness or nodularity.
    more_loculi, more_opacity: since the earlier examination. unclassified: one of multiple cysts, or fluid-filled.
    A nodule beside or inside a cyst is a lesion of its own: the more suspicious of the two decides.
    """

    wall_mm: float | None
    multilocular: bool = False
    change: Change = "baseline"
    was_multilocular: bool = True
    wall_growing: bool = False
    more_loculi: bool = False
    more_opacity: bool = False
    cavitary: bool = False
    diameter_mm: float | None = None
    unclassified: bool = False
    category_before: str | None = None
    days_since: int = 0


THICK_FROM_MM = 2.0


def grade_airway(nodule: AirwayNodule) -> Grade:
    """Subsegmental 2; more proximal 4A when first seen and 4B when still there. It never steps down to 3.

    A subsegmental one that grows has no row: it is graded as a growing solid nodule of its size, 4A without one.
    """
    seen = Reason("airway_level", nodule.level, "", f"Airway nodule, {nodule.level.replace('_', ' ')}.")
    if nodule.air_inside:
        return Grade("2", "air inside an airway abnormality favours secretions", (seen,))
    if nodule.level == "subsegmental":
        if nodule.change not in ("growing", "slow_growth"):
            return Grade("2", f"subsegmental airway nodule, {nodule.change}", (seen,))
        if nodule.diameter_mm is None:
            return Grade("4A", "subsegmental airway nodule, growing, size unknown", (seen,))
        grade = grade_nodule(NoduleMeasure("solid_nodule", nodule.diameter_mm, change=nodule.change))
        return Grade(grade.category, f"subsegmental airway nodule, as {grade.row}", (seen, *grade.reasons))
    if nodule.change in ("baseline", "new"):
        return Grade("4A", f"segmental or more proximal airway nodule, {nodule.change}", (seen,))
    return Grade("4B", f"segmental or more proximal airway nodule, {nodule.change}", (seen,))


def grade_cyst(cyst: AtypicalCyst) -> Grade:
    """A cyst's category; None for what is not classified: thin-walled, one of many, or filled with fluid.

    Where the table leaves a gap the higher category stands: a cyst that became multilocular and grows, or is denser
    inside, is 4B, and so is a multilocular one whose wall or nodularity grows.

    Raises ValueError for a cavitary nodule without a diameter, and for a cyst of one space without its wall.
    """
    wall: tuple[Reason, ...] = ()
    if cyst.wall_mm is not None:
        text = f"The wall is {cyst.wall_mm:g} mm thick."
        wall = (Reason("wall", cyst.wall_mm, "mm", text, threshold=THICK_FROM_MM),)
    if cyst.unclassified:
        return Grade(None, "multiple or fluid-filled cysts are not classified", wall)
    if cyst.cavitary:
        if cyst.diameter_mm is None:
            raise ValueError("A cavitary nodule is graded by its mean diameter.")
        grade = grade_nodule(NoduleMeasure("solid_nodule", cyst.diameter_mm, change=cyst.change))
        return Grade(grade.category, f"cavitary nodule, as {grade.row}", (*wall, *grade.reasons))
    first = cyst.change in ("baseline", "new")
    if cyst.multilocular:
        row = _multilocular(cyst, first)
    elif cyst.wall_mm is None:
        raise ValueError("A cyst of one space is graded by the thickness of its wall, which is not given.")
    elif cyst.wall_mm < THICK_FROM_MM:
        return Grade(None, "thin-walled cyst, not classified", wall)
    elif cyst.wall_growing:
        row = ("4B", "thick-walled cyst with growing wall or nodularity")
    elif first:
        row = ("4A", "thick-walled cyst")
    elif cyst.change == "growing":
        row = ("3", "thick-walled cyst whose cystic component grows")
    else:
        row = _stepped(cyst, "thick-walled cyst")
    return Grade(row[0], row[1], wall)


def _multilocular(cyst: AtypicalCyst, first: bool) -> tuple[str, str]:
    if cyst.change == "growing":
        return "4B", "growing multilocular cyst"
    if cyst.wall_growing:
        return "4B", "multilocular cyst with growing wall or nodularity"
    if cyst.more_opacity or (cyst.more_loculi and cyst.was_multilocular):
        return "4B", "multilocular cyst with more loculation or opacity"
    if not first and not cyst.was_multilocular:
        return "4A", "cyst that became multilocular"
    return ("4A", "multilocular cyst") if first else _stepped(cyst, "multilocular cyst")


def _stepped(cyst: AtypicalCyst, words: str) -> tuple[str, str]:
    """Stable or smaller: one step down after the interval of its category, else as before."""
    before = cyst.category_before or "4A"
    months, lower = STEPS.get(before, (0, before))
    if lower != before and whole_months(cyst.days_since) >= months:
        return lower, f"{words}, {cyst.change} at the {months}-month CT, one step down"
    return before, f"{words}, {cyst.change}"
