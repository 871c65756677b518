"""Coded answers: carried by drafts, saved, computed by rule, accepted and signed beside the text."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation

from accounts.models import AuditEvent, Verb
from reports.coded import agrees, drafted_answers, signed_answers, stored_answers
from reports.content import content_for
from reports.models import Signature
from reports.sections import drafted_sections
from reports.selectors.coded import missing_answers
from reports.services.amending import amend_report
from reports.services.editing import save_revision
from reports.services.signing import sign_report
from reports.verify.verify_reports import Link, verify
from tests.conftest import PASSWORD
from tests.reports.conftest import full_text, result_of, sentence


def given(**values):
    return {"values": {key.replace("__", "."): {"value": value, "origin": "human"} for key, value in values.items()}}


# Drafts


def test_a_draft_carries_what_the_result_states_and_the_sentences_that_say_it(drafted):
    answers = drafted.revisions.get().answers
    assert answers["values"] == {
        "category": {"value": "4A", "origin": "ai"},
        "advice": {"value": "months_3", "origin": "ai"},
        "nodules": {"value": "yes", "origin": "ai"},
    }
    assert answers["lines"].keys() == {"category", "advice"}
    texts = {each["id"]: each["text"] for listed in drafted.revisions.get().sections.values() for each in listed}
    assert "Lung-RADS category 4A" in texts[answers["lines"]["category"]["sentence"]]


def test_below_a_threshold_is_not_absent():
    brain = content_for("brain")
    result = {"state": "scored", "above_threshold": False, "findings": [], "attributes": {}}
    assert drafted_answers(brain, result, {})["values"] == {}
    assert drafted_answers(brain, {"state": "refused", "findings": [{"type": "haemorrhage"}]}, {})["values"] == {}


def test_the_sentence_of_a_single_haemorrhage_is_the_one_its_answers_write():
    brain = content_for("brain")
    said = [{"text": "A haemorrhage in the left hemisphere.", "origin": "m@1", "evidence": ["f1"]}]
    sections = drafted_sections(brain, {"findings": said})
    finding = {"type": "subdural_haemorrhage", "attributes": {"side": "left", "volume_ml": 12.34}}
    answers = drafted_answers(brain, {"state": "scored", "findings": [finding]}, sections)
    assert answers["values"]["type"]["value"] == ["subdural"] and answers["values"]["volume_ml"]["value"] == 12.3
    assert answers["lines"]["haemorrhage"]["text"] == "A haemorrhage in the left hemisphere."


def test_a_result_may_say_what_the_schema_has_no_word_for():
    result = {"state": "scored", "attributes": {"density": "z"}}
    assert drafted_answers(content_for("breast"), result, {})["values"] == {}


# Saving


def test_answers_are_saved_with_the_text_and_a_save_of_the_same_makes_no_row(claimed, reader):
    answers = given(emphysema="mild")
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=answers)
    assert saved.answers["values"]["emphysema"] == {"value": "mild", "origin": "human"}
    again = save_revision(report=claimed, author=reader, parent=1, sections=saved.sections, answers=saved.answers)
    assert again == saved
    other = save_revision(
        report=claimed, author=reader, parent=1, sections=saved.sections, answers=given(emphysema="none")
    )
    assert (other.number, other.sections) == (2, saved.sections)


def test_a_save_without_answers_keeps_those_that_stand(claimed, reader):
    drafted = claimed.revisions.get().answers
    assert save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed)).answers == drafted


def test_a_rules_answer_is_recorded_as_its_only_if_the_rule_says_so_too(claimed, reader):
    sent = {"values": {"category": {"value": "4A", "origin": "rule"}, "advice": {"value": "refer", "origin": "rule"}}}
    saved = save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=sent)
    assert saved.answers["values"]["category"]["origin"] == "rule"
    assert saved.answers["values"]["advice"]["origin"] == "human", "the rule advises 3 months"


def test_over_http_answers_are_checked_saved_and_answered(claimed, reader, client):
    client.force_login(reader)
    url = reverse("report-save", args=[claimed.pk])
    body = {"parent": 0, "sections": full_text(claimed), "answers": given(emphysema="mild")}
    wrong = client.post(url, {**body, "answers": given(emphysema="much")}, content_type="application/json")
    assert (wrong.status_code, "Emphysema" in wrong.json()["detail"]) == (400, True)
    right = client.post(url, body, content_type="application/json")
    assert right.json()["answers"]["values"]["emphysema"]["value"] == "mild"


def test_what_the_rules_make_of_answers_is_worked_out_and_not_kept(
    claimed, reader, client, django_assert_max_num_queries
):
    client.force_login(reader)
    url = reverse("report-answers", args=[claimed.pk])
    body = {"answers": given(suspicious__f1=["spiculation"])}
    with django_assert_max_num_queries(40):
        answer = client.post(url, body, content_type="application/json")
    assert answer.json()["computed"]["category"]["value"] == "4X"
    assert "4X" in answer.json()["computed"]["category"]["reason"]
    assert claimed.revisions.count() == 1
    # A category held for the rule's is worked out anew, one that the reader set is not questioned.
    body = {"answers": {"values": {"category": {"value": "2", "origin": "rule"}}}}
    assert client.post(url, body, content_type="application/json").json()["computed"]["advice"]["value"] == "months_3"
    body = {"answers": given(category="2")}
    assert client.post(url, body, content_type="application/json").json()["computed"]["advice"]["value"] == "months_12"


def test_nobody_asks_the_rules_without_holding_the_reading(claimed, second_reader, client):
    client.force_login(second_reader)
    answer = client.post(
        reverse("report-answers", args=[claimed.pk]), {"answers": given()}, content_type="application/json"
    )
    assert answer.status_code == 403


def test_the_room_asks_in_the_language_of_the_page(claimed, reader, client):
    client.force_login(reader)
    with translation.override("zh-hans"):
        page = client.get(
            reverse("reading-room", args=[claimed.study.study_uid]), headers={"accept-language": "zh-hans"}
        )
    form = page.context["room"]["form"]
    labels = {each["id"]: each["label"] for each in form["fields"]}
    assert labels["emphysema"] == "肺气肿"
    assert page.context["room"]["report"]["normal"]["assessment"] == ["Lung-RADS 1：阴性。"]


def test_required_answers_that_are_missing_are_named(claimed, reader):
    revision = claimed.revisions.get()
    assert missing_answers(claimed, revision.answers) == []
    nothing = {"schema": revision.answers["schema"], "values": {}, "lines": {}}
    # A nodule stands and has a size, so the rules answer; see test_standing_answers for where none does.
    assert missing_answers(claimed, nothing) == []
    # Nobody was asked: the report was written without its form.
    assert missing_answers(claimed, None) == []


# Accepting a sentence


def test_a_sentence_of_the_ai_may_be_accepted_and_a_changed_one_is_the_readers(claimed, reader):
    sections = full_text(claimed)
    first, second = [each for listed in sections.values() for each in listed if each["state"] == "ai"][:2]
    first["accepted"] = second["accepted"] = True
    second["text"] += " So it is."
    sections["other_findings"] = [sentence("Mine.", "h9", accepted=True)]
    saved = save_revision(report=claimed, author=reader, parent=0, sections=sections)
    accepted = [each["id"] for listed in saved.sections.values() for each in listed if each.get("accepted")]
    assert accepted == [first["id"]]


# Signing


@pytest.fixture
def answered(claimed, reader):
    sections = full_text(claimed)
    sections["lungs_and_pleura"] = [sentence("Mild emphysema.", "h-e")]
    sections["other_findings"] = [sentence("Calcium as before.", "h-c")]
    lines = {
        "emphysema": {"sentence": "h-e", "text": "Mild emphysema.", "values": {"emphysema": "mild"}},
        "coronary": {
            "sentence": "h-c",
            "text": "Severe coronary artery calcification.",
            "values": {"coronary": "severe"},
        },
    }
    drafted = claimed.revisions.get().answers
    answers = {
        "values": drafted["values"]
        | given(emphysema="mild", coronary="severe", suspicious__f1=["spiculation"])["values"],
        "lines": drafted["lines"] | lines,
    }
    save_revision(report=claimed, author=reader, parent=0, sections=sections, answers=answers)
    return claimed


def test_an_answer_and_its_sentence_agree_until_either_is_changed(answered):
    revision, lung = answered.revisions.get(number=1), content_for("lung")
    assert agrees(lung, revision.answers, revision.sections, "emphysema")
    assert not agrees(lung, revision.answers, revision.sections, "coronary"), "the sentence was changed"
    revision.answers["values"]["emphysema"]["value"] = "severe"
    assert not agrees(lung, revision.answers, revision.sections, "emphysema"), "the answer was changed"
    assert not agrees(lung, revision.answers, revision.sections, "airway")


def test_answers_are_signed_with_codes_origins_and_whether_the_text_still_says_so(answered, reader, request_by):
    sign_report(
        report=answered, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    signature = Signature.objects.get()
    signed = json.loads(signature.canonical)
    by_id = {each["id"]: each for each in signed["answers"]}
    assert signed["answers_schema"] == "lung-1"
    assert by_id["category"]["origin"] == "ai" and by_id["category"]["text"] == "as answered"
    [code] = by_id["category"]["codes"]
    assert code == {"scheme": "RADLEX", "value": "RID50139", "meaning": "Lung-RADS 4A", "verified": False}
    assert (by_id["emphysema"]["text"], by_id["coronary"]["text"]) == ("as answered", "own words")
    assert by_id["suspicious.f1"]["text"] == "none"
    assert by_id["suspicious.f1"]["codes"][0]["value"] == "112136"


def test_signed_answers_break_the_chain_when_they_are_changed(answered, reader, request_by):
    sign_report(
        report=answered, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    one = Signature.objects.get()
    link = Link(one.sequence, one.canonical, one.content_sha256, one.previous_sha256, one.chain_sha256)
    assert verify([link]) == []
    changed = one.canonical.replace('"value":"severe"', '"value":"milder"')
    assert changed != one.canonical
    assert verify([Link(one.sequence, changed, *link_tail(one))])


def link_tail(one):
    return one.content_sha256, one.previous_sha256, one.chain_sha256


def test_a_report_from_before_answers_signs_none():
    assert signed_answers(content_for("lung"), None, {}) == []
    assert signed_answers(content_for("lung"), {"schema": "lung-0", "values": {}, "lines": {}}, {}) == []


def test_another_study_of_the_same_result_states_the_same(make_study, north):
    study = make_study(north)
    result = result_of(study, category="2", findings=[])
    answers = drafted_answers(content_for("lung"), result, {})
    assert answers["values"]["advice"]["value"] == "months_12" and "nodules" not in answers["values"]


def test_saving_answers_is_audited_like_any_text(claimed, reader):
    save_revision(report=claimed, author=reader, parent=0, sections=full_text(claimed), answers=given(emphysema="mild"))
    assert AuditEvent.objects.filter(verb=Verb.REPORT_SAVED).count() == 1


def test_an_amended_text_keeps_the_answers_and_says_which_it_no_longer_words(answered, reader, request_by):
    sign_report(
        report=answered, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    sections = answered.revisions.get(number=1).sections
    sections["lungs_and_pleura"][0]["text"] = "Moderate emphysema."
    amend_report(
        report=answered,
        signer=reader,
        revision=1,
        after=0,
        sections=sections,
        reason="Seen again.",
        password=PASSWORD,
        images=None,
        request=request_by(reader),
    )
    signed = json.loads(Signature.objects.order_by("sequence").last().canonical)
    by_id = {each["id"]: each for each in signed["answers"]}
    assert (by_id["emphysema"]["value"], by_id["emphysema"]["text"]) == ("mild", "own words")


def test_stored_answers_are_held_against_the_signed_ones(answered, reader, request_by):
    sign_report(
        report=answered, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    signed = json.loads(Signature.objects.get().canonical)["answers"]
    stored = answered.revisions.get(number=1).answers
    assert stored_answers(signed, stored) == signed
    for spoil in (
        lambda values: values["emphysema"].update(value="severe"),
        lambda values: values["category"].update(origin="human"),
        lambda values: values.pop("coronary"),
        lambda values: values.update(airway={"value": "none", "origin": "human"}),
    ):
        changed = json.loads(json.dumps(stored))
        spoil(changed["values"])
        assert stored_answers(signed, changed) != signed
    call_command("verify_reports", "--site", answered.study.site.slug)
