"""The room's panel of tasks, the page of what is open, and the administrator's page of rules and limits."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.models import CommunicationLimit, CommunicationStep, CommunicationTask, FollowUp, Opinion, ReadingRule
from reports.rules.reading import Kind, Rule
from reports.services.communication import open_task
from reports.services.double_reading import set_rule
from reports.services.follow_up import recommend
from reports.services.signing import sign_report
from screening.models import Study
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.test_follow_up import LDCT

TOLD = {"whom": "Dr Lin <b>", "means": "phone", "read_back_by": "Dr Lin", "page": ""}


@pytest.fixture
def as_reader(reader) -> Client:
    client = Client()
    client.force_login(reader)
    return client


@pytest.fixture
def as_administrator(administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def critical(make_study, north, score, reader) -> Study:
    study = make_study(north)
    score(study, tier="critical")
    claim_study(study=study, reader=reader)
    return study


def panel(client: Client, study: Study) -> str:
    answer = client.get(reverse("study-tasks", args=[study.study_uid]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_room_says_that_nobody_was_told_of_a_critical_result(as_reader, critical):
    page = as_reader.get(reverse("reading-room", args=[critical.study_uid])).content.decode()
    for shown in (page, panel(as_reader, critical)):
        assert "Nobody has been told. Signing starts the clock." in shown
        assert "solid nodule, right upper lobe" in shown


def test_telling_from_the_room_closes_the_loop_and_what_was_typed_is_escaped(as_reader, critical):
    url = reverse("communication-open", args=[critical.study_uid])
    answer = as_reader.post(url, {"tier": "critical", "finding": "<i>Nodule</i>", **TOLD})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "Acknowledged" in shown and "Dr Lin &lt;b&gt;" in shown and "<i>Nodule" not in shown
    assert "Nobody has been told" not in shown
    assert CommunicationStep.objects.count() == 1


def test_a_record_that_lacks_something_is_refused_whole(as_reader, critical):
    url = reverse("communication-open", args=[critical.study_uid])
    answer = as_reader.post(url, {"tier": "critical", "finding": "Nodule", **TOLD, "means": "pigeon"})
    assert (answer.status_code, "Say how they were told." in answer.content.decode()) == (400, True)
    assert not CommunicationTask.objects.exists()


def test_steps_from_the_room_and_what_moved_on_meanwhile(as_reader, critical, reader):
    task = open_task(study=critical, actor=reader, tier="urgent", finding="Nodule")
    message = {**TOLD, "means": "message", "read_back_by": "", "at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")}
    assert as_reader.post(reverse("communication-step", args=[task.pk, "tell"]), message).status_code == 200
    wrong = {**TOLD, "at": "yesterday"}
    assert as_reader.post(reverse("communication-step", args=[task.pk, "tell"]), wrong).status_code == 400
    gone = as_reader.post(reverse("communication-step", args=[task.pk, "not-confirmed"]), {"note": "x"})
    assert (gone.status_code, "dealt with" in gone.content.decode()) == (409, True)
    assert as_reader.post(reverse("communication-step", args=[task.pk, "shout"])).status_code == 404
    answer = as_reader.post(reverse("communication-step", args=[task.pk, "acknowledge"]), {"whom": "Dr Lin"})
    assert answer.status_code == 200
    task.refresh_from_db()
    assert task.status == "ACKNOWLEDGED"


def test_a_reader_does_not_confirm_from_the_room(as_reader, critical):
    url = reverse("communication-dismiss", args=[critical.study_uid])
    assert as_reader.post(url, {"note": ""}).status_code == 400
    shown = as_reader.post(url, {"note": "A vessel"}).content.decode()
    assert "Not confirmed by the reader" in shown and "A vessel" in shown


def test_the_page_lists_what_is_late_first_with_counts(as_reader, critical, reader, stranger, make_study, north):
    with time_machine.travel(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), tick=False) as clock:
        open_task(study=critical, actor=reader, tier="urgent", finding="Late one")
        clock.shift(dt.timedelta(minutes=90))
        open_task(study=make_study(north), actor=reader, tier="critical", finding="In time")
        as_reader.force_login(reader)
        page = as_reader.get(reverse("tasks")).content.decode()
        assert 'data-told-late="1"' in page and page.index("Late one") < page.index("In time")
        assert "North Clinic" in page and 'class="late-count"' in page
        other = Client()
        other.force_login(stranger)
        assert "Late one" not in other.get(reverse("tasks")).content.decode()
    assert AuditEvent.objects.filter(verb=Verb.TASKS_VIEWED).count() == 2


def test_telling_from_the_page_goes_back_to_the_page(as_reader, critical, reader):
    task = open_task(study=critical, actor=reader, tier="urgent", finding="Nodule")
    answer = as_reader.post(
        reverse("communication-step", args=[task.pk, "tell"]), {**TOLD, "page": "tasks"}, follow=True
    )
    assert "Nothing waits to be told." in answer.content.decode()
    again = as_reader.post(
        reverse("communication-step", args=[task.pk, "tell"]), {**TOLD, "page": "tasks"}, follow=True
    )
    assert "dealt with" in again.content.decode()


def test_a_recommendation_is_set_changed_and_taken_back_in_the_room(as_reader, ready):
    url = reverse("recommend", args=[ready.study.study_uid])
    assert "suggested for category 4A" in panel(as_reader, ready.study)
    shown = as_reader.post(url, LDCT).content.decode()
    assert "in 3 months, by " in shown and "the screening programme" in shown
    assert "suggested for category" not in shown
    assert as_reader.post(url, {**LDCT, "number": "many"}).status_code == 400
    shown = as_reader.post(url, {"remove": "1"}).content.decode()
    assert "in 3 months" not in shown


def test_a_follow_up_is_listed_and_closed_on_the_page(as_reader, ready, reader, request_by):
    recommend(report=ready, actor=reader, **{**LDCT, "number": 1, "unit": "days"})
    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader))
    with time_machine.travel(timezone.now() + dt.timedelta(days=17), tick=False):
        as_reader.force_login(reader)
        page = as_reader.get(reverse("tasks")).content.decode()
        assert 'data-overdue="1"' in page and LDCT["what"] in page
        row = FollowUp.objects.get()
        answer = as_reader.post(
            reverse("follow-up-close", args=[row.pk]), {"reason": "declined", "page": "tasks"}, follow=True
        )
        assert "Nothing is due." in answer.content.decode()


def test_an_opinion_is_given_in_the_room(as_reader, critical, north, administrator):
    set_rule(site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="x", actor=administrator)
    shown = panel(as_reader, critical)
    assert "Opinion 1, blind of the others" in shown
    url = reverse("opinion-give", args=[critical.study_uid])
    assert as_reader.post(url, {}).status_code == 400
    shown = as_reader.post(url, {"verdict": "recall", "note": "x"}).content.decode()
    assert "Another reader is wanted." in shown
    assert Opinion.objects.get().note == "x"
    assert as_reader.post(url, {"verdict": "normal"}).status_code == 403


def rule_form(**changes) -> dict:
    return {"site": "north", "programme": "breast", "kind": "bands", "bands": [str(n) for n in range(1, 10)], **changes}


def test_a_rule_is_tried_on_a_table_then_put_into_force(as_administrator, administrator):
    table = "band,first,second,third,cancer\n3,normal,,,0\n10,recall,normal,recall,1\n"
    page = as_administrator.post(reverse("reading-rule-try"), rule_form(past=table)).content.decode()
    cells = page[page.index("data-forecast") :].split("</tr>")[0]
    assert ">2<" in cells and ">4<" in cells and "1 / 1" in cells
    assert not ReadingRule.objects.exists()
    asked = rule_form(past=table, reason="Board of March", after="0")
    page = as_administrator.post(reverse("reading-rule-set"), asked, follow=True).content.decode()
    row = ReadingRule.objects.get()
    assert (row.version, row.by, row.trial["readings"]) == (1, administrator, 4)
    assert "Rule 1 is in force." in page and "2 studies: 4 readings" in page
    assert as_administrator.post(reverse("reading-rule-set"), asked).status_code == 409


def test_a_table_may_come_as_a_file_and_a_bad_one_is_named(as_administrator):
    good = SimpleUploadedFile("reads.csv", b"first,second\nnormal,normal\n")
    answer = as_administrator.post(reverse("reading-rule-try"), rule_form(kind="double", bands=[], table=good))
    assert (answer.status_code, "data-forecast" in answer.content.decode()) == (200, True)
    for bad in (b"first\nmaybe\n", b"\xff\xfe\x00"):
        answer = as_administrator.post(
            reverse("reading-rule-try"), rule_form(kind="double", bands=[], table=SimpleUploadedFile("x.csv", bad))
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("changes", [{"kind": "thrice"}, {"bands": []}, {"reason": ""}])
def test_what_is_no_rule_is_not_put_into_force(as_administrator, changes):
    asked = rule_form(reason="x", after="0") | changes
    assert as_administrator.post(reverse("reading-rule-set"), asked).status_code == 400
    assert not ReadingRule.objects.exists()


def test_limits_are_kept_and_bad_ones_are_refused(as_administrator):
    form = {"site": "north", "programme": "brain", "minutes-critical": "15", "minutes-urgent": "60", "minutes-soon": ""}
    form |= {"escalate-critical": "Chief, 4711", "escalate-urgent": "", "escalate-soon": ""}
    answer = as_administrator.post(reverse("time-limits"), form, follow=True)
    assert "Chief, 4711" in answer.content.decode()
    kept = {each.tier: each.minutes for each in CommunicationLimit.objects.all()}
    assert kept == {"critical": 15, "soon": None}
    for wrong in ("0", "-5", "soon", "99999999"):
        assert as_administrator.post(reverse("time-limits"), {**form, "minutes-critical": wrong}).status_code == 400


def test_an_administrator_of_one_site_is_shown_no_other(as_administrator, south):
    other = as_administrator.get(reverse("reading-rules") + "?site=south&programme=lung")
    assert other.status_code == 404 and "South Hospital" not in other.content.decode()
    page = as_administrator.get(reverse("reading-rules") + "?programme=lung").content.decode()
    assert "South Hospital" not in page and "North Clinic" in page


def test_recorded_twice_in_a_row_is_recorded_once(as_reader, critical, reader, second_reader):
    url = reverse("communication-open", args=[critical.study_uid])
    sent = {"tier": "critical", "finding": "Nodule", **TOLD}
    for _press in range(2):
        assert as_reader.post(url, sent).status_code == 200
    assert (CommunicationTask.objects.count(), CommunicationStep.objects.count()) == (1, 1)
    assert AuditEvent.objects.filter(verb__in=(Verb.COMMUNICATION_OPENED, Verb.COMMUNICATION_RECORDED)).count() == 2
    # The clock alone, twice; then by a colleague with the same words while it runs.
    for _press in range(2):
        as_reader.post(url, {"tier": "urgent", "finding": "Effusion"})
    colleague = Client()
    colleague.force_login(second_reader)
    colleague.post(url, {"tier": "urgent", "finding": "Effusion", **TOLD})
    assert list(CommunicationTask.objects.values_list("finding", "status", "opened_by").order_by("id")) == [
        ("Nodule", "ACKNOWLEDGED", reader.pk),
        ("Effusion", "ACKNOWLEDGED", reader.pk),
    ]


def test_the_same_result_found_again_later_or_told_to_somebody_else_is_another_record(as_reader, critical):
    url = reverse("communication-open", args=[critical.study_uid])
    with time_machine.travel(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC), tick=False) as clock:
        as_reader.force_login(critical.readings.get().reader)
        as_reader.post(url, {"tier": "critical", "finding": "Nodule", **TOLD})
        clock.shift(dt.timedelta(minutes=5))
        as_reader.post(url, {"tier": "critical", "finding": "Nodule", **TOLD})
        assert CommunicationTask.objects.count() == 2
        message = {**TOLD, "means": "message", "read_back_by": ""}
        as_reader.post(url, {"tier": "soon", "finding": "Effusion", **message})
        as_reader.post(url, {"tier": "soon", "finding": "Effusion", **message, "whom": "Dr Wu"})
    told = CommunicationTask.objects.get(finding="Effusion").steps.values_list("whom", flat=True)
    assert list(told) == ["Dr Lin <b>", "Dr Wu"]
