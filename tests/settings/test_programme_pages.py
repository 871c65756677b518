"""The pages of programmes and of queues."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AuditEvent, HoldBack, Site, Verb
from screening.models import ProgrammeSetting, ScoreRun
from screening.selectors.programmes import settings_of
from screening.services.retrying import NotRetried, retry_failed

WINDOWS = {"minutes-critical": "10", "minutes-urgent": "60", "minutes-soon": "90", "minutes-routine": "480"}
PLACE = {"site": "north", "programme": "lung", "after": "0"}


def body(**fields: str) -> dict[str, str]:
    return {**PLACE, **WINDOWS, "quiet": "", "reason": "Night shift", **fields}


def test_the_page_shows_what_is_in_force_and_puts_a_version_into_force(client, north, administrator):
    client.force_login(administrator)
    page = client.get("/settings/programmes/?site=north&programme=lung").content.decode()
    assert 'value="4320"' in page
    assert "the defaults are in force" in page
    answer = client.post("/settings/programmes/set/", body(hold_back="1", quiet="30"))
    assert answer.status_code == 302
    page = client.get(answer.url).content.decode()
    assert 'value="480"' in page
    assert "Night shift" in page
    assert "Version 1 is in force." in page
    standing = settings_of(north.pk, "lung")
    assert (standing.version, standing.quiet_seconds, standing.hold_back_ai) == (1, 30, True)
    assert Site.objects.get().programme_holds == {"lung": True}


def test_studies_without_a_programme_have_one_window(client, north, administrator):
    client.force_login(administrator)
    page = client.get("/settings/programmes/?site=north&programme=none").content.decode()
    assert "minutes-routine" in page
    assert "minutes-critical" not in page
    assert "hold_back" not in page
    answer = client.post("/settings/programmes/set/", body(programme="none", hold_back="1"))
    assert answer.status_code == 302
    row = ProgrammeSetting.objects.get()
    assert (row.programme, set(row.windows.values()), row.hold_back_ai) == ("", {480}, False)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": " "}, "Give a reason"),
        ({"minutes-urgent": "soon"}, "whole numbers"),
        ({"minutes-urgent": "٣"}, "whole numbers"),
        ({"minutes-urgent": "9"}, "more pressing tier"),
        ({"quiet": "-1"}, "whole numbers"),
        ({"minutes-routine": "999999"}, "90 days"),
    ],
)
def test_what_cannot_be_set_is_said_and_what_was_typed_stays(client, north, administrator, fields, words):
    client.force_login(administrator)
    answer = client.post("/settings/programmes/set/", body(**fields))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert words in page
    assert 'value="90"' in page
    assert not ProgrammeSetting.objects.exists()


def test_a_page_that_is_out_of_date_answers_409(client, north, administrator):
    client.force_login(administrator)
    client.post("/settings/programmes/set/", body())
    answer = client.post("/settings/programmes/set/", body(hold_back="1"))
    assert answer.status_code == 409
    assert "Somebody else" in answer.content.decode()


@pytest.mark.parametrize("place", [{"site": "south"}, {"programme": "heart"}, {"site": "nowhere"}])
def test_another_site_and_an_unknown_programme_are_out_of_sight(client, north, south, administrator, place):
    client.force_login(administrator)
    assert client.get("/settings/programmes/", {**PLACE, **place}).status_code == 404
    assert client.post("/settings/programmes/set/", body(**place)).status_code == 404


def test_a_site_that_decides_itself_is_named_beside_the_programmes_own_choice(client, north, administrator):
    Site.objects.update(hold_back_ai=HoldBack.ALWAYS)
    client.force_login(administrator)
    page = client.get("/settings/programmes/?site=north&programme=lung").content.decode()
    assert "North Clinic itself says “Always”" in page


@pytest.fixture
def failed_study(north, make_study, django_capture_on_commit_callbacks):
    study = make_study(north, programme="lung", status="TO_READ", ai_state="failed", ai_reason="Out of memory.")
    type(study).objects.filter(pk=study.pk).update(closed_at=study.received_at)
    return study


def test_a_failed_study_is_tried_again_with_one_click(
    client, failed_study, administrator, django_capture_on_commit_callbacks
):
    client.force_login(administrator)
    page = client.get("/settings/queues/").content.decode()
    assert failed_study.study_uid in page
    assert "Out of memory." in page
    address = f"/settings/queues/{failed_study.pk}/retry/"
    assert address in page
    with django_capture_on_commit_callbacks() as sent:
        assert client.post(address).status_code == 302
    assert len(sent) == 1
    run = ScoreRun.objects.get(study=failed_study)
    assert run.status == "PENDING"
    event = AuditEvent.objects.get(verb=Verb.RUN_RETRIED)
    assert (event.actor, event.object_id, event.detail) == (
        administrator,
        failed_study.study_uid,
        {"failed_run": None, "run": run.pk},
    )
    page = client.get("/settings/queues/").content.decode()
    assert address not in page
    assert "1 waiting, 0 running." in page


def test_trying_again_twice_makes_one_run(failed_study, administrator):
    retry_failed(study=failed_study, actor=administrator)
    with pytest.raises(NotRetried):
        retry_failed(study=failed_study, actor=administrator)
    assert ScoreRun.objects.count() == 1


@pytest.mark.parametrize("fields", [{"ai_state": "scored"}, {"status": "REPORTED"}])
def test_what_is_not_failed_or_is_reported_is_not_tried_again(client, failed_study, administrator, fields):
    type(failed_study).objects.filter(pk=failed_study.pk).update(**fields)
    client.force_login(administrator)
    answer = client.post(f"/settings/queues/{failed_study.pk}/retry/", follow=True)
    assert "no longer failed" in answer.content.decode()
    assert not ScoreRun.objects.exists()


def test_a_study_of_another_site_is_neither_shown_nor_tried_again(client, south, north, administrator, make_study):
    theirs = make_study(south, programme="lung", status="TO_READ", ai_state="failed")
    client.force_login(administrator)
    assert theirs.study_uid not in client.get("/settings/queues/").content.decode()
    assert client.post(f"/settings/queues/{theirs.pk}/retry/").status_code == 404
    assert not ScoreRun.objects.exists()


def test_the_queue_shows_runs_with_their_leases(client, failed_study, administrator, make_study, north):
    now = failed_study.received_at
    fields = {"programme": "lung", "model_name": "lung-nodule", "model_version": "9", "requested_at": now}
    for number, lease in enumerate((3600, -60)):
        study = make_study(north, programme="lung")
        ScoreRun.objects.create(
            study=study,
            status="RUNNING",
            attempt=number + 1,
            progress=0.25,
            started_at=now,
            lease_until=now + dt.timedelta(seconds=lease),
            **fields,
        )
    client.force_login(administrator)
    page = client.get("/settings/queues/").content.decode()
    assert "over: queued again soon" in page
    assert "25 %" in page
    assert "2 running" in page
