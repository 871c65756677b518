"""A person's own phrases, and revisions side by side."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from reports.models import Phrase
from reports.selectors.revisions import compared
from reports.services import phrases as service
from reports.services.drafting import ensure_report
from reports.services.editing import save_revision
from reports.services.phrases import PhraseError, keep_phrase, remove_phrase
from tests.reports.conftest import full_text, sentence


def test_a_phrase_is_kept_under_one_name_and_changed_by_keeping_it_again(reader):
    keep_phrase(user=reader, name="/Spine", text="  Degenerative\nchange. ")
    keep_phrase(user=reader, name="spine", text="Degenerative change of the spine.")
    assert [(each.name, each.text) for each in Phrase.objects.all()] == [("spine", "Degenerative change of the spine.")]
    assert AuditEvent.objects.filter(verb=Verb.USER_CHANGED, actor=reader).count() == 2
    assert "Degenerative" not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize("name", ["", "two words", "-x", "x" * 25, "a/b", "{side}"])
def test_a_name_is_one_short_word(reader, name):
    with pytest.raises(PhraseError):
        keep_phrase(user=reader, name=name, text="Words.")


@pytest.mark.parametrize("text", ["", "   ", "\u202e", "x" * 2001])
def test_a_phrase_needs_words_and_not_too_many(reader, text):
    with pytest.raises(PhraseError):
        keep_phrase(user=reader, name="spine", text=text)


def test_there_is_a_most_of_phrases_and_changing_one_is_always_possible(reader, monkeypatch):
    monkeypatch.setattr(service, "MOST", 2)
    for name in ("one", "two"):
        keep_phrase(user=reader, name=name, text="Words.")
    with pytest.raises(PhraseError):
        keep_phrase(user=reader, name="three", text="Words.")
    assert keep_phrase(user=reader, name="two", text="Others.").text == "Others."


def test_phrases_are_ones_own(reader, second_reader, claimed, client):
    keep_phrase(user=reader, name="spine", text="Mine.")
    remove_phrase(user=second_reader, name="spine")
    assert Phrase.objects.filter(user=reader).count() == 1
    client.force_login(second_reader)
    assert "Mine." not in client.get(reverse("phrases")).content.decode()
    client.force_login(reader)
    room = client.get(reverse("reading-room", args=[claimed.study.study_uid])).context["room"]
    assert room["phrases"] == [{"name": "spine", "text": "Mine."}]


def test_the_page_keeps_refuses_and_removes(reader, client):
    client.force_login(reader)
    page = reverse("phrases")
    refused = client.post(page, {"name": "two words", "text": "Kept <b>in</b> the form."})
    assert refused.status_code == 400 and "Kept &lt;b&gt;in" in refused.content.decode()
    assert client.post(page, {"name": "spine", "text": "Words."}).status_code == 302
    assert "/spine" in client.get(page).content.decode()
    client.post(reverse("phrase-remove"), {"name": "spine"})
    assert not Phrase.objects.exists()


# Kept texts


def test_the_key_of_a_kept_text_is_one_persons_for_one_report(claimed, reader, second_reader, client):
    client.force_login(reader)
    address = reverse("reading-room", args=[claimed.study.study_uid])
    first, again = (client.get(address).context["room"]["keep"] for _turn in range(2))
    assert first == again and len(first["key"]) == 44
    client.force_login(second_reader)
    assert client.get(address).context["room"]["keep"] is None, "who cannot write keeps nothing"


# Revisions side by side


@pytest.fixture
def written(claimed, reader):
    sections = full_text(claimed)
    sections["other_findings"] = [sentence("Heart of normal size.", "h1"), sentence("No node.", "h2")]
    answers = {"values": {"emphysema": {"value": "mild"}, "suspicious.f1": {"value": ["spiculation", "metastasis"]}}}
    first = save_revision(report=claimed, author=reader, parent=0, sections=sections, answers=answers)
    sections["other_findings"] = [
        sentence("Heart of slightly enlarged size.", "h1"),
        sentence("Spine as before.", "h3"),
    ]
    answers["values"]["emphysema"]["value"] = "severe"
    second = save_revision(report=claimed, author=reader, parent=1, sections=sections, answers=answers)
    return claimed, first, second


def test_two_revisions_are_compared_word_by_word(written):
    report, first, second = written
    told = compared(report, first, second)
    [other] = [each for each in told.sections if each["title"] == "Other findings"]
    assert [each["kind"] for each in other["sentences"]] == ["changed", "gone", "new"]
    assert other["sentences"][0]["pieces"] == [
        ("same", "Heart of "),
        ("gone", "normal "),
        ("new", "slightly enlarged "),
        ("same", "size."),
    ]
    assert told.answers == [("Emphysema", "mild", "severe")]
    assert told.differs and not compared(report, second, second).differs


def test_what_was_the_ais_is_still_said_to_be_its(written):
    report, _first, second = written
    told = compared(report, report.revisions.get(number=0), second)
    states = {each["state"] for section in told.sections for each in section["sentences"]}
    assert states == {"ai", "human"}
    assert ("Suspicious features (F1)", "no answer", "spiculation, metastasis") in told.answers


def test_the_page_shows_the_last_two_and_any_that_are_asked_for(written, reader, client):
    report, _first, _second = written
    client.force_login(reader)
    page = reverse("report-revisions", args=[report.pk])
    shown = client.get(page)
    assert (shown.context["before"].number, shown.context["after"].number) == (1, 2)
    assert "<del>normal </del><ins>slightly enlarged </ins>" in shown.content.decode()
    assert client.get(page, {"from": "0", "to": "1"}).context["after"].number == 1
    assert client.get(page, {"from": "7"}).status_code == 404
    looks = AuditEvent.objects.filter(verb=Verb.REPORT_VIEWED, actor=reader)
    assert looks.count() == 2 and looks.latest("id").detail == {"compared": [0, 1]}


def test_a_report_without_a_text_has_nothing_to_compare(make_study, north, reader, client):
    report = ensure_report(study=make_study(north, programme="lung", ai_state="pending"))
    client.force_login(reader)
    assert client.get(reverse("report-revisions", args=[report.pk])).status_code == 200
