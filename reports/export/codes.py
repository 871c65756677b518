"""Which codes the exports speak. Every standard code here stands in the dictionaries of DICOM PS3.16 under the meaning
given, or, where `published` says so, in several public profiles; what is in neither is a code of our own, and marked so
by its scheme. Meanings are short: DICOM allows 64 characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reports.export.exported import ExportedCategory, ExportedFinding, derived_uid
from screening.dicom.elements import clean

OWN_SCHEME = "99FIRSTREAD"
OWN_SCHEME_UID = derived_uid("coding scheme", OWN_SCHEME)


@dataclass(frozen=True, slots=True)
class Concept:
    """A coded concept. scheme: DICOM's designator (PS3.16 section 8)."""

    value: str
    scheme: str
    meaning: str
    published: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A measurement. unit: UCUM. mean: the value is a mean (derivation modifier 373098007)."""

    name: Concept
    value: float
    unit: str
    mean: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Where a finding lies; side and part only where they are known."""

    place: Concept
    side: Concept | None = None
    part: Concept | None = None


def own(value: str, meaning: str) -> Concept:
    return Concept(value, OWN_SCHEME, meaning)


RIGHT, LEFT = Concept("24028007", "SCT", "Right"), Concept("7771000", "SCT", "Left")
SIDES = {"right": RIGHT, "left": LEFT, "both": Concept("51440002", "SCT", "Right and left")}
BREAST = Concept("76752008", "SCT", "Breast")
BRAIN = Concept("12738006", "SCT", "Brain")
LUNG = Concept("39607008", "SCT", "Lung")
_UPPER, _LOWER = Concept("45653009", "SCT", "Upper lobe of lung"), Concept("90572001", "SCT", "Lower lobe of lung")
LOBES = {
    "RUL": Site(_UPPER, RIGHT),
    "RML": Site(Concept("72481006", "SCT", "Middle lobe of right lung"), RIGHT),
    "RLL": Site(_LOWER, RIGHT),
    "LUL": Site(_UPPER, LEFT),
    "LLL": Site(_LOWER, LEFT),
}
ORGANS = {"lung": LUNG, "breast": BREAST, "brain": BRAIN}

NODULE = Concept("27925004", "SCT", "Nodule")
# The subtypes of intracranial haemorrhage contradict each other across public sources, so they are ours.
HAEMORRHAGE = Concept("50960005", "SCT", "Hemorrhage")
FINDINGS: Mapping[str, Concept] = {
    "nodule": NODULE,
    "solid_nodule": NODULE,
    "part_solid_nodule": NODULE,
    "ground_glass_nodule": NODULE,
    "mass": Concept("129788004", "SCT", "Mammographic breast mass"),
    "calcification": Concept("129770007", "SCT", "Individual calcification"),
    "calcifications": Concept("129769006", "SCT", "Calcification cluster"),
    "asymmetry": Concept("129790003", "SCT", "Asymmetry"),
    "architectural_distortion": Concept("129792006", "SCT", "Architectural distortion of breast"),
    "haemorrhage": HAEMORRHAGE,
    "hemorrhage": HAEMORRHAGE,
    "intracranial_haemorrhage": HAEMORRHAGE,
    "epidural_haemorrhage": own("ich-epidural", "Epidural haemorrhage"),
    "subdural_haemorrhage": own("ich-subdural", "Subdural haemorrhage"),
    "subarachnoid_haemorrhage": own("ich-subarachnoid", "Subarachnoid haemorrhage"),
    "intraparenchymal_haemorrhage": own("ich-parenchymal", "Intraparenchymal haemorrhage"),
    "intraventricular_haemorrhage": own("ich-ventricular", "Intraventricular haemorrhage"),
}
NODULE_TYPE = own("nodule-type", "Nodule type")
NODULE_TYPES: Mapping[str, Concept] = {
    "solid_nodule": Concept("RID5741", "RADLEX", "Solid", published=True),
    "part_solid_nodule": Concept("RID46011", "RADLEX", "Part-solid", published=True),
    "ground_glass_nodule": Concept("RID46016", "RADLEX", "Non-solid", published=True),
}

DIAMETER = Concept("81827009", "SCT", "Diameter")
LONG_AXIS = Concept("103339001", "SCT", "Long axis")
SHORT_AXIS = Concept("103340004", "SCT", "Short axis")
VOLUME = Concept("118565006", "SCT", "Volume")
ATTENUATION = Concept("112031", "DCM", "Attenuation Coefficient")
PROBABILITY = Concept("122157", "DCM", "Probability")
SOLID_COMPONENT = own("solid-diameter", "Mean diameter of the solid component")
ABC2 = own("volume-abc2", "Volume by ABC/2")
MEASURED: Mapping[str, tuple[Concept, str, bool]] = {
    "long_axis_mm": (LONG_AXIS, "mm", False),
    "short_axis_mm": (SHORT_AXIS, "mm", False),
    "solid_component_mm": (SOLID_COMPONENT, "mm", False),
    "volume_mm3": (VOLUME, "mm3", False),
    "volume_ml": (VOLUME, "ml", False),
    "abc2_ml": (ABC2, "ml", False),
    "mean_hu": (ATTENUATION, "[hnsf'U]", True),
}
UNIT_MEANINGS = {"mm": "millimeter", "mm3": "cubic millimeter", "ml": "milliliter", "[hnsf'U]": "Hounsfield unit"}
UNIT_MEANINGS |= {"mo": "month", "1": "no units"}

ASSESSMENT = Concept("111005", "DCM", "Assessment Category")
LUNG_RADS = Concept("RID50134", "RADLEX", "Lung-RADS assessment", published=True)
CATEGORIES: Mapping[str, Mapping[str, Concept]] = {
    "Lung-RADS": {
        value: Concept(f"RID{50135 + place}", "RADLEX", f"Lung-RADS {value}", published=True)
        for place, value in enumerate(("0", "1", "2", "3", "4A", "4B", "4X"))
    },
    "BI-RADS": {
        "0": Concept("397138000", "SCT", "Category 0: need additional imaging evaluation"),
        "1": Concept("397140005", "SCT", "Category 1: negative"),
        "2": Concept("397141009", "SCT", "Category 2: benign finding"),
        "3": Concept("397143007", "SCT", "Category 3: probably benign finding"),
        "4": Concept("397144001", "SCT", "Category 4: suspicious abnormality"),
        "5": Concept("397145000", "SCT", "Category 5: highly suggestive of malignancy"),
        # DICOM and SNOMED CT have no international code for these.
        **{value: own(f"birads-{value.lower()}", f"BI-RADS {value}") for value in ("4A", "4B", "4C", "6")},
    },
}
MODIFIER = own("lung-rads-mod", "Lung-RADS modifier")
MODIFIER_S = own("lung-rads-s", "Lung-RADS S: other significant finding")

AI_STATE = own("ai-state", "First reading by AI")
AI_STATES: Mapping[str, Concept] = {
    "scored": own("ai-scored", "Read by AI"),
    "incomplete": own("ai-incomplete", "Read by AI, not in full"),
    "refused": own("ai-refused", "Refused by AI: not read"),
    "failed": own("ai-failed", "AI failed: not read"),
    "pending": own("ai-pending", "Not processed by AI: not read"),
    "out_of_scope": own("ai-out-of-scope", "Outside the scope of the AI: not read"),
}

# CID 7000, CID 7001 and CID 7002.
DIAGNOSTIC_REPORT = Concept("18748-4", "LN", "Diagnostic Imaging Report")
PROCEDURES: Mapping[str, Concept] = {
    "lung": Concept("24627-2", "LN", "CT Chest Report"),
    "breast": Concept("24606-6", "LN", "Mammography Screening Report"),
    "brain": Concept("24725-4", "LN", "Head CT"),
}
_TECHNIQUE = (Concept("55111-9", "LN", "Current Procedure Descriptions"), ("121065", "Procedure Description"))
_FINDINGS = (Concept("59776-5", "LN", "Findings"), ("121071", "Finding"))
_IMPRESSION = (Concept("19005-8", "LN", "Impressions"), ("121073", "Impression"))
_HEADINGS: Mapping[str, tuple[Concept, tuple[str, str]]] = {
    "technique": _TECHNIQUE,
    "comparison": (Concept("55114-3", "LN", "Prior Procedure Descriptions"), ("121069", "Previous Finding")),
    "assessment": _IMPRESSION,
    "impression": _IMPRESSION,
    "recommendation": (Concept("18783-1", "LN", "Recommendations"), ("121075", "Recommendation")),
    "addendum": (Concept("55107-7", "LN", "Addendum"), ("121071", "Finding")),
    "amendment": (own("amendment", "Amendment"), ("121106", "Comment")),
    "cosignature": (own("cosignature", "Co-signature"), ("121106", "Comment")),
}


def heading(section: str) -> tuple[Concept, Concept]:
    """(document section heading, name of its text) of a report's section, an addendum's number left out; every section
    that is not in the table holds findings.
    """
    title, (value, meaning) = _HEADINGS.get(section.partition("-")[0], _FINDINGS)
    return title, Concept(value, "DCM", meaning)


def procedure(programme: str) -> Concept:
    return PROCEDURES.get(programme, DIAGNOSTIC_REPORT)


def finding_concept(kind: str) -> Concept:
    """A type that is in no table is named in our own scheme."""
    if kind in FINDINGS:
        return FINDINGS[kind]
    value = re.sub(r"[^a-z0-9]+", "-", kind.lower())[:16].strip("-")
    return own(value or "finding", clean(re.sub(r"[\\_]", " ", kind), 20) or "Finding")


def site_of(finding: ExportedFinding, programme: str) -> Site | None:
    """Lobe of the lung, or organ with its side; None for a programme whose organ is not known."""
    lobe, side = finding.attributes.get("lobe"), SIDES.get(str(finding.attributes.get("side")))
    if programme == "lung" and isinstance(lobe, str) and lobe in LOBES:
        return LOBES[lobe]
    organ = ORGANS.get(programme)
    return Site(organ, side) if organ else None


def numbers_of(finding: ExportedFinding) -> list[Number]:
    """Every measurement that has a name, in its stored value and unit; the probability last.

    The lung's size is a mean diameter; elsewhere the size is the long axis, and is not said twice.
    """
    found = []
    if finding.size_mm is not None:
        mean = "nodule" in finding.type
        if mean or "long_axis_mm" not in finding.attributes:
            found.append(Number(DIAMETER if mean else LONG_AXIS, finding.size_mm, "mm", mean))
    for key, (name, unit, mean) in MEASURED.items():
        value = finding.attributes.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.append(Number(name, float(value), unit, mean))
    return [*found, Number(PROBABILITY, finding.probability, "1")]


def category_concepts(category: ExportedCategory) -> tuple[Concept, Concept]:
    """(what is assessed, its value); a value without a code gets one of our own."""
    name = LUNG_RADS if category.scheme == "Lung-RADS" else ASSESSMENT
    known = CATEGORIES.get(category.scheme, {}).get(category.value)
    return name, known or own(f"category-{category.value.lower()}"[:16], f"{category.scheme} {category.value}"[:64])
