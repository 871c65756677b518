"""The Brock (PanCan) risk that a nodule is malignant: McWilliams et al., N Engl J Med 2013;369:910.

Coefficients of models 1b, 2a and 2b; 2b as printed in PMC6717521, table 2. The size enters as
(mm/10)^-0.5 - 1.58113883, age less 62 years, the count less 4. A risk tool, not a diagnosis: it over-predicts
where cancers are rarer than in the Canadian screening cohort.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from screening.rules.reasons import Reason

Model = Literal["1b", "2a", "2b"]
NoduleKind = Literal["solid", "part-solid", "non-solid"]
SIZE_CENTRE = 1.58113883
AGE_CENTRE = 62.0
COUNT_CENTRE = 4


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Log odds of each term; None where the model lacks it."""

    intercept: float
    female: float
    size: float
    upper_lobe: float
    age: float | None = None
    family_history: float | None = None
    emphysema: float | None = None
    non_solid: float | None = None
    part_solid: float | None = None
    count: float | None = None
    spiculation: float | None = None


MODELS: Mapping[Model, Coefficients] = {
    "1b": Coefficients(-6.6144, 0.5806, -5.5537, 0.6009, spiculation=0.9309),
    "2a": Coefficients(-6.8071, 0.5635, -5.6693, 0.7116, 0.0321, 0.3013, 0.3462, -0.3055, 0.3395, -0.0803),
    "2b": Coefficients(
        -6.7892, 0.6011, -5.3854, 0.6581, 0.0287, 0.2961, 0.2953, -0.1276, 0.3770, -0.0824, spiculation=0.7729
    ),
}


@dataclass(frozen=True, slots=True)
class BrockInputs:
    """size_mm: the longest diameter. kind, upper_lobe: of this nodule. count: nodules, this one included.

    age: years. female, family_history, emphysema, spiculation: None when unknown.
    """

    size_mm: float
    kind: NoduleKind
    upper_lobe: bool
    count: int
    age: float | None
    female: bool | None = None
    family_history: bool | None = None
    emphysema: bool | None = None
    spiculation: bool | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """probability: 0–1. logit: its log odds. reasons: each term with what it added to the log odds."""

    probability: float
    logit: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RiskRange:
    """The lowest and highest probability (0–1) over all that is unknown, and what that is.

    reasons: the known terms with what each added to the log odds, the unknown ones with value None and in
    their text the span they leave open.
    """

    model: Model
    low: float
    high: float
    unknown: tuple[str, ...]
    reasons: tuple[Reason, ...]


def size_term(size_mm: float) -> float:
    """The transformed size. Raises ValueError unless size_mm is finite and above 0."""
    if not math.isfinite(size_mm) or size_mm <= 0.0:
        raise ValueError("A nodule's size is finite and above 0.")
    return float((size_mm / 10.0) ** -0.5) - SIZE_CENTRE


def risk(inputs: BrockInputs, model: Model = "2b") -> Risk:
    """The risk when everything the model asks for is known; ValueError names what is not."""
    unknown = _unknown(inputs, model)
    if unknown:
        raise ValueError(f"Model {model} needs {', '.join(unknown)}.")
    reasons = _terms(inputs, model)
    logit = sum(reason.contribution or 0.0 for reason in reasons)
    return Risk(1.0 / (1.0 + math.exp(-logit)), logit, reasons)


def risk_range(inputs: BrockInputs, model: Model = "2b") -> RiskRange | None:
    """The range of the risk over what is unknown; None without an age where the model asks for one.

    A yes-or-no input that is unknown is tried both ways, never guessed; an age has no such range.
    """
    unknown = _unknown(inputs, model)
    if "age" in unknown:
        return None
    answers = []
    for chosen in product((False, True), repeat=len(unknown)):
        tried: dict[str, Any] = dict(zip(unknown, chosen, strict=True))
        answers.append(risk(replace(inputs, **tried), model).probability)
    return RiskRange(model, min(answers), max(answers), unknown, _terms(inputs, model))


def _unknown(inputs: BrockInputs, model: Model) -> tuple[str, ...]:
    table = MODELS[model]
    asked = [name for name in ("family_history", "emphysema", "spiculation") if getattr(table, name) is not None]
    asked = [*(["age"] if table.age is not None else []), "female", *asked]
    return tuple(name for name in asked if getattr(inputs, name) is None)


def _terms(inputs: BrockInputs, model: Model) -> tuple[Reason, ...]:
    table = MODELS[model]
    if inputs.count < 1:
        raise ValueError("The count includes this nodule.")
    found = [Reason("intercept", None, "", "What the model begins with.", table.intercept)]

    def add(name: str, value: float | bool | str, unit: str, given: float, text: str) -> None:
        found.append(Reason(name, value, unit, f"{text}: {given:+.3f} log odds.", given))

    if table.age is not None and inputs.age is not None:
        add("age", inputs.age, "years", table.age * (inputs.age - AGE_CENTRE), f"Age {inputs.age:g} years")
    size = table.size * size_term(inputs.size_mm)
    add("size", inputs.size_mm, "mm", size, f"Longest diameter {inputs.size_mm:g} mm")
    if table.non_solid is not None and table.part_solid is not None:
        given = {"solid": 0.0, "part-solid": table.part_solid, "non-solid": table.non_solid}[inputs.kind]
        add("kind", inputs.kind, "", given, f"{inputs.kind.capitalize()} nodule")
    place = "In an upper lobe" if inputs.upper_lobe else "Not in an upper lobe"
    add("upper_lobe", inputs.upper_lobe, "", table.upper_lobe * inputs.upper_lobe, place)
    if table.count is not None:
        nodules = f"{inputs.count} nodule{'s' if inputs.count != 1 else ''} in all"
        add("count", inputs.count, "", table.count * (inputs.count - COUNT_CENTRE), nodules)
    for name, words in (
        ("female", "Female sex"),
        ("family_history", "Family history of lung cancer"),
        ("emphysema", "Emphysema"),
        ("spiculation", "Spiculation"),
    ):
        weight, value = getattr(table, name), getattr(inputs, name)
        if weight is None:
            continue
        if value is None:
            found.append(Reason(name, None, "", f"{words} unknown: between 0 and {weight:+.3f} log odds."))
        else:
            add(name, value, "", weight * value, words if value else f"{words}: no")
    return tuple(found)
