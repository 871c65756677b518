import pytest

from screening.rules.breast import (
    band_of,
    missing_views,
    overall_assessment,
    suggested_opinion,
    tier_of,
)

LIMITS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(("score", "band"), [(0.0, 1), (0.0999, 1), (0.1, 2), (0.55, 6), (0.9, 10), (1.0, 10)])
def test_a_score_at_a_limit_belongs_to_the_band_above(score, band):
    assert band_of(score, LIMITS) == band


@pytest.mark.parametrize("limits", [LIMITS[:8], LIMITS[::-1], []])
def test_bands_without_nine_rising_limits_are_refused(limits):
    with pytest.raises(ValueError, match="nine limits"):
        band_of(0.5, limits)


@pytest.mark.parametrize("band", range(1, 10))
def test_every_band_but_the_highest_keeps_routine_order_and_says_so(band):
    tier, sentence = tier_of(band)
    assert tier == "routine"
    assert f"band {band} of ten" in sentence


def test_the_highest_band_is_read_soon():
    assert tier_of(10)[0] == "soon"


def test_every_missing_standard_view_is_named_in_hanging_order():
    assert missing_views([("R", "MLO")]) == (
        "right CC view is missing",
        "left CC view is missing",
        "left MLO view is missing",
    )
    assert missing_views([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]) == ()


def test_an_incomplete_assessment_never_suggests_normal():
    assert suggested_opinion(False, ["left CC view is missing"]) is None
    assert suggested_opinion(False, []) == "normal"
    assert suggested_opinion(True, ["left CC view is missing"]) == "recall"


@pytest.mark.parametrize(
    ("given", "overall"),
    [(["1", "2"], "2"), (["3", "0"], "0"), (["6", "0"], "0"), (["0", "4A"], "4A"), (["5", "4C"], "5")],
)
def test_the_overall_assessment_is_the_one_of_most_concern_not_the_largest_number(given, overall):
    assert overall_assessment(given) == overall


def test_an_unknown_assessment_is_refused():
    with pytest.raises(ValueError):
        overall_assessment(["7"])
    with pytest.raises(ValueError, match="no assessment"):
        overall_assessment([])
