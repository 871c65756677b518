"""What readers make of findings: every state × event, kept beside what the AI found, frozen with the report."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.models import Report, Signature
from reports.selectors import room_state
from reports.selectors.export import exported_report
from reports.services import editing
from reports.services.signing import NotSignable, sign_report
from screening.models import Finding, FindingDecision, Instance
from screening.selectors.measuring import decided_findings
from screening.services.deciding import DecisionConflict, DecisionError, DecisionsFrozen, decide
from screening.services.measuring import save_measurement
from screening.states import FINDING_TABLE, FindingState, InvalidTransition
from tests.conftest import PASSWORD
from tests.measuring.conftest import UID
from tests.reports.conftest import NOTHING_FOUND, full_text, sentence

AI_STATES = ("OPEN", "ACCEPTED", "REJECTED", "EDITED")
EVENTS = ("accept", "reject", "edit", "withdraw", "add", "remove")
SENT = {"reject": {"reason": "vessel"}, "edit": {"values": {"size_mm": 6.0}}}


@pytest.fixture
def act(claimed, reader, request_by):
    def decide_(key="f1", event="accept", version=None, author=reader, **sent):
        if version is None:
            newest = FindingDecision.objects.filter(study=claimed.study, key=key).order_by("-version").first()
            version = newest.version if newest else 0
        asked = {**SENT.get(event, {}), **sent}
        return decide(
            study=claimed.study,
            author=author,
            key=key,
            version=version,
            event=event,
            sent=asked,
            request=request_by(author),
        )

    return decide_


@pytest.fixture
def place(claimed):
    """Values of a finding of one's own."""
    image = Instance.objects.filter(series__study=claimed.study).first()
    return {"type": "solid_nodule", "sop_uid": image.sop_uid, "frame": 1, "box": [1, 2, 5, 6], "size_mm": 5.5}


def brought_to(state, act):
    if state != "OPEN":
        act(event={"ACCEPTED": "accept", "REJECTED": "reject", "EDITED": "edit"}[state])


@pytest.mark.parametrize("state", AI_STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_in_every_state_of_an_ai_finding(act, state, event):
    brought_to(state, act)
    before = FindingDecision.objects.count()
    expected = FINDING_TABLE.get((FindingState(state), event))
    if expected is None:
        with pytest.raises(InvalidTransition):
            act(event=event)
        assert FindingDecision.objects.count() == before
    else:
        assert act(event=event).state == expected
        assert FindingDecision.objects.count() == before + 1


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", ["ADDED", "REMOVED"])
def test_every_event_in_every_state_of_an_own_finding(act, place, state, event):
    act("", "add", values=place)
    if state == "REMOVED":
        act("r1", "remove")
    expected = FINDING_TABLE.get((FindingState(state), event))
    if expected is None:
        with pytest.raises(InvalidTransition):
            act("r1", event, values=place)
    else:
        assert act("r1", event, values=place).state == expected


def test_the_ais_finding_stays_as_it_was_found(act, claimed):
    act(event="edit", values={"size_mm": 6.04, "location": "left lower lobe", "type": "ground_glass_nodule"})
    finding = Finding.objects.get()
    assert (finding.size_mm, finding.location, finding.type) == (8.2, "right upper lobe", "solid_nodule")
    (decided,) = decided_findings(claimed.study, [finding])
    assert [decided.value(name) for name in ("size_mm", "location", "type")] == [
        6.0,
        "left lower lobe",
        "ground_glass_nodule",
    ]


def test_a_second_correction_keeps_the_first_one_beside_it(act):
    act(event="edit", values={"size_mm": 6.0})
    assert act(event="edit", values={"location": "left lower lobe"}).values == {
        "size_mm": 6.0,
        "location": "left lower lobe",
    }
    assert act(event="accept").values == {}


def test_a_rejection_needs_a_reason_of_the_list_and_another_reason_its_words(act):
    for sent in ({"reason": ""}, {"reason": "because"}, {"reason": "other"}, {"reason": "other", "note": " \n"}):
        with pytest.raises(DecisionError):
            act(event="reject", **sent)
    row = act(event="reject", reason="other", note="rib fracture\u202e")
    assert (row.reason, row.note) == ("other", "rib fracture")


@pytest.mark.parametrize(
    "values",
    [
        {},
        None,
        {"type": ""},
        {"size_mm": -1},
        {"size_mm": "6"},
        {"size_mm": float("inf")},
        {"box": [1, 2, 3, 4]},
        {"sop_uid": "1.2.3", "frame": 1, "box": [1, 2, 3, 4]},
        {"sop_uid": "IMAGE", "frame": 9, "box": [1, 2, 3, 4]},
        {"sop_uid": "IMAGE", "frame": 1, "box": [1, 2, 1.5, 9]},
        {"sop_uid": "IMAGE", "frame": 1, "box": [1, 2, None, 9]},
    ],
)
def test_a_correction_that_says_nothing_usable_is_refused(act, place, values):
    if values and values.get("sop_uid") == "IMAGE":
        values = {**values, "sop_uid": place["sop_uid"]}
    with pytest.raises(DecisionError):
        act(event="edit", values=values)


def test_an_own_finding_needs_kind_and_place_and_gets_a_key_never_given_twice(act, place):
    with pytest.raises(DecisionError):
        act("", "add", values={"type": "mass"})
    assert act("", "add", values=place).key == "r1"
    act("r1", "remove")
    assert act("", "add", values={**place, "box": [6, 5, 2, 1]}).key == "r2"
    assert FindingDecision.objects.get(key="r2").values["box"] == [2.0, 1.0, 6.0, 5.0]


def test_a_removed_finding_of_ones_own_is_off_the_list(act, place, claimed):
    act("", "add", values=place)
    assert [each.key for each in decided_findings(claimed.study, list(Finding.objects.all()))] == ["f1", "r1"]
    act("r1", "remove")
    assert [each.key for each in decided_findings(claimed.study, list(Finding.objects.all()))] == ["f1"]


def test_of_two_who_decide_at_once_the_second_is_told(act):
    act(event="reject")
    with pytest.raises(DecisionConflict) as conflict:
        act(event="accept", version=0)
    assert conflict.value.theirs.state == FindingState.REJECTED


def test_only_the_reader_of_the_study_decides(act, second_reader, technologist):
    for other in (second_reader, technologist):
        with pytest.raises(PermissionDenied):
            act(author=other)
    with pytest.raises(DecisionError):
        act("f9")


def test_decisions_are_never_changed_or_removed(act):
    act()
    for change in (
        lambda: FindingDecision.objects.update(state="REJECTED"),
        lambda: FindingDecision.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_decision_is_in_the_audit_trail_without_its_words(act):
    act(event="reject", reason="other", note="Mrs Miller's rib")
    event = AuditEvent.objects.get(verb=Verb.FINDING_DECIDED)
    assert event.detail == {"finding": "f1", "version": 1, "state": "REJECTED", "reason": "other"}


def test_the_page_and_its_state_tell_what_was_decided(act, claimed, reader):
    act(event="edit", values={"size_mm": 6.0})
    assert room_state(claimed.study, reader)["decisions"] == {"f1": "EDITED"}
    client = Client()
    client.force_login(reader)
    found = client.get(reverse("api-findings", args=(claimed.study.study_uid,))).json()["results"][0]
    assert (found["size_mm"], found["decision"]["values"]) == (8.2, {"size_mm": 6.0})


def test_over_the_door_a_decision_elsewhere_is_a_conflict_with_both(act, claimed, reader, second_reader):
    client = Client()
    client.force_login(reader)
    url = reverse("finding-decide", args=(claimed.study.study_uid,))

    def post(**body):
        asked = {"key": "f1", "version": 0, "event": "reject", "reason": "artefact", **body}
        return client.post(url, asked, content_type="application/json")

    assert post().json()["decision"]["reason_label"] == "artefact"
    answer = post(event="accept")
    assert answer.status_code == 409 and answer.json()["theirs"]["state"] == "REJECTED"
    assert post(version=1, event="remove").status_code == 409
    assert post(version=1, event="reject", reason="no such").status_code == 400
    other = Client()
    other.force_login(second_reader)
    body = {"key": "f1", "version": 1, "event": "accept"}
    assert other.post(url, body, content_type="application/json").status_code == 403


def signed(report: Report, reader, request_by, text, answers=None) -> Signature:
    revision = editing.save_revision(report=report, author=reader, parent=0, sections=text, answers=answers)
    assert revision is not None
    return sign_report(
        report=report,
        signer=reader,
        revision=revision.number,
        meaning="final",
        password=PASSWORD,
        request=request_by(reader),
    )


def reworded(text):
    """The text with the drafted sentences about the finding in the reader's own words."""
    for listed in text.values():
        for each in listed:
            each["text"] = "As corrected." if "f1" in each["evidence"] else each["text"]
    return text


def test_a_drafted_sentence_on_a_rejected_finding_cannot_be_signed_as_it_stands(act, claimed, reader, request_by):
    act(event="reject")
    text = full_text(claimed)
    about = [each for listed in text.values() for each in listed if each["state"] == "ai" and "f1" in each["evidence"]]
    assert about
    with pytest.raises(NotSignable, match="rejected"):
        signed(claimed, reader, request_by, text)
    claimed.refresh_from_db()
    kept = claimed.revisions.order_by("number").last()
    changed = {
        name: [each for each in listed if "f1" not in each["evidence"]] or [sentence("No nodule.", f"x-{name}")]
        for name, listed in text.items()
    }
    revision = editing.save_revision(
        report=claimed, author=reader, parent=kept.number, sections=changed, answers=NOTHING_FOUND
    )
    request = request_by(reader)
    assert sign_report(
        report=claimed,
        signer=reader,
        revision=revision.number,
        meaning="final",
        password=PASSWORD,
        request=request,
    )


def test_decisions_and_measurements_are_signed_and_then_frozen(act, claimed, reader, request_by, place):
    image = Instance.objects.get(sop_uid=place["sop_uid"])
    line = {"tool": "length", "sop_uid": image.sop_uid, "frame": 1, "points": [[0, 0], [3, 4]]}
    save_measurement(study=claimed.study, author=reader, uid=UID, version=0, sent=line)
    act(event="edit", values={"size_mm": 6.0})
    text = reworded(full_text(claimed))
    next(iter(text.values())).append(sentence("5 px.", "h9", evidence=["m1"]))
    content = json.loads(signed(claimed, reader, request_by, text).canonical)
    (decision,) = content["decisions"]
    assert (decision["key"], decision["state"], decision["values"]) == ("f1", "EDITED", {"size_mm": 6.0})
    (measured,) = content["measurements"]
    assert (measured["key"], measured["values"][0]["value"]) == ("m1", 5.0)
    with pytest.raises(DecisionsFrozen):
        act(event="accept")


def test_a_report_without_decisions_is_signed_as_before(claimed, reader, request_by):
    content = json.loads(signed(claimed, reader, request_by, full_text(claimed)).canonical)
    assert "decisions" not in content and "measurements" not in content


def test_exports_leave_out_a_rejected_finding_and_call_a_corrected_one_changed(act, claimed, reader, request_by):
    act(event="edit")
    assert signed(claimed, reader, request_by, reworded(full_text(claimed)))
    (exported,) = exported_report(claimed).findings
    assert exported.edited and exported.size_mm == 8.2


def test_an_export_never_tells_of_a_rejected_finding_a_sentence_still_names(act, claimed, reader, request_by):
    act(event="reject")
    text = full_text(claimed)
    for listed in text.values():
        for each in listed:
            if "f1" in each["evidence"]:
                each["text"] = "What the program marked is a vessel."
    signed(claimed, reader, request_by, text, NOTHING_FOUND)
    assert exported_report(claimed).findings == ()
