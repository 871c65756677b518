"""How the department runs, in figures: for its administrators, and for a monitoring system with a token."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from screening.models import IngestProblem, ScoreRun, Tier
from screening.selectors import operation
from screening.states import AiState, RunStatus, StudyStatus

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


@pytest.fixture
def department(north, south, make_study):
    """At the north site one late urgent study, two routine ones, one reported; one critical at the south site."""

    def study(site, **fields):
        return make_study(site, programme="lung", **{"status": StudyStatus.TO_READ, "tier": Tier.ROUTINE, **fields})

    late = ago(minutes=5)
    urgent = study(north, tier=Tier.URGENT, received_at=ago(hours=2), due_at=late, base_due_at=late)
    study(north, received_at=ago(minutes=30), ai_state=AiState.FAILED)
    waiting = study(north, received_at=ago(minutes=10))
    done = study(north, status=StudyStatus.REPORTED, received_at=ago(hours=3), last_instance_at=ago(hours=3))
    done.reported_at = ago(hours=1)
    done.save()
    far = study(south, tier=Tier.CRITICAL, received_at=ago(hours=9))
    run(done, RunStatus.SUCCEEDED, started_at=ago(hours=3), finished_at=ago(hours=3) + dt.timedelta(seconds=40))
    run(waiting, RunStatus.PENDING, requested_at=ago(minutes=7))
    run(urgent, RunStatus.RUNNING, lease_until=ago(seconds=3))
    run(far, RunStatus.REFUSED, finished_at=ago(hours=4), reason="Only twelve slices.")
    IngestProblem.objects.create(site=north, at=ago(hours=1), source="upload", code="not_dicom", reason="Not DICOM.")
    IngestProblem.objects.create(site=north, at=ago(days=2), source="upload", code="truncated", reason="Cut.")
    return {"urgent": urgent, "waiting": waiting}


def run(study, status, **fields) -> ScoreRun:
    known = {"requested_at": ago(hours=5), "inputs_sha256": f"{study.pk}", "model_name": "m", "model_version": "1"}
    return ScoreRun.objects.create(study=study, programme="lung", status=status, **known | fields)


def test_what_waits_is_counted_by_tier_with_the_late_and_the_longest(department, north):
    waiting = {one.tier: one for one in operation.waiting_by_tier(NOW, [north])}
    assert list(waiting) == Tier.values
    assert (waiting["urgent"].count, waiting["urgent"].overdue, waiting["urgent"].oldest_s) == (1, 1, 7200)
    assert (waiting["routine"].count, waiting["routine"].overdue, waiting["routine"].oldest_s) == (2, 0, 1800)
    assert waiting["critical"].count == 0, "the other site's"
    assert {one.tier: one.count for one in operation.waiting_by_tier(NOW)}["critical"] == 1


def test_times_from_image_to_score_and_to_signature(department, north):
    (score,) = operation.receipt_to_score(NOW, [north])
    assert (score.programme, score.count, score.quantiles) == ("lung", 1, ((0.5, 40.0), (0.95, 40.0)))
    (signature,) = operation.receipt_to_signature(NOW, [north])
    assert signature.quantiles[0] == (0.5, 7200.0)


def test_the_scoring_queue_says_what_was_lost_and_how_long_the_oldest_waits(department):
    assert operation.runs_now(NOW) == operation.Runs(waiting=1, running=1, lost=1, oldest_s=420.0)


def test_reasons_and_problems_are_those_of_the_last_day(department, north, south):
    assert operation.without_result(NOW, [north]) == []
    assert operation.without_result(NOW, [south]) == [operation.Reason("lung", "refused", "Only twelve slices.", 1)]
    assert operation.problems_by_code(NOW, [north]) == [("not_dicom", 1)]


def test_a_failed_study_is_listed_until_it_is_asked_for_again(department, north):
    (failed,) = operation.failed_studies([north])
    run(failed, RunStatus.PENDING)
    assert not operation.failed_studies([north]).exists()


def test_the_page_shows_an_administrator_their_site_and_no_patient(client, administrator, department):
    client.force_login(administrator)
    page = client.get(reverse("status")).content.decode()
    assert "No worker seems to take them" in page
    assert "1 was lost by its worker" in page
    assert "Only twelve slices." not in page, "that is the other site's"
    assert "TESTPATIENT" not in page and "P-00" not in page


def test_the_page_of_an_empty_department_says_so(client, administrator):
    client.force_login(administrator)
    page = client.get(reverse("status")).content.decode()
    assert "Nothing was scored or signed in the last 24 hours." in page
    assert "None was refused, none failed." in page


@pytest.fixture
def scrape(client, settings):
    settings.METRICS_TOKEN = "a long secret of the monitoring system"

    def scrape(token: str = "a long secret of the monitoring system"):
        return client.get(reverse("metrics"), headers={"Authorization": f"Bearer {token}"})

    return scrape


def test_metrics_agree_with_the_selectors_and_parse_as_prometheus(scrape, department):
    answer = scrape()
    assert answer.status_code == 200
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }
    assert samples["firstread_queue_studies", "urgent"] == 1
    assert samples["firstread_queue_overdue_studies", "urgent"] == 1
    assert samples["firstread_queue_oldest_seconds", "critical"] == 9 * 3600
    assert samples["firstread_scoring_runs", "lost"] == 1
    assert samples["firstread_scoring_oldest_seconds",] == 420
    assert samples["firstread_receipt_to_score_seconds", "0.5", "lung"] == 40
    assert samples["firstread_scoring_without_result", "lung", "refused"] == 1
    assert samples["firstread_ingest_problems", "not_dicom"] == 1
    assert samples["firstread_images_stored_total",] == 10
    assert samples["firstread_disk_free_bytes",] > 0


def test_metrics_name_no_study_site_or_person(scrape, department, reader):
    text = scrape().content.decode()
    assert department["urgent"].study_uid not in text
    assert "TESTPATIENT" not in text and "north" not in text and "Only twelve slices." not in text


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_the_token_nothing_is_told(scrape, token):
    assert scrape(token).status_code == 403


def test_where_no_token_is_set_nobody_is_answered(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get(reverse("metrics"), headers={"Authorization": "Bearer "}).status_code == 403


def test_unsealed_events_are_told(scrape, department, client, administrator):
    client.force_login(administrator)
    assert operation.unsealed_events() > 0
    assert timezone.now() == NOW
