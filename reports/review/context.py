"""The report as read: every statement, and the findings in the same terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reports.review.lexicon import KINDS, SUSPICIOUS, families_in
from reports.review.places import Places, level_differs, places_in, side_differs
from reports.review.reading import Statement, goes_on, statements_of
from reports.review.types import FindingSeen, Remark, ReviewInput, SectionText, SentenceText, Span

# Sections in which a lesion is said to be there; a recommendation only speaks of it.
TELLING = ("findings", "assessment", "other")


# Readers call one density a mass, an asymmetry or a distortion; calcifications are nothing of these.
_SOFT = frozenset({"mass", "asymmetry", "architectural_distortion"})


def _broad(kinds: frozenset[str]) -> frozenset[str]:
    return kinds | _SOFT if kinds & _SOFT else kinds


@dataclass(frozen=True)
class Known:
    """A finding with its place and kind as the text would say them."""

    seen: FindingSeen
    places: Places
    kinds: frozenset[str]

    def same_side(self, statement: Statement) -> bool:
        return not side_differs(statement.places, self.places)

    def same_level(self, statement: Statement) -> bool:
        return not level_differs(statement.places.levels, self.places.levels)

    def same_kind(self, statement: Statement) -> bool:
        return not (statement.kinds and self.kinds) or not _broad(statement.kinds).isdisjoint(_broad(self.kinds))

    def same_size(self, statement: Statement) -> bool | None:
        """None where one of both says no size."""
        sizes = [each for each in statement.lengths if not (each.limit or each.shift or each.other)]
        return bool(self.sizes_shared(statement)) if sizes and self._sizes else None

    def sizes_shared(self, statement: Statement) -> int:
        """How many of the lengths it says are this finding's."""
        sizes = [each for each in statement.lengths if not (each.limit or each.shift or each.other)]
        return sum(any(each.fits(mm) for mm in self._sizes) for each in sizes)

    @property
    def _sizes(self) -> tuple[float, ...]:
        return (*self.seen.sizes_mm, *((self.seen.prior_mm,) if self.seen.prior_mm else ()))


@dataclass(frozen=True)
class Context:
    """What every check is given."""

    given: ReviewInput

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for section, sentence in self.sentences():
            for statement in statements_of(section, sentence, self.given.programme):
                before = found[-1] if found and found[-1].section is section else None
                found.append(goes_on(before, statement))
        return tuple(found)

    @cached_property
    def known(self) -> tuple[Known, ...]:
        return tuple(self._known(seen) for seen in self.given.findings)

    @cached_property
    def live(self) -> tuple[Known, ...]:
        return tuple(each for each in self.known if each.seen.live)

    @cached_property
    def lesions(self) -> tuple[Statement, ...]:
        """What is said to be there, in the sections that tell of lesions."""
        return tuple(each for each in self.statements if each.section.role in TELLING and self._tells(each))

    def _tells(self, statement: Statement) -> bool:
        """A sentence that rests on a finding tells of it in whatever words."""
        if statement.tells_of_lesion:
            return statement.section.role != "other" or self._of_programme(statement)
        placed = bool(statement.places or statement.lengths)
        return statement.there and placed and statement.section.role == "findings" and self.rests(statement.sentence)

    def _known(self, seen: FindingSeen) -> Known:
        kinds = frozenset({seen.type}) & frozenset(KINDS.get(self.given.programme, {}))
        if seen.type == "calcifications":
            kinds = frozenset({"calcification"})
        return Known(seen, places_in(seen.location, self.given.programme), kinds)

    def sentences(self, *roles: str) -> Iterator[tuple[SectionText, SentenceText]]:
        for section in self.given.sections:
            if not roles or section.role in roles:
                for sentence in section.sentences:
                    yield section, sentence

    def by_evidence(self, sentence: SentenceText) -> list[Known]:
        return [each for each in self.known if each.seen.key in sentence.evidence]

    def _of_programme(self, statement: Statement) -> bool:
        """In a section on other things only the programme's own word for a lesion means one of its lesions."""
        own = {"lung": "nodule", "brain": "blood"}.get(self.given.programme)
        return own is None or own in families_in(statement.text)

    def rests(self, sentence: SentenceText) -> bool:
        return bool(self.by_evidence(sentence))


def by_size(known: list[Known], statement: Statement) -> Known | None:
    """The one finding that shares the most of the sizes said: a size says which is meant. None where that is not one."""
    shared = sorted(((each.sizes_shared(statement), at) for at, each in enumerate(known)), reverse=True)
    if not shared or shared[0][0] == 0 or (len(shared) > 1 and shared[1][0] == shared[0][0]):
        return None
    return known[shared[0][1]]


def is_suspicious(statement: Statement) -> bool:
    return bool(SUSPICIOUS.search(statement.text))


def remark(
    rule: str,
    statement: Statement | tuple[SectionText, SentenceText],
    span: Span | None = None,
    *,
    message: str = "",
    finding: str = "",
    **values: str,
) -> Remark:
    """A remark about a statement, or a sentence, at the words `span`, else at all of it."""
    if isinstance(statement, Statement):
        section, sentence, whole = statement.section, statement.sentence, (statement.start, statement.end)
    else:
        section, sentence = statement
        whole = (0, len(sentence.text))
    start, end = span or whole
    return Remark(rule, message or rule, section.name, sentence.id, start, end, finding, values)
