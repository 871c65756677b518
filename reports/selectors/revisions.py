"""Any two revisions of a report side by side: who wrote when, which sentences came and went, word by word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reports.coded import values_of
from reports.content import ReportContent, content_for
from reports.content.wording import changes
from reports.models import Report, Revision
from reports.sections import Sentence
from reports.selectors.coded import language
from reports.selectors.report import HELD_BACK
from reports.selectors.times import both_times

__all__ = ["HELD_BACK", "Compared", "compared", "revisions_of"]


@dataclass(frozen=True)
class Compared:
    """sections: [{"title", "sentences": [{"kind", "state", "state_words", "pieces": [(kind, text)]}]}], of both
    texts what there is in either; kind: same, changed, new, gone. answers: [(label, before, after)] that differ."""

    before: Revision
    after: Revision
    sections: list[dict[str, Any]]
    answers: list[tuple[str, str, str]]

    @property
    def differs(self) -> bool:
        kinds = (each["kind"] for section in self.sections for each in section["sentences"])
        return bool(self.answers) or any(kind != "same" for kind in kinds)


def revisions_of(report: Report) -> list[Revision]:
    """Every revision in order, drafts beside the text too; one query."""
    return list(report.revisions.select_related("author").order_by("number"))


def label_of(revision: Revision) -> dict[str, Any]:
    """Who and when, in words; whether it is a draft."""
    who = str(revision.author) if revision.author else _("AI draft")
    return {"number": revision.number, "who": who, "when": both_times(revision.created_at), "offered": revision.offered}


def compared(report: Report, before: Revision, after: Revision) -> Compared:
    content = content_for(report.programme)
    sections = []
    for section in content.sections:
        rows = _sentences(before.sections.get(section.name, []), after.sections.get(section.name, []))
        if rows:
            sections.append({"title": _(section.title), "sentences": rows})
    return Compared(before, after, sections, _answers(content, before, after))


def _sentences(before: list[Sentence], after: list[Sentence]) -> list[dict[str, Any]]:
    """The later text in its order, each sentence that went behind the one it stood after."""
    then = {sentence["id"]: sentence for sentence in before}
    kept = {sentence["id"] for sentence in after}
    rows = [_row(then.get(sentence["id"]), sentence) for sentence in after]
    places = {sentence["id"]: place for place, sentence in enumerate(after)}
    for place, sentence in reversed(list(enumerate(before))):
        if sentence["id"] in kept:
            continue
        ahead = next((each["id"] for each in reversed(before[:place]) if each["id"] in kept), None)
        rows.insert(places[ahead] + 1 if ahead is not None else 0, _row(sentence, None))
    return rows


def _row(then: Sentence | None, now: Sentence | None) -> dict[str, Any]:
    either: Mapping[str, Any] = now or then or {}
    old, new = (then or {}).get("text", ""), (now or {}).get("text", "")
    kind = "new" if then is None else "gone" if now is None else "same" if old == new else "changed"
    state = str(either.get("state", "human"))
    return {"kind": kind, "state": state, "state_words": _state_words(state), "pieces": changes(old, new)}


def _state_words(state: str) -> str:
    return {"ai": _("AI"), "edited": _("AI, edited")}.get(state, _("person"))


def _answers(content: ReportContent, before: Revision, after: Revision) -> list[tuple[str, str, str]]:
    then, now = values_of(before.answers), values_of(after.answers)
    keys = [key for key in dict.fromkeys((*then, *now)) if then.get(key) != now.get(key)]
    return [
        (_label(content, key), _said(content, key, then.get(key)), _said(content, key, now.get(key))) for key in keys
    ]


def _label(content: ReportContent, key: str) -> str:
    asked, finding = content.field_of(key), key.partition(".")[2]
    words = asked.label.of(language()) if asked else key
    return f"{words} ({finding.upper()})" if finding else words


def _said(content: ReportContent, key: str, value: Any) -> str:
    asked = content.field_of(key)
    if value is None:
        return _("no answer")
    if asked is None:
        return str(value)
    labels = [option.label.of(language()) for option in asked.options if option.value in (value, *_listed(value))]
    return ", ".join(labels) or " ".join(part for part in (asked.said(value, language()), asked.unit) if part)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
