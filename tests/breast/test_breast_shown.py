import numpy as np
import pytest

from screening.dicom.pixels import grey_array
from screening.phantoms.breast import mammogram
from screening.scoring.breast_film import prepare_film
from screening.scoring.breast_pectoral import pectoral_mask
from screening.scoring.breast_reading import FilmReading, Mark, joined
from screening.scoring.breast_shown import ReadView, shown_marks

# a pair model that believes the mark itself, and the other view half as much
POINTS = {
    "mark": {"threshold": 0.3},
    "pair": {"mean": [0.0, 0.0], "scale": [1.0, 1.0], "weights": [1.0, 0.5], "intercept": 0.5},
}


@pytest.fixture(scope="module")
def drawn():
    return {
        view: prepare_film(grey_array(mammogram(5, views=(view,)).datasets[0]), (0.2, 0.2)) for view in ("LCC", "LMLO")
    }


def mark(probability, centre=(120.0, 240.0), nipple=45.0, edge=20.0, side=30.0):
    numbers = np.zeros(171)
    numbers[2:4] = edge, nipple
    x, y = centre
    return Mark((x - side / 2, y - side / 2, x + side / 2, y + side / 2), 0.5, numbers, probability, 0.5)


def view(drawn, name, *marks):
    return ReadView(name[0], name[1:], drawn[name], FilmReading(tuple(marks), np.zeros(58), np.zeros((60, 36))))


def test_marks_of_one_mass_in_two_views_name_each_other(drawn):
    shown = shown_marks([view(drawn, "LCC", mark(0.8)), view(drawn, "LMLO", mark(0.7, nipple=50.0))], POINTS)
    assert [one.matched for one in shown] == [1, 0]
    assert [one.view for one in shown] == [0, 1]


def test_a_mark_seen_in_one_view_only_counts_less(drawn):
    alone = shown_marks([view(drawn, "LCC", mark(0.5)), view(drawn, "LMLO")], POINTS)
    supported = shown_marks([view(drawn, "LCC", mark(0.5)), view(drawn, "LMLO", mark(0.9))], POINTS)
    assert alone == []
    assert {one.view for one in supported} == {0, 1}


def test_without_the_other_view_a_mark_stands_by_itself(drawn):
    assert joined(mark(0.5), "CC", None, POINTS["pair"]) == 0.5
    assert [one.probability for one in shown_marks([view(drawn, "LCC", mark(0.5))], POINTS)] == [0.5]


@pytest.mark.parametrize(
    "left_out",
    [mark(0.9, nipple=9.0), mark(0.9, edge=3.0), mark(0.2)],
    ids=["at the nipple", "at the skin", "below the threshold"],
)
def test_marks_at_the_nipple_at_the_skin_and_below_the_threshold_are_not_shown(drawn, left_out):
    shown = shown_marks([view(drawn, "LCC", left_out, mark(0.8))], POINTS)
    assert [one.mark.probability for one in shown] == [0.8]


def test_a_mark_in_the_muscle_is_shown_only_when_the_cc_shows_it_too(drawn):
    rows, columns = np.nonzero(pectoral_mask(drawn["LMLO"]))
    inside = (float(np.median(columns)), float(np.median(rows)))
    muscle = mark(0.9, centre=inside, nipple=90.0)
    assert shown_marks([view(drawn, "LCC", mark(0.9, nipple=30.0)), view(drawn, "LMLO", muscle)], POINTS)[0].view == 0
    assert len(shown_marks([view(drawn, "LCC", mark(0.9, nipple=30.0)), view(drawn, "LMLO", muscle)], POINTS)) == 1
    assert len(shown_marks([view(drawn, "LCC", mark(0.9, nipple=85.0)), view(drawn, "LMLO", muscle)], POINTS)) == 2


def test_at_most_three_marks_a_view_are_shown_most_likely_first(drawn):
    marks = [mark(0.4 + n / 10, nipple=20.0 + 20 * n) for n in range(5)]
    shown = shown_marks([view(drawn, "LCC", *marks)], POINTS)
    assert [one.probability for one in shown] == pytest.approx([0.8, 0.7, 0.6])
