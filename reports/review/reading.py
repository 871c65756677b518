"""Reads a report's sentences into statements: what is said to be there, or not, and where. English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reports.review.lexicon import (
    AFFIRMED,
    CHANGED,
    LESIONS,
    ONLY_OTHERS,
    PLURAL,
    SCOPED,
    denied,
    is_elsewhere,
    kinds_in,
    lesions_in,
)
from reports.review.places import Places, places_in
from reports.review.quantities import Length, Volume, lengths_in, volumes_in
from reports.review.types import SectionText, SentenceText, Span

_FULL_STOP = re.compile(r"(?<!\d)[.](?!\d)|(?<=\d)[.](?=\s|$)|[;。；!?！？\n]|(?<=[A-Za-z])\.(?=\s|$)")
_PIECE = re.compile(
    r"[,，]|\s+(?=(?:but|while|whereas|however|although|though|without|with no|and no|nor|otherwise)\b)|(?=但是?|而(?!且)|余肺|其余|未见)"
    r"|\s+(?=(?:and|plus)\s+(?:an?|another|one|two|three|further|there|right|left|the right|the left)\b)|(?=另见|并见|另有)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """One thing that is said.

    start, end: its characters in the sentence. there: said to be there (True), not there (False). lesion: does it
    name what the programme looks for; elsewhere: something benign or of another organ. others_only: "no other …".
    """

    section: SectionText
    sentence: SentenceText
    start: int
    end: int
    there: bool
    lesion: bool
    lesion_at: Span | None
    elsewhere: bool
    others_only: bool
    scoped: bool
    plural: bool
    kinds: frozenset[str]
    places: Places
    lengths: tuple[Length, ...]
    volumes: tuple[Volume, ...]

    @property
    def text(self) -> str:
        return self.sentence.text[self.start : self.end]

    @property
    def tells_of_lesion(self) -> bool:
        """Is a lesion of the programme said to be there?"""
        return self.there and self.lesion and not self.elsewhere


def statements_of(section: SectionText, sentence: SentenceText, programme: str) -> list[Statement]:
    """The statements of one sentence of the report, in order."""
    found: list[Statement] = []
    for start, end in _parts(sentence.text, _FULL_STOP, 0):
        found += _of_clause(section, sentence, programme, start, end)
    return found


_GOES_ON = re.compile(
    r"\s*(?:it|this|these|they|both|which|its|measur\w+|located|compared|previously|on the prior|其|该|此|位于|大小|直径|最大径|与前|较前|前次|对比)(?![a-z])",
    re.IGNORECASE,
)


def goes_on(before: Statement | None, statement: Statement) -> Statement:
    """ "It lies in the left upper lobe" is still about the lesion of the statement before."""
    if before is None or statement.lesion or not statement.there or not before.tells_of_lesion:
        return statement
    if not _GOES_ON.match(statement.text) or not (
        statement.places or statement.lengths or CHANGED.search(statement.text)
    ):
        return statement
    places = statement.places or before.places
    return replace(statement, lesion=True, plural=statement.plural or before.plural, places=places)


def _parts(text: str, pattern: re.Pattern[str], offset: int) -> list[Span]:
    spans, at = [], 0
    for match in pattern.finditer(text):
        spans.append((at, match.start()))
        at = match.end()
    spans.append((at, len(text)))
    return [(start + offset, end + offset) for start, end in spans if text[start:end].strip()]


def _of_clause(section: SectionText, sentence: SentenceText, programme: str, start: int, end: int) -> list[Statement]:
    text = sentence.text
    done: list[Statement] = []
    current: Statement | None = None
    polarity: bool | None = None
    for piece_start, piece_end in _parts(text[start:end], _PIECE, start):
        piece = text[piece_start:piece_end]
        lesions = list(lesions_in(piece, programme))
        # A denial holds until something is said to be there: "no mass, calcification or distortion".
        said = not denied(piece) and (polarity is not False or _affirms(piece, bool(lesions)))
        fresh = _statement(section, sentence, programme, piece_start, piece_end, said, lesions)
        if current is None:
            current = fresh
        elif _continues(current, fresh):
            current = _merged(current, fresh)
        else:
            # "In the right lung, no nodule": a place said first holds for what follows.
            alone = not current.lesion and not fresh.places and not denied(current.text)
            if alone and (current.places or current.others_only):
                fresh = replace(
                    fresh,
                    start=current.start,
                    places=current.places,
                    others_only=fresh.others_only or current.others_only,
                    scoped=fresh.scoped or current.scoped,
                )
            else:
                done.append(current)
            current = fresh
        polarity = said
    return [*done, *([current] if current else [])]


def _affirms(piece: str, lesion: bool) -> bool:
    return bool(AFFIRMED.search(piece)) and not (lesion and re.match(r"\s*(?:or|nor|、)", piece))


def _continues(current: Statement, fresh: Statement) -> bool:
    if fresh.lesion and current.lesion:
        # "No mass, calcification or distortion" is one denial; two things that are there are two.
        return not current.there and not fresh.there and not (fresh.places and current.places)
    if current.there != fresh.there:
        return False
    if fresh.lesion:
        return not current.elsewhere
    return not (fresh.elsewhere and current.lesion) and not (
        current.lesion and bool(current.places.sides) and bool(fresh.places.sides) and not fresh.lengths
    )


def _merged(current: Statement, fresh: Statement) -> Statement:
    return replace(
        current,
        end=fresh.end,
        lesion=current.lesion or fresh.lesion,
        lesion_at=current.lesion_at or fresh.lesion_at,
        elsewhere=current.elsewhere or fresh.elsewhere,
        others_only=current.others_only or fresh.others_only,
        scoped=current.scoped or fresh.scoped,
        plural=current.plural or fresh.plural,
        kinds=kinds_joined(current.kinds, fresh.kinds),
        places=current.places.joined(fresh.places),
        lengths=(*current.lengths, *fresh.lengths),
        volumes=(*current.volumes, *fresh.volumes),
    )


def kinds_joined(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one | other


def _statement(
    section: SectionText,
    sentence: SentenceText,
    programme: str,
    start: int,
    end: int,
    there: bool,
    lesions: list[re.Match[str]],
) -> Statement:
    text = sentence.text[start:end]
    lengths = tuple(lengths_in(text, start))
    at = (lesions[0].start() + start, lesions[0].end() + start) if lesions else None
    return Statement(
        section=section,
        sentence=sentence,
        start=start,
        end=end,
        there=there,
        lesion=bool(lesions) or (programme not in LESIONS and there and bool(lengths)),
        lesion_at=at,
        elsewhere=bool(lesions) and all(is_elsewhere(text, each, programme) for each in lesions),
        others_only=bool(ONLY_OTHERS.search(text)),
        scoped=bool(SCOPED.search(text)),
        plural=bool(PLURAL.search(text)),
        kinds=kinds_in(text, programme),
        places=places_in(text, programme, start),
        lengths=lengths,
        volumes=tuple(volumes_in(text, start)),
    )
