"""The form of a hanging protocol, and the checking of what a browser sends.

{"schema": 1, "kind", "stages": [stage …]}: the first stage is the one a study opens in.
stage: {"name", "label", "rows", "columns", "scale", "link", "without_prior", "places": [place …]}.
place: {"name", "row", "column", "rows", "columns", "study", "laterality", "view", "modality", "description",
"orientation", "nth", "window", "chest_wall"}, rows and columns counted from 1.

- label: a key of the page's strings, or a reader's own words. scale: "fit", each image as large as its place
  allows, or "common", all at one number of millimetres a pixel. link: "position", stacks scroll together by
  patient position, or "none". without_prior: what becomes of the stage where there is no earlier study,
  "skip" or "collapse" (its places for the current study fill the screen).
- study: "current" or "prior". laterality, view: of a mammogram. modality, description (a part of it),
  orientation: of a series; an empty one says nothing, and with none of them the series that the study opens
  with is meant. nth: which of several series that fit.
- window: {} (as the study opens), {"preset": name} or {"width", "level"}. chest_wall: the edge of the place at
  which the chest wall stands, "left" or "right", "" for an image in the middle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

SCHEMA = 1
MOST_STAGES = 12
MOST_SIDES = 4
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
LONGEST_LABEL = 60
LONGEST_TEXT = 256
WIDEST = 100_000
CHOICES: dict[str, tuple[str, ...]] = {
    "scale": ("fit", "common"),
    "link": ("none", "position"),
    "without_prior": ("skip", "collapse"),
    "study": ("current", "prior"),
    "laterality": ("", "R", "L"),
    "view": ("", "CC", "MLO"),
    "orientation": ("", "axial", "coronal", "sagittal"),
    "chest_wall": ("", "left", "right"),
}
# What a person may well build, and is told in their language.
NO_CURRENT = "No stage shows the current study."
Json = dict[str, Any]


class LayoutError(ValueError):
    """What was sent is no hanging protocol; `str(error)` is one plain sentence."""


def checked_protocol(value: object, kinds: Sequence[str]) -> Json:
    """The protocol with every field present and nothing else. Raises `LayoutError`."""
    given = _object(value, "A hanging protocol", {"schema", "kind", "stages"})
    if given.get("schema") != SCHEMA:
        raise LayoutError(f"This program knows hanging protocols of schema {SCHEMA} only.")
    kind = given.get("kind")
    if kind not in kinds:
        raise LayoutError("The kind of study is not known.")
    stages = [_stage(each) for each in _list(given.get("stages"), "Stages", MOST_STAGES)]
    if len({stage["name"] for stage in stages}) != len(stages):
        raise LayoutError("Two stages have one name.")
    if all(_only_prior(stage) for stage in stages):
        raise LayoutError(NO_CURRENT)
    return {"schema": SCHEMA, "kind": kind, "stages": stages}


def _stage(value: object) -> Json:
    given = _object(value, "A stage", {"name", "label", "rows", "columns", "scale", "link", "without_prior", "places"})
    stage: Json = {
        "name": _name(given.get("name")),
        "label": _text(given.get("label"), LONGEST_LABEL),
        "rows": _count(given.get("rows"), MOST_SIDES),
        "columns": _count(given.get("columns"), MOST_SIDES),
        **{name: _choice(name, given) for name in ("scale", "link", "without_prior")},
    }
    places = [_place(each) for each in _list(given.get("places"), "Places", MOST_SIDES**2)]
    if len({place["name"] for place in places}) != len(places):
        raise LayoutError("Two places of a stage have one name.")
    _stand_apart(stage, places)
    return {**stage, "places": places}


def _place(value: object) -> Json:
    names = {"name", "row", "column", "rows", "columns", "modality", "description", "nth", "window"}
    chosen = ("study", "laterality", "view", "orientation", "chest_wall")
    given = _object(value, "A place", {*names, *chosen})
    return {
        "name": _name(given.get("name")),
        "row": _count(given.get("row"), MOST_SIDES),
        "column": _count(given.get("column"), MOST_SIDES),
        "rows": _count(given.get("rows", 1), MOST_SIDES),
        "columns": _count(given.get("columns", 1), MOST_SIDES),
        **{name: _choice(name, given) for name in chosen},
        "modality": _text(given.get("modality", ""), 16),
        "description": _text(given.get("description", ""), LONGEST_TEXT),
        "nth": _count(given.get("nth", 1), 99),
        "window": _window(given.get("window", {})),
    }


def _stand_apart(stage: Json, places: Sequence[Json]) -> None:
    taken: set[tuple[int, int]] = set()
    for place in places:
        rows = range(place["row"], place["row"] + place["rows"])
        columns = range(place["column"], place["column"] + place["columns"])
        if rows[-1] > stage["rows"] or columns[-1] > stage["columns"]:
            raise LayoutError("A place lies outside its stage.")
        cells = {(row, column) for row in rows for column in columns}
        if cells & taken:
            raise LayoutError("Two places of a stage overlap.")
        taken |= cells


def _only_prior(stage: Json) -> bool:
    return all(place["study"] == "prior" for place in stage["places"])


def _window(value: object) -> Json:
    given = _object(value, "A window", {"preset", "width", "level"})
    if not given:
        return {}
    if set(given) == {"preset"}:
        return {"preset": _name(given["preset"])}
    width, level = given.get("width"), given.get("level")
    if not (_is_number(width) and _is_number(level) and 1 <= cast("float", width) <= WIDEST):
        raise LayoutError("A window needs a width of 1 or more and a level.")
    if abs(cast("float", level)) > WIDEST:
        raise LayoutError("The level of a window is out of range.")
    return {"width": width, "level": level}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _object(value: object, what: str, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise LayoutError(f"{what} is not an object.")
    if unknown := sorted(set(value) - names):
        raise LayoutError(f"{what} has no field {str(unknown[0])[:40]!r}.")
    return value


def _list(value: object, what: str, most: int) -> Sequence[object]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise LayoutError(f"{what} are a list of 1 to {most}.")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise LayoutError("A name is 1 to 40 letters, digits, hyphens or underscores.")
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise LayoutError(f"A text is at most {longest} printable characters.")
    return value


def _count(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise LayoutError(f"A count is a whole number from 1 to {most}.")
    return value


def _choice(name: str, given: Mapping[str, Any]) -> str:
    value = given.get(name, CHOICES[name][0])
    if value not in CHOICES[name]:
        raise LayoutError(f"The field {name!r} is one of {', '.join(map(repr, CHOICES[name]))}.")
    return cast("str", value)
