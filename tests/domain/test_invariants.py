"""What the database itself refuses."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Membership
from screening.models import Reading, ScoreRun, Study


def assert_refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def test_a_study_uid_is_once_per_site_but_free_at_another(north, south, make_study):
    study = make_study(north, study_uid="1.2.3")
    assert_refused(lambda: make_study(north, images=0, study_uid="1.2.3"))
    assert make_study(south, images=0, study_uid="1.2.3").pk != study.pk


def test_a_status_that_is_not_in_the_table_is_refused(north, make_study):
    study = make_study(north)
    assert_refused(lambda: Study.objects.filter(pk=study.pk).update(status="LOST"))


def test_a_due_time_after_the_one_without_ai_is_refused(north, make_study):
    study = make_study(north)
    assert_refused(lambda: Study.objects.filter(pk=study.pk).update(due_at=study.base_due_at + dt.timedelta(seconds=1)))


@pytest.mark.parametrize("score", [-0.01, 1.01])
def test_a_score_outside_0_to_1_is_refused(north, make_study, score):
    study = make_study(north)
    assert_refused(lambda: Study.objects.filter(pk=study.pk).update(score=score))


def test_a_running_run_without_a_lease_is_refused(north, make_study):
    study = make_study(north)
    assert_refused(
        lambda: ScoreRun.objects.create(
            study=study,
            programme="lung",
            inputs_sha256="0" * 64,
            model_name="m",
            model_version="1",
            model_sha256="0" * 64,
            requested_at=timezone.now(),
            status="RUNNING",
        )
    )


def test_two_open_readings_of_the_same_turn_are_refused(north, make_study, reader, second_reader):
    study = make_study(north)
    Reading.objects.create(study=study, reader=reader, claimed_at=timezone.now())
    assert_refused(lambda: Reading.objects.create(study=study, reader=second_reader, claimed_at=timezone.now()))


def test_a_user_has_one_role_per_site(north, reader):
    assert_refused(lambda: Membership.objects.create(user=reader, site=north, role="auditor"))
