"""The evidence of a finding in a real browser: its heat map lies where it says, and its reasons stand beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from screening.models import Study
from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import chest_ct
from screening.scoring.evidence import heat_map

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def finding_on(dataset: Any, box: tuple[float, ...], **fields: Any) -> dict[str, Any]:
    return {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": 8.2,
        "probability": 0.8,
        "series_uid": str(dataset.SeriesInstanceUID),
        "sop_uid": str(dataset.SOPInstanceUID),
        "frame": 1,
        "box": list(box),
        "attributes": {},
        **fields,
    }


def hot(box: tuple[float, ...]) -> dict[str, Any]:
    stored = heat_map(np.ones((12, 12)), tuple(box))
    assert stored is not None
    return stored


@pytest.fixture
def chest_study(take_in, give_result, claimed_by) -> Study:
    slices = chest_ct(5, nodules=None, slices=16, size=128).datasets
    study = take_in(slices, "lung")
    box = (40.0, 50.0, 52.0, 60.0)
    give_result(study, [finding_on(slices[4], box, heat_map=hot(box)), finding_on(slices[10], (80, 50, 92, 60))])
    return claimed_by(study)


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_the_heat_map_is_off_until_asked_for_and_lies_on_its_box(open_room, reader, chest_study, renderer):
    room = open_room(reader, chest_study, f"?renderer={renderer}")
    expect(room.page.locator("image.heat")).to_have_count(0)
    room.press("h")
    room.wait(lambda data: data["heat"] == "on")
    heat, mark = room.box("image[data-heat=f1]"), room.box("[data-mark=f1] .under")
    assert heat["x"] + heat["width"] / 2 == pytest.approx(mark["x"] + mark["width"] / 2, abs=1.5)
    assert heat["y"] + heat["height"] / 2 == pytest.approx(mark["y"] + mark["height"] / 2, abs=1.5)
    assert heat["width"] == pytest.approx(mark["width"] - 9.5, abs=1.5)  # room around it, and its stroke
    room.press("h")
    room.wait(lambda data: data["heat"] == "off")
    expect(room.page.locator("image.heat")).to_have_count(0)
    assert room.complaints == []


def test_the_heat_map_stays_when_the_marks_go_and_only_on_its_own_slice(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("h", "m")
    room.wait(lambda data: data["marks"] == "off" and data["heat"] == "on")
    expect(room.page.locator("[data-mark]")).to_have_count(0)
    expect(room.page.locator("image[data-heat=f1]")).to_have_count(1)
    room.press("ArrowDown")
    room.wait(lambda data: data["slice"] != "5")
    expect(room.page.locator("image.heat")).to_have_count(0)


def test_its_strength_is_the_readers(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    strength = room.page.get_by_label("Strength of the heat map")
    expect(strength).to_be_hidden()
    room.press("h")
    room.wait(lambda data: data["heat"] == "on")
    strength.fill("20")
    expect(room.page.locator("image[data-heat=f1]")).to_have_attribute("opacity", "0.2")


def test_a_study_without_a_heat_map_offers_none(open_room, reader, take_in, give_result, claimed_by):
    slices = chest_ct(6, nodules=None, slices=16, size=128).datasets
    study = take_in(slices, "lung")
    give_result(study, [finding_on(slices[4], (40, 50, 52, 60))])
    room = open_room(reader, claimed_by(study))
    room.press("h")
    assert room.data()["heat"] == "off"
    expect(room.page.get_by_role("button", name="Heat map")).to_have_count(0)


def test_on_a_film_hung_the_other_way_round_the_map_turns_with_the_picture(
    open_room, reader, take_in, give_result, claimed_by
):
    films = mammogram(3, MassSpec(side="L"))
    study = take_in(films.datasets, "breast")
    dataset = next(film for film in films.datasets if (film.ImageLaterality, film.ViewPosition) == ("L", "MLO"))
    box = (100.0, 300.0, 160.0, 380.0)
    give_result(study, [finding_on(dataset, box, type="mass", location="left breast, upper", heat_map=hot(box))])
    room = open_room(reader, claimed_by(study))
    room.press("h")
    room.wait(lambda data: data["heat"] == "on")
    heat, mark = room.box("image[data-heat=f1]"), room.box("[data-mark=f1] .under")
    assert heat["x"] + heat["width"] / 2 == pytest.approx(mark["x"] + mark["width"] / 2, abs=2)
    assert heat["y"] + heat["height"] / 2 == pytest.approx(mark["y"] + mark["height"] / 2, abs=2)


def test_the_chosen_finding_says_why_it_stands_as_it_does(open_room, reader, take_in, give_result, claimed_by):
    slices = chest_ct(5, nodules=None, slices=16, size=128).datasets
    study = take_in(slices, "lung")
    grown = {"name": "growth", "value": 2.1, "unit": "mm", "text": "Grown by 2.1 mm in 5 months, more than 1.5 mm."}
    terms = [{"name": "upper_lobe", "value": True, "unit": "", "text": "Upper lobe adds 0.60.", "contribution": 0.6}]
    risk = {"low": 0.031, "high": 0.092, "unknown": ["spiculation"], "reasons": terms, "note": ""}
    findings = [
        finding_on(slices[4], (40, 50, 52, 60), attributes={"reasons": [grown], "brock_2b": risk}),
        finding_on(slices[10], (80, 50, 92, 60)),
    ]
    give_result(study, findings)
    room = open_room(reader, claimed_by(study))
    said = room.page.locator("[data-reasons-of=f1]")
    assert said.locator("li").all_inner_texts() == [
        "Grown by 2.1 mm in 5 months, more than 1.5 mm.",
        "Brock model 2b: risk of cancer 3.1 to 9.2 %, as not known: spiculation.",
        "Upper lobe adds 0.60.",
    ]
    room.press("]")
    room.wait(lambda data: data["finding"] == "2")
    expect(said).to_be_hidden()
