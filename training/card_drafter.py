"""Writes the card of the drafter from its model.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_ROWS = (
    ("faithful, decoding left free", "faithful_unconstrained"),
    ("faithful, decoding bound to the finding's slots", "faithful_constrained"),
    ("replaced by the fixed sentence", "replaced_by_guard"),
    ("faithful as shown (after guard)", "faithful_after_guard"),
    ("worded exactly as the grammar does", "as_the_grammar_words_it"),
)


def card(metadata: dict[str, Any]) -> str:
    """The whole of CARD.md."""
    figures, training = metadata["figures"], metadata["training"]
    arguments = metadata["network"]["arguments"]
    seen = [figures["unseen_combinations"], figures["unseen_styles"]]
    rows = "\n".join(f"| {words} | {seen[0][key]:.1%} | {seen[1][key]:.1%} |" for words, key in _ROWS)
    examples = "\n".join(f"- `{each['source']}`\n  → {each['sentence']}" for each in figures["examples"])
    return f"""# drafter {metadata["version"]}

Words one finding that another model has measured as one sentence, in English or Chinese, for a radiologist to correct and sign.

| | |
|---|---|
| Network | T5 encoder–decoder from its configuration, {metadata["parameters"]:,} parameters, {arguments["num_layers"]} + {arguments["num_decoder_layers"]} layers of width {arguments["d_model"]}; own byte-level BPE of {metadata["vocabulary"]} tokens |
| Input | the programme, the language, the style (register, head, wording, order) and which facts of one finding are known: type, place with clock face, size, axes, solid part, volume, view, slices, prior size, comparison; what is unknown as a control word. **No value**: it cannot copy one wrongly |
| Output | a sentence with slots; code fills the slots with the finding's own words |
| Trained on | sentences of the grammar in `reports/drafting/grammar.py`, made at training time; **no patient's report, image or record** |
| Training | {training["steps"]} steps of {training["batch"]}, seed {training["seed"]}, 0, 15, 35 or 60 % of facts dropped, on a CPU: `make train-drafter` |
| Licence | Apache-2.0, as the program |

## Figures
A tenth of all styles (48 in each of two languages and two registers) and a tenth of all combinations of known facts and style were
held out whole. Measured on {seen[0]["n_findings"]} findings of each, half of them in each language, with the stored weights (16 bit, read as 32 bit).
*Faithful* means that the guard, which reads the sentence back, finds every fact in it and nothing else.

| | unseen combinations | unseen styles |
|---|---|---|
{rows}
| distinct wordings | {seen[0]["distinct_wordings"]} | {seen[1]["distinct_wordings"]} |

{examples}

## Limits
- The guard is both the measure here and what stands behind the model in use. `benchmarks/bench_drafting.py` judges drafts by a second way, from the finding sets themselves.
- It knows the facts listed above and no others: margin, calcification, lymph nodes or any other finding are not worded.
- Synthetic combinations only, and faithful to the *input*: a finding that is wrong is worded faithfully wrong.
- Assessment, category, recommendation, limitations and breast composition are not this model's: they are fixed sentences by rule. A limitation or
  a reason that the scorer gives in English stands in English in a Chinese draft.
- The Chinese was written for this grammar and has not been reviewed by a radiologist.
- Research software; not a medical device.
"""


def write_card(folder: Path) -> None:
    metadata = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "CARD.md").write_text(card(metadata), encoding="utf-8")
