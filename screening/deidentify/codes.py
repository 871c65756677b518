"""Codes: of the standard's dictionaries with the dictionary's words, never the file's; others by a name of ours."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr._snomed_dict import mapping as snomed_codes
from pydicom.sr.codedict import Collection

from screening.deidentify.kept import CODES
from screening.deidentify.names import Pseudonyms

OLD_SNOMED = ("SRT", "SNM3", "99SDM")
# The schemes of PS3.16 whose codes pydicom's dictionaries hold.
SCHEMES = ("DCM", "SCT", "UCUM", "LN", "RADLEX", "NCIt", "UMLS", "FMA", "MDC", "BARI", "IBSI", "NEU")
LANGUAGES = ("RFC5646", "RFC3066", "ISO639_1")
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[A-Z]{2})?")
# Units that a dictionary of DICOM lacks though its own templates measure in them.
_UNITS = {"ml": "milliliter", "cm3": "cubic centimeter", "g": "gram", "kg": "kilogram", "mg": "milligram"}
# The scheme under which a private code stays apart from others, without its words.
PRIVATE_SCHEME, PRIVATE_WORDS = "99REMOVED", "Private code"
_DICTIONARIES: dict[str, dict[str, str]] = {}


def code(value: str, scheme: str, words: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, words[:64]
    return made


def known(item: Dataset) -> Dataset | None:
    """The code with the dictionary's words; None where the dictionaries of PS3.16 do not have it."""
    scheme, value = str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeValue", ""))
    if scheme in LANGUAGES and _LANGUAGE.fullmatch(value):
        return code(value, scheme, value)
    words = _dictionary(scheme).get(value)
    if words is None:
        return None
    clean = code(value, scheme, words)
    for nested in CODES:
        if nested in item:
            setattr(clean, nested, Sequence(found for one in item[nested].value if (found := known(one))))
    return clean


def known_or_named(item: Dataset, names: Pseudonyms) -> Dataset:
    """The same; an unknown code becomes one of `PRIVATE_SCHEME`, the same one wherever it stands in the project."""
    found = known(item)
    if found is not None:
        return found
    parts = ("CodingSchemeDesignator", "CodeValue", "LongCodeValue", "URNCodeValue")
    text = "\0".join(str(item.get(part, "") or "") for part in parts)
    return code(names.word("code", text), PRIVATE_SCHEME, PRIVATE_WORDS)


def _dictionary(scheme: str) -> dict[str, str]:
    """Value → meaning of the codes of one scheme that DICOM uses."""
    if scheme not in (*SCHEMES, *OLD_SNOMED):
        return {}
    if scheme not in _DICTIONARIES:
        codes = Collection("SCT" if scheme in OLD_SNOMED else scheme)
        words = {each.value: each.meaning for each in (getattr(codes, name) for name in codes.dir())}
        if scheme in OLD_SNOMED:  # the older codes of the same words (PS3.16 Annex O)
            words = {old: words[new] for old, new in snomed_codes["SRT"].items() if new in words}
        _DICTIONARIES[scheme] = (_UNITS | words) if scheme == "UCUM" else words
    return _DICTIONARIES[scheme]
