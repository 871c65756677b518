"""Lengths and volumes in a text, with the precision they are written in. English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"\d+(?:[.,]\d+)?"
_LENGTH_UNIT = r"(?:mm|cm|millimet(?:re|er)s?|centimet(?:re|er)s?|毫米|厘米|公分)(?![\w³²^])"
_VOLUME_UNIT = r"(?:mm³|mm3|mm\^3|cm³|cm3|cm\^3|m[lL]|cc|毫升|立方毫米|立方厘米)(?![\w])"
_LENGTH = re.compile(
    rf"(?P<first>(?<![\d.]){_NUMBER})(?:\s*-?\s*(?P<unit1>{_LENGTH_UNIT}))?"
    rf"(?:\s*(?P<between>x|×|\*|by|to|-|–|至|~)\s*(?P<second>{_NUMBER})(?:\s*(?P<unit2>{_LENGTH_UNIT}))?)?"
    rf"(?:\s*(?P<again>x|×|\*|by)\s*(?P<third>{_NUMBER}))?\s*-?\s*(?P<unit>{_LENGTH_UNIT})?",
    re.IGNORECASE,
)
_VOLUME = re.compile(rf"(?P<value>(?<![\d.]){_NUMBER})\s*(?P<unit>{_VOLUME_UNIT})")
_LIMIT = re.compile(
    r"(?:[<>≤≥]=?|less than|more than|under|over|below|above|greater than|smaller than|larger than|at least|at most|up to"
    r"|exceed\w*|within|小于|大于|不超过|超过|低于|高于|不足|至少|达到)\s*$",
    re.IGNORECASE,
)
_LIMIT_AFTER = re.compile(
    r"^\s*(?:size\s+)?(?:threshold|limit|cut-?off|阈值|标准|者)|^\s*(?:or (?:more|less|larger|greater|smaller|above|below)|and (?:more|above)|以上|以下|以内)",
    re.IGNORECASE,
)
_ROUGH = re.compile(
    r"(?:about|approximately|approx\.?|roughly|around|nearly|almost|circa|ca\.?|some|~|约|大约|近|左右)\s*$",
    re.IGNORECASE,
)
# What is measured is no lesion: how the images were made, distances, other structures.
_OTHER = re.compile(
    r"\b(?:slices?|sections?|collimation|thick(?:ness)?|reconstruct\w*|interval|increment|spacing|from the (?:nipple|pleura|skin|chest wall)"
    r"|from nipple|fn\b|depth|distance|away|intervals?)\b|层厚|层距|层间距|重建|距(?:乳头|胸膜|皮肤|离)|间隔",
    re.IGNORECASE,
)
_SHIFT = re.compile(r"\bshift\w*|\bdisplac\w*|\bdeviat\w*|移位|偏移|中线", re.IGNORECASE)
_MM3 = {"mm³": 0.001, "mm3": 0.001, "mm^3": 0.001, "立方毫米": 0.001}


@dataclass(frozen=True, slots=True)
class Length:
    """A length in mm; half: half a unit of its last decimal, in mm. start, end: its number in the sentence.

    limit: it is a limit, not a size. shift: of the midline. other: of no lesion. rough: said to be about so much.
    """

    mm: float
    half: float
    start: int
    end: int
    words: str
    limit: bool = False
    shift: bool = False
    other: bool = False
    rough: bool = False

    def fits(self, known_mm: float) -> bool:
        """May the known length be written like this? Rounded as written; roughly, one unit of the last decimal more."""
        room = self.half * (3 if self.rough else 1)
        return abs(self.mm - known_mm) <= room + 0.001


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume in ml."""

    ml: float
    half: float
    start: int
    end: int
    words: str
    limit: bool = False
    rough: bool = False

    def fits(self, known_ml: float) -> bool:
        return abs(self.ml - known_ml) <= max(self.half * (3 if self.rough else 1), 0.02 * known_ml) + 1e-6


def _value(words: str) -> tuple[float, float]:
    """The number and half a unit of its last decimal."""
    plain = words.replace(",", ".")
    return float(plain), 0.5 * 10.0 ** -len(plain.partition(".")[2])


def _scale(unit: str | None) -> float | None:
    if not unit:
        return None
    return 10.0 if unit.lower().startswith(("cm", "cent", "厘", "公")) else 1.0


def lengths_in(text: str, offset: int = 0) -> list[Length]:
    """Every length of a text; numbers before a unit share it ("8 × 6 mm")."""
    found: list[Length] = []
    for match in _LENGTH.finditer(text):
        last = _scale(match["unit"]) or _scale(match["unit2"]) or _scale(match["unit1"])
        if last is None:
            continue
        before, after = text[: match.start()], text[match.end() :]
        around = before[-28:] + " " + after[:24]
        flags = {
            "limit": bool(_LIMIT.search(before) or _LIMIT_AFTER.match(after)),
            "shift": bool(
                _SHIFT.search(before[-40:]) or _SHIFT.match(after.lstrip()[:30]) or _SHIFT.search(after[:22])
            ),
            "other": bool(_OTHER.search(around)),
            "rough": bool(_ROUGH.search(before)) or after.startswith("左右"),
        }
        units = {"first": match["unit1"], "second": match["unit2"], "third": None}
        for name in ("first", "second", "third"):
            if match[name]:
                scale = _scale(units[name]) or last
                value, half = _value(match[name])
                span = match.span(name)
                found.append(
                    Length(
                        value * scale, half * scale, span[0] + offset, match.end() + offset, match[0].strip(), **flags
                    )
                )
    return found


def volumes_in(text: str, offset: int = 0) -> list[Volume]:
    found: list[Volume] = []
    for match in _VOLUME.finditer(text):
        value, half = _value(match["value"])
        scale = _MM3.get(match["unit"], 1.0)
        before, after = text[: match.start()], text[match.end() :]
        limit = bool(_LIMIT.search(before) or _LIMIT_AFTER.match(after))
        rough = bool(_ROUGH.search(before)) or after.startswith("左右")
        span = (match.start() + offset, match.end() + offset)
        found.append(Volume(value * scale, half * scale, *span, match[0].strip(), limit, rough))
    return found
