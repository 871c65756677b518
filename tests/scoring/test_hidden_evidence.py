"""What a heat map points at is what the score rests on: hidden, the score falls more than when as much is hidden elsewhere."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from scipy import ndimage

from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import as_bytes
from screening.scoring.brain import BrainScorer
from screening.scoring.breast import BreastScorer
from screening.scoring.evidence import heat_values
from screening.scoring.types import FindingResult, InstanceInput, RunContext, Scorer, ScoreResult, StudyInput

HOT = 0.25
ROOM = 3  # pixels around the hot cells


def read(scorer: Scorer, datasets) -> ScoreResult:
    instances = [InstanceInput(dataset, lambda dataset=dataset: as_bytes(dataset)) for dataset in datasets]
    return scorer.score(StudyInput(str(datasets[0].StudyInstanceUID), instances), RunContext())


def hot_pixels(finding: FindingResult, shape: tuple[int, int]) -> np.ndarray:
    """bool, of the frame: where the map is at least a quarter of its strongest, with a little room."""
    assert finding.heat_map is not None
    values = heat_values(finding.heat_map)
    x0, y0, x1, y1 = finding.heat_map["box"]
    hidden = np.zeros(shape, bool)
    high, wide = (y1 - y0) / values.shape[0], (x1 - x0) / values.shape[1]
    for row, column in zip(*np.nonzero(values >= HOT * values.max()), strict=True):
        top, left = round(y0 + row * high), round(x0 + column * wide)
        bottom, right = round(y0 + (row + 1) * high), round(x0 + (column + 1) * wide)
        hidden[max(0, top - ROOM) : bottom + ROOM, max(0, left - ROOM) : right + ROOM] = True
    return hidden


def with_hidden(datasets, uids: set[str], hidden: np.ndarray, fill: float):
    """The same images; in those named, the hidden pixels hold `fill` (stored value) instead."""
    changed = []
    for dataset in datasets:
        if str(dataset.SOPInstanceUID) in uids:
            dataset = deepcopy(dataset)
            pixels = dataset.pixel_array.copy()
            pixels[hidden] = fill
            dataset.PixelData = pixels.tobytes()
        changed.append(dataset)
    return changed


@pytest.mark.parametrize("bleed", [BleedSpec("intraparenchymal", "right", 2.0), BleedSpec("epidural", "left", 6.0)])
def test_blood_that_is_hidden_leaves_the_head_less_suspect_than_its_other_half_hidden(bleed):
    # Small enough that the score is not at its ceiling.
    datasets = head_ct(62, bleed).datasets
    scorer = BrainScorer()
    whole = read(scorer, datasets)
    finding = whole.findings[0]
    span = range(finding.attributes["first_slice"], finding.attributes["last_slice"] + 1)
    uids = {str(item.SOPInstanceUID) for item in datasets if item.InstanceNumber in span}
    hidden = hot_pixels(finding, (datasets[0].Rows, datasets[0].Columns))
    brain = (32.0 - float(datasets[0].RescaleIntercept)) / float(datasets[0].RescaleSlope)
    without_blood = read(scorer, with_hidden(datasets, uids, hidden, brain))
    without_other = read(scorer, with_hidden(datasets, uids, hidden[:, ::-1], brain))
    assert without_blood.score < whole.score - 0.1
    assert without_blood.score < without_other.score - 0.1


def covered(dataset, hidden: np.ndarray, shift: int):
    """The film with tissue from `shift` rows away laid softly over what is hidden: an edge would be a mass of its own."""
    pixels = dataset.pixel_array.astype(float)
    weight = ndimage.gaussian_filter(ndimage.binary_dilation(hidden, iterations=16).astype(float), 6)
    mixed = pixels * (1 - weight) + np.roll(pixels, shift, axis=0) * weight
    changed = deepcopy(dataset)
    changed.PixelData = np.rint(mixed).astype(dataset.pixel_array.dtype).tobytes()
    return changed


def test_a_mass_that_is_hidden_leaves_the_film_less_suspect_than_other_tissue_hidden():
    films = mammogram(3, MassSpec(side="L", diameter_mm=18.0, margin="spiculated"), density="b", views=("LMLO", "RMLO"))
    scorer = BreastScorer()
    whole = read(scorer, films.datasets)
    film = next(item for item in films.datasets if item.ImageLaterality == "L")
    finding = next(one for one in whole.findings if one.sop_uid == str(film.SOPInstanceUID))
    hidden = hot_pixels(finding, (film.Rows, film.Columns))
    shift = int(hidden.any(axis=1).sum()) + 60
    scores = []
    for place in (hidden, np.roll(hidden, shift, axis=0)):
        changed = covered(film, place, shift)
        scores.append(read(scorer, [changed if item is film else item for item in films.datasets]).score)
    assert scores[0] < scores[1] - 0.05
    assert scores[0] < whole.score - 0.05
