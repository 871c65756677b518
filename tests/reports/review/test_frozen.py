"""The 200 hand-written reports. Tuned on one half only; the other half was never looked at, and tells what it is worth."""

from __future__ import annotations

import pytest

from tests.reports.review.frozen import figures


@pytest.mark.parametrize(("split", "caught", "named", "alarms"), [("tune", 61, 61, 0), ("held", 59, 57, 0)])
def test_planted_errors_are_caught_and_clean_reports_left_alone(split, caught, named, alarms):
    found = figures(split)
    assert (found["planted"], found["clean"]) == ((61, 40) if split == "tune" else (60, 40))
    assert found["caught"] >= caught
    assert found["named"] >= named
    assert found["alarms"] <= alarms
