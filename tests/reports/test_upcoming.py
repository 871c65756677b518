"""The next study's images, told so that they can be fetched ahead; and what the audit trail says of that."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, HoldBack, Verb
from screening.models import Instance, Study
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from screening.services.reading import claim_study
from screening.states import StudyStatus
from screening.storage import storage
from tests.ingest.images import ct_series
from tests.reports.conftest import NODULE

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client, reader):
    client.force_login(reader)

    def get(after: str = "") -> dict | None:
        answer = client.get(reverse("upcoming-images"), {"after": after})
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        return answer.json()["study"]

    return get


@pytest.fixture
def two_waiting(north, make_study) -> list[Study]:
    soon = timezone.now() + timedelta(hours=1)
    dues = [soon + timedelta(hours=n) for n in range(2)]
    return [with_files(make_study(north, due_at=due, status=StudyStatus.TO_READ)) for due in dues]


def with_files(study: Study) -> Study:
    Instance.objects.filter(series__study=study).update(sha256=storage().put(b"an image"))
    return study


def urls(study: dict) -> list[str]:
    return [image["url"] for series in study["series"] for image in series["images"]]


def test_what_comes_after_the_open_study_is_what_next_would_give(ask, client, reader, two_waiting):
    open_now, following = two_waiting
    claim_study(study=open_now, reader=reader)
    told = ask(after=open_now.study_uid)
    assert urls(told) == [f"/api/instances/{following.study_uid}.1.{n}/file/?site=north" for n in (1, 2)]
    assert all(image["bytes"] > 0 for image in told["series"][0]["images"])
    assert client.post(reverse("worklist-next")).url.startswith(f"/studies/{open_now.study_uid}/"), "its own first"


def test_an_image_that_is_lost_is_not_fetched_ahead(ask, two_waiting):
    Instance.objects.filter(sop_uid=f"{two_waiting[0].study_uid}.1.1").update(sha256="0" * 64)
    assert urls(ask()) == [f"/api/instances/{two_waiting[0].study_uid}.1.2/file/?site=north"]
    Instance.objects.update(sha256="0" * 64)
    assert ask()["series"] == []


def test_the_list_names_where_to_ask_and_the_scripts_that_will_be_needed(client, reader, technologist):
    for user, told in ((reader, True), (technologist, False)):
        client.force_login(user)
        page = client.get(reverse("worklist")).content.decode()
        assert (f'data-upcoming="{reverse("upcoming-images")}"' in page) is told
        assert ('rel="prefetch"' in page) is Path(settings.FRONTEND_MANIFEST).exists()


def test_telling_claims_nothing_and_is_no_look(ask, two_waiting):
    events = AuditEvent.objects.count()
    assert ask() is not None
    assert AuditEvent.objects.count() == events
    assert not Study.objects.filter(status=StudyStatus.READING).exists()


def test_a_reader_of_another_site_is_told_of_nothing(client, stranger, two_waiting):
    client.force_login(stranger)
    answer = client.get(reverse("upcoming-images"), {"after": two_waiting[0].study_uid})
    assert answer.json() == {"study": None}


def test_what_others_read_is_not_fetched_for_me(ask, second_reader, two_waiting):
    claim_study(study=two_waiting[0], reader=second_reader)
    assert two_waiting[1].study_uid in urls(ask())[0]


@pytest.mark.parametrize("held", [False, True])
def test_a_finding_leads_to_its_slice_only_where_opening_would_show_it(ask, north, make_study, score, held):
    north.hold_back_ai = HoldBack.ALWAYS if held else HoldBack.NEVER
    north.save()
    study = with_files(make_study(north, programme="lung", status=StudyStatus.TO_READ))
    place = {"series_uid": f"{study.study_uid}.1", "sop_uid": f"{study.study_uid}.1.2", "frame": 1}
    score(study, findings=[{**NODULE, **place}])
    assert ask()["first"] == (None if held else place)


def test_images_sent_ahead_are_told_apart_from_a_look(client, reader, north):
    data = [as_bytes(dataset) for dataset in ct_series(2)]
    for each in data:
        assert ingest_instance(data=each, source="test", site=north, actor=None).result == "stored"
    client.force_login(reader)
    study = Study.objects.get()
    first, second = study.series.get().instances.all()
    for instance, purpose in ((first, "ahead"), (second, "ahead"), (first, None), (second, None)):
        headers = {"X-Purpose": purpose} if purpose else {}
        answer = client.get(reverse("api-instance-file", args=(instance.sop_uid,)), headers=headers)
        assert b"".join(answer.streaming_content) in data
    looks = AuditEvent.objects.filter(verb=Verb.IMAGES_VIEWED, object_id=study.study_uid).order_by("id")
    assert [event.detail for event in looks] == [{"ahead": 1}, {}]
