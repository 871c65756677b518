"""What the exports for other systems say: one signed state of one report, as plain data. Pure: no Django."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

ReportState = Literal["preliminary", "final", "amended", "corrected", "appended"]
PRODUCT = "Firstread"


Hindrance = Literal["unsigned", "no_images", "image_gone", "no_outline", "odd_geometry"]


class NotExportable(Exception):
    """The report cannot be put into this form; `hindrance` says why, for the edge to put into words."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__(hindrance)
        self.hindrance: Hindrance = hindrance


@dataclass(frozen=True, slots=True)
class ExportedPatient:
    """As the images name the patient. name: PN (PS3.5 6.2.1). sex: "F", "M", "O" or "". patient_id and issuer may be ""."""

    name: str
    patient_id: str
    issuer: str
    birth_date: date | None
    sex: str


@dataclass(frozen=True, slots=True)
class ExportedSigner:
    """family and given are "" where the account has only `name`, the name as it was signed."""

    username: str
    name: str
    family: str
    given: str

    @property
    def components(self) -> tuple[str, str]:
        """(family, given); a name in one piece is the family name."""
        return (self.family, self.given) if self.family else (self.name, "")


@dataclass(frozen=True, slots=True)
class ExportedSection:
    """name: of the content's section; title: plain English; text: the signed sentences in their order."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ExportedAddendum:
    """Who signed an addendum, when, over which bytes; its text is a section of the report like the others."""

    number: int
    signer: ExportedSigner
    signed_at: datetime
    content_sha256: str


@dataclass(frozen=True, slots=True)
class ExportedCosigner:
    """Who agreed with the text, when, over which bytes; its words are a section of the report like the others."""

    signer: ExportedSigner
    signed_at: datetime
    content_sha256: str


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """sha256: of the weights, hex."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportedFinding:
    """A finding of a model that a signed sentence rests on. Coordinates in pixels of the frame from its upper left
    corner, so that the middle of the first pixel is (0.5, 0.5) (PS3.3 C.18.6.1.2); box [x0, y0, x1, y1] with its
    end excluded; contour a polygon [[x, y], …] or None. probability 0–1. frame from 1. edited: a person changed
    the sentence, so that the text may differ from the measurements here.
    """

    number: int
    key: str
    type: str
    location: str
    size_mm: float | None
    probability: float
    series_uid: str
    sop_uid: str
    frame: int
    box: tuple[float, float, float, float]
    contour: tuple[tuple[float, float], ...] | None
    attributes: Mapping[str, Any]
    model: ExportedModel
    edited: bool = False


@dataclass(frozen=True, slots=True)
class ExportedCategory:
    """The category that the signed text states. scheme: "Lung-RADS" or "BI-RADS"; value: "4A"; modifier: "S" or ""."""

    scheme: str
    value: str
    modifier: str = ""


@dataclass(frozen=True, slots=True)
class ExportedCode:
    """A code as it was signed beside an answer. verified: False is not to be told as a code of its scheme."""

    scheme: str
    value: str
    meaning: str
    verified: bool


Origin = Literal["human", "ai", "rule"]


@dataclass(frozen=True, slots=True)
class ExportedAnswer:
    """A coded answer as it was signed beside the text. schema: edition of the form ("lung-1"); key: of its field, or
    "field.finding". label: what is asked, plain English. given: (value, words, code) of each option that was chosen;
    empty for a number or a text, which is `value`. unit: UCUM of a number, "" for none. text: "as answered" where a
    signed sentence stands as the answer wrote it, "own words" where a person changed that sentence, "none" without one.
    origin: who answered; model: whose result the answer comes from, where that is known.
    """

    schema: str
    key: str
    label: str
    asked: ExportedCode | None
    given: tuple[tuple[str, str, ExportedCode | None], ...]
    value: float | str
    unit: str
    origin: Origin
    text: str
    model: ExportedModel | None = None

    @property
    def finding(self) -> str:
        """Key of the finding it is about, "" for the whole examination."""
        return self.key.partition(".")[2]


@dataclass(frozen=True, slots=True)
class ExportedSeries:
    uid: str
    modality: str
    number: int | None
    instances: int


@dataclass(frozen=True)
class ExportedReport:
    """One signature and what it covers. signed_at and study_at carry a time zone.

    content_sha256: of the signed bytes. previous_sha256: of the report's signature before the newest, or "".
    replaced: section name → text of the final version that this one corrects or adds to; None when there is none.
    addenda: in their order; each has a section named "addendum-<number>" too. cosigners: of this text, likewise
    "cosignature-<number>". reason, amends_sha256: why an amended text replaces which signed bytes, else ""; told in
    the section "amendment" too. latest_sha256, latest_at: of the newest signature of all; where they are not given, of
    the newest addendum or the text.
    answers: the coded ones of this text; answers_replaced: those that receivers had as final before, as `replaced`.
    by_model: who says all this where it is a result that nobody has signed; then there are no sections, and what is
    called a signature here is the moment and the digest of the result.
    ai_state: the study's at signing: scored, incomplete (scored with limitations), refused, failed, pending or
    out_of_scope.
    """

    report_id: int
    site_slug: str
    site_name: str
    programme: str
    title: str
    state: ReportState
    study_uid: str
    accession_number: str
    study_at: datetime | None
    description: str
    modality: str
    patient: ExportedPatient
    signer: ExportedSigner
    signed_at: datetime
    content_sha256: str
    sections: tuple[ExportedSection, ...]
    assessment_section: str
    ai_state: str
    previous_sha256: str = ""
    replaced: Mapping[str, str] | None = None
    findings: tuple[ExportedFinding, ...] = ()
    category: ExportedCategory | None = None
    series: tuple[ExportedSeries, ...] = ()
    addenda: tuple[ExportedAddendum, ...] = ()
    cosigners: tuple[ExportedCosigner, ...] = ()
    reason: str = ""
    amends_sha256: str = ""
    latest_sha256: str = ""
    latest_at: datetime | None = None
    by_model: ExportedModel | None = None
    answers: tuple[ExportedAnswer, ...] = ()
    answers_replaced: tuple[ExportedAnswer, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.state != "preliminary"

    @property
    def newest_sha256(self) -> str:
        """Of the newest signature. What needs a name of its own is named after it: the same state of a report is
        always the same object, and another state another.
        """
        return self.latest_sha256 or (self.addenda[-1].content_sha256 if self.addenda else self.content_sha256)

    @property
    def issued_at(self) -> datetime:
        """When the newest signature was given."""
        return self.latest_at or (self.addenda[-1].signed_at if self.addenda else self.signed_at)

    @property
    def signings(self) -> list[tuple[ExportedSigner, datetime, str]]:
        """(signer, moment, digest) of everything that was signed and stands: the text, who agreed, what was added."""
        text = (self.signer, self.signed_at, self.content_sha256)
        agreed = [(each.signer, each.signed_at, each.content_sha256) for each in self.cosigners]
        added = [(each.signer, each.signed_at, each.content_sha256) for each in self.addenda]
        return [text, *agreed, *added]

    @property
    def outlined(self) -> tuple[ExportedFinding, ...]:
        """The findings with an outline."""
        return tuple(each for each in self.findings if each.contour is not None and len(each.contour) > 2)

    def finding_of(self, answer: ExportedAnswer) -> ExportedFinding | None:
        """The finding an answer is about; None where it is about none, or where that cannot be told."""
        found = [each for each in self.findings if answer.finding and each.key == answer.finding]
        return found[0] if len(found) == 1 else None

    @property
    def language(self) -> str:
        """ "zh" when the text holds a Chinese character, else "en"; the two languages reports are written in."""
        return "zh" if any("\u4e00" <= mark <= "\u9fff" for each in self.sections for mark in each.text) else "en"

    @property
    def conclusion(self) -> str:
        return next((each.text for each in self.sections if each.name == self.assessment_section), "")


_STATED = {
    "lung": (
        "Lung-RADS",
        re.compile(r"Lung-RADS(?:\s*v?2022)?[\s:：]*(?:category\s*)?(0|1|2|3|4A|4B|4X)(S?)(?![0-9A-Za-z])", re.I),
    ),
    "breast": ("BI-RADS", re.compile(r"BI-RADS[\s:：]*(?:category\s*)?(0|1|2|3|4[ABC]?|5|6)()(?![0-9A-Za-z])", re.I)),
}


def stated_category(programme: str, assessment: str) -> ExportedCategory | None:
    """The category the text of the assessment states; None when it states none, or several."""
    if programme not in _STATED:
        return None
    scheme, pattern = _STATED[programme]
    found = {(value.upper(), modifier.upper()) for value, modifier in pattern.findall(assessment)}
    if len(found) != 1:
        return None
    ((value, modifier),) = found
    return ExportedCategory(scheme, value, modifier)


def derived_uuid(*parts: object) -> uuid.UUID:
    """A UUID that follows from its parts, so that what is exported twice is the same thing twice."""
    digest = hashlib.sha256("\x00".join(str(part) for part in parts).encode("utf-8", "replace")).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def derived_uid(*parts: object) -> str:
    """The same as a UID: 2.25 and the UUID as a number (PS3.5 B.2)."""
    return f"2.25.{derived_uuid(*parts).int}"


def tracking_uid(report: ExportedReport, finding: ExportedFinding) -> str:
    """One for one place of one image as one model saw it. An earlier study's finding has another: which lesion is
    the same is the model's own guess until a person confirms it.
    """
    model = finding.model
    return derived_uid("finding", report.site_slug, finding.sop_uid, finding.frame, *finding.box, model.sha256)
