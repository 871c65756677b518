"""The lung programme: nodules on low-dose screening CT and a Lung-RADS category by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from screening.dicom.volume import Volume, VolumeError, build_volume, choose_axial_series
from screening.rules.lung_rads import (
    ORDER,
    nodule_category,
    tier_of,
)
from screening.scoring.bundle import Bundle, load_bundle
from screening.scoring.gates_pixels import refuse_damaged_volume, refuse_strange_chest
from screening.scoring.lung_candidates import Lungs, find_candidates, find_lungs, grid_step, pooled
from screening.scoring.lung_history import assess, lungs_frame
from screening.scoring.lung_measure import LOBE_NAMES
from screening.scoring.lung_reading import Nodule, read_nodules
from screening.scoring.runtime import engine_for
from screening.scoring.types import FindingResult, ModelInfo, Refusal, RunContext, ScoreResult, StudyInput

BUNDLE = "lung-nodule"
FEWEST_SLICES = 30
THICKEST_MM = 5.0
SCREENING_MM = 2.5
LEAST_LUNG_ML = 1000.0
STEEPEST_TILT = 10.0
MOST_FINDINGS = 10
MOST_CANDIDATES = 400
ACTIONABLE_MM = 6.0
MARKED_FROM = 0.5


class LungScorer:
    """Reads one chest CT: the best axial series, candidates, network, measurements, rule."""

    def __init__(self, bundle: Bundle | None = None) -> None:
        self._bundle: Bundle = bundle or load_bundle(BUNDLE)

    @property
    def model(self) -> ModelInfo:
        return self._bundle.model

    def score(self, study: StudyInput, context: RunContext) -> ScoreResult:
        """Score one study. Raises `Refusal` for anything that is no whole thin-slice chest CT in HU."""
        try:
            series = choose_axial_series(study, prefer_sharp=True)
            if len(series) < FEWEST_SLICES:
                raise Refusal(f"The axial series has {len(series)} slices; a chest needs at least {FEWEST_SLICES}.")
            volume = build_volume(series, lambda done: context.step(0.3 * done))
        except VolumeError as error:
            raise Refusal(str(error)) from error
        refuse_unfit(volume)
        refuse_damaged_volume(volume)
        lungs, nodules, below = self.nodules_in(volume, context)
        limitations = limitations_of(volume, lungs, str(series[0].dataset.get("ContrastBolusAgent") or ""))
        return self._result(study, volume, lungs, nodules, below, limitations)

    def nodules_in(self, volume: Volume, context: RunContext) -> tuple[Lungs, list[Nodule], float]:
        """The lungs, the nodules worth a mark (highest category first), and how suspicious the most suspicious of the
        rest is (0–1). Raises `Refusal` for what does not look like an adult's chest."""
        step = grid_step(volume)
        coarse = pooled(volume, step)
        lungs = find_lungs(volume, coarse, step)
        if lungs.millilitres < LEAST_LUNG_ML:
            raise Refusal("The images do not show the lungs of an adult.")
        refuse_strange_chest(volume, self._bundle.folder)
        candidates = find_candidates(
            volume, coarse, lungs, MOST_CANDIDATES, lambda done: context.step(0.3 + 0.2 * done)
        )
        del coarse
        points = self._bundle.operating_points
        seen, below = read_nodules(
            volume,
            lungs,
            candidates,
            engine_for(self._bundle, context.device),
            points,
            self._bundle.metadata["second_stage"],
            lambda done: context.step(0.5 + 0.4 * done),
        )
        nodules = marked(seen, points)
        unmarked = [nodule.mark * nodule.suspicion for nodule in seen if nodule not in nodules]
        return lungs, nodules, max([below, *unmarked])

    def _result(
        self,
        study: StudyInput,
        volume: Volume,
        lungs: Lungs,
        nodules: list[Nodule],
        below: float,
        limitations: tuple[str, ...],
    ) -> ScoreResult:
        threshold = MARKED_FROM
        findings = [_finding(nodule, volume, index + 1) for index, nodule in enumerate(nodules)]
        first = volume.sop_uids[0]
        header = next(each.dataset for each in study.instances if each.dataset.get("SOPInstanceUID") == first)
        frame = lungs_frame(volume, lungs.mask, lungs.step)
        assessed = assess(findings, header, frame, limitations, study.prior)
        tier, tier_rule = tier_of(assessed.grade.category)
        shown = assessed.findings[:MOST_FINDINGS]
        score = threshold * below
        if nodules:
            score = threshold + (1 - threshold) * max(nodule.suspicion for nodule in nodules)
        return ScoreResult(
            study_uid=study.study_uid,
            programme="lung",
            state="scored",
            limitations=limitations,
            score=round(score, 4),
            above_threshold=bool(nodules),
            category=assessed.grade.category,
            category_rule=assessed.sentence,
            tier=tier,
            tier_rule=tier_rule,
            findings=shown,
            model=self.model,
            attributes={
                "nodules_marked": len(nodules),
                "findings_left_out": len(nodules) - len(shown),
                "series_uid": volume.series_uid,
                "slices": len(volume.sop_uids),
                "slice_spacing_mm": round(volume.spacing[0], 3),
                "lung_volume_ml": round(lungs.millilitres),
                "duplicate_images": volume.flags.duplicates,
                **assessed.attributes,
            },
        )


def marked(nodules: Sequence[Nodule], points: Mapping[str, float]) -> list[Nodule]:
    """Those worth a mark, highest category first. points: `smallest_mm`, `mark` and, under 6 mm, `mark_below_6_mm`."""
    kept = [
        nodule
        for nodule in nodules
        if nodule.measure.diameter_mm >= points["smallest_mm"]
        and nodule.mark >= points["mark" if nodule.measure.diameter_mm >= ACTIONABLE_MM else "mark_below_6_mm"]
    ]
    return sorted(
        kept, key=lambda nodule: (-ORDER.index(nodule_category(nodule.measure)), -nodule.mark * nodule.suspicion)
    )


def refuse_unfit(volume: Volume) -> None:
    """Raise `Refusal` with one sentence when the volume is not what the model was made for."""
    missing = volume.flags.missing_slices
    if len(volume.sop_uids) < FEWEST_SLICES:
        raise Refusal(f"The axial series has {len(volume.sop_uids)} slices; a chest needs at least {FEWEST_SLICES}.")
    if volume.spacing[0] > THICKEST_MM:
        raise Refusal(f"The slices lie {volume.spacing[0]:.1f} mm apart; at most {THICKEST_MM:.0f} mm can be read.")
    if missing > 0.1 * len(volume.sop_uids):
        raise Refusal(f"{missing} slices of the series are missing.")
    if volume.flags.gantry_tilt > STEEPEST_TILT:
        raise Refusal("The scanner was tilted, which a chest CT never is.")
    if volume.flags.unscaled and int(volume.hu.min()) > -500:
        raise Refusal("The images are not in Hounsfield units.")


def limitations_of(volume: Volume, lungs: Lungs, contrast: str = "") -> tuple[str, ...]:
    """Plain phrases for everything that makes the assessment incomplete."""
    found = []
    if volume.flags.missing_slices:
        found.append(f"{volume.flags.missing_slices} slices are missing")
    if volume.flags.uneven_spacing:
        found.append("slice spacing is uneven")
    if volume.spacing[0] > SCREENING_MM + 0.05:
        found.append(f"slices lie {volume.spacing[0]:.1f} mm apart, small nodules can be missed")
    largest = int(lungs.area.max())
    if lungs.area[0] > 0.25 * largest:
        found.append("the lungs are cut off at the lower end")
    if lungs.area[-1] > 0.25 * largest:
        found.append("the lungs are cut off at the upper end")
    if contrast.strip():
        found.append("contrast medium was given")
    return tuple(found)


def _finding(nodule: Nodule, volume: Volume, number: int) -> FindingResult:
    rows, columns = nodule.outline.inside
    centre = volume.to_patient(nodule.slice, float(rows.mean()), float(columns.mean()))
    attributes: dict[str, Any] = {
        "centre_mm": [round(value, 1) for value in centre],
        "long_axis_mm": round(nodule.long_mm, 1),
        "short_axis_mm": round(nodule.short_mm, 1),
        "volume_mm3": round(nodule.volume_mm3),
        "side": "left" if nodule.lobe.startswith("L") else "right",
        "lobe": nodule.lobe,
        "lobe_basis": "approximate, from position",
        "slice": volume.numbers[nodule.slice],
        "suspicion": round(nodule.suspicion, 3),
        "category": nodule_category(nodule.measure),
    }
    if nodule.measure.solid_mm is not None:
        attributes["solid_component_mm"] = nodule.measure.solid_mm
    return FindingResult(
        id=f"f{number}",
        type=nodule.measure.type,
        location=LOBE_NAMES[nodule.lobe],
        size_mm=nodule.measure.diameter_mm,
        probability=round(nodule.nodule, 4),
        series_uid=volume.series_uid,
        sop_uid=volume.sop_uids[nodule.slice],
        frame=1,
        box=nodule.outline.box,
        attributes=attributes,
        contour=[[round(float(x), 2), round(float(y), 2)] for x, y in nodule.outline.polygon[::2]],
    )
