"""Side, level and kind: against the findings, and one section against another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.review.context import TELLING, Context, Known, by_size, remark
from reports.review.lexicon import GUARDED, families_in
from reports.review.places import Places, level_differs, side_differs
from reports.review.reading import Statement
from reports.review.types import ADDENDUM, Remark

_ACTS = re.compile(
    r"\b(?:biops\w*|aspirat\w*|excis\w*|tissue|ultrasound|sonograph\w*|diagnostic|spot|magnification|additional|recall\w*|work-?up"
    r"|mammogra\w*|evacuat\w*|surg\w*|sampling)\b|活检|穿刺|超声|切除|点压|放大|召回|手术|钼靶",
    re.IGNORECASE,
)
_ACUTE = re.compile(r"\b(?:acute|new|recent|fresh)\b|急性|新鲜|新发", re.IGNORECASE)
_OLD = re.compile(r"\b(?:chronic|old|subacute|resolving|previous|known)\b|慢性|陈旧|亚急性", re.IGNORECASE)


def check_places(context: Context) -> Iterator[Remark]:
    for statement in context.lesions:
        found = _against_findings(context, statement)
        if found is None and (statement.section.role == "assessment" or statement.section.name == ADDENDUM):
            found = _against_sections(context, statement)
        if found is not None:
            yield found
    yield from _recommended(context)


def _against_findings(context: Context, statement: Statement) -> Remark | None:
    own = [each for each in context.by_evidence(statement.sentence) if each.seen.live]
    if own:
        return _against(context, statement, own, by_evidence=True)
    if statement.sentence.state == "ai" or not context.live:
        return None
    return _against(context, statement, list(context.live), by_evidence=False)


def _against(context: Context, statement: Statement, known: list[Known], *, by_evidence: bool) -> Remark | None:
    """What contradicts every one of `known`: first the side, then the level among those of the side, then the kind."""
    sized = by_size(known, statement)
    if sized and not statement.plural:
        known = [sized]
    elif statement.kinds and not statement.plural:
        alike = [each for each in known if each.kinds and each.same_kind(statement)]
        known = alike if len(alike) == 1 else known
    beside = [each for each in known if each.same_side(statement)]
    names = ", ".join(each.seen.number for each in known)
    if not beside:
        told = " / ".join(sorted({each.seen.location for each in known}))
        rule = "side-evidence" if by_evidence else "side"
        return remark(
            rule,
            statement,
            statement.places.side_at,
            message="side",
            finding=known[0].seen.key,
            finding_n=names,
            place=told,
        )
    there = [each for each in beside if each.same_level(statement)]
    if not there:
        told = " / ".join(sorted({each.seen.location for each in beside}))
        return remark(
            "level", statement, statement.places.level_at, finding=beside[0].seen.key, finding_n=names, place=told
        )
    if not any(each.same_kind(statement) for each in there) and (
        sized is not None or not _said_rightly(context, statement, there)
    ):
        return remark("type", statement, statement.lesion_at, finding=there[0].seen.key, finding_n=names)
    return None


def _said_rightly(context: Context, statement: Statement, known: list[Known]) -> bool:
    """Is there another sentence that tells of each of them by its kind? Then this one is of something else."""
    others = [each for each in context.lesions if each is not statement and each.section is statement.section]
    return all(
        any(
            each.same_kind(other) and other.kinds and each.same_side(other) and each.same_level(other)
            for other in others
        )
        for each in known
    )


def _against_sections(context: Context, statement: Statement) -> Remark | None:
    """An assessment, or an addendum, against what the other sections say is there."""
    others = [
        each for each in context.lesions if each.section.role != "assessment" and each.section is not statement.section
    ]
    return _not_among(statement, others)


def _not_among(statement: Statement, others: list[Statement]) -> Remark | None:
    sided = [each for each in others if each.places.sides]
    if statement.places.sides and sided:
        beside = [each for each in sided if not side_differs(statement.places, each.places)]
        if not beside:
            return remark("side", statement, statement.places.side_at, message="side-section", said=_said(sided))
        others = beside
    levelled = [each for each in others if _one_group(each.places, statement.places)]
    if levelled and all(level_differs(statement.places.levels, each.places.levels) for each in levelled):
        return remark("level", statement, statement.places.level_at, message="level-section", said=_said(levelled))
    return None


def _one_group(one: Places, other: Places) -> bool:
    return bool({group for group, _value in one.levels} & {group for group, _value in other.levels})


def _said(statements: list[Statement]) -> str:
    return statements[0].text.strip()


def _recommended(context: Context) -> Iterator[Remark]:
    """The side of what is advised, against the sides of what was found."""
    told = [each for each in context.statements if each.tells_of_lesion and each.section.role in TELLING]
    sides = frozenset().union(*(each.places.reached for each in told)) or frozenset().union(
        *(each.places.reached for each in context.live)
    )
    for statement in context.statements:
        if statement.section.role != "recommendation" or not statement.places.sides or not sides:
            continue
        if (statement.lesion or _ACTS.search(statement.text)) and sides.isdisjoint(statement.places.reached):
            yield remark("side", statement, statement.places.side_at, message="side-recommended")


def check_denials(context: Context) -> Iterator[Remark]:
    """ "No nodule", though one is told of, or a reader confirmed one, where it is denied."""
    told = context.lesions
    # "No suspicious nodule" beside one that is benign by its category.
    harmless = context.given.category in ("1", "2")
    for statement in context.statements:
        if statement.there or not statement.lesion or statement.elsewhere or statement.section.role not in TELLING:
            continue
        if statement.others_only or statement.scoped or (harmless and GUARDED.search(statement.text)):
            continue
        against = next(
            (each for each in told if each.sentence.id != statement.sentence.id and _denies(statement, each)), None
        )
        confirmed = next(
            (each for each in context.known if each.seen.confirmed and _denies_known(statement, each)), None
        )
        if against is not None:
            yield remark("denied", statement, said=against.text.strip())
        elif confirmed is not None:
            yield remark(
                "denied",
                statement,
                message="denied-finding",
                finding=confirmed.seen.key,
                finding_n=confirmed.seen.number,
                place=confirmed.seen.location,
            )


def _denies(statement: Statement, told: Statement) -> bool:
    if statement.places.sides and not told.places.sides:
        return False
    # "No acute haemorrhage" beside an old one is no contradiction.
    if _ACUTE.search(statement.text) and _OLD.search(told.text):
        return False
    if statement.kinds and told.kinds and statement.kinds.isdisjoint(told.kinds):
        return False
    families = families_in(statement.text), families_in(told.text)
    if all(families) and families[0].isdisjoint(families[1]):
        return False
    return not side_differs(statement.places, told.places) and not level_differs(
        statement.places.levels, told.places.levels
    )


def _denies_known(statement: Statement, known: Known) -> bool:
    families, own = families_in(statement.text), families_in(known.seen.type.replace("_", " "))
    if families and own and families.isdisjoint(own):
        return False
    return known.same_side(statement) and known.same_level(statement) and known.same_kind(statement)
