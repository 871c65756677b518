"""The review at the door: who may ask for it, what it says of a study as it is, and what it does to a signature."""

from __future__ import annotations

import json
import time

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from accounts.roles import Role
from reports.content import normal_template
from reports.models import Signature
from reports.rules.reading import Kind, Rule
from reports.selectors.review import remarks_json, review_input
from reports.services import editing
from reports.services.double_reading import set_rule
from reports.services.review import SignedOver
from reports.services.signing import NotSignable, ReviewStands, sign_report
from screening.models import Study
from screening.services import deciding
from screening.services.reading import claim_study
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text, sentence

AI_TEXT = "A solid nodule in the left upper lobe, mean diameter 8.2 mm."


@pytest.fixture
def sign(reader, request_by):
    def act(report, **changes):
        revision = report.revisions.order_by("number").last().number
        asked = {"signer": reader, "revision": revision, "meaning": "final", "password": PASSWORD, **changes}
        return sign_report(report=report, request=request_by(reader), **asked)

    return act


@pytest.fixture
def decide(claimed, reader, request_by):
    """What the reader makes of the one finding."""

    def act(event, sent):
        deciding.decide(
            study=claimed.study, author=reader, key="f1", version=0, event=event, sent=sent, request=request_by(reader)
        )

    return act


def blocking(report):
    """Keys of what stands against the signature of the report as it is saved."""
    last = report.revisions.order_by("number").last()
    remarks = remarks_json(report, last.sections, last.answers)
    return tuple(each["key"] for each in remarks if each["severity"] == "blocking")


def current(report):
    return report.revisions.order_by("number").last().sections


def saved(report, reader, change):
    """The report with its text changed by `change(sections)`."""
    sections = full_text(report)
    change(sections)
    parent = report.revisions.order_by("number").last().number
    editing.save_revision(report=report, author=reader, parent=parent, sections=sections)
    return report


def wrong_side(sections):
    """The drafted sentence of the finding, reworded to the other side."""
    for each in sections["nodules"]:
        if each["evidence"]:
            each["text"] = each["text"].replace("right", "left")


def rules(report):
    return [each["rule"] for each in remarks_json(report, current(report))]


def test_what_the_study_holds_is_what_the_review_is_given(ready):
    given = review_input(ready, current(ready))
    assert (given.programme, given.category, given.sex) == ("lung", "4A", ready.study.patient.sex)
    (finding,) = given.findings
    assert (finding.key, finding.state, finding.size_mm) == ("f1", "OPEN", 8.2)
    assert set(finding.sizes_mm) == {8.2, 9.1, 7.3}
    assert [section.role for section in given.sections if section.name in ("nodules", "assessment")] == [
        "findings",
        "assessment",
    ]


def test_a_side_that_differs_from_the_finding_refuses_the_signature_with_its_sentence(claimed, reader, sign):
    saved(claimed, reader, wrong_side)
    with pytest.raises(ReviewStands, match="The side differs from finding 1") as refused:
        sign(claimed)
    assert not Signature.objects.exists()
    assert refused.value.remarks[0]["rule"] == "side-evidence"
    assert refused.value.remarks[0]["finding"] == "f1"


def test_it_is_signed_over_only_by_name_and_with_a_reason_that_the_signed_bytes_keep(claimed, reader, sign):
    saved(claimed, reader, wrong_side)
    keys = blocking(claimed)
    for over in (SignedOver(), SignedOver(("side-evidence",), "Situs inversus"), SignedOver(keys, "  ")):
        with pytest.raises(ReviewStands):
            sign(claimed, over=over)
    signature = sign(claimed, over=SignedOver(keys, "Situs inversus"))
    kept = json.loads(signature.canonical)["review"]
    assert kept["reason"] == "Situs inversus"
    assert [each["rule"] for each in kept["signed_over"]] == ["side-evidence"]
    event = AuditEvent.objects.get(verb=Verb.REPORT_SIGNED, outcome="ok")
    assert event.detail["signed_over"] == ["side-evidence"]
    # Why stands in the signed record; the trail tells that it was done.
    assert "Situs" not in json.dumps(event.detail)


def test_a_warning_stands_in_no_ones_way_and_is_on_record(claimed, reader, sign):
    saved(claimed, reader, lambda sections: sections["comparison"].append(sentence("Compared with the prior CT.", "c")))
    Study.objects.update(study_at=timezone.now())
    claimed.study.refresh_from_db()
    assert "prior-none" in rules(claimed)
    signature = sign(claimed)
    assert "prior-none" in [each["rule"] for each in json.loads(signature.canonical)["review"]["warnings"]]
    assert "prior-none" in AuditEvent.objects.get(verb=Verb.REPORT_SIGNED).detail["warned"]


def test_a_drafted_sentence_that_nothing_supports_is_signed_only_by_an_explicit_act(claimed, reader, sign, score):
    saved(claimed, reader, lambda sections: None)
    # The study is scored anew: the finding the sentence rests on is gone.
    score(claimed.study, findings=[], category="1", above_threshold=False)
    claimed.study.status = "READING"
    claimed.study.save()
    assert "ai-unsupported" in rules(claimed)
    with pytest.raises(ReviewStands, match="Nothing supports this drafted sentence"):
        sign(claimed)
    # With the finding went the AI's "yes": the reader says that there is a nodule.
    answers = {"values": {"nodules": {"value": "yes", "origin": "human"}}}
    editing.save_revision(report=claimed, author=reader, parent=1, sections=current(claimed), answers=answers)
    keys = blocking(claimed)
    assert sign(claimed, over=SignedOver(keys, "Seen on the earlier score")).sequence == 1


def test_a_drafted_sentence_does_not_outlive_the_correction_of_its_finding(claimed, reader, sign, decide):
    saved(claimed, reader, lambda sections: None)
    decide("edit", {"values": {"size_mm": 5.0}})
    with pytest.raises(ReviewStands, match="Finding 1 was corrected"):
        sign(claimed)


def test_a_sentence_on_a_rejected_finding_is_never_signed_over(claimed, reader, sign, decide):
    saved(claimed, reader, lambda sections: None)
    decide("reject", {"reason": "vessel"})
    keys = tuple(each["key"] for each in remarks_json(claimed, current(claimed)))
    with pytest.raises(NotSignable, match="a finding that you rejected"):
        sign(claimed, over=SignedOver(keys, "It is one"))


def test_the_category_follows_what_the_reader_decided(claimed, reader, decide):
    saved(claimed, reader, lambda sections: None)
    assert review_input(claimed, current(claimed)).category == "4A"
    decide("reject", {"reason": "vessel"})
    assert review_input(claimed, current(claimed)).category == "1"
    assert "category" in rules(claimed)


def test_an_accepted_finding_is_told_of(claimed, reader, decide):
    decide("accept", {})
    saved(claimed, reader, lambda sections: sections.update(nodules=[sentence("The lungs are clear.", "n")]))
    assert "finding-unreported" in rules(claimed)


def test_a_draft_as_the_template_words_it_has_nothing_against_it_but_the_open_decision(claimed, reader, decide):
    saved(claimed, reader, lambda sections: None)
    assert rules(claimed) == ["ai-undecided"]
    decide("accept", {})
    assert rules(claimed) == []


def test_a_normal_study_has_nothing_to_check(make_study, north, reader, score, client):
    study = make_study(north)
    score(study, findings=[], category="1", category_rule="", above_threshold=False)
    report = by_template(study)
    claim_study(study=study, reader=reader)
    sections = full_text(report)
    for name, text in normal_template("lung").items():
        if sections[name] and sections[name][0]["state"] == "human":
            sections[name] = [sentence(text, f"h-{name}")]
    sections["comparison"] = []
    editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    assert rules(report) == []


def test_the_text_is_looked_at_as_it_is_sent_and_nothing_is_kept(client, claimed, reader):
    client.force_login(reader)
    sections = full_text(claimed)
    wrong_side(sections)
    before = claimed.revisions.count()
    answer = client.post(
        reverse("report-review", args=(claimed.pk,)),
        json.dumps({"sections": sections}),
        content_type="application/json",
    )
    (first, *_rest) = answer.json()["remarks"]
    assert (first["rule"], first["severity"], first["overridable"]) == ("side-evidence", "blocking", True)
    text = next(each["text"] for each in sections["nodules"] if each["id"] == first["sentence"])
    assert text[first["start"] : first["end"]] == "left"
    assert claimed.revisions.count() == before


def test_only_who_writes_the_report_may_ask(client, claimed, make_user, north):
    client.force_login(make_user("other", Role.READER, north))
    sent = json.dumps({"sections": full_text(claimed)})
    address = reverse("report-review", args=(claimed.pk,))
    assert client.post(address, sent, content_type="application/json").status_code == 403


def test_the_remarks_are_told_in_the_readers_language_and_cost_little(
    client, claimed, reader, django_assert_max_num_queries
):
    sections = full_text(claimed)
    wrong_side(sections)
    with django_assert_max_num_queries(14):
        remarks_json(claimed, sections)
    spent = []
    for _turn in range(5):
        began = time.perf_counter()
        remarks_json(claimed, sections)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.05


def test_while_opinions_are_blind_of_each_other_nothing_is_told(client, claimed, reader, north, administrator):
    set_rule(site=north, programme="lung", rule=Rule(Kind.DOUBLE), reason="As agreed", actor=administrator, after=0)
    client.force_login(reader)
    sections = full_text(claimed)
    wrong_side(sections)
    answer = client.post(
        reverse("report-review", args=(claimed.pk,)),
        json.dumps({"sections": sections}),
        content_type="application/json",
    )
    assert answer.status_code == 403
    assert "right upper lobe" not in answer.content.decode()


def test_a_readers_own_coded_category_goes_before_the_rule(claimed, reader):
    """Readers may override: then the text is held against what they answered."""
    saved(claimed, reader, lambda sections: None)
    sections = current(claimed)
    for origin, expected in (("human", "4X"), ("rule", "4A"), ("ai", "4A")):
        answers = {"values": {"category": {"value": "4X", "origin": origin}}}
        assert review_input(claimed, sections, answers).category == expected
    # An answer that only a reader can give makes the rule find otherwise.
    answers = {"values": {"suspicious.f1": {"value": ["spiculation"], "origin": "human"}}}
    assert review_input(claimed, sections, answers).category == "4X"
    assert "category" in [each["rule"] for each in remarks_json(claimed, sections, answers)]
