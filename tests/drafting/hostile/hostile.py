"""At least 600 hostile drafts and 150 true ones, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.drafting.hostile import spoil_numbers, spoil_words  # noqa: F401  (they register their ways)
from tests.drafting.hostile.bank import Bank, Line, as_draft, differences, load_bank, true_lines
from tests.drafting.hostile.spoil import Scene, Way, all_ways
from tests.drafting.hostile.studies import PROGRAMMES, Case, make_case

SEED = 20260
CHINESE = 0.3
PER_WAY = 13
TRIES = 400


@dataclass(frozen=True)
class Item:
    """One draft with its input. kind: the way it was spoilt, "faithful" for a true one. what: in words, "" likewise.

    wrong: everything the draft's claims differ in from the input; empty for a true one. twin: the true draft.
    """

    number: int
    kind: str
    language: str
    programme: str
    result: dict[str, Any]
    prior: dict[str, Any] | None
    draft: dict[str, Any]
    twin: dict[str, Any]
    what: str
    wrong: tuple[str, ...]


def _case(rng: Random, way: Way, programme: str) -> Case:
    least, most = way.findings
    case = make_case(
        rng,
        programme,
        findings=rng.randint(least, most),
        state=way.state,
        limited=way.limited or (way.findings[0] > 0 and rng.random() < 0.15),
        with_prior=way.with_prior,
    )
    return case


def _hostile(rng: Random, bank: Bank, way: Way, programme: str, number: int) -> Item | None:
    case = _case(rng, way, programme)
    if way.needs_solid and not any("solid" in known for known in case.facts.values()):
        return None
    lines = true_lines(rng, bank, case, way.slots)
    other = _case(rng, way, programme)
    scene = Scene(rng, bank, case, lines, other, true_lines(rng, bank, other))
    spoilt = way.spoil(scene)
    if spoilt is None:
        return None
    new_lines, what = spoilt
    wrong = differences(new_lines, case)
    draft, twin = as_draft(new_lines, programme), as_draft(lines, programme)
    if not wrong or draft == twin:
        return None
    return Item(number, way.kind, bank.language, programme, case.result, case.prior, draft, twin, what, tuple(wrong))


def hostile_items(seed: int = SEED, per_way: int = PER_WAY) -> list[Item]:
    """per_way items of each way, spread over its programmes and languages (about 30 % Chinese)."""
    rng = Random(seed)
    banks = {language: load_bank(language) for language in ("en", "zh")}
    items: list[Item] = []
    for way in all_ways():
        made = 0
        for attempt in range(TRIES):
            if made == per_way:
                break
            language = "zh" if "zh" in way.languages and made < round(per_way * CHINESE) else "en"
            programme = way.programmes[attempt % len(way.programmes)]
            item = _hostile(rng, banks[language], way, programme, len(items) + 1)
            if item is not None:
                items.append(item)
                made += 1
    return items


def _true_cases(rng: Random) -> Iterator[tuple[str, Case]]:
    for number in range(180):
        programme = PROGRAMMES[number % 3]
        kind = number % 10
        if kind == 0:
            yield programme, make_case(rng, programme, findings=0, state=rng.choice(("refused", "failed")))
        elif kind in (1, 2):
            yield programme, make_case(rng, programme, findings=0, limited=kind == 2)
        else:
            findings = rng.randint(1, 4)
            yield (
                programme,
                make_case(
                    rng, programme, findings=findings, limited=kind == 3, with_prior=programme == "lung" and kind > 4
                ),
            )


def faithful_items(seed: int = SEED) -> list[Item]:
    """True drafts: with and without findings, limited, with a prior, refused and failed."""
    rng = Random(seed + 1)
    banks = {language: load_bank(language) for language in ("en", "zh")}
    items = []
    for number, (programme, case) in enumerate(_true_cases(rng), start=1):
        bank = banks["zh" if rng.random() < CHINESE else "en"]
        lines: list[Line] = true_lines(rng, bank, case)
        draft = as_draft(lines, programme)
        wrong = tuple(differences(lines, case))
        items.append(
            Item(number, "faithful", bank.language, programme, case.result, case.prior, draft, draft, "", wrong)
        )
    return items
