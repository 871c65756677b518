"""Growth by Lung-RADS and volume-doubling time: the worked examples and every limit from both sides."""

from __future__ import annotations

from datetime import date

import pytest

from screening.rules.doubling_time import from_diameters, from_volumes, nelson_baseline, volume_grew, within_error
from screening.rules.growth import growth, is_slow_growth, whole_months


@pytest.mark.parametrize(
    ("then", "now", "days", "verdict"),
    [
        (6.0, 7.5, 365, "stable"),
        (6.0, 7.6, 365, "growing"),
        (6.0, 7.6, 30, "growing"),
        (5.95, 7.5, 365, "stable"),  # 6.0 to 7.5
        (6.0, 7.55, 365, "growing"),  # 7.6
        (6.0, 8.0, 730, "increased"),  # 1.0 mm in 12 months
        (6.0, 9.1, 730, "growing"),
        (6.0, 9.0, 730, "increased"),  # 1.5 mm in 12 months, not more
        (8.0, 6.5, 180, "stable"),
        (8.0, 6.4, 180, "decreased"),
        (6.0, 6.0, 365, "stable"),
    ],
)
def test_growth_is_more_than_one_and_a_half_millimetres_in_twelve_months(
    then: float, now: float, days: int, verdict: str
) -> None:
    found = growth(then, now, days)
    assert found.verdict == verdict
    assert found.reason.threshold == 1.5


def test_two_cubic_millimetres_more_are_no_growth() -> None:
    # 6.0 to 6.1 mm is 5.7 mm³ more.
    assert growth(6.0, 6.1, 90).verdict == "stable"


def test_growth_needs_an_earlier_examination() -> None:
    with pytest.raises(ValueError, match="earlier"):
        growth(6.0, 8.0, 0)


@pytest.mark.parametrize(
    ("days", "months"), [(91, 3), (76, 2), (77, 3), (183, 6), (167, 5), (168, 6), (365, 12), (0, 0)]
)
def test_days_are_counted_as_the_nearest_whole_months(days: int, months: int) -> None:
    assert whole_months(days) == months


@pytest.mark.parametrize(
    ("sizes", "slow"),
    [
        ((6.0, 7.0, 8.0), True),
        ((6.0, 7.4, 7.6), True),
        ((6.0, 6.8, 7.5), False),  # 1.5 mm in all
        ((6.0, 8.0, 9.0), False),  # the first step is growth by itself
        ((6.0, 8.0), False),  # two examinations
        ((6.0, 7.4, 7.3, 8.7), False),
        ((6.0, 7.5, 7.5), False),
    ],
)
def test_slow_growth_is_seen_over_three_examinations_or_more(sizes: tuple[float, ...], slow: bool) -> None:
    trail = [(date(2022 + index, 3, 1), size) for index, size in enumerate(sizes)]
    assert is_slow_growth(trail) is slow


def test_the_doubling_times_of_the_worked_examples() -> None:
    assert from_volumes(268, 400, 90).days == pytest.approx(155.8, abs=0.05)
    assert from_diameters(6, 8, 365).days == pytest.approx(293.1, abs=0.05)


@pytest.mark.parametrize(("then", "now"), [(268.0, 268.0), (268.0, 100.0), (268.0, 268.0 + 1e-20)])
def test_what_does_not_grow_has_no_doubling_time_never_a_negative_or_infinite_one(then: float, now: float) -> None:
    found = from_volumes(then, now, 90)
    assert found.days is None
    assert found.nelson == "negative"
    assert "stable or decreasing" in found.reason.text


@pytest.mark.parametrize(
    ("days", "nelson"), [(399, "positive"), (400, "indeterminate"), (600, "indeterminate"), (601, "negative")]
)
def test_nelson_reads_the_doubling_time(days: int, nelson: str) -> None:
    # a doubling in `days` days
    found = from_volumes(100.0, 200.0, days)
    assert found.days == pytest.approx(days)
    assert found.nelson == nelson


@pytest.mark.parametrize(
    ("volume", "verdict"),
    [(49.9, "negative"), (50.0, "indeterminate"), (500.0, "indeterminate"), (500.1, "positive")],
)
def test_nelson_reads_a_baseline_volume(volume: float, verdict: str) -> None:
    assert nelson_baseline(volume) == verdict


@pytest.mark.parametrize(("now", "grew"), [(124.9, False), (125.0, True), (90.0, False)])
def test_bts_growth_is_a_quarter_more_volume(now: float, grew: bool) -> None:
    assert volume_grew(100.0, now) is grew


@pytest.mark.parametrize(("now", "same"), [(124.9, True), (125.0, False), (75.1, True), (75.0, False), (100.0, True)])
def test_a_change_of_less_than_a_quarter_is_within_the_error_of_measuring(now: float, same: bool) -> None:
    assert within_error(100.0, now) is same


@pytest.mark.parametrize(
    ("then", "now", "days"), [(0.0, 5.0, 90), (5.0, -1.0, 90), (5.0, float("nan"), 90), (5.0, 6.0, 0), (5.0, 6.0, -90)]
)
def test_sizes_and_intervals_that_are_none_are_refused(then: float, now: float, days: int) -> None:
    with pytest.raises(ValueError, match=r"above 0|earlier"):
        from_volumes(then, now, days)
    with pytest.raises(ValueError, match="above 0"):
        volume_grew(0.0, 5.0)
