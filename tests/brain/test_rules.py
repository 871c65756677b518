import pytest

from screening.rules.brain import OperatingPoints, tier_of

POINTS = OperatingPoints(flag=0.3, confident=0.7)


@pytest.mark.parametrize(
    ("score", "tier"),
    [(0.0, "routine"), (0.2999, "routine"), (0.3, "urgent"), (0.6999, "urgent"), (0.7, "critical"), (1.0, "critical")],
)
def test_the_tier_follows_from_the_operating_points(score, tier):
    found, sentence = tier_of(score, POINTS, incomplete=False)
    assert found == tier
    assert sentence.startswith(tier.capitalize())
    assert f"{score:.2f}" in sentence


def test_a_score_below_the_flag_with_limitations_says_that_the_assessment_is_incomplete():
    assert "incomplete" in tier_of(0.1, POINTS, incomplete=True)[1]
    assert "incomplete" not in tier_of(0.1, POINTS, incomplete=False)[1]


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan")])
def test_a_score_outside_its_range_is_an_error(score):
    with pytest.raises(ValueError, match="between 0 and 1"):
        tier_of(score, POINTS, incomplete=False)


@pytest.mark.parametrize(("flag", "confident"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_operating_points_out_of_order_are_an_error(flag, confident):
    with pytest.raises(ValueError, match="Operating points"):
        OperatingPoints(flag, confident)
