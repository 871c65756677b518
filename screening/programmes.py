"""THE table of programmes, and the routing of a study to one of them.

A new programme is one entry here, one scorer, one report content file and one bundle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Protocol:
    """How many readings a study needs."""

    readings: int = 1


@dataclass(frozen=True, slots=True)
class WindowPreset:
    """A display window in HU; key is the number key that sets it."""

    key: str
    name: str
    label: str | Promise
    width: int
    level: int


@dataclass(frozen=True, slots=True)
class Programme:
    """windows: time from receipt to due, by tier. modalities: DICOM Modality values it takes."""

    name: str
    label: str | Promise
    modalities: frozenset[str]
    bundle: str
    windows: dict[str, timedelta]
    body_parts: re.Pattern[str]
    words: re.Pattern[str]
    not_words: re.Pattern[str]
    minimum_images: int
    presets: tuple[WindowPreset, ...]
    quiet_seconds: int | None = None
    protocol: Protocol = Protocol()
    hold_back_ai: bool = False


def _pattern(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_NEVER = re.compile(r"(?!)")

LUNG_PRESET = WindowPreset("1", "lung", _("Lung"), 1500, -600)
SOFT_PRESET = WindowPreset("2", "soft", _("Soft tissue"), 400, 40)
BONE_PRESET = WindowPreset("3", "bone", _("Bone"), 2500, 480)

PROGRAMMES: dict[str, Programme] = {
    "lung": Programme(
        name="lung",
        label=_("Lung"),
        modalities=frozenset({"CT"}),
        bundle="lung-nodule",
        windows={
            "critical": timedelta(minutes=30),
            "urgent": timedelta(hours=4),
            "soon": timedelta(hours=24),
            "routine": timedelta(hours=72),
        },
        body_parts=_pattern(r"^CHEST$", r"^LUNGS?$", r"^THORAX$", r"^CHEST.?ABD", r"^THORA"),
        words=_pattern(r"chest", r"lung", r"thora", r"ldct", r"nodul", r"\bLCS\b", r"nlst", r"胸", r"肺", r"poumon"),
        not_words=_pattern(r"angio", r"\bCTA\b", r"\bCTPA\b", r"cardiac", r"coronar", r"calcium", r"biops"),
        minimum_images=20,
        presets=(LUNG_PRESET, WindowPreset("2", "mediastinum", _("Mediastinum"), 350, 50), BONE_PRESET),
    ),
    "breast": Programme(
        name="breast",
        label=_("Breast"),
        modalities=frozenset({"MG"}),
        bundle="breast-film",
        windows={
            "critical": timedelta(minutes=30),
            "urgent": timedelta(hours=4),
            "soon": timedelta(hours=24),
            "routine": timedelta(hours=72),
        },
        # Modality MG says breast; a body part is asked for only to notice a contradiction.
        body_parts=_pattern(r"^$", r"BREAST", r"MAMM"),
        words=_pattern(r"."),
        not_words=_pattern(r"specimen", r"biops", r"stereota", r"galacto"),
        minimum_images=1,
        presets=(),
    ),
    "brain": Programme(
        name="brain",
        label=_("Brain"),
        modalities=frozenset({"CT"}),
        bundle="brain-haemorrhage",
        windows={
            "critical": timedelta(minutes=10),
            "urgent": timedelta(minutes=30),
            "soon": timedelta(hours=4),
            "routine": timedelta(hours=24),
        },
        body_parts=_pattern(r"^HEAD$", r"^BRAIN$", r"^SKULL$", r"^CRANI", r"^HEAD.?BRAIN"),
        words=_pattern(r"\bhead\b", r"brain", r"crani", r"cereb", r"schädel", r"\bCCT\b", r"头", r"颅", r"crâne"),
        not_words=_pattern(
            r"angio", r"\bCTA\b", r"perfus", r"sinus", r"orbit", r"facial", r"dental", r"neck", r"spine"
        ),
        minimum_images=10,
        presets=(
            WindowPreset("1", "brain", _("Brain"), 80, 40),
            WindowPreset("2", "subdural", _("Subdural"), 215, 75),
            WindowPreset("3", "bone", _("Bone"), 2500, 480),
            WindowPreset("4", "stroke", _("Stroke"), 40, 40),
        ),
    ),
}

# Presets of a CT that no programme reads.
GENERAL_PRESETS = (SOFT_PRESET, LUNG_PRESET, BONE_PRESET)
DEFAULT_WINDOW = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What routing looks at. All of it is text out of DICOM tags: hostile and often wrong.

    extent_mm: length covered along the patient axis, None when unknown; in_plane_mm: field of
    view, None when unknown. primary: images that are not localisers, derived or screen saves.
    """

    modality: str
    body_part: str = ""
    descriptions: tuple[str, ...] = ()
    images: int = 0
    primary: int = 0
    in_plane_mm: float | None = None
    extent_mm: float | None = None
    contrast: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """programme: None is out of scope; reason: one sentence for the row."""

    programme: str | None
    reason: str


def _looks_like(programme: Programme, series: SeriesFacts) -> int:
    """Points for a programme: body part counts most, words next, geometry breaks ties of silence."""
    text = " ".join(series.descriptions)
    if programme.not_words.search(text):
        return 0
    points = 0
    part = series.body_part.strip().upper()
    if part and programme.body_parts.search(part):
        points += 4
    if programme.words.search(text):
        points += 3
    if points == 0 and not part and not text.strip():
        points += _fits_geometry(programme, series)
    return points


def _fits_geometry(programme: Programme, series: SeriesFacts) -> int:
    """A CT with no word about its body part: a head fits into 26 cm, a chest needs 28 cm or more."""
    if series.in_plane_mm is None or series.extent_mm is None:
        return 0
    if programme.name == "brain":
        return int(series.in_plane_mm <= 260 and 90 <= series.extent_mm <= 220)
    if programme.name == "lung":
        return int(series.in_plane_mm >= 280 and 200 <= series.extent_mm <= 450)
    return 0


def route(series: Sequence[SeriesFacts]) -> Route:
    """Choose the programme of a study from modality, body part, description and geometry."""
    usable = [item for item in series if item.primary > 0]
    modalities = sorted({item.modality for item in series if item.modality})
    if not usable:
        return Route(None, "Only localisers, derived images or objects without an image.")
    best: tuple[int, int, str] | None = None
    for programme in PROGRAMMES.values():
        for item in usable:
            if item.modality not in programme.modalities or item.primary < programme.minimum_images:
                continue
            points = 5 if programme.name == "breast" and _is_breast(programme, item) else 0
            points = points or (_looks_like(programme, item) if programme.name != "breast" else 0)
            if points and (best is None or (points, item.primary) > best[:2]):
                best = (points, item.primary, programme.name)
    if best:
        return Route(best[2], "")
    if modalities == ["MR"]:
        return Route(None, "No model reads MR yet.")
    shown = ", ".join(m for m in modalities if re.fullmatch(r"[A-Z]{2,16}", m)) or "no known modality"
    return Route(None, f"No model reads this kind of study ({shown}).")


def _is_breast(programme: Programme, item: SeriesFacts) -> bool:
    text = " ".join(item.descriptions)
    return bool(programme.body_parts.search(item.body_part.strip().upper())) and not programme.not_words.search(text)


def due_window(programme: str, tier: str) -> timedelta:
    """Time from receipt to due; a study of no programme gets the default window."""
    entry = PROGRAMMES.get(programme)
    return entry.windows[tier] if entry else DEFAULT_WINDOW


def presets_for(programme: str) -> tuple[WindowPreset, ...]:
    entry = PROGRAMMES.get(programme)
    return entry.presets if entry else GENERAL_PRESETS
