"""The department's hanging protocols, one for each kind of study."""

from __future__ import annotations

from typing import Any

from reports.layouts.schema import checked_protocol

KINDS = ("mammography", "lung", "brain", "other")
SIDES = ("R", "L")
Json = dict[str, Any]


def kind_of(modality: str, programme: str) -> str:
    """Which protocol a study hangs by: mammography by its modality, CT by its programme."""
    if modality == "MG":
        return "mammography"
    return programme if modality == "CT" and programme in KINDS else "other"


def _film(side: str, view: str, row: int, column: int, study: str = "current") -> Json:
    """Chest walls meet in the middle: that of a right breast stands at the right edge of its place."""
    name = f"{side}{view}" if study == "current" else f"prior-{side}{view}"
    wall = "right" if side == "R" else "left"
    return {
        "name": name, "row": row, "column": column, "study": study, "laterality": side, "view": view,
        "chest_wall": wall,
    }  # fmt: skip


def _films(name: str, rows: int, columns: int, places: list[Json]) -> Json:
    return {
        "name": name, "label": f"stage_{name.replace('-', '_').lower()}", "rows": rows, "columns": columns, "scale": "common",
        "without_prior": "collapse", "places": places,
    }  # fmt: skip


def _pair_over_prior(view: str) -> Json:
    now = [_film(side, view, 1, column) for column, side in enumerate(SIDES, 1)]
    then = [_film(side, view, 2, column, "prior") for column, side in enumerate(SIDES, 1)]
    return _films(f"{view.lower()}-prior", 2, 2, [*now, *then])


def _mammography() -> list[Json]:
    four = [
        _film(side, view, row, column)
        for row, view in enumerate(("CC", "MLO"), 1)
        for column, side in enumerate(SIDES, 1)
    ]
    full = [_films(f"{side}{view}", 1, 1, [_film(side, view, 1, 1)]) for view in ("CC", "MLO") for side in SIDES]
    return [_films("four", 2, 2, four), _pair_over_prior("CC"), _pair_over_prior("MLO"), *full]


def _stack(name: str, column: int = 1, row: int = 1, **more: Any) -> Json:
    return {"name": name, "row": row, "column": column, **more}


def _stage(name: str, rows: int, columns: int, places: list[Json], **more: Any) -> Json:
    label = f"stage_{name.replace('-', '_')}"
    return {
        "name": name,
        "label": label,
        "rows": rows,
        "columns": columns,
        "link": "position",
        "places": places,
        **more,
    }


def _single() -> Json:
    return _stage("one", 1, 1, [_stack("main")])


def _beside_prior() -> Json:
    return _stage("prior", 1, 2, [_stack("main"), _stack("prior", 2, study="prior")], without_prior="skip")


def _windows(name: str, rows: int, columns: int, *presets: str) -> Json:
    """One series in several windows, which scroll as one."""
    places = [
        _stack(
            "main" if at == 0 else f"window-{preset}", at % columns + 1, at // columns + 1, window={"preset": preset}
        )
        for at, preset in enumerate(presets)
    ]
    return _stage(name, rows, columns, places)


def _other() -> list[Json]:
    two = [_stack("main"), _stack("second", 2, nth=2)]
    return [_single(), _stage("series", 1, 2, two), _beside_prior()]


_STAGES: dict[str, list[Json]] = {
    "mammography": _mammography(),
    "lung": [_single(), _windows("lung-mediastinum", 1, 2, "lung", "mediastinum"), _beside_prior()],
    "brain": [_single(), _windows("brain-windows", 2, 2, "brain", "subdural", "bone", "stroke"), _beside_prior()],
    "other": _other(),
}
_PROTOCOLS = {
    kind: checked_protocol({"schema": 1, "kind": kind, "stages": stages}, KINDS) for kind, stages in _STAGES.items()
}


def department_protocol(kind: str) -> Json:
    """The protocol of a kind of study; not to be changed. Raises KeyError for an unknown kind."""
    return _PROTOCOLS[kind]
