"""The main job on synthetic studies, the order of the list, and the keys it takes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from screening.phantoms.breast import MassSpec, mammogram
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, fictional_patient
from tests.browser.job import Job, do_the_job
from tests.browser.studies import COARSE, zipped

pytestmark = pytest.mark.browser


def phantom(name: str) -> PhantomStudy:
    if name == "chest":
        nodules = [NoduleSpec(16.0, "solid", "RUL")]
        return chest_ct(141, nodules, slices=88, size=COARSE, patient=fictional_patient(141))
    if name == "head":
        return head_ct(161, BleedSpec(volume_ml=34.0), patient=fictional_patient(161))
    views = ("LMLO",) if name == "single film" else ("RCC", "LCC", "RMLO", "LMLO")
    seed = 151 + len(views)
    return mammogram(seed, MassSpec(side="L"), views=views, patient=fictional_patient(seed, "F"))


@pytest.fixture(params=["chest", "head", "films", "single film"])
def phantom_job(request, tmp_path) -> Job:
    study = phantom(request.param)
    archive = zipped(tmp_path / "study.zip", study.datasets)
    return Job(archive, study.study_uid, len(study.datasets), single_view=request.param == "single film")


def test_a_synthetic_study_is_uploaded_scored_read_and_signed(phantom_job, sit_down, server):
    do_the_job(phantom_job, sit_down)
    assert server.rows("SELECT status FROM screening_study WHERE study_uid = ?", phantom_job.study_uid) == [
        ("REPORTED",)
    ]


def test_a_bleed_overtakes_what_waited_before_it(sit_down, tmp_path):
    reader, technologist = sit_down("reader"), sit_down("technologist")
    quiet = head_ct(62, None, patient=fictional_patient(171))
    bleed = head_ct(172, BleedSpec(volume_ml=34.0), patient=fictional_patient(172))
    for number, study in enumerate((quiet, bleed)):
        technologist.upload(zipped(tmp_path / f"{number}.zip", study.datasets))
        reader.row_shows(study.study_uid, "scored", seconds=60)
    order = [row.get_attribute("data-uid") for row in reader.page.locator("tr[data-uid]").all()]
    assert order.index(bleed.study_uid) < order.index(quiet.study_uid)


def test_a_study_with_nothing_to_add_takes_four_keys_and_the_password(sit_down, tmp_path):
    reader, technologist = sit_down("reader"), sit_down("technologist")
    studies = [mammogram(seed, None, patient=fictional_patient(seed, "F")) for seed in (181, 182)]
    for study in studies:
        technologist.upload(zipped(tmp_path / f"{study.study_uid}.zip", study.datasets))
    for study in studies:
        reader.row_shows(study.study_uid, "scored", seconds=60)
    reader.open_by_keyboard(studies[0].study_uid)
    reader.images_are_ready()
    reader.draft_is_there()
    first = reader.page.url
    reader.pressed = 0
    reader.press("n")
    reader.sign()
    reader.press("j")
    reader.until(lambda: "/studies/" in reader.page.url and reader.page.url != first, 20, "the next study")
    reader.images_are_ready()
    assert reader.pressed == 4
    expect(reader.page.locator("[data-part=sign]"), "the next one is claimed already").to_be_visible()
