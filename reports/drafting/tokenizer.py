"""The drafter's own tokenizer: byte-level BPE, digits one by one, slots and controls as single tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, EOS = "<pad>", "</s>"
SIZE = 896


class DraftTokenizer:
    """Text to token ids and back, without loss for any text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.pad_id = self.token_id(PAD)
        self.eos_id = self.token_id(EOS)

    @classmethod
    def train(cls, texts: Iterable[str], special: Sequence[str], size: int = SIZE) -> DraftTokenizer:
        """Learn a vocabulary of at most `size` tokens, `special` ones included."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[PAD, EOS, *special],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def load(cls, path: Path) -> DraftTokenizer:
        return cls(Tokenizer.from_file(str(path)))

    def save(self, path: Path) -> None:
        self._tokenizer.save(str(path))

    @property
    def size(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def token_id(self, token: str) -> int:
        """Raises KeyError for a token the vocabulary lacks."""
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise KeyError(token)
        return int(found)

    def encode(self, text: str) -> list[int]:
        """Ids of the text, end token included."""
        return [*self._tokenizer.encode(text).ids, self.eos_id]

    def decode(self, ids: Sequence[int]) -> str:
        """Text up to the first end token; slots stay visible."""
        kept: list[int] = []
        for each in ids:
            if each == self.eos_id:
                break
            if each != self.pad_id:
                kept.append(int(each))
        return str(self._tokenizer.decode(kept, skip_special_tokens=False))
