"""Hanging protocols as data."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reports.layouts import KINDS, LayoutError, checked_protocol, department_protocol, kind_of


def changed(kind: str, **stage: Any) -> dict[str, Any]:
    protocol = copy.deepcopy(department_protocol(kind))
    protocol["stages"][0].update(stage)
    return protocol


def place(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "row": 1, "column": 1, **fields}


@pytest.mark.parametrize("kind", KINDS)
def test_the_departments_protocols_read_back_as_they_are(kind):
    protocol = department_protocol(kind)
    assert checked_protocol(copy.deepcopy(protocol), KINDS) == protocol
    assert protocol["stages"][0]["places"][0]["study"] == "current"


def test_mammograms_open_with_four_views_and_then_each_view_over_its_prior():
    stages = {stage["name"]: stage for stage in department_protocol("mammography")["stages"]}
    assert list(stages) == ["four", "cc-prior", "mlo-prior", "RCC", "LCC", "RMLO", "LMLO"]
    four = {place["name"]: (place["row"], place["column"], place["chest_wall"]) for place in stages["four"]["places"]}
    assert four == {
        "RCC": (1, 1, "right"), "LCC": (1, 2, "left"), "RMLO": (2, 1, "right"), "LMLO": (2, 2, "left"),
    }  # fmt: skip
    assert [(each["study"], each["row"], each["laterality"]) for each in stages["mlo-prior"]["places"]] == [
        ("current", 1, "R"), ("current", 1, "L"), ("prior", 2, "R"), ("prior", 2, "L"),
    ]  # fmt: skip
    assert all(stage["scale"] == "common" for stage in stages.values())


@pytest.mark.parametrize(
    ("modality", "programme", "kind"),
    [("MG", "breast", "mammography"), ("MG", "", "mammography"), ("CT", "lung", "lung"), ("CT", "brain", "brain"),
     ("CT", "", "other"), ("MR", "", "other"), ("CR", "lung", "other")],
)  # fmt: skip
def test_a_study_hangs_by_its_modality_and_programme(modality, programme, kind):
    assert kind_of(modality, programme) == kind


@pytest.mark.parametrize(
    "protocol",
    [
        None,
        [],
        {},
        {**department_protocol("lung"), "schema": 2},
        {**department_protocol("lung"), "kind": "heart"},
        {**department_protocol("lung"), "stages": []},
        {**department_protocol("lung"), "stages": department_protocol("lung")["stages"][:1] * 2},
        {**department_protocol("lung"), "stages": department_protocol("lung")["stages"][:1] * 13},
        {**department_protocol("lung"), "script": "x"},
        changed("lung", rows=0),
        changed("lung", rows=5),
        changed("lung", rows=True),
        changed("lung", label="x" * 61),
        changed("lung", label="a\nb"),
        changed("lung", name="<b>"),
        changed("lung", scale="as large as it gets"),
        changed("lung", places=[place(row=2)]),
        changed("lung", rows=2, places=[place(), place(name="b", rows=2)]),
        changed("lung", places=[place(column=1, columns=2)]),
        changed("lung", rows=2, places=[place(), place(row=2)]),
        changed("lung", places=[place(window={"width": 0, "level": 1})]),
        changed("lung", places=[place(window={"width": 1e400, "level": 1})]),
        changed("lung", places=[place(window={"preset": "lung", "width": 1})]),
        changed("lung", places=[place(laterality="B")]),
        changed("lung", places=[place(description=1)]),
    ],
)
def test_what_is_no_hanging_protocol_is_refused(protocol):
    with pytest.raises(LayoutError):
        checked_protocol(protocol, KINDS)


def test_a_protocol_that_shows_only_the_earlier_study_is_refused():
    protocol = {**department_protocol("lung"), "stages": [department_protocol("lung")["stages"][0]]}
    protocol = copy.deepcopy(protocol)
    protocol["stages"][0]["places"][0]["study"] = "prior"
    with pytest.raises(LayoutError, match="current study"):
        checked_protocol(protocol, KINDS)
