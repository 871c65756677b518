"""Train the report drafter on the grammar of findings and write `bundles/drafter`.

Synthetic text only: no report of any patient is used. Held out whole are a tenth of all styles (head, wording of
the clauses and their order, in one language and register) and a tenth of all combinations of known facts and
style; the figures are on those, apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from reports.content import content_for  # noqa: E402
from reports.drafting.corpus import (  # noqa: E402
    Pair,
    combination_of,
    drop_out,
    fill,
    pairs,
    programmes,
    sample_finding,
    source_of,
    special_tokens,
    style_name,
    target_of,
)
from reports.drafting.facts import finding_facts  # noqa: E402
from reports.drafting.generator import Drafter, Job, build_network  # noqa: E402
from reports.drafting.guard import check_sentence  # noqa: E402
from reports.drafting.template import template_sentence
from reports.drafting.tokenizer import DraftTokenizer  # noqa: E402
from reports.drafting.types import LANGUAGES, REGISTERS, STYLES  # noqa: E402
from screening.scoring.bundle import BUNDLES, file_sha256, load_bundle  # noqa: E402
from training.bundle_facts import described  # noqa: E402
from training.card_drafter import write_card  # noqa: E402

VERSION = "2.0.0"
ARCHITECTURE = {
    "d_model": 128,
    "d_kv": 32,
    "d_ff": 512,
    "num_layers": 2,
    "num_decoder_layers": 3,
    "num_heads": 4,
    "dropout_rate": 0.03,
    "feed_forward_proj": "relu",
}
log = logging.getLogger("training.drafter")


def _tenth(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] < 26


def held_out(combination: str, style: str) -> bool:
    """A tenth of the styles and a tenth of the combinations, chosen by their own digest: never trained on."""
    return _tenth(f"style {style}") or _tenth(combination)


def _pad(rows: Sequence[list[int]], value: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def _batches(seed: int, size: int, tokenizer: DraftTokenizer) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Batches of like length, in random order: a third less padding to compute."""
    chance = random.Random(seed)
    stream: Iterator[Pair] = (pair for pair in pairs(seed) if not held_out(pair.combination, pair.style))
    while True:
        pool = [(tokenizer.encode(pair.source), tokenizer.encode(pair.target)) for pair in islice(stream, size * 8)]
        pool.sort(key=lambda pair: (len(pair[0]), len(pair[1])))
        starts = list(range(0, len(pool), size))
        chance.shuffle(starts)
        yield from (pool[start : start + size] for start in starts)


def train(seconds: float, seed: int, batch: int, tokenizer: DraftTokenizer, steps: int) -> tuple[Any, int]:
    """The network after `steps` steps, or fewer when `seconds` run out, and the steps made."""
    torch.manual_seed(seed)
    network = build_network(ARCHITECTURE, tokenizer).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1.0, betas=(0.9, 0.98), weight_decay=0.01)
    batches = _batches(seed, batch, tokenizer)
    started = time.monotonic()
    done = 0
    for done in range(1, steps + 1):
        rate = 3e-3 * min(1.0, done / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / steps)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        chosen = next(batches)
        source = _pad([source for source, _target in chosen], tokenizer.pad_id)
        labels = _pad([target for _source, target in chosen], -100)
        loss = network(input_ids=source, attention_mask=(source != tokenizer.pad_id).long(), labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if done % 25 == 0:
            log.info("step %d loss %.4f rate %.5f after %.0f s", done, loss.item(), rate, time.monotonic() - started)
        if time.monotonic() - started > seconds:
            log.info("stopped after %d of %d steps: time is up", done, steps)
            break
    return network, done


def held_out_findings(count: int, seed: int, *, styles: bool) -> list[Job]:
    """Findings whose combination of facts and style the training never showed; styles: whose whole style it never
    showed, with any facts."""
    chance = random.Random(seed)
    chosen: list[Job] = []
    while len(chosen) < count:
        content = content_for(chance.choice(programmes()))
        given = drop_out(sample_finding(content, chance), chance)
        facts = finding_facts(given, content, language=chance.choice(LANGUAGES))
        style, register = chance.randrange(STYLES), chance.choice(REGISTERS)
        unseen = _tenth(f"style {style_name(facts, style, register)}")
        if unseen if styles else _tenth(combination_of(facts, style, register)) and not unseen:
            chosen.append((facts, style, register))
    return chosen


def measure(drafter: Drafter, findings: Sequence[Job]) -> dict[str, Any]:
    """Share of these findings whose sentence is faithful to every fact, and how it is worded."""
    free = drafter.word(findings, constrained=False)
    bound = drafter.word(findings)
    faults = [check_sentence(fill(text, job[0]), job[0]) for text, job in zip(bound, findings, strict=True)]
    loose = [check_sentence(fill(text, job[0]), job[0]) for text, job in zip(free, findings, strict=True)]
    shown = [
        check_sentence(template_sentence(job[0]), job[0]) if fault else []
        for fault, job in zip(faults, findings, strict=True)
    ]
    count = len(findings)
    return {
        "n_findings": count,
        "faithful_unconstrained": sum(not each for each in loose) / count,
        "faithful_constrained": sum(not each for each in faults) / count,
        "faithful_after_guard": sum(not each for each in shown) / count,
        "replaced_by_guard": sum(bool(each) for each in faults) / count,
        "as_the_grammar_words_it": sum(text == target_of(*job) for text, job in zip(bound, findings, strict=True))
        / count,
        "distinct_wordings": len(set(bound)),
        "faults_seen": sorted({fault for each in faults for fault in each})[:8],
    }


def evaluate(drafter: Drafter, count: int, seed: int) -> dict[str, Any]:
    """The figures on combinations and on styles that training never showed, and an example in each language."""
    combinations = held_out_findings(count, seed, styles=False)
    styles = held_out_findings(count, seed + 1, styles=True)
    examples = [next(job for job in styles if job[0].language == language) for language in LANGUAGES]
    return {
        "unseen_combinations": measure(drafter, combinations),
        "unseen_styles": measure(drafter, styles),
        "examples": [
            {"source": source_of(*job), "sentence": fill(text, job[0])}
            for job, text in zip(examples, drafter.word(examples), strict=True)
        ],
    }


def write_bundle(network: Any, tokenizer: DraftTokenizer, folder: Path, training: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tied = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}
    weights = {name: value.half().contiguous() for name, value in network.state_dict().items() if name not in tied}
    save_file(weights, str(folder / "weights.safetensors"))
    (folder / "weights.safetensors").chmod(0o644)
    tokenizer.save(folder / "tokenizer.json")
    metadata = {
        "name": "drafter",
        "version": VERSION,
        "programme": "report drafting",
        "network": {"name": "t5", "arguments": ARCHITECTURE},
        "vocabulary": tokenizer.size,
        "parameters": sum(value.numel() for value in weights.values()),
        "intended_use": "Words a finding that another model measured, as one sentence with slots in English or Chinese, "
        "for a radiologist to correct. It adds no finding, number, place or category.",
        "preprocessing": {"tokenizer": "tokenizer.json", "tokenizer_sha256": file_sha256(folder / "tokenizer.json")},
        "sha256": file_sha256(folder / "weights.safetensors"),
        "training": training,
    }
    (folder / "model.json").write_text(json.dumps(described(metadata), indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seconds", type=float, default=2400, help="stop after this long, unfinished")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--evaluate", type=int, default=1000, help="held-out findings")
    parser.add_argument("--out", type=Path, default=BUNDLES / "drafter")
    parser.add_argument("--evaluate-only", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not options.evaluate_only:
        texts = [text for pair in islice(pairs(options.seed + 1), 6000) for text in (pair.source, pair.target)]
        tokenizer = DraftTokenizer.train(texts, special_tokens())
        network, steps = train(options.seconds, options.seed, options.batch, tokenizer, options.steps)
        write_bundle(
            network,
            tokenizer,
            options.out,
            {"seed": options.seed, "steps": steps, "batch": options.batch, "data": "grammar only"},
        )
    drafter = Drafter(load_bundle(options.out.name, options.out.parent))
    figures = evaluate(drafter, options.evaluate, options.seed + 2)
    path = options.out / "model.json"
    metadata = json.loads(path.read_text(encoding="utf-8")) | {"figures": figures}
    path.write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    write_card(options.out)
    log.info("%s", json.dumps(figures, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
