"""What is written after a signature is reviewed as the report was, and may change its answers and its follow-up."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.content import content_for
from reports.models import CloseReason, FollowUp, Recommendation, Revision, Signature
from reports.review import RULES, Severity
from reports.selectors.export import exported_report
from reports.selectors.follow_up import recommendation_of
from reports.services.amending import amend_report
from reports.services.drafting import ensure_report
from reports.services.editing import save_revision
from reports.services.export import export_file
from reports.services.follow_up import FollowUpError, close_by_hand, recommend
from reports.services.review import SignedOver
from reports.services.review_rules import set_review_rules
from reports.services.signing import NotSignable, ReviewStands, sign_report
from reports.states import FollowUpStatus
from screening.models import Study
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.conftest import changed_text, sentence
from tests.reports.test_chain import verified
from tests.reports.test_export_hl7 import observations

WRONG = "A solid nodule in the left upper lobe, mean diameter 8.2 mm."
LDCT = {"kind": "imaging", "what": "Low-dose CT of the chest", "number": 3, "unit": "months", "owner": "programme"}


def wrong_side(report: Any) -> dict[str, Any]:
    """The signed text, the sentence of its finding reworded to the other side."""
    sections = report.revisions.order_by("number").last().sections
    turned = [
        {**each, "text": each["text"].replace("right", "left"), "state": "edited"} if each["evidence"] else each
        for each in sections["nodules"]
    ]
    return {**sections, "nodules": turned}


def signed_content() -> dict[str, Any]:
    return json.loads(Signature.objects.order_by("sequence").last().canonical)


def test_a_side_that_an_amendment_brings_in_is_signed_only_over_a_reason_which_is_signed_with_it(amend, signed):
    with pytest.raises(ReviewStands, match="The side differs from finding 1") as refused:
        amend(sections=wrong_side(signed))
    assert Signature.objects.count() == 1 and not Revision.objects.filter(number=2).exists()
    keys = tuple(each["key"] for each in refused.value.remarks if each["severity"] == "blocking")
    with pytest.raises(ReviewStands, match="Say why"):
        amend(sections=wrong_side(signed), over=SignedOver(keys, " "))
    amend(sections=wrong_side(signed), over=SignedOver(keys, "Situs inversus"))
    content = signed_content()
    assert (content["meaning"], content["review"]["reason"]) == ("amended", "Situs inversus")
    assert [each["rule"] for each in content["review"]["signed_over"]] == ["side-evidence"]
    event = AuditEvent.objects.get(verb=Verb.REPORT_AMENDED, outcome="ok")
    assert event.detail["signed_over"] == ["side-evidence"] and "Situs" not in json.dumps(event.detail)
    assert verified()[0] == 0


def test_the_page_is_told_what_stands_against_an_amendment_and_signs_over_it(signed, client, second_reader):
    client.force_login(second_reader)
    url = reverse("report-amend", args=(signed.pk,))
    body = {"revision": 1, "after": 0, "reason": "Seen anew", "sections": wrong_side(signed), "password": PASSWORD}
    refused = client.post(url, body, "application/json")
    assert refused.status_code == 400
    keys = [each["key"] for each in refused.json()["remarks"] if each["severity"] == "blocking"]
    over = {"signed_over": keys, "signed_over_reason": "Situs inversus"}
    assert client.post(url, {**body, **over}, "application/json").status_code == 200


def test_an_addendum_is_held_against_the_findings_the_text_and_what_was_added_before(add, signed, client, reader):
    client.force_login(reader)
    url = reverse("report-review", args=(signed.pk,))

    def rules(text: str) -> dict[str, dict[str, Any]]:
        answer = client.post(url, {"addendum": text}, "application/json")
        assert answer.status_code == 200
        return {each["rule"]: each for each in answer.json()["remarks"]}

    assert rules("Discussed with the referring physician today.") == {}
    text = f"Looked at again.\n{WRONG} Lung-RADS 2."
    found = rules(text)
    assert {"side", "category"} <= set(found)
    said = found["side"]
    assert (said["title"], said["section"]) == ("Addendum", "addendum")
    assert text[said["start"] : said["end"]] == "left"
    add(text="There is a second nodule of 30 mm in the lingula.")
    assert "denied" in rules("No nodule in the lingula.")


def test_what_the_review_said_of_an_addendum_is_signed_with_it_and_on_record(add):
    add(text=WRONG)
    content = signed_content()
    assert "side" in [each["rule"] for each in content["review"]["warnings"]]
    assert "side" in AuditEvent.objects.get(verb=Verb.ADDENDUM_SIGNED).detail["warned"]
    assert verified()[0] == 0


def test_only_who_may_sign_another_text_is_told_what_the_review_says_of_it(signed, client, second_reader, trainee):
    url = reverse("report-review", args=(signed.pk,))
    for user, status in ((second_reader, 200), (trainee, 403)):
        client.force_login(user)
        for body in ({"sections": wrong_side(signed)}, {"addendum": WRONG}):
            assert client.post(url, body, "application/json").status_code == status
        answers = {"answers": signed.revisions.get(number=1).answers}
        assert client.post(reverse("report-answers", args=(signed.pk,)), answers, "application/json").status_code == (
            status
        )


def test_nothing_is_added_to_a_report_that_is_not_signed(claimed, client, reader):
    client.force_login(reader)
    sent = client.post(reverse("report-review", args=(claimed.pk,)), {"addendum": WRONG}, "application/json")
    assert sent.status_code == 400
    assert client.post(reverse("report-review", args=(claimed.pk,)), {}, "application/json").status_code == 400


# Answers


def answered(report: Any, **values: Any) -> dict[str, Any]:
    """The answers of the signed text with others in place of some."""
    kept = report.revisions.order_by("number").last().answers
    changed = {name: {"value": value, "origin": "human"} for name, value in values.items()}
    return {**kept, "values": {**kept["values"], **changed}}


def test_an_amendment_may_change_answers_alone_and_the_old_ones_stay_as_they_were(amend, signed):
    before = signed.revisions.get(number=1).answers
    amend(sections=signed.revisions.get(number=1).sections, answers=answered(signed, emphysema="mild"))
    old, new = signed.revisions.get(number=1), signed.revisions.get(number=2)
    assert old.answers == before
    assert new.answers["values"]["emphysema"] == {"value": "mild", "origin": "human"}
    told = {each["id"]: each["value"] for each in signed_content()["answers"]}
    assert told["emphysema"] == "mild"
    assert verified()[0] == 0


def test_the_same_text_with_the_same_answers_is_no_amendment(amend, signed):
    with pytest.raises(NotSignable, match="Nothing of the report was changed"):
        amend(sections=signed.revisions.get(number=1).sections, answers=answered(signed), recommendation=None)


def test_answers_that_are_none_of_the_form_are_refused(signed, client, second_reader):
    client.force_login(second_reader)
    body = {"revision": 1, "after": 0, "reason": "So", "sections": changed_text(signed, "CT."), "password": PASSWORD}
    for odd in ({"values": {"emphysema": {"value": "purple"}}}, 7, {"values": 7}):
        sent = client.post(reverse("report-amend", args=(signed.pk,)), {**body, "answers": odd}, "application/json")
        assert sent.status_code == 400
    assert Signature.objects.count() == 1


def test_exports_of_the_amended_report_carry_the_changed_answers(amend, signed):
    amend(sections=signed.revisions.get(number=1).sections, answers=answered(signed, emphysema="mild"))
    made = exported_report(signed)
    (mine,) = [each for each in made.answers if each.key == "emphysema"]
    assert mine.given[0][0] == "mild"
    assert "emphysema" not in [each.key for each in made.answers_replaced]
    bundle = json.loads(export_file(signed, "fhir", fonts=None).data)
    assert "lung-1.emphysema" in json.dumps(bundle) or ".emphysema" in json.dumps(bundle)
    assert "emphysema" in export_file(signed, "hl7", fonts=None).data.decode()
    amend(answers=answered(signed, emphysema="severe"), reason="Worse than it seemed")
    newest = exported_report(signed)
    assert [each.given[0][0] for each in newest.answers if each.key == "emphysema"] == ["severe"]
    assert [each.given[0][0] for each in newest.answers_replaced if each.key == "emphysema"] == ["mild"]


# Follow-up


@pytest.fixture
def due(ready, reader, request_by) -> FollowUp:
    """Signed with a follow-up in three months."""
    at = dt.datetime(2026, 1, 31, 9, 0, tzinfo=dt.UTC)
    Study.objects.filter(pk=ready.study_id).update(study_at=at, received_at=at)
    ready.study.refresh_from_db()
    recommend(report=ready, actor=reader, **LDCT)
    sign_report(report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader))
    ready.refresh_from_db()
    return FollowUp.objects.get()


@pytest.fixture
def amend_due(due, ready, second_reader, request_by):
    def act(**changes: Any) -> Signature:
        asked = {
            "report": ready,
            "signer": second_reader,
            "revision": ready.revisions.order_by("number").last().number,
            "after": 0,
            "sections": changed_text(ready, f"CT, version {ready.signatures.count()}."),
            "reason": "The interval was wrong",
            "password": PASSWORD,
            "images": None,
            "request": request_by(second_reader),
        }
        return amend_report(**(asked | changes))

    return act


def test_another_recommendation_replaces_the_task_of_the_old_one_with_its_trail(amend_due, due, second_reader):
    signature = amend_due(recommendation={**LDCT, "number": 6})
    due.refresh_from_db()
    assert (due.status, due.closed_reason, due.closed_by) == (
        FollowUpStatus.CLOSED,
        CloseReason.AMENDED,
        second_reader,
    )
    fresh = FollowUp.objects.exclude(pk=due.pk).get()
    assert (fresh.signature, fresh.status, fresh.due_on) == (signature, FollowUpStatus.DUE, dt.date(2026, 7, 31))
    assert json.loads(signature.canonical)["follow_up"]["interval"] == "6 months"
    verbs = AuditEvent.objects.filter(verb__in=(Verb.FOLLOW_UP_CLOSED, Verb.FOLLOW_UP_OPENED)).order_by("pk")
    assert [each.verb for each in verbs] == ["follow_up_opened", "follow_up_closed", "follow_up_opened"]
    assert verbs[1].detail["reason"] == "amended"
    assert verified()[0] == 0


def test_a_recommendation_that_is_taken_back_closes_its_task_and_is_signed_no_more(amend_due, due, ready):
    signature = amend_due(recommendation=None)
    due.refresh_from_db()
    assert (due.status, due.closed_reason) == (FollowUpStatus.CLOSED, CloseReason.AMENDED)
    assert FollowUp.objects.count() == 1 and recommendation_of(ready) is None
    assert "follow_up" not in json.loads(signature.canonical)
    assert verified()[0] == 0


def test_what_is_recommended_stays_due_where_an_amendment_says_nothing_else(amend_due, due):
    for kept in ({}, {"recommendation": LDCT}):
        signature = amend_due(**kept)
        due.refresh_from_db()
        assert (due.status, FollowUp.objects.count()) == (FollowUpStatus.DUE, 1)
        assert json.loads(signature.canonical)["follow_up"]["interval"] == "3 months"
    assert Recommendation.objects.count() == 1


def test_an_amendment_may_recommend_where_nothing_was(amend, signed):
    signature = amend(sections=signed.revisions.get(number=1).sections, recommendation=LDCT)
    assert FollowUp.objects.get().signature == signature


def test_a_recommendation_that_is_none_changes_nothing(amend_due, due):
    with pytest.raises(FollowUpError):
        amend_due(recommendation={**LDCT, "number": 900})
    due.refresh_from_db()
    assert (due.status, Recommendation.objects.count(), Signature.objects.count()) == (FollowUpStatus.DUE, 1, 1)


def test_nobody_closes_a_follow_up_as_replaced_by_hand(due, reader):
    with pytest.raises(FollowUpError):
        close_by_hand(follow_up=due, actor=reader, reason=CloseReason.AMENDED)


def test_the_page_sends_another_follow_up_and_gets_back_what_now_stands(due, ready, client, second_reader):
    client.force_login(second_reader)
    url = reverse("report-amend", args=(ready.pk,))
    body = {
        "revision": 1,
        "after": 0,
        "reason": "So",
        "sections": ready.revisions.get(number=1).sections,
        "recommendation": {**LDCT, "unit": "weeks"},
        "password": PASSWORD,
    }
    for odd in ({"what": "CT"}, 7, {**LDCT, "owner": "nobody"}):
        assert client.post(url, {**body, "recommendation": odd}, "application/json").status_code == 400
    sent = client.post(url, body, "application/json")
    assert (sent.status_code, sent.json()["recommendation"]["unit"]) == (200, "weeks")


def test_who_signs_and_goes_on_to_amend_is_told_what_is_recommended(ready, client, reader):
    """The page fills the amendment's form from it: an empty form would take the follow-up back."""
    recommend(report=ready, actor=reader, **LDCT)
    client.force_login(reader)
    body = {"password": PASSWORD, "meaning": "final", "revision": 1}
    signed = client.post(reverse("report-sign", args=(ready.pk,)), body, "application/json").json()
    assert signed["recommendation"] == LDCT
    seen = client.get(reverse("reading-room", args=(ready.study.study_uid,))).context["room"]
    assert seen["recommendation"] == LDCT


# Required answers


@pytest.fixture
def unread_by_ai(make_study, north, score, reader):
    """A report with text in every section, of a study that the AI refused; `answers` beside it."""

    def make(answers: Any) -> Any:
        study = make_study(north)
        score(study, "refused")
        claim_study(study=study, reader=reader)
        report = ensure_report(study=study)
        names = [section.name for section in content_for(report.programme).sections]
        sections = {name: [sentence(f"Nothing to add on {name}.", f"h-{name}")] for name in names}
        save_revision(report=report, author=reader, parent=None, sections=sections, answers=answers)
        return report

    return make


@pytest.fixture
def sign(reader, request_by):
    def act(report: Any, **changes: Any) -> Signature:
        asked = {"signer": reader, "revision": 1, "meaning": "final", "password": PASSWORD, **changes}
        return sign_report(report=report, request=request_by(reader), **asked)

    return act


def test_a_required_answer_that_is_missing_is_counted_and_stops_nobody(unread_by_ai, sign):
    assert json.loads(sign(unread_by_ai({"values": {}})).canonical)["meaning"] == "final"


def test_where_a_site_says_so_a_missing_answer_is_signed_only_over_a_reason(unread_by_ai, sign, north, administrator):
    complete = {"answer-missing": "blocking"}
    set_review_rules(site=north, actor=administrator, severities=complete, reason="Whole reports only", after=0)
    report = unread_by_ai({"values": {}})
    with pytest.raises(ReviewStands, match="Nodules: Not answered: Nodules") as refused:
        sign(report)
    missing = [each for each in refused.value.remarks if each["rule"] == "answer-missing"]
    assert [(each["answer"], each["severity"], each["overridable"]) for each in missing] == [
        ("nodules", "blocking", True),
        ("category", "blocking", True),
    ]
    with pytest.raises(ReviewStands):
        sign(report, over=SignedOver((missing[0]["key"],), "The images were lost"))
    signature = sign(report, over=SignedOver(tuple(each["key"] for each in missing), "The images were lost"))
    over = json.loads(signature.canonical)["review"]["signed_over"]
    assert [each["answer"] for each in over] == ["nodules", "category"]


def test_what_is_answered_stands_in_no_ones_way(unread_by_ai, sign):
    answers = {"values": {"nodules": {"value": "no"}, "category": {"value": "1"}}}
    assert sign(unread_by_ai(answers)).sequence == 1


def test_a_site_can_neither_lower_what_is_always_blocked_nor_leave_out_what_can_harm():
    assert RULES["section-missing"].allowed == (Severity.BLOCKING,)
    assert RULES["side"].allowed == (Severity.BLOCKING, Severity.WARNING)
    assert Severity.OFF in RULES["prior-date"].allowed


def test_the_hl7_of_an_answer_that_an_amendment_changed_is_marked_as_corrected(amend, signed):
    amend(sections=signed.revisions.get(number=1).sections, answers=answered(signed, emphysema="mild"))
    amend(answers=answered(signed, emphysema="severe"), reason="Worse than it seemed")
    rows = [row for row in observations(export_file(signed, "hl7", fonts=None).data) if "emphysema" in row[3]]
    assert rows and {row[11] for row in rows} == {"C"}
