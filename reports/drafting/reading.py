"""Reads a finding's sentence, English or Chinese, whoever wrote it: what it states, and the words nobody can check.

Torch-free, and independent of the grammar that drafts: it knows the two dictionaries and nothing of the facts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from reports.drafting.lexicon import Tags, english
from reports.drafting.lexicon_zh import chinese
from reports.drafting.types import Quantity

_UNITS = {
    "mm^3": "mm3", "cubic mm": "mm3", "cubic millimetres": "mm3", "cubic millimeters": "mm3", "立方毫米": "mm3",
    "millimetres": "mm", "millimeters": "mm", "millimetre": "mm", "millimeter": "mm", "毫米": "mm", "centimetres": "cm", "centimeters": "cm",
    "厘米": "cm", "cm^3": "cm3", "立方厘米": "cm3", "毫升": "ml", "milliliters": "ml", "millilitres": "ml", "cc": "ml", "微米": "μm",
    "点钟方向": "o'clock", "点钟位置": "o'clock", "点钟位": "o'clock", "点钟": "o'clock", "点方向": "o'clock", "点位": "o'clock", "o’clock": "o'clock", "点": "o'clock",
}  # fmt: skip
_PLAIN_UNITS = ("mm3", "cm3", "mm", "cm", "ml", "μm", "μl", "o'clock", "inches", "inch", "dm", "l", "m", "%")
_UNIT = "|".join(re.escape(unit) for unit in sorted((*_UNITS, *_PLAIN_UNITS), key=len, reverse=True))
_NUMBER = re.compile(rf"(?P<value>[-+]?\d+(?:[.,]\d+)*)(?:[\s-]*(?P<unit>{_UNIT})(?![a-z0-9]))?")
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")
IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_TIMES = re.compile(r"\s*(?:×|[x*](?=\s*\d)|by(?=\s*\d)|乘以|乘)\s*")
_BREAK = frozenset(",;.()。、:")
_SIGNS = frozenset(",;.()。、:/'\"-–")
LONGEST_PHRASE = 7
VOLUMES = ("mm3", "cm3", "ml", "μl", "l")
LENGTHS = ("mm", "cm", "μm", "inch", "inches", "dm", "m")


@dataclass(frozen=True, slots=True)
class Token:
    """A phrase with its tags, a number (value, unit), a mark ("×") or a break between clauses."""

    text: str
    tags: Tags = ()
    value: Decimal | None = None
    unit: str = ""


@dataclass
class Reading:
    """What a sentence states.

    codes: places and kinds, by the names of `lexicon`. sizes: (meaning, number) where a number is said to be a
    mean diameter, long axis … problems: words that state what cannot be checked, one sentence each.
    """

    quantities: list[Quantity] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    sizes: list[tuple[str, Quantity | None]] = field(default_factory=list)
    prior: bool = False
    unmeasured: bool = False
    component: bool = False
    about: bool = False
    problems: list[str] = field(default_factory=list)


def fold(text: str) -> str:
    """Lower case, compatibility forms folded, one kind of minus and apostrophe."""
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2212", "-").replace("\u2011", "-")
    return text.replace("’", "'").replace("µ", "μ").replace("～", "-").replace("~", "-")


@lru_cache(maxsize=1)
def _ideographic() -> tuple[dict[str, Tags], int]:
    found = dict(chinese())
    return found, max(map(len, found))


def tokens_of(text: str) -> list[Token]:
    """The whole sentence, left to right, by the longest phrase; what is in no dictionary has no tags."""
    folded = fold(text)
    found: list[Token] = []
    at = 0
    while at < len(folded):
        if folded[at].isspace():
            at += 1
            continue
        token, at = _token_at(folded, at, found)
        found.append(token)
    return found


def _token_at(text: str, at: int, before: list[Token]) -> tuple[Token, int]:
    after_number = bool(before) and before[-1].value is not None
    if after_number and (times := _TIMES.match(text, at)) and times.end() > at:
        return Token("×"), times.end()
    if after_number and re.match(r"[-–]\s*\d", text[at:]):
        return Token("-", ("to",)), at + 1
    if number := _NUMBER.match(text, at):
        words = number["value"]
        value = Decimal(words) if words.isascii() and re.fullmatch(r"\d+(?:\.\d+)?", words) else Decimal(-1)
        unit = number["unit"] or ""
        return Token(words, (), value, _UNITS.get(unit, unit)), number.end()
    phrases, longest = _ideographic()
    for length in range(min(longest, len(text) - at), 0, -1):
        phrase = text[at : at + length]
        if phrase in phrases and IDEOGRAPH.search(phrase):
            return Token(phrase, phrases[phrase]), at + length
    if word := _WORD.match(text, at):
        if IDEOGRAPH.match(text[at]):
            return Token(text[at]), at + 1
        if cut := IDEOGRAPH.search(word[0]):
            word = re.compile(re.escape(word[0][: cut.start()])).match(text, at) or word
        return _english_at(text, at, word[0])
    return Token(text[at]), at + 1


def _english_at(text: str, at: int, word: str) -> tuple[Token, int]:
    words, ends, cursor = [word], [at + len(word)], at + len(word)
    while len(words) < LONGEST_PHRASE and (
        following := re.compile(r"\s+([^\W\d_]+(?:[-'][^\W\d_]+)*)").match(text, cursor)
    ):
        words.append(following[1])
        cursor = following.end()
        ends.append(cursor)
    known = english()
    for count in range(len(words), 0, -1):
        phrase = " ".join(words[:count])
        if phrase in known:
            return Token(phrase, known[phrase]), ends[count - 1]
    parts = word.split("-")
    if len(parts) > 1 and all(part in known for part in parts):
        return Token(word, tuple(tag for part in parts for tag in known[part])), ends[0]
    return Token(word), ends[0]


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """What the sentence states. Never raises."""
    found = Reading()
    tokens = tokens_of(text)
    for place, token in enumerate(tokens):
        if token.value is None and token.text != "×":
            _note(found, token, tokens, place)
    _Numbers(found, tokens).read()
    if any(char.isdigit() and not char.isascii() for char in unicodedata.normalize("NFKC", text)):
        found.problems.append("A number is not written in plain digits.")
    if re.search(r"[<>{}\[\]≥≤≈?]", unicodedata.normalize("NFKC", text)):
        found.problems.append("A slot was left open or markup was added.")
    return found


def _note(found: Reading, token: Token, tokens: list[Token], place: int) -> None:
    for tag in token.tags:
        name, _, value = tag.partition(":")
        if name == "is":
            found.codes.add(value)
        elif name == "view":
            found.views.add(value)
        elif name == "change":
            found.changes.add(value)
        elif name == "prior" or name == "versus":
            found.prior = True
        elif name in ("unmeasured", "component", "about"):
            setattr(found, name, True)
        elif name == "no":
            found.problems.append(f"A negation that no fact supports: {token.text}.")
        elif name == "count":
            found.problems.append(f"Number written as a word: {token.text}.")
        elif name == "category":
            found.problems.append("A finding's sentence names a category.")
        elif name == "bound" and _bounds(tokens, place):
            found.problems.append(f"Makes another number of a number: {token.text}.")
    if not token.tags and token.text not in _SIGNS:
        found.problems.append(f"Unsupported word: {token.text}.")


def _bounds(tokens: list[Token], place: int) -> bool:
    """Does a word of more or less stand at a number? "over 7 slices" only says how far something reaches."""
    after = [token for token in tokens[place + 1 : place + 3] if token.tags != ("",)]
    before = tokens[place - 1] if place else None
    if IDEOGRAPH.search(tokens[place].text) and before is not None and before.value is not None:
        return True
    if not after or after[0].value is None:
        return False
    following = tokens[tokens.index(after[0], place) + 1 :]
    return not (tokens[place].text == "over" and following and {"slice", "slices"} & set(following[0].tags))


class _Numbers:
    """Gives each number of a sentence the part its surroundings give it."""

    def __init__(self, found: Reading, tokens: list[Token]) -> None:
        self._found = found
        self._tokens = tokens
        self._roles: dict[int, str] = {}

    def read(self) -> None:
        self._assign()
        self._match_cues()

    def _assign(self) -> None:
        before, told = False, False  # what was before is being told; a number of it has been
        component: bool = False
        kind = ""
        for place, token in enumerate(self._tokens):
            tags = token.tags
            if token.value is not None:
                role = self._role(place, before, component)
                if role == "prior":
                    told = True
                    before = before and not self._follows(place, "to")
                self._keep(place, role, kind)
                kind, component = "", False
            elif token.text in _BREAK:
                before = before and not told
                component = False
                kind = kind if token.text in ":(" else ""
            elif (
                "prior" in tags
                or "versus" in tags
                or ("was" in tags and self._follows(place, ""))
                or "from" in tags
                and self._follows(place, "")
                and self._leads_to(place)
            ):
                before, told = True, False
            elif "now" in tags or ("to" in tags and told):
                before = False
            elif "component" in tags:
                component = True
            elif named := [tag[5:] for tag in tags if tag.startswith("kind:")]:
                kind = named[0]
                self._found.sizes.append((kind, None))

    def _match_cues(self) -> None:
        """A word that asks for a number of one part has one: "solid component of 5 mm", not "a volume of slice 6"."""
        tokens, roles = self._tokens, self._roles
        parts = [role.removeprefix("prior ") for role in roles.values()]
        components = sum("component" in token.tags for token in tokens)
        if components > parts.count("solid"):
            self._found.problems.append("Names a solid component without its number.")
        for place, token in enumerate(tokens):
            needs = next((tag[6:] for tag in token.tags if tag.startswith("needs:")), "")
            if needs and not self._is_fed(place, needs):
                self._found.problems.append(f"Not followed by what it asks for: {token.text}.")
            if token.text == tokens[place - 1].text and place and token.text not in (*_BREAK, "/"):
                self._found.problems.append(f"Said twice: {token.text}.")

    def _is_fed(self, place: int, needs: str) -> bool:
        allowed = {"length": ("size", "axes", "solid", "prior", "prior axes", "prior solid")}.get(
            needs, (needs, f"prior {needs}")
        )
        if any(tag.startswith("change:") for token in self._tokens[place + 1 : place + 2] for tag in token.tags):
            return True  # "its volume increased"
        numbers = [at for at in self._roles if at > place]
        ahead = numbers[0] if numbers else None
        broken = ahead is None or any(each.text in _BREAK - {":", "("} for each in self._tokens[place + 1 : ahead])
        if needs == "length":
            # "measured on slice 80" and "measures in long axis 8 mm" are sentences; "measuring CC view" is none.
            following = self._tokens[place + 1].tags if place + 1 < len(self._tokens) else ()
            direct = {tag.partition(":")[0] for tag in following} & {"view", "is", "slice", "slices", "slice-number"}
            return not direct and (broken or self._roles[ahead] in (*allowed, "slice", "volume"))  # type: ignore[index]
        if broken:
            # "8.2 mL in volume", "31 mm across": the number stands before.
            last = [at for at in self._roles if at < place]
            return bool(last) and (needs == "extent" or self._roles[last[-1]] in allowed)
        return self._roles[ahead] in allowed  # type: ignore[index]

    def _follows(self, place: int, tag: str) -> bool:
        """Is the next token a number ("") or one with this tag?"""
        after = self._tokens[place + 1 : place + 2]
        return bool(after) and (after[0].value is not None if not tag else tag in after[0].tags)

    def _leads_to(self, place: int) -> bool:
        """ "from 6.1 mm to 8.1 mm", with nothing between."""
        after = self._tokens[place + 1 : place + 5]
        return any("to" in token.tags or "now" in token.tags for token in after)

    def _role(self, place: int, before: bool, component: bool) -> str:
        token, tokens = self._tokens[place], self._tokens
        last = tokens[place - 1] if place else Token("")
        after = tokens[place + 1] if place + 1 < len(tokens) else Token("")
        if "×" in (last.text, after.text):
            return "prior axes" if before else "axes"
        if token.unit == "o'clock":
            return "clock"
        if token.unit in VOLUMES:
            return "prior volume" if before else "volume"
        if not token.unit:
            if "slice-number" in last.tags or ("slice" in last.tags and place):
                return "slice"
            if "to" in last.tags and place > 1 and self._roles.get(place - 2) == "slice":
                return "slice"
            return "extent" if {"slice", "slices"} & set(after.tags) else "other"
        if token.unit not in LENGTHS:
            return "other"
        if component or "component" in after.tags:
            return "prior solid" if before else "solid"
        return "prior" if before or self._said_to_be_before(place) else "size"

    def _said_to_be_before(self, place: int) -> bool:
        """ "6.1 mm on the prior study": the cue after its number, and no other number in the clause after it."""
        seen = False
        for step, token in enumerate(self._tokens[place + 1 :]):
            if token.text in _BREAK:
                break
            if token.value is not None:
                return False
            if "prior" in token.tags and step < 5:
                seen = True
            elif not seen and token.tags not in (("",), ("was",)):
                return False
        return seen

    def _keep(self, place: int, role: str, kind: str) -> None:
        token = self._tokens[place]
        unit = token.unit
        if role.endswith("axes") and not unit:
            unit = next((each.unit for each in self._tokens[place + 1 : place + 5] if each.unit), "")
        self._roles[place] = role
        assert token.value is not None
        quantity = Quantity(token.value, "" if role == "clock" else unit, role)
        if kind and role == "size":
            self._found.sizes[-1] = (kind, quantity)
        self._found.quantities.append(quantity)
