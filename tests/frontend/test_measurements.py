"""Measuring and deciding in a real browser: what one reader draws, another finds where it was, worth the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import HoldBack, Site
from screening.models import FindingDecision, Measurement, Reading, Study
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from tests.frontend.test_reading_room import nodule_on
from tests.reports.conftest import by_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=None, slices=16, size=128)


@pytest.fixture
def chest_study(chest, take_in, give_result, claimed_by) -> Study:
    study = take_in(chest.datasets, "lung")
    findings = [nodule_on(chest.datasets[4], (40, 50, 52, 60)), nodule_on(chest.datasets[10], (80, 50, 92, 60))]
    give_result(study, findings)
    return claimed_by(study)


def drag(room: Any, start: tuple[float, float], end: tuple[float, float], pane: str = "main") -> None:
    """By the mouse over a pane, in parts of its width and height."""
    box = room.box(f"[data-pane={pane}] .surface")
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    room.page.mouse.move(*points[0])
    room.page.mouse.down()
    room.page.mouse.move(*((a + b) / 2 for a, b in zip(*points, strict=True)))
    room.page.mouse.move(*points[1])
    room.page.mouse.up()


def line_on_screen(room: Any) -> tuple[float, ...]:
    """Both ends of the only measure, as drawn."""
    line = room.page.locator("svg.svg-layer line").first
    expect(line).to_be_attached()
    return tuple(float(line.get_attribute(name)) for name in ("x1", "y1", "x2", "y2"))


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_what_one_reader_measures_another_finds_on_its_slice_with_the_same_value(
    open_room, reader, second_reader, chest_study, renderer
):
    room = open_room(reader, chest_study, f"?renderer={renderer}")
    room.press("ArrowDown", "l")
    room.wait(lambda data: data["slice"] == "6" and data["tool"] == "length")
    drag(room, (0.35, 0.4), (0.6, 0.55))
    room.wait(lambda data: data["measures"] == "1" and data["measuring"] == "saved")
    shown = room.page.locator("[data-part=measures] .what").inner_text()
    drawn = line_on_screen(room)
    room.page.close()
    kept = Measurement.objects.get()
    value = kept.values[0]["value"]
    assert f"Length {value:.1f} mm" in shown and "image 6 of 16" in shown
    other = open_room(second_reader, chest_study, f"?renderer={'gpu' if renderer == 'cpu' else 'cpu'}")
    expect(other.page.locator("[data-part=measures] .what")).to_contain_text(f"Length {value:.1f} mm")
    other.page.locator("[data-measure-key=m1]").click()
    other.wait(lambda data: data["slice"] == "6")
    assert line_on_screen(other) == pytest.approx(drawn, abs=1.0)
    on_image = other.page.locator("svg.svg-layer text").first
    expect(on_image).to_contain_text(f"{value:.1f} mm")
    assert other.complaints == []


def test_without_a_connection_a_measure_waits_and_is_kept_when_it_is_back(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    away = {"now": True}
    room.page.route("**/measurements/save/**", lambda route: route.abort() if away["now"] else route.continue_())
    room.press("l")
    drag(room, (0.35, 0.4), (0.6, 0.55))
    room.wait(lambda data: data["measuring"] == "offline")
    expect(room.page.locator("[data-part=measures]")).to_contain_text("not kept yet: no connection")
    away["now"] = False
    room.wait(lambda data: data["measuring"] == "saved")
    assert Measurement.objects.count() == 1
    room.press("Delete")
    room.wait(lambda data: data["measures"] == "0" and data["measuring"] == "saved")
    assert Measurement.objects.last().removed and Measurement.objects.count() == 2


def test_one_key_puts_a_measure_into_the_section_being_written_and_it_stays_tied_to_it(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("l")
    drag(room, (0.35, 0.4), (0.6, 0.55))
    room.wait(lambda data: data["measures"] == "1" and data["measuring"] == "saved")
    room.page.get_by_role("button", name="Add a sentence to Other findings").click()
    room.page.keyboard.type("As measured:")
    room.press("Control+m")
    section = room.page.locator("section", has=room.page.get_by_role("heading", name="Other findings"))
    expect(section.locator(".s")).to_have_count(2)
    value = Measurement.objects.get().values[0]["value"]
    expect(section.locator(".s").last).to_contain_text(f"Length {value:.1f} mm (series ")
    expect(section.locator("[data-evidence=m1]")).to_have_count(1)
    room.press("Control+s")
    room.wait(lambda data: data["save"] == "saved" and data["revision"] is not None)
    (kept,) = [each for each in chest_study.report.revisions.last().sections["other_findings"] if each["evidence"]]
    assert (kept["evidence"], kept["origin"], kept["state"]) == (["m1"], "human", "human")
    assert room.complaints == []


def test_a_finding_is_rejected_by_keyboard_with_a_reason_and_its_sentences_say_so(open_room, reader, chest_study):
    by_template(chest_study)
    room = open_room(reader, chest_study)
    expect(room.page.locator("[data-mark=f1]")).to_have_count(1)
    room.press("x", "v", "Enter")
    row = room.page.locator("[data-finding=f1]")
    expect(row).to_contain_text("Rejected · vessel or bronchus")
    expect(row.locator("s")).to_have_count(1)
    expect(room.page.locator("[data-mark=f1]")).to_have_count(0)
    expect(room.page.locator(".s.doubtful").first).to_contain_text("Finding 1 was rejected")
    room.wait(lambda data: "rejected" in data["issues"])
    decision = FindingDecision.objects.get()
    assert (decision.key, decision.state, decision.reason) == ("f1", "REJECTED", "vessel")
    room.press("x")
    expect(row.locator("s")).to_have_count(0)
    expect(room.page.locator("[data-mark=f1]")).to_have_count(1)
    room.wait(lambda data: "rejected" not in data["issues"])


def test_a_finding_of_ones_own_is_drawn_and_lies_where_it_was_drawn(
    open_room, reader, take_in, claimed_by, give_result
):
    films = mammogram(3, MassSpec(side="L"))
    study = take_in(films.datasets, "breast")
    give_result(study, [])
    room = open_room(reader, claimed_by(study))
    room.press("Shift+D")
    expect(room.page.get_by_text("Draw a box around the finding")).to_be_visible()
    drag(room, (0.3, 0.4), (0.5, 0.6), pane="LMLO")
    pane = room.box("[data-pane=LMLO] .surface")
    mark = room.box("[data-mark=r1] .over")
    assert mark["x"] + mark["width"] / 2 == pytest.approx(pane["x"] + 0.4 * pane["width"], abs=3)
    assert mark["y"] + mark["height"] / 2 == pytest.approx(pane["y"] + 0.5 * pane["height"], abs=3)
    room.page.get_by_label("Place").fill("left breast, outer")
    room.page.get_by_label("Place").press("Enter")
    expect(room.page.locator("[data-finding=r1]")).to_contain_text("Mass, left breast, outer")
    assert FindingDecision.objects.filter(key="r1").last().values["location"] == "left breast, outer"
    assert room.complaints == []


def test_marks_and_draft_are_held_back_until_the_first_opinion_is_committed(open_room, reader, chest_study):
    by_template(chest_study)
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    room = open_room(reader, chest_study)
    assert (room.data()["ai"], room.data()["aiTone"]) == ("held_back", "wait")
    for nothing in ("[data-mark]", "[data-finding]", "[data-sentence]"):
        expect(room.page.locator(nothing)).to_have_count(0)
    assert "solid_nodule" not in re.sub(r'"finding_types".*?}', "", room.page.locator("#room").text_content())
    room.page.get_by_label("In words, if you like").fill("A nodule on the right.")
    room.page.get_by_role("button", name="Abnormal").click()
    expect(room.page.locator("[data-finding]")).to_have_count(2)
    room.wait(lambda data: data.get("ai") == "scored" and data.get("viewer") == "ready")
    expect(room.page.locator("[data-mark=f1]")).to_have_count(1)
    expect(room.page.locator("[data-part=opinion]")).to_contain_text("Abnormal: A nodule on the right.")
    assert Reading.objects.get().first_opinion == "abnormal"
