"""How long studies are kept: what a rule lets go, what it never does, and that nothing is set unseen."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Verb
from accounts.roles import Role
from reports.models import CommunicationTask, FollowUp, Recommendation, Report, RetentionRule, Revision, Signature
from reports.selectors.retention import Years, expired, preview
from reports.services import retention
from reports.services.retention import RetentionConflict, RetentionError, erase_expired, set_retention
from screening.models import Erasure, Instance, Patient, Study
from screening.services.erasing import set_hold
from screening.states import StudyStatus
from screening.storage import storage
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
TEN = Years(10, 10)


@pytest.fixture(autouse=True)
def own_heads(settings, tmp_path):
    settings.SIGNATURE_HEADS = tmp_path / "heads.log"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def ago(years: float) -> dt.datetime:
    return NOW - dt.timedelta(days=round(years * 365.25))


@pytest.fixture
def reported(make_study, north, reader):
    """A study so many years old, its report signed so many years ago, on stored files."""
    count = 0

    def make(study_years: float = 12, signed_years: float | None = None, site=north, **fields) -> Study:
        nonlocal count
        count += 1
        moment = ago(study_years)
        fields = {"programme": "lung", "status": StudyStatus.REPORTED, "study_at": moment, **fields}
        study = make_study(site, received_at=moment, reported_at=moment, **fields)
        for row in Instance.objects.filter(series__study=study):
            Instance.objects.filter(pk=row.pk).update(
                sha256=storage().put(f"image {count} {row.number}".encode()), size=1000
            )
        signed = ago(study_years if signed_years is None else signed_years)
        report = Report.objects.create(study=study, programme="lung", status="SIGNED", created_at=moment)
        revision = Revision.objects.create(report=report, number=1, sections={}, author=reader, created_at=moment)
        Signature.objects.create(
            site=site, report=report, revision=revision, signer=reader, signer_name="reader", meaning="final",
            signed_at=signed, sequence=count, canonical="{}", content_sha256=f"{count:064x}",
            chain_sha256=f"{count + 100:064x}",
        )  # fmt: skip
        return study

    return make


@pytest.fixture
def put(north, administrator):
    def act(years: Years | None = TEN, **changes) -> RetentionRule:
        standing = RetentionRule.objects.filter(site=north, programme="lung").order_by("-version").first()
        known = {
            "site": north,
            "programme": "lung",
            "years": years,
            "reason": "Law of the land",
            "actor": administrator,
            "after": standing.version if standing else 0,
            "previewed": 1000,
        }
        return set_retention(**known | changes)

    return act


def going(north, years: Years = TEN) -> list[Study]:
    return list(expired(north, "lung", years, timezone.now()))


@pytest.mark.parametrize(
    ("study_years", "signed_years", "goes"),
    [(10.1, 10.1, True), (9.9, 9.9, False), (30, 9.9, False), (9.9, 30, False), (30, 11, True)],
)
def test_a_study_goes_when_both_its_own_time_and_its_reports_are_over(reported, north, study_years, signed_years, goes):
    study = reported(study_years, signed_years)
    assert going(north) == ([study] if goes else [])


def test_a_reports_own_longer_time_wins(reported, north):
    reported(12, 12)
    assert going(north, Years(10, 30)) == []


def test_the_day_is_counted_in_the_calendar(reported, north, clock):
    study = reported(0)
    Study.objects.filter(pk=study.pk).update(study_at=dt.datetime(2016, 2, 29, 9, 0, tzinfo=dt.UTC))
    clock.move_to(dt.datetime(2037, 2, 28, 8, 59, tzinfo=dt.UTC))
    assert going(north, Years(21, 1)) == []
    clock.move_to(dt.datetime(2037, 3, 1, 9, 1, tzinfo=dt.UTC))
    assert going(north, Years(21, 1)) == [study]


def test_what_nobody_has_read_never_goes(reported, north):
    for status in StudyStatus.values:
        if status != StudyStatus.REPORTED:
            reported(40, status=status)
    assert going(north) == []


def test_what_nobody_has_signed_never_goes(make_study, north):
    make_study(north, programme="lung", status=StudyStatus.REPORTED, study_at=ago(40), received_at=ago(40))
    assert going(north) == []


def test_a_hold_wins_and_is_counted(reported, north, administrator):
    held, free = reported(), reported()
    set_hold(study=held, actor=administrator, reason="Court order 7")
    assert going(north) == [free]
    assert preview(north, "lung", TEN, NOW).held == 1


def test_what_is_still_needed_is_kept_and_counted(reported, north, reader, make_study):
    due, untold, prior, free = reported(), reported(), reported(), reported()
    said = Recommendation.objects.create(
        report=due.report, version=1, kind="imaging", what="CT", number=3, unit="months", due_on=NOW.date(),
        owner="programme", by=reader, at=NOW,
    )  # fmt: skip
    FollowUp.objects.create(
        site=north, study=due, patient=due.patient, recommendation=said, signature=due.report.signatures.get(),
        programme="lung", due_on=NOW.date(),
    )  # fmt: skip
    CommunicationTask.objects.create(
        site=north, study=untold, report=untold.report, tier="urgent", finding="x", opened_at=NOW, limit_minutes=60,
        due_at=NOW, status="OPEN", opened_by=reader,
    )  # fmt: skip
    new = make_study(north, programme="lung", status=StudyStatus.TO_READ)
    Study.objects.filter(pk=new.pk).update(patient=prior.patient)
    assert going(north) == [free]
    assert preview(north, "lung", TEN, NOW).needed == 3


def test_the_preview_counts_what_would_go_with_its_bytes_and_dates(reported, north, south):
    reported(15)
    reported(12)
    reported(5)
    reported(20, site=south)
    reported(20, programme="brain")
    found = preview(north, "lung", TEN, NOW)
    assert (found.studies, found.images, found.size) == (2, 4, 4000)
    assert (found.oldest, found.newest) == (ago(15), ago(12))
    assert preview(north, "lung", Years(50, 50), NOW).oldest is None


def test_without_a_rule_nothing_goes(reported):
    reported(60)
    assert erase_expired() == 0
    assert Study.objects.filter(erased_at__isnull=True).count() == 1


def test_a_rule_begins_a_day_later_and_then_erases_with_a_tombstone(
    reported, put, clock, administrator, django_capture_on_commit_callbacks
):
    old, young = reported(12), reported(3)
    files = list(Instance.objects.filter(series__study=old).values_list("sha256", flat=True))
    rule = put()
    clock.shift(dt.timedelta(hours=23, minutes=59))
    assert erase_expired() == 0
    clock.shift(dt.timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert erase_expired() == 1
    assert not any(storage().exists(key) for key in files)
    erasure = Erasure.objects.get()
    assert (erasure.study, erasure.by, erasure.reason) == (
        old,
        administrator,
        f"Retention rule, version {rule.version}",
    )
    assert AuditEvent.objects.filter(verb=Verb.CONTENT_ERASED, object_id=old.study_uid).count() == 1
    young.refresh_from_db()
    assert young.erased_at is None and young.series.get().instances.count() == 2
    assert erase_expired() == 0


def test_a_batch_is_bounded_and_the_rest_goes_the_next_time(reported, put, clock, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for _number in range(3):
        reported()
    put()
    clock.shift(dt.timedelta(hours=25))
    assert [erase_expired(), erase_expired(), erase_expired()] == [2, 1, 0]


def test_one_that_cannot_go_stops_no_other(reported, put, clock, administrator, monkeypatch):
    first, second = reported(14), reported(12)
    put()
    clock.shift(dt.timedelta(hours=25))
    real = retention.erase_study

    def held_meanwhile(*, study, **more):
        if study.pk == first.pk:
            set_hold(study=study, actor=administrator, reason="Court order 7")
        return real(study=study, **more)

    monkeypatch.setattr(retention, "erase_study", held_meanwhile)
    assert erase_expired() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.erased_at is None and second.erased_at is not None


def test_a_rule_that_is_taken_back_stops_in_the_middle_of_a_batch(reported, put, clock, monkeypatch):
    for _number in range(3):
        reported()
    put()
    clock.shift(dt.timedelta(hours=25))
    real = retention.erase_study

    def taken_back(**named):
        real(**named)
        put(None, reason="Stop")

    monkeypatch.setattr(retention, "erase_study", taken_back)
    assert erase_expired() == 1


@pytest.mark.parametrize("name", ["ION^Ana", "RULE^Retention", "Version^§ §"])
def test_a_patient_whose_name_is_a_part_of_our_words_goes_as_others_do(reported, put, clock, name):
    study = reported()
    Patient.objects.filter(pk=study.patient_id).update(name=name)
    put()
    clock.shift(dt.timedelta(hours=25))
    assert erase_expired() == 1


def test_the_rule_rests_when_its_author_may_not_erase_any_more(reported, put, clock, administrator, make_user, north):
    reported()
    put()
    clock.shift(dt.timedelta(hours=25))
    Membership.objects.filter(user=administrator).delete()
    assert erase_expired() == 0
    other = make_user("another", Role.ADMINISTRATOR, north)
    put(Years(10, 11), actor=other)
    clock.shift(dt.timedelta(hours=25))
    assert erase_expired() == 1


def test_keeping_everything_again_stops_it_before_it_begins(reported, put, clock):
    reported()
    put()
    put(None, reason="Not yet")
    clock.shift(dt.timedelta(days=3))
    assert erase_expired() == 0
    assert list(RetentionRule.objects.order_by("version").values_list("study_years", flat=True)) == [10, None]
    (first, second) = AuditEvent.objects.filter(verb=Verb.RETENTION_SET).order_by("pk")
    assert (first.detail["going"], second.detail["was"]) == (1, [10, 10])


def test_more_than_was_told_is_not_put_into_force(reported, put):
    reported()
    with pytest.raises(RetentionConflict, match="More studies would go"):
        put(previewed=0)
    with pytest.raises(RetentionConflict, match="Somebody else"):
        put(after=3)
    for years in (Years(0, 5), Years(5, 100)):
        with pytest.raises(RetentionError, match="1 to 99"):
            put(years)
    with pytest.raises(RetentionError, match="reason"):
        put(reason=" ")
    with pytest.raises(RetentionError, match="Nothing was changed"):
        put(None)
    assert not RetentionRule.objects.exists()


def test_only_administrators_of_the_site_set_it(put, reader, stranger, auditor):
    for person in (reader, stranger, auditor):
        with pytest.raises(PermissionDenied):
            put(actor=person)


def test_the_page_shows_what_would_go_and_puts_it_into_force_with_the_password(client, administrator, reported, north):
    reported()
    client.force_login(administrator)
    page = client.get(reverse("retention"), {"programme": "lung", "study_years": "10", "report_years": "10"})
    assert b'data-going="1"' in page.content
    assert b"TESTPATIENT" not in page.content
    form = {
        "site": "north", "programme": "lung", "study_years": "10", "report_years": "10", "previewed": "1",
        "after": "0", "reason": "Law", "password": "wrong",
    }  # fmt: skip
    assert client.post(reverse("retention-set"), form).status_code == 400
    assert client.post(reverse("retention-set"), {**form, "password": PASSWORD, "previewed": "0"}).status_code == 409
    assert not RetentionRule.objects.exists()
    answer = client.post(reverse("retention-set"), {**form, "password": PASSWORD}, follow=True)
    assert "a study goes 10 years after its date" in answer.content.decode()
    assert RetentionRule.objects.get().version == 1


@pytest.mark.parametrize("years", ["0", "100", "-1", "ten", "1e3", "٣"])
def test_years_that_are_none_are_refused(client, administrator, years):
    client.force_login(administrator)
    assert client.get(reverse("retention"), {"study_years": years, "report_years": "5"}).status_code == 400


def test_another_sites_rules_are_out_of_sight(client, administrator, south):
    client.force_login(administrator)
    assert client.get(reverse("retention"), {"site": "south"}).status_code == 404
