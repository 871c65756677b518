"""The breast programme's reading of a screening mammogram."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from screening.dicom.decoded import grey_values
from screening.dicom.pixels import PixelError
from screening.rules.breast import SIDES, band_of, missing_views, suggested_opinion, tier_of
from screening.scoring.breast_film import BreastNotFound, Film, prepare_film
from screening.scoring.breast_reading import (
    FilmReading,
    Mark,
    calibrated,
    film_features,
    film_suspicion,
    foremost,
    graded,
    judged,
    read_films,
    study_suspicion,
)
from screening.scoring.breast_shown import ReadView, shown_marks
from screening.scoring.breast_views import View, select_views, spacing_of, upside_down
from screening.scoring.bundle import Bundle, load_bundle
from screening.scoring.evidence import heat_map
from screening.scoring.gates_pixels import check_film
from screening.scoring.runtime import engine_for
from screening.scoring.types import FindingResult, ModelInfo, Refusal, RunContext, ScoreResult, StudyInput

BUNDLE = "breast-film"
LEVEL_MM = 10.0
DENSITIES = "abcd"
PIXEL_SIZE_UNKNOWN = "pixel size is not given, so sizes are unknown"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One view, ready to read. shape: rows, columns as stored; flipped: was turned upright first."""

    view: View
    film: Film
    shape: tuple[int, int]
    spacing: tuple[float, float] | None
    flipped: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """One view after reading. density: probabilities of a–d; suspicion: log odds."""

    source: _Prepared
    reading: FilmReading
    density: np.ndarray
    suspicion: float

    @property
    def view(self) -> View:
        return self.source.view


class BreastScorer:
    """Reads the four screening views one by one and puts them together by rule.

    The film network, its calibration and its operating points come from the bundle `breast-film`.
    """

    def __init__(self, bundle: Bundle | None = None) -> None:
        self._bundle = bundle or load_bundle(BUNDLE)

    @property
    def model(self) -> ModelInfo:
        return self._bundle.model

    def score(self, study: StudyInput, context: RunContext) -> ScoreResult:
        """Score one mammography study; see `Scorer.score`."""
        views, limitations = select_views(study)
        prepared, problems = _prepare(views, context, self._bundle.folder)
        limitations = [*missing_views((one.view.side, one.view.view) for one in prepared), *problems, *limitations]
        if any(one.spacing is None for one in prepared):
            limitations.append(PIXEL_SIZE_UNKNOWN)
        engine = engine_for(self._bundle, context.device)
        reads = []
        for place, one in enumerate(prepared):
            reads.append(self._read(one, read_films(engine, [one.film])[0]))
            context.step(0.4 + 0.6 * (place + 1) / len(prepared))
        return self._result(study, reads, tuple(dict.fromkeys(limitations)))

    def _read(self, one: _Prepared, reading: FilmReading) -> _Read:
        points = self._bundle.operating_points
        reading = judged(reading, points)
        density = graded(reading.grades, points["density"])
        features = film_features(reading, density)
        malignant, abnormal = (float(calibrated(features, points[kind])) for kind in ("malignant", "abnormal"))
        return _Read(one, reading, density, float(film_suspicion(malignant, abnormal)))

    def _result(self, study: StudyInput, reads: list[_Read], limitations: tuple[str, ...]) -> ScoreResult:
        points = self._bundle.operating_points["study"]
        by_side = {side: [read.suspicion for read in reads if read.view.side == side] for side in SIDES}
        breasts = [suspicions for suspicions in by_side.values() if suspicions]
        log_odds = points["slope"] * study_suspicion(breasts) + points["intercept"]
        score = float(1.0 / (1.0 + np.exp(-log_odds)))
        above = score >= points["threshold"]
        band = band_of(score, points["bands"])
        tier, tier_rule = tier_of(band)
        density = np.mean([read.density for read in reads], axis=0)
        attributes: dict[str, Any] = {
            "density": DENSITIES[int(density.argmax())],
            "density_probability": round(float(density.max()), 3),
            "views": [f"{read.view.side}{read.view.view}" for read in reads],
            "suggested_opinion": suggested_opinion(above, limitations),
        }
        if len(breasts) > 1:
            # log odds: how much more the one breast's films say than the other's
            gap = float(np.mean(by_side["R"]) - np.mean(by_side["L"]))
            attributes |= {"asymmetry": round(abs(gap), 2), "more_suspicious_side": SIDES["R" if gap > 0 else "L"]}
        return ScoreResult(
            study_uid=study.study_uid,
            programme="breast",
            state="scored",
            limitations=limitations,
            score=round(score, 4),
            above_threshold=above,
            band=band,
            tier=tier,
            tier_rule=tier_rule,
            findings=self._findings(reads),
            model=self.model,
            attributes=attributes,
        )

    def _findings(self, reads: list[_Read]) -> tuple[FindingResult, ...]:
        views = [ReadView(read.view.side, read.view.view, read.source.film, read.reading) for read in reads]
        shown = shown_marks(views, self._bundle.operating_points)
        findings = []
        for number, one in enumerate(shown, start=1):
            finding = self._finding(number, one.mark, reads[one.view], one.probability)
            breast_views = sum(views[one.view].side == view.side for view in views)
            if breast_views > 1:
                finding.attributes["seen_in_views"] = 1 if one.matched is None else 2
            for name, other in (("matched_with", one.matched), ("mirrored_by", one.mirrored)):
                if other is not None:
                    finding.attributes[name] = f"f{other + 1}"
            findings.append(finding)
        return tuple(findings)

    def _finding(self, number: int, mark: Mark, read: _Read, probability: float) -> FindingResult:
        dataset = read.view.instance.dataset
        box = frame_box(mark, read.source.film, read.source.shape, read.source.flipped)
        sizes = _sizes_mm(mark, read.source)
        place, attributes = place_of(mark, read.source.film, read.view.view)
        attributes |= {
            "view": read.view.view,
            "side": SIDES[read.view.side],
            "malignancy": round(mark.malignancy, 3),
            "density": DENSITIES[int(read.density.argmax())],
        }
        if sizes is not None:
            attributes |= {"long_axis_mm": sizes[0], "short_axis_mm": sizes[1]}
        return FindingResult(
            id=f"f{number}",
            type="mass",
            location=f"{SIDES[read.view.side]} breast, {place}",
            size_mm=sizes[0] if sizes else None,
            probability=round(probability, 4),
            series_uid=str(dataset.SeriesInstanceUID),
            sop_uid=str(dataset.SOPInstanceUID),
            frame=1,
            box=box,
            attributes=attributes,
            heat_map=_heat_map(mark, read),
        )


def _heat_map(mark: Mark, read: _Read) -> dict[str, Any] | None:
    """The film's heat as a share of the mark's own; a stronger place elsewhere is as bright as the mark."""
    film, source = read.source.film, read.source
    height, width = film.mask.shape
    x0, y0, x1, y1 = film.to_image((0.0, 0.0, float(width), float(height)))
    if source.flipped:
        y0, y1 = source.shape[0] - y1, source.shape[0] - y0
    return heat_map(read.reading.heat / max(mark.heat, 1e-6), (x0, y0, x1, y1), film.mirrored, source.flipped)


def frame_box(mark: Mark, film: Film, shape: tuple[int, int], flipped: bool) -> tuple[float, float, float, float]:
    """The mark's box in pixels of the frame as stored (rows, columns = `shape`), within its edges."""
    x0, y0, x1, y1 = film.to_image(mark.box)
    if flipped:
        y0, y1 = shape[0] - y1, shape[0] - y0
    x0, x1 = (float(np.clip(value, 0, shape[1])) for value in (x0, x1))
    y0, y1 = (float(np.clip(value, 0, shape[0])) for value in (y0, y1))
    return round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)


def place_of(mark: Mark, film: Film, view: str) -> tuple[str, dict[str, Any]]:
    """Where a mark lies on an upright film: the word for its half, and depth and distance from the nipple.

    An MLO tells upper from lower, a CC outer from inner (the outer side hangs up); within 10 mm
    of the nipple's level it is "central". Depth is by thirds from the nipple to the chest wall.
    """
    nipple, columns = foremost(film), np.flatnonzero(film.mask.any(axis=0))
    x, y = mark.centre
    mm = film.pixel_mm
    rise = (nipple[1] - y) * mm
    words = ("upper", "lower") if view == "MLO" else ("outer", "inner")
    half = "central" if abs(rise) < LEVEL_MM else words[0 if rise > 0 else 1]
    back = (nipple[0] - x) / max(1.0, nipple[0] - float(columns[0]))
    depth = "anterior" if back < 1 / 3 else "middle" if back < 2 / 3 else "posterior"
    distance = float(np.hypot(nipple[0] - x, nipple[1] - y)) * mm
    return half, {"depth": depth, "from_nipple_mm": round(distance)}


def _prepare(views: list[View], context: RunContext, folder: Path) -> tuple[list[_Prepared], list[str]]:
    prepared, problems, reasons = [], [], []
    for place, view in enumerate(views):
        try:
            prepared.append(_prepare_view(view, folder))
        except PixelError as error:
            reasons.append(str(error))
            problems.append(f"{view.name} view cannot be read")
        except BreastNotFound:
            reasons.append("No breast is found in the images.")
            problems.append(f"no breast is found in the {view.name} view")
        context.step(0.4 * (place + 1) / len(views))
    if not prepared:
        raise Refusal(reasons[0])
    return prepared, problems


def _prepare_view(view: View, folder: Path) -> _Prepared:
    """Raises `PixelError` and `BreastNotFound`."""
    dataset = view.instance.dataset
    grey = grey_values(view.instance.read())
    flipped = upside_down(dataset, view.side, view.view)
    spacing = spacing_of(dataset)
    film = prepare_film(grey[::-1] if flipped else grey, spacing)
    check_film(grey, film, folder)
    return _Prepared(view, film, (grey.shape[0], grey.shape[1]), spacing, flipped)


def _sizes_mm(mark: Mark, one: _Prepared) -> tuple[float, float] | None:
    """Long and short axis of the box before it is cut at the frame's edges, mm, or None."""
    if one.spacing is None:
        return None
    x0, y0, x1, y1 = one.film.to_image(mark.box)
    sides = sorted([(x1 - x0) * one.spacing[1], (y1 - y0) * one.spacing[0]])
    return round(sides[1], 1), round(sides[0], 1)
