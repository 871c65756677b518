"""The coded answers of a report: what may be asked and answered, what the AI stated, and what the rules make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language

from reports.coded import (
    AI,
    HUMAN,
    RULE,
    Answers,
    checked_answers,
    drafted_answers,
    is_withdrawn,
    no_answers,
    values_of,
)
from reports.content import ReportContent, content_for
from reports.content.fields import Computed, Field, Line, Rule
from reports.models import Report, Revision
from reports.reason_strings import reason_said
from reports.sections import Sections
from reports.selectors.matches import said_of_pairs
from screening.models import Study
from screening.selectors import findings_of, standing_run
from screening.selectors.measuring import decided_findings


def language() -> str:
    return get_language() or "en"


def rule_findings(study: Study) -> list[dict[str, Any]]:
    """The findings as the content's rules take them; what a reader corrected counts. Four queries.

    pair: a reader's word against the earlier lesion with which the AI compared it, None without one.
    """
    decided = decided_findings(study, findings_of(study))
    said = said_of_pairs(study, decided)
    return [
        {
            "key": each.key,
            "number": each.finding.number if each.finding else each.key.upper(),
            "type": each.value("type"),
            "size_mm": each.value("size_mm"),
            "attributes": each.finding.attributes if each.finding else {},
            "gone": each.gone,
            "pair": said.get(each.key),
        }
        for each in decided
    ]


def computed_for(report: Report, answers: Mapping[str, Any] | None) -> Mapping[str, Computed]:
    """What the programme's rules make of the answers and of the findings as they stand: field → what follows."""
    content = content_for(report.programme)
    if content.compute is None:
        return {}
    run = standing_run(report.study)
    given = {key: each for key, each in ((answers or {}).get("values") or {}).items() if _counts(content, key, each)}
    return content.compute(values_of({"values": given}), rule_findings(report.study), run.result if run else {})


def _counts(content: ReportContent, key: str, given: Mapping[str, Any]) -> bool:
    """A rule starts from what people say and the AI states, not from what it worked out before."""
    asked = content.field_of(key)
    return asked is not None and (asked.kind != "computed" or given.get("origin") == HUMAN)


def stated_by_ai(report: Report) -> list[tuple[str, Any]]:
    """(key, value) of every answer that a draft of this report carried; one query."""
    drafts = report.revisions.filter(author=None).values_list("answers", flat=True)
    return [
        (key, each["value"])
        for answers in drafts
        for key, each in ((answers or {}).get("values") or {}).items()
        if each["origin"] == AI
    ]


def answers_from(report: Report, sent: object, current: Revision | None) -> Answers | None:
    """What a person sent beside the text, checked; without any, what stands stays. Raises `AnswersError`."""
    content = content_for(report.programme)
    if sent is None or not content.schema:
        return current.answers if current else None
    findings = {each["key"] for each in rule_findings(report.study)}
    stated = stated_by_ai(report)
    first = checked_answers(content, sent, findings=findings, stated=stated)
    # What a person's word on a computed field was, only the rule can tell; so it is asked with their word left out.
    plain = {key: each for key, each in first["values"].items() if not _said_by_rule(content, sent, key)}
    computed = computed_for(report, {"values": plain})
    return checked_answers(content, sent, findings=findings, stated=stated, computed=computed)


def readable_answers(report: Report, sent: object) -> Answers:
    """What was sent, as the rules may be asked about it; nothing is kept. Raises `AnswersError`."""
    content, findings = content_for(report.programme), {each["key"] for each in rule_findings(report.study)}
    checked = checked_answers(content, sent, findings=findings, stated=stated_by_ai(report))
    # Whose word a computed answer was is for the browser to say here: a rule is asked, nothing is recorded.
    values = {key: each for key, each in checked["values"].items() if not _said_by_rule(content, sent, key)}
    return {**checked, "values": values}


def _said_by_rule(content: ReportContent, sent: object, key: str) -> bool:
    """Does the browser hold this computed answer for the rule's or the AI's, and not for the reader's?"""
    asked = content.field_of(key)
    values = sent.get("values") if isinstance(sent, Mapping) else None
    given = values.get(key) if isinstance(values, Mapping) else None
    computed = asked is not None and asked.kind == "computed"
    return computed and isinstance(given, Mapping) and given.get("origin") in (RULE, AI)


def answers_of_draft(programme: object, result: Mapping[str, Any], sections: Sections) -> Answers | None:
    """What a draft's AI result states; None for a report that asks nothing."""
    content = content_for(programme)
    return drafted_answers(content, result, sections, language()) if content.schema else None


def answers_json(report: Report, revision: Revision | None) -> Answers:
    """The answers as pages and API show them; of another edition or before any, none."""
    content = content_for(report.programme)
    kept = revision.answers if revision else None
    return kept if kept and kept.get("schema") == content.schema else no_answers(content)


def form_json(programme: object) -> dict[str, Any]:
    """What a report asks for and the sentences that answers write, in the language of the request."""
    content, words = content_for(programme), language()
    return {
        "schema": content.schema,
        "fields": [_field_json(each, words) for each in content.fields],
        "lines": [_line_json(each, words) for each in content.lines],
        "normal": dict(content.normal_answers),
        "computes": content.compute is not None,
        "list_comma": "、" if words.startswith("zh") else ", ",
        "list_and": "、" if words.startswith("zh") else " and ",
    }


def computed_json(report: Report, answers: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        key: {"value": each.value, "reason": reason_said(each.reason), "withdraws": each.withdraws}
        for key, each in computed_for(report, answers).items()
    }


def missing_answers(report: Report, answers: Mapping[str, Any] | None) -> list[tuple[str, Field]]:
    """(key, field) of what is required, asked and not answered; nothing where no answers were ever asked for.

    What a rule works out counts as answered, also for a caller that sends no computed answers; what has lost its
    ground since, as the AI's "yes" where a reader rejected every finding, does not.
    """
    content = content_for(report.programme)
    if answers is None:
        return []
    known = answers["values"] if answers.get("schema", content.schema) == content.schema else {}
    computed = computed_for(report, answers)
    follows = {key: each.value for key, each in computed.items() if each.value is not None}
    kept = {key: each["value"] for key, each in known.items() if not is_withdrawn(key, each["origin"], computed)}
    keys = content.missing({**follows, **kept}, _standing(report.study))
    return [(key, asked) for key in keys if (asked := content.field_of(key)) is not None]


def _standing(study: Study) -> Iterable[str]:
    return [each["key"] for each in rule_findings(study) if not each["gone"]]


def _field_json(asked: Field, words: str) -> dict[str, Any]:
    return {
        "id": asked.id,
        "section": asked.section,
        "label": asked.label.of(words),
        "kind": asked.kind,
        "options": [
            {"value": each.value, "label": each.label.of(words), "said": each.said(words)} for each in asked.options
        ],
        "unit": asked.unit,
        "low": asked.low,
        "high": asked.high,
        "digits": asked.digits,
        "required": asked.required,
        "when": {name: list(allowed) for name, allowed in asked.when.items()},
        "per_finding": asked.per_finding,
        "reads": list(asked.reads),
    }


def _line_json(line: Line, words: str) -> dict[str, Any]:
    return {
        "id": line.id,
        "section": line.section,
        "fields": list(line.fields),
        "rules": [_rule_json(rule, words) for rule in line.rules],
        "per_finding": line.per_finding,
        "of_finding": line.of_finding,
        "drafted": line.drafted,
    }


def _rule_json(rule: Rule, words: str) -> dict[str, Any]:
    return {"text": rule.text.of(words), "when": {name: list(allowed) for name, allowed in rule.when.items()}}
