"""The value sets with a required binding (FHIR R4, the resources we write): what is not in them is not FHIR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OBSERVATION = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_REQUEST = "draft active on-hold revoked completed entered-in-error unknown"
_INTENT = "proposal plan directive order original-order reflex-order filler-order instance-order option"

REQUIRED: Mapping[tuple[str, str], frozenset[str]] = {
    place: frozenset(words.split())
    for place, words in {
        (
            "Bundle",
            "type",
        ): "document message transaction transaction-response batch batch-response history searchset collection",
        ("Patient", "gender"): "male female other unknown",
        ("Patient", "name.use"): "usual official temp nickname anonymous old maiden",
        ("Patient", "identifier.use"): "usual official temp secondary old",
        ("Practitioner", "name.use"): "usual official temp nickname anonymous old maiden",
        ("ImagingStudy", "status"): "registered available cancelled entered-in-error unknown",
        ("Observation", "status"): _OBSERVATION,
        ("ServiceRequest", "status"): _REQUEST,
        ("ServiceRequest", "intent"): _INTENT,
        ("DiagnosticReport", "status"): (
            "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown"
        ),
        ("Provenance", "entity.role"): "derivation revision quotation source removal",
        ("Device", "status"): "active inactive entered-in-error unknown",
        ("Device", "deviceName.type"): (
            "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other"
        ),
    }.items()
}


def faults(resource: Mapping[str, Any]) -> list[str]:
    """One line for each code outside its required value set, in a resource and in all of a bundle's."""
    kind = str(resource.get("resourceType", ""))
    found = [
        f"{kind}.{path}: {value!r}"
        for (owner, path), allowed in REQUIRED.items()
        if owner == kind
        for value in _at(resource, path.split("."))
        if value not in allowed
    ]
    for entry in resource.get("entry", ()):
        found += faults(entry["resource"])
    return found


def _at(node: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from _at(each, path)
    elif not path:
        yield node
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _at(node[path[0]], path[1:])
