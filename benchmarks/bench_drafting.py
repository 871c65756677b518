"""How true, complete and quick drafts are: `python -m benchmarks.bench_drafting [--sets N] [--programme P] [--seed S]`.

One JSON line over N finding sets of each programme (10,000 unless said), made by `drafting_truth` from seeds that
training never saw: 0 to 12 findings, English and Chinese, terse and full, read and refused, complete and not.

after_guard  what a reader is shown. `wrong`: drafts with any sentence that the judge of `drafting_truth` does not
             confirm word for word from the set's own truth (the guard has no part in it), that states a category not given or
             looks negative where it may not. `complete`: drafts in which every finding has its one sentence with
             every known fact. `replaced`: sentences that the guard replaced by the fixed one; `worded_again`: that
             it refused once and the model then worded in another style.
raw          the model alone, bound to the slots and left free: sentences that the same judge does not confirm,
             drafts with any.
phrasings    distinct sentences with slots among those shown; `longest_share`: of the most frequent one.
unseen       share of sentences whose combination of facts and style, or whose style, training never saw.
speed        drafts a second in batches of `batch` sentences with the rule on the slots and the guard, and with plain
             `generate()` one sentence at a time without either; the same drafts, in turns, on the same threads.
one_draft    seconds of `draft_report` for one study: median, 95th percentile, over studies of 0 to 12 findings; and the
             95th percentile of processor seconds (all threads), which other work on the machine does not move. `load`:
             how many processes wanted a core when the run ended.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402

from benchmarks.drafting_truth import FindingSet, finding_set, is_right  # noqa: E402
from reports.content import content_for  # noqa: E402
from reports.drafting.assemble import as_json, assemble  # noqa: E402
from reports.drafting.corpus import combination_of, fill, style_name  # noqa: E402
from reports.drafting.facts import study_facts  # noqa: E402
from reports.drafting.generator import BATCH, Drafter, Job, draft_report, load_drafter, style_of, try_again  # noqa: E402
from reports.drafting.types import HouseStyle, Sentence, StudyFacts  # noqa: E402
from training.train_drafter import held_out  # noqa: E402

PROGRAMMES = ("lung", "breast", "brain")
POOL = 64  # studies worded together
FIRST_SEED = 1_000_000
_NEGATIVE = re.compile(r"^No .* was found\.$|^未见高于模型阈值")
_CATEGORY = re.compile(r"Lung-RADS (?:category )?([0-4][ABX]?)")


@dataclass
class Tally:
    """Counts of one programme."""

    drafts: int = 0
    sentences: int = 0
    wrong: int = 0
    complete: int = 0
    replaced: int = 0
    again: int = 0
    raw_wrong: int = 0
    raw_wrong_drafts: int = 0
    free_wrong: int = 0
    free: int = 0
    unseen: int = 0
    phrasings: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        most = max(self.phrasings.values(), default=0)
        return {
            "sets": self.drafts,
            "sentences": self.sentences,
            "after_guard": {
                "wrong": self.wrong,
                "complete": round(self.complete / self.drafts, 5),
                "replaced": round(self.replaced / max(1, self.sentences), 5),
                "worded_again": round(self.again / max(1, self.sentences), 5),
                "examples": self.examples,
            },
            "raw": {
                "sentences_not_confirmed": round(self.raw_wrong / max(1, self.sentences), 5),
                "drafts_not_confirmed": round(self.raw_wrong_drafts / self.drafts, 5),
                "free_sentences_not_confirmed": round(self.free_wrong / self.free, 5) if self.free else None,
                "free_sentences": self.free,
            },
            "phrasings": {"distinct": len(self.phrasings), "longest_share": round(most / max(1, self.sentences), 5)},
            "unseen": round(self.unseen / max(1, self.sentences), 4),
        }


@dataclass
class Drafted:
    """One study on its way: what is asked of the model, what it said."""

    given: FindingSet
    study: StudyFacts
    jobs: list[Job]


def prepared(given: FindingSet) -> Drafted:
    style = HouseStyle(language=given.language, register=given.register)
    study = study_facts(given.result, None, style)
    uid = given.result["study_uid"]
    jobs = [(facts, style_of(uid, index, style), style.register) for index, facts in enumerate(study.findings)]
    return Drafted(given, study, jobs)


def pools(programme: str, sets: int, seed: int) -> Iterator[list[Drafted]]:
    for start in range(0, sets, POOL):
        yield [prepared(finding_set(programme, seed + n)) for n in range(start, min(sets, start + POOL))]


def shown(one: Drafted, stands: Sequence[tuple[str, list[str]]]) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """The draft as a reader gets it, and how many sentences the guard replaced: what `draft_report` does, batched."""
    worded = [
        None if faults else Sentence(fill(text, facts), "model:drafter@bench", (facts.id,))
        for (text, faults), (facts, _style, _register) in zip(stands, one.jobs, strict=True)
    ]
    sections, _verdict = assemble(one.study, worded)
    return as_json(sections), worded.count(None)  # type: ignore[return-value]


def judge(tally: Tally, one: Drafted, texts: Sequence[str], stands: Sequence[tuple[str, list[str]]]) -> None:
    """Count one draft. texts: as first worded; stands: after the guard. Nothing here asks the guard what it thinks of
    what it let through."""
    given = one.given
    sections, replaced = shown(one, stands)
    content = content_for(given.result["programme"])
    findings = [each for each in sections[content.findings_section] if each["evidence"]]
    truths = {truth.identity: truth for truth in given.truths}
    confirmed = [is_right(each["text"], truths[each["evidence"][0]], given.language) for each in findings]
    everything = [each["text"] for listed in sections.values() for each in listed]
    negative = any(_NEGATIVE.match(text) for text in everything)
    categories = {match[1] for text in everything for match in _CATEGORY.finditer(text)}
    allowed = {given.result["category"]} if given.result["category"] else set()
    limits = all(any(limit in text for text in everything) for limit in given.result["limitations"])
    odd = (negative and not given.negative) or not categories <= allowed or not limits
    tally.drafts += 1
    tally.sentences += len(findings)
    tally.replaced += replaced
    tally.again += sum(first != last for first, (last, _faults) in zip(texts, stands, strict=True))
    if odd or not all(confirmed):
        tally.wrong += 1
        if len(tally.examples) < 3:
            tally.examples += [each["text"] for each, right in zip(findings, confirmed, strict=True) if not right][:1]
    told = [each["evidence"] for each in findings]
    tally.complete += all(confirmed) and sorted(told) == sorted([truth.identity] for truth in given.truths)
    raw = [
        is_right(fill(text, facts), truths[facts.id], given.language)
        for text, (facts, _style, _register) in zip(texts, one.jobs, strict=True)
    ]
    tally.raw_wrong += raw.count(False)
    tally.raw_wrong_drafts += not all(raw)
    for (text, _faults), job in zip(stands, one.jobs, strict=True):
        tally.phrasings[text] += 1
        tally.unseen += held_out(combination_of(*job), style_name(*job))


def words(drafter: Drafter, pool: Sequence[Drafted], *, free: bool = False) -> list[list[str]]:
    """The model's sentences of each study, worded together."""
    # Like lengths beside each other: less padding to compute.
    order = sorted(
        ((len(job[0].slots), study, place) for study, one in enumerate(pool) for place, job in enumerate(one.jobs)),
    )
    texts = drafter.word([pool[study].jobs[place] for _length, study, place in order], constrained=not free)
    found = [[""] * len(one.jobs) for one in pool]
    for text, (_length, study, place) in zip(texts, order, strict=True):
        found[study][place] = text
    return found


def after_guard(
    drafter: Drafter, pool: Sequence[Drafted], texts: Sequence[Sequence[str]]
) -> list[list[tuple[str, list[str]]]]:
    """What stands after the guard and further tries, of all studies together."""
    jobs = [job for one in pool for job in one.jobs]
    stands = iter(try_again(drafter, jobs, [text for each in texts for text in each]))
    return [[next(stands) for _job in one.jobs] for one in pool]


def measure(drafter: Drafter, programme: str, sets: int, seed: int, free_sets: int) -> Tally:
    tally = Tally()
    for number, pool in enumerate(pools(programme, sets, seed)):
        first = words(drafter, pool)
        for one, texts, stands in zip(pool, first, after_guard(drafter, pool, first), strict=True):
            judge(tally, one, texts, stands)
        if number * POOL < free_sets:
            for one, texts in zip(pool, words(drafter, pool, free=True), strict=True):
                truths = {truth.identity: truth for truth in one.given.truths}
                for text, (facts, _style, _register) in zip(texts, one.jobs, strict=True):
                    tally.free += 1
                    tally.free_wrong += not is_right(fill(text, facts), truths[facts.id], one.given.language)
    return tally


def speed(drafter: Drafter, drafts: int, rounds: int, seed: int) -> dict[str, Any]:
    """Drafts a second, batched with rule and guard against plain `generate()` with one sentence at a time."""
    pool = [prepared(finding_set(PROGRAMMES[n % 3], seed + n)) for n in range(drafts)]
    quick, plain = [], []
    words(drafter, pool[:4])
    for _round in range(rounds):
        began = time.perf_counter()
        for one, stands in zip(pool, after_guard(drafter, pool, words(drafter, pool)), strict=True):
            shown(one, stands)
        quick.append(time.perf_counter() - began)
        began = time.perf_counter()
        for one in pool:
            drafter.word(one.jobs, constrained=False, batch=1)
        plain.append(time.perf_counter() - began)
    return {
        "drafts": drafts,
        "sentences": sum(len(one.jobs) for one in pool),
        "batch": BATCH,
        "drafts_per_s": round(drafts / statistics.median(quick), 2),
        "plain_batch_1_drafts_per_s": round(drafts / statistics.median(plain), 2),
        "ratio": round(statistics.median(plain) / statistics.median(quick), 2),
        "rounds": rounds,
    }


def one_draft(drafts: int, seed: int) -> dict[str, Any]:
    seconds, processor = [], []
    for number in range(drafts + 2):
        given = finding_set(PROGRAMMES[number % 3], seed + number)
        style = HouseStyle(language=given.language, register=given.register)
        began, worked = time.perf_counter(), time.process_time()
        draft_report(given.result, style=style)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)

    def p95(values: Sequence[float]) -> float:
        return round(sorted(values[2:])[min(drafts - 1, int(drafts * 0.95))], 3)

    return {
        "drafts": drafts,
        "median_s": round(statistics.median(seconds[2:]), 3),
        "p95_s": p95(seconds),
        "p95_processor_s": p95(processor),
    }


def run(sets: int, programmes: Sequence[str], seed: int, *, timed: int = 60, free_sets: int = 500) -> dict[str, Any]:
    drafter = load_drafter()
    began = time.perf_counter()
    tallies = {name: measure(drafter, name, sets, seed, free_sets).as_json() for name in programmes}
    return {
        "benchmark": "drafting",
        "model": drafter.model.as_json(),
        "programmes": tallies,
        "wrong_drafts": sum(each["after_guard"]["wrong"] for each in tallies.values()),
        "speed": speed(drafter, timed, 3, seed - 10_000) if timed else None,
        "one_draft": one_draft(timed * 2, seed - 20_000) if timed else None,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--sets", type=int, default=10_000, help="finding sets of each programme")
    parser.add_argument("--programme", choices=PROGRAMMES, action="append")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--timed", type=int, default=60, help="drafts whose speed is measured, 0 for none")
    options = parser.parse_args()
    found = run(options.sets, options.programme or PROGRAMMES, options.seed, timed=options.timed)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return int(found["wrong_drafts"] > 0)


if __name__ == "__main__":
    sys.exit(main())
