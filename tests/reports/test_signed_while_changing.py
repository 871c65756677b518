"""What arrives while a report is being signed is either signed with it or refused; never added behind it."""

from __future__ import annotations

import pytest

from reports.models import Recommendation
from reports.services import follow_up as follow_ups
from reports.services.follow_up import FollowUpConflict, recommend
from reports.services.signing import sign_report
from screening.models import FindingDecision, Measurement
from screening.services import deciding, measuring
from screening.services.deciding import DecisionsFrozen, decide
from screening.services.measuring import MeasurementFrozen, save_measurement
from tests.conftest import PASSWORD
from tests.measuring.conftest import UID
from tests.reports.test_follow_up import LDCT


@pytest.fixture
def signed_at(ready, reader, request_by, monkeypatch):
    """Sign the report the moment `name` of `module` has answered: another page of the same reader was quicker."""

    def arrange(module, name):
        real = getattr(module, name)

        def then_sign(*args, **kwargs):
            answer = real(*args, **kwargs)
            monkeypatch.setattr(module, name, real)
            sign_report(
                report=type(ready).objects.get(pk=ready.pk),
                signer=reader,
                revision=ready.revisions.order_by("number").last().number,
                meaning="final",
                password=PASSWORD,
                request=request_by(reader),
            )
            return answer

        monkeypatch.setattr(module, name, then_sign)

    return arrange


def test_a_decision_that_a_signature_overtakes_is_refused(ready, reader, request_by, signed_at):
    signed_at(deciding, "_row")
    with pytest.raises(DecisionsFrozen):
        decide(
            study=ready.study, author=reader, key="f1", version=0, event="accept", sent={}, request=request_by(reader)
        )
    assert not FindingDecision.objects.exists()


def test_a_change_of_a_measurement_that_a_signature_overtakes_is_refused(ready, reader, request_by, signed_at):
    image = ready.study.series.first().instances.first()
    drawn = {"tool": "length", "sop_uid": image.sop_uid, "frame": 1, "points": [[1, 1], [4, 1]], "text": ""}
    save_measurement(study=ready.study, author=reader, uid=UID, version=0, sent=drawn)
    signed_at(measuring, "_row")
    with pytest.raises(MeasurementFrozen):
        save_measurement(
            study=ready.study, author=reader, uid=UID, version=1, sent={**drawn, "points": [[1, 1], [6, 1]]}
        )
    assert Measurement.objects.count() == 1


def test_a_recommendation_that_a_signature_overtakes_is_refused(ready, reader, signed_at):
    signed_at(follow_ups, "plan_of")
    with pytest.raises(FollowUpConflict):
        recommend(report=ready, actor=reader, **LDCT)
    assert not Recommendation.objects.exists()
