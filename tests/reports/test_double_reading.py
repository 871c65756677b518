"""Double reading: opinions blind of each other, a third reader where they differ, rules as versioned records."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.models import Opinion, ReadingRule, Report
from reports.rules.reading import MASAI, AiRead, Forecast, Kind, PastRead, Rule, RuleError
from reports.selectors import report_json, room
from reports.selectors.double_reading import opinions_json, past_reads, plan_of, waiting_for_another_reader
from reports.services import editing
from reports.services.double_reading import (
    OpinionConflict,
    OpinionError,
    PastReadsError,
    give_opinion,
    read_past_reads,
    set_rule,
    try_rule,
)
from reports.services.signing import NotSignable, sign_report
from screening.models import Study
from screening.services.reading import claim_study, release_study
from screening.states import LostRace, StudyStatus
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text

DOUBLE = Rule(Kind.DOUBLE)
SECRET = "A spiculated mass behind the nipple"


@pytest.fixture
def third_reader(make_user, north):
    return make_user("third", "reader", north)


@pytest.fixture
def in_force(north, administrator):
    def make(rule: Rule, programme: str = "lung", after: int = 0) -> ReadingRule:
        return set_rule(
            site=north, programme=programme, rule=rule, reason="As agreed", actor=administrator, after=after
        )

    return make


@pytest.fixture
def double(in_force) -> ReadingRule:
    return in_force(DOUBLE)


@pytest.fixture
def study(double, make_study, north, score) -> Study:
    study = make_study(north)
    score(study)
    by_template(study)
    study.refresh_from_db()
    return study


def read(study: Study, reader, verdict: str, note: str = "") -> Study:
    """Claim and give an opinion, as a page that was just loaded would."""
    study = Study.objects.get(pk=study.pk)
    claim_study(study=study, reader=reader)
    give_opinion(study=study, reader=reader, verdict=verdict, note=note)
    study.refresh_from_db()
    return study


def write_and_sign(study: Study, reader, request_by) -> None:
    report = Report.objects.get(study=study)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    sign_report(
        report=report, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )


def test_two_who_agree_are_followed_by_the_seconds_report(study, reader, second_reader, request_by):
    study = read(study, reader, "recall", SECRET)
    assert study.status == StudyStatus.TO_READ
    study = read(study, second_reader, "recall")
    assert study.status == StudyStatus.READING
    write_and_sign(study, second_reader, request_by)
    study.refresh_from_db()
    assert study.status == StudyStatus.REPORTED
    assert [(each.ordinal, each.reader, each.verdict) for each in Opinion.objects.all()] == [
        (1, reader, "recall"),
        (2, second_reader, "recall"),
    ]
    assert [(each.ordinal, each.status) for each in study.readings.order_by("ordinal")] == [
        (1, "COMPLETED"),
        (2, "COMPLETED"),
    ]


def test_two_who_differ_are_arbitrated_by_a_third_who_sees_both(study, reader, second_reader, third_reader, request_by):
    read(study, reader, "recall", SECRET)
    study = read(study, second_reader, "normal")
    assert study.status == StudyStatus.TO_READ
    assert plan_of(study).step.act == "arbitrate"
    for earlier in (reader, second_reader):
        with pytest.raises(LostRace):
            claim_study(study=Study.objects.get(pk=study.pk), reader=earlier)
    claim_study(study=study, reader=third_reader)
    seen = opinions_json(study, third_reader)
    assert [(each["verdict"], each["note"]) for each in seen["opinions"]] == [("recall", SECRET), ("normal", "")]
    assert seen["may_give"]
    with pytest.raises(PermissionDenied, match="opinion first"):
        write_and_sign(study, third_reader, request_by)
    give_opinion(study=study, reader=third_reader, verdict="recall")
    assert plan_of(study).step.outcome is True
    write_and_sign(study, third_reader, request_by)
    assert Study.objects.get().status == StudyStatus.REPORTED


def test_the_server_never_sends_an_opinion_before_both_are_in(study, reader, second_reader, request_by):
    read(study, reader, "recall", SECRET)
    study = Study.objects.get()
    claim_study(study=study, reader=second_reader)
    client = Client()
    client.force_login(second_reader)
    report = Report.objects.get()
    for url in (
        reverse("reading-room", args=[study.study_uid]),
        reverse("reading-room-state", args=[study.study_uid]),
        reverse("api-report", args=[report.pk]),
        reverse("api-study", args=[study.study_uid]),
        reverse("worklist"),
        reverse("worklist-rows"),
    ):
        answer = client.get(url).content.decode()
        assert SECRET not in answer and "Mara Osei" not in answer, url
    hidden = opinions_json(study, second_reader)
    assert (hidden["given"], hidden["opinions"]) == (1, [])
    assert SECRET not in json.dumps([event.detail for event in AuditEvent.objects.all()])
    assert "recall" not in json.dumps([event.detail for event in AuditEvent.objects.filter(verb=Verb.OPINION_GIVEN)])


def test_text_measures_and_decisions_wait_until_the_opinions_are_in(study, reader, second_reader, request_by):
    claim_study(study=study, reader=reader)
    report = Report.objects.get()
    with pytest.raises(PermissionDenied, match="opinion first"):
        editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    shown = room(study, reader, request_by(reader))
    assert not shown["can"]["edit"] and not shown["can"]["sign"]
    assert [section["sentences"] for section in shown["report"]["sections"]] == [[]] * len(shown["report"]["sections"])
    client = Client()
    client.force_login(reader)
    for name in ("finding-decide", "measurement-save"):
        answer = client.post(reverse(name, args=[study.study_uid]), {}, content_type="application/json")
        assert (answer.status_code, "opinion first" in answer.json()["detail"]) == (409, True)


def test_a_text_that_was_there_before_the_second_reader_was_wanted_is_hidden(
    make_study, north, score, reader, second_reader, in_force, request_by
):
    """The rule goes live while the first reader is writing."""
    study = make_study(north)
    score(study)
    report = by_template(study)
    study.refresh_from_db()
    claim_study(study=study, reader=reader)
    sections = full_text(report)
    sections["nodules"][0] |= {"text": SECRET, "state": "edited"}
    editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    in_force(DOUBLE)
    with pytest.raises(NotSignable, match="more than one reader"):
        sign_report(
            report=report, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
        )
    give_opinion(study=study, reader=reader, verdict="recall")
    study = Study.objects.get()
    claim_study(study=study, reader=second_reader)
    assert SECRET not in json.dumps(report_json(Report.objects.get()))
    give_opinion(study=study, reader=second_reader, verdict="recall")
    assert SECRET in json.dumps(report_json(Report.objects.get()))


def test_an_opinion_is_given_once_by_its_reader_with_every_image_seen(study, reader, second_reader):
    with pytest.raises(PermissionDenied, match="Claim"):
        give_opinion(study=study, reader=reader, verdict="normal")
    claim_study(study=study, reader=reader)
    with pytest.raises(PermissionDenied):
        give_opinion(study=study, reader=second_reader, verdict="normal")
    with pytest.raises(OpinionError):
        give_opinion(study=study, reader=reader, verdict="perhaps")
    Study.objects.update(instance_count=5)
    with pytest.raises(OpinionConflict, match="3 images came"):
        give_opinion(study=study, reader=reader, verdict="normal")
    assert not Opinion.objects.exists()


def test_a_trainee_gives_no_opinion_and_signs_no_preliminary(study, trainee, request_by):
    claim_study(study=study, reader=trainee)
    with pytest.raises(PermissionDenied):
        give_opinion(study=study, reader=trainee, verdict="normal")
    with pytest.raises(NotSignable):
        sign_report(
            report=Report.objects.get(),
            signer=trainee,
            revision=0,
            meaning="preliminary",
            password=PASSWORD,
            request=request_by(trainee),
        )


def test_single_reading_asks_for_no_opinion(make_study, north, score, reader, request_by):
    study = make_study(north)
    score(study)
    by_template(study)
    study.refresh_from_db()
    claim_study(study=study, reader=reader)
    assert opinions_json(study, reader) is None
    with pytest.raises(OpinionError):
        give_opinion(study=study, reader=reader, verdict="normal")
    write_and_sign(study, reader, request_by)


@pytest.mark.parametrize(
    ("band", "limitations", "single"), [(9, [], True), (10, [], False), (3, ["A view is missing"], False)]
)
def test_the_band_decides_and_an_incomplete_result_saves_nobody(
    make_study, north, score, in_force, band, limitations, single
):
    in_force(MASAI, "breast")
    study = make_study(north)
    score(study, band=band, limitations=limitations)
    study.programme = "breast"
    study.save()
    assert plan_of(study).single is single


def test_a_study_keeps_the_rule_of_its_first_opinion(study, reader, second_reader, in_force):
    study = read(study, reader, "recall")
    in_force(Rule(Kind.SINGLE), after=1)
    assert plan_of(study).awaits
    assert plan_of(study).record.version == 1


def test_the_worklist_is_told_who_waits_for_whom(study, reader, second_reader, third_reader, make_study, north):
    plain = make_study(north)
    assert waiting_for_another_reader([study, plain], reader) == {}
    study = read(study, reader, "recall")
    assert waiting_for_another_reader([study, plain], reader) == {study.pk: "yours"}
    assert waiting_for_another_reader([study, plain], second_reader) == {study.pk: "second"}
    study = read(study, second_reader, "normal")
    assert waiting_for_another_reader([study], third_reader) == {study.pk: "arbiter"}
    study = read(study, third_reader, "normal")
    assert waiting_for_another_reader([study], third_reader) == {}


def test_images_that_came_after_an_opinion_are_said_beside_it(study, reader, second_reader, third_reader):
    read(study, reader, "recall")
    Study.objects.update(instance_count=5)
    study = read(study, second_reader, "normal")
    assert [each["unseen"] for each in opinions_json(study, third_reader)["opinions"]] == [3, 0]


def test_the_rows_of_the_worklist_say_who_is_wanted(study, reader, second_reader):
    read(study, reader, "recall")
    for person, words in (
        (reader, "yours is given, waits for another"),
        (second_reader, "waits for the second reader"),
    ):
        client = Client()
        client.force_login(person)
        rows = client.get(reverse("worklist-rows")).content.decode()
        assert words in rows and "recall" not in rows.lower()


def test_what_a_released_reader_said_still_counts(study, reader, second_reader, third_reader):
    """The second agreed, and gave the study back without a report: somebody else writes it."""
    read(study, reader, "normal")
    study = read(study, second_reader, "normal")
    release_study(study=study, reader=second_reader)
    study.refresh_from_db()
    claim_study(study=study, reader=third_reader)
    assert not plan_of(study).awaits


def test_a_rule_is_a_version_with_its_reason_and_trial(north, administrator):
    trial = try_rule(
        site=north, programme="breast", rule=MASAI, actor=administrator, past=[PastRead(AiRead(3), (False,))]
    )
    first = set_rule(
        site=north, programme="breast", rule=MASAI, reason="Board of March", actor=administrator, trial=trial
    )
    assert (first.version, first.rule["kind"], first.trial["readings"]) == (1, "bands", 1)
    with pytest.raises(OpinionConflict):
        set_rule(site=north, programme="breast", rule=DOUBLE, reason="Another", actor=administrator)
    set_rule(site=north, programme="breast", rule=DOUBLE, reason="Another", actor=administrator, after=1)
    assert list(ReadingRule.objects.values_list("version", flat=True)) == [1, 2]
    assert AuditEvent.objects.filter(verb=Verb.READING_RULE_SET).count() == 2
    assert AuditEvent.objects.get(verb=Verb.READING_RULE_TRIED).detail == {"rule": "bands", "reads": 1}
    with pytest.raises(RuleError, match="reason"):
        set_rule(site=north, programme="breast", rule=DOUBLE, reason=" ", actor=administrator, after=2)
    with pytest.raises(RuleError, match="bands"):
        set_rule(site=north, programme="brain", rule=MASAI, reason="x", actor=administrator)


def test_only_an_administrator_of_the_site_tries_or_sets_a_rule(north, reader, stranger):
    for actor in (reader, stranger):
        with pytest.raises(PermissionDenied):
            set_rule(site=north, programme="lung", rule=DOUBLE, reason="x", actor=actor)
        with pytest.raises(PermissionDenied):
            try_rule(site=north, programme="lung", rule=DOUBLE, actor=actor)


def test_a_rule_is_tried_on_what_the_site_has_read(
    study, reader, second_reader, third_reader, north, administrator, request_by
):
    read(study, reader, "recall")
    study = read(study, second_reader, "normal")
    study = read(study, third_reader, "normal")
    assert past_reads(north, "lung") == []
    write_and_sign(study, third_reader, request_by)
    assert past_reads(north, "lung") == [PastRead(AiRead(None, True), (True, False, False))]
    tried = {
        kind: try_rule(site=north, programme="lung", rule=Rule(kind), actor=administrator)
        for kind in ("single", "double")
    }
    assert tried["single"] == Forecast(1, 1, 0, 0, 1, 0, 0, 0)
    assert tried["double"] == Forecast(1, 3, 1, 1, 0, 0, 0, 0)


def test_past_reads_come_as_a_table_too():
    table = "\ufeffBand,first,second,third,cancer\n10,recall,normal,normal,0\n3,normal,,,\n,1,1,,1\n"
    assert read_past_reads(table) == [
        PastRead(AiRead(10), (True, False, False), False),
        PastRead(AiRead(3), (False,), None),
        PastRead(AiRead(), (True, True), True),
    ]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("", "first line"),
        ("band,second\n1,0\n", "first line"),
        ("first,name\n1,x\n", "first line"),
        ("band,first\n11,1\n", "Line 2"),
        ("band,first\n1,maybe\n", "Line 2"),
        ("band,first\n1,\n", "Line 2"),
        ("first,second\n,1\n", "Line 2"),
        ("first\n1\n1,2,3\n", "Line 3"),
        ("band,first\n²,1\n", "Line 2"),
    ],
)
def test_a_table_that_is_not_usable_names_the_line(table, why):
    with pytest.raises(PastReadsError, match=why):
        read_past_reads(table)


def test_the_database_itself_refuses_to_change_an_opinion_or_a_rule(study, reader):
    read(study, reader, "normal")
    for table in ("opinion", "readingrule"):
        for statement in (f"UPDATE reports_{table} SET at = at", f"DELETE FROM reports_{table}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
