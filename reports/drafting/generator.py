"""Drafts a report: the model words each finding, code fills in the values, the guard has the last word."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

import hashlib  # noqa: E402
from collections.abc import Mapping, Sequence  # noqa: E402
from functools import lru_cache  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Protocol  # noqa: E402

import torch  # noqa: E402
from safetensors import SafetensorError  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import (  # noqa: E402
    DynamicCache,
    EncoderDecoderCache,
    LogitsProcessor,
    LogitsProcessorList,
    T5Config,
    T5ForConditionalGeneration,
)

from reports.drafting.assemble import assemble  # noqa: E402
from reports.drafting.corpus import fill, source_of, special_tokens  # noqa: E402
from reports.drafting.facts import study_facts  # noqa: E402
from reports.drafting.grammar import is_worded  # noqa: E402
from reports.drafting.guard import check_sentence  # noqa: E402
from reports.drafting.local_model import load_local  # noqa: E402
from reports.drafting.tokenizer import DraftTokenizer  # noqa: E402
from reports.drafting.types import HEADS, SLOTS, STYLES, WORDINGS, FindingFacts, HouseStyle, Sentence  # noqa: E402
from screening.scoring.bundle import BUNDLES, Bundle, BundleError, load_bundle  # noqa: E402
from screening.scoring.types import ModelInfo  # noqa: E402

NAME = "drafter"
BATCH = 64
LONGEST = 112
TRIES = 3
OTHER = 1 + HEADS + HEADS * WORDINGS  # the next head, wording and order at once
Job = tuple[FindingFacts, int, str]  # what is known, the style, the register


def build_network(arguments: Mapping[str, Any], tokenizer: DraftTokenizer) -> T5ForConditionalGeneration:
    """A T5 of our own from its configuration alone: nothing is fetched."""
    config = T5Config(
        vocab_size=tokenizer.size,
        pad_token_id=tokenizer.pad_id,
        eos_token_id=tokenizer.eos_id,
        decoder_start_token_id=tokenizer.pad_id,
        tie_word_embeddings=True,
        **arguments,
    )
    return T5ForConditionalGeneration(config)


class SlotsOnly(LogitsProcessor):  # type: ignore[misc]
    """Keeps decoding to a finding's own slots: each at most once, no end before all are said.

    required: per row, the token ids of the finding's slots. barred: ids no row may ever use.
    """

    def __init__(self, required: Sequence[set[int]], slots: set[int], barred: set[int], eos_id: int) -> None:
        self._required = required
        self._slots = slots
        self._barred = barred
        self._eos_id = eos_id
        self._closed: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._closed is None:
            self._prepare(scores)
        assert self._closed is not None
        said = torch.zeros_like(self._closed).scatter_(1, input_ids, torch.ones_like(input_ids, dtype=torch.bool))
        closed = self._closed | (said & self._is_slot)
        closed[:, self._eos_id] = (self._needed & ~said).any(dim=1)
        return scores.masked_fill(closed, float("-inf"))

    def _prepare(self, scores: torch.Tensor) -> None:
        def mask(rows: Sequence[set[int]]) -> torch.Tensor:
            found = torch.zeros(len(rows), scores.shape[1], dtype=torch.bool, device=scores.device)
            for row, ids in enumerate(rows):
                found[row, sorted(ids)] = True
            return found

        self._is_slot = mask([self._slots])
        self._needed = mask(self._required)
        self._closed = mask([self._barred | (self._slots - required) for required in self._required])


class Drafter:
    """A loaded drafting model. Greedy, so the same findings give the same sentences."""

    by_the_grammar = True

    def __init__(self, bundle: Bundle, device: str = "cpu") -> None:
        self.model: ModelInfo = bundle.model
        self._device = device
        self._tokenizer = DraftTokenizer.load(bundle.folder / "tokenizer.json")
        self._network = build_network(bundle.metadata["network"]["arguments"], self._tokenizer)
        weights = {name: value.float() for name, value in load_file(str(bundle.weights)).items()}
        missing, unexpected = self._network.load_state_dict(weights, strict=False)
        if unexpected or set(missing) - {
            "encoder.embed_tokens.weight",
            "decoder.embed_tokens.weight",
            "lm_head.weight",
        }:
            raise BundleError(f"The weights of bundle {self.model.name} do not fit its network.")
        self._network.tie_weights()
        self._network.eval().to(device)
        self._slots = {self._tokenizer.token_id(f"<{name}>") for name in SLOTS}
        self._barred = {self._tokenizer.token_id(token) for token in special_tokens()} - self._slots
        self._barred.add(self._tokenizer.pad_id)

    def word(self, findings: Sequence[Job], *, constrained: bool = True, batch: int = BATCH) -> list[str]:
        """One sentence with slots for each (finding, style, register).

        Unconstrained, or another batch, only to measure what the rule and the batch are worth.
        """
        texts: list[str] = []
        for start in range(0, len(findings), batch):
            texts += self._batch(findings[start : start + batch], constrained)
        return texts

    def _batch(self, findings: Sequence[Job], constrained: bool) -> list[str]:
        sources = [self._tokenizer.encode(source_of(*job)) for job in findings]
        width = max(len(source) for source in sources)
        ids = torch.full((len(sources), width), self._tokenizer.pad_id, dtype=torch.long)
        for row, source in enumerate(sources):
            ids[row, : len(source)] = torch.tensor(source)
        ids = ids.to(self._device)
        required = [{self._tokenizer.token_id(f"<{name}>") for name in job[0].slots} for job in findings]
        rule = SlotsOnly(required, self._slots, self._barred, self._tokenizer.eos_id)
        # A finished row is padded after its end token; only a live row meets the rule against padding.
        with torch.inference_mode():
            output = self._network.generate(
                input_ids=ids,
                attention_mask=(ids != self._tokenizer.pad_id).long(),
                max_new_tokens=LONGEST,
                do_sample=False,
                num_beams=1,
                # The library's own cache counts the encoder's layers, of which there may be fewer.
                past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache()),
                logits_processor=LogitsProcessorList([rule] if constrained else []),
            )
        return [self._tokenizer.decode(row[1:].tolist()) for row in output]


class Worder(Protocol):
    """Words findings: the shipped drafter or a site's own model. Whatever it says, the guard reads it."""

    model: ModelInfo
    by_the_grammar: bool

    def word(self, findings: Sequence[Job]) -> list[str]: ...


@lru_cache(maxsize=4)
def load_drafter(device: str = "cpu", root: Path = BUNDLES) -> Drafter:
    """The shipped drafter on a device, kept in memory. Raises `BundleError`."""
    try:
        return Drafter(load_bundle(NAME, root), device)
    except (OSError, KeyError, SafetensorError) as error:
        raise BundleError(f"Bundle {NAME} cannot be loaded.") from error


def _worder(device: str, style: HouseStyle, reasons: list[str]) -> Worder | None:
    """The site's own model where it has one that loads, else the shipped one, else None; reasons: what failed."""
    if style.model:
        try:
            return load_local(style.model, device)
        except BundleError as error:
            reasons.append(f"The site's own model was not used: {error}")
    try:
        return load_drafter(device)
    except BundleError as error:
        reasons.append(f"The sentences are fixed ones: {error}")
        return None


def faults_of(text: str, facts: FindingFacts, by_the_grammar: bool) -> list[str]:
    """Why a model's sentence does not stand: what the guard reads in it, and for the shipped model also whether it
    is made of the grammar's clauses at all."""
    faults = check_sentence(fill(text, facts), facts)
    if by_the_grammar and not faults and not is_worded(text, facts):
        return ["It is worded in no way of the grammar."]
    return faults


def try_again(worder: Worder, jobs: Sequence[Job], texts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each sentence with what is wrong with it; one that is wrong is worded anew in other styles, at most `TRIES` in
    all, and keeps its first faults if none of them stands. A site's own model has no other styles."""
    found = [(text, faults_of(text, job[0], worder.by_the_grammar)) for text, job in zip(texts, jobs, strict=True)]
    for attempt in range(1, TRIES if worder.by_the_grammar else 1):
        wrong = [place for place, (_text, faults) in enumerate(found) if faults]
        if not wrong:
            break
        others = [
            (facts, (style + attempt * OTHER) % STYLES, register)
            for facts, style, register in map(jobs.__getitem__, wrong)
        ]
        for place, text in zip(wrong, worder.word(others), strict=True):
            if not faults_of(text, jobs[place][0], by_the_grammar=True):
                found[place] = (text, [])
    return found


def style_of(study_uid: object, index: int, style: HouseStyle) -> int:
    """How finding `index` of a study is worded: one wording and order a study, drawn from its UID; in full sentences
    the heads take turns."""
    first = int.from_bytes(hashlib.sha256(str(study_uid).encode()).digest()[:4], "big") % STYLES
    head = first % HEADS
    return first - head + (head + (index if style.register == "full" else 0)) % HEADS


def draft_report(
    result: Mapping[str, Any],
    *,
    prior: Mapping[str, Any] | None = None,
    device: str = "cpu",
    style: HouseStyle | None = None,
) -> dict[str, Any]:
    """Draft the report of one study from one line of `score --json`.

    prior: an earlier result of the same patient (same form, plus "study_date"); by default
    `result["prior"]`. style: of the site. Returns {"sections": {name: [{"text", "origin", "evidence"}]}, "model",
    "guard": {"passed", "reasons"}}; every section of the programme's report is there, empty if
    the AI has nothing to say in it. Raises `DraftInputError` for input that is not a result.
    Without a usable drafter bundle the fixed sentences are used and "model" is None.
    """
    style = style or HouseStyle()
    study = study_facts(result, prior if prior is not None else _prior_of(result), style)
    reasons: list[str] = []
    worded: list[Sentence | None] = [None] * len(study.findings)
    worder = _worder(device, style, reasons)
    if worder is not None:
        uid = result.get("study_uid")
        jobs = [(facts, style_of(uid, index, style), style.register) for index, facts in enumerate(study.findings)]
        origin = f"model:{worder.model.name}@{worder.model.version}"
        for index, (text, faults) in enumerate(try_again(worder, jobs, worder.word(jobs))):
            facts = study.findings[index]
            if faults:
                reasons += [f"The sentence drafted for finding {index + 1} was replaced: {fault}" for fault in faults]
            else:
                worded[index] = Sentence(fill(text, facts), origin, (facts.id,))
    draft, verdict = assemble(study, worded, reasons)
    return {
        "sections": {name: [each.as_json() for each in sentences] for name, sentences in draft.items()},
        "model": worder.model.as_json() if worder else None,
        "guard": verdict.as_json(),
    }


def _prior_of(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    prior = result.get("prior") if isinstance(result, Mapping) else None
    return prior if isinstance(prior, Mapping) else None
