"""A site's own Hugging Face model: made here, tiny, and behind the same guard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from reports.content import content_for
from reports.drafting.corpus import plain_source_of
from reports.drafting.facts import finding_facts
from reports.drafting.generator import draft_report
from reports.drafting.guard import check_report
from reports.drafting.local_model import load_local
from reports.drafting.types import HouseStyle
from screening.scoring.bundle import BundleError
from tests.drafting.cast import finding, result

NODULE = finding(attributes={"slice": 80})
GIVEN = result(findings=[NODULE])
SAYS = "<type> <place> with a mean diameter of <size> , on <slice> ."
LIES = "no <type> <place> , <size> , on <slice> ."


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a network is slower on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(folder: Path, sentence: str, steps: int = 0) -> Path:
    """A seq2seq model; with steps it has learnt this one sentence by heart."""
    source = plain_source_of(finding_facts(NODULE, content_for("lung")))
    words = dict.fromkeys(["<pad>", "</s>", "<unk>", *source.split(), *sentence.split()])
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", clean_up_tokenization_spaces=False
    )  # fmt: skip
    torch.manual_seed(1)
    network = T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(words), d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4, dropout_rate=0.0, pad_token_id=0,
            eos_token_id=1, decoder_start_token_id=0, tie_word_embeddings=True,
        )
    )  # fmt: skip
    given, labels = (torch.tensor([fast(text)["input_ids"] + end]) for text, end in ((source, []), (sentence, [1])))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _step in range(steps):
        optimiser.zero_grad()
        network(input_ids=given, labels=labels).loss.backward()
        optimiser.step()
    network.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def drafted(folder: Path) -> dict:
    return draft_report(GIVEN, style=HouseStyle(model=str(folder)))


def test_its_sentence_stands_with_its_name_when_the_guard_agrees(tmp_path):
    draft = drafted(made(tmp_path / "larger", SAYS, 50))
    (sentence,) = draft["sections"]["nodules"]
    assert sentence["text"] == "A solid nodule in the right upper lobe with a mean diameter of 8.1 mm , on slice 80 ."
    assert sentence["origin"] == f"model:larger@{draft['model']['version']}" and len(draft["model"]["sha256"]) == 64
    assert draft["guard"]["passed"] and check_report(draft, GIVEN).passed


def test_what_it_says_wrongly_is_replaced_and_told(tmp_path):
    draft = drafted(made(tmp_path / "liar", LIES, 50))
    (sentence,) = draft["sections"]["nodules"]
    assert sentence["origin"] == "template:finding" and "8.1 mm" in sentence["text"]
    assert any("negation" in reason for reason in draft["guard"]["reasons"])
    assert check_report(draft, GIVEN).passed


def test_a_folder_that_is_no_model_leaves_the_shipped_one_to_word_the_draft(tmp_path):
    draft = drafted(tmp_path / "nothing")
    assert draft["model"]["name"] == "drafter"
    assert any("The site's own model was not used" in reason for reason in draft["guard"]["reasons"])


def test_weights_that_are_not_safetensors_are_not_read(tmp_path):
    folder = made(tmp_path / "pickled", SAYS)
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(BundleError, match="safetensors"):
        load_local(str(folder))


def test_a_model_that_brings_code_is_refused_before_anything_of_it_is_read(tmp_path):
    folder = made(tmp_path / "with-code", SAYS)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    ran = tmp_path / "ran"
    (folder / "code.py").write_text(f"open({str(ran)!r}, 'w')\n", encoding="utf-8")
    config["auto_map"] = {"AutoModelForSeq2SeqLM": "code.Model", "AutoConfig": "code.Config"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(BundleError, match="never run"):
        load_local(str(folder))
    assert not ran.exists()


def test_cut_weights_are_a_plain_refusal(tmp_path):
    folder = made(tmp_path / "cut", SAYS)
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:200])
    with pytest.raises(BundleError, match="cannot be loaded"):
        load_local(str(folder))
