"""Where a piece of text says something lies: side, lobe, quadrant, clock face, region of the brain. English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass

Span = tuple[int, int]
Level = tuple[str, str]

# Words of side that say nothing about where a lesion lies: directions, comparisons, views, chambers of the heart.
_NO_PLACE = re.compile(
    r"\b(?:shift\w*|displac\w*|deviat\w*|herniat\w*)\b[^.;,]{0,40}?\b(?:to|towards?|from)?\s*(?:the\s+)?(?:left|right)\b"
    r"|\b(?:left|right)ward\b|\b(?:left|right)-to-(?:left|right)\b|\b(?:left|right)\s+(?:midline\s+)?shift"
    r"|\b(?:compared?|comparison|relative|symmetrical?|than|contralateral)\s+(?:to|with|than)?\s*(?:the\s+)?(?:left|right)\b"
    r"|\b(?:left|right)\s+(?:atri\w+|main\b|heart|ventric\w+\s+of\s+the\s+heart|coronary|arm|subclavian)"
    r"|(?:\d|mm|cm|毫米|厘米|个月|月|岁)\s*左右|左右(?:对称|侧?脑室对称|两侧)"
    r"|向[左右]侧?(?:偏|移)\w{0,2}|(?:中线|移位|偏移|受压)[^,。;]{0,8}[左右]侧?(?:偏|移)\w{0,2}|[左右](?:偏|移位?)"
    r"|与[左右]侧?[^,。;]{0,6}(?:相比|比较|对比)|[左右]心|[左右]主支气管|[左右]冠",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"\b(?P<both>bilateral(?:ly)?|both(?=\s+(?:(?:upper|lower)\s+)?(?:lungs?|breasts?|sides|hemispheres|lobes?|hemithora\w+)))"
    r"|\b(?P<right>right(?:-sided)?|rt|(?-i:R)(?=\s+(?:breast|lung)))\b"
    r"|\b(?P<left>left(?:-sided)?|lt|(?-i:L)(?=\s+(?:breast|lung)))\b"
    r"|\b(?P<rlobe>R[UML]L)\b|\b(?P<llobe>L[UL]L)\b|\b(?P<lingula>lingul\w+)"
    r"|(?P<zhboth>双侧|两侧|双肺|两肺|双乳|双[上下]肺)|(?P<zhright>右)|(?P<zhleft>左)",
    re.IGNORECASE,
)
_SIDE_OF = {
    "both": "both",
    "right": "right",
    "left": "left",
    "rlobe": "right",
    "llobe": "left",
    "lingula": "left",
    "zhboth": "both",
    "zhright": "right",
    "zhleft": "left",
}
_MORE_LOBES = r"(?:\s*(?:and|or|to|/|,|&)\s*(?:the\s+)?(?:(?:right|left)\s+)?(?:upper|middle|lower))*"
_LOBE = re.compile(
    rf"\b(?P<word>upper|middle|mid|lower)\b(?={_MORE_LOBES}[\s-]+(?:lobes?|zones?|lung|lobar)\b)"
    r"|\b(?:R|L)(?P<short>[UML])L\b|\b(?P<lingula>lingul\w+)"
    r"|(?P<zh>[上中下])(?=[上中下]?(?:叶|肺))|(?P<tongue>舌[叶段])",
    re.IGNORECASE,
)
_LOBES = {
    "upper": "upper",
    "middle": "middle",
    "mid": "middle",
    "lower": "lower",
    "u": "upper",
    "m": "middle",
    "l": "lower",
    "上": "upper",
    "中": "middle",
    "下": "lower",
}
_QUADRANT = re.compile(
    r"\b(?P<short>[UL][OI]Q)\b|\b(?P<outer>outer|lateral)\b(?!\s+(?:view|projection|oblique))"
    r"|\b(?P<inner>inner|medial)\b(?!\s+(?:view|projection|oblique))|\b(?P<upper>upper|superior(?:ly)?)\b|\b(?P<lower>lower|inferior(?:ly)?)\b"
    r"|\b(?P<central>central|retroareolar|subareolar|retro-areolar)\b|\b(?P<axilla>axill\w+)\b"
    r"|(?P<zho>外)(?=[上下]?侧?象限|侧|[上下])|(?P<zhi>内)(?=[上下]?侧?象限|侧|[上下])"
    r"|(?P<zhu>(?<=[外内左右乳侧])上(?=[外内]?(?:象限|方|侧|部|半)))|(?P<zhl>(?<=[外内左右乳侧])下(?=[外内]?(?:象限|方|侧|部|半)))"
    r"|(?P<zhc>中央区|乳晕|乳头后)|(?P<zha>腋)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?::00)?\s*o['’]?\s?clock|(?P<zhhour>\d{1,2})\s*点(?:钟|位|方向|处)?", re.IGNORECASE
)
_BRAIN = re.compile(
    r"\b(?P<frontal>front(?:al|o))|(?P<parietal>pariet(?:al|o))|(?P<temporal>tempor(?:al|o))|(?P<occipital>occipit(?:al|o))"
    r"|(?P<basal>basal\s+ganglia|putam\w+|caudate|lentiform|globus\s+pallidus|internal\s+capsule)|(?P<thalamus>thalam\w+)"
    r"|(?P<cerebellum>cerebell\w+|posterior\s+fossa)|(?P<brainstem>brain\s?stem|pons\b|pontine|midbrain|medulla)"
    r"|(?P<zhf>额)|(?P<zhp>顶叶|(?<=[额颞枕])顶|顶(?=[枕颞]))|(?P<zht>颞)|(?P<zho>枕)(?!骨|大孔)"
    r"|(?P<zhb>基底节|基底核|壳核|尾状核|豆状核|内囊)|(?P<zhth>丘脑)|(?P<zhc>小脑|后颅窝)|(?P<zhs>脑干|脑桥|桥脑|中脑|延髓)",
    re.IGNORECASE,
)
_HEIGHT = re.compile(r"\blevel of\b[^,.;]*|[^,，。;；]{0,24}(?:层面|水平)", re.IGNORECASE)
_HEIGHTS = re.compile(
    r"(?P<above>\babove the ventricles|\bsupraventricular|脑室上)|(?P<middle>\blevel of the (?:ventricles|basal ganglia)|基底节层面|脑室层面|脑室水平)"
    r"|(?P<base>\blevel of the skull base|\bnear the skull base|颅底层面|颅底水平)",
    re.IGNORECASE,
)
_REGIONS = {
    "zhf": "frontal",
    "zhp": "parietal",
    "zht": "temporal",
    "zho": "occipital",
    "zhb": "basal",
    "zhth": "thalamus",
    "zhc": "cerebellum",
    "zhs": "brainstem",
}
_SHORT = {
    "u": ("vertical", "upper"),
    "l": ("vertical", "lower"),
    "o": ("horizontal", "outer"),
    "i": ("horizontal", "inner"),
}
_QUADRANTS = {
    "outer": ("horizontal", "outer"),
    "inner": ("horizontal", "inner"),
    "upper": ("vertical", "upper"),
    "lower": ("vertical", "lower"),
    "central": ("depth", "central"),
    "axilla": ("depth", "axilla"),
    "zho": ("horizontal", "outer"),
    "zhi": ("horizontal", "inner"),
    "zhu": ("vertical", "upper"),
    "zhl": ("vertical", "lower"),
    "zhc": ("depth", "central"),
    "zha": ("depth", "axilla"),
}


@dataclass(frozen=True)
class Places:
    """sides: out of "left", "right", "both". levels: (group, value), values of one group exclude each other.

    side_at, level_at: the first words that say so.
    """

    sides: frozenset[str] = frozenset()
    levels: frozenset[Level] = frozenset()
    side_at: Span | None = None
    level_at: Span | None = None

    def __bool__(self) -> bool:
        return bool(self.sides or self.levels)

    def joined(self, other: Places) -> Places:
        return Places(
            self.sides | other.sides,
            self.levels | other.levels,
            self.side_at or other.side_at,
            self.level_at or other.level_at,
        )

    @property
    def reached(self) -> frozenset[str]:
        """The sides, both of them for "both"."""
        return frozenset({"left", "right"}) if "both" in self.sides else self.sides


def places_in(text: str, programme: str, offset: int = 0) -> Places:
    """The places a text names. offset: where the text begins in its sentence."""
    masked = _NO_PLACE.sub(lambda match: " " * len(match[0]), text)
    sides: dict[str, Span] = {}
    for match in _SIDE.finditer(masked):
        sides.setdefault(_SIDE_OF[str(match.lastgroup)], (match.start() + offset, match.end() + offset))
    levels: dict[Level, Span] = {}
    for level, span in _levels(masked, programme, frozenset(sides)):
        levels.setdefault(level, (span[0] + offset, span[1] + offset))
    return Places(
        frozenset(sides), frozenset(levels), min(sides.values(), default=None), min(levels.values(), default=None)
    )


def _levels(text: str, programme: str, sides: frozenset[str]) -> list[tuple[Level, Span]]:
    found: list[tuple[Level, Span]] = []
    if programme == "lung":
        for match in _LOBE.finditer(text):
            upper = match["lingula"] or match["tongue"]
            word = "upper" if upper else (match["word"] or match["short"] or match["zh"]).lower()
            found.append((("lobe", _LOBES[word]), match.span()))
    elif programme == "breast":
        for match in _QUADRANT.finditer(text):
            if match["short"]:
                found += [(_SHORT[letter], match.span()) for letter in match["short"].lower()[:2]]
            else:
                found.append((_QUADRANTS[str(match.lastgroup)], match.span()))
        for match in _CLOCK.finditer(text):
            found += [(level, match.span()) for level in _of_clock(int(match["hour"] or match["zhhour"]), sides)]
    elif programme == "brain":
        # How high a slice lies is no region: "level of the ventricles and basal ganglia".
        for match in _HEIGHTS.finditer(text):
            found.append((("height", str(match.lastgroup)), match.span()))
        for match in _BRAIN.finditer(_HEIGHT.sub(lambda height: " " * len(height[0]), text)):
            name = str(match.lastgroup)
            found.append((("region", _REGIONS.get(name, name)), match.span()))
    return found


def _of_clock(hour: int, sides: frozenset[str]) -> list[Level]:
    """The quadrant of an hour: seen from the front, the right breast's outer half is the clock's left one."""
    if not 1 <= hour <= 12:
        return []
    levels: list[Level] = [("clock", str(hour))]
    if hour in (10, 11, 12, 1, 2):
        levels.append(("vertical", "upper"))
    elif hour in (4, 5, 6, 7, 8):
        levels.append(("vertical", "lower"))
    if len(sides) == 1 and hour not in (6, 12):
        outer = 7 <= hour <= 11 if "right" in sides else 1 <= hour <= 5
        levels.append(("horizontal", "outer" if outer else "inner"))
    return levels


def level_differs(one: frozenset[Level], other: frozenset[Level]) -> bool:
    """Do both say something of one group, and nothing in common?"""
    for group in {group for group, _value in one} & {group for group, _value in other}:
        ours = {value for each, value in one if each == group}
        theirs = {value for each, value in other if each == group}
        if ours.isdisjoint(theirs) and not (group == "clock" and _near(ours, theirs)):
            return True
    return False


def _near(ours: set[str], theirs: set[str]) -> bool:
    """Hours that lie side by side are one place, read twice."""
    return any((int(one) - int(other)) % 12 in (0, 1, 11) for one in ours for other in theirs)


def side_differs(one: Places, other: Places) -> bool:
    return bool(one.sides and other.sides) and one.reached.isdisjoint(other.reached)
