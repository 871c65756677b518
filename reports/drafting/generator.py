"""Drafts a report: the model words each finding, code fills in the values, the guard has the last word."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

from collections.abc import Mapping, Sequence  # noqa: E402
from functools import lru_cache  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402
from safetensors import SafetensorError  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import LogitsProcessor, LogitsProcessorList, T5Config, T5ForConditionalGeneration  # noqa: E402

from reports.drafting.assemble import assemble  # noqa: E402
from reports.drafting.corpus import fill, source_of, special_tokens  # noqa: E402
from reports.drafting.facts import study_facts  # noqa: E402
from reports.drafting.guard import check_sentence  # noqa: E402
from reports.drafting.tokenizer import DraftTokenizer  # noqa: E402
from reports.drafting.types import SLOTS, FindingFacts, Sentence  # noqa: E402
from screening.scoring.bundle import BUNDLES, Bundle, BundleError, load_bundle  # noqa: E402
from screening.scoring.types import ModelInfo  # noqa: E402

NAME = "drafter"
BATCH = 16
LONGEST = 112


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
        self._barred = sorted(barred)
        self._eos_id = eos_id

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.clone()
        scores[:, self._barred] = float("-inf")
        for row, required in enumerate(self._required):
            said = self._slots.intersection(input_ids[row].tolist())
            if closed := sorted((self._slots - required) | said):
                scores[row, closed] = float("-inf")
            if required - said:
                scores[row, self._eos_id] = float("-inf")
        return scores


class Drafter:
    """A loaded drafting model. Greedy, so the same findings give the same sentences."""

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

    def word(self, findings: Sequence[tuple[FindingFacts, int]], *, constrained: bool = True) -> list[str]:
        """One sentence with slots for each (finding, style). Unconstrained only to measure what the rule is worth."""
        texts: list[str] = []
        for start in range(0, len(findings), BATCH):
            texts += self._batch(findings[start : start + BATCH], constrained)
        return texts

    def _batch(self, findings: Sequence[tuple[FindingFacts, int]], constrained: bool) -> list[str]:
        sources = [self._tokenizer.encode(source_of(facts, style)) for facts, style in findings]
        width = max(len(source) for source in sources)
        ids = torch.full((len(sources), width), self._tokenizer.pad_id, dtype=torch.long)
        for row, source in enumerate(sources):
            ids[row, : len(source)] = torch.tensor(source)
        ids = ids.to(self._device)
        required = [{self._tokenizer.token_id(f"<{name}>") for name in facts.slots} for facts, _style in findings]
        rule = SlotsOnly(required, self._slots, self._barred, self._tokenizer.eos_id)
        # A finished row is padded after its end token; only a live row meets the rule against padding.
        with torch.inference_mode():
            output = self._network.generate(
                input_ids=ids,
                attention_mask=(ids != self._tokenizer.pad_id).long(),
                max_new_tokens=LONGEST,
                do_sample=False,
                num_beams=1,
                logits_processor=LogitsProcessorList([rule] if constrained else []),
            )
        return [self._tokenizer.decode(row[1:].tolist()) for row in output]


@lru_cache(maxsize=4)
def load_drafter(device: str = "cpu", root: Path = BUNDLES) -> Drafter:
    """The shipped drafter on a device, kept in memory. Raises `BundleError`."""
    try:
        return Drafter(load_bundle(NAME, root), device)
    except (OSError, KeyError, SafetensorError) as error:
        raise BundleError(f"Bundle {NAME} cannot be loaded.") from error


def draft_report(
    result: Mapping[str, Any], *, prior: Mapping[str, Any] | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Draft the report of one study from one line of `score --json`.

    prior: an earlier result of the same patient (same form, plus "study_date"); by default
    `result["prior"]`. Returns {"sections": {name: [{"text", "origin", "evidence"}]}, "model",
    "guard": {"passed", "reasons"}}; every section of the programme's report is there, empty if
    the AI has nothing to say in it. Raises `DraftInputError` for input that is not a result.
    Without a usable drafter bundle the fixed sentences are used and "model" is None.
    """
    study = study_facts(result, prior if prior is not None else _prior_of(result))
    reasons: list[str] = []
    worded: list[Sentence | None] = [None] * len(study.findings)
    model: ModelInfo | None = None
    try:
        drafter = load_drafter(device)
    except BundleError as error:
        reasons.append(f"The sentences are fixed ones: {error}")
    else:
        model = drafter.model
        jobs = [(facts, style) for style, facts in enumerate(study.findings)]
        origin = f"model:{model.name}@{model.version}"
        for index, text in enumerate(drafter.word(jobs)):
            facts = study.findings[index]
            sentence = fill(text, facts)
            if faults := check_sentence(sentence, facts):
                reasons += [f"The sentence drafted for finding {index + 1} was replaced: {fault}" for fault in faults]
            else:
                worded[index] = Sentence(sentence, origin, (facts.id,))
    draft, verdict = assemble(study, worded, reasons)
    return {
        "sections": {name: [each.as_json() for each in sentences] for name, sentences in draft.items()},
        "model": model.as_json() if model else None,
        "guard": verdict.as_json(),
    }


def _prior_of(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    prior = result.get("prior") if isinstance(result, Mapping) else None
    return prior if isinstance(prior, Mapping) else None
