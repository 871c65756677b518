from functools import lru_cache

import numpy as np
import pytest

from screening.phantoms.head import BleedSpec, head_ct
from screening.scoring.brain_midline import midline_attributes, midline_shift
from screening.scoring.brain_slices import prepare_study, window_grey
from screening.scoring.brain_stack import below_top_mm

drawn_head = lru_cache(head_ct)


def shift_of(study, slices=slice(4, None)):
    hu = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in study.datasets][slices]
    heights = np.array([float(d.ImagePositionPatient[2]) for d in study.datasets])[slices]
    prepared = prepare_study([window_grey(plane) for plane in hu], float(study.datasets[0].PixelSpacing[0]), 192)
    return midline_shift(prepared, below_top_mm(heights, prepared.brain_mm2))


@pytest.mark.parametrize(
    ("seed", "drawn", "bleed"),
    [(7, 0.0, None), (10, 5.0, BleedSpec("subdural", "right", 50.0)), (9, -10.0, None)],
)
def test_a_drawn_shift_is_measured_to_two_millimetres_and_to_its_side(seed, drawn, bleed):
    found = shift_of(drawn_head(seed, bleed, shift_mm=drawn))
    assert found is not None
    assert found.shift_mm == pytest.approx(abs(drawn), abs=2.0)
    if drawn:
        assert found.towards == ("left" if drawn > 0 else "right")
    assert midline_attributes(found)["midline_shift_mm"] == found.shift_mm


def test_without_slices_at_the_level_of_the_ventricles_nothing_is_measured():
    found = shift_of(drawn_head(9, None, shift_mm=-10.0), slice(22, 30))
    assert found is None
    assert midline_attributes(found) == {"midline_shift_mm": None}


def test_a_shifted_head_keeps_its_skull_and_says_its_shift():
    plain, shifted = head_ct(8, slices=17), head_ct(8, slices=17, shift_mm=8.0)
    assert plain.truth["midline_shift_mm"] == 0.0
    assert shifted.truth["midline_shift_mm"] == 8.0
    one, other = (study.datasets[14].pixel_array for study in (plain, shifted))
    moved = np.abs(one.astype(int) - other) > 60
    assert not moved[one > 400].any()
    assert str(plain.datasets[0].SOPInstanceUID) != str(shifted.datasets[0].SOPInstanceUID)
