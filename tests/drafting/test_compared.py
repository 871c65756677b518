"""A result that the model itself compared with an earlier study: the draft repeats that comparison and adds none."""

from __future__ import annotations

from reports.drafting.assemble import assemble
from reports.drafting.facts import study_facts
from reports.drafting.guard import check_study_sentence
from reports.drafting.study import PAIRED
from tests.drafting.cast import finding, result

ITSELF = {"place_frame_mm": [[-120, 120], [-90, 80], [-320, -60]], "study_date": "2026-07-01"}
COMPARED = ITSELF | {"compared_with": {"study_uid": "1.9", "study_date": "2026-01-01", "days": 181, "confirmed": False}}
EARLIER = {"study_date": "2025-06-01", "findings": [finding(size_mm=5.0)]}


def test_a_nodule_the_model_calls_new_is_not_paired_by_its_place():
    facts = study_facts(result(attributes=COMPARED), EARLIER)
    assert "prior" not in facts.findings[0].slots
    assert facts.prior_date == "2026-01-01"
    # nor where it compares by itself and this time did not
    assert "prior" not in study_facts(result(attributes=ITSELF), EARLIER).findings[0].slots
    assert study_facts(result(attributes=ITSELF), EARLIER).prior_date is None
    # without a comparison of the model's own, one nodule of the same kind in the same lobe is taken for the same
    assert study_facts(result(), EARLIER).findings[0].slots["prior"] == "5.0 mm"


def test_a_paired_nodule_is_told_with_its_earlier_size_and_the_match_as_unconfirmed():
    grown = finding(attributes={"slice": 80, "prior_size_mm": 6.1, "growth_mm": 2.0, "history": {"status": "growing"}})
    facts = study_facts(result(findings=[grown], attributes=COMPARED))
    sections, verdict = assemble(facts, [None], [])
    assert verdict.reasons == ()
    assert facts.findings[0].change == "larger"
    assert [each.text for each in sections["comparison"]] == ["Compared with the study of 2026-01-01.", PAIRED]
    assert "6.1 mm" in sections["nodules"][0].text


def test_the_sentence_about_the_match_passes_the_guard_word_for_word():
    facts = study_facts(result(attributes=COMPARED))
    assert check_study_sentence(PAIRED, facts) == []


def test_a_comparison_without_a_date_is_none():
    facts = study_facts(result(attributes={"compared_with": {"study_date": "soon"}}), EARLIER)
    assert facts.prior_date == "2025-06-01"
    assert not facts.paired
