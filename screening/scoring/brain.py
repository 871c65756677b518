"""Reading of a non-contrast head CT: is there fresh blood, where, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from screening.dicom.volume import Volume, VolumeError, build_volume, choose_axial_series
from screening.rules.brain import OperatingPoints, tier_of
from screening.scoring.brain_findings import Stack, find_bleeds
from screening.scoring.brain_midline import midline_attributes, midline_shift
from screening.scoring.brain_slices import (
    PreparedStudy,
    SkullView,
    prepare_study,
    view_skull,
    window_grey,
)
from screening.scoring.brain_stack import OWN_ALONE, below_top_mm, stack_logits, study_logit
from screening.scoring.bundle import Bundle, load_bundle
from screening.scoring.gates_pixels import refuse_damaged_volume, refuse_strange_head
from screening.scoring.runtime import engine_for
from screening.scoring.types import InstanceInput, ModelInfo, Refusal, RunContext, ScoreResult, StudyInput

BUNDLE = "brain-haemorrhage"
AS_IS = {"slope": 1.0, "intercept": 0.0}
FEWEST_SLICES = 10
FEWEST_BRAIN_SLICES = 6
LEAST_BRAIN_MM = 60.0
THICK_MM = 5.0
THIN_MM = 3.4
THICKEST_MM = 10.5
LEAST_BRAIN_MM2 = 3000.0
LEAST_RING = 0.80
STEEP_TILT_DEG = 30.0
PROBES = 9
NO_BRAIN = "The images show no brain within a skull; the brain model reads head CT only."


class BrainScorer:
    """The head CT reader. Deterministic; weights come from bundle `brain-haemorrhage`."""

    def __init__(self, bundle: Bundle | None = None) -> None:
        self._bundle = bundle or load_bundle(BUNDLE)

    @property
    def model(self) -> ModelInfo:
        return self._bundle.model

    def score(self, study: StudyInput, context: RunContext) -> ScoreResult:
        """Score one study.

        Raises `Refusal` for other modalities, body parts, orientations, contrast, damaged or missing
        images and stacks that show too little brain; `Cancelled` when told to stop.
        """
        series = _choose_series(study)
        volume = _volume(series, context)
        refuse_damaged_volume(volume)
        stack, limitations = _stack(volume)
        pixel_mm = (volume.spacing[1] + volume.spacing[2]) / 2
        _probe(stack, pixel_mm)
        views = []
        for index, plane in enumerate(stack.hu):
            views.append(view_skull(window_grey(plane), pixel_mm))
            context.step(0.2 + 0.3 * (index + 1) / len(stack.hu))
        _refuse_other_parts(views, stack)
        refuse_strange_head(stack.hu, pixel_mm, views, self._bundle.folder)
        greys = [window_grey(plane) for plane in stack.hu]
        try:
            prepared = prepare_study(greys, pixel_mm, int(self._bundle.preprocessing["size"]), views)
        except ValueError as error:
            raise Refusal(NO_BRAIN) from error
        limitations += _coverage(prepared, stack)
        output = engine_for(self._bundle, context.device)(
            prepared.inputs, batch_size=8, between=lambda done: context.step(0.5 + 0.4 * done)
        )
        return self._result(study, stack, volume, views, prepared, output, tuple(limitations))

    def _result(
        self,
        study: StudyInput,
        stack: Stack,
        volume: Volume,
        views: Sequence[SkullView],
        prepared: PreparedStudy,
        output: dict[str, np.ndarray],
        limitations: tuple[str, ...],
    ) -> ScoreResult:
        points = self._bundle.operating_points
        depth_mm = below_top_mm(stack.positions, prepared.brain_mm2)
        logits = stack_logits(output["logit"], depth_mm, points.get("stack", OWN_ALONE))
        score = probability(study_logit(logits), points["study"])
        slice_line = points.get("slice", AS_IS)
        slice_scores = np.array([probability(float(value), slice_line) for value in logits])
        flagged = score >= points["flag"]
        findings = (
            find_bleeds(stack, views, prepared, output["evidence"], slice_scores, points["slice_flag"])
            if flagged
            else ()
        )
        tier, sentence = tier_of(score, OperatingPoints(points["flag"], points["confident"]), bool(limitations))
        attributes: dict[str, Any] = {
            "slices": len(stack.hu),
            "positive_slices": int((slice_scores >= points["slice_flag"]).sum()) if flagged else 0,
            "strongest_slice": stack.numbers[int(slice_scores.argmax())],
            "slice_scores": [round(float(value), 3) for value in slice_scores],
            "gantry_tilt_deg": volume.flags.gantry_tilt,
            "head_turn_deg": round(prepared.angle_deg, 1),
            **_types(output, points),
            **midline_attributes(midline_shift(prepared, depth_mm)),
        }
        return ScoreResult(
            study_uid=study.study_uid,
            programme="brain",
            state="scored",
            limitations=limitations,
            score=round(score, 4),
            above_threshold=bool(flagged),
            tier=tier,
            tier_rule=sentence,
            findings=findings,
            model=self.model,
            attributes=attributes,
        )


def _types(output: dict[str, np.ndarray], points: dict[str, Any]) -> dict[str, Any]:
    """How likely the study shows each type of haemorrhage that could be told apart at all; exploratory."""
    said = {
        name: round(probability(study_logit(output["types"][:, place]), line), 3)
        for place, (name, line) in enumerate(points.get("types", {}).items())
        if line is not None
    }
    return {"types": said, "types_are_exploratory": True} if said else {}


def probability(logit: float, line: dict[str, float]) -> float:
    """A calibrated probability (0–1) from a logit, by the bundle's logistic line (Platt 1999)."""
    return float(1.0 / (1.0 + np.exp(-(line["slope"] * logit + line["intercept"]))))


def _choose_series(study: StudyInput) -> list[InstanceInput]:
    modalities = {str(item.dataset.get("Modality", "")).strip().upper() for item in study.instances}
    if "CT" not in modalities:
        raise Refusal("The study has no CT images; the brain model reads non-contrast head CT only.")
    plain = [item for item in study.instances if not _has_contrast(item)]
    if not any(str(item.dataset.get("Modality", "")).strip().upper() == "CT" for item in plain):
        raise Refusal("The images were made with contrast agent; the brain model reads non-contrast head CT only.")
    try:
        chosen = choose_axial_series(StudyInput(study.study_uid, plain))
    except VolumeError as error:
        raise Refusal(f"{error} The brain model reads axial slices only.") from error
    uids = {str(source.dataset.get("SOPInstanceUID", "")) for source in chosen}
    if len(uids) < FEWEST_SLICES:
        raise Refusal(f"The axial series has only {len(uids)} slices; the brain model needs at least {FEWEST_SLICES}.")
    return [item for item in plain if any(item.dataset is source.dataset for source in chosen)]


def _has_contrast(item: InstanceInput) -> bool:
    agent = str(item.dataset.get("ContrastBolusAgent", "") or "").strip().upper()
    return agent not in ("", "NONE", "NO", "N", "NO CONTRAST", "WITHOUT")


def _volume(series: Sequence[InstanceInput], context: RunContext) -> Volume:
    try:
        volume = build_volume(series, lambda done: context.step(0.2 * done))
    except VolumeError as error:
        said = str(error)
        raise Refusal(f"No stack of slices can be made: {said[0].lower()}{said[1:]}") from error
    if volume.flags.missing_slices > 0.2 * len(volume.sop_uids):
        raise Refusal(f"The stack lacks {volume.flags.missing_slices} slices; that is too many to read the rest.")
    if volume.spacing[0] > THICKEST_MM:
        raise Refusal(
            f"The slices lie {volume.spacing[0]:.1f} mm apart; the brain model needs {THICKEST_MM:.1f} mm or less."
        )
    flat = [index for index, plane in enumerate(volume.hu) if int(plane.max()) == int(plane.min())]
    if flat:
        raise Refusal(f"Slice {flat[0] + 1} of the stack holds no picture; the images are damaged.")
    return volume


def _stack(volume: Volume) -> tuple[Stack, list[str]]:
    """Slices as the network was taught them (about 5 mm, front of the head up), and what is odd about them."""
    limitations = []
    if volume.flags.uneven_spacing:
        limitations.append("the slices are unevenly spaced")
    if volume.flags.missing_slices:
        count = volume.flags.missing_slices
        limitations.append(f"{count} slice{'s are' if count > 1 else ' is'} missing inside the stack")
    if volume.flags.gantry_tilt > STEEP_TILT_DEG:
        limitations.append(f"the slices are tilted by {volume.flags.gantry_tilt:.0f} degrees")
    if volume.flags.unscaled:
        limitations.append("the images state no rescale intercept, so their densities are uncertain")
    flip_rows, flip_columns = bool(volume.direction[1, 1] < 0), bool(volume.direction[0, 0] < 0)
    group = max(1, round(THICK_MM / volume.spacing[0])) if volume.spacing[0] < THIN_MM else 1
    starts = range(0, len(volume.hu) - group + 1, group)
    hu = np.stack([volume.hu[start : start + group].mean(axis=0, dtype=np.float32) for start in starts])
    middles = [start + group // 2 for start in starts]
    hu = hu[:, :: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return (
        Stack(
            hu=hu,
            positions=np.array([volume.positions[start : start + group].mean() for start in starts]),
            spacing=(volume.spacing[1], volume.spacing[2]),
            sop_uids=tuple(volume.sop_uids[index] for index in middles),
            series_uid=volume.series_uid,
            numbers=tuple(volume.numbers[index] for index in middles),
            flip_rows=flip_rows,
            flip_columns=flip_columns,
        ),
        limitations,
    )


def _probe(stack: Stack, pixel_mm: float) -> None:
    """Refuse another part of the body from a few slices, before the whole stack is looked at."""
    for index in np.unique(np.linspace(0, len(stack.hu) - 1, PROBES).astype(int)):
        view = view_skull(window_grey(stack.hu[index]), pixel_mm)
        if view.area_mm2 > LEAST_BRAIN_MM2 and view.ring >= LEAST_RING:
            return
    raise Refusal(NO_BRAIN)


def _refuse_other_parts(views: Sequence[SkullView], stack: Stack) -> None:
    areas = np.array([view.area_mm2 for view in views])
    largest = float(areas.max())
    good = areas > 0.5 * largest
    rings = np.array([view.ring for view in views])
    span = float(np.ptp(stack.positions[areas > LEAST_BRAIN_MM2])) if (areas > LEAST_BRAIN_MM2).any() else 0.0
    if largest < 2 * LEAST_BRAIN_MM2 or largest > 32000.0 or float(np.median(rings[good])) < LEAST_RING:
        raise Refusal(NO_BRAIN)
    if int((areas > LEAST_BRAIN_MM2).sum()) < FEWEST_BRAIN_SLICES or span < LEAST_BRAIN_MM:
        raise Refusal("The slices cover too little of the brain to be read.")


def _coverage(prepared: PreparedStudy, stack: Stack) -> list[str]:
    areas = prepared.brain_mm2
    limitations = []
    if areas[-1] > 0.6 * areas.max():
        limitations.append("the top of the head is not covered")
    if areas[0] > 0.6 * areas.max():
        limitations.append("the base of the skull is not covered")
    return limitations
