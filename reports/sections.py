"""The one form in which a report's text is kept, and the checking of what a browser sends.

sections: {section name: [{"id", "text", "origin", "evidence", "state"}]}, every section of the
programme's content present, in its order. state: "ai" (as drafted), "edited" or "human". "accepted": true where a person
took a sentence of the AI as it stands; absent otherwise.
Pure: no models.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from reports.content import ReportContent, all_contents

Sentence = dict[str, Any]
Sections = dict[str, list[Sentence]]

HUMAN = "human"
LONGEST_TEXT = 2000
MOST_SENTENCES = 100
MOST_EVIDENCE = 100
SENTENCE_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class SectionsError(ValueError):
    """What was sent is not the text of a report; `str(error)` is one plain sentence."""


def empty_sections(content: ReportContent) -> Sections:
    return {section.name: [] for section in content.sections}


def drafted_sections(content: ReportContent, drafted: Mapping[str, Sequence[Mapping[str, Any]]]) -> Sections:
    """A draft as the drafter gives it, with an id for each sentence.

    A person may have begun before the study was routed, so a draft can be of another programme
    than the report: what has no section here stands under the findings.
    """
    sections = empty_sections(content)
    for name, sentences in drafted.items():
        sections[name if name in sections else content.findings_section] += [
            {
                "id": f"a{secrets.token_hex(6)}",
                "text": str(sentence["text"]),
                "origin": str(sentence["origin"]),
                "evidence": [str(key) for key in sentence["evidence"]],
                "state": "ai",
            }
            for sentence in sentences
        ]
    return sections


def sentences_of(sections: Mapping[str, Sequence[Sentence]]) -> Iterable[Sentence]:
    for sentences in sections.values():
        yield from sentences


def normal_sentences(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The normal template of each section, sentence by sentence."""
    end = re.compile(r"(?<=[.!?])\s+|(?<=。)\s*(?=.)")
    return {name: end.split(text.strip()) for name, text in texts.items() if text.strip()}


def checked_sections(
    content: ReportContent, sent: object, *, originals: Mapping[str, Sentence], evidence: Iterable[str]
) -> Sections:
    """What a person sent, in canonical form.

    originals: the AI's own sentences by id. Of such a sentence the origin is kept and the state
    is worked out here from its text; every other sentence is a person's. evidence: the finding
    keys that exist. Empty sentences are dropped; sections of another programme, begun
    before the study was routed, go under the findings. Raises `SectionsError` for anything else than
    known sections, known evidence and texts of bearable length.
    """
    if not isinstance(sent, Mapping):
        raise SectionsError("The sections are not a JSON object.")
    sections = empty_sections(content)
    if not all(name in sections or name in _every_section() for name in sent):
        raise SectionsError("A section is not one of this report's.")
    known = frozenset(evidence)
    seen: set[str] = set()
    for name, listed in sent.items():
        if not isinstance(listed, list) or len(listed) > MOST_SENTENCES:
            raise SectionsError(f"A section is not a list of at most {MOST_SENTENCES} sentences.")
        for item in listed:
            sentence = _checked_sentence(item, originals, known)
            if sentence["id"] in seen:
                raise SectionsError("Two sentences have the same id.")
            seen.add(sentence["id"])
            if sentence["text"]:
                sections[name if name in sections else content.findings_section].append(sentence)
    return sections


@lru_cache(maxsize=1)
def _every_section() -> frozenset[str]:
    return frozenset(section.name for content in all_contents().values() for section in content.sections)


def _checked_sentence(item: object, originals: Mapping[str, Sentence], known: frozenset[str]) -> Sentence:
    if not isinstance(item, Mapping):
        raise SectionsError("A sentence is not a JSON object.")
    identity, text, keys = item.get("id"), item.get("text"), item.get("evidence", [])
    if not isinstance(identity, str) or not SENTENCE_ID.fullmatch(identity):
        raise SectionsError("A sentence has no usable id.")
    if not isinstance(text, str):
        raise SectionsError("A sentence has no text.")
    text = clean_text(text)
    if len(text) > LONGEST_TEXT:
        raise SectionsError(f"A sentence is longer than {LONGEST_TEXT} characters.")
    if (
        not isinstance(keys, list)
        or len(keys) > MOST_EVIDENCE
        or not all(isinstance(key, str) and key in known for key in keys)
    ):
        raise SectionsError("A sentence names a finding that this study does not have.")
    original = originals.get(identity)
    if original is None:
        state, origin = "human", HUMAN
    else:
        state, origin = ("ai" if text == original["text"] else "edited"), original["origin"]
        # An untouched sentence of the AI rests on what the AI said it rests on.
        keys = original["evidence"] if state == "ai" else keys
    sentence = {"id": identity, "text": text, "origin": origin, "evidence": list(dict.fromkeys(keys)), "state": state}
    # A person's word that the AI's sentence is right as it stands; a changed one is theirs anyway.
    return {**sentence, "accepted": True} if state == "ai" and item.get("accepted") is True else sentence


def clean_text(text: str) -> str:
    """One line without control, format-override or lone surrogate characters, in Unicode form C."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
        and character not in _BIDI
    )
    return unicodedata.normalize("NFC", re.sub(r" +", " ", kept).strip())


# Direction overrides can make a signed text read otherwise than it is stored.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
