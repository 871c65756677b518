"""The coded answers of a signed report as the exports take them: from the signed bytes, never from a revision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reports.coded import AI
from reports.content import ReportContent, content_for
from reports.content.fields import Field
from reports.export.exported import ExportedAnswer, ExportedCode, ExportedModel
from reports.models import Report, Signature
from reports.selectors.versions import section_texts
from screening.states import FindingState

Signed = Mapping[str, Any]


def exported_answers(report: Report, signature: Signature, texts: Sequence[Signed]) -> tuple[ExportedAnswer, ...]:
    """texts: the signed contents that receivers were told, in order, the last of them the one under `signature`."""
    standing = _standing(content_for(report.programme), texts)
    models = _stating(report, signature) if any(each["origin"] == AI for each in standing) else {}
    return _told(report, texts[-1], standing, models)


def replaced_answers(report: Report, texts: Sequence[Signed]) -> tuple[ExportedAnswer, ...]:
    """The answers as receivers had them before; texts: what they had been told by then, maybe nothing."""
    if not texts:
        return ()
    return _told(report, texts[-1], _standing(content_for(report.programme), texts), {})


def _standing(content: ReportContent, texts: Sequence[Signed]) -> list[Signed]:
    """The answers of the last of the texts that may be told on: not those about a finding that the reader rejected, and
    not those that an amendment of their section has left behind, for it changes the text and takes the answers over."""
    signed, earlier = texts[-1], texts[:-1] if "amends" in texts[-1] else ()
    rejected = {each["key"] for each in signed.get("decisions", ()) if each["state"] == FindingState.REJECTED}
    return [
        each
        for each in signed.get("answers", ())
        if each["id"].partition(".")[2] not in rejected
        and (each["text"] == "as answered" or not any(_rewritten(content, each, old, signed) for old in earlier))
    ]


def _rewritten(content: ReportContent, answer: Signed, old: Signed, signed: Signed) -> bool:
    """Did the section say something else when this same answer was signed before?"""
    if not any(each["id"] == answer["id"] and each["value"] == answer["value"] for each in old.get("answers", ())):
        return False
    asked = content.field_of(answer["id"])
    then, now = section_texts(old), section_texts(signed)
    return then != now if asked is None else then.get(asked.section) != now.get(asked.section)


def _told(
    report: Report, signed: Signed, standing: Sequence[Signed], models: Mapping[tuple[str, str], ExportedModel]
) -> tuple[ExportedAnswer, ...]:
    content, schema = content_for(report.programme), str(signed.get("answers_schema", ""))
    # Another edition of the form may mean something else by the same name: then only what was signed is told.
    known = content if schema == content.schema else None
    return tuple(
        _answer(
            schema, known, each, models.get((each["id"], _canonical(each["value"]))) if each["origin"] == AI else None
        )
        for each in standing
    )


def _answer(schema: str, content: ReportContent | None, signed: Signed, model: ExportedModel | None) -> ExportedAnswer:
    asked = content.field_of(signed["id"]) if content else None
    value, codes = signed["value"], [_code(each) for each in signed["codes"]]
    chosen = value if isinstance(value, list) else [value]
    given = (
        tuple((str(each), _words(asked, each, code), code) for each, code in zip(chosen, codes, strict=True))
        if codes
        else ()
    )
    code = _code(signed["asked"])
    return ExportedAnswer(
        schema=schema,
        key=signed["id"],
        label=_label(content, asked, signed["id"], code),
        asked=code,
        given=given,
        value="" if given else value,
        unit=signed["unit"],
        origin=signed["origin"],
        text=signed["text"],
        model=model,
    )


def _code(signed: Mapping[str, Any] | None) -> ExportedCode | None:
    if signed is None:
        return None
    return ExportedCode(signed["scheme"], signed["value"], signed["meaning"], signed["verified"])


def _label(content: ReportContent | None, asked: Field | None, key: str, code: ExportedCode | None) -> str:
    if content is None or asked is None:
        return code.meaning if code else key.partition(".")[0].replace("_", " ")
    return f"{content.section(asked.section).title}: {asked.label.en}"


def _words(asked: Field | None, value: object, code: ExportedCode | None) -> str:
    option = asked.option(value) if asked else None
    if option is not None:
        return option.label.en
    return code.meaning if code else str(value).replace("_", " ")


def _stating(report: Report, signature: Signature) -> dict[tuple[str, str], ExportedModel]:
    """(key, value) → the model of the newest draft, of those before the signature, that stated it."""
    drafts = report.revisions.filter(author=None, run__isnull=False, created_at__lte=signature.signed_at)
    found = {}
    for draft in drafts.select_related("run").order_by("created_at", "number"):
        for key, each in ((draft.answers or {}).get("values") or {}).items():
            if draft.run is not None and each["origin"] == AI:
                model = ExportedModel(draft.run.model_name, draft.run.model_version, draft.run.model_sha256)
                found[key, _canonical(each["value"])] = model
    return found


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
