"""How images hang, by the positions of pixels on the screen; the prior beside the current study."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect
from pydicom.dataset import Dataset

from reports.models import LesionMatch, UserHangingProtocol
from screening.models import Study
from screening.phantoms.breast import VIEWS, mammogram
from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import fictional_patient
from screening.states import StudyStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WALL_PX, MARK_PX = 10, 20
MARK_ROWS = (100, 900)
# Between the centres of the two marks, 0.2 mm a pixel.
APART_MM = 160.0
PATIENT = fictional_patient(3, sex="F")
# What stands on the canvas of a pane: the white wall's columns, and how far the two white marks are apart.
MEASURE = """(id) => {
  const canvas = document.querySelector(`.vp[data-pane="${id}"] .cornerstone-canvas`);
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const white = (x, y) => data[4 * (y * width + x)] > 200;
  const wall = [], rows = [];
  for (let x = 0; x < width; x += 1) {
    const column = [];
    for (let y = 0; y < height; y += 1) if (white(x, y)) column.push(y);
    if (column.length > height / 2) wall.push(x);
    else rows.push(...column);
  }
  const middle = (Math.min(...rows) + Math.max(...rows)) / 2;
  const mean = (list) => list.reduce((sum, y) => sum + y, 0) / list.length;
  const box = canvas.getBoundingClientRect();
  return {
    first: box.x + wall[0], last: box.x + wall[wall.length - 1] + 1,
    apart: mean(rows.filter((y) => y > middle)) - mean(rows.filter((y) => y <= middle)),
    left: box.x, right: box.x + box.width,
  };
}"""


# Where each image stands and what its canvas holds; noted whenever the page says how images hang or that it is ready.
STANDING = """() => [...document.querySelectorAll('.vp .cornerstone-canvas')].map((canvas) => {
  const { x, y, width, height } = canvas.getBoundingClientRect();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [x, y, width, height, data.reduce((sum, value, at) => (sum + value * (at % 8191)) % 1000000007, 0)].join(' ');
})"""
NOTE = """window.noted = [];
new MutationObserver(() => window.noted.push(window.standing()))
  .observe(document, { attributes: true, subtree: true, attributeFilter: ['data-stage', 'data-viewer'] });"""
SETTLED = """async () => {
  for (let frame = 0; frame < 12; frame += 1) await new Promise(requestAnimationFrame);
  return [window.noted.at(-1), window.standing()];
}"""


def film(dataset: Dataset, every: int = 1, outer: int = 0, mirrored: bool = False) -> Dataset:
    """The chest wall white, and two white marks at the outer edge; `every` second pixel, without `outer` columns."""
    right = str(dataset.ViewCodeSequence[0].CodeMeaning) and str(dataset.ImageLaterality) == "R"
    # The breast in half its brightness, so that only the marks are white.
    pixels = dataset.pixel_array // 2
    pixels = pixels if right else pixels[:, ::-1]
    pixels[:, -WALL_PX:] = 4095
    for row in MARK_ROWS:
        pixels[row : row + MARK_PX, 140 : 140 + MARK_PX] = 4095
    pixels = pixels[::every, outer::every]
    pixels = pixels if right is not mirrored else pixels[:, ::-1]
    if mirrored:
        chest, down = dataset.PatientOrientation
        dataset.PatientOrientation = ["P" if chest == "A" else "A", down]
    dataset.ImagerPixelSpacing = [0.2 * every, 0.2 * every]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    return dataset


def films(views: Sequence[str], key: str, day: str, change: Callable[[Dataset], object] = film) -> list[Dataset]:
    datasets = mammogram(3, views=views, patient=PATIENT.renamed(study_date=day), key=key).datasets
    for dataset in datasets:
        change(dataset)
    return datasets


@pytest.fixture
def with_prior(take_in, give_result, claimed_by) -> Callable[..., Study]:
    def make(datasets: list[Dataset], earlier: list[Dataset]) -> Study:
        take_in(earlier, "breast", status=StudyStatus.REPORTED)
        study = take_in(datasets, "breast")
        give_result(study, [])
        return claimed_by(study)

    return make


def measured(room: Any, *panes: str) -> dict[str, dict[str, float]]:
    return {pane: room.page.evaluate(MEASURE, pane) for pane in panes}


def assert_walls_meet(stands: dict[str, dict[str, float]], right: str, left: str) -> None:
    """The wall of a right breast ends where its place does, that of a left one begins where its place begins."""
    assert abs(stands[right]["last"] - stands[right]["right"]) <= 1.5
    assert abs(stands[left]["first"] - stands[left]["left"]) <= 1.5
    assert abs(stands[right]["right"] - stands[left]["left"]) <= 1


def assert_one_scale(stands: dict[str, dict[str, float]]) -> None:
    scales = [each["apart"] / APART_MM for each in stands.values()]
    assert max(scales) / min(scales) < 1.01, scales
    assert min(scales) > 0.5


def test_four_films_and_their_priors_hang_wall_to_wall_at_one_scale(open_room, reader, with_prior):
    """The films come in another order, one of them mirrored; those of before have larger pixels and are narrower."""

    def now(dataset: Dataset) -> None:
        film(dataset, mirrored=dataset.ImageLaterality + dataset.ViewPosition == "LMLO")

    study = with_prior(
        films(VIEWS[::-1], "now", "20260601", now),
        films(VIEWS, "then", "20250601", lambda dataset: film(dataset, every=2, outer=100)),
    )
    room = open_room(reader, study)
    stands = measured(room, *VIEWS)
    assert_walls_meet(stands, "RCC", "LCC")
    assert_walls_meet(stands, "RMLO", "LMLO")
    assert_one_scale(stands)
    for stage, view in (("cc-prior", "CC"), ("mlo-prior", "MLO")):
        room.press(".")
        room.wait(lambda data, stage=stage: data["stage"] == stage and data["failures"] == "0")
        expect(room.page.locator(f".vp[data-pane=prior-R{view}] .tl")).to_contain_text("Prior 2025-06-01 · R")
        stands = measured(room, f"R{view}", f"L{view}", f"prior-R{view}", f"prior-L{view}")
        assert_walls_meet(stands, f"R{view}", f"L{view}")
        assert_walls_meet(stands, f"prior-R{view}", f"prior-L{view}")
        assert_one_scale(stands)
    room.press(".")
    room.wait(lambda data: data["stage"] == "RCC")
    alone = measured(room, "RCC")["RCC"]
    assert abs(alone["last"] - alone["right"]) <= 1.5
    room.press("p")
    room.wait(lambda data: data["stage"] == "cc-prior")
    room.press("p")
    room.wait(lambda data: data["stage"] == "RCC")
    assert room.complaints == []


def test_when_the_page_says_how_images_hang_they_hang_so(open_room, reader, with_prior):
    """What stands on the screen at that moment is what stands there for good: place and pixels."""
    room = open_room(reader, with_prior(films(VIEWS, "now", "20260601"), films(VIEWS, "then", "20250601")))
    room.page.add_init_script(f"window.standing = {STANDING}; {NOTE}")
    room.page.reload()
    for _stage in ("four", "cc-prior", "mlo-prior", "RCC"):
        room.wait(lambda data: data.get("viewer") == "ready" and "stage" in data)
        before = room.page.evaluate("window.noted.length")
        told, settled = room.page.evaluate(SETTLED)
        assert told == settled
        room.press(".")
        room.page.wait_for_function("(before) => window.noted.length > before", arg=before)
    assert room.complaints == []


def test_without_tags_of_the_side_films_hang_by_what_the_rest_says_and_a_missing_view_stays_empty(
    open_room, reader, with_prior
):
    def untagged(dataset: Dataset) -> None:
        film(dataset)
        del dataset.ImageLaterality
        if dataset.ViewPosition == "CC":
            dataset.SeriesDescription = ""

    views = ("LMLO", "RCC", "RMLO")
    study = with_prior(films(views, "now", "20260601", untagged), films(("RCC",), "then", "20250601"))
    room = open_room(reader, study)
    expect(room.page.locator(".vp[data-pane=LCC]")).to_contain_text("Left CC missing")
    expect(room.page.locator(".vp[data-pane=RCC] .caution")).to_contain_text("side not given in the file")
    expect(room.page.locator(".vp[data-pane=RMLO] .caution")).to_contain_text("from the description")
    stands = measured(room, *views)
    assert_walls_meet(stands, "RMLO", "LMLO")
    assert abs(stands["RCC"]["last"] - stands["RCC"]["right"]) <= 1.5
    assert_one_scale(stands)
    room.press("p")
    room.wait(lambda data: data["stage"] == "cc-prior")
    expect(room.page.locator(".vp[data-pane=prior-LCC]")).to_contain_text("Left CC missing on 2025-06-01")
    assert room.complaints == []


SLICES = 12


def chest(key: str, day: str, table: float) -> list[Dataset]:
    datasets = chest_ct(
        5, nodules=[], slices=SLICES, size=128, patient=PATIENT.renamed(study_date=day), key=key
    ).datasets
    for dataset in datasets:
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, float(z) + table]
    return datasets


def nodule_on(dataset: Dataset, size: float) -> dict[str, Any]:
    return {
        "type": "solid_nodule",
        "location": "right upper lobe",
        "size_mm": size,
        "probability": 0.8,
        "series_uid": str(dataset.SeriesInstanceUID),
        "sop_uid": str(dataset.SOPInstanceUID),
        "frame": 1,
        "box": [40, 50, 52, 60],
        "attributes": {"volume_mm3": round(3.14159 / 6 * size**3)},
    }


@pytest.fixture
def two_chests(take_in, give_result, claimed_by) -> Study:
    """A nodule on slice 5, that of a year before on slice 7 of another table's stack."""
    earlier, now = chest("then", "20250601", -400.0), chest("now", "20260601", 0.0)
    prior = take_in(earlier, "lung", status=StudyStatus.REPORTED)
    give_result(prior, [nodule_on(earlier[6], 6.0)])
    study = take_in(now, "lung")
    give_result(study, [nodule_on(now[4], 9.0)])
    return claimed_by(study)


def assert_slices(room: Any, now: int, then: int) -> None:
    expect(room.page.locator(".vp[data-pane=main] .tr")).to_contain_text(f"Slice {now} of {SLICES}")
    expect(room.page.locator(".vp[data-pane=prior] .tr")).to_contain_text(f"Slice {then} of {SLICES}")


def test_one_key_puts_the_prior_beside_the_study_and_both_scroll_as_one(open_room, reader, two_chests):
    room = open_room(reader, two_chests)
    expect(room.page.locator(".timeline [data-prior-uid]")).to_contain_text("2025-06-01")
    room.press("p")
    room.wait(lambda data: data.get("linked") == "yes")
    assert_slices(room, 5, 7)
    expect(room.page.locator(".vp[data-pane=prior] [data-mark='prior:f1'].own")).to_have_count(1)
    room.press("ArrowDown", "ArrowDown")
    assert_slices(room, 7, 9)
    room.press("Shift+P", "ArrowUp")
    assert_slices(room, 6, 9)
    room.press("Shift+P", "ArrowUp")
    assert_slices(room, 5, 8)
    room.press("2")
    expect(room.page.locator(".vp[data-pane=main] .tl")).to_contain_text("W 350")
    expect(room.page.locator(".vp[data-pane=prior] .tl")).to_contain_text("W 350")
    before = room.text(".vp[data-pane=prior] .br")
    room.press("+", "+")
    expect(room.page.locator(".vp[data-pane=prior] .br")).not_to_have_text(before)
    expect(room.page.locator(".vp[data-pane=prior] .br")).to_have_text(room.text(".vp[data-pane=main] .br"))
    room.press("p")
    room.wait(lambda data: data["stage"] == "one" and "prior" not in data)
    assert room.complaints == []


def test_the_images_stay_where_they_are_whatever_is_said_of_the_lesions(
    open_room, reader, take_in, give_result, claimed_by
):
    """One lesion has a pair, the other is offered one when it is chosen."""
    earlier, now = chest("then", "20250601", -400.0), chest("now", "20260601", 0.0)
    prior = take_in(earlier, "lung", status=StudyStatus.REPORTED)
    give_result(prior, [nodule_on(earlier[6], 6.0), {**nodule_on(earlier[1], 5.0), "location": "left upper lobe"}])
    study = take_in(now, "lung")
    give_result(study, [nodule_on(now[4], 9.0), {**nodule_on(now[9], 7.0), "location": "left lower lobe"}])
    room = open_room(reader, claimed_by(study))
    room.press("p")
    room.wait(lambda data: data.get("linked") == "yes")
    stands = [room.box(f".vp[data-pane={pane}] canvas") for pane in ("main", "prior")]

    def unmoved() -> None:
        assert [room.box(f".vp[data-pane={pane}] canvas") for pane in ("main", "prior")] == stands

    expect(room.page.locator(".pairs [data-pair]")).to_have_count(1)
    room.press("]")
    select = room.page.locator("[data-match-with=f2]")
    expect(select).to_be_visible()
    unmoved()
    select.select_option("f2")
    expect(room.page.locator(".pairs [data-pair]")).to_have_count(2)
    unmoved()
    room.press("Shift+P", "[")
    expect(room.page.locator(".pairs li.on")).to_have_attribute("data-pair", "f1")
    room.page.locator(".pairs [data-pair=f1] [data-verdict=rejected]").click()
    expect(room.page.locator(".pairs [data-pair=f1]")).to_have_class(re.compile("rejected"))
    unmoved()
    assert room.complaints == []


def test_a_confirmed_match_survives_the_page(open_room, reader, two_chests):
    room = open_room(reader, two_chests)
    room.press("p")
    row = room.page.locator(".pairs [data-pair=f1]")
    expect(row).to_contain_text("6.0 → 9.0 mm (+3.0 mm, +50 %) in 365 days · growing · volume doubles in 208 days")
    expect(row).to_contain_text("to be confirmed")
    room.press("Shift+S")
    room.wait(lambda data: data.get("pairs") == "confirmed")
    assert LesionMatch.objects.get().by == reader
    again = open_room(reader, two_chests)
    again.press("p")
    again.wait(lambda data: data.get("pairs") == "confirmed")
    expect(again.page.locator(".pairs [data-pair=f1]")).to_contain_text("same lesion: Mara Osei")
    again.page.locator(".pairs [data-verdict=rejected]").click()
    again.wait(lambda data: data.get("pairs") == "rejected")
    assert again.complaints == room.complaints == []


def test_a_reader_keeps_a_layout_and_goes_back_to_the_departments(open_room, reader, two_chests):
    room = open_room(reader, two_chests)
    room.press(".")
    room.wait(lambda data: data["stage"] == "lung-mediastinum")
    expect(room.page.locator(".vp[data-pane=window-mediastinum] .tl")).to_contain_text("W 350")
    room.page.locator("[data-menu=layout]").click()
    room.page.locator("[data-layout=keep]").click()
    expect(room.page.locator(".hang .said")).to_contain_text("Kept")
    assert UserHangingProtocol.objects.get().protocol["stages"][0]["name"] == "lung-mediastinum"
    again = open_room(reader, two_chests)
    assert again.data()["stage"] == "lung-mediastinum"
    expect(again.page.locator(".vp[data-pane=main] .tl")).to_contain_text("W 1500")
    expect(again.page.locator(".vp[data-pane=window-mediastinum] .tl")).to_contain_text("W 350")
    again.page.locator("[data-menu=layout]").click()
    again.page.locator("[data-layout=back]").click()
    again.wait(lambda data: data["stage"] == "one")
    assert not UserHangingProtocol.objects.filter(chosen=True).exists()
    assert again.complaints == []
