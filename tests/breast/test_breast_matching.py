import pytest

from screening.scoring.breast_matching import SeenMark, match_views, mirrored, support


def mark(view="CC", side="L", nipple=45.0, size=15.0, rise=10.0, probability=0.6):
    return SeenMark(side, view, nipple, rise, size, probability)


def test_two_marks_at_the_same_distance_from_the_nipple_are_partners_both_ways():
    assert match_views([mark("CC", nipple=45), mark("MLO", nipple=50)]) == {0: 1, 1: 0}


@pytest.mark.parametrize(
    "other",
    [
        mark("MLO", nipple=76.0),
        mark("MLO", size=45.0),
        mark("MLO", side="R"),
        mark("CC"),
    ],
    ids=["outside the arc", "three times as large", "other breast", "same view"],
)
def test_marks_that_cannot_be_one_mass_are_not_matched(other):
    assert match_views([mark("CC"), other]) == {}


def test_a_mark_has_one_partner_and_the_closer_pair_wins():
    pairs = match_views([mark("CC", nipple=40), mark("MLO", nipple=52), mark("MLO", nipple=41)])
    assert pairs == {0: 2, 2: 0}


def test_two_masses_are_matched_so_that_both_find_a_partner():
    pairs = match_views([mark("CC", nipple=40), mark("CC", nipple=48), mark("MLO", nipple=47), mark("MLO", nipple=57)])
    assert pairs == {0: 2, 2: 0, 1: 3, 3: 1}


def test_a_likely_mark_at_the_same_depth_speaks_for_a_mark_and_an_unlikely_or_distant_one_hardly_does():
    likely, unlikely, distant = mark("MLO", probability=0.9), mark("MLO", probability=0.05), mark("MLO", nipple=85.0)
    assert support(mark(), [likely, unlikely]) == pytest.approx(2.197, abs=0.01)
    assert support(mark(), [unlikely]) < support(mark(), [likely]) - 4
    assert support(mark(), [distant]) < support(mark(), [mark("MLO")]) - 3
    assert support(mark(), []) == -8.0


def test_the_breasts_are_matched_apart():
    marks = [mark("CC", "L"), mark("MLO", "R"), mark("MLO", "L"), mark("CC", "R")]
    assert match_views(marks) == {0: 2, 2: 0, 1: 3, 3: 1}


def test_a_mark_in_the_mirror_place_of_the_other_breast_is_named():
    marks = [mark(side="L", nipple=45, rise=20), mark(side="R", nipple=50, rise=26), mark("MLO", "R", rise=20)]
    assert mirrored(marks) == {0: 1, 1: 0}


def test_another_height_in_the_other_breast_is_not_the_mirror_place():
    assert mirrored([mark(side="L", rise=25), mark(side="R", rise=-10)]) == {}


def test_no_marks_have_no_partners():
    assert match_views([]) == mirrored([]) == {}
