"""Measuring, turning, playing and cutting planes, in a real browser on phantoms whose truth is known."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage

from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.headers import ct_datasets, fictional_patient, make_uid

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZE, SLICES, SLICE_MM = 128, 60, 4.0


@pytest.fixture(scope="module")
def chest() -> Any:
    return chest_ct(5, nodules=[NoduleSpec(16.0)], slices=SLICES, slice_mm=SLICE_MM, size=SIZE)


def found(chest: Any) -> dict[str, Any]:
    truth = chest.truth["nodules"][0]
    return {
        "type": "solid_nodule",
        "location": "left upper lobe",
        "size_mm": truth["diameter_mm"],
        "probability": 0.9,
        "series_uid": str(chest.datasets[0].SeriesInstanceUID),
        "sop_uid": truth["sop_uid"],
        "frame": 1,
        "box": list(truth["box"]),
        "attributes": {},
    }


@pytest.fixture
def chest_study(chest, take_in, give_result, claimed_by) -> Any:
    study = take_in(chest.datasets, "lung")
    give_result(study, [found(chest)])
    return claimed_by(study)


def picture(room: Any, selector: str) -> Image.Image:
    return Image.open(io.BytesIO(room.page.locator(selector).first.screenshot())).convert("RGB")


def drag(room: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From and to parts (0-1) of the pane."""
    pane = room.box(".surface")
    points = [(pane["x"] + x * pane["width"], pane["y"] + y * pane["height"]) for x, y in (start, end)]
    room.page.mouse.move(*points[0])
    room.page.mouse.down()
    room.page.mouse.move(*points[1], steps=6)
    room.page.mouse.up()


def lines(room: Any) -> Any:
    return room.page.locator(".surface svg text tspan")


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_the_mean_of_an_ellipse_is_that_of_the_phantom_and_its_units_are_true(
    open_room, reader, take_in, claimed_by, renderer
):
    hu = np.full((4, 96, 96), -850.0)
    hu[:, :, 48:] = 40.0
    datasets = ct_datasets(hu, (2.0, 0.8, 0.8), fictional_patient(3), key=f"halves {renderer}")
    room = open_room(reader, claimed_by(take_in(datasets, "lung")), f"?renderer={renderer}")
    room.press("o")
    drag(room, (0.35, 0.5), (0.4, 0.6))
    expect(lines(room).first).to_have_text("Mean −850.0 HU · SD 0.0")
    expect(lines(room).nth(2)).to_have_text("−850 to −850 HU")
    room.press("Delete")
    expect(lines(room)).to_have_count(0)
    room.press("q")
    drag(room, (0.6, 0.3), (0.7, 0.4))
    expect(lines(room).first).to_have_text("Mean 40.0 HU · SD 0.0")
    assert room.complaints == []


def test_the_text_of_an_arrow_is_typed_in_a_field_of_the_page(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    room.press("t")
    drag(room, (0.3, 0.3), (0.4, 0.4))
    field = room.page.get_by_label("Text of the arrow")
    expect(field).to_be_focused()
    room.page.keyboard.type("minor")
    assert room.data()["marks"] == "on"
    room.press("Enter")
    expect(lines(room)).to_have_text(["minor"])
    room.press("ArrowDown")
    expect(lines(room)).to_have_count(0)
    room.press("ArrowUp")
    expect(lines(room)).to_have_text(["minor"])
    drag(room, (0.6, 0.3), (0.7, 0.4))
    room.press("Escape")
    expect(field).to_have_count(0)
    expect(lines(room)).to_have_text(["minor"])


def test_letters_turn_with_the_image_and_a_reset_puts_them_back(open_room, reader, chest_study):
    room = open_room(reader, chest_study)

    def edges(left: str, top: str) -> None:
        expect(room.page.locator(".vp .tx.left")).to_have_text(left)
        expect(room.page.locator(".vp .tx.top")).to_have_text(top)

    edges("R", "A")
    room.press("r")
    edges("P", "R")
    room.press("Shift+R")
    edges("A", "R")
    room.press("Shift+F")
    edges("A", "L")
    large = room.page.locator(".vp").get_attribute("data-ruler")
    room.press("+", "+", "+", "+")
    expect(room.page.locator(".vp")).not_to_have_attribute("data-ruler", large)
    room.press("Space")
    edges("R", "A")
    assert room.complaints == []


def test_cine_plays_and_whoever_scrolls_takes_over(open_room, reader, chest_study):
    room = open_room(reader, chest_study)
    first = int(room.data()["slice"])
    room.press("k")
    room.wait(lambda data: data["cine"] == "playing" and int(data["slice"]) not in (first, first + 1))
    expect(room.page.get_by_label("Images per second")).to_be_visible()
    room.press("Home")
    room.wait(lambda data: data["cine"] == "off")
    room.press("k", "k")
    room.wait(lambda data: data["cine"] == "off")


def test_a_nodule_lies_where_it_should_in_every_plane_and_the_slab(open_room, reader, chest, chest_study):
    room = open_room(reader, chest_study)
    room.press("v")
    room.wait(lambda data: data.get("planeSlices") == f"{SLICES}/{SLICES}")
    truth = chest.truth["nodules"][0]
    geometry = chest.datasets[0]
    pixel = float(geometry.PixelSpacing[0])
    origin = np.array([float(part) for part in geometry.ImagePositionPatient])
    along = (np.array(truth["position_mm"]) - origin) / [pixel, pixel, SLICE_MM]
    # Head first: the voxels' third index runs from the head down.
    crosshair = [int(part) for part in room.wait(lambda data: "crosshair" in data)["crosshair"].split()]
    assert crosshair == pytest.approx([along[0], along[1], along[2]], abs=1.01)
    from_head = (SLICES - 1 - along[2] + 0.5) * SLICE_MM
    whole = {"across": SIZE * pixel, "down": SLICES * SLICE_MM}
    for plane, index in (("coronal", along[0]), ("sagittal", along[1])):
        shown = picture(room, f".plane[data-plane={plane}] canvas")
        scale = min(shown.width / whole["across"], shown.height / whole["down"])
        x = (shown.width - whole["across"] * scale) / 2 + (index + 0.5) * pixel * scale
        y = (shown.height - whole["down"] * scale) / 2 + from_head * scale
        inside = shown.getpixel((round(x + 4 * scale), round(y + 4 * scale)))
        around = [shown.getpixel((round(x + 16 * scale * way), round(y)))[0] for way in (-1, 1)]
        # The nodule reaches 8 mm from its centre and is bright; twice as far, on one side at least, is lung.
        assert inside[0] > min(around) + 60, (plane, inside, around)
    expect(room.page.locator("[data-plane-mark=f1]")).to_have_count(3)
    room.press("Shift+V", "f", "ArrowDown")
    expect(room.page.locator(".plane:visible")).to_have_count(1)
    room.wait(lambda data: data["crosshair"].split() == [str(part) for part in np.add(crosshair, [0, 1, 0])])
    room.press("f", "Shift+V", "Shift+V", "s")
    room.wait(lambda data: data["slab"] == "10")
    expect(room.page.locator("[data-plane=coronal] .br")).to_contain_text("Maximum over 10 mm")
    room.press("ArrowDown", "v")
    shown = room.wait(lambda data: data["planes"] == "off" and data["slice"] == str(crosshair[2] + 2))
    assert shown["window"] == "1500/-600"
    room.press("s")
    room.wait(lambda data: data["planes"] == "slab" and data["slab"] == "10")
    room.press(".")
    room.wait(lambda data: data["planes"] == "off")
    assert room.complaints == []


def test_a_stack_that_is_no_volume_gives_no_planes_and_says_why(open_room, reader, take_in, claimed_by):
    datasets = ct_datasets(np.zeros((6, 64, 64)), (2.0, 1.0, 1.0), fictional_patient(8), key="twice in one place")
    datasets[3].ImagePositionPatient = datasets[2].ImagePositionPatient
    room = open_room(reader, claimed_by(take_in(datasets, "lung")))
    room.press("v")
    expect(room.page.locator(".stage-note")).to_contain_text("lie at the same place")
    expect(room.page.locator(".plane")).to_have_count(0)
    room.press("ArrowDown")
    expect(room.page.locator(".stage-note")).to_have_count(0)
    room.wait(lambda data: data["planes"] == "off")


def test_frames_in_colour_are_shown_in_their_colours_and_played(open_room, reader, chest, take_in, claimed_by):
    (dataset,) = ct_datasets(np.zeros((1, 60, 80)), (2.0, 1.0, 1.0), fictional_patient(4), key="colours")
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleIntercept", "RescaleSlope"):
        del dataset[name]
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MultiFrameTrueColorSecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = make_uid("colours", "frames")
    dataset.Modality, dataset.NumberOfFrames, dataset.FrameTime = "OT", 4, "100"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30)]
    frames = np.stack([np.full((60, 80, 3), colour, np.uint8) for colour in colours])
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OB"
    room = open_room(reader, claimed_by(take_in([dataset], "")))
    room.press("Home")
    for number, colour in enumerate(colours, start=1):
        room.wait(lambda data, number=number: data["slice"] == str(number))
        shown = picture(room, ".surface")
        assert shown.getpixel((shown.width // 2, shown.height // 3)) == pytest.approx(colour, abs=2)
        room.press("ArrowDown")
    room.press("k")
    room.wait(lambda data: data["cine"] == "playing" and data["slice"] in ("2", "3"))
    assert room.complaints == []
