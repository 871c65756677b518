"""The words the drafter may use about places, and how hostile text from outside is made harmless.

Shared by the reading of the input and the guard; the guard's own tables of facts are in `guard`.
"""

from __future__ import annotations

import re
import unicodedata

_PLACE_WORDS = """
right left both bilateral upper middle lower lobe lobes lingula lung lungs breast breasts outer inner central quadrant
quadrants retroareolar subareolar axillary tail axilla nipple hemisphere hemispheres cerebral midline cerebellum
cerebellar frontal temporal parietal occipital brainstem pons thalamus basal ganglia ventricle ventricles insula insular
falx tentorium fossa convexity subdural epidural subarachnoid intraventricular intraparenchymal extra-axial lateral
medial anterior posterior superior inferior apical segment segments region side zone part half deep superficial
peripheral near hilum hilar perihilar pleura pleural subpleural perifissural fissure juxtapleural apex base head brain
chest wall apicoposterior anteromedial ventral dorsal cranial caudal lobule hemithorax vermis sulcus cistern
above below level skull vertex
"""
_FILLERS = "the of in at and on to a with"
PLACE_WORDS = frozenset(_PLACE_WORDS.split())
FILLERS = frozenset(_FILLERS.split())
_COARSE_WORDS = (
    "right left both bilateral lung lungs breast breasts hemisphere hemispheres cerebral head brain side chest"
)
_COARSE = frozenset(_COARSE_WORDS.split())
_VIEW_WORDS = frozenset(("mlo", "cc", "ml", "lm", "view", "views"))
CLOCK = re.compile(r"(?:^|[,;] ?|\b(?:at|the) )(1[0-2]|[1-9]) ?o['’]?clock\b")
VIEWS = ("CC", "MLO", "ML", "LM", "XCCL", "XCCM", "SIO", "LMO")

UNREPEATABLE = "the text given cannot be repeated here"

LESION = (
    r"(?:nodul\w*|mass\w*|lesion\w*|ha?emorrhag\w*|bleed\w*|finding\w*|abnormal\w*|suspicio\w*|malignan\w*|cancer\w*"
    r"|tumou?r\w*|evidence|disease|patholog\w*|opacit\w*|blood|h(?:a)?ematoma\w*|calcification\w*|asymmetr\w*|distortion)"
)
_NEGATIVE = re.compile(
    rf"\b(?:no|without|absen\w+(?: of)?|free of|free from|neither|nor|never|zero|lacks?|denies|negative for)\b[^.;]*\b{LESION}"
    rf"|\b{LESION}\b[^.;]*\b(?:absent|(?:is|are|was|were) not\b|not (?:seen|found|present|detected|identified|visible)"
    r"|excluded|ruled out|nowhere)"
    r"|\b(?:normal|unremarkable|negative|clear|benign|healthy|reassuring|harmless|all good|fine)\b"
    r"|\bnothing\b|\bexclud\w+\b|\brul(?:es?|ed) out\b|\bnot?\b[^.;]{0,20}\b(?:see|find|detect|show)\w* any"
    r"|\b(?:lung|bi)-?rads(?: category)?:? ?[12]\b|\bcategory:? [12]\b",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"<\s*[^\s\d=.]|[{}`|\\]|\bignore\b|\binstruct|\bprompt\b|\bjavascript\b|https?:|\bsystem\b", re.IGNORECASE
)


def clean_text(value: object, limit: int = 240) -> str:
    """Text from outside on one line: compatibility forms folded, control and format characters gone, cut at `limit`."""
    if not isinstance(value, str):
        return ""
    folded = unicodedata.normalize("NFKC", value)
    kept = "".join(
        " " if char.isspace() else char for char in folded if unicodedata.category(char)[0] != "C" or char.isspace()
    )
    text = " ".join(kept.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def looks_negative(text: str) -> bool:
    """Could a hurried reader take this text for "nothing there"? Errs towards yes."""
    return bool(_NEGATIVE.search(clean_text(text, 10_000)))


def is_order(text: str) -> bool:
    """Does this text try to be markup, a slot or an order to a machine?"""
    return bool(_INSTRUCTION.search(text))


def is_quotable(text: str) -> bool:
    """May this text from outside be repeated in a report? Not if it reassures or tries to be markup or an order."""
    return bool(text) and not looks_negative(text) and not is_order(text)


def known_place(location: object) -> tuple[str, bool]:
    """The part of a location made of known anatomical words only, and whether that was all of it.

    Clauses between commas are kept or dropped whole, so a stray sentence cannot lend its words.
    """
    given = clean_text(location, 400).lower()
    text = CLOCK.sub(" ", given, count=1)  # told as a number of its own
    clauses = [clause.strip() for clause in re.split(r"[,;:.()\[\]/]+", text) if clause.strip()]
    kept = [clause for clause in clauses if _is_place(clause)]
    place = ", ".join(dict.fromkeys(kept))
    if len(place) > 100:
        return "", False
    return place, (bool(clauses) or text != given) and len(kept) == len(clauses) and isinstance(location, str) and len(
        location
    ) < 400


def is_precise(place: str) -> bool:
    """Does a known place say more than a side and an organ, so that two findings there may be one?"""
    return bool(set(re.findall(r"[a-z-]+", place)) & (PLACE_WORDS - _COARSE))


def _is_place(clause: str) -> bool:
    words = clause.split()
    return any(word in PLACE_WORDS for word in words) and all(
        word in PLACE_WORDS or word in FILLERS or word in _VIEW_WORDS for word in words
    )
