"""What a reader is shown as evidence lies in the head, wherever the network looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from screening.scoring.brain import BrainScorer
from screening.scoring.brain_findings import _heat_map, _inside
from screening.scoring.evidence import heat_values
from screening.scoring.types import RunContext
from tests.brain.cast import head, reading, study_of
from training.phantoms_brain import points_at_the_bleed

GRID = 40


@pytest.fixture(scope="module")
def read():
    """A stack, the views of its skull, and its prepared slices, as the scorer makes them."""
    kept = {}
    scorer = BrainScorer()
    result = scorer._result

    def note(study, stack, volume, views, prepared, *rest):
        kept.update(stack=stack, views=views, prepared=prepared)
        return result(study, stack, volume, views, prepared, *rest)

    scorer._result = note
    scorer.score(study_of(head("bleed").datasets), RunContext())
    return kept


def shown(read, evidence):
    index = len(read["stack"].hu) // 2
    return index, _heat_map(evidence, index, read["stack"], read["views"][index], read["prepared"])


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1), (GRID // 2, 0)])
def test_a_map_whose_strongest_place_is_outside_the_head_is_shown_inside_alone(read, corner):
    evidence = np.full((GRID, GRID), -6.0, np.float32)
    evidence[GRID // 2 - 3, GRID // 2 - 5] = -4.0
    evidence[corner] = 9.0
    index, stored = shown(read, evidence)
    values, (x0, y0, x1, y1) = heat_values(stored), stored["box"]
    stack = read["stack"]
    inside = _inside(read["views"][index], stack.hu[index].shape, stack.spacing)
    inside = inside[:: -1 if stack.flip_rows else 1, :: -1 if stack.flip_columns else 1]
    high, wide = (y1 - y0) / values.shape[0], (x1 - x0) / values.shape[1]
    lit = np.argwhere(values > 0)
    assert len(lit)
    for row, column in lit:
        top, left = round(y0 + row * high), round(x0 + column * wide)
        assert inside[top : top + round(high), left : left + round(wide)].any()
    assert values.max() == pytest.approx(1.0)


def test_without_a_skull_nothing_is_shown_rather_than_anything_anywhere(read):
    index = len(read["stack"].hu) // 2
    view = read["views"][index]
    nothing = replace(view, inside=np.zeros_like(view.inside))
    evidence = np.zeros((GRID, GRID), np.float32)
    assert _heat_map(evidence, index, read["stack"], nothing, read["prepared"]) is None


@pytest.mark.parametrize("name", ["bleed", "epidural"])
def test_the_shown_map_points_at_a_drawn_bleed(name):
    assert points_at_the_bleed(reading(name), head(name))


def test_a_head_without_a_bleed_is_pointed_at_nowhere():
    assert not points_at_the_bleed(reading("calm"), head("calm"))
