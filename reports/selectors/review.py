"""The review of a report: what the study is known to hold, and the remarks as pages and services show them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from reports.coded import HUMAN
from reports.content import ReportContent, content_for
from reports.content.standing import Said
from reports.models import Report
from reports.review import (
    ADDENDUM,
    RULES,
    FindingSeen,
    MeasurementSeen,
    PriorSeen,
    Remark,
    ReviewInput,
    SectionText,
    SentenceText,
    Severity,
    Unanswered,
    review,
)
from reports.review.expected import expected_category
from reports.review_strings import said
from reports.sections import Sections
from reports.selectors.addenda import addenda_of
from reports.selectors.coded import computed_for, language, missing_answers
from reports.selectors.matches import said_of_pairs
from reports.selectors.priors import earlier_studies
from reports.selectors.review_rules import severities_of
from screening.models import Finding, Study
from screening.selectors import findings_of, open_reading, standing_run
from screening.selectors.holding import held_back, holds_back
from screening.selectors.measuring import Decided, decided_findings, measurements_of
from screening.selectors.places import place_words
from screening.selectors.priors import shares_a_past
from screening.states import FindingState, RunStatus

MOST_PRIORS = 30
# The coded answers that are a category of the examination.
CATEGORY_FIELDS = ("category", "overall")
# Where the sentences of an addendum part.
_ADDED = re.compile(r"\S(?:[^\n]*?[.!?](?=\s)|[^\n]*?[。！？；]|[^\n]*)")
CORRECTIONS = ("type", "location", "size_mm")
Json = dict[str, Any]


def roles_of(content: ReportContent) -> dict[str, str]:
    """Section name → what it is for, as the review knows sections."""
    roles = {section.name: "other" for section in content.sections}
    named = {
        "technique": content.technique_section,
        "comparison": content.comparison_section,
        "composition": content.composition_section,
        "recommendation": content.recommendation_section,
        "findings": content.findings_section,
        "assessment": content.assessment_section,
    }
    return roles | {name: role for role, name in named.items() if name in roles}


def review_input(report: Report, sections: Sections, answers: Mapping[str, Any] | None = None) -> ReviewInput:
    """What the review is given of a report with this text and these coded answers: a dozen queries or so."""
    study, run = report.study, standing_run(report.study)
    decided = decided_findings(study, findings_of(study))
    attributes = _attributes(run.result) if run else {}
    limitations = tuple(str(each) for each in (run.result.get("limitations") or ())) if run else ()
    pairs = said_of_pairs(study, decided)
    findings = tuple(_finding(each, pairs.get(each.key)) for each in decided if each.state != FindingState.REMOVED)
    shift = attributes.get("midline_shift_mm")
    return ReviewInput(
        programme=report.programme,
        sections=_sections(content_for(report.programme), sections),
        findings=findings,
        measurements=(
            *(
                MeasurementSeen(each.key, tuple(value["value"] for value in each.values if value.get("unit") == "mm"))
                for each in measurements_of(study)
            ),
            *_answered(content_for(report.programme), answers),
        ),
        priors=_priors(study),
        sex=study.patient.sex,
        studied=timezone.localtime(study.study_at).date() if study.study_at else None,
        category=_category(
            report,
            answers,
            bool(pairs),
            expected_category(report.programme, run.result.get("category") if run else None, findings, limitations),
        ),
        shift_mm=float(shift) if isinstance(shift, int | float) and not isinstance(shift, bool) else None,
        limitations=limitations,
        unanswered=tuple(
            Unanswered(asked.section, key, _labelled(asked.label.of(language()), key, findings))
            for key, asked in missing_answers(report, answers)
        ),
    )


def _labelled(label: str, key: str, findings: Sequence[FindingSeen]) -> str:
    """Of a finding's own field also which finding is meant."""
    about = key.partition(".")[2]
    return next((f"{each.number} · {label}" for each in findings if each.key == about), label)


def _answered(content: ReportContent, answers: Mapping[str, Any] | None) -> list[MeasurementSeen]:
    """Lengths that a reader gave as answers and left no mark for: of a cyst, of an airway nodule."""
    fields = content.by_id
    return [
        MeasurementSeen(key, (float(each["value"]),))
        for key, each in ((answers or {}).get("values") or {}).items()
        if (asked := fields.get(key)) is not None and asked.measured and asked.unit == "mm"
    ]


def _category(report: Report, answers: Mapping[str, Any] | None, judged: bool, otherwise: str | None) -> str | None:
    """A reader's own coded word, else what the rule makes of what they answered, else `otherwise`.

    judged: a reader paired findings otherwise than the AI did, so what followed from its pairs holds no more.
    """
    values = (answers or {}).get("values") or {}
    said = [each for each in values.values() if each["origin"] == HUMAN]
    if not said and not judged:
        return otherwise
    for name in CATEGORY_FIELDS:
        if name in values and values[name]["origin"] == HUMAN:
            return str(values[name]["value"])
    computed = computed_for(report, answers)
    follows = next((computed[name].value for name in CATEGORY_FIELDS if name in computed), None)
    return follows or otherwise


def reviewed(
    report: Report, sections: Sections, answers: Mapping[str, Any] | None = None
) -> list[tuple[Remark, Severity]]:
    return review(review_input(report, sections, answers), severities_of(report.study.site))


def addendum_reviewed(
    report: Report, sections: Sections, answers: Mapping[str, Any] | None, text: str
) -> list[tuple[Remark, Severity]]:
    """What there is to say of an addendum: held against the study, the signed text and what was added to it before.

    Only of the new text: what stands in the report was looked at when that was signed. start, end of a remark count
    from the beginning of the addendum. sections, answers: of the signed text.
    """
    parts = [(f"{ADDENDUM}-{n}", match.start(), match[0]) for n, match in enumerate(_ADDED.finditer(text), 1)]
    begins = {name: at for name, at, _words in parts}
    added = tuple(SentenceText(name, words) for name, _at, words in parts)
    earlier = tuple(
        SectionText(
            f"{ADDENDUM}-{each.number}", "findings", False, (SentenceText(f"earlier-{each.number}", each.text),)
        )
        for each in addenda_of(report)
    )
    given = review_input(report, sections, answers)
    given = replace(given, sections=(*given.sections, *earlier, SectionText(ADDENDUM, "findings", False, added)))
    return [
        (_moved(remark, begins.get(remark.sentence, 0)), severity)
        for remark, severity in review(given, severities_of(report.study.site))
        if remark.section == ADDENDUM
    ]


def _moved(remark: Remark, begin: int) -> Remark:
    return replace(remark, start=remark.start + begin, end=remark.end + begin)


def remark_json(remark: Remark, severity: Severity, content: ReportContent) -> Json:
    """A remark as the page shows it. key: names it when a reader signs over it."""
    values = dict(remark.values)
    if "place" in values:
        values["place"] = " / ".join(place_words(part) for part in values["place"].split(" / "))
    return {
        "key": remark.key,
        "rule": remark.rule,
        "severity": str(severity),
        "overridable": RULES[remark.rule].overridable,
        "text": said(remark.message, values),
        "section": remark.section,
        "title": _("Addendum") if remark.section == ADDENDUM else _(content.section(remark.section).title),
        "sentence": remark.sentence,
        "start": remark.start,
        "end": remark.end,
        "finding": remark.finding,
        "answer": remark.answer,
    }


def remarks_json(report: Report, sections: Sections, answers: Mapping[str, Any] | None = None) -> list[Json]:
    return listed(report, reviewed(report, sections, answers))


def listed(report: Report, found: list[tuple[Remark, Severity]]) -> list[Json]:
    content = content_for(report.programme)
    return [remark_json(remark, severity, content) for remark, severity in found]


def _sections(content: ReportContent, sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[SectionText, ...]:
    roles = roles_of(content)
    return tuple(
        SectionText(
            section.name,
            roles[section.name],
            section.required,
            tuple(
                SentenceText(
                    each["id"],
                    each["text"],
                    each["state"],
                    each["origin"],
                    tuple(each["evidence"]),
                    bool(each.get("accepted")),
                )
                for each in sections.get(section.name, ())
            ),
        )
        for section in content.sections
    )


def _finding(decided: Decided, pair: Said | None) -> FindingSeen:
    """pair: a reader's word against the earlier lesion that the model matched it with."""
    finding, decision = decided.finding, decided.decision
    corrected = (
        finding is not None
        and decision is not None
        and any(name in decision.values and decision.values[name] != getattr(finding, name) for name in CORRECTIONS)
    )
    attributes = finding.attributes if finding and not corrected else {}
    size = decided.value("size_mm")
    before = pair.prior_mm if pair else finding.attributes.get("prior_size_mm") if finding else None
    numbers = {name: value for name, value in attributes.items() if _is_number(value)}
    lengths = [value for name, value in numbers.items() if name.endswith("_mm") and name != "prior_size_mm"]
    volumes = [value for name, value in numbers.items() if name.endswith("_ml")]
    volumes += [value / 1000 for name, value in numbers.items() if name.endswith("_mm3")]
    return FindingSeen(
        key=decided.key,
        number=str(finding.number) if finding else decided.key.upper(),
        state=str(decided.state),
        type=decided.value("type") or "",
        location=decided.value("location") or "",
        size_mm=size,
        solid_mm=numbers.get("solid_component_mm"),
        sizes_mm=tuple(each for each in (size, *lengths) if each is not None),
        volumes_ml=tuple(volumes),
        prior_mm=before if _is_number(before) else None,
        corrected=corrected,
        category=str(attributes.get("category") or ""),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _attributes(result: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = result.get("attributes")
    return attributes if isinstance(attributes, Mapping) else {}


def _priors(study: Study) -> tuple[PriorSeen, ...] | None:
    """None where nobody knows: a patient without an ID, or a study without a date. Without sizes where what the AI made of
    the earlier study is held back from who writes: a remark would tell which numbers are not among them."""
    if study.study_at is None or not shares_a_past(study.patient):
        return None
    earlier = list(earlier_studies(study)[:MOST_PRIORS])
    reading = open_reading(study)
    hidden = held_back(reading.reader, earlier) if reading else {each.pk for each in earlier if holds_back(each)}
    told = [each for each in earlier if each.pk not in hidden]
    sizes: dict[int, list[float]] = {}
    rows = Finding.objects.filter(run__study__in=told, run__status=RunStatus.SUCCEEDED, size_mm__isnull=False)
    for pk, size in rows.values_list("run__study", "size_mm"):
        if size is not None:
            sizes.setdefault(pk, []).append(size)
    return tuple(
        PriorSeen(timezone.localtime(each.study_at).date() if each.study_at else None, tuple(sizes.get(each.pk, ())))
        for each in earlier
    )
