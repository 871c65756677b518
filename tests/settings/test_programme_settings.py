"""How a site runs its programmes: versions with reasons, and what they change in the list and in what is held back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, HoldBack, Verb
from screening.models import OrderPriority, ProgrammeSetting, Study
from screening.phantoms.headers import as_bytes
from screening.selectors.holding import held_back, holds_back
from screening.selectors.programmes import default_settings, settings_of, versions_of
from screening.selectors.queue import scope_of, tier_told
from screening.services.ingest import ingest_instance
from screening.services.priority import due_after_score, first_due
from screening.services.programme_settings import SettingConflict, SettingError, set_programme
from screening.services.studies import close_quiet_studies, close_study
from tests.ingest.images import ct

HOUR = dt.timedelta(hours=1)
SHORT = {"critical": 5, "urgent": 20, "soon": 90, "routine": 240}


def change(site, actor, **fields):
    values = {"programme": "lung", "windows": SHORT, "quiet_seconds": None, "hold_back_ai": False, "after": 0}
    return set_programme(site=site, actor=actor, reason="Fewer readers at night", **{**values, **fields})


def test_without_settings_the_table_of_programmes_speaks(north):
    standing = settings_of(north.pk, "lung")
    assert standing == default_settings("lung")
    assert standing.version == 0
    assert standing.minutes["routine"] == 72 * 60


def test_a_version_keeps_its_reason_its_person_and_its_time_and_is_audited(north, administrator):
    row = change(north, administrator, hold_back_ai=True)
    assert (row.version, row.reason, row.by) == (1, "Fewer readers at night", administrator)
    event = AuditEvent.objects.get(verb=Verb.PROGRAMME_SET)
    assert (event.site, event.actor, event.object_id) == (north, administrator, "lung")
    assert event.detail["was"]["minutes"]["routine"] == 72 * 60
    assert "Fewer readers" not in str(event.detail)
    change(north, administrator, after=1)
    assert [each.version for each in versions_of(north, "lung")] == [2, 1]


def test_the_database_refuses_to_change_a_version(north, administrator):
    row = change(north, administrator)
    with pytest.raises(DatabaseError), transaction.atomic():
        ProgrammeSetting.objects.filter(pk=row.pk).update(reason="Another")


@pytest.mark.parametrize(
    "fields",
    [
        {"windows": {**SHORT, "urgent": 2}},
        {"windows": {**SHORT, "routine": 0}},
        {"windows": {**SHORT, "routine": 60 * 24 * 91}},
        {"windows": {"routine": 60}},
        {"quiet_seconds": 0},
        {"quiet_seconds": 3601},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(north, administrator, fields):
    with pytest.raises(SettingError):
        change(north, administrator, **fields)
    assert not ProgrammeSetting.objects.exists()


def test_a_change_needs_a_reason_and_has_to_change_something(north, administrator):
    with pytest.raises(SettingError, match="reason"):
        set_programme(
            site=north,
            programme="lung",
            windows=SHORT,
            quiet_seconds=None,
            hold_back_ai=False,
            reason=" \x00 ",
            actor=administrator,
            after=0,
        )
    change(north, administrator)
    with pytest.raises(SettingError, match="Nothing"):
        change(north, administrator, after=1)


def test_of_two_administrators_the_later_is_told(north, administrator):
    change(north, administrator)
    with pytest.raises(SettingConflict):
        change(north, administrator, hold_back_ai=True, after=0)


def test_only_an_administrator_of_the_site_changes_it(north, south, administrator, reader):
    for actor, site in ((reader, north), (administrator, south)):
        with pytest.raises(PermissionDenied):
            change(site, actor)
    with pytest.raises(PermissionDenied):
        change(north, administrator, programme="heart")


def test_a_study_gets_the_windows_in_force_when_it_came_and_keeps_them(north, south, administrator, make_study):
    now = timezone.now()
    before = make_study(north, programme="lung", received_at=now - HOUR, last_instance_at=now - HOUR)
    change(north, administrator)
    after = make_study(north, programme="lung", received_at=timezone.now())
    other = make_study(south, programme="lung", received_at=timezone.now())
    rules = {}
    for study in (before, after, other):
        rules[study] = due_after_score(study=study, tier="urgent", tier_rule="Nodule.", may_triage=True)
    assert rules[before][0] == before.received_at + 4 * HOUR
    assert rules[other][0] == other.received_at + 4 * HOUR
    assert rules[after] == (after.received_at + dt.timedelta(minutes=20), "Urgent: Nodule (window 20 min)")


def test_no_due_time_in_the_list_moves_when_the_windows_change(north, administrator, make_study):
    study = make_study(north, programme="lung", status="TO_READ")
    change(north, administrator)
    assert Study.objects.get(pk=study.pk).due_at == study.due_at
    assert first_due(
        received_at=study.received_at, order_priority=OrderPriority.ROUTINE, programme="lung", site_id=north.pk
    ) == (
        study.received_at + 72 * HOUR,
        "routine window of the programme (72 h)",
    )


def test_the_first_image_of_a_study_gets_the_sites_default_window(north, administrator, technologist):
    change(north, administrator, programme="")
    ingest_instance(data=as_bytes(ct()), source="upload", site=north, actor=technologist)
    study = Study.objects.get()
    assert study.due_at == study.received_at + 4 * HOUR
    assert study.due_rule == "default window (4 h)"


def test_a_window_of_an_hour_and_a_half_is_not_told_as_two_hours(north, administrator, make_study):
    change(north, administrator)
    study = make_study(north, programme="lung", received_at=timezone.now())
    _due, rule = due_after_score(study=study, tier="soon", tier_rule="x", may_triage=True)
    assert rule.endswith("(window 90 min)")


def test_a_programme_held_back_at_one_site_is_held_back_there_alone(north, south, administrator, reader, make_study):
    change(north, administrator, hold_back_ai=True)
    ours, heart, theirs = (
        make_study(north, programme="lung"),
        make_study(north, programme="brain"),
        make_study(south, programme="lung"),
    )
    studies = {study.pk: study for study in Study.objects.select_related("site")}
    assert [holds_back(studies[each.pk]) for each in (ours, heart, theirs)] == [True, False, False]
    assert held_back(reader, studies.values()) == {ours.pk}
    told = set(Study.objects.filter(tier_told(scope_of(reader))).values_list("pk", flat=True))
    assert told == {heart.pk}


def test_a_site_may_let_a_programme_go_that_the_table_holds_back(north, administrator, make_study, monkeypatch):
    change(north, administrator, hold_back_ai=True)
    change(north, administrator, hold_back_ai=False, after=1)
    make_study(north, programme="lung")
    assert not holds_back(Study.objects.select_related("site").get())


@pytest.mark.parametrize(("policy", "holds"), [(HoldBack.ALWAYS, True), (HoldBack.NEVER, False)])
def test_the_site_still_decides_over_its_programmes(north, administrator, reader, make_study, policy, holds):
    change(north, administrator, hold_back_ai=not holds)
    type(north).objects.filter(pk=north.pk).update(hold_back_ai=policy)
    make_study(north, programme="lung")
    assert holds_back(Study.objects.select_related("site").get()) is holds
    assert Study.objects.filter(tier_told(scope_of(reader))).exists() is not holds


def test_holding_back_asks_the_database_nothing(north, administrator, make_study, django_assert_num_queries):
    change(north, administrator, hold_back_ai=False)
    make_study(north, programme="lung")
    study = Study.objects.select_related("site").get()
    with django_assert_num_queries(0):
        assert not holds_back(study)


def test_a_study_waits_for_the_quiet_time_of_its_site_and_programme(north, administrator, make_study, settings):
    settings.QUIET_SECONDS = 10
    change(north, administrator, programme="", quiet_seconds=600)
    late = timezone.now() - dt.timedelta(seconds=60)
    ours = make_study(north, last_instance_at=late, received_at=late)
    assert close_quiet_studies() == 0
    change(north, administrator, programme="", quiet_seconds=30, after=1)
    assert close_quiet_studies() == 1
    assert Study.objects.get(pk=ours.pk).closed_at is not None


def test_a_shorter_quiet_time_of_one_site_closes_nothing_earlier_at_another(
    north, south, administrator, make_study, settings
):
    settings.QUIET_SECONDS = 60
    change(north, administrator, programme="", quiet_seconds=5)
    late = timezone.now() - dt.timedelta(seconds=20)
    ours, theirs = (make_study(site, last_instance_at=late, received_at=late) for site in (north, south))
    assert close_quiet_studies() == 1
    assert Study.objects.get(pk=ours.pk).closed_at is not None
    assert Study.objects.get(pk=theirs.pk).closed_at is None


def test_a_study_that_is_complete_gets_the_window_of_when_it_came(north, administrator, make_study):
    late = timezone.now() - HOUR
    study = make_study(north, received_at=late, last_instance_at=late)
    change(north, administrator, programme="")
    close_study(study=Study.objects.get(pk=study.pk))
    assert Study.objects.get(pk=study.pk).due_at == late + 72 * HOUR
