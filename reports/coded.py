"""The coded answers of a report, as they are kept beside its text, and the checking of what a browser sends.

answers: {"schema": "lung-1", "values": {key: {"value", "origin"}}, "lines": {key: {"sentence", "text", "values"}}}.
key: of a field or line, "id" or "id.findingkey". origin: "ai" (as an AI result stated it), "rule" (worked out) or
"human". A line says which sentence its answers wrote (by id), with what text, from which values: so it shows when the
sentence was changed since, and neither ever changes the other. Pure: no models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.content import ReportContent
from reports.content.fields import (
    LONGEST_ANSWER,
    Computed,
    Field,
    Line,
    Values,
    is_answered,
    is_asked,
    key_of,
    read_answer,
    sentence_of,
)
from reports.sections import LONGEST_TEXT, SENTENCE_ID, Sections, clean_text, sentences_of

Answers = dict[str, Any]
AI, RULE, HUMAN = "ai", "rule", "human"
MOST_KEYS = 400


class AnswersError(ValueError):
    """What was sent are no answers of this report; `str(error)` is one plain sentence."""


def no_answers(content: ReportContent) -> Answers:
    return {"schema": content.schema, "values": {}, "lines": {}}


def values_of(answers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Key → value alone."""
    return {key: each["value"] for key, each in ((answers or {}).get("values") or {}).items()}


def checked_answers(
    content: ReportContent,
    sent: object,
    *,
    findings: Iterable[str],
    stated: Iterable[tuple[str, Any]] = (),
    computed: Mapping[str, Computed] | None = None,
) -> Answers:
    """What a person sent, in canonical form: known fields, allowed values, only what is asked for.

    findings: keys that a field of a finding may name. stated: (key, value) as AI results stated them; every other
    answer is a person's, or a rule's where `computed` gives the same; what it withdraws stands only as a person's.
    Raises `AnswersError`.
    """
    if sent is None:
        return no_answers(content)
    if not isinstance(sent, Mapping) or not isinstance(sent.get("values"), Mapping):
        raise AnswersError("The answers are not a JSON object.")
    lines = sent.get("lines", {})
    if not isinstance(lines, Mapping) or len(sent["values"]) > MOST_KEYS or len(lines) > MOST_KEYS:
        raise AnswersError("The answers are not a JSON object of bearable size.")
    known, by_ai = frozenset(findings), list(stated)
    values: dict[str, dict[str, Any]] = {}
    for key, each in sent["values"].items():
        asked = content.field_of(str(key))
        # A study may be routed to another programme, and a finding go, while a report is written.
        if asked is None or (asked.per_finding and key.partition(".")[2] not in known):
            continue
        if not isinstance(each, Mapping):
            raise AnswersError("An answer is not a JSON object.")
        value = checked_value(asked, each.get("value"))
        origin = _origin(key, value, each.get("origin"), by_ai, computed or {})
        if is_answered(value) and not is_withdrawn(key, origin, computed or {}):
            values[key] = {"value": value, "origin": origin}
    plain = {key: each["value"] for key, each in values.items()}
    by_id = content.by_id
    kept = {key: each for key, each in values.items() if _is_asked(by_id, key, plain)}
    checked = {
        key: _checked_line(each) for key, each in lines.items() if _line_of(content, str(key), known) is not None
    }
    return {"schema": content.schema, "values": dict(sorted(kept.items())), "lines": dict(sorted(checked.items()))}


def checked_value(asked: Field, value: object) -> Any:
    """The value as it is kept, None for no answer. Raises `AnswersError` for one that is not allowed."""
    if not is_answered(value):
        return None
    if asked.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise AnswersError(f"{asked.label.en}: this is not a number.")
        if not asked.low <= value <= asked.high:
            raise AnswersError(f"{asked.label.en}: a number from {asked.low:g} to {asked.high:g} is expected.")
        return round(float(value), asked.digits)
    if asked.kind == "text":
        if not isinstance(value, str) or len(value) > LONGEST_ANSWER:
            raise AnswersError(f"{asked.label.en}: a text of at most {LONGEST_ANSWER} characters is expected.")
        return clean_text(value)
    if asked.kind == "multi":
        if not isinstance(value, list) or not all(isinstance(each, str) and asked.option(each) for each in value):
            raise AnswersError(f"{asked.label.en}: this is none of its answers.")
        return [option.value for option in asked.options if option.value in value]
    if not isinstance(value, str) or asked.option(value) is None:
        raise AnswersError(f"{asked.label.en}: this is none of its answers.")
    return value


def _is_asked(by_id: Mapping[str, Field], key: str, values: Values) -> bool:
    name, _dot, finding = key.partition(".")
    return is_asked(by_id[name], values, finding)


def is_withdrawn(key: str, origin: str, computed: Mapping[str, Computed]) -> bool:
    """Has an answer that no person gave lost its ground?"""
    return origin != HUMAN and key in computed and computed[key].withdraws


def _origin(
    key: str, value: Any, said: object, stated: Sequence[tuple[str, Any]], computed: Mapping[str, Computed]
) -> str:
    if said == AI and (key, value) in stated:
        return AI
    worked_out = computed.get(key)
    return RULE if said == RULE and worked_out is not None and worked_out.value == value else HUMAN


def _line_of(content: ReportContent, key: str, findings: frozenset[str]) -> Line | None:
    name, _dot, finding = key.partition(".")
    line = next((each for each in content.lines if each.id == name), None)
    if line is None or line.per_finding != bool(finding) or (finding and finding not in findings):
        return None
    return line


def _checked_line(sent: object) -> dict[str, Any]:
    if not isinstance(sent, Mapping):
        raise AnswersError("A line of the answers is not a JSON object.")
    sentence, text, values = sent.get("sentence"), sent.get("text"), sent.get("values")
    if not isinstance(sentence, str) or not SENTENCE_ID.fullmatch(sentence):
        raise AnswersError("A line of the answers names no sentence.")
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or not isinstance(values, Mapping):
        raise AnswersError("A line of the answers has no text.")
    if len(values) > MOST_KEYS or not all(_is_plain(each) for each in values.values()):
        raise AnswersError("A line of the answers holds what is no answer.")
    return {"sentence": sentence, "text": clean_text(text), "values": dict(sorted(values.items()))}


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return len(value) <= MOST_KEYS and all(isinstance(each, str) and len(each) <= LONGEST_ANSWER for each in value)
    return value is None or isinstance(value, int) or isinstance(value, str) and len(value) <= LONGEST_ANSWER


def drafted_answers(
    content: ReportContent, result: Mapping[str, Any], sections: Sections, language: str = "en"
) -> Answers:
    """What an AI result states in the form of the report, and which sentences of its draft say it."""
    given = content.prefill(result) if content.prefill and result.get("state") == "scored" else {}
    values: dict[str, dict[str, Any]] = {}
    for key, value in given.items():
        asked = content.field_of(key)
        try:
            checked = checked_value(asked, value) if asked is not None else None
        except AnswersError:
            continue  # a result may say what this edition of the report has no word for
        if is_answered(checked):
            values[key] = {"value": checked, "origin": AI}
    plain = {key: each["value"] for key, each in values.items()}
    lines = {}
    about = [each for each in sections.get(content.findings_section, ()) if each["evidence"]]
    for line in content.lines:
        if line.of_finding and values and len(about) == 1:
            lines[line.id] = written(content, line, about[0]["id"], about[0]["text"], plain)
        elif not line.per_finding and (sentence := _saying(content, line, plain, sections, language)):
            lines[line.id] = written(content, line, sentence["id"], sentence["text"], plain)
    return {"schema": content.schema, "values": values, "lines": lines}


def written(content: ReportContent, line: Line, sentence: str, text: str, values: Values, finding: str = "") -> Answers:
    """The mark that a line's answers and this sentence say the same."""
    by_id = content.by_id
    keys = [key_of(name, finding if by_id[name].per_finding else "") for name in line.fields]
    return {"sentence": sentence, "text": text, "values": {key: values[key] for key in sorted(keys) if key in values}}


def _saying(
    content: ReportContent, line: Line, values: Values, sections: Sections, language: str
) -> Mapping[str, Any] | None:
    """The one sentence of the line's section that gives just these answers: known by its origin, else by its words."""
    by_id = content.by_id
    told = [name for name in line.fields if name in values]
    if not told:
        return None
    for sentence in sections.get(line.section, ()):
        if line.drafted and sentence["origin"] == line.drafted:
            return sentence
    ruled = sentence_of(line, by_id, values, language)
    for sentence in sections.get(line.section, ()):
        if ruled and sentence["text"] == ruled:
            return sentence
        if all(read_answer(by_id[name], sentence["text"], language) == values[name] for name in told):
            return sentence
    return None


def agrees(content: ReportContent, answers: Mapping[str, Any], sections: Mapping[str, Any], key: str) -> bool:
    """Does the sentence of a line still stand as its answers wrote it, and do the answers stand as they were then?"""
    marked = answers["lines"].get(key)
    line = next((each for each in content.lines if each.id == key.partition(".")[0]), None)
    if marked is None or line is None:
        return False
    texts = {sentence["id"]: sentence["text"] for sentence in sentences_of(sections)}
    now = written(content, line, marked["sentence"], marked["text"], values_of(answers), key.partition(".")[2])
    return texts.get(marked["sentence"]) == marked["text"] and now["values"] == marked["values"]


def signed_answers(content: ReportContent, answers: Mapping[str, Any] | None, sections: Mapping[str, Any]) -> list[Any]:
    """The answers as they are signed: with codes, units and origins, in the order of the schema.

    text: "as answered" where the sentence stands as the answer wrote it, "own words" where a person changed it
    since, "none" where no sentence belongs to it.
    """
    if not answers or answers.get("schema") != content.schema:
        return []
    listed = []
    order = {each.id: place for place, each in enumerate(content.fields)}
    for key in sorted(answers["values"], key=lambda each: (order.get(each.partition(".")[0], len(order)), each)):
        asked, given = content.field_of(key), answers["values"][key]
        if asked is None:
            continue
        name, _dot, finding = key.partition(".")
        lines = [key_of(line.id, finding if line.per_finding else "") for line in content.lines if name in line.fields]
        known = [each for each in lines if each in answers["lines"]]
        said = "none" if not known else "own words"
        if any(agrees(content, answers, sections, each) for each in known):
            said = "as answered"
        chosen = given["value"] if isinstance(given["value"], list) else [given["value"]]
        options = [option for value in chosen if (option := asked.option(value)) is not None]
        listed.append(
            {
                "id": key,
                "value": given["value"],
                "unit": asked.unit,
                "origin": given["origin"],
                "asked": _code_json(asked.code),
                "codes": [_code_json(option.code) for option in options],
                "text": said,
            }
        )
    return listed


def _code_json(code: Any) -> dict[str, Any] | None:
    if code is None:
        return None
    return {"scheme": code.scheme, "value": code.value, "meaning": code.meaning, "verified": code.verified}


def stored_answers(signed: Sequence[Mapping[str, Any]], answers: Mapping[str, Any] | None) -> list[Any]:
    """The list that was signed, with the values and origins that are stored beside the text now: the same list, unless
    one of them was changed, lost or added. Codes and units stay as signed: a later edition may word them otherwise."""
    values = (answers or {}).get("values") or {}
    known = {each["id"] for each in signed}
    now: list[Any] = [
        {**each, "value": values[each["id"]]["value"], "origin": values[each["id"]]["origin"]}
        for each in signed
        if each["id"] in values
    ]
    return now + [{"id": key} for key in sorted(values) if key not in known]
