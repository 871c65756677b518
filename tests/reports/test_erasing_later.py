"""An earlier study that is erased is forgotten by the results and drafts of later ones; what was signed stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reports.content import content_for
from reports.models import Report, Revision
from reports.selectors.coded import computed_for
from reports.selectors.review import reviewed
from reports.services import drafting, editing
from reports.services.signing import sign_report
from screening.models import Finding, ScoreRun, Study
from screening.scoring.forgetting import without_study
from screening.services.reading import claim_study, release_study
from tests.conftest import PASSWORD
from tests.reports.conftest import by_template, full_text, sentence
from tests.reports.erasing_cast import erase  # noqa: F401
from tests.reports.test_priors import FRAME, UPPER, nodule

DAYS = [datetime(year, 3, 1, 9, tzinfo=UTC) for year in (2023, 2024, 2025)]
# What only the earlier study knew: its size, and its day.
QUOTED = ("5.3", "2024-03-01")


def step(at: datetime, size: float) -> dict[str, object]:
    return {"date": at.date().isoformat(), "size_mm": size}


@pytest.fixture
def three(make_study, north, score) -> list[Study]:
    """Three years of one nodule: 5.0, 5.3 and 7.4 mm, each result as the scorer writes it."""
    studies = [make_study(north, study_at=at) for at in DAYS]
    for study in studies[1:]:
        study.patient = studies[0].patient
        study.save()
    for place, (study, size) in enumerate(zip(studies, (5.0, 5.3, 7.4), strict=True)):
        more, attributes, rule = {}, {"place_frame_mm": FRAME, "study_date": DAYS[place].date().isoformat()}, "Rule."
        if place:
            then, before = studies[place - 1], (5.0, 5.3)[place - 1]
            sizes = (5.0, 5.3, 7.4)[: place + 1]
            more = {
                "prior_size_mm": before,
                "growth_mm": round(size - before, 1),
                "history": {
                    "status": "growing" if place == 2 else "stable",
                    "prior_study_uid": then.study_uid,
                    "prior_date": DAYS[place - 1].date().isoformat(),
                    "prior_id": "f1",
                    "prior_category": "2",
                    "days": 365,
                    "confirmed": False,
                    "trail": [step(at, each) for at, each in zip(DAYS, sizes, strict=False)],
                },
                "reasons": [
                    {"name": "row", "value": "4A", "unit": "", "text": "Category 4A: growing."},
                    {"name": "growth", "value": 2.1, "unit": "mm", "text": f"From {before} to {size} mm."},
                ],
            }
            attributes["compared_with"] = {"study_uid": then.study_uid, "complete": True, "category": "2"}
            attributes["resolved"] = [{"id": "f2", "type": "solid_nodule", "location": "", "size_mm": before}]
            rule = f"Lung-RADS v2022: a nodule, growing, is category 4A. It measured {before} mm 365 days before."
        category = "4A" if place == 2 else "2"
        found = nodule("f1", size, UPPER, category=category, **more)
        score(study, findings=[found], category=category, category_rule=rule, attributes=attributes)
    return [Study.objects.get(pk=study.pk) for study in studies]


def kept_of(study: Study) -> str:
    run = ScoreRun.objects.get(study=study)
    return json.dumps([run.result, *Finding.objects.filter(run=run).values_list("attributes", flat=True)])


def test_a_later_result_forgets_what_was_measured_and_keeps_what_was_concluded(three, erase):  # noqa: F811
    _first, middle, last = three
    assert all(text in kept_of(last) for text in (*QUOTED, middle.study_uid))
    erase(middle)
    assert not [text for text in (*QUOTED, middle.study_uid) if text in kept_of(last)]
    run = ScoreRun.objects.get(study=last)
    (finding,) = run.findings.all()
    assert (run.result["category"], finding.size_mm, finding.attributes["category"]) == ("4A", 7.4, "4A")
    history = finding.attributes["history"]
    assert (history["status"], history["erased"]) == ("growing", True)
    # The first year is still there to be told of.
    assert [each["size_mm"] for each in history["trail"]] == [5.0, 7.4]
    assert [each["name"] for each in finding.attributes["reasons"]] == ["row"]
    assert run.result["category_rule"].endswith("is category 4A.")


def test_a_trail_over_several_studies_forgets_its_first_too(three, erase):  # noqa: F811
    first, middle, last = three
    erase(first)
    (finding,) = ScoreRun.objects.get(study=last).findings.all()
    assert [each["size_mm"] for each in finding.attributes["history"]["trail"]] == [5.3, 7.4]
    assert finding.attributes["prior_size_mm"] == 5.3, "it was compared with the middle one, which stands"
    assert "2023-03-01" not in kept_of(last) and first.study_uid not in kept_of(middle)


def test_another_patients_results_are_left_alone(three, make_study, north, score, erase):  # noqa: F811
    other = make_study(north)
    score(other, findings=[nodule("f1", 5.3, UPPER)], category_rule="It measured 5.3 mm 365 days before.")
    before = kept_of(other)
    erase(three[1])
    assert kept_of(other) == before


def test_an_untouched_draft_is_made_anew_and_the_old_one_emptied(three, erase):  # noqa: F811
    report = by_template(three[2])
    assert "5.3" in json.dumps(report.revisions.get().sections)
    erase(three[1])
    old, new = report.revisions.order_by("number")
    assert (old.sections, old.answers, "5.3" in json.dumps(new.sections)) == ({}, None, False)
    assert "7.4 mm" in json.dumps(new.sections) and not new.offered
    # A worded draft is asked for, from the result as it now is.
    claim = drafting.claim_draft(report_id=report.pk)
    assert claim is not None and "5.3" not in json.dumps([claim.result, claim.prior])


def test_a_text_that_a_person_has_begun_stays_theirs_and_the_review_says_what_it_claims(
    three,
    reader,
    erase,  # noqa: F811
):
    report = by_template(three[2])
    claim_study(study=report.study, reader=reader)
    sections = full_text(report)
    sections["nodules"] = [*sections["nodules"], sentence("It was 5.3 mm a year ago.", "h-mine")]
    saved = editing.save_revision(report=report, author=reader, parent=0, sections=sections)
    release_study(study=report.study, reader=reader)
    for study in (three[0], three[1]):
        erase(study)
    assert Revision.objects.get(pk=saved.pk).sections == saved.sections
    report = Report.objects.get(pk=report.pk)
    assert "prior-none" in [remark.rule for remark, _severity in reviewed(report, saved.sections)]


def test_a_later_signed_report_is_a_record_of_its_own(three, reader, request_by, erase):  # noqa: F811
    report = by_template(three[2])
    claim_study(study=report.study, reader=reader)
    editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    sign_report(
        report=report, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )
    signed = report.signatures.get()
    erase(three[1])
    assert report.signatures.get().canonical == signed.canonical and "5.3" in signed.canonical
    assert not [text for text in QUOTED if text in kept_of(three[2])]


def test_the_category_does_not_change_with_the_erasure(three, erase):  # noqa: F811
    report = by_template(three[2])
    assert computed_for(report, None)["category"].value == "4A"
    erase(three[1])
    assert computed_for(Report.objects.get(pk=report.pk), None)["category"].value == "4A"


def test_a_result_that_was_compared_with_nothing_is_not_touched():
    assert without_study({"findings": [{"attributes": {}}], "attributes": {}}, "1.2.3", "2024-03-01") is None
    assert content_for("lung").compute({}, [], {"state": "scored"})["category"].value == "1"
