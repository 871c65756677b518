"""A site's own, larger model: a Hugging Face folder on its own disk, data only, behind the same guard.

It reads `corpus.plain_source_of` and writes the sentence, with slots or with the words themselves. Nothing is
fetched, no code of the folder is run, and weights are read from safetensors alone.
"""

from __future__ import annotations

import hashlib
import json
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

from collections.abc import Sequence  # noqa: E402
from functools import lru_cache  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402
from safetensors import SafetensorError  # noqa: E402
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer  # noqa: E402

from reports.drafting.corpus import plain_source_of  # noqa: E402
from reports.drafting.types import FindingFacts  # noqa: E402
from screening.scoring.bundle import BundleError, file_sha256  # noqa: E402
from screening.scoring.types import ModelInfo  # noqa: E402

BATCH = 8
LONGEST = 160
LARGEST_CONFIG = 1 << 20


class LocalModel:
    """A loaded seq2seq model of a site. Greedy, so the same findings give the same sentences."""

    by_the_grammar = False

    def __init__(self, folder: Path, device: str) -> None:
        self.model = _identity(folder)
        self._device = device
        options = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), **options)
        self._network: Any = AutoModelForSeq2SeqLM.from_pretrained(str(folder), use_safetensors=True, **options)
        self._network.eval().to(device)

    def word(self, findings: Sequence[tuple[FindingFacts, int, str]]) -> list[str]:
        """One sentence for each (finding, style, register); the style is the model's own."""
        texts: list[str] = []
        for start in range(0, len(findings), BATCH):
            sources = [plain_source_of(facts, register) for facts, _style, register in findings[start : start + BATCH]]
            given = self._tokenizer(sources, return_tensors="pt", padding=True).to(self._device)
            with torch.inference_mode():
                output = self._network.generate(
                    input_ids=given["input_ids"],
                    attention_mask=given["attention_mask"],
                    max_new_tokens=LONGEST,
                    do_sample=False,
                    num_beams=1,
                )
            texts += [str(text).strip() for text in self._tokenizer.batch_decode(output, skip_special_tokens=True)]
        return texts


def _identity(folder: Path) -> ModelInfo:
    """Name of the folder, and the digest of its weights as version. Raises `BundleError`."""
    try:
        weights = sorted(folder.glob("*.safetensors"))
        config = folder / "config.json"
        if not weights or not config.is_file() or config.stat().st_size > LARGEST_CONFIG:
            raise BundleError(f"The folder {folder.name} holds no model: config.json and *.safetensors are needed.")
        if any("auto_map" in path.read_text(encoding="utf-8") for path in folder.glob("*config.json")):
            raise BundleError(f"The model {folder.name} brings code of its own, which is never run.")
        json.loads(config.read_text(encoding="utf-8"))
        digest = hashlib.sha256("".join(file_sha256(path) for path in weights).encode()).hexdigest()
    except (OSError, ValueError) as error:
        raise BundleError(f"The model {folder.name} cannot be read.") from error
    return ModelInfo(folder.name, digest[:12], digest)


@lru_cache(maxsize=2)
def load_local(folder: str, device: str = "cpu") -> LocalModel:
    """The model in this folder, kept in memory. Raises `BundleError`."""
    path = Path(folder)
    try:
        return LocalModel(path, device)
    except (OSError, ValueError, KeyError, ImportError, SafetensorError, RuntimeError) as error:
        raise BundleError(f"The model {path.name} cannot be loaded.") from error
