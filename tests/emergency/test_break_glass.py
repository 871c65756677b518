"""A study of another site in an emergency: by its exact number, with a reason, to look, for a time; every way ends at once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Site, Verb
from reports.services import drafting
from screening.models import GlassBreak, Instance, Reading, Study
from screening.phantoms.headers import as_bytes
from screening.services.emergency import TRIES, sweep_glass
from screening.services.reading import claim_study
from screening.storage import storage
from tests.ingest.images import ct

pytestmark = pytest.mark.django_db
REASON = "Unconscious in our emergency room"
SENTENCE = "Nothing can be opened by this number."


@pytest.fixture
def study(north, make_study) -> Study:
    """At the north site, which allows an hour."""
    Site.objects.filter(pk=north.pk).update(break_glass_minutes=60)
    made = make_study(north, images=1, status="TO_READ", programme="lung", accession_number="ACC-7001")
    data = as_bytes(ct())
    Instance.objects.filter(series__study=made).update(sha256=storage().put(data), size=len(data))
    return made


@pytest.fixture
def colleague(stranger) -> Client:
    """A reader of the south site, signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(stranger)
    return client


def opened(client: Client, number: str, reason: str = REASON):
    return client.post("/emergency/open/", {"number": number, "reason": reason})


def ways(study: Study) -> dict[str, str]:
    """Every way to the study's content that a reader has."""
    uid = study.study_uid
    series, image = f"{uid[:58]}.1", Instance.objects.get(series__study=study).sop_uid
    web = f"/dicomweb/studies/{uid}"
    return {
        "room": f"/studies/{uid}/",
        "state": f"/studies/{uid}/state/",
        "news": f"/studies/{uid}/news/",
        "measurements": f"/studies/{uid}/measurements/",
        "findings": f"/api/studies/{uid}/findings/",
        "file": f"/api/instances/{image}/file/",
        "study": web,
        "study metadata": f"{web}/metadata",
        "its series": f"{web}/series",
        "its images": f"{web}/instances",
        "series metadata": f"{web}/series/{series}/metadata",
        "image": f"{web}/series/{series}/instances/{image}",
        "frame": f"{web}/series/{series}/instances/{image}/frames/1",
        "thumbnail": f"{web}/series/{series}/instances/{image}/thumbnail",
    }


def answers(client: Client, study: Study) -> dict[str, int]:
    found = {}
    for name, url in ways(study).items():
        answer = client.get(url)
        if answer.streaming:
            answer.getvalue()
        found[name] = answer.status_code
    return found


def image_url(study: Study) -> str:
    return next(url for name, url in ways(study).items() if name == "file")


def test_before_it_is_opened_nothing_of_the_study_is_there(colleague, study):
    assert set(answers(colleague, study).values()) == {404}


@pytest.mark.parametrize("number", ["accession", "uid"])
def test_by_its_exact_number_and_a_reason_every_way_opens(colleague, study, number):
    answer = opened(colleague, {"accession": "ACC-7001", "uid": study.study_uid}[number])
    assert (answer.status_code, answer["Location"]) == (302, f"/studies/{study.study_uid}/?site=north")
    assert set(answers(colleague, study).values()) == {200}
    listed = json.loads(colleague.get("/dicomweb/studies").content)
    assert [each["0020000D"]["Value"] for each in listed] == [[study.study_uid]]


def test_every_page_of_the_study_says_so_and_reloads_when_it_is_over(colleague, study):
    opened(colleague, "ACC-7001")
    page = colleague.get(f"/studies/{study.study_uid}/").content.decode()
    assert "Emergency access" in page and "End it now" in page
    glass = GlassBreak.objects.get()
    assert glass.expires_at - glass.opened_at == timedelta(minutes=60)
    assert 'http-equiv="refresh"' in page
    own = colleague.get("/worklist/").content.decode()
    assert "End it now" not in own and study.study_uid not in own


def test_by_hand_and_by_clock_every_way_ends_at_once(colleague, study):
    opened(colleague, "ACC-7001")
    colleague.post("/emergency/end/", {"study": study.study_uid})
    assert set(answers(colleague, study).values()) == {404}
    opened(colleague, "ACC-7001")
    assert set(answers(colleague, study).values()) == {200}
    past = timezone.now() - timedelta(hours=2)
    GlassBreak.objects.filter(ended_at=None).update(opened_at=past, expires_at=past + timedelta(minutes=60))
    assert set(answers(colleague, study).values()) == {404}
    assert json.loads(colleague.get("/dicomweb/studies").content or b"[]") == []


@pytest.mark.parametrize("ending", ["site allows none", "no reader any more", "inactive", "site closed", "erased"])
def test_it_ends_too_when_what_allowed_it_ends(colleague, stranger, study, ending):
    opened(colleague, "ACC-7001")
    if ending == "site allows none":
        Site.objects.filter(pk=study.site_id).update(break_glass_minutes=0)
    elif ending == "site closed":
        Site.objects.filter(pk=study.site_id).update(is_active=False)
    elif ending == "erased":
        Study.objects.filter(pk=study.pk).update(erased_at=timezone.now())
    elif ending == "inactive":
        stranger.is_active = False
        stranger.save()
    else:
        Membership.objects.filter(user=stranger).update(role="technologist")
    assert not {200} & set(answers(colleague, study).values())


def test_it_is_to_look_nothing_can_be_done(colleague, stranger, study):
    report = drafting.ensure_report(study=study)
    opened(colleague, "ACC-7001")
    uid = study.study_uid
    for act in ("claim", "release", "defer", "hand-over", "notes", "measurements/save", "findings/decide", "opinion"):
        assert colleague.post(f"/studies/{uid}/{act}/").status_code == 403, act
    for act in ("save", "sign", "addendum", "amend", "cosign", "answers", "review"):
        answer = colleague.post(f"/reports/{report.pk}/{act}/", {}, content_type="application/json")
        assert answer.status_code == 403, act
    sign = colleague.post(f"/api/reports/{report.pk}/sign/", {"password": "x"}, content_type="application/json")
    assert sign.status_code == 403
    for path in ("print/", "report.pdf", "export/fhir/", "revisions/"):
        assert colleague.get(f"/reports/{report.pk}/{path}").status_code == 403, path
    assert not Reading.objects.filter(reader=stranger).exists()
    assert study.study_uid not in colleague.post("/worklist/next/").headers.get("Location", "")


def test_of_the_patients_other_studies_nothing_is_told(colleague, north, study, make_study):
    earlier = make_study(north, status="REPORTED", study_at=timezone.now() - timedelta(days=365))
    Study.objects.filter(pk=earlier.pk).update(patient=study.patient)
    Study.objects.filter(pk=study.pk).update(study_at=timezone.now())
    opened(colleague, "ACC-7001")
    for name in ("room", "news"):
        assert earlier.study_uid not in colleague.get(ways(study)[name]).content.decode()
    assert colleague.get(f"/studies/{study.study_uid}/priors/{earlier.study_uid}/").status_code == 404
    assert colleague.get(f"/studies/{earlier.study_uid}/").status_code == 404


def test_a_wrong_number_a_closed_site_and_one_that_is_not_unique_get_the_same_answer(
    colleague, study, south, make_study
):
    make_study(study.site, accession_number="TWICE")
    make_study(study.site, accession_number="TWICE")
    closed = make_study(Site.objects.create(slug="east", name="East"), accession_number="EAST-1")
    own = make_study(south, accession_number="OWN-1")
    told = set()
    for number in ("ACC-70", "ACC-7001%", "TWICE", closed.study_uid, own.study_uid, "' OR 1=1"):
        answer = opened(colleague, number)
        page = answer.content.decode()
        told.add((answer.status_code, SENTENCE in page))
        assert page.count("<table") == 0
    assert told == {(404, True)}
    assert not GlassBreak.objects.exists()


def test_every_try_is_on_record_without_what_was_typed_and_tries_are_few(colleague, stranger, study):
    for _try in range(TRIES):
        assert opened(colleague, "ACC-9999").status_code == 404
    assert opened(colleague, "ACC-7001").status_code == 429, "the right number too"
    assert not GlassBreak.objects.exists()
    events = AuditEvent.objects.filter(verb=Verb.GLASS_BROKEN)
    assert {(event.actor, event.outcome, event.site) for event in events} == {(stranger, "denied", None)}
    assert len(events) == TRIES and "9999" not in json.dumps([event.detail for event in events])


@pytest.mark.parametrize("reason", ["", "short", "x" * 301])
def test_without_a_reason_nothing_opens(colleague, study, reason):
    assert opened(colleague, "ACC-7001", reason).status_code == 400
    assert not GlassBreak.objects.exists()


def test_the_auditor_of_the_site_sees_who_looked_why_and_until_when(colleague, stranger, study, auditor):
    opened(colleague, "ACC-7001")
    colleague.get(f"/studies/{study.study_uid}/")
    colleague.post("/emergency/end/", {"study": study.study_uid})
    watcher = Client()
    watcher.force_login(auditor)
    page = watcher.get("/emergency/").content.decode()
    assert REASON in page and study.study_uid in page and str(stranger) in page
    trail = watcher.get(f"{reverse('audit')}?verb=glass_broken").content.decode()
    assert "stranger" in trail
    verbs = set(AuditEvent.objects.filter(site=study.site, actor=stranger).values_list("verb", flat=True))
    assert {Verb.GLASS_BROKEN, Verb.STUDY_OPENED, Verb.GLASS_ENDED} <= verbs


def test_another_sites_auditor_sees_nothing_of_it(colleague, study, make_user, south):
    opened(colleague, "ACC-7001")
    watcher = Client()
    watcher.force_login(make_user("other", "auditor", south))
    assert REASON not in watcher.get("/emergency/").content.decode()


def test_what_the_clock_ended_is_noted_once(colleague, study):
    opened(colleague, "ACC-7001")
    assert sweep_glass() == 0
    past = timezone.now() - timedelta(hours=2)
    GlassBreak.objects.update(opened_at=past, expires_at=past + timedelta(minutes=60))
    assert (sweep_glass(), sweep_glass()) == (1, 0)
    glass = GlassBreak.objects.get()
    assert glass.ended_at == glass.expires_at
    assert AuditEvent.objects.get(verb=Verb.GLASS_ENDED).detail == {"access": glass.pk, "by_hand": False}


def test_a_sites_own_reader_and_their_claim_are_untouched(colleague, study, reader):
    opened(colleague, "ACC-7001")
    claim_study(study=study, reader=reader)
    own = Client()
    own.force_login(reader)
    assert "Emergency access ·" not in own.get(f"/studies/{study.study_uid}/").content.decode()
    assert set(answers(own, study).values()) == {200}
    assert image_url(study)


@pytest.mark.parametrize("role", ["trainee", "technologist", "administrator"])
def test_other_roles_open_nothing(study, make_user, south, role):
    client = Client()
    client.force_login(make_user("somebody", role, south))
    assert opened(client, "ACC-7001").status_code == 403
    assert not GlassBreak.objects.exists()
