"""One UID at two sites of one reader: every address of the room leads to the study that is on the screen."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Role
from screening.models import Instance, Reading, Study
from screening.selectors import open_reading
from screening.storage import storage
from tests.reports.conftest import by_template

UID = "1.2.826.0.1.3680043.10.77"


@pytest.fixture
def twins(north, south, make_study, reader, client) -> tuple[Study, Study]:
    """The same study UID, with the same image UIDs over other bytes, at both sites of the reader."""
    Membership.objects.create(user=reader, site=south, role=Role.READER)
    client.force_login(reader)
    studies = tuple(make_study(site, images=1, study_uid=UID) for site in (north, south))
    for study in studies:
        key = storage().put(study.site.slug.encode())
        Instance.objects.filter(site=study.site).update(sha256=key)
    return studies


def shown(client, study: Study) -> dict:
    return client.get(reverse("reading-room", args=[UID]), {"site": study.site.slug}).context["room"]


def test_the_images_are_those_of_the_study_on_the_screen(client, twins):
    for study in twins:
        url = shown(client, study)["series"][0]["images"][0]["url"]
        assert b"".join(client.get(url).streaming_content) == study.site.slug.encode()


def test_claiming_and_releasing_from_the_room_take_the_study_on_the_screen(client, twins):
    _older, newer = twins
    client.post(shown(client, newer)["urls"]["claim"])
    assert [each.study for each in Reading.objects.all()] == [newer]
    client.post(shown(client, newer)["urls"]["release"])
    assert open_reading(newer) is None


def test_the_state_asked_for_is_that_of_the_study_on_the_screen(client, twins, score):
    older, newer = twins
    score(older)
    assert client.get(shown(client, newer)["urls"]["state"]).json()["ai"]["state"] == "pending"
    assert client.get(shown(client, older)["urls"]["state"]).json()["ai"]["state"] == "scored"


def test_an_image_of_a_site_that_is_not_the_readers_is_not_there(client, twins, stranger):
    client.force_login(stranger)
    file = reverse("api-instance-file", args=[Instance.objects.first().sop_uid])
    assert client.get(file, {"site": "north"}).status_code == 404


def test_a_draft_of_one_twin_never_names_the_other(twins, score):
    older, newer = twins
    score(older)
    report = by_template(older)
    assert not hasattr(newer, "report")
    assert report.study == older
