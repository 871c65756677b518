"""Every act of the keyboard, in one table: its name, where it holds, its keys and what people are told of it.

A new act costs one row here and one line beside the page's other acts (`frontend/src/reading-room/keymap.js` or
`frontend/src/worklist/keys.js`): name → function. Pages get the table, with a person's own keys, as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _


class Scope(StrEnum):
    """Where an act holds. The room is viewer and report together; "anywhere" holds on every page."""

    WORKLIST = "worklist"
    VIEWER = "viewer"
    REPORT = "report"
    ANYWHERE = "anywhere"


SCOPE_WORDS: dict[Scope, str | Promise] = {
    Scope.WORKLIST: _("Worklist"),
    Scope.VIEWER: _("Images"),
    Scope.REPORT: _("Report"),
    Scope.ANYWHERE: _("Everywhere"),
}
# Scopes that hold on one page; two acts of one page never share a key.
PAGES = (
    frozenset({Scope.WORKLIST, Scope.ANYWHERE}),
    frozenset({Scope.VIEWER, Scope.REPORT, Scope.ANYWHERE}),
)


@dataclass(frozen=True)
class Act:
    """`keys`: as `canonical` writes them. `repeats`: goes on while the key is held down."""

    name: str
    scope: Scope
    keys: tuple[str, ...]
    words: str | Promise
    repeats: bool = False


ACTS: tuple[Act, ...] = (
    # Worklist
    Act("list-up", Scope.WORKLIST, ("ArrowUp",), _("The row above"), repeats=True),
    Act("list-down", Scope.WORKLIST, ("ArrowDown",), _("The row below"), repeats=True),
    Act("list-first", Scope.WORKLIST, ("Home",), _("First row")),
    Act("list-last", Scope.WORKLIST, ("End",), _("Last row")),
    Act("list-open", Scope.WORKLIST, ("Enter",), _("Open the chosen study")),
    Act("list-search", Scope.WORKLIST, ("/",), _("Search by name, ID or accession")),
    Act("list-next", Scope.WORKLIST, ("J",), _("Read the next study")),
    Act("list-aside", Scope.WORKLIST, ("D",), _("Set aside, hand over, notes")),
    Act("list-urgent", Scope.WORKLIST, ("U",), _("Take the more urgent study")),
    Act("list-undo", Scope.WORKLIST, ("Z",), _("Undo what was set aside or handed over")),
    # Images
    Act("previous-slice", Scope.VIEWER, ("ArrowUp",), _("Previous slice"), repeats=True),
    Act("next-slice", Scope.VIEWER, ("ArrowDown",), _("Next slice"), repeats=True),
    Act("first-slice", Scope.VIEWER, ("Home",), _("First slice")),
    Act("last-slice", Scope.VIEWER, ("End",), _("Last slice")),
    Act("window-1", Scope.VIEWER, ("1",), _("Window 1 of the programme")),
    Act("window-2", Scope.VIEWER, ("2",), _("Window 2 of the programme")),
    Act("window-3", Scope.VIEWER, ("3",), _("Window 3 of the programme")),
    Act("window-4", Scope.VIEWER, ("4",), _("Window 4 of the programme")),
    Act("window-5", Scope.VIEWER, ("5",), _("Window 5 of the programme")),
    Act("window-6", Scope.VIEWER, ("6",), _("Window 6 of the programme")),
    Act("window-7", Scope.VIEWER, ("7",), _("Window 7 of the programme")),
    Act("window-8", Scope.VIEWER, ("8",), _("Window 8 of the programme")),
    Act("window-9", Scope.VIEWER, ("9",), _("Window 9 of the programme")),
    Act("invert", Scope.VIEWER, ("I",), _("Invert the grey scale")),
    Act("reset", Scope.VIEWER, ("Space",), _("Window, size and place as opened")),
    Act("length", Scope.VIEWER, ("L",), _("Measure a length")),
    Act("bidirectional", Scope.VIEWER, ("B",), _("Measure two axes")),
    Act("angle", Scope.VIEWER, ("A",), _("Measure an angle")),
    Act("ellipse", Scope.VIEWER, ("O",), _("Mean of an ellipse")),
    Act("rectangle", Scope.VIEWER, ("Q",), _("Mean of a rectangle")),
    Act("arrow", Scope.VIEWER, ("T",), _("Arrow with text")),
    Act("probe", Scope.VIEWER, ("U",), _("Value of one pixel")),
    Act("remove-measure", Scope.VIEWER, ("Delete", "Backspace"), _("Remove the chosen measure")),
    Act("loupe", Scope.VIEWER, ("Z",), _("Loupe")),
    Act("zoom-in", Scope.VIEWER, ("+", "="), _("Larger"), repeats=True),
    Act("zoom-out", Scope.VIEWER, ("-",), _("Smaller"), repeats=True),
    Act("fit", Scope.VIEWER, ("0",), _("Fit the image, or show it pixel for pixel")),
    Act("rotate", Scope.VIEWER, ("R",), _("Turn by 90°")),
    Act("flip-horizontal", Scope.VIEWER, ("Shift+R",), _("Flip left to right")),
    Act("flip-vertical", Scope.VIEWER, ("Shift+F",), _("Flip top to bottom")),
    Act("cine", Scope.VIEWER, ("K",), _("Play or pause")),
    Act("planes", Scope.VIEWER, ("V",), _("Three planes on and off")),
    Act("next-plane", Scope.VIEWER, ("Shift+V",), _("The next of the three planes")),
    Act("slab", Scope.VIEWER, ("S",), _("Thick slab (maximum) on and off")),
    Act("previous-stage", Scope.VIEWER, (",",), _("Previous stage of the layout")),
    Act("next-stage", Scope.VIEWER, (".",), _("Next stage of the layout")),
    Act("prior", Scope.VIEWER, ("P",), _("The prior beside the current study, and away")),
    Act("link", Scope.VIEWER, ("Shift+P",), _("Link or unlink the two stacks")),
    Act("confirm-match", Scope.VIEWER, ("Shift+S",), _("The chosen finding is the same lesion as before")),
    Act("reject-match", Scope.VIEWER, ("Shift+A",), _("The chosen finding is not the same lesion")),
    Act("marks", Scope.VIEWER, ("M",), _("AI marks on and off")),
    Act("heat", Scope.VIEWER, ("H",), _("Heat map on or off")),
    Act("previous-finding", Scope.VIEWER, ("[",), _("Previous finding"), repeats=True),
    Act("next-finding", Scope.VIEWER, ("]",), _("Next finding"), repeats=True),
    Act("second-window", Scope.VIEWER, ("Shift+I",), _("Images into a second window, and back")),
    Act("enlarge", Scope.VIEWER, ("F",), _("Enlarge one view")),
    Act("accept-finding", Scope.VIEWER, ("Y",), _("Accept the chosen finding")),
    Act("reject-finding", Scope.VIEWER, ("X",), _("Reject the chosen finding, with a reason")),
    Act("correct-finding", Scope.VIEWER, ("Shift+E",), _("Correct the chosen finding")),
    Act("add-finding", Scope.VIEWER, ("Shift+D",), _("Draw a finding of your own")),
    # Report
    Act("opinion-normal", Scope.REPORT, ("Shift+Y",), _("First opinion: normal")),
    Act("opinion-abnormal", Scope.REPORT, ("Shift+X",), _("First opinion: abnormal")),
    Act("insert-measure", Scope.REPORT, ("G", "Ctrl+M"), _("Measurement into the report")),
    Act("edit", Scope.REPORT, ("E",), _("Write in the report")),
    Act("answers", Scope.REPORT, ("Shift+Q",), _("Answer what the report asks")),
    Act("answer-to-text", Scope.REPORT, ("Ctrl+B",), _("Write the text from the answer")),
    Act("text-to-answer", Scope.REPORT, ("Ctrl+G",), _("Take the answer from the text")),
    Act("sentence-accept", Scope.REPORT, ("Ctrl+K",), _("Accept the sentence of the AI")),
    Act("sentence-drop", Scope.REPORT, ("Ctrl+D",), _("Take the sentence out")),
    Act("sentence-reword", Scope.REPORT, ("Ctrl+E",), _("Write the sentence anew")),
    Act("phrase", Scope.REPORT, ("/",), _("Insert a phrase of your own")),
    Act("normal", Scope.REPORT, ("N",), _("Normal text into empty sections")),
    Act("normal-undo", Scope.REPORT, ("Shift+N",), _("Take the normal text out again")),
    Act("next-remark", Scope.REPORT, ("Ctrl+I", "F8"), _("The next thing to check before signing")),
    Act("save", Scope.REPORT, ("Ctrl+S",), _("Save now")),
    Act("sign", Scope.REPORT, ("Ctrl+Enter",), _("Sign")),
    Act("claim", Scope.REPORT, ("C",), _("Claim the study")),
    Act("next", Scope.REPORT, ("J",), _("Next study")),
    Act("tell", Scope.REPORT, ("W",), _("Tell somebody of a critical result")),
    Act("tasks", Scope.REPORT, ("Shift+T",), _("All tasks of the study, or the most pressing alone")),
    Act("recommend", Scope.REPORT, ("Shift+W",), _("Recommend a follow-up")),
    Act("opinion", Scope.REPORT, ("Shift+O",), _("Give an opinion")),
    Act("urgent", Scope.REPORT, ("Shift+J",), _("Take the more urgent study")),
    Act("aside", Scope.REPORT, ("D",), _("Set aside, hand over, notes")),
    # Everywhere
    Act("show-keys", Scope.ANYWHERE, ("?",), _("Show or hide this list")),
)
BY_NAME: dict[str, Act] = {act.name: act for act in ACTS}
# Without this one a person could not find the others again.
ALWAYS_KEYED = frozenset({"show-keys"})
KEYS_PER_ACT = 3

_NAMED = {
    name.lower(): name
    for name in (
        *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"),
        *("Enter", "Space", "Insert", "Delete", "Backspace"),
        *(f"F{number}" for number in (2, 3, 4, 6, 7, 8, 9, 10)),
    )
}
# The browser's own, and those of writing: a page that takes them takes something away.
_RESERVED = frozenset(f"Ctrl+{letter}" for letter in "ACNQRTVWXYZ")
_KEY = re.compile(r"(?P<ctrl>ctrl\+)?(?P<shift>shift\+)?(?P<key>.+)", re.IGNORECASE)


class KeymapError(ValueError):
    """A map that cannot be used; `str` is the sentence for people."""


def canonical(text: str) -> str:
    """A key as the table writes it: "Ctrl+Enter", "Shift+M", "I", "[". Raises KeymapError for what is none of ours."""
    match = _KEY.fullmatch(text.strip()[:40])
    key = match["key"] if match else ""
    if key.lower() in _NAMED:
        key = _NAMED[key.lower()]
    elif len(key) == 1 and key.isprintable() and not key.isspace():
        key = key.upper() if len(key.upper()) == 1 else key
    else:
        raise KeymapError(_now("“%(key)s” is not a key that can be chosen.") % {"key": text[:40]})
    assert match is not None
    if match["shift"] and len(key) == 1 and key.lower() == key.upper():
        raise KeymapError(_now("“%(key)s” is not a key that can be chosen.") % {"key": text[:40]})
    whole = f"{'Ctrl+' if match['ctrl'] else ''}{'Shift+' if match['shift'] else ''}{key}"
    if whole in _RESERVED:
        raise KeymapError(_now("%(key)s belongs to the browser or to writing.") % {"key": whole})
    return whole


def meet(one: Scope, other: Scope) -> bool:
    """Whether acts of both scopes hold on some page."""
    return any(one in page and other in page for page in PAGES)


def collision(keys: Mapping[str, Iterable[str]]) -> tuple[Act, Act, str] | None:
    """The first two acts of one page that want one key, in the order of the table, and that key."""
    taken: list[tuple[str, Act]] = []
    for act in ACTS:
        for key in keys.get(act.name, ()):
            for held, holder in taken:
                if held == key and meet(holder.scope, act.scope):
                    return holder, act, key
            taken.append((key, act))
    return None


def effective(own: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Keys by act for a person who changed `own`. What they chose goes first; a default that was chosen for
    something else is left out, so that a new act of ours never takes away a key of theirs."""
    chosen = {name: tuple(keys) for name, keys in own.items() if name in BY_NAME}
    whole: dict[str, tuple[str, ...]] = {}
    for act in ACTS:
        if act.name in chosen:
            whole[act.name] = chosen[act.name]
            continue
        taken = {key for name, keys in chosen.items() if meet(BY_NAME[name].scope, act.scope) for key in keys}
        whole[act.name] = tuple(key for key in act.keys if key not in taken)
    return whole


def own_keys(wanted: Any) -> dict[str, list[str]]:
    """`wanted` (act → keys), checked, less what is as by default. Raises KeymapError with a sentence."""
    if not isinstance(wanted, Mapping):
        raise KeymapError(_now("This is not a map of keys."))
    chosen: dict[str, tuple[str, ...]] = {}
    for name, keys in wanted.items():
        act = BY_NAME.get(str(name))
        if act is None:
            raise KeymapError(_now("“%(name)s” is not an act of this program.") % {"name": str(name)[:40]})
        if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
            raise KeymapError(_now("The keys of “%(act)s” are not a list of keys.") % {"act": act.words})
        chosen[act.name] = tuple(dict.fromkeys(canonical(key) for key in keys))
        if len(chosen[act.name]) > KEYS_PER_ACT:
            text = _now("“%(act)s” has more than %(count)d keys.")
            raise KeymapError(text % {"act": act.words, "count": KEYS_PER_ACT})
        if act.name in ALWAYS_KEYED and not chosen[act.name]:
            raise KeymapError(_now("“%(act)s” needs a key.") % {"act": act.words})
    whole = {act.name: chosen.get(act.name, act.keys) for act in ACTS}
    if clash := collision(whole):
        first, second, key = clash
        text = _now("%(key)s is wanted by “%(first)s” and by “%(second)s”. Each needs a key of its own.")
        raise KeymapError(text % {"key": key, "first": first.words, "second": second.words})
    return {name: list(keys) for name, keys in chosen.items() if keys != BY_NAME[name].keys}


def page_keymap(own: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """The table as pages get it, in the language of the request, ready for JSON."""
    keys = effective(own)
    return {
        "acts": [
            {
                "name": act.name,
                "scope": act.scope.value,
                "keys": list(keys[act.name]),
                "words": str(act.words),
                "repeats": act.repeats,
            }
            for act in ACTS
        ],
        "pages": [sorted(page) for page in PAGES],
        "scopes": {scope.value: str(words) for scope, words in SCOPE_WORDS.items()},
        "words": {
            "Space": _now("Space"),
            "all": _now("All keys"),
            "close": _now("Close"),
            "change": _now("Change keys"),
        },
    }
