"""Signing: who, what, when, and what stands in its way."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from accounts.models import AuditEvent, SignWith, Verb
from accounts.roles import Role
from accounts.services.authentication import SESSION_KEY
from reports.models import Report, Signature
from reports.services import editing, signing
from reports.services.signing import IdentityNotProved, NotSignable, SigningConflict, sign_report
from reports.states import ReportStatus
from reports.verify.verify_reports import chain_hash, sha256_hex
from screening.models import Reading, Study
from screening.services.reading import claim_study, release_study
from screening.states import AiState, ReadingStatus, StudyStatus
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text, sentence


@pytest.fixture
def sign(ready, reader, request_by):
    def act(**changes):
        asked = {"report": ready, "signer": reader, "revision": 1, "meaning": "final", "password": PASSWORD, **changes}
        return sign_report(request=asked.pop("request", None) or request_by(asked["signer"]), **asked)

    return act


@pytest.fixture
def another(make_study, north, reader, score):
    """One more report ready for its signature."""

    def make() -> Report:
        study = make_study(north)
        score(study)
        report = by_template(study)
        claim_study(study=study, reader=reader)
        editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
        return report

    return make


def test_a_final_signature_closes_report_reading_and_study_at_once(sign, ready):
    signature = sign()
    ready.refresh_from_db()
    assert ready.status == ReportStatus.SIGNED
    assert Study.objects.get().status == StudyStatus.REPORTED
    assert Reading.objects.get().status == ReadingStatus.COMPLETED
    assert (signature.sequence, signature.previous_sha256) == (1, "")
    event = AuditEvent.objects.get(verb=Verb.REPORT_SIGNED)
    assert (event.outcome, event.detail["sequence"]) == ("ok", 1)


def test_the_signed_bytes_name_study_text_signer_time_and_model(sign, ready, reader):
    signature = sign()
    signed = json.loads(signature.canonical)
    assert signed["study_uid"] == ready.study.study_uid
    assert signed["signer"] == {"id": reader.pk, "username": "reader", "name": "Mara Osei"}
    assert signed["model"] == {"name": "lung-nodule", "version": "1.0", "sha256": "a" * 64}
    assert signed["signed_at"] == signature.signed_at.isoformat()
    assert (signed["revision"], signed["meaning"], signed["sequence"]) == (1, "final", 1)
    stored = ready.revisions.get(number=1).sections
    assert {each["name"]: each["sentences"] for each in signed["sections"]} == stored
    assert signature.content_sha256 == sha256_hex(signature.canonical)


def test_the_signed_bytes_hold_neither_the_patients_name_nor_their_id(sign, ready):
    canonical = sign().canonical
    patient = ready.study.patient
    assert patient.name not in canonical
    assert patient.patient_id not in canonical


def test_signatures_of_a_site_form_one_chain(sign, another):
    first = sign()
    second = sign(report=another())
    assert second.sequence == 2
    assert second.previous_sha256 == first.chain_sha256
    assert second.chain_sha256 == chain_hash(first.chain_sha256, second.content_sha256)


def test_each_site_has_its_own_chain(sign, make_study, make_user, south, score):
    sign()
    stranger = make_user("far", Role.READER, south)
    study = make_study(south)
    score(study)
    report = by_template(study)
    claim_study(study=study, reader=stranger)
    editing.save_revision(report=report, author=stranger, parent=0, sections=full_text(report))
    assert sign(report=report, signer=stranger).sequence == 1


def test_a_place_in_the_chain_taken_meanwhile_is_tried_again_one_further(sign, another, monkeypatch):
    first = sign()
    report = another()
    seen = signing.Signature.objects.filter
    stale = iter([True])

    def filter_once_stale(**wanted):
        found = seen(**wanted)
        return found.none() if set(wanted) == {"site"} and next(stale, False) else found

    monkeypatch.setattr(signing.Signature.objects, "filter", filter_once_stale)
    signature = sign(report=report)
    assert (signature.sequence, signature.previous_sha256) == (2, first.chain_sha256)


@pytest.mark.django_db(transaction=True)
def test_two_reports_signed_at_once_both_find_a_place_in_the_chain(ready, another, reader, request_by):
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def act(report: Report) -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(
                sign_report(
                    report=report,
                    signer=reader,
                    revision=1,
                    meaning="final",
                    password=PASSWORD,
                    request=request_by(reader),
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(report,)) for report in (ready, another())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(signature.sequence for signature in outcomes) == [1, 2]
    first, second = Signature.objects.order_by("sequence")
    assert second.previous_sha256 == first.chain_sha256


def test_a_wrong_password_signs_nothing_and_is_on_record(sign, ready):
    for password in ("wrong", ""):
        with pytest.raises(IdentityNotProved):
            sign(password=password)
    assert not Signature.objects.exists()
    assert AuditEvent.objects.filter(verb=Verb.REPORT_SIGNED, outcome="denied").count() == 2
    ready.refresh_from_db()
    assert ready.status == ReportStatus.IN_REVIEW


def test_a_site_that_asks_each_time_does_not_take_a_recent_sign_in(sign, reader, request_by):
    request = request_by(reader)
    request.session[SESSION_KEY] = timezone.now().isoformat()
    with pytest.raises(IdentityNotProved):
        sign(password="", request=request)


def test_a_site_that_takes_a_recent_sign_in_asks_again_after_15_minutes(sign, north, ready, reader, request_by):
    north.sign_with = SignWith.RECENT
    north.save()
    request = request_by(reader)
    request.session[SESSION_KEY] = (timezone.now() - timedelta(minutes=16)).isoformat()
    with pytest.raises(IdentityNotProved):
        sign(password="", request=request)
    request.session[SESSION_KEY] = timezone.now().isoformat()
    assert sign(password="", request=request).sequence == 1


def test_only_the_current_revision_is_signed(sign):
    for stale in (0, 2, None):
        with pytest.raises(SigningConflict, match="newer version"):
            sign(revision=stale)


def test_images_that_came_late_must_be_seen_first(sign, ready):
    Study.objects.update(instance_count=5)
    with pytest.raises(SigningConflict, match="3 images"):
        sign()
    Reading.objects.update(instances_seen=5)
    assert sign()


def test_an_empty_required_section_is_named(sign, ready, reader):
    sections = {**full_text(ready), "recommendation": []}
    editing.save_revision(report=ready, author=reader, parent=1, sections=sections)
    with pytest.raises(NotSignable, match="Recommendation"):
        sign(revision=2)


def test_a_section_that_is_not_required_may_stay_empty(sign, ready, reader):
    editing.save_revision(report=ready, author=reader, parent=1, sections={**full_text(ready), "comparison": []})
    assert sign(revision=2)


def test_signing_twice_is_told_as_signed(sign):
    sign()
    with pytest.raises(SigningConflict, match="already signed"):
        sign()
    assert Signature.objects.count() == 1


def test_nobody_signs_a_study_they_have_not_claimed(sign, second_reader):
    with pytest.raises(PermissionDenied):
        sign(signer=second_reader)


def test_nobody_signs_a_study_they_gave_back(sign, ready, reader):
    release_study(study=ready.study, reader=reader)
    with pytest.raises(PermissionDenied):
        sign()


@pytest.mark.parametrize("who", ["technologist", "administrator", "auditor", "stranger"])
def test_roles_that_do_not_sign_do_not_sign(sign, request, who):
    with pytest.raises(PermissionDenied):
        sign(signer=request.getfixturevalue(who))


def test_an_unknown_meaning_is_refused(sign):
    with pytest.raises(NotSignable):
        sign(meaning="maybe")


def test_a_trainee_signs_only_as_preliminary_and_a_reader_confirms(drafted, trainee, reader, request_by):
    claim_study(study=drafted.study, reader=trainee)
    editing.save_revision(report=drafted, author=trainee, parent=0, sections=full_text(drafted))
    asked = {"report": drafted, "revision": 1, "password": PASSWORD}
    with pytest.raises(PermissionDenied):
        sign_report(signer=trainee, meaning="final", request=request_by(trainee), **asked)
    sign_report(signer=trainee, meaning="preliminary", request=request_by(trainee), **asked)
    drafted.refresh_from_db()
    study = Study.objects.get()
    assert (drafted.status, study.status) == (ReportStatus.PRELIMINARY, StudyStatus.TO_READ)
    claim_study(study=study, reader=reader)
    with pytest.raises(SigningConflict, match="preliminary"):
        sign_report(signer=reader, meaning="preliminary", request=request_by(reader), **asked)
    signature = sign_report(signer=reader, meaning="final", request=request_by(reader), **asked)
    assert signature.sequence == 2
    assert Study.objects.get().status == StudyStatus.REPORTED


def test_a_report_without_text_is_not_signed(make_study, north, reader, request_by):
    study = make_study(north, programme="lung")
    claim_study(study=study, reader=reader)
    from reports.services.drafting import ensure_report

    with pytest.raises(NotSignable, match="no report text"):
        sign_report(
            report=ensure_report(study=study),
            signer=reader,
            revision=None,
            meaning="final",
            password=PASSWORD,
            request=request_by(reader),
        )


def test_words_of_the_ai_alone_are_not_signed_where_the_ai_did_not_read_everything(ready, sign, reader):
    texts = {name: [sentence(f"About {name}.", f"a-{name}")] for name in full_text(ready)}
    from reports.models import Revision

    as_ai = {name: [{**each[0], "state": "ai", "origin": "rule:x"}] for name, each in texts.items()}
    Revision.objects.create(report=ready, number=2, parent=1, sections=as_ai, created_at=timezone.now())
    Study.objects.update(ai_state=AiState.REFUSED)
    with pytest.raises(NotSignable, match="of your own"):
        sign(revision=2)
    Study.objects.update(ai_state=AiState.SCORED)
    assert sign(revision=2)


def test_a_failure_half_way_leaves_nothing_signed(sign, ready, monkeypatch):
    def broken(**_what):
        raise signing.LostRace("gone")

    monkeypatch.setattr(signing, "complete_reading", broken)
    with pytest.raises(SigningConflict):
        sign()
    assert not Signature.objects.exists()
    ready.refresh_from_db()
    assert ready.status == ReportStatus.IN_REVIEW
    assert Study.objects.get().status == StudyStatus.READING


def test_the_database_itself_refuses_to_change_or_remove_a_signature(sign):
    sign()
    for statement in ("UPDATE reports_signature SET signer_name = 'X'", "DELETE FROM reports_signature"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    signature = Signature.objects.get()
    with pytest.raises(TypeError):
        signature.save()
    with pytest.raises(TypeError):
        signature.delete()
