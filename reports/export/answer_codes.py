"""Coded answers in codes that receivers may rely on. A code that nobody has verified is never told as one of its scheme:
the answer then has a code of our own scheme alone, and its words. Pure: no Django.
"""

from __future__ import annotations

import hashlib

from reports.export.codes import ASSESSMENT, BREAST, LEFT, RIGHT, Concept, Site, own
from reports.export.exported import ExportedAnswer, ExportedCode
from screening.dicom.elements import clean

LONGEST_CODE = 20  # CWE.1 in HL7 v2.5.1
LONGEST_MEANING = 64
STANDARD = frozenset({"SCT", "LN", "DCM", "RADLEX"})
ORIGINS = {
    "human": own("answer-human", "Answered by a person"),
    "ai": own("answer-ai", "Stated by AI, signed by a person"),
    "rule": own("answer-rule", "Worked out by rule, signed by a person"),
}
_SIDES = {"right": Site(BREAST, RIGHT), "left": Site(BREAST, LEFT)}
NOTES = {
    "own words": "The signed text says this in words of its own.",
    "none": "No sentence of the signed text was written from this answer.",
}


def own_code(*parts: str) -> str:
    """One code for one question, or answer, of one edition of a form; at most 20 characters."""
    whole = ".".join(parts)
    if len(whole) <= LONGEST_CODE:
        return whole
    return f"{whole[:11]}.{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _field(answer: ExportedAnswer) -> str:
    return answer.key.partition(".")[0]


def asked_concepts(answer: ExportedAnswer) -> list[Concept]:
    """What is asked: the standard's code where there is a verified one, then ours."""
    ours = own(own_code(answer.schema, _field(answer)), _meaning(answer.label))
    standard = _standard(answer.asked)
    # One breast's category under the code of the report's category would be taken for the report's.
    if standard is not None and standard.value == ASSESSMENT.value:
        standard = None
    return [*([standard] if standard else []), ours]


def given_concepts(answer: ExportedAnswer) -> list[tuple[list[Concept], str]]:
    """(the standard's code where there is a verified one, then ours; its words) of each option that was chosen."""
    found = []
    for value, words, code in answer.given:
        ours = own(own_code(answer.schema, _field(answer), value), _meaning(words))
        standard = _standard(code)
        found.append(([*([standard] if standard else []), ours], clean(words, 200)))
    return found


def side_of(answer: ExportedAnswer) -> Site | None:
    """The breast that an assessment is about."""
    return _SIDES.get(_field(answer)) if answer.schema.startswith("breast-") else None


def _standard(code: ExportedCode | None) -> Concept | None:
    if code is None or not code.verified or code.scheme not in STANDARD:
        return None
    return Concept(code.value, code.scheme, _meaning(code.meaning))


def _meaning(words: str) -> str:
    # In DICOM a backslash parts values.
    return clean(words.replace("\\", "/"), LONGEST_MEANING) or "Answer"
