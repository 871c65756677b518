"""From one line of `score --json` to checked facts. Everything in it may be hostile or missing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports.content import ReportContent, content_for
from reports.drafting import chinese
from reports.drafting.language import (
    CLOCK,
    UNREPEATABLE,
    VIEWS,
    clean_text,
    is_order,
    is_precise,
    is_quotable,
    known_place,
    looks_negative,
)
from reports.drafting.types import CHANGES, DraftInputError, FindingFacts, HouseStyle, Quantity, StudyFacts
from screening.rules.growth import LIMIT_MM

STATES = ("scored", "refused", "failed", "pending", "out_of_scope")
UNSAID = "the input does not say that the study was scored"
CATEGORIES = ("0", "1", "2", "3", "4A", "4B", "4X")


def number_words(value: object, largest: float = 1_000_000) -> str | None:
    """A positive number as its input wrote it ("8.1", "8.0", "8"); None for anything else.

    More than three decimals are rounded to one, as Lung-RADS asks for.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if not 0 < value <= largest:
        return None
    if isinstance(value, int):
        return str(value)
    words = repr(value)
    if "e" in words or len(words.partition(".")[2]) > 3:
        words = f"{value:.1f}"
    return words if Decimal(words) > 0 else None


def _quantity(words: str, unit: str, role: str) -> Quantity:
    return Quantity(Decimal(words), unit, role)


def _first(attributes: Mapping[str, Any], *names: str) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def place_phrase(place: str) -> str:
    """A place with its preposition and article ("in the right upper lobe")."""
    if re.match(r"(in|at|on|near) ", place):
        return place
    if re.match(r"(both|bilateral|the|a) |bilateral\b", place):
        return f"in {place}"
    return f"in the {place}"


def _views(attributes: Mapping[str, Any]) -> list[str]:
    given = _first(attributes, "views", "view")
    values = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else []
    found = [value.strip().upper() for value in values if isinstance(value, str)]
    return [view for view in dict.fromkeys(found) if view in VIEWS]


def finding_facts(
    finding: Mapping[str, Any],
    content: ReportContent,
    *,
    position: int = 1,
    prior_size: object = None,
    language: str = "en",
) -> FindingFacts:
    """Check one finding (`FindingResult.as_json`, any key but the type of the whole may be missing).

    position: from 1, names a finding without id. prior_size: mm on the prior study, if matched.
    language: of the words; a finding that cannot be said in it is said in English, which `problems` tells.
    """
    attributes = finding.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    given_id = finding.get("id")
    identity = given_id if isinstance(given_id, str) and given_id else f"f{position}"
    slots: dict[str, str] = {}
    quantities: list[Quantity] = []
    problems: list[str] = []

    slots["type"] = content.types.get(str(finding.get("type")), "a finding")
    if slots["type"] == "a finding" and content.types:
        problems.append(f"The type of finding {position} is not one this report knows.")

    place, complete = known_place(finding.get("location"))
    side = attributes.get("side")
    if place:
        sides = {word for word in ("left", "right", "both", "bilateral") if word in re.findall(r"[a-z]+", place)}
        sided = f", {side} side" if side in ("left", "right") and not sides else ""
        slots["place"] = place_phrase(place) + sided
        if side in ("left", "right") and sides.isdisjoint({side, "both", "bilateral"}):
            problems.append(
                f"The side of finding {position} and its location contradict each other; the location is used."
            )
    elif side in ("left", "right"):
        slots["place"] = f"on the {side} side"
    hour = _hour(finding, attributes)
    if hour:
        slots["place"] = f"{slots['place']}, at {hour} o'clock" if "place" in slots else f"at {hour} o'clock"
        quantities.append(_quantity(hour, "", "clock"))
    if finding.get("location") and not complete:
        problems.append(f"The location of finding {position} holds words that were not understood; they are left out.")

    def take(slot: str, role: str, value: object, unit: str, shown: str) -> str | None:
        words = number_words(value)
        if words is None:
            if value is not None and role == "size":
                problems.append(f"The {slot} of finding {position} is not a usable number; it is left out.")
            return None
        slots[slot] = f"{words} {shown}"
        quantities.append(_quantity(words, unit, role))
        return words

    size = take("size", "size", finding.get("size_mm"), "mm", "mm")
    long_axis = number_words(_first(attributes, "long_axis_mm"))
    short_axis = number_words(_first(attributes, "short_axis_mm"))
    if long_axis and short_axis:
        slots["axes"] = f"{long_axis} × {short_axis} mm"
        quantities += [_quantity(long_axis, "mm", "axes"), _quantity(short_axis, "mm", "axes")]
    take("solid", "solid", _first(attributes, "solid_mm", "solid_component_mm"), "mm", "mm")
    if attributes.get("volume_mm3") is not None:
        take("volume", "volume", attributes["volume_mm3"], "mm3", "mm³")
    else:
        take("volume", "volume", _first(attributes, "volume_ml"), "ml", "mL")
    if "volume" in slots and attributes.get("volume_is_exploratory"):
        slots["volume"] = f"about {slots['volume']}"
    _take_slices(attributes, slots, quantities)
    if views := _views(attributes):
        slots["view"] = f"{' and '.join(views)} view{'s' if len(views) > 1 else ''}"
    prior = take("prior", "prior", _first(attributes, "prior_size_mm") or prior_size, "mm", "mm")
    change = None
    if prior:
        change = _change(content, size, prior)
    if change:
        slots["change"] = CHANGES[change]
    said: Mapping[str, str] | None = slots
    if language == "zh":
        said = chinese.slots(slots, change)
        if said is None:
            problems.append(f"Finding {position} holds words that have no Chinese here; it is said in English.")
    return FindingFacts(
        identity,
        content.programme or "general",
        content.size_kind,
        slots if said is None else said,
        tuple(quantities),
        change,
        tuple(problems),
        "en" if said is None else language,
        slots,
    )


def _hour(finding: Mapping[str, Any], attributes: Mapping[str, Any]) -> str | None:
    """The place on the clock face, 1 to 12, from its attribute or from a clause of the location."""
    given = attributes.get("clock")
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 12:
        return str(given)
    clause = CLOCK.search(clean_text(finding.get("location"), 400).lower())
    return clause[1] if clause else None


def _take_slices(attributes: Mapping[str, Any], slots: dict[str, str], quantities: list[Quantity]) -> None:
    first, last = (number_words(attributes.get(name)) for name in ("first_slice", "last_slice"))
    one = number_words(attributes.get("slice"))
    count = number_words(_first(attributes, "slices", "positive_slices"))
    if one and "." not in one:
        slots["slice"] = f"slice {one}"
        quantities.append(_quantity(one, "", "slice"))
    elif first and last and "." not in first + last:
        slots["slice"] = f"slices {first} to {last}" if first != last else f"slice {first}"
        quantities += [_quantity(words, "", "slice") for words in dict.fromkeys((first, last))]
    if count and "." not in count:
        slots["extent"] = f"{count} slice{'s' if count != '1' else ''}"
        quantities.append(_quantity(count, "", "extent"))


def _change(content: ReportContent, size: str | None, prior: str) -> str | None:
    if size is None or content.size_kind != "mean diameter":
        return None
    difference = Decimal(size) - Decimal(prior)
    if abs(difference) <= LIMIT_MM:
        return "stable"
    return "larger" if difference > 0 else "smaller"


def _prior_sizes(findings: Sequence[Mapping[str, Any]], prior: object) -> list[object]:
    """The prior size of each finding, only where exactly one pair fits.

    A pair fits by type and place, where the place says more than a side and an organ; a prior
    finding without a place fits by its id.
    """
    known = prior.get("findings") if isinstance(prior, Mapping) else None
    known = [each for each in known if isinstance(each, Mapping)] if isinstance(known, list) else []

    def key(each: Mapping[str, Any]) -> tuple[str, str]:
        place, complete = known_place(each.get("location"))
        return (str(each.get("type")), place if complete and is_precise(place) else "")

    before, now = [key(each) for each in known], [key(each) for each in findings]
    linked = [each.get("id") if not each.get("location") else None for each in known]
    sizes: list[object] = []
    for finding, pair in zip(findings, now, strict=True):
        identity = finding.get("id")
        if pair[1] and before.count(pair) == 1 == now.count(pair):
            sizes.append(known[before.index(pair)].get("size_mm"))
        elif isinstance(identity, str) and identity and linked.count(identity) == 1:
            sizes.append(known[linked.index(identity)].get("size_mm"))
        else:
            sizes.append(None)
    return sizes


def _compares_itself(result: Mapping[str, Any]) -> bool:
    """Did the model write down where its findings lie, so that it compares studies by itself?"""
    attributes = result.get("attributes")
    return isinstance(attributes, Mapping) and "place_frame_mm" in attributes


def _compared_with(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The earlier study that the run itself compared with, with its "study_date"; None where it did not."""
    attributes = result.get("attributes")
    compared = attributes.get("compared_with") if isinstance(attributes, Mapping) else None
    return compared if isinstance(compared, Mapping) and _prior_date(compared) else None


def _prior_date(prior: object) -> str | None:
    if not isinstance(prior, Mapping):
        return None
    for name in ("study_date", "date", "StudyDate"):
        match = re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?", clean_text(prior.get(name)), re.ASCII)
        if match:
            return "-".join(match.groups())
    return None


def study_facts(result: Mapping[str, Any], prior: object = None, style: HouseStyle | None = None) -> StudyFacts:
    """Check one line of `score --json`. style: of the site; English, full and with negatives without one.

    Raises `DraftInputError` when it is not an object, or its findings are not a list of objects.
    """
    if not isinstance(result, Mapping):
        raise DraftInputError("The findings are not a JSON object.")
    listed = result.get("findings")
    listed = [] if listed is None else listed
    if not isinstance(listed, list | tuple) or not all(isinstance(each, Mapping) for each in listed):
        raise DraftInputError("findings is not a list of JSON objects.")
    content = content_for(result.get("programme"))
    style = style or HouseStyle()
    problems: list[str] = []
    quotes: list[str] = []

    def quote(value: object, what: str) -> str:
        text = clean_text(value).rstrip(". ")
        if not text:
            return ""
        if not is_quotable(text):
            problems.append(f"The {what} holds words that do not belong into a report; it is not repeated.")
            return UNREPEATABLE
        quotes.append(text)
        return text

    raw_limits = result.get("limitations") or ()
    raw_limits = [raw_limits] if isinstance(raw_limits, str) or not isinstance(raw_limits, Sequence) else raw_limits
    limitations = [quote(limit, "limitation") or UNREPEATABLE for limit in raw_limits]
    state = str(result.get("state"))
    if result.get("state") is None and listed:
        state = "scored"
        limitations.append(UNSAID)
    elif state not in STATES:
        state = "unknown"
    findings: list[FindingFacts] = []
    compared = _compared_with(result) if state == "scored" else None
    if _compares_itself(result):
        # What such a model left unpaired, or did not compare with at all, is not paired here.
        prior = compared
    if state == "scored":
        sizes = _prior_sizes(listed, prior)
        findings = [
            finding_facts(each, content, position=index + 1, prior_size=sizes[index], language=style.language)
            for index, each in enumerate(listed)
        ]
    category = _category(result.get("category"), content, problems)
    # What a run left behind that did not score says nothing about the study.
    attributes = result.get("attributes") if state == "scored" else None
    density = attributes.get("density") if isinstance(attributes, Mapping) else None
    band = result.get("band") if state == "scored" else None
    above = result.get("above_threshold") if state == "scored" else None
    return StudyFacts(
        programme=content.programme,
        state=state,
        reason=quote(result.get("reason"), "reason") if state != "scored" else "",
        limitations=tuple(dict.fromkeys(limitations)),
        below_threshold=not above if isinstance(above, bool) else None,
        category=category,
        category_rule=_rule(result.get("category_rule"), category, bool(findings)),
        band=band if isinstance(band, int) and not isinstance(band, bool) and 1 <= band <= 10 else None,
        composition=density if isinstance(density, str) and density in content.composition else None,
        prior_date=_prior_date(prior),
        paired=compared is not None,
        findings=tuple(findings),
        problems=(*problems, *(problem for each in findings for problem in each.problems)),
        quotes=tuple(quotes),
        language=style.language,
        register=style.register,
        negatives=style.negatives,
    )


def _category(value: object, content: ReportContent, problems: list[str]) -> str | None:
    if value is None or not content.category_scheme:
        return None
    category = str(value).strip().upper()
    if category in CATEGORIES and not isinstance(value, bool):
        return category
    problems.append(f"The category given is not one of {content.category_scheme}; it is left out.")
    return None


def _rule(value: object, category: str | None, has_findings: bool) -> str:
    """The rule's own words, unless they name another category or reassure where findings are marked."""
    text = clean_text(value).rstrip(". ")
    named = re.compile(r"\b(?:lung-?rads(?: category)?|category):? ?([0-4][abx]?)\b(?! ?mm)", re.IGNORECASE)
    if not text or category is None or any(each.upper() != category for each in named.findall(text)):
        return ""
    plain = named.sub(" ", text) if category in ("1", "2") else text
    return "" if is_order(text) or (looks_negative(plain) and (has_findings or category != "1")) else text
