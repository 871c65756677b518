"""Saving: insert-only, by the reader alone, and a lost race told with both texts."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import AuditEvent, Verb
from reports.models import Revision
from reports.sections import SectionsError
from reports.services.editing import ReportClosed, RevisionConflict, save_revision
from reports.services.signing import sign_report
from reports.states import ReportStatus
from screening.services.reading import release_study
from tests.conftest import PASSWORD
from tests.reports.conftest import full_text, sentence


def test_a_save_adds_a_revision_and_keeps_the_one_before(claimed, reader):
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed))
    assert (saved.number, saved.parent, saved.author) == (1, 0, reader)
    assert list(claimed.revisions.values_list("number", flat=True)) == [0, 1]
    assert claimed.status == ReportStatus.IN_REVIEW
    assert AuditEvent.objects.filter(verb=Verb.REPORT_SAVED, actor=reader).count() == 1


def test_a_save_that_changes_nothing_makes_no_row(claimed, reader):
    first = claimed.revisions.get()
    assert save_revision(report=claimed, author=reader, parent=0, sections=first.sections) == first
    assert claimed.revisions.count() == 1
    claimed.refresh_from_db()
    assert claimed.status == ReportStatus.DRAFT
    assert not AuditEvent.objects.filter(verb=Verb.REPORT_SAVED).exists()


def test_a_save_from_an_older_parent_is_told_with_both_texts(ready, reader):
    mine = {"nodules": [sentence("Mine.", "h77")]}
    with pytest.raises(RevisionConflict) as conflict:
        save_revision(report=ready, author=reader, parent=0, sections=mine)
    assert conflict.value.yours["nodules"][0]["text"] == "Mine."
    assert conflict.value.theirs.number == 1
    assert ready.revisions.count() == 2


def test_a_save_from_a_parent_that_never_was_is_a_conflict(ready, reader):
    with pytest.raises(RevisionConflict):
        save_revision(report=ready, author=reader, parent=7, sections={})


def test_nobody_saves_without_holding_the_open_reading(claimed, reader, second_reader, trainee):
    for other in (second_reader, trainee):
        with pytest.raises(PermissionDenied):
            save_revision(report=claimed, author=other, parent=0, sections={})
    release_study(study=claimed.study, reader=reader)
    with pytest.raises(PermissionDenied):
        save_revision(report=claimed, author=reader, parent=0, sections={})
    assert claimed.revisions.count() == 1


def test_a_reader_who_lost_the_role_saves_nothing(claimed, reader):
    reader.memberships.all().delete()
    with pytest.raises(PermissionDenied):
        save_revision(report=claimed, author=reader, parent=0, sections={})


def test_evidence_must_be_a_finding_of_this_study(claimed, reader):
    with pytest.raises(SectionsError):
        save_revision(
            report=claimed, author=reader, parent=0, sections={"nodules": [sentence("A nodule.", evidence=["f2"])]}
        )
    saved = save_revision(
        report=claimed, author=reader, parent=0, sections={"nodules": [sentence("A nodule.", evidence=["f1"])]}
    )
    assert saved.sections["nodules"][0]["evidence"] == ["f1"]


def test_a_signed_report_is_never_saved_again(ready, reader, request_by):
    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader))
    with pytest.raises(ReportClosed) as closed:
        save_revision(report=ready, author=reader, parent=1, sections={})
    assert closed.value.revision.number == 1


def test_the_database_itself_refuses_to_change_or_remove_a_revision(ready):
    for statement in (
        "UPDATE reports_revision SET sections = '{}'",
        "UPDATE reports_revision SET number = number + 10",
        "DELETE FROM reports_revision",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        Revision.objects.filter(report=ready).update(offered=True)


def test_a_revision_refuses_save_and_delete(ready):
    revision = ready.revisions.get(number=1)
    with pytest.raises(TypeError):
        revision.save()
    with pytest.raises(TypeError):
        revision.delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_exactly_one_wins_and_the_other_is_told(claimed, reader):
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def save(text: str) -> None:
        start.wait(timeout=30)
        try:
            outcomes.append(
                save_revision(
                    report=type(claimed).objects.get(pk=claimed.pk),
                    author=reader,
                    parent=0,
                    sections={"nodules": [sentence(text, f"h{text}")]},
                )
            )
        except RevisionConflict as conflict:
            outcomes.append(conflict)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    [won] = [each for each in outcomes if isinstance(each, Revision)]
    [lost] = [each for each in outcomes if isinstance(each, RevisionConflict)]
    assert lost.theirs == won
    assert lost.yours["nodules"][0]["text"] != won.sections["nodules"][0]["text"]
    assert claimed.revisions.count() == 2
