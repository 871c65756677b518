"""Two readers in one study: what one does comes to the other without a reload and without taking their caret."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import expect

from screening.models import FindingDecision, Measurement, Study
from screening.phantoms.chest import chest_ct
from tests.frontend.test_measurements import drag, line_on_screen
from tests.frontend.test_reading_room import nodule_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLLED_MS = 60_000


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=None, slices=8, size=96)


def test_measures_decisions_and_a_prior_arrive_while_the_reader_writes(
    open_room, reader, second_reader, chest, take_in, give_result, claimed_by
):
    study = take_in(chest.datasets, "lung", study_at=dt.datetime(2026, 1, 20, 9, tzinfo=dt.UTC))
    give_result(study, [nodule_on(chest.datasets[4], (40, 50, 52, 60))])
    writes, looks = open_room(reader, claimed_by(study)), open_room(second_reader, study)
    writes.press("x", "v", "Enter")
    expect(writes.page.locator("[data-finding=f1]")).to_contain_text("Rejected")
    looks.press("l")
    looks.wait(lambda data: data["tool"] == "length")
    drag(looks, (0.35, 0.4), (0.6, 0.55))
    looks.wait(lambda data: data["measuring"] == "saved" and data["measures"] == "1")
    earlier = chest_ct(9, nodules=None, slices=8, size=96, key="earlier")
    prior = take_in(earlier.datasets, "lung", study_at=dt.datetime(2024, 3, 1, 9, tzinfo=dt.UTC))
    Study.objects.filter(pk=prior.pk).update(patient=study.patient)

    # Who writes goes on writing: the caret, the slice and the place of the images stay.
    writes.page.get_by_role("button", name="Add a sentence to Other findings").click()
    writes.page.keyboard.type("As seen")
    stood = writes.page.locator("[data-pane=main]").bounding_box(), writes.data()["slice"]
    expect(writes.page.locator("[data-measure-key=m1]")).to_be_visible(timeout=POLLED_MS)
    expect(writes.page.locator(f"[data-prior-uid='{prior.study_uid}']")).to_be_visible()
    line = writes.page.locator("[data-part=room-news]")
    expect(line).to_contain_text(f"{second_reader} measured M1.")
    expect(line).to_contain_text("An earlier study of 2024-03-01 has come in.")
    assert (writes.page.locator("[data-pane=main]").bounding_box(), writes.data()["slice"]) == stood
    writes.page.keyboard.type(" before.")
    expect(writes.page.locator(".s .text", has_text="As seen")).to_have_text("As seen before.")
    drawn = line_on_screen(looks)
    assert line_on_screen(writes) == pytest.approx(drawn, abs=1.0)

    expect(looks.page.locator("[data-finding=f1]")).to_contain_text("Rejected", timeout=POLLED_MS)
    expect(looks.page.locator("[data-part=room-news]")).to_contain_text("Mara Osei: finding 1, Rejected.")
    assert (FindingDecision.objects.count(), Measurement.objects.count()) == (1, 1)
    assert (writes.complaints, looks.complaints) == ([], [])
